//! What is there to say of a cause? The form of the catalogue's entries.

use crate::diagnosis::finding::{Confidence, Owner};

/// What is known of a cause, whatever the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// One sentence, the summary of a finding.
    pub title: &'static str,
    /// Who can change it.
    pub owner: Owner,
    /// What it means and why it happens.
    pub meaning: &'static str,
    /// How it shows: the evidence that it takes.
    pub shows: &'static str,
    /// The surest that a finding of it may be; where no public source shows the signal, it is not `certain`.
    pub ceiling: Confidence,
    /// What to do, in order, with names in braces to be filled in; `Cause::fix` does that.
    pub fix: &'static [&'static str],
    /// Where it is documented.
    pub docs: &'static str,
}
