//! Limits concurrent HTTP connections. At the limit, the one with the longest unfinished request is closed, else the one that has
//! been idle longest.

use axum::body::Body;
use http_body_util::BodyExt as _;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

/// The open connections of some listeners.
pub(super) struct ConnectionLimiter {
    max_connections: usize,
    open: Mutex<BTreeMap<u64, (Arc<Connection>, AbortHandle)>>,
    next_id: AtomicU64,
    /// A connection has ended, or may be closed from now on.
    freed: Arc<Notify>,
    is_closing: watch::Sender<bool>,
}

impl ConnectionLimiter {
    /// Creates a limiter for at most `max_connections`.
    pub(super) fn new(max_connections: usize) -> Arc<Self> {
        let (is_closing, _) = watch::channel(false);
        let (open, next_id, freed) = Default::default();
        Arc::new(Self { max_connections, open, next_id, freed, is_closing })
    }

    /// Returns the limit.
    pub(super) fn max_connections(&self) -> usize {
        self.max_connections
    }

    /// Waits until one more connection may be served, and closes another one for it if need be.
    pub(super) async fn acquire(&self) {
        while self.active() >= self.max_connections && !self.close_one() {
            self.freed.notified().await;
        }
    }

    /// Spawns `serve` for a new connection.
    pub(super) fn spawn<F>(self: &Arc<Self>, serve: impl FnOnce(Arc<Connection>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let phase = Mutex::new((Phase::Receiving, Instant::now()));
        let connection = Arc::new(Connection { phase, freed: self.freed.clone() });
        let served = serve(connection.clone());
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let guard = ConnectionGuard { limiter: self.clone(), id };
        let mut open = self.lock();
        let task = tokio::spawn(async move {
            let _guard = guard;
            served.await;
        });
        open.insert(id, (connection, task.abort_handle()));
    }

    /// Whether responses close their connection. A connection that stays open after its response has thus been one of at most half
    /// the limit; so at the limit there are always others, with unfinished requests.
    pub(super) fn is_crowded(&self) -> bool {
        self.active() > self.max_connections / 2
    }

    /// Closes the connection with the longest unfinished request, else the one that has been idle longest; false if there is none,
    /// or the server is working on the requests of all that are not idle.
    pub(super) fn close_one(&self) -> bool {
        let mut open = self.lock();
        let order = open.iter().map(|(id, (connection, _))| {
            let (phase, since) = connection.phase();
            (phase.closing_order(), since, *id)
        });
        let Some((ClosingOrder::Unfinished | ClosingOrder::Idle, _, id)) = order.min() else { return false };
        if let Some((_, task)) = open.remove(&id) {
            task.abort();
        }
        true
    }

    /// Closes the connections whose client exceeds a time limit.
    pub(super) fn close_overdue(&self) {
        self.close_if(|phase, since| since.elapsed() > phase.time_limit());
    }

    /// Completes when [`ConnectionLimiter::shut_down`] begins.
    pub(super) async fn closing(&self) {
        let _ = self.is_closing.subscribe().wait_for(|is_closing| *is_closing).await;
    }

    /// Closes all connections: those without a request after a moment, the others once their response has been sent, or after
    /// `grace`.
    pub(super) async fn shut_down(&self, grace: Duration) {
        // the request of a new connection may be on its way
        let _ = timeout(LAST_REQUESTS, self.drained()).await;
        self.is_closing.send_replace(true);
        self.close_if(|phase, _| matches!(phase, Phase::Idle | Phase::Receiving));
        let _ = timeout(grace, self.drained()).await;
    }

    async fn drained(&self) {
        while self.active() > 0 {
            self.freed.notified().await;
        }
    }

    fn active(&self) -> usize {
        self.lock().len()
    }

    fn close_if(&self, condition: impl Fn(Phase, Instant) -> bool) {
        self.lock().retain(|_, (connection, task)| {
            let (phase, since) = connection.phase();
            let closes = condition(phase, since);
            if closes {
                task.abort();
            }
            !closes
        });
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, (Arc<Connection>, AbortHandle)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a connection until it is dropped.
struct ConnectionGuard {
    limiter: Arc<ConnectionLimiter>,
    id: u64,
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.limiter.lock().remove(&self.id);
        self.limiter.freed.notify_one();
    }
}

/// One connection, as the limiter sees it.
#[derive(Debug)]
pub(super) struct Connection {
    /// With the time at which it began.
    phase: Mutex<(Phase, Instant)>,
    freed: Arc<Notify>,
}

/// What a connection is waiting for.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// The first request.
    Receiving,
    /// The turn of its request, such as for the check of a password.
    Queued,
    /// The server, which is working on the request.
    Processing,
    /// The client, which takes the response.
    Sending,
    /// Another request after a response.
    Idle,
}

/// The order in which connections are closed at the limit.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ClosingOrder {
    Unfinished,
    /// The connection is not closed, and no idle one for it.
    NotNow,
    Idle,
}

impl Phase {
    fn closing_order(self) -> ClosingOrder {
        match self {
            Self::Receiving | Self::Queued | Self::Sending => ClosingOrder::Unfinished,
            Self::Processing => ClosingOrder::NotNow,
            Self::Idle => ClosingOrder::Idle,
        }
    }

    fn time_limit(self) -> Duration {
        match self {
            // with the TLS handshake
            Self::Receiving => Duration::from_secs(10),
            Self::Queued | Self::Sending => Duration::from_secs(30),
            // rounds and reloads have their own limits
            Self::Processing => Duration::MAX,
            // Prometheus closes a connection that has been idle for 5 minutes
            Self::Idle => Duration::from_secs(330),
        }
    }
}

impl Connection {
    /// The head of a request has been received.
    pub(super) fn request_received(&self) {
        self.set(Phase::Queued);
    }

    /// Keeps the connection open while the server is working on its request, until the guard is dropped.
    pub(super) fn hold(self: &Arc<Self>) -> PhaseGuard {
        self.set(Phase::Processing);
        PhaseGuard { connection: self.clone(), next: Some(Phase::Queued) }
    }

    /// The response begins, and ends with the body that is returned; with `closes` it ends the connection.
    pub(super) fn response_started(self: &Arc<Self>, body: Body, closes: bool) -> Body {
        self.set(Phase::Sending);
        let guard = PhaseGuard { connection: self.clone(), next: (!closes).then_some(Phase::Idle) };
        Body::new(body.map_frame(move |frame| {
            let _ = &guard;
            frame
        }))
    }

    fn set(&self, phase: Phase) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = (phase, Instant::now());
    }

    fn phase(&self) -> (Phase, Instant) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a phase of a connection when it is dropped.
pub(super) struct PhaseGuard {
    connection: Arc<Connection>,
    next: Option<Phase>,
}

impl Drop for PhaseGuard {
    fn drop(&mut self) {
        self.next.into_iter().for_each(|phase| self.connection.set(phase));
        self.connection.freed.notify_one();
    }
}

/// How long shutdown waits for requests of connections that have just been accepted.
const LAST_REQUESTS: Duration = Duration::from_millis(200);
