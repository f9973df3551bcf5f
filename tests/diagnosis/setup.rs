//! A whole set-up beside a round, to be broken in one thing; by itself, and where nobody looked, it explains nothing.

use crate::round::{ALL, P1, P2, Scene, healthy};
use apigw_probe::diagnosis::Finding;
use apigw_probe::observation::TcpFault;
use apigw_probe::setup::{
    Api, Blind, Deployment, Fact, Instance, Interface, Method, Outgoing, Peers, Policy, Resource, SecurityGroup, Setup,
    Stage, VpcEndpoint,
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
        assume_role_arn: None,
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

pub(crate) fn method(setup: &mut Setup) -> &mut Method {
    let Fact::Known(resources) = &mut setup.resources else { unreachable!() };
    resources[0].methods.get_mut("ANY").unwrap()
}

pub(crate) fn groups(setup: &mut Setup) -> &mut Vec<SecurityGroup> {
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

pub(crate) const PUBLIC: apigw_probe::plan::AccessPath = apigw_probe::plan::AccessPath::Public;

pub(crate) fn unseen<T>() -> Fact<T> {
    Fact::CannotSee(Blind::new("x", "denied"))
}

/// What a healthy round sees on a path.
pub(crate) fn probed(path: apigw_probe::plan::AccessPath) -> apigw_probe::observation::Observation {
    let scene = healthy();
    let row = scene.round.rows.iter().find(|row| row.path == path).unwrap();
    row.observation().unwrap().clone()
}

/// What is left of the first finding.
pub(crate) fn first(scene: Scene, change: Change) -> Finding {
    beside(scene, change).diagnosis().findings.remove(0)
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
