//! What do monitoring and people read? Everything over HTTP/1.1, from a thread of its own, so that no client ever delays a round.

mod accept;
mod answer;
mod control;
mod crowd;
mod listener;
mod policy;
mod query;
mod route;
mod wire;

pub use control::{CONTROL_SOCKET, ReloadError, ask_reload};
pub use listener::ListenError;
pub use policy::WebConfigError;

use super::board::{BEAT, Board, Orders};
use crate::config::{Config, ConfigError, Listen, Untried};
use crowd::{Crowd, Visit};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use listener::{Listener, OpenListener};
use nix::sys::resource::{Resource, getrlimit};
pub(super) use policy::Watched;
use route::{Door, respond};
use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, LocalSet};
use tokio_rustls::TlsAcceptor;
use wire::{Duplex, Wire};

/// The web side. It ends when the board says so, or with this.
#[derive(Debug)]
pub(super) struct Web {
    site: Arc<Site>,
    /// What is listened on.
    places: Vec<Listen>,
    changes: mpsc::UnboundedSender<Change>,
    ended: oneshot::Receiver<()>,
}

/// What the answers come from.
#[derive(Debug)]
struct Site {
    board: Arc<Board>,
    orders: Orders,
    /// Whether `POST /-/reload` is answered on web listeners.
    lifecycle: bool,
    is_ready: AtomicBool,
}

/// Another configuration of the web side, checked and with its listeners bound. Nothing has changed until it is adopted.
pub(super) struct Change {
    places: Vec<Listen>,
    new: Vec<(Listen, Vec<Listener>)>,
    control: Option<Listener>,
    policy: Watched,
}

/// What keeps the web side from starting or changing.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// A place of `listen` cannot be listened on.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The control socket, or what systemd hands over, cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The operating system gives no thread or no runtime.
    #[error("web side: {0}")]
    System(io::Error),
}

/// Reads the web configuration file as the daemon would, with the certificates that it names.
pub fn check_web_config(file: &Path) -> Result<(), WebConfigError> {
    Watched::read(Some(file)).map(drop)
}

impl Web {
    /// Binds every listener, reads the web configuration and begins to answer. Sockets that systemd hands over replace `listen`, unless
    /// it names `systemd`.
    pub(super) fn start(
        config: &Config,
        policy: Watched,
        (board, orders): (Arc<Board>, Orders),
        lifecycle: bool,
    ) -> Result<Self, WebError> {
        let site = Arc::new(Site { board, orders, lifecycle, is_ready: AtomicBool::new(false) });
        let handed = Listener::handed_over()?;
        let mut places = Vec::new();
        let mut first = Vec::new();
        if !handed.is_empty() {
            if !config.listen.contains(&Listen::Systemd) {
                let replaced: Vec<String> = config.listen.iter().map(ToString::to_string).collect();
                site.board.log.info(format_args!(
                    "listening on {} sockets of systemd in place of {}",
                    handed.len(),
                    replaced.join(", ")
                ));
            }
            places.push(Listen::Systemd);
            first.push((Listen::Systemd, handed));
        }
        let (changes, inbox) = mpsc::unbounded_channel();
        let (end, ended) = oneshot::channel();
        let mut web = Self { site, places, changes, ended };
        let mut change = web.prepare(config, policy)?;
        change.new.append(&mut first);
        change.control = control_socket().map(|path| Listener::bind_private(&path)).transpose()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(2).build();
        let runtime = runtime.map_err(WebError::System)?;
        let site = web.site.clone();
        let thread = std::thread::Builder::new().name("web".into()).spawn(move || {
            LocalSet::new().block_on(&runtime, live(site, inbox));
            // a password that is being checked holds nobody up
            runtime.shutdown_background();
            drop(end);
        });
        thread.map_err(WebError::System)?;
        web.adopt(change);
        Ok(web)
    }

    /// From now on `/-/ready` says yes.
    pub(super) fn ready(&self) {
        self.site.is_ready.store(true, Ordering::Relaxed);
    }

    /// Binds what another configuration lists anew; its policy has been read.
    pub(super) fn prepare(&self, config: &Config, policy: Watched) -> Result<Change, WebError> {
        let from_systemd = self.places.contains(&Listen::Systemd);
        let mut places = Vec::new();
        if from_systemd {
            places.push(Listen::Systemd);
        }
        if !from_systemd || config.listen.contains(&Listen::Systemd) {
            places.extend(config.listen.iter().filter(|place| **place != Listen::Systemd || !from_systemd).cloned());
        }
        let fault = |place: &Listen, error| config.fault(&Untried::Listen(place.clone()), error);
        if !from_systemd && places.contains(&Listen::Systemd) {
            return Err(fault(&Listen::Systemd, ListenError::NothingHandedOver).into());
        }
        let missing = places.iter().filter(|place| !self.places.contains(place));
        let bind = |place: &Listen| Ok((place.clone(), Listener::bind(place).map_err(|error| fault(place, error))?));
        let new = missing.map(bind).collect::<Result<_, ConfigError>>()?;
        Ok(Change { places, new, control: None, policy })
    }

    /// Puts a checked configuration into force: new listeners answer, those that are no longer listed close.
    pub(super) fn adopt(&mut self, change: Change) {
        self.places.clone_from(&change.places);
        let _ = self.changes.send(change);
    }

    /// Waits until the last answer is given or cut off, which takes [`LONGEST_GOODBYE`] at most once the daemon ends. From the first
    /// moment of the end on nothing is listened on.
    pub(super) async fn ended(&mut self) {
        let _ = (&mut self.ended).await;
    }
}

/// The life of the web thread.
async fn live(site: Arc<Site>, mut changes: mpsc::UnboundedReceiver<Change>) {
    let crowd = Crowd::new(most_connections());
    let desk = Crowd::new(MOST_CONTROLLERS);
    let policy = Rc::new(RefCell::new(Watched::default()));
    let web = Rc::new(Door::Web(policy.clone()));
    let mut open: Vec<(Listen, Vec<Accepting>)> = Vec::new();
    let mut control = None;
    let mut beat = tokio::time::interval(BEAT);
    loop {
        tokio::select! {
            () = site.board.ending() => break,
            change = changes.recv() => {
                // without a daemon there is nothing to tell
                let Some(change) = change else { break };
                let begin = |listener| Accepting::begin(listener, web.clone(), (site.clone(), crowd.clone()));
                policy.replace(change.policy);
                open.retain(|(place, _)| change.places.contains(place));
                open.extend(change.new.into_iter().map(|(place, sockets)| (place, sockets.into_iter().map(begin).collect())));
                if let Some(socket) = change.control {
                    control = Some(Accepting::begin(socket, Rc::new(Door::Control), (site.clone(), desk.clone())));
                }
            }
            _ = beat.tick() => {
                site.board.beat();
                crowd.send_away_overdue();
                desk.send_away_overdue();
            }
        }
    }
    drop((open, control));
    site.is_ready.store(false, Ordering::Relaxed);
    tokio::join!(crowd.close(LONGEST_GOODBYE), desk.close(LONGEST_GOODBYE));
}

/// A listener at work; it closes with this.
struct Accepting(AbortHandle);

impl Accepting {
    fn begin(listener: Listener, door: Rc<Door>, place: (Arc<Site>, Rc<Crowd>)) -> Self {
        let task = tokio::task::spawn_local(async move {
            match listener.open() {
                Ok(listener) => accept(listener, door, place).await,
                Err(error) => place.0.board.log.error(format_args!("web side: {error}")),
            }
        });
        Self(task.abort_handle())
    }
}

impl Drop for Accepting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Lets in whoever comes, for ever; no error of a client ends it.
async fn accept(listener: OpenListener, door: Rc<Door>, (site, crowd): (Arc<Site>, Rc<Crowd>)) {
    let mut complained: Option<Instant> = None;
    loop {
        match listener.accept().await {
            Ok(stream) => {
                crowd.room().await;
                let (door, place) = (door.clone(), (site.clone(), crowd.clone()));
                crowd.admit(|visit| converse(stream, door, place, visit));
            }
            // a connection that died in the queue; the listener itself is good
            Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted) => {}
            // out of descriptors or memory: somebody gives theirs back
            Err(error) => {
                if complained.is_none_or(|last| last.elapsed() > COMPLAIN_AGAIN) {
                    site.board.log.warn(format_args!("a connection cannot be taken: {error}"));
                    complained = Some(Instant::now());
                }
                if crowd.send_away_slowest() {
                    tokio::task::yield_now().await;
                } else {
                    tokio::time::sleep(BACK_OFF).await;
                }
            }
        }
    }
}

/// One connection, from its first byte to its last.
async fn converse(stream: Box<dyn Duplex>, door: Rc<Door>, (site, crowd): (Arc<Site>, Rc<Crowd>), visit: Rc<Visit>) {
    let tls = match door.as_ref() {
        Door::Web(policy) => policy.borrow_mut().now(&site.board.log).tls.clone(),
        Door::Control => None,
    };
    let wire = Wire { stream, visit: visit.clone() };
    let stream: Box<dyn Duplex> = match tls {
        None => Box::new(wire),
        Some(config) => match TlsAcceptor::from(config).accept(wire).await {
            Ok(stream) => Box::new(stream),
            // the client knows more about it than we do
            Err(_) => return,
        },
    };
    let place = (site, crowd.clone());
    let service = service_fn(move |request| {
        let answer = respond(request, door.clone(), place.clone(), visit.clone());
        async { Ok::<_, Infallible>(answer.await) }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    // the crowd has its own clock for requests and answers
    http.header_read_timeout(None).max_headers(MOST_HEADERS).max_buf_size(LONGEST_HEAD).half_close(false);
    let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
    // a client that goes away in the middle is no news
    tokio::select! {
        _ = &mut connection => {}
        () = crowd.closing() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// The control socket's path; systemd names the runtime directory.
fn control_socket() -> Option<PathBuf> {
    let folders = std::env::var_os("RUNTIME_DIRECTORY")?;
    let first = std::env::split_paths(&folders).next().filter(|folder| folder.is_absolute())?;
    Some(first.join("control.sock"))
}

/// Connections at once; more than half of the descriptors is left for the probes.
fn most_connections() -> usize {
    let limit = getrlimit(Resource::RLIMIT_NOFILE).map_or(u64::MAX, |(soft, _)| soft);
    usize::try_from(limit / 5 * 2).unwrap_or(usize::MAX).clamp(LEAST_CONNECTIONS, MOST_CONNECTIONS)
}

const LEAST_CONNECTIONS: usize = 16;
const MOST_CONNECTIONS: usize = 400;
const MOST_CONTROLLERS: usize = 16;
const MOST_HEADERS: usize = 64;
/// Bytes of a request's head; of an answer as much is held back for the client.
const LONGEST_HEAD: usize = 16 * 1024;
const COMPLAIN_AGAIN: Duration = Duration::from_secs(60);
const BACK_OFF: Duration = Duration::from_millis(50);
/// The most that answers under way may take once the daemon ends; a round that ends late is told yet.
const LONGEST_GOODBYE: Duration = Duration::from_secs(6);
