//! A policy refuses: whose, and how?

use super::{HERE, denied, message};
use crate::round::{ALL, ENDPOINT, P1, P2, Scene, healthy, is_certain, names};
use apigw_probe::diagnosis::{Cause, Confidence, Owner};

#[test]
fn the_resource_policy_denies() {
    let finding =
        denied("with an explicit deny in a resource-based policy").shows(Cause::ResourcePolicyExplicitDeny, &ALL);
    is_certain(&finding);
    assert_eq!(finding.owner, Owner::AccountB);
    assert!(finding.evidence.concat().contains("3333"), "the account's last digits are told");
}

#[test]
fn the_resource_policy_denies_in_the_old_wording() {
    let finding = denied("with an explicit deny").shows(Cause::ResourcePolicyExplicitDeny, &ALL);
    assert_eq!(finding.alternatives, [Cause::VpcePolicyExplicitDeny]);
    assert_eq!(finding.confidence, Confidence::Likely);
}

#[test]
fn the_resource_policy_does_not_allow() {
    let suffix = "because no resource-based policy allows the execute-api:Invoke action";
    is_certain(&denied(suffix).shows(Cause::ResourcePolicyImplicitDeny, &ALL));
}

#[test]
fn a_kind_of_policy_that_is_not_known_leaves_it_open() {
    let suffix = "because no foo policy allows the execute-api:Invoke action";
    let finding = denied(suffix).shows(Cause::ResourcePolicyDenyUnspecified, &ALL);
    assert_eq!(finding.alternatives, [Cause::ResourcePolicyImplicitDeny, Cause::VpcePolicyImplicitDeny]);
}

#[test]
fn the_oldest_wording_leaves_it_open() {
    let finding = denied("").shows(Cause::ResourcePolicyDenyUnspecified, &ALL);
    for cause in [Cause::ResourcePolicyImplicitDeny, Cause::VpcePolicyImplicitDeny, Cause::ResourcePolicyExplicitDeny] {
        assert!(names(&finding, cause), "{cause}");
    }
    assert!(!names(&finding, Cause::IdentityPolicyDeny), "the caller is anonymous");
}

#[test]
fn the_endpoint_policy_does_not_allow() {
    let suffix = "because no VPC endpoint policy allows the execute-api:Invoke action";
    let finding = denied(suffix).shows(Cause::VpcePolicyImplicitDeny, &ALL);
    is_certain(&finding);
    assert_eq!(finding.owner, Owner::AccountA);
}

#[test]
fn the_endpoint_policy_denies_in_words_that_nobody_has_seen() {
    let finding = denied("with an explicit deny in a VPC endpoint policy").shows(Cause::VpcePolicyExplicitDeny, &ALL);
    assert_eq!(finding.confidence, Confidence::Likely);
}

#[test]
fn a_policys_arn_at_the_end_changes_nothing() {
    let suffix = "with an explicit deny in a resource-based policy: arn:aws:apigateway:us-east-1::/restapis/a1bc234d5e";
    is_certain(&denied(suffix).shows(Cause::ResourcePolicyExplicitDeny, &ALL));
}

#[test]
fn the_callers_own_policies_refuse() {
    for suffix in [
        "because no identity-based policy allows the execute-api:Invoke action",
        "because no session policy allows the execute-api:Invoke action",
        "with an explicit deny in an identity-based policy",
        "with an explicit deny in a service control policy",
        "because no permissions boundary allows the execute-api:Invoke action",
    ] {
        let user = "arn:aws:sts::111122223333:assumed-role/probe/i-0abc";
        let scene =
            healthy().sending("Authorization").error(&ALL, 403, "AccessDeniedException", &message(user, HERE, suffix));
        let finding = scene.shows(Cause::IdentityPolicyDeny, &ALL);
        assert_eq!(finding.confidence, Confidence::Likely, "{suffix}");
    }
}

#[test]
fn a_resource_control_policy_is_of_the_apis_organisation() {
    let finding =
        denied("with an explicit deny in a resource control policy").shows(Cause::ResourceControlPolicyDeny, &ALL);
    assert_eq!((finding.owner, finding.confidence), (Owner::AccountB, Confidence::Likely));
    assert!(!names(&finding, Cause::IdentityPolicyDeny));
}

#[test]
fn a_signed_caller_may_be_refused_by_its_own_policy_in_the_old_wording() {
    let user = "arn:aws:sts::111122223333:assumed-role/probe/i-0abc";
    let scene = healthy().error(&ALL, 403, "AccessDeniedException", &message(user, HERE, "with an explicit deny"));
    assert!(names(&scene.finding(), Cause::IdentityPolicyDeny));
}

#[test]
fn a_refusal_of_another_api_is_told() {
    for elsewhere in [
        "arn:aws:execute-api:us-east-1:********3333:b9zz9zzz9z/test/GET/pets",
        "arn:aws:execute-api:eu-west-1:********3333:a1bc234d5e/test/GET/pets",
        "arn:aws-cn:execute-api:us-east-1:********3333:a1bc234d5e/test/GET/pets",
        "arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/prod/GET/pets",
    ] {
        let body = message("anonymous", elsewhere, "with an explicit deny in a resource-based policy");
        let finding =
            healthy().error(&ALL, 403, "AccessDeniedException", &body).shows(Cause::AnsweredByAnotherApi, &ALL);
        assert_eq!(finding.alternatives, [Cause::ResourcePolicyExplicitDeny], "{elsewhere}");
        assert!(finding.confidence < Confidence::Certain);
    }
}

#[test]
fn a_refusal_of_another_path_only_weakens() {
    for elsewhere in [
        "arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/test/POST/pets",
        "arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/test/GET/cats",
    ] {
        let body = message("anonymous", elsewhere, "with an explicit deny in a resource-based policy");
        let finding = healthy().error(&ALL, 403, "AccessDeniedException", &body).finding();
        assert_eq!(finding.cause, Cause::ResourcePolicyExplicitDeny);
        assert_eq!(finding.alternatives, [Cause::AnsweredByAnotherApi]);
    }
}

#[test]
fn an_encoded_path_is_the_same_path() {
    let scene = Scene::of("https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test/a%20b/?x=1", Some(ENDPOINT));
    let arn = "arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/test/GET/a b/";
    let body = message("anonymous", arn, "with an explicit deny in a resource-based policy");
    is_certain(&scene.error(&ALL, 403, "AccessDeniedException", &body).finding());
}

#[test]
fn a_policy_that_refuses_some_paths_of_one_endpoint_is_not_certain() {
    let body = message("anonymous", HERE, "with an explicit deny in a resource-based policy");
    let finding = healthy().error(&[P1, P2], 403, "AccessDeniedException", &body).finding();
    assert_eq!(finding.cause, Cause::ResourcePolicyExplicitDeny);
    assert!(finding.confidence < Confidence::Certain);
}

#[test]
fn an_anonymous_caller_has_no_policies_of_its_own() {
    for suffix in [
        "because no identity-based policy allows the execute-api:Invoke action",
        "with an explicit deny in an identity-based policy",
    ] {
        let finding = denied(suffix).shows(Cause::LambdaAuthorizerExplicitDeny, &ALL);
        assert_eq!(finding.alternatives, [Cause::IdentityPolicyDeny]);
        assert_eq!(finding.confidence, Confidence::Likely);
    }
}

#[test]
fn a_caller_who_is_named_for_a_call_that_nobody_signed_is_told() {
    let body = message(
        "arn:aws:sts::111122224444:assumed-role/sidecar/session",
        HERE,
        "with an explicit deny in a resource-based policy",
    );
    let scene = healthy().error(&ALL, 403, "AccessDeniedException", &body);
    let finding = scene.shows(Cause::ResourcePolicyExplicitDeny, &ALL);
    assert_eq!((finding.confidence, finding.alternatives), (Confidence::Likely, vec![Cause::ProxyInterference]));
    let own = healthy().sending("Authorization").error(&ALL, 403, "AccessDeniedException", &body).finding();
    is_certain(&own);
}

#[test]
fn stages_differ_by_their_case() {
    let suffix = "because no resource-based policy allows the execute-api:Invoke action";
    let body = message("anonymous", &HERE.replace("/test/", "/TEST/"), suffix);
    healthy().error(&ALL, 403, "AccessDeniedException", &body).shows(Cause::AnsweredByAnotherApi, &ALL);
}
