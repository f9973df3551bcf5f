//! How does it run for years? One scheduler probes every target at its interval; a second thread tells monitoring what came of it.

mod board;
mod schedule;
mod web;

use crate::config::Config;
use crate::history::History;
use crate::probe::Net;
use crate::status::{Reload, Schedule, Status, TargetStatus};
use board::Board;
use schedule::Scheduler;
use sd_notify::NotifyState;
use std::io::{self, Write as _};
use std::sync::Arc;
use time::OffsetDateTime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::LocalSet;

/// Runs until SIGTERM or SIGINT.
pub async fn serve(
    config: Config,
    net: Net,
    ignored_proxy_variables: Vec<String>,
    mut signals: Signals,
) -> Result<(), ServeError> {
    let board = Arc::new(Board::new(status(&config)));
    let (orders, inbox) = mpsc::channel(MOST_ORDERS);
    let _web = web::start(&config, board.clone(), orders)?;
    notify(&[NotifyState::Ready, NotifyState::Status(&schedule::line(&board.status()))]);
    let scheduler = Scheduler::new(config, net, ignored_proxy_variables, board);
    LocalSet::new()
        .run_until(async {
            tokio::select! {
                () = scheduler.run(inbox) => {}
                () = signals.end() => {}
            }
        })
        .await;
    notify(&[NotifyState::Stopping]);
    Ok(())
}

/// The status before the first round.
fn status(config: &Config) -> Status {
    let now = OffsetDateTime::now_utc();
    let target = |one: &crate::config::Scheduled| TargetStatus {
        name: one.check.target.name.as_str().into(),
        schedule: Schedule::Interval,
        interval: one.interval,
        next_round: None,
        missed_rounds: 0,
        history: Arc::new(History::default()),
    };
    Status {
        started: now,
        targets: config.targets.iter().map(target).collect(),
        reload: Reload { in_force_since: now, refused: None },
    }
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
    /// The operating system gives no thread or no runtime.
    #[error("web side: {0}")]
    Web(io::Error),
}

/// Orders that wait for the scheduler; who comes when the queue is full waits too.
const MOST_ORDERS: usize = 64;
