//! The text report: complete where something is wrong, quiet where nothing is, and harmless.

use crate::{hostile, is_harmless, report};
use apigw_probe::observation::{Intent, Outcome, Seen};
use apigw_probe::plan::AccessPath;
use apigw_probe::render::{TextStyle, text};
use apigw_probe::report::{Report, Verdict};
use proptest::prelude::*;

#[test]
fn first_line_tells_verdict_and_target() {
    for (name, report) in report::all() {
        let text = plain(&report);
        let first = text.lines().next().unwrap();
        let word = match report.verdict() {
            Verdict::Pass => "PASS",
            Verdict::Fail => "FAIL",
        };
        assert!(first.starts_with(word), "{name}: {first}");
        assert!(first.contains(&report.round.target.name), "{name}: {first}");
    }
}

#[test]
fn each_path_has_a_line_with_its_outcome() {
    for (name, report) in report::all() {
        let text = plain(&report);
        for row in &report.round.rows {
            let is_own = |line: &str| match &row.zone {
                Some(zone) => line.trim_start_matches('!').trim_start().starts_with(zone.as_str()),
                None => begins_with(line, row.path),
            };
            let lines: Vec<_> = text.lines().skip_while(|line| !is_own(line)).take(2).collect();
            assert!(!lines.is_empty(), "{name}: no line for {}", row.path);
            let outcome = row.outcome(&report.round.target);
            if outcome != Outcome::Ok {
                assert!(lines.concat().contains(outcome.name()), "{name}: {} not in {lines:?}", outcome.name());
            }
            assert_eq!(lines[0].starts_with('!'), !row.meets_intent(&report.round.target), "{name}: {lines:?}");
        }
    }
}

#[test]
fn status_stands_in_the_line_of_its_path() {
    let text = plain(&report::one_path_refused());
    assert!(line_of(&text, AccessPath::VpceHostHeader).contains(" 403 "));
    assert!(line_of(&text, AccessPath::PrivateDns).contains(" 200 "));
}

#[test]
fn healthy_report_is_short() {
    let text = plain(&report::healthy());
    assert!(text.lines().count() <= 9, "{text}");
}

#[test]
fn quiet_report_is_one_line() {
    for (name, report) in report::all() {
        let style = TextStyle { quiet: true, ..TextStyle::default() };
        assert_eq!(render(&report, style).lines().count(), 1, "{name}");
    }
}

#[test]
fn findings_name_cause_alternatives_paths_and_link() {
    let report = report::one_name_missing();
    let finding = &report.diagnosis.findings[0];
    let text = plain(&report);
    let finding_text = &text[text.find("\n1. ").expect("a first finding")..];
    assert!(finding_text.contains(finding.cause.name()));
    assert!(finding_text.contains(finding.alternatives[0].name()));
    assert!(finding_text.contains(finding.confidence.name()));
    assert!(finding_text.contains(finding.paths[0].name()));
    assert!(finding_text.contains(&finding.docs));
}

#[test]
fn commands_stand_whole_on_a_line() {
    let text = plain(&report::one_name_missing());
    assert_eq!(text.lines().filter(|line| line.trim() == report::COMMAND).count(), 2, "{text}");
}

#[test]
fn quoted_text_is_not_taken_for_a_command() {
    let mut report = report::one_name_missing();
    report.diagnosis.findings[0].evidence = vec![format!("the server says: `{}`", report::COMMAND)];
    let text = plain(&report);
    assert_eq!(text.lines().filter(|line| line.trim() == report::COMMAND).count(), 2, "{text}");
}

#[test]
fn request_ids_are_there_when_an_answer_was_not_the_expected_one() {
    let mut report = report::one_path_refused();
    let answer = report::answer_mut(&mut report.round, AccessPath::VpceHostHeader);
    let id = "11111111-2222-3333-4444-555555555555";
    answer.headers.iter_mut().find(|(name, _)| name == "x-amzn-RequestId").unwrap().1 = id.to_owned();
    let other = "6b1ff0e2-9d3c-4c1e-8f6a-2f1f5a6a7b8c";
    let text = plain(&report);
    assert!(text.contains(id) && !text.contains(other), "{text}");
    assert!(!plain(&report::one_name_missing()).contains(other));
}

#[test]
fn intent_is_shown_where_it_is_not_the_usual_one() {
    for (intent, marked) in [(Intent::Optional, false), (Intent::Forbidden, true)] {
        let mut report = report::healthy();
        report.round.rows[0].intent = intent;
        let text = plain(&report);
        assert!(text.contains(intent.name()), "{text}");
        assert_eq!(line_of(&text, AccessPath::PrivateDns).starts_with('!'), marked, "{text}");
    }
    assert!(!plain(&report::healthy()).contains(Intent::Required.name()));
}

#[test]
fn bars_share_one_scale_and_leave_out_what_was_not_reached() {
    let mut report = report::one_name_missing();
    let text = plain(&report);
    assert!(bar(&text, AccessPath::PrivateDns).chars().all(|c| c == 'r'));
    let short = bar(&text, AccessPath::Route53Alias);
    for letter in ['r', 'c', 't', 'a'] {
        assert!(short.contains(letter), "{short}");
    }
    let slow = report::http_mut(&mut report.round, AccessPath::VpceHostHeader);
    slow.felt *= 4;
    report::observation_mut(&mut report.round, AccessPath::VpceHostHeader).took *= 3;
    let text = plain(&report);
    let (slow, quick) = (bar(&text, AccessPath::VpceHostHeader), bar(&text, AccessPath::Route53Alias));
    assert!(slow.len() > 2 * quick.len(), "{slow} {quick}");
}

#[test]
fn dead_address_is_counted() {
    let text = plain(&report::one_address_down());
    assert!(line_of(&text, AccessPath::VpceHostHeader).contains("1 of 2"), "{text}");
    assert!(!line_of(&text, AccessPath::PrivateDns).contains(" of "), "{text}");
}

#[test]
fn warnings_of_the_target_come_before_the_paths() {
    let report = report::url_only();
    assert!(!report.round.target.warnings.is_empty());
    let text = plain(&report);
    let (head, _) = text.split_once("\n\n").expect("a blank line before the table");
    assert_eq!(head.matches("warning: ").count(), report.round.target.warnings.len());
}

#[test]
fn canary_has_a_line_that_is_marked_if_it_was_answered() {
    let marked = |status| {
        let report = report::with_canary(report::healthy(), status);
        let id = report.round.canary.as_ref().unwrap().api.to_string();
        let text = plain(&report);
        let line = text.lines().find(|line| line.contains(&id)).expect("a line of its own");
        (line.starts_with('!'), text.starts_with("FAIL"))
    };
    assert_eq!((marked(403), marked(200)), ((false, false), (true, true)));
}

#[test]
fn experiment_is_shown_with_its_question_and_its_answer() {
    let text = plain(&report::with_experiment(report::one_path_refused()));
    let at = text.find("own-name-in-handshake").expect("the question");
    assert!(text[at..].contains("10.0.1.5") && text[at..].contains("200"), "{text}");
}

#[test]
fn verbose_report_tells_everything_that_was_seen() {
    for (name, report) in report::all() {
        let text = render(&report, TextStyle { verbose: 1, ..TextStyle::default() });
        for row in &report.round.rows {
            let Seen::Probed(seen) = &row.seen else { continue };
            assert!(text.contains(&seen.plan.curl()), "{name}");
            for query in &seen.lookup.queries {
                assert!(text.contains(&query.server.to_string()) && text.contains(query.outcome.name()), "{name}");
            }
            for address in seen.lookup.addresses() {
                assert!(text.contains(&format!("{} {}", report.round.place(address.ip), address.class())), "{name}");
            }
            for attempt in &seen.attempts {
                assert!(text.contains(&attempt.address.to_string()), "{name}");
                assert!(attempt.certificate().is_none_or(|one| text.contains(&one.subject)), "{name}");
                assert!(attempt.secured().is_none_or(|one| text.contains(&one.session.cipher)), "{name}");
                let group = attempt.secured().and_then(|one| one.session.key_exchange.as_ref());
                assert!(group.is_none_or(|group| text.contains(group)), "{name}");
                assert!(!attempt.client_certificate_requested() || text.contains("client certificate"), "{name}");
                let root = attempt.secured().and_then(|one| one.expired_root.as_ref());
                assert!(root.is_none_or(|root| text.contains(&root.subject)), "{name}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hostile_text_does_no_harm(text in hostile::text(), verbose in 0_u8..2, width in 0_usize..140) {
        for (_, report) in report::all() {
            let report = hostile::filled(report, &text);
            let style = TextStyle { width, verbose, ..TextStyle::default() };
            let written = render(&report, style);
            prop_assert!(written.chars().all(is_harmless), "{:?}", written);
            let colored = render(&report, TextStyle { color: true, ..style });
            prop_assert_eq!(without_color(&colored), written);
        }
    }

    #[test]
    fn hostile_text_adds_no_line_to_the_verdict(text in hostile::text()) {
        let report = hostile::filled(report::healthy(), &text);
        let written = render(&report, TextStyle { quiet: true, ..TextStyle::default() });
        prop_assert_eq!(written.matches('\n').count(), 1);
    }

    #[test]
    fn lines_keep_to_the_width(text in hostile::text(), width in 60_usize..140) {
        for (_, report) in report::all() {
            let report = hostile::filled(report, &text);
            let written = render(&report, TextStyle { width, ..TextStyle::default() });
            for line in written.lines() {
                let may_exceed = line.trim_start().starts_with("aws ") || line.contains("https://");
                prop_assert!(line.chars().count() <= width || may_exceed, "{:?}", line);
            }
        }
    }
}

fn plain(report: &Report) -> String {
    render(report, TextStyle::default())
}

fn render(report: &Report, style: TextStyle) -> String {
    text(report, &style).to_string()
}

fn line_of(text: &str, path: AccessPath) -> &str {
    text.lines().find(|line| begins_with(line, path)).expect("a line a path")
}

/// Whether a line is the path's in the table: its mark, a space, its name.
fn begins_with(line: &str, path: AccessPath) -> bool {
    line.get(2..).is_some_and(|rest| rest.starts_with(path.name()))
}

/// The last word of a path's line.
fn bar(text: &str, path: AccessPath) -> &str {
    line_of(text, path).split_whitespace().last().expect("a bar")
}

/// The text without `ESC [ … m`, the only sequences that colour needs.
fn without_color(text: &str) -> String {
    let mut pieces = text.split("\x1b[");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (codes, rest) = piece.split_once('m').expect("an SGR sequence");
        assert!(codes.chars().all(|c| c.is_ascii_digit() || c == ';'), "{codes:?}");
        out.push_str(rest);
    }
    out
}
