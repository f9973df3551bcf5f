//! What can be wrong with the request, the API and what stands behind it? Everything that answers, and is not a policy.

use super::{CHINA, Scenario};
use crate::diagnosis::Cause;
use crate::lab::policy::{Condition, Policy, allow};
use crate::lab::world::{
    API, Authorization, Authorizer, Between, Exposure, Impostor, Integration, Limit, OTHER_API, World,
};
use std::time::Duration;

pub(super) static SCENARIOS: &[Scenario] = &[
    // what the caller asks for
    Scenario::new("wrong-api-id", "the API id is mistyped; private DNS answers every id", |world| {
        world.asked.invoke_url = world.asked.invoke_url.replace("a1bc234d5e", "a1bc234d5f");
    })
    .inferred("the answer to an unknown id in the header")
    .fails(&[Cause::WrongApiId]),
    Scenario::new("wrong-stage", "the stage is mistyped", |world| set_path(world, "/tset"))
        .fails(&[Cause::MissingStage]),
    Scenario::new("no-stage", "the invoke URL has no stage", |world| set_path(world, "")).fails(&[Cause::MissingStage]),
    Scenario::new("wrong-resource", "the resource path is mistyped", |world| set_path(world, "/test/ordrs"))
        .fails(&[Cause::WrongResourceOrMethod]),
    Scenario::new("wrong-method", "the resource has only another method", |world| world.route().method = Some("POST"))
        .fails(&[Cause::WrongResourceOrMethod]),
    Scenario::new("wrong-host-suffix", "the API's name lacks the suffix of the endpoint's partition", |world| {
        *world = World::healthy_in(CHINA);
        world.asked.invoke_url = world.asked.invoke_url.replace(".com.cn", ".com");
    })
    .fails(&[Cause::WrongHostHeader]),
    Scenario::new("uri-too-long", "the method's ARN is longer than 1600 bytes", |world| {
        world.asked.invoke_url.push('/');
        world.asked.invoke_url.push_str(&"0123456789".repeat(160));
    })
    .inferred("the answer's headers and body")
    .fails(&[Cause::UriTooLong]),
    Scenario::new("missing-parameter", "the method wants a query parameter that the URL lacks", |world| {
        world.route().required_parameter = Some("customer");
    })
    .fails(&[Cause::RequestValidationFailed]),
    // what stands between
    Scenario::new("host-rewritten", "a proxy sets `Host` to the name that was dialled", |world| {
        world.between = Between::SetsHost;
    })
    .fails(&[Cause::WrongHostHeader]),
    Scenario::new("api-id-stripped", "a proxy drops the header `x-apigw-api-id`", |world| {
        world.between = Between::DropsApiId;
    })
    .fails(&[Cause::WrongApiIdHeader]),
    Scenario::new("headers-lost", "a proxy does both: `Host` and `x-apigw-api-id` are lost", |world| {
        world.between = Between::LosesHeaders;
    })
    .fails(&[Cause::ForbiddenUnknown]),
    Scenario::new("endpoint-host-refused", "a web ACL refuses the endpoint's own name as `Host`", |world| {
        world.between = Between::RefusesEndpointAsHost;
    })
    .fails(&[Cause::WafBlock]),
    Scenario::new("names-cut", "a firewall ends every handshake but those with the API's own name", |world| {
        world.between = Between::CutsNames(API);
    })
    .fails(&[Cause::ProxyInterference]),
    Scenario::new("marks-taken", "a proxy takes API Gateway's headers off every answer", |world| {
        world.between = Between::TakesMarks;
    })
    .passes_with(&[Cause::NotApiGateway]),
    Scenario::new("answers-any-api", "a proxy sends every request to this API, whichever was asked for", |world| {
        world.between = Between::SendsTo(API);
    })
    .with_canary()
    .fails(&[Cause::AnswersAnyApi]),
    Scenario::new("answers-anything", "a web server answers 200 to everything, whichever API was asked for", |world| {
        world.between = Between::Answers(Impostor::WebServer);
    })
    .with_canary()
    .fails(&[Cause::AnswersAnyApi]),
    Scenario::new("another-api", "a proxy sends every request to another API", |world| {
        world.between = Between::SendsTo(OTHER_API);
    })
    .fails(&[Cause::AnsweredByAnotherApi]),
    Scenario::new("not-api-gateway", "a web server answers 200 in place of API Gateway", |world| {
        world.between = Between::Answers(Impostor::WebServer);
    })
    .passes_with(&[Cause::NotApiGateway]),
    Scenario::new("proxy-denies", "a proxy denies in place of API Gateway", |world| {
        world.between = Between::Answers(Impostor::Proxy);
    })
    .fails(&[Cause::ProxyInterference]),
    Scenario::new("not-http", "what answers does not speak HTTP", |world| {
        world.between = Between::Answers(Impostor::Garbage);
    })
    .fails(&[Cause::HttpProtocolError]),
    // how the API is set up
    Scenario::new(
        "strict-access-mode",
        "the API takes requests under its own name only (`endpointAccessMode: STRICT`)",
        |world| {
            world.api().strict = true;
        },
    )
    .inferred("what a rejected client sees")
    .fails(&[Cause::StrictAccessMode]),
    Scenario::new("public-api", "the API is public, and private DNS catches its name", public_api)
        .fails(&[Cause::PublicApiViaVpce]),
    Scenario::new("public-api-private-dns-off", "the API is public; only the way over the Internet answers", |world| {
        public_api(world);
        world.endpoint().private_dns = false;
    })
    .fails(&[Cause::PublicApiViaVpce]),
    Scenario::new("default-endpoint-disabled", "the API's `execute-api` endpoint is disabled", |world| {
        world.api().default_endpoint = false;
    })
    .fails(&[Cause::DefaultEndpointDisabled]),
    Scenario::new("waf-block", "a web ACL blocks the request", |world| world.api().waf_blocks = true)
        .fails(&[Cause::WafBlock]),
    Scenario::new("iam-unsigned", "the method wants a signature, and the request has none", |world| {
        world.route().authorization = Authorization::Iam;
    })
    .fails(&[Cause::IamAuthUnsigned]),
    Scenario::new("authorizer-wants-token", "a Lambda authorizer wants a token", |world| {
        world.route().authorization = Authorization::Lambda(Authorizer::WantsToken);
    })
    .fails(&[Cause::AuthorizerUnauthorized]),
    Scenario::new("authorizer-denies", "a Lambda authorizer denies", |world| {
        world.route().authorization = Authorization::Lambda(Authorizer::Denies);
    })
    .fails(&[Cause::LambdaAuthorizerExplicitDeny]),
    Scenario::new("authorizer-fails", "a Lambda authorizer fails by itself", |world| {
        world.route().authorization = Authorization::Lambda(Authorizer::Fails);
    })
    .fails(&[Cause::AuthorizerMisconfigured]),
    Scenario::new("api-key-required", "the method wants an API key", |world| world.route().api_key_required = true)
        .fails(&[Cause::ApiKeyMissing]),
    Scenario::new("throttled", "too many requests per second", |world| set_limit(world, Limit::Throttled))
        .fails(&[Cause::Throttled]),
    Scenario::new("quota-exceeded", "the usage plan's quota is used up", |world| set_limit(world, Limit::QuotaUsedUp))
        .fails(&[Cause::QuotaExceeded]),
    // what stands behind
    Scenario::new("slow-integration", "the backend takes longer than the probe waits", |world| {
        set_integration(world, Integration::Slow(Duration::from_secs(5)));
    })
    .impatient()
    .fails(&[Cause::ResponseTooSlow]),
    Scenario::new("integration-timeout", "the backend takes longer than API Gateway waits: 504", |world| {
        set_integration(world, Integration::TimesOut);
    })
    .fails(&[Cause::IntegrationTimeout]),
    Scenario::new("integration-network-error", "the VPC link has no reachable target: 504", |world| {
        set_integration(world, Integration::Unreachable);
    })
    .fails(&[Cause::IntegrationNetworkError]),
    Scenario::new("integration-misconfigured", "the integration cannot work as it is set up: 500", |world| {
        set_integration(world, Integration::Misconfigured);
    })
    .fails(&[Cause::IntegrationConfigError]),
    Scenario::new("lambda-malformed", "the Lambda function's answer has the wrong form: 502", |world| {
        set_integration(world, Integration::Malformed);
    })
    .fails(&[Cause::LambdaProxyMalformed]),
    Scenario::new("masked-error", "a mapping turns the backend's 403 into 200", |world| {
        set_integration(world, Integration::Masked);
    })
    .passes_with(&[Cause::BackendErrorMaskedAs200]),
    Scenario::new("backend-echoes", "the backend fails and repeats the whole request in its error", |world| {
        set_integration(world, Integration::Echoes);
    })
    .fails(&[Cause::LambdaError]),
    Scenario::new("clock-far-off", "AWS's clock is seven hours ahead of this host's", |world| {
        world.clock_ahead = 7 * 3600;
    })
    .passes_with(&[Cause::ClockSkew]),
];

/// Asks for another path than the stage's root.
fn set_path(world: &mut World, path: &str) {
    let root = world.asked.invoke_url.trim_end_matches("/test").len();
    world.asked.invoke_url.truncate(root);
    world.asked.invoke_url.push_str(path);
}

fn public_api(world: &mut World) {
    world.api().exposure = Exposure::Public;
    world.api().policy = Policy(vec![allow(Condition::Always)]);
    world.endpoint().associated.clear();
}

fn set_limit(world: &mut World, limit: Limit) {
    world.api().stages[0].limit = limit;
}

fn set_integration(world: &mut World, integration: Integration) {
    world.route().integration = integration;
}
