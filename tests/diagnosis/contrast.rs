//! What a path that came further rules out for the others: the same request at the same endpoint is judged alike.

use crate::round::{ALL, P1, P2, P3, P4, Scene, healthy, names};
use apigw_probe::diagnosis::{Cause, Confidence, Finding};
use apigw_probe::plan::AccessPath;

/// The finding for one answer on some paths beside others that work.
#[track_caller]
fn beside(paths: &[AccessPath], status: u16, kind: &str, body: &str) -> Finding {
    let finding = healthy().error(paths, status, kind, body).finding();
    assert_eq!(finding.paths, paths, "{finding:#?}");
    assert!(finding.confidence < Confidence::Certain, "{finding:#?}");
    finding
}

#[track_caller]
fn rules_out(finding: &Finding, causes: &[Cause]) {
    for cause in causes {
        assert!(!names(finding, *cause), "{cause}: {finding:#?}");
    }
    assert!(finding.evidence.iter().any(|fact| fact.starts_with("ruled out: ")), "{finding:#?}");
}

#[test]
fn a_route_that_other_paths_found_is_there() {
    let finding = beside(&[P4], 403, "MissingAuthenticationTokenException", MISSING_TOKEN);
    assert_eq!(finding.cause, Cause::AnsweredByAnotherApi);
    assert_eq!(finding.alternatives, [Cause::WrongApiIdHeader]);
    rules_out(&finding, &[Cause::WrongResourceOrMethod, Cause::IamAuthUnsigned, Cause::MissingAuthTokenUnspecified]);
    let finding = beside(&[P3], 403, "MissingAuthenticationTokenException", MISSING_TOKEN);
    assert_eq!((finding.cause, finding.alternatives), (Cause::AnsweredByAnotherApi, vec![Cause::WrongHostHeader]));
    let finding = beside(&[P1], 403, "MissingAuthenticationTokenException", MISSING_TOKEN);
    assert_eq!((finding.cause, finding.alternatives), (Cause::AnsweredByAnotherApi, vec![]));
}

#[test]
fn a_route_whose_integration_answers_elsewhere_is_there() {
    let scene = healthy()
        .error(&[P1, P2, P3], 504, "InternalServerErrorException", "{\"message\": \"Endpoint request timed out\"}")
        .error(&[P4], 403, "MissingAuthenticationTokenException", MISSING_TOKEN);
    let findings = scene.findings();
    assert_eq!(findings, [(Cause::IntegrationTimeout, vec![P1, P2, P3]), (Cause::AnsweredByAnotherApi, vec![P4])]);
}

#[test]
fn an_authorizer_may_judge_each_path_by_itself_where_a_user_pool_judges_the_token() {
    for paths in [&[P1][..], &[P1, P2]] {
        let finding = beside(paths, 401, "UnauthorizedException", "{\"message\":\"Unauthorized\"}");
        assert_eq!(finding.cause, Cause::AuthorizerUnauthorized);
        assert!(names(&finding, Cause::AnsweredByAnotherApi), "{finding:#?}");
        rules_out(&finding, &[Cause::CognitoUnauthorized]);
    }
    let denies = "{\"Message\":\"User is not authorized to access this resource with an explicit deny\"}";
    let finding = beside(&[P4], 403, "AccessDeniedException", denies);
    assert_eq!(finding.cause, Cause::LambdaAuthorizerExplicitDeny);
}

#[test]
fn an_arn_is_to_be_compared_only_where_there_is_one() {
    let compares = |finding: &Finding| finding.fix.iter().any(|step| step.contains(" ARN"));
    let finding = beside(&[P1], 403, "MissingAuthenticationTokenException", MISSING_TOKEN);
    assert!(finding.cause == Cause::AnsweredByAnotherApi && !compares(&finding), "{finding:#?}");
    let other = DENIED.replace("a1bc234d5e", "z9yx876w5v");
    let finding = beside(&[P1], 403, "AccessDeniedException", &other);
    assert!(finding.cause == Cause::AnsweredByAnotherApi && compares(&finding), "{finding:#?}");
}

#[test]
fn a_form_that_is_taken_elsewhere_is_good() {
    let finding = beside(&[P2], 400, "BadRequestException", "{\"message\": \"Invalid request body\"}");
    assert_eq!(finding.cause, Cause::AnsweredByAnotherApi);
    rules_out(&finding, &[Cause::RequestValidationFailed]);
}

#[test]
fn an_integration_that_works_elsewhere_is_set_up_well() {
    let finding = beside(&[P1], 500, "InternalServerErrorException", "{\"message\": \"Internal server error\"}");
    assert_eq!(finding.cause, Cause::LambdaError);
    rules_out(&finding, &[Cause::IntegrationConfigError, Cause::LambdaPermissionMissing]);
}

#[test]
fn a_policy_that_does_not_name_the_request_is_anothers() {
    let finding = beside(&[P1], 403, "AccessDeniedException", "");
    rules_out(&finding, &[Cause::ResourcePolicyExplicitDeny, Cause::VpcePolicyImplicitDeny]);
    assert!(names(&finding, Cause::AnsweredByAnotherApi));
}

#[test]
fn a_policy_that_names_the_request_stays_the_cause() {
    let finding = beside(&[P1], 403, "AccessDeniedException", DENIED);
    assert_eq!((finding.cause, finding.confidence), (Cause::ResourcePolicyExplicitDeny, Confidence::Likely));
    assert!(finding.evidence.iter().any(|fact| fact.starts_with("against it: ")), "{finding:#?}");
}

#[test]
fn forbidden_beside_a_success_at_the_same_addresses_is_no_public_api() {
    for paths in [&[P1][..], &[P2], &[P3], &[P4], &[P1, P2], &[P3, P4]] {
        let finding = beside(paths, 403, "ForbiddenException", FORBIDDEN);
        for cause in [
            Cause::PublicApiViaVpce,
            Cause::DifferentEndpoint,
            Cause::MissingStage,
            Cause::ApiKeyMissing,
            Cause::WrongApiId,
            Cause::DefaultEndpointDisabled,
        ] {
            assert!(!names(&finding, cause), "{cause}: {finding:#?}");
        }
        let header = |path, cause| names(&finding, cause) == paths.contains(&path);
        assert!(header(P3, Cause::WrongHostHeader) && header(P4, Cause::WrongApiIdHeader), "{finding:#?}");
    }
}

#[test]
fn what_changes_from_call_to_call_is_not_ruled_out() {
    let finding = beside(&[P1], 429, "TooManyRequestsException", "{\"message\":\"Too Many Requests\"}");
    assert_eq!((finding.cause, finding.alternatives), (Cause::Throttled, vec![]));
}

#[test]
fn a_success_elsewhere_rules_nothing_out() {
    let refused =
        |scene: Scene| scene.error(&[P1], 403, "MissingAuthenticationTokenException", MISSING_TOKEN).finding();
    // at other addresses, or by something that is not the gateway
    let apart = refused(healthy().at_addresses(&[P1], &["10.9.1.10"]));
    assert!(names(&apart, Cause::WrongResourceOrMethod), "{apart:#?}");
    let foreign = healthy().answers(&[P2, P3, P4], 200, &[("Server", "nginx")], "hello");
    let findings = foreign.error(&[P1], 403, "MissingAuthenticationTokenException", MISSING_TOKEN).diagnosis().findings;
    assert!(findings.iter().any(|finding| names(finding, Cause::WrongResourceOrMethod)), "{findings:#?}");
}

#[test]
fn denials_of_two_kinds_at_one_endpoint_make_neither_certain() {
    let denied = |end: &str| {
        format!(
            "{{\"Message\":\"User: anonymous is not authorized to perform: execute-api:Invoke on resource: \
             arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/test/GET/pets {end}\"}}"
        )
    };
    let deny = "with an explicit deny in a resource-based policy";
    let endpoint = denied("because no VPC endpoint policy allows the execute-api:Invoke action");
    let denied = denied(deny);
    let others = [
        ("AccessDeniedException", 403, endpoint.as_str()),
        ("TooManyRequestsException", 429, "{\"message\":\"Too Many Requests\"}"),
        ("ForbiddenException", 403, FORBIDDEN),
        ("MissingAuthenticationTokenException", 403, MISSING_TOKEN),
    ];
    for (kind, status, body) in others {
        let scene = |rest: &[AccessPath]| {
            healthy().error(&ALL, 403, "AccessDeniedException", &denied).error(rest, status, kind, body)
        };
        let findings = scene(&[P1]).diagnosis().findings;
        assert_eq!(findings.len(), 2, "{findings:#?}");
        for finding in &findings {
            assert!(finding.confidence < Confidence::Certain, "{finding:#?}");
            assert!(
                finding.evidence.iter().any(|fact| fact.starts_with("against it: ")) || kind == "ForbiddenException"
            );
        }
        // at another endpoint, it is another policy
        let apart = scene(&[P1]).at_addresses(&[P1], &["10.9.1.10"]).diagnosis().findings;
        let own = apart.iter().find(|finding| finding.paths.contains(&P2)).unwrap();
        assert_eq!((own.cause, own.confidence), (Cause::ResourcePolicyExplicitDeny, Confidence::Certain));
    }
    // a header that leads to no API says nothing of the policy
    let findings =
        healthy().error(&ALL, 403, "AccessDeniedException", &denied).error(&[P4], 403, "ForbiddenException", FORBIDDEN);
    let findings = findings.diagnosis().findings;
    assert!(findings.iter().any(|finding| finding.confidence == Confidence::Certain), "{findings:#?}");
}

#[test]
fn an_api_of_two_accounts_is_two_apis() {
    let other = DENIED.replace("3333", "4444");
    let scene = healthy().error(&ALL, 403, "AccessDeniedException", DENIED).error(
        &[P1, P2],
        403,
        "AccessDeniedException",
        &other,
    );
    let finding = scene.shows(Cause::ResourcePolicyExplicitDeny, &ALL);
    assert_eq!((finding.confidence, finding.alternatives), (Confidence::Likely, vec![Cause::AnsweredByAnotherApi]));
}

#[test]
fn any_refusal_that_spares_the_apis_own_name_alone_may_be_strict_access_mode() {
    let marked = [("x-amz-apigw-id", "AyD6VFqGvHcEGBg=")];
    let answered = |paths: &[AccessPath], status| healthy().answers(paths, status, &marked, "{}").finding();
    for status in [404, 421] {
        let finding = answered(&[P2, P3, P4], status);
        assert_eq!((finding.cause, names(&finding, Cause::StrictAccessMode)), (Cause::BackendStatus, true));
    }
    for finding in [answered(&[P2, P3, P4], 500), answered(&[P3, P4], 421), answered(&ALL, 421)] {
        assert!(!names(&finding, Cause::StrictAccessMode), "{finding:#?}");
    }
}

#[test]
fn the_other_endpoints_policy_is_the_one_to_change() {
    let denied = |end| DENIED.replace("with an explicit deny in a resource-based policy", end);
    let fix = |body: &str| {
        let scene = healthy().at_addresses(&[P1], &["10.9.1.10"]).error(&[P1], 403, "AccessDeniedException", body);
        scene.shows(Cause::DifferentEndpoint, &[P1]).fix.concat()
    };
    let endpoints = fix(&denied("because no VPC endpoint policy allows the execute-api:Invoke action"));
    assert!(endpoints.contains("the endpoint at 10.9.1.10") && !endpoints.contains("aws:SourceVpce"), "{endpoints}");
    let resources = fix(DENIED);
    assert!(resources.contains("aws:SourceVpce") && !resources.contains("the endpoint at"), "{resources}");
}

#[test]
fn what_the_internet_answers_rules_nothing_out() {
    let scene = healthy().at_addresses(&[P1, P2], &["3.80.1.1"]);
    let scene = scene.error(&[P2], 403, "MissingAuthenticationTokenException", MISSING_TOKEN);
    let findings = scene.diagnosis().findings;
    assert!(names(&findings[0], Cause::WrongResourceOrMethod), "{findings:#?}");
}

#[test]
fn one_cause_is_as_sure_as_the_least_of_what_speaks_for_it() {
    let body = "{\"message\":\"Too Many Requests\"}";
    let scene = healthy().error(&[P1, P2], 429, "TooManyRequestsException", body).answers(&[P3, P4], 429, &[], body);
    assert_eq!(scene.shows(Cause::Throttled, &ALL).confidence, Confidence::Possible);
}

#[test]
fn which_refusal_comes_before_another_is_not_known() {
    let body = "{\"message\":\"Authorization header requires 'Credential' parameter.\"}";
    let scene =
        healthy().sending("Authorization").error(&ALL, 403, "MissingAuthenticationTokenException", MISSING_TOKEN);
    let findings = scene.error(&[P1], 403, "IncompleteSignatureException", body).diagnosis().findings;
    let finding = findings.iter().find(|finding| finding.paths == [P1]).unwrap();
    assert_eq!(finding.cause, Cause::SigIncomplete, "{findings:#?}");
}

#[test]
fn two_accounts_are_told_by_those_who_name_them() {
    let other = DENIED.replace("3333", "4444");
    let throttled = "{\"message\":\"Too Many Requests\"}";
    let scene =
        healthy().error(&[P1], 403, "AccessDeniedException", DENIED).error(&[P2], 403, "AccessDeniedException", &other);
    let findings = scene.error(&[P3, P4], 429, "TooManyRequestsException", throttled).diagnosis().findings;
    let finding = findings.iter().find(|finding| finding.cause == Cause::Throttled).unwrap();
    assert_eq!(finding.alternatives, [], "{findings:#?}");
}

#[test]
fn one_path_beside_the_apis_own_name_is_too_few_for_strict_access_mode() {
    for (kind, body) in [("ForbiddenException", FORBIDDEN), ("MissingAuthenticationTokenException", MISSING_TOKEN)] {
        let finding = healthy().only(&[P1, P3]).error(&[P3], 403, kind, body).finding();
        assert!(!names(&finding, Cause::StrictAccessMode), "{finding:#?}");
    }
}

#[test]
fn an_unknown_api_is_less_sure_where_nobody_asked_for_the_alias() {
    let scene = |paths: &[AccessPath]| {
        let scene = healthy().nxdomain(&[P1, P2]).error(&[P3, P4], 403, "ForbiddenException", FORBIDDEN);
        scene.only(paths).shows(Cause::WrongApiId, paths).confidence
    };
    assert_eq!((scene(&ALL), scene(&[P1, P3, P4])), (Confidence::Likely, Confidence::Possible));
}

#[test]
fn an_api_that_one_path_found_is_there() {
    let scene = healthy().nxdomain(&[P1, P2]).error(&[P3], 403, "ForbiddenException", FORBIDDEN);
    let findings = scene.diagnosis().findings;
    assert!(findings.iter().all(|finding| !names(finding, Cause::WrongApiId)), "{findings:#?}");
}

#[test]
fn what_all_paths_say_is_ruled_out_by_none() {
    let scene = healthy().error(&ALL, 403, "MissingAuthenticationTokenException", MISSING_TOKEN);
    scene.shows(Cause::WrongResourceOrMethod, &ALL);
}

const FORBIDDEN: &str = "{\"message\":\"Forbidden\"}";
const MISSING_TOKEN: &str = "{\"message\":\"Missing Authentication Token\"}";
const DENIED: &str = "{\"Message\":\"User: anonymous is not authorized to perform: execute-api:Invoke on resource: \
                      arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/test/GET/pets with an explicit deny in a resource-based policy\"}";
