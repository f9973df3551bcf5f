//! Does each path give what it promises, in the form that was asked for?

use crate::client::{ask, request};
use crate::daemon::{Daemon, Setup};
use hyper::StatusCode;
use serde_json::Value;

const PROMETHEUS_3: &str = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,\
    application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,\
    text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
const READ_ONLY: [&str; 7] =
    ["/", "/metrics", "/api/v1/reports", "/api/v1/reports/orders", "/probe?target=orders", "/-/healthy", "/-/ready"];

fn started() -> Daemon {
    let daemon = Setup::new().start();
    daemon.get_until("/metrics", "apigw_probe_target_success{target=\"orders\"} 0");
    daemon
}

#[test]
fn every_path_answers_a_get_and_a_head_alike() {
    let daemon = started();
    for path in READ_ONLY {
        let get = daemon.get(path);
        let head = ask(daemon.address, request("HEAD", path, &[]));
        assert_eq!((get.status, head.status), (StatusCode::OK, StatusCode::OK), "{path}: {}", get.text());
        assert!(!get.body.is_empty() && head.body.is_empty(), "{path}");
        assert_eq!(get.header("content-type"), head.header("content-type"), "{path}");
        assert!(!get.header("content-type").is_empty());
        assert_eq!(get.header("x-content-type-options"), "nosniff");
        assert!(get.header("content-security-policy").contains("default-src 'none'"), "{path}");
    }
}

#[test]
fn other_methods_are_told_which_are_right() {
    let daemon = started();
    for path in READ_ONLY {
        let answer = ask(daemon.address, request("POST", path, &[]));
        assert_eq!((answer.status, answer.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD"), "{path}");
    }
    let answer = daemon.get("/-/reload");
    assert_eq!((answer.status, answer.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "POST, PUT"));
    assert_eq!(daemon.get("/metrics/").status, StatusCode::NOT_FOUND);
    assert_eq!(daemon.get("/probe/../etc/passwd").status, StatusCode::NOT_FOUND);
}

#[test]
fn metrics_come_in_the_format_that_is_liked_best() {
    let daemon = started();
    let metrics = |accept: &str| ask(daemon.address, request("GET", "/metrics", &[("accept", accept)]));
    for accept in ["*/*", "text/plain;version=0.0.4", "application/json", "application/openmetrics-text;q=0"] {
        let answer = metrics(accept);
        assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8", "{accept}");
        assert!(answer.text().ends_with('\n') && !answer.text().contains("# EOF"));
    }
    let answer = metrics(PROMETHEUS_3);
    assert_eq!(answer.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(answer.text().ends_with("\n# EOF\n"));
    assert!(answer.text().contains("apigw_probe_target_success{target=\"orders\"} 0"));
}

#[test]
fn gzip_is_for_those_who_take_it() {
    let daemon = started();
    for path in ["/metrics", "/api/v1/reports"] {
        let answer = ask(daemon.address, request("GET", path, &[("accept-encoding", "gzip")]));
        assert_eq!(answer.header("content-encoding"), "gzip");
        assert!(answer.unzipped().contains("orders"), "{path}");
        let answer = ask(daemon.address, request("GET", path, &[("accept-encoding", "gzip;q=0, *")]));
        assert_eq!(answer.header("content-encoding"), "");
        assert!(answer.text().contains("orders"), "{path}");
    }
}

#[test]
fn reports_are_an_array_of_what_each_target_has() {
    let daemon = Setup::new().targets(["a", "b"].map(str::to_owned).into_iter()).start();
    daemon.get_until("/metrics", "apigw_probe_target_success{target=\"a\"}");
    daemon.get_until("/metrics", "apigw_probe_target_success{target=\"b\"}");
    let reports: Vec<Value> = serde_json::from_slice(&daemon.get("/api/v1/reports").body).unwrap();
    let names: Vec<&str> = reports.iter().map(|report| report["target"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a", "b"]);
    let one = daemon.get("/api/v1/reports/b");
    assert_eq!(one.header("content-type"), "application/json");
    assert_eq!(serde_json::from_slice::<Value>(&one.body).unwrap()["target"]["name"], "b");
    assert_eq!(daemon.get("/api/v1/reports/%62").body, one.body, "a name may be written in another way");
    let none = daemon.get("/api/v1/reports/c");
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    assert!(none.text().contains("`c`"), "{}", none.text());
}

#[test]
fn a_probe_is_a_round_of_a_configured_target() {
    let daemon = started();
    let metrics = ask(daemon.address, request("GET", "/probe?target=orders", &[("accept", PROMETHEUS_3)]));
    assert!(metrics.text().contains("apigw_probe_target_success{target=\"orders\"} 0"), "{}", metrics.text());
    assert!(metrics.text().ends_with("# EOF\n"));
    let json = daemon.get("/probe?target=orders&format=json");
    assert_eq!(json.header("content-type"), "application/json");
    assert_eq!(serde_json::from_slice::<Value>(&json.body).unwrap()["verdict"], "fail");
    let text = daemon.get("/probe?target=orders&format=text");
    assert!(text.text().starts_with("FAIL  orders"), "{}", text.text());
}

#[test]
fn a_probe_of_anything_else_is_refused() {
    let daemon = started();
    for (path, status, word) in [
        ("/probe", StatusCode::BAD_REQUEST, "target"),
        ("/probe?target=", StatusCode::BAD_REQUEST, "target"),
        ("/probe?target=http%3A%2F%2F127.0.0.1%3A1%2F", StatusCode::NOT_FOUND, "http://127.0.0.1:1/"),
        ("/probe?target=other", StatusCode::NOT_FOUND, "`other`"),
        ("/probe?target=orders&format=xml", StatusCode::BAD_REQUEST, "xml"),
        ("/probe?target=orders&host=x", StatusCode::BAD_REQUEST, "host"),
    ] {
        let answer = daemon.get(path);
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.text().contains(word), "{path}: {}", answer.text());
    }
    for timeout in ["soon", "0.7"] {
        let timeout = [("x-prometheus-scrape-timeout-seconds", timeout)];
        let answer = ask(daemon.address, request("GET", "/probe?target=orders", &timeout));
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{timeout:?}");
    }
}

#[test]
fn reload_over_http_is_off_unless_it_is_asked_for() {
    let answer = ask(started().address, request("POST", "/-/reload", &[]));
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.text().contains("--enable-lifecycle"));

    let daemon = Setup::new().option("--enable-lifecycle").start();
    assert_eq!(ask(daemon.address, request("POST", "/-/reload", &[])).status, StatusCode::OK);
    assert_eq!(ask(daemon.address, request("PUT", "/-/reload", &[])).status, StatusCode::OK);
    daemon.replace("config.toml", "intervall = \"1s\"\n");
    let answer = ask(daemon.address, request("POST", "/-/reload", &[]));
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.text().contains("intervall"), "{}", answer.text());
}

#[test]
fn a_head_that_is_too_long_is_refused() {
    let daemon = started();
    let long = "x".repeat(64 * 1024);
    let answer = ask(daemon.address, request("GET", "/metrics", &[("x-long", &long)]));
    assert_eq!(answer.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
}
