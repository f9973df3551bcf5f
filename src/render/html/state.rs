//! How does a target fare, in one word? And all of them, in one line.

use crate::report::Verdict;
use crate::status::{Schedule, TargetStatus};
use time::OffsetDateTime;

/// How a target fares; the first wants attention most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// At least one path does not meet its intent.
    Failing,
    /// The last round is too long ago to speak for now.
    Late,
    /// Every path meets its intent, but something wants attention.
    Warns,
    /// There was no round yet.
    Waiting,
    /// Every path meets its intent.
    Passing,
}

impl State {
    /// How the target fares at a moment.
    pub(super) fn of(target: &TargetStatus, started: OffsetDateTime, now: OffsetDateTime) -> Self {
        let latest = target.history.latest();
        let last = latest.map_or(started, |report| report.round.started);
        let late = match target.schedule {
            Schedule::Interval => now - last > target.interval * LATE_AFTER,
            Schedule::OnProbe => false,
        };
        match latest {
            Some(report) if report.verdict() == Verdict::Fail => Self::Failing,
            _ if late => Self::Late,
            None => Self::Waiting,
            Some(report) if report.has_warning() => Self::Warns,
            Some(_) => Self::Passing,
        }
    }

    /// The word beside the sign.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Failing => "FAIL",
            Self::Late => "LATE",
            Self::Warns => "WARN",
            Self::Waiting => "WAIT",
            Self::Passing => "PASS",
        }
    }

    /// A sign that tells the states apart without colour.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Failing => "✕",
            Self::Late => "?",
            Self::Warns => "!",
            Self::Waiting => "…",
            Self::Passing => "✓",
        }
    }

    /// The class of the style sheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Failing => "bad",
            Self::Late | Self::Warns => "warn",
            Self::Waiting => "faint",
            Self::Passing => "good",
        }
    }

    /// The picture in the browser's tab; each has a form of its own.
    pub(super) fn icon(self) -> &'static str {
        match self {
            Self::Failing => ICON_BAD,
            Self::Late | Self::Warns | Self::Waiting => ICON_WARN,
            Self::Passing => ICON_GOOD,
        }
    }
}

/// All states in one line: `1 of 3 failing`.
pub(super) fn headline(states: &[State]) -> String {
    let all = states.len();
    let count = |state| states.iter().filter(|one| **one == state).count();
    let late = count(State::Late);
    match (states.iter().min(), late) {
        (None, _) => "no targets".to_owned(),
        (Some(State::Failing), 0) => format!("{} of {all} failing", count(State::Failing)),
        (Some(State::Failing), _) => format!("{} of {all} failing, {late} late", count(State::Failing)),
        (Some(State::Late), _) => format!("{late} of {all} late"),
        (Some(State::Warns), _) => format!("{} of {all} with a warning", count(State::Warns)),
        (Some(State::Waiting), _) => format!("{} of {all} waiting for the first round", count(State::Waiting)),
        (Some(State::Passing), _) => format!("all {all} ok"),
    }
}

/// The state of one target in one line: `orders: failing`.
pub(super) fn headline_of(name: &str, state: State) -> String {
    let words = match state {
        State::Failing => "failing",
        State::Late => "late",
        State::Warns => "ok, with a warning",
        State::Waiting => "waiting for the first round",
        State::Passing => "ok",
    };
    format!("{name}: {words}")
}

/// After as many intervals without a round, what is known is old.
const LATE_AFTER: u32 = 3;
const ICON_BAD: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' fill='%23b3151b'/%3E%3Cpath d='M4 4l8 8M12 4l-8 8' stroke='white' stroke-width='2.5'/%3E%3C/svg%3E";
const ICON_WARN: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M8 0l8 16H0z' fill='%23f0c060'/%3E%3Cpath d='M8 6v5M8 12.5v1.5' stroke='black' stroke-width='2'/%3E%3C/svg%3E";
const ICON_GOOD: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='8' fill='%231a6b2d'/%3E%3Cpath d='M4 8.5l3 3 5-6' stroke='white' stroke-width='2' fill='none'/%3E%3C/svg%3E";
