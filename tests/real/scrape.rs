//! Do the scrape configurations scrape? Each in a real Prometheus, with the addresses of this test in place of those of the example.

use crate::address::own_address;
use crate::daemon::Daemon;
use crate::prometheus::{Prometheus, Version, contributed};
use crate::server::Server;
use crate::side::Side;
use crate::tool::tool;
use apigw_probe::lab::Scenario;
use std::net::SocketAddrV4;

/// The configuration with other addresses for those of the example, and in a hurry.
fn configuration(name: &str, agent: &str) -> String {
    let mut text = "global: {scrape_interval: 2s, scrape_timeout: 2s}\n".to_owned();
    for line in contributed(name).lines() {
        let indent = &line[..line.len() - line.trim_start().len()];
        let line = match line.trim_start().split_once(": ") {
            Some((key @ ("scrape_interval" | "scrape_timeout"), _)) => format!("{indent}{key}: 2s"),
            _ => line.replace("app-1.internal:9715", agent).replace("app-1.internal:9100", agent),
        };
        if !line.contains("app-2.internal") {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

#[test]
fn agents_that_are_named_are_scraped() {
    let side = Side::start(Scenario::healthy());
    let daemon = Daemon::with_targets(&side, &["name = 'orders'"]);
    let config = configuration("scrape-static.yml", &daemon.address.to_string());
    for version in Version::ALL {
        let prometheus = Prometheus::start(version, &config, &[]);
        let labels = format!("job='apigw-probe',instance='{}',target='orders'", daemon.address);
        prometheus.wait_for(&format!("apigw_probe_target_success{{{labels}}} == 1"));
    }
}

#[test]
fn prometheus_owns_the_schedule_of_targets_that_are_on_probe() {
    let side = Side::start(Scenario::healthy());
    let targets = ["name = 'orders'\nschedule = 'on-probe'", "name = 'billing'\nschedule = 'on-probe'"];
    let daemon = Daemon::with_targets(&side, &targets);
    let agent = daemon.address.to_string();
    // the second agent of the example goes, and its target with it
    let text = configuration("scrape-probe.yml", &agent);
    let config = text.replace("      - targets: [orders]\n        labels:\n", "");
    assert_ne!(config, text);
    for version in Version::ALL {
        let prometheus = Prometheus::start(version, &config, &[]);
        for target in ["orders", "billing"] {
            let labels = format!("job='apigw-probe-targets',instance='{agent}',target='{target}'");
            prometheus.wait_for(&format!("apigw_probe_target_success{{{labels}}} == 1"));
            prometheus.wait_for(&format!("up{{{labels}}} == 1"));
        }
        prometheus.wait_for(&format!("apigw_probe_build_info{{job='apigw-probe',instance='{agent}'}}"));
        assert!(
            prometheus.query("apigw_probe_target_success{job='apigw-probe'}").is_empty(),
            "{version:?}: told twice"
        );
        assert!(prometheus.query("{exported_target!=''}").is_empty(), "{version:?}: a label was renamed");
    }
}

#[test]
fn node_exporter_reads_the_textfile() {
    let side = Side::start(Scenario::named("private-dns-off").unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("apigw-probe.prom");
    let output = side.once().args(["--format", "prometheus", "--output"]).arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let address = SocketAddrV4::new(own_address(), 9100);
    let mut exporter = tool("prometheus-node-exporter", "prometheus-node-exporter");
    exporter.args(["--collector.disable-defaults", "--collector.textfile"]);
    exporter.arg(format!("--collector.textfile.directory={}", folder.path().display()));
    exporter.arg(format!("--web.listen-address={address}"));
    let _exporter = Server::start(&exporter, None, tempfile::tempdir().unwrap(), &[address]);
    let config = configuration("scrape-textfile.yml", &address.to_string());
    for version in Version::ALL {
        let prometheus = Prometheus::start(version, &config, &[]);
        prometheus.wait_for(&format!("apigw_probe_target_success{{job='node',instance='{address}'}} == 0"));
        prometheus.wait_for("apigw_probe_finding{cause='private-dns-disabled'} == 1");
        prometheus.wait_for("node_textfile_scrape_error == 0");
    }
}
