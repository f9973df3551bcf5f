//! Does the daemon probe, tell monitoring, tell systemd, and end when it is told to?

use crate::daemon::{Daemon, head, target};
use crate::side::{Side, binary};
use crate::start;

/// A daemon with the one target that the side has.
fn daemon(side: &Side) -> Daemon {
    let auth = format!("auth = \"{}\"", side.lab.auth().mode());
    Daemon::start_with(&(head(side) + &target(side, "orders", &auth)), |command| {
        command.envs(side.lab.variables());
    })
}

/// The metrics once the first round is told.
fn metrics(daemon: &Daemon) -> String {
    daemon.metrics_with("apigw_probe_target_success{")
}

#[test]
fn a_target_whose_calls_are_signed_is_told_by_path() {
    let metrics_of = |side: &Side| {
        let daemon = daemon(side);
        daemon.notice("READY=1");
        metrics(&daemon)
    };
    let (one, two) = (start("signed"), start("signed-and-unsigned"));
    let metrics_of_one = metrics_of(&one);
    let metrics = metrics_of(&two);
    let sample = "apigw_probe_path_success{target=\"orders\",path=\"private-dns\"} 1";
    assert!(metrics_of_one.contains(sample), "{metrics_of_one}");
    let value = |metrics: &str, family: &str| {
        let sample = format!("apigw_probe_{family}{{target=\"orders\",path=\"private-dns\"}} ");
        metrics.lines().find_map(|line| line.strip_prefix(&sample)?.parse::<u64>().ok()).unwrap()
    };
    for (metrics, calls) in [(&metrics_of_one, 1), (&metrics, 2)] {
        assert_eq!(
            value(metrics, "requests_sent_total"),
            calls * value(metrics, "probes_total"),
            "each call is counted"
        );
    }
    // the unsigned calls are there to be compared with
    assert!(
        metrics.contains(sample) && metrics.contains("apigw_probe_target_success{target=\"orders\"} 1"),
        "{metrics}"
    );
}

#[test]
fn a_healthy_target_is_ready_scraped_and_ended() {
    let side = start("healthy");
    let mut daemon = daemon(&side);
    let ready = daemon.notice("READY=1");
    assert!(ready.contains("STATUS="), "{ready}");
    let metrics = metrics(&daemon);
    assert!(metrics.starts_with("HTTP/1.0 200 OK\r\n"));
    assert!(metrics.to_lowercase().contains("content-type: text/plain; version=0.0.4; charset=utf-8"));
    for sample in [
        "apigw_probe_target_success{target=\"orders\"} 1",
        "apigw_probe_path_success{target=\"orders\",path=\"vpce-host-header\"} 1",
        "apigw_probe_path_resolves{target=\"orders\",path=\"private-dns\"} 1",
        "apigw_probe_path_http_status{target=\"orders\",path=\"private-dns\"} 200",
        "apigw_probe_path_phase_duration_seconds{target=\"orders\",path=\"private-dns\",phase=\"tls\"}",
    ] {
        assert!(metrics.contains(sample), "{sample} in\n{metrics}");
    }
    assert!(daemon.ask("GET /-/healthy").starts_with("HTTP/1.0 200 OK\r\n"));
    assert!(daemon.ask("GET /probe?target=http://127.0.0.1/").starts_with("HTTP/1.0 404 "));
    assert!(daemon.ask("POST /metrics").starts_with("HTTP/1.0 405 "));
    let status = daemon.notice("all pass");
    assert!(status.contains("STATUS="), "{status}");

    daemon.signal("TERM");
    daemon.notice("STOPPING=1");
    assert_eq!(daemon.ended(), Some(0));
}

#[test]
fn a_failing_target_is_told_and_does_not_end_the_daemon() {
    let side = start("private-dns-off");
    let daemon = daemon(&side);
    let status = daemon.notice("3/4 paths ok");
    assert!(status.contains("orders: ") && status.contains("private-dns: "), "{status}");
    assert!(!status.trim_end().contains('\n'), "one line a pager could carry");
    let metrics = metrics(&daemon);
    assert!(metrics.contains("apigw_probe_target_success{target=\"orders\"} 0"));
    assert!(metrics.contains("apigw_probe_path_resolves{target=\"orders\",path=\"private-dns\"} 0"));
    assert!(!metrics.contains("path=\"private-dns\",phase=\"tls\""), "a phase that was not reached is absent");
}

#[test]
fn a_hangup_does_not_end_the_daemon() {
    let side = start("healthy");
    let daemon = daemon(&side);
    daemon.notice("READY=1");
    daemon.signal("HUP");
    assert!(daemon.ask("GET /-/healthy").starts_with("HTTP/1.0 200 OK\r\n"));
}

#[test]
fn an_address_in_use_is_told_with_status_two() {
    let side = start("healthy");
    let daemon = daemon(&side);
    daemon.notice("READY=1");
    let second = binary().args(["serve", "--config"]).arg(daemon.config()).output().unwrap();
    assert_eq!(second.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&second.stderr).contains(&daemon.listen.to_string()));
}
