//! What can policies refuse? Resource policy and endpoint policy, by a deny or for want of an allow, in AWS's old and new words.

use super::Scenario;
use crate::diagnosis::Cause;
use crate::lab::policy::{Condition, Policy, Wording, allow, deny, only_through};
use crate::lab::world::{API, CENTRAL_ENDPOINT, OTHER_API, World};

pub(super) static SCENARIOS: &[Scenario] = &[
    Scenario::new("explicit-deny", "the resource policy denies all but another endpoint", denied_by_resource_policy)
        .fails(&[Cause::ResourcePolicyExplicitDeny]),
    Scenario::new("explicit-deny-old", "the same in the wording that AWS used before", |world| {
        denied_by_resource_policy(world);
        world.wording = Wording::Old;
    })
    .fails(&[Cause::ResourcePolicyExplicitDeny]),
    Scenario::new("implicit-deny", "the resource policy allows another endpoint only", not_allowed_by_resource_policy)
        .fails(&[Cause::ResourcePolicyImplicitDeny]),
    Scenario::new("implicit-deny-old", "the same in the wording that AWS used before", |world| {
        not_allowed_by_resource_policy(world);
        world.wording = Wording::Old;
    })
    .fails(&[Cause::ResourcePolicyDenyUnspecified]),
    Scenario::new(
        "endpoint-policy-implicit-deny",
        "the endpoint policy allows another API only",
        not_allowed_by_endpoint_policy,
    )
    .fails(&[Cause::VpcePolicyImplicitDeny]),
    Scenario::new("endpoint-policy-implicit-deny-old", "the same in the wording that AWS used before", |world| {
        not_allowed_by_endpoint_policy(world);
        world.wording = Wording::Old;
    })
    .fails(&[Cause::VpcePolicyImplicitDeny]),
    Scenario::new("endpoint-policy-explicit-deny", "the endpoint policy denies this API", denied_by_endpoint_policy)
        .inferred("the ending of the message, after AWS's general wording")
        .fails(&[Cause::VpcePolicyExplicitDeny]),
    Scenario::new("endpoint-policy-explicit-deny-old", "the same in the wording that AWS used before", |world| {
        denied_by_endpoint_policy(world);
        world.wording = Wording::Old;
    })
    .inferred("that an endpoint policy's deny was worded like a resource policy's")
    .fails(&[Cause::VpcePolicyExplicitDeny]),
];

fn denied_by_resource_policy(world: &mut World) {
    world.api().policy = only_through(CENTRAL_ENDPOINT);
}

fn not_allowed_by_resource_policy(world: &mut World) {
    world.api().policy = Policy(vec![allow(Condition::SourceVpceIs(CENTRAL_ENDPOINT))]);
}

fn not_allowed_by_endpoint_policy(world: &mut World) {
    let mut other_only = allow(Condition::Always);
    other_only.api = Some(OTHER_API);
    world.endpoint().policy = Policy(vec![other_only]);
}

fn denied_by_endpoint_policy(world: &mut World) {
    let mut not_this = deny(Condition::Always);
    not_this.api = Some(API);
    world.endpoint().policy = Policy(vec![allow(Condition::Always), not_this]);
}
