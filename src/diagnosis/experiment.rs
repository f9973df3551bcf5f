//! What is worth asking further? Requests that differ from those of the round in one thing, where its explanations differ in just that.

use super::case::Case;
use super::cause::Cause;
use super::finding::{Diagnosis, Finding};
use super::meaning::Family;
use super::sight::Sight;
use crate::observation::{Question, Round};
use crate::plan::{AccessPath, Plan};
use crate::target::{ApiId, Warning};

/// A question to an address that was reached already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inquiry {
    /// What it is to tell.
    pub question: Question,
    /// What to send, and where.
    pub plan: Plan,
}

/// What is worth asking after a round, at most four requests; nothing if its explanation leaves nothing open that such a request
/// decides. `stranger` is an API that does not exist.
pub fn inquiries(round: &Round, diagnosis: &Diagnosis, stranger: &ApiId) -> Vec<Inquiry> {
    if !round.experiments.is_empty() {
        return Vec::new();
    }
    let signed = round.rows.iter().any(|row| row.signed);
    let doubt = Doubt { case: Case::open(round, signed), findings: &diagnosis.findings, stranger };
    let rules = [Doubt::place, Doubt::handshake, Doubt::host, Doubt::header, Doubt::api];
    let mut inquiries: Vec<Inquiry> = rules.iter().flat_map(|rule| rule(&doubt)).collect();
    inquiries.truncate(MOST_EXPERIMENTS);
    inquiries
}

/// The most requests that experiments may send in a round.
pub const MOST_EXPERIMENTS: usize = 4;

/// A round whose explanation leaves something open.
struct Doubt<'a> {
    case: Case<'a>,
    findings: &'a [Finding],
    stranger: &'a ApiId,
}

impl<'a> Doubt<'a> {
    /// A path fails at an address where no call works: one that works elsewhere tells the address from what is asked.
    fn place(&self) -> Vec<Inquiry> {
        let suspects = [Cause::DifferentEndpoint, Cause::StrictAccessMode];
        let Some(failing) = self.failing(&suspects).into_iter().next() else { return Vec::new() };
        let works = self.case.working_inside();
        if works.iter().any(|sight| sight.address() == failing.address()) {
            return Vec::new();
        }
        let ask = |works: &&Sight<'_>| at(failing, Question::WorkingCallAtFailingAddress, works.seen.plan.clone());
        works.first().and_then(ask).into_iter().collect()
    }

    /// All but the API's own name is refused: with that name in the handshake, strict access mode refuses what differs in `Host`
    /// all the same; whoever judges the handshake alone lets it pass.
    fn handshake(&self) -> Vec<Inquiry> {
        let works = self.case.sight(AccessPath::PrivateDns).is_some_and(Sight::is_ok);
        let suspects = self.failing(&[Cause::StrictAccessMode]);
        // the call with the API's own `Host` would be the one that works
        let other = |path| suspects.iter().find(|sight| sight.path == path);
        let failing = other(AccessPath::VpceApiIdHeader).or_else(|| other(AccessPath::Route53Alias));
        let ask = |failing: &&Sight<'_>| {
            let own = self.case.round.target.invoke_name();
            at(failing, Question::OwnNameInHandshake, failing.seen.plan.clone().shaking_hands_as(own))
        };
        failing.filter(|_| works).and_then(ask).into_iter().collect()
    }

    /// The `Host` header seems lost: with both names exchanged, what sets `Host` to the name in the handshake makes the call work, or
    /// be refused for want of a signature, which would not hold for a `Host` that is changed.
    fn host(&self) -> Vec<Inquiry> {
        let failing = self.contrasted(AccessPath::VpceHostHeader, Cause::WrongHostHeader);
        let ask = |failing: &Sight<'_>| {
            let plan = failing.seen.plan.clone();
            let (own, endpoints) = (self.case.round.target.invoke_name(), plan.dial.clone());
            at(failing, Question::HostFromHandshake, plan.unsigned().shaking_hands_as(own).to_host(endpoints))
        };
        failing.and_then(ask).into_iter().collect()
    }

    /// The id header seems lost: the id of no API beside the right `Host` is refused only if it arrives. If it does, the right id
    /// beside the right `Host` tells whether it is the endpoint's name as `Host` that is refused.
    fn header(&self) -> Vec<Inquiry> {
        let Some(failing) = self.contrasted(AccessPath::VpceApiIdHeader, Cause::WrongApiIdHeader) else {
            return Vec::new();
        };
        let target = &self.case.round.target;
        let own = target.invoke_name();
        let right = failing.seen.plan.clone().to_host(own.clone());
        let unknown = failing.seen.plan.of_stranger(target, self.stranger).to_host(own.clone());
        if self.case.sight(AccessPath::VpceHostHeader).is_some_and(Sight::is_ok) {
            let asked =
                [at(failing, Question::UnknownIdBesideHost, unknown), at(failing, Question::RightIdBesideHost, right)];
            return asked.into_iter().flatten().collect();
        }
        // that `Host` works by the API's own name only
        at(failing, Question::UnknownIdBesideHost, unknown.shaking_hands_as(own)).into_iter().collect()
    }

    /// Something else than this API seems to answer: whether the answer depends on the API tells how much.
    fn api(&self) -> Vec<Inquiry> {
        let round = self.case.round;
        if round.canary.as_ref().is_some_and(|canary| canary.is_refused(&round.target).is_some()) {
            return Vec::new();
        }
        let blamed = |sight: &Sight<'_>, causes: &[Cause]| {
            let mut findings = self.findings.iter().filter(|finding| finding.signed != Some(false));
            findings.any(|finding| causes.contains(&finding.cause) && finding.paths.contains(&sight.path))
        };
        let odd = |sight: &&Sight<'_>| {
            let Some(answer) = sight.answer() else { return false };
            let foreign = sight.is_ok() && !answer.from_api_gateway() || sight.family() == Some(Family::Foreign);
            foreign && blamed(sight, &[Cause::NotApiGateway, Cause::ProxyInterference])
                || sight.wants_explanation() && blamed(sight, &[Cause::AnsweredByAnotherApi])
        };
        let sight =
            AccessPath::LEAST_DNS_FIRST.iter().find_map(|path| self.case.sight(*path).filter(|sight| odd(sight)));
        let ask = |sight: &Sight<'_>| {
            at(sight, Question::UnknownApi, sight.seen.plan.of_stranger(&round.target, self.stranger))
        };
        sight.and_then(ask).into_iter().collect()
    }

    /// The paths that fail although an address was reached, and whose finding has one of these causes, first or among the others.
    fn failing(&self, causes: &[Cause]) -> Vec<&Sight<'a>> {
        let about = |finding: &&Finding, sight: &Sight<'_>| {
            finding.paths.contains(&sight.path) && finding.signed != Some(false)
        };
        let named = |finding: &Finding| {
            causes.iter().any(|cause| finding.cause == *cause || finding.alternatives.contains(cause))
        };
        let fails =
            |sight: &&Sight<'_>| sight.wants_explanation() && sight.attempt.is_some_and(|one| one.tls().is_some());
        let sights = self.case.sights.iter().filter(fails);
        sights.filter(|sight| self.findings.iter().any(|one| about(&one, sight) && named(one))).collect()
    }

    /// A path that fails for a header, it seems, while another works; none if what was typed contradicts itself, which explains more.
    fn contrasted(&self, path: AccessPath, cause: Cause) -> Option<&Sight<'a>> {
        let contradictory = self.case.round.target.warnings.iter().any(|warning| match warning {
            Warning::RegionsDiffer { .. }
            | Warning::SuffixesDiffer { .. }
            | Warning::SuffixOfAnotherPartition { .. }
            | Warning::AliasOfAnotherApi { .. } => true,
            Warning::EndpointsDiffer { .. }
            | Warning::UnusualApiId(_)
            | Warning::UnusualVpceId(_)
            | Warning::NoStage
            | Warning::UnusualStage(_)
            | Warning::PlainHttp => false,
        });
        let works = !contradictory && !self.case.working_inside().is_empty();
        self.failing(&[cause]).into_iter().find(|sight| works && sight.path == path && sight.answer().is_some())
    }
}

/// The question, to the address that decided a path.
fn at(sight: &Sight<'_>, question: Question, plan: Plan) -> Option<Inquiry> {
    Some(Inquiry { question, plan: plan.at(sight.address()?) })
}
