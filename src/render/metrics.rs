//! The report for Prometheus: metric families from reports, one family together for all targets.

mod exposition;

pub use exposition::{Exposition, Family, Format, Kind, Labels, Sample, Value};

use crate::observation::{Attempt, Observation, Row, TcpFault};
use crate::report::{Report, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::net::IpAddr;
use std::time::Duration;

/// The last rounds of some targets in the text format 0.0.4, gauges only.
pub fn prometheus<'a>(reports: &'a [&'a Report]) -> impl Display + use<'a> {
    Exposition { families: move || families(reports), format: Format::Text }
}

/// The families that a round gives, each built when it is asked for. A phase that was not reached has no sample;
/// neither has a path that was not probed, but for its intent, and for `meets_intent` where lacking its input is a failure.
pub fn families<'a>(reports: &'a [&'a Report]) -> impl Iterator<Item = Family<'a>> + use<'a> {
    let from_reports = FAMILIES.iter().map(move |row| Family {
        name: row.name,
        help: row.help,
        kind: row.kind,
        samples: reports.iter().flat_map(|report| (row.samples)(report)).collect(),
    });
    from_reports.chain(std::iter::once_with(build))
}

/// One row of the table of families.
struct FamilyRow {
    name: &'static str,
    help: &'static str,
    kind: Kind,
    samples: fn(&Report) -> Vec<Sample<'_>>,
}

const fn gauge(name: &'static str, help: &'static str, samples: fn(&Report) -> Vec<Sample<'_>>) -> FamilyRow {
    FamilyRow { name, help, kind: Kind::Gauge, samples }
}

const FAMILIES: &[FamilyRow] = &[
    gauge("apigw_probe_target_success", "Whether every path of the target meets its intent.", target_success),
    gauge("apigw_probe_path_success", "Whether the path returned an expected status, whatever its intent.", |report| {
        probed(report, |row, _| Some(row.returns_expected(&report.round.target).into()))
    }),
    gauge("apigw_probe_path_meets_intent", "Whether the path did what is expected of it.", meets_intent),
    FamilyRow {
        name: "apigw_probe_path_intent_info",
        help: "What is expected of the path: required, optional, forbidden or skip.",
        kind: Kind::Info,
        samples: intent,
    },
    gauge("apigw_probe_path_resolves", "Whether the name of the path gave an address.", |report| {
        probed(report, |row, _| Some(row.resolves().into()))
    }),
    gauge("apigw_probe_path_http_status", "The status code that the path returned.", |report| {
        probed(report, |_, seen| Some(f64::from(seen.decisive()?.answer()?.status)))
    }),
    gauge("apigw_probe_path_duration_seconds", "From the first packet to the last byte.", |report| {
        probed(report, |_, seen| Some(seen.took.as_secs_f64()))
    }),
    gauge("apigw_probe_path_phase_duration_seconds", "How long a phase took, as the probe felt it.", |report| {
        phases(report, felt)
    }),
    gauge(
        "apigw_probe_path_phase_wire_duration_seconds",
        "How long a phase took on the wire, by the kernel's time stamps.",
        |report| phases(report, wire),
    ),
    gauge("apigw_probe_finding", "A finding of the last round, by its cause.", findings),
    gauge("apigw_probe_address_success", "Whether the address took a TCP connection.", addresses),
    gauge(
        "apigw_probe_addresses_omitted",
        "How many addresses of the path are left out of apigw_probe_address_success, to bound the number of series.",
        omitted,
    ),
    gauge(
        "apigw_probe_tls_certificate_not_after_timestamp_seconds",
        "The end of the certificate's validity, whether or not it was verified.",
        |report| probed(report, |_, seen| Some(unix_seconds(seen.decisive()?.certificate()?.not_after))),
    ),
    gauge("apigw_probe_last_round_timestamp_seconds", "When the last round ended.", |report| {
        let ended = report.round.started + report.round.took;
        vec![Sample::new(target_labels(report), unix_seconds(ended))]
    }),
];

fn target_success(report: &Report) -> Vec<Sample<'_>> {
    vec![Sample::new(target_labels(report), (report.verdict() == Verdict::Pass).into())]
}

fn meets_intent(report: &Report) -> Vec<Sample<'_>> {
    let target = &report.round.target;
    let decides = |row: &&Row| row.observation().is_some() || !row.meets_intent(target);
    let sample = |row: &Row| Sample::new(path_labels(report, row), row.meets_intent(target).into());
    report.round.rows.iter().filter(decides).map(sample).collect()
}

fn intent(report: &Report) -> Vec<Sample<'_>> {
    let sample = |row: &Row| Sample::new(path_labels(report, row).with("intent", row.intent.name()), 1.0);
    report.round.rows.iter().map(sample).collect()
}

fn findings(report: &Report) -> Vec<Sample<'_>> {
    let causes: BTreeSet<_> = report.diagnosis.findings.iter().map(|finding| finding.cause).collect();
    causes.into_iter().map(|cause| Sample::new(target_labels(report).with("cause", cause.name()), 1.0)).collect()
}

fn addresses(report: &Report) -> Vec<Sample<'_>> {
    let mut samples = Vec::new();
    for (row, seen) in observed(report) {
        for (address, success) in connections(seen).into_iter().take(MOST_ADDRESSES) {
            let labels = path_labels(report, row).with("address", address.to_string());
            samples.push(Sample::new(labels, success.into()));
        }
    }
    samples
}

fn omitted(report: &Report) -> Vec<Sample<'_>> {
    probed(report, |_, seen| {
        let count = connections(seen).len().saturating_sub(MOST_ADDRESSES);
        Some(f64::from(u32::try_from(count).unwrap_or(u32::MAX)))
    })
}

/// Each address that was tried, and whether it took a connection. That this host has no route to a family is no fault of the address.
fn connections(seen: &Observation) -> BTreeMap<IpAddr, bool> {
    let mut connections = BTreeMap::new();
    for attempt in &seen.attempts {
        let success = match &attempt.tcp.result {
            Ok(_) => true,
            Err(failure) if failure.fault == TcpFault::NoRouteForFamily => continue,
            Err(_) => false,
        };
        *connections.entry(attempt.address.ip()).or_insert(false) |= success;
    }
    connections
}

/// One sample a path that was probed and has the value.
fn probed(report: &Report, value: impl Fn(&Row, &Observation) -> Option<f64>) -> Vec<Sample<'_>> {
    observed(report).filter_map(|(row, seen)| Some(Sample::new(path_labels(report, row), value(row, seen)?))).collect()
}

/// One sample a phase that was reached.
fn phases(report: &Report, times: fn(&Observation) -> [Option<Duration>; 4]) -> Vec<Sample<'_>> {
    let mut samples = Vec::new();
    for (row, seen) in observed(report) {
        for (phase, took) in ["dns", "tcp", "tls", "http"].into_iter().zip(times(seen)) {
            let sample =
                |took: Duration| Sample::new(path_labels(report, row).with("phase", phase), took.as_secs_f64());
            samples.extend(took.map(sample));
        }
    }
    samples
}

fn felt(seen: &Observation) -> [Option<Duration>; 4] {
    let decisive = seen.decisive();
    [
        Some(seen.lookup.took),
        decisive.map(|attempt| attempt.tcp.felt),
        decisive.and_then(Attempt::tls).map(|tls| tls.felt),
        decisive.and_then(Attempt::http).map(|http| http.felt),
    ]
}

fn wire(seen: &Observation) -> [Option<Duration>; 4] {
    let decisive = seen.decisive();
    [
        seen.lookup.wire(),
        decisive.and_then(|attempt| attempt.tcp.wire),
        decisive.and_then(Attempt::tls).and_then(|tls| tls.wire),
        decisive.and_then(Attempt::http).and_then(|http| http.wire),
    ]
}

fn observed(report: &Report) -> impl Iterator<Item = (&Row, &Observation)> {
    report.round.rows.iter().filter_map(|row| Some((row, row.observation()?)))
}

fn build<'a>() -> Family<'a> {
    Family {
        name: "apigw_probe_build_info",
        help: "The version of the probe.",
        kind: Kind::Info,
        samples: vec![Sample::new(Labels::new().with("version", env!("CARGO_PKG_VERSION")), 1.0)],
    }
}

fn target_labels(report: &Report) -> Labels<'_> {
    Labels::new().with("target", report.round.target.name.as_str())
}

fn path_labels<'a>(report: &'a Report, row: &Row) -> Labels<'a> {
    let labels = target_labels(report).with("path", row.path.name());
    // the label is there only where one path has two series
    if report.round.is_double() { labels.with("signed", if row.signed { "true" } else { "false" }) } else { labels }
}

fn unix_seconds(moment: time::OffsetDateTime) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a double holds microseconds for centuries to come")]
    let micros = (moment.unix_timestamp_nanos() / 1_000) as f64;
    micros / 1e6
}

const MOST_ADDRESSES: usize = 32;
