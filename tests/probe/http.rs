//! The one request as it goes out, and answers that are strange, broken or without end.

use super::far_end::{Authority, FarEnd, OK};
use super::name_server::NameServer;
use super::{NAME, ZONES, limits, net, plan, probe_api};
use apigw_probe::observation::{Answer, Attempt, HttpFailure, HttpFault};
use apigw_probe::plan::{AccessPath, Header, HeaderText, Method, Plan};
use apigw_probe::probe::{Limits, probe};
use apigw_probe::target::HostName;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt as _;

/// What is seen of an API that gives these bytes and closes.
async fn see(answer: impl Into<Vec<u8>>) -> Attempt {
    let authority = Authority::new();
    let api = FarEnd::answering(authority.server(NAME), answer).await;
    let seen = probe_api(&authority, &api, &limits(2000)).await.attempts.remove(0);
    assert_eq!(api.requests(), 1);
    seen
}

fn answer(attempt: &Attempt) -> &Answer {
    attempt.http().unwrap().result.as_ref().unwrap()
}

fn failure(attempt: &Attempt) -> &HttpFailure {
    attempt.http().unwrap().result.as_ref().unwrap_err()
}

/// The request that a plan becomes on the wire.
async fn request_of(change: impl FnOnce(&mut Plan)) -> String {
    let authority = Authority::new();
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let api = FarEnd::serving(authority.server(NAME), move |mut stream, request| {
        told.send(request).unwrap();
        async move {
            stream.write_all(OK.as_bytes()).await.unwrap();
        }
    })
    .await;
    let names = NameServer::giving(&ZONES[..1]).await;
    let mut plan = plan(AccessPath::VpceApiIdHeader);
    change(&mut plan);
    probe(&net(&[names.address], &authority, &[(ZONES[0], api.address)]), &[plan], &limits(2000)).await;
    heard.recv().await.unwrap()
}

fn header(name: &str, value: &str) -> Header {
    Header { name: name.to_owned(), value: HeaderText::Plain(value.to_owned()) }
}

#[tokio::test]
async fn the_request_is_exactly_what_the_plan_says() {
    let request = request_of(|plan| {
        plan.host = HostName::parse("a1bc234d5e.execute-api.us-east-1.amazonaws.com").unwrap();
        plan.path_and_query = "/test//a/../b/./%2F?q=%20[x]{y}|z&q".to_owned();
        plan.headers = vec![
            header("x-apigw-api-id", "a1bc234d5e"),
            Header { name: "X-Secret".to_owned(), value: HeaderText::Secret("täst".to_owned()) },
        ];
    })
    .await;
    let expected = concat!(
        "GET /test//a/../b/./%2F?q=%20[x]{y}|z&q HTTP/1.1\r\n",
        "Host: a1bc234d5e.execute-api.us-east-1.amazonaws.com\r\n",
        "User-Agent: apigw-probe/",
        env!("CARGO_PKG_VERSION"),
        "\r\nAccept: */*\r\nX-Apigw-Api-Id: a1bc234d5e\r\nX-Secret: täst\r\n\r\n"
    );
    assert_eq!(request, expected);
}

#[tokio::test]
async fn a_method_without_a_body_announces_none() {
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        let request = request_of(|plan| plan.method = Method::parse(method).unwrap()).await.to_ascii_lowercase();
        assert!(request.starts_with(&format!("{} /test http/1.1\r\n", method.to_ascii_lowercase())), "{request}");
        for header in ["content-length:", "transfer-encoding:", "content-type:", "expect:"] {
            assert!(!request.contains(header), "curl -X {method} sends none: {request}");
        }
    }
}

#[tokio::test]
async fn a_double_slash_at_the_beginning_is_no_authority() {
    let request = request_of(|plan| plan.path_and_query = "//evil.test/x".to_owned()).await;
    assert!(request.starts_with("GET //evil.test/x HTTP/1.1\r\n"), "{request}");
}

#[tokio::test]
async fn the_users_own_accept_replaces_the_default() {
    let request = request_of(|plan| plan.headers = vec![header("Accept", "text/plain")]).await;
    assert_eq!(request.to_ascii_lowercase().matches("accept:").count(), 1, "{request}");
    assert!(request.contains("Accept: text/plain\r\n"));
}

#[tokio::test]
async fn a_header_that_cannot_be_sent_is_told_and_nothing_is_sent() {
    let authority = Authority::new();
    let api = FarEnd::answering(authority.server(NAME), OK).await;
    let names = NameServer::giving(&ZONES[..1]).await;
    let mut plan = plan(AccessPath::VpceApiIdHeader);
    plan.headers = vec![header("x-split", "a\r\nx-evil: b")];
    let net = net(&[names.address], &authority, &[(ZONES[0], api.address)]);
    let seen = probe(&net, &[plan], &limits(2000)).await.remove(0);
    assert_eq!(failure(&seen.attempts[0]).fault, HttpFault::Other);
    assert!(failure(&seen.attempts[0]).detail.as_ref().unwrap().contains("x-split"));
    assert_eq!(api.requests(), 0);
}

#[tokio::test]
async fn head_has_no_body_whatever_its_length_says() {
    let authority = Authority::new();
    let api = FarEnd::serving(authority.server(NAME), |mut stream, request| async move {
        assert!(request.starts_with("HEAD /test "));
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n").await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let names = NameServer::giving(&ZONES[..1]).await;
    let mut plan = plan(AccessPath::VpceHostHeader);
    plan.method = Method::parse("HEAD").unwrap();
    let net = net(&[names.address], &authority, &[(ZONES[0], api.address)]);
    let seen = probe(&net, &[plan], &limits(2000)).await.remove(0);
    assert_eq!((answer(&seen.attempts[0]).status, answer(&seen.attempts[0]).body_bytes), (200, 0));
}

#[tokio::test]
async fn a_gateways_error_is_kept_and_a_backends_body_is_not() {
    let denied = "HTTP/1.1 403 Forbidden\r\nx-amzn-ErrorType: ForbiddenException\r\nx-amzn-RequestId: r\r\n\
                  Set-Cookie: secret\r\nContent-Length: 23\r\n\r\n{\"message\":\"Forbidden\"}";
    let seen = see(denied).await;
    assert_eq!(answer(&seen).error_type(), Some("ForbiddenException"));
    assert_eq!(answer(&seen).body_excerpt.as_deref(), Some("{\"message\":\"Forbidden\"}"));
    assert_eq!(answer(&seen).header("set-cookie"), None);
    let seen = see("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\ncustomer").await;
    assert_eq!((answer(&seen).body_excerpt.as_deref(), answer(&seen).body_bytes), (None, 8));

    let authority = Authority::new();
    let api = FarEnd::answering(authority.server(NAME), "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody").await;
    let seen = probe_api(&authority, &api, &Limits { show_body: true, ..limits(2000) }).await;
    assert_eq!(answer(&seen.attempts[0]).body_excerpt.as_deref(), Some("body"));
}

#[tokio::test]
async fn an_api_that_echoes_the_request_shows_no_secret() {
    let authority = Authority::new();
    let api = FarEnd::serving(authority.server(NAME), |mut stream, request| async move {
        let body = format!("{request} {request:?} {}", "x".repeat(500));
        let key = request.lines().find_map(|line| line.strip_prefix("X-Opaque: ")).unwrap();
        let head = format!("HTTP/1.1 400 Bad\r\nVia: {key}\r\nServer: {}\r\n", &key[6..]);
        // the connection ends in the middle of the echo, which the diagnosis sees all the same
        let answer =
            format!("{head}x-amzn-ErrorType: {key}\r\nContent-Length: 999999\r\n\r\n{body}{}", &key[..key.len() - 4]);
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    })
    .await;
    let names = NameServer::giving(&ZONES[..1]).await;
    let mut plan = plan(AccessPath::VpceHostHeader);
    plan.headers = Header::secret_lines("x-opaque: Token a\"b-0123456789\nCookie: id=abcdefgh98").unwrap();
    let net = net(&[names.address], &authority, &[(ZONES[0], api.address)]);
    for show_body in [false, true] {
        let seen = probe(&net, std::slice::from_ref(&plan), &Limits { show_body, ..limits(2000) }).await.remove(0);
        let failure = failure(&seen.attempts[0]);
        let answer = failure.answer.as_ref().unwrap();
        assert_eq!((failure.fault, answer.header("via")), (HttpFault::Closed, Some("[redacted]")));
        assert_eq!(answer.header("server"), Some("[redacted]"));
        assert!(answer.body_excerpt.as_ref().unwrap().contains("X-Opaque: [redacted]"), "{answer:?}");
        let everything = format!("{seen:?}");
        for secret in ["0123456789", "a\"b", "abcdefgh98", "Token a"] {
            assert!(!everything.contains(secret), "{secret} in {everything}");
        }
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let seen = see("HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1/\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(answer(&seen).status, 302);
}

#[tokio::test]
async fn every_framing_of_a_body_is_read() {
    for said in [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc",
        "HTTP/1.0 200 OK\r\n\r\nabc",
    ] {
        let seen = see(said).await;
        assert_eq!((answer(&seen).status, answer(&seen).body_bytes), (200, 3), "{said}");
    }
    assert_eq!(answer(&see("HTTP/1.1 204 No Content\r\n\r\n").await).status, 204);
}

#[tokio::test]
async fn what_is_not_http_is_malformed() {
    for said in [
        "SSH-2.0-OpenSSH_9.9\r\n\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\0\0\0\0\0\0",
    ] {
        let seen = see(said).await;
        assert_eq!(failure(&seen).fault, HttpFault::Malformed, "{said}: {:?}", failure(&seen));
        assert_eq!(failure(&seen).answer, None);
    }
    let seen = see("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").await;
    assert_eq!(failure(&seen).fault, HttpFault::Malformed);
    assert_eq!(failure(&seen).answer.as_ref().unwrap().status, 200);
}

#[tokio::test]
async fn closing_early_is_told_with_what_had_come() {
    for said in ["", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\nContent-Le"] {
        let seen = see(said).await;
        assert_eq!((failure(&seen).fault, &failure(&seen).answer), (HttpFault::Closed, &None), "{said}");
    }
    for said in [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
    ] {
        let seen = see(said).await;
        assert_eq!(failure(&seen).fault, HttpFault::Closed, "{said}");
        let answer = failure(&seen).answer.as_ref().unwrap();
        assert_eq!((answer.status, answer.body_bytes), (200, 3));
    }
}

#[tokio::test]
async fn a_reset_is_told() {
    let authority = Authority::new();
    let api = FarEnd::serving(authority.server(NAME), |stream, _| async move {
        stream.into_inner().0.set_zero_linger().unwrap();
    })
    .await;
    let seen = probe_api(&authority, &api, &limits(2000)).await;
    assert_eq!(failure(&seen.attempts[0]).fault, HttpFault::Reset);
}

#[tokio::test]
async fn an_endless_body_is_read_to_its_bound() {
    let seen = endless("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n", "x").await;
    assert_eq!((answer(&seen).status, answer(&seen).body_bytes), (200, 64 * 1024));
}

#[tokio::test]
async fn ten_megabytes_of_headers_are_too_many() {
    for line in ["x-header: some value\r\n", "x", "x: \r\n"] {
        let seen = endless("HTTP/1.1 200 OK\r\n", line).await;
        assert_eq!(failure(&seen).fault, HttpFault::HeadTooLarge, "{line}: {:?}", failure(&seen));
    }
}

#[tokio::test]
async fn interim_answers_without_end_end() {
    for interim in ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"] {
        let seen = endless("", interim).await;
        assert_eq!(failure(&seen).fault, HttpFault::HeadTooLarge, "{:?}", failure(&seen));
    }
    let seen = see(format!("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n{OK}")).await;
    assert_eq!(answer(&seen).status, 200);
}

#[tokio::test]
async fn chunk_extensions_and_trailers_without_end_end() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (begin, again) in [
        (format!("{chunked}1;"), "x"),
        (format!("{chunked}0\r\n"), "x: y\r\n"),
        (chunked.to_owned(), "1;aaaaaaaaaaaaaaaa\r\nx\r\n"),
    ] {
        let seen = endless(&begin, again).await;
        let http = &seen.http().unwrap().result;
        match http {
            Ok(answer) => assert_eq!(answer.body_bytes, 64 * 1024),
            Err(failure) => assert_eq!(failure.fault, HttpFault::Malformed, "{failure:?}"),
        }
    }
}

/// What is seen of an API that repeats itself for as long as anybody reads; it must end long before the deadline.
async fn endless(begin: &str, again: &str) -> Attempt {
    let authority = Authority::new();
    let (begin, again) = (begin.as_bytes().to_vec(), again.repeat(4096 / again.len()).into_bytes());
    let api = FarEnd::serving(authority.server(NAME), move |mut stream, _| {
        let (begin, again) = (begin.clone(), again.clone());
        async move {
            let _ = stream.write_all(&begin).await;
            while stream.write_all(&again).await.is_ok() {}
        }
    })
    .await;
    let start = Instant::now();
    let seen = probe_api(&authority, &api, &limits(8000)).await.attempts.remove(0);
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    seen
}
