//! When was that? UTC to the second, and how long ago, as seen from the moment of the page.

use crate::render::words::{elapsed, lasting, rfc3339};
use std::fmt::{self, Display};
use std::time::Duration;
use time::OffsetDateTime;

/// The moment of the page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock(pub(super) OffsetDateTime);

#[expect(clippy::unused_self, reason = "templates call methods")]
impl Clock {
    /// `2026-03-01T12:00:00Z`, as markup.
    pub(super) fn stamp(self, at: &OffsetDateTime) -> impl Display {
        let at = rfc3339(*at);
        Markup(format!("<time datetime=\"{at}\">{at}</time>"))
    }

    /// `12 s ago`, as markup that holds the moment too.
    pub(super) fn ago(self, at: &OffsetDateTime) -> impl Display {
        Markup(format!("<time datetime=\"{}\">{}</time>", rfc3339(*at), self.relative(at)))
    }

    /// Both.
    pub(super) fn moment(self, at: &OffsetDateTime) -> impl Display {
        Markup(format!("{} ({})", self.stamp(at), self.relative(at)))
    }

    /// A short time, as it was measured.
    pub(super) fn elapsed(self, time: &Duration) -> String {
        elapsed(*time)
    }

    /// A long time, in its two largest units.
    pub(super) fn lasting(self, time: &Duration) -> String {
        lasting(*time)
    }

    fn relative(self, at: &OffsetDateTime) -> String {
        let passed = self.0 - *at;
        match passed.whole_seconds() {
            0 => "now".to_owned(),
            1.. => format!("{} ago", lasting(passed.unsigned_abs())),
            _ => format!("in {}", lasting(passed.unsigned_abs())),
        }
    }
}

struct Markup(String);

impl Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
