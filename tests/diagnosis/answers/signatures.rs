//! Is it the route, the signature, or the token?

use super::{MISMATCH, MISSING_TOKEN};
use crate::round::{ALL, P2, P3, P4, healthy, names};
use apigw_probe::diagnosis::{Cause, Confidence};

#[test]
fn the_route_is_unknown_or_wants_a_signature() {
    let scene = healthy().error(&ALL, 403, "MissingAuthenticationTokenException", MISSING_TOKEN);
    let finding = scene.shows(Cause::WrongResourceOrMethod, &ALL);
    assert_eq!(finding.alternatives, [Cause::IamAuthUnsigned, Cause::MissingAuthTokenUnspecified]);
    assert_eq!(finding.confidence, Confidence::Likely);
}

#[test]
fn a_signed_call_of_an_unknown_route_lacks_no_signature() {
    let scene =
        healthy().sending("authorization").error(&ALL, 403, "MissingAuthenticationTokenException", MISSING_TOKEN);
    assert!(!names(&scene.shows(Cause::WrongResourceOrMethod, &ALL), Cause::IamAuthUnsigned));
}

#[test]
fn a_bearer_token_is_no_signature() {
    let body = "{\"message\":\"'eyJhbGciOiJIUzI1NiJ9' not a valid key=value pair (missing equal-sign) in Authorization header: 'Bearer eyJhbGciOiJIUzI1NiJ9'.\"}";
    let scene = healthy().sending("Authorization").error(&ALL, 403, "IncompleteSignatureException", body);
    let finding = scene.shows(Cause::SigIncomplete, &ALL);
    assert!(names(&finding, Cause::WrongResourceOrMethod));
    assert!(!format!("{finding:?}").contains("eyJhbGci"), "the token is in no evidence");
}

#[test]
fn the_wrong_host_was_signed() {
    for path in [P3, P4] {
        let scene = healthy().sending("Authorization").error(&[path], 403, "InvalidSignatureException", MISMATCH);
        scene.shows(Cause::SigMismatchWrongHost, &[path]);
    }
}

#[test]
fn one_signature_for_four_hosts_fails_where_the_host_differs() {
    let scene = healthy().sending("Authorization").error(&[P2, P4], 403, "InvalidSignatureException", MISMATCH);
    scene.shows(Cause::SigMismatchWrongHost, &[P2, P4]);
}

#[test]
fn the_signature_is_wrong_everywhere() {
    let scene = healthy().sending("Authorization").error(&ALL, 403, "InvalidSignatureException", MISMATCH);
    assert_eq!(scene.shows(Cause::SigMismatch, &ALL).alternatives, [Cause::SigMismatchWrongHost]);
}

#[test]
fn the_signature_is_too_old_or_too_new() {
    for message in [
        "Signature expired: 20210309T162431Z is now earlier than 20210309T163358Z (20210309T163858Z - 5 min.)",
        "Signature not yet current: 20210309T165431Z is still later than 20210309T164358Z (20210309T163858Z + 5 min.)",
    ] {
        let body = format!("{{\"message\":\"{message}\"}}");
        let scene = healthy().sending("Authorization").error(&ALL, 403, "InvalidSignatureException", &body);
        assert_eq!(scene.shows(Cause::SigExpired, &ALL).alternatives, [Cause::ClockSkew]);
    }
}

#[test]
fn a_clock_that_is_off_explains_an_old_signature() {
    let body = "{\"message\":\"Signature expired: A is now earlier than B (C - 5 min.)\"}";
    let mut scene = healthy().sending("Authorization").error(&ALL, 403, "InvalidSignatureException", body);
    scene.round.started -= time::Duration::minutes(14);
    assert_eq!(scene.shows(Cause::ClockSkew, &ALL).alternatives, [Cause::SigExpired]);
}

#[test]
fn the_token_is_not_accepted_whatever_the_type_says() {
    let body = "{\"message\":\"The security token included in the request is invalid.\"}";
    for kind in ["AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException"] {
        healthy().sending("Authorization").error(&ALL, 403, kind, body).shows(Cause::TokenInvalid, &ALL);
    }
}

#[test]
fn the_token_is_past_its_end() {
    let body = "{\"message\":\"The security token included in the request is expired\"}";
    let scene = healthy().sending("Authorization").error(&ALL, 403, "ExpiredTokenException", body);
    scene.shows(Cause::TokenExpired, &ALL);
}

#[test]
fn what_is_said_of_a_signature_that_nobody_here_made_is_about_another_signer() {
    for (kind, message) in [
        ("InvalidSignatureException", "Signature expired: A is now earlier than B (C - 5 min.)"),
        ("InvalidSignatureException", "The request signature we calculated does not match the signature you provided."),
        ("AccessDeniedException", "The security token included in the request is invalid."),
        ("ExpiredTokenException", "The security token included in the request is expired"),
        ("IncompleteSignatureException", "Authorization header requires 'Credential' parameter."),
    ] {
        let scene = healthy().error(&ALL, 403, kind, &format!("{{\"message\":\"{message}\"}}"));
        let finding = scene.finding();
        let is_callers = |cause: &Cause| cause.name().starts_with("sig-") || cause.name().starts_with("token-");
        assert_eq!(finding.cause, Cause::ProxyInterference, "{finding:#?}");
        assert!(names(&finding, Cause::IntegrationConfigError) && finding.confidence < Confidence::Certain);
        // whoever signed it, that is what was wrong with it
        assert!(finding.alternatives.iter().any(is_callers), "{finding:#?}");
    }
}

#[test]
fn a_signature_that_nobody_here_made_is_anothers_on_one_path_as_well() {
    healthy().error(&[P3], 403, "InvalidSignatureException", MISMATCH).shows(Cause::ProxyInterference, &[P3]);
}

#[test]
fn a_refused_signature_without_words_may_be_too_old() {
    let scene = |body| healthy().sending("Authorization").error(&ALL, 403, "InvalidSignatureException", body);
    assert!(names(&scene("").finding(), Cause::SigExpired));
    assert!(!names(&scene(MISMATCH).finding(), Cause::SigExpired));
}
