//! Does every panel show something? Each query of the dashboard, and each metric of the rules, in a Prometheus that scraped the lab.

use crate::daemon::Daemon;
use crate::prometheus::{Prometheus, Version, contributed};
use crate::side::Side;
use apigw_probe::lab::Scenario;
use serde_json::Value;
use std::collections::BTreeSet;

/// The queries of the panels, with the titles of these, and those of the variables.
fn queries() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(DASHBOARD).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let mut queries = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            queries.push((name(&panel["title"]), name(&target["expr"])));
        }
    }
    assert!(queries.len() > 25, "the panels were not found");
    for variable in dashboard["templating"]["list"].as_array().unwrap() {
        // label_values(SERIES, LABEL)
        if let Some(values) = variable["definition"].as_str().and_then(|text| text.strip_prefix("label_values(")) {
            let (series, label) = values.trim_end_matches(')').rsplit_once(", ").unwrap();
            queries.push((name(&variable["name"]), format!("count by ({label}) ({series})")));
        }
    }
    queries.into_iter().map(|(title, query)| (title, filled_in(&query))).collect()
}

/// The query as Grafana sends it when every variable stands at all.
fn filled_in(query: &str) -> String {
    let times = query.replace("$__rate_interval", "1m").replace("$__range", "1m");
    let filled = ["job", "instance", "target", "path"]
        .iter()
        .fold(times, |query, name| query.replace(&format!("${name}"), ".*"));
    assert!(!filled.contains('$'), "{filled}");
    filled
}

fn name(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The families that the rules name.
fn named_by_the_rules() -> BTreeSet<String> {
    let text = contributed("alerts.yml") + &contributed("recording.yml");
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("- record:"));
    let words = lines.flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
    words.filter(|word| word.starts_with("apigw_probe_")).map(str::to_owned).collect()
}

#[test]
fn every_query_gives_something() {
    let side = Side::start(Scenario::named("private-dns-off").unwrap());
    // one fails and one passes, so that there are failures and successes
    let daemon =
        Daemon::with_targets(&side, &["name = 'orders'", "name = 'billing'\n[target.paths]\nprivate-dns = 'skip'"]);
    let config = format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [alerts.yml, recording.yml]\n\
         scrape_configs: [{{job_name: apigw-probe, static_configs: [{{targets: ['{}']}}]}}]\n",
        daemon.address
    );
    let rules = ["alerts.yml", "recording.yml"].map(|name| (name, contributed(name)));
    for version in Version::ALL {
        let prometheus = Prometheus::start(version, &config, &rules);
        prometheus.wait_for("count_over_time(apigw_probe_target_success{target='billing'}[1m]) > 3");
        prometheus.wait_for("target:apigw_probe_target_success:avg1h");
        let silent: Vec<_> = queries().into_iter().filter(|(_, query)| prometheus.query(query).is_empty()).collect();
        assert!(silent.is_empty(), "{version:?}: {silent:#?}");
        let unknown: Vec<_> = named_by_the_rules()
            .into_iter()
            .filter(|name| prometheus.query(&format!("{{__name__=~'{name}(_bucket)?'}}")).is_empty())
            .collect();
        assert!(unknown.is_empty(), "{version:?}: the rules name {unknown:?}");
        let groups = prometheus.get("/api/v1/rules");
        for group in groups["data"]["groups"].as_array().unwrap() {
            for rule in group["rules"].as_array().unwrap() {
                assert_eq!(rule["health"], "ok", "{version:?}: {rule:#}");
            }
        }
    }
}

const DASHBOARD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/contrib/grafana/dashboard.json");
