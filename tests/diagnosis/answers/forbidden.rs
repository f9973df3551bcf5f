//! `Forbidden`, and no word more: which of its reasons fits?

use super::{FORBIDDEN, MISSING_TOKEN, forbidden};
use crate::round::{ALL, ENDPOINT, P1, P2, P3, P4, Scene, healthy, names};
use apigw_probe::diagnosis::{Cause, Confidence, Owner};

#[test]
fn the_host_header_is_wrong() {
    let finding = forbidden(healthy()).on_only(&[P3]).shows(Cause::WrongHostHeader, &[P3]);
    assert_eq!((finding.owner, finding.confidence), (Owner::Caller, Confidence::Likely));
    assert!(!names(&finding, Cause::MissingStage), "another path reaches the stage");
}

#[test]
fn the_api_id_header_is_lost() {
    forbidden(healthy()).on_only(&[P4]).shows(Cause::WrongApiIdHeader, &[P4]);
}

#[test]
fn the_url_has_no_stage() {
    let scene = Scene::of("https://a1bc234d5e.execute-api.us-east-1.amazonaws.com", Some(ENDPOINT));
    let finding = forbidden(scene).everywhere().shows(Cause::MissingStage, &ALL);
    assert!(finding.confidence < Confidence::Certain);
}

#[test]
fn every_reason_for_forbidden_is_thought_of() {
    let finding = forbidden(healthy()).everywhere().shows(Cause::ForbiddenUnknown, &ALL);
    for cause in [
        Cause::MissingStage,
        Cause::ApiKeyMissing,
        Cause::ApiKeyInvalid,
        Cause::ApiKeyMissingOrInvalid,
        Cause::WafBlock,
        Cause::WafOrCustomResponse,
        Cause::PublicApiViaVpce,
        Cause::DefaultEndpointDisabled,
        Cause::WrongApiId,
        Cause::WrongHostHeader,
        Cause::WrongApiIdHeader,
        Cause::WrongRegion,
    ] {
        assert!(names(&finding, cause), "{cause}");
    }
    assert_eq!(finding.confidence, Confidence::Possible);
}

#[test]
fn a_key_that_was_sent_is_rather_wrong_than_missing() {
    let position = |scene: Scene, cause| {
        let finding = forbidden(scene).everywhere().finding();
        finding.alternatives.iter().position(|other| *other == cause).unwrap()
    };
    let sent = || healthy().sending("X-API-Key");
    assert!(position(sent(), Cause::ApiKeyInvalid) < position(sent(), Cause::ApiKeyMissing));
    assert!(position(healthy(), Cause::ApiKeyMissing) < position(healthy(), Cause::ApiKeyInvalid));
}

#[test]
fn forbidden_alone_is_never_certain() {
    for paths in [&ALL[..], &[P1], &[P2], &[P3], &[P4], &[P1, P2], &[P3, P4], &[P2, P3, P4]] {
        for finding in forbidden(healthy()).on_only(paths).diagnosis().findings {
            assert!(finding.confidence < Confidence::Certain, "{finding:#?}");
        }
    }
}

#[test]
fn an_api_that_answers_publicly_is_public() {
    let scene = forbidden(healthy().at_addresses(&[P1], &["52.94.1.1"]).nxdomain(&[P2])).on_only(&[P3, P4]);
    let findings = scene.findings();
    assert_eq!(findings, [(Cause::PublicApiViaVpce, vec![P2, P3, P4])]);
}

#[test]
fn an_api_that_works_past_the_endpoint_and_has_no_alias_is_rather_public() {
    let scene = forbidden(healthy().at_addresses(&[P1], &["127.0.0.9"]).nxdomain(&[P2])).on_only(&[P3, P4]);
    assert_eq!(scene.shows(Cause::PublicApiViaVpce, &[P2, P3, P4]).confidence, Confidence::Possible);
}

#[test]
fn an_api_that_refuses_publicly_for_want_of_a_route_is_public_too() {
    let scene = healthy()
        .at_addresses(&[P1], &["52.94.1.1"])
        .nxdomain(&[P2])
        .error(&[P3, P4], 403, "ForbiddenException", FORBIDDEN)
        .error(&[P1], 403, "MissingAuthenticationTokenException", MISSING_TOKEN);
    let findings = scene.findings();
    assert!(findings.contains(&(Cause::PublicApiViaVpce, vec![P2, P3, P4])), "{findings:?}");
    assert!(findings.contains(&(Cause::WrongResourceOrMethod, vec![P1])), "{findings:?}");
}

#[test]
fn forbidden_under_another_status_was_customised() {
    let finding = healthy().error(&ALL, 429, "ForbiddenException", FORBIDDEN).finding();
    assert!(names(&finding, Cause::WafOrCustomResponse));
    assert!(names(&finding, Cause::Throttled));
}

#[test]
fn a_head_request_tells_by_its_type_alone() {
    let finding = healthy().method("HEAD").error(&ALL, 403, "ForbiddenException", "").finding();
    assert!(names(&finding, Cause::WafBlock));
    let finding = healthy().method("HEAD").error(&ALL, 403, "AccessDeniedException", "").finding();
    for cause in [Cause::ResourcePolicyImplicitDeny, Cause::VpcePolicyImplicitDeny, Cause::LambdaAuthorizerExplicitDeny]
    {
        assert!(names(&finding, cause), "{cause}");
    }
}
