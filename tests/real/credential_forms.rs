//! botocore signs as the table of forms has it, whose other columns `cargo test` proves.

use crate::forms::{forms, stand_ins};
use crate::schema::PYTHON;
use crate::tool::text;
use std::process::{Command, Stdio};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/credential_forms.py");

#[test]
fn botocore_takes_each_form_as_the_table_has_it() {
    let url = stand_ins();
    let mut wrong = Vec::new();
    for form in forms() {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(PYTHON);
        // it would ask for the code of an MFA device
        command.arg(SCRIPT).env_clear().envs(form.lay_out(home.path(), &url)).stdin(Stdio::null());
        let output = command.output().unwrap();
        let key = text(&output.stdout).trim();
        if key != form.botocore {
            wrong.push(format!("{}: {key} {}", form.name, text(&output.stderr)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
