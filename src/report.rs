//! What came of one round, complete: target, observations, findings, and the verdict against intent.

mod step;

mod json;

pub(crate) use json::InventoryJson;
pub use json::{ReadReportError, ReportJson, read_json};
pub use step::{Step, StepState, other_kind, steps};

use crate::diagnosis::{Cause, Diagnosis, diagnose};
use crate::named::named;
use crate::observation::{Intent, Round, Row};

/// One round with what it means.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What was seen.
    pub round: Round,
    /// What explains it.
    pub diagnosis: Diagnosis,
}

named! {
    /// Whether every path did what the user expects of it.
    pub enum Verdict {
        /// Every path meets its intent.
        Pass = "pass",
        /// At least one does not.
        Fail = "fail",
    }
}

impl Report {
    /// Diagnoses a round.
    pub fn of(round: Round) -> Self {
        Self { diagnosis: diagnose(&round), round }
    }

    /// Whether every path meets its intent, and no API is answered that does not exist.
    pub fn verdict(&self) -> Verdict {
        let target = &self.round.target;
        let canary = self.round.canary.as_ref().is_some_and(|canary| canary.is_answered(target));
        if !canary && self.round.rows.iter().all(|row| row.meets_intent(target)) {
            Verdict::Pass
        } else {
            Verdict::Fail
        }
    }

    /// How far the documented set-up is; nothing if nobody looked at it, or if it is not that of a private REST API.
    pub fn steps(&self) -> Vec<Step> {
        let setup = self.round.environment.setup.as_deref();
        setup.map(|setup| steps(setup, Some(self))).unwrap_or_default()
    }

    /// Whether something short of failure wants attention: an optional path fails, an address is down or fails in the handshake, a certificate is near its end, a
    /// root has expired.
    pub fn has_warning(&self) -> bool {
        let target = &self.round.target;
        let optional_fails =
            self.round.rows.iter().any(|row| {
                row.intent == Intent::Optional && row.observation().is_some() && !row.returns_expected(target)
            });
        let address_down = self.diagnosis.findings.iter().any(|finding| finding.cause == Cause::OneAddressDown);
        let attempts = || self.round.rows.iter().filter_map(Row::observation).flat_map(|seen| &seen.attempts);
        let unsecured = attempts().any(|attempt| attempt.tls().is_some_and(|tls| tls.result.is_err()));
        let certificate_ends = self.certificate_days().is_some_and(|days| days < SHORT_OF_DAYS);
        let expired_root = attempts().any(|attempt| attempt.secured().is_some_and(|tls| tls.expired_root.is_some()));
        optional_fails || address_down || unsecured || certificate_ends || expired_root
    }

    /// Whole days from the round to the end of the verified certificate that ends first; absent if none was verified.
    pub fn certificate_days(&self) -> Option<i64> {
        let attempts = self.round.rows.iter().filter_map(Row::observation).flat_map(|seen| &seen.attempts);
        let certificates = attempts.filter_map(|attempt| attempt.secured()?.certificate.as_ref());
        certificates.map(|certificate| (certificate.not_after - self.round.started).whole_days()).min()
    }
}

/// Fewer whole days than this until a certificate's end want attention.
pub const SHORT_OF_DAYS: i64 = 14;
