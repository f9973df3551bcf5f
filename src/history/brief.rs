//! What is kept of every round? Enough for a row of dots: when, how long, how each path ended.

use crate::observation::Outcome;
use crate::plan::AccessPath;
use crate::report::{Report, Verdict};
use std::time::Duration;
use time::OffsetDateTime;

/// A round in a few bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundBrief {
    /// When it began.
    pub at: OffsetDateTime,
    took_micros: u32,
    /// Whether every path met its intent.
    pub verdict: Verdict,
    /// How each path ended.
    pub paths: PathBriefs,
}

impl RoundBrief {
    pub(super) fn of(report: &Report) -> Self {
        Self {
            at: report.round.started,
            took_micros: u32::try_from(report.round.took.as_micros()).unwrap_or(u32::MAX),
            verdict: report.verdict(),
            paths: PathBriefs::of(report),
        }
    }

    /// How long it took, in whole microseconds and up to 71 minutes.
    pub fn took(&self) -> Duration {
        Duration::from_micros(self.took_micros.into())
    }
}

/// How each path of a round ended. Every byte counts here, since thousands are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathBriefs {
    outcomes: [Option<Outcome>; AccessPath::ALL.len()],
    /// A bit for each path.
    good: u8,
}

/// How a path ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathBrief {
    /// The outcome.
    pub outcome: Outcome,
    /// Whether that is what one hopes for: an expected status, or none if the path is forbidden.
    pub good: bool,
}

impl PathBriefs {
    fn of(report: &Report) -> Self {
        let (mut outcomes, mut good) = ([None; AccessPath::ALL.len()], 0);
        let target = &report.round.target;
        for row in report.round.deciding().filter(|row| row.observation().is_some()) {
            outcomes[row.path as usize] = Some(row.outcome(target));
            good |= u8::from(row.is_good(target)) << row.path as u8;
        }
        Self { outcomes, good }
    }

    /// How the path ended, if it was probed.
    pub fn of_path(&self, path: AccessPath) -> Option<PathBrief> {
        let outcome = self.outcomes[path as usize]?;
        Some(PathBrief { outcome, good: self.good & 1 << path as u8 != 0 })
    }

    /// The paths that were probed.
    pub fn iter(&self) -> impl Iterator<Item = (AccessPath, PathBrief)> {
        AccessPath::ALL.iter().filter_map(|path| Some((*path, self.of_path(*path)?)))
    }
}
