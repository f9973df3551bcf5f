//! Names: private DNS, aliases, hosted zones, and resolvers with habits.

use super::client::{API_NAME, DnsAnswer, VPCE_NAME, ask, ask_over_tcp, start};
use apigw_probe::lab::{Addresses, Lab, Scenario};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;
use std::net::{IpAddr, Ipv4Addr};

const ENDPOINT: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(10, 0, 1, 10)),
    IpAddr::V4(Ipv4Addr::new(10, 0, 2, 10)),
    IpAddr::V4(Ipv4Addr::new(10, 0, 3, 10)),
];
const ALIAS: &str = "a1bc234d5e-vpce-1a2b3c456d7e89012.execute-api.us-east-1.amazonaws.com";

async fn a(scenario: &str, name: &str) -> DnsAnswer {
    let lab = start(scenario).await;
    ask(lab.dns_server(), name, RecordType::A).await.expect("an answer")
}

#[tokio::test]
async fn private_dns_answers_with_a_cname_and_the_endpoint() {
    let answer = a("healthy", API_NAME).await;
    assert_eq!(answer.code, ResponseCode::NoError);
    assert_eq!(answer.cnames, ["execute-api.us-east-1.amazonaws.com."]);
    assert_eq!(answer.addresses, ENDPOINT);
    assert_eq!(answer.ttls, [60; 4]);
    assert!(answer.has_edns && !answer.truncated && !answer.has_soa, "{answer:?}");
}

#[tokio::test]
async fn private_dns_is_a_wildcard() {
    for label in ["0123456789", "d-tsvr8qjugg", "a1bc234d5e-vpce-00000000000000000"] {
        let answer = a("healthy", &format!("{label}.execute-api.us-east-1.amazonaws.com")).await;
        assert_eq!(answer.addresses, ENDPOINT, "{label}");
    }
}

#[tokio::test]
async fn other_regions_and_other_zones_do_not_exist() {
    for name in ["a1bc234d5e.execute-api.us-west-2.amazonaws.com", "example.com"] {
        let answer = a("healthy", name).await;
        assert_eq!(answer.code, ResponseCode::NXDomain, "{name}");
        assert!(answer.addresses.is_empty() && answer.has_soa, "{answer:?}");
    }
}

#[tokio::test]
async fn there_are_no_ipv6_addresses_but_the_name_exists() {
    let lab = start("healthy").await;
    let answer = ask(lab.dns_server(), API_NAME, RecordType::AAAA).await.expect("an answer");
    assert_eq!(answer.code, ResponseCode::NoError);
    assert_eq!(answer.cnames, ["execute-api.us-east-1.amazonaws.com."]);
    assert!(answer.addresses.is_empty() && answer.has_soa, "{answer:?}");
}

#[tokio::test]
async fn the_question_comes_back_as_it_was_written() {
    let name = API_NAME.replace("amazonaws", "AmazonAWS");
    let answer = a("healthy", &name).await;
    assert_eq!(answer.question, format!("{name}."));
    assert_eq!(answer.addresses, ENDPOINT);
}

#[tokio::test]
async fn tcp_says_what_udp_says() {
    let lab = start("healthy").await;
    let over_udp = ask(lab.dns_server(), VPCE_NAME, RecordType::A).await.expect("an answer");
    let over_tcp = ask_over_tcp(lab.dns_server(), VPCE_NAME, RecordType::A).await.expect("an answer");
    assert_eq!(over_udp, over_tcp);
    assert_eq!(over_udp.addresses, ENDPOINT);
}

#[tokio::test]
async fn a_zonal_name_has_the_address_of_its_zone() {
    let name = VPCE_NAME.replacen(".execute-api", "-us-east-1b.execute-api", 1);
    assert_eq!(a("healthy", &name).await.addresses, [ENDPOINT[1]]);
}

#[tokio::test]
async fn without_private_dns_the_alias_needs_the_association() {
    assert_eq!(a("private-dns-off", API_NAME).await.code, ResponseCode::NXDomain);
    let alias = a("private-dns-off", ALIAS).await;
    assert_eq!((alias.addresses.as_slice(), alias.cnames.len()), (ENDPOINT.as_slice(), 0));
    assert_eq!(a("not-associated-private-dns-off", ALIAS).await.code, ResponseCode::NXDomain);
    assert_eq!(a("not-associated", ALIAS).await.addresses, ENDPOINT);
}

#[tokio::test]
async fn a_hosted_zone_answers_its_exact_name_only() {
    let zone = a("hosted-zone", API_NAME).await;
    assert_eq!((zone.addresses.as_slice(), zone.cnames.len()), (ENDPOINT.as_slice(), 0));
    let other = a("hosted-zone", "z9yx876w5v.execute-api.us-east-1.amazonaws.com").await;
    assert_eq!(other.code, ResponseCode::NXDomain);
}

#[tokio::test]
async fn resolvers_fail_each_in_its_way() {
    assert_eq!(a("dns-servfail", API_NAME).await.code, ResponseCode::ServFail);
    assert_eq!(a("dns-refused", API_NAME).await.code, ResponseCode::Refused);
    let filtered = a("rebinding-protection", API_NAME).await;
    assert_eq!((filtered.code, filtered.addresses.len()), (ResponseCode::NoError, 0));
    let lab = start("dns-silent").await;
    let over_udp = ask(lab.dns_server(), API_NAME, RecordType::A);
    let over_tcp = ask_over_tcp(lab.dns_server(), API_NAME, RecordType::A);
    assert_eq!(tokio::join!(over_udp, over_tcp), (None, None));
}

#[tokio::test]
async fn a_truncated_answer_is_whole_over_tcp() {
    let lab = start("dns-truncated").await;
    let over_udp = ask(lab.dns_server(), API_NAME, RecordType::A).await.expect("an answer");
    assert!(over_udp.truncated && over_udp.addresses.is_empty(), "{over_udp:?}");
    let over_tcp = ask_over_tcp(lab.dns_server(), API_NAME, RecordType::A).await.expect("an answer");
    assert_eq!(over_tcp.addresses, ENDPOINT);
}

#[tokio::test]
async fn the_vpc_resolver_knows_what_another_does_not() {
    let lab = start("resolver-not-forwarding").await;
    let own = ask(lab.dns_server(), API_NAME, RecordType::A).await.expect("an answer");
    let vpc = ask(lab.vpc_resolver(), API_NAME, RecordType::A).await.expect("an answer");
    assert_eq!((own.code, vpc.code), (ResponseCode::NXDomain, ResponseCode::NoError));
    assert_eq!(vpc.addresses, ENDPOINT);
}

#[tokio::test]
async fn on_loopback_the_addresses_are_the_listeners() {
    let lab = Lab::start(Scenario::healthy(), Addresses::Loopback).await.expect("free ports");
    let answer = ask(lab.dns_server(), API_NAME, RecordType::A).await.expect("an answer");
    assert_eq!(answer.addresses, ["127.0.0.11", "127.0.0.12", "127.0.0.13"].map(|ip| ip.parse::<IpAddr>().unwrap()));
    assert!(lab.detour().is_empty());
}
