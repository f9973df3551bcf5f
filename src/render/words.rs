//! In which words are verdicts, people and times told? The same in every format for people.

use crate::diagnosis::Owner;
use crate::observation::{Attempt, Canary, Observation, Seen};
use crate::report::Report;
use crate::target::Target;
use std::fmt::Write as _;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Who must act, in words.
pub(super) fn who(owner: Owner) -> &'static str {
    match owner {
        Owner::AccountA => "account A (yours: client and endpoint)",
        Owner::AccountB => "account B (the API's owner)",
        Owner::Caller => "the caller (this command, this host)",
        Owner::Network => "the network between",
    }
}

/// How many paths did what the user hopes for, in words: `3 of 4 paths ok, 1 not configured`.
pub(super) fn tally(report: &Report) -> String {
    let target = &report.round.target;
    let (ok, probed) = report.round.tally();
    let count = |fits: fn(&Seen) -> bool| report.round.rows.iter().filter(|row| fits(&row.seen)).count();
    let lacking = count(|seen| matches!(seen, Seen::NotConfigured(_)));
    let skipped = count(|seen| matches!(seen, Seen::Skipped));
    let what = if report.round.is_double() { "call" } else { "path" };
    let mut words = format!("{ok} of {probed} {what}{} ok", if probed == 1 { "" } else { "s" });
    if report.round.canary.as_ref().is_some_and(|canary| canary.is_answered(target)) {
        words.push_str(", but an API that does not exist answers too");
    }
    for (count, state) in [(lacking, "not configured"), (skipped, "skipped")] {
        if count > 0 {
            let _ = write!(words, ", {count} {state}");
        }
    }
    words
}

/// What came of a canary.
pub(super) fn canary_words(canary: &Canary, target: &Target) -> String {
    let what = match canary.is_refused(target) {
        Some(true) => "as it should be",
        Some(false) => "although there is no such API",
        None => "so that it proves nothing",
    };
    format!("{}, {what}", ended(&canary.seen, target))
}

/// How a call ended: the status that it was answered with and the gateway's error type, or the phase that failed.
pub(super) fn ended(seen: &Observation, target: &Target) -> String {
    let answered = seen.decisive().and_then(Attempt::http).and_then(|http| http.result.as_ref().ok());
    match answered {
        Some(answer) => {
            let kind = answer.error_type().map(|kind| format!(" {kind}")).unwrap_or_default();
            format!("answered {}{kind}", answer.status)
        }
        None => format!("no answer ({})", seen.outcome(target).name()),
    }
}

/// A time for people, in at most seven characters.
pub(super) fn elapsed(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1e3;
    match ms {
        ..9.95 => format!("{ms:.1} ms"),
        ..999.5 => format!("{ms:.0} ms"),
        ..99_950.0 => format!("{:.1} s", ms / 1e3),
        _ => format!("{:.0} s", ms / 1e3),
    }
}

/// A long time for people, in its two largest units: `3 h 5 min`.
pub(super) fn lasting(time: Duration) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    let seconds = time.as_secs();
    let first = UNITS.iter().position(|(unit, _)| seconds >= *unit).unwrap_or(UNITS.len() - 1);
    let (unit, name) = UNITS[first];
    let mut words = format!("{} {name}", seconds / unit);
    if let Some((unit, name)) = UNITS.get(first + 1).filter(|(smaller, _)| seconds % unit >= *smaller) {
        let _ = write!(words, " {} {name}", seconds % UNITS[first].0 / unit);
    }
    words
}

/// A moment in UTC, to the second (RFC 3339).
pub(super) fn rfc3339(moment: OffsetDateTime) -> String {
    moment.to_offset(time::UtcOffset::UTC).replace_nanosecond(0).unwrap_or(moment).format(&Rfc3339).unwrap_or_default()
}
