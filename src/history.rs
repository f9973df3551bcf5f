//! What has become of a target over time? Many reports, folded: counters, a histogram, the last rounds and changes, availability.

mod availability;
mod brief;
mod change;
mod counts;

pub use availability::{Availability, Window};
pub use brief::{PathBrief, PathBriefs, RoundBrief};
pub use change::{Change, State};
pub use counts::{Histogram, PathCounts};

use crate::observation::Canary;
use crate::plan::AccessPath;
use crate::report::{Report, Verdict};
use availability::Record;
use change::Turn;
use counts::INTERNAL;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use time::OffsetDateTime;

/// What has become of one target since the daemon first knew it.
#[derive(Debug, Clone)]
pub struct History {
    latest: Option<Arc<Report>>,
    last_success: Option<OffsetDateTime>,
    paths: Vec<(AccessPath, PathCounts)>,
    dns_queries: u64,
    durations: Histogram,
    record: Record,
    rounds: VecDeque<RoundBrief>,
    turns: VecDeque<Turn>,
    most_bytes: usize,
}

impl History {
    /// Nothing yet, of the paths that are configured: their counters begin at zero. Rounds and changes will take
    /// `most_bytes` at most, such as [`share`] gives.
    pub fn new(paths: impl IntoIterator<Item = AccessPath>, most_bytes: usize) -> Self {
        let mut history = Self {
            latest: None,
            last_success: None,
            paths: Vec::new(),
            dns_queries: 0,
            durations: Histogram::default(),
            record: Record::default(),
            rounds: VecDeque::new(),
            turns: VecDeque::new(),
            most_bytes,
        };
        history.reconfigure(paths, most_bytes);
        history
    }

    /// Takes over a new configuration: the counters of paths that are gone are forgotten, and so is a last round that
    /// probed one; the counters of new paths begin at zero.
    pub fn reconfigure(&mut self, paths: impl IntoIterator<Item = AccessPath>, most_bytes: usize) {
        let mut known = std::mem::take(&mut self.paths);
        let mut take = |path: AccessPath| {
            let at = known.iter().position(|(one, _)| *one == path);
            (path, at.map(|at| known.swap_remove(at).1).unwrap_or_default())
        };
        // a path may be called more than once in a round
        self.paths = paths.into_iter().collect::<BTreeSet<_>>().into_iter().map(&mut take).collect();
        self.latest = self.latest.take().filter(|report| self.knows(report));
        self.most_bytes = most_bytes;
        self.trim();
        self.rounds.shrink_to_fit();
        self.turns.shrink_to_fit();
    }

    /// Folds a round in; gives the change, if it is one. The first round is one. A path that is no longer configured is
    /// not counted, and a round that probed one is not the last one.
    pub fn record(&mut self, report: Arc<Report>) -> Option<Change<'_>> {
        let round = &report.round;
        for row in &round.rows {
            let Some(seen) = row.observation() else { continue };
            self.dns_queries += seen.lookup.queries.iter().filter(|query| !query.shared).count() as u64;
            let Some((_, counts)) = self.paths.iter_mut().find(|(path, _)| *path == row.path) else { continue };
            counts.send(seen);
            // an unsigned call beside a signed one is there to be compared with, that of a single zone is the zone's
            if (row.signed || !round.is_double()) && row.zone.is_none() {
                counts.add(row.outcome(&round.target));
            }
        }
        if let Some(Canary { seen, .. }) = round.canary.as_deref() {
            self.dns_queries += seen.lookup.queries.iter().filter(|query| !query.shared).count() as u64;
            let ridden = self.paths.iter_mut().find(|(path, _)| *path == seen.plan.path);
            if let Some((_, counts)) = ridden {
                counts.send(seen);
            }
        }
        self.durations.observe(round.took);
        let brief = RoundBrief::of(&report);
        self.record.add(&brief);
        if brief.verdict == Verdict::Pass {
            self.last_success = Some(brief.at);
        }
        let turn = Turn { at: brief.at, state: State::of(&report, brief.paths) };
        let changed = self.turns.back().is_none_or(|last| !last.state.tells_the_same(&turn.state));
        self.rounds.push_back(brief);
        if changed {
            self.turns.push_back(turn);
        }
        self.trim();
        if self.knows(&report) {
            self.latest = Some(report);
        }
        if changed { self.changes().next() } else { None }
    }

    /// Folds in a round that a defect of our own ended: each configured path was probed and failed as `internal`.
    /// It says nothing about the target, so that it is no part of the availability.
    pub fn record_internal(&mut self) {
        for (_, counts) in &mut self.paths {
            counts.fail(INTERNAL);
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

    /// What was counted, path by path, of those that are configured.
    pub fn paths(&self) -> impl Iterator<Item = (AccessPath, &PathCounts)> {
        self.paths.iter().map(|(path, counts)| (*path, counts))
    }

    /// DNS queries that the rounds sent, each transmission by itself; a lookup that two paths share counts once.
    /// Those of a second opinion are not among them.
    pub fn dns_queries(&self) -> u64 {
        self.dns_queries
    }

    /// How long the rounds took.
    pub fn durations(&self) -> &Histogram {
        &self.durations
    }

    /// How often the target (or one path of it) did what one hopes for: every path met its intent; the path returned an
    /// expected status, or stayed shut if it is forbidden. Absent if there was no round in the window.
    pub fn availability(&self, now: OffsetDateTime, window: Window, path: Option<AccessPath>) -> Option<Availability> {
        self.record.availability(now, window, path)
    }

    /// The last rounds, the newest first.
    pub fn rounds(&self) -> impl DoubleEndedIterator<Item = &RoundBrief> + ExactSizeIterator {
        self.rounds.iter().rev()
    }

    /// The last changes, the newest first. The oldest does not tell what was before it.
    pub fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        (0..self.turns.len()).rev().map(|at| Change {
            at: self.turns[at].at,
            from: at.checked_sub(1).map(|before| &self.turns[before].state),
            to: &self.turns[at].state,
        })
    }

    /// Returns what rounds and changes take. Their queues have room for as many again at most.
    pub fn bytes(&self) -> usize {
        self.rounds.len() * size_of::<RoundBrief>()
            + self.turns.iter().map(|turn| size_of::<Turn>() + turn.heap_bytes()).sum::<usize>()
    }

    /// Whether every path that was probed is configured.
    fn knows(&self, report: &Report) -> bool {
        let mut probed = report.round.rows.iter().filter(|row| row.observation().is_some());
        probed.all(|row| self.paths.iter().any(|(path, _)| *path == row.path))
    }

    /// The oldest rounds go first, down to a few; then the oldest changes.
    fn trim(&mut self) {
        while self.bytes() > self.most_bytes {
            if self.rounds.len() > FEWEST_ROUNDS || self.turns.len() <= 1 && !self.rounds.is_empty() {
                self.rounds.pop_front();
            } else if self.turns.len() > 1 {
                self.turns.pop_front();
            } else {
                break;
            }
        }
    }
}

/// What each of so many targets may keep of its rounds and changes, in bytes: a part of [`MOST_BYTES`], but no less than
/// the last few rounds and changes need, and no more than anybody reads.
pub const fn share(targets: usize) -> usize {
    let part = MOST_BYTES / if targets == 0 { 1 } else { targets };
    if part < FEWEST_BYTES {
        FEWEST_BYTES
    } else if part > MOST_BYTES_OF_ONE {
        MOST_BYTES_OF_ONE
    } else {
        part
    }
}

/// What the rounds and changes of all targets take, as long as they are no more than a thousand; see [`History::bytes`].
pub const MOST_BYTES: usize = 3 << 20;
const MOST_BYTES_OF_ONE: usize = 256 << 10;
const FEWEST_BYTES: usize = 2560;
const FEWEST_ROUNDS: usize = 32;
