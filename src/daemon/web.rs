//! What do monitoring and people read? Everything over HTTP/1.1, from a thread of its own, so that no client ever delays a round.

mod answer;
mod content_negotiation;
mod crowd;
mod entrance;
mod listener;
mod probe_params;
mod route;
mod wire;

pub use listener::ListenError;

use super::board::{BEAT, Board, Orders};
use super::web_config::WebConfigWatcher;
use crate::config::{Config, ConfigError, Listen, Untried};
use crowd::Crowd;
use entrance::Accepting;
use listener::{Listener, Neighbour};
use nix::sys::resource::{Resource, getrlimit};
use route::Door;
use std::cell::RefCell;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;

/// The web side. It ends when the board says so, or with this.
#[derive(Debug)]
pub(super) struct Web {
    site: Arc<Site>,
    /// What is listened on, with the TCP sockets.
    places: Vec<(Listen, Vec<Neighbour>)>,
    changes: mpsc::UnboundedSender<Change>,
    ended: oneshot::Receiver<()>,
}

/// What the answers come from.
#[derive(Debug)]
struct Site {
    board: Arc<Board>,
    orders: Orders,
    /// Whether `POST` and `PUT` of `/-/reload` are answered on web listeners.
    lifecycle: bool,
    is_ready: AtomicBool,
}

/// Another configuration of the web side, checked and with its listeners bound. Nothing has changed until it is adopted.
pub(super) struct Change {
    places: Vec<Listen>,
    new: Vec<(Listen, Vec<Listener>)>,
    control: Option<Listener>,
    web_config: WebConfigWatcher,
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

impl Web {
    /// Binds every listener, reads the web configuration and begins to answer. Sockets that systemd hands over replace `listen`, unless
    /// it names `systemd`.
    pub(super) fn start(
        config: &Config,
        web_config: WebConfigWatcher,
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
                tracing::info!(
                    "listening on {} socket{} of systemd in place of {}",
                    handed.len(),
                    if handed.len() == 1 { "" } else { "s" },
                    replaced.join(", ")
                );
            }
            places.push((Listen::Systemd, Vec::new()));
            first.push((Listen::Systemd, handed));
        }
        let (changes, inbox) = mpsc::unbounded_channel();
        let (end, ended) = oneshot::channel();
        let mut web = Self { site, places, changes, ended };
        let mut change = web.prepare(config, web_config)?;
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

    /// Binds what another configuration lists anew; its web_config has been read.
    pub(super) fn prepare(&self, config: &Config, web_config: WebConfigWatcher) -> Result<Change, WebError> {
        let is_open = |place: &Listen| self.places.iter().any(|(open, _)| open == place);
        let from_systemd = is_open(&Listen::Systemd);
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
        let bind = |place: &Listen| {
            let bound = Listener::bind(place).or_else(|error| match self.in_the_way_of(place, &places) {
                neighbours if neighbours.is_empty() => Err(error),
                neighbours => Listener::bind_beside(place, &neighbours),
            });
            Ok((place.clone(), bound.map_err(|error| fault(place, error))?))
        };
        let missing = places.iter().filter(|place| !is_open(place));
        let new = missing.map(bind).collect::<Result<_, ConfigError>>()?;
        Ok(Change { places, new, control: None, web_config })
    }

    /// The sockets of ours on the port of a place that are to close, such as that of `127.0.0.1:9715` where `0.0.0.0:9715` is wanted.
    fn in_the_way_of(&self, place: &Listen, wanted: &[Listen]) -> Vec<Neighbour> {
        let port = |place: &Listen| match place {
            Listen::Tcp(address) => Some(address.port()),
            Listen::Unix(_) | Listen::Systemd => None,
        };
        let closing = self.places.iter().filter(|(open, _)| !wanted.contains(open) && port(open) == port(place));
        closing.flat_map(|(_, sockets)| sockets.clone()).collect()
    }

    /// Puts a checked configuration into force: new listeners answer, those that are no longer listed close.
    pub(super) fn adopt(&mut self, change: Change) {
        let mut old = std::mem::take(&mut self.places);
        self.places = change
            .places
            .iter()
            .map(|place| {
                let new = change.new.iter().find(|(known, _)| known == place);
                let sockets = match new {
                    Some((_, sockets)) => sockets.iter().filter_map(Listener::neighbour).collect(),
                    None => old
                        .iter_mut()
                        .find(|(known, _)| known == place)
                        .map(|(_, sockets)| std::mem::take(sockets))
                        .unwrap_or_default(),
                };
                (place.clone(), sockets)
            })
            .collect();
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
    let web_config = Rc::new(RefCell::new(WebConfigWatcher::default()));
    let web = Rc::new(Door::Web(web_config.clone()));
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
                web_config.borrow_mut().replace(change.web_config);
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

/// The control socket of the unit that this process is part of, if there is one, or else the usual one.
pub fn usual_control_socket() -> PathBuf {
    // `RUNTIME_DIRECTORY` may be that of something else which calls us
    control_socket().filter(|own| own.exists()).unwrap_or_else(|| "/run/apigw-probe/control.sock".into())
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
/// The most that answers under way may take once the daemon ends; a round that ends late is told yet.
const LONGEST_GOODBYE: Duration = Duration::from_secs(6);
