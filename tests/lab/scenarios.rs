//! Each scenario shows on the four paths what is known or inferred of AWS.

use super::client::{Failure, ask, ask_over_tcp, request, send, start};
use apigw_probe::lab::{Lab, Scenario};
use apigw_probe::observation::Intent;
use apigw_probe::plan::{self, AccessPath, Header, Missing, Plan, Request};
use apigw_probe::report::Verdict;
use apigw_probe::sign::sign;
use apigw_probe::target::{Target, TargetInput};
use futures_util::future::join_all;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;
use std::collections::BTreeSet;
use std::sync::Arc;
use time::OffsetDateTime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// One word a row: the paths P1 to P4, the zones below P3.
#[rustfmt::skip]
const VECTORS: &[(&str, &str)] = &[
    ("healthy",                            "200 200 200 200"),
    ("healthy-china",                      "200 200 200 200"),
    ("url-only",                           "200 - - -"),
    ("forbidden-path-open",                "200 200 200 200"),
    ("private-dns-off",                    "NX 200 200 200"),
    ("private-dns-off-optional",           "NX 200 200 200"),
    ("private-dns-off-public-denied",      "PUB+403AccessDenied 200 200 200"),
    ("private-dns-off-public-silent",      "PUB+silent 200 200 200"),
    ("hosted-zone",                        "200 200 200 200"),
    ("hosted-zone-not-associated",         "200 NX 200 200"),
    ("not-associated",                     "200 200 200 200"),
    ("not-associated-private-dns-off",     "NX NX 200 200"),
    ("central-endpoint",                   "403AccessDenied 200 200 200"),
    ("endpoint-deleted",                   "NX NX NX NX"),
    ("wrong-endpoint-name",                "200 200 NX NX"),
    ("wrong-region",                       "NX NX 403Forbidden 403Forbidden"),
    ("outside-the-vpc",                    "NX silent silent silent"),
    ("resolver-not-forwarding",            "NX 200 200 200"),
    ("resolver-without-recursion",         "NX NX NX NX"),
    ("rebinding-protection",               "empty empty empty empty"),
    ("rebinding-protection-public-names",  "200 200 empty empty"),
    ("dns-servfail",                       "SERVFAIL SERVFAIL SERVFAIL SERVFAIL"),
    ("dns-refused",                        "REFUSED REFUSED REFUSED REFUSED"),
    ("dns-silent",                         "dns-silent dns-silent dns-silent dns-silent"),
    ("dns-truncated",                      "200 200 200 200"),
    ("port-dropped",                       "silent silent silent silent"),
    ("port-refused",                       "refused refused refused refused"),
    ("one-address-dead",                   "200 200 200 200"),
    ("certificate-expired",                "tls tls tls tls"),
    ("certificate-not-yet-valid",          "tls tls tls tls"),
    ("certificate-of-load-balancer",       "tls tls tls tls"),
    ("certificate-unknown-issuer",         "tls tls tls tls"),
    ("tls-inspection",                     "tls tls tls tls"),
    ("certificate-for-clients",            "tls tls tls tls"),
    ("certificate-chain-too-deep",         "tls tls tls tls"),
    ("tls-version",                        "tls tls tls tls"),
    ("handshake-stalls",                   "silent silent silent silent"),
    ("port-without-tls",                   "tls tls tls tls"),
    ("wrong-api-id",                       "403Forbidden 403Forbidden 403Forbidden 403Forbidden"),
    ("wrong-stage",                        "403Forbidden 403Forbidden 403Forbidden 403Forbidden"),
    ("no-stage",                           "403Forbidden 403Forbidden 403Forbidden 403Forbidden"),
    ("wrong-resource",                     "403MissingAuthenticationToken 403MissingAuthenticationToken 403MissingAuthenticationToken 403MissingAuthenticationToken"),
    ("wrong-method",                       "403MissingAuthenticationToken 403MissingAuthenticationToken 403MissingAuthenticationToken 403MissingAuthenticationToken"),
    ("wrong-host-suffix",                  "NX NX 403Forbidden 200"),
    ("uri-too-long",                       "414 414 414 414"),
    ("missing-parameter",                  "400BadRequest 400BadRequest 400BadRequest 400BadRequest"),
    ("host-rewritten",                     "200 200 403Forbidden 200"),
    ("api-id-stripped",                    "200 200 200 403Forbidden"),
    ("headers-lost",                       "200 200 403Forbidden 403Forbidden"),
    ("endpoint-host-refused",              "200 200 200 403Forbidden"),
    ("names-cut",                          "200 tls tls tls"),
    ("marks-taken",                        "200unmarked 200unmarked 200unmarked 200unmarked"),
    ("answers-any-api",                    "200 200 200 200"),
    ("answers-anything",                   "200unmarked 200unmarked 200unmarked 200unmarked"),
    ("another-api",                        "403AccessDenied 403AccessDenied 403AccessDenied 403AccessDenied"),
    ("not-api-gateway",                    "200unmarked 200unmarked 200unmarked 200unmarked"),
    ("proxy-denies",                       "403unmarked 403unmarked 403unmarked 403unmarked"),
    ("not-http",                           "not-http not-http not-http not-http"),
    ("strict-access-mode",                 "200 403Forbidden 403Forbidden 403Forbidden"),
    ("public-api",                         "403Forbidden 403Forbidden 403Forbidden 403Forbidden"),
    ("public-api-private-dns-off",         "PUB+200 NX 403Forbidden 403Forbidden"),
    ("default-endpoint-disabled",          "403Forbidden 403Forbidden 403Forbidden 403Forbidden"),
    ("waf-block",                          "403Forbidden 403Forbidden 403Forbidden 403Forbidden"),
    ("iam-unsigned",                       "403MissingAuthenticationToken 403MissingAuthenticationToken 403MissingAuthenticationToken 403MissingAuthenticationToken"),
    ("authorizer-wants-token",             "401Unauthorized 401Unauthorized 401Unauthorized 401Unauthorized"),
    ("authorizer-denies",                  "403AccessDenied 403AccessDenied 403AccessDenied 403AccessDenied"),
    ("authorizer-fails",                   "500AuthorizerConfiguration 500AuthorizerConfiguration 500AuthorizerConfiguration 500AuthorizerConfiguration"),
    ("api-key-required",                   "403Forbidden 403Forbidden 403Forbidden 403Forbidden"),
    ("throttled",                          "429TooManyRequests 429TooManyRequests 429TooManyRequests 429TooManyRequests"),
    ("quota-exceeded",                     "429LimitExceeded 429LimitExceeded 429LimitExceeded 429LimitExceeded"),
    ("slow-integration",                   "silent silent silent silent"),
    ("integration-timeout",                "504InternalServerError 504InternalServerError 504InternalServerError 504InternalServerError"),
    ("integration-network-error",          "504InternalServerError 504InternalServerError 504InternalServerError 504InternalServerError"),
    ("integration-misconfigured",          "500InternalServerError 500InternalServerError 500InternalServerError 500InternalServerError"),
    ("lambda-malformed",                   "502InternalServerError 502InternalServerError 502InternalServerError 502InternalServerError"),
    ("masked-error",                       "200 200 200 200"),
    ("backend-echoes",                     "500InternalFailure 500InternalFailure 500InternalFailure 500InternalFailure"),
    ("clock-far-off",                      "200 200 200 200"),
    ("zonal",                              "200 200 200 200 200 200 200"),
    ("zone-down",                          "200 200 200 silent 200 200 200"),
    ("explicit-deny",                      "403AccessDenied 403AccessDenied 403AccessDenied 403AccessDenied"),
    ("explicit-deny-old",                  "403AccessDenied 403AccessDenied 403AccessDenied 403AccessDenied"),
    ("implicit-deny",                      "403AccessDenied 403AccessDenied 403AccessDenied 403AccessDenied"),
    ("implicit-deny-old",                  "403AccessDenied 403AccessDenied 403AccessDenied 403AccessDenied"),
    ("endpoint-policy-implicit-deny",      "403AccessDenied 403AccessDenied 403AccessDenied 403AccessDenied"),
    ("endpoint-policy-implicit-deny-old",  "403AccessDenied 403AccessDenied 403AccessDenied 403AccessDenied"),
    ("endpoint-policy-explicit-deny",      "403AccessDenied 403AccessDenied 403AccessDenied 403AccessDenied"),
    ("endpoint-policy-explicit-deny-old",  "403AccessDenied 403AccessDenied 403AccessDenied 403AccessDenied"),
    ("signed",                              "200 200 200 200"),
    ("signed-and-unsigned",                 "200 200 200 200"),
    ("signature-not-needed",                "200 200 200 200"),
    ("signed-wrong-resource",               "403MissingAuthenticationToken 403MissingAuthenticationToken 403MissingAuthenticationToken 403MissingAuthenticationToken"),
    ("identity-policy-implicit-deny",       "403AccessDenied 403AccessDenied 403AccessDenied 403AccessDenied"),
    ("caller-not-allowed",                  "403AccessDenied 403AccessDenied 403AccessDenied 403AccessDenied"),
    ("caller-allowed",                      "200 200 200 200"),
    ("wrong-secret-key",                    "403InvalidSignature 403InvalidSignature 403InvalidSignature 403InvalidSignature"),
    ("unknown-access-key",                  "403UnrecognizedClient 403UnrecognizedClient 403UnrecognizedClient 403UnrecognizedClient"),
    ("session-ended",                       "403AccessDenied 403AccessDenied 403AccessDenied 403AccessDenied"),
    ("signed-clock-behind",                 "403InvalidSignature 403InvalidSignature 403InvalidSignature 403InvalidSignature"),
    ("signed-clock-ahead",                  "403InvalidSignature 403InvalidSignature 403InvalidSignature 403InvalidSignature"),
    ("signed-query-changed",                "403InvalidSignature 403InvalidSignature 403InvalidSignature 403InvalidSignature"),
    ("signed-host-changed",                 "403InvalidSignature 403InvalidSignature 403InvalidSignature 403InvalidSignature"),
    ("custom-domain",                       "200 200 200 200 200 200"),
    ("custom-domain-not-associated",        "200 200 200 200 tls 403Forbidden"),
    ("custom-domain-no-hosted-zone",        "200 200 200 200 NX 200"),
    ("custom-domain-certificate-expired",   "200 200 200 200 tls 200"),
    ("custom-domain-certificate-of-another", "200 200 200 200 tls 200"),
    ("custom-domain-private-authority",     "200 200 200 200 tls 200"),
    ("base-path-unmapped",                  "200 200 200 200 403Forbidden 403Forbidden"),
    ("base-path-with-stage",                "200 200 200 200 403MissingAuthenticationToken 403MissingAuthenticationToken"),
    ("custom-domain-policy-deny",           "200 200 200 200 403AccessDenied 403AccessDenied"),
    ("custom-domain-only",                  "403Forbidden 403Forbidden 403Forbidden 403Forbidden 200 200"),
    ("public",                              "PUB+200"),
    ("public-swallowed",                    "403Forbidden"),
    ("public-no-way-out",                   "PUB+silent"),
    ("public-custom-domain",                "PUB+200"),
    ("public-custom-domain-swallowed",      "403Forbidden"),
    ("http-api",                            "PUB+200unmarked"),
    ("http-api-unmatched-route",            "PUB+404unmarked"),
    ("http-api-iam-unsigned",               "PUB+403unmarked"),
    ("credentials-missing",                 "unsigned unsigned unsigned unsigned"),
    ("credentials-expired",                 "unsigned unsigned unsigned unsigned"),
];

#[test]
fn every_scenario_has_a_vector_a_name_and_a_line() {
    let known: BTreeSet<&str> = Scenario::all().map(|scenario| scenario.name).collect();
    assert_eq!(known.len(), Scenario::all().count(), "two scenarios of one name");
    assert_eq!(known, VECTORS.iter().map(|(name, _)| *name).collect());
    for scenario in Scenario::all() {
        assert!(scenario.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
        assert!(!scenario.about.contains('\n') && scenario.about.len() <= 100, "{}", scenario.name);
        assert_eq!(scenario.description().contains("inferred"), scenario.inferred.is_some(), "{}", scenario.name);
        assert!(!scenario.expect.is_empty() || scenario.verdict == Verdict::Pass, "{}", scenario.name);
    }
}

#[tokio::test]
async fn every_scenario_shows_what_is_documented() {
    // the silent ones wait together, and the number of open sockets stays small
    let at_once = Arc::new(Semaphore::new(8));
    let mut checks = JoinSet::new();
    for (name, vector) in VECTORS {
        let at_once = Arc::clone(&at_once);
        checks.spawn(async move {
            let _permit = at_once.acquire_owned().await;
            check(name, vector).await;
        });
    }
    while let Some(checked) = checks.join_next().await {
        checked.expect("every scenario shows its vector");
    }
}

async fn check(name: &str, vector: &str) {
    let lab = start(name).await;
    let seen = observe(&lab).await;
    assert_eq!(seen.join(" "), vector, "{name}");
    let opens = |word: &String| ["200", "200unmarked", "PUB+200", "PUB+200unmarked", "-"].contains(&word.as_str());
    let target = Target::parse(lab.input()).expect("what the scenario's operator pastes can be read");
    let rows = plan::rows(&target, &[false], |_| false);
    assert_eq!(rows.len(), seen.len());
    let meets = rows.iter().zip(&seen).all(|(row, word)| {
        let intent = lab.scenario().intents.iter().find(|(named, _)| *named == row.path);
        match intent.map_or(Intent::Required, |(_, intent)| *intent) {
            Intent::Required => opens(word),
            Intent::Forbidden => !opens(word),
            Intent::Optional | Intent::Skip => true,
        }
    });
    // whatever API is asked for, it answers
    let meets = meets && !(lab.scenario().canary && opens(&canary(&lab).await));
    assert_eq!(lab.scenario().verdict, if meets { Verdict::Pass } else { Verdict::Fail }, "{name}");
}

/// What a call of an API that does not exist comes to.
async fn canary(lab: &Lab) -> String {
    let invoke_url = lab.invoke_url().replace("a1bc234d5e", "zzzzzzzzzz");
    let input = TargetInput { invoke_url: &invoke_url, ..lab.input() };
    let target = Target::parse(input).expect("what the scenario's operator pastes can be read");
    let plan = plan::plan(&target, AccessPath::VpceApiIdHeader, &Request::default());
    word(lab, &target, plan).await
}

async fn observe(lab: &Lab) -> Vec<String> {
    let target = Target::parse(lab.input()).expect("what the scenario's operator pastes can be read");
    let rows = plan::rows(&target, &[false], |_| false);
    let plans = rows.iter().map(|row| plan::plan_row(&target, row, &Request::default()));
    join_all(plans.map(|plan| word(lab, &target, plan))).await
}

/// The headers that the scenario's operator adds to sign a call; none if the calls go unsigned.
fn signature(lab: &Lab, target: &Target, plan: &Plan) -> Result<Vec<Header>, &'static str> {
    if lab.auth().credentials().is_none() {
        return Ok(Vec::new());
    }
    let now = OffsetDateTime::now_utc();
    match lab.identity() {
        Ok(credentials) if !credentials.are_expired(now) => {
            Ok(sign(plan, target.region().unwrap(), &credentials, now).unwrap())
        }
        Ok(_) | Err(_) => Err("unsigned"),
    }
}

/// What a plan comes to, in one word.
async fn word(lab: &Lab, target: &Target, plan: Result<Plan, Missing>) -> String {
    let Ok(plan) = plan else { return "-".to_owned() };
    let Some(mut found) = ask(lab.dns_server(), plan.dial.as_str(), RecordType::A).await else {
        return "dns-silent".to_owned();
    };
    if found.truncated {
        found = ask_over_tcp(lab.dns_server(), plan.dial.as_str(), RecordType::A).await.expect("an answer");
    }
    match found.code {
        ResponseCode::NoError if found.addresses.is_empty() => return "empty".to_owned(),
        ResponseCode::NoError => {}
        ResponseCode::NXDomain => return "NX".to_owned(),
        ResponseCode::ServFail => return "SERVFAIL".to_owned(),
        ResponseCode::Refused => return "REFUSED".to_owned(),
        other => panic!("{other}"),
    }
    let mut headers = vec![("Host", plan.host.as_str())];
    headers.extend(plan.headers.iter().map(|header| (header.name.as_str(), header.value.to_send())));
    let signature = match signature(lab, target, &plan) {
        Ok(signature) => signature,
        Err(word) => return word.to_owned(),
    };
    headers.extend(signature.iter().map(|header| (header.name.as_str(), header.value.to_send())));
    let request = request(plan.method.as_str(), &plan.path_and_query, &headers);
    let mut answer = Err(Failure::Silent);
    for address in found.addresses.iter().take(2) {
        answer = send(lab, lab.detour()[address], plan.sni.as_str(), &request).await;
        if !matches!(answer, Err(Failure::Silent)) {
            break;
        }
    }
    let public = matches!(found.addresses[0], std::net::IpAddr::V4(ip) if !ip.is_private());
    let word = match answer {
        Ok(answer) if answer.header("x-amz-apigw-id").is_empty() => format!("{}unmarked", answer.status),
        Ok(answer) => format!("{}{}", answer.status, answer.error_type().trim_end_matches("Exception")),
        Err(Failure::Silent) => "silent".to_owned(),
        Err(Failure::Refused) => "refused".to_owned(),
        Err(Failure::Tls(_)) => "tls".to_owned(),
        Err(Failure::Http) => "not-http".to_owned(),
    };
    if public { format!("PUB+{word}") } else { word }
}
