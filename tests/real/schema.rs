//! Is every report what the schema says? An independent validator, in another language than the one that wrote both, says so.

use crate::side::Side;
use crate::tool::text;
use apigw_probe::lab::Scenario;
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/report.schema.json");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/validate.py");
/// The interpreter with the packages of `requirements.txt`.
pub(crate) const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/venv/bin/python");

/// Gives the reports to the validator.
fn validate(reports: &[Value]) -> Output {
    assert!(
        Path::new(PYTHON).exists(),
        "`{PYTHON}` is missing: python3 -m venv target/venv; target/venv/bin/pip install -r tests/real/requirements.txt"
    );
    let mut command = Command::new(PYTHON);
    command.args([SCRIPT, SCHEMA]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let lines = reports.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
    let mut stdin = child.stdin.take().unwrap();
    // it ends at the first bad report and reads no further
    let _ = stdin.write_all(lines.as_bytes());
    drop(stdin);
    child.wait_with_output().unwrap()
}

fn report(side: &Side, options: &[&str]) -> Value {
    let output = side.once().args(["--format", "json"]).args(options).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)))
}

#[test]
fn the_reports_of_all_scenarios_are_valid() {
    let probe = |scenario: &'static Scenario| {
        let side = Side::start(scenario);
        [report(&side, &[]), report(&side, &["--every-address", "--show-body", "--method", "HEAD"])]
    };
    let reports: Vec<Value> = std::thread::scope(|scope| {
        let rounds: Vec<_> = Scenario::all().map(|scenario| scope.spawn(move || probe(scenario))).collect();
        rounds.into_iter().flat_map(|round| round.join().unwrap()).collect()
    });
    let output = validate(&reports);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout).trim(), reports.len().to_string());
}

#[test]
fn a_report_that_breaks_the_schema_is_not_valid() {
    let good = report(&Side::start(Scenario::healthy()), &[]);
    for (pointer, wrong) in [
        ("/started_at", json!("yesterday")),
        ("/verdict", json!("perhaps")),
        ("/paths/0/attempts/0/tcp/duration_seconds", json!(-1)),
        ("/paths/0/outcome", json!("dns")),
        ("/schema_version", json!(2)),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = wrong;
        assert!(!validate(&[bad]).status.success(), "{pointer}");
    }
}
