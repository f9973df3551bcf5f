//! How does it run for years? One scheduler probes every target at its interval; a second thread tells monitoring what came of it.

mod agenda;
mod board;
mod bucket;
mod cadence;
mod control_client;
mod descriptors;
mod files;
mod line;
mod logging;
mod process;
mod reading;
mod rounds;
mod schedule;
mod systemd;
mod web;
mod web_config;

pub use control_client::{ReloadError, ask_reload};
pub use descriptors::{TooFewDescriptors, raise_descriptors, spare_descriptors};
pub use reading::ReadError;
pub use web::{BindError, WebError, usual_control_socket};
pub use web_config::{WebConfigError, check_web_config};

use crate::sign::Identity;
use crate::status::{Reload, Rounds, Status};
use board::{Board, Order, Orders};
use files::Files;
use reading::{Origin, Read};
use schedule::{Host, MOST_WINDING_DOWN, Scheduler};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;
use web::{DaemonHandle, WebServer};

/// What the command line and the environment say of the daemon.
#[derive(Debug, Default)]
pub struct ServeOptions {
    /// Whether `POST` and `PUT` of `/-/reload` are answered on the web listeners too.
    pub lifecycle: bool,
    /// Proxy variables that are set and not followed.
    pub ignored_proxy_variables: Vec<String>,
    /// The credentials to sign with instead of those that are configured, as they are when a configuration is read.
    pub identity: Option<SharedIdentity>,
}

/// Credentials that may change while the daemon runs.
pub type SharedIdentity = Arc<Mutex<Identity>>;

/// Runs a configuration file until SIGTERM or SIGINT.
pub async fn serve(file: &Path, options: ServeOptions, signals: Signals) -> Result<(), ServeError> {
    let _flush = logging::install();
    install_panic_hook();
    live(file, options, signals).await
}

async fn live(file: &Path, options: ServeOptions, mut signals: Signals) -> Result<(), ServeError> {
    spare_descriptors(LEAST_DESCRIPTORS)?;
    let origin = Origin { file: file.to_owned(), identity: options.identity };
    let read = tokio::select! {
        read = reading::read(&origin) => read?,
        () = signals.ends.next() => return Ok(()),
    };
    logging::configure(read.config.log);
    let board = Arc::new(Board::new(status()));
    let (orders, mut inbox) = mpsc::channel(MOST_ORDERS);
    let Read { config, net, web_config } = read;
    let handle = DaemonHandle::new(board.clone(), orders.clone(), options.lifecycle);
    let web = WebServer::start(&config, web_config, handle)?;
    let host = Host { id: host_id(), ignored_proxy_variables: options.ignored_proxy_variables.into(), origin };
    let files = Files::start(config.files.clone(), &board);
    let Signals { mut ends, hangup } = signals;
    let run = async {
        let mut scheduler = Scheduler::new((config, net), host, board.clone(), (files.clone(), web));
        systemd::ready(&board.change(|status| line::line(status)));
        tracing::info!("ready: {}", board.change(|status| line::Targets(status.targets.len())));
        tokio::select! {
            () = scheduler.run(&mut inbox) => {}
            () = reload_at(hangup, orders) => {}
            () = ends.next() => {}
        }
        systemd::stopping(MOST_WINDING_DOWN + MOST_WRITING);
        board.end();
        // who waits for an order hears that it is not carried out
        drop(inbox);
        let last_things = async {
            scheduler.wind_down().await;
            files.finish(MOST_WRITING).await;
        };
        tokio::select! {
            () = last_things => {}
            () = ends.next() => {}
        }
    };
    LocalSet::new().run_until(run).await;
    Ok(())
}

/// The status before there is any target.
fn status() -> Status {
    let now = OffsetDateTime::now_utc();
    Status {
        started: now,
        targets: Vec::new(),
        reload: Reload { in_force_since: now, refused: None },
        outputs: Vec::new(),
        rounds: Rounds::default(),
    }
}

/// Passes each SIGHUP on as an order, for ever. Whoever sends a signal hears of the outcome by the log.
async fn reload_at(mut hangup: Signal, orders: Orders) {
    while hangup.recv().await.is_some() {
        let (reply, outcome) = oneshot::channel();
        let _ = orders.send(Order::Reload { reply }).await;
        let _ = outcome.await;
    }
}

/// Makes a panic one line of the log, wherever it happens.
fn install_panic_hook() {
    std::panic::set_hook(Box::new(|panic| {
        let text = panic.payload().downcast_ref::<&str>().copied();
        let message = text.or_else(|| panic.payload().downcast_ref().map(String::as_str)).unwrap_or_default();
        let place = panic.location().map(|place| format!(" ({}:{})", place.file(), place.line())).unwrap_or_default();
        logging::write_panic(rounds::target().as_deref(), &format!("internal error: {message}{place}"));
    }));
}

/// What tells this host from others (machine-id(5)), so that a fleet does not probe in step; without it all are alike.
fn host_id() -> String {
    let files = ["/etc/machine-id", "/proc/sys/kernel/hostname"];
    let texts = files.iter().filter_map(|file| std::fs::read_to_string(file).ok());
    texts.map(|text| text.trim().to_owned()).find(|text| !text.is_empty()).unwrap_or_default()
}

/// The signals that the daemon hears. From their installation on, none of them ends the process by itself.
#[derive(Debug)]
pub struct Signals {
    ends: Ends,
    hangup: Signal,
}

/// The signals that end the daemon.
#[derive(Debug)]
struct Ends {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Installs the handlers.
    pub fn install() -> io::Result<Self> {
        let ends = Ends { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? };
        Ok(Self { ends, hangup: signal(SignalKind::hangup())? })
    }
}

impl Ends {
    /// Waits for one of them.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// What keeps the daemon from starting.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Not even the daemon itself would get by.
    #[error(transparent)]
    Descriptors(#[from] TooFewDescriptors),
    /// The configuration cannot be used.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The web side cannot start.
    #[error(transparent)]
    Web(#[from] WebError),
}

/// Files that the daemon has open besides those of rounds and clients, and some for these.
const LEAST_DESCRIPTORS: usize = 32;
/// Orders that wait for the scheduler; who comes when the queue is full waits too.
const MOST_ORDERS: usize = 64;
/// How long the files of the last rounds may take when the daemon ends.
const MOST_WRITING: Duration = Duration::from_secs(2);
