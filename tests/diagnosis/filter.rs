//! A filter that answers `0.0.0.0` or `::`: that is no host's address, neither private nor public.

use crate::round::{ALL, P1, P2, P3, P4, healthy, names};
use apigw_probe::diagnosis::Cause;
use apigw_probe::observation::{NameSource, TcpFault};

#[test]
fn an_address_that_no_host_has_is_a_filters() {
    for nobody in [&["0.0.0.0"][..], &["::"], &["0.0.0.0", "::"]] {
        for fault in [TcpFault::Refused, TcpFault::NetworkUnreachable, TcpFault::NoRouteForFamily] {
            for paths in [&ALL[..], &[P1], &[P2], &[P3, P4]] {
                let scene = healthy().at_addresses(paths, nobody).unconnected(paths, fault);
                let finding = scene.shows(Cause::DnsRebindingProtection, paths);
                assert_eq!(finding.alternatives, [Cause::DnsNotForwarded]);
            }
        }
    }
}

#[test]
fn a_filter_beside_a_missing_name_is_not_private_dns() {
    let scene = healthy().at_addresses(&[P2, P3, P4], &["0.0.0.0"]).unconnected(&[P2, P3, P4], TcpFault::Refused);
    let findings = scene.nxdomain(&[P1]).findings();
    assert_eq!(findings, [(Cause::DnsRebindingProtection, vec![P2, P3, P4]), (Cause::PrivateDnsDisabled, vec![P1])]);
}

#[test]
fn a_filter_where_the_vpc_resolver_knows_the_name_is_one_finding() {
    let scene = healthy()
        .at_addresses(&ALL, &["0.0.0.0"])
        .unconnected(&ALL, TcpFault::Refused)
        .second_opinion(&[P1], Ok(&["10.0.1.10"]));
    let finding = scene.shows(Cause::DnsRebindingProtection, &ALL);
    assert!(names(&finding, Cause::DnsNotForwarded));
    assert!(finding.evidence.concat().contains("169.254.169.253"));
}

#[test]
fn a_loopback_address_beside_an_endpoints_is_a_filters() {
    for (home, source) in [("127.0.0.1", NameSource::Dns), ("::1", NameSource::Dns), ("127.0.1.1", NameSource::Hosts)] {
        let scene = healthy()
            .at_addresses(&[P1], &[home])
            .unconnected(&[P1], TcpFault::Refused)
            .on(&[P1], |seen| seen.lookup.source = source);
        let finding = scene.shows(Cause::DnsRebindingProtection, &[P1]);
        assert_eq!(names(&finding, Cause::DnsNotForwarded), source == NameSource::Dns);
        assert!(finding.evidence.concat().contains(home), "{finding:#?}");
        assert!(!finding.fix.concat().contains("describe-network-interfaces"), "{finding:#?}");
    }
}

#[test]
fn a_tunnel_on_this_host_is_no_filter() {
    let all = healthy().at_addresses(&ALL, &["127.0.0.1"]).unconnected(&ALL, TcpFault::Refused);
    all.shows(Cause::ConnectionRefused, &ALL);
    let given = healthy()
        .at_addresses(&[P1], &["127.0.0.1"])
        .unconnected(&[P1], TcpFault::Refused)
        .on(&[P1], |seen| seen.lookup.source = NameSource::Literal);
    given.shows(Cause::ConnectionRefused, &[P1]);
    let heard = healthy().at_addresses(&[P1], &["127.0.0.1"]);
    let heard = heard.error(&[P1], 429, "TooManyRequestsException", "{}");
    heard.shows(Cause::Throttled, &[P1]);
}

#[test]
fn an_unspecified_address_beside_a_real_one_is_no_filter() {
    assert_eq!(healthy().at_addresses(&ALL, &["10.0.1.10", "::"]).findings(), []);
}
