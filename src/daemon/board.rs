//! What do the threads of the daemon share? The status, written by the scheduler, signs of life, and orders to the scheduler.

use crate::report::Report;
use crate::status::Status;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};

/// The status of the daemon; each look at it is cheap and holds nobody up.
#[derive(Debug)]
pub(super) struct Board {
    status: Mutex<Status>,
    web_beat: Mutex<Instant>,
    ending: watch::Sender<bool>,
}

impl Board {
    pub(super) fn new(status: Status) -> Self {
        let (ending, _) = watch::channel(false);
        Self { status: Mutex::new(status), web_beat: Mutex::new(Instant::now()), ending }
    }

    /// The status now.
    pub(super) fn status(&self) -> Status {
        lock(&self.status).clone()
    }

    /// Looks at the status or changes it; that is short, because everybody waits for it.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Status) -> T) -> T {
        change(&mut lock(&self.status))
    }

    /// The web thread is alive. It says so every [`BEAT`].
    pub(super) fn beat(&self) {
        *lock(&self.web_beat) = Instant::now();
    }

    /// How long ago the web thread was alive.
    pub(super) fn since_beat(&self) -> Duration {
        lock(&self.web_beat).elapsed()
    }

    /// From now on the daemon ends: whoever listens stops listening.
    pub(super) fn end(&self) {
        self.ending.send_replace(true);
    }

    /// Waits until the daemon ends.
    pub(super) async fn ending(&self) {
        // the sender lives as long as the board
        let _ = self.ending.subscribe().wait_for(|ending| *ending).await;
    }
}

/// The status is whole even if whoever changed it panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the scheduler is asked to do by the web side and by signals.
#[derive(Debug)]
pub(super) enum Order {
    /// A round of a configured target, or the last one if it is young enough.
    Probe {
        /// The name of the target.
        target: String,
        /// The most that the whole answer may take: waiting for room, and the round.
        within: Duration,
        /// Who waits.
        reply: ProbeReply,
    },
    /// Read the configuration again.
    Reload {
        /// Who waits; the error is what to tell the operator.
        reply: ReloadReply,
    },
}

/// Who waits for a round.
pub(super) type ProbeReply = oneshot::Sender<Result<Arc<Report>, ProbeRefusal>>;
/// Who waits for a reload. If it is dropped unanswered, the daemon ends.
pub(super) type ReloadReply = oneshot::Sender<Result<(), String>>;

/// Why there is no round to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ProbeRefusal {
    /// No target has the name.
    #[error("no target is named `{0}`")]
    Unknown(String),
    /// The round goes on, and its result will be on record; but the time that was given is over.
    #[error("the round did not end within the time that was given")]
    StillRunning,
    /// No round could begin within the time that was given: `max_in_flight` or `dns_queries_per_second` held it back.
    #[error("no round could begin within the time that was given: other targets are being probed")]
    HeldBack,
    /// The round was ended by a defect of our own.
    #[error("the round ended by a defect of the probe; the log says more")]
    Internal,
}

/// Where orders are sent.
pub(super) type Orders = mpsc::Sender<Order>;

/// However short the time that a caller gives, a round has this long, or its own deadline if that is shorter.
pub(super) const LEAST_ROUND: Duration = Duration::from_millis(100);
/// From the deadline of a round to its report in the hands of whoever waits.
pub(super) const TIME_TO_ANSWER: Duration = Duration::from_millis(200);
/// How often the web thread says that it is alive.
pub(super) const BEAT: Duration = Duration::from_millis(500);
