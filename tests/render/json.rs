//! The JSON report: it fits its schema, the schema is the committed one, and a saved report gives back the round.

use crate::{hostile, is_harmless, report};
use apigw_probe::render::{JSON_SCHEMA, json};
use apigw_probe::report::{ReadReportError, Report, ReportJson, read_json};
use proptest::prelude::*;
use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde_json::{Value, json};
use std::path::Path;

#[test]
fn committed_schemas_are_those_of_the_code() {
    for (place, schema) in [
        ("report/report.schema.json", json_schema()),
        ("config/config.schema.json", apigw_probe::config::json_schema()),
    ] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(place);
        let current = format!("{schema:#}\n");
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(&file, &current).unwrap();
        }
        let committed = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            committed == current,
            "src/{place} is not the schema of the code; if the change of format is meant, run\n\
             UPDATE_SCHEMA=1 cargo test --test render committed_schema"
        );
    }
}

#[test]
fn reports_fit_the_schema() {
    for (name, report) in report::all() {
        assert_eq!(complaints(&value_of(&report)), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn schema_refuses_what_is_no_report() {
    let good = value_of(&report::all_broken());
    let spoil = |pointer: &str, value: Value| {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} is not in the report")) = value;
        assert_ne!(complaints(&bad), Vec::<String>::new(), "{pointer}");
    };
    spoil("/schema_version", json!(2));
    spoil("/started_at", json!("yesterday"));
    spoil("/verdict", json!("maybe"));
    spoil("/duration_seconds", json!(-1));
    spoil("/paths/0/outcome", json!("broken"));
    spoil("/paths/0/dns/queries/0/server", json!(53));
    spoil("/paths/1/dns/addresses/0/ip", json!("10.0.0.256"));
    spoil("/paths/1/attempts/0/tcp/detail", json!(null));
    spoil("/paths/3/attempts/0/http/status", json!(99));
    spoil("/findings/0/owner", json!("account-c"));
    for key in ["tool", "target", "paths", "findings"] {
        let mut bad = good.clone();
        bad.as_object_mut().unwrap().remove(key);
        assert_ne!(complaints(&bad), Vec::<String>::new(), "without {key}");
    }
}

#[test]
fn phases_that_were_not_reached_are_absent() {
    let report = value_of(&report::one_name_missing());
    assert_eq!(report["paths"][0]["attempts"], json!([]));
    let second = &value_of(&report::healthy())["paths"][0]["attempts"][1];
    assert!(second.get("tls").is_none() && second.get("http").is_none(), "{second}");
}

#[test]
fn certificate_is_kept_when_verification_fails() {
    let tls = &value_of(&report::all_broken())["paths"][2]["attempts"][0]["tls"];
    assert_eq!(tls["outcome"], "tls-unknown-issuer");
    assert!(tls["certificate"]["sans"][0].is_string());
}

#[test]
fn what_tls_agreed_on_is_told() {
    let report = value_of(&report::all_broken());
    let tls = |path: usize| &report["paths"][path]["attempts"][0]["tls"];
    assert_eq!(tls(3)["key_exchange"], "X25519");
    assert_eq!(
        (&tls(3)["client_certificate_requested"], &tls(2)["client_certificate_requested"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(tls(3)["expired_root"]["subject"], "CN=Old root");
    let healthy = &value_of(&report::healthy())["paths"][0]["attempts"][0]["tls"];
    assert_eq!((&healthy["client_certificate_requested"], healthy.get("expired_root")), (&json!(false), None));
}

#[test]
fn reports_of_versions_that_knew_less_of_tls_are_read() {
    let mut older = value_of(&report::healthy());
    let tls = older.pointer_mut("/paths/0/attempts/0/tls").unwrap().as_object_mut().unwrap();
    assert!(tls.remove("key_exchange").is_some() && tls.remove("client_certificate_requested").is_some());
    let round = read_json(older.to_string().as_bytes()).unwrap();
    let session = &round.rows[0].observation().unwrap().attempts[0].secured().unwrap().session;
    assert_eq!((&session.key_exchange, session.client_certificate_requested), (&None, false));
}

#[test]
fn saved_reports_give_back_the_round() {
    for (name, report) in report::all() {
        assert_eq!(read_json(json(&report).as_bytes()).unwrap(), report.round, "{name}");
    }
}

#[test]
fn later_formats_are_not_read() {
    let mut later = value_of(&report::healthy());
    later["schema_version"] = json!(2);
    let read = read_json(later.to_string().as_bytes());
    assert!(matches!(read, Err(ReadReportError::Version(2))), "{read:?}");
}

#[test]
fn a_cause_of_a_later_version_keeps_nobody_from_reading() {
    let report = report::all_broken();
    let mut later = value_of(&report);
    later["findings"][0]["cause"] = json!("cause-to-come");
    assert_eq!(read_json(later.to_string().as_bytes()).unwrap(), report.round);
}

#[test]
fn nonsense_in_a_saved_report_is_an_error_that_names_its_place() {
    let good = value_of(&report::all_broken());
    let error_with = |pointer: &str, value: Value| {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} is not in the report")) = value;
        read_json(bad.to_string().as_bytes()).expect_err(pointer).to_string()
    };
    for (pointer, value) in [
        ("/started_at", json!("yesterday")),
        ("/duration_seconds", json!("long")),
        ("/paths/0/path", json!("path-to-come")),
        ("/paths/0/dns/queries/0/name", json!("no name")),
        ("/paths/0/dns/queries/0/server", json!(53)),
        ("/paths/1/dns/addresses/0/ip", json!("10.0.0.256")),
        ("/paths/2/request/dial", json!("..")),
        ("/paths/2/request/method", json!("CONNECT")),
        ("/paths/2/attempts/0/tls/certificate/not_after", json!("soon")),
    ] {
        let error = error_with(pointer, value);
        assert!(error.contains(" at line 1 column "), "{pointer}: {error}");
    }
    for (pointer, value, place) in [
        ("/target/invoke_url", json!("ftp://example.com"), "target"),
        ("/paths/0/dns/outcome", json!("dns-to-come"), "dns.outcome"),
        ("/paths/1/attempts/0/tcp/outcome", json!("tcp-to-come"), "tcp.outcome"),
        ("/paths/2/attempts/0/tls/outcome", json!("tls-to-come"), "tls.outcome"),
        ("/paths/2/request/url", json!("https://example.com/"), "request.url"),
        ("/paths/3/attempts/0/http", json!({ "outcome": "ok", "status": "200", "duration_seconds": 1 }), "http answer"),
    ] {
        let error = error_with(pointer, value);
        assert!(error.contains(place), "{pointer}: {error}");
    }
}

#[test]
fn secrets_stay_out() {
    use apigw_probe::plan::{AccessPath, Header, HeaderText};
    let mut report = report::healthy();
    let value = HeaderText::Secret("s3cr3t-v4lu3".to_owned());
    let seen = report::observation_mut(&mut report.round, AccessPath::PrivateDns);
    seen.plan.headers.push(Header { name: "x-token".to_owned(), value });
    assert!(!json(&report).contains("s3cr3t-v4lu3"));
    assert_eq!(value_of(&report)["paths"][0]["request"]["headers"]["x-token"], "[secret]");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hostile_text_is_kept_and_does_no_harm(text in hostile::text()) {
        for (_, report) in report::all() {
            let report = hostile::filled(report, &text);
            let written = json(&report);
            prop_assert!(written.chars().all(is_harmless), "{:?}", written);
            prop_assert_eq!(read_json(written.as_bytes()).unwrap(), report.round);
        }
    }

    #[test]
    fn times_are_kept_to_the_microsecond(nanos in 0_u64..10_000_000_000_000) {
        let mut report = report::healthy();
        report.round.took = std::time::Duration::from_nanos(nanos);
        let read = read_json(json(&report).as_bytes()).unwrap();
        prop_assert_eq!(read.took, report::micros(nanos / 1000));
    }
}

fn value_of(report: &Report) -> Value {
    serde_json::from_str(&json(report)).expect("the report is JSON")
}

fn complaints(report: &Value) -> Vec<String> {
    let schema: Value = serde_json::from_str(JSON_SCHEMA).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).expect("the schema is one");
    validator.iter_errors(report).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// The JSON Schema of the report, generated from the code.
fn json_schema() -> Value {
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
