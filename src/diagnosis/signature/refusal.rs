//! Who refuses a call, and for what? The gateway that says no more than `Forbidden`, a policy, or whoever checks a signature.

use super::{is_signed, sends_key};
use crate::diagnosis::cause::Cause;
use crate::diagnosis::finding::Confidence;
use crate::diagnosis::meaning::{Family, Signature};
use crate::observation::{Answer, Denial, Effect, PolicyKind};
use crate::plan::Plan;

/// `Forbidden` has ten known reasons. Without other paths to compare with, only the request itself tips the balance.
pub(super) fn forbidden(answer: &Answer, plan: &Plan) -> Signature {
    let keys = if sends_key(plan) {
        [Cause::ApiKeyInvalid, Cause::ApiKeyMissingOrInvalid, Cause::ApiKeyMissing]
    } else {
        // an authorizer may supply the key, so that a wrong one is possible though none was sent
        [Cause::ApiKeyMissing, Cause::ApiKeyMissingOrInvalid, Cause::ApiKeyInvalid]
    };
    let causes: Vec<_> = [Cause::ForbiddenUnknown, Cause::MissingStage]
        .into_iter()
        .chain(keys)
        .chain([
            Cause::WafBlock,
            Cause::WafOrCustomResponse,
            Cause::WrongApiId,
            Cause::PublicApiViaVpce,
            Cause::DefaultEndpointDisabled,
        ])
        .chain([Cause::WrongHostHeader, Cause::WrongApiIdHeader, Cause::WrongRegion])
        .collect();
    let mut signature = Signature::new(Family::Forbidden, Confidence::Possible, &causes);
    if answer.status != 403 {
        signature.rather(Cause::WafOrCustomResponse);
    }
    if answer.status == 429 {
        signature.also(Cause::Throttled);
        signature.also(Cause::QuotaExceeded);
    }
    signature
}

/// A policy refuses: whose it is and how, as far as the words tell.
pub(super) fn denied(denial: &Denial, plan: &Plan) -> Signature {
    use Confidence::{Certain, Likely};
    let anonymous = denial.user.as_deref().map_or(!is_signed(plan), |user| user == "anonymous");
    let (strength, mut causes) = match (denial.effect, denial.policy) {
        (Effect::Explicit, Some(PolicyKind::Resource)) => (Certain, vec![Cause::ResourcePolicyExplicitDeny]),
        (Effect::Implicit, Some(PolicyKind::Resource)) => (Certain, vec![Cause::ResourcePolicyImplicitDeny]),
        (Effect::Explicit, Some(PolicyKind::Endpoint)) => (Certain, vec![Cause::VpcePolicyExplicitDeny]),
        (Effect::Implicit, Some(PolicyKind::Endpoint)) => (Certain, vec![Cause::VpcePolicyImplicitDeny]),
        (_, Some(PolicyKind::ResourceControl)) => (Likely, vec![Cause::ResourceControlPolicyDeny]),
        // an anonymous caller has none of its own: so an authorizer's policy is called
        (_, Some(PolicyKind::Identity)) if anonymous => {
            (Likely, vec![Cause::LambdaAuthorizerExplicitDeny, Cause::IdentityPolicyDeny])
        }
        (_, Some(PolicyKind::Identity | PolicyKind::Guardrail)) => (Certain, vec![Cause::IdentityPolicyDeny]),
        (Effect::Explicit, None) => (Likely, vec![Cause::ResourcePolicyExplicitDeny, Cause::VpcePolicyExplicitDeny]),
        // by a kind of policy that is not known
        (Effect::Implicit, None) => (
            Likely,
            vec![
                Cause::ResourcePolicyDenyUnspecified,
                Cause::ResourcePolicyImplicitDeny,
                Cause::VpcePolicyImplicitDeny,
            ],
        ),
        (Effect::Unspecified, _) => (
            Likely,
            vec![
                Cause::ResourcePolicyDenyUnspecified,
                Cause::ResourcePolicyImplicitDeny,
                Cause::VpcePolicyImplicitDeny,
                Cause::ResourcePolicyExplicitDeny,
                Cause::VpcePolicyExplicitDeny,
            ],
        ),
    };
    if denial.policy.is_none() && !anonymous {
        causes.push(Cause::IdentityPolicyDeny);
    }
    let mut signature = Signature::new(Family::Policy, strength, &causes);
    if !anonymous {
        let rule = if denial.is_within_an_account() == Some(true) {
            "caller and API are of one account, as far as its digits are shown: there one allow is enough where nothing denies, in the caller's \
             own policies or in the API's resource policy"
        } else {
            "a signed call across accounts needs an allow on both sides: the caller's identity policy and the API's resource policy"
        };
        signature.remark(rule.to_owned());
    }
    if !anonymous && !is_signed(plan) {
        signature.weaken(Likely);
        signature.also(Cause::ProxyInterference);
        signature.remark(
            "this call was not signed, and the refusal names a caller: something on the way signs it".to_owned(),
        );
    }
    if denial.user.is_none() && denial.policy.is_none() {
        // only the type is known, as after HEAD
        signature.also(Cause::LambdaAuthorizerExplicitDeny);
    }
    signature
}

/// What is said of a signature is about another signer, where nobody here signed the call.
pub(super) fn of_signing(causes: &[Cause], plan: &Plan) -> Signature {
    use Confidence::Likely;
    if is_signed(plan) {
        return Signature::new(Family::Signing, Likely, causes);
    }
    let others = [Cause::ProxyInterference, Cause::IntegrationConfigError, Cause::BackendStatus];
    let mut signature = Signature::new(Family::Signing, Likely, &others);
    // whoever made it, that is what the words say first
    causes.iter().take(1).for_each(|cause| signature.also(*cause));
    signature.remark(
        "this call was not signed: something on the way signs it, or the integration behind the API makes a signed call"
            .to_owned(),
    );
    signature
}
