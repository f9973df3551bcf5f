//! What can be wrong with a signed call? Keys, sessions, clocks, policies of both sides, and what changes a call on its way.

use super::Scenario;
use crate::check::AuthMode;
use crate::diagnosis::Cause;
use crate::lab::policy::{Condition, Policy, allow};
use crate::lab::world::{Authorization, Between, OTHER_API, ROLE, World};
use time::{Duration, OffsetDateTime};

pub(super) static SCENARIOS: &[Scenario] = &[
    Scenario::new("signed", "the method wants a signature, and gets a good one", signed),
    Scenario::new(
        "signed-and-unsigned",
        "the method wants a signature; each path is called without and with one",
        |world| {
            both(world);
        },
    )
    .passes_with(&[Cause::IamAuthUnsigned]),
    Scenario::new("signature-not-needed", "the method answers without a signature as it does with one", |world| {
        both(world);
        world.route().authorization = Authorization::None;
    })
    .passes_with(&[Cause::IamAuthNotEnforced]),
    Scenario::new(
        "signed-wrong-resource",
        "the resource path is mistyped; each path is called without and with a signature",
        |world| {
            both(world);
            world.asked.invoke_url.push_str("/ordrs");
        },
    )
    .inferred("the answer to a signed call of an undefined route")
    .fails(&[Cause::WrongResourceOrMethod]),
    Scenario::new(
        "identity-policy-implicit-deny",
        "the caller's own policies, in account A, do not allow the call",
        |world| {
            signed(world);
            world.key().may_invoke = false;
        },
    )
    .inferred("the ending of the message, after AWS's general wording")
    .fails(&[Cause::IdentityPolicyDeny]),
    Scenario::new("caller-not-allowed", "the resource policy, in account B, allows another caller only", |world| {
        signed(world);
        world.api().policy = Policy(vec![allow(Condition::CallerIs(ANOTHER_ROLE))]);
    })
    .fails(&[Cause::ResourcePolicyImplicitDeny]),
    Scenario::new(
        "caller-allowed",
        "the resource policy allows this caller by name; unsigned calls are refused",
        |world| {
            both(world);
            world.api().policy = Policy(vec![allow(Condition::CallerIs(ROLE))]);
        },
    )
    .passes_with(&[Cause::ResourcePolicyImplicitDeny]),
    Scenario::new("wrong-secret-key", "the secret key is not that of the access key", |world| {
        signed(world);
        if let Some(credentials) = &mut world.asked.credentials {
            "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY".clone_into(&mut credentials.secret_access_key);
        }
    })
    .fails(&[Cause::SigMismatch]),
    Scenario::new("unknown-access-key", "AWS knows no such access key", |world| {
        signed(world);
        world.keys.clear();
    })
    .fails(&[Cause::TokenInvalid]),
    Scenario::new("session-ended", "the session has ended, by AWS's word", |world| {
        signed(world);
        world.key().ended = true;
    })
    .inferred("the error type of an ended session")
    .fails(&[Cause::TokenExpired]),
    Scenario::new("signed-clock-behind", "this host's clock is ten minutes behind AWS's", |world| {
        signed(world);
        world.clock_ahead = 600;
    })
    .fails(&[Cause::ClockSkew]),
    Scenario::new("signed-clock-ahead", "this host's clock is ten minutes ahead of AWS's", |world| {
        signed(world);
        world.clock_ahead = -600;
    })
    .inferred("the words of a signature from the future")
    .fails(&[Cause::ClockSkew]),
    Scenario::new("signed-query-changed", "a proxy adds a parameter to the query after the call was signed", |world| {
        signed(world);
        world.between = Between::AddsParameter;
    })
    .fails(&[Cause::ProxyInterference]),
    Scenario::new("signed-host-changed", "a proxy sends signed calls to another API, with its `Host`", |world| {
        signed(world);
        world.between = Between::SendsTo(OTHER_API);
    })
    .fails(&[Cause::ProxyInterference]),
    Scenario::new("credentials-missing", "calls are to be signed, and nobody gives credentials", |world| {
        signed(world);
        world.asked.credentials = None;
    })
    .fails(&[Cause::CredentialsMissing]),
    Scenario::new("credentials-expired", "calls are to be signed with credentials that are past their end", |world| {
        signed(world);
        if let Some(credentials) = &mut world.asked.credentials {
            credentials.expires = Some(OffsetDateTime::now_utc() - Duration::HOUR);
        }
    })
    .fails(&[Cause::CredentialsExpired]),
];

fn signed(world: &mut World) {
    world.route().authorization = Authorization::Iam;
    world.asked.auth = AuthMode::Iam;
}

fn both(world: &mut World) {
    signed(world);
    world.asked.auth = AuthMode::Both;
}

const ANOTHER_ROLE: &str = "arn:aws:sts::********4444:assumed-role/another/session";
