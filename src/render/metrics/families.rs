//! Table of all metric families: of a round, of a target in the daemon, of the daemon, of its process.

use super::encoder::{FamilyEncoder, MetricFamily, number};
use super::{daemon, round};
use crate::report::Report;
use crate::status::{Process, Status, TargetStatus};
use prometheus_client::metrics::MetricType;

/// A family and where its samples come from.
#[derive(Debug)]
pub(super) struct FamilyEntry {
    pub(super) family: MetricFamily,
    pub(super) samples: SampleSource,
}

/// What gives the samples of a family.
#[derive(Debug, Clone, Copy)]
pub(super) enum SampleSource {
    /// The last round of a target.
    Round(fn(&Report, &mut FamilyEncoder<'_, '_>)),
    /// The program itself, whatever it does.
    Program(fn(&mut FamilyEncoder<'_, '_>)),
    /// What the daemon counts of a target.
    Target(fn(&TargetStatus, &mut FamilyEncoder<'_, '_>)),
    /// The daemon.
    Daemon(fn(&Status, &mut FamilyEncoder<'_, '_>)),
    /// Its process.
    Process(fn(&Process) -> Option<f64>),
}

const fn entry(
    kind: MetricType,
    name: &'static str,
    labels: &'static [&'static str],
    samples: SampleSource,
    help: &'static str,
) -> FamilyEntry {
    FamilyEntry { family: MetricFamily { name, kind, labels, help }, samples }
}

const TARGET: &[&str] = &["target"];
const PATH: &[&str] = &["target", "path"];
const ZONE: &[&str] = &["target", "zone"];
const PHASE: &[&str] = &["target", "path", "phase"];

/// Every family, in the order of writing. What comes from a round says so in its help.
#[rustfmt::skip]
pub(super) static FAMILIES: &[FamilyEntry] = &[
    // the last round
    entry(MetricType::Gauge, "apigw_probe_target_success", TARGET, SampleSource::Round(round::target_success),
        "Whether every path of the target met its intent in the last round."),
    entry(MetricType::Gauge, "apigw_probe_path_success", PATH, SampleSource::Round(round::path_success),
        "Whether the path returned an expected status in the last round, whatever its intent."),
    entry(MetricType::Gauge, "apigw_probe_path_meets_intent", PATH, SampleSource::Round(round::meets_intent),
        "Whether the path did in the last round what is expected of it."),
    entry(MetricType::Info, "apigw_probe_path_intent_info", &["target", "path", "intent"], SampleSource::Round(round::intent),
        "What is expected of the path: required, optional, forbidden or skip."),
    entry(MetricType::Gauge, "apigw_probe_path_resolves", PATH, SampleSource::Round(round::resolves),
        "Whether the name of the path gave an address in the last round."),
    entry(MetricType::Gauge, "apigw_probe_path_http_status", PATH, SampleSource::Round(round::http_status),
        "The status code that the path returned in the last round."),
    entry(MetricType::Gauge, "apigw_probe_path_duration_seconds", PATH, SampleSource::Round(round::path_duration),
        "From the first packet to the last byte in the last round."),
    entry(MetricType::Gauge, "apigw_probe_path_phase_duration_seconds", PHASE, SampleSource::Round(round::phases_felt),
        "How long a phase took in the last round, as the probe felt it."),
    entry(MetricType::Gauge, "apigw_probe_path_phase_wire_duration_seconds", PHASE, SampleSource::Round(round::phases_on_the_wire),
        "How long a phase took on the wire in the last round, by the kernel's time stamps."),
    entry(MetricType::Gauge, "apigw_probe_finding", &["target", "cause"], SampleSource::Round(round::findings),
        "A finding of the last round, by its cause; 1 while it holds."),
    entry(MetricType::Gauge, "apigw_probe_address_success", &["target", "path", "address"], SampleSource::Round(round::addresses),
        "Whether the address took a TCP connection in the last round."),
    entry(MetricType::Gauge, "apigw_probe_addresses_omitted", PATH, SampleSource::Round(round::addresses_omitted),
        "How many addresses of the last round are left out of apigw_probe_address_success, to bound the number of series."),
    entry(MetricType::Gauge, "apigw_probe_tls_certificate_not_after_timestamp_seconds", PATH, SampleSource::Round(round::certificate_end),
        "The end of the validity of the certificate that the last round met, whether or not it was verified."),
    entry(MetricType::Gauge, "apigw_probe_zone_success", ZONE, SampleSource::Round(round::zone_success),
        "Whether vpce-host-header over the endpoint's name in one Availability Zone returned an expected status in the last round."),
    entry(MetricType::Gauge, "apigw_probe_zone_duration_seconds", ZONE, SampleSource::Round(round::zone_duration),
        "From the first packet to the last byte over the endpoint's name in one Availability Zone in the last round."),
    entry(MetricType::Info, "apigw_probe_address_zone_info", &["target", "address", "zone"], SampleSource::Round(round::address_zones),
        "The Availability Zone of an address, where a zonal name of the endpoint was answered with it."),
    entry(MetricType::Gauge, "apigw_probe_canary_success", TARGET, SampleSource::Round(round::canary),
        "Whether the call of an API that does not exist was refused in the last round, as it should be; absent without a canary, and if it got no answer."),
    entry(MetricType::Gauge, "apigw_probe_last_round_timestamp_seconds", TARGET, SampleSource::Round(round::last_round),
        "When the last round ended."),
    // what the daemon counts of a target
    entry(MetricType::Counter, "apigw_probe_probes_total", PATH, SampleSource::Target(daemon::probes),
        "How often the path was probed."),
    entry(MetricType::Counter, "apigw_probe_probe_failures_total", &["target", "path", "reason"], SampleSource::Target(daemon::probe_failures),
        "How often the path did not return an expected status, by its outcome, or internal for a defect of the probe itself; only reasons that occurred."),
    entry(MetricType::Counter, "apigw_probe_requests_sent_total", PATH, SampleSource::Target(daemon::requests_sent),
        "HTTP requests that were sent, one on each connection whose TLS handshake was completed for it; a canary counts on the path that it takes."),
    entry(MetricType::Counter, "apigw_probe_dns_queries_sent_total", TARGET, SampleSource::Target(daemon::dns_queries_sent),
        "DNS queries that were sent, each transmission by itself; a lookup that paths share counts once, a second opinion does not count."),
    entry(MetricType::Histogram, "apigw_probe_round_duration_seconds", TARGET, SampleSource::Target(daemon::round_durations),
        "How long rounds took."),
    entry(MetricType::Gauge, "apigw_probe_last_success_timestamp_seconds", TARGET, SampleSource::Target(daemon::last_success),
        "When the last round began in which every path met its intent."),
    entry(MetricType::Gauge, "apigw_probe_interval_seconds", TARGET, SampleSource::Target(daemon::interval),
        "From the start of one round to the start of the next, of targets that are probed at intervals."),
    entry(MetricType::Counter, "apigw_probe_missed_rounds_total", TARGET, SampleSource::Target(daemon::missed_rounds),
        "Rounds that were due and did not begin, because the one before had not ended or the limits held them back."),
    // the daemon
    entry(MetricType::Gauge, "apigw_probe_config_last_reload_successful", &[], SampleSource::Daemon(daemon::reload_successful),
        "Whether the configuration was accepted the last time it was read."),
    entry(MetricType::Gauge, "apigw_probe_config_last_reload_success_timestamp_seconds", &[], SampleSource::Daemon(daemon::reload_success_time),
        "When the configuration that is in force was read."),
    entry(MetricType::Counter, "apigw_probe_output_write_errors_total", &["output"], SampleSource::Daemon(daemon::write_errors),
        "How often an output could not be written: textfile or output-dir."),
    entry(MetricType::Info, "apigw_probe_build_info", &["version"], SampleSource::Program(daemon::build),
        "The version of the probe."),
    // its process
    entry(MetricType::Counter, "process_cpu_seconds_total", &[], SampleSource::Process(|of| Some(of.cpu?.as_secs_f64())),
        "Processor time in user and system mode."),
    entry(MetricType::Gauge, "process_open_fds", &[], SampleSource::Process(|of| of.open_fds.map(number)),
        "Open file descriptors."),
    entry(MetricType::Gauge, "process_max_fds", &[], SampleSource::Process(|of| of.max_fds.map(number)),
        "The most file descriptors that may be open."),
    entry(MetricType::Gauge, "process_virtual_memory_bytes", &[], SampleSource::Process(|of| of.virtual_bytes.map(number)),
        "Address space in use."),
    entry(MetricType::Gauge, "process_resident_memory_bytes", &[], SampleSource::Process(|of| of.resident_bytes.map(number)),
        "Memory in use."),
    entry(MetricType::Gauge, "process_threads", &[], SampleSource::Process(|of| of.threads.map(number)),
        "Threads."),
    entry(MetricType::Gauge, "process_start_time_seconds", &[], SampleSource::Process(|of| of.started.map(round::unix_seconds)),
        "When the process started."),
];
