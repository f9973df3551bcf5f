//! What facts of the set-up prove, and what they rule out; each row breaks one thing of a whole set-up, and one of the round.

use crate::round::{ALL, P1, P2, P3, P4, Scene, healthy, names};
use crate::setup::{
    Change, PUBLIC, VPCE, api, beside, denied, endpoint, first, forbidden, groups, instance, method, missing_token,
    policy, probed, unseen,
};
use apigw_probe::diagnosis::{Cause, Confidence};
use apigw_probe::observation::{DnsFault, TcpFault, TlsFault};
use apigw_probe::setup::{Blind, Fact, OwnInterface, Peers, SecurityGroup, Setup};
use serde_json::json;

#[test]
fn facts_prove_a_cause() {
    let rows: Vec<(&str, Scene, Change, Cause)> = vec![
        (
            "private DNS is off",
            healthy().nxdomain(&[P1]),
            |it| endpoint(it).private_dns = false,
            Cause::PrivateDnsDisabled,
        ),
        (
            "not associated",
            healthy().nxdomain(&[P2]),
            |it| api(it).vpc_endpoints = vec!["vpce-0aaaaaaaaaaaaaaaa".into()],
            Cause::VpceNotAssociated,
        ),
        (
            "the endpoint's group admits nobody",
            healthy().unconnected(&ALL, TcpFault::Timeout),
            |it| groups(it)[0].inbound = Peers::default(),
            Cause::ConnectTimeout,
        ),
        (
            "this host's group lets nothing out",
            healthy().unconnected(&ALL, TcpFault::Timeout),
            |it| groups(it)[1].outbound = Peers::default(),
            Cause::ConnectTimeout,
        ),
        (
            "another name of the endpoint",
            healthy().nxdomain(&[P3, P4]),
            |it| endpoint(it).dns_names = vec![format!("{VPCE}-zzzzzzzz.execute-api.us-east-1.vpce.amazonaws.com")],
            Cause::WrongEndpointName,
        ),
        ("no such stage", forbidden(), |it| it.stage = Fact::Absent, Cause::MissingStage),
        (
            "the resource policy allows nothing",
            denied("because no resource-based policy allows the execute-api:Invoke action"),
            |it| api(it).policy = Some(json!({"Statement": []})),
            Cause::ResourcePolicyImplicitDeny,
        ),
        (
            "the endpoint's policy allows nothing",
            denied("because no VPC endpoint policy allows the execute-api:Invoke action"),
            |it| endpoint(it).policy = Some(json!({"Statement": []})),
            Cause::VpcePolicyImplicitDeny,
        ),
    ];
    for (name, scene, change, cause) in rows {
        let finding = beside(scene, change).diagnosis().findings.remove(0);
        assert_eq!((finding.cause, finding.confidence), (cause, Confidence::Certain), "{name}: {finding:#?}");
        assert_eq!(finding.alternatives, [], "{name}");
    }
}

#[test]
fn what_is_saved_or_inferred_makes_a_cause_likely_at_most() {
    let rows: Vec<(&str, Scene, Change, Cause)> = vec![
        (
            "a DNS attribute is off",
            healthy().nxdomain(&[P1]),
            |it| it.dns_hostnames = Fact::Known(false),
            Cause::PrivateDnsDisabled,
        ),
        (
            "the endpoint is being deleted",
            healthy().nxdomain(&ALL),
            |it| endpoint(it).state = "deleting".into(),
            Cause::EndpointDeleted,
        ),
        (
            "the endpoint is pending",
            healthy().unconnected(&ALL, TcpFault::Timeout),
            |it| endpoint(it).state = "pending".into(),
            Cause::EndpointDeleted,
        ),
        (
            "names switched off",
            forbidden(),
            |it| api(it).default_endpoint_disabled = true,
            Cause::DefaultEndpointDisabled,
        ),
        ("a public API", forbidden(), |it| api(it).types = vec!["REGIONAL".into()], Cause::PublicApiViaVpce),
        ("no such API", forbidden(), |it| (it.api, it.stage) = (Fact::Absent, Fact::Absent), Cause::WrongApiId),
        ("no such method", missing_token(), |it| it.resources = Fact::Known(Vec::new()), Cause::WrongResourceOrMethod),
        ("an IAM method", missing_token(), |it| method(it).authorization = "AWS_IAM".into(), Cause::IamAuthUnsigned),
        (
            "the resource policy names another endpoint",
            denied("with an explicit deny"),
            |it| api(it).policy = Some(policy("vpce-0aaaaaaaaaaaaaaaa")),
            Cause::ResourcePolicyExplicitDeny,
        ),
        (
            "the VPC has no resolver",
            healthy().nameless(&ALL, DnsFault::Timeout),
            |it| it.dns_support = Fact::Known(false),
            Cause::DnsServerUnreachable,
        ),
        (
            "strict access",
            forbidden().on(&[P1], |seen| *seen = probed(P1)),
            |it| api(it).access_mode = Some("STRICT".into()),
            Cause::StrictAccessMode,
        ),
    ];
    for (name, scene, change, cause) in rows {
        let finding = beside(scene, change).diagnosis().findings.remove(0);
        assert_eq!((finding.cause, finding.confidence), (cause, Confidence::Likely), "{name}: {finding:#?}");
    }
}

#[test]
fn what_account_b_has_not_says_nothing_of_a_public_api_which_may_be_an_http_api() {
    let refused = Scene::public("https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test", None)
        .at_addresses(&[PUBLIC], &["52.94.1.1"])
        .error(&[PUBLIC], 403, "ForbiddenException", r#"{"message":"Forbidden"}"#);
    assert!(names(&refused.finding(), Cause::WrongApiId));
    let told = |change: Change| first(refused.clone(), change);
    let blind = told(|it| (it.api, it.stage) = (unseen(), unseen()));
    let absent = told(|it| (it.api, it.stage) = (Fact::Absent, Fact::Absent));
    assert_eq!((absent.cause, absent.alternatives), (blind.cause, blind.alternatives));
}

#[test]
fn facts_rule_causes_out() {
    let finding = first(healthy().nxdomain(&[P1]), |_| {});
    assert_eq!((finding.cause, finding.confidence), (Cause::DnsNotForwarded, Confidence::Likely), "{finding:#?}");
    assert!(finding.evidence.iter().any(|fact| fact.contains("private-dns-disabled")), "{finding:#?}");

    let finding = first(healthy().unconnected(&ALL, TcpFault::Timeout), |_| {});
    assert_eq!(finding.cause, Cause::ConnectTimeout);
    for cause in [Cause::EndpointDeleted, Cause::PrivateApiViaInternet] {
        assert!(!names(&finding, cause), "{cause}: {finding:#?}");
    }

    let finding = first(forbidden(), |_| {});
    for cause in [Cause::MissingStage, Cause::WrongApiId, Cause::WafBlock] {
        assert!(!names(&finding, cause), "{cause}: {finding:#?}");
    }
}

#[test]
fn what_is_saved_otherwise_is_doubted_and_not_ruled_out() {
    for (scene, cause) in [
        (forbidden(), Cause::DefaultEndpointDisabled),
        (forbidden(), Cause::PublicApiViaVpce),
        (missing_token(), Cause::IamAuthUnsigned),
    ] {
        let finding = first(scene, |_| {});
        assert!(names(&finding, cause), "{finding:#?}");
        let doubted = |fact: &String| fact.starts_with("against") && fact.contains(&cause.to_string());
        assert!(finding.evidence.iter().any(doubted), "{finding:#?}");
    }
}

#[test]
fn a_policy_that_allows_as_it_is_saved_may_not_be_deployed() {
    let finding = first(denied("with an explicit deny in a resource-based policy"), |_| {});
    let said = (Cause::ResourcePolicyExplicitDeny, Confidence::Certain);
    assert_eq!((finding.cause, finding.confidence), said, "{finding:#?}");
    assert!(finding.fix[0].contains("create-deployment"), "{finding:#?}");
    assert!(!finding.fix.concat().contains("aws:SourceVpce"), "{finding:#?}");
    // the older words leave open which policy it was
    let finding = first(denied(""), |_| {});
    assert!(finding.confidence < Confidence::Certain, "{finding:#?}");
    assert!(finding.fix[0].contains("create-deployment"), "{finding:#?}");
}

#[test]
fn what_the_answer_says_of_the_endpoint_s_policy_stays_though_it_allows_now() {
    for by in [
        "with an explicit deny in a VPC endpoint policy",
        "because no VPC endpoint policy allows the execute-api:Invoke action",
    ] {
        let (told, alone) = (first(denied(by), |_| {}), denied(by).diagnosis().findings.remove(0));
        assert_eq!((told.cause, told.confidence), (alone.cause, alone.confidence), "{told:#?}");
        assert!(!told.fix.concat().contains("modify-vpc-endpoint"), "{told:#?}");
    }
}

#[test]
fn an_association_that_is_there_makes_a_missing_alias_doubtful() {
    let finding = first(healthy().nxdomain(&[P2]), |_| {});
    assert_eq!((finding.cause, finding.confidence), (Cause::VpceNotAssociated, Confidence::Possible), "{finding:#?}");
}

#[test]
fn addresses_of_another_endpoint_are_proven_by_its_interfaces() {
    let scene = healthy().at_addresses(&[P1], &["10.9.9.9"]).unconnected(&[P1], TcpFault::Timeout);
    let finding = first(scene, |_| {});
    assert_eq!((finding.cause, finding.confidence), (Cause::DifferentEndpoint, Confidence::Certain), "{finding:#?}");
}

#[test]
fn a_timeout_at_addresses_that_the_endpoint_has_not_is_another_endpoint() {
    let scene = healthy().at_addresses(&ALL, &["10.9.9.9"]).unconnected(&ALL, TcpFault::Timeout);
    let finding = first(scene, |it| groups(it)[0].inbound = Peers::default());
    assert_eq!((finding.cause, finding.confidence), (Cause::DifferentEndpoint, Confidence::Certain), "{finding:#?}");
}

#[test]
fn a_cause_is_proven_for_the_paths_that_it_explains_alone() {
    // private DNS that is off does not make the endpoint's own name go away
    let finding = first(healthy().nxdomain(&ALL), |it| {
        endpoint(it).private_dns = false;
        it.interfaces = Fact::CannotSee(Blind::new("ec2:DescribeNetworkInterfaces", "denied"));
    });
    assert!(finding.cause != Cause::PrivateDnsDisabled || finding.confidence < Confidence::Certain, "{finding:#?}");
    assert!(finding.evidence.iter().any(|fact| fact.contains("PrivateDnsEnabled")), "{finding:#?}");
}

#[test]
fn a_host_in_another_vpc_is_likelier_outside() {
    let scene = || healthy().unconnected(&ALL, TcpFault::Timeout).nxdomain(&[P1]);
    let finding = first(scene(), |it| instance(it).vpc = "vpc-2".into());
    assert_eq!((finding.cause, finding.confidence), (Cause::PrivateApiViaInternet, Confidence::Likely), "{finding:#?}");
    let finding = first(scene(), |_| {});
    assert!(
        !names(&finding, Cause::PrivateApiViaInternet) && finding.cause != Cause::PrivateApiViaInternet,
        "{finding:#?}"
    );
}

#[test]
fn private_dns_that_is_on_and_unknown_to_the_vpc_s_resolver_is_not_in_force() {
    let asked = || healthy().nxdomain(&[P1]).second_opinion(&[P1], Err(DnsFault::NxDomain));
    let finding = first(asked(), |_| {});
    assert_eq!((finding.cause, finding.confidence), (Cause::PrivateDnsDisabled, Confidence::Possible), "{finding:#?}");
    assert!(!names(&finding, Cause::DnsNotForwarded), "{finding:#?}");
    assert!(!finding.fix.concat().contains("--private-dns-enabled"), "{finding:#?}");
    // one that says nothing proves nothing
    let silent = healthy().nxdomain(&[P1]).second_opinion(&[P1], Err(DnsFault::Timeout));
    assert_eq!(first(silent, |_| {}).cause, Cause::DnsNotForwarded);
}

/// The host has a second interface, and calls from one of both, or from neither.
fn of_two_interfaces(setup: &mut Setup, calling: &str) {
    instance(setup).further_interfaces = vec![OwnInterface {
        subnet: "subnet-2".to_owned(),
        addresses: vec!["10.0.7.7".parse().unwrap()],
        security_groups: vec!["sg-two".to_owned()],
    }];
    let Fact::Known(outgoing) = &mut setup.outgoing else { unreachable!() };
    outgoing.address = calling.parse().unwrap();
    let all = || Peers { ranges: vec!["0.0.0.0/0".parse().unwrap()], ..Peers::default() };
    groups(setup).push(SecurityGroup { id: "sg-two".to_owned(), inbound: all(), outbound: all() });
}

#[test]
fn groups_and_address_are_those_of_the_interface_that_calls() {
    fn only(setup: &mut Setup, range: Option<&str>, group: Option<&str>) {
        groups(setup)[0].inbound = Peers {
            ranges: range.iter().map(|range| range.parse().unwrap()).collect(),
            groups: group.iter().map(|id| (*id).to_owned()).collect(),
            ..Peers::default()
        };
    }
    let proven = (Cause::ConnectTimeout, Confidence::Certain);
    let rows: [(&str, Change, bool); 7] = [
        (
            "the first calls, its group is named",
            |it| {
                of_two_interfaces(it, "10.0.1.5");
                only(it, None, Some("sg-own"));
            },
            false,
        ),
        (
            "the second calls, its group is named",
            |it| {
                of_two_interfaces(it, "10.0.7.7");
                only(it, None, Some("sg-two"));
            },
            false,
        ),
        (
            "the second calls, the first's group is named",
            |it| {
                of_two_interfaces(it, "10.0.7.7");
                only(it, None, Some("sg-own"));
            },
            true,
        ),
        (
            "the second calls, its address is named",
            |it| {
                of_two_interfaces(it, "10.0.7.7");
                only(it, Some("10.0.7.7/32"), None);
            },
            false,
        ),
        (
            "the second calls, the first's address is named",
            |it| {
                of_two_interfaces(it, "10.0.7.7");
                only(it, Some("10.0.1.5/32"), None);
            },
            true,
        ),
        (
            "neither calls",
            |it| {
                of_two_interfaces(it, "172.17.0.2");
                only(it, Some("192.0.2.0/24"), None);
            },
            false,
        ),
        (
            "the second calls, and may not go out",
            |it| {
                of_two_interfaces(it, "10.0.7.7");
                groups(it)[2].outbound = Peers::default();
            },
            true,
        ),
    ];
    for (name, change, is_proven) in rows {
        let finding = first(healthy().unconnected(&ALL, TcpFault::Timeout), change);
        assert_eq!((finding.cause, finding.confidence) == proven, is_proven, "{name}: {finding:#?}");
    }
    let closed: Change = |it| {
        of_two_interfaces(it, "10.0.7.7");
        only(it, None, Some("sg-own"));
    };
    let fix = first(healthy().unconnected(&ALL, TcpFault::Timeout), closed).fix.concat();
    assert!(fix.contains("--source-group sg-two"), "{fix}");
}

#[test]
fn a_group_explains_silence_alone() {
    let closed: Change = |it| groups(it)[0].inbound = Peers::default();
    for (fault, cause) in [
        (TcpFault::HostUnreachable, Cause::ConnectTimeout),
        (TcpFault::NetworkUnreachable, Cause::ConnectTimeout),
        (TcpFault::NotPermitted, Cause::ConnectionRefused),
    ] {
        let finding = first(healthy().unconnected(&ALL, fault), closed);
        assert_eq!((finding.cause, finding.confidence), (cause, Confidence::Likely), "{finding:#?}");
        assert!(finding.evidence.iter().any(|fact| fact.contains("sg-vpce")), "{finding:#?}");
    }
}

#[test]
fn a_clock_that_is_off_proves_nothing_of_a_certificate() {
    let expired = || healthy().unsecured(&ALL, TlsFault::Expired);
    let finding = first(expired(), |it| it.clock_ahead_seconds = Fact::Known(900));
    assert!(finding.confidence < Confidence::Certain && names(&finding, Cause::ClockSkew), "{finding:#?}");
    assert!(names(&finding, Cause::CertificateExpired) || finding.cause == Cause::CertificateExpired, "{finding:#?}");
}

#[test]
fn an_access_mode_that_is_being_changed_rules_nothing_out() {
    let strict = || forbidden().on(&[P1], |seen| *seen = probed(P1));
    for (status, is_left) in [("AVAILABLE", false), ("UPDATING", true)] {
        let mut scene = beside(strict(), |_| {});
        let Some(setup) = scene.round.environment.setup.as_deref_mut() else { unreachable!() };
        api(setup).status = Some(status.to_owned());
        let finding = scene.diagnosis().findings.remove(0);
        let named = names(&finding, Cause::StrictAccessMode) || finding.cause == Cause::StrictAccessMode;
        assert_eq!(named, is_left, "{status}: {finding:#?}");
    }
}

#[test]
fn a_private_api_without_a_policy_lets_nobody_in() {
    let finding = first(denied(""), |it| api(it).policy = None);
    assert_eq!((finding.cause, finding.confidence), (Cause::ResourcePolicyDenyUnspecified, Confidence::Likely));
    assert!(
        finding.evidence.iter().any(|fact| fact.contains(Cause::ResourcePolicyImplicitDeny.name())),
        "{finding:#?}"
    );
}

#[test]
fn a_policy_that_lets_this_endpoint_in_refused_at_the_addresses_of_another() {
    for by in [
        "with an explicit deny in a resource-based policy",
        "because no resource-based policy allows the execute-api:Invoke action",
        "because no VPC endpoint policy allows the execute-api:Invoke action",
        "",
    ] {
        let elsewhere = || denied(by).at_addresses(&ALL, &["10.9.9.9"]);
        let finding = first(elsewhere(), |_| {});
        assert_eq!(
            (finding.cause, finding.confidence),
            (Cause::DifferentEndpoint, Confidence::Certain),
            "{finding:#?}"
        );
        assert!(!finding.fix.concat().contains("create-deployment"), "{finding:#?}");
        // what refuses this endpoint as well says nothing of another
        let shut = |it: &mut Setup| {
            let shut = serde_json::json!({ "Statement": [] });
            endpoint(it).policy = Some(shut.clone());
            api(it).policy = Some(shut);
        };
        assert_ne!(first(elsewhere(), shut).cause, Cause::DifferentEndpoint);
    }
}

#[test]
fn what_facts_doubt_is_named_after_what_they_leave() {
    let finding = first(forbidden(), |it| method(it).api_key_required = false);
    let at = |cause| finding.alternatives.iter().position(|one| *one == cause);
    assert!(at(Cause::ApiKeyMissing) > at(Cause::WafOrCustomResponse), "{finding:#?}");
    let required = first(forbidden(), |it| method(it).api_key_required = true);
    assert_eq!(required.cause, Cause::ApiKeyMissing, "{required:#?}");
}

#[test]
fn the_beginning_of_a_tunnel_is_no_other_endpoint() {
    let refused = denied("with an explicit deny in a resource-based policy").at_addresses(&ALL, &["127.0.0.1"]);
    assert_eq!(first(refused, |_| {}).cause, Cause::ResourcePolicyExplicitDeny);
    let silent = healthy().at_addresses(&ALL, &["127.0.0.1"]).unconnected(&ALL, TcpFault::Timeout);
    assert_ne!(first(silent, |_| {}).cause, Cause::DifferentEndpoint);
}
