//! Does a Systems Manager take the Run Command document? moto's does.

use crate::tool::{run, tool};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

#[test]
fn the_document_is_created() {
    assert!(
        Path::new(PYTHON).exists(),
        "`{PYTHON}` is missing: python3 -m venv target/venv; target/venv/bin/pip install -r tests/real/requirements.txt"
    );
    run(Command::new(PYTHON).args([SCRIPT, DOCUMENT]));
}

/// As Systems Manager hands it to a shell, with each parameter's place filled in.
#[test]
fn the_judge_of_scripts_has_nothing_to_say_of_its_script() {
    let document: Value = serde_json::from_str(&std::fs::read_to_string(DOCUMENT).unwrap()).unwrap();
    let lines = document["mainSteps"][0]["inputs"]["runCommand"].as_array().unwrap();
    let script = lines.iter().map(|line| line.as_str().unwrap()).collect::<Vec<_>>().join("\n");
    let filled = script.replace("{{ ", "").replace(" }}", "");
    assert!(filled != script);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), filled + "\n").unwrap();
    run(tool("shellcheck", "shellcheck").arg("--shell=sh").arg(file.path()));
}

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/run_command.py");
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/contrib/ssm/apigw-probe-once.json");
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/venv/bin/python");
