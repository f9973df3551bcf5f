//! One deadline over all phases, whatever stalls, drips or never ends.

use super::far_end::{Authority, FarEnd, OK};
use super::name_server::NameServer;
use super::{NAME, ZONES, limits, net, probe_api, probe_one};
use apigw_probe::observation::{Attempt, DnsFault, HttpFault, Observation, TlsFault};
use std::future::{Future, pending};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const TIMEOUT: u64 = 300;
/// The bound is 50 ms; a busy machine is given more.
const SLACK: u64 = 150;

/// Waits for a probe, which must end with the deadline.
async fn on_time(probe: impl Future<Output = Observation>) -> Observation {
    let began = Instant::now();
    let seen = probe.await;
    let took = began.elapsed();
    assert!(took < Duration::from_millis(TIMEOUT + SLACK), "{took:?}");
    seen
}

async fn on_time_with_raw<F>(with: impl Fn(tokio::net::TcpStream) -> F + Send + Sync + 'static) -> Attempt
where
    F: Future<Output = ()> + Send + 'static,
{
    let far_end = FarEnd::listening(with).await;
    let authority = Authority::new();
    on_time(probe_api(&authority, &far_end, &limits(TIMEOUT))).await.attempts.remove(0)
}

/// What is seen of an API that says something, and then drips one byte after the other.
async fn on_time_with(says: &'static str, drips: &'static str) -> Attempt {
    let authority = Authority::new();
    let api = FarEnd::serving(authority.server(NAME), move |mut stream, _| async move {
        stream.write_all(says.as_bytes()).await.unwrap();
        if drips.is_empty() {
            pending::<()>().await;
        }
        for byte in drips.bytes().cycle() {
            tokio::time::sleep(Duration::from_millis(10)).await;
            if stream.write_all(&[byte]).await.is_err() {
                return;
            }
        }
    })
    .await;
    on_time(probe_api(&authority, &api, &limits(TIMEOUT))).await.attempts.remove(0)
}

fn http_fault(attempt: &Attempt) -> HttpFault {
    attempt.http().unwrap().result.as_ref().unwrap_err().fault
}

#[tokio::test]
async fn silent_dns() {
    let (one, two) = (NameServer::silent().await, NameServer::silent().await);
    let authority = Authority::new();
    let net = net(&[one.address, two.address], &authority, &[]);
    let seen = on_time(probe_one(&net, &limits(TIMEOUT))).await;
    assert_eq!(seen.lookup.result, Err(DnsFault::Timeout));
}

#[tokio::test]
async fn dns_that_truncates_and_then_stalls() {
    let names = NameServer::start(|asked| {
        let mut reply = asked.reply();
        reply.metadata.truncation = true;
        if asked.over_tcp { vec![] } else { vec![super::name_server::bytes(&reply)] }
    })
    .await;
    let authority = Authority::new();
    let seen = on_time(probe_one(&net(&[names.address], &authority, &[]), &limits(TIMEOUT))).await;
    assert_eq!(seen.lookup.result, Err(DnsFault::Truncated));
}

#[tokio::test]
async fn dns_that_floods_with_forgeries() {
    let names = NameServer::start(|_| vec![b"\xff\xff rubbish".to_vec(); 2000]).await;
    let authority = Authority::new();
    let seen = on_time(probe_one(&net(&[names.address], &authority, &[]), &limits(TIMEOUT))).await;
    assert!(seen.lookup.result.is_err());
}

#[tokio::test]
async fn a_handshake_that_stalls_after_the_connection() {
    let seen = on_time_with_raw(|stream| async move {
        let _held = stream;
        pending::<()>().await;
    })
    .await;
    assert_eq!(seen.tls().unwrap().result.as_ref().unwrap_err().fault, TlsFault::Timeout);
    assert!(seen.tls().unwrap().felt >= Duration::from_millis(TIMEOUT - 100));
    assert_eq!(seen.tls().unwrap().wire, None);
}

#[tokio::test]
async fn a_handshake_that_drips() {
    let seen = on_time_with_raw(|mut stream| async move {
        let mut hello = [0; 4096];
        let _ = stream.read(&mut hello).await;
        // a handshake record of 16 KiB
        for byte in b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03".iter().chain(std::iter::repeat(&0)) {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    assert_eq!(seen.tls().unwrap().result.as_ref().unwrap_err().fault, TlsFault::Timeout);
}

#[tokio::test]
async fn an_answer_that_never_begins() {
    let seen = on_time_with("", "").await;
    assert_eq!(http_fault(&seen), HttpFault::NoAnswer);
}

#[tokio::test]
async fn a_head_that_stalls_or_drips() {
    assert_eq!(http_fault(&on_time_with("HTTP/1.1 200 OK\r\nX: ", "").await), HttpFault::Unfinished);
    assert_eq!(http_fault(&on_time_with("HTTP/1.1 200 OK\r\nX: ", "y").await), HttpFault::Unfinished);
}

#[tokio::test]
async fn a_body_that_stalls_or_drips_keeps_what_had_come() {
    for drips in ["", "y"] {
        let seen = on_time_with("HTTP/1.1 200 OK\r\nx-amz-apigw-id: a=\r\nContent-Length: 1000\r\n\r\n{}", drips).await;
        assert_eq!(http_fault(&seen), HttpFault::Unfinished);
        let answer = seen.answer().unwrap();
        assert_eq!((answer.status, answer.apigw_id()), (200, Some("a=")));
        assert!(answer.body_bytes >= 2 && answer.body_bytes < 100);
    }
}

#[tokio::test]
async fn interim_answers_that_drip() {
    assert_eq!(http_fault(&on_time_with("", "HTTP/1.1 100 Continue\r\n\r\n").await), HttpFault::Unfinished);
}

#[tokio::test]
async fn phases_share_one_deadline() {
    let authority = Authority::new();
    let lossy = NameServer::start(|asked| match asked.before {
        0 => vec![],
        _ => vec![asked.addresses(&ZONES[..1])],
    })
    .await;
    let api = FarEnd::serving(authority.server(NAME), |mut stream, _| async move {
        tokio::time::sleep(Duration::from_millis(TIMEOUT - 20)).await;
        let _ = stream.write_all(OK.as_bytes()).await;
    })
    .await;
    let net = net(&[lossy.address], &authority, &[(ZONES[0], api.address)]);
    let seen = on_time(probe_one(&net, &limits(TIMEOUT))).await;
    assert_eq!(http_fault(&seen.attempts[0]), HttpFault::NoAnswer);
}
