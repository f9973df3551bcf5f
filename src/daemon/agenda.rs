//! Which rounds begin now, and which were missed? The decision alone: given a moment, without a clock, a task or a socket.

use super::bucket::Bucket;
use super::cadence::Cadence;
use crate::config::LoadSettings;
use std::time::Duration;
use tokio::time::Instant;

/// The targets and the room for their rounds.
#[derive(Debug)]
pub(super) struct Agenda<T> {
    /// The targets, in the order of the configuration.
    pub(super) places: Vec<Place<T>>,
    /// DNS queries over all targets.
    bucket: Bucket,
    most_in_flight: usize,
    in_flight: usize,
}

/// One target as far as its turn is concerned.
#[derive(Debug)]
pub(super) struct Place<T> {
    /// Whose place it is.
    pub(super) of: T,
    /// When it is due by itself; never if others say when.
    pub(super) cadence: Option<Cadence>,
    /// Since when it waits, if it has missed a moment while it found no room.
    pub(super) late_since: Option<Instant>,
    /// Since when somebody asks for a round.
    pub(super) asked: Option<Instant>,
    /// Whether a round is under way: its own, or one of a predecessor of the same name.
    pub(super) is_busy: bool,
    /// What a round of it is expected to take.
    pub(super) weight: Weight,
}

/// What a round takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Weight {
    /// Paths that are under way at once.
    pub(super) paths: usize,
    /// DNS queries.
    pub(super) queries: usize,
}

/// What is to be done now.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Decision {
    /// Whose rounds begin.
    pub(super) start: Vec<Start>,
    /// Who missed how many.
    pub(super) missed: Vec<(usize, u64)>,
}

/// A round that begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Start {
    /// Whose, by index.
    pub(super) at: usize,
    /// Whether it was due by itself; else somebody asked for it.
    pub(super) is_regular: bool,
}

impl<T> Agenda<T> {
    pub(super) fn new(load: LoadSettings, now: Instant) -> Self {
        Self {
            places: Vec::new(),
            bucket: Bucket::new(load.dns_queries_per_second, now),
            most_in_flight: most_in_flight(load),
            in_flight: 0,
        }
    }

    /// Changes the bounds; rounds under way stay.
    pub(super) fn set_load(&mut self, load: LoadSettings, now: Instant) {
        self.bucket.set_rate(load.dns_queries_per_second, now);
        self.most_in_flight = most_in_flight(load);
    }

    /// Says what begins now: whoever waits longest comes first, and nobody overtakes a round that finds no room.
    pub(super) fn decide(&mut self, now: Instant) -> Decision {
        let mut decision = Decision::default();
        for (at, place) in self.places.iter_mut().enumerate() {
            let missed = place.miss(now);
            if missed > 0 {
                decision.missed.push((at, missed));
            }
        }
        while let Some(at) = self.first(now) {
            let place = &mut self.places[at];
            if !has_room(self.most_in_flight, self.in_flight, place.weight)
                || !self.bucket.take(place.weight.queries, now)
            {
                break;
            }
            self.in_flight += place.weight.paths;
            decision.start.push(Start { at, is_regular: place.start(now) });
        }
        decision
    }

    /// When to decide again, if nothing happens before.
    pub(super) fn wake(&self, now: Instant) -> Option<Instant> {
        let own = self.places.iter().filter_map(|place| {
            let cadence = place.cadence?;
            // one that waits already can only be missed
            Some(if place.is_busy || cadence.is_due(now) { cadence.after() } else { cadence.due() })
        });
        let held_back = self.first(now).map(|at| self.places[at].weight).filter(|weight| self.has_room(*weight));
        let bucket = held_back.map(|weight| self.bucket.ready_at(weight.queries, now));
        own.chain(bucket).min()
    }

    /// Gives back what a round took. It is known now how many queries it sent.
    pub(super) fn end(&mut self, weight: Weight, queries: usize, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(weight.paths);
        self.bucket.settle(weight.queries, queries, now);
    }

    /// Whether somebody has waited for long although there is room: then the daemon is ill.
    pub(super) fn is_stuck(&self, now: Instant) -> bool {
        let waiting = self.first(now).map(|at| &self.places[at]);
        waiting.is_some_and(|place| {
            let ready = self.bucket.ready_at(place.weight.queries, now) <= now + SHORT;
            let since = place.ripe_since(now).unwrap_or(now);
            ready && self.has_room(place.weight) && now.saturating_duration_since(since) > MOST_IDLE_WAIT
        })
    }

    /// How many paths are under way.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Who has waited longest, of those whose round could begin.
    fn first(&self, now: Instant) -> Option<usize> {
        let ripe = self.places.iter().enumerate().filter_map(|(at, place)| Some((place.ripe_since(now)?, at)));
        ripe.min().map(|(_, at)| at)
    }

    fn has_room(&self, weight: Weight) -> bool {
        has_room(self.most_in_flight, self.in_flight, weight)
    }
}

impl<T> Place<T> {
    fn ripe_since(&self, now: Instant) -> Option<Instant> {
        let due = self.cadence.filter(|cadence| cadence.is_due(now)).map(|cadence| cadence.due());
        let due = due.map(|due| self.late_since.unwrap_or(due));
        if self.is_busy { None } else { due.into_iter().chain(self.asked).min() }
    }

    /// Gives up the moments that are over, and counts them. Whoever waits for room keeps the place in the queue.
    fn miss(&mut self, now: Instant) -> u64 {
        let Some(cadence) = &mut self.cadence else { return 0 };
        let due = cadence.due();
        let missed = cadence.miss(now);
        if missed > 0 && !self.is_busy {
            self.late_since.get_or_insert(due);
        }
        missed
    }

    /// Takes the turn, and says whether it was a regular one.
    fn start(&mut self, now: Instant) -> bool {
        self.is_busy = true;
        self.asked = None;
        self.late_since = None;
        let due = self.cadence.as_mut().filter(|cadence| cadence.is_due(now));
        due.map(Cadence::take).is_some()
    }
}

/// A round that is larger than all the room begins when nothing else is under way.
fn has_room(most: usize, in_flight: usize, weight: Weight) -> bool {
    in_flight == 0 || in_flight + weight.paths <= most
}

fn most_in_flight(load: LoadSettings) -> usize {
    usize::try_from(load.max_in_flight).unwrap_or(usize::MAX)
}

const SHORT: Duration = Duration::from_millis(1);
const MOST_IDLE_WAIT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::super::cadence::{Moment, Phase};
    use super::*;
    use proptest::prelude::*;

    const LOAD: LoadSettings = LoadSettings { max_in_flight: 8, dns_queries_per_second: 1000 };

    fn agenda(load: LoadSettings, targets: usize, interval: Duration, now: Instant) -> Agenda<()> {
        let mut agenda = Agenda::new(load, now);
        let begin = Moment { at: now, since_1970: Duration::ZERO };
        agenda.places = (0..targets)
            .map(|n| Place {
                of: (),
                cadence: Some(Cadence::new(interval, Phase::of("host", &n.to_string()), begin)),
                late_since: None,
                asked: None,
                is_busy: false,
                weight: Weight { paths: 4, queries: 6 },
            })
            .collect();
        agenda
    }

    fn started(decision: &Decision) -> Vec<usize> {
        decision.start.iter().map(|start| start.at).collect()
    }

    #[test]
    fn what_finds_no_room_waits_and_is_then_missed() {
        let now = Instant::now();
        let mut agenda = agenda(LOAD, 3, Duration::from_secs(10), now);
        let later = now + Duration::from_secs(10);
        let first = agenda.decide(later);
        assert_eq!(first.start.len(), 2, "two rounds of four paths fit into eight");
        let left = (0..3).find(|at| !agenda.places[*at].is_busy).unwrap();
        let wake = agenda.wake(later).unwrap();
        assert!(wake > later, "room is made by an end, not by time");
        let second = agenda.decide(later + Duration::from_secs(10));
        assert!(second.start.is_empty());
        assert!(second.missed.contains(&(left, 1)));
    }

    #[test]
    fn nobody_overtakes_whoever_waits_longest() {
        let now = Instant::now();
        let mut agenda = agenda(LOAD, 3, Duration::from_secs(10), now);
        for place in &mut agenda.places {
            place.cadence = None;
        }
        agenda.places[0].asked = Some(now + Duration::from_millis(2));
        agenda.places[1].asked = Some(now);
        agenda.places[1].weight.paths = 8;
        agenda.places[2].asked = Some(now + Duration::from_millis(1));
        agenda.in_flight = 1;
        let later = now + Duration::from_secs(1);
        assert!(agenda.decide(later).start.is_empty(), "the small ones do not pass the large one");
        agenda.end(Weight { paths: 1, queries: 0 }, 0, later);
        assert_eq!(started(&agenda.decide(later)), [1]);
        agenda.places[1].is_busy = false;
        agenda.end(Weight { paths: 8, queries: 6 }, 6, later);
        assert_eq!(started(&agenda.decide(later)), [2, 0]);
    }

    #[test]
    fn where_there_is_too_little_room_everybody_gets_a_turn() {
        let begin = Instant::now();
        let mut agenda = agenda(LOAD, 8, Duration::from_secs(2), begin);
        let mut rounds = [0; 8];
        let mut ends = [None; 8];
        for now in (1..600).map(|tenth| begin + Duration::from_millis(100 * tenth)) {
            let over = |end: &Option<Instant>| end.is_some_and(|end| end <= now);
            while let Some(at) = ends.iter().position(over) {
                (ends[at], agenda.places[at].is_busy) = (None, false);
                agenda.end(agenda.places[at].weight, 6, now);
            }
            for at in started(&agenda.decide(now)) {
                rounds[at] += 1;
                ends[at] = Some(now + Duration::from_secs(3));
            }
        }
        let (least, most) = (rounds.iter().min().unwrap(), rounds.iter().max().unwrap());
        assert!(*least >= 4 && most - least <= 1, "{rounds:?}");
    }

    #[test]
    fn queries_are_waited_for() {
        let now = Instant::now();
        let load = LoadSettings { max_in_flight: 1000, dns_queries_per_second: 12 };
        let mut agenda = agenda(load, 4, Duration::from_secs(100), now);
        let later = now + Duration::from_secs(10);
        assert_eq!(agenda.decide(later).start.len(), 2);
        let wake = agenda.wake(later).unwrap();
        assert!(wake > later + Duration::from_millis(490) && wake < later + Duration::from_millis(510));
        assert!(!agenda.is_stuck(later + Duration::from_millis(100)));
        assert_eq!(agenda.decide(wake).start.len(), 1);
    }

    #[test]
    fn a_round_that_was_asked_for_takes_no_regular_turn() {
        let now = Instant::now();
        let mut agenda = agenda(LOAD, 1, Duration::from_secs(3600), now);
        let due = agenda.places[0].cadence;
        agenda.places[0].asked = Some(now);
        assert_eq!(agenda.decide(now).start, [Start { at: 0, is_regular: false }]);
        assert_eq!(agenda.places[0].cadence, due);
    }

    #[test]
    fn a_due_target_that_is_ignored_is_noticed() {
        let now = Instant::now();
        let mut agenda = agenda(LOAD, 1, Duration::from_secs(3600), now);
        assert!(!agenda.is_stuck(now), "an hourly interval is progress");
        let late = agenda.places[0].cadence.unwrap().due() + Duration::from_secs(6);
        assert!(agenda.is_stuck(late));
        agenda.places[0].is_busy = true;
        assert!(!agenda.is_stuck(late));
    }

    proptest! {
        /// Every moment that passes is a round that began, a round that was missed, or one that still waits.
        #[test]
        fn no_round_is_lost_without_being_counted(
            targets in 1_usize..12,
            room in 4_u32..20,
            rate in 6_u32..60,
            steps in prop::collection::vec((1_u64..4000, any::<prop::sample::Index>()), 1..80),
        ) {
            let begin = Instant::now();
            let load = LoadSettings { max_in_flight: room, dns_queries_per_second: rate };
            let mut agenda = agenda(load, targets, Duration::from_secs(2), begin);
            let mut all: Vec<Cadence> = agenda.places.iter().map(|place| place.cadence.unwrap()).collect();
            let (mut now, mut started, mut missed) = (begin, 0, 0);
            for (wait, which) in steps {
                now += Duration::from_millis(wait);
                let running: Vec<usize> = (0..targets).filter(|at| agenda.places[*at].is_busy).collect();
                if !running.is_empty() {
                    let at = running[which.index(running.len())];
                    agenda.places[at].is_busy = false;
                    agenda.end(agenda.places[at].weight, 6, now);
                }
                let decision = agenda.decide(now);
                started += decision.start.len() as u64;
                missed += decision.missed.iter().map(|(_, count)| count).sum::<u64>();
                prop_assert!(agenda.in_flight() <= usize::try_from(room).unwrap());
                prop_assert!(agenda.wake(now).is_none_or(|wake| wake > now));
            }
            let waiting = agenda.places.iter().filter(|place| place.cadence.unwrap().is_due(now)).count() as u64;
            let mut passed = 0;
            for cadence in &mut all {
                while cadence.is_due(now) {
                    cadence.take();
                    passed += 1;
                }
            }
            prop_assert_eq!(passed, started + missed + waiting);
        }
    }
}
