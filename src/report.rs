//! What came of one round, complete: target, observations, findings, and the verdict against intent.

mod shape;

pub use shape::{Shape, UnreadableReport};

use crate::diagnosis::{Diagnosis, diagnose};
use crate::named::named;
use crate::observation::{Intent, Round, Seen};

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

    /// Whether every path meets its intent.
    pub fn verdict(&self) -> Verdict {
        if self.round.rows.iter().all(|row| row.meets_intent(&self.round.target)) {
            Verdict::Pass
        } else {
            Verdict::Fail
        }
    }

    /// Whether something short of failure wants attention: an optional path fails, an address is down.
    pub fn has_warning(&self) -> bool {
        let optional_fails = self.round.rows.iter().any(|row| {
            row.intent == Intent::Optional
                && matches!(row.seen, Seen::Probed(_))
                && !row.returns_expected(&self.round.target)
        });
        optional_fails
            || self.diagnosis.findings.iter().any(|finding| finding.cause == crate::diagnosis::Cause::OneAddressDown)
    }
}
