//! What goes beside the ordinary?

use super::{FORBIDDEN, forbidden};
use crate::round::{ALL, P1, P2, P3, healthy, names};
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
