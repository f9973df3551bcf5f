//! The report for programs: JSON of one stable shape, and the schema of that shape.

use crate::observation::is_shown;
use crate::report::{InventoryJson, Report, ReportJson};
use crate::setup::Setup;
use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde_json::{Value, json};
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

/// The JSON Schema (2020-12) of the report, as it is committed; a test holds it equal to the one that is made of the code.
pub const JSON_SCHEMA: &str = include_str!("../report/report.schema.json");

/// The same, made of the code. It is for that test: what makes it is left out of the program.
pub fn json_schema() -> Value {
    let settings = SchemaSettings::draft2020_12()
        .for_serialize()
        .with_transform(RecursiveTransform(without_null))
        .with_transform(RecursiveTransform(known_formats));
    let mut schema = settings.into_generator().into_root_schema_for::<ReportJson>();
    schema.insert("$id".to_owned(), "urn:apigw-probe:report:1".into());
    schema.insert("title".to_owned(), "apigw-probe report".into());
    with_set_up_alone(&mut schema);
    schema.into()
}

/// Where no API was named there is no round: steps and set-up stand alone, and nothing else of a report is required.
fn with_set_up_alone(schema: &mut Schema) {
    let of_a_round = schema.remove("required").unwrap_or_default();
    schema.insert("if".to_owned(), json!({ "anyOf": [{ "required": ["verdict"] }, { "required": ["paths"] }] }));
    schema.insert("then".to_owned(), json!({ "required": of_a_round }));
    schema.insert("else".to_owned(), json!({ "required": ["schema_version", "tool", "steps", "setup"] }));
}

/// What is not known is absent in a report, never null; an `Option` alone does not say so.
fn without_null(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            schema.remove("anyOf");
            schema.ensure_object().extend(only);
        }
    }
}

/// Formats that the specification knows: an address is of one of two, and integers have none.
fn known_formats(schema: &mut Schema) {
    match schema.get("format").and_then(Value::as_str) {
        Some("ip") => {
            schema.remove("format");
            schema.insert("anyOf".to_owned(), json!([{ "format": "ipv4" }, { "format": "ipv6" }]));
        }
        Some(format) if format.contains("int") || format == "double" => {
            schema.remove("format");
        }
        Some(_) | None => {}
    }
}
