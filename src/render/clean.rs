//! What may reach a terminal? Text from the network or the user, without a character that steers instead of showing.

use crate::observation::is_shown;
use std::fmt;

/// Text on one line: line breaks and tabs become spaces, every other character that is not shown becomes U+FFFD.
#[derive(Debug, Clone, Copy)]
pub struct Clean<'a>(pub &'a str);

impl fmt::Display for Clean<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.chars().all(is_shown) { f.pad(self.0) } else { f.pad(&self.0.chars().map(shown).collect::<String>()) }
    }
}

fn shown(c: char) -> char {
    match c {
        '\n' | '\r' | '\t' => ' ',
        _ if is_shown(c) => c,
        _ => char::REPLACEMENT_CHARACTER,
    }
}
