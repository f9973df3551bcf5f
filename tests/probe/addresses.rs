//! What is seen of each address, and which one carries the request.

use super::far_end::{Authority, FarEnd, Nobody, OK, read_head};
use super::name_server::NameServer;
use super::{NAME, ZONES, limits, net, probe_one, probe_zones};
use apigw_probe::observation::{Attempt, HttpFault, TcpFault, TlsFault};
use apigw_probe::probe::Limits;
use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, bind, getsockname, listen, socket};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio_rustls::TlsAcceptor;

/// An address on loopback whose SYNs are dropped: the queue of its listener is full.
struct BlackHole {
    address: SocketAddr,
    _listener: OwnedFd,
    _queued: TcpStream,
}

impl BlackHole {
    fn new() -> Self {
        let listener = socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None).unwrap();
        bind(listener.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, 0)).unwrap();
        listen(&listener, Backlog::new(0).unwrap()).unwrap();
        let name: SockaddrIn = getsockname(listener.as_raw_fd()).unwrap();
        let address = SocketAddr::new(name.ip().into(), name.port());
        Self { address, _listener: listener, _queued: TcpStream::connect(address).unwrap() }
    }
}

/// Accepts and never says a word.
async fn mute() -> FarEnd {
    FarEnd::listening(|stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    })
    .await
}

async fn healthy(authority: &Authority) -> FarEnd {
    FarEnd::answering(authority.server(NAME), OK).await
}

fn tcp_fault(attempt: &Attempt) -> Option<TcpFault> {
    attempt.tcp.result.as_ref().err().map(|failure| failure.fault)
}

fn tls_fault(attempt: &Attempt) -> Option<TlsFault> {
    attempt.tls()?.result.as_ref().err().map(|failure| failure.fault)
}

#[tokio::test]
async fn one_request_goes_to_the_first_address_though_all_answer() {
    let authority = Authority::new();
    let zones = [healthy(&authority).await, healthy(&authority).await, healthy(&authority).await];
    let seen = probe_zones(&authority, &zones.each_ref().map(|zone| zone.address), &limits(5000)).await;
    let addresses: Vec<String> = seen.attempts.iter().map(|attempt| attempt.address.ip().to_string()).collect();
    assert_eq!(addresses, ZONES);
    assert_eq!(zones.each_ref().map(FarEnd::requests), [1, 0, 0]);
    assert_eq!(zones.each_ref().map(FarEnd::connections), [1, 1, 1]);
    assert!(seen.attempts[0].answer().is_some());
    assert!(seen.attempts[1..].iter().all(|attempt| attempt.tcp.result.is_ok() && attempt.tls().is_none()));
}

#[tokio::test]
async fn the_next_address_is_taken_at_once_when_one_refuses() {
    let authority = Authority::new();
    let api = healthy(&authority).await;
    let seen = probe_zones(&authority, &[Nobody::new().address, api.address], &limits(5000)).await;
    assert_eq!(tcp_fault(&seen.attempts[0]), Some(TcpFault::Refused));
    assert_eq!(seen.attempts[1].answer().unwrap().status, 200);
    assert_eq!(seen.decisive(), Some(&seen.attempts[1]));
    assert!(seen.took < Duration::from_millis(200), "{:?}", seen.took);
}

#[tokio::test]
async fn the_next_address_is_taken_at_once_when_a_handshake_fails() {
    let authority = Authority::new();
    let api = healthy(&authority).await;
    let foreign = FarEnd::answering(Authority::new().server(NAME), OK).await;
    let seen = probe_zones(&authority, &[foreign.address, api.address], &limits(5000)).await;
    assert_eq!(tls_fault(&seen.attempts[0]), Some(TlsFault::UnknownIssuer));
    assert_eq!(seen.attempts[1].answer().unwrap().status, 200);
    assert_eq!((foreign.requests(), api.requests()), (0, 1));
}

#[tokio::test]
async fn the_next_address_joins_when_a_handshake_stalls() {
    let authority = Authority::new();
    let (stalls, api) = (mute().await, healthy(&authority).await);
    let seen = probe_zones(&authority, &[stalls.address, api.address], &limits(800)).await;
    assert_eq!(tls_fault(&seen.attempts[0]), Some(TlsFault::Timeout));
    assert_eq!(seen.attempts[1].answer().unwrap().status, 200);
    assert!(seen.took >= Duration::from_millis(250) && seen.took < Duration::from_millis(500), "{:?}", seen.took);
}

/// Shakes hands only after a while.
async fn slow(authority: &Authority, delay: u64) -> FarEnd {
    let (tls, requests) = (authority.server(NAME), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&requests);
    let far_end = FarEnd::listening(move |stream| {
        let (tls, count) = (tls.clone(), Arc::clone(&count));
        async move {
            tokio::time::sleep(Duration::from_millis(delay)).await;
            let Ok(mut stream) = TlsAcceptor::from(tls).accept(stream).await else { return };
            let Some(_) = read_head(&mut stream).await else { return };
            count.fetch_add(1, Ordering::Relaxed);
            let _ = stream.write_all(OK.as_bytes()).await;
        }
    })
    .await;
    FarEnd { requests, ..far_end }
}

#[tokio::test]
async fn a_slow_first_address_still_wins_the_race_if_it_is_ready_first() {
    let authority = Authority::new();
    let (slow, stalls) = (slow(&authority, 350).await, mute().await);
    let seen = probe_zones(&authority, &[slow.address, stalls.address], &limits(900)).await;
    assert_eq!(seen.attempts[0].answer().unwrap().status, 200);
    assert_eq!(tls_fault(&seen.attempts[1]), Some(TlsFault::Timeout));
}

#[tokio::test]
async fn who_ends_the_handshake_second_sends_nothing() {
    let authority = Authority::new();
    let late = slow(&authority, 350).await;
    let api = FarEnd::serving(authority.server(NAME), |mut stream, _| async move {
        tokio::time::sleep(Duration::from_millis(400)).await;
        let _ = stream.write_all(OK.as_bytes()).await;
    })
    .await;
    let seen = probe_zones(&authority, &[late.address, api.address], &limits(3000)).await;
    let secured = seen.attempts[0].secured().expect("the first address ends its handshake, though late");
    assert_eq!(secured.http, None);
    assert_eq!(seen.attempts[1].answer().unwrap().status, 200);
    assert_eq!((late.requests(), api.requests()), (0, 1));
}

#[tokio::test]
async fn one_dead_address_of_three_shows_and_does_not_delay_the_answer() {
    let authority = Authority::new();
    let (one, three, dead) = (healthy(&authority).await, healthy(&authority).await, BlackHole::new());
    let seen = probe_zones(&authority, &[one.address, dead.address, three.address], &limits(600)).await;
    let faults: Vec<_> = seen.attempts.iter().map(tcp_fault).collect();
    assert_eq!(faults, [None, Some(TcpFault::Timeout), None]);
    assert_eq!(seen.attempts[0].answer().unwrap().status, 200);
    assert!(seen.took < Duration::from_millis(300), "{:?}", seen.took);
}

#[tokio::test]
async fn a_dead_first_address_costs_a_quarter_of_a_second() {
    let authority = Authority::new();
    let (dead, api) = (BlackHole::new(), healthy(&authority).await);
    let seen = probe_zones(&authority, &[dead.address, api.address], &limits(800)).await;
    assert_eq!(tcp_fault(&seen.attempts[0]), Some(TcpFault::Timeout));
    assert_eq!(seen.attempts[1].answer().unwrap().status, 200);
    assert!(seen.took >= Duration::from_millis(250) && seen.took < Duration::from_millis(500), "{:?}", seen.took);
}

#[tokio::test]
async fn all_dead_is_a_timeout_of_each() {
    let holes = [BlackHole::new(), BlackHole::new()];
    let seen = probe_zones(&Authority::new(), &holes.each_ref().map(|hole| hole.address), &limits(300)).await;
    assert_eq!(seen.attempts.iter().map(tcp_fault).collect::<Vec<_>>(), [Some(TcpFault::Timeout); 2]);
}

#[tokio::test]
async fn a_failed_exchange_is_the_answer_and_is_not_repeated_elsewhere() {
    let authority = Authority::new();
    let closes = FarEnd::answering(authority.server(NAME), "").await;
    let api = healthy(&authority).await;
    let seen = probe_zones(&authority, &[closes.address, api.address], &limits(2000)).await;
    let failure = seen.attempts[0].http().unwrap().result.as_ref().unwrap_err();
    assert_eq!(failure.fault, HttpFault::Closed);
    assert_eq!((closes.requests(), api.requests()), (1, 0));
    assert_eq!(seen.decisive(), Some(&seen.attempts[0]));
}

#[tokio::test]
async fn every_address_gets_a_request_when_asked_for() {
    let authority = Authority::new();
    let denies = FarEnd::answering(authority.server(NAME), "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").await;
    let zones = [healthy(&authority).await, denies, healthy(&authority).await];
    let limits = Limits { every_address: true, ..limits(5000) };
    let seen = probe_zones(&authority, &zones.each_ref().map(|zone| zone.address), &limits).await;
    assert_eq!(zones.each_ref().map(FarEnd::requests), [1, 1, 1]);
    let statuses: Vec<u16> = seen.attempts.iter().map(|attempt| attempt.answer().unwrap().status).collect();
    assert_eq!(statuses, [200, 403, 200]);
}

#[tokio::test]
async fn no_more_than_sixteen_addresses_are_connected_to() {
    const MANY: [&str; 20] = [
        "10.1.0.1",
        "10.1.0.2",
        "10.1.0.3",
        "10.1.0.4",
        "10.1.0.5",
        "10.1.0.6",
        "10.1.0.7",
        "10.1.0.8",
        "10.1.0.9",
        "10.1.0.10",
        "10.1.0.11",
        "10.1.0.12",
        "10.1.0.13",
        "10.1.0.14",
        "10.1.0.15",
        "10.1.0.16",
        "10.1.0.17",
        "10.1.0.18",
        "10.1.0.19",
        "10.1.0.20",
    ];
    let authority = Authority::new();
    let api = healthy(&authority).await;
    let names = NameServer::giving(&MANY).await;
    let detours: Vec<_> = MANY.iter().map(|ip| (*ip, api.address)).collect();
    let seen = probe_one(&net(&[names.address], &authority, &detours), &limits(5000)).await;
    assert_eq!((seen.lookup.addresses().len(), seen.attempts.len(), api.connections()), (20, 16, 16));
    assert_eq!(api.requests(), 1);
}

#[tokio::test]
async fn ipv6_is_dialled_too() {
    let Ok(listener) = std::net::TcpListener::bind("[::1]:0") else { return };
    let names = NameServer::giving(&["fd00::10"]).await;
    let net = net(&[names.address], &Authority::new(), &[("fd00::10", listener.local_addr().unwrap())]);
    let seen = probe_one(&net, &limits(300)).await;
    assert!(seen.attempts[0].tcp.result.is_ok());
    assert_eq!(tls_fault(&seen.attempts[0]), Some(TlsFault::Timeout));
}
