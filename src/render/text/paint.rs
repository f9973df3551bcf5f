//! Which colours? A few, calm, and none that carries meaning alone.

use super::TextStyle;
use super::bar::Mark;
use anstyle::{AnsiColor, Style};
use std::fmt::{self, Display};

/// What a piece of text is to look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Good,
    Bad,
    Warn,
    Strong,
    Faint,
    Phase(Mark),
}

impl Ink {
    fn style(self) -> Style {
        match self {
            Self::Good | Self::Phase(Mark::Answer) => AnsiColor::Green.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Warn => AnsiColor::Yellow.on_default(),
            Self::Strong => Style::new().bold(),
            Self::Faint | Self::Phase(Mark::Rest) => Style::new().dimmed(),
            Self::Phase(Mark::Resolve) => AnsiColor::Blue.on_default(),
            Self::Phase(Mark::Connect) => AnsiColor::Cyan.on_default(),
            Self::Phase(Mark::Tls) => AnsiColor::Magenta.on_default(),
        }
    }
}

impl TextStyle {
    /// The text in the ink, or as it is where no colour is wanted. Widths are the text's own business.
    pub(super) fn paint<T: Display>(&self, ink: Ink, text: T) -> impl Display + use<T> {
        Painted { style: self.color.then(|| ink.style()), text }
    }
}

struct Painted<T> {
    style: Option<Style>,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.style {
            Some(style) => write!(f, "{style}{}{style:#}", self.text),
            None => self.text.fmt(f),
        }
    }
}
