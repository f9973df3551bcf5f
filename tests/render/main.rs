//! What people and programs read. Nothing here is about wording: machine names, structure and limits alone.

mod curl;
mod explain;
mod html;
mod json;
mod metrics;
mod metrics_of_daemon;
mod nagios;
mod text;

mod exposition;
mod hostile;
mod report;
#[path = "../support/statuses.rs"]
mod statuses;
mod status;

/// Whether a character can do no harm on a terminal. A list of its own, not the product's.
fn is_harmless(c: char) -> bool {
    let turns_direction =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks_line = matches!(c, '\u{2028}' | '\u{2029}');
    c == '\n' || !(c.is_control() || turns_direction || breaks_line)
}
