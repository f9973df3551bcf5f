//! The four paths, one line each, and a second line where there is more to say.

use super::PATH_WIDTH;
use super::bar::{ink as bar_ink, letter, stretches};
use crate::observation::{Observation, Row, Seen};
use crate::render::cells::{Cell, Cells, Tone, beside};
use crate::render::style::{Ink, TextStyle};
use crate::render::words::elapsed;
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
        let name = match &row.zone {
            _ if self.double && row.signed => "  signed".to_owned(),
            Some(zone) => format!("  {zone}"),
            None => row.path.to_string(),
        };
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
            write!(f, "{gap}{}", self.style.paint(bar_ink(mark), letter(mark).repeat(count)))?;
        }
        writeln!(f)?;
        let more = beside(row, self.target);
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
        let cells = Cells::of(row, observation, self.target);
        let cell = |cell: &Cell, width: usize| self.style.paint(ink(cell.tone), format!("{:<width$}", cell.text));
        write!(f, "{} {} ", cell(&cells.resolves, 8), cell(&cells.connects, 8))?;
        write!(f, "{} {}", cell(&cells.tls, 3), cell(&cells.answer, ANSWER))
    }
}

fn ink(tone: Tone) -> Ink {
    match tone {
        Tone::Good => Ink::Good,
        Tone::Warn => Ink::Warn,
        Tone::Bad => Ink::Bad,
        Tone::Faint => Ink::Faint,
    }
}

const ANSWER: usize = 6;
const NOTE_COLUMN: usize = 2 + PATH_WIDTH + 2;
const BAR_COLUMN: usize = NOTE_COLUMN + 9 + 9 + 4 + ANSWER + 1 + 7 + 2;
const MOST_BAR: usize = 40;
