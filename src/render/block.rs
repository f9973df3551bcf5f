//! How is a finding laid out? Labelled fields below a heading; commands whole, so that they can be copied.

use super::Clean;
use super::step::{Piece, pieces};
use super::style::{Ink, TextStyle};
use super::wrap::Wrapped;
use std::fmt::{self, Display};

/// Labelled fields, indented by three columns.
pub(super) struct Block<'a, 'f> {
    /// Where to write.
    pub(super) f: &'a mut fmt::Formatter<'f>,
    /// How.
    pub(super) style: &'a TextStyle,
}

impl Block<'_, '_> {
    /// One field of prose; nothing if there is none.
    pub(super) fn field(&mut self, label: &str, text: &str) -> fmt::Result {
        if text.is_empty() {
            return Ok(());
        }
        writeln!(self.f, "   {}{}", self.label(label), self.prose(text, FIELD))
    }

    /// Points of prose; what the network said is quoted in them, so that nothing in them is taken for a command.
    pub(super) fn facts(&mut self, label: &str, facts: &[impl AsRef<str>]) -> fmt::Result {
        for (index, fact) in facts.iter().enumerate() {
            let label = self.label(if index == 0 { label } else { "" });
            writeln!(self.f, "   {label}- {}", self.prose(fact.as_ref(), POINT))?;
        }
        Ok(())
    }

    /// Steps. A command in back quotes stands whole on a line of its own, without them; what follows it goes on below.
    pub(super) fn steps(&mut self, label: &str, steps: &[impl AsRef<str>]) -> fmt::Result {
        for (index, step) in steps.iter().enumerate() {
            write!(self.f, "   {}- ", self.label(if index == 0 { label } else { "" }))?;
            write_step(self.f, step.as_ref(), POINT, self.style.width)?;
        }
        Ok(())
    }

    fn label(&self, label: &str) -> impl Display + use<> {
        self.style.paint(Ink::Faint, format!("{label:<7}"))
    }

    fn prose<'t>(&self, text: &'t str, column: usize) -> Wrapped<'t> {
        Wrapped { text, column, indent: column, width: self.style.width }
    }
}

/// Writes a step whose first line begins at this column, as all others do then. A command stands whole on a line of its own.
pub(super) fn write_step(f: &mut fmt::Formatter<'_>, step: &str, column: usize, width: usize) -> fmt::Result {
    for (index, piece) in pieces(step).into_iter().enumerate() {
        if index > 0 {
            write!(f, "{:column$}", "")?;
        }
        match piece {
            Piece::Prose(text) => writeln!(f, "{}", Wrapped { text, column, indent: column, width })?,
            Piece::Command(line) => writeln!(f, "{}", Clean(line))?,
        }
    }
    Ok(())
}

const FIELD: usize = 10;
const POINT: usize = FIELD + 2;
