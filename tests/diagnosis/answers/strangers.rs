//! Was it the gateway of a REST API that answered?

use super::FORBIDDEN;
use crate::round::{ALL, P1, healthy, names};
use apigw_probe::diagnosis::{Cause, Confidence, Owner};
use apigw_probe::target::Expectation;

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
fn words_that_anybody_says_are_not_the_gateways_but_in_its_own_form() {
    for (status, body) in [(403, "Forbidden"), (429, "Too Many Requests"), (403, "{ \"message\" : \"Forbidden\" }")] {
        for server in ["nginx", "envoy"] {
            let headers = [("Server", server), ("Content-Type", "text/plain")];
            let finding = healthy().answers(&ALL, status, &headers, body).shows(Cause::NotApiGateway, &ALL);
            assert_eq!((finding.owner, finding.alternatives), (Owner::Network, vec![Cause::ProxyInterference]));
        }
    }
    let bare = healthy().answers(&ALL, 403, &[("Content-Type", "application/json")], FORBIDDEN).finding();
    assert!(bare.cause == Cause::ForbiddenUnknown && names(&bare, Cause::NotApiGateway), "{bare:#?}");
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
fn a_header_is_to_be_looked_at_only_where_it_is_shown() {
    let points = |headers: &[(&str, &str)]| {
        let finding = healthy().answers(&[P1], 200, headers, "hello").shows(Cause::NotApiGateway, &[P1]);
        let shown = finding.evidence.iter().any(|fact| fact.contains("Server: nginx"));
        (shown, finding.fix.iter().any(|step| step.contains("`Server`")))
    };
    assert_eq!(points(&[("Server", "nginx")]), (true, true));
    assert_eq!(points(&[("Content-Type", "text/html")]), (false, false));
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
fn a_network_that_wants_a_login_is_a_proxys() {
    healthy().answers(&ALL, 511, &[], "log in").shows(Cause::ProxyInterference, &ALL);
}
