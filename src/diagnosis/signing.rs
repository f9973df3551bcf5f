//! What do an unsigned and a signed call prove together? They differ in one thing, so that their answers tell what that thing did.

use super::case::Case;
use super::cause::Cause;
use super::draft::Draft;
use super::finding::Confidence::{Certain, Likely};
use super::meaning::Family;
use super::sight::Sight;

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
    let (unrouted, unrouted_signed) = those(|one, other| is_refused(one) && is_refused(other));
    let (open, _) = those(|one, other| one.is_ok() && other.is_ok());
    let iam = |strength, sights: &[&Sight<'_>], others: &[&Sight<'_>]| {
        Draft::over(&[Cause::IamAuthUnsigned], strength, sights)
            .because_of(others.iter().map(|other| format!("the same call, signed: {} {}", other.path, other.account())))
    };
    let unknown = |sights: &[&Sight<'_>]| {
        Draft::over(&[Cause::WrongResourceOrMethod], Likely, sights)
            .because("a signature changes nothing: it is the route that is not there")
    };
    Told {
        unsigned: vec![
            iam(Certain, &refused, &admitted),
            iam(Likely, &also_refused, &known),
            unknown(&unrouted),
            Draft::over(&[Cause::IamAuthNotEnforced], Likely, &open)
                .because("the same call passes without a signature and with one")
                .into_remark(),
        ],
        signed: vec![unknown(&unrouted_signed)],
    }
}

/// Whether there is no such route, or no signature: one answer for both.
fn is_refused(sight: &Sight<'_>) -> bool {
    sight.family() == Some(Family::MissingToken)
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
