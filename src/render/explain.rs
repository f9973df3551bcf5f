//! What does a cause mean, or an outcome? The entry in the catalogue, and the list of all causes.

use super::block::Block;
use super::style::{Ink, TextStyle};
use super::words::who;
use super::wrap::Wrapped;
use crate::diagnosis::{Cause, Confidence};
use crate::observation::Outcome;
use std::fmt::{self, Display};

/// The catalogue's entry of a cause, with a line break at its end.
pub fn explain(cause: Cause, style: &TextStyle) -> impl Display + use<> {
    Explained { cause, style: style.wide_enough() }
}

/// What the outcome of a path means, with a line break at its end.
pub fn explain_outcome(outcome: Outcome, style: &TextStyle) -> impl Display + use<> {
    ExplainedOutcome { outcome, style: style.wide_enough() }
}

/// Every cause with its title, one below the other.
pub fn explain_all(style: &TextStyle) -> impl Display + use<> {
    Listed { style: style.wide_enough() }
}

struct Explained {
    cause: Cause,
    style: TextStyle,
}

impl Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entry = self.cause.entry();
        writeln!(f, "{}", self.style.paint(Ink::Strong, self.cause))?;
        writeln!(f, "   {}\n", Wrapped { text: entry.title, column: 3, indent: 3, width: self.style.width })?;
        let mut block = Block { f, style: &self.style };
        block.field("who", who(entry.owner))?;
        block.field("means", entry.meaning)?;
        block.field("shows", entry.shows)?;
        block.field("sure", surest(entry.ceiling))?;
        block.steps("fix", &self.cause.fix(None))?;
        block.field("docs", entry.docs)
    }
}

struct ExplainedOutcome {
    outcome: Outcome,
    style: TextStyle,
}

impl Display for ExplainedOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.style.paint(Ink::Strong, self.outcome.name()))?;
        writeln!(f, "   an outcome: how a path ended, not why\n")?;
        let mut block = Block { f, style: &self.style };
        block.field("means", self.outcome.meaning())?;
        block.field("shows", "below its path in the report; a finding after the paths names the cause")
    }
}

struct Listed {
    style: TextStyle,
}

impl Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for cause in Cause::ALL {
            let name = self.style.paint(Ink::Strong, format!("{cause:<NAME_WIDTH$}"));
            let (text, indent) = (cause.entry().title, NAME_WIDTH + 2);
            writeln!(f, "{name}  {}", Wrapped { text, column: indent, indent, width: self.style.width })?;
        }
        Ok(())
    }
}

/// How sure a finding of a cause can be.
fn surest(ceiling: Confidence) -> &'static str {
    match ceiling {
        Confidence::Certain => "certain, where nothing else explains what was seen",
        Confidence::Likely => "likely at most: other causes look alike",
        Confidence::Possible => "possible at most: one of several explanations",
    }
}

/// The longest names have as many characters.
const NAME_WIDTH: usize = 32;
