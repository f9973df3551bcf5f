//! What has become of a target over time? Many reports, folded: counters, a histogram, the last changes, availability.

use crate::diagnosis::Cause;
use crate::observation::Outcome;
use crate::plan::AccessPath;
use crate::report::{Report, Verdict};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;

/// What has become of one target since the daemon first knew it.
#[derive(Debug, Clone, Default)]
pub struct History {
    latest: Option<Arc<Report>>,
    last_success: Option<OffsetDateTime>,
    paths: BTreeMap<AccessPath, PathCounts>,
    durations: Histogram,
    changes: Vec<Change>,
}

/// What was counted on one path.
#[derive(Debug, Clone, Default)]
pub struct PathCounts {
    /// How often it was probed.
    pub probes: u64,
    /// How often it did not return an expected status, by the machine name of the outcome.
    pub failures: BTreeMap<&'static str, u64>,
    /// HTTP requests that were sent.
    pub requests: u64,
}

/// How long rounds took.
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    /// How many rounds took at most as long as the bound of the same place in [`Histogram::BOUNDS`], and longer than the one before.
    pub counts: [u64; Histogram::BOUNDS.len()],
    /// How many rounds there were.
    pub count: u64,
    /// How long all of them took.
    pub sum: Duration,
}

impl Histogram {
    /// The upper bounds of the buckets in seconds, but for the infinite one.
    pub const BOUNDS: [f64; 6] = [0.05, 0.1, 0.25, 1.0, 2.5, 10.0];
}

/// A round whose verdict or findings differ from those of the round before.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// When the round began.
    pub at: OffsetDateTime,
    /// Whether every path met its intent.
    pub verdict: Verdict,
    /// How each path that was probed ended.
    pub outcomes: Vec<(AccessPath, Outcome)>,
    /// The causes that were found.
    pub causes: Vec<Cause>,
}

impl History {
    /// Folds a round in; gives the change, if it is one. The first round is one.
    pub fn record(&mut self, report: Arc<Report>) -> Option<&Change> {
        let target = &report.round.target;
        for row in report.round.rows.iter().filter(|row| row.observation().is_some()) {
            let counts = self.paths.entry(row.path).or_default();
            counts.probes += 1;
            if !row.returns_expected(target) {
                *counts.failures.entry(row.outcome(target).name()).or_default() += 1;
            }
        }
        self.durations.observe(report.round.took);
        if report.verdict() == Verdict::Pass {
            self.last_success = Some(report.round.started);
        }
        let change = Change::of(&report);
        self.latest = Some(report);
        if self.changes.last().is_some_and(|last| last.tells_the_same(&change)) {
            return None;
        }
        self.changes.push(change);
        self.changes.last()
    }

    /// Folds in a round that a defect of our own ended: each path was probed and failed as `internal`.
    pub fn record_internal(&mut self, paths: impl Iterator<Item = AccessPath>) {
        for path in paths {
            let counts = self.paths.entry(path).or_default();
            counts.probes += 1;
            *counts.failures.entry(INTERNAL).or_default() += 1;
        }
    }

    /// The last round.
    pub fn latest(&self) -> Option<&Arc<Report>> {
        self.latest.as_ref()
    }

    /// When the last round began in which every path met its intent.
    pub fn last_success(&self) -> Option<OffsetDateTime> {
        self.last_success
    }

    /// What was counted, path by path, of those that were ever probed.
    pub fn paths(&self) -> impl Iterator<Item = (AccessPath, &PathCounts)> {
        self.paths.iter().map(|(path, counts)| (*path, counts))
    }

    /// How long the rounds took.
    pub fn durations(&self) -> &Histogram {
        &self.durations
    }

    /// The last changes, the newest first.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().rev()
    }
}

impl Histogram {
    fn observe(&mut self, took: Duration) {
        if let Some(bucket) = Self::BOUNDS.iter().position(|bound| took.as_secs_f64() <= *bound) {
            self.counts[bucket] += 1;
        }
        self.count += 1;
        self.sum += took;
    }
}

impl Change {
    fn of(report: &Report) -> Self {
        let target = &report.round.target;
        let probed = report.round.rows.iter().filter(|row| row.observation().is_some());
        Self {
            at: report.round.started,
            verdict: report.verdict(),
            outcomes: probed.map(|row| (row.path, row.outcome(target))).collect(),
            causes: report.diagnosis.findings.iter().map(|finding| finding.cause).collect(),
        }
    }

    fn tells_the_same(&self, other: &Self) -> bool {
        (self.verdict, &self.causes) == (other.verdict, &other.causes)
    }
}

/// The reason of a failure that is a defect of our own.
const INTERNAL: &str = "internal";
