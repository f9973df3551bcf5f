//! What facts of the set-up prove, and what they rule out; each row breaks one thing of a whole set-up, and one of the round.

use crate::round::{ALL, P1, P2, P3, P4, Scene, healthy, names};
use apigw_probe::diagnosis::{Cause, Confidence, Finding};
use apigw_probe::observation::{DnsFault, TcpFault, TlsFault};
use apigw_probe::setup::{
    Api, Blind, Deployment, Fact, Instance, Interface, Method, Outgoing, OwnInterface, Peers, Policy, Resource,
    SecurityGroup, Setup, Stage, VpcEndpoint,
};
use apigw_probe::target::VpceId;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) const VPCE: &str = "vpce-1a2b3c456d7e89012";

/// Everything is seen, and as it should be.
fn whole() -> Setup {
    let all = || Peers { ranges: vec!["0.0.0.0/0".parse().unwrap()], ..Peers::default() };
    let group = |id: &str| SecurityGroup { id: id.to_owned(), inbound: all(), outbound: all() };
    let interface = |id: &str, zone: &str, ip: &str| Interface {
        id: id.to_owned(),
        zone: zone.to_owned(),
        subnet: "subnet-1".to_owned(),
        addresses: vec![ip.parse().unwrap()],
    };
    let method = Method { authorization: "NONE".to_owned(), api_key_required: false };
    Setup {
        outgoing: Fact::Known(Outgoing { name: "eth0".to_owned(), mtu: 9001, address: "10.0.1.5".parse().unwrap() }),
        clock_ahead_seconds: Fact::Known(0),
        instance: Fact::Known(Instance {
            region: "us-east-1".to_owned(),
            zone: "us-east-1a".to_owned(),
            vpc: "vpc-1".to_owned(),
            subnet: "subnet-1".to_owned(),
            vpc_ranges: vec!["10.0.0.0/16".parse().unwrap()],
            addresses: vec!["10.0.1.5".parse().unwrap()],
            security_groups: vec!["sg-own".to_owned()],
            further_interfaces: Vec::new(),
        }),
        endpoints: Fact::Known(vec![VpcEndpoint {
            id: VPCE.to_owned(),
            kind: "Interface".to_owned(),
            service: "com.amazonaws.us-east-1.execute-api".to_owned(),
            vpc: "vpc-1".to_owned(),
            state: "available".to_owned(),
            private_dns: true,
            dns_names: vec![crate::round::ENDPOINT.to_owned(), "execute-api.us-east-1.amazonaws.com".to_owned()],
            subnets: vec!["subnet-1".to_owned()],
            security_groups: vec!["sg-vpce".to_owned()],
            interfaces: vec!["eni-1".to_owned(), "eni-2".to_owned()],
            policy: Some(json!({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]})),
        }]),
        dns_support: Fact::Known(true),
        dns_hostnames: Fact::Known(true),
        interfaces: Fact::Known(vec![
            interface("eni-1", "us-east-1a", "10.0.1.10"),
            interface("eni-2", "us-east-1b", "10.0.2.10"),
        ]),
        subnets: Fact::Known(Vec::new()),
        security_groups: Fact::Known(vec![group("sg-vpce"), group("sg-own")]),
        api: Fact::Known(Api {
            name: "orders".to_owned(),
            types: vec!["PRIVATE".to_owned()],
            vpc_endpoints: vec![VPCE.to_owned()],
            policy: Some(policy(VPCE)),
            access_mode: None,
            security_policy: None,
            default_endpoint_disabled: false,
            status: None,
        }),
        resources: Fact::Known(vec![Resource {
            path: "/pets".to_owned(),
            methods: BTreeMap::from([("ANY".to_owned(), method)]),
        }]),
        stage: Fact::Known(Stage { deployment: Some("dep1".to_owned()), changed: None, web_acl: None }),
        deployment: Fact::Known(Deployment { id: "dep1".to_owned(), created: None }),
    }
}

/// The documented pair for an endpoint.
pub(crate) fn policy(vpce: &str) -> Value {
    serde_json::to_value(Policy::of_api(&VpceId::parse(vpce).unwrap(), None)).unwrap()
}

pub(crate) type Change = fn(&mut Setup);

pub(crate) fn endpoint(setup: &mut Setup) -> &mut VpcEndpoint {
    let Fact::Known(endpoints) = &mut setup.endpoints else { unreachable!() };
    &mut endpoints[0]
}

pub(crate) fn instance(setup: &mut Setup) -> &mut Instance {
    let Fact::Known(instance) = &mut setup.instance else { unreachable!() };
    instance
}

pub(crate) fn api(setup: &mut Setup) -> &mut Api {
    let Fact::Known(api) = &mut setup.api else { unreachable!() };
    api
}

fn method(setup: &mut Setup) -> &mut Method {
    let Fact::Known(resources) = &mut setup.resources else { unreachable!() };
    resources[0].methods.get_mut("ANY").unwrap()
}

fn groups(setup: &mut Setup) -> &mut Vec<SecurityGroup> {
    let Fact::Known(groups) = &mut setup.security_groups else { unreachable!() };
    groups
}

/// The round, with what is known of its set-up.
pub(crate) fn beside(mut scene: Scene, change: Change) -> Scene {
    let mut setup = whole();
    change(&mut setup);
    scene.round.environment.setup = Some(Box::new(setup));
    scene
}

pub(crate) fn forbidden() -> Scene {
    healthy().error(&ALL, 403, "ForbiddenException", r#"{"message":"Forbidden"}"#)
}

pub(crate) fn missing_token() -> Scene {
    healthy().error(&ALL, 403, "MissingAuthenticationTokenException", r#"{"message":"Missing Authentication Token"}"#)
}

pub(crate) fn denied(by: &str) -> Scene {
    let arn = "arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/test/GET/pets";
    let body = format!(
        "{{\"Message\":\"User: anonymous is not authorized to perform: execute-api:Invoke on resource: {arn} {by}\"}}"
    );
    healthy().error(&ALL, 403, "AccessDeniedException", &body)
}

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

const PUBLIC: apigw_probe::plan::AccessPath = apigw_probe::plan::AccessPath::Public;

fn unseen<T>() -> Fact<T> {
    Fact::CannotSee(Blind::new("x", "denied"))
}

/// What a healthy round sees on a path.
fn probed(path: apigw_probe::plan::AccessPath) -> apigw_probe::observation::Observation {
    let scene = healthy();
    let row = scene.round.rows.iter().find(|row| row.path == path).unwrap();
    row.observation().unwrap().clone()
}

/// What is left of the first finding.
fn first(scene: Scene, change: Change) -> Finding {
    beside(scene, change).diagnosis().findings.remove(0)
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
fn what_to_do_names_the_ids_that_are_known() {
    let closed: Change = |it| groups(it)[0].inbound = Peers::default();
    let fix = first(healthy().unconnected(&ALL, TcpFault::Timeout), closed).fix.concat();
    assert!(fix.contains("--group-id sg-vpce") && fix.contains("--source-group sg-own"), "{fix}");
    let off: Change = |it| {
        endpoint(it).private_dns = false;
        it.dns_hostnames = Fact::Known(false);
    };
    let fix = first(healthy().nxdomain(&[P1]), off).fix.concat();
    assert!(fix.contains("--vpc-id vpc-1 ") && !fix.contains("--vpc-id VPC"), "{fix}");
    // what is no id does not get into a command
    let odd: Change = |it| {
        endpoint(it).private_dns = false;
        endpoint(it).vpc = "x;reboot".into();
        it.dns_hostnames = Fact::Known(false);
    };
    assert!(!first(healthy().nxdomain(&[P1]), odd).fix.concat().contains("reboot"));
}

#[test]
fn what_is_done_or_ruled_out_is_not_to_be_done() {
    let timeout = || healthy().unconnected(&ALL, TcpFault::Timeout);
    let blocked = first(timeout(), |_| {}).fix.concat();
    assert!(!blocked.contains("security-group") && blocked.contains("describe-network-acls"), "{blocked}");
    let outward = first(timeout(), |it| groups(it)[1].outbound = Peers::default()).fix.concat();
    assert!(!outward.contains("-ingress") && outward.contains("authorize-security-group-egress"), "{outward}");
    assert!(outward.contains("--group-id sg-own") && outward.contains("--source-group sg-vpce"), "{outward}");
    let inward = first(timeout(), |it| groups(it)[0].inbound = Peers::default()).fix.concat();
    assert!(inward.contains("-ingress") && !inward.contains("-egress"), "{inward}");

    let (alone, told) = (forbidden().diagnosis().findings.remove(0), first(forbidden(), |_| {}));
    assert_eq!((alone.cause, told.cause), (Cause::ForbiddenUnknown, Cause::ForbiddenUnknown));
    let (alone, told) = (alone.fix.concat(), told.fix.concat());
    for (word, is_left) in [("get-stages", false), ("WAF:", false), ("get-gateway-responses", true)] {
        assert!(alone.contains(word) && told.contains(word) == is_left, "{word}: {told}");
    }

    let off = first(healthy().nxdomain(&[P1]), |it| endpoint(it).private_dns = false).fix.concat();
    assert!(off.contains("--private-dns-enabled") && !off.contains("modify-vpc-attribute"), "{off}");
    let listed = first(healthy().nxdomain(&[P2]), |_| {}).fix.concat();
    assert!(!listed.contains("update-rest-api") && listed.contains("create-deployment"), "{listed}");
}

#[test]
fn what_is_saved_as_it_should_be_is_to_be_deployed_and_not_to_be_set() {
    let deploy = "create-deployment";
    let rows: [(&str, Finding, &[&str], &[&str]); 6] = [
        (
            "the default endpoint",
            first(forbidden(), |_| {}),
            &["--query disableExecuteApiEndpoint", "types`", "apiKeyRequired"],
            &[deploy],
        ),
        ("a route", first(missing_token(), |_| {}), &["get-resources"], &[deploy]),
        ("no route", first(missing_token(), |it| it.resources = Fact::Known(Vec::new())), &[], &["get-resources"]),
        (
            "a signed caller whom the saved policy allows",
            first(signed(denied("because no resource-based policy allows the execute-api:Invoke action")), |_| {}),
            &["Principal"],
            &[deploy],
        ),
        ("the kind", first(swallowed(), |_| {}), &["--patch-operations", "--no-private-dns-enabled"], &[deploy]),
        (
            "private DNS",
            first(swallowed(), |it| {
                api(it).types = vec!["REGIONAL".into()];
                endpoint(it).private_dns = false;
            }),
            &["--no-private-dns-enabled", deploy],
            &["--patch-operations"],
        ),
    ];
    for (name, finding, gone, kept) in rows {
        let fix = finding.fix.concat();
        assert!(gone.iter().all(|word| !fix.contains(word)), "{name}: {finding:#?}");
        assert!(kept.iter().all(|word| fix.contains(word)), "{name}: {finding:#?}");
    }
}

/// The same calls, signed.
fn signed(scene: Scene) -> Scene {
    let region = scene.round.target.region().cloned();
    scene.on(&ALL, |seen| seen.plan.signed_for.clone_from(&region))
}

/// A public API whose name leads to an endpoint.
fn swallowed() -> Scene {
    Scene::public("https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test", Some(crate::round::ENDPOINT)).error(
        &[PUBLIC],
        403,
        "ForbiddenException",
        r#"{"message":"Forbidden"}"#,
    )
}

#[test]
fn an_endpoint_that_is_being_made_is_waited_for() {
    let pending = first(healthy().nxdomain(&ALL), |it| endpoint(it).state = "pending".into());
    let deleting = first(healthy().nxdomain(&ALL), |it| endpoint(it).state = "deleting".into());
    assert_eq!((pending.cause, deleting.cause), (Cause::EndpointDeleted, Cause::EndpointDeleted));
    let renewal = "resource policy";
    assert!(!pending.fix.concat().contains(renewal) && deleting.fix.concat().contains(renewal), "{pending:#?}");
}

#[test]
fn a_stage_that_is_not_there_is_corrected_before_it_is_made() {
    let finding = first(forbidden(), |it| it.stage = Fact::Absent);
    let at = |word: &str| finding.fix.iter().position(|line| line.contains(word)).unwrap();
    assert!(at("INVOKE_URL") < at("create-deployment") && at("get-stages") < at("create-deployment"), "{finding:#?}");

    let nameless = Scene::of("https://a1bc234d5e.execute-api.us-east-1.amazonaws.com", Some(crate::round::ENDPOINT))
        .error(&ALL, 403, "ForbiddenException", r#"{"message":"Forbidden"}"#);
    let finding = first(nameless, |it| it.stage = Fact::Absent);
    assert_eq!((finding.cause, finding.confidence), (Cause::MissingStage, Confidence::Certain));
    assert!(!finding.evidence.concat().contains("``") && !finding.fix.concat().contains("`STAGE`"), "{finding:#?}");
    assert!(finding.fix[0].contains("/STAGE_NAME`"), "{finding:#?}");
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
fn what_is_not_seen_changes_nothing() {
    let blind = Setup::unseen(&Blind::new("x", "denied"));
    for scene in [
        healthy(),
        healthy().nxdomain(&[P1]),
        healthy().nxdomain(&[P2]),
        healthy().nxdomain(&ALL),
        healthy().unconnected(&ALL, TcpFault::Timeout),
        forbidden(),
        missing_token(),
        denied("with an explicit deny"),
    ] {
        let mut beside = scene.clone();
        beside.round.environment.setup = Some(Box::new(blind.clone()));
        assert_eq!(beside.diagnosis(), scene.diagnosis());
    }
}

#[test]
fn a_healthy_round_stays_without_findings_whatever_is_known() {
    let changes: [Change; 4] = [
        |_| {},
        |it| endpoint(it).private_dns = false,
        |it| groups(it)[0].inbound = Peers::default(),
        |it| api(it).policy = None,
    ];
    for change in changes {
        assert_eq!(beside(healthy(), change).findings(), []);
    }
}
