//! IPv6: a VPC's addresses are global unicast, so that only the endpoint's own name tells where they lie.

use crate::round::{ALL, P1, P2, P3, P4, Scene, URL, addresses, healthy, is_certain, names};
use apigw_probe::diagnosis::Cause;
use apigw_probe::observation::{Address, AddressClass, Place, TcpFault};

const ENDPOINT: &str = "2600:1f18::10";
const ELSEWHERE: &str = "2600:9000::1";

fn everywhere() -> Scene {
    healthy().at_addresses(&ALL, &[ENDPOINT])
}

#[test]
fn an_endpoint_with_ipv6_alone_is_healthy() {
    assert_eq!(everywhere().findings(), []);
    assert_eq!(healthy().at_addresses(&ALL, &["10.0.1.10", ENDPOINT]).findings(), []);
}

#[test]
fn a_refusal_over_ipv6_is_the_policys() {
    let scene = everywhere().error(&ALL, 403, "AccessDeniedException", DENIED);
    is_certain(&scene.shows(Cause::ResourcePolicyExplicitDeny, &ALL));
}

#[test]
fn a_host_without_an_ipv6_route_has_none() {
    everywhere().unconnected(&ALL, TcpFault::NoRouteForFamily).shows(Cause::NoRouteForFamily, &ALL);
}

#[test]
fn ipv6_of_a_lone_name_tells_nothing() {
    assert_eq!(Scene::of(URL, None).at_addresses(&[P1], &[ELSEWHERE]).findings(), []);
    let silent = Scene::of(URL, None).at_addresses(&[P1], &[ELSEWHERE]).unconnected(&[P1], TcpFault::Timeout);
    silent.shows(Cause::ConnectTimeout, &[P1]);
    let lost = Scene::of(URL, None).at_addresses(&[P1], &[ELSEWHERE]).unconnected(&[P1], TcpFault::NoRouteForFamily);
    lost.shows(Cause::NoRouteForFamily, &[P1]);
}

#[test]
fn ipv6_that_is_not_the_endpoints_own_may_be_the_internets() {
    let scene = everywhere().at_addresses(&[P1], &[ELSEWHERE]).unconnected(&[P1], TcpFault::Timeout);
    let finding = scene.shows(Cause::DifferentEndpoint, &[P1]);
    assert!(names(&finding, Cause::PublicAddresses), "{finding:#?}");
}

#[test]
fn a_public_ipv4_address_beside_ipv6_is_still_public() {
    let scene = healthy().at_addresses(&[P1], &["52.94.1.1", ELSEWHERE]).unconnected(&[P1], TcpFault::Timeout);
    scene.shows(Cause::PrivateDnsDisabled, &[P1]);
}

#[test]
fn names_of_one_endpoint_may_differ_in_family() {
    let scene = healthy().at_addresses(&[P3, P4], &[ENDPOINT]).unconnected(&[P3, P4], TcpFault::Timeout);
    assert!(scene.findings().iter().all(|(cause, _)| *cause != Cause::DifferentEndpoint), "{:?}", scene.findings());
}

#[test]
fn the_vpc_resolver_may_know_ipv6_addresses() {
    let scene =
        healthy().at_addresses(&[P2, P3, P4], &[ENDPOINT]).nxdomain(&[P1]).second_opinion(&[P1], Ok(&[ENDPOINT]));
    scene.shows(Cause::DnsNotForwarded, &[P1]);
    let elsewhere = healthy().nxdomain(&[P1]).second_opinion(&[P1], Ok(&[ELSEWHERE]));
    elsewhere.shows(Cause::PrivateDnsDisabled, &[P1]);
}

#[test]
fn an_address_behind_dns64_is_of_its_ipv4_kind() {
    let class = |ip: &str| AddressClass::of(ip.parse().unwrap());
    assert_eq!(class("64:ff9b::a00:10a"), AddressClass::Private);
    assert_eq!(class("64:ff9b::345e:101"), AddressClass::Public);
}

#[test]
fn each_address_has_its_place() {
    let place = |ip: &str| addresses(&[ip]).into_iter().map(Address::place).next().unwrap();
    for inside in ["10.0.1.10", "127.0.0.1", "::1", "fd00::10", "fe80::1", "100.64.0.1", "::ffff:10.0.1.10"] {
        assert_eq!(place(inside), Place::Inside, "{inside}");
    }
    for outside in ["52.94.1.1", "::ffff:52.94.1.1", "203.0.113.1", "240.0.0.1", "ff02::1"] {
        assert_eq!(place(outside), Place::Outside, "{outside}");
    }
    for either in [ENDPOINT, ELSEWHERE] {
        assert_eq!(place(either), Place::Either, "{either}");
    }
    for nobody in ["0.0.0.0", "::", "::ffff:0.0.0.0"] {
        assert_eq!(place(nobody), Place::Nobody, "{nobody}");
    }
}

const DENIED: &str = "{\"Message\":\"User: anonymous is not authorized to perform: execute-api:Invoke on resource: \
                      arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/test/GET/pets with an explicit deny in a resource-based policy\"}";
