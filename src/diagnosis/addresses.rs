//! Is it one address that fails? What strikes every address of a name alike is refuted where the same request got through at another.

use super::case::Case;
use super::cause::Cause;
use super::clock::Clock;
use super::draft::Draft;
use super::finding::Confidence::{self, Likely, Possible};
use super::meaning::{Family, Signature};
use super::names::contrast;
use super::reach::{certificates, details, silence};
use super::rebuttal::is_common;
use super::sight::Sight;
use crate::observation::{HttpFault, Outcome};

/// A path failed by what came of one address, and got what is expected from another.
pub(crate) fn exchanges(case: &Case<'_>) -> Vec<Draft> {
    let clock = Clock::of(case);
    let mut suspects = Vec::new();
    for sight in case.unexplained() {
        let each = sight.by_address(&case.round.target);
        let (well, ill): (Vec<_>, Vec<_>) = each.into_iter().partition(Sight::is_ok);
        for one in ill.into_iter().filter(|one| one.outcome.tls().is_none()) {
            suspects.extend(match one.signature.clone() {
                Some(signature) => refused(case, one, signature, &well),
                None => silent(case, one, &clock, &well),
            });
        }
    }
    drafts(case, suspects)
}

/// An address connects and fails in the handshake, while another one of the same name answers: that explains no failure.
pub(crate) fn handshakes(case: &Case<'_>) -> Vec<Draft> {
    let clock = Clock::of(case);
    let mut suspects = Vec::new();
    for sight in &case.sights {
        let each = sight.by_address(&case.round.target);
        let (ill, further): (Vec<_>, Vec<_>) = each.into_iter().partition(|one| one.outcome.tls().is_some());
        let answered: Vec<_> = further.into_iter().filter(|one| one.answer().is_some()).collect();
        suspects.extend(ill.into_iter().filter_map(|one| silent(case, one, &clock, &answered)));
    }
    drafts(case, suspects).into_iter().map(Draft::into_remark).collect()
}

/// A path at one address where it failed, and what is left to blame for it.
struct Suspect<'a> {
    one: Sight<'a>,
    causes: Vec<Cause>,
    strength: Confidence,
    facts: Vec<String>,
}

/// An unexpected answer, if the gateway gave the expected one at other addresses.
fn refused<'a>(case: &Case<'_>, one: Sight<'a>, signature: Signature, well: &[Sight<'_>]) -> Option<Suspect<'a>> {
    let who = places(&well.iter().filter(|sight| sight.is_marked()).collect::<Vec<_>>())?;
    let mut facts = signature.remarks;
    let stray = one.stray();
    let strange = stray.is_some();
    facts.extend(stray);
    let (refuted, mut causes): (Vec<_>, Vec<_>) = signature.causes.into_iter().partition(|cause| is_of_all(*cause));
    if signature.names_the_request {
        // the gateway's own words about this very resource outweigh, but cannot hold for long
        causes = refuted;
        let why = if strange { "" } else { "against it: " };
        let so = if strange { "" } else { "; a change may be under way" };
        facts.push(format!("{why}{who} to the same request{so}"));
    } else if refuted.is_empty() {
        facts.push(format!("{who} to the same request"));
    } else {
        let refuted = refuted.iter().map(|cause| cause.name()).collect::<Vec<_>>().join(", ");
        facts.push(format!("ruled out: {refuted}, since {who} to the same request"));
    }
    let same_host = passes_elsewhere(case, &one);
    let elsewhere = Some(one.elsewhere()).filter(|_| !one.public && same_host.is_none());
    facts.extend(same_host);
    let (first, last) = match signature.family {
        family if !one.is_marked() && !matches!(family, Family::HttpApi | Family::Foreign) => {
            (Some(Cause::NotApiGateway), None)
        }
        Family::Policy if causes.contains(&Cause::AnsweredByAnotherApi) => (None, elsewhere),
        Family::Policy if signature.names_the_request && !strange => (None, elsewhere),
        Family::Policy | Family::Forbidden => (elsewhere, None),
        Family::MissingToken if strange => (elsewhere, Some(Cause::AnsweredByAnotherApi)),
        Family::MissingToken => (Some(Cause::AnsweredByAnotherApi), elsewhere),
        Family::Authorizer
        | Family::Signing
        | Family::Limit
        | Family::Request
        | Family::Integration
        | Family::Backend
        | Family::HttpApi
        | Family::Foreign
        | Family::Unclear => (None, None),
    };
    causes = first.into_iter().chain(causes).chain(last).collect();
    if causes.is_empty() {
        causes.push(Cause::AnsweredByAnotherApi);
    }
    let strength = if strange { Likely } else { signature.strength.min(Likely) };
    Some(Suspect { one, causes, strength, facts })
}

/// No answer, while other addresses gave one.
fn silent<'a>(case: &Case<'_>, one: Sight<'a>, clock: &Clock, others: &[Sight<'_>]) -> Option<Suspect<'a>> {
    let who = places(&others.iter().collect::<Vec<_>>())?;
    let (causes, strength) = silence(&one, clock);
    let is_slow = matches!(one.outcome, Outcome::Http(HttpFault::NoAnswer | HttpFault::Unfinished));
    // what is slow is slow wherever it is asked
    let strength = if is_slow { Possible } else { strength };
    let causes = causes.iter().copied().filter(|cause| !is_of_all(*cause));
    let stray = one.stray();
    let others = [(is_slow, Cause::ProxyInterference), (stray.is_some(), one.elsewhere())];
    let causes = causes.chain(others.into_iter().filter(|(fits, _)| *fits).map(|(_, cause)| cause)).collect();
    let fact = format!("{who} to the same request");
    let facts = [fact].into_iter().chain(stray).chain(passes_elsewhere(case, &one)).collect();
    Some(Suspect { one, causes, strength, facts })
}

/// What addresses answered, in one clause; none if there are none.
fn places(sights: &[&Sight<'_>]) -> Option<String> {
    let answer = sights.first()?.answer()?.status;
    let mut ips: Vec<_> = sights.iter().filter_map(|sight| sight.address()).collect();
    // each path has them in an order of its own
    ips.sort_unstable();
    let ips: Vec<_> = ips.iter().map(ToString::to_string).collect();
    Some(format!("{} returned {answer}", ips.join(", ")))
}

/// Another path got what is expected from the very address.
fn passes_elsewhere(case: &Case<'_>, one: &Sight<'_>) -> Option<String> {
    let ip = one.address()?;
    let passes = |other: &&Sight<'_>| {
        let each = other.by_address(&case.round.target);
        other.path != one.path && each.iter().any(|there| there.is_ok() && there.address() == Some(ip))
    };
    let other = case.sights.iter().find(passes)?;
    Some(format!("against it: {ip} did return what is expected on {}", other.path))
}

/// One draft for each distinct meaning.
fn drafts(case: &Case<'_>, suspects: Vec<Suspect<'_>>) -> Vec<Draft> {
    let mut grouped: Vec<Vec<Suspect<'_>>> = Vec::new();
    for suspect in suspects {
        let alike = |known: &&mut Vec<Suspect<'_>>| known.iter().all(|one| one.causes == suspect.causes);
        match grouped.iter_mut().find(alike) {
            Some(group) => group.push(suspect),
            None => grouped.push(vec![suspect]),
        }
    }
    let draft = |group: &Vec<Suspect<'_>>| {
        let sights: Vec<_> = group.iter().map(|suspect| &suspect.one).collect();
        let failed: Vec<_> = sights.iter().copied().filter(|sight| sight.outcome.tls().is_some()).collect();
        let strength = group.iter().map(|suspect| suspect.strength).min().unwrap_or(Possible);
        let causes = group.first().map(|suspect| suspect.causes.as_slice()).unwrap_or_default();
        Draft::over(causes, strength, &sights)
            .because_of(certificates(&failed))
            .because_of(details(&sights))
            .because_of(group.iter().flat_map(|suspect| suspect.facts.clone()))
            .because_of(contrast(case, &sights))
    };
    grouped.iter().map(draft).collect()
}

/// Whether a cause strikes a request alike at every address of the name that it is sent to.
fn is_of_all(cause: Cause) -> bool {
    let by_name_or_header = matches!(
        cause,
        Cause::WrongHostHeader
            | Cause::WrongApiIdHeader
            | Cause::StrictAccessMode
            | Cause::TlsVersion
            | Cause::CustomDomainNotAssociated
            | Cause::CustomDomainPolicyDeny
            | Cause::BasePathUnmapped
    );
    by_name_or_header || is_common(cause)
}
