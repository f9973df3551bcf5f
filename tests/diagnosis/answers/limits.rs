//! Is it an authorizer, a limit, or the form of the request?

use crate::round::{ALL, ENDPOINT, P2, Scene, URL, healthy, is_certain, names};
use apigw_probe::diagnosis::{Cause, Confidence};

#[test]
fn an_authorizer_wants_a_token() {
    let scene = healthy().error(&ALL, 401, "UnauthorizedException", "{\"message\":\"Unauthorized\"}");
    let finding = scene.shows(Cause::AuthorizerUnauthorized, &ALL);
    assert_eq!(finding.alternatives, [Cause::CognitoUnauthorized]);
}

#[test]
fn an_authorizer_refuses() {
    for suffix in [" with an explicit deny", " with an explicit deny in an identity-based policy"] {
        let body = format!("{{\"Message\":\"User is not authorized to access this resource{suffix}\"}}");
        let scene = healthy().error(&ALL, 403, "AccessDeniedException", &body);
        is_certain(&scene.shows(Cause::LambdaAuthorizerExplicitDeny, &ALL));
    }
}

#[test]
fn an_authorizer_that_does_not_allow_is_not_alone() {
    let body = "{\"Message\":\"User is not authorized to access this resource\"}";
    let finding = healthy().error(&ALL, 403, "AccessDeniedException", body).finding();
    assert_eq!(finding.cause, Cause::LambdaAuthorizerExplicitDeny);
    assert_eq!(finding.alternatives, [Cause::ResourcePolicyImplicitDeny]);
}

#[test]
fn an_authorizer_fails() {
    let scene = healthy().error(&ALL, 500, "AuthorizerConfigurationException", "{\"message\":null}");
    is_certain(&scene.shows(Cause::AuthorizerMisconfigured, &ALL));
}

#[test]
fn the_quota_is_used_up() {
    let scene = healthy().error(&ALL, 429, "LimitExceededException", "{\"message\":\"Limit Exceeded\"}");
    is_certain(&scene.shows(Cause::QuotaExceeded, &ALL));
}

#[test]
fn some_calls_are_throttled() {
    let scene = healthy().error(&[P2], 429, "TooManyRequestsException", "{\"message\":\"Too Many Requests\"}");
    assert!(scene.shows(Cause::Throttled, &[P2]).alternatives.is_empty());
}

#[test]
fn the_body_is_too_large() {
    let headers = [("Content-Type", "text/plain"), ("x-amz-apigw-id", "AyD6VFqGvHcEGBg=")];
    let scene = healthy().answers(&ALL, 413, &headers, "HTTP content length exceeded 10485760 bytes.");
    assert!(names(&scene.finding(), Cause::BodyTooLarge));
}

#[test]
fn the_uri_is_too_long() {
    let finding = healthy().answers(&ALL, 414, &[], "Request URI too long").shows(Cause::UriTooLong, &ALL);
    assert!(finding.confidence < Confidence::Certain);
}

#[test]
fn words_without_a_type_count_where_the_uri_is_that_long() {
    let long = format!("{URL}/{}", "0123456789".repeat(160));
    let headers = [("x-amz-apigw-id", "AyD6VFqGvHcEGBg=")];
    let told = |scene: Scene| scene.answers(&ALL, 414, &headers, "Request URI too long").finding();
    let finding = told(Scene::of(&long, Some(ENDPOINT)));
    assert_eq!((finding.cause, finding.confidence), (Cause::UriTooLong, Confidence::Likely), "{finding:#?}");
    assert!(names(&finding, Cause::BackendStatus), "{finding:#?}");
    // of a short one a backend said it
    assert_eq!(told(healthy()).cause, Cause::BackendStatus);
}

#[test]
fn the_validator_refuses() {
    for body in
        ["{\"message\": \"Invalid request body\"}", "{\"message\": \"Missing required request parameters: [id]\"}"]
    {
        healthy().error(&ALL, 400, "BadRequestException", body).shows(Cause::RequestValidationFailed, &ALL);
    }
    healthy().error(&ALL, 415, "BadRequestException", "").shows(Cause::RequestValidationFailed, &ALL);
}

#[test]
fn a_status_that_is_not_the_usual_one_makes_it_less_sure() {
    let body = "{\"message\":\"Limit Exceeded\"}";
    let confidence = |status| {
        let scene = healthy().error(&ALL, status, "LimitExceededException", body);
        scene.shows(Cause::QuotaExceeded, &ALL).confidence
    };
    assert_eq!((confidence(429), confidence(403)), (Confidence::Certain, Confidence::Likely));
}
