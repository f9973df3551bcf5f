//! The report for programs: JSON of one stable shape, and the schema of that shape.

use crate::observation::is_shown;
use crate::report::{InventoryJson, Report, ReportJson};
use crate::setup::Setup;
use std::fmt::Write as _;

/// The report as indented JSON with a line break at its end; no character in it steers a terminal.
pub fn json(report: &Report) -> String {
    escaped(serde_json::to_string_pretty(&ReportJson::of(report)).expect("a report has text keys only"))
}

/// The report as JSON on one line with its break, for a stream of several.
pub fn json_line(report: &Report) -> String {
    escaped(serde_json::to_string(&ReportJson::of(report)).expect("a report has text keys only"))
}

/// What is known of a set-up by itself, as indented JSON with a line break at its end.
pub fn json_setup(setup: &Setup) -> String {
    escaped(serde_json::to_string_pretty(&InventoryJson::of(setup)).expect("it has text keys only"))
}

fn escaped(plain: String) -> String {
    if plain.bytes().all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte)) {
        return plain + "\n";
    }
    let mut out = String::with_capacity(plain.len() + 1);
    for c in plain.chars() {
        // what is not shown stands within strings alone, where an escape means the same
        if c == '\n' || is_shown(c) {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out.push('\n');
    out
}

/// The JSON Schema (2020-12) of the report, as it is committed; a test generates it from the code and compares.
pub const JSON_SCHEMA: &str = include_str!("../report/report.schema.json");
