//! How does the daemon fare? Plain data, so that those who tell it need no daemon.

use crate::history::History;
use crate::named::named;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;

/// The daemon at one moment. Cheap to clone: the histories are shared.
#[derive(Debug, Clone)]
pub struct Status {
    /// When the daemon started.
    pub started: OffsetDateTime,
    /// The targets, in the order of the configuration.
    pub targets: Vec<TargetStatus>,
    /// The last time that a configuration was read: the start, or a reload.
    pub reload: Reload,
}

/// What came of reading the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reload {
    /// When the configuration that is in force was read.
    pub in_force_since: OffsetDateTime,
    /// Why the last reload was refused, if it was.
    pub refused: Option<String>,
}

/// One target at one moment.
#[derive(Debug, Clone)]
pub struct TargetStatus {
    /// Its name.
    pub name: Arc<str>,
    /// Who says when a round begins.
    pub schedule: Schedule,
    /// From the start of one round to the start of the next.
    pub interval: Duration,
    /// When the next round begins, by this host's clock; absent if nothing is planned.
    pub next_round: Option<OffsetDateTime>,
    /// Rounds that were due and did not begin, because the one before had not ended or the limits held them back.
    pub missed_rounds: u64,
    /// What has become of it.
    pub history: Arc<History>,
}

named! {
    /// Who says when a round begins.
    pub enum Schedule {
        /// The daemon, at intervals.
        Interval = "interval",
        /// Whoever asks `/probe`.
        OnProbe = "on-probe",
    }
}
