//! What did the experiments teach? Each differs from a path in one thing, so that its answer leaves fewer explanations than the paths did.

use super::case::Case;
use super::cause::Cause;
use super::contrast::is_forbidden;
use super::draft::Draft;
use super::finding::Confidence::Likely;
use super::meaning::Family;
use super::sight::Sight;
use crate::observation::{Answer, Intent, Outcome, Question, TlsFault};
use crate::plan::AccessPath;
use std::net::IpAddr;

/// An API that does not exist is answered like the one that is meant: whatever is answered proves nothing.
pub(crate) fn canary(case: &Case<'_>) -> Vec<Draft> {
    let target = &case.round.target;
    let Some(canary) = case.round.canary.as_ref().filter(|_| case.decides) else { return Vec::new() };
    let Some(answer) = canary.accepted(target) else { return Vec::new() };
    let fact = format!(
        "the canary `{}`, an API that does not exist, was answered {} on {}",
        canary.api, answer.status, canary.seen.plan.path
    );
    let works: Vec<_> = case.sights.iter().filter(|sight| sight.is_ok()).collect();
    let draft = if works.is_empty() {
        Draft::new(Cause::AnswersAnyApi, Likely, vec![canary.seen.plan.path]).into_remark()
    } else {
        Draft::over(&[Cause::AnswersAnyApi], Likely, &works)
    };
    vec![draft.or(instead(Some(answer))).because(fact)]
}

/// What else an answer in the place of a refusal may mean.
fn instead(answer: Option<&Answer>) -> &'static [Cause] {
    if answer.is_some_and(Answer::from_api_gateway) {
        &[Cause::ProxyInterference, Cause::AnsweredByAnotherApi]
    } else {
        &[Cause::NotApiGateway, Cause::ProxyInterference]
    }
}

/// A call that works elsewhere fails where another fails, and alike: the address is to blame, not what is asked.
pub(crate) fn place(case: &Case<'_>) -> Vec<Draft> {
    let Some(trial) = case.trial(Question::WorkingCallAtFailingAddress).filter(|trial| !trial.is_ok()) else {
        return Vec::new();
    };
    let sights = case.unexplained_if(|sight| sight.address() == trial.address() && are_alike(sight, trial));
    let draft = Draft::over(&[Cause::DifferentEndpoint], Likely, &sights)
        .or_if(!trial.is_marked(), Cause::ProxyInterference)
        .because("the call that works elsewhere fails alike there: it is the address, not the name or a header");
    vec![draft]
}

/// All but the API's own name is refused where that name works: by the gateway, which strict access mode does, or by whoever looks at the
/// handshake alone.
pub(crate) fn strict(case: &Case<'_>) -> Vec<Draft> {
    let Some(trial) = case.trial(Question::OwnNameInHandshake) else { return Vec::new() };
    let Some(base) = case.sight(trial.path).filter(|base| is_cleared(case, base.address())) else { return Vec::new() };
    // it spares custom domain names as it spares the API's own
    let judged = [AccessPath::Route53Alias, AccessPath::VpceHostHeader, AccessPath::VpceApiIdHeader];
    let others = |sight: &Sight<'_>| judged.contains(&sight.path) && are_alike(sight, base) && sight.meets(base);
    let sights = case.unexplained_if(others);
    let same_place = "the API's own name works at the same address, so that it is not the address";
    if reaches(trial) {
        let causes = [Cause::ProxyInterference, Cause::StrictAccessMode];
        return vec![Draft::over(&causes, Likely, &sights).because(same_place).because(
            "with the API's own name in the handshake the same call passes, which strict access mode would refuse for its \
             `Host`: something judges the name in the handshake, or puts it into `Host`",
        )];
    }
    let by_gateway = is_forbidden(trial) && trial.is_marked();
    if !by_gateway && !are_alike(trial, base) {
        return Vec::new();
    }
    let refused = trial.is_marked() && sights.iter().all(|sight| sight.is_marked());
    // it differs from the call that works in the name in the handshake alone, which a web ACL does not see
    let beyond_waf = sights.iter().any(|sight| sight.path == AccessPath::VpceHostHeader);
    let stalled = sights.iter().any(|sight| sight.outcome == Outcome::Tls(TlsFault::Timeout));
    let draft = Draft::over(&[Cause::StrictAccessMode], Likely, &sights)
        .or_if(!refused, Cause::ProxyInterference)
        .or_if(refused && !beyond_waf, Cause::WafBlock)
        .or_if(stalled, Cause::MtuBlackHole)
        .because(same_place)
        .because("the API's own name in the handshake alone does not help: `Host` must be that name as well");
    vec![draft]
}

/// What selects the API is changed on its way, or arrives and is refused.
pub(crate) fn headers(case: &Case<'_>) -> Vec<Draft> {
    let reached = |question| case.trial(question).is_some_and(reaches);
    let (host, id) = (reached(Question::HostFromHandshake), reached(Question::UnknownIdBesideHost));
    let lost = case.unexplained_if(|sight| match sight.path {
        AccessPath::VpceHostHeader => host,
        AccessPath::VpceApiIdHeader => id,
        AccessPath::PrivateDns
        | AccessPath::Route53Alias
        | AccessPath::CustomDomain
        | AccessPath::VpceCustomDomain
        | AccessPath::Public => false,
    });
    let facts = [
        (
            host,
            "with the endpoint's name as `Host` and the API's own in the handshake the call gets to the API: something sets `Host` to the name in the handshake",
        ),
        (
            id,
            "the id of an API that does not exist is not refused beside the right `Host`: `x-apigw-api-id` does not arrive",
        ),
    ];
    let said = facts.iter().filter(|(holds, _)| *holds).map(|(_, fact)| (*fact).to_owned());
    let arrives =
        case.trial(Question::UnknownIdBesideHost).is_some_and(|trial| is_forbidden(trial) && trial.is_marked());
    let refused = case.unexplained_if(|sight| {
        sight.path == AccessPath::VpceApiIdHeader && arrives && reached(Question::RightIdBesideHost)
    });
    vec![
        Draft::over(&[Cause::ProxyInterference], Likely, &lost).because_of(said),
        Draft::over(&[Cause::WafBlock, Cause::WafOrCustomResponse], Likely, &refused)
            .because("`x-apigw-api-id` arrives, and with the API's name as `Host` the call passes: the endpoint's name as `Host` is refused"),
    ]
}

/// Whether an answer that is hardly the API's depends on the API at all.
pub(crate) fn api(case: &Case<'_>) -> Vec<Draft> {
    let Some(trial) = case.trial(Question::UnknownApi) else { return Vec::new() };
    let unmarked = |sight: &&Sight<'_>| {
        let foreign = sight.answer().is_some_and(|answer| !answer.from_api_gateway());
        sight.is_ok() && sight.intent != Intent::Forbidden && foreign
    };
    let odd: Vec<_> = case.sights.iter().filter(unmarked).collect();
    let foreign = case.unexplained_if(|sight| sight.family() == Some(Family::Foreign));
    let elsewhere = case.unexplained_if(|sight| {
        sight.signature.as_ref().is_some_and(|one| one.causes.first() == Some(&Cause::AnsweredByAnotherApi))
    });
    let same = |sights: &[&Sight<'_>]| sights.first().is_some_and(|sight| are_alike(trial, sight));
    let mut drafts = Vec::new();
    if trial.is_ok() {
        let fact = "an API that does not exist is answered alike: the success proves nothing";
        drafts.push(
            Draft::over(&[Cause::AnswersAnyApi], Likely, &odd).or(instead(trial.answer())).because(fact).into_remark(),
        );
    } else if is_forbidden(trial) {
        let fact = "an API that does not exist is refused in API Gateway's words: it is behind, and something takes its headers off";
        let causes = [Cause::ProxyInterference, Cause::NotApiGateway];
        drafts.push(Draft::over(&causes, Likely, &odd).because(fact).into_remark());
    }
    if same(&foreign) {
        let named = |cause: &Cause| matches!(cause, Cause::ProxyInterference | Cause::NotApiGateway);
        let causes = foreign.first().and_then(|sight| sight.signature.as_ref()).map(|one| one.causes.clone());
        let causes: Vec<_> = causes.unwrap_or_default().into_iter().filter(named).collect();
        let fact = "an API that does not exist gets the same answer: what answers does not look at the API";
        drafts.push(Draft::over(&causes, Likely, &foreign).because(fact));
    } else if trial.is_marked() {
        let fact = "another API's call reaches API Gateway: what answers looks at the name, and lets others pass";
        drafts.push(Draft::over(&[Cause::ProxyInterference, Cause::NotApiGateway], Likely, &foreign).because(fact));
    }
    if same(&elsewhere) {
        let fact = "an API that does not exist gets the same answer: something sends every call to one API";
        let causes = [Cause::ProxyInterference, Cause::AnsweredByAnotherApi];
        drafts.push(Draft::over(&causes, Likely, &elsewhere).because(fact));
    }
    drafts
}

/// Whether two calls ended alike.
fn are_alike(one: &Sight<'_>, other: &Sight<'_>) -> bool {
    (one.outcome, one.family()) == (other.outcome, other.family())
}

/// Whether a call got through to the API.
fn reaches(trial: &Sight<'_>) -> bool {
    trial.is_ok() || trial.family().is_some_and(Family::proves_api)
}

/// Whether the API's own name works at an address: on its path, or in an experiment.
fn is_cleared(case: &Case<'_>, address: Option<IpAddr>) -> bool {
    let own = |sight: &Sight<'_>| sight.path == AccessPath::PrivateDns && sight.is_ok() && sight.address() == address;
    case.any(|sight| own(sight)) || case.trial(Question::WorkingCallAtFailingAddress).is_some_and(own)
}
