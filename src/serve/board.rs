//! What do the threads of the daemon share? The status, written by the scheduler, and orders to it.

use crate::report::Report;
use crate::status::Status;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// The status of the daemon; each look at it is cheap and holds nobody up.
#[derive(Debug)]
pub(super) struct Board(Mutex<Status>);

impl Board {
    pub(super) fn new(status: Status) -> Self {
        Self(Mutex::new(status))
    }

    /// The status now.
    pub(super) fn status(&self) -> Status {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the status; the change is short, because everybody waits for it.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Status) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
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
