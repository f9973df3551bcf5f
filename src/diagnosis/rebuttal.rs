//! What does a path rule out that came further? The same request at the same endpoint is judged alike, whichever name leads there.

use super::case::Case;
use super::cause::Cause;
use super::endpoint::Side;
use super::meaning::Family;
use super::sight::{Sight, accounts};
use crate::observation::{Denial, Wording};

/// What is left of the causes of some answers, held against other paths of the round.
#[derive(Debug)]
pub(crate) struct Rebuttal {
    /// The causes that remain, the best first; never empty.
    pub(crate) causes: Vec<Cause>,
    /// What ruled the others out, or speaks against those that remain.
    pub(crate) facts: Vec<String>,
}

/// Holds causes of answers that mean the same against the paths that came further at the same endpoint.
pub(crate) fn rebut(case: &Case<'_>, sights: &[&Sight<'_>], causes: &[Cause]) -> Rebuttal {
    let further: Vec<_> = case.sights.iter().filter(|other| sights.iter().all(|one| rebuts(other, one))).collect();
    let (common, mut left): (Vec<_>, Vec<_>) = causes.iter().copied().partition(|cause| is_common(*cause));
    if further.is_empty() || common.is_empty() {
        return Rebuttal { causes: causes.to_vec(), facts: Vec::new() };
    }
    let who = further.iter().map(|other| other.path.name()).collect::<Vec<_>>().join(", ");
    if sights.iter().all(|sight| sight.signature.as_ref().is_some_and(|signature| signature.names_the_request)) {
        // the gateway's own words about this very resource outweigh, but cannot hold for long
        let causes = causes.iter().copied().filter(|cause| *cause != Cause::AnsweredByAnotherApi).collect();
        let fact = format!(
            "against it: {who} came further with the same request at the same addresses; a change may be under way"
        );
        return Rebuttal { causes, facts: vec![fact] };
    }
    let refuted = common.iter().map(|cause| cause.name()).collect::<Vec<_>>().join(", ");
    let fact = format!("ruled out: {refuted}, since {who} came further with the same request at the same addresses");
    if left.is_empty() {
        left = led_elsewhere(sights);
    } else if causes.first() != left.first() {
        left.push(Cause::AnsweredByAnotherApi);
    }
    Rebuttal { causes: left, facts: vec![fact] }
}

/// What speaks against a refusal: one of another kind at the same addresses, where the same request is judged alike, unless a
/// change is under way.
pub(crate) fn dissent(case: &Case<'_>, sights: &[&Sight<'_>]) -> Vec<String> {
    if !sights.iter().all(|sight| is_refusal(sight)) {
        return Vec::new();
    }
    let kind = |sight: &Sight<'_>| sight.signature.as_ref().map(|one| (one.family, one.causes.clone()));
    let differs = |other: &Sight<'_>, one: &Sight<'_>| {
        is_at_endpoint_of(other, one) && is_marked(other) && is_marked(one) && kind(other) != kind(one)
    };
    let others = case.sights.iter().filter(|other| is_refusal(other) && sights.iter().all(|one| differs(other, one)));
    let others: Vec<_> = others.collect();
    let said = accounts(&others).into_iter().map(|account| {
        format!("against it: {account}, at the same addresses; the same request is judged alike, unless a change is under way")
    });
    said.chain(two_accounts(case, sights)).collect()
}

/// Refusals that name several accounts as the owner of one API.
pub(crate) fn two_accounts(case: &Case<'_>, sights: &[&Sight<'_>]) -> Option<String> {
    let end = |sight: &Sight<'_>| match sight.answer()?.wording()? {
        Wording::Denied(Denial { resource: Some(arn), .. }) => arn.account_end().map(str::to_owned),
        _ => None,
    };
    let mut ends: Vec<_> = case.sights.iter().filter_map(end).collect();
    ends.sort_unstable();
    ends.dedup();
    let own = sights.iter().any(|sight| end(sight).is_some());
    (own && ends.len() > 1).then(|| {
        format!("against it: an API is of one account, and the refusals name those that end in {}", ends.join(" and "))
    })
}

/// Whether a call is refused for what is the same on every path.
fn is_refusal(sight: &Sight<'_>) -> bool {
    match sight.family() {
        Some(Family::MissingToken | Family::Policy | Family::Authorizer | Family::Limit) => true,
        // a header that only some paths send may lead to no API
        Some(Family::Forbidden) => sight.header_cause().is_none(),
        Some(
            Family::Signing
            | Family::Request
            | Family::Integration
            | Family::Backend
            | Family::HttpApi
            | Family::Foreign
            | Family::Unclear,
        )
        | None => false,
    }
}

/// Whether a path at the same endpoint came further, by the gateway's own word, than another, so that what bars the way for all is not there.
fn rebuts(other: &Sight<'_>, sight: &Sight<'_>) -> bool {
    let marked = is_marked(other) && is_marked(sight);
    is_at_endpoint_of(other, sight) && marked && depth(other) > depth(sight).max(LEAST_DEPTH)
}

/// Whether a path leads to the same API at the same endpoint.
fn is_at_endpoint_of(other: &Sight<'_>, sight: &Sight<'_>) -> bool {
    // a custom domain name may be mapped to another stage or API
    let alike = other.path.is_of_four() == sight.path.is_of_four();
    alike && other.side() == Side::Inside && other.meets(sight)
}

/// Whether an answer of the path has the mark that a REST API's answers have.
fn is_marked(sight: &Sight<'_>) -> bool {
    sight.came_through || sight.is_marked()
}

/// How far within the gateway a request came. The order of keys, limits and policies among themselves is not told apart.
fn depth(sight: &Sight<'_>) -> u8 {
    match sight.family() {
        _ if sight.is_ok() || sight.came_through => 5,
        Some(Family::Integration | Family::Backend) => 4,
        Some(Family::Request) => 3,
        Some(Family::MissingToken | Family::Policy | Family::Authorizer) => 2,
        Some(
            Family::Forbidden | Family::Signing | Family::Limit | Family::HttpApi | Family::Foreign | Family::Unclear,
        )
        | None => 1,
    }
}

/// Beyond keys, limits and policies.
const LEAST_DEPTH: u8 = 2;

/// What only some of the paths send, or where they lead.
fn led_elsewhere(sights: &[&Sight<'_>]) -> Vec<Cause> {
    let header = match sights {
        [one] => one.header_cause(),
        _ => None,
    };
    [Cause::AnsweredByAnotherApi].into_iter().chain(header).collect()
}

/// Whether a cause strikes every path alike that leads to the same API over the same endpoint, at any time of a round.
pub(crate) fn is_common(cause: Cause) -> bool {
    match cause {
        Cause::MissingStage
        | Cause::WrongResourceOrMethod
        | Cause::IamAuthUnsigned
        | Cause::IamAuthNotEnforced
        | Cause::MissingAuthTokenUnspecified
        | Cause::SigIncomplete
        | Cause::TokenInvalid
        | Cause::TokenExpired
        | Cause::CredentialsExpired
        | Cause::CredentialsMissing
        | Cause::ResourcePolicyExplicitDeny
        | Cause::ResourcePolicyImplicitDeny
        | Cause::ResourcePolicyDenyUnspecified
        | Cause::VpcePolicyExplicitDeny
        | Cause::VpcePolicyImplicitDeny
        | Cause::IdentityPolicyDeny
        | Cause::ResourceControlPolicyDeny
        | Cause::CognitoUnauthorized
        | Cause::ApiKeyMissing
        | Cause::ApiKeyInvalid
        | Cause::ApiKeyMissingOrInvalid
        | Cause::RequestValidationFailed
        | Cause::BodyTooLarge
        | Cause::UriTooLong
        | Cause::LambdaPermissionMissing
        | Cause::IntegrationConfigError
        | Cause::WrongApiId
        | Cause::WrongRegion
        | Cause::PublicApiViaVpce
        | Cause::DefaultEndpointDisabled
        | Cause::DifferentEndpoint
        | Cause::EndpointDeleted
        | Cause::PrivateApiViaInternet
        | Cause::InternetUnreachable => true,
        // what differs from path to path, from call to call, or in what stands between
        Cause::CustomDomainNotResolved
        | Cause::CustomDomainNotAssociated
        | Cause::CustomDomainCertificate
        | Cause::CustomDomainPolicyDeny
        | Cause::BasePathUnmapped
        | Cause::Ok
        | Cause::OkHttpApi
        | Cause::BackendErrorMaskedAs200
        | Cause::PrivateDnsDisabled
        | Cause::VpceNotAssociated
        | Cause::TlsNameMismatch
        | Cause::WrongHostHeader
        | Cause::WrongApiIdHeader
        | Cause::SigMismatch
        | Cause::SigMismatchWrongHost
        | Cause::SigExpired
        // an authorizer may look at headers, and keeps what it said for a while
        | Cause::AuthorizerUnauthorized
        | Cause::LambdaAuthorizerExplicitDeny
        | Cause::AuthorizerMisconfigured
        | Cause::QuotaExceeded
        | Cause::Throttled
        | Cause::WafBlock
        | Cause::WafOrCustomResponse
        | Cause::ForbiddenUnknown
        | Cause::LambdaProxyMalformed
        | Cause::LambdaError
        | Cause::IntegrationTimeout
        | Cause::IntegrationNetworkError
        | Cause::BackendStatus
        | Cause::NotApiGateway
        | Cause::AnswersAnyApi
        | Cause::StrictAccessMode
        | Cause::TlsVersion
        | Cause::TlsUntrustedIssuer
        | Cause::CertificateExpired
        | Cause::CertificateInvalid
        | Cause::CertificateNotSupported
        | Cause::RootCertificateExpired
        | Cause::ConnectTimeout
        | Cause::ConnectionRefused
        | Cause::OneAddressDown
        | Cause::DnsServerUnreachable
        | Cause::DnsServerFailure
        | Cause::DnsNotForwarded
        | Cause::DnsRebindingProtection
        | Cause::PublicAddresses
        | Cause::WrongEndpointName
        | Cause::AnsweredByAnotherApi
        | Cause::AnsweredByHttpApi
        | Cause::ForbiddenPathOpen
        | Cause::NoRouteForFamily
        | Cause::HostOutOfResources
        | Cause::ClockSkew
        | Cause::MtuBlackHole
        | Cause::ProxyInterference
        | Cause::HttpProtocolError
        | Cause::ResponseTooSlow
        | Cause::Unexplained => false,
    }
}
