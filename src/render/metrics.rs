//! How is it told to Prometheus? Metric families from reports and from the daemon's status, written piece by piece.

mod daemon;
mod exposition;
mod families;
mod round;

pub use exposition::{Family, Format, Kind};

use crate::named::named;
use crate::report::Report;
use crate::status::{Process, Schedule, Status};
use exposition::Samples;
use families::{Entry, FAMILIES, Source};
use std::fmt::{self, Display};
use std::sync::Arc;

/// The last rounds of some targets in the text format 0.0.4, gauges only.
pub fn prometheus<'a>(reports: &'a [&'a Report]) -> impl Display + use<'a> {
    struct Whole<'a>(&'a [&'a Report]);
    impl Display for Whole<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            Exposition::of_reports(self.0, Format::Text).try_for_each(|chunk| f.write_str(&chunk))
        }
    }
    Whole(reports)
}

/// Metric families in a format: text in chunks of [`MOST_CHUNK_BYTES`] or a little more, each made when it is asked for, so that
/// many targets need little memory. A family without samples is left out, and so is what was not measured.
#[derive(Debug)]
pub struct Exposition<'a> {
    told: Told<'a>,
    samples: Samples,
    entry: usize,
    part: usize,
}

/// What is told.
#[derive(Debug)]
enum Told<'a> {
    Reports(&'a [&'a Report]),
    Round(Arc<Report>),
    Daemon(Box<(Status, Process)>),
}

impl<'a> Exposition<'a> {
    /// The last rounds of some targets, as `once` tells them.
    pub fn of_reports(reports: &'a [&'a Report], format: Format) -> Self {
        Self::new(Told::Reports(reports), format)
    }

    fn new(told: Told<'a>, format: Format) -> Self {
        Self { told, samples: Samples::new(format), entry: 0, part: 0 }
    }
}

impl Exposition<'static> {
    /// One round, as `/probe` tells it.
    pub fn of_round(report: Arc<Report>, format: Format) -> Self {
        Self::new(Told::Round(report), format)
    }

    /// The daemon, as `/metrics` tells it: of each target its counters, and its last round unless that is up to whoever
    /// asks `/probe`. With an unknown process there is no `process_*`, which a file for node_exporter must not hold.
    pub fn of_daemon(status: Status, process: Process, format: Format) -> Self {
        Self::new(Told::Daemon(Box::new((status, process))), format)
    }
}

impl Iterator for Exposition<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        while self.samples.bytes() < MOST_CHUNK_BYTES {
            let Some(entry) = FAMILIES.get(self.entry) else {
                if self.entry == FAMILIES.len() {
                    self.samples.end();
                    self.entry += 1;
                }
                break;
            };
            if self.told.write(entry, self.part, &mut self.samples) {
                self.part += 1;
            } else {
                (self.entry, self.part) = (self.entry + 1, 0);
            }
        }
        Some(self.samples.take()).filter(|chunk| !chunk.is_empty())
    }
}

impl Told<'_> {
    /// Writes the samples of a family that one part gives, such as one target; false if there is no such part.
    fn write(&self, entry: &'static Entry, part: usize, samples: &mut Samples) -> bool {
        let out = &mut samples.of(&entry.family);
        match (self, entry.samples) {
            (Self::Reports(reports), Source::Round(write)) => {
                reports.get(part).map(|report| write(report, out)).is_some()
            }
            (Self::Round(report), Source::Round(write)) => once(part, || write(report, out)),
            (Self::Daemon(daemon), Source::Round(write)) => {
                let Some(target) = daemon.0.targets.get(part) else { return false };
                match (target.schedule, target.history.latest()) {
                    (Schedule::Interval, Some(report)) => write(report, out),
                    // of a round that nobody asked for it would seem to speak
                    (Schedule::OnProbe, _) | (Schedule::Interval, None) => {}
                }
                true
            }
            (Self::Daemon(daemon), Source::Target(write)) => {
                daemon.0.targets.get(part).map(|target| write(target, out)).is_some()
            }
            (Self::Daemon(daemon), Source::Daemon(write)) => once(part, || write(&daemon.0, out)),
            (Self::Daemon(daemon), Source::Process(value)) => {
                once(part, || value(&daemon.1).into_iter().for_each(|value| out.push(&[], value)))
            }
            (Self::Daemon(_) | Self::Reports(_), Source::Program(write)) => once(part, || write(out)),
            (Self::Reports(_) | Self::Round(_), Source::Target(_) | Source::Daemon(_) | Source::Process(_))
            | (Self::Round(_), Source::Program(_)) => false,
        }
    }
}

fn once(part: usize, write: impl FnOnce()) -> bool {
    if part == 0 {
        write();
    }
    part == 0
}

/// Every family there is, in the order of writing, and where it is told.
pub fn families() -> impl Iterator<Item = (&'static Family, &'static [Place])> {
    FAMILIES.iter().map(|entry| (&entry.family, places(entry.samples)))
}

named! {
    /// Where a family is told.
    pub enum Place {
        /// `once --format prometheus`.
        Once = "once",
        /// `/probe`.
        Probe = "/probe",
        /// `/metrics`; what is told at [`Place::Probe`] too, only of targets that are probed at intervals.
        Metrics = "/metrics",
    }
}

fn places(source: Source) -> &'static [Place] {
    match source {
        Source::Round(_) => &[Place::Once, Place::Probe, Place::Metrics],
        Source::Program(_) => &[Place::Once, Place::Metrics],
        Source::Target(_) | Source::Daemon(_) | Source::Process(_) => &[Place::Metrics],
    }
}

/// A chunk ends with the target that takes it beyond this.
pub const MOST_CHUNK_BYTES: usize = 48 << 10;
