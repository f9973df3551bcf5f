//! The report for programs: JSON of one stable shape, and the schema of that shape.

use crate::observation::is_shown;
use crate::report::{Report, Shape};
use std::fmt::Write as _;

/// The report as indented JSON with a line break at its end; no character in it steers a terminal.
pub fn json(report: &Report) -> String {
    let plain = serde_json::to_string_pretty(&report.shape()).expect("a shape has text keys only");
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

/// The JSON Schema (2020-12) of the report.
pub fn json_schema() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<Shape>().into()
}
