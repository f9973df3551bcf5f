//! Is it what stands behind the API?

use super::INTERNAL;
use crate::round::{ALL, healthy, is_certain, names};
use apigw_probe::diagnosis::{Cause, Confidence, Owner};

#[test]
fn the_integration_is_set_up_wrongly() {
    let scene = healthy().error(&ALL, 500, "InternalServerErrorException", INTERNAL);
    let finding = scene.shows(Cause::IntegrationConfigError, &ALL);
    assert!(names(&finding, Cause::LambdaPermissionMissing));
    assert_eq!(finding.owner, Owner::AccountB);
}

#[test]
fn the_integration_speaks_plain_http_to_a_port_that_wants_tls() {
    let marked = [("Content-Type", "text/html"), ("x-amz-apigw-id", "AyD6VFqGvHcEGBg=")];
    for page in [
        "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>",
        "<p>Reason: You're speaking plain HTTP to an SSL-enabled server port.<br /></p>",
        "Client sent an HTTP request to an HTTPS server.\n",
    ] {
        let finding = healthy().answers(&ALL, 400, &marked, page).shows(Cause::IntegrationConfigError, &ALL);
        assert_eq!(
            (finding.confidence, finding.alternatives.as_slice()),
            (Confidence::Likely, &[Cause::BackendStatus][..])
        );
        assert!(finding.fix.concat().contains("`https://`"), "{finding:#?}");
        let foreign = healthy().answers(&ALL, 400, &marked[..1], page).finding();
        assert_eq!(foreign.cause, Cause::NotApiGateway);
    }
}

#[test]
fn the_function_answers_in_the_wrong_form_or_crashes() {
    let scene = healthy().error(&ALL, 502, "InternalServerErrorException", INTERNAL);
    assert!(names(&scene.shows(Cause::LambdaProxyMalformed, &ALL), Cause::LambdaError));
}

#[test]
fn the_backend_is_too_slow() {
    let scene =
        healthy().error(&ALL, 504, "InternalServerErrorException", "{\"message\": \"Endpoint request timed out\"}");
    is_certain(&scene.shows(Cause::IntegrationTimeout, &ALL));
}

#[test]
fn the_backend_cannot_be_reached() {
    let body = "{\"message\": \"Network error communicating with endpoint\"}";
    let scene = healthy().error(&ALL, 504, "InternalServerErrorException", body);
    is_certain(&scene.shows(Cause::IntegrationNetworkError, &ALL));
}

#[test]
fn a_504_without_words_may_be_either() {
    let finding = healthy().method("HEAD").error(&ALL, 504, "InternalServerErrorException", "").finding();
    assert!(names(&finding, Cause::IntegrationTimeout) && names(&finding, Cause::IntegrationNetworkError));
}

#[test]
fn a_success_hides_a_refusal() {
    let headers = [("x-amzn-RequestId", "babdf8f5"), ("x-amz-apigw-id", "OkT9cFi55PgFRpA=")];
    let scene = healthy().answers(&ALL, 200, &headers, "{\"message\":\"Forbidden\"}\n");
    assert_eq!(scene.shows(Cause::BackendErrorMaskedAs200, &ALL).confidence, Confidence::Likely);
}

#[test]
fn a_success_with_data_hides_nothing() {
    let headers = [("x-amz-apigw-id", "OkT9cFi55PgFRpA=")];
    for body in ["{\"message\":\"Forbidden\",\"orders\":[]}", "{\"message\":null}", "{\"message\":\"hello\"}", "Hello"]
    {
        assert_eq!(healthy().answers(&ALL, 200, &headers, body).findings(), [], "{body}");
    }
}

#[test]
fn who_words_an_internal_error_anew_may_give_a_timeout_any_status() {
    for (status, body) in [(500, "{\"error\":\"sorry\"}"), (408, "{\"message\":\"try again\"}")] {
        let finding = healthy().error(&ALL, status, "InternalServerErrorException", body).finding();
        for cause in [Cause::IntegrationTimeout, Cause::IntegrationNetworkError, Cause::LambdaError] {
            assert!(names(&finding, cause), "{cause}: {finding:#?}");
        }
    }
    let own = healthy().error(&ALL, 500, "InternalServerErrorException", INTERNAL).finding();
    assert!(!names(&own, Cause::IntegrationTimeout), "{own:#?}");
}
