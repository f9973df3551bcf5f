//! The metrics: the grammar of both formats, and absence where nothing was measured.

use crate::exposition::{series, value};
use crate::{hostile, is_harmless, report};
use apigw_probe::observation::{Address, Attempt, Intent, Phase, TcpFailure, TcpFault};
use apigw_probe::plan::AccessPath;
use apigw_probe::render::metrics::{Exposition, ExpositionFormat};
use apigw_probe::render::{Clean, prometheus};
use apigw_probe::report::Report;
use proptest::prelude::*;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

#[test]
fn both_formats_keep_their_grammar() {
    let reports = named_reports();
    let text = prometheus(&reports);
    let open = Exposition::Reports(reports).page(ExpositionFormat::OpenMetrics);
    assert_eq!(series(&text), series(open.strip_suffix("# EOF\n").expect("an end")));
}

#[test]
fn healthy_path_has_every_measure() {
    let text = text_of(&report::healthy());
    assert_eq!(value(&text, r#"apigw_probe_target_success{target="a1bc234d5e-test"}"#), Some(1.0));
    let path = |family: &str, more: &str| {
        value(&text, &format!(r#"apigw_probe_{family}{{target="a1bc234d5e-test",path="private-dns"{more}}}"#))
    };
    assert_eq!(path("path_success", ""), Some(1.0));
    assert_eq!(path("path_resolves", ""), Some(1.0));
    assert_eq!(path("path_meets_intent", ""), Some(1.0));
    assert_eq!(path("path_intent_info", r#",intent="required""#), Some(1.0));
    assert_eq!(path("path_http_status", ""), Some(200.0));
    assert_eq!(path("path_phase_duration_seconds", r#",phase="tls""#), Some(0.0099));
    assert_eq!(path("path_phase_wire_duration_seconds", r#",phase="dns""#), Some(0.0027));
    assert_eq!(path("address_success", r#",address="10.0.2.15""#), Some(1.0));
    assert_eq!(path("addresses_omitted", ""), Some(0.0));
}

#[test]
fn canary_is_told_where_it_was_answered() {
    let series = r#"apigw_probe_canary_success{target="a1bc234d5e-test"}"#;
    let of = |report: &Report| value(&text_of(report), series);
    assert_eq!(of(&report::healthy()), None);
    assert_eq!(of(&report::with_canary(report::healthy(), 403)), Some(1.0));
    assert_eq!(of(&report::with_canary(report::healthy(), 200)), Some(0.0));
    let mut silent = report::with_canary(report::healthy(), 403);
    silent.round.canary.as_mut().unwrap().seen.attempts.clear();
    assert_eq!(of(&silent), None, "it proves nothing");
}

#[test]
fn phases_that_were_not_reached_are_absent() {
    let text = text_of(&report::one_name_missing());
    assert!(!text.contains("apigw_probe_path_http_status{target=\"a1bc234d5e-test\",path=\"private-dns\"}"));
    let phases: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("apigw_probe_path_phase_duration_seconds") && line.contains("\"private-dns\""))
        .collect();
    assert_eq!(phases.len(), 1, "{phases:?}");
    assert!(phases[0].contains("phase=\"dns\""));
}

#[test]
fn path_that_was_not_probed_has_its_intent_alone() {
    let mut report = report::url_only();
    let of_path = |report: &Report, path: &str| {
        let text = text_of(report);
        let lines = text.lines().filter(|line| line.contains(&format!("path=\"{path}\"")));
        lines.map(|line| line.split('{').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of_path(&report, "route53-alias"), ["apigw_probe_path_intent_info"]);
    assert_eq!(of_path(&report, "vpce-host-header"), ["apigw_probe_path_intent_info"]);
    // asked for by name, it decides the verdict
    report.round.rows[2].asked = true;
    assert_eq!(of_path(&report, "vpce-host-header"), ["apigw_probe_path_meets_intent", "apigw_probe_path_intent_info"]);
}

#[test]
fn one_cause_of_two_findings_is_one_series() {
    let text = text_of(&report::all_broken());
    assert_eq!(text.lines().filter(|line| line.starts_with("apigw_probe_finding{")).count(), 1);
}

#[test]
fn forbidden_path_that_is_closed_meets_its_intent() {
    let mut report = report::one_path_refused();
    report.round.rows[2].intent = Intent::Forbidden;
    let text = text_of(&report);
    let labels = r#"{target="a1bc234d5e-test",path="vpce-host-header"}"#;
    assert_eq!(value(&text, &format!("apigw_probe_path_success{labels}")), Some(0.0));
    assert_eq!(value(&text, &format!("apigw_probe_path_meets_intent{labels}")), Some(1.0));
    assert_eq!(value(&text, r#"apigw_probe_target_success{target="a1bc234d5e-test"}"#), Some(1.0));
}

#[test]
fn family_without_a_route_is_no_address_that_fails() {
    let mut report = report::healthy();
    let seen = report::observation_mut(&mut report.round, AccessPath::PrivateDns);
    seen.attempts[1].address = "[2001:db8::1]:443".parse().unwrap();
    seen.attempts[1].tcp.result = Err(TcpFailure { fault: TcpFault::NoRouteForFamily, detail: None });
    assert!(!text_of(&report).contains("2001:db8::1"));
}

#[test]
fn addresses_are_capped_and_the_rest_is_counted() {
    let mut report = report::healthy();
    let seen = report::observation_mut(&mut report.round, AccessPath::PrivateDns);
    let ips: Vec<_> = (1..=40).map(|last| IpAddr::from([10, 0, 9, last])).collect();
    seen.lookup.result = Ok(ips.iter().map(|ip| Address { ip: *ip, ttl: None }).collect());
    let failure = TcpFailure { fault: TcpFault::Timeout, detail: None };
    let attempt = |ip: &IpAddr| Attempt {
        address: SocketAddr::new(*ip, 443),
        tcp: Phase { felt: report::micros(3), wire: None, result: Err(failure.clone()) },
    };
    seen.attempts = ips.iter().map(attempt).collect();
    let text = text_of(&report);
    let shown =
        text.lines().filter(|line| line.starts_with("apigw_probe_address_success{") && line.contains("\"10.0.9."));
    assert_eq!(shown.count(), 32);
    let omitted = r#"apigw_probe_addresses_omitted{target="a1bc234d5e-test",path="private-dns"}"#;
    assert_eq!(value(&text, omitted), Some(8.0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hostile_text_does_no_harm(text in hostile::text()) {
        for (_, report) in report::all() {
            let report = hostile::filled(report, &text);
            let written = text_of(&report);
            prop_assert!(written.chars().all(is_harmless), "{:?}", written);
            let expected = Clean(&text).to_string();
            for labels in series(&written).keys().filter_map(|series| series.1.get("target")) {
                prop_assert_eq!(labels, &expected);
            }
        }
    }
}

/// Every report, each with a target name of its own.
fn named_reports() -> Vec<Report> {
    let named = |(name, mut report): (&str, Report)| {
        Arc::make_mut(&mut report.round.target).name = format!("{name} \"\\");
        report
    };
    report::all().into_iter().map(named).collect()
}

fn text_of(report: &Report) -> String {
    prometheus(std::slice::from_ref(report))
}
