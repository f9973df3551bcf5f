//! When is which target probed? One scheduler for all of them.

use super::board::{Board, Order};
use super::{log, notify};
use crate::check::Check;
use crate::config::{Config, Scheduled};
use crate::probe::Net;
use crate::report::{Report, Verdict};
use crate::status::Status;
use sd_notify::NotifyState;
use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// When each target is due next.
pub(super) struct Scheduler {
    entries: Vec<Entry>,
    host: Rc<(Net, Vec<String>)>,
    board: Arc<Board>,
}

struct Entry {
    check: Rc<Check>,
    interval: Duration,
    due: Instant,
    running: bool,
}

impl Scheduler {
    pub(super) fn new(config: Config, net: Net, ignored_proxy_variables: Vec<String>, board: Arc<Board>) -> Self {
        let now = Instant::now();
        let entry =
            |one: Scheduled| Entry { check: Rc::new(one.check), interval: one.interval, due: now, running: false };
        let entries = config.targets.into_iter().map(entry).collect();
        Self { entries, host: Rc::new((net, ignored_proxy_variables)), board }
    }

    /// Starts each round when it is due; a round that is still running when its time comes makes the next one late.
    pub(super) async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let mut rounds: JoinSet<(usize, Report)> = JoinSet::new();
        loop {
            let waiting = self.entries.iter().filter(|entry| !entry.running);
            let next = waiting.map(|entry| entry.due).min();
            tokio::select! {
                () = sleep_until(next) => self.start_due(&mut rounds),
                Some(done) = rounds.join_next(), if !rounds.is_empty() => {
                    let (at, report) = done.expect("a round does not panic");
                    self.end(at, report);
                }
                Some(_order) = orders.recv() => {}
            }
        }
    }

    fn start_due(&mut self, rounds: &mut JoinSet<(usize, Report)>) {
        let now = Instant::now();
        for (at, entry) in self.entries.iter_mut().enumerate().filter(|(_, entry)| !entry.running && entry.due <= now) {
            entry.running = true;
            while entry.due <= now {
                entry.due += entry.interval;
            }
            let (check, host) = (entry.check.clone(), self.host.clone());
            rounds.spawn_local(async move { (at, check.run(&host.0, &host.1).await) });
        }
    }

    fn end(&mut self, at: usize, report: Report) {
        self.entries[at].running = false;
        let report = Arc::new(report);
        let changed =
            self.board.change(|status| Arc::make_mut(&mut status.targets[at].history).record(report).is_some());
        let line = line(&self.board.status());
        notify(&[NotifyState::Status(&line)]);
        if changed {
            log(&line);
        }
    }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// One line that a pager could carry.
pub(super) fn line(status: &Status) -> String {
    let told: Vec<&Report> = status.targets.iter().filter_map(|target| target.history.latest()).map(|r| &**r).collect();
    let failing: Vec<String> =
        told.iter().filter(|report| report.verdict() == Verdict::Fail).map(|report| failure(report)).collect();
    if told.is_empty() {
        "first round under way".to_owned()
    } else if failing.is_empty() {
        format!("{} of {} targets probed, all pass", told.len(), status.targets.len())
    } else {
        failing.join("; ")
    }
}

fn failure(report: &Report) -> String {
    let target = &report.round.target;
    let rows = &report.round.rows;
    let ok = rows.iter().filter(|row| row.returns_expected(target)).count();
    let mut line = format!("{}: {ok}/{} paths ok", target.name, rows.len());
    for (at, row) in rows.iter().filter(|row| !row.meets_intent(target)).enumerate() {
        let finding = report.diagnosis.findings.iter().find(|finding| finding.paths.contains(&row.path));
        let cause = finding.map_or(row.outcome(target).name(), |finding| finding.cause.name());
        let _ = write!(line, "{}{}: {cause}", if at == 0 { " — " } else { ", " }, row.path);
    }
    line
}
