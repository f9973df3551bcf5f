//! What do the set-up and the round show together? Rows, addresses and findings, as the steps ask for them.

use super::Found;
use crate::diagnosis::{Cause, Confidence, Finding, gateways_error};
use crate::observation::{NameSource, Place, Row};
use crate::plan::AccessPath;
use crate::report::Report;
use crate::setup::{Blind, Ruling, Setup};
use crate::target::Target;

/// The set-up beside the round.
pub(super) struct View<'a> {
    pub(super) setup: &'a Setup,
    pub(super) report: Option<&'a Report>,
    pub(super) target: Option<&'a Target>,
}

impl View<'_> {
    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.report.into_iter().flat_map(|report| report.round.deciding())
    }

    pub(super) fn row(&self, path: AccessPath) -> Option<&Row> {
        self.rows().find(|row| row.path == path && row.observation().is_some())
    }

    /// The paths whose calls came through to the backend. An error of the gateway's own did not, even where it is expected.
    pub(super) fn answered(&self) -> Vec<String> {
        let through = self.undenied().filter(|row| self.refusal_of(row).is_none());
        through.map(|row| row.id().to_string()).collect()
    }

    /// Whether a path returns what is expected, and nothing denies that the API did.
    pub(super) fn is_expected(&self) -> bool {
        self.undenied().next().is_some()
    }

    /// What denies that an expected answer is the API's, if all of them are denied so.
    pub(super) fn denial(&self) -> Option<Cause> {
        self.successes().find_map(|row| self.denial_of(row)).filter(|_| !self.is_expected())
    }

    /// The gateway's own error that is expected, if no call came through.
    pub(super) fn refusal(&self) -> Option<(String, Cause)> {
        self.undenied().find_map(|row| self.refusal_of(row)).filter(|_| self.answered().is_empty())
    }

    /// The paths that return what is expected from addresses that an endpoint can have, as far as nothing denies that the API did.
    fn undenied(&self) -> impl Iterator<Item = &Row> {
        self.successes().filter(|row| self.denial_of(row).is_none())
    }

    fn successes(&self) -> impl Iterator<Item = &Row> {
        self.rows().filter(|row| self.target.is_some_and(|target| row.returns_expected(target)) && is_inside(row))
    }

    /// What denies that the success of a path is the API's: something else answers, or the gateway refuses under another status.
    fn denial_of(&self, row: &Row) -> Option<Cause> {
        let answer = row.observation().and_then(|seen| seen.decisive()?.answer());
        let refused = answer.is_some_and(|answer| answer.error_type().is_some());
        let masked = || self.blamed(row, &[Cause::BackendErrorMaskedAs200]).filter(|_| refused);
        self.blamed(row, &SOMETHING_ELSE).or_else(|| self.blamed(row, &[Cause::OkHttpApi])).or_else(masked)
    }

    /// The error by which the gateway itself answers a call: what it calls it, and its first cause.
    fn refusal_of(&self, row: &Row) -> Option<(String, Cause)> {
        let (seen, target) = (row.observation()?, self.target?);
        let answer = seen.decisive()?.answer()?;
        let cause = gateways_error(answer, &seen.plan, target)?;
        Some((answer.error_type().map_or_else(|| answer.status.to_string(), str::to_owned), cause))
    }

    /// The first of these causes that a finding on this path names.
    fn blamed(&self, row: &Row, causes: &[Cause]) -> Option<Cause> {
        let about = |finding: &&Finding| {
            finding.zones.is_empty()
                && finding.paths.contains(&row.path)
                && finding.signed.is_none_or(|signed| signed == row.signed)
        };
        self.findings().iter().filter(about).map(|finding| finding.cause).find(|cause| causes.contains(cause))
    }

    /// The calls that came through, in words.
    pub(super) fn calls(&self) -> String {
        let (answered, all) = (self.answered(), self.rows().filter(|row| row.observation().is_some()).count());
        match answered.as_slice() {
            [one] => format!("the call by {one}"),
            many if many.len() == all => format!("all {all} calls"),
            many => format!("the calls by {}", many.join(", ")),
        }
    }

    /// The addresses of the endpoint that took a connection, as far as nothing denies that they are its.
    pub(super) fn reached(&self) -> Vec<String> {
        self.reached_by(|_| true)
    }

    /// Those that its own name leads to, which nobody else's name does.
    pub(super) fn reached_by_its_name(&self) -> Vec<String> {
        let named = |row: &Row| row.observation().is_some_and(|seen| seen.lookup.source == NameSource::Dns);
        self.reached_by(|row| row.path.dials_endpoint() && named(row))
    }

    fn reached_by(&self, fits: impl Fn(&Row) -> bool) -> Vec<String> {
        let rows = self.rows().filter(|row| fits(row) && is_inside(row) && self.blamed(row, &SOMETHING_ELSE).is_none());
        let attempts = rows.filter_map(Row::observation).flat_map(|seen| &seen.attempts);
        let mut reached: Vec<String> =
            attempts.filter(|one| one.tcp.result.is_ok()).map(|one| one.address.ip().to_string()).collect();
        reached.sort_unstable();
        reached.dedup();
        reached
    }

    /// The finding that names one of these causes: first of all, or among others.
    pub(super) fn told(&self, causes: &[Cause]) -> Option<&Finding> {
        let leads = |finding: &&Finding| causes.contains(&finding.cause);
        let competes = |finding: &&Finding| finding.alternatives.iter().any(|cause| causes.contains(cause));
        self.findings().iter().find(leads).or(self.findings().iter().find(competes))
    }

    /// The one of these causes that alone explains the answers.
    pub(super) fn refused_by(&self, causes: &[Cause]) -> Option<Cause> {
        let alone = |finding: &&Finding| finding.alternatives.is_empty() && finding.confidence >= Confidence::Likely;
        self.told(causes).filter(alone).map(|finding| finding.cause)
    }

    fn findings(&self) -> &[Finding] {
        self.report.map_or(&[], |report| &report.diagnosis.findings)
    }

    /// What to do about a cause: as the finding has it that names it, which knows the most.
    pub(super) fn fix(&self, cause: Cause, target: &Target) -> Vec<String> {
        let told = self.findings().iter().find(|finding| finding.cause == cause);
        told.map_or_else(|| cause.fix_of_call(target, &self.method_name()), |finding| finding.fix.clone())
    }

    /// What cannot be seen, and what an expected answer would show if it were the API's.
    pub(super) fn unseen(&self, blind: &Blind) -> Found {
        let refused =
            |(error, _)| format!("an expected answer came, and shows nothing of it: it is the gateway's own `{error}`");
        Found::unseen(blind).and(self.denial().map(shows_nothing)).and(self.refusal().map(refused))
    }

    /// The method that the round called with.
    pub(super) fn method_name(&self) -> String {
        let plan = self.rows().find_map(|row| Some(&row.observation()?.plan));
        plan.map_or_else(|| "GET".to_owned(), |plan| plan.method.to_string())
    }

    /// What the API's policy, as it is saved, says of the call.
    pub(super) fn ruling(&self) -> Option<Ruling> {
        self.setup.api_ruling(self.target?, &self.method_name(), self.is_signed())
    }

    /// What the endpoint's policy says of the call.
    pub(super) fn endpoint_ruling(&self) -> Option<Ruling> {
        self.setup.endpoint_ruling(self.target?, &self.method_name(), self.is_signed())
    }

    /// Whether calls of the round are signed.
    pub(super) fn is_signed(&self) -> bool {
        self.report.is_some_and(|report| report.round.rows.iter().any(|row| row.signed))
    }
}

/// Whether all addresses of a row can be an endpoint's.
pub(super) fn is_inside(row: &Row) -> bool {
    let addresses = row.observation().map(|seen| seen.lookup.addresses()).unwrap_or_default();
    !addresses.is_empty() && addresses.iter().all(|one| matches!(one.place(), Place::Inside | Place::Either))
}

/// The causes that a finding leaves open; of many the first, and the first of these.
pub(super) fn named(finding: &Finding, causes: &[Cause]) -> String {
    let Finding { cause, alternatives, .. } = finding;
    if alternatives.len() <= FEW {
        return std::iter::once(cause).chain(alternatives).map(|cause| cause.name()).collect::<Vec<_>>().join(" or ");
    }
    let among = alternatives.iter().find(|other| causes.contains(other) && !causes.contains(cause));
    let among = among.map(|other| format!(", {other} among them")).unwrap_or_default();
    format!("{cause} or one of {} others{among}", alternatives.len())
}

/// So many alternatives are told by their names.
const FEW: usize = 3;

/// What an expected answer is worth that is not the API's.
pub(super) fn shows_nothing(cause: Cause) -> String {
    format!("an expected answer came, and shows nothing: it is {cause}")
}

/// What says that something else than the API and its endpoint is there.
const SOMETHING_ELSE: [Cause; 6] = [
    Cause::AnswersAnyApi,
    Cause::NotApiGateway,
    Cause::AnsweredByAnotherApi,
    Cause::ProxyInterference,
    Cause::HttpProtocolError,
    Cause::TlsUntrustedIssuer,
];
