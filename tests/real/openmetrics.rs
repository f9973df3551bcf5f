//! Is it OpenMetrics? The strict parser of another project reads every family.

use crate::status::{full, process};
use crate::tool::text;
use apigw_probe::render::metrics::{Exposition, ExpositionFormat, MetricType, families};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/openmetrics.py");
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/venv/bin/python");

fn read(metrics: &str) -> Output {
    assert!(
        Path::new(PYTHON).exists(),
        "`{PYTHON}` is missing: python3 -m venv target/venv; target/venv/bin/pip install -r tests/real/requirements.txt"
    );
    let mut command = Command::new(PYTHON);
    command.arg(SCRIPT).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(metrics.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn every_family_is_read() {
    let metrics = Exposition::Daemon(Box::new(full()), process()).page(ExpositionFormat::OpenMetrics);
    let output = read(&metrics);
    assert!(output.status.success(), "{}\n{metrics}", text(&output.stderr));
    let samples = metrics.lines().filter(|line| !line.starts_with('#')).count();
    let mut read = BTreeSet::new();
    let mut read_samples = 0;
    for line in text(&output.stdout).lines() {
        let [name, kind, unit, samples] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        read_samples += samples.parse::<usize>().unwrap();
        read.insert([name, kind, unit].map(str::to_owned));
    }
    assert_eq!(read_samples, samples);
    let told = families().map(|(family, _)| {
        let end = match family.kind {
            MetricType::Counter => "_total",
            MetricType::Info => "_info",
            MetricType::Gauge | MetricType::Histogram | MetricType::Unknown => "",
        };
        let name = family.name.strip_suffix(end).unwrap();
        let unit = ["seconds", "bytes"].into_iter().find(|unit| name.ends_with(&format!("_{unit}"))).unwrap_or("-");
        [name, family.kind.as_str(), unit].map(str::to_owned)
    });
    assert_eq!(read, told.collect());
}

#[test]
fn what_breaks_the_format_is_not_read() {
    let good = Exposition::Daemon(Box::new(full()), process()).page(ExpositionFormat::OpenMetrics);
    let broken = [
        good.replace("# EOF\n", ""),
        good.replace("apigw_probe_probes_total{", "apigw_probe_probes{"),
        good.replace("# UNIT process_cpu_seconds seconds", "# UNIT process_cpu_seconds minutes"),
    ];
    for broken in broken {
        assert_ne!(broken, good);
        assert!(!read(&broken).status.success());
    }
}
