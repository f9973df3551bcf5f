//! The metrics of the daemon: what is counted, what is left out, and that the table of families is the whole truth.

use crate::exposition::{Series, series, value};
use crate::status::{full, process, status};
use crate::{hostile, is_harmless, report};
use apigw_probe::history::Histogram;
use apigw_probe::observation::Intent;
use apigw_probe::plan::AccessPath;
use apigw_probe::render::metrics::{Exposition, ExpositionFormat, MetricScope, MetricType, families};
use apigw_probe::status::{Process, Schedule, Status};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

#[test]
fn both_formats_tell_the_same_in_their_grammar() {
    let status = full();
    let text = told(&status, ExpositionFormat::Text);
    let open = told(&status, ExpositionFormat::OpenMetrics);
    assert_eq!(series(&text), series(open.strip_suffix("# EOF\n").expect("an end")));
}

/// `UPDATE_GOLDEN=1 cargo test --test render pages_are_as_recorded` writes the pages.
#[test]
fn pages_are_as_recorded() {
    let status = status([(Schedule::Interval, vec![report::with_canary(report::one_zone_down(), 403)])]);
    for (format, name) in [(ExpositionFormat::Text, "metrics.prom"), (ExpositionFormat::OpenMetrics, "metrics.om")] {
        let version = format!("version=\"{}\"", env!("CARGO_PKG_VERSION"));
        let page = told(&status, format).replace(&version, "version=\"x.y.z\"");
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/render").join(name);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&file, &page).unwrap();
        }
        assert_eq!(page, std::fs::read_to_string(&file).unwrap(), "{name}");
    }
}

#[test]
fn bounds_of_buckets_are_no_whole_numbers() {
    assert!(Histogram::BOUNDS.iter().all(|bound| bound.fract() > 0.0));
    assert!(Histogram::BOUNDS.is_sorted_by(|one, next| one < next));
}

#[test]
fn counters_and_histograms_are_described_as_each_format_wants_them() {
    let status = full();
    let comments = |format, family: &str| {
        let text = told(&status, format);
        let lines = text.lines().filter(|line| line.starts_with('#') && line.contains(&format!(" {family}")));
        lines.filter(|line| !line.contains(" HELP ")).map(str::to_owned).collect::<Vec<_>>()
    };
    let kind = |format, family: &str| {
        let comments = comments(format, family);
        comments.iter().filter(|line| line.starts_with("# TYPE ")).cloned().collect::<Vec<_>>()
    };
    let text = kind(ExpositionFormat::Text, "apigw_probe_probes_total");
    assert_eq!(text, ["# TYPE apigw_probe_probes_total counter"]);
    let open = kind(ExpositionFormat::OpenMetrics, "apigw_probe_probes ");
    assert_eq!(open, ["# TYPE apigw_probe_probes counter"]);
    assert_eq!(kind(ExpositionFormat::Text, "apigw_probe_build"), ["# TYPE apigw_probe_build_info gauge"]);
    assert_eq!(kind(ExpositionFormat::OpenMetrics, "apigw_probe_build"), ["# TYPE apigw_probe_build info"]);
    let units = comments(ExpositionFormat::OpenMetrics, "process_");
    let units: Vec<_> = units.iter().filter(|line| line.starts_with("# UNIT ")).map(String::as_str).collect();
    assert_eq!(
        units,
        [
            "# UNIT process_cpu_seconds seconds",
            "# UNIT process_virtual_memory_bytes bytes",
            "# UNIT process_resident_memory_bytes bytes",
            "# UNIT process_start_time_seconds seconds"
        ]
    );
}

#[test]
fn bounds_are_written_alike_whatever_they_are() {
    let text = told(&full(), ExpositionFormat::OpenMetrics);
    let bounds = text.lines().filter_map(|line| line.split_once("le=\"")?.1.split_once('"'));
    let bounds: BTreeSet<_> = bounds.map(|(bound, _)| bound).collect();
    assert_eq!(bounds.len(), Histogram::BOUNDS.len() + 1);
    assert!(bounds.contains("+Inf") && bounds.iter().all(|bound| *bound == "+Inf" || bound.contains('.')));
}

#[test]
fn the_table_of_families_is_what_is_written() {
    let full = full();
    let of_daemon = told(&full, ExpositionFormat::Text);
    assert_eq!(shapes(&of_daemon), table(MetricScope::Metrics));
    let mut reports = [report::all_broken(), report::with_canary(report::healthy(), 403), report::one_zone_down()];
    Arc::make_mut(&mut reports[0].round.target).name = "broken".to_owned();
    Arc::make_mut(&mut reports[2].round.target).name = "zonal".to_owned();
    let once = Exposition::Reports(reports.to_vec()).page(ExpositionFormat::Text);
    assert_eq!(shapes(&once), table(MetricScope::Once));
    let mut probe = BTreeMap::new();
    for report in reports {
        let told = Exposition::Round(Arc::new(report)).page(ExpositionFormat::Text);
        probe.extend(shapes(&told));
    }
    assert_eq!(probe, table(MetricScope::Probe));
}

#[test]
fn once_has_no_counters() {
    for (family, places) in families().filter(|(_, places)| places.contains(&MetricScope::Once)) {
        assert!(matches!(family.kind, MetricType::Gauge | MetricType::Info), "{} {places:?}", family.name);
    }
}

#[test]
fn counters_of_configured_paths_begin_at_zero() {
    let status = status([(Schedule::Interval, Vec::new())]);
    let text = told(&status, ExpositionFormat::Text);
    for path in AccessPath::FOUR {
        for family in ["probes_total", "requests_sent_total"] {
            let series = format!(r#"apigw_probe_{family}{{target="target-0",path="{path}"}}"#);
            assert_eq!(value(&text, &series), Some(0.0), "{series}");
        }
    }
    assert_eq!(value(&text, r#"apigw_probe_round_duration_seconds_count{target="target-0"}"#), Some(0.0));
    assert_eq!(value(&text, r#"apigw_probe_dns_queries_sent_total{target="target-0"}"#), Some(0.0));
    assert_eq!(value(&text, r#"apigw_probe_missed_rounds_total{target="target-0"}"#), Some(0.0));
    for absent in ["probe_failures_total", "target_success", "last_success", "last_round", "path_success"] {
        assert!(!text.contains(&format!("apigw_probe_{absent}")), "{absent}");
    }
}

#[test]
fn round_that_nobody_asked_for_is_not_told() {
    let status = status([(Schedule::OnProbe, vec![report::all_broken(), report::healthy()])]);
    let text = told(&status, ExpositionFormat::Text);
    let names: BTreeSet<_> = shapes(&text).into_keys().collect();
    for (family, places) in families().filter(|(_, places)| places.contains(&MetricScope::Probe)) {
        assert!(!names.contains(family.name), "{} {places:?}", family.name);
    }
    assert!(!names.contains("apigw_probe_interval_seconds") && !names.contains("apigw_probe_missed_rounds_total"));
    assert_eq!(value(&text, r#"apigw_probe_probes_total{target="target-0",path="private-dns"}"#), Some(2.0));
    assert!(names.contains("apigw_probe_last_success_timestamp_seconds"));
}

#[test]
fn removed_path_leaves_no_series() {
    let mut status = status([(Schedule::Interval, vec![report::all_broken()])]);
    let history = Arc::make_mut(&mut status.targets[0].history);
    let left = AccessPath::FOUR.iter().copied().filter(|path| *path != AccessPath::Route53Alias);
    history.reconfigure(left, 4096);
    let gone = |status: &Status| !told(status, ExpositionFormat::Text).contains("route53-alias");
    assert!(gone(&status));
    // a round that was under way when the configuration changed
    Arc::make_mut(&mut status.targets[0].history).record(Arc::new(report::healthy()));
    assert!(gone(&status));
    let text = told(&status, ExpositionFormat::Text);
    assert_eq!(value(&text, r#"apigw_probe_probes_total{target="target-0",path="private-dns"}"#), Some(2.0));
}

#[test]
fn unknown_process_is_not_told() {
    let text = Exposition::Daemon(Box::new(full()), Process::default()).page(ExpositionFormat::Text);
    assert!(!text.contains("process_"));
}

#[test]
fn refused_reload_is_told() {
    let mut status = full();
    let text = told(&status, ExpositionFormat::Text);
    assert_eq!(value(&text, "apigw_probe_config_last_reload_successful"), Some(1.0));
    status.reload.refused = Some("line 3".to_owned());
    let text = told(&status, ExpositionFormat::Text);
    assert_eq!(value(&text, "apigw_probe_config_last_reload_successful"), Some(0.0));
    assert!(value(&text, "apigw_probe_config_last_reload_success_timestamp_seconds").is_some());
}

#[test]
fn page_of_many_targets_is_written_in_small_pieces() {
    /// Counts what is written, and remembers the largest piece.
    #[derive(Default)]
    struct Pieces {
        text: String,
        largest: usize,
    }
    impl std::fmt::Write for Pieces {
        fn write_str(&mut self, piece: &str) -> std::fmt::Result {
            self.largest = self.largest.max(piece.len());
            self.text.push_str(piece);
            Ok(())
        }
    }
    let rounds = || vec![report::all_broken(), report::healthy()];
    let status = Box::new(status((0..300).map(|_| (Schedule::Interval, rounds()))));
    for format in [ExpositionFormat::Text, ExpositionFormat::OpenMetrics] {
        let mut pieces = Pieces::default();
        Exposition::Daemon(status.clone(), process()).write(format, &mut pieces).unwrap();
        assert!(pieces.largest <= 16 << 10 && pieces.text.len() > 1 << 20, "{}", pieces.largest);
        let whole = pieces.text.strip_suffix("# EOF\n").unwrap_or(&pieces.text);
        assert_eq!(series(whole).keys().filter(|(name, _)| name == "apigw_probe_target_success").count(), 300);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hostile_names_do_no_harm(text in hostile::text()) {
        let mut status = full();
        status.targets.truncate(1);
        status.targets[0].name = text.as_str().into();
        for format in [ExpositionFormat::Text, ExpositionFormat::OpenMetrics] {
            let written = told(&status, format);
            prop_assert!(written.chars().all(is_harmless), "{:?}", written);
            series(written.strip_suffix("# EOF\n").unwrap_or(&written));
        }
    }

    #[test]
    fn nothing_is_lost_in_the_counters(picks in prop::collection::vec((0..6_usize, 0..4_usize), 1..40)) {
        let kinds: Vec<_> = report::all().into_iter().map(|(_, report)| report).collect();
        let mut status = status([(Schedule::Interval, Vec::new())]);
        let mut before: BTreeMap<Series, f64> = BTreeMap::new();
        for (kind, intent) in picks {
            let mut report = kinds[kind].clone();
            report.round.rows.iter_mut().for_each(|row| row.intent = Intent::ALL[intent]);
            let probed: Vec<_> = report.round.rows.iter().filter(|row| row.observation().is_some()).collect();
            let failed = probed.iter().filter(|row| !row.returns_expected(&report.round.target)).count();
            let expected = [("apigw_probe_probes_total", probed.len()), ("apigw_probe_probe_failures_total", failed)];
            Arc::make_mut(&mut status.targets[0].history).record(Arc::new(report));
            let now = counted(&told(&status, ExpositionFormat::Text));
            let sum = |now: &BTreeMap<Series, f64>, name: &str| {
                now.iter().filter(|((one, _), _)| one == name).map(|(_, value)| value).sum::<f64>()
            };
            for (name, count) in expected {
                let risen = sum(&now, name) - sum(&before, name);
                prop_assert!((risen - f64::from(u32::try_from(count).unwrap())).abs() < 0.5, "{}: {}", name, risen);
            }
            for (series, value) in &before {
                prop_assert!(now[series] >= *value, "{:?} fell", series);
            }
            before = now;
        }
    }
}

/// The counters of an exposition, and that a histogram's buckets rise to its count.
fn counted(text: &str) -> BTreeMap<Series, f64> {
    let series = series(text);
    let mut last = 0.0;
    for line in text.lines().filter(|line| line.starts_with("apigw_probe_round_duration_seconds_")) {
        let value: f64 = line.rsplit_once(' ').unwrap().1.parse().unwrap();
        if line.contains("_bucket{") {
            assert!(value >= last, "{line}");
            last = value;
        } else if line.contains("_count{") {
            assert!((value - last).abs() < 0.5, "{line}");
        }
    }
    let rising = series
        .into_iter()
        .filter(|((name, _), _)| ["_total", "_bucket", "_sum", "_count"].iter().any(|end| name.ends_with(end)));
    rising.map(|(series, value)| (series, value.parse().unwrap())).collect()
}

/// Each family that was written, with its type and the labels of its samples.
fn shapes(text: &str) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let mut shapes: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').unwrap();
        shapes.insert(name.to_owned(), (kind.to_owned(), BTreeSet::new()));
    }
    for ((name, labels), _) in series(text) {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
        let family = if shapes.contains_key(&name) { &name } else { base };
        let shape = shapes.get_mut(family).unwrap_or_else(|| panic!("{name} has no type"));
        shape.1.extend(labels.into_keys().filter(|label| label != "le"));
    }
    shapes
}

/// What the table of families says is written there.
fn table(place: MetricScope) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let there = families().filter(|(_, places)| places.contains(&place));
    there
        .map(|(family, _)| {
            let kind = if matches!(family.kind, MetricType::Info) { MetricType::Gauge } else { family.kind };
            let labels = family.labels.iter().map(|label| (*label).to_owned()).collect();
            (family.name.to_owned(), (kind.as_str().to_owned(), labels))
        })
        .collect()
}

fn told(status: &Status, format: ExpositionFormat) -> String {
    Exposition::Daemon(Box::new(status.clone()), process()).page(format)
}
