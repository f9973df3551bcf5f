//! How does text look on a terminal? Its width, and a few calm colours that carry no meaning alone.

use anstyle::{AnsiColor, Style};
use std::fmt::{self, Display};

/// How text for people is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextStyle {
    /// Columns of the terminal; 60 is the least, and what is taken for fewer.
    pub width: usize,
    /// Whether escape sequences for colour may be written.
    pub color: bool,
    /// 0 for the report, 1 and more for everything that was seen.
    pub verbose: u8,
    /// Whether to write the verdict line alone.
    pub quiet: bool,
}

impl Default for TextStyle {
    fn default() -> Self {
        Self { width: 80, color: false, verbose: 0, quiet: false }
    }
}

impl TextStyle {
    /// The style with a width that the layout can live with.
    pub(super) fn wide_enough(self) -> Self {
        Self { width: self.width.max(LEAST_WIDTH), ..self }
    }

    /// The text in the ink, or as it is where no colour is wanted. Padding is the text's own business.
    pub(super) fn paint<T: Display>(&self, ink: Ink, text: T) -> impl Display + use<T> {
        Painted { style: self.color.then(|| ink.style()), text }
    }
}

/// What a piece of text is to look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Good,
    Bad,
    Warn,
    Strong,
    Faint,
    Resolve,
    Connect,
    Tls,
    Answer,
}

impl Ink {
    fn style(self) -> Style {
        match self {
            Self::Good | Self::Answer => AnsiColor::Green.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Warn => AnsiColor::Yellow.on_default(),
            Self::Strong => Style::new().bold(),
            Self::Faint => Style::new().dimmed(),
            Self::Resolve => AnsiColor::Blue.on_default(),
            Self::Connect => AnsiColor::Cyan.on_default(),
            Self::Tls => AnsiColor::Magenta.on_default(),
        }
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

const LEAST_WIDTH: usize = 60;
