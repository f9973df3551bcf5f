//! Lookups of rounds that fall together.

use super::far_end::{Authority, Nobody};
use super::name_server::NameServer;
use super::{NAME, ZONES, limits, net, plan};
use apigw_probe::observation::{DnsFault, Lookup};
use apigw_probe::plan::AccessPath;
use apigw_probe::probe::{Net, Share, probe};
use hickory_resolver::proto::op::ResponseCode;
use std::time::Duration;

/// The same net for another target.
fn of(net: &Net, asker: &str) -> Net {
    Net { share: net.share.as_ref().map(|share| share.of(asker.into())), ..net.clone() }
}

/// A net that shares lookups, and nobody behind the addresses.
fn sharing(servers: &[&NameServer]) -> (Net, Nobody) {
    let nobody = Nobody::new();
    let servers: Vec<_> = servers.iter().map(|server| server.address).collect();
    let net = net(&servers, &Authority::new(), &[(ZONES[0], nobody.address)]);
    (Net { share: Some(Share::default()), ..net }, nobody)
}

async fn look_up(net: &Net, timeout: u64) -> Lookup {
    probe(net, &[plan(AccessPath::VpceHostHeader)], &limits(timeout)).await.remove(0).lookup
}

/// Whether each query was sent by this round.
fn own(lookup: &Lookup) -> Vec<bool> {
    lookup.queries.iter().map(|query| !query.shared).collect()
}

#[tokio::test]
async fn rounds_at_the_same_time_ask_once() {
    let server = NameServer::giving(&ZONES[..1]).await;
    let (net, _nobody) = sharing(&[&server]);
    let (a, b, c) = (of(&net, "a"), of(&net, "b"), of(&net, "c"));
    let (one, other) = tokio::join!(look_up(&a, 2000), look_up(&b, 2000));
    assert_eq!(server.asked().len(), 2, "A and AAAA");
    assert_eq!((own(&one), own(&other)), (vec![true; 2], vec![false; 2]));
    assert_eq!(one.result, other.result);
    let soon = look_up(&c, 2000).await;
    assert_eq!((server.asked().len(), own(&soon)), (2, vec![false; 2]));
    assert!(soon.took < Duration::from_millis(100), "as it was felt: {:?}", soon.took);
}

#[tokio::test]
async fn what_a_server_refuses_is_shared_too() {
    let server = NameServer::start(|asked| vec![asked.rcode(ResponseCode::NXDomain)]).await;
    let (net, _nobody) = sharing(&[&server]);
    let (a, b) = (of(&net, "a"), of(&net, "b"));
    let (one, other) = tokio::join!(look_up(&a, 2000), look_up(&b, 2000));
    assert_eq!((one.result, other.result), (Err(DnsFault::NxDomain), Err(DnsFault::NxDomain)));
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn silence_is_not_shared() {
    let server = NameServer::start(|_| Vec::new()).await;
    let (net, _nobody) = sharing(&[&server]);
    let (a, b) = (of(&net, "a"), of(&net, "b"));
    let (one, other) = tokio::join!(look_up(&a, 900), look_up(&b, 900));
    for lookup in [one, other] {
        assert_eq!(lookup.result, Err(DnsFault::Timeout));
        assert!(!lookup.queries.is_empty() && own(&lookup).iter().all(|own| *own));
        assert!(lookup.took >= Duration::from_millis(600), "waiting for somebody else counts: {:?}", lookup.took);
    }
}

#[tokio::test]
async fn it_is_no_cache() {
    let server = NameServer::giving(&ZONES[..1]).await;
    let (net, _nobody) = sharing(&[&server]);
    let first = tokio::time::Instant::now();
    let (a, b) = (of(&net, "a"), of(&net, "b"));
    look_up(&a, 2000).await;
    let mut rounds = 1;
    while server.asked().len() == 2 {
        look_up(&b, 2000).await;
        rounds += 1;
        assert!(first.elapsed() < Duration::from_secs(10));
    }
    assert!(rounds > 2 && first.elapsed() >= Duration::from_secs(1), "{rounds} rounds in {:?}", first.elapsed());
    assert!(server.asked().iter().all(|asked| asked.name() == NAME));
}

#[tokio::test]
async fn each_round_of_a_target_asks_anew() {
    let server = NameServer::giving(&ZONES[..1]).await;
    let (net, _nobody) = sharing(&[&server]);
    let net = of(&net, "a");
    for rounds in 1..=3 {
        let lookup = look_up(&net, 2000).await;
        assert_eq!((server.asked().len(), own(&lookup)), (2 * rounds, vec![true; 2]));
    }
}
