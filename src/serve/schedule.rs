//! When is which target probed? One scheduler for all of them: it begins rounds, records their results, and changes course on orders.

use super::agenda::{Agenda, Place, Start, Weight};
use super::board::{Board, Order, ProbeRefusal, ProbeReply};
use super::cadence::{Cadence, Moment, Phase};
use super::files::Files;
use super::line;
use super::log::Direction;
use super::reading::{Read, ReadError, Reloads};
use super::rounds::{Defect, Rounds};
use super::systemd::{self, StatusLine, Watchdog};
use super::web::Web;
use crate::config::{Config, Scheduled};
use crate::history::{self, History};
use crate::observation::Row;
use crate::probe::{Limits, Net};
use crate::report::Report;
use crate::status::{Reload, Schedule, TargetStatus};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
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
    web: Web,
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
    pub(super) file: PathBuf,
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
    reply: ProbeReply,
}

impl Scheduler {
    pub(super) fn new(read: Read, host: Host, board: Arc<Board>, (files, web): (Files, Web)) -> Self {
        let now = Instant::now();
        let Read { config, net } = read;
        let mut scheduler = Self {
            agenda: Agenda::new(config.load, now),
            rounds: Rounds::new(),
            reloads: Reloads::of(host.file.clone()),
            host,
            net: Rc::new(net),
            web,
            status_line: StatusLine::new(board.change(|status| line::line(status)), now),
            watchdog: Watchdog::new(now),
            board,
            files,
        };
        scheduler.put_in_force(config);
        scheduler.web.ready();
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
        let waiting = self.agenda.places.iter().flat_map(|place| &place.of.waiting);
        let waiting = waiting.chain(self.rounds.iter().flat_map(|flight| &flight.waiting)).map(|one| one.until);
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
                status.targets[at].next_round = next_round(&agenda.places[at], now, wall);
            }
            for start in &decision.start {
                status.targets[start.at].next_round = next_round(&agenda.places[start.at], now, wall);
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
            // nobody who asks can make a round too short to tell anything
            Some(until) if !start.is_regular => (until - now).max(LEAST_TIMEOUT).min(limits.timeout),
            _ => limits.timeout,
        };
        let flight = Flight { scheduled: scheduled.clone(), weight: place.weight, deadline: now + timeout, waiting };
        let (net, proxies) = (self.net.clone(), self.host.ignored_proxy_variables.clone());
        self.rounds.start(scheduled.check.target.name.as_str().into(), flight, async move {
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
        let is_change = self.board.change(|status| {
            status.rounds.recorded += 1;
            let history = Arc::make_mut(&mut status.targets[at].history);
            let Some(report) = report else {
                history.record_internal();
                return false;
            };
            history.record(report.clone()).is_some()
        });
        let Some(report) = report else { return };
        let before = place.of.last.as_ref().map(|last| &*last.report);
        self.board.log.round(report, is_change.then(|| Direction::between(before, report)));
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
        let waiting = Waiting { until: now + within.min(LONGEST_WAIT), reply };
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
            dismiss(&mut flight.waiting, now, &ProbeRefusal::StillRunning);
        }
        for place in self.agenda.places.iter_mut().filter(|place| place.asked.is_some()) {
            dismiss(&mut place.of.waiting, now, &ProbeRefusal::HeldBack);
            if place.of.waiting.is_empty() {
                place.asked = None;
            }
        }
    }

    fn reload(&mut self, read: Result<Read, ReadError>) -> Result<(), String> {
        // its web side is tried before anything changes
        let tried = read.map_err(|error| error.to_string()).and_then(|read| {
            let web = self.web.prepare(&read.config).map_err(|error| error.to_string())?;
            Ok((read, web))
        });
        let outcome = match tried {
            Ok((Read { config, net }, web)) => {
                self.web.adopt(web);
                self.board.log.set(config.log);
                self.files.set(config.files.clone());
                self.net = Rc::new(net);
                self.agenda.set_load(config.load, Instant::now());
                self.put_in_force(config);
                self.board.log.info(format_args!("configuration reloaded: {} targets", self.agenda.places.len()));
                Ok(())
            }
            Err(refused) => {
                self.board.log.error(format_args!("configuration refused, the old one stays in force: {refused}"));
                self.board.change(|status| status.reload.refused = Some(refused.clone()));
                Err(refused)
            }
        };
        systemd::ready(&self.board.change(|status| line::line(status)));
        outcome
    }

    /// Takes on new targets, and lets go of those that are gone. One that is as before keeps its turn, its rounds and its history.
    fn put_in_force(&mut self, config: Config) {
        let now = Instant::now();
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let begin = Moment { at: now, since_1970: wall };
        let mut old: Vec<_> = self.agenda.places.drain(..).map(Some).collect();
        let mut kept = Vec::with_capacity(config.targets.len());
        for scheduled in config.targets {
            let same =
                old.iter().position(|place| place.as_ref().is_some_and(|place| *place.of.scheduled == scheduled));
            kept.push(same);
            let place = same.and_then(|at| old[at].take());
            self.agenda.places.push(place.unwrap_or_else(|| fresh(scheduled, &self.host.id, &self.rounds, begin)));
        }
        for waiting in old.into_iter().flatten().flat_map(|place| place.of.waiting) {
            let _ = waiting.reply.send(Err(ProbeRefusal::HeldBack));
        }
        let (places, wall) = (&self.agenda.places, OffsetDateTime::now_utc());
        let most_bytes = history::share(places.len());
        self.board.change(|status| {
            let mut old: Vec<_> = status.targets.drain(..).map(Some).collect();
            let targets = places.iter().zip(kept).map(|(place, same)| match same.and_then(|at| old[at].take()) {
                Some(mut target) => {
                    let paths = place.of.scheduled.check.plans().map(|plan| plan.path);
                    Arc::make_mut(&mut target.history).reconfigure(paths, most_bytes);
                    target
                }
                None => target_status(place, now, wall, most_bytes),
            });
            status.targets = targets.collect();
            status.reload = Reload { in_force_since: wall, refused: None };
        });
        self.status_line.stale();
        self.files.stale();
    }

    fn tell_systemd(&mut self, now: Instant) {
        self.status_line.tell(now, || self.board.change(|status| line::line(status)));
        self.watchdog.feed(now, &self.board.log, |patience| {
            let overdue = |flight: &Flight| now > flight.deadline + GRACE;
            if self.rounds.iter().any(overdue) {
                Some("a round does not end")
            } else if self.agenda.is_stuck(now) {
                Some("a target is due and its round does not begin")
            } else if self.board.since_beat() > patience + LEAST_TIMEOUT {
                Some("the web thread does not answer")
            } else {
                None
            }
        });
    }
}

fn fresh(scheduled: Scheduled, host: &str, rounds: &Rounds<Flight, Report>, begin: Moment) -> Place<Entry> {
    let name = &scheduled.check.target.name;
    let cadence = match scheduled.schedule {
        Schedule::Interval => Some(Cadence::new(scheduled.interval, Phase::of(host, name), begin)),
        Schedule::OnProbe => None,
    };
    Place {
        cadence,
        asked: None,
        is_busy: rounds.iter().any(|flight| flight.scheduled.check.target.name == *name),
        weight: Weight { paths: scheduled.check.plans().count(), queries: scheduled.check.usual_queries() },
        of: Entry { scheduled: Rc::new(scheduled), last: None, waiting: Vec::new() },
    }
}

/// A target before its first round.
fn target_status(place: &Place<Entry>, now: Instant, wall: OffsetDateTime, most_bytes: usize) -> TargetStatus {
    let scheduled = &place.of.scheduled;
    TargetStatus {
        name: scheduled.check.target.name.as_str().into(),
        schedule: scheduled.schedule,
        interval: scheduled.interval,
        next_round: next_round(place, now, wall),
        missed_rounds: 0,
        history: Arc::new(History::new(scheduled.check.plans().map(|plan| plan.path), most_bytes)),
    }
}

fn next_round(place: &Place<Entry>, now: Instant, wall: OffsetDateTime) -> Option<OffsetDateTime> {
    place.cadence.map(|cadence| wall + cadence.due().saturating_duration_since(now))
}

/// DNS queries that a round really sent.
fn queries(report: &Report) -> usize {
    let lookups = || report.round.rows.iter().filter_map(Row::observation).map(|seen| &seen.lookup);
    let own = lookups().flat_map(|lookup| &lookup.queries).filter(|query| !query.shared).count();
    own + 2 * lookups().filter(|lookup| lookup.second_opinion.is_some()).count()
}

fn dismiss(waiting: &mut Vec<Waiting>, now: Instant, refusal: &ProbeRefusal) {
    for one in std::mem::take(waiting) {
        if one.until <= now {
            let _ = one.reply.send(Err(refusal.clone()));
        } else if !one.reply.is_closed() {
            waiting.push(one);
        }
    }
}

/// However short the time that a caller gives, a round has this long, or its own deadline if that is shorter.
const LEAST_TIMEOUT: Duration = Duration::from_secs(1);
/// Nobody waits longer than that for a round.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// How long the rounds under way may go on when the daemon ends.
pub(super) const MOST_WINDING_DOWN: Duration = Duration::from_secs(5);
const SLACK: Duration = Duration::from_millis(500);
/// A round that has not ended so long after its deadline never will.
const GRACE: Duration = Duration::from_secs(15);
const MOST_SLEEP: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use super::super::board::ReloadReply;
    use super::super::log::Log;
    use super::*;
    use crate::config::FileSettings;
    use crate::probe::{Detour, Resolver, Trust};
    use crate::status::{self, Status};
    use std::fmt::Write as _;
    use std::future::Future;
    use std::net::TcpListener;
    use tokio::sync::oneshot;
    use tokio::task::{JoinHandle, LocalSet};

    /// A scheduler at work, with orders and the board to look at. Its targets are on loopback, without DNS.
    struct Desk {
        file: tempfile::NamedTempFile,
        board: Arc<Board>,
        orders: mpsc::Sender<Order>,
        /// Takes connections and says nothing until it is dropped: a round takes as long as its deadline.
        silence: TcpListener,
    }

    impl Desk {
        /// Puts a scheduler to work on a configuration; `SILENT` and `CLOSED` in it stand for ports.
        fn open(text: &str) -> (Self, JoinHandle<()>) {
            let (desk, mut scheduler, mut inbox) = Self::prepare(text);
            (desk, tokio::task::spawn_local(async move { scheduler.run(&mut inbox).await }))
        }

        fn prepare(text: &str) -> (Self, Scheduler, mpsc::Receiver<Order>) {
            let file = tempfile::NamedTempFile::new().unwrap();
            let now = OffsetDateTime::now_utc();
            let status = Status {
                started: now,
                targets: Vec::new(),
                reload: Reload { in_force_since: now, refused: None },
                rounds: status::Rounds::default(),
                outputs: Vec::new(),
            };
            let board = Arc::new(Board::new(status, Log::new()));
            let (orders, inbox) = mpsc::channel(64);
            let silence = TcpListener::bind("127.0.0.1:0").unwrap();
            let desk = Self { file, board, orders, silence };
            desk.write(text);
            let config = Config::read(desk.file.path()).unwrap();
            desk.board.log.set(config.log);
            let net = Net {
                resolver: Resolver::given(Vec::new()),
                vpc_resolver: None,
                trust: Trust::from_der(&[] as &[[u8; 0]]).unwrap(),
                detour: Detour::default(),
                share: None,
            };
            let host =
                Host { id: "host".into(), ignored_proxy_variables: Rc::new([]), file: desk.file.path().to_owned() };
            let files = Files::start(FileSettings::default(), &desk.board);
            let web = Web::start(&config, desk.board.clone(), desk.orders.clone(), false).unwrap();
            let scheduler = Scheduler::new(Read { config, net }, host, desk.board.clone(), (files, web));
            (desk, scheduler, inbox)
        }

        fn write(&self, text: &str) {
            let silent = self.silence.local_addr().unwrap().port().to_string();
            let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
            let text =
                format!("listen = [\"127.0.0.1:0\"]\nlog_level = \"error\"\ndns_servers = [\"127.0.0.1:9\"]\n{text}");
            std::fs::write(self.file.path(), text.replace("SILENT", &silent).replace("CLOSED", &closed)).unwrap();
        }

        async fn probe(&self, target: &str, within: Duration) -> Result<Arc<Report>, ProbeRefusal> {
            self.ask(target, within).await.await.unwrap()
        }

        async fn ask(&self, target: &str, within: Duration) -> oneshot::Receiver<Result<Arc<Report>, ProbeRefusal>> {
            let (reply, answer) = oneshot::channel();
            self.orders.send(Order::Probe { target: target.into(), within, reply }).await.unwrap();
            answer
        }

        async fn reload(&self, text: &str) -> Result<(), String> {
            self.write(text);
            let (reply, answer): (ReloadReply, _) = oneshot::channel();
            self.orders.send(Order::Reload { reply }).await.unwrap();
            answer.await.unwrap()
        }

        /// The status once it is as wished.
        async fn until(&self, wish: impl Fn(&Status) -> bool) -> Status {
            let deadline = Instant::now() + Duration::from_secs(20);
            loop {
                let status = self.board.status();
                if wish(&status) {
                    return status;
                }
                assert!(Instant::now() < deadline, "{status:?}");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }

    fn target(name: &str, port: &str, more: &str) -> String {
        let mut text = String::new();
        let url = "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test";
        let _ = write!(text, "[[target]]\nname = \"{name}\"\ninvoke_url = \"{url}\"\n");
        let _ = write!(text, "connect_to = \"127.0.0.1\"\nport = {port}\n{more}\n");
        text
    }

    fn history<'a>(status: &'a Status, name: &str) -> &'a Arc<History> {
        &status.targets.iter().find(|target| &*target.name == name).unwrap().history
    }

    fn run(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        LocalSet::new().block_on(&runtime, test);
    }

    const ON_PROBE: &str = "schedule = \"on-probe\"\ninterval = \"1h\"\ntimeout = \"2s\"";
    const SHORT: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn who_asks_at_once_or_soon_shares_a_round() {
        run(async {
            let (desk, _running) = Desk::open(&target("a", "CLOSED", ON_PROBE));
            let (one, other) = tokio::join!(desk.probe("a", LONG), desk.probe("a", LONG));
            let (one, other) = (one.unwrap(), other.unwrap());
            assert!(Arc::ptr_eq(&one, &other));
            assert!(Arc::ptr_eq(&one, &desk.probe("a", LONG).await.unwrap()), "half an hour is young enough");
            assert_eq!(desk.board.status().rounds.started, 1);
            assert_eq!(desk.probe("b", LONG).await, Err(ProbeRefusal::Unknown("b".into())));
        });
    }

    #[test]
    fn without_a_minimum_age_each_asks_anew() {
        run(async {
            let (desk, _running) = Desk::open(&target("a", "CLOSED", &format!("{ON_PROBE}\nprobe_min_age = \"0s\"")));
            desk.probe("a", LONG).await.unwrap();
            desk.probe("a", LONG).await.unwrap();
            assert_eq!(desk.board.status().rounds.recorded, 2);
        });
    }

    #[test]
    fn whose_time_is_over_is_sent_away_and_the_round_goes_on() {
        run(async {
            let (desk, _running) = Desk::open(&target("a", "SILENT", ON_PROBE));
            let patient = desk.ask("a", LONG).await;
            assert_eq!(desk.probe("a", SHORT).await, Err(ProbeRefusal::StillRunning));
            assert_eq!(desk.board.status().rounds.recorded, 0);
            assert!(patient.await.unwrap().unwrap().round.took >= Duration::from_millis(1900));
            assert_eq!(desk.board.status().rounds, status::Rounds { started: 1, recorded: 1, ..Default::default() });
        });
    }

    #[test]
    fn a_caller_in_a_hurry_gets_a_shorter_round() {
        run(async {
            let (desk, _running) = Desk::open(&target("a", "SILENT", ON_PROBE));
            assert_eq!(desk.probe("a", SHORT).await, Err(ProbeRefusal::StillRunning));
            let status = desk.until(|status| status.rounds.recorded == 1).await;
            let took = history(&status, "a").latest().unwrap().round.took;
            assert!(took >= Duration::from_millis(900) && took < Duration::from_millis(1900), "{took:?}");
        });
    }

    #[test]
    fn who_finds_no_room_is_sent_away_without_a_round() {
        run(async {
            let both = target("a", "SILENT", ON_PROBE) + &target("b", "CLOSED", ON_PROBE);
            let vpce = "vpce_dns_name = \"vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com\"";
            let both = both.replace("timeout", &format!("{vpce}\ntimeout"));
            let (desk, _running) = Desk::open(&format!("max_in_flight = 4\n{both}"));
            let a = desk.ask("a", LONG).await;
            desk.until(|status| status.rounds.paths_in_flight == 4).await;
            assert_eq!(desk.probe("b", SHORT).await, Err(ProbeRefusal::HeldBack));
            let b = desk.ask("b", LONG).await;
            a.await.unwrap().unwrap();
            b.await.unwrap().unwrap();
            assert_eq!(desk.board.status().rounds.started, 2, "nobody waited for a third");
        });
    }

    #[test]
    fn a_panic_is_counted_and_the_others_go_on() {
        run(async {
            let text = "interval = \"1s\"\n".to_owned() + &target("a", "CLOSED", ON_PROBE) + &target("b", "CLOSED", "");
            let (desk, mut scheduler, mut inbox) = Desk::prepare(&text);
            let place = &mut scheduler.agenda.places[0];
            place.is_busy = true;
            let (reply, answer) = oneshot::channel();
            let flight = Flight {
                scheduled: place.of.scheduled.clone(),
                weight: place.weight,
                deadline: Instant::now(),
                waiting: vec![Waiting { until: Instant::now() + LONG, reply }],
            };
            scheduler.rounds.start("a".into(), flight, async { panic!("a defect") });
            tokio::task::spawn_local(async move { scheduler.run(&mut inbox).await });
            assert_eq!(answer.await.unwrap(), Err(ProbeRefusal::Internal));
            let status = desk.until(|status| status.rounds.recorded >= 3).await;
            let counts: Vec<_> = history(&status, "a").paths().collect();
            assert!(counts.iter().all(|(_, counts)| counts.probes == 1 && counts.failures == [("internal", 1)]));
            assert_eq!(counts.len(), 1);
            desk.probe("a", LONG).await.unwrap();
        });
    }

    #[test]
    fn an_unchanged_target_keeps_everything_over_a_reload() {
        run(async {
            let (a, b) = (target("a", "SILENT", ON_PROBE), target("b", "CLOSED", ON_PROBE));
            let b2 = b.replace("test\"", "other\"");
            let (desk, _running) = Desk::open(&format!("{a}{b}"));
            let round = desk.ask("a", LONG).await;
            desk.probe("b", LONG).await.unwrap();
            let before = desk.board.status();
            desk.reload(&(target("c", "CLOSED", ON_PROBE) + &b2.replace("CLOSED", "1") + &a)).await.unwrap();
            let after = desk.board.status();
            let names: Vec<&str> = after.targets.iter().map(|target| &*target.name).collect();
            assert_eq!(names, ["c", "b", "a"]);
            assert!(after.reload.in_force_since > before.reload.in_force_since);
            assert!(history(&after, "b").latest().is_none(), "a changed target starts anew");
            round.await.unwrap().unwrap();
            let status = desk.until(|status| history(status, "a").latest().is_some()).await;
            assert_eq!(status.rounds.dropped, 0);
        });
    }

    #[test]
    fn the_late_round_of_a_changed_target_is_dropped_and_never_overlapped() {
        run(async {
            let (desk, _running) = Desk::open(&target("a", "SILENT", ON_PROBE));
            let old = desk.ask("a", LONG).await;
            desk.until(|status| status.rounds.started == 1).await;
            let new = target("a", "SILENT", ON_PROBE).replace("test\"", "other\"").replace("2s", "100ms");
            desk.reload(&new).await.unwrap();
            let asked = desk.ask("a", LONG).await;
            let (old, new) = (old.await.unwrap().unwrap(), asked.await.unwrap().unwrap());
            assert_eq!(old.round.target.path_and_query, "/test");
            assert_eq!(new.round.target.path_and_query, "/other");
            assert!(old.round.started + old.round.took <= new.round.started + Duration::from_millis(1));
            let status = desk.board.status();
            let counts = status::Rounds { started: 2, recorded: 1, dropped: 1, paths_in_flight: 0 };
            assert_eq!(status.rounds, counts);
            assert_eq!(history(&status, "a").latest().unwrap().round.target.path_and_query, "/other");
        });
    }

    #[test]
    fn a_removed_target_is_gone_at_once() {
        run(async {
            let (a, b) = (target("a", "SILENT", ON_PROBE), target("b", "CLOSED", ON_PROBE));
            let (desk, _running) = Desk::open(&format!("{a}{b}"));
            let round = desk.ask("a", LONG).await;
            desk.until(|status| status.rounds.started == 1).await;
            desk.reload(&b).await.unwrap();
            assert_eq!(desk.board.status().targets.len(), 1);
            assert_eq!(desk.probe("a", LONG).await, Err(ProbeRefusal::Unknown("a".into())));
            round.await.unwrap().unwrap();
            let status = desk.until(|status| status.rounds.dropped == 1).await;
            assert_eq!((status.rounds.recorded, status.rounds.paths_in_flight), (0, 0));
        });
    }

    #[test]
    fn a_bad_file_changes_nothing() {
        run(async {
            let (desk, _running) = Desk::open(&target("a", "CLOSED", ON_PROBE));
            desk.probe("a", LONG).await.unwrap();
            let before = desk.board.status();
            let refused = desk.reload("[[target]]\ninvoke_url = \"https://example.com/\"\n").await.unwrap_err();
            assert!(refused.contains(":5: "), "{refused}");
            let after = desk.board.status();
            assert_eq!(after.reload.refused, Some(refused.clone()));
            assert_eq!(after.reload.in_force_since, before.reload.in_force_since);
            assert!(Arc::ptr_eq(history(&before, "a"), history(&after, "a")));
            assert!(line::line(&after).contains("a: 0/4"), "{}", line::line(&after));
            desk.reload(&target("a", "CLOSED", ON_PROBE)).await.unwrap();
            assert_eq!(desk.board.status().reload.refused, None);
        });
    }

    #[test]
    fn no_round_is_lost_without_being_counted() {
        run(async {
            let mut text = "interval = \"1s\"\nmax_in_flight = 8\n".to_owned();
            for n in 0..12 {
                text += &target(&format!("t{n}"), if n % 3 == 0 { "SILENT" } else { "CLOSED" }, "timeout = \"300ms\"");
            }
            let (desk, running) = Desk::open(&text);
            desk.until(|status| status.rounds.started > 20).await;
            desk.reload(&text.replace("300ms", "200ms")).await.unwrap();
            desk.until(|status| status.rounds.started > 35).await;
            running.abort();
            assert!(running.await.unwrap_err().is_cancelled());
            let status = desk.board.status();
            let rounds = status.rounds;
            let waiting = rounds.started - rounds.recorded - rounds.dropped;
            // one path a round: the others need an endpoint
            assert_eq!(usize::try_from(waiting).unwrap(), rounds.paths_in_flight);
            assert!(rounds.paths_in_flight <= 8);
            let in_histories: u64 = status.targets.iter().map(|target| target.history.durations().count).sum();
            assert!(in_histories <= rounds.recorded && in_histories > 0);
        });
    }
}
