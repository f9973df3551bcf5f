//! How is a report told? Pure: a report in, text out; one file a format, and nothing in them that a terminal takes for a command.

mod block;
mod clean;
mod curl;
mod explain;
mod json;
pub mod metrics;
mod nagios;
mod style;
mod text;
mod wrap;

pub use clean::Clean;
pub use curl::curl;
pub use explain::{explain, explain_all};
pub use json::{json, json_line, json_schema};
pub use metrics::prometheus;
pub use nagios::{Nagios, NagiosStatus, nagios, nagios_of_all};
pub use style::TextStyle;
pub use text::text;

use crate::diagnosis::Owner;
use crate::observation::{Intent, Row, Seen};
use crate::report::Report;
use crate::target::Target;
use std::fmt::Write as _;

/// Who must act, in words.
fn who(owner: Owner) -> &'static str {
    match owner {
        Owner::AccountA => "account A (yours: client and endpoint)",
        Owner::AccountB => "account B (the API's owner)",
        Owner::Caller => "the caller (this command, this host)",
        Owner::Network => "the network between",
    }
}

/// How many paths did what the user hopes for, in words: `3 of 4 paths ok, 1 not configured`.
fn tally(report: &Report) -> String {
    let target = &report.round.target;
    let (mut probed, mut ok, mut lacking, mut skipped) = (0, 0, 0, 0);
    for row in &report.round.rows {
        match row.seen {
            Seen::NotConfigured(_) => {
                lacking += 1;
                // it was asked for by name, so that it counts
                probed += usize::from(!row.meets_intent(target));
            }
            Seen::Skipped => skipped += 1,
            Seen::Probed(_) => {
                probed += 1;
                ok += usize::from(is_good(row, target));
            }
        }
    }
    let what = if report.round.is_double() { "call" } else { "path" };
    let mut words = format!("{ok} of {probed} {what}{} ok", if probed == 1 { "" } else { "s" });
    for (count, state) in [(lacking, "not configured"), (skipped, "skipped")] {
        if count > 0 {
            let _ = write!(words, ", {count} {state}");
        }
    }
    words
}

/// Whether a path did what one hopes for: a forbidden path stayed closed, any other returned an expected status.
fn is_good(row: &Row, target: &Target) -> bool {
    match row.intent {
        Intent::Forbidden => !row.returns_expected(target),
        Intent::Required | Intent::Optional | Intent::Skip => row.returns_expected(target),
    }
}
