//! The status of a daemon made by hand, from the reports that are.
#![allow(dead_code, unreachable_pub, reason = "each test file that includes this one uses a part of it")]

use crate::report;
use apigw_probe::history::{History, share};
use apigw_probe::plan::AccessPath;
use apigw_probe::report::Report;
use apigw_probe::status::{Output, OutputStatus, Process, Reload, Rounds, Schedule, Status, TargetStatus};
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;

/// A daemon in which every family has a sample.
pub fn full() -> Status {
    let rounds = vec![report::healthy(), report::one_path_refused()];
    status([
        (Schedule::Interval, rounds),
        (Schedule::Interval, vec![report::with_canary(report::all_broken(), 403)]),
        (Schedule::Interval, vec![report::one_zone_down()]),
        (Schedule::OnProbe, vec![report::healthy()]),
    ])
}

/// Targets named `target-0` and so on, each with its rounds.
pub fn status(targets: impl IntoIterator<Item = (Schedule, Vec<Report>)>) -> Status {
    let target = |(at, (schedule, rounds)): (usize, (Schedule, Vec<Report>))| {
        let name: Arc<str> = format!("target-{at}").into();
        let mut history = History::new(AccessPath::FOUR.iter().copied(), share(1));
        for mut report in rounds {
            Arc::make_mut(&mut report.round.target).name = name.to_string();
            history.record(Arc::new(report));
        }
        let interval = Duration::from_secs(60);
        TargetStatus { name, schedule, interval, next_round: None, missed_rounds: 0, history: Arc::new(history) }
    };
    Status {
        started: moment(),
        targets: targets.into_iter().enumerate().map(target).collect(),
        reload: Reload { in_force_since: moment(), refused: None },
        outputs: vec![OutputStatus { output: Output::Textfile, write_errors: 2, last_error: None }],
        rounds: Rounds::default(),
    }
}

/// A process of which everything is known.
pub fn process() -> Process {
    Process {
        cpu: Some(Duration::from_millis(1_250)),
        open_fds: Some(12),
        max_fds: Some(1_024),
        virtual_bytes: Some(9 << 20),
        resident_bytes: Some(5 << 20),
        threads: Some(2),
        started: Some(moment()),
    }
}

fn moment() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(report::STARTED).unwrap()
}
