//! What is sent beyond the paths, from outside: experiments are told before, the canary decides, and stdout stays clean.

use crate::side::{Side, binary};
use crate::start;
use serde_json::Value;
use std::io::Write as _;
use std::process::Output;

fn run(side: &Side, args: &[&str]) -> Output {
    side.once().args(args).output().unwrap()
}

/// The one JSON document on stdout, valid by an independent reading of the committed schema.
fn report(output: &Output) -> Value {
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let schema = serde_json::from_str(include_str!("../../src/report/report.schema.json")).unwrap();
    let errors: Vec<String> =
        jsonschema::validator_for(&schema).unwrap().iter_errors(&report).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    report
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

#[test]
fn experiments_are_told_on_stderr_before_they_are_sent_and_counted_in_the_report() {
    let side = start("api-id-stripped");
    let output = run(&side, &["--experiment", "--format", "json"]);
    let report = report(&output);
    let experiments = report["experiments"].as_array().unwrap();
    assert_eq!((output.status.code(), experiments.len()), (Some(1), 2));
    assert_eq!(side.lab.requests().len(), 4 + 2);
    for experiment in experiments {
        assert!(stderr(&output).contains(experiment["question"].as_str().unwrap()), "{}", stderr(&output));
        let seen = &experiment["seen"];
        assert_eq!(experiment["address"], seen["request"]["connect_to"]);
        assert_eq!(seen["attempts"].as_array().unwrap().len(), 1);
        assert_eq!(seen["dns"]["queries"], Value::Array(vec![]));
    }
    assert_eq!(report["findings"][0]["cause"], "proxy-interference");
}

#[test]
fn every_format_keeps_stdout_to_itself() {
    let side = start("strict-access-mode");
    for (format, begins) in [("nagios", "APIGW_PROBE CRITICAL"), ("prometheus", "# HELP "), ("text", "FAIL  ")] {
        let output = run(&side, &["--experiment", "--format", format]);
        let stdout = std::str::from_utf8(&output.stdout).unwrap();
        assert!(stdout.starts_with(begins), "{stdout}");
        assert!(stderr(&output).lines().count() == 2, "{}", stderr(&output));
    }
}

#[test]
fn nothing_more_is_sent_where_nothing_is_open() {
    let side = start("healthy");
    let output = run(&side, &["--experiment", "--format", "json"]);
    assert_eq!((side.lab.requests().len(), stderr(&output)), (4, ""));
    assert!(report(&output).get("experiments").is_none());
    let output = run(&side, &["--experiment", "-v"]);
    assert_eq!((side.lab.requests().len(), stderr(&output).lines().count()), (8, 1));
}

#[test]
fn a_configured_target_may_be_experimented_with_too() {
    let side = start("host-rewritten");
    let mut config = tempfile::NamedTempFile::new().unwrap();
    let text = format!(
        "dns_servers = ['{}']\nca_file = '{}'\n[[target]]\ninvoke_url = '{}'\nvpce_dns_name = '{}'\nport = {}\n",
        side.lab.dns_server(),
        side.ca_file.path().display(),
        side.lab.invoke_url(),
        side.lab.vpce_dns_name().unwrap(),
        side.lab.port(),
    );
    config.write_all(text.as_bytes()).unwrap();
    let output = binary().args(["once", "--experiment", "--format", "json", "--config"]).arg(config.path()).output();
    let output = output.unwrap();
    assert_eq!(report(&output)["experiments"][0]["question"], "host-from-handshake", "{}", stderr(&output));
}

#[test]
fn replay_reaches_the_same_causes_with_experiments_and_canary() {
    for (scenario, args) in [("strict-access-mode", ["--experiment"]), ("answers-anything", ["--canary"])] {
        let side = start(scenario);
        let mut command = side.once_at(side.lab.invoke_url());
        let output = command.args(args).args(["--format", "json"]).output().unwrap();
        let before = report(&output);
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&output.stdout).unwrap();
        let again = binary().args(["replay", "--format", "json"]).arg(file.path()).output().unwrap();
        let after = report(&again);
        assert_eq!((output.status.code(), again.status.code()), (Some(1), Some(1)));
        for place in
            ["/verdict", "/findings", "/experiments/0/question", "/experiments/0/seen/outcome", "/canary/refused"]
        {
            assert_eq!(before.pointer(place), after.pointer(place), "{scenario}: {place}");
        }
    }
}

#[test]
fn a_canary_that_is_answered_fails_and_one_that_is_refused_does_not() {
    for (scenario, status, refused) in [("healthy", 0, true), ("answers-any-api", 1, false)] {
        let side = start(scenario);
        let output = side.once_at(side.lab.invoke_url()).args(["--canary", "--format", "json"]).output().unwrap();
        let report = report(&output);
        assert_eq!((output.status.code(), &report["canary"]["refused"]), (Some(status), &refused.into()));
        assert_eq!(side.lab.requests().len(), 5);
        let id = report["canary"]["api_id"].as_str().unwrap();
        assert!(id.len() == 10 && id != "a1bc234d5e", "{id}");
    }
}

#[test]
fn a_canary_is_never_signed() {
    let side = start("signed");
    let output = run(&side, &["--canary", "--format", "json"]);
    let report = report(&output);
    assert_eq!((output.status.code(), &report["canary"]["refused"]), (Some(0), &true.into()));
    let id = report["canary"]["api_id"].as_str().unwrap();
    let requests = side.lab.requests();
    let of_canary = requests.iter().find(|one| one.headers.iter().any(|(_, value)| value == id)).unwrap();
    assert!(!of_canary.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization")));
    assert_eq!(requests.len(), 5);
}
