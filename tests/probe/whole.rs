//! What is seen when all is well, and what a round of several paths shares.

use super::far_end::{Authority, FarEnd, OK};
use super::name_server::NameServer;
use super::{NAME, ZONES, limits, net, plan, probe_api};
use apigw_probe::observation::{NameSource, QueryOutcome, RecordType, Transport};
use apigw_probe::plan::{AccessPath, Plan};
use apigw_probe::probe::{Errand, Step, probe, probe_as};
use apigw_probe::sign::NoCredentials;
use std::sync::Mutex;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::SetOnce;

#[tokio::test]
async fn every_phase_of_a_healthy_path_is_seen() {
    let authority = Authority::new();
    let api = FarEnd::answering(authority.server(NAME), OK).await;
    let seen = probe_api(&authority, &api, &limits(5000)).await;
    assert_eq!(seen.lookup.source, NameSource::Dns);
    assert_eq!(seen.lookup.addresses()[0].ttl, Some(60));
    let kinds: Vec<_> = seen.lookup.queries.iter().map(|query| (query.kind, query.transport, query.outcome)).collect();
    assert_eq!(
        kinds,
        [
            (RecordType::A, Transport::Udp, QueryOutcome::Answered),
            (RecordType::Aaaa, Transport::Udp, QueryOutcome::Answered)
        ]
    );
    let attempt = &seen.attempts[0];
    assert_eq!(attempt.address.to_string(), "10.0.1.10:443");
    let answer = attempt.answer().unwrap();
    assert_eq!((answer.status, answer.version.as_str(), answer.body_bytes), (200, "HTTP/1.1", 2));
    assert!(answer.from_api_gateway());
    let session = &attempt.secured().unwrap().session;
    assert_eq!((session.version.as_str(), &session.cipher[..4]), ("TLSv1.3", "TLS_"));
    let certificate = attempt.certificate().unwrap();
    assert_eq!(certificate.sans, [NAME]);
    assert_eq!(certificate.issuer, "CN=Root of the test");
    assert_eq!((certificate.not_before.year(), certificate.not_after.year()), (2020, 2099));
    assert_eq!((api.connections(), api.requests()), (1, 1));
}

#[tokio::test]
async fn wire_times_are_there_and_lie_within_what_was_felt() {
    let authority = Authority::new();
    let delay = Duration::from_millis(250);
    let api = FarEnd::serving(authority.server(NAME), move |mut stream, _| async move {
        tokio::time::sleep(delay).await;
        let _ = stream.write_all(OK.as_bytes()).await;
    })
    .await;
    let seen = probe_api(&authority, &api, &limits(5000)).await;
    let attempt = &seen.attempts[0];
    let http = attempt.http().unwrap();
    let slack = Duration::from_millis(1);
    for (felt, wire) in [
        (attempt.tcp.felt, attempt.tcp.wire),
        (attempt.tls().unwrap().felt, attempt.tls().unwrap().wire),
        (http.felt, http.wire),
        (seen.lookup.queries[0].felt, seen.lookup.queries[0].wire),
    ] {
        assert!(wire.unwrap() > Duration::ZERO && wire.unwrap() <= felt + slack, "{wire:?} of {felt:?}");
    }
    assert!(http.wire.unwrap() >= delay, "{:?}", http.wire);
    assert!(attempt.tls().unwrap().wire.unwrap() < delay);
    assert!(attempt.answer().unwrap().first_byte >= delay);
    assert!(seen.took >= seen.lookup.took + attempt.felt());
}

#[tokio::test]
async fn a_name_that_two_paths_dial_is_looked_up_once() {
    let authority = Authority::new();
    let api = FarEnd::answering(authority.server(NAME), OK).await;
    let names = NameServer::giving(&ZONES[..1]).await;
    let net = net(&[names.address], &authority, &[(ZONES[0], api.address)]);
    let plans = [plan(AccessPath::VpceApiIdHeader), plan(AccessPath::VpceHostHeader)];
    let seen = probe(&net, &plans, &limits(5000)).await;
    assert_eq!(names.asked().len(), 2);
    assert_eq!(api.requests(), 2);
    assert_eq!([seen[0].plan.path, seen[1].plan.path], [AccessPath::VpceApiIdHeader, AccessPath::VpceHostHeader]);
    assert!(seen[0].lookup.queries.iter().all(|query| !query.shared));
    assert!(seen[1].lookup.queries.iter().all(|query| query.shared));
    assert_eq!(seen[0].lookup.result, seen[1].lookup.result);
}

#[tokio::test]
async fn a_dead_path_does_not_hold_up_another() {
    let authority = Authority::new();
    let api = FarEnd::answering(authority.server(NAME), OK).await;
    let stalls = FarEnd::listening(|stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let names = NameServer::giving(&ZONES[..1]).await;
    let net = net(&[names.address], &authority, &[(ZONES[0], api.address), (ZONES[1], stalls.address)]);
    let mut dead = plan(AccessPath::PrivateDns);
    dead.connect_to = Some(ZONES[1].parse().unwrap());
    let seen = probe(&net, &[dead, plan(AccessPath::VpceHostHeader)], &limits(500)).await;
    assert!(seen[0].attempts[0].answer().is_none());
    assert_eq!(seen[1].attempts[0].answer().unwrap().status, 200);
    assert!(seen[1].took < Duration::from_millis(400), "{:?}", seen[1].took);
}

#[tokio::test]
async fn an_address_that_the_user_gives_needs_no_dns() {
    let authority = Authority::new();
    let api = FarEnd::answering(authority.server(NAME), OK).await;
    let mut plan = plan(AccessPath::Route53Alias);
    plan.connect_to = Some("127.0.0.1".parse().unwrap());
    plan.port = api.address.port();
    let seen = probe(&net(&[], &authority, &[]), &[plan], &limits(5000)).await.remove(0);
    assert_eq!((seen.lookup.source, seen.lookup.queries.len()), (NameSource::Literal, 0));
    assert_eq!(seen.attempts[0].address, api.address);
    assert_eq!(seen.attempts[0].answer().unwrap().status, 200);
}

#[tokio::test]
async fn progress_is_told_step_by_step() {
    let authority = Authority::new();
    let api = FarEnd::answering(authority.server(NAME), OK).await;
    let names = NameServer::giving(&ZONES[..1]).await;
    let net = net(&[names.address], &authority, &[(ZONES[0], api.address)]);
    let steps = Mutex::new(Vec::new());
    let tell = |_: &Plan, step| steps.lock().unwrap().push(step);
    let (limits, identity) = (limits(5000), Err(NoCredentials::Missing(String::new())));
    let errand = Errand { limits: &limits, identity: &SetOnce::new_with(Some(identity)), tell: &tell };
    probe_as(&net, &[plan(AccessPath::VpceHostHeader)], &errand).await;
    assert_eq!(steps.into_inner().unwrap(), Step::ALL);
}

#[tokio::test]
async fn a_round_may_run_on_a_task_of_its_own() {
    let authority = Authority::new();
    let api = FarEnd::answering(authority.server(NAME), OK).await;
    let names = NameServer::giving(&ZONES[..1]).await;
    let net = net(&[names.address], &authority, &[(ZONES[0], api.address)]);
    let round = async move { probe(&net, &[plan(AccessPath::VpceHostHeader)], &limits(5000)).await };
    assert_eq!(tokio::spawn(round).await.unwrap()[0].attempts[0].answer().unwrap().status, 200);
}

#[tokio::test]
async fn nothing_to_probe_is_nothing_seen() {
    let seen = probe(&net(&[], &Authority::new(), &[]), &[], &limits(1000)).await;
    assert!(seen.is_empty());
}
