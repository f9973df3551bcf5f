//! States of a daemon made by hand, of the reports made by hand.
#![allow(dead_code, unreachable_pub, reason = "each test file that includes this one uses a part of it")]

use crate::report;
use apigw_probe::history::{History, share};
use apigw_probe::plan::AccessPath;
use apigw_probe::report::Report;
use apigw_probe::status::{Output, OutputStatus, Reload, Rounds, Schedule, Status, TargetStatus};
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;

/// Half a minute after the rounds of [`report`] began.
pub fn now() -> OffsetDateTime {
    at(30)
}

/// A moment, in seconds after the rounds of [`report`] began.
pub fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(report::STARTED + seconds).expect("a moment")
}

/// A daemon that started a day before.
pub fn status(targets: Vec<TargetStatus>) -> Status {
    Status {
        started: at(-86_400),
        targets,
        reload: Reload { in_force_since: at(-86_400), refused: None },
        outputs: Vec::new(),
        rounds: Rounds::default(),
    }
}

/// A target that was probed once a minute, the last report last.
pub fn target(name: &str, reports: &[Report]) -> TargetStatus {
    let mut history = History::new(AccessPath::FOUR.iter().copied(), share(reports.len()));
    for (back, report) in (0..reports.len()).rev().zip(reports) {
        let mut report = report.clone();
        report.round.started -= Duration::from_secs(60) * u32::try_from(back).expect("a few");
        history.record(Arc::new(report));
    }
    TargetStatus {
        name: name.into(),
        schedule: Schedule::Interval,
        interval: Duration::from_secs(60),
        next_round: Some(at(60)),
        missed_rounds: 0,
        history: Arc::new(history),
    }
}

/// One target, all well.
pub fn healthy() -> Status {
    status(vec![target("orders", &vec![report::healthy(); 30])])
}

/// One target, each path broken in another way.
pub fn broken() -> Status {
    status(vec![target("orders", &[report::healthy(), report::one_path_refused(), diagnosed(report::all_broken())])])
}

/// Three targets, one of which fails, and a reload that was refused.
pub fn few() -> Status {
    let mut status = status(vec![
        target("billing", &[report::one_address_down(), report::healthy(), report::healthy()]),
        target("orders", &[report::healthy(), diagnosed(report::one_name_missing())]),
        target("stock", &[diagnosed(report::one_address_down())]),
    ]);
    let refused = "/etc/apigw-probe/config.toml:12: unknown key `intervall`; the nearest is `interval`";
    status.reload.refused = Some(refused.to_owned());
    let full = "write /var/lib/node_exporter/apigw-probe.prom: No space left on device (os error 28)";
    status.outputs =
        vec![OutputStatus { output: Output::Textfile, write_errors: 3, last_error: Some(full.to_owned()) }];
    status
}

/// One target in every state that there is.
pub fn every_state() -> Status {
    let mut late = target("late", &[report::healthy()]);
    late.interval = Duration::from_secs(5);
    let mut on_probe = target("on-probe", &[report::url_only()]);
    (on_probe.schedule, on_probe.next_round) = (Schedule::OnProbe, None);
    let mut status = few();
    status.reload.refused = None;
    status.outputs.clear();
    status.targets.extend([late, on_probe, target("waiting", &[])]);
    // it started just now, so that the one that waits is not late
    status.started = at(-10);
    status
}

/// As many targets, every seventh of which fails.
pub fn many(count: usize) -> Status {
    let broken = [diagnosed(report::one_name_missing()), diagnosed(report::one_path_refused())];
    let one = |index: usize| {
        let last = if index % 7 == 3 { broken[index % 2].clone() } else { report::healthy() };
        target(&format!("service-{index:04}"), &[report::healthy(), last])
    };
    status((0..count).map(one).collect())
}

/// The report with what the product says of it.
pub fn diagnosed(report: Report) -> Report {
    Report::of(report.round)
}
