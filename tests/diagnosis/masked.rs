//! A Lambda function's error that a non-proxy integration passes on as a success: its form is kept, its words are not.

use crate::round::{ALL, Scene, healthy, names, reduced};
use apigw_probe::diagnosis::{Cause, Confidence, diagnose};
use apigw_probe::observation::{Answer, RawAnswer};
use apigw_probe::report::{Report, read_json};
use std::time::Duration;

const HEADERS: [(&str, &str); 1] = [("x-amz-apigw-id", "OkT9cFi55PgFRpA=")];
const ERRORS: [&str; 4] = [
    "{\"errorMessage\": \"no customer Jane Doe\", \"errorType\": \"KeyError\", \"requestId\": \"9d79\", \"stackTrace\": [\"File Jane\"]}",
    "{\"errorType\":\"TypeError\",\"errorMessage\":\"Jane Doe\",\"trace\":[\"at Jane\"]}",
    "{\"errorMessage\":\"Jane Doe: Task timed out after 3.00 seconds\"}",
    "{\"errorMessage\":\"Jane Doe\",\"errorType\":\"KeyError\",\"stackTrace\":[\"cut off",
];

fn failing(body: &str) -> Scene {
    healthy().answers(&ALL, 200, &HEADERS, body)
}

#[test]
fn a_functions_error_under_a_success_is_masked() {
    for body in ERRORS {
        let finding = failing(body).shows(Cause::BackendErrorMaskedAs200, &ALL);
        assert_eq!(finding.confidence, Confidence::Likely);
        assert!(names(&finding, Cause::LambdaError));
    }
}

#[test]
fn nothing_that_a_function_said_is_kept() {
    for body in ERRORS {
        let kept = format!("{:?}", reduced(200, &HEADERS, body));
        for word in ["Jane", "KeyError", "TypeError", "9d79", "cut"] {
            assert!(!kept.contains(word), "{kept}");
        }
    }
}

#[test]
fn a_body_that_holds_more_than_an_error_is_a_backends_data() {
    for body in [
        "{\"errorMessage\":\"\",\"customer\":\"Jane Doe\"}",
        "{\"errorType\":\"none\",\"total\":3}",
        "[{\"errorMessage\":\"Jane\"}]",
        "{\"orders\":[\"errorMessage\"",
    ] {
        assert_eq!(reduced(200, &HEADERS, body).body_excerpt, None, "{body}");
        assert_eq!(failing(body).findings(), [], "{body}");
    }
}

#[test]
fn a_body_that_was_asked_for_is_read_as_well() {
    let raw = RawAnswer {
        status: 200,
        version: "HTTP/1.1",
        headers: Vec::new(),
        body: ERRORS[0].as_bytes(),
        show_body: true,
        secrets: &apigw_probe::observation::Secrets::default(),
        first_byte: Duration::ZERO,
    };
    assert!(Answer::reduce(&raw).is_function_error());
}

#[test]
fn a_saved_report_says_the_same() {
    let report = Report::of(failing(ERRORS[0]).round);
    let json = apigw_probe::render::json(&report).into_bytes();
    assert_eq!(diagnose(&read_json(&json).unwrap()).findings, report.diagnosis.findings);
}
