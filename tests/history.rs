//! What is told of many rounds: changes, availability over a day of any length of history, counters that lose nothing.

#[path = "render/report.rs"]
mod report;

use apigw_probe::diagnosis::{Cause, Diagnosis, Owner};
use apigw_probe::history::{History, Window, share};
use apigw_probe::observation::{Intent, Outcome};
use apigw_probe::plan::AccessPath;
use apigw_probe::report::{Report, Verdict};
use proptest::prelude::*;
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

/// A round that begins so long after the first.
fn after(mut report: Report, since: Duration) -> Arc<Report> {
    report.round.started = start() + since;
    Arc::new(report)
}

fn start() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(report::STARTED).unwrap()
}

fn history(most_bytes: usize) -> History {
    History::new(AccessPath::FOUR.iter().copied(), most_bytes)
}

#[test]
fn change_tells_what_was_before_and_what_is_now() {
    let mut history = history(share(1));
    let first = history.record(after(report::healthy(), Duration::ZERO)).expect("the first round is a change");
    assert_eq!((first.from, first.to.verdict), (None, Verdict::Pass));
    assert!(history.record(after(report::healthy(), Duration::MINUTE)).is_none());
    let change = history.record(after(report::one_name_missing(), Duration::MINUTE * 2)).expect("a change");
    assert_eq!(change.at, start() + Duration::MINUTE * 2);
    assert_eq!(change.from.map(|from| (from.verdict, &*from.causes)), Some((Verdict::Pass, &[][..])));
    assert_eq!((change.to.verdict, &*change.to.causes), (Verdict::Fail, &[Cause::PrivateDnsDisabled][..]));
    let path = change.to.paths.of_path(AccessPath::PrivateDns).expect("it was probed");
    assert!(matches!(path.outcome, Outcome::Dns(_)) && !path.good);
    let told: Vec<_> = history.changes().map(|change| (change.at - start()).whole_minutes()).collect();
    assert_eq!(told, [2, 0], "the newest first");
    let rounds: Vec<_> = history.rounds().map(|round| (round.at - start()).whole_minutes()).collect();
    assert_eq!(rounds, [2, 1, 0], "the newest first");
}

#[test]
fn change_is_worse_where_a_round_fails_or_a_cause_is_new() {
    let mut history = history(share(1));
    let noted = |causes: &[Cause]| {
        let mut report = report::healthy();
        let paths = [AccessPath::PrivateDns];
        let findings = causes.iter().map(|cause| report::finding(*cause, Owner::AccountA, &paths)).collect();
        report.diagnosis = Diagnosis { findings };
        report
    };
    for (minute, (report, expected)) in (0..).zip([
        // the first round, compared with one in which nothing was wrong
        (noted(&[Cause::ClockSkew]), true),
        (noted(&[]), false),
        (report::one_name_missing(), true),
        (report::all_broken(), true),
        (report::one_name_missing(), true),
        (noted(&[Cause::ClockSkew, Cause::PrivateDnsDisabled]), false),
        (noted(&[Cause::ClockSkew]), false),
        (noted(&[Cause::PrivateDnsDisabled]), true),
    ]) {
        let change = history.record(after(report, Duration::MINUTE * minute)).expect("a change");
        assert_eq!(change.is_worse(), expected, "{minute}");
    }
}

#[test]
fn order_of_findings_is_no_change() {
    let two = |causes: [Cause; 2]| {
        let mut report = report::one_name_missing();
        let paths = [AccessPath::PrivateDns];
        let findings = causes.map(|cause| report::finding(cause, Owner::AccountA, &paths)).to_vec();
        report.diagnosis = Diagnosis { findings };
        report
    };
    let mut history = history(share(1));
    history.record(after(two([Cause::PrivateDnsDisabled, Cause::ClockSkew]), Duration::ZERO));
    let again = after(two([Cause::ClockSkew, Cause::PrivateDnsDisabled]), Duration::MINUTE);
    assert!(history.record(again).is_none());
}

#[test]
fn same_cause_on_another_path_is_a_change() {
    let mut history = history(share(1));
    let mut refused = report::one_path_refused();
    history.record(after(refused.clone(), Duration::ZERO));
    let row = refused.round.rows.iter().position(|row| row.path == AccessPath::VpceHostHeader).unwrap();
    let (one, other) = (refused.round.rows[row].seen.clone(), refused.round.rows[row + 1].seen.clone());
    (refused.round.rows[row].seen, refused.round.rows[row + 1].seen) = (other, one);
    assert!(history.record(after(refused, Duration::MINUTE)).is_some());
}

#[test]
fn closed_forbidden_path_is_available() {
    let mut report = report::one_path_refused();
    let row = report.round.rows.iter_mut().find(|row| row.path == AccessPath::VpceHostHeader).unwrap();
    row.intent = Intent::Forbidden;
    let mut history = history(share(1));
    history.record(after(report, Duration::ZERO));
    for path in [None, Some(AccessPath::VpceHostHeader), Some(AccessPath::PrivateDns)] {
        let availability = history.availability(start(), Window::Hour, path).unwrap();
        assert_eq!((availability.passed, availability.rounds), (1, 1), "{path:?}");
    }
}

#[test]
fn round_that_a_defect_ended_is_counted_and_no_part_of_availability() {
    let mut history = history(share(1));
    history.record_internal();
    assert!(history.latest().is_none() && history.availability(start(), Window::SinceStart, None).is_none());
    for (_, counts) in history.paths() {
        assert_eq!((counts.probes, counts.requests, &counts.failures[..]), (1, 0, &[("internal", 1)][..]));
    }
}

#[test]
fn canary_counts_as_a_request_and_not_as_a_probe() {
    let mut history = history(share(1));
    history.record(after(report::with_canary(report::healthy(), 403), Duration::ZERO));
    let counts = |wanted| history.paths().find(|(path, _)| *path == wanted).map(|(_, counts)| counts.clone()).unwrap();
    let (plain, ridden) = (counts(AccessPath::VpceHostHeader), counts(AccessPath::VpceApiIdHeader));
    assert_eq!((plain.probes, plain.requests), (1, 1));
    assert_eq!((ridden.probes, ridden.requests), (1, 2));
}

#[test]
fn shared_lookup_counts_its_queries_once() {
    let mut report = report::healthy();
    for path in [AccessPath::VpceHostHeader, AccessPath::VpceApiIdHeader] {
        let shared = path == AccessPath::VpceApiIdHeader;
        for query in &mut report::observation_mut(&mut report.round, path).lookup.queries {
            query.shared = shared;
        }
    }
    let mut history = history(share(1));
    history.record(after(report, Duration::ZERO));
    assert_eq!(history.dns_queries(), 6);
}

#[test]
fn request_is_counted_where_the_exchange_began() {
    let mut history = history(share(1));
    history.record(after(report::all_broken(), Duration::ZERO));
    let requests: Vec<_> = history.paths().map(|(path, counts)| (path, counts.requests)).collect();
    let expected = [0, 0, 0, 1];
    assert_eq!(requests, AccessPath::FOUR.iter().copied().zip(expected).collect::<Vec<_>>());
}

#[test]
fn oldest_rounds_go_before_any_change() {
    let mut history = history(share(1000));
    let kinds = [report::healthy(), report::one_name_missing()];
    for minute in 0..2_000 {
        // three changes in a day
        let kind = &kinds[usize::try_from(minute / 480 % 2).unwrap()];
        history.record(after(kind.clone(), Duration::MINUTE * minute));
        assert!(history.bytes() <= share(1000));
    }
    let changes: Vec<_> = history.changes().map(|change| (change.at - start()).whole_minutes()).collect();
    assert_eq!(changes, [1920, 1440, 960, 480, 0]);
    let rounds: Vec<_> = history.rounds().map(|round| (round.at - start()).whole_minutes()).collect();
    assert!(rounds.len() > 30 && rounds.iter().copied().eq((0..2_000).rev().take(rounds.len())));
}

#[test]
fn day_is_right_whatever_the_bound() {
    let mut history = history(0);
    let (pass, fail) = (report::healthy(), report::one_name_missing());
    // two days, every tenth round fails
    let rounds = 2 * 24 * 60;
    for minute in 0..rounds {
        let kind = if minute % 10 == 0 { &fail } else { &pass };
        history.record(after(kind.clone(), Duration::MINUTE * minute));
    }
    assert_eq!(history.rounds().len(), 0);
    let now = start() + Duration::MINUTE * rounds;
    let of = |window, path| history.availability(now, window, path).map(|one| (one.passed, one.rounds)).unwrap();
    for path in [None, Some(AccessPath::PrivateDns)] {
        // the current five minutes, or the current hour, have just begun
        assert_eq!(of(Window::Hour, path), (54, 60));
        assert_eq!(of(Window::Day, path), (1296, 1440));
        assert_eq!(of(Window::SinceStart, path), (2592, 2880));
    }
    assert_eq!(of(Window::Day, Some(AccessPath::Route53Alias)), (1440, 1440));
    let later = now + Duration::HOUR * 30;
    assert_eq!(history.availability(later, Window::Day, None), None);
    assert!(history.availability(later, Window::SinceStart, None).is_some());
}

#[test]
fn step_of_the_clock_loses_no_round() {
    let mut history = history(share(1));
    let hour = Duration::HOUR;
    for (since, rounds) in [
        (Duration::ZERO, 5),
        // a year ahead, and back
        (Duration::DAY * 365, 7),
        (hour, 11),
        // a day back, and right again
        (-Duration::DAY, 13),
        (hour * 2, 17),
    ] {
        for _ in 0..rounds {
            history.record(after(report::healthy(), since));
        }
    }
    let told = history.availability(start() + hour * 2, Window::SinceStart, None).unwrap();
    assert_eq!(told.rounds, 53);
    // what was counted a day back is a day and two hours old by the clock; nothing says that it is not
    assert_eq!(history.availability(start() + hour * 2, Window::Day, None).unwrap().rounds, 17);
    // as long as the clock is behind, all is within its day
    let mut history = self::history(share(1));
    for since in [Duration::ZERO, Duration::DAY * 365, hour, Duration::MINUTE] {
        history.record(after(report::healthy(), since));
    }
    assert_eq!(history.availability(start() + hour, Window::Day, None).unwrap().rounds, 4);
    // the clock is set back, and no round has come since
    assert_eq!(history.availability(start() - hour, Window::Hour, None).unwrap().rounds, 4);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost(rounds in prop::collection::vec((0..6_usize, -200_000_i64..200_000), 0..60), most in 0..20_000_usize) {
        let kinds = report::all();
        let mut history = history(most);
        let mut changes = 0;
        for (kind, seconds) in &rounds {
            let report = after(kinds[*kind].1.clone(), Duration::seconds(*seconds));
            changes += usize::from(history.record(report).is_some());
            prop_assert!(history.bytes() <= most.max(512));
        }
        let count = rounds.len() as u64;
        let all = history.availability(start(), Window::SinceStart, None).unwrap_or_default();
        prop_assert_eq!((all.rounds, history.durations().count), (count, count));
        for (path, counts) in history.paths() {
            let of_path = history.availability(start(), Window::SinceStart, Some(path)).unwrap_or_default();
            let failed: u64 = counts.failures.iter().map(|(_, count)| count).sum();
            prop_assert_eq!(counts.probes, of_path.rounds);
            // no path here is forbidden
            prop_assert_eq!(counts.probes, of_path.passed + failed);
            for window in [Window::Hour, Window::Day] {
                let some = history.availability(start(), window, Some(path)).unwrap_or_default();
                prop_assert!(some.passed <= some.rounds && some.rounds <= of_path.rounds);
            }
        }
        prop_assert!(history.durations().counts.iter().sum::<u64>() <= count);
        prop_assert!(history.changes().count() <= changes && history.rounds().len() <= rounds.len());
        let joined: Vec<_> = history.changes().collect();
        prop_assert!(joined.windows(2).all(|pair| pair[0].from == Some(pair[1].to)));
    }
}
