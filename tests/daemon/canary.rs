//! Does the daemon send its canary each round, count it, and fail if it is answered?

use crate::daemon::{Daemon, head, target};
use crate::start;

#[test]
fn a_canary_is_sent_in_each_round_and_counted_on_its_path() {
    let side = start("healthy");
    let daemon = Daemon::start(&(head(&side) + &target(&side, "orders", "canary = true")));
    daemon.log_with("paths ok");
    let metrics = daemon.metrics_with("apigw_probe_canary_success{target=\"orders\"} 1");
    let count = |family: &str, path: &str| -> f64 {
        let series = format!("apigw_probe_{family}_total{{target=\"orders\",path=\"{path}\"}} ");
        let line = metrics.lines().find_map(|line| line.strip_prefix(&series)).expect("a series");
        line.parse().unwrap()
    };
    let probes = count("probes", "vpce-api-id-header");
    assert_eq!(count("requests_sent", "vpce-api-id-header").to_bits(), (2.0 * probes).to_bits());
    assert_eq!(count("requests_sent", "private-dns").to_bits(), probes.to_bits());
}

#[test]
fn a_canary_that_is_answered_is_a_finding_and_a_failure() {
    let side = start("answers-anything");
    let daemon = Daemon::start(&(head(&side) + &target(&side, "orders", "canary = true")));
    daemon.log_with("paths ok");
    let metrics = daemon.metrics_with("apigw_probe_canary_success{target=\"orders\"} 0");
    for series in [
        "apigw_probe_target_success{target=\"orders\"} 0",
        "apigw_probe_finding{target=\"orders\",cause=\"answers-any-api\"} 1",
        "apigw_probe_path_success{target=\"orders\",path=\"private-dns\"} 1",
    ] {
        assert!(metrics.lines().any(|line| line == series), "{metrics}");
    }
}
