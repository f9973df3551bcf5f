//! The status page: what it says in which state, its size, its policy, and that nothing in it does harm.

use crate::{hostile, is_harmless, report, statuses};
use apigw_probe::plan::AccessPath;
use apigw_probe::render::html::{CONTENT_SECURITY_POLICY, View, ViewError, headers, page};
use apigw_probe::status::{Schedule, Status};
use proptest::prelude::*;
use std::time::Duration;

#[test]
fn the_policy_names_the_style_that_is_sent() {
    let page = html(&statuses::healthy());
    let style = between(&page, "<style>", "</style>");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, style.as_bytes());
    let source = format!("style-src 'sha256-{}'", data_encoding::BASE64.encode(digest.as_ref()));
    assert!(CONTENT_SECURITY_POLICY.contains(&source), "{source}");
    assert!(!CONTENT_SECURITY_POLICY.contains("unsafe"));
    assert_eq!(page.matches("<style>").count(), 1);
    assert!(!page.contains(" style="), "the policy forbids it");
}

#[test]
fn the_title_tells_the_state() {
    let title = |status: &Status| between(&html(status), "<title>", "</title>").to_owned();
    assert!(title(&statuses::few()).starts_with("1 of 3 failing "));
    assert!(title(&statuses::many(50)).starts_with("7 of 50 failing "));
    assert!(title(&statuses::healthy()).starts_with("orders: ok "));
}

#[test]
fn what_fails_comes_first() {
    let page = html(&statuses::few());
    let table = between(&page, "<tbody>", "</tbody>");
    let at = |name: &str| table.find(&format!(">{name}</a>")).unwrap();
    assert!(at("orders") < at("stock") && at("stock") < at("billing"));
}

#[test]
fn a_refused_reload_is_told_before_anything_else() {
    let page = html(&statuses::few());
    assert!(
        page.find("unknown key").unwrap() < page.find("orders").unwrap_or(usize::MAX).max(page.find("<table").unwrap())
    );
    assert!(!html(&statuses::healthy()).contains("class=\"alarm\""));
}

#[test]
fn a_target_in_full_has_everything_that_helps() {
    let page = html(&statuses::broken());
    let report = statuses::broken().targets[0].history.latest().unwrap().clone();
    for path in AccessPath::FOUR {
        assert!(
            page.contains(&format!("<th scope=\"row\"><span class=\"bad\" aria-hidden=\"true\">✕ </span>{path}")),
            "{path}"
        );
    }
    for finding in &report.diagnosis.findings {
        assert!(page.contains(finding.cause.name()) && page.contains(finding.confidence.name()));
        assert!(page.contains(&format!("<a href=\"{}\">", finding.docs)));
        assert!(finding.evidence.iter().all(|fact| page.contains(&escaped(fact))));
    }
    for seen in [
        "tcp-host-unreachable",
        "10.0.1.15",
        "private",
        "dns-servfail",
        "tls-unknown-issuer",
        "6b1ff0e2-9d3c-4c1e-8f6a-2f1f5a6a7b8c",
    ] {
        assert!(page.contains(seen), "{seen}");
    }
    assert!(page.contains("datetime=\"2026-03-01T12:00:00Z\""));
}

#[test]
fn commands_stand_alone_so_that_they_can_be_copied() {
    let page = html(&statuses::status(vec![statuses::target("orders", &[report::one_name_missing()])]));
    assert!(page.contains(&format!("<pre>{}</pre>", report::COMMAND)));
}

#[test]
fn a_phase_that_was_not_reached_has_no_stretch() {
    let page = html(&statuses::status(vec![statuses::target("orders", &[report::one_name_missing()])]));
    let bar = between(&page, "<tr class=\"bar\"", "</tr>");
    assert!(bar.contains("class=\"resolve\"") && !bar.contains("class=\"TLS\""));
}

#[test]
fn a_target_whose_rounds_stopped_is_late_and_does_not_pass() {
    let mut status = statuses::healthy();
    assert!(html(&status).contains("badge good"));
    let view = View::default();
    let later = page(&status, &view, statuses::at(200)).unwrap().to_string();
    assert!(later.contains("badge warn") && !later.contains("badge good"));
    // nobody asked: that is no fault
    status.targets[0].schedule = Schedule::OnProbe;
    assert!(page(&status, &view, statuses::at(200)).unwrap().to_string().contains("badge good"));
}

#[test]
fn one_target_is_shown_by_its_name() {
    let status = statuses::many(50);
    let view = View { target: Some("service-0007".to_owned()), refresh: None };
    let page_of_one = page(&status, &view, statuses::now()).unwrap().to_string();
    assert!(page_of_one.contains("service-0007") && !page_of_one.contains("service-0003"));
    assert!(page(&status, &View { target: Some("service".to_owned()), ..view }, statuses::now()).is_none());
}

#[test]
fn every_link_to_a_target_leads_to_it() {
    let names = ["a b&c=d", "ü/漢#?", "\"><i>", "100%"];
    let status = statuses::status(names.iter().map(|name| statuses::target(name, &[report::healthy()])).collect());
    let page_of_all = html(&status);
    let links = page_of_all.split("href=\"?target=").skip(1).map(|rest| rest.split('"').next().unwrap());
    let found: std::collections::BTreeSet<_> =
        links.map(|value| View::parse(&format!("target={value}")).unwrap().target.unwrap()).collect();
    assert_eq!(found, names.iter().map(ToString::to_string).collect());
}

#[test]
fn a_refresh_is_a_header_and_only_on_demand() {
    let view = View::parse("refresh=30&target=orders").unwrap();
    assert_eq!(view, View { target: Some("orders".to_owned()), refresh: Some(Duration::from_secs(30)) });
    assert!(headers(&view).any(|header| header == ("refresh", "30".to_owned())));
    let page = page(&statuses::healthy(), &view, statuses::now()).unwrap().to_string();
    assert!(page.contains("href=\"?target=orders\""), "the way to stop it");
    assert!(!headers(&View::parse("").unwrap()).any(|(name, _)| name == "refresh"));
    assert_eq!(View::parse("refresh=1"), Err(ViewError::Refresh("1".to_owned())));
    assert_eq!(View::parse("other=1&target="), Ok(View::default()));
}

#[test]
fn many_targets_make_a_page_of_bounded_size() {
    let size = |count| html(&statuses::many(count)).len();
    let thousand = size(1000);
    assert!(thousand < 1_000_000, "{thousand}");
    assert!(size(9000) < 2 * thousand);
}

#[test]
fn a_daemon_without_targets_has_a_page() {
    assert!(html(&statuses::status(Vec::new())).contains("</html>"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hostile_text_does_no_harm(text in hostile::text(), markup in "[<>\"'&/a-z=!-]{0,40}") {
        let text = format!("{markup}{text}{markup}");
        let sound = report::all().into_iter().map(|(name, report)| statuses::target(name, &[report]));
        let hostile = report::all().into_iter().map(|(_, report)| statuses::target(&text, &[hostile::filled(report, &text)]));
        let mut status = statuses::status(hostile.collect());
        status.reload.refused = Some(text.clone());
        let written = html(&status);
        prop_assert!(written.chars().all(is_harmless), "{:?}", written);
        let mut quiet = statuses::status(sound.collect());
        quiet.reload.refused = Some("refused".to_owned());
        prop_assert_eq!(elements(&written), elements(&html(&quiet)));
    }
}

/// The names of all elements in their order, each with the names of its attributes: text cannot add one.
fn elements(html: &str) -> Vec<String> {
    let names = |tag: &str| {
        let outside: Vec<_> = tag.split('"').step_by(2).collect();
        outside.concat()
    };
    html.split('<').skip(1).map(|rest| names(&rest[..rest.find('>').expect("an end")])).collect()
}

fn html(status: &Status) -> String {
    page(status, &View::default(), statuses::now()).expect("the page of all targets").to_string()
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(begin).unwrap_or_else(|| panic!("no {begin}"));
    rest.split_once(end).unwrap_or_else(|| panic!("no {end}")).0
}

fn escaped(text: &str) -> String {
    text.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;").replace('"', "&#34;").replace('\'', "&#39;")
}
