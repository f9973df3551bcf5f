//! When did it change? A round whose verdict, causes or working paths differ from those of the round before.

use super::brief::PathBriefs;
use crate::diagnosis::Cause;
use crate::report::{Report, Verdict};
use time::OffsetDateTime;

/// A round that differs from the one before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change<'a> {
    /// When the round began.
    pub at: OffsetDateTime,
    /// How it was before; absent for the first round, and where that is forgotten.
    pub from: Option<&'a State>,
    /// How it is from then on.
    pub to: &'a State,
}

impl Change<'_> {
    /// Returns whether the target does worse than before: it fails now, or a cause is new. The first round is compared
    /// with one in which nothing was wrong.
    pub fn is_worse(&self) -> bool {
        match (self.from.map_or(Verdict::Pass, |from| from.verdict), self.to.verdict) {
            (Verdict::Pass, Verdict::Fail) => true,
            (Verdict::Fail, Verdict::Pass) => false,
            (Verdict::Pass, Verdict::Pass) | (Verdict::Fail, Verdict::Fail) => {
                let known = self.from.map(|from| &*from.causes).unwrap_or_default();
                self.to.causes.iter().any(|cause| !known.contains(cause))
            }
        }
    }
}

/// What stays the same from one change to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Whether every path meets its intent.
    pub verdict: Verdict,
    /// The causes of the findings, each once, in the order of the catalogue.
    pub causes: Box<[Cause]>,
    /// How each path ended in the first round of this state.
    pub paths: PathBriefs,
}

impl State {
    pub(super) fn of(report: &Report, paths: PathBriefs) -> Self {
        let mut causes: Vec<_> = report.diagnosis.findings.iter().map(|finding| finding.cause).collect();
        causes.sort_unstable();
        causes.dedup();
        Self { verdict: report.verdict(), causes: causes.into(), paths }
    }

    /// Whether verdict and causes agree, and every path that both know works in both or in neither.
    pub(super) fn tells_the_same(&self, other: &Self) -> bool {
        let works_alike = self.paths.iter().all(|(path, one)| {
            let other = other.paths.of_path(path);
            other.is_none_or(|other| one.good == other.good)
        });
        (self.verdict, &self.causes) == (other.verdict, &other.causes) && works_alike
    }
}

/// A change as it is kept; what was before is in the one before.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    pub(super) at: OffsetDateTime,
    pub(super) state: State,
}

impl Turn {
    /// What it takes beside its own size: the causes, in the least that the allocator gives.
    pub(super) fn heap_bytes(&self) -> usize {
        if self.state.causes.is_empty() { 0 } else { size_of_val(&*self.state.causes).next_multiple_of(16) + 16 }
    }
}
