//! Why did it happen? Pure: everything that the diagnosis needs is in the round.
//!
//! First each path by itself, then all together: the rules below, each of which explains what it can of what those
//! before it left unexplained, so that the findings are few.

mod cause;
mod finding;

// what a cause means and how it is fixed
mod catalogue;
#[expect(unreachable_pub, reason = "every enum of names is made alike")]
mod circumstance;
mod fix;

// one answer by itself
mod meaning;
mod signature;

// one path by itself
mod endpoint;
mod sight;

// the word of one server against a handshake
mod alert;

// an explanation in the making
mod draft;

// an explanation held against the set-up
mod proof;

// all paths side by side
mod case;
mod clock;

// both calls of a path side by side
mod signing;

// the rules: names, what paths say together, the way, the answers, and what else is worth knowing
mod names;

mod contrast;
mod reach;
mod rebuttal;

// one address of several
mod addresses;

mod answers;
mod remarks;
mod zones;

// custom domain names, and the way of public APIs
mod domains;
mod public;

// what is left of it all beside the set-up
mod weighing;

// what is asked beyond the paths, and what it teaches
mod experiment;
mod lesson;

#[cfg(test)]
pub(crate) use alert::OFFERED;
pub use catalogue::Entry;
pub use cause::Cause;
pub use experiment::{Inquiry, MOST_EXPERIMENTS, inquiries};
pub use finding::{Confidence, Diagnosis, Finding, Owner};
pub(crate) use signature::gateways_error;

use crate::observation::Round;
use case::Case;
use draft::Draft;
use weighing::Weighing;

/// Explains a round: the smallest set of findings that accounts for every path that failed against its intent.
///
/// A path that works, or fails because it must, has none; `no-route-for-family` is said only of a path that fails for it.
///
/// Where each path was called unsigned and signed, both halves are examined like rounds of their own, after what their difference
/// proves; an unsigned call that fails as the signed one does has the same explanation.
///
/// A row of a single zone is examined in the place of its path, beside the other paths.
pub fn diagnose(round: &Round) -> Diagnosis {
    let open = |signed| Case::open(round, signed);
    let whole = if round.is_double() {
        let (unsigned, signed) = (open(false), open(true));
        let told = signing::compare(&unsigned, &signed);
        let mut signed = examine(signed, &told.signed);
        signed.testify(|paths| signing::passes_unsigned(&unsigned, paths));
        let known = [told.unsigned, signing::shared(&unsigned, &signed)].concat();
        signed.close().beside(examine(unsigned, &known).close())
    } else {
        examine(open(round.rows.iter().any(|row| row.signed)), &[]).close()
    };
    let remarks = whole.findings.iter().rev().take_while(|finding| zones::is_remark(finding, round)).count();
    round.rows.iter().fold(whole, |whole, row| match &row.zone {
        Some(zone) => {
            let case = Case::in_zone(round, row);
            let down = zones::down(&case, row);
            let signed = round.is_double().then_some(row.signed);
            whole.with_zone(zone, row.path, examine_by(case, &down, &[&RULES]).close().of_calls(signed), remarks)
        }
        None => whole,
    })
}

/// By how many seconds the clocks of those who answered are ahead of this host's; none if no answer has a date that can be believed.
pub fn clock_ahead(round: &Round) -> Option<i64> {
    let of = |signed| clock::Clock::of(&Case::open(round, signed)).ahead();
    of(false).or(of(true))
}

/// Goes through the rules, after what is known already.
fn examine<'a>(case: Case<'a>, known: &[Draft]) -> Case<'a> {
    let mut case = examine_by(case, known, &[&RULES, &REMARKS]);
    names::add_resolver_settings(&mut case);
    case
}

fn examine_by<'a>(mut case: Case<'a>, known: &[Draft], rules: &[&[Rule]]) -> Case<'a> {
    loop {
        case.take(known.to_vec());
        for rule in rules.iter().copied().flatten() {
            let drafts = rule(&case);
            case.take(drafts);
        }
        match weighing::weigh(&mut case) {
            Weighing::Done => return case,
            // one cause fewer may be blamed each time
            Weighing::AskAgain => {}
        }
    }
}

type Rule = fn(&Case<'_>) -> Vec<Draft>;

/// The decision table: what was asked for just this comes first; then, the more paths a rule compares, the earlier it comes.
const RULES: [Rule; 38] = [
    contrast::opened,
    lesson::canary,
    lesson::place,
    lesson::strict,
    lesson::headers,
    lesson::api,
    names::servers,
    public::swallowed,
    addresses::exchanges,
    contrast::contradictions,
    contrast::public_api,
    names::stale,
    names::forwarding,
    names::filtered,
    contrast::unknown_api,
    contrast::strict_access,
    contrast::vanished,
    domains::led_outside,
    contrast::outside,
    contrast::from_outside,
    domains::unknown,
    domains::past_the_door,
    domains::disabled,
    contrast::other_endpoint,
    names::empty_answers,
    names::missing,
    domains::missing,
    domains::certificate,
    public::unreached,
    reach::connections,
    reach::handshakes,
    reach::exchanges,
    answers::forbidden,
    answers::signing,
    answers::skewed,
    answers::of_another_kind,
    answers::alike,
    answers::rest,
];

/// What is worth knowing beside.
const REMARKS: [Rule; 7] = [
    remarks::dead_addresses,
    addresses::handshakes,
    remarks::expired_roots,
    remarks::clock,
    remarks::out_of_step,
    remarks::odd_successes,
    remarks::public_successes,
];
