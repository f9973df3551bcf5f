//! What only ever grows? Probes, failures by reason, requests, and how long rounds took.

use crate::observation::{Attempt, Observation, Outcome};
use std::time::Duration;

/// What was counted on one path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathCounts {
    /// How often it was probed.
    pub probes: u64,
    /// How often it did not return an expected status, by the machine name of the outcome or `internal`; only reasons that occurred.
    pub failures: Vec<(&'static str, u64)>,
    /// HTTP requests that were sent, unsigned ones beside signed ones too: connections on which the exchange began.
    pub requests: u64,
}

impl PathCounts {
    /// Counts the requests of a call, whatever it is there for.
    pub(super) fn send(&mut self, seen: &Observation) {
        self.requests += seen.attempts.iter().filter_map(Attempt::http).count() as u64;
    }

    /// Counts what came of a probe.
    pub(super) fn add(&mut self, outcome: Outcome) {
        if outcome == Outcome::Ok {
            self.probes += 1;
        } else {
            self.fail(outcome.name());
        }
    }

    pub(super) fn fail(&mut self, reason: &'static str) {
        self.probes += 1;
        let at = self.failures.binary_search_by_key(&reason, |(known, _)| known).unwrap_or_else(|at| {
            self.failures.insert(at, (reason, 0));
            at
        });
        self.failures[at].1 += 1;
    }
}

/// How long rounds took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    /// How many rounds took at most as long as the bound of the same place in [`Histogram::BOUNDS`], and longer than the one before.
    pub counts: [u64; Histogram::BOUNDS.len()],
    /// How many rounds there were.
    pub count: u64,
    /// How long all of them took.
    pub sum: Duration,
}

impl Histogram {
    /// The upper bounds of the buckets in seconds, but for the infinite one. Within a VPC a round takes tens of
    /// milliseconds, with a cold function about a second, with one dead address about three; beyond 9.5 the default
    /// deadline of 10 s was met, beyond 29.5 the 29 s that most integrations are given. None is a whole number, since
    /// those are written as `1` in one exposition format and as `1.0` in the other, which makes two series.
    pub const BOUNDS: [f64; 7] = [0.05, 0.1, 0.25, 1.25, 2.5, 9.5, 29.5];

    pub(super) fn observe(&mut self, took: Duration) {
        if let Some(bucket) = Self::BOUNDS.iter().position(|bound| took.as_secs_f64() <= *bound) {
            self.counts[bucket] += 1;
        }
        self.count += 1;
        self.sum += took;
    }
}

/// The reason of a failure that is a defect of our own.
pub(super) const INTERNAL: &str = "internal";
