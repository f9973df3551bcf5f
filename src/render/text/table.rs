//! The four paths, one line each, and a second line where there is more to say.

use super::bar::stretches;
use super::{PATH_WIDTH, elapsed};
use crate::observation::{Attempt, Intent, Observation, Outcome, Row, Seen, TcpFailure, TcpFault};
use crate::render::is_good;
use crate::render::style::{Ink, TextStyle};
use crate::render::wrap::Wrapped;
use crate::report::Report;
use crate::target::Target;
use std::fmt;
use std::time::Duration;

/// Writes the table, a blank line before it.
pub(super) fn write(f: &mut fmt::Formatter<'_>, report: &Report, style: &TextStyle) -> fmt::Result {
    let rows = &report.round.rows;
    let double = report.round.is_double();
    let what = if !double && rows.iter().any(|row| row.signed) { "path, signed calls" } else { "path" };
    let head = format!("  {what:<PATH_WIDTH$}  resolves connects TLS answer    time");
    writeln!(f, "\n{}", style.paint(Ink::Faint, head))?;
    let scale = rows.iter().filter_map(Row::observation).map(|seen| seen.took).max().unwrap_or_default();
    let table = Table { target: &report.round.target, style, scale, double };
    rows.iter().try_for_each(|row| table.row(f, row))
}

struct Table<'a> {
    target: &'a Target,
    style: &'a TextStyle,
    /// The time that fills a whole bar.
    scale: Duration,
    /// Whether the signed call of a path stands below the unsigned one.
    double: bool,
}

impl Table<'_> {
    fn row(&self, f: &mut fmt::Formatter<'_>, row: &Row) -> fmt::Result {
        let mark = if row.meets_intent(self.target) { " " } else { "!" };
        let name = if self.double && row.signed { "  signed" } else { row.path.name() };
        write!(f, "{} {name:<PATH_WIDTH$}  ", self.style.paint(Ink::Bad, mark))?;
        let observation = match &row.seen {
            Seen::NotConfigured(missing) => return self.note(f, &format!("not-configured: {}", missing.hint())),
            Seen::Skipped => return self.note(f, "skipped"),
            Seen::Probed(observation) => observation,
        };
        self.cells(f, row, observation)?;
        write!(f, " {:>7}", elapsed(observation.took))?;
        let width = self.style.width.saturating_sub(BAR_COLUMN).min(MOST_BAR);
        for (index, (mark, count)) in stretches(observation, self.scale, width).into_iter().enumerate() {
            let gap = if index == 0 { "  " } else { "" };
            write!(f, "{gap}{}", self.style.paint(mark.ink(), mark.letter().repeat(count)))?;
        }
        writeln!(f)?;
        let more = self.more(row);
        if more.is_empty() {
            return Ok(());
        }
        write!(f, "{:NOTE_COLUMN$}", "")?;
        self.note(f, &more.join("; "))
    }

    /// The rest of a line, from the first cell's column on.
    fn note(&self, f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
        writeln!(f, "{}", Wrapped { text, column: NOTE_COLUMN, indent: NOTE_COLUMN, width: self.style.width })
    }

    fn cells(&self, f: &mut fmt::Formatter<'_>, row: &Row, observation: &Observation) -> fmt::Result {
        let decisive = observation.decisive();
        let connects = match decisive {
            None => "-".to_owned(),
            Some(attempt) if attempt.tcp.result.is_err() => "no".to_owned(),
            Some(_) => connected(observation),
        };
        let tls = decisive.and_then(Attempt::tls).map_or("-", |tls| yes_or_no(tls.result.is_ok()));
        let answer = match (row.outcome(self.target), decisive.and_then(Attempt::http)) {
            (Outcome::UnexpectedStatus(status), _) => status.to_string(),
            (_, None) => "-".to_owned(),
            (_, Some(http)) => http.result.as_ref().map_or("no".to_owned(), |answer| answer.status.to_string()),
        };
        let good = is_good(row, self.target);
        let cell = |text: &str, width: usize, good: bool| {
            let ink = match text {
                "-" => Ink::Faint,
                _ if good => Ink::Good,
                _ if row.meets_intent(self.target) => Ink::Warn,
                _ => Ink::Bad,
            };
            self.style.paint(ink, format!("{text:<width$}"))
        };
        write!(f, "{} ", cell(yes_or_no(row.resolves()), 8, row.resolves()))?;
        write!(f, "{} {} ", cell(&connects, 8, connects == "yes"), cell(tls, 3, tls == "yes"))?;
        write!(f, "{}", cell(&answer, ANSWER, good))
    }

    /// What the cells do not say: the intent if it is not the usual one, and the outcome's code.
    fn more(&self, row: &Row) -> Vec<String> {
        let mut more = Vec::new();
        match (row.intent, row.outcome(self.target)) {
            (Intent::Forbidden, Outcome::Ok) => more.push("forbidden, but it is open".to_owned()),
            (Intent::Forbidden, _) => more.push("forbidden, and it is closed".to_owned()),
            (Intent::Optional, _) => more.push("optional".to_owned()),
            (Intent::Required | Intent::Skip, _) => {}
        }
        match row.outcome(self.target) {
            Outcome::Ok => {}
            outcome @ Outcome::UnexpectedStatus(_) => {
                let expected: Vec<_> = self.target.expect.status.iter().map(u16::to_string).collect();
                more.push(format!("{} (expected {})", outcome.name(), expected.join(" or ")));
            }
            outcome => more.push(outcome.name().to_owned()),
        }
        more
    }
}

/// `yes`, or how many of several addresses took the connection. An address that this host cannot route to is no fault.
fn connected(observation: &Observation) -> String {
    let tried = observation.attempts.iter().map(|attempt| &attempt.tcp.result);
    let tried: Vec<_> =
        tried.filter(|tcp| !matches!(tcp, Err(TcpFailure { fault: TcpFault::NoRouteForFamily, .. }))).collect();
    let up = tried.iter().filter(|tcp| tcp.is_ok()).count();
    if up == tried.len() { "yes".to_owned() } else { format!("{up} of {}", tried.len()) }
}

fn yes_or_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

const ANSWER: usize = 6;
const NOTE_COLUMN: usize = 2 + PATH_WIDTH + 2;
const BAR_COLUMN: usize = NOTE_COLUMN + 9 + 9 + 4 + ANSWER + 1 + 7 + 2;
const MOST_BAR: usize = 40;
