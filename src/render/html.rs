//! What do people see in a browser? One page of the daemon, without a script: what is broken first, why, and who must change what.

mod past;

mod bar;
mod clock;
mod entry;
mod section;
mod state;
mod view;

pub use view::{View, ViewError};

use super::Clean;
use crate::diagnosis::Cause;
use crate::plan::AccessPath;
use crate::status::Status;
use askama::Template;
use clock::Clock;
use entry::Entry;
use section::Section;
use state::{State, headline, headline_of};
use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::time::Duration;
use time::OffsetDateTime;

/// The page that a view asks for; none if no target has the name that it gives.
pub fn page<'a>(status: &'a Status, view: &'a View, now: OffsetDateTime) -> Option<impl Display + use<'a>> {
    let mut entries = Entry::all(status, now);
    if let Some(name) = &view.target {
        entries.retain(|entry| *entry.target.name == **name);
        entries.first()?;
    }
    Some(Harmless(Page::of(status, view, now, entries)))
}

/// The headers that belong to the page.
pub fn headers(view: &View) -> impl Iterator<Item = (&'static str, String)> + use<> {
    let fixed = HEADERS.into_iter().map(|(name, value)| (name, value.to_owned()));
    fixed.chain(view.refresh.map(|every| ("refresh", every.as_secs().to_string())))
}

/// Nothing but the page's own style sheet, which is told by its SHA-256, and its icon. Whoever changes the style changes this.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; \
     style-src 'sha256-i6EWw4hLxZlDZq5Bj6jUpnC5u6aZRfbVYQRY/FIVe6s='; \
     img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(&str, &str); 5] = [
    ("content-type", "text/html; charset=utf-8"),
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
];

#[derive(Template)]
#[template(path = "page.html", config = "src/render/html/askama.toml")]
struct Page<'a> {
    status: &'a Status,
    view: &'a View,
    now: OffsetDateTime,
    state: State,
    headline: String,
    /// The causes of what wants attention, the most frequent first.
    causes: Vec<(Cause, usize)>,
    entries: Vec<Entry<'a>>,
    /// One line each.
    overview: Vec<Entry<'a>>,
    overview_title: &'static str,
    /// In full.
    sections: Vec<Section<'a>>,
    /// One line each, if the reader opens them.
    rest: Vec<Entry<'a>>,
}

impl<'a> Page<'a> {
    fn of(status: &'a Status, view: &'a View, now: OffsetDateTime, entries: Vec<Entry<'a>>) -> Self {
        let all: Vec<_> = entries.iter().map(|entry| entry.state).collect();
        let few = entries.len() <= FEW;
        let troubled = all.iter().filter(|state| **state < State::Waiting).count();
        let (overview, rest) = match (entries.len(), few) {
            (1, _) => (&[][..], &[][..]),
            (_, true) => (&entries[..], &[][..]),
            (_, false) => entries.split_at(troubled),
        };
        let in_full = entries.iter().take(if few { FEW } else { troubled }).take(MOST_IN_FULL).enumerate();
        let folded = |entry: &Entry<'_>| entries.len() > 1 && entry.state == State::Passing;
        let sections = in_full.map(|(at, entry)| Section::of(at, *entry, folded(entry), view, Clock(now))).collect();
        Self {
            status,
            view,
            now,
            state: all.first().copied().unwrap_or(State::Waiting),
            headline: match &entries[..] {
                [one] => headline_of(&one.target.name, one.state),
                _ => headline(&all),
            },
            causes: causes(overview),
            overview: overview.to_vec(),
            overview_title: if few { "Targets" } else { "Targets that want attention" },
            sections,
            rest: rest.to_vec(),
            entries,
        }
    }

    fn clock(&self) -> Clock {
        Clock(self.now)
    }
}

/// The paths that the overview has a column for: the four, and others that a target was probed on.
fn columns(entries: &[Entry<'_>]) -> Vec<AccessPath> {
    let probed = |path| {
        entries.iter().filter_map(Entry::report).any(|report| report.round.deciding().any(|row| row.path == path))
    };
    AccessPath::ALL.iter().copied().filter(|path| path.is_of_four() || probed(*path)).collect()
}

/// The causes of the targets that do not pass, the most frequent first.
fn causes(entries: &[Entry<'_>]) -> Vec<(Cause, usize)> {
    let mut counts = BTreeMap::<Cause, usize>::new();
    for entry in entries.iter().filter(|entry| entry.state != State::Passing) {
        for finding in entry.findings() {
            *counts.entry(finding.cause).or_default() += 1;
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

/// The page with every character that steers instead of showing made visible, wherever it came from; markup is escaped by the template.
struct Harmless<'a>(Page<'a>);

impl Display for Harmless<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.render_into(&mut Sieve(f)).map_err(|_| fmt::Error)
    }
}

struct Sieve<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl fmt::Write for Sieve<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                self.0.write_str("\n")?;
            }
            write!(self.0, "{}", Clean(line))?;
        }
        Ok(())
    }
}

const STYLE: &str = include_str!("html/page.css");
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What the page offers to those who want it to refresh itself.
const REFRESH: Duration = Duration::from_secs(30);
/// So many targets are shown in one table; of more, those that want attention come first.
const FEW: usize = 20;
const MOST_IN_FULL: usize = 10;
const MOST_ROWS: usize = 1000;
/// Characters of a text from outside.
const MOST_CHARS: usize = 400;
