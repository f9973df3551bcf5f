//! How does it look in one line? A line that a pager could carry.

use crate::report::{Report, Verdict};
use crate::status::{Schedule, Status};
use std::fmt::{self, Write as _};

/// The daemon in one line of bounded length.
pub(super) fn line(status: &Status) -> String {
    let targets = status.targets.len();
    let told = || status.targets.iter().filter_map(|target| target.history.latest());
    let count = told().count();
    let mut line = String::new();
    if let Some(refused) = &status.reload.refused {
        let _ = write!(line, "configuration refused, the old one is in force: {}; ", cut(refused));
    }
    let failing = || told().filter(|report| report.verdict() == Verdict::Fail);
    let mut shown = 0;
    for report in failing() {
        if shown > 0 && line.len() > MOST_BYTES {
            let _ = write!(line, "; {} more fail", failing().count() - shown);
            return line;
        }
        let separator = if shown == 0 { "" } else { "; " };
        let _ = write!(line, "{separator}{}: {}", report.round.target.name, tally(report));
        shown += 1;
    }
    if count == 0 && status.targets.iter().all(|target| target.schedule == Schedule::OnProbe) {
        line.push_str("no round yet: /probe begins them");
    } else if count == 0 {
        line.push_str("first round under way");
    } else if shown == 0 {
        let _ = write!(line, "{count} of {} probed, all pass", Targets(targets));
    }
    line
}

/// So many targets, in words.
pub(super) struct Targets(pub(super) usize);

impl fmt::Display for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} target{}", self.0, if self.0 == 1 { "" } else { "s" })
    }
}

/// One round: how many paths are ok, and why the others are not.
pub(super) fn tally(report: &Report) -> String {
    let target = &report.round.target;
    let (ok, probed) = report.round.tally();
    let mut line = format!("{ok}/{probed} paths ok");
    let mut separator = " — ";
    let mut told = Vec::new();
    for row in report.round.rows.iter().filter(|row| !row.meets_intent(target)) {
        let finding = report.diagnosis.findings.iter().find(|finding| finding.paths.contains(&row.path));
        told.extend(finding.map(|finding| finding.cause));
        let cause = finding.map_or(row.outcome(target).name(), |finding| finding.cause.name());
        let _ = write!(line, "{separator}{}: {cause}", report.round.label(&row.id()));
        separator = ", ";
    }
    for finding in report.diagnosis.findings.iter().filter(|finding| !told.contains(&finding.cause)) {
        let _ = write!(line, "{separator}{}", finding.cause);
        separator = ", ";
    }
    line
}

fn cut(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST_BYTES / 2).collect()
}

const MOST_BYTES: usize = 400;
