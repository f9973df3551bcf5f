//! What do the threads of the daemon share? The status, written by the scheduler, and orders to it.

use crate::report::Report;
use crate::status::Status;
use std::sync::{Arc, Mutex, PoisonError};
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
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the status; the change is short, because everybody waits for it.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Status) -> T) -> T {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The web thread is alive. It says so every [`BEAT`].
    pub(super) fn beat(&self) {
        *self.web_beat.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// How long ago the web thread was alive.
    pub(super) fn since_beat(&self) -> Duration {
        self.web_beat.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
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

/// What the scheduler is asked to do by the web side and by signals.
#[derive(Debug)]
pub(super) enum Order {
    /// A round of a configured target, or the last one if it is young enough.
    Probe {
        /// The name of the target.
        target: String,
        /// The most that a path may take in place of the configured deadline, if that is longer.
        within: Duration,
        /// Who waits.
        reply: oneshot::Sender<Result<Arc<Report>, ProbeRefusal>>,
    },
    /// Read the configuration again.
    Reload {
        /// Who waits; the error is what to tell the operator.
        reply: oneshot::Sender<Result<(), String>>,
    },
}

/// Why a round was not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ProbeRefusal {
    /// No target has the name.
    #[error("no target is named `{0}`")]
    Unknown(String),
    /// The round was ended by a defect of our own.
    #[error("the round ended by a defect of the probe; the log says more")]
    Internal,
}

/// Where orders are sent.
pub(super) type Orders = mpsc::Sender<Order>;

/// How often the web thread says that it is alive.
pub(super) const BEAT: Duration = Duration::from_millis(500);
