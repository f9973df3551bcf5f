//! Is this host's clock right? The `Date` of the answers against it.

use super::case::Case;
use super::sight::Sight;
use crate::plan::AccessPath;
use std::time::{Duration, SystemTime};
use time::OffsetDateTime;

/// What the answers say of this host's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Clock {
    /// No answer has a date that can be believed.
    Unknown,
    /// An answer's date agrees with it.
    Right,
    /// It is off.
    Off {
        /// Seconds by which the server's clock is ahead of ours, by the answer that differs least.
        ahead: i64,
        /// The paths whose answers say so.
        paths: Vec<AccessPath>,
        /// Whether every answer with a date says about the same.
        agreed: bool,
    },
}

impl Clock {
    /// Reads the dates of all answers of a round.
    pub(crate) fn of(case: &Case<'_>) -> Self {
        let seen: Vec<_> = case.sights.iter().filter_map(|sight| Some((sight.path, ahead(sight, case)?))).collect();
        let off: Vec<_> = seen.iter().filter(|(_, ahead)| ahead.unsigned_abs() > TOLERATED_SECONDS).collect();
        let Some((_, least)) = off.iter().min_by_key(|(_, ahead)| ahead.unsigned_abs()) else {
            return if seen.is_empty() { Self::Unknown } else { Self::Right };
        };
        let near = |ahead: &i64| ahead.abs_diff(*least) <= TOLERATED_SECONDS;
        Self::Off {
            ahead: *least,
            paths: off.iter().map(|(path, _)| *path).collect(),
            agreed: seen.iter().all(|(_, ahead)| near(ahead)),
        }
    }

    /// Seconds by which the servers' clocks are ahead, if they say.
    pub(crate) fn ahead(&self) -> Option<i64> {
        match self {
            Self::Unknown => None,
            Self::Right => Some(0),
            Self::Off { ahead, .. } => Some(*ahead),
        }
    }

    /// Whether an answer shows that the clock is right.
    pub(crate) fn is_right(&self) -> bool {
        *self == Self::Right
    }

    /// Whether the answers agree that it is off.
    pub(crate) fn is_off(&self) -> bool {
        matches!(self, Self::Off { agreed: true, .. })
    }
}

/// By how many seconds the server's clock is ahead of the span in which the answer came; 0 within it.
fn ahead(sight: &Sight<'_>, case: &Case<'_>) -> Option<i64> {
    let date = date(sight.answer()?.header("date")?)?;
    let certificate = sight.attempt?.certificate();
    if certificate.is_some_and(|certificate| date < certificate.not_before || date > certificate.not_after) {
        // the certificate is valid by our clock, so it is the date that is made up, or was kept by a cache
        return None;
    }
    let started = case.round.started;
    let ended = started.checked_add(case.round.took.try_into().ok()?)?;
    // the header has whole seconds, cut off
    Some(match date {
        date if date < started - Duration::from_secs(1) => (date - started).whole_seconds(),
        date if date > ended => (date - ended).whole_seconds(),
        _ => 0,
    })
}

/// An HTTP date (RFC 9110, 5.6.7).
fn date(text: &str) -> Option<OffsetDateTime> {
    let at = httpdate::parse_http_date(text).ok()?;
    let seconds = at.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
    OffsetDateTime::from_unix_timestamp(seconds.try_into().ok()?).ok()
}

/// Well above what a network delays, well below the five minutes at which signatures fail.
const TOLERATED_SECONDS: u64 = 120;
