//! What has become of it? Availability in words, the last rounds as a strip, and what was new at each change.

use crate::history::{Availability, Change, History, RoundBrief, State, Window};
use crate::observation::Outcome;
use crate::plan::AccessPath;
use crate::report::Verdict;
use time::OffsetDateTime;

/// How often the target, or one path of it, did what one hopes for: a column for each window.
pub(super) struct Kept {
    /// The path; absent for the target as a whole.
    pub(super) path: Option<AccessPath>,
    /// `99.3 % (143 of 144)`.
    pub(super) windows: Vec<String>,
}

/// The availability of the target and of each path that is configured.
pub(super) fn kept(history: &History, now: OffsetDateTime) -> Vec<Kept> {
    let paths = [None].into_iter().chain(history.paths().map(|(path, _)| Some(path)));
    let windows = |path| Window::ALL.iter().map(|window| available(history, now, *window, path)).collect();
    paths.map(|path| Kept { path, windows: windows(path) }).collect()
}

/// The availability in one window, in words.
pub(super) fn available(history: &History, now: OffsetDateTime, window: Window, path: Option<AccessPath>) -> String {
    let Some(Availability { passed, rounds }) = history.availability(now, window, path) else { return "-".to_owned() };
    // rounded down, so that all of them is said of all of them only
    let tenths = u128::from(passed) * 1000 / u128::from(rounds);
    let (whole, tenth) = (tenths / 10, tenths % 10);
    let part = if tenth == 0 { format!("{whole} %") } else { format!("{whole}.{tenth} %") };
    format!("{part} ({passed} of {rounds})")
}

/// The last rounds, the oldest first.
pub(super) fn strip(history: &History) -> Vec<&RoundBrief> {
    let last = history.rounds().take(MOST_ROUNDS);
    last.rev().collect()
}

/// The last changes, the newest first, and how many more there are.
pub(super) fn turns(history: &History) -> (Vec<Turn>, usize) {
    let turns: Vec<_> = history.changes().take(MOST_CHANGES).map(Turn::of).collect();
    let more = history.changes().count() - turns.len();
    (turns, more)
}

/// One change, in words.
pub(super) struct Turn {
    pub(super) at: OffsetDateTime,
    pub(super) verdict: Verdict,
    /// What is new, what is gone, and each path that ended otherwise than before, or badly if nothing is known from before.
    pub(super) words: Vec<String>,
}

impl Turn {
    fn of(change: Change<'_>) -> Self {
        let Change { at, from, to } = change;
        let not_in = |one: &State, other: Option<&State>| {
            let causes = one.causes.iter().filter(|cause| !other.is_some_and(|other| other.causes.contains(cause)));
            causes.map(|cause| cause.name()).collect::<Vec<_>>().join(", ")
        };
        let (new, gone) = (not_in(to, from), from.map(|from| not_in(from, Some(to))).unwrap_or_default());
        let causes = [("found: ", new), ("gone: ", gone)].into_iter().filter(|(_, causes)| !causes.is_empty());
        let paths = to.paths.iter().filter_map(|(path, now)| {
            let before = from.and_then(|from| from.paths.of_path(path));
            let unlike = before.map_or(!now.good, |before| before.outcome != now.outcome);
            let before = before.map(|before| format!("{} → ", ended(before.outcome))).unwrap_or_default();
            unlike.then(|| format!("{path}: {before}{}", ended(now.outcome)))
        });
        Self {
            at,
            verdict: to.verdict,
            words: causes.map(|(label, causes)| format!("{label}{causes}")).chain(paths).collect(),
        }
    }
}

fn ended(outcome: Outcome) -> String {
    match outcome {
        Outcome::UnexpectedStatus(status) => status.to_string(),
        Outcome::Ok
        | Outcome::NotConfigured
        | Outcome::Skipped
        | Outcome::Dns(_)
        | Outcome::Tcp(_)
        | Outcome::Tls(_)
        | Outcome::Http(_)
        | Outcome::NotApiGateway => outcome.name().to_owned(),
    }
}

const MOST_ROUNDS: usize = 60;
const MOST_CHANGES: usize = 20;
