//! What goes beside the ordinary?

use super::{FORBIDDEN, forbidden};
use crate::round::{ALL, P1, P2, P3, healthy, is_certain, names};
use apigw_probe::diagnosis::{Cause, Confidence};
use apigw_probe::observation::Intent;
use apigw_probe::target::Expectation;

#[test]
fn an_expected_refusal_is_well() {
    let scene = forbidden(healthy().expecting(Expectation { status: vec![200, 403], api_gateway: false })).everywhere();
    assert_eq!(scene.findings(), []);
}

#[test]
fn an_error_type_with_a_tail_is_cut() {
    let kind = "ForbiddenException:http://internal.amazon.com/coral/com.amazon.coral.service/";
    assert!(names(&healthy().error(&ALL, 403, kind, FORBIDDEN).finding(), Cause::ForbiddenUnknown));
}

#[test]
fn names_of_emulators_prove_nothing() {
    let finding = healthy().error(&ALL, 403, "WafFilteredException", "").finding();
    assert_eq!(finding.confidence, Confidence::Possible);
    assert!(names(&finding, Cause::WafBlock));
}

#[test]
fn the_edge_is_told() {
    let headers = [
        ("x-amzn-ErrorType", "ForbiddenException"),
        ("x-amz-apigw-id", "UbvlyHpnoAMFftQ="),
        ("Via", "1.1 95b0ac620fa3a80ee590ecf1cda1c698.cloudfront.net (CloudFront)"),
    ];
    let finding = healthy().answers(&ALL, 403, &headers, FORBIDDEN).finding();
    assert!(finding.evidence.concat().contains("CloudFront"));
}

#[test]
fn two_reasons_on_different_paths_are_two_findings() {
    let scene = healthy()
        .error(&[P1, P2], 429, "TooManyRequestsException", "{\"message\":\"Too Many Requests\"}")
        .error(&[P3], 403, "ForbiddenException", FORBIDDEN);
    let findings = scene.findings();
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert!(findings.contains(&(Cause::Throttled, vec![P1, P2])));
    assert!(findings.contains(&(Cause::WrongHostHeader, vec![P3])));
}

#[test]
fn a_forbidden_path_that_is_refused_needs_no_word() {
    let scene = forbidden(healthy().intent(P3, Intent::Forbidden)).on_only(&[P3]);
    assert_eq!(scene.findings(), []);
}

#[test]
fn an_answer_that_came_over_the_edge_is_no_endpoints_and_never_certain() {
    let headers = [
        ("x-amzn-ErrorType", "TooManyRequestsException"),
        ("x-amz-apigw-id", "UbvlyHpnoAMFftQ="),
        ("X-Amz-Cf-Id", "b1vVMhNoPrgH-R8il0ovDzWZXcO4"),
    ];
    let body = "{\"message\":\"Too Many Requests\"}";
    is_certain(&healthy().answers(&ALL, 429, &headers[..2], body).shows(Cause::Throttled, &ALL));
    let finding = healthy().answers(&ALL, 429, &headers, body).shows(Cause::Throttled, &ALL);
    assert_eq!((finding.confidence, finding.alternatives), (Confidence::Likely, vec![Cause::PublicApiViaVpce]));
}

#[test]
fn an_empty_error_type_is_none() {
    let headers = [("x-amzn-ErrorType", ""), ("x-amz-apigw-id", "UbvlyHpnoAMFftQ=")];
    let empty = healthy().answers(&ALL, 403, &headers, FORBIDDEN).finding();
    let none = healthy().answers(&ALL, 403, &headers[1..], FORBIDDEN).finding();
    assert_eq!((empty.cause, empty.alternatives), (none.cause, none.alternatives));
}

#[test]
fn a_challenge_of_wafs_is_told_by_its_header() {
    for (status, action) in [(202, "challenge"), (405, "captcha")] {
        let headers = [("x-amzn-waf-action", action), ("x-amz-apigw-id", "UbvlyHpnoAMFftQ=")];
        let finding = healthy().answers(&ALL, status, &headers, "").shows(Cause::WafBlock, &ALL);
        assert!(finding.evidence.concat().contains(action), "{finding:#?}");
    }
}
