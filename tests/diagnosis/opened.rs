//! A path that must stay shut and does not: how surely, and by whose answer.

use crate::round::{P1, P2, P3, P4, Scene, URL, answered, connected, healthy, is_certain, names, reduced};
use apigw_probe::diagnosis::{Cause, Confidence, Finding};
use apigw_probe::observation::Intent;
use apigw_probe::report::{Report, Verdict};

fn shut(path: apigw_probe::plan::AccessPath) -> Scene {
    healthy().intent(path, Intent::Forbidden)
}

#[track_caller]
fn likely(scene: &Scene, alternatives: &[Cause]) -> Finding {
    let finding = scene.finding();
    assert_eq!((finding.cause, finding.confidence), (Cause::ForbiddenPathOpen, Confidence::Likely), "{finding:#?}");
    assert_eq!(finding.alternatives, alternatives, "{finding:#?}");
    finding
}

#[test]
fn the_apis_own_answer_from_the_endpoint_is_certain() {
    for path in [P1, P2, P3, P4] {
        is_certain(&shut(path).shows(Cause::ForbiddenPathOpen, &[path]));
    }
}

#[test]
fn one_address_that_lets_in_opens_the_path() {
    let scene = shut(P1).on(&[P1], |seen| {
        let headers = [("x-amz-apigw-id", "OkT9cFi55PgFRpA="), ("x-amzn-ErrorType", "ForbiddenException")];
        seen.attempts[1].tcp = connected(answered(reduced(403, &headers, "{\"message\":\"Forbidden\"}")));
    });
    let finding = scene.shows(Cause::ForbiddenPathOpen, &[P1]);
    assert!(finding.evidence.concat().contains("10.0.1.10"), "{finding:#?}");
    assert_eq!(Report::of(scene.round).verdict(), Verdict::Fail);
}

#[test]
fn an_answer_without_the_gateways_marks_may_be_something_elses() {
    likely(&shut(P1).answers(&[P1], 200, &[("Server", "nginx")], "hello"), &[Cause::NotApiGateway]);
}

#[test]
fn an_answer_over_the_internet_may_be_open_there_alone() {
    likely(&shut(P1).at_addresses(&[P1], &["52.94.1.1"]), &[Cause::PublicAddresses]);
    let alone = Scene::of(URL, None).intent(P1, Intent::Forbidden).at_addresses(&[P1], &["2600:9000::1"]);
    likely(&alone, &[Cause::PublicAddresses]);
}

#[test]
fn an_error_in_the_body_may_mean_that_it_is_shut() {
    let headers = [("x-amz-apigw-id", "OkT9cFi55PgFRpA=")];
    let scene = shut(P1).answers(&[P1], 200, &headers, "{\"message\":\"Forbidden\"}");
    likely(&scene, &[Cause::BackendErrorMaskedAs200]);
}

#[test]
fn an_http_apis_answer_is_not_the_private_apis() {
    let scene = shut(P1).answers(&[P1], 200, &[("Apigw-Requestid", "KtUfbjJIg=")], "hello");
    assert!(names(&likely(&scene, &[Cause::NotApiGateway, Cause::OkHttpApi]), Cause::OkHttpApi));
}
