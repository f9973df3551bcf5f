//! What of an answer is kept: the gateway's own headers and errors, never a backend's data, never a secret.

use apigw_probe::observation::{Answer, RawAnswer, Secrets, Wording, redact};
use apigw_probe::plan::Header;
use proptest::prelude::*;
use std::time::Duration;

fn reduce(status: u16, headers: &[(&str, &str)], body: &str, show_body: bool) -> Answer {
    reduce_hiding(&Secrets::default(), status, headers, body, show_body)
}

fn reduce_hiding(secrets: &Secrets, status: u16, headers: &[(&str, &str)], body: &str, show_body: bool) -> Answer {
    Answer::reduce(&RawAnswer {
        status,
        version: "HTTP/1.1",
        headers: headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect(),
        body: body.as_bytes(),
        show_body,
        secrets,
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
fn a_compressed_body_is_said_to_be_so() {
    let gzip: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 0xff, 0xab, 0x56, 0xca, 0x4d];
    let excerpt = |coding: &[u8], body, show_body| {
        Answer::reduce(&RawAnswer {
            status: 403,
            version: "HTTP/1.1",
            headers: vec![("x-amzn-ErrorType", b"AccessDeniedException"), ("Content-Encoding", coding)],
            body,
            show_body,
            secrets: &Secrets::default(),
            first_byte: Duration::ZERO,
        })
        .body_excerpt
    };
    for show_body in [false, true] {
        for (coding, body) in [(&b"gzip"[..], gzip), (b"br", b"\x0b\x02"), (b"identity", gzip)] {
            assert_eq!(excerpt(coding, body, show_body).as_deref(), Some("[compressed]"));
        }
        assert_eq!(excerpt(b"identity", b"{}", show_body).as_deref(), Some("{}"));
    }
    assert_eq!(excerpt(b"gzip", b"", false), None);
}

#[test]
fn of_a_page_that_complains_of_plain_http_the_complaint_alone_is_kept() {
    let page = "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head><p>Jane Doe</html>";
    assert_eq!(excerpt(400, &[], page).as_deref(), Some("The plain HTTP request was sent to HTTPS port"));
    assert_eq!(excerpt(200, &[], page), None);
    assert_eq!(reduce(400, &[], page, false).wording(), Some(Wording::PlainToTls));
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

/// The secrets of a header file.
fn secrets(lines: &str) -> Secrets {
    Secrets::of(&Header::secret_lines(lines).unwrap())
}

#[test]
fn what_was_sent_in_base64_comes_back_decoded_nowhere_nor_the_other_way_round() {
    // orders:hunter2-of-b
    let secrets = secrets("Authorization: Basic b3JkZXJzOmh1bnRlcjItb2YtYg==\nX-Team-Key: 0p4que-key\n");
    let body = r#"{"message":"orders:hunter2-of-b, hunter2-of-b, MHA0cXVlLWtleQ== and MHA0cXVlLWtleSBhbmQgbW9yZQ=="}"#;
    let answer = reduce_hiding(&secrets, 403, &[("x-amzn-ErrorType", "X")], body, false).body_excerpt.unwrap();
    assert!(!answer.contains("hunter2") && !answer.contains("MHA0"), "{answer}");
}

#[test]
fn what_was_sent_in_secret_comes_back_nowhere() {
    let secrets =
        secrets("X-Team-Key: pa/ss\"wo+rd %41\nAuthorization: Custom 0p4que\nCookie: theme=dark; session=abcdefgh12\n");
    let body = [
        r#"{"message":"Forbidden for pa/ss\"wo+rd %41 (0p4que)","x":"pa\/ss\u0022wo+rd %41","y":"abcdefgh12","z":"dark"}"#,
        r#"deeper: "{\"k\":\"pa\\\/ss\\\"wo+rd %41\"}""#,
        "url: pa%2Fss%22wo%2brd+%2541 or pa%252Fss%2522wo%252Brd%2520%252541",
        "page: pa&#x2F;ss&quot;wo&#43;rd %41",
    ]
    .join("\n");
    let headers = [("x-amzn-ErrorType", "X"), ("Via", "1.1 0p4que"), ("x-amzn-RequestId", "abcdefgh12")];
    let answer = reduce_hiding(&secrets, 403, &headers, &body, false);
    let expected = [
        r#"{"message":"Forbidden for [redacted] ([redacted])","x":"[redacted]","y":"[redacted]","z":"dark"}"#,
        r#"deeper: "{\"k\":\"[redacted]\"}""#,
        "url: [redacted] or [redacted]",
        "page: [redacted]",
    ]
    .join("\n");
    assert_eq!(answer.body_excerpt, Some(expected));
    assert_eq!((answer.header("via"), answer.request_id()), (Some("1.1 [redacted]"), Some("[redacted]")));
}

#[test]
fn a_secret_is_hidden_before_a_text_is_cut() {
    let secrets = secrets("x-api-key: 0123456789abcdef");
    for before in 2030..2060 {
        let body = format!("{} 0123456789abcdef", "x".repeat(before));
        let shown = reduce_hiding(&secrets, 200, &[("Via", &body[1800..])], &body, true);
        assert!(!shown.body_excerpt.as_ref().unwrap().contains("0123"), "{before}");
        assert!(!shown.header("via").unwrap().contains("0123"), "{before}");
    }
    // a body that ends early ends within a secret
    for end in ["0123456", "0123456789abcde", "0123%34%3", r"0123\u003"] {
        let shown = reduce_hiding(&secrets, 200, &[], &format!("key {end}"), true);
        assert_eq!(shown.body_excerpt.as_deref(), Some("key [redacted]"), "{end}");
    }
}

#[test]
fn a_hostile_echo_costs_no_time() {
    let secret: String = (0..1000).map(|n| format!("{n:03}%")).collect::<Vec<_>>().concat();
    let secrets = secrets(&format!("x-api-key: {secret}x"));
    let began = std::time::Instant::now();
    for part in [secret.as_str(), "000%00", r"\\", "%25", "eyJ", "Bearer ", "&", "&#48;", "Authorization="] {
        let answer = reduce_hiding(&secrets, 200, &[], &part.repeat(65_536 / part.len()), true);
        assert!(answer.body_excerpt.unwrap().chars().count() <= 2048);
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn what_is_no_secret_of_a_header_file_stays_readable() {
    let secrets = secrets(
        "Accept: application/json\nx-stage: v1\nAuthorization: AWS4-HMAC-SHA256 Credential=0123456789/x, SignedHeaders=content-type;host, Signature=fedcba9876543210\n",
    );
    let body = "application/json v1 content-type host fedcba9876543210 0123456789/x";
    let shown = reduce_hiding(&secrets, 200, &[("Content-Type", "application/json")], body, true);
    assert_eq!(shown.header("content-type"), Some("application/json"));
    assert_eq!(shown.body_excerpt.as_deref(), Some("application/json v1 content-type host [redacted] [redacted]"));
}

#[test]
fn a_mark_in_an_arn_is_not_compared() {
    let secrets = secrets("x-stage: test\nx-resource: orders");
    let body = "{\"message\":\"User: anonymous is not authorized to perform: execute-api:Invoke on resource: \
                arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/test/GET/orders\"}";
    let answer = reduce_hiding(&secrets, 403, &[], body, false);
    let Some(Wording::Denied(denial)) = answer.wording() else { panic!("{answer:?}") };
    let arn = denial.resource.unwrap();
    assert_eq!((arn.api.as_deref(), arn.stage, arn.path), (Some("a1bc234d5e"), None, None));
}

#[test]
fn the_debug_form_of_secrets_shows_none() {
    assert!(!format!("{:?}", secrets("x-api-key: hunter22")).contains("hunter"));
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
    let text = "{\"message\":\"Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. \
                Authorization=s3cret, s3cret\\\" s3cret\"} ";
    let kept = "{\"message\":\"Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. \
                Authorization=[redacted]\"} ";
    assert_eq!(redact(text), kept);
    assert_eq!(
        redact("requires a 'Date' header. Authorization=s3cret s3cret"),
        "requires a 'Date' header. Authorization=[redacted]"
    );
}

#[test]
fn signed_headers_in_a_canonical_string_lose_their_values() {
    for end in ["\n", "\\n"] {
        let text = [
            "The Canonical String for this request should have been",
            "'GET",
            "/test",
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20200211T205529Z&apikey=s3cret%3Ds3cret&empty=&flag&token=s3cret",
            "host:a1bc234d5e.execute-api.us-east-1.amazonaws.com",
            "x-amz-date:20200211T205529Z",
            "content-type:a=b&c=d",
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
        let query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20200211T205529Z&apikey=[redacted]&empty=&flag&token=[redacted]";
        assert!(shown.contains(query), "{shown}");
        assert!(shown.contains("content-type:a=b&c=d"), "{shown}");
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
    fn a_secret_survives_no_escape(secret in "[!-~]([ -~]{2,40})[!-~]", form in 0..5_usize, around in "[a-z ]{0,20}", level in 0..3) {
        let mut echoed = secret.clone();
        for _ in 0..=level {
            echoed = match form {
                0 => serde_json::to_string(&echoed).unwrap(),
                1 => echoed.bytes().map(|b| format!("%{b:02x}")).collect::<Vec<_>>().concat(),
                2 => echoed.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect(),
                3 => echoed.bytes().map(|b| format!("&#{b};")).collect::<Vec<_>>().concat(),
                _ => echoed.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect::<Vec<_>>().concat(),
            };
            if matches!(form, 1 | 3 | 4) {
                break;
            }
        }
        let secrets = secrets(&format!("x-secret: {secret}"));
        let shown = secrets.hide(&format!("{around}{echoed}{around}"));
        prop_assert!(!shown.contains(&secret) && !shown.contains(&echoed), "{echoed} as {shown}");
        prop_assert!(shown.len() <= 2 * around.len() + "[redacted]".len() + 16, "{echoed} as {shown}");
    }

    #[test]
    fn hiding_any_text_ends(text in ".{0,200}", secret in "[!-~]{4,12}") {
        let shown = secrets(&format!("x-secret: {secret}")).hide(&format!("{text}{secret}{text}"));
        prop_assert!(!shown.replace("[redacted]", "").contains(&secret), "{shown}");
    }

    #[test]
    fn redacting_twice_changes_nothing_more(text in "[ -~\n]{0,200}") {
        prop_assert_eq!(redact(&redact(&text)), redact(&text));
    }
}
