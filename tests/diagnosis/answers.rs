//! What the answers say: rows F1 to F10, Q1a to Q3c, A1 to A16, L1 to L7 and I1 to I9 of the fact tables.

use crate::round::{ALL, ENDPOINT, P1, P2, P3, P4, Scene, healthy, is_certain, names};
use apigw_probe::diagnosis::{Cause, Confidence, Owner};
use apigw_probe::observation::Intent;
use apigw_probe::target::Expectation;

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

#[test]
fn the_resource_policy_denies() {
    let finding =
        denied("with an explicit deny in a resource-based policy").shows(Cause::ResourcePolicyExplicitDeny, &ALL);
    is_certain(&finding);
    assert_eq!(finding.owner, Owner::AccountB);
    assert!(finding.evidence.concat().contains("3333"), "the account's last digits are told");
}

#[test]
fn the_resource_policy_denies_in_the_old_wording() {
    let finding = denied("with an explicit deny").shows(Cause::ResourcePolicyExplicitDeny, &ALL);
    assert_eq!(finding.alternatives, [Cause::VpcePolicyExplicitDeny]);
    assert_eq!(finding.confidence, Confidence::Likely);
}

#[test]
fn the_resource_policy_does_not_allow() {
    let suffix = "because no resource-based policy allows the execute-api:Invoke action";
    is_certain(&denied(suffix).shows(Cause::ResourcePolicyImplicitDeny, &ALL));
}

#[test]
fn the_oldest_wording_leaves_it_open() {
    let finding = denied("").shows(Cause::ResourcePolicyDenyUnspecified, &ALL);
    for cause in [Cause::ResourcePolicyImplicitDeny, Cause::VpcePolicyImplicitDeny, Cause::ResourcePolicyExplicitDeny] {
        assert!(names(&finding, cause), "{cause}");
    }
    assert!(!names(&finding, Cause::IdentityPolicyDeny), "the caller is anonymous");
}

#[test]
fn the_endpoint_policy_does_not_allow() {
    let suffix = "because no VPC endpoint policy allows the execute-api:Invoke action";
    let finding = denied(suffix).shows(Cause::VpcePolicyImplicitDeny, &ALL);
    is_certain(&finding);
    assert_eq!(finding.owner, Owner::AccountA);
}

#[test]
fn the_endpoint_policy_denies_in_words_that_nobody_has_seen() {
    let finding = denied("with an explicit deny in a VPC endpoint policy").shows(Cause::VpcePolicyExplicitDeny, &ALL);
    assert_eq!(finding.confidence, Confidence::Likely);
}

#[test]
fn a_policys_arn_at_the_end_changes_nothing() {
    let suffix = "with an explicit deny in a resource-based policy: arn:aws:apigateway:us-east-1::/restapis/a1bc234d5e";
    is_certain(&denied(suffix).shows(Cause::ResourcePolicyExplicitDeny, &ALL));
}

#[test]
fn the_callers_own_policies_refuse() {
    for suffix in [
        "because no identity-based policy allows the execute-api:Invoke action",
        "because no session policy allows the execute-api:Invoke action",
        "with an explicit deny in an identity-based policy",
        "with an explicit deny in a service control policy",
        "because no permissions boundary allows the execute-api:Invoke action",
    ] {
        let user = "arn:aws:sts::111122223333:assumed-role/probe/i-0abc";
        let scene =
            healthy().sending("Authorization").error(&ALL, 403, "AccessDeniedException", &message(user, HERE, suffix));
        let finding = scene.shows(Cause::IdentityPolicyDeny, &ALL);
        assert_eq!(finding.confidence, Confidence::Likely, "{suffix}");
    }
}

#[test]
fn a_resource_control_policy_is_of_the_apis_organisation() {
    let finding =
        denied("with an explicit deny in a resource control policy").shows(Cause::ResourceControlPolicyDeny, &ALL);
    assert_eq!((finding.owner, finding.confidence), (Owner::AccountB, Confidence::Likely));
    assert!(!names(&finding, Cause::IdentityPolicyDeny));
}

#[test]
fn a_signed_caller_may_be_refused_by_its_own_policy_in_the_old_wording() {
    let user = "arn:aws:sts::111122223333:assumed-role/probe/i-0abc";
    let scene = healthy().error(&ALL, 403, "AccessDeniedException", &message(user, HERE, "with an explicit deny"));
    assert!(names(&scene.finding(), Cause::IdentityPolicyDeny));
}

#[test]
fn a_refusal_of_another_api_is_told() {
    for elsewhere in [
        "arn:aws:execute-api:us-east-1:********3333:b9zz9zzz9z/test/GET/pets",
        "arn:aws:execute-api:eu-west-1:********3333:a1bc234d5e/test/GET/pets",
        "arn:aws-cn:execute-api:us-east-1:********3333:a1bc234d5e/test/GET/pets",
        "arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/prod/GET/pets",
    ] {
        let body = message("anonymous", elsewhere, "with an explicit deny in a resource-based policy");
        let finding =
            healthy().error(&ALL, 403, "AccessDeniedException", &body).shows(Cause::AnsweredByAnotherApi, &ALL);
        assert_eq!(finding.alternatives, [Cause::ResourcePolicyExplicitDeny], "{elsewhere}");
        assert!(finding.confidence < Confidence::Certain);
    }
}

#[test]
fn a_refusal_of_another_path_only_weakens() {
    for elsewhere in [
        "arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/test/POST/pets",
        "arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/test/GET/cats",
    ] {
        let body = message("anonymous", elsewhere, "with an explicit deny in a resource-based policy");
        let finding = healthy().error(&ALL, 403, "AccessDeniedException", &body).finding();
        assert_eq!(finding.cause, Cause::ResourcePolicyExplicitDeny);
        assert_eq!(finding.alternatives, [Cause::AnsweredByAnotherApi]);
    }
}

#[test]
fn an_encoded_path_is_the_same_path() {
    let scene = Scene::of("https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test/a%20b/?x=1", Some(ENDPOINT));
    let arn = "arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/test/GET/a b/";
    let body = message("anonymous", arn, "with an explicit deny in a resource-based policy");
    is_certain(&scene.error(&ALL, 403, "AccessDeniedException", &body).finding());
}

#[test]
fn a_policy_that_refuses_some_paths_of_one_endpoint_is_not_certain() {
    let body = message("anonymous", HERE, "with an explicit deny in a resource-based policy");
    let finding = healthy().error(&[P1, P2], 403, "AccessDeniedException", &body).finding();
    assert_eq!(finding.cause, Cause::ResourcePolicyExplicitDeny);
    assert!(finding.confidence < Confidence::Certain);
}

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
        healthy().error(&ALL, 403, kind, body).shows(Cause::TokenInvalid, &ALL);
    }
}

#[test]
fn the_token_is_past_its_end() {
    let body = "{\"message\":\"The security token included in the request is expired\"}";
    healthy().error(&ALL, 403, "ExpiredTokenException", body).shows(Cause::TokenExpired, &ALL);
}

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
fn the_validator_refuses() {
    for body in
        ["{\"message\": \"Invalid request body\"}", "{\"message\": \"Missing required request parameters: [id]\"}"]
    {
        healthy().error(&ALL, 400, "BadRequestException", body).shows(Cause::RequestValidationFailed, &ALL);
    }
    healthy().error(&ALL, 415, "BadRequestException", "").shows(Cause::RequestValidationFailed, &ALL);
}

#[test]
fn the_integration_is_set_up_wrongly() {
    let scene = healthy().error(&ALL, 500, "InternalServerErrorException", INTERNAL);
    let finding = scene.shows(Cause::IntegrationConfigError, &ALL);
    assert!(names(&finding, Cause::LambdaPermissionMissing));
    assert_eq!(finding.owner, Owner::AccountB);
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
fn the_backend_answers_by_itself() {
    for status in [204, 301, 400, 401, 403, 404, 418, 429, 500, 502, 503] {
        let headers = [("x-amzn-RequestId", "babdf8f5"), ("x-amz-apigw-id", "OkT9cFi55PgFRpA=")];
        let scene = healthy().answers(&ALL, status, &headers, "<h1>sorry</h1>");
        let finding = scene.shows(Cause::BackendStatus, &ALL);
        assert_eq!(finding.owner, Owner::AccountB);
        assert!(finding.confidence < Confidence::Certain, "{status}");
    }
}

#[test]
fn the_backends_forbidden_is_not_the_gateways() {
    let headers = [("x-amzn-RequestId", "babdf8f5"), ("x-amz-apigw-id", "OkT9cFi55PgFRpA=")];
    let scene = healthy().answers(&ALL, 403, &headers, FORBIDDEN);
    assert!(names(&scene.shows(Cause::BackendStatus, &ALL), Cause::WafBlock));
}

#[test]
fn a_load_balancer_answers() {
    let headers = [("Server", "awselb/2.0"), ("Content-Type", "text/html")];
    let scene = healthy().answers(&ALL, 503, &headers, "<html><h1>503 Service Temporarily Unavailable</h1></html>");
    let finding = scene.shows(Cause::NotApiGateway, &ALL);
    assert!(finding.evidence.concat().contains("awselb"));
    assert_eq!(finding.alternatives, [Cause::ProxyInterference], "it speaks of itself, not of what is behind the API");
}

#[test]
fn a_proxy_answers() {
    let headers = [("Server", "squid/5.7"), ("Via", "1.1 proxy (squid/5.7)")];
    healthy().answers(&ALL, 503, &headers, "<html>").shows(Cause::ProxyInterference, &ALL);
}

#[test]
fn a_function_url_answers() {
    let body = "{\"Message\":\"Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html\"}";
    let headers = [("x-amzn-RequestId", "9d7959b4"), ("x-amzn-ErrorType", "AccessDeniedException")];
    healthy().answers(&ALL, 403, &headers, body).shows(Cause::NotApiGateway, &ALL);
}

#[test]
fn another_aws_service_answers() {
    let body = "{\"Message\":\"User: anonymous is not authorized to perform: es:ESHttpGet on resource: orders\"}";
    let headers = [("x-amzn-RequestId", "9d7959b4"), ("x-amzn-ErrorType", "AccessDeniedException")];
    healthy().answers(&ALL, 403, &headers, body).shows(Cause::NotApiGateway, &ALL);
    healthy().error(&ALL, 403, "AccessDeniedException", body).shows(Cause::IntegrationConfigError, &ALL);
}

#[test]
fn a_success_without_the_gateways_marks_is_remarked() {
    let finding = healthy().answers(&ALL, 200, &[("Server", "nginx")], "hello").shows(Cause::NotApiGateway, &ALL);
    assert_eq!(finding.confidence, Confidence::Possible);
}

#[test]
fn a_success_without_the_gateways_marks_fails_where_they_are_wanted() {
    let scene = healthy().expecting(Expectation { status: vec![200], api_gateway: true }).answers(
        &ALL,
        200,
        &[("Server", "nginx")],
        "hello",
    );
    assert!(scene.shows(Cause::NotApiGateway, &ALL).confidence >= Confidence::Likely);
}

#[test]
fn an_http_api_answers() {
    let finding =
        healthy().answers(&ALL, 200, &[("Apigw-Requestid", "KtUfbjJIg=")], "hello").shows(Cause::OkHttpApi, &ALL);
    assert!(finding.confidence < Confidence::Certain);
}

#[test]
fn an_http_api_without_the_route_answers() {
    let headers = [("Apigw-Requestid", "KtUfbjJIg=")];
    let finding = healthy().answers(&ALL, 404, &headers, "{\"message\":\"Not Found\"}").finding();
    for cause in [Cause::WrongResourceOrMethod, Cause::DefaultEndpointDisabled] {
        assert!(names(&finding, cause), "{cause}");
    }
}

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

/// A scene in which some paths will answer `Forbidden`.
struct Forbidden(Scene);

fn forbidden(scene: Scene) -> Forbidden {
    Forbidden(scene)
}

impl Forbidden {
    fn on_only(self, paths: &[apigw_probe::plan::AccessPath]) -> Scene {
        self.0.error(paths, 403, "ForbiddenException", FORBIDDEN)
    }

    fn everywhere(self) -> Scene {
        self.on_only(&ALL)
    }
}

fn denied(suffix: &str) -> Scene {
    healthy().error(&ALL, 403, "AccessDeniedException", &message("anonymous", HERE, suffix))
}

fn message(user: &str, arn: &str, suffix: &str) -> String {
    let sentence = format!("User: {user} is not authorized to perform: execute-api:Invoke on resource: {arn} {suffix}");
    format!("{{\"Message\":\"{}\"}}", sentence.trim_end())
}

const HERE: &str = "arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/test/GET/pets";
const FORBIDDEN: &str = "{\"message\":\"Forbidden\"}";
const MISSING_TOKEN: &str = "{\"message\":\"Missing Authentication Token\"}";
const INTERNAL: &str = "{\"message\": \"Internal server error\"}";
const MISMATCH: &str = "{\"message\":\"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\"}";
