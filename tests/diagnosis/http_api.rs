//! An HTTP API answers with an error: such cannot be private, and knows none of a REST API's commands.

use crate::round::{ALL, P1, P2, P3, P4, Scene, healthy, names};
use apigw_probe::diagnosis::{Cause, Confidence};
use apigw_probe::target::HostName;

const MARK: [(&str, &str); 2] = [("Content-Type", "application/json"), ("apigw-requestid", "KtUfbjJIg=")];

#[test]
fn an_error_of_an_http_api_is_told_as_such() {
    for (status, body) in [
        (404, "{\"message\":\"Not Found\"}"),
        (500, "{\"message\":\"Internal Server Error\"}"),
        (503, "{\"message\":\"Service Unavailable\"}"),
        (401, "{\"message\":\"Unauthorized\"}"),
        (403, "{\"message\":\"Forbidden\"}"),
        (429, "{\"message\":\"Too Many Requests\"}"),
        (418, ""),
    ] {
        let finding = healthy().answers(&ALL, status, &MARK, body).shows(Cause::AnsweredByHttpApi, &ALL);
        assert_eq!(finding.confidence, Confidence::Likely);
        assert_eq!(finding.alternatives[0], Cause::PublicApiViaVpce);
        let commands = finding.fix.concat();
        assert!(commands.contains("aws apigatewayv2 ") && !commands.contains("aws apigateway "), "{commands}");
    }
}

#[test]
fn an_unknown_route_of_an_http_api_looks_like_a_disabled_one() {
    let finding = healthy().answers(&ALL, 404, &MARK, "{\"message\":\"Not Found\"}").finding();
    assert!(names(&finding, Cause::WrongResourceOrMethod) && names(&finding, Cause::DefaultEndpointDisabled));
}

#[test]
fn an_http_api_over_the_internet_is_public() {
    let scene = healthy()
        .at_addresses(&[P1], &["52.94.1.1"])
        .nxdomain(&[P2])
        .error(&[P3, P4], 403, "ForbiddenException", "{\"message\":\"Forbidden\"}")
        .answers(&[P1], 404, &MARK, "{\"message\":\"Not Found\"}");
    let findings = scene.findings();
    assert!(findings.contains(&(Cause::PublicApiViaVpce, vec![P2, P3, P4])), "{findings:?}");
    assert!(findings.contains(&(Cause::AnsweredByHttpApi, vec![P1])), "{findings:?}");
    assert_eq!(findings.len(), 2);
}

#[test]
fn an_http_api_beside_the_private_api_itself_is_another() {
    for path in [P1, P2] {
        let answered = |scene: Scene| scene.answers(&[path], 404, &MARK, "{\"message\":\"Not Found\"}");
        let finding = answered(healthy()).shows(Cause::AnsweredByAnotherApi, &[path]);
        assert!(!names(&finding, Cause::DefaultEndpointDisabled), "that would disable all paths: {finding:#?}");
        // the name leads there by an alias
        let alias = "d-other.execute-api.us-east-1.amazonaws.com";
        let elsewhere = answered(healthy().at_addresses(&[path], &["10.50.0.5"]))
            .on(&[path], |seen| seen.lookup.cnames = vec![HostName::parse(alias).unwrap()]);
        let finding = elsewhere.shows(Cause::AnsweredByAnotherApi, &[path]);
        let told = |what: &str| finding.evidence.iter().any(|fact| fact.contains(what));
        assert!(told(alias) && told("10.50.0.5"), "{finding:#?}");
        assert!(finding.fix.concat().contains("hosted zones"), "{finding:#?}");
    }
}

#[test]
fn where_an_http_api_is_expected_its_own_commands_are_told() {
    use apigw_probe::plan::AccessPath::Public;
    for (status, body) in [(404, "{\"message\":\"Not Found\"}"), (403, "{\"message\":\"Forbidden\"}")] {
        let scene = Scene::public("https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/ordrs", None);
        let scene = scene.at_addresses(&[Public], &["52.94.1.1"]).answers(&[Public], status, &MARK, body);
        let finding = scene.finding();
        let commands = finding.fix.concat();
        assert!(
            commands.contains("aws apigatewayv2 get-routes ") && !commands.contains("aws apigateway "),
            "{finding:#?}"
        );
        assert!(!commands.contains("ordrs"), "the first part of the path is no stage: {finding:#?}");
    }
}

#[test]
fn a_success_of_an_http_api_names_no_command_that_cannot_know_it() {
    let fix = healthy().answers(&ALL, 200, &MARK, "[]").shows(Cause::OkHttpApi, &ALL).fix.concat();
    assert!(!fix.contains("aws apigateway "), "{fix}");
}
