//! What of an answer is kept: the gateway's own headers and errors, never a backend's data, never a secret.

use apigw_probe::observation::{Answer, RawAnswer, redact};
use proptest::prelude::*;
use std::time::Duration;

fn reduce(status: u16, headers: &[(&str, &str)], body: &str, show_body: bool) -> Answer {
    Answer::reduce(&RawAnswer {
        status,
        version: "HTTP/1.1",
        headers: headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect(),
        body: body.as_bytes(),
        show_body,
        first_byte: Duration::ZERO,
    })
}

fn excerpt(status: u16, headers: &[(&str, &str)], body: &str) -> Option<String> {
    reduce(status, headers, body, false).body_excerpt
}

const TYPED: [(&str, &str); 1] = [("x-amzn-ErrorType", "SomeException")];

#[test]
fn a_backends_body_is_counted_and_not_kept() {
    for (status, body) in [
        (200, "{\"orders\":[{\"id\":1}]}"),
        (200, "{\"message\":\"Forbidden\",\"customer\":\"Jane Doe\"}"),
        (200, "{\"message\":null}"),
        (200, "Jane Doe"),
        (200, "[\"Forbidden\"]"),
        (404, "{\"error\":\"no customer Jane Doe\"}"),
        (500, "{\"message\":\"Internal server error\",\"customer\":\"Jane Doe\"}"),
        (503, "<html>Jane Doe is not authorized to access this resource</html>"),
        (200, "{\"message\":\"Forbidden"),
    ] {
        let answer = reduce(status, &[], body, false);
        assert_eq!(answer.body_excerpt, None, "{body}");
        assert_eq!(answer.body_bytes, body.len() as u64);
    }
}

#[test]
fn a_gateways_error_is_kept_with_and_without_its_header() {
    for body in [
        "{\"message\":\"Forbidden\"}",
        "{ \"message\": \"Internal server error\" }\n",
        "HTTP content length exceeded 10485760 bytes.",
    ] {
        assert_eq!(excerpt(403, &[], body).as_deref(), Some(body));
    }
    assert_eq!(excerpt(500, &TYPED, "{\"message\":null}").as_deref(), Some("{\"message\":null}"));
    assert_eq!(excerpt(429, &TYPED, "whatever the owner says").as_deref(), Some("whatever the owner says"));
}

#[test]
fn an_error_type_on_a_success_keeps_no_data() {
    assert_eq!(excerpt(200, &TYPED, "{\"orders\":[]}"), None);
}

#[test]
fn an_empty_body_is_no_excerpt() {
    assert_eq!(excerpt(403, &TYPED, ""), None);
    assert_eq!(excerpt(403, &TYPED, " \r\n"), None);
}

#[test]
fn a_body_that_was_asked_for_is_kept_and_still_redacted() {
    let answer = reduce(200, &[], "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl end", true);
    assert_eq!(answer.body_excerpt.as_deref(), Some("token eyJ[redacted] end"));
}

#[test]
fn headers_outside_the_list_are_dropped() {
    let answer = reduce(
        200,
        &[("Set-Cookie", "a=1"), ("Date", "x"), ("X-Customer", "Jane"), ("X-AMZN-TRACE-ID", "r")],
        "",
        false,
    );
    let names: Vec<_> = answer.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Date", "X-AMZN-TRACE-ID"]);
}

#[test]
fn a_renamed_header_of_the_integration_is_kept_by_name() {
    let headers = [("x-amzn-Remapped-WWW-Authenticate", "Bearer abc"), ("x-amzn-Remapped-Server", "Werkzeug/0.16.0")];
    let answer = reduce(200, &headers, "", false);
    assert_eq!(answer.header("x-amzn-remapped-www-authenticate"), Some("[redacted]"));
    assert_eq!(answer.header("x-amzn-remapped-server"), Some("Werkzeug/0.16.0"));
}

#[test]
fn of_a_repeated_header_the_first_counts() {
    let answer = reduce(403, &[("x-amzn-ErrorType", "A"), ("X-Amzn-Errortype", "B")], "", false);
    assert_eq!(answer.headers.len(), 1);
    assert_eq!(answer.error_type(), Some("A"));
}

#[test]
fn a_header_holds_no_control_characters() {
    assert_eq!(
        reduce(200, &[("Server", "a\u{1b}[31mb\u{202e}")], "", false).header("server"),
        Some("a\u{fffd}[31mb\u{fffd}")
    );
}

#[test]
fn what_echoes_the_authorization_header_is_redacted_on_both_sides() {
    let text = "'s3cret' not a valid key=value pair (missing equal-sign) in Authorization header: 'Bearer s3cret'.";
    assert!(!redact(text).contains("s3cret"), "{}", redact(text));
    let text = "s3cret not a valid key=value pair (missing equal-sign) in Authorization header: 's3cret'";
    assert!(!redact(text).contains("s3cret"), "{}", redact(text));
    let text = "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): 's3cret...'";
    assert!(!redact(text).contains("s3cret"), "{}", redact(text));
    let text =
        "{\"message\":\"Authorization header requires 'Credential' parameter. Authorization=Bearer s3cret-s3cret\"}";
    assert!(!redact(text).contains("s3cret"), "{}", redact(text));
}

#[test]
fn signed_headers_in_a_canonical_string_lose_their_values() {
    for end in ["\n", "\\n"] {
        let text = [
            "The Canonical String for this request should have been",
            "'GET",
            "/test",
            "x=1",
            "host:a1bc234d5e.execute-api.us-east-1.amazonaws.com",
            "x-amz-date:20200211T205529Z",
            "x-amz-security-token:s3cret",
            "x-my-password:s3cret",
            "cookie:id=s3cret; b=s3cret",
            "",
            "host;x-amz-date'",
        ]
        .join(end);
        let shown = redact(&text);
        assert!(!shown.contains("s3cret"), "{shown}");
        assert!(shown.contains("host:a1bc234d5e.execute-api"), "{shown}");
        assert!(shown.contains("x-amz-date:20200211T205529Z"), "{shown}");
        assert!(shown.contains("host;x-amz-date"), "{shown}");
    }
}

#[test]
fn presigned_parameters_lose_their_values() {
    let text = "/test?a=1&X-Amz-Security-Token=s3cret%2F&X-Amz-Signature=s3cret&b=2";
    let shown = redact(text);
    assert!(!shown.contains("s3cret"), "{shown}");
    assert!(shown.contains("a=1") && shown.contains("b=2"), "{shown}");
}

#[test]
fn access_key_ids_are_redacted() {
    assert_eq!(redact("key AKIAIOSFODNN7EXAMPLE is"), "key AKIA[redacted] is");
    assert_eq!(redact("ASIA is a continent"), "ASIA is a continent");
}

#[test]
fn what_holds_no_secret_stays_as_it_is() {
    for text in [
        "{\"message\":\"Forbidden\"}",
        "User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/test/GET/pets",
        "Signature expired: 20210309T162431Z is now earlier than 20210309T163358Z (20210309T163858Z - 5 min.)",
        "",
        "ünïcödé: 日本",
    ] {
        assert_eq!(redact(text), text);
    }
}

proptest! {
    #[test]
    fn no_token_survives_where_gateways_echo_it(token in "[A-Za-z0-9+/=_.-]{12,60}", form in 0..6_usize) {
        let body = [
            format!("'{token}' not a valid key=value pair (missing equal-sign) in Authorization header: 'Bearer {token}'."),
            format!("Invalid key=value pair (missing equal-sign) in Authorization header: '{token}'"),
            format!("The Canonical String\nGET\nx-amz-security-token:{token}\nx-other:{token}\n"),
            format!("authorization:{token}\\nhost:x"),
            format!("Bearer {token}"),
            format!("?X-Amz-Security-Token={token}&a=b"),
        ];
        prop_assert!(!redact(&body[form]).contains(&token), "{}", redact(&body[form]));
    }

    #[test]
    fn redacting_twice_changes_nothing_more(text in "[ -~\n]{0,200}") {
        prop_assert_eq!(redact(&redact(&text)), redact(&text));
    }
}
