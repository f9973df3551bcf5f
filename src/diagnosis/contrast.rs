//! What do the paths say together? What one path alone leaves open is decided by another that differs from it in one thing.

use super::alert::Complaint;
use super::case::Case;
use super::cause::Cause;
use super::draft::Draft;
use super::endpoint::Side;
use super::finding::Confidence::{Certain, Likely, Possible};
use super::meaning::Family;
use super::names::{Opinion, contrast, opinion, surroundings};
use super::sight::Sight;
use super::signature::is_masked_error;
use crate::observation::{Address, Answer, HttpFault, Intent, Outcome, Place, TcpFault, TlsFault};
use crate::plan::AccessPath;
use crate::target::{DnsSuffix, Target, Warning};

/// A path that must stay shut returns what is expected. Whether it is the API's own answer, over an endpoint, is told as well.
pub(crate) fn opened(case: &Case<'_>) -> Vec<Draft> {
    let forbidden = case.sights.iter().filter(|sight| sight.intent == Intent::Forbidden);
    let open: Vec<_> = forbidden.flat_map(|sight| sight.open_at(&case.round.target)).collect();
    let sights: Vec<_> = open.iter().collect();
    let any = |fits: fn(&Sight<'_>) -> bool| sights.iter().any(|sight| fits(sight));
    let unmarked = any(|sight| sight.answer().is_none_or(|answer| answer.apigw_id().is_none()));
    let http_api = any(|sight| sight.answer().is_some_and(Answer::is_of_http_api));
    let masked = any(|sight| sight.answer().is_some_and(is_masked_error));
    let nobodys = |sight: &Sight<'_>| {
        let place = sight.address().map(|ip| Address { ip, ttl: None }.place());
        matches!(place, Some(Place::Outside | Place::Nobody))
    };
    let elsewhere = any(|sight| sight.side() != Side::Inside) || sights.iter().any(|sight| nobodys(sight));
    let strength = if unmarked || masked || elsewhere { Likely } else { Certain };
    let remarks = [
        (unmarked, "without `x-amz-apigw-id`, something else than a REST API may have answered"),
        (elsewhere, "the addresses are not surely an endpoint's, so that it may be open over the Internet alone"),
        (masked, "the body is an error's"),
    ];
    let draft = Draft::over(&[Cause::ForbiddenPathOpen], strength, &sights)
        .or_if(unmarked, Cause::NotApiGateway)
        .or_if(http_api, Cause::OkHttpApi)
        .or_if(elsewhere, Cause::PublicAddresses)
        .or_if(masked, Cause::BackendErrorMaskedAs200)
        .because_of(remarks.iter().filter(|(holds, _)| *holds).map(|(_, text)| (*text).to_owned()));
    vec![draft]
}

/// The two strings contradict each other, and paths fail as they then must.
pub(crate) fn contradictions(case: &Case<'_>) -> Vec<Draft> {
    let target = &case.round.target;
    let nowhere = |sight: &Sight<'_>| sight.path.is_of_four() && (sight.has_no_name() || is_forbidden(sight));
    let sights = case.unexplained_if(nowhere);
    let blame = |causes: &[Cause], warning: &Warning| {
        let unnamed = sights.iter().any(|sight| sight.has_no_name());
        let refused = sights.iter().any(|sight| is_forbidden(sight));
        Draft::over(causes, Likely, &sights)
            .or_if(unnamed, Cause::PrivateDnsDisabled)
            .or_if(unnamed, Cause::VpceNotAssociated)
            .or_if(refused, Cause::ForbiddenUnknown)
            .because(warning.to_string())
            .because_of(contrast(case, &sights))
    };
    let drafts = target.warnings.iter().filter_map(|warning| match warning {
        Warning::RegionsDiffer { .. } => Some(blame(&[Cause::WrongRegion, Cause::WrongEndpointName], warning)),
        Warning::SuffixOfAnotherPartition { .. } => Some(blame(&[Cause::WrongHostHeader, Cause::WrongRegion], warning)),
        Warning::SuffixesDiffer { url, .. } if usual_suffix(target).is_some_and(|usual| *url != usual) => {
            Some(blame(&[Cause::WrongHostHeader, Cause::WrongRegion], warning))
        }
        Warning::AliasOfAnotherApi { .. } if !case.api_is_proven() => Some(blame(&[Cause::WrongApiId], warning)),
        Warning::SuffixesDiffer { .. }
        | Warning::AliasOfAnotherApi { .. }
        | Warning::EndpointsDiffer { .. }
        | Warning::UnusualApiId(_)
        | Warning::UnusualVpceId(_)
        | Warning::NoStage
        | Warning::UnusualStage(_)
        | Warning::PlainHttp => None,
    });
    drafts.take(1).collect()
}

fn usual_suffix(target: &Target) -> Option<DnsSuffix> {
    target.region().and_then(DnsSuffix::of_region).or(target.suffix())
}

/// The API's own name works and the endpoint knows no such API: it is public, and was reached past the endpoint.
pub(crate) fn public_api(case: &Case<'_>) -> Vec<Draft> {
    let by_endpoint = |sight: &Sight<'_>| sight.path.dials_endpoint() && sight.path.is_of_four();
    let Some(invoke) = case.sight(AccessPath::PrivateDns) else { return Vec::new() };
    let mut endpoint = case.sights.iter().filter(|sight| by_endpoint(sight)).peekable();
    if endpoint.peek().is_none() || !endpoint.all(is_forbidden) {
        return Vec::new();
    }
    let outside = invoke.side() == Side::Outside && (invoke.is_ok() || speaks_for_a_public_api(invoke));
    // a private API's alias would exist, or the endpoint would at least know the API
    let elsewhere = invoke.is_ok()
        && case.sight(AccessPath::Route53Alias).is_none_or(Sight::has_no_name)
        && (case.any(|sight| by_endpoint(sight) && sight.is_apart_from(invoke)) || case.any(Sight::has_no_name));
    if !outside && !elsewhere {
        return Vec::new();
    }
    let sights = case.unexplained_if(|sight| is_of_other_three(sight) && (is_forbidden(sight) || sight.has_no_name()));
    let draft = Draft::over(&[Cause::PublicApiViaVpce], if outside { Likely } else { Possible }, &sights)
        .or_if(!outside, Cause::DifferentEndpoint)
        .or_if(!outside && sights.iter().any(|sight| sight.has_no_name()), Cause::VpceNotAssociated)
        .or(&[Cause::WrongEndpointName, Cause::ForbiddenUnknown])
        .because(format!("private-dns: {} at {}", invoke.account(), invoke.places()));
    vec![match opinion(invoke) {
        // with private DNS the alias would be there, and the API's own name lead to the endpoint as well
        Opinion::Inside(said) => {
            draft.or_if(sights.iter().any(|sight| sight.has_no_name()), Cause::DnsNotForwarded).because(said)
        }
        Opinion::Nothing(_) | Opinion::Unknown => draft,
    }]
}

/// An answer that only an API gives which may be called over the Internet.
pub(crate) fn speaks_for_a_public_api(sight: &Sight<'_>) -> bool {
    match sight.family() {
        Some(
            Family::MissingToken
            | Family::Authorizer
            | Family::Limit
            | Family::Request
            | Family::Integration
            | Family::Backend
            | Family::HttpApi,
        ) => true,
        Some(Family::Forbidden | Family::Policy | Family::Signing | Family::Foreign | Family::Unclear) | None => false,
    }
}

/// Names of the API do not exist, and the endpoint knows no such API: one wrong id explains both.
pub(crate) fn unknown_api(case: &Case<'_>) -> Vec<Draft> {
    let missing = |path| case.sight(path).is_some_and(Sight::has_no_name);
    let alias_exists = case.sight(AccessPath::Route53Alias).is_some_and(|sight| !sight.has_no_name());
    if !missing(AccessPath::PrivateDns) || alias_exists || case.api_is_proven() || !case.any(is_forbidden) {
        return Vec::new();
    }
    let sights = case.unexplained_if(|sight| {
        sight.path.is_of_four() && (is_forbidden(sight) || !sight.path.dials_endpoint() && sight.has_no_name())
    });
    let siblings = signature_causes(&sights);
    let draft = Draft::over(&[Cause::WrongApiId, Cause::PrivateDnsDisabled], if missing(AccessPath::Route53Alias) { Likely } else { Possible }, &sights)
        .or_if(missing(AccessPath::Route53Alias), Cause::VpceNotAssociated)
        .or(&siblings)
        .because("one wrong API id explains all of them; so would private DNS that is off together with another reason for `Forbidden`");
    vec![draft]
}

/// Only the API's own name works, while the others reach the endpoint and fail alike.
pub(crate) fn strict_access(case: &Case<'_>) -> Vec<Draft> {
    let Some(invoke) =
        case.sight(AccessPath::PrivateDns).filter(|sight| sight.is_ok() && sight.side() != Side::Outside)
    else {
        return Vec::new();
    };
    let others: Vec<_> = case.sights.iter().filter(|sight| is_of_other_three(sight)).collect();
    let alike =
        others.windows(2).all(|pair| pair[0].outcome == pair[1].outcome && pair[0].family() == pair[1].family());
    let unclear = others.iter().all(|sight| sight.connected() && could_be_strict(sight));
    if others.len() < 2 || !alike || !unclear {
        return Vec::new();
    }
    let apart = others.iter().any(|sight| sight.is_apart_from(invoke));
    let refused = others.iter().any(|sight| is_forbidden(sight));
    let sights = case.unexplained_if(|sight| {
        is_of_other_three(sight) || sight.path == AccessPath::VpceCustomDomain && could_be_strict(sight)
    });
    let draft = Draft::over(&[Cause::StrictAccessMode], if apart || refused { Possible } else { Likely }, &sights)
        .or_if(apart, Cause::DifferentEndpoint)
        .or_if(refused, Cause::WafBlock)
        .or_if(refused, Cause::ForbiddenUnknown)
        .or_if(!refused, Cause::ProxyInterference)
        .or_if(case.any(|sight| sight.outcome == Outcome::Tls(TlsFault::Timeout)), Cause::MtuBlackHole)
        .because(format!("private-dns: {}; the others reach the endpoint and fail alike", invoke.account()));
    vec![draft]
}

/// Whether all the four but the API's own name are refused by the gateway, in words that do not say why: so may strict access mode.
pub(crate) fn could_spare_the_own_name(case: &Case<'_>, refused: &[&Sight<'_>]) -> bool {
    let unsaid = |sight: &Sight<'_>| {
        let marked = |answer: &Answer| answer.apigw_id().is_some() && (400..500).contains(&answer.status);
        matches!(sight.family(), Some(Family::MissingToken | Family::Request | Family::Backend | Family::Unclear))
            && sight.answer().is_some_and(marked)
    };
    let spared =
        |sight: &Sight<'_>| sight.path == AccessPath::PrivateDns && sight.is_ok() && sight.side() != Side::Outside;
    let others: Vec<_> = case.sights.iter().filter(|sight| is_of_other_three(sight)).collect();
    let all = others.iter().all(|other| refused.iter().any(|sight| sight.path == other.path));
    case.any(spared) && others.len() > 1 && all && refused.iter().all(|sight| unsaid(sight))
}

/// Whether it is one of the four, and not the API's own name.
fn is_of_other_three(sight: &Sight<'_>) -> bool {
    sight.path.is_of_four() && sight.path != AccessPath::PrivateDns
}

/// How a refusal for the sake of SNI or endpoint type may look: no source shows it, so whatever has no better reason.
fn could_be_strict(sight: &Sight<'_>) -> bool {
    match sight.outcome {
        // such an alert has a better reason
        Outcome::Tls(TlsFault::Alert) | Outcome::Http(HttpFault::TlsAlert) => {
            Complaint::of(sight) != Some(Complaint::Demand)
        }
        Outcome::Tls(fault) => match fault {
            TlsFault::Alert
            | TlsFault::Version
            | TlsFault::Closed
            | TlsFault::Reset
            | TlsFault::Timeout
            | TlsFault::Other => true,
            TlsFault::Expired
            | TlsFault::NotYetValid
            | TlsFault::WrongName
            | TlsFault::UnknownIssuer
            | TlsFault::BadCertificate
            | TlsFault::UnsupportedCertificate
            | TlsFault::NotTls => false,
        },
        Outcome::Http(fault) => match fault {
            HttpFault::Closed | HttpFault::Reset | HttpFault::TlsAlert | HttpFault::Other => true,
            HttpFault::NoAnswer
            | HttpFault::Unfinished
            | HttpFault::Malformed
            | HttpFault::HeadTooLarge
            | HttpFault::NoCredentials
            | HttpFault::CredentialsUnavailable
            | HttpFault::ExpiredCredentials => false,
        },
        Outcome::UnexpectedStatus(_) | Outcome::NotApiGateway => {
            sight.interceptor().is_none()
                && sight.answer().is_some_and(|answer| (400..500).contains(&answer.status))
                && matches!(sight.family(), Some(Family::Forbidden | Family::Foreign | Family::Unclear))
        }
        Outcome::Ok | Outcome::NotConfigured | Outcome::Skipped | Outcome::Dns(_) | Outcome::Tcp(_) => false,
    }
}

/// None of the endpoint's names exists, and the API's own leads to the Internet: without the endpoint its private DNS is gone too.
pub(crate) fn vanished(case: &Case<'_>) -> Vec<Draft> {
    let lost = |sight: &Sight<'_>| sight.path == AccessPath::PrivateDns && leads_nowhere(sight);
    let four = case.sights.iter().filter(|sight| sight.path.is_of_four());
    let (own, others): (Vec<_>, Vec<_>) = four.partition(|sight| lost(sight));
    let named = others.iter().any(|sight| sight.path.dials_endpoint());
    if own.is_empty() || !named || !others.iter().all(|sight| sight.has_no_name()) {
        return Vec::new();
    }
    let causes = [Cause::EndpointDeleted, Cause::WrongEndpointName, Cause::PrivateDnsDisabled, Cause::PublicAddresses];
    let sights = case.unexplained_if(|sight| sight.path.is_of_four() || sight.has_no_name());
    let draft = Draft::over(&causes, Likely, &sights)
        .or(&[Cause::DnsNotForwarded, Cause::DnsRebindingProtection, Cause::VpceNotAssociated])
        .or(&signature_causes(&sights))
        .because(format!("the API's own name leads to the Internet: {}", own[0].places()))
        .because_of(surroundings(case));
    vec![draft]
}

/// The API's own name leads to the Internet, and nothing good comes back.
pub(crate) fn outside(case: &Case<'_>) -> Vec<Draft> {
    let invoke = case.unexplained_if(|sight| sight.path == AccessPath::PrivateDns && leads_nowhere(sight));
    let others = case.unexplained_if(|sight| sight.path != AccessPath::PrivateDns && leads_nowhere(sight));
    let draft = |causes: &[Cause], sights: &[&Sight<'_>]| {
        let places = sights.first().map(|sight| sight.places()).unwrap_or_default();
        Draft::over(causes, Likely, sights)
            .or(&signature_causes(sights))
            .because(format!("the addresses are none that an endpoint has: {places}"))
            .because_of(contrast(case, sights))
            .because_of(surroundings(case))
    };
    vec![
        draft(
            &[Cause::PrivateDnsDisabled, Cause::PublicAddresses, Cause::DnsNotForwarded, Cause::PrivateApiViaInternet],
            &invoke,
        ),
        draft(&[Cause::PublicAddresses, Cause::ProxyInterference, Cause::WrongEndpointName], &others),
    ]
}

/// Whether a path fails on the Internet, where no public API speaks.
fn leads_nowhere(sight: &Sight<'_>) -> bool {
    sight.side() == Side::Outside && !sight.public && !sight.is_ok() && !speaks_for_a_public_api(sight)
}

/// No private name and no way to the endpoint: that is how it looks from outside the VPC.
/// A VPC resolver that answers speaks against it; then the faults are two.
pub(crate) fn from_outside(case: &Case<'_>) -> Vec<Draft> {
    let Some(invoke) = case.sight(AccessPath::PrivateDns) else { return Vec::new() };
    let unreached = |sight: &Sight<'_>| {
        let silent = matches!(
            sight.outcome,
            Outcome::Tcp(TcpFault::Timeout | TcpFault::HostUnreachable | TcpFault::NetworkUnreachable)
        );
        silent && sight.side() == Side::Inside
    };
    let sights = case.unexplained_if(|sight| sight.has_no_name() || unreached(sight));
    let whole =
        invoke.has_no_name() && sights.iter().any(|sight| unreached(sight)) && sights.len() == case.sights.len();
    if !whole || !matches!(opinion(invoke), Opinion::Unknown) {
        return Vec::new();
    }
    let causes =
        [Cause::PrivateApiViaInternet, Cause::ConnectTimeout, Cause::PrivateDnsDisabled, Cause::EndpointDeleted];
    let alone = "nothing was reached, and the VPC resolver gave no second opinion";
    vec![Draft::over(&causes, Possible, &sights).because(alone).because_of(surroundings(case))]
}

/// A path fails whose name leads to other addresses than that of a path which works.
pub(crate) fn other_endpoint(case: &Case<'_>) -> Vec<Draft> {
    let works = case.working_inside();
    let sights = case.unexplained_if(|sight| could_be_elsewhere(sight) && case.is_apart(sight));
    let named = sights.iter().all(|sight| sight.path.dials_endpoint());
    let public = sights.iter().any(|sight| sight.side() == Side::Unknown);
    let unconnected = sights.iter().any(|sight| matches!(sight.outcome, Outcome::Tcp(_)));
    // of a name that leads to both, it is the address which answered
    let causes: Vec<_> = sights.iter().map(|sight| sight.elsewhere()).collect();
    let draft = Draft::over(&causes, Likely, &sights)
        .or_if(named, Cause::WrongEndpointName)
        .or_if(public, Cause::PublicAddresses)
        .or_if(unconnected, Cause::ConnectTimeout)
        .or_if(unconnected, Cause::ConnectionRefused)
        .or_if(unconnected, Cause::EndpointDeleted)
        .or(&signature_causes(&sights))
        .because_of(sights.iter().filter_map(|sight| sight.stray()))
        .because_of(sights.iter().chain(&works).map(|sight| sight.leads()))
        .because_of(contrast(case, &sights));
    vec![draft]
}

/// Whether a failure is one that another endpoint may answer with, or stale addresses.
fn could_be_elsewhere(sight: &Sight<'_>) -> bool {
    match sight.outcome {
        Outcome::Tcp(_) => true,
        Outcome::UnexpectedStatus(_) | Outcome::NotApiGateway => {
            matches!(sight.family(), Some(Family::Policy | Family::Forbidden))
        }
        Outcome::Ok
        | Outcome::NotConfigured
        | Outcome::Skipped
        | Outcome::Dns(_)
        | Outcome::Tls(_)
        | Outcome::Http(_) => false,
    }
}

pub(crate) fn is_forbidden(sight: &Sight<'_>) -> bool {
    sight.family() == Some(Family::Forbidden)
}

/// What the answers by themselves may mean, for alternatives.
pub(crate) fn signature_causes(sights: &[&Sight<'_>]) -> Vec<Cause> {
    sights.iter().filter_map(|sight| sight.signature.as_ref()).flat_map(|signature| signature.causes.clone()).collect()
}
