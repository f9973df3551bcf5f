//! The web server of the daemon, on a thread of its own, so that no client delays a round.

mod accept_loop;
mod connection_limiter;
mod content_negotiation;
mod gzip_page;
mod handlers;
mod listener;
mod middleware;
mod page_cache;
mod probe_params;
mod response;
mod state;

pub use listener::BindError;

use super::board::BEAT;
use super::web_config::WebConfigWatcher;
use crate::config::{Config, ConfigError, Listen, Untried};
use accept_loop::{ListenerTask, Server};
use connection_limiter::ConnectionLimiter;
use handlers::{control_router, web_router};
use listener::{BoundListener, RebindableSocket};
use nix::sys::resource::{Resource, getrlimit};
pub(super) use state::DaemonHandle;
use state::WebState;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// The running web server. It ends with the daemon, or when this is dropped.
#[derive(Debug)]
pub(super) struct WebServer {
    daemon: DaemonHandle,
    /// The entries of `listen` that are in force, with their TCP sockets.
    listeners: Vec<(Listen, Vec<RebindableSocket>)>,
    updates: mpsc::UnboundedSender<ListenerUpdate>,
    ended: oneshot::Receiver<()>,
}

/// The settings of another configuration, checked and with new listeners bound. Nothing has changed until it is applied.
pub(super) struct ListenerUpdate {
    listen: Vec<Listen>,
    new: Vec<(Listen, Vec<BoundListener>)>,
    control: Option<BoundListener>,
    web_config: WebConfigWatcher,
}

/// Why the web server cannot start or be reconfigured.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// An entry of `listen` cannot be opened.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The control socket or a socket of systemd cannot be opened.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The operating system refuses a thread or a runtime.
    #[error("cannot start the web server: {0}")]
    System(io::Error),
}

impl WebServer {
    /// Opens all listeners and starts to serve. Sockets that systemd passes replace `listen`, unless it names `systemd`.
    pub(super) fn start(config: &Config, web_config: WebConfigWatcher, daemon: DaemonHandle) -> Result<Self, WebError> {
        let from_systemd = BoundListener::from_systemd()?;
        let (updates, inbox) = mpsc::unbounded_channel();
        let (end, ended) = oneshot::channel();
        let mut server = Self { daemon, listeners: Vec::new(), updates, ended };
        if !from_systemd.is_empty() {
            log_replaced_listeners(config, from_systemd.len());
            server.listeners.push((Listen::Systemd, Vec::new()));
        }
        let mut update = server.prepare(config, web_config)?;
        if !from_systemd.is_empty() {
            update.new.push((Listen::Systemd, from_systemd));
        }
        update.control = control_socket().map(|path| BoundListener::bind_private(&path)).transpose()?;
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime =
            runtime.enable_all().max_blocking_threads(MAX_BLOCKING_THREADS).build().map_err(WebError::System)?;
        let daemon = server.daemon.clone();
        let thread = std::thread::Builder::new().name("web".into()).spawn(move || {
            runtime.block_on(run(daemon, inbox));
            // does not wait for the check of a password
            runtime.shutdown_background();
            drop(end);
        });
        thread.map_err(WebError::System)?;
        server.apply(update);
        Ok(server)
    }

    /// From now on `/-/ready` returns 200.
    pub(super) fn set_ready(&self) {
        self.daemon.is_ready.store(true, Ordering::Relaxed);
    }

    /// Opens the listeners that another configuration adds; its web configuration has been read.
    pub(super) fn prepare(&self, config: &Config, web_config: WebConfigWatcher) -> Result<ListenerUpdate, WebError> {
        let is_open = |listen: &Listen| self.listeners.iter().any(|(open, _)| open == listen);
        let has_systemd = is_open(&Listen::Systemd);
        let mut wanted = Vec::new();
        if has_systemd {
            wanted.push(Listen::Systemd);
        }
        if !has_systemd || config.listen.contains(&Listen::Systemd) {
            wanted.extend(config.listen.iter().filter(|listen| **listen != Listen::Systemd || !has_systemd).cloned());
        }
        let fault = |listen: &Listen, error| config.fault(&Untried::Listen(listen.clone()), error);
        if !has_systemd && wanted.contains(&Listen::Systemd) {
            return Err(fault(&Listen::Systemd, BindError::NoSystemdSockets).into());
        }
        let mut new = Vec::new();
        for listen in wanted.iter().filter(|listen| !is_open(listen)) {
            let bound = BoundListener::bind(listen).or_else(|error| match self.closing_on_port_of(listen, &wanted) {
                closing if closing.is_empty() => Err(error),
                closing => BoundListener::rebind(listen, &closing),
            });
            new.push((listen.clone(), bound.map_err(|error| fault(listen, error))?));
        }
        Ok(ListenerUpdate { listen: wanted, new, control: None, web_config })
    }

    /// Returns the sockets on the port of `listen` that are about to close, e.g. that of `127.0.0.1:9715` for `0.0.0.0:9715`.
    fn closing_on_port_of(&self, listen: &Listen, wanted: &[Listen]) -> Vec<RebindableSocket> {
        let closing = self.listeners.iter().filter(|(open, _)| !wanted.contains(open) && port(open) == port(listen));
        closing.flat_map(|(_, sockets)| sockets.clone()).collect()
    }

    /// Applies another configuration: new listeners are served, those that are no longer listed close.
    pub(super) fn apply(&mut self, update: ListenerUpdate) {
        let mut old = std::mem::take(&mut self.listeners);
        for listen in &update.listen {
            let kept = old.iter_mut().find(|(open, _)| open == listen).map(|(_, sockets)| std::mem::take(sockets));
            let new = update.new.iter().find(|(new, _)| new == listen);
            let new = new.map(|(_, sockets)| sockets.iter().filter_map(BoundListener::rebindable).collect());
            self.listeners.push((listen.clone(), new.or(kept).unwrap_or_default()));
        }
        let _ = self.updates.send(update);
    }

    /// Waits for the last response, at most [`SHUTDOWN_GRACE`] once the daemon ends. Its listeners close when the end begins.
    pub(super) async fn ended(&mut self) {
        let _ = (&mut self.ended).await;
    }
}

/// Serves until the daemon ends.
async fn run(daemon: DaemonHandle, mut updates: mpsc::UnboundedReceiver<ListenerUpdate>) {
    let limiter = ConnectionLimiter::new(max_connections());
    let control_limiter = ConnectionLimiter::new(MAX_CONTROL_CONNECTIONS);
    let state = WebState::new(daemon.clone(), &limiter);
    let serve = |listener: BoundListener| {
        let router = web_router(state.clone(), listener.is_loopback());
        ListenerTask::spawn(listener, Server { state: state.clone(), router, limiter: limiter.clone(), has_tls: true })
    };
    let serve_control = |listener| {
        let (state, router) = (state.clone(), control_router(state.clone()));
        ListenerTask::spawn(listener, Server { state, router, limiter: control_limiter.clone(), has_tls: false })
    };
    let mut listeners: Vec<(Listen, Vec<ListenerTask>)> = Vec::new();
    let mut control = None;
    let mut heartbeat = tokio::time::interval(BEAT);
    loop {
        tokio::select! {
            () = daemon.board.ending() => break,
            update = updates.recv() => {
                let Some(update) = update else { break };
                state.set_web_config(update.web_config);
                listeners.retain(|(listen, _)| update.listen.contains(listen));
                listeners.extend(update.new.into_iter().map(|(listen, bound)| (listen, bound.into_iter().map(serve).collect())));
                control = update.control.map(serve_control).or(control);
            }
            _ = heartbeat.tick() => {
                daemon.board.beat();
                limiter.close_overdue();
                while state.page_memory.is_exceeded() && limiter.close_one() {
                    // what it was sending is freed when its task ends
                    tokio::task::yield_now().await;
                }
                control_limiter.close_overdue();
            }
        }
    }
    drop((listeners, control));
    daemon.is_ready.store(false, Ordering::Relaxed);
    tokio::join!(limiter.shut_down(SHUTDOWN_GRACE), control_limiter.shut_down(SHUTDOWN_GRACE));
}

fn log_replaced_listeners(config: &Config, passed: usize) {
    if !config.listen.contains(&Listen::Systemd) {
        let replaced: Vec<String> = config.listen.iter().map(ToString::to_string).collect();
        let plural = if passed == 1 { "" } else { "s" };
        tracing::info!("listening on {passed} socket{plural} of systemd instead of {}", replaced.join(", "));
    }
}

fn port(listen: &Listen) -> Option<u16> {
    match listen {
        Listen::Tcp(address) => Some(address.port()),
        Listen::Unix(_) | Listen::Systemd => None,
    }
}

/// Returns the control socket of the unit that this process belongs to, if there is one, else the usual one.
pub fn usual_control_socket() -> PathBuf {
    // `RUNTIME_DIRECTORY` may be that of another unit, which calls this program
    control_socket().filter(|own| own.exists()).unwrap_or_else(|| "/run/apigw-probe/control.sock".into())
}

/// Returns the path of the control socket in the runtime directory that systemd names.
fn control_socket() -> Option<PathBuf> {
    let folders = std::env::var_os("RUNTIME_DIRECTORY")?;
    let first = std::env::split_paths(&folders).next().filter(|folder| folder.is_absolute())?;
    Some(first.join("control.sock"))
}

/// Returns the limit of connections; more than half of the descriptors is left for probes.
fn max_connections() -> usize {
    let limit = getrlimit(Resource::RLIMIT_NOFILE).map_or(u64::MAX, |(soft, _)| soft);
    usize::try_from(limit / 5 * 2).unwrap_or(usize::MAX).clamp(16, 400)
}

const MAX_CONTROL_CONNECTIONS: usize = 16;
/// Three encoders of pages, and two checks of passwords.
const MAX_BLOCKING_THREADS: usize = 5;
/// How long responses may take once the daemon ends, that of a round which is still running among them.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(6);
