//! What is it waiting for? One line on a terminal while a path is slow, gone when the report comes.

use super::output::is_dumb;
use crate::check::Check;
use crate::plan::RowId;
use crate::probe::{Net, Step};
use crate::report::Report;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::{Instant, interval_at};

/// Runs a check; if stderr is a terminal and it takes more than a moment, a line tells how far each path has come.
pub(super) async fn run_watched(check: &Check, net: &Net, proxies: &[String], quiet: bool) -> Report {
    if quiet || !io::stderr().is_terminal() || is_dumb() {
        return check.run(net, proxies).await;
    }
    let steps: Mutex<BTreeMap<RowId, Step>> = Mutex::default();
    let tell = |row, step| {
        steps.lock().expect("no panic while it is held").insert(row, step);
    };
    let began = Instant::now();
    let mut tick = interval_at(began + FIRST_AFTER, EACH);
    let mut told = false;
    let mut round = std::pin::pin!(check.run_telling(net, proxies, &tell));
    loop {
        tokio::select! {
            report = &mut round => {
                if told {
                    show("");
                }
                return report;
            }
            _ = tick.tick() => {
                told = true;
                show(&line(&steps.lock().expect("no panic while it is held"), began.elapsed()));
            }
        }
    }
}

/// `waiting 3 s: private-dns tcp, route53-alias http`, for the paths that have not ended.
fn line(steps: &BTreeMap<RowId, Step>, elapsed: Duration) -> String {
    let mut line = format!("waiting {} s:", elapsed.as_secs());
    let waiting = steps.iter().filter(|(_, step)| **step != Step::Done);
    for (at, (row, step)) in waiting.enumerate() {
        let _ = write!(line, "{} {row} {step}", if at == 0 { "" } else { "," });
    }
    line.chars().take(79).collect()
}

/// Replaces the terminal's current line.
fn show(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "\r\x1b[K{text}").and_then(|()| stderr.flush());
}

const FIRST_AFTER: Duration = Duration::from_secs(1);
const EACH: Duration = Duration::from_millis(250);
