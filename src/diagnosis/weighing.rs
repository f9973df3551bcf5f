//! What is left of the explanations beside what is known of the set-up?

use super::case::Case;
use super::cause::Cause;
use super::clock::Clock;
use super::draft::Draft;
use super::names::{Opinion, opinion};
use super::proof::Facts;
use super::sight::Sight;
use crate::observation::{Outcome, TcpFault};

/// What comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weighing {
    /// What the case holds now is what is left.
    Done,
    /// A cause fell that had spanned several kinds of failure. It is dismissed and nothing is explained: each kind has its own rules.
    AskAgain,
}

/// Holds every draft against what is known of the set-up, if anybody looked.
pub(crate) fn weigh(case: &mut Case<'_>) -> Weighing {
    let Some(setup) = case.round.environment.setup.as_deref() else { return Weighing::Done };
    let plan = case.sights.first().map(|sight| &sight.seen.plan);
    let method = plan.map(|plan| plan.method.to_string()).unwrap_or_default();
    let signed = plan.is_some_and(|plan| plan.signed_for.is_some());
    let clock = Clock::of(case);
    let mut weighed = Vec::new();
    for draft in case.release() {
        let about = case.sights_of(draft.paths());
        let of_paths = about.iter().flat_map(|sight| sight.addresses()).map(|address| address.ip);
        let mut addresses: Vec<_> = match draft.addresses() {
            [] => of_paths.collect(),
            some => some.to_vec(),
        };
        addresses.sort_unstable();
        addresses.dedup();
        let facts = Facts {
            setup,
            target: &case.round.target,
            method: &method,
            signed,
            addresses: &addresses,
            known_to_vpc: known_to_vpc(&about),
            clock: &clock,
            is_silence: about.iter().all(|sight| sight.outcome == Outcome::Tcp(TcpFault::Timeout)),
        };
        let former = draft.cause();
        match facts.weigh(draft) {
            Some(left) if left.cause() != former && overreaches(&left, &about) => {
                case.dismiss(former);
                return Weighing::AskAgain;
            }
            left => weighed.extend(left),
        }
    }
    case.take(weighed);
    Weighing::Done
}

/// Whether the VPC's resolver, asked directly, has an endpoint's addresses for all names that it was asked for, or for none.
fn known_to_vpc(about: &[&Sight<'_>]) -> Option<bool> {
    let asked = about.iter().filter(|sight| sight.seen.lookup.second_opinion.is_some());
    let mut known = asked.map(|sight| match opinion(sight) {
        Opinion::Inside(_) => Some(true),
        Opinion::Nothing(_) => Some(false),
        Opinion::Unknown => None,
    });
    let first = known.next()??;
    known.all(|other| other == Some(first)).then_some(first)
}

/// Whether what came of the connections is blamed for a name that led to none.
fn overreaches(draft: &Draft, about: &[&Sight<'_>]) -> bool {
    let is_of_connections = matches!(draft.cause(), Cause::ConnectTimeout | Cause::ConnectionRefused);
    is_of_connections && about.iter().any(|sight| sight.has_no_name())
}
