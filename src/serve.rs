//! How does it run for years? One scheduler probes every target at its interval; the web side tells the last round of each.

mod web;

use crate::check::Check;
use crate::config::Config;
use crate::probe::Net;
use crate::report::{Report, Verdict};
use sd_notify::NotifyState;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::Instant;

/// The last report of each target, in the order of the configuration.
type Board = Rc<RefCell<Vec<Option<Report>>>>;

/// Runs until SIGTERM or SIGINT.
pub async fn serve(
    config: Config,
    net: Net,
    ignored_proxy_variables: Vec<String>,
    mut signals: Signals,
) -> Result<(), ServeError> {
    let mut listeners = Vec::new();
    for address in &config.listen {
        listeners.push(TcpListener::bind(address).await.map_err(|error| ServeError::Listen(*address, error))?);
    }
    let board: Board = Rc::new(RefCell::new(config.targets.iter().map(|_| None).collect()));
    let local = LocalSet::new();
    for listener in listeners {
        local.spawn_local(web::answer(listener, board.clone()));
    }
    notify(&[NotifyState::Ready, NotifyState::Status(&status(&board))]);
    let schedule = Schedule::new(config);
    local
        .run_until(async {
            tokio::select! {
                () = schedule.run(Rc::new((net, ignored_proxy_variables)), board) => {}
                () = signals.end() => {}
            }
        })
        .await;
    notify(&[NotifyState::Stopping]);
    Ok(())
}

/// When each target is due next.
struct Schedule {
    entries: Vec<Entry>,
}

struct Entry {
    check: Rc<Check>,
    interval: Duration,
    due: Instant,
    running: bool,
}

impl Schedule {
    fn new(config: Config) -> Self {
        let now = Instant::now();
        let entry = |one: crate::config::Scheduled| Entry {
            check: Rc::new(one.check),
            interval: one.interval,
            due: now,
            running: false,
        };
        Self { entries: config.targets.into_iter().map(entry).collect() }
    }

    /// Starts each round when it is due; a round that is still running when its time comes makes the next one late.
    async fn run(mut self, host: Rc<(Net, Vec<String>)>, board: Board) {
        let mut rounds: JoinSet<(usize, Report)> = JoinSet::new();
        let mut told = String::new();
        loop {
            let waiting = self.entries.iter().filter(|entry| !entry.running);
            let next = waiting.map(|entry| entry.due).min();
            tokio::select! {
                () = sleep_until(next) => self.start_due(&mut rounds, &host),
                Some(done) = rounds.join_next(), if !rounds.is_empty() => {
                    let (at, report) = done.expect("a round does not panic");
                    self.entries[at].running = false;
                    board.borrow_mut()[at] = Some(report);
                    let now = status(&board);
                    notify(&[NotifyState::Status(&now)]);
                    if told != now {
                        log(&now);
                        told = now;
                    }
                }
            }
        }
    }

    fn start_due(&mut self, rounds: &mut JoinSet<(usize, Report)>, host: &Rc<(Net, Vec<String>)>) {
        let now = Instant::now();
        for (at, entry) in self.entries.iter_mut().enumerate().filter(|(_, entry)| !entry.running && entry.due <= now) {
            entry.running = true;
            while entry.due <= now {
                entry.due += entry.interval;
            }
            let (check, host) = (entry.check.clone(), host.clone());
            rounds.spawn_local(async move { (at, check.run(&host.0, &host.1).await) });
        }
    }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// One line that a pager could carry.
fn status(board: &Board) -> String {
    let board = board.borrow();
    let told: Vec<&Report> = board.iter().flatten().collect();
    let failing: Vec<String> =
        told.iter().filter(|report| report.verdict() == Verdict::Fail).map(|report| failure(report)).collect();
    if told.is_empty() {
        "first round under way".to_owned()
    } else if failing.is_empty() {
        format!("{} of {} targets probed, all pass", told.len(), board.len())
    } else {
        failing.join("; ")
    }
}

fn failure(report: &Report) -> String {
    let target = &report.round.target;
    let rows = &report.round.rows;
    let ok = rows.iter().filter(|row| row.returns_expected(target)).count();
    let mut line = format!("{}: {ok}/{} paths ok", target.name, rows.len());
    for (at, row) in rows.iter().filter(|row| !row.meets_intent(target)).enumerate() {
        let finding = report.diagnosis.findings.iter().find(|finding| finding.paths.contains(&row.path));
        let cause = finding.map_or(row.outcome(target).name(), |finding| finding.cause.name());
        let _ = write!(line, "{}{}: {cause}", if at == 0 { " — " } else { ", " }, row.path);
    }
    line
}

/// One line for the journal; if nobody reads it, that is no error.
fn log(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Tells systemd; without systemd nobody listens, which is no error.
fn notify(states: &[NotifyState<'_>]) {
    let _ = sd_notify::notify(states);
}

/// The signals that the daemon hears. From their installation on, none of them ends the process by itself.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// Installs the handlers.
    pub fn install() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for one that ends the daemon.
    async fn end(&mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => log("SIGHUP: the configuration is read at start only; restart to apply a new one"),
            }
        }
    }
}

/// What keeps the daemon from starting.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An address cannot be listened on.
    #[error("listen on {0}: {1}")]
    Listen(std::net::SocketAddr, io::Error),
}
