//! Does the lab check signatures as AWS documents it, and do signer and server read a call alike?

use super::client::{API_NAME, Answer, endpoint, request, send, start};
use apigw_probe::lab::Lab;
use apigw_probe::plan::{AccessPath, Header, HeaderText, Request, plan};
use apigw_probe::sign::{Call, Credentials, Scope, compare, sign};
use apigw_probe::target::{Target, TargetInput};
use std::net::IpAddr;
use time::{Duration, OffsetDateTime};

async fn ask(lab: &Lab, path: &str, headers: &[(&str, &str)]) -> Answer {
    let all: Vec<_> = [("Host", API_NAME)].into_iter().chain(headers.iter().copied()).collect();
    send(lab, endpoint(lab), API_NAME, &request("GET", path, &all)).await.unwrap()
}

/// Asks with the headers of a signature.
async fn ask_signed(lab: &Lab, path: &str, signature: &[Header]) -> Answer {
    let headers: Vec<_> = signature.iter().map(|header| (header.name.as_str(), header.value.to_send())).collect();
    ask(lab, path, &headers).await
}

fn credentials(lab: &Lab) -> Credentials {
    Credentials::clone(&lab.identity().unwrap())
}

fn signed(scope: Scope<'_>, credentials: &Credentials, at: OffsetDateTime) -> Vec<Header> {
    let url = format!("https://{API_NAME}/test");
    Call { method: "GET", url: &url, headers: Vec::new(), body: b"" }.sign(&scope, credentials, at).unwrap()
}

const RIGHT: Scope<'_> = Scope { region: "us-east-1", service: "execute-api" };

#[tokio::test]
async fn a_signature_holds_for_its_region_service_time_and_key_alone() {
    let lab = start("signed").await;
    let (good, now) = (credentials(&lab), OffsetDateTime::now_utc());
    let minutes = |minutes| now + Duration::minutes(minutes);
    let other = |change: fn(&mut Credentials)| {
        let mut other = good.clone();
        change(&mut other);
        other
    };
    for (signature, status, error_type) in [
        (signed(RIGHT, &good, now), 200, ""),
        (signed(RIGHT, &good, minutes(4)), 200, ""),
        (signed(RIGHT, &good, minutes(-4)), 200, ""),
        (signed(RIGHT, &good, minutes(6)), 403, "InvalidSignatureException"),
        (signed(RIGHT, &good, minutes(-6)), 403, "InvalidSignatureException"),
        (signed(Scope { region: "eu-west-1", ..RIGHT }, &good, now), 403, "InvalidSignatureException"),
        (signed(Scope { service: "lambda", ..RIGHT }, &good, now), 403, "InvalidSignatureException"),
        (signed(RIGHT, &other(|key| key.secret_access_key.push('x')), now), 403, "InvalidSignatureException"),
        (signed(RIGHT, &other(|key| key.access_key_id.push('X')), now), 403, "UnrecognizedClientException"),
        (signed(RIGHT, &other(|key| key.session_token = None), now), 403, "UnrecognizedClientException"),
    ] {
        let answer = ask_signed(&lab, "/test", &signature).await;
        assert_eq!((answer.status, answer.error_type()), (status, error_type), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_bad_signature_is_refused_whatever_the_method_wants() {
    let lab = start("signature-not-needed").await;
    assert_eq!(ask(&lab, "/test", &[]).await.status, 200);
    let signature = signed(RIGHT, &credentials(&lab), OffsetDateTime::now_utc());
    assert_eq!(ask_signed(&lab, "/test", &signature).await.status, 200);
    // it is another path that was signed
    assert_eq!(ask_signed(&lab, "/test/orders", &signature).await.error_type(), "InvalidSignatureException");
}

#[tokio::test]
async fn an_http_api_takes_a_good_signature_alone() {
    let lab = start("http-api-iam-unsigned").await;
    let good = credentials(&start("signed").await);
    let bad = Credentials { secret_access_key: "another".into(), ..good.clone() };
    let public = lab.detour().into_iter().find(|(ip, _)| matches!(ip, IpAddr::V4(ip) if !ip.is_private())).unwrap().1;
    for (credentials, status) in [(good, 200), (bad, 403)] {
        let url = format!("https://{API_NAME}/");
        let call = Call { method: "GET", url: &url, headers: Vec::new(), body: b"" };
        let signature = call.sign(&RIGHT, &credentials, OffsetDateTime::now_utc()).unwrap();
        let signature = signature.iter().map(|header| (header.name.as_str(), header.value.to_send()));
        let headers: Vec<_> = [("Host", API_NAME)].into_iter().chain(signature).collect();
        let answer = send(&lab, public, API_NAME, &request("GET", "/", &headers)).await.unwrap();
        assert_eq!(answer.status, status, "{}", answer.body);
    }
}

#[tokio::test]
async fn a_header_that_is_no_signature_is_told_so_where_one_is_wanted() {
    let lab = start("signed").await;
    for (path, authorization, status, error_type) in [
        ("/test", "Bearer x", 403, "IncompleteSignatureException"),
        ("/test/nowhere", "Bearer x", 403, "IncompleteSignatureException"),
        ("/test/orders", "Bearer x", 200, ""),
        ("/test", "AWS4-HMAC-SHA256 Credential=x", 403, "IncompleteSignatureException"),
        (
            "/test",
            "AWS4-HMAC-SHA256 Credential=x, SignedHeaders=host, Signature=y",
            403,
            "IncompleteSignatureException",
        ),
    ] {
        let answer = ask(&lab, path, &[("Authorization", authorization)]).await;
        assert_eq!((answer.status, answer.error_type()), (status, error_type), "{authorization}: {}", answer.body);
    }
}

/// Paths, queries and headers that can be written in more ways than one.
const ODD: [&str; 14] = [
    "/test",
    "/test/",
    "/test//orders",
    "/test/./orders/../x/.",
    "/test/a/..",
    "/test/a%20b/%2F%c3%a9",
    "/test/:id;v=1/@x!$&'()*+,~",
    "/test?b=2&a=1&a=0&A=3&&x",
    "/test?a=b+c&d=%2B%20",
    "/test?redirect=/a/b:c?d",
    "/test?q='quoted'&p=(x)!*;z",
    "/test?%E1%88%B4=%7e~&%zz=1",
    "/test?a==&=b",
    "/test?",
];

#[tokio::test]
async fn signer_and_server_read_odd_calls_alike() {
    let good = start("signed").await;
    let bad = start("wrong-secret-key").await;
    let now = OffsetDateTime::now_utc();
    for path_and_query in ODD {
        let target = Target::parse(TargetInput {
            invoke_url: &format!("https://{API_NAME}{path_and_query}"),
            ..TargetInput::default()
        })
        .unwrap();
        let header =
            |name: &str, value: &str| Header { name: name.to_owned(), value: HeaderText::Plain(value.to_owned()) };
        let headers =
            vec![header("X-Odd", "a   b"), header("X-Twice", "z"), header("x-twice", "a"), header("X-None", "")];
        let plan = plan(&target, AccessPath::PrivateDns, &Request { headers, ..Request::default() }).unwrap();
        let sent = |lab: &Lab| {
            let signature = sign(&plan, target.region().unwrap(), &credentials(lab), now).unwrap();
            plan.headers.iter().cloned().chain(signature).collect::<Vec<_>>()
        };
        let answer = ask_signed(&good, &plan.path_and_query, &sent(&good)).await;
        assert_ne!(answer.error_type(), "InvalidSignatureException", "{path_and_query}: {}", answer.body);
        // a wrong key makes the server show what it read, which is what was signed
        let wrong = sent(&bad);
        let answer = ask_signed(&bad, &plan.path_and_query, &wrong).await;
        assert_eq!(answer.error_type(), "InvalidSignatureException");
        assert_eq!(compare(&plan, &wrong, answer.body.as_bytes()), Some(Vec::new()), "{path_and_query}");
    }
}

#[tokio::test]
async fn the_line_that_was_changed_on_the_way_is_named_and_secrets_are_not_shown() {
    let lab = start("wrong-secret-key").await;
    let target =
        Target::parse(TargetInput { invoke_url: &format!("https://{API_NAME}/test?a=1"), ..TargetInput::default() })
            .unwrap();
    let secret = Header { name: "x-api-key".to_owned(), value: HeaderText::Secret("key-that-nobody-shows".to_owned()) };
    let shown = Header { name: "X-Team".to_owned(), value: HeaderText::Plain("orders".to_owned()) };
    let request = Request { headers: vec![secret, shown], ..Request::default() };
    let plan = plan(&target, AccessPath::PrivateDns, &request).unwrap();
    let signature = sign(&plan, target.region().unwrap(), &credentials(&lab), OffsetDateTime::now_utc()).unwrap();
    let sent: Vec<_> = plan.headers.iter().cloned().chain(signature.iter().cloned()).collect();
    let arrived: Vec<_> = sent
        .iter()
        .map(|header| match header.name.as_str() {
            "x-api-key" => ("x-api-key", "another-key-of-somebody"),
            "X-Team" => ("X-Team", "invoices"),
            name => (name, header.value.to_send()),
        })
        .collect();
    let answer = ask(&lab, "/test?a=1&via=proxy", &arrived).await;
    let found = compare(&plan, &sent, answer.body.as_bytes()).unwrap();
    let told: Vec<_> =
        found.iter().map(|one| (one.line.as_str(), one.ours.as_deref(), one.theirs.as_deref())).collect();
    assert_eq!(
        told,
        [
            ("header x-api-key", Some("[secret]"), Some("[secret]")),
            ("header x-team", Some("orders"), Some("invoices")),
            ("query", Some("a=1"), Some("a=1&via=proxy")),
        ]
    );
}
