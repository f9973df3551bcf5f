//! The plugin output: the first line's grammar, the states and their exit status.

use crate::{hostile, is_harmless, report};
use apigw_probe::observation::Intent;
use apigw_probe::plan::AccessPath;
use apigw_probe::render::{Nagios, NagiosStatus, nagios};
use apigw_probe::report::{Report, SHORT_OF_DAYS};
use proptest::prelude::*;
use time::Duration;

#[test]
fn states_have_the_exit_status_of_the_monitoring_plugins() {
    let codes = [NagiosStatus::Ok, NagiosStatus::Warning, NagiosStatus::Critical, NagiosStatus::Unknown];
    assert_eq!(codes.map(NagiosStatus::exit_code), [0, 1, 2, 3]);
}

#[test]
fn healthy_report_is_ok() {
    assert_state(&report::healthy(), NagiosStatus::Ok);
}

#[test]
fn required_path_that_fails_is_critical() {
    assert_state(&report::one_name_missing(), NagiosStatus::Critical);
    assert_state(&report::one_path_refused(), NagiosStatus::Critical);
}

#[test]
fn optional_path_that_fails_is_a_warning() {
    let mut report = report::one_name_missing();
    report.round.rows[0].intent = Intent::Optional;
    assert_state(&report, NagiosStatus::Warning);
}

#[test]
fn canary_that_is_answered_is_critical() {
    assert_state(&report::with_canary(report::healthy(), 403), NagiosStatus::Ok);
    let answered = report::with_canary(report::healthy(), 200);
    assert_state(&answered, NagiosStatus::Critical);
    assert!(nagios(&answered).to_string().lines().next().unwrap().contains("; canary "));
}

#[test]
fn dead_address_is_a_warning() {
    assert_state(&report::one_address_down(), NagiosStatus::Warning);
}

#[test]
fn verified_certificate_near_its_end_is_a_warning() {
    for (left, state) in [
        (Duration::days(SHORT_OF_DAYS), NagiosStatus::Ok),
        (Duration::days(SHORT_OF_DAYS) - Duration::SECOND, NagiosStatus::Warning),
    ] {
        let mut report = report::healthy();
        let end = report.round.started + left;
        let secured = report::tls_mut(&mut report.round, AccessPath::VpceApiIdHeader).result.as_mut().unwrap();
        secured.certificate.as_mut().unwrap().not_after = end;
        assert_state(&report, state);
    }
}

#[test]
fn certificate_that_was_not_verified_has_no_days() {
    let mut report = report::all_broken();
    report.round.rows.truncate(3);
    assert_eq!(report.certificate_days(), None);
    assert!(figures(&nagios(&report).to_string()).iter().all(|(label, _)| label != "certificate_days"));
}

#[test]
fn what_could_not_run_is_unknown() {
    let unknown = Nagios::unknown("a reason | with a bar\nand a line");
    assert_eq!(unknown.status, NagiosStatus::Unknown);
    let text = unknown.to_string();
    assert!(text.starts_with("APIGW_PROBE UNKNOWN: "), "{text}");
    assert_eq!((text.matches('\n').count(), text.matches('|').count()), (1, 0), "{text}");
}

#[test]
fn labels_are_the_same_whatever_happened() {
    let labels =
        |report: &Report| figures(&nagios(report).to_string()).into_iter().map(|(label, _)| label).collect::<Vec<_>>();
    assert_eq!(labels(&report::one_name_missing()), labels(&report::healthy()));
}

#[test]
fn phases_that_were_not_reached_are_undetermined() {
    let figures = figures(&nagios(&report::one_name_missing()).to_string());
    let value = |label: &str| figures.iter().find(|(known, _)| known == label).unwrap().1.clone();
    assert_eq!(value("private-dns_tcp"), "U");
    assert_eq!(value("private-dns_dns"), "0.003100s");
    assert_eq!(value("route53-alias_http"), "0.016200s");
}

#[test]
fn causes_and_failing_paths_are_on_the_first_line() {
    let text = nagios(&report::one_name_missing()).to_string();
    let first = text.lines().next().unwrap();
    for name in ["private-dns", "dns-nxdomain", "private-dns-disabled"] {
        assert!(first.contains(name), "{first}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hostile_text_does_no_harm(text in hostile::text()) {
        for (_, report) in report::all() {
            let calm = nagios(&report).to_string();
            let written = nagios(&hostile::filled(report, &text)).to_string();
            prop_assert!(written.chars().all(is_harmless), "{:?}", written);
            prop_assert_eq!(written.matches('|').count(), 1);
            prop_assert_eq!(figures(&written), figures(&calm));
        }
    }
}

fn assert_state(report: &Report, state: NagiosStatus) {
    let nagios = nagios(report);
    assert_eq!(nagios.status, state);
    let text = nagios.to_string();
    assert!(text.starts_with(&format!("APIGW_PROBE {}: ", state.word())), "{text}");
}

/// The performance figures of the first line: label and value. Fails where the grammar is broken.
fn figures(text: &str) -> Vec<(String, String)> {
    let first = text.lines().next().expect("a first line");
    let (_, figures) = first.split_once(" | ").expect("performance figures");
    figures.split(' ').map(figure).collect()
}

/// `'label'=value[unit];[warn];[crit];[min];[max]`
fn figure(text: &str) -> (String, String) {
    let (label, rest) = text.strip_prefix('\'').and_then(|rest| rest.split_once("'=")).expect("a quoted label");
    assert!(!label.is_empty() && !label.contains(['=', '\'']), "{text}");
    let fields: Vec<_> = rest.split(';').collect();
    assert_eq!(fields.len(), 5, "{text}");
    let number = |text: &str| text.is_empty() || text.trim_end_matches(':').parse::<f64>().is_ok();
    assert!(fields[0] == "U" || number(fields[0].trim_end_matches('s')), "{text}");
    assert!(fields[1..].iter().all(|field| number(field)), "{text}");
    (label.to_owned(), fields[0].to_owned())
}
