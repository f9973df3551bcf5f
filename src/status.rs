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
    /// The outputs that are configured.
    pub outputs: Vec<OutputStatus>,
    /// The rounds of all targets together.
    pub rounds: Rounds,
}

/// The rounds since the start, of all targets together. What was started and not ended is under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rounds {
    /// Rounds that began.
    pub started: u64,
    /// Rounds whose result was recorded, those that a defect of our own ended among them.
    pub recorded: u64,
    /// Rounds whose result was dropped, because a reload changed or removed their target meanwhile.
    pub dropped: u64,
    /// Paths that are under way.
    pub paths_in_flight: usize,
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
    /// From the start of one round to the start of the next, where the daemon says when.
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

/// One output at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputStatus {
    /// Which one.
    pub output: Output,
    /// How often it could not be written.
    pub write_errors: u64,
    /// Why it could not be written the last time, if it could not.
    pub last_error: Option<String>,
}

named! {
    /// Where the daemon writes by itself.
    pub enum Output {
        /// The metrics, for node_exporter.
        Textfile = "textfile",
        /// The reports as JSON, a file for each target.
        OutputDir = "output-dir",
    }
}

/// What the operating system says of the daemon's process. What it does not say is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Process {
    /// Processor time in user and system mode.
    pub cpu: Option<Duration>,
    /// Open file descriptors.
    pub open_fds: Option<u64>,
    /// The most file descriptors that may be open.
    pub max_fds: Option<u64>,
    /// Address space in bytes.
    pub virtual_bytes: Option<u64>,
    /// Memory in use in bytes.
    pub resident_bytes: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
    /// When it started.
    pub started: Option<OffsetDateTime>,
}
