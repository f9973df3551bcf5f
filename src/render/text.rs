//! The report for people, at a glance: verdict, the four paths, then what is wrong and who must act.

mod bar;
mod detail;
mod further;
mod setup;
mod table;

pub use setup::setup;

use super::Clean;
use super::block::Block;
use super::request_id::{RequestId, refused};
use super::style::{Ink, TextStyle};
use super::words::{rfc3339, tally, who};
use super::wrap::Wrapped;
use crate::diagnosis::Finding;
use crate::report::{Report, Verdict};
use std::fmt::{self, Display};

/// The report for people, with a line break at its end.
pub fn text<'a>(report: &'a Report, style: &TextStyle) -> impl Display + use<'a> {
    Text { report, style: style.wide_enough() }
}

struct Text<'a> {
    report: &'a Report,
    style: TextStyle,
}

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.verdict(f)?;
        if self.style.quiet {
            return Ok(());
        }
        self.target(f)?;
        table::write(f, self.report, &self.style)?;
        further::write(f, self.report, &self.style)?;
        if self.style.verbose > 0 {
            detail::write(f, self.report, &self.style)?;
        }
        if let Some(known) = self.report.round.environment.setup.as_deref() {
            setup::write(f, known, Some(self.report), &self.style)?;
        }
        for (number, finding) in (1..).zip(&self.report.diagnosis.findings) {
            self.finding(f, number, finding)?;
        }
        self.request_ids(f)
    }
}

impl Text<'_> {
    /// `FAIL  orders via vpce-1a2b3c456d7e89012: 3 of 4 paths ok`
    fn verdict(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, ink) = match self.report.verdict() {
            Verdict::Pass if self.report.has_warning() => ("PASS", Ink::Warn),
            Verdict::Pass => ("PASS", Ink::Good),
            Verdict::Fail => ("FAIL", Ink::Bad),
        };
        let target = &self.report.round.target;
        let via = target.vpce.as_ref().map(|vpce| format!(" via {vpce}")).unwrap_or_default();
        let rest = format!("{}{via}: {}", target.name, tally(self.report));
        let word = self.style.paint(ink, word);
        if self.style.quiet {
            return writeln!(f, "{word}  {}", Clean(&rest));
        }
        writeln!(f, "{word}  {}", self.prose(&rest, MARGIN))
    }

    fn target(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = &self.report.round.target.invoke_url;
        writeln!(f, "{:MARGIN$}{}", "", self.prose(url, MARGIN))?;
        for warning in &self.report.round.target.warnings {
            let warning = format!("warning: {warning}");
            writeln!(f, "{:MARGIN$}{}", "", self.style.paint(Ink::Warn, self.prose(&warning, MARGIN)))?;
        }
        Ok(())
    }

    fn finding(&self, f: &mut fmt::Formatter<'_>, number: usize, finding: &Finding) -> fmt::Result {
        let number = format!("{number}. ");
        let indent = number.len();
        let summary = self.prose(&finding.summary, indent);
        writeln!(f, "\n{number}{}", self.style.paint(Ink::Strong, summary))?;
        let others: Vec<_> = finding.alternatives.iter().map(|cause| cause.name()).collect();
        let or = if others.is_empty() { String::new() } else { format!("; or {}", others.join(", ")) };
        let paths: Vec<_> = finding.paths.iter().map(|path| path.name()).collect();
        let mut block = Block { f, style: &self.style };
        block.field("cause", &format!("{} ({}{or})", finding.cause, finding.confidence))?;
        block.field("who", who(finding.owner))?;
        let calls = match finding.signed {
            Some(true) => " (signed calls)",
            Some(false) => " (unsigned calls)",
            None => "",
        };
        block.field("paths", &format!("{}{calls}", paths.join(", ")))?;
        if !finding.zones.is_empty() {
            block.field("zones", &finding.zones.join(", "))?;
        }
        block.facts("seen", &finding.evidence)?;
        block.steps("fix", &finding.fix)?;
        block.field("docs", &finding.docs)
    }

    /// What account B needs to find the refused requests in its access log.
    fn request_ids(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refused: Vec<_> = refused(self.report).collect();
        if refused.is_empty() {
            return Ok(());
        }
        let started = rfc3339(self.report.round.started);
        let title = format!("For account B, to find these requests in the access log ({started}):");
        writeln!(f, "\n{}", self.prose(&title, 0))?;
        for RequestId { row, header, id } in refused {
            let row = self.report.round.label(&row);
            writeln!(f, "  {row:<PATH_WIDTH$}  {header:<16}  {}", self.prose(id, 40))?;
        }
        Ok(())
    }

    /// Prose whose lines all begin where the first one does.
    fn prose<'t>(&self, text: &'t str, column: usize) -> Wrapped<'t> {
        Wrapped { text, column, indent: column, width: self.style.width }
    }
}

const MARGIN: usize = 6;
const PATH_WIDTH: usize = 18;
