//! Routing, policies and errors of the execute-api front, byte for byte.

use super::client::{API_NAME, Answer, VPCE_NAME, endpoint, request, send, start};
use apigw_probe::lab::Lab;

const OTHER_API: &str = "z9yx876w5v";

async fn get(lab: &Lab, path: &str, headers: &[(&str, &str)]) -> Answer {
    send(lab, endpoint(lab), VPCE_NAME, &request("GET", path, headers)).await.expect("an answer")
}

#[tokio::test]
async fn the_api_id_header_wins_over_host() {
    let lab = start("healthy").await;
    let other_host = format!("{OTHER_API}.execute-api.us-east-1.amazonaws.com");
    let wrong_suffix = format!("{API_NAME}.cn");
    for host in [&other_host, &wrong_suffix, "nlb.example.com"] {
        let answer = get(&lab, "/test", &[("Host", host), ("x-apigw-api-id", "a1bc234d5e")]).await;
        assert_eq!(answer.status, 200, "{host}");
    }
    let answer = get(&lab, "/test", &[("Host", API_NAME), ("x-apigw-api-id", "0000000000")]).await;
    assert_eq!((answer.status, answer.error_type()), (403, "ForbiddenException"));
}

#[tokio::test]
async fn host_alone_names_the_api_by_its_name_or_alias() {
    let lab = start("healthy").await;
    let alias = API_NAME.replacen('.', "-vpce-1a2b3c456d7e89012.", 1);
    for host in [API_NAME, &alias, &API_NAME.to_uppercase(), &format!("{API_NAME}:443")] {
        assert_eq!(get(&lab, "/test", &[("Host", host)]).await.status, 200, "{host}");
    }
    for host in [VPCE_NAME, &format!("{API_NAME}.cn"), "a1bc234d5e"] {
        let answer = get(&lab, "/test", &[("Host", host)]).await;
        assert_eq!((answer.status, answer.error_type()), (403, "ForbiddenException"), "{host}");
    }
}

#[tokio::test]
async fn a_stage_that_is_not_deployed_is_forbidden() {
    let lab = start("healthy").await;
    for path in ["/", "/tset", "/tset/orders", "/?stage=test", "/testing"] {
        let answer = get(&lab, path, &[("Host", API_NAME)]).await;
        assert_eq!((answer.status, answer.error_type()), (403, "ForbiddenException"), "{path}");
        assert_eq!((answer.header("Content-Length"), answer.body.as_str()), ("23", r#"{"message":"Forbidden"}"#));
    }
}

#[tokio::test]
async fn an_undefined_route_wants_an_authentication_token() {
    let lab = start("healthy").await;
    let answer = get(&lab, "/test/ordrs", &[("Host", API_NAME)]).await;
    assert_eq!((answer.status, answer.error_type()), (403, "MissingAuthenticationTokenException"));
    assert_eq!(answer.header("Content-Length"), "42");
    assert_eq!(answer.body, r#"{"message":"Missing Authentication Token"}"#);
}

#[tokio::test]
async fn defined_routes_answer_with_and_without_a_query() {
    let lab = start("healthy").await;
    for path in ["/test", "/test/", "/test?x=1", "/test/?x=1", "/test/orders", "/test/orders?x=/y"] {
        assert_eq!(get(&lab, path, &[("Host", API_NAME)]).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn headers_come_in_the_order_and_case_of_aws() {
    let lab = start("healthy").await;
    let names = |answer: &Answer| answer.headers.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>().join(" ");
    let answer = get(&lab, "/tset", &[("Host", API_NAME)]).await;
    assert_eq!(
        names(&answer),
        "Server Date Content-Type Content-Length Connection x-amzn-RequestId x-amzn-ErrorType x-amz-apigw-id"
    );
    let answer = get(&lab, "/test", &[("Host", API_NAME)]).await;
    assert_eq!(
        names(&answer),
        "Server Date Content-Type Content-Length Connection x-amzn-RequestId x-amz-apigw-id X-Amzn-Trace-Id"
    );
    assert_eq!(answer.header("x-amz-apigw-id").len(), 16);
    assert_eq!(answer.header("x-amzn-RequestId").split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
}

#[tokio::test]
async fn a_caller_may_choose_the_request_id() {
    let lab = start("healthy").await;
    let chosen = "7607df51-6ac7-49c7-939d-7f2b31e0d2b4";
    let answer = get(&lab, "/test", &[("Host", API_NAME), ("x-amzn-RequestId", chosen)]).await;
    assert_eq!(answer.header("x-amzn-RequestId"), chosen);
    let answer = get(&lab, "/test", &[("Host", API_NAME), ("x-amzn-RequestId", "mine")]).await;
    assert_ne!(answer.header("x-amzn-RequestId"), "mine");
}

#[tokio::test]
async fn head_has_no_body_but_keeps_its_error_type() {
    let lab = start("healthy").await;
    let request = request("HEAD", "/tset", &[("Host", API_NAME)]);
    let answer = send(&lab, endpoint(&lab), API_NAME, &request).await.expect("an answer");
    assert_eq!((answer.status, answer.error_type()), (403, "ForbiddenException"));
    assert_eq!((answer.header("Content-Length"), answer.body.as_str()), ("0", ""));
}

#[tokio::test]
async fn policies_refuse_word_for_word() {
    let denied = [
        ("explicit-deny", " with an explicit deny in a resource-based policy"),
        ("explicit-deny-old", " with an explicit deny"),
        ("implicit-deny", " because no resource-based policy allows the execute-api:Invoke action"),
        ("implicit-deny-old", ""),
        ("endpoint-policy-implicit-deny", " because no VPC endpoint policy allows the execute-api:Invoke action"),
        ("endpoint-policy-implicit-deny-old", ""),
        ("endpoint-policy-explicit-deny", " with an explicit deny in a VPC endpoint policy"),
        ("endpoint-policy-explicit-deny-old", " with an explicit deny"),
    ];
    for (scenario, ending) in denied {
        let lab = start(scenario).await;
        let answer = get(&lab, "/test/orders", &[("Host", API_NAME)]).await;
        assert_eq!((answer.status, answer.error_type()), (403, "AccessDeniedException"), "{scenario}");
        let resource = "arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/test/GET/orders";
        let message = "User: anonymous is not authorized to perform: execute-api:Invoke on resource:";
        assert_eq!(answer.body, format!(r#"{{"Message":"{message} {resource}{ending}"}}"#), "{scenario}");
        assert_eq!(answer.header("Content-Length"), answer.body.len().to_string());
    }
}

#[tokio::test]
async fn errors_of_integrations_and_plans_have_the_bytes_of_aws() {
    let errors = [
        ("integration-misconfigured", 500, "InternalServerErrorException", r#"{"message": "Internal server error"}"#),
        ("lambda-malformed", 502, "InternalServerErrorException", r#"{"message": "Internal server error"}"#),
        ("integration-timeout", 504, "InternalServerErrorException", r#"{"message": "Endpoint request timed out"}"#),
        (
            "integration-network-error",
            504,
            "InternalServerErrorException",
            r#"{"message": "Network error communicating with endpoint"}"#,
        ),
        ("throttled", 429, "TooManyRequestsException", r#"{"message":"Too Many Requests"}"#),
        ("quota-exceeded", 429, "LimitExceededException", r#"{"message":"Limit Exceeded"}"#),
        ("api-key-required", 403, "ForbiddenException", r#"{"message":"Forbidden"}"#),
        ("iam-unsigned", 403, "MissingAuthenticationTokenException", r#"{"message":"Missing Authentication Token"}"#),
        ("authorizer-wants-token", 401, "UnauthorizedException", r#"{"message":"Unauthorized"}"#),
        ("authorizer-fails", 500, "AuthorizerConfigurationException", r#"{"message":null}"#),
        ("masked-error", 200, "", "{\"message\":\"Forbidden\"}\n"),
    ];
    for (scenario, status, error_type, body) in errors {
        let lab = start(scenario).await;
        let answer = get(&lab, "/test", &[("Host", API_NAME)]).await;
        assert_eq!((answer.status, answer.error_type()), (status, error_type), "{scenario}");
        assert_eq!(answer.body, body, "{scenario}");
        assert!(!answer.header("x-amz-apigw-id").is_empty(), "{scenario}");
    }
}

#[tokio::test]
async fn a_good_api_key_opens_the_method() {
    let lab = start("api-key-required").await;
    let key = ("x-api-key", "lab-key-0123456789abcdefghij");
    assert_eq!(get(&lab, "/test", &[("Host", API_NAME), key]).await.status, 200);
}

#[tokio::test]
async fn requests_are_remembered_as_they_were_sent() {
    let lab = start("healthy").await;
    get(&lab, "/test?b=1", &[("hOST", VPCE_NAME), ("X-Apigw-API-id", "a1bc234d5e")]).await;
    let seen = lab.requests();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].line, "GET /test?b=1 HTTP/1.1");
    assert_eq!(seen[0].sni.as_deref(), Some(VPCE_NAME));
    assert_eq!(seen[0].address, std::net::IpAddr::from([10, 0, 1, 10]));
    let names: Vec<&str> = seen[0].headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["hOST", "X-Apigw-API-id", "Connection"]);
}

#[tokio::test]
async fn one_connection_carries_several_requests() {
    let lab = start("healthy").await;
    let kept = format!("POST /test HTTP/1.1\r\nHost: {API_NAME}\r\nContent-Length: 4\r\n\r\nbody");
    let both = kept + &request("GET", "/tset", &[("Host", API_NAME)]);
    let answers = send(&lab, endpoint(&lab), API_NAME, &both).await.expect("answers");
    assert_eq!(answers.header("Connection"), "keep-alive");
    assert!(answers.body.contains("HTTP/1.1 403 Forbidden\r\n"), "{}", answers.body);
    assert_eq!(lab.requests().len(), 2);
}
