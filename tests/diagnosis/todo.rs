//! What is to be done where the set-up is known.

use crate::round::{ALL, P1, P2, Scene, healthy};
use crate::setup::{
    Change, PUBLIC, VPCE, api, denied, endpoint, first, forbidden, groups, missing_token, policy, unseen,
};
use apigw_probe::diagnosis::{Cause, Confidence, Finding};
use apigw_probe::observation::TcpFault;
use apigw_probe::setup::{Fact, Peers};

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

#[test]
fn a_condition_is_replaced_only_where_it_may_be_there() {
    let implicit = || denied("because no resource-based policy allows the execute-api:Invoke action");
    let explicit = || denied("with an explicit deny in a resource-based policy");
    for scene in [implicit, explicit] {
        let unread = scene().diagnosis().findings.remove(0).fix.concat();
        assert!(unread.contains("aws:VpcSourceIp"), "{unread}");
        let without = first(scene(), |it| api(it).policy = Some(policy("vpce-0ffffffffffffffff"))).fix.concat();
        assert!(without.contains("create-deployment") && !without.contains("SourceIp"), "{without}");
        let with = first(scene(), |it| {
            let condition = serde_json::json!({"IpAddress": {"aws:sourceip": "192.0.2.0/24"}});
            let mut policy = policy("vpce-0ffffffffffffffff");
            policy["Statement"][0]["Condition"] = condition;
            api(it).policy = Some(policy);
        });
        assert!(with.fix.concat().contains("aws:VpcSourceIp"), "{with:#?}");
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
fn the_endpoint_that_catches_a_public_api_is_named() {
    let scene = || {
        let url = "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test";
        let body = r#"{"message":"Forbidden"}"#;
        Scene::public(url, None).error(&[PUBLIC], 403, "ForbiddenException", body)
    };
    let told = |change: Change| {
        let finding = first(scene(), change);
        assert_eq!(finding.cause, Cause::PublicApiViaVpce, "{finding:#?}");
        [finding.evidence.concat(), finding.fix.concat()].map(|text| text.contains(VPCE))
    };
    assert_eq!(told(|it| it.api = unseen()), [true, true]);
    assert_eq!(
        told(|it| {
            it.api = unseen();
            endpoint(it).private_dns = false;
        }),
        [false, false]
    );
    assert_eq!(
        told(|it| {
            it.api = unseen();
            endpoint(it).vpc = "vpc-2".to_owned();
        }),
        [false, false]
    );
}
