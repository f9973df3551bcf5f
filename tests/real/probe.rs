//! What does the probe say? The real binary, and its report.

use crate::side::binary;
use crate::tool::text;
use serde_json::Value;
use std::process::{Command, Output};

/// What the operator pastes.
pub(crate) const INVOKE_URL: &str = "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test";
/// The second thing that the operator pastes.
pub(crate) const VPCE_DNS_NAME: &str = "vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com";

/// `once` with the two names, as JSON.
pub(crate) fn once() -> Command {
    let mut command = binary();
    command.args(["once", INVOKE_URL, VPCE_DNS_NAME, "--format", "json"]);
    command
}

/// Runs it and reads the report, whatever the verdict.
pub(crate) fn report(command: &mut Command) -> Value {
    read(&command.output().unwrap())
}

/// Reads the report; an exit status other than that of the verdict fails.
pub(crate) fn read(output: &Output) -> Value {
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", text(&output.stdout), text(&output.stderr)));
    let status = i32::from(report["verdict"] != "pass");
    assert_eq!(output.status.code(), Some(status), "{}", text(&output.stderr));
    report
}

/// What is at a JSON pointer; absence fails.
#[track_caller]
pub(crate) fn at<'v>(report: &'v Value, pointer: &str) -> &'v Value {
    report.pointer(pointer).unwrap_or_else(|| panic!("there is no {pointer} in {report:#}"))
}

/// The outcomes of all paths.
pub(crate) fn outcomes(report: &Value) -> Vec<&str> {
    paths(report).iter().map(|path| path["outcome"].as_str().unwrap()).collect()
}

/// All paths.
pub(crate) fn paths(report: &Value) -> &[Value] {
    report["paths"].as_array().unwrap()
}

/// The path of a name.
pub(crate) fn path<'v>(report: &'v Value, name: &str) -> &'v Value {
    paths(report).iter().find(|path| path["path"] == name).unwrap_or_else(|| panic!("{name} is not in {report:#}"))
}
