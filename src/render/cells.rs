//! What does each column say of a path? Resolves, connects, TLS, answer; and beside them what they leave out.

use crate::observation::{Attempt, Intent, Observation, Outcome, Row};
use crate::target::Target;

/// The columns of a path that was probed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cells {
    /// Whether the name gave an address.
    pub(super) resolves: Cell,
    /// Whether its addresses took a connection.
    pub(super) connects: Cell,
    /// Whether the handshake succeeded.
    pub(super) tls: Cell,
    /// The status of the answer.
    pub(super) answer: Cell,
}

/// One cell: a word, and whether it is good news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    /// The word.
    pub(super) text: String,
    /// What it means to the user.
    pub(super) tone: Tone,
}

/// What a cell means to the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// As hoped for.
    Good,
    /// Not as hoped for, and the path meets its intent all the same.
    Warn,
    /// Not as hoped for, and the path does not meet its intent.
    Bad,
    /// Not reached.
    Faint,
}

impl Tone {
    /// The class of the style sheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Faint => "faint",
        }
    }
}

impl Cells {
    /// The columns of a row and of what was observed of it.
    pub(super) fn of(row: &Row, seen: &Observation, target: &Target) -> Self {
        let decisive = seen.decisive();
        let connects = match decisive {
            None => NOT_REACHED.to_owned(),
            Some(attempt) if attempt.tcp.result.is_err() => "no".to_owned(),
            Some(_) => connected(seen),
        };
        let tls = decisive.and_then(Attempt::tls).map_or(NOT_REACHED, |tls| yes_or_no(tls.result.is_ok()));
        let answer = match (row.outcome(target), decisive.and_then(Attempt::http)) {
            (Outcome::UnexpectedStatus(status), _) => status.to_string(),
            (_, None) => NOT_REACHED.to_owned(),
            (_, Some(http)) => http.result.as_ref().map_or("no".to_owned(), |answer| answer.status.to_string()),
        };
        let cell = |text: String, good: bool| {
            let tone = match text.as_str() {
                NOT_REACHED => Tone::Faint,
                _ if good => Tone::Good,
                _ if row.meets_intent(target) => Tone::Warn,
                _ => Tone::Bad,
            };
            Cell { text, tone }
        };
        Self {
            resolves: cell(yes_or_no(row.resolves()).to_owned(), row.resolves()),
            tls: cell(tls.to_owned(), tls == "yes"),
            answer: cell(answer, row.is_good(target)),
            connects: {
                let all = connects == "yes";
                cell(connects, all)
            },
        }
    }
}

/// What the cells do not say: the intent if it is not the usual one, and the outcome's code.
pub(super) fn beside(row: &Row, target: &Target) -> Vec<String> {
    let mut beside = Vec::new();
    match row.intent {
        Intent::Forbidden if row.is_open(target) => beside.push("forbidden, but it is open".to_owned()),
        Intent::Forbidden => beside.push("forbidden, and it is closed".to_owned()),
        Intent::Optional => beside.push("optional".to_owned()),
        Intent::Required | Intent::Skip => {}
    }
    match row.outcome(target) {
        Outcome::Ok => {}
        outcome @ Outcome::UnexpectedStatus(_) => {
            let expected: Vec<_> = target.expect.status.iter().map(u16::to_string).collect();
            beside.push(format!("{} (expected {})", outcome.name(), expected.join(" or ")));
        }
        outcome => beside.push(outcome.name().to_owned()),
    }
    beside
}

/// `yes`, or how many of several addresses took the connection. An address that this host cannot route to is no fault.
fn connected(seen: &Observation) -> String {
    let tried = seen.attempts.iter().map(|attempt| &attempt.tcp.result);
    let tried: Vec<_> = tried.filter(|tcp| !matches!(tcp, Err(failure) if failure.fault.is_of_this_host())).collect();
    let up = tried.iter().filter(|tcp| tcp.is_ok()).count();
    if up == tried.len() { "yes".to_owned() } else { format!("{up} of {}", tried.len()) }
}

fn yes_or_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

const NOT_REACHED: &str = "-";
