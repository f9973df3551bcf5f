//! What the VPC resolver knows beside the configured server.

use crate::round::{ALL, P1, P2, P3, P4, healthy, names};
use apigw_probe::diagnosis::{Cause, Confidence};
use apigw_probe::observation::TcpFault;

const KNOWN: Result<&[&str], apigw_probe::observation::DnsFault> = Ok(&["10.0.1.10"]);

#[test]
fn a_public_success_of_a_name_that_the_vpc_resolver_knows_is_not_forwarded() {
    let scene = healthy().at_addresses(&[P1], &["52.94.1.1"]).second_opinion(&[P1], KNOWN);
    let finding = scene.shows(Cause::DnsNotForwarded, &[P1]);
    assert!(names(&finding, Cause::PublicAddresses) && names(&finding, Cause::PublicApiViaVpce));
    assert!(finding.evidence.concat().contains("169.254.169.253"), "{finding:#?}");
}

#[test]
fn forwarding_repairs_the_alias_too() {
    let scene = healthy().nxdomain(&[P1, P2]).second_opinion(&[P1], KNOWN);
    let finding = scene.shows(Cause::DnsNotForwarded, &[P1, P2]);
    assert_eq!(finding.alternatives, [Cause::VpceNotAssociated]);
    assert_eq!(finding.confidence, Confidence::Likely);
    let public = healthy()
        .nxdomain(&[P2])
        .at_addresses(&[P1], &["52.94.1.1"])
        .unconnected(&[P1], TcpFault::Timeout)
        .second_opinion(&[P1], KNOWN);
    public.shows(Cause::DnsNotForwarded, &[P1, P2]);
}

#[test]
fn forwarding_repairs_an_alias_beside_a_public_success() {
    let scene = healthy().nxdomain(&[P2]).at_addresses(&[P1], &["52.94.1.1"]).second_opinion(&[P1], KNOWN);
    scene.shows(Cause::DnsNotForwarded, &[P1, P2]);
}

#[test]
fn a_server_that_has_none_of_the_names_does_not_forward() {
    healthy().nxdomain(&ALL).second_opinion(&[P1], KNOWN).shows(Cause::DnsNotForwarded, &ALL);
}

#[test]
fn forwarding_does_not_repair_a_public_api() {
    let scene = healthy().at_addresses(&[P1], &["52.94.1.1"]).nxdomain(&[P2]).second_opinion(&[P1], KNOWN).error(
        &[P3, P4],
        403,
        "ForbiddenException",
        "{\"message\":\"Forbidden\"}",
    );
    let finding = scene.shows(Cause::PublicApiViaVpce, &[P2, P3, P4]);
    assert!(names(&finding, Cause::DnsNotForwarded));
    assert!(finding.evidence.concat().contains("169.254.169.253"), "{finding:#?}");
}
