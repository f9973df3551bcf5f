//! At which moments is a target due? Every interval, at a phase of its own: the same after a restart, and another on each host.

use std::time::Duration;
use tokio::time::Instant;

/// This moment by both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// By the clock that nobody sets.
    pub(super) at: Instant,
    /// Since 1970 by the wall clock; from here on it is not looked at again, so that setting it does no harm.
    pub(super) since_1970: Duration,
}

/// A place between 0 and 1 that depends on the host and the target alone, so that neither targets nor hosts are due in a herd.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Phase(u64);

impl Phase {
    /// FNV-1a, then the finalizer of SplitMix64, which spreads names that differ in one letter.
    pub(super) fn of(host: &str, target: &str) -> Self {
        let bytes = host.bytes().chain([0]).chain(target.bytes());
        let fnv = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let mixed = (fnv ^ (fnv >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self(mixed ^ (mixed >> 31))
    }

    /// The part of a length of time.
    fn of_length(self, length: Duration) -> Duration {
        nanos((u128::from(self.0) * length.as_nanos()) >> 64)
    }
}

/// When a target is due next, and ever after.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cadence {
    interval: Duration,
    /// A regular moment; the others are whole intervals away.
    regular: Instant,
    /// The next moment.
    due: Instant,
}

impl Cadence {
    /// The regular moments are `k · interval + phase` by the wall clock. So that nobody waits an hour after a start, there is one
    /// more at the beginning, unless a regular one comes soon.
    pub(super) fn new(interval: Duration, phase: Phase, now: Moment) -> Self {
        let soon = interval.min(MOST_BEFORE_FIRST);
        let into_interval = nanos(now.since_1970.as_nanos() % interval.as_nanos());
        let offset = phase.of_length(interval);
        let next = if offset >= into_interval { offset } else { offset + interval };
        let wait = next.saturating_sub(into_interval);
        let regular = now.at + wait;
        let due = if wait <= soon { regular } else { now.at + phase.of_length(soon) };
        Self { interval, regular, due }
    }

    /// The next moment; in the past if nothing was done about it yet.
    pub(super) fn due(&self) -> Instant {
        self.due
    }

    /// The moment after the next one.
    pub(super) fn after(&self) -> Instant {
        self.following(self.due)
    }

    /// Whether a round is due.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.due <= now
    }

    /// Gives up the moments that another one has followed already, and counts them.
    pub(super) fn miss(&mut self, now: Instant) -> u64 {
        if self.after() > now {
            return 0;
        }
        let latest = self.whole(now);
        // the one at the beginning stands before the regular ones
        let passed = if self.due < self.regular { latest + 1 } else { latest - self.whole(self.due) };
        self.due = self.regular + self.interval * latest;
        u64::from(passed)
    }

    /// Takes the next moment: a round begins.
    pub(super) fn take(&mut self) {
        self.due = self.after();
    }

    /// The first regular moment after another one.
    fn following(&self, moment: Instant) -> Instant {
        if moment < self.regular { self.regular } else { self.regular + self.interval * (self.whole(moment) + 1) }
    }

    /// Whole intervals from the first regular moment on.
    fn whole(&self, moment: Instant) -> u32 {
        let passed = moment.saturating_duration_since(self.regular).as_nanos() / self.interval.as_nanos();
        u32::try_from(passed).unwrap_or(u32::MAX - 1)
    }
}

fn nanos(nanos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// The first round comes within this time after a start.
const MOST_BEFORE_FIRST: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn moment(since_1970: u64) -> Moment {
        Moment { at: Instant::now(), since_1970: Duration::from_secs(since_1970) }
    }

    #[test]
    fn the_phase_is_the_same_after_a_restart() {
        let phase = Phase::of("host", "orders");
        let wall = |start: u64| {
            let now = moment(start);
            let mut cadence = Cadence::new(HOUR, phase, now);
            while cadence.due < cadence.regular {
                cadence.take();
            }
            (now.since_1970 + (cadence.due - now.at)).as_nanos() % HOUR.as_nanos()
        };
        assert_eq!(wall(1_000_000), wall(1_234_567));
        assert_eq!(wall(1_000_000), phase.of_length(HOUR).as_nanos());
    }

    #[test]
    fn the_first_round_comes_soon() {
        for name in 0..1000 {
            let now = moment(1_000_000 + name * 37);
            let cadence = Cadence::new(HOUR, Phase::of("host", &format!("target-{name}")), now);
            assert!(cadence.due >= now.at && cadence.due <= now.at + MOST_BEFORE_FIRST);
        }
    }

    #[test]
    fn targets_and_hosts_are_spread() {
        let mut tenths = [0; 10];
        for n in 0..1000 {
            for phase in [Phase::of("host", &format!("orders-{n}")), Phase::of(&format!("host-{n}"), "orders")] {
                tenths[usize::try_from(phase.of_length(Duration::from_secs(10)).as_secs()).unwrap()] += 1;
            }
        }
        assert!(tenths.iter().all(|count| (150..250).contains(count)), "{tenths:?}");
    }

    #[test]
    fn the_phase_of_a_name_never_changes() {
        // a new version that hashes otherwise would move every target of a fleet at once
        assert_eq!(Phase::of("host", "orders"), Phase(2_225_051_562_822_682_990));
    }

    #[test]
    fn a_long_halt_is_counted_and_gives_one_round() {
        let now = moment(1_000_000);
        let mut cadence = Cadence::new(Duration::from_secs(15), Phase::of("host", "orders"), now);
        cadence.take();
        let late = cadence.due() + Duration::from_secs(3600);
        assert_eq!(cadence.miss(late), 240);
        assert!(cadence.is_due(late));
        cadence.take();
        assert!(!cadence.is_due(late));
        assert_eq!(cadence.miss(late), 0);
    }

    proptest! {
        /// Whatever happens when, each moment is taken, missed or still to come: none is lost, none is counted twice.
        #[test]
        fn no_moment_is_lost(
            interval in 1_u64..5000,
            start in 0_u64..1_000_000,
            steps in prop::collection::vec((0_u64..20_000, any::<bool>()), 0..50),
        ) {
            let interval = Duration::from_millis(interval);
            let begin = Moment { at: Instant::now(), since_1970: Duration::from_millis(start) };
            let mut cadence = Cadence::new(interval, Phase::of("host", "orders"), begin);
            let first = cadence;
            let (mut now, mut taken, mut missed) = (begin.at, 0, 0);
            for (wait, is_free) in steps {
                now += Duration::from_millis(wait);
                missed += cadence.miss(now);
                prop_assert!(cadence.after() > now);
                if is_free && cadence.is_due(now) {
                    cadence.take();
                    taken += 1;
                }
            }
            let mut passed = 0;
            let mut all = first;
            while all.is_due(now) {
                all.take();
                passed += 1;
            }
            prop_assert_eq!(passed, taken + missed + u64::from(cadence.is_due(now)));
        }
    }
}
