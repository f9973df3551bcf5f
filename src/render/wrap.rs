//! Where does a line end? Prose in lines of a given width; links stay whole, so that they can be followed.

use super::Clean;
use std::fmt::{self, Write as _};

/// Cleaned prose that continues a line on which `column` characters stand already; further lines are indented.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wrapped<'a> {
    /// The prose; any white space in it is a place to break.
    pub(super) text: &'a str,
    /// How many characters stand on the line already.
    pub(super) column: usize,
    /// How many spaces begin each further line.
    pub(super) indent: usize,
    /// The most characters on a line.
    pub(super) width: usize,
}

impl fmt::Display for Wrapped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.width.max(self.indent + LEAST_WIDTH);
        let mut column = self.column;
        let mut first = true;
        for word in self.text.split_whitespace() {
            let length = word.chars().count();
            let gap = usize::from(!first);
            let fresh = column <= self.indent;
            if column + gap + length > width && !fresh {
                write!(f, "\n{:indent$}", "", indent = self.indent)?;
                column = self.indent;
            } else if !first {
                f.write_char(' ')?;
                column += 1;
            }
            first = false;
            column = if is_link(word) { whole(f, word, column)? } else { self.broken(f, word, column, width)? };
        }
        Ok(())
    }
}

impl Wrapped<'_> {
    /// Writes a word, broken where it is longer than a line, if possible behind a separator; returns the column after it.
    fn broken(&self, f: &mut fmt::Formatter<'_>, word: &str, column: usize, width: usize) -> Result<usize, fmt::Error> {
        let mut room = width.saturating_sub(column);
        let mut rest = word;
        while let Some((end, _)) = rest.char_indices().nth(room) {
            let at = rest[..end].rfind(SEPARATORS).map_or(end, |at| at + 1);
            write!(f, "{}\n{:indent$}", Clean(&rest[..at]), "", indent = self.indent)?;
            rest = &rest[at..];
            room = width - self.indent;
        }
        write!(f, "{}", Clean(rest))?;
        Ok(width - room + rest.chars().count())
    }
}

fn whole(f: &mut fmt::Formatter<'_>, word: &str, column: usize) -> Result<usize, fmt::Error> {
    write!(f, "{}", Clean(word))?;
    Ok(column + word.chars().count())
}

fn is_link(word: &str) -> bool {
    word.starts_with("https://")
}

const LEAST_WIDTH: usize = 20;
const SEPARATORS: [char; 7] = ['.', '/', '-', ',', '=', '&', '?'];
