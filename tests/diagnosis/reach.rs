//! The way to the endpoint: rows R1 to R13 and T1 to T9 of the fact tables, and the clock.

use crate::round::{ALL, ENDPOINT, P1, P2, P3, P4, Scene, URL, at, attempt, healthy, names};
use apigw_probe::diagnosis::{Cause, Confidence, Owner};
use apigw_probe::observation::{Address, DnsFault, HttpFault, Intent, Seen, TcpFault, TlsFault};
use apigw_probe::plan::AccessPath;
use apigw_probe::target::{Target, TargetInput};
use std::time::Duration;

#[test]
fn port_443_is_dropped() {
    let finding = healthy().unconnected(&ALL, TcpFault::Timeout).shows(Cause::ConnectTimeout, &ALL);
    assert_eq!((finding.owner, finding.confidence), (Owner::AccountA, Confidence::Likely));
    assert!(names(&finding, Cause::PrivateApiViaInternet));
}

#[test]
fn there_is_no_route() {
    healthy().unconnected(&ALL, TcpFault::HostUnreachable).shows(Cause::ConnectTimeout, &ALL);
    healthy().unconnected(&ALL, TcpFault::NetworkUnreachable).shows(Cause::ConnectTimeout, &ALL);
}

#[test]
fn port_443_is_refused() {
    let finding = healthy().unconnected(&ALL, TcpFault::Refused).shows(Cause::ConnectionRefused, &ALL);
    assert!(names(&finding, Cause::DifferentEndpoint));
}

#[test]
fn this_hosts_firewall_rejects() {
    healthy().unconnected(&ALL, TcpFault::NotPermitted).shows(Cause::ConnectionRefused, &ALL);
}

#[test]
fn this_host_has_no_socket_to_give() {
    healthy().unconnected(&ALL, TcpFault::Local).shows(Cause::HostOutOfResources, &ALL);
    healthy().nameless(&ALL, DnsFault::Local).shows(Cause::HostOutOfResources, &ALL);
    assert_eq!(healthy().dead(&ALL, "10.0.3.10", TcpFault::Local).findings(), []);
}

#[test]
fn one_zone_is_down() {
    let scene =
        healthy().dead(&ALL, "10.0.3.10", TcpFault::Timeout).on(&[P1], |seen| seen.took = Duration::from_secs(3));
    let finding = scene.shows(Cause::OneAddressDown, &ALL);
    assert!(finding.fix.concat().contains("10.0.3.10"));
    assert!(finding.evidence.concat().contains("10.0.3.10"));
    assert_eq!(finding.confidence, Confidence::Likely);
}

#[test]
fn a_connect_that_was_given_no_time_proves_little() {
    let finding = healthy().dead(&ALL, "10.0.3.10", TcpFault::Timeout).shows(Cause::OneAddressDown, &ALL);
    assert_eq!(finding.confidence, Confidence::Possible);
    let finding = healthy().dead(&ALL, "10.0.3.10", TcpFault::Refused).shows(Cause::OneAddressDown, &ALL);
    assert_eq!(finding.confidence, Confidence::Likely);
}

#[test]
fn a_row_of_the_zone_that_waited_makes_it_likely() {
    let name = ENDPOINT.replace("f3ghijkl", "f3ghijkl-us-east-1c");
    let input = TargetInput { invoke_url: URL, zonal_dns_names: vec![&name], ..TargetInput::default() };
    let target = Target::parse(TargetInput { vpce_dns_name: Some(ENDPOINT), ..input }).unwrap();
    let zone = apigw_probe::plan::rows(&target, &[false], |_| false).into_iter().find_map(|id| id.zone);
    let mut scene = healthy().dead(&ALL, "10.0.3.10", TcpFault::Timeout);
    let mut row = scene.round.rows.iter().find(|row| row.path == P3).unwrap().clone();
    row.zone = Some(zone.unwrap());
    let Seen::Probed(seen) = &mut row.seen else { unreachable!() };
    seen.took = Duration::from_secs(3);
    seen.attempts.retain(|attempt| attempt.address.ip().to_string() == "10.0.3.10");
    scene.round.rows.push(row);
    let finding = scene.shows(Cause::OneAddressDown, &ALL);
    assert_eq!((finding.confidence, finding.zones.len()), (Confidence::Likely, 1), "{finding:#?}");
}

#[test]
fn one_zone_is_down_on_paths_that_fail_for_another_reason() {
    let scene = healthy().error(&ALL, 429, "TooManyRequestsException", "{\"message\":\"Too Many Requests\"}").dead(
        &ALL,
        "10.0.3.10",
        TcpFault::Refused,
    );
    assert_eq!(scene.findings(), [(Cause::Throttled, ALL.to_vec()), (Cause::OneAddressDown, ALL.to_vec())]);
}

#[test]
fn an_address_that_another_path_reaches_is_less_surely_down() {
    let finding = healthy().dead(&[P1], "10.0.2.10", TcpFault::Timeout).shows(Cause::OneAddressDown, &[P1]);
    assert_eq!(finding.confidence, Confidence::Possible);
}

#[test]
fn a_path_that_fails_at_addresses_which_others_reach_contradicts_a_block() {
    let finding = healthy().unconnected(&[P2], TcpFault::Timeout).shows(Cause::ConnectTimeout, &[P2]);
    assert!(names(&finding, Cause::OneAddressDown));
    assert!(finding.evidence.iter().any(|fact| fact.starts_with("against it")));
}

#[test]
fn ipv6_without_a_route_beside_ipv4_is_no_fault() {
    let scene = healthy().dead(&ALL, "2600:1f18::10", TcpFault::NoRouteForFamily);
    assert_eq!(scene.findings(), []);
}

#[test]
fn ipv6_without_a_route_alone_is_one() {
    let scene = healthy().at_addresses(&ALL, &["fd00::10"]).unconnected(&ALL, TcpFault::NoRouteForFamily);
    scene.shows(Cause::NoRouteForFamily, &ALL);
}

#[test]
fn a_forbidden_path_that_is_dropped_needs_no_word() {
    assert_eq!(healthy().intent(P2, Intent::Forbidden).unconnected(&[P2], TcpFault::Timeout).findings(), []);
}

#[test]
fn proxy_variables_are_told_beside_silence() {
    let mut scene = healthy().unconnected(&ALL, TcpFault::Timeout);
    scene.round.environment.ignored_proxy_variables = vec!["HTTPS_PROXY".to_owned()];
    assert!(scene.shows(Cause::ConnectTimeout, &ALL).evidence.concat().contains("HTTPS_PROXY"));
    let mut well = healthy();
    well.round.environment.ignored_proxy_variables = vec!["HTTPS_PROXY".to_owned()];
    assert_eq!(well.findings(), []);
}

#[test]
fn large_packets_vanish() {
    let finding = healthy().unsecured(&ALL, TlsFault::Timeout).shows(Cause::MtuBlackHole, &ALL);
    assert_eq!(finding.confidence, Confidence::Possible);
}

#[test]
fn no_version_in_common() {
    healthy().unsecured(&ALL, TlsFault::Version).shows(Cause::TlsVersion, &ALL);
    for alert in ["protocol_version", "handshake_failure", "insufficient_security", "inappropriate_fallback"] {
        healthy().alerted(&ALL, alert, false).shows(Cause::TlsVersion, &ALL);
    }
}

#[test]
fn a_server_that_wants_a_client_certificate_is_no_execute_api() {
    for alert in ["certificate_required", "bad_certificate", "unknown_ca", "access_denied", "no_application_protocol"] {
        for late in [false, true] {
            let finding = healthy().alerted(&ALL, alert, late).shows(Cause::ProxyInterference, &ALL);
            assert_eq!(finding.alternatives, [Cause::NotApiGateway], "{alert}");
        }
    }
    let others = healthy().alerted(&[P2, P3, P4], "certificate_required", true);
    assert_ne!(others.finding().cause, Cause::StrictAccessMode);
}

#[test]
fn a_public_custom_domain_name_may_want_a_client_certificate() {
    let scene = Scene::public("https://api.example.com/pets", None);
    let path = scene.round.rows[0].path;
    scene.alerted(&[path], "certificate_required", true).shows(Cause::Unexplained, &[path]);
}

#[test]
fn a_server_that_does_not_know_the_name_speaks_of_no_version() {
    let finding = healthy().alerted(&[P3, P4], "unrecognized_name", false).shows(Cause::ProxyInterference, &[P3, P4]);
    assert!(names(&finding, Cause::NotApiGateway) && !names(&finding, Cause::TlsVersion), "{finding:#?}");
}

#[test]
fn an_alert_that_fits_nothing_is_unexplained() {
    let finding = healthy().alerted(&ALL, "internal_error", false).shows(Cause::Unexplained, &ALL);
    assert!(!names(&finding, Cause::TlsVersion) && finding.evidence.concat().contains("internal_error"));
}

#[test]
fn strict_mode_is_thought_of_only_where_it_fits() {
    let strict = |scene: crate::round::Scene| names(&scene.finding(), Cause::StrictAccessMode);
    assert!(strict(healthy().only(&[P3]).alerted(&[P3], "handshake_failure", false)));
    assert!(!strict(healthy().alerted(&[P3], "handshake_failure", false)), "another name than the API's own works");
    assert!(!strict(healthy().alerted(&ALL, "handshake_failure", false)), "the API's own name fails as well");
}

#[test]
fn a_late_alert_is_still_an_alert() {
    healthy().alerted(&ALL, "handshake_failure", true).shows(Cause::TlsVersion, &ALL);
}

#[test]
fn the_certificate_is_for_another_name() {
    let finding = healthy().untrusted(&[P3, P4], TlsFault::WrongName, None).shows(Cause::TlsNameMismatch, &[P3, P4]);
    assert!(finding.evidence.concat().contains("*.execute-api.us-east-1.amazonaws.com"));
    assert!(finding.confidence < Confidence::Certain);
}

#[test]
fn a_foreign_authority_signed() {
    let finding =
        healthy().untrusted(&ALL, TlsFault::UnknownIssuer, Some(false)).shows(Cause::TlsUntrustedIssuer, &ALL);
    assert!(names(&finding, Cause::ProxyInterference));
}

#[test]
fn an_authority_that_only_this_host_trusts_marks_interception() {
    let finding = healthy().untrusted(&ALL, TlsFault::UnknownIssuer, Some(true)).shows(Cause::ProxyInterference, &ALL);
    assert_eq!(finding.alternatives, [Cause::TlsUntrustedIssuer]);
}

#[test]
fn an_answer_without_marks_under_a_trusted_certificate_of_another_issuer_is_an_interceptors() {
    let company = "C=US, O=Example Corp, CN=Example Corp TLS Inspection";
    let blocked = |paths: &[_], issuer| {
        healthy().answers(paths, 403, &[("Content-Type", "text/html")], "<html>blocked</html>").issued_by(paths, issuer)
    };
    for paths in [&ALL[..], &[P1], &[P2, P3, P4]] {
        let finding = blocked(paths, company).shows(Cause::ProxyInterference, paths);
        assert_eq!(
            (finding.confidence, finding.alternatives.as_slice()),
            (Confidence::Likely, &[Cause::NotApiGateway][..])
        );
        assert!(finding.evidence.concat().contains(company), "{finding:#?}");
    }
    let by_amazon = blocked(&ALL, "C=US, O=Amazon, CN=Amazon RSA 2048 M01");
    by_amazon.shows(Cause::NotApiGateway, &ALL);
    let passed =
        healthy().error(&ALL, 403, "ForbiddenException", r#"{"message":"Forbidden"}"#).issued_by(&ALL, company);
    assert!(!names(&passed.finding(), Cause::ProxyInterference), "API Gateway's own answer came through");
}

#[test]
fn a_success_without_marks_under_a_trusted_certificate_of_another_issuer_is_an_interceptors() {
    let scene = healthy().answers(&ALL, 200, &[], "[]").issued_by(&ALL, "CN=Example Corp TLS Inspection");
    assert!(names(&scene.shows(Cause::ProxyInterference, &ALL), Cause::NotApiGateway));
    assert_eq!(healthy().issued_by(&ALL, "CN=Example Corp TLS Inspection").findings(), []);
}

#[test]
fn a_custom_domain_names_certificate_may_be_of_any_issuer() {
    let path = AccessPath::CustomDomain;
    let scene = Scene::with_domain().answers(&[path], 403, &[], "<html>no</html>").issued_by(&[path], "CN=R11");
    assert_eq!(scene.finding().cause, Cause::NotApiGateway);
}

#[test]
fn only_the_apis_own_name_works() {
    for fault in [TlsFault::Alert, TlsFault::Closed, TlsFault::Reset, TlsFault::Timeout] {
        let finding = healthy().unsecured(&[P2, P3, P4], fault).shows(Cause::StrictAccessMode, &[P2, P3, P4]);
        assert_eq!(finding.confidence, Confidence::Likely, "{fault}");
    }
    let scene = healthy().error(&[P2, P3, P4], 403, "ForbiddenException", "{\"message\":\"Forbidden\"}");
    assert_eq!(scene.shows(Cause::StrictAccessMode, &[P2, P3, P4]).confidence, Confidence::Possible);
}

#[test]
fn strict_mode_is_not_blamed_for_a_refusal_that_names_a_policy() {
    let body = "{\"Message\":\"User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:\
                us-east-1:********3333:a1bc234d5e/test/GET/pets with an explicit deny in a resource-based policy\"}";
    let scene = healthy().error(&[P2, P3, P4], 403, "AccessDeniedException", body);
    assert_eq!(scene.finding().cause, Cause::ResourcePolicyExplicitDeny);
}

#[test]
fn strict_mode_is_not_blamed_where_nothing_connects() {
    let scene = healthy().unconnected(&[P2, P3, P4], TcpFault::Timeout);
    assert_eq!(scene.finding().cause, Cause::ConnectTimeout);
}

#[test]
fn a_handshake_that_is_cut_everywhere_is_a_firewalls() {
    healthy().unsecured(&ALL, TlsFault::Reset).shows(Cause::ProxyInterference, &ALL);
}

#[test]
fn what_answers_speaks_no_tls() {
    healthy().unsecured(&ALL, TlsFault::NotTls).shows(Cause::NotApiGateway, &ALL);
}

#[test]
fn what_answers_speaks_no_http() {
    healthy().unanswered(&ALL, HttpFault::Malformed).shows(Cause::HttpProtocolError, &ALL);
    healthy().unanswered(&ALL, HttpFault::HeadTooLarge).shows(Cause::HttpProtocolError, &ALL);
    healthy().unanswered(&ALL, HttpFault::Closed).shows(Cause::HttpProtocolError, &ALL);
}

#[test]
fn the_backend_is_slower_than_the_deadline() {
    for fault in [HttpFault::NoAnswer, HttpFault::Unfinished] {
        let finding = healthy().unanswered(&ALL, fault).shows(Cause::ResponseTooSlow, &ALL);
        assert!(names(&finding, Cause::IntegrationTimeout));
    }
}

#[test]
fn what_nobody_knows_is_unexplained() {
    for scene in [
        healthy().unconnected(&ALL, TcpFault::Other),
        healthy().unsecured(&ALL, TlsFault::Other),
        healthy().unanswered(&ALL, HttpFault::Other),
    ] {
        let finding = scene.shows(Cause::Unexplained, &ALL);
        assert_eq!(finding.confidence, Confidence::Possible);
        assert!(!finding.alternatives.is_empty());
    }
}

#[test]
fn a_certificate_is_past_its_end() {
    let finding = healthy().untrusted(&[P1], TlsFault::Expired, None).shows(Cause::CertificateExpired, &[P1]);
    assert!(!names(&finding, Cause::ClockSkew), "the other answers' dates agree with the clock");
}

#[test]
fn a_certificate_is_past_its_end_and_nothing_vouches_for_the_clock() {
    for fault in [TlsFault::Expired, TlsFault::NotYetValid] {
        let finding = healthy().untrusted(&ALL, fault, None).shows(Cause::CertificateExpired, &ALL);
        assert!(names(&finding, Cause::ClockSkew));
    }
}

#[test]
fn a_clock_that_is_off_explains_a_certificate_past_its_end() {
    let mut scene = healthy().untrusted(&[P1], TlsFault::NotYetValid, None);
    scene.round.started -= Duration::from_secs(86400);
    assert!(names(&scene.shows(Cause::ClockSkew, &ALL), Cause::CertificateExpired));
}

#[test]
fn a_clock_that_is_minutes_off_is_remarked() {
    for off in [-600, 600] {
        let mut scene = healthy();
        scene.round.started += time::Duration::seconds(off);
        let finding = scene.shows(Cause::ClockSkew, &ALL);
        assert_eq!(finding.confidence, Confidence::Likely);
    }
}

#[test]
fn a_clock_that_is_a_minute_off_is_not() {
    let mut scene = healthy();
    scene.round.started += time::Duration::seconds(100);
    assert_eq!(scene.findings(), []);
}

#[test]
fn a_slow_round_is_no_skew() {
    let mut scene = healthy();
    scene.round.started -= time::Duration::seconds(600);
    scene.round.took = Duration::from_secs(601);
    assert_eq!(scene.findings(), []);
}

#[test]
fn a_date_outside_the_certificates_validity_is_not_believed() {
    let scene = healthy().on(&ALL, |seen| {
        let tcp = seen.attempts[0].tcp.result.as_mut().unwrap();
        let tls = tcp.tls.as_mut().unwrap().result.as_mut().unwrap();
        tls.certificate.as_mut().unwrap().not_before = at(2_000_000_000);
    });
    let mut scene = scene;
    scene.round.started = at(2_000_000_100);
    assert_eq!(scene.findings(), []);
}

#[test]
fn dates_that_agree_with_the_clock_contradict_those_that_do_not() {
    let scene = healthy().answers(&[P1, P2], 200, &old(&[]), "[]");
    let finding = scene.shows(Cause::ClockSkew, &[P1, P2]);
    assert_eq!((finding.confidence, finding.alternatives), (Confidence::Possible, vec![Cause::ProxyInterference]));
    let against = finding.evidence.iter().filter(|fact| fact.starts_with("against it: ")).count();
    assert_eq!(against, 2, "{:#?}", finding.evidence);
}

#[test]
fn dates_that_differ_do_not_explain_a_certificate() {
    let scene = healthy().answers(&[P2], 200, &old(&[]), "[]").unsecured(&[P1], TlsFault::Expired).nxdomain(&[P4]);
    let findings = scene.diagnosis().findings;
    let finding = findings.iter().find(|finding| finding.paths == [P1]).unwrap();
    assert_eq!(finding.cause, Cause::CertificateExpired, "{findings:#?}");
}

/// Answers of three hours ago, with what else is on them.
fn old<'h>(more: &[(&'h str, &'h str)]) -> Vec<(&'h str, &'h str)> {
    [&[("Date", "Mon, 20 Jul 2026 00:00:00 GMT"), ("x-amz-apigw-id", "Oju9IGv65PgFlBg=")], more].concat()
}

#[test]
fn dates_that_disagree_make_a_skew_only_possible() {
    let scene = healthy().answers(&[P1, P2], 200, &old(&[]), "[]");
    assert_eq!(scene.shows(Cause::ClockSkew, &[P1, P2]).confidence, Confidence::Possible);
}

#[test]
fn one_date_that_is_off_beside_others_that_agree_is_about_its_path() {
    let finding = healthy().answers(&[P2], 200, &old(&[]), "[]").shows(Cause::ProxyInterference, &[P2]);
    assert_eq!(finding.confidence, Confidence::Possible);
    assert!(!names(&finding, Cause::ClockSkew), "{finding:#?}");
}

#[test]
fn an_old_date_that_its_age_accounts_for_is_a_caches() {
    let cached = healthy().answers(&ALL, 200, &old(&[("Age", "10800"), ("Via", "1.1 squid")]), "[]");
    let finding = cached.shows(Cause::ProxyInterference, &ALL);
    assert!(!names(&finding, Cause::ClockSkew), "{finding:#?}");
    // a backend's own age makes no right date wrong
    let now = [("Date", "Mon, 20 Jul 2026 03:00:00 GMT"), ("x-amz-apigw-id", "Oju9IGv65PgFlBg="), ("Age", "10800")];
    assert_eq!(healthy().answers(&ALL, 200, &now, "[]").findings(), []);
    // nor does one that is too small excuse a date
    let cached = healthy().answers(&ALL, 200, &old(&[("Age", "60")]), "[]");
    cached.shows(Cause::ClockSkew, &ALL);
}

#[test]
fn an_address_without_an_attempt_does_not_confuse() {
    let scene = healthy().on(&[P4], |seen| {
        seen.lookup.result = Ok(vec![Address { ip: "10.0.1.10".parse().unwrap(), ttl: None }]);
        seen.attempts = Vec::new();
    });
    assert_eq!(scene.finding().paths, [P4]);
    let scene = healthy().on(&[P4], |seen| {
        seen.attempts = vec![attempt("10.0.1.10", crate::round::phase(Err(tcp(TcpFault::Timeout))))];
    });
    assert_eq!(scene.finding().paths, [P4]);
}

fn tcp(fault: TcpFault) -> apigw_probe::observation::TcpFailure {
    apigw_probe::observation::TcpFailure { fault, detail: None }
}
