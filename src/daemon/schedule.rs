//! When is which target probed? One scheduler for all of them: it begins rounds, records their results, and changes course on orders.

mod course;

use super::agenda::{Agenda, Place, Start, Weight};
use super::board::{Board, LEAST_ROUND, Order, ProbeRefusal, ProbeReply, TIME_TO_ANSWER};
use super::files::Files;
use super::line;
use super::logging;
use super::reading::{Origin, Reloads};
use super::rounds::{Defect, Rounds};
use super::systemd::{StatusLine, Watchdog};
use super::web::WebServer;
use crate::config::{Config, LogLevel, Scheduled};
use crate::observation::{QueryOutcome, Row};
use crate::probe::{Limits, Net};
use crate::report::Report;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// All targets, and the rounds under way.
#[derive(Debug)]
pub(super) struct Scheduler {
    agenda: Agenda<Entry>,
    rounds: Rounds<Flight, Report>,
    reloads: Reloads,
    host: Host,
    net: Rc<Net>,
    web: WebServer,
    board: Arc<Board>,
    files: Files,
    status_line: StatusLine,
    watchdog: Watchdog,
}

/// What does not change while the daemon runs.
#[derive(Debug)]
pub(super) struct Host {
    /// What tells this host from others.
    pub(super) id: String,
    /// Proxy variables that are set, for the reports.
    pub(super) ignored_proxy_variables: Rc<[String]>,
    /// Where the configuration comes from.
    pub(super) origin: Origin,
}

/// A target. Whether it is still the same after a reload is a matter of the pointer.
#[derive(Debug)]
struct Entry {
    scheduled: Rc<Scheduled>,
    last: Option<Last>,
    waiting: Vec<Waiting>,
}

/// The last round.
#[derive(Debug)]
struct Last {
    ended: Instant,
    report: Arc<Report>,
}

/// A round under way.
#[derive(Debug)]
struct Flight {
    scheduled: Rc<Scheduled>,
    weight: Weight,
    deadline: Instant,
    waiting: Vec<Waiting>,
}

/// Who waits for a round.
#[derive(Debug)]
struct Waiting {
    until: Instant,
    /// When a round that has not begun would have too little time left to tell anything.
    begin_by: Instant,
    reply: ProbeReply,
}

impl Scheduler {
    pub(super) fn new(
        (config, net): (Config, Net),
        host: Host,
        board: Arc<Board>,
        (files, web): (Files, WebServer),
    ) -> Self {
        let now = Instant::now();
        let mut scheduler = Self {
            agenda: Agenda::new(config.load, now),
            rounds: Rounds::new(),
            reloads: Reloads::of(host.origin.clone()),
            host,
            net: Rc::new(net),
            web,
            status_line: StatusLine::new(board.change(|status| line::line(status)), now),
            watchdog: Watchdog::new(now),
            board,
            files,
        };
        scheduler.put_in_force(config);
        scheduler.web.set_ready();
        scheduler
    }

    /// Runs until it is dropped.
    pub(super) async fn run(&mut self, orders: &mut mpsc::Receiver<Order>) {
        loop {
            let now = Instant::now();
            self.dismiss(now);
            self.begin_rounds(now);
            self.tell_systemd(now);
            tokio::select! {
                () = sleep_until(self.wake(now)) => {}
                (flight, result) = self.rounds.next() => self.end(flight, result),
                (read, waiting) = self.reloads.next() => {
                    let outcome = self.reload(read);
                    for reply in waiting {
                        let _ = reply.send(outcome.clone());
                    }
                    self.reloads.go_on();
                }
                Some(order) = orders.recv() => match order {
                    Order::Probe { target, within, reply } => self.probe(&target, within, reply),
                    Order::Reload { reply } => self.reloads.ask(reply),
                },
            }
        }
    }

    /// Begins nothing more, and waits for the rounds and answers under way, but not for long.
    pub(super) async fn wind_down(&mut self) {
        for place in &mut self.agenda.places {
            place.of.waiting.clear();
        }
        let last = self.rounds.iter().map(|flight| flight.deadline).max();
        // a round that ends by its deadline ends a moment later
        let until = last.map_or_else(Instant::now, |last| (last + SLACK).min(Instant::now() + MOST_WINDING_DOWN));
        while !self.rounds.is_empty() {
            tokio::select! {
                (flight, result) = self.rounds.next() => self.end(flight, result),
                () = sleep_until(until) => break,
            }
        }
        self.web.ended().await;
    }

    fn wake(&self, now: Instant) -> Instant {
        let held_back = self.agenda.places.iter().flat_map(|place| &place.of.waiting).map(|one| one.begin_by);
        let waiting = held_back.chain(self.rounds.iter().flat_map(|flight| &flight.waiting).map(|one| one.until));
        let others = [self.agenda.wake(now), self.status_line.due(), self.watchdog.due()];
        waiting.chain(others.into_iter().flatten()).min().unwrap_or(now + MOST_SLEEP).min(now + MOST_SLEEP)
    }

    fn begin_rounds(&mut self, now: Instant) {
        let decision = self.agenda.decide(now);
        if decision.start.is_empty() && decision.missed.is_empty() {
            return;
        }
        for start in &decision.start {
            self.begin(*start, now);
        }
        let (agenda, wall) = (&self.agenda, OffsetDateTime::now_utc());
        self.board.change(|status| {
            for (at, missed) in decision.missed {
                status.targets[at].missed_rounds += missed;
                status.targets[at].next_round = course::next_round(&agenda.places[at], now, wall);
            }
            for start in &decision.start {
                status.targets[start.at].next_round = course::next_round(&agenda.places[start.at], now, wall);
            }
            status.rounds.started += decision.start.len() as u64;
            status.rounds.paths_in_flight = agenda.in_flight();
        });
    }

    fn begin(&mut self, start: Start, now: Instant) {
        let place = &mut self.agenda.places[start.at];
        let scheduled = place.of.scheduled.clone();
        let waiting = std::mem::take(&mut place.of.waiting);
        let limits = scheduled.check.limits;
        let timeout = match waiting.iter().map(|one| one.until).max() {
            // who owns the schedule says how long a round may take; nobody else makes one too short to tell anything
            Some(until) if place.cadence.is_none() => {
                // the answer is to come before they go
                (until - now).saturating_sub(TIME_TO_ANSWER).max(LEAST_ROUND).min(limits.timeout)
            }
            _ => limits.timeout,
        };
        let flight = Flight { scheduled: scheduled.clone(), weight: place.weight, deadline: now + timeout, waiting };
        let name: Arc<str> = scheduled.check.target.name.as_str().into();
        let share = self.net.share.as_ref().map(|share| share.of(name.clone()));
        let (net, proxies) = (Net { share, ..(*self.net).clone() }, self.host.ignored_proxy_variables.clone());
        self.rounds.start(name, flight, async move {
            let limits = Limits { timeout, ..limits };
            scheduled.check.run_within(&limits, &net, &proxies).await
        });
    }

    fn end(&mut self, flight: Flight, result: Result<Report, Defect>) {
        let now = Instant::now();
        let name = &flight.scheduled.check.target.name;
        let result = result.map(Arc::new).map_err(|Defect| ProbeRefusal::Internal);
        let sent = result.as_ref().map_or(flight.weight.queries, |report| queries(report));
        self.agenda.end(flight.weight, sent, now);
        let at = self.agenda.places.iter().position(|place| place.of.scheduled.check.target.name == *name);
        if let Some(at) = at {
            self.agenda.places[at].is_busy = false;
        }
        // after a reload it may be the round of a target that is gone, or is another one now
        let at = at.filter(|at| Rc::ptr_eq(&self.agenda.places[*at].of.scheduled, &flight.scheduled));
        match at {
            Some(at) => self.record(at, sent, result.as_ref().ok(), now),
            None => self.board.change(|status| status.rounds.dropped += 1),
        }
        self.board.change(|status| status.rounds.paths_in_flight = self.agenda.in_flight());
        self.status_line.stale();
        self.files.stale();
        for one in flight.waiting {
            let _ = one.reply.send(result.clone());
        }
    }

    /// Records a round; without a report a defect of our own ended it.
    fn record(&mut self, at: usize, sent: usize, report: Option<&Arc<Report>>, now: Instant) {
        let place = &mut self.agenda.places[at];
        let level = self.board.change(|status| {
            status.rounds.recorded += 1;
            let history = Arc::make_mut(&mut status.targets[at].history);
            let Some(report) = report else {
                history.record_internal();
                return LogLevel::Debug;
            };
            match history.record(report.clone()) {
                Some(change) if change.is_worse() => LogLevel::Warn,
                Some(_) => LogLevel::Info,
                None => LogLevel::Debug,
            }
        });
        let Some(report) = report else { return };
        logging::log_round(report, level);
        place.weight.queries = sent;
        place.of.last = Some(Last { ended: now, report: report.clone() });
    }

    /// Answers with the last round if it is young, with the one under way, or with a new one.
    fn probe(&mut self, target: &str, within: Duration, reply: ProbeReply) {
        let now = Instant::now();
        let is_named = |place: &&mut Place<Entry>| place.of.scheduled.check.target.name == target;
        let Some(place) = self.agenda.places.iter_mut().find(is_named) else {
            let _ = reply.send(Err(ProbeRefusal::Unknown(target.to_owned())));
            return;
        };
        let entry = &mut place.of;
        if let Some(last) = entry.last.as_ref().filter(|last| now - last.ended < entry.scheduled.probe_min_age) {
            let _ = reply.send(Ok(last.report.clone()));
            return;
        }
        let within = within.min(LONGEST_WAIT);
        let waiting = Waiting { until: now + within, begin_by: now + within / 2, reply };
        let under_way = self.rounds.iter_mut().find(|flight| Rc::ptr_eq(&flight.scheduled, &entry.scheduled));
        if let Some(flight) = under_way {
            flight.waiting.push(waiting);
        } else {
            entry.waiting.push(waiting);
            place.asked.get_or_insert(now);
        }
    }

    /// Sends those away whose time is over; a round that nobody waits for any more is not begun.
    fn dismiss(&mut self, now: Instant) {
        for flight in self.rounds.iter_mut().filter(|flight| !flight.waiting.is_empty()) {
            dismiss(&mut flight.waiting, &ProbeRefusal::StillRunning, |one| one.until <= now);
        }
        for place in self.agenda.places.iter_mut().filter(|place| place.asked.is_some()) {
            dismiss(&mut place.of.waiting, &ProbeRefusal::HeldBack, |one| one.begin_by <= now);
            if place.of.waiting.is_empty() {
                place.asked = None;
            }
        }
    }

    fn tell_systemd(&mut self, now: Instant) {
        self.status_line.tell(now, || self.board.change(|status| line::line(status)));
        self.watchdog.feed(now, |patience| {
            let overdue = |flight: &Flight| now > flight.deadline + GRACE;
            if self.rounds.iter().any(overdue) {
                Some("a round does not end")
            } else if self.agenda.is_stuck(now) {
                Some("a target is due and its round does not begin")
            } else if self.board.since_beat() > patience + MOST_BEAT_LATE {
                Some("the web thread does not answer")
            } else {
                None
            }
        });
    }
}

/// DNS queries that a round really sent.
fn queries(report: &Report) -> usize {
    let canary = || report.round.canary.iter().map(|canary| &canary.seen);
    let lookups = || report.round.rows.iter().filter_map(Row::observation).chain(canary()).map(|seen| &seen.lookup);
    let own = lookups()
        .flat_map(|lookup| &lookup.queries)
        .filter(|query| !query.shared && query.outcome != QueryOutcome::NotSent)
        .count();
    own + 2 * lookups().filter(|lookup| lookup.second_opinion.is_some()).count()
}

fn dismiss(waiting: &mut Vec<Waiting>, refusal: &ProbeRefusal, is_over: impl Fn(&Waiting) -> bool) {
    for one in std::mem::take(waiting) {
        if is_over(&one) {
            let _ = one.reply.send(Err(refusal.clone()));
        } else if !one.reply.is_closed() {
            waiting.push(one);
        }
    }
}

/// Nobody waits longer than that for a round.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// How long the rounds under way may go on when the daemon ends.
pub(super) const MOST_WINDING_DOWN: Duration = Duration::from_secs(5);
const SLACK: Duration = Duration::from_millis(500);
/// How late the web thread may be with saying that it is alive, on a busy host.
const MOST_BEAT_LATE: Duration = Duration::from_secs(1);
/// A round that has not ended so long after its deadline never will.
const GRACE: Duration = Duration::from_secs(15);
const MOST_SLEEP: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests;
