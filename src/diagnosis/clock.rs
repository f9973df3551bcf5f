//! Is this host's clock right? The `Date` of the answers against it.

use super::case::Case;
use super::sight::Sight;
use crate::observation::Answer;
use crate::plan::AccessPath;
use std::time::{Duration, SystemTime};
use time::OffsetDateTime;

/// What the answers say of this host's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Clock {
    /// No answer has a date that can be believed.
    Unknown,
    /// The dates of most answers agree with it.
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
        let seen = readings(case, age);
        let off: Vec<_> = seen.iter().filter(|(_, ahead)| ahead.unsigned_abs() > TOLERATED_SECONDS).collect();
        let Some((_, least)) = off.iter().min_by_key(|(_, ahead)| ahead.unsigned_abs()) else {
            return if seen.is_empty() { Self::Unknown } else { Self::Right };
        };
        if seen.len() > 2 * off.len() {
            // what only some paths say is about those paths
            return Self::Right;
        }
        let near = |ahead: &i64| ahead.abs_diff(*least) <= TOLERATED_SECONDS;
        Self::Off {
            ahead: *least,
            paths: off.iter().map(|(path, _)| *path).collect(),
            agreed: seen.iter().all(|(_, ahead)| near(ahead)),
        }
    }

    /// The paths whose `Date` is off while this clock is right, with the seconds by which they are ahead: a cache kept their
    /// answers, or another server gave them.
    pub(crate) fn out_of_step(case: &Case<'_>) -> Vec<(AccessPath, i64)> {
        if !Self::of(case).is_right() {
            return Vec::new();
        }
        let mut seen = readings(case, |_| 0);
        seen.retain(|(_, ahead)| ahead.unsigned_abs() > TOLERATED_SECONDS);
        seen
    }

    /// The paths whose `Date` agrees with this clock although it is said to be off: they contradict that.
    pub(crate) fn dissenting(case: &Case<'_>) -> Vec<AccessPath> {
        let near = |(_, ahead): &(AccessPath, i64)| ahead.unsigned_abs() <= TOLERATED_SECONDS;
        readings(case, age).into_iter().filter(near).map(|(path, _)| path).collect()
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

/// By how many seconds the server's clock is ahead, by each path whose answer has a date; a cache may have kept an answer for as long as `kept` says.
fn readings(case: &Case<'_>, kept: fn(&Answer) -> u32) -> Vec<(AccessPath, i64)> {
    case.sights.iter().filter_map(|sight| Some((sight.path, ahead(sight, case, kept)?))).collect()
}

/// By how many seconds the server's clock is ahead of the span in which the answer came; 0 within it.
fn ahead(sight: &Sight<'_>, case: &Case<'_>, kept: fn(&Answer) -> u32) -> Option<i64> {
    let answer = sight.answer()?;
    let date = date(answer.header("date")?)?;
    let certificate = sight.attempt?.certificate();
    if certificate.is_some_and(|certificate| date < certificate.not_before || date > certificate.not_after) {
        // the certificate is valid by our clock, so it is the date that is made up, or was kept by a cache
        return None;
    }
    let started = case.round.started;
    let ended = started.checked_add(case.round.took.try_into().ok()?)?;
    let last = date.checked_add(time::Duration::seconds(kept(answer).into()))?;
    // the header has whole seconds, cut off
    Some(match date {
        _ if last < started - Duration::from_secs(1) => (last - started).whole_seconds(),
        date if date > ended => (date - ended).whole_seconds(),
        _ => 0,
    })
}

/// For how many seconds a cache says that it kept an answer (RFC 9111, 5.1). A backend may say so as well, of whose answer the
/// gateway tells the date anew: it only ever excuses a date.
fn age(answer: &Answer) -> u32 {
    answer.header("age").and_then(|age| age.trim().parse().ok()).unwrap_or_default()
}

/// An HTTP date (RFC 9110, 5.6.7).
fn date(text: &str) -> Option<OffsetDateTime> {
    let at = httpdate::parse_http_date(text).ok()?;
    let seconds = at.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
    OffsetDateTime::from_unix_timestamp(seconds.try_into().ok()?).ok()
}

/// Well above what a network delays, well below the five minutes at which signatures fail.
const TOLERATED_SECONDS: u64 = 120;
