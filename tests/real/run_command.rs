//! Does a Systems Manager take the Run Command document? moto's does.

use crate::tool::run;
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

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/run_command.py");
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/contrib/ssm/apigw-probe-once.json");
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/venv/bin/python");
