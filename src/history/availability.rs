//! How often did it work? Rounds counted by ten minutes of the clock over a day, and since the start.

use super::brief::RoundBrief;
use super::snug;
use crate::named::named;
use crate::plan::AccessPath;
use crate::report::Verdict;
use std::collections::VecDeque;
use time::OffsetDateTime;

named! {
    /// A time over which availability is told.
    pub enum Window {
        /// The current ten minutes of the clock and the six times ten before: 60 to 70 minutes.
        Hour = "hour",
        /// The current ten minutes of the clock and the 144 times ten before: 24 hours and up to ten minutes.
        Day = "day",
        /// Since the daemon first knew the target.
        SinceStart = "since-start",
    }
}

/// How many of some rounds were good.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Availability {
    /// Rounds that were good.
    pub passed: u64,
    /// All rounds; never zero.
    pub rounds: u64,
}

impl Availability {
    /// The part of the rounds that were good, from 0 to 1.
    pub fn ratio(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
        let ratio = self.passed as f64 / self.rounds as f64;
        ratio
    }
}

/// The rounds of a day by ten minutes, and the sum of all. Ten minutes without a round take no place.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    buckets: VecDeque<Bucket>,
    since_start: Tallies<Availability>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// Tens of minutes since 1970.
    slot: i32,
    tallies: Tallies<Tally>,
}

/// A count for the target and one for each path.
#[derive(Debug, Clone, Copy, Default)]
struct Tallies<T> {
    target: T,
    paths: [T; AccessPath::ALL.len()],
}

/// As [`Availability`], for the rounds of ten minutes; one a second is the most that can be configured.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    passed: u16,
    rounds: u16,
}

impl Record {
    pub(super) fn add(&mut self, brief: &RoundBrief) {
        let bucket = newest(&mut self.buckets, slot(brief.at));
        let mut count = |path: Option<AccessPath>, good: bool| {
            bucket.tallies.of_mut(path).add(good);
            let all = self.since_start.of_mut(path);
            all.passed += u64::from(good);
            all.rounds += 1;
        };
        count(None, brief.verdict == Verdict::Pass);
        for (path, one) in brief.paths.iter() {
            count(Some(path), one.good);
        }
    }

    pub(super) fn availability(
        &self,
        now: OffsetDateTime,
        window: Window,
        path: Option<AccessPath>,
    ) -> Option<Availability> {
        let slots = match window {
            Window::Hour => 6,
            Window::Day => SLOTS_OF_A_DAY,
            Window::SinceStart => return Some(*self.since_start.of(path)).filter(|all| all.rounds > 0),
        };
        // what the clock calls the future was counted before it was set back
        let within = self.buckets.iter().rev().take_while(|bucket| bucket.slot >= slot(now) - slots);
        let sum = within.fold(Availability::default(), |sum, bucket| {
            let tally = bucket.tallies.of(path);
            Availability { passed: sum.passed + u64::from(tally.passed), rounds: sum.rounds + u64::from(tally.rounds) }
        });
        Some(sum).filter(|sum| sum.rounds > 0)
    }
}

/// The newest bucket, which is the slot's. If the clock was set back, what was counted in its future is of now:
/// buckets go by the clock, but none is lost when it errs.
fn newest(buckets: &mut VecDeque<Bucket>, slot: i32) -> &mut Bucket {
    let mut tallies = Tallies::default();
    while let Some(later) = buckets.back().copied().filter(|bucket| bucket.slot >= slot) {
        tallies.absorb(&later.tallies);
        buckets.pop_back();
    }
    if buckets.len() == MOST_BUCKETS {
        buckets.pop_front();
    }
    snug::push(buckets, Bucket { slot, tallies });
    buckets.back_mut().expect("one was pushed")
}

impl<T> Tallies<T> {
    fn of(&self, path: Option<AccessPath>) -> &T {
        path.map_or(&self.target, |path| &self.paths[path as usize])
    }

    fn of_mut(&mut self, path: Option<AccessPath>) -> &mut T {
        match path {
            None => &mut self.target,
            Some(path) => &mut self.paths[path as usize],
        }
    }
}

impl Tallies<Tally> {
    fn absorb(&mut self, other: &Self) {
        self.target.absorb(other.target);
        for (one, other) in self.paths.iter_mut().zip(other.paths) {
            one.absorb(other);
        }
    }
}

impl Tally {
    fn add(&mut self, good: bool) {
        self.absorb(Self { passed: good.into(), rounds: 1 });
    }

    fn absorb(&mut self, other: Self) {
        self.passed = self.passed.saturating_add(other.passed);
        self.rounds = self.rounds.saturating_add(other.rounds);
    }
}

fn slot(at: OffsetDateTime) -> i32 {
    i32::try_from(at.unix_timestamp().div_euclid(SLOT_SECONDS)).expect("years of four digits")
}

const SLOT_SECONDS: i64 = 600;
const SLOTS_OF_A_DAY: i32 = 144;
/// The current one and those of a day.
const MOST_BUCKETS: usize = 145;
