//! When the VPC's resolver is asked too, and when it is left alone.

use super::far_end::{Authority, FarEnd, OK};
use super::name_server::NameServer;
use super::{NAME, ZONES, configured, limits, net, plan};
use apigw_probe::observation::{DnsFault, Observation};
use apigw_probe::plan::AccessPath;
use apigw_probe::probe::probe;
use hickory_resolver::proto::op::ResponseCode;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Probes with a resolver and a VPC resolver; all addresses lead to a healthy API.
async fn see(path: AccessPath, resolver: &NameServer, vpc: Option<SocketAddr>) -> Observation {
    let authority = Authority::new();
    let api = FarEnd::answering(authority.server(NAME), OK).await;
    let mut net = net(&[resolver.address], &authority, &[(ZONES[0], api.address), ("3.5.7.9", api.address)]);
    net.vpc_resolver = vpc;
    probe(&net, &[plan(path)], &limits(5000)).await.remove(0)
}

async fn nxdomain() -> NameServer {
    NameServer::start(|asked| vec![asked.rcode(ResponseCode::NXDomain)]).await
}

#[tokio::test]
async fn it_is_asked_when_private_dns_does_not_resolve() {
    let vpc = NameServer::giving(&ZONES[..1]).await;
    let seen = see(AccessPath::PrivateDns, &nxdomain().await, Some(vpc.address)).await;
    let opinion = seen.lookup.second_opinion.unwrap();
    assert_eq!((opinion.server, opinion.result.unwrap()[0].ip.to_string()), (vpc.address, ZONES[0].to_owned()));
    assert_eq!(seen.lookup.result, Err(DnsFault::NxDomain));
    assert!(seen.lookup.queries.iter().all(|query| query.server != vpc.address));
}

#[tokio::test]
async fn it_is_asked_when_private_dns_gives_a_public_address() {
    let vpc = NameServer::giving(&ZONES[..1]).await;
    let seen = see(AccessPath::PrivateDns, &NameServer::giving(&["3.5.7.9"]).await, Some(vpc.address)).await;
    assert!(seen.lookup.second_opinion.unwrap().result.is_ok());
    assert_eq!(seen.attempts[0].answer().unwrap().status, 200);
}

#[tokio::test]
async fn it_is_not_asked_when_private_dns_gives_private_addresses() {
    let vpc = NameServer::giving(&ZONES[..1]).await;
    let seen = see(AccessPath::PrivateDns, &NameServer::giving(&ZONES[..1]).await, Some(vpc.address)).await;
    assert_eq!(seen.lookup.second_opinion, None);
    assert!(vpc.asked().is_empty());
}

#[tokio::test]
async fn it_is_not_asked_for_another_path() {
    let vpc = NameServer::giving(&ZONES[..1]).await;
    let seen = see(AccessPath::VpceHostHeader, &nxdomain().await, Some(vpc.address)).await;
    assert_eq!(seen.lookup.second_opinion, None);
    assert!(vpc.asked().is_empty());
}

#[tokio::test]
async fn nobody_is_asked_if_the_user_named_the_servers_and_no_vpc_resolver() {
    let seen = see(AccessPath::PrivateDns, &nxdomain().await, None).await;
    assert_eq!(seen.lookup.second_opinion, None);
}

#[tokio::test]
async fn the_amazon_resolver_is_asked_if_the_hosts_own_servers_are() {
    let (own, amazon) = (nxdomain().await, NameServer::giving(&ZONES[..1]).await);
    let mut net = net(&[], &Authority::new(), &[("10.0.0.2", own.address), ("169.254.169.253", amazon.address)]);
    net.resolver = configured("nameserver 10.0.0.2\n", "");
    let seen = probe(&net, &[plan(AccessPath::PrivateDns)], &limits(5000)).await.remove(0);
    assert_eq!(seen.lookup.result, Err(DnsFault::NxDomain));
    let opinion = seen.lookup.second_opinion.unwrap();
    assert_eq!(opinion.server.to_string(), "169.254.169.253:53");
    assert_eq!(opinion.result.unwrap()[0].ip.to_string(), ZONES[0]);
}

#[tokio::test]
async fn nobody_is_asked_twice() {
    let amazon = nxdomain().await;
    let mut net = net(&[], &Authority::new(), &[("169.254.169.253", amazon.address)]);
    net.resolver = configured("nameserver 169.254.169.253\n", "");
    let seen = probe(&net, &[plan(AccessPath::PrivateDns)], &limits(5000)).await.remove(0);
    assert_eq!((seen.lookup.second_opinion, amazon.asked().len()), (None, 2));
}

#[tokio::test]
async fn its_silence_costs_half_a_second_and_delays_no_answer() {
    let vpc = NameServer::silent().await;
    let began = Instant::now();
    let seen = see(AccessPath::PrivateDns, &NameServer::giving(&["3.5.7.9"]).await, Some(vpc.address)).await;
    assert!(began.elapsed() < Duration::from_millis(900), "{:?}", began.elapsed());
    assert_eq!(seen.lookup.second_opinion.unwrap().result, Err(DnsFault::Timeout));
    assert_eq!(seen.attempts[0].answer().unwrap().status, 200);
    assert!(seen.took < Duration::from_millis(400), "{:?}", seen.took);
}
