//! Does Prometheus's own checker accept the metrics? Of `once` in every scenario, and of the daemon.

use crate::daemon::Daemon;
use crate::side::Side;
use crate::status::{full, process};
use crate::tool::{text, tool};
use apigw_probe::lab::Scenario;
use apigw_probe::render::metrics::{Exposition, ExpositionFormat};
use std::io::Write as _;
use std::process::Stdio;

/// Neither a syntax error nor a word of lint.
fn check(metrics: &str, of: &str) {
    assert!(metrics.contains("\napigw_probe_"), "{of}: {metrics}");
    let mut command = tool("promtool", "prometheus");
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(metrics.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert!(output.status.success() && said.is_empty(), "{of}: {said}\n{metrics}");
}

#[test]
fn the_gauges_of_all_scenarios_are_accepted() {
    let probe = |scenario: &'static Scenario| {
        let output = Side::start(scenario).once().args(["--format", "prometheus"]).output().unwrap();
        check(text(&output.stdout), scenario.name);
    };
    std::thread::scope(|scope| Scenario::all().for_each(|scenario| drop(scope.spawn(move || probe(scenario)))));
}

#[test]
fn the_metrics_of_the_daemon_are_accepted() {
    let side = Side::start(Scenario::healthy());
    let daemon = Daemon::start(&side);
    daemon.wait_for("READY=1");
    daemon.wait_for("STATUS=1 of 1");
    let answer = daemon.get("/metrics");
    let (head, metrics) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(" 200 "), "{head}");
    check(metrics, "the daemon");
}

#[test]
fn every_family_is_accepted() {
    let text = Exposition::Daemon(Box::new(full()), process()).page(ExpositionFormat::Text);
    check(&text, "every family");
}
