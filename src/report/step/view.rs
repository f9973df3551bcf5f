//! What do the set-up and the round show together? Rows, addresses and findings, as the steps ask for them.

use crate::diagnosis::{Cause, Confidence};
use crate::observation::{Place, Row};
use crate::plan::AccessPath;
use crate::report::Report;
use crate::setup::{Ruling, Setup};
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

    /// The paths that return what is expected, over addresses that an endpoint can have.
    pub(super) fn answered(&self) -> Vec<String> {
        let ok = |row: &&Row| self.target.is_some_and(|target| row.returns_expected(target)) && is_inside(row);
        self.rows().filter(ok).map(|row| row.id().to_string()).collect()
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

    /// The addresses of the endpoint that took a connection.
    pub(super) fn reached(&self) -> Vec<String> {
        let attempts =
            self.rows().filter(|row| is_inside(row)).filter_map(Row::observation).flat_map(|seen| &seen.attempts);
        let mut reached: Vec<String> =
            attempts.filter(|one| one.tcp.result.is_ok()).map(|one| one.address.ip().to_string()).collect();
        reached.sort_unstable();
        reached.dedup();
        reached
    }

    /// The first of these causes that a finding names, no less surely than this.
    pub(super) fn blamed(&self, causes: &[Cause], least: Confidence) -> Option<Cause> {
        let findings = &self.report?.diagnosis.findings;
        let named = |cause: Cause| findings.iter().any(|one| one.cause == cause && one.confidence >= least);
        causes.iter().copied().find(|cause| named(*cause))
    }

    /// The method that the round called with.
    pub(super) fn method_name(&self) -> String {
        let plan = self.rows().find_map(|row| Some(&row.observation()?.plan));
        plan.map_or_else(|| "GET".to_owned(), |plan| plan.method.to_string())
    }

    pub(super) fn ruling(&self) -> Option<Ruling> {
        let (target, report) = (self.target?, self.report?);
        let signed = report.round.rows.iter().any(|row| row.signed);
        self.setup.api_ruling(target, &self.method_name(), signed)
    }
}

/// Whether all addresses of a row can be an endpoint's.
pub(super) fn is_inside(row: &Row) -> bool {
    let addresses = row.observation().map(|seen| seen.lookup.addresses()).unwrap_or_default();
    !addresses.is_empty() && addresses.iter().all(|one| matches!(one.place(), Place::Inside | Place::Either))
}
