//! Are signatures those that AWS publishes, and does each path sign the `Host` that goes on the wire?

use apigw_probe::plan::{AccessPath, Header, HeaderText, Plan, Request, plan};
use apigw_probe::sign::{Call, Credentials, Scope, sign};
use apigw_probe::target::{Target, TargetInput};
use time::OffsetDateTime;
use time::macros::datetime;

const AT: OffsetDateTime = datetime!(2015-08-30 12:36:00 UTC);

/// The user of AWS's own examples.
fn user() -> Credentials {
    Credentials {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
        session_token: None,
        expires: None,
    }
}

fn value<'h>(headers: &'h [Header], name: &str) -> &'h str {
    headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).unwrap().value.to_send()
}

fn signature(headers: &[Header]) -> &str {
    value(headers, "authorization").rsplit_once("Signature=").unwrap().1
}

/// Signs for the service of AWS's published test suite.
fn of_suite(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> String {
    let url = format!("https://example.amazonaws.com{path}");
    let call = Call { method, url: &url, headers: headers.to_vec(), body };
    signature(&call.sign(&Scope { region: "us-east-1", service: "service" }, &user(), AT).unwrap()).to_owned()
}

#[test]
fn signatures_are_those_of_the_published_test_suite() {
    let unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (method, path, signature) in [
        ("GET", "/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("GET", "/example/..", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("GET", "/./", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("GET", "//", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("GET", "/./example", "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"),
        ("GET", "//example//", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
        ("GET", &format!("/{unreserved}"), "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
        ("GET", "/?Param1=value1", "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"),
        (
            "GET",
            "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
            "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
        ),
        ("GET", "/?Param2=value2&Param1=value1", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
        (
            "GET",
            &format!("/?{unreserved}={unreserved}"),
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
        ),
        ("GET", "/?%E1%88%B4=bar", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
        ("POST", "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        ("POST", "/?Param1=value1", "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"),
    ] {
        assert_eq!(of_suite(method, path, &[], b""), signature, "{method} {path}");
    }
}

#[test]
fn signed_headers_and_bodies_are_those_of_the_published_test_suite() {
    let repeated =
        [("My-Header1", "value4"), ("My-Header1", "value1"), ("My-Header1", "value3"), ("My-Header1", "value2")];
    let spaced = [("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")];
    let form = [
        ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
        ("Content-Length", "13"),
        ("x-amz-content-sha256", "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"),
    ];
    for (method, headers, body, signature) in [
        ("GET", &repeated[..], "", "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"),
        ("GET", &spaced[..], "", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
        ("POST", &form[..], "Param1=value1", "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422"),
    ] {
        assert_eq!(of_suite(method, "/", headers, body.as_bytes()), signature, "{headers:?}");
    }
}

#[test]
fn a_session_token_is_sent_and_signed() {
    let token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
    let session = Credentials { session_token: Some(token.to_owned()), ..user() };
    let call = Call { method: "GET", url: "https://example.amazonaws.com/", headers: Vec::new(), body: b"" };
    let headers = call.sign(&Scope { region: "us-east-1", service: "service" }, &session, AT).unwrap();
    assert_eq!(signature(&headers), "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8");
    assert_eq!(value(&headers, "x-amz-security-token"), token);
}

#[test]
fn only_the_date_may_be_shown() {
    let session = Credentials { session_token: Some("token-of-a-session".to_owned()), ..user() };
    let target = target("/test");
    let headers = sign(&path(AccessPath::PrivateDns, &target), target.region().unwrap(), &session, AT).unwrap();
    let shown: Vec<_> = headers
        .iter()
        .filter(|header| matches!(header.value, HeaderText::Plain(_)))
        .map(|header| header.name.as_str())
        .collect();
    assert_eq!((headers.len(), shown), (3, vec!["x-amz-date"]));
    let debug = format!("{headers:?} {session:?}");
    assert!(!debug.contains("AKID") && !debug.contains("wJalr") && !debug.contains("token-of-a-session"), "{debug}");
}

fn target(path: &str) -> Target {
    Target::parse(TargetInput {
        custom_domain: Some("private.example.com/base"),
        invoke_url: &format!("https://a1bc234d5e.execute-api.us-east-1.amazonaws.com{path}"),
        vpce_dns_name: Some("vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com"),
        ..TargetInput::default()
    })
    .unwrap()
}

fn path(path: AccessPath, target: &Target) -> Plan {
    plan(target, path, &Request::default()).unwrap().signed(target.region().unwrap())
}

#[test]
fn each_path_signs_the_host_that_it_sends() {
    let target = target("/test/orders?b=2&a=1");
    let mut signatures = Vec::new();
    for (which, host, signed) in [
        (AccessPath::PrivateDns, target.invoke_name(), "host;x-amz-date"),
        (AccessPath::Route53Alias, target.alias_name().unwrap(), "host;x-amz-date"),
        (AccessPath::VpceHostHeader, target.invoke_name(), "host;x-amz-date"),
        (AccessPath::VpceApiIdHeader, target.endpoint.clone().unwrap().name, "host;x-amz-date;x-apigw-api-id"),
        (AccessPath::CustomDomain, target.domain_name().unwrap().clone(), "host;x-amz-date"),
        (AccessPath::VpceCustomDomain, target.domain_name().unwrap().clone(), "host;x-amz-date"),
    ] {
        let plan = path(which, &target);
        assert_eq!(plan.host, host);
        let headers = sign(&plan, target.region().unwrap(), &user(), AT).unwrap();
        let authorization = value(&headers, "authorization");
        assert!(authorization.contains("Credential=AKIDEXAMPLE/20150830/us-east-1/execute-api/aws4_request,"));
        assert!(authorization.contains(&format!("SignedHeaders={signed},")), "{which}: {authorization}");
        assert_eq!(value(&headers, "x-amz-date"), "20150830T123600Z");
        let url = format!("https://{host}{}", plan.path_and_query);
        let added: Vec<_> = plan.headers.iter().map(|header| (header.name.as_str(), header.value.to_send())).collect();
        let call = Call { method: "GET", url: &url, headers: added, body: b"" };
        let scope = Scope { region: "us-east-1", service: "execute-api" };
        assert_eq!(signature(&call.sign(&scope, &user(), AT).unwrap()), signature(&headers));
        signatures.push(signature(&headers).to_owned());
    }
    // the first and the third send the same to the gateway, and so do both by the custom domain name; the others do not
    assert_eq!((&signatures[0], &signatures[4]), (&signatures[2], &signatures[5]));
    signatures.sort();
    signatures.dedup();
    assert_eq!(signatures.len(), 4);
}

#[test]
fn a_session_ends_at_its_very_moment() {
    let session = Credentials { expires: Some(AT), ..user() };
    assert!(session.are_expired(AT) && !session.are_expired(AT - time::Duration::SECOND));
    assert!(!user().are_expired(AT));
    // as RFC 3339 writes it, with two digits an hour
    let seven = time::Date::from_calendar_date(2026, time::Month::January, 2).unwrap().with_hms(7, 4, 5).unwrap();
    let early = Credentials { expires: Some(seven.assume_utc() + time::Duration::MILLISECOND), ..user() };
    assert_eq!(early.ended(seven.assume_utc() + time::Duration::HOUR).as_deref(), Some("2026-01-02T07:04:05Z"));
    assert_eq!(early.ended(seven.assume_utc()), None);
}
