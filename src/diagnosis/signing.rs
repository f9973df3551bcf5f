//! What do an unsigned and a signed call prove together? They differ in one thing, so that their answers tell what that thing did.

use super::case::Case;
use super::cause::Cause;
use super::circumstance::Circumstance;
use super::contrast::{is_forbidden, signature_causes};
use super::draft::Draft;
use super::finding::Confidence::{Certain, Likely};
use super::meaning::Family;
use super::sight::{Sight, accounts};
use crate::plan::AccessPath;

/// What the difference proves, for each half of the round.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) unsigned: Vec<Draft>,
    pub(crate) signed: Vec<Draft>,
}

/// Holds the unsigned call of each path against the signed one.
pub(crate) fn compare(unsigned: &Case<'_>, signed: &Case<'_>) -> Told {
    let pairs: Vec<_> = unsigned.sights.iter().filter_map(|one| Some((one, signed.sight(one.path)?))).collect();
    let those = |fits: fn(&Sight<'_>, &Sight<'_>) -> bool| -> (Vec<&Sight<'_>>, Vec<&Sight<'_>>) {
        pairs.iter().filter(|(one, other)| fits(one, other)).copied().unzip()
    };
    let (refused, admitted) = those(|one, other| is_refused(one) && other.is_ok());
    let (also_refused, known) = those(|one, other| is_refused(one) && !other.is_ok() && is_known(other));
    let (unsigned_only, barred_behind) = those(|one, other| is_refused(one) && is_forbidden(other));
    let (unrouted, unrouted_signed) = those(|one, other| is_refused(one) && is_refused(other));
    let (barred, let_in) = those(|one, other| one.family() == Some(Family::Policy) && other.is_ok());
    let (open, _) = those(|one, other| one.is_ok() && other.is_ok());
    let (shut_alike, _) = those(|one, other| is_forbidden_unsigned(one) && other.family() == Some(Family::HttpApi));
    let (shut, past) = those(|one, other| is_forbidden_unsigned(one) && other.is_ok());
    let iam = |strength, sights: &[&Sight<'_>], others: &[&Sight<'_>]| {
        Draft::over(&[Cause::IamAuthUnsigned], strength, sights)
            .because_of(signed_accounts(others))
            .given([Circumstance::Compared])
    };
    let unknown = |sights: &[&Sight<'_>]| {
        Draft::over(&[Cause::WrongResourceOrMethod], Likely, sights)
            .because("a signature changes nothing: it is the route that is not there")
    };
    Told {
        unsigned: vec![
            iam(Certain, &refused, &admitted).given([Circumstance::SignedPasses]),
            iam(Likely, &shut, &past).given([Circumstance::SignedPasses]),
            Draft::over(&signature_causes(&shut_alike), Likely, &shut_alike).given([Circumstance::Compared]),
            iam(Likely, &also_refused, &known),
            iam(Likely, &unsigned_only, &barred_behind),
            unknown(&unrouted),
            meant_so(&barred).because_of(signed_accounts(&let_in)),
            Draft::over(&[Cause::IamAuthNotEnforced], Likely, &open)
                .because("the same call passes without a signature and with one")
                .into_remark(),
        ],
        signed: vec![unknown(&unrouted_signed), behind_authorization(&barred_behind)],
    }
}

/// What explains the signed calls that fail as the unsigned ones do. It explains these too where the signed half sees as far: what
/// passes unsigned passes signed as well, and what was asked beyond the paths belongs to it.
pub(crate) fn shared(unsigned: &Case<'_>, signed: &Case<'_>) -> Vec<Draft> {
    let alike = |path| {
        let (one, other) = (unsigned.sight(path)?, signed.sight(path)?);
        let causes = |sight: &Sight<'_>| sight.signature.as_ref().map(|one| (one.family, one.causes.clone()));
        Some(!one.is_ok() && one.outcome == other.outcome && causes(one) == causes(other))
    };
    let passes = |sight: &Sight<'_>| signed.sight(sight.path).is_some_and(Sight::is_ok);
    if unsigned.any(|sight| sight.is_ok() && !passes(sight)) {
        return Vec::new();
    }
    let paths = unsigned.sights.iter().map(|sight| sight.path).filter(|path| alike(*path) == Some(true));
    paths.flat_map(|path| signed.explanations(path).map(move |draft| draft.clone().only(|own| own == path))).collect()
}

/// Which of the calls that fail signed pass unsigned: there it is the signature that makes the difference.
pub(crate) fn passes_unsigned(unsigned: &Case<'_>, paths: &[AccessPath]) -> Vec<String> {
    let passing: Vec<_> = unsigned.sights_of(paths).into_iter().filter(|sight| sight.is_ok()).collect();
    let said = |account| {
        format!(
            "the same call, unsigned: {account}: nothing asks for a signature, and one makes the caller somebody whom \
             policies judge"
        )
    };
    accounts(&passing).into_iter().map(said).collect()
}

/// The same call, unsigned, was told by that very API and stage that it lacks a signature: what is left of the reasons for
/// `Forbidden` stands behind authorization.
fn behind_authorization(barred: &[&Sight<'_>]) -> Draft {
    let mut causes = signature_causes(barred);
    causes.retain(|cause| !leads_to_no_api(*cause));
    Draft::over(&causes, Likely, barred).because(
        "the same call, unsigned, got `Missing Authentication Token`, which only an API and stage that are there say",
    )
}

/// Whether a reason for `Forbidden` is that the call finds no API, or no stage of it.
fn leads_to_no_api(cause: Cause) -> bool {
    [
        Cause::MissingStage,
        Cause::WrongApiId,
        Cause::PublicApiViaVpce,
        Cause::DefaultEndpointDisabled,
        Cause::WrongHostHeader,
        Cause::WrongApiIdHeader,
        Cause::WrongRegion,
    ]
    .contains(&cause)
}

/// A policy lets nobody in but callers whom it knows: what it says of others is no fault.
fn meant_so(barred: &[&Sight<'_>]) -> Draft {
    let signature = barred.first().and_then(|sight| sight.signature.as_ref());
    let (causes, strength) = signature.map_or((Vec::new(), Likely), |one| (one.causes.clone(), one.strength));
    let remarks = signature.map(|one| one.remarks.clone()).unwrap_or_default();
    let same: Vec<_> = barred
        .iter()
        .filter(|sight| sight.signature.as_ref().is_some_and(|one| one.causes == causes))
        .copied()
        .collect();
    Draft::over(&causes, strength, &same).because_of(remarks).given([Circumstance::SignedPasses])
}

/// What became of the signed calls.
fn signed_accounts(others: &[&Sight<'_>]) -> impl Iterator<Item = String> {
    accounts(others).into_iter().map(|account| format!("the same call, signed: {account}"))
}

/// Whether there is no such route, or no signature: one answer for both.
fn is_refused(sight: &Sight<'_>) -> bool {
    sight.family() == Some(Family::MissingToken)
}

/// Whether an HTTP API forbids what is not signed, for which it has no word of its own.
fn is_forbidden_unsigned(sight: &Sight<'_>) -> bool {
    sight.family() == Some(Family::HttpApi)
        && sight.signature.as_ref().is_some_and(|one| one.causes.first() == Some(&Cause::IamAuthUnsigned))
}

/// Whether an answer shows that the route is there and that the signature was looked at.
fn is_known(sight: &Sight<'_>) -> bool {
    match sight.family() {
        Some(
            Family::Policy | Family::Signing | Family::Limit | Family::Request | Family::Integration | Family::Backend,
        ) => true,
        Some(
            Family::Forbidden
            | Family::MissingToken
            | Family::Authorizer
            | Family::HttpApi
            | Family::Foreign
            | Family::Unclear,
        )
        | None => false,
    }
}
