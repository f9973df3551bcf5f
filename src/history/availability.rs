//! How often did it work? Rounds counted by five minutes of the clock over an hour, by the hour over a day, and since the start.

use super::brief::RoundBrief;
use crate::named::named;
use crate::plan::AccessPath;
use crate::report::Verdict;
use std::collections::VecDeque;
use time::OffsetDateTime;

named! {
    /// A time over which availability is told.
    pub enum Window {
        /// The current five minutes of the clock and the twelve times five before: 60 to 65 minutes.
        Hour = "hour",
        /// The current hour of the clock and the 24 before: 24 to 25 hours.
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

/// The last hour, the last day, and all.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    hour: Ring<300, 12>,
    day: Ring<3600, 24>,
    since_start: Tallies<Availability>,
}

/// The rounds of the current `SECONDS` of the clock, and of `BEFORE` times as many before. Where no round was, no place is taken.
#[derive(Debug, Clone, Default)]
struct Ring<const SECONDS: i64, const BEFORE: u8>(VecDeque<Bucket>);

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// How many times so many seconds since 1970.
    slot: i32,
    tallies: Tallies<Tally>,
}

/// A count for the target and one for each path.
#[derive(Debug, Clone, Copy, Default)]
struct Tallies<T> {
    target: T,
    paths: [T; AccessPath::ALL.len()],
}

/// As [`Availability`], for the rounds of one hour at most; one a second is the most that can be configured.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    passed: u16,
    rounds: u16,
}

impl Record {
    pub(super) fn add(&mut self, brief: &RoundBrief) {
        self.count(brief.at, None, brief.verdict == Verdict::Pass);
        for (path, one) in brief.paths.iter() {
            self.count(brief.at, Some(path), one.good);
        }
    }

    fn count(&mut self, at: OffsetDateTime, path: Option<AccessPath>, good: bool) {
        self.hour.at(at).of_mut(path).add(good);
        self.day.at(at).of_mut(path).add(good);
        let all = self.since_start.of_mut(path);
        all.passed += u64::from(good);
        all.rounds += 1;
    }

    pub(super) fn availability(
        &self,
        now: OffsetDateTime,
        window: Window,
        path: Option<AccessPath>,
    ) -> Option<Availability> {
        let sum = match window {
            Window::Hour => self.hour.sum(now, path),
            Window::Day => self.day.sum(now, path),
            Window::SinceStart => *self.since_start.of(path),
        };
        Some(sum).filter(|sum| sum.rounds > 0)
    }
}

impl<const SECONDS: i64, const BEFORE: u8> Ring<SECONDS, BEFORE> {
    /// Where to count what is of this moment. If the clock was set back, what was counted in its future is of now:
    /// buckets go by the clock, but none is lost when it errs.
    fn at(&mut self, moment: OffsetDateTime) -> &mut Tallies<Tally> {
        let slot = Self::slot(moment);
        let mut tallies = Tallies::default();
        while let Some(later) = self.0.back().copied().filter(|bucket| bucket.slot >= slot) {
            tallies.absorb(&later.tallies);
            self.0.pop_back();
        }
        if self.0.len() > usize::from(BEFORE) {
            self.0.pop_front();
        }
        self.0.push_back(Bucket { slot, tallies });
        &mut self.0.back_mut().expect("one was pushed").tallies
    }

    /// What was counted up to now. What the clock calls the future was counted before it was set back.
    fn sum(&self, now: OffsetDateTime, path: Option<AccessPath>) -> Availability {
        let first = Self::slot(now) - i32::from(BEFORE);
        let within = self.0.iter().rev().take_while(|bucket| bucket.slot >= first);
        within.fold(Availability::default(), |sum, bucket| {
            let tally = bucket.tallies.of(path);
            Availability { passed: sum.passed + u64::from(tally.passed), rounds: sum.rounds + u64::from(tally.rounds) }
        })
    }

    fn slot(moment: OffsetDateTime) -> i32 {
        i32::try_from(moment.unix_timestamp().div_euclid(SECONDS)).expect("years of four digits")
    }
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
