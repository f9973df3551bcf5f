//! Prometheus metrics of reports and of the daemon, in the text format 0.0.4 and in OpenMetrics 1.0.

mod daemon;
mod encoder;
mod families;
mod round;

pub use encoder::MetricFamily;
pub use prometheus_client::metrics::MetricType;

use crate::named::named;
use crate::report::Report;
use crate::status::{Process, Schedule, Status};
use encoder::FamilyEncoder;
use families::{FAMILIES, SampleSource};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, prometheus_text, text};
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::Arc;

/// Returns the last rounds of some targets in the text format 0.0.4, gauges only.
pub fn prometheus(reports: &[Report]) -> String {
    Exposition::Reports(reports.to_vec()).page(ExpositionFormat::Text)
}

/// The format of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpositionFormat {
    /// The text format, version 0.0.4.
    Text,
    /// OpenMetrics, version 1.0.0.
    OpenMetrics,
}

impl ExpositionFormat {
    /// Returns the `Content-Type` of the format.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => prometheus_text::CONTENT_TYPE,
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// A page of metrics, from an immutable snapshot. A family without samples is left out, and so is what was not measured.
#[derive(Debug, Clone)]
pub enum Exposition {
    /// The last rounds of some targets, as `once` prints them.
    Reports(Vec<Report>),
    /// One round, as `/probe` answers.
    Round(Arc<Report>),
    /// The daemon, as `/metrics` answers: of each target its counters, and its last round unless `/probe` begins its
    /// rounds. With an unknown process there is no `process_*`, which a file for node_exporter must not hold.
    Daemon(Box<Status>, Process),
}

impl Exposition {
    /// Writes the page in pieces of some kilobytes, so that a page of many targets needs little memory.
    ///
    /// # Errors
    ///
    /// Only those of `out`.
    pub fn write(self, format: ExpositionFormat, out: &mut dyn fmt::Write) -> fmt::Result {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self));
        // the writer behind a reference of its own, since the encoders want a sized one
        let mut out = out;
        match format {
            ExpositionFormat::Text => prometheus_text::encode(&mut out, &registry),
            ExpositionFormat::OpenMetrics => text::encode(&mut out, &registry),
        }
    }

    /// Returns the whole page.
    pub fn page(self, format: ExpositionFormat) -> String {
        let mut page = String::new();
        self.write(format, &mut page).expect("a string takes everything");
        page
    }

    /// Writes the samples of a family that this page shows.
    fn write_samples(&self, source: SampleSource, out: &mut FamilyEncoder<'_, '_>) {
        match (self, source) {
            (Self::Reports(reports), SampleSource::Round(write)) => {
                for report in reports {
                    write(report, out);
                }
            }
            (Self::Round(report), SampleSource::Round(write)) => write(report, out),
            (Self::Daemon(status, _), SampleSource::Round(write)) => {
                for target in &status.targets {
                    match (target.schedule, target.history.latest()) {
                        (Schedule::Interval, Some(report)) => write(report, out),
                        // a round that was started for another client is not this scrape's
                        (Schedule::OnProbe, _) | (Schedule::Interval, None) => {}
                    }
                }
            }
            (Self::Daemon(status, _), SampleSource::Target(write)) => {
                for target in &status.targets {
                    write(target, out);
                }
            }
            (Self::Daemon(status, _), SampleSource::Daemon(write)) => write(status, out),
            (Self::Daemon(_, process), SampleSource::Process(value)) => {
                if let Some(value) = value(process) {
                    out.push(&[], value);
                }
            }
            (Self::Daemon(..) | Self::Reports(_), SampleSource::Program(write)) => write(out),
            (
                Self::Reports(_) | Self::Round(_),
                SampleSource::Target(_) | SampleSource::Daemon(_) | SampleSource::Process(_),
            )
            | (Self::Round(_), SampleSource::Program(_)) => {}
        }
    }
}

impl Collector for Exposition {
    fn encode(&self, mut descriptor: DescriptorEncoder<'_>) -> fmt::Result {
        for entry in FAMILIES {
            let mut out = FamilyEncoder::new(&entry.family, &mut descriptor);
            self.write_samples(entry.samples, &mut out);
            out.finish()?;
        }
        Ok(())
    }
}

/// Returns every family there is, in the order of writing, and where it is shown.
pub fn families() -> impl Iterator<Item = (&'static MetricFamily, &'static [MetricScope])> {
    FAMILIES.iter().map(|entry| (&entry.family, scopes(entry.samples)))
}

named! {
    /// Where a family is shown.
    pub enum MetricScope {
        /// `once --format prometheus`.
        Once = "once",
        /// `/probe`.
        Probe = "/probe",
        /// `/metrics`; what is shown at [`MetricScope::Probe`] too, only of targets that are probed at intervals.
        Metrics = "/metrics",
    }
}

fn scopes(source: SampleSource) -> &'static [MetricScope] {
    match source {
        SampleSource::Round(_) => &[MetricScope::Once, MetricScope::Probe, MetricScope::Metrics],
        SampleSource::Program(_) => &[MetricScope::Once, MetricScope::Metrics],
        SampleSource::Target(_) | SampleSource::Daemon(_) | SampleSource::Process(_) => &[MetricScope::Metrics],
    }
}
