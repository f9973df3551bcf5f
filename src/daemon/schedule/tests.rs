//! Does the scheduler begin, share, record, drop and refuse as it should? Targets on loopback, real rounds, no sleeps.

use super::*;
use crate::config::FileSettings;
use crate::daemon::board::ReloadReply;
use crate::daemon::web::DaemonHandle;
use crate::daemon::web_config::WebConfigWatcher;
use crate::history::History;
use crate::probe::{Detour, Resolver, Trust};
use crate::status::{self, Reload, Status};
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
        let board = Arc::new(Board::new(status));
        let (orders, inbox) = mpsc::channel(64);
        let silence = TcpListener::bind("127.0.0.1:0").unwrap();
        let desk = Self { file, board, orders, silence };
        desk.write(text);
        let config = Config::read(desk.file.path()).unwrap();
        let net = Net {
            resolver: Resolver::given(Vec::new()),
            vpc_resolver: None,
            trust: Trust::from_der(&[] as &[[u8; 0]]).unwrap(),
            detour: Detour::default(),
            share: None,
        };
        let origin = Origin { file: desk.file.path().to_owned(), identity: None };
        let host = Host { id: "host".into(), ignored_proxy_variables: Rc::new([]), origin };
        let files = Files::start(FileSettings::default(), &desk.board);
        let handle = DaemonHandle::new(desk.board.clone(), desk.orders.clone(), false);
        let web = WebServer::start(&config, WebConfigWatcher::default(), handle).unwrap();
        let scheduler = Scheduler::new((config, net), host, desk.board.clone(), (files, web));
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
        assert!(took >= LEAST_ROUND && took < Duration::from_millis(1900), "{took:?}");
    });
}

/// Targets of four paths each, of which one round at a time finds room.
fn with_room_for_one(targets: &str) -> String {
    let vpce = "vpce_dns_name = \"vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com\"";
    format!("max_in_flight = 4\n{}", targets.replace("timeout", &format!("{vpce}\ntimeout")))
}

#[test]
fn nobody_shortens_the_round_of_an_interval() {
    run(async {
        let (desk, _running) = Desk::open(&format!("interval = \"1h\"\n{}", target("a", "SILENT", "")));
        assert_eq!(desk.probe("a", SHORT).await, Err(ProbeRefusal::StillRunning));
        let status = desk.until(|status| status.rounds.recorded == 1).await;
        let took = history(&status, "a").latest().unwrap().round.took;
        assert!(took >= Duration::from_millis(1900), "{took:?}");
    });
}

#[test]
fn a_round_that_is_held_back_begins_with_half_of_its_time_or_not_at_all() {
    run(async {
        let both = target("a", "SILENT", ON_PROBE) + &target("b", "SILENT", ON_PROBE);
        let (desk, _running) = Desk::open(&with_room_for_one(&both));
        let a = desk.ask("a", LONG).await;
        desk.until(|status| status.rounds.paths_in_flight == 4).await;
        // the first one ends after two seconds
        assert_eq!(desk.probe("b", Duration::from_millis(2500)).await, Err(ProbeRefusal::HeldBack));
        a.await.unwrap().unwrap();
        assert_eq!(desk.board.status().rounds.started, 1);
    });
}

#[test]
fn a_round_ends_before_its_caller_goes() {
    run(async {
        let targets = target("a", "SILENT", ON_PROBE) + &target("b", "SILENT", ON_PROBE);
        let (desk, _running) = Desk::open(&targets);
        // of scrapes that end after 2 s and after 1 s
        for (name, within) in [("a", Duration::from_millis(1500)), ("b", Duration::from_millis(500))] {
            let report = desk.probe(name, within).await.unwrap();
            assert!(
                report.round.took < within && report.round.took + 2 * TIME_TO_ANSWER >= within,
                "{:?}",
                report.round.took
            );
        }
    });
}

#[test]
fn who_finds_no_room_is_sent_away_without_a_round() {
    run(async {
        let both = target("a", "SILENT", ON_PROBE) + &target("b", "CLOSED", ON_PROBE);
        let (desk, _running) = Desk::open(&with_room_for_one(&both));
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
            waiting: vec![Waiting { until: Instant::now() + LONG, begin_by: Instant::now() + LONG, reply }],
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
        assert!(line::line(&after).contains("a: 0/1"), "{}", line::line(&after));
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
