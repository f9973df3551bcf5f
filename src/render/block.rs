//! How is a finding laid out? Labelled fields below a heading; commands whole, so that they can be copied.

use super::Clean;
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
            for (index, piece) in pieces(step.as_ref()).into_iter().enumerate() {
                if index > 0 {
                    write!(self.f, "{:POINT$}", "")?;
                }
                match piece {
                    Piece::Prose(text) => writeln!(self.f, "{}", self.prose(text, POINT))?,
                    Piece::Command(line) => writeln!(self.f, "{}", Clean(line))?,
                }
            }
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

/// A part of a step.
enum Piece<'a> {
    Prose(&'a str),
    Command(&'a str),
}

/// A step taken apart at its commands; it begins with prose, so that each command has a line to itself.
fn pieces(step: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut prose = 0;
    let mut quotes = step.match_indices('`').map(|(at, _)| at);
    while let (Some(open), Some(close)) = (quotes.next(), quotes.next()) {
        let code = &step[open + 1..close];
        if is_command(code) {
            let before = step[prose..open].trim_matches(BETWEEN);
            pieces.push(Piece::Prose(if before.is_empty() && pieces.is_empty() { "run:" } else { before }));
            pieces.push(Piece::Command(code));
            prose = close + 1;
        }
    }
    pieces.push(Piece::Prose(step[prose..].trim_start_matches(BETWEEN)));
    pieces.retain(|piece| !matches!(piece, Piece::Prose("")));
    pieces
}

fn is_command(code: &str) -> bool {
    ["aws ", "curl ", "dig ", "nft ", "openssl ", "ping "].iter().any(|program| code.starts_with(program))
}

/// What joins a command to the prose around it on one line, and is in the way on two.
const BETWEEN: [char; 4] = [' ', ',', ';', '.'];
const FIELD: usize = 10;
const POINT: usize = FIELD + 2;
