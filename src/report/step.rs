//! How far is the set-up? The six documented steps in their order, each with what shows it and what to do.

mod view;

// whose steps they are
mod account_a;
mod account_b;

use super::Report;
use crate::named::named;
use crate::observation::{Answer, Attempt, Row};
use crate::setup::{Blind, Setup};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use view::View;

/// One documented step of the set-up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Its place among the six.
    pub number: u8,
    /// Who does what in it.
    pub title: String,
    /// Whether it is done.
    pub state: StepState,
    /// What shows it, or what would.
    pub seen: Vec<String>,
    /// What to do.
    pub todo: Vec<String>,
}

named! {
    /// Whether a step is done.
    pub enum StepState {
        /// It is.
        Done = "done",
        /// It is not, or not rightly.
        NotDone = "not-done",
        /// Nothing that may be seen shows it.
        CannotSee = "cannot-see",
    }
}

/// The steps of a set-up; of a round that was probed too, what its answers show counts as well. There are none of what is not
/// set up in these steps.
pub fn steps(setup: &Setup, report: Option<&Report>) -> Vec<Step> {
    if report.is_some_and(|report| other_kind(setup, report).is_some()) {
        return Vec::new();
    }
    let view = View { setup, report, target: report.map(|report| &*report.round.target) };
    let states = [view.endpoint(), view.api(), view.policy(), view.method(), view.deployed(), view.called()];
    let numbered = (1..).zip(TITLES).zip(states);
    numbered.map(|((number, title), found)| found.step(number, title)).collect()
}

/// What was called in place of a private REST API, whose steps these are: neither a public API nor an HTTP API has an endpoint, an
/// association or a policy that lets the endpoint in, and an HTTP API is not among those that account B was asked for.
pub fn other_kind(setup: &Setup, report: &Report) -> Option<&'static str> {
    let round = &report.round;
    let attempts = || round.rows.iter().filter_map(Row::observation).flat_map(|seen| &seen.attempts);
    if round.target.is_public() {
        Some("a public API")
    } else if setup.api.known().is_none() && attempts().filter_map(Attempt::answer).any(Answer::is_of_http_api) {
        Some("an HTTP API, which cannot be private")
    } else {
        None
    }
}

const TITLES: [&str; 6] = [
    "account A: an interface endpoint for execute-api in the VPC",
    "account B: a private REST API, associated with the endpoint",
    "account B: a resource policy that lets the endpoint in",
    "account B: a method on the resource",
    "account B: deployed to the stage",
    "account A: called from the VPC",
];

/// What was found of a step.
#[derive(Debug)]
struct Found {
    state: StepState,
    seen: Vec<String>,
    todo: Vec<String>,
}

impl Found {
    fn done(seen: impl Into<String>) -> Self {
        Self { state: StepState::Done, seen: vec![seen.into()], todo: Vec::new() }
    }

    fn not_done(seen: impl Into<String>) -> Self {
        Self { state: StepState::NotDone, seen: vec![seen.into()], todo: Vec::new() }
    }

    fn unclear(seen: impl Into<String>) -> Self {
        Self { state: StepState::CannotSee, seen: vec![seen.into()], todo: Vec::new() }
    }

    fn unseen(blind: &Blind) -> Self {
        Self::unclear(format!("{}: {}", blind.source, blind.why))
    }

    fn unnamed() -> Self {
        Self::unseen(&Blind::new("INVOKE_URL", "no API was named"))
    }

    fn and(mut self, seen: impl IntoIterator<Item = String>) -> Self {
        self.seen.extend(seen);
        self
    }

    fn todo(mut self, todo: impl IntoIterator<Item = String>) -> Self {
        self.todo.extend(todo);
        self
    }

    fn step(self, number: u8, title: &str) -> Step {
        let Self { state, seen, todo } = self;
        Step { number, title: title.to_owned(), state, seen, todo }
    }
}
