//! What do custom domain names say beside the API's own? Their record, their certificate, their mapping and their policy are others.

use super::case::Case;
use super::cause::Cause;
use super::clock::Clock;
use super::contrast::{is_forbidden, signature_causes};
use super::draft::Draft;
use super::endpoint::Side;
use super::finding::Confidence::{Likely, Possible};
use super::meaning::Family;
use super::names::{Opinion, contrast, opinion, stale_record, surroundings};
use super::reach::{certificates, details};
use super::sight::Sight;
use crate::observation::{Outcome, TlsFault};
use crate::plan::AccessPath;

/// A private custom domain name leads to the Internet.
pub(crate) fn led_outside(case: &Case<'_>) -> Vec<Draft> {
    let sights = case.unexplained_if(|sight| is_private(sight) && sight.side() == Side::Outside);
    let places = sights.first().map(|sight| sight.places()).unwrap_or_default();
    let causes = [Cause::CustomDomainNotResolved, Cause::PublicAddresses, Cause::DnsNotForwarded];
    let draft = Draft::over(&causes, Likely, &sights)
        .or(&signature_causes(&sights))
        .because(format!("the addresses are none that an endpoint has: {places}"))
        .because_of(contrast(case, &sights))
        .because_of(surroundings(case));
    vec![draft]
}

/// A name of its owner's does not exist.
pub(crate) fn missing(case: &Case<'_>) -> Vec<Draft> {
    let sights = case.unexplained_if(|sight| !sight.path.is_of_four() && sight.has_no_name());
    let (of_api, of_domain): (Vec<_>, Vec<_>) =
        sights.into_iter().partition(|sight| sight.path == AccessPath::Public && case.round.target.api().is_some());
    let draft = Draft::over(&[Cause::CustomDomainNotResolved], Likely, &of_domain)
        .because_of(of_domain.iter().filter_map(|sight| stale_record(case, sight)))
        .because_of(contrast(case, &of_domain))
        .because_of(surroundings(case));
    let said = of_domain.first().map_or(Opinion::Unknown, |sight| opinion(sight));
    vec![
        match said {
            Opinion::Nothing(said) => draft.because(said),
            Opinion::Inside(said) => draft.or(&[Cause::DnsNotForwarded]).because(said),
            Opinion::Unknown => draft.or(&[Cause::DnsNotForwarded]),
        },
        // a public API of any kind has a public record
        Draft::over(&[Cause::WrongApiId, Cause::WrongRegion, Cause::DnsNotForwarded], Likely, &of_api)
            .because_of(surroundings(case)),
    ]
}

/// The endpoint does not know the private custom domain name: it shows its own certificate for it, or forbids it as `Host`.
pub(crate) fn unknown(case: &Case<'_>) -> Vec<Draft> {
    let strange = |sight: &Sight<'_>| is_private(sight) && shows_default_certificate(sight);
    let shown = case.any(strange);
    let named = case.sight(AccessPath::CustomDomain);
    // where the name does not lead to the endpoint, `Host` alone tells, and less
    let untold = named.is_none_or(Sight::is_unresolved);
    let refused = |sight: &Sight<'_>| sight.path == AccessPath::VpceCustomDomain && is_forbidden(sight);
    let tells = shown || untold && case.api_is_proven();
    if !tells {
        return Vec::new();
    }
    let sights = case.unexplained_if(|sight| strange(sight) || refused(sight));
    let private_dns_off = case.sight(AccessPath::PrivateDns).is_some_and(Sight::has_no_name);
    let draft =
        Draft::over(&[Cause::CustomDomainNotAssociated], if shown { Likely } else { Possible }, &sights)
            .or_if(!shown, Cause::BasePathUnmapped)
            .or_if(!shown, Cause::WrongHostHeader)
            .or_if(shown, Cause::CustomDomainCertificate)
            .or_if(sights.iter().any(|sight| case.is_apart(sight)), Cause::DifferentEndpoint)
            .or_if(private_dns_off, Cause::PrivateDnsDisabled)
            .because_of(shown.then(|| {
                "the endpoint shows its own certificate, as it does for a name that it does not know".to_owned()
            }))
            .because_of(certificates(&sights))
            .because_of(contrast(case, &sights));
    vec![draft]
}

/// The custom domain name is known and refused, or led elsewhere, while the API's own names get further.
pub(crate) fn past_the_door(case: &Case<'_>) -> Vec<Draft> {
    let works = case.any(|sight| sight.is_ok() && (sight.path.is_of_four() || sight.path == AccessPath::Public));
    let custom = |sight: &Sight<'_>| {
        matches!(sight.path, AccessPath::CustomDomain | AccessPath::VpceCustomDomain)
            && (!sight.public || sight.side() != Side::Inside)
    };
    let of = |family| case.unexplained_if(|sight| custom(sight) && sight.family() == Some(family));
    if !works {
        return Vec::new();
    }
    let (forbidden, unrouted, denied) = (of(Family::Forbidden), of(Family::MissingToken), of(Family::Policy));
    let own_is_ok = case.sight(AccessPath::CustomDomain).is_some_and(Sight::is_ok);
    let by_host: &[Cause] = &[Cause::WrongHostHeader, Cause::StrictAccessMode, Cause::ForbiddenUnknown];
    let by_mapping: &[Cause] =
        &[Cause::BasePathUnmapped, Cause::CustomDomainNotAssociated, Cause::WafBlock, Cause::ForbiddenUnknown];
    let draft = |causes: &[Cause], sights: &[&Sight<'_>]| {
        Draft::over(causes, Likely, sights)
            .or_if(sights.iter().any(|sight| case.is_apart(sight)), Cause::DifferentEndpoint)
            .because_of(
                sights.iter().map(|sight| format!("{} asks for `{}`", sight.path, sight.seen.plan.path_and_query)),
            )
            .because_of(contrast(case, sights))
    };
    vec![
        draft(if own_is_ok { by_host } else { by_mapping }, &forbidden),
        draft(&[Cause::BasePathUnmapped, Cause::WrongResourceOrMethod, Cause::AnsweredByAnotherApi], &unrouted),
        draft(&[Cause::CustomDomainPolicyDeny], &denied).or(&signature_causes(&denied)),
    ]
}

/// The API answers by its custom domain name, and by none of those that AWS gives it.
pub(crate) fn disabled(case: &Case<'_>) -> Vec<Draft> {
    let custom = |sight: &Sight<'_>| matches!(sight.path, AccessPath::CustomDomain | AccessPath::VpceCustomDomain);
    let given = |sight: &Sight<'_>| sight.path.is_of_four() || sight.path == AccessPath::Public;
    let closed = |sight: &Sight<'_>| {
        let http_api =
            sight.family() == Some(Family::HttpApi) && sight.answer().is_some_and(|answer| answer.status == 404);
        is_forbidden(sight) || http_api
    };
    let works: Vec<_> = case.sights.iter().filter(|sight| custom(sight) && sight.is_ok()).collect();
    if works.is_empty() || !case.sights.iter().filter(|sight| given(sight)).all(closed) {
        return Vec::new();
    }
    let sights = case.unexplained_if(|sight| given(sight) && closed(sight));
    let draft = Draft::over(&[Cause::DefaultEndpointDisabled, Cause::MissingStage, Cause::WrongApiId], Likely, &sights)
        .or(&signature_causes(&sights))
        .because_of(contrast(case, &sights));
    vec![draft]
}

/// The certificate of a custom domain name is its owner's, and fails where those of AWS's names do not.
pub(crate) fn certificate(case: &Case<'_>) -> Vec<Draft> {
    let clock = Clock::of(case);
    let of_owner = |sight: &Sight<'_>| {
        sight.path == AccessPath::CustomDomain || sight.path == AccessPath::Public && case.round.target.api().is_none()
    };
    let fault = |sight: &Sight<'_>| match sight.outcome.tls() {
        Some(TlsFault::Expired | TlsFault::NotYetValid) if clock.is_off() => None,
        Some(TlsFault::Expired | TlsFault::NotYetValid) => Some(Cause::CertificateExpired),
        Some(TlsFault::WrongName) => Some(Cause::TlsNameMismatch),
        Some(TlsFault::UnknownIssuer) => Some(Cause::TlsUntrustedIssuer),
        Some(TlsFault::BadCertificate) => Some(Cause::CertificateInvalid),
        Some(
            // the probe's own limit is no fault of the certificate
            TlsFault::UnsupportedCertificate
            | TlsFault::Alert
            | TlsFault::Version
            | TlsFault::Closed
            | TlsFault::Reset
            | TlsFault::Timeout
            | TlsFault::NotTls
            | TlsFault::Other,
        )
        | None => None,
    };
    // what strikes the others as well is no fault of this certificate
    let spread = case.any(|sight| !of_owner(sight) && fault(sight).is_some());
    let sights = case.unexplained_if(|sight| of_owner(sight) && !spread && fault(sight).is_some());
    let sorts: Vec<_> = sights.iter().filter_map(|sight| fault(sight)).collect();
    let draft = Draft::over(&[Cause::CustomDomainCertificate], Likely, &sights)
        .or(&sorts)
        .or(&[Cause::ProxyInterference])
        .because_of(certificates(&sights))
        .because_of(details(&sights))
        .because_of(contrast(case, &sights));
    vec![draft]
}

/// Whether a path is a private custom domain name's own.
fn is_private(sight: &Sight<'_>) -> bool {
    sight.path == AccessPath::CustomDomain && !sight.public
}

/// Whether the certificate is that of API names, which the service shows to whoever asks for a name that it does not know.
fn shows_default_certificate(sight: &Sight<'_>) -> bool {
    let names = sight.attempt.and_then(|attempt| attempt.certificate()).map(|certificate| certificate.sans.as_slice());
    let of_apis = names.unwrap_or_default().iter().any(|name| name.starts_with("*.execute-api."));
    sight.outcome == Outcome::Tls(TlsFault::WrongName) && of_apis
}
