//! What does the overview say of a target? One line: its state, what is wrong first, and each path in a word.

use super::clock::Clock;
use super::past::available;
use super::state::State;
use crate::diagnosis::Finding;
use crate::history::Window;
use crate::observation::{Outcome, Row};
use crate::plan::AccessPath;
use crate::render::cells::{Cell, Tone};
use crate::render::words::{tally, who};
use crate::report::Report;
use crate::status::{Status, TargetStatus};
use crate::target::Target;
use time::OffsetDateTime;

/// One target in its state.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) state: State,
    pub(super) target: &'a TargetStatus,
}

impl<'a> Entry<'a> {
    /// Every target, those that want attention first, otherwise in the order of the configuration.
    pub(super) fn all(status: &'a Status, now: OffsetDateTime) -> Vec<Self> {
        let entry = |target| Self { state: State::of(target, status.started, now), target };
        let mut entries: Vec<_> = status.targets.iter().map(entry).collect();
        entries.sort_by_key(|entry| entry.state);
        entries
    }

    /// The last round.
    pub(super) fn report(&self) -> Option<&'a Report> {
        self.target.history.latest().map(|report| &**report)
    }

    /// What explains the last round, the most telling first.
    pub(super) fn findings(&self) -> &'a [Finding] {
        self.report().map_or(&[], |report| &report.diagnosis.findings)
    }

    /// What explains it best.
    pub(super) fn finding(&self) -> Option<&'a Finding> {
        self.findings().first()
    }

    /// Who must act on a finding.
    #[expect(clippy::unused_self, reason = "templates call methods")]
    pub(super) fn who(&self, finding: &Finding) -> &'static str {
        who(finding.owner)
    }

    /// How many paths are ok.
    pub(super) fn tally(&self) -> String {
        self.report().map_or_else(|| "no round has ended yet".to_owned(), tally)
    }

    /// How often it passed in a day.
    pub(super) fn day(&self, clock: &Clock) -> String {
        available(&self.target.history, clock.0, Window::Day, None)
    }

    /// Each path in a word.
    pub(super) fn words(&self, columns: &[AccessPath]) -> Vec<Cell> {
        let Some(report) = self.report() else {
            return columns.iter().map(|_| not_there()).collect();
        };
        let row = |path| report.round.deciding().find(|row| row.path == path);
        let cell = |path| row(path).map_or_else(not_there, |row| word(row, &report.round.target));
        columns.iter().map(|path| cell(*path)).collect()
    }
}

fn not_there() -> Cell {
    Cell { text: "-".to_owned(), tone: Tone::Faint }
}

/// A path in a word: the status, or the phase that it failed in.
fn word(row: &Row, target: &Target) -> Cell {
    let outcome = row.outcome(target);
    let (text, good) = match outcome {
        Outcome::NotConfigured | Outcome::Skipped => ("-".to_owned(), true),
        Outcome::UnexpectedStatus(status) => (status.to_string(), row.is_good(target)),
        Outcome::Ok
        | Outcome::Dns(_)
        | Outcome::Tcp(_)
        | Outcome::Tls(_)
        | Outcome::Http(_)
        | Outcome::NotApiGateway => (outcome.name().to_owned(), row.is_good(target)),
    };
    let tone = match (text.as_str(), good, row.meets_intent(target)) {
        ("-", ..) => Tone::Faint,
        (_, true, _) => Tone::Good,
        (_, false, true) => Tone::Warn,
        (_, false, false) => Tone::Bad,
    };
    Cell { text, tone }
}
