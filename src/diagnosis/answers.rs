//! What do the unexpected answers mean? Those that say the same are one finding; paths that work rule causes out.

use super::case::Case;
use super::cause::Cause;
use super::clock::Clock;
use super::contrast::{could_spare_the_own_name, is_forbidden};
use super::draft::Draft;
use super::endpoint::Side;
use super::finding::Confidence::{Likely, Possible};
use super::meaning::{Family, Signature};
use super::names::{contrast, doubts};
use super::reach::details;
use super::rebuttal::{Rebuttal, dissent, rebut, two_accounts};
use super::sight::Sight;
use crate::observation::{HttpFault, Outcome, TlsFault};
use crate::plan::AccessPath;
use crate::target::Warning;

/// `Forbidden`: one of ten reasons, fewer where another path works.
pub(crate) fn forbidden(case: &Case<'_>) -> Vec<Draft> {
    let sights = case.unexplained_if(is_forbidden);
    let Some(signature) = sights.first().and_then(|sight| sight.signature.as_ref()) else { return Vec::new() };
    let remarks = sights.iter().filter_map(|sight| sight.signature.as_ref()).flat_map(|one| one.remarks.clone());
    let foreign = signature.causes.contains(&Cause::NotApiGateway);
    let (causes, strength) = if case.api_is_proven() {
        (beside_a_working_path(&sights), Likely)
    } else {
        (by_request(case, signature), Possible)
    };
    let Rebuttal { causes, facts } = rebut(case, &sights, &causes);
    let customised = sights.iter().any(|sight| sight.answer().is_some_and(|answer| answer.status != 403));
    let draft = Draft::over(&causes, strength, &sights)
        .or_if(customised, Cause::WafOrCustomResponse)
        .or_if(customised, Cause::Throttled)
        .or_if(foreign, Cause::NotApiGateway)
        .because_of(doubts(case))
        .because_of(remarks)
        .because_of(facts)
        .because_of(contrast(case, &sights));
    vec![draft]
}

/// The API and its stage are there, since another path got past this point: what differs between the paths is to blame.
fn beside_a_working_path(sights: &[&Sight<'_>]) -> Vec<Cause> {
    let paths: Vec<_> = sights.iter().map(|sight| sight.path).collect();
    let headers: Vec<_> = sights.iter().filter_map(|sight| sight.header_cause()).collect();
    let blocks = [Cause::WafBlock, Cause::WafOrCustomResponse];
    if let ([_], [header]) = (paths.as_slice(), headers.as_slice()) {
        return [*header].into_iter().chain(blocks).chain([Cause::ForbiddenUnknown]).collect();
    }
    let alias = paths.contains(&AccessPath::Route53Alias).then_some(Cause::WrongEndpointName);
    [Cause::ForbiddenUnknown]
        .into_iter()
        .chain(alias)
        .chain([Cause::DifferentEndpoint])
        .chain(blocks)
        .chain(headers)
        .chain([Cause::PublicApiViaVpce])
        .collect()
}

/// No path works: only what was typed tips the balance.
fn by_request(case: &Case<'_>, signature: &Signature) -> Vec<Cause> {
    let first = case.round.target.warnings.iter().find_map(|warning| match warning {
        Warning::NoStage | Warning::UnusualStage(_) => Some(Cause::MissingStage),
        Warning::UnusualApiId(_) => Some(Cause::WrongApiId),
        Warning::RegionsDiffer { .. }
        | Warning::SuffixesDiffer { .. }
        | Warning::SuffixOfAnotherPartition { .. }
        | Warning::AliasOfAnotherApi { .. }
        | Warning::EndpointsDiffer { .. }
        | Warning::UnusualVpceId(_)
        | Warning::PlainHttp => None,
    });
    let missing = |path| case.sight(path).is_some_and(Sight::has_no_name);
    let alias_exists = missing(AccessPath::PrivateDns)
        && case.sight(AccessPath::Route53Alias).is_some_and(|sight| !sight.addresses().is_empty());
    let mut causes: Vec<_> = first.into_iter().chain(signature.causes.iter().copied()).collect();
    if alias_exists {
        // without the wildcard of private DNS, an alias is there only for a private API of that id in that Region
        causes.retain(|cause| !matches!(cause, Cause::WrongApiId | Cause::PublicApiViaVpce | Cause::WrongRegion));
    }
    causes
}

/// A signature that fails on some paths only was made for another host, where nothing on the way is known to have changed the call.
pub(crate) fn signing(case: &Case<'_>) -> Vec<Draft> {
    let fails = |sight: &Sight<'_>| {
        sight.signature.as_ref().is_some_and(|signature| {
            signature.causes.contains(&Cause::SigMismatch) && !signature.causes.contains(&Cause::ProxyInterference)
        })
    };
    let sights = case.unexplained_if(fails);
    let others = case.any(|sight| !fails(sight) && sight.proves_api());
    if !others {
        return Vec::new();
    }
    let remarks = sights.iter().filter_map(|sight| sight.signature.as_ref()).flat_map(|one| one.remarks.clone());
    // this probe signs the very host that it sends
    let own = sights.iter().any(|sight| sight.seen.plan.signed_for.is_some());
    let draft = Draft::over(&[Cause::SigMismatchWrongHost, Cause::SigMismatch], Likely, &sights)
        .or_if(own, Cause::ProxyInterference)
        .because_of(sights.iter().map(|sight| format!("{} sends `Host: {}`", sight.path, sight.seen.plan.host)))
        .because_of(remarks)
        .because_of(contrast(case, &sights));
    vec![draft]
}

/// A signature is refused for its age, and the answers' dates say that this host's clock is off: one reason.
pub(crate) fn skewed(case: &Case<'_>) -> Vec<Draft> {
    if !Clock::of(case).is_off() {
        return Vec::new();
    }
    let own = |signature: &Signature| signature.causes.first() == Some(&Cause::SigExpired);
    let sights = case.unexplained_if(|sight| sight.signature.as_ref().is_some_and(own));
    vec![Draft::over(&[Cause::ClockSkew, Cause::SigExpired], Likely, &sights)]
}

/// An HTTP API answers on some paths while others prove that the API is there and private: those paths lead to another.
pub(crate) fn of_another_kind(case: &Case<'_>) -> Vec<Draft> {
    let sights = case.unexplained_if(|sight| sight.path.is_of_four() && sight.family() == Some(Family::HttpApi));
    if sights.is_empty() || !case.api_is_proven() {
        return Vec::new();
    }
    let remarks = sights.iter().filter_map(|sight| sight.signature.as_ref()).flat_map(|one| one.remarks.clone());
    let outside = sights.iter().any(|sight| sight.side() != Side::Inside);
    let apart = sights.iter().any(|sight| case.is_apart(sight));
    let draft = Draft::over(
        &[Cause::AnsweredByAnotherApi, Cause::ProxyInterference, Cause::AnsweredByHttpApi],
        Likely,
        &sights,
    )
    .or_if(apart, Cause::DifferentEndpoint)
    .or_if(outside, Cause::PublicAddresses)
    .because_of(remarks)
    .because_of(sights.iter().map(|sight| sight.leads()))
    .because_of(contrast(case, &sights));
    vec![draft]
}

/// All other answers: one draft for those that mean the same.
pub(crate) fn alike(case: &Case<'_>) -> Vec<Draft> {
    type Key<'k> = (Family, &'k [Cause]);
    let mut grouped: Vec<(Key<'_>, Vec<&Sight<'_>>)> = Vec::new();
    for sight in case.unexplained() {
        let Some(signature) = &sight.signature else { continue };
        let key = (signature.family, signature.causes.as_slice());
        match grouped.iter_mut().find(|(known, _)| *known == key) {
            Some((_, sights)) => sights.push(sight),
            None => grouped.push((key, vec![sight])),
        }
    }
    grouped.into_iter().map(|(_, sights)| answered(case, &sights)).collect()
}

fn answered(case: &Case<'_>, sights: &[&Sight<'_>]) -> Draft {
    let signatures: Vec<_> = sights.iter().filter_map(|sight| sight.signature.as_ref()).collect();
    let causes = signatures.first().map(|signature| signature.causes.as_slice()).unwrap_or_default();
    let Rebuttal { causes, mut facts } = rebut(case, sights, causes);
    facts.extend(dissent(case, sights));
    let strength = signatures.iter().map(|signature| signature.strength).min().unwrap_or(Possible);
    let works = !case.working_inside().is_empty();
    // the same API behind the same endpoint judges all paths alike
    let strength = if works || !facts.is_empty() { strength.min(Likely) } else { strength };
    let apart: Vec<_> = sights.iter().filter(|sight| case.is_apart(sight)).collect();
    let elsewhere: Vec<_> = apart.iter().map(|sight| sight.elsewhere()).collect();
    let of_another = |sight: &Sight<'_>| matches!(sight.family(), Some(Family::MissingToken | Family::Authorizer));
    let unrouted = sights.iter().any(|sight| of_another(sight));
    let of_two = two_accounts(case, sights).is_some();
    Draft::over(&causes, strength, sights)
        .or(&elsewhere)
        .or_if(could_spare_the_own_name(case, sights), Cause::StrictAccessMode)
        .or_if(of_two || works && unrouted, Cause::AnsweredByAnotherApi)
        .because_of(signatures.iter().flat_map(|signature| signature.remarks.clone()))
        .because_of(apart.iter().filter_map(|sight| sight.stray()))
        .because_of(facts)
        .because_of(contrast(case, sights))
}

/// What no rule explains: what was ruled out is in the evidence, what to try next in the fix.
pub(crate) fn rest(case: &Case<'_>) -> Vec<Draft> {
    let sights: Vec<_> = case.unexplained().collect();
    let ruled_out = [
        (sights.iter().all(|sight| !sight.addresses().is_empty()), "name resolution, since every name gave addresses"),
        (sights.iter().all(|sight| sight.side() == Side::Inside), "private DNS, since the addresses are private"),
        (
            sights.iter().all(|sight| sight.connected()),
            "security groups, network ACLs and routes, since every path connected",
        ),
        (
            sights.iter().all(|sight| sight.is_secured()),
            "certificates and TLS versions, since every handshake succeeded",
        ),
        (Clock::of(case).is_right(), "this host's clock, since the dates of other answers agree with it"),
    ];
    let draft = Draft::over(&[Cause::Unexplained], Possible, &sights)
        .or(&sights.iter().flat_map(|sight| suspects(sight)).copied().collect::<Vec<_>>())
        .because_of(details(&sights))
        .because_of(ruled_out.iter().filter(|(out, _)| *out).map(|(_, what)| format!("ruled out: {what}")))
        .because_of(contrast(case, &sights));
    vec![draft]
}

/// What may lie behind a failure that has no better word than its phase.
fn suspects(sight: &Sight<'_>) -> &'static [Cause] {
    match sight.outcome {
        Outcome::Tcp(_) => &[Cause::ConnectTimeout, Cause::ConnectionRefused],
        Outcome::Tls(TlsFault::Alert) | Outcome::Http(HttpFault::TlsAlert) => {
            &[Cause::ProxyInterference, Cause::NotApiGateway]
        }
        Outcome::Tls(_) => &[Cause::ProxyInterference, Cause::TlsVersion],
        Outcome::Http(_) => &[Cause::HttpProtocolError, Cause::ProxyInterference],
        Outcome::Ok
        | Outcome::NotConfigured
        | Outcome::Skipped
        | Outcome::Dns(_)
        | Outcome::UnexpectedStatus(_)
        | Outcome::NotApiGateway => &[],
    }
}
