//! What facts of the set-up do not do: they lead no explanation astray, and outweigh nothing that was seen.

use crate::round::{ALL, P1, P2, P3, P4, Scene, URL, healthy};
use crate::setup::{Change, api, beside, endpoint, instance};
use apigw_probe::diagnosis::{Cause, Confidence};
use apigw_probe::observation::{DnsFault, TcpFault};
use apigw_probe::plan::AccessPath;
use apigw_probe::setup::Fact;

const INSIDE: &[&str] = &["10.0.1.10", "10.0.2.10"];

/// The findings, with a whole set-up that was changed so.
fn found(scene: Scene, change: Change) -> Vec<(Cause, Vec<AccessPath>)> {
    beside(scene, change).findings()
}

#[test]
fn private_dns_that_is_on_does_not_say_which_fault_a_dns_server_has() {
    let knows = |scene: Scene| scene.second_opinion(&ALL, Ok(INSIDE));
    for scene in [
        knows(healthy().nameless(&ALL, DnsFault::Timeout)),
        knows(healthy().nameless(&ALL, DnsFault::ServFail)),
        knows(healthy().nameless(&ALL, DnsFault::Refused)),
        knows(healthy().nameless(&ALL, DnsFault::NoData)),
        healthy().nameless(&ALL, DnsFault::NoData),
        healthy().at_addresses(&[P1], &["0.0.0.0"]).unconnected(&[P1], TcpFault::Other),
    ] {
        let alone = scene.diagnosis().findings.remove(0);
        let told = beside(scene, |_| {}).diagnosis().findings.remove(0);
        assert_ne!(alone.cause, Cause::DnsNotForwarded);
        assert!(alone.alternatives.contains(&Cause::DnsNotForwarded), "{alone:#?}");
        assert_eq!((told.cause, told.confidence), (alone.cause, alone.confidence), "{told:#?}");
    }
}

#[test]
fn what_suits_the_set_up_takes_the_place_of_what_is_ruled_out() {
    let scene = || healthy().nxdomain(&ALL);
    assert_eq!(scene().finding().cause, Cause::EndpointDeleted);
    let finding = beside(scene(), |_| {}).finding();
    assert_eq!((finding.cause, finding.confidence), (Cause::DnsNotForwarded, Confidence::Likely), "{finding:#?}");
}

#[test]
fn a_name_that_the_vpc_s_resolver_knows_is_not_forwarded_though_private_dns_is_off() {
    let scene = || healthy().nxdomain(&[P1]).second_opinion(&[P1], Ok(INSIDE));
    for change in [(|_| {}) as Change, |it| endpoint(it).private_dns = false] {
        let finding = beside(scene(), change).finding();
        assert_eq!((finding.cause, finding.confidence), (Cause::DnsNotForwarded, Confidence::Likely), "{finding:#?}");
        assert!(finding.alternatives.is_empty(), "{finding:#?}");
    }
}

#[test]
fn a_connection_that_times_out_does_not_explain_a_name_that_is_missing() {
    let scene = || healthy().nxdomain(&[P1]).unconnected(&[P2, P3, P4], TcpFault::Timeout);
    assert_eq!(scene().findings(), [(Cause::PrivateApiViaInternet, ALL.to_vec())]);
    let blocked = (Cause::ConnectTimeout, vec![P2, P3, P4]);
    assert_eq!(found(scene(), |_| {}), [(Cause::DnsNotForwarded, vec![P1]), blocked.clone()]);
    assert_eq!(found(scene(), |it| endpoint(it).private_dns = false), [(Cause::PrivateDnsDisabled, vec![P1]), blocked]);
    // what explains both stays
    let deleted = (Cause::EndpointDeleted, ALL.to_vec());
    assert_eq!(found(scene(), |it| endpoint(it).state = "deleting".into()), [deleted]);
    let outside = (Cause::PrivateApiViaInternet, ALL.to_vec());
    assert_eq!(found(scene(), |it| instance(it).vpc = "vpc-2".into()), [outside]);
}

#[test]
fn facts_of_one_region_say_nothing_where_url_and_endpoint_are_of_two() {
    let elsewhere = "vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.eu-west-1.vpce.amazonaws.com";
    let at = |paths: &[AccessPath]| Scene::of(URL, Some(elsewhere)).only(paths).nxdomain(&[P1, P2]);
    let body = r#"{"message":"Forbidden"}"#;
    let whole = || at(&ALL).error(&[P3, P4], 403, "ForbiddenException", body);
    let changes: [Change; 4] = [
        |_| {},
        |it| it.endpoints = Fact::Known(Vec::new()),
        |it| endpoint(it).private_dns = false,
        |it| api(it).vpc_endpoints = Vec::new(),
    ];
    for change in changes {
        for scene in [whole(), at(&[P1]), at(&[P2])] {
            let alone = scene.diagnosis().findings.remove(0);
            assert_eq!(alone.cause, Cause::WrongRegion);
            let told = beside(scene, change).diagnosis().findings.remove(0);
            assert_eq!((told.cause, &told.alternatives), (alone.cause, &alone.alternatives), "{told:#?}");
            assert_eq!(told.evidence, alone.evidence);
        }
    }
}

/// The answers' dates are ten minutes ahead of this host's clock.
fn behind(mut scene: Scene) -> Scene {
    scene.round.started -= time::Duration::minutes(10);
    scene
}

#[test]
fn clocks_of_aws_that_differ_rule_nothing_out() {
    let body = r#"{"message":"Signature expired: A is now earlier than B (C - 5 min.)"}"#;
    let refused = || healthy().sending("Authorization").error(&ALL, 403, "InvalidSignatureException", body);
    for scene in [behind(healthy()), behind(refused())] {
        let alone = scene.diagnosis().findings.remove(0);
        assert_eq!(alone.cause, Cause::ClockSkew);
        let told = beside(scene, |it| it.clock_ahead_seconds = Fact::Known(1)).diagnosis().findings.remove(0);
        assert_eq!((told.cause, &told.alternatives), (alone.cause, &alone.alternatives), "{told:#?}");
        assert_eq!((alone.confidence, told.confidence), (Confidence::Likely, Confidence::Possible));
    }
    // they agree that the clock is off, or that it is right
    let off = beside(behind(refused()), |it| it.clock_ahead_seconds = Fact::Known(600)).finding();
    assert_eq!((off.cause, off.confidence), (Cause::ClockSkew, Confidence::Certain));
    let right = beside(refused(), |it| it.clock_ahead_seconds = Fact::Known(1)).finding();
    assert_eq!((right.cause, right.alternatives.contains(&Cause::ClockSkew)), (Cause::SigExpired, false), "{right:#?}");
    let differ = beside(refused(), |it| it.clock_ahead_seconds = Fact::Known(600)).finding();
    assert_eq!(differ.cause, refused().finding().cause, "{differ:#?}");
}
