//! What does the page say of one target in full? Findings first, then paths, times, addresses, rounds, changes.

use super::MOST_CHARS;
use super::bar::{Stretch, stretches};
use super::clock::Clock;
use super::entry::Entry;
use super::past::{Kept, Turn, kept, strip, turns};
use super::state::State;
use super::view::View;
use crate::history::RoundBrief;
use crate::observation::{AddressClass, Attempt, Observation, Round, Row, Seen};
use crate::render::cells::{Cells, Tone, beside};
use crate::render::phases::{Mark, Took, phases};
use crate::render::request_id::{RequestId, refused};
use crate::render::step::{Piece, pieces};
use crate::render::words::canary_words;
use crate::report::{Report, Verdict};
use crate::status::Schedule;
use askama::Template;
use std::time::Duration;

/// One target in full.
#[derive(Template)]
#[template(path = "target.html", config = "src/render/html/askama.toml")]
pub(super) struct Section<'a> {
    number: usize,
    entry: Entry<'a>,
    /// Whether all but the findings is to be opened by the reader.
    folded: bool,
    view: &'a View,
    clock: Clock,
    paths: Vec<Path<'a>>,
    request_ids: Vec<RequestId<'a>>,
    kept: Vec<Kept>,
    /// The last rounds, the oldest first.
    strip: Vec<&'a RoundBrief>,
    turns: Vec<Turn>,
    /// How many changes are older than those.
    older: usize,
}

struct Path<'a> {
    row: &'a Row,
    meets_intent: bool,
    beside: Vec<String>,
    hint: Option<&'static str>,
    cells: Option<Cells>,
    times: Vec<Option<Took>>,
    stretches: Vec<Stretch>,
    addresses: Vec<Tried>,
}

struct Tried {
    /// The address, with its zone where that is known.
    place: String,
    class: AddressClass,
    connects: &'static str,
    tone: Tone,
    felt: Option<Duration>,
}

impl<'a> Section<'a> {
    pub(super) fn of(number: usize, entry: Entry<'a>, folded: bool, view: &'a View, clock: Clock) -> Self {
        let history = &entry.target.history;
        let (turns, older) = turns(history);
        Self {
            number,
            entry,
            folded,
            view,
            clock,
            paths: entry.report().map(paths).unwrap_or_default(),
            request_ids: entry.report().into_iter().flat_map(refused).take(MOST_REQUEST_IDS).collect(),
            kept: kept(history, clock.0),
            strip: strip(history),
            turns,
            older,
        }
    }
}

impl Section<'_> {
    /// What came of the canary of the last round, if there was one.
    fn canary(&self) -> Option<String> {
        let round = &self.entry.report()?.round;
        let canary = round.canary.as_ref()?;
        Some(canary_words(canary, &round.target))
    }

    /// How many of the last rounds failed.
    fn failed(&self) -> usize {
        self.strip.iter().filter(|round| round.verdict == Verdict::Fail).count()
    }
}

fn paths(report: &Report) -> Vec<Path<'_>> {
    let Report { round, .. } = report;
    let scale = round.rows.iter().filter_map(Row::observation).map(|seen| seen.took).max().unwrap_or_default();
    round.rows.iter().map(|row| Path::of(row, round, scale)).collect()
}

impl<'a> Path<'a> {
    fn of(row: &'a Row, round: &'a Round, scale: Duration) -> Self {
        let (seen, target) = (row.observation(), &round.target);
        Self {
            row,
            meets_intent: row.meets_intent(target),
            beside: beside(row, target),
            hint: match &row.seen {
                Seen::NotConfigured(missing) => Some(missing.hint()),
                Seen::Skipped | Seen::Probed(_) => None,
            },
            cells: seen.map(|seen| Cells::of(row, seen, target)),
            times: seen.map(times).unwrap_or_default(),
            stretches: seen.map(|seen| stretches(seen, scale)).unwrap_or_default(),
            addresses: seen.map(|seen| tried(seen, round)).unwrap_or_default(),
        }
    }
}

/// The times of a path, in the order of [`MARKS`].
fn times(seen: &Observation) -> Vec<Option<Took>> {
    MARKS.iter().map(|mark| phases(seen).find(|took| took.mark == *mark)).collect()
}

/// The addresses of a path, and whether each took the connection.
fn tried(seen: &Observation, round: &Round) -> Vec<Tried> {
    let tried = |address: &crate::observation::Address| {
        let attempt = seen.attempts.iter().find(|attempt| attempt.address.ip() == address.ip);
        let (connects, tone) = match attempt.map(|attempt| &attempt.tcp.result) {
            None => ("-", Tone::Faint),
            Some(Ok(_)) => ("yes", Tone::Good),
            Some(Err(failure)) => (failure.fault.name(), Tone::Bad),
        };
        let felt = attempt.map(|attempt: &Attempt| attempt.tcp.felt);
        Tried { place: round.place(address.ip), class: address.class(), connects, tone, felt }
    };
    seen.lookup.addresses().iter().take(MOST_ADDRESSES).map(tried).collect()
}

/// The phases, as columns.
const MARKS: [Mark; 4] = [Mark::Resolve, Mark::Connect, Mark::Tls, Mark::Answer];
const MOST_ADDRESSES: usize = 8;
const MOST_REQUEST_IDS: usize = 16;
