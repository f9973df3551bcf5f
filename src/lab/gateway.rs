//! What does API Gateway answer? Rules over the world's data, in the order in which AWS evaluates them; bodies byte for byte.

use super::policy::{Decision, Policy, Speaker, refusal_ending};
use super::reply::{Refusal, Reply, now};
use super::request::{Arrival, Request};
use super::signature::{self, Caller};
use super::world::{
    Api, Authorization, Authorizer, Between, Domain, Exposure, Integration, Kind, Limit, Reach, Route, Stage, World,
};
use std::time::Duration;

/// Answers a request, past whatever stands between.
pub(super) fn answer(world: &World, mut arrival: Arrival<'_>) -> Reply {
    let request = &mut arrival.request;
    match world.between {
        // two of them work on handshakes and on answers
        Between::Nothing | Between::CutsNames(_) | Between::TakesMarks => {}
        Between::SetsHost => request.set("Host", arrival.sni.unwrap_or_default()),
        Between::DropsApiId => request.remove("x-apigw-api-id"),
        Between::LosesHeaders => {
            request.remove("x-apigw-api-id");
            request.set("Host", arrival.sni.unwrap_or_default());
        }
        Between::RefusesEndpointAsHost => {
            let host = request.header("host").unwrap_or_default();
            if host.ends_with(&world.endpoint_zone()) {
                return Reply::refusal(world, &arrival, &Refusal::Forbidden);
            }
        }
        Between::SendsTo(api) => {
            request.remove("x-apigw-api-id");
            request.set("Host", &world.api_name(api));
        }
        Between::AddsParameter => {
            request.target.push_str(if request.target.contains('?') { "&" } else { "?" });
            request.target.push_str("via=proxy");
        }
        Between::Answers(impostor) => return Reply::of_impostor(impostor),
    }
    let reply = match find(world, &arrival) {
        Ok(found) if found.api.kind == Kind::Http => answer_as_http_api(world, &arrival, &found),
        Ok(found) => match admit(world, &arrival, &found) {
            Ok(route) => integrate(world, &arrival, route.integration),
            Err(refusal) => Reply::refusal(world, &arrival, &refusal),
        },
        Err(refusal) => Reply::refusal(world, &arrival, &refusal),
    };
    if matches!(world.between, Between::TakesMarks) { reply.without_marks() } else { reply }
}

/// Finds the route of a request, or why it may not be taken.
///
/// The web ACL comes before the policies, the endpoint policy before the method's own authorization (developer guide,
/// "Use AWS WAF" and "VPC endpoint policies"). That an undefined route is noticed after the policies, and request form, key
/// and limits last, is inferred.
fn admit<'a>(world: &'a World, arrival: &Arrival<'_>, found: &Found<'a, '_>) -> Result<&'a Route, Refusal> {
    let Found { api, stage, path } = *found;
    if api.waf_blocks {
        return Err(Refusal::Forbidden);
    }
    let arn = method_arn(world, api, stage, &arrival.request.method, path);
    if arn.len() > MOST_ARN_BYTES {
        return Err(Refusal::UriTooLong);
    }
    // a signature that does not hold is refused whatever the method asks for
    let caller = signature::caller(world, &arrival.request, now(world).into())?;
    let (user, principal, own_policies) = match caller {
        Caller::Anonymous | Caller::Bearer => ("anonymous", None, Decision::Allowed),
        Caller::Holder(key) if key.may_invoke => (key.arn, Some(key.arn), Decision::Allowed),
        Caller::Holder(key) => (key.arn, Some(key.arn), Decision::NotAllowed),
    };
    let source_vpce = arrival.endpoint.map(|endpoint| endpoint.id);
    let decide = |policy: &Policy| policy.decide(api.id, source_vpce, principal);
    let endpoint_says = arrival.endpoint.map_or(Decision::Allowed, |endpoint| decide(&endpoint.policy));
    let policies = [
        (Speaker::Endpoint, endpoint_says),
        (Speaker::Resource, decide(&api.policy)),
        (Speaker::Identity, own_policies),
    ];
    for (speaker, decision) in policies {
        if let Some(ending) = refusal_ending(world.wording, speaker, decision) {
            return Err(Refusal::Policy { user, arn, ending });
        }
    }
    let route = find_route(stage, &arrival.request.method, path).ok_or(match caller {
        Caller::Anonymous | Caller::Holder(_) => Refusal::MissingToken,
        Caller::Bearer => Refusal::IncompleteSignature("Credential".to_owned()),
    })?;
    authorize(route.authorization, caller)?;
    admit_within_plan(stage, route, &arrival.request)?;
    Ok(route)
}

/// What a request leads to.
struct Found<'a, 'r> {
    api: &'a Api,
    stage: &'a Stage,
    /// The path within the stage.
    path: &'r str,
}

/// Finds what a request leads to: by the mapping of a custom domain name, or by the API's id and the stage in the URL.
fn find<'a, 'r>(world: &'a World, arrival: &'r Arrival<'_>) -> Result<Found<'a, 'r>, Refusal> {
    let request = &arrival.request;
    let host = request.header("host").unwrap_or_default();
    let by_id = request.header("x-apigw-api-id").is_some();
    if let Some(domain) = world.domains.iter().find(|domain| !by_id && domain.name.eq_ignore_ascii_case(host)) {
        return find_under(world, arrival, domain);
    }
    let api = find_api(world, arrival).ok_or(Refusal::Forbidden)?;
    let (stage, path) = find_stage(api, &request.target).ok_or(Refusal::Forbidden)?;
    Ok(Found { api, stage, path })
}

/// Nobody has shown the answers to a name without an association, to one whose policy refuses, and to a path without a mapping:
/// they are those to an unknown `Host`, of an API's policy, and to an unknown stage.
fn find_under<'a, 'r>(world: &'a World, arrival: &'r Arrival<'_>, domain: &Domain) -> Result<Found<'a, 'r>, Refusal> {
    let endpoint = arrival.endpoint;
    let known = world.domain_known_at(endpoint, domain.name).is_some();
    let served = match domain.reach {
        Reach::Private { .. } => known,
        Reach::Public(_) => known && endpoint.is_none(),
    };
    if !served {
        return Err(Refusal::Forbidden);
    }
    let path = arrival.request.target.split('?').next().unwrap_or_default();
    let (mapping, path) = domain.mapped(path).ok_or(Refusal::Forbidden)?;
    let decision = domain.policy.decide(mapping.api, endpoint.map(|endpoint| endpoint.id), None);
    if let Some(ending) = refusal_ending(world.wording, Speaker::Resource, decision) {
        let (partition, region) = (world.region.partition, world.region.name);
        let arn = format!("arn:{partition}:execute-api:{region}:********3333:/domainnames/{}", domain.name);
        return Err(Refusal::Policy { user: "anonymous", arn, ending });
    }
    let api = world.apis.iter().find(|api| api.id == mapping.api).ok_or(Refusal::Forbidden)?;
    let stage = api.stages.iter().find(|stage| stage.name == mapping.stage).ok_or(Refusal::Forbidden)?;
    Ok(Found { api, stage, path })
}

/// An HTTP API has no policies, and words its errors by itself.
fn answer_as_http_api(world: &World, arrival: &Arrival<'_>, found: &Found<'_, '_>) -> Reply {
    let route = find_route(found.stage, &arrival.request.method, found.path);
    let caller = signature::caller(world, &arrival.request, now(world).into());
    let signed = matches!(caller, Ok(Caller::Holder(_)));
    let (status, body) = match route.map(|route| route.authorization) {
        None => (404, "{\"message\":\"Not Found\"}"),
        Some(Authorization::Iam) if !signed => (403, "{\"message\":\"Forbidden\"}"),
        Some(_) => (200, "{\"message\":\"hello from the make-believe AWS\"}"),
    };
    Reply::of_http_api(world, arrival, status, body)
}

/// The id header wins over `Host`; a public API is not reached through an endpoint. Both were seen on AWS.
fn find_api<'a>(world: &'a World, arrival: &Arrival<'_>) -> Option<&'a Api> {
    let host = arrival.request.header("host").unwrap_or_default().to_ascii_lowercase();
    let host = host.split(':').next().unwrap_or_default();
    let id = match arrival.request.header("x-apigw-api-id") {
        Some(id) => id.trim(),
        None => api_of_host(host, &world.api_zone())?,
    };
    let api = world.apis.iter().find(|api| api.id == id)?;
    let reachable = match api.exposure {
        Exposure::Public => arrival.endpoint.is_none(),
        Exposure::Private { .. } => true,
    };
    let own_name = world.api_name(api.id);
    let named_rightly = !api.strict || (arrival.sni == Some(own_name.as_str()) && host == own_name);
    (reachable && api.default_endpoint && named_rightly).then_some(api)
}

/// The API id in an API's own name or in an alias; which endpoint an alias names is not looked at.
fn api_of_host<'a>(host: &'a str, zone: &str) -> Option<&'a str> {
    let label = host.strip_suffix(zone)?.strip_suffix('.')?;
    Some(label.split("-vpce-").next().unwrap_or(label))
}

/// The stage that the first segment names, and the path within it, without the query.
fn find_stage<'a, 'r>(api: &'a Api, target: &'r str) -> Option<(&'a Stage, &'r str)> {
    let whole = target.split('?').next().unwrap_or_default();
    if api.kind == Kind::Http {
        return Some((api.stages.iter().find(|stage| stage.name == "$default")?, whole));
    }
    let path = whole.strip_prefix('/')?;
    let (name, within) = match path.find('/') {
        Some(at) => path.split_at(at),
        None => (path, "/"),
    };
    api.stages.iter().find(|stage| stage.name == name).map(|stage| (stage, within))
}

fn find_route<'a>(stage: &'a Stage, method: &str, path: &str) -> Option<&'a Route> {
    stage.routes.iter().find(|route| route.path == path && route.method.is_none_or(|only| only == method))
}

/// The resource as AWS shows it: all but the last digits of the account hidden.
fn method_arn(world: &World, api: &Api, stage: &Stage, method: &str, path: &str) -> String {
    let (partition, region) = (world.region.partition, world.region.name);
    format!("arn:{partition}:execute-api:{region}:********{}:{}/{}/{method}{path}", api.account, api.id, stage.name)
}

/// What the method itself asks of a caller.
fn authorize(authorization: Authorization, caller: Caller<'_>) -> Result<(), Refusal> {
    match (authorization, caller) {
        (Authorization::None, _)
        | (Authorization::Iam, Caller::Holder(_))
        | (Authorization::Lambda(Authorizer::WantsToken), Caller::Bearer | Caller::Holder(_)) => Ok(()),
        (Authorization::Iam, Caller::Anonymous) => Err(Refusal::MissingToken),
        (Authorization::Iam, Caller::Bearer) => Err(Refusal::IncompleteSignature("Credential".to_owned())),
        (Authorization::Lambda(Authorizer::WantsToken), Caller::Anonymous) => Err(Refusal::Unauthorized),
        (Authorization::Lambda(Authorizer::Denies), _) => Err(Refusal::AuthorizerDenies),
        (Authorization::Lambda(Authorizer::Fails), _) => Err(Refusal::AuthorizerFails),
    }
}

/// What comes last: the request's form, the API key, the limits.
fn admit_within_plan(stage: &Stage, route: &Route, request: &Request) -> Result<(), Refusal> {
    let query = request.target.split_once('?').map_or("", |(_, query)| query);
    let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    if let Some(name) = route.required_parameter.filter(|name| !has(name)) {
        return Err(Refusal::MissingParameter(name));
    }
    if route.api_key_required && request.header("x-api-key") != Some(API_KEY) {
        return Err(Refusal::Forbidden);
    }
    match stage.limit {
        Limit::NotReached => Ok(()),
        Limit::Throttled => Err(Refusal::Throttled),
        Limit::QuotaUsedUp => Err(Refusal::QuotaUsedUp),
    }
}

/// The answer of what stands behind the method.
fn integrate(world: &World, arrival: &Arrival<'_>, integration: Integration) -> Reply {
    let success = |body| Reply::success(world, arrival, body);
    let failure = |status, message| Reply::refusal(world, arrival, &Refusal::Integration { status, message });
    match integration {
        Integration::Mock => success("{\"message\":\"hello from the make-believe AWS\"}"),
        Integration::Slow(time) => success("{\"message\":\"hello at last\"}").after(time),
        Integration::Masked => success("{\"message\":\"Forbidden\"}\n"),
        Integration::Echoes => Reply::echo(world, arrival),
        // 29 s on AWS; a demonstration need not wait so long
        Integration::TimesOut => failure(504, "Endpoint request timed out").after(Duration::from_millis(300)),
        Integration::Unreachable => failure(504, "Network error communicating with endpoint"),
        Integration::Misconfigured => failure(500, "Internal server error"),
        Integration::Malformed => failure(502, "Internal server error"),
    }
}

/// The one key of the make-believe usage plan.
const API_KEY: &str = "lab-key-0123456789abcdefghij";
/// Documented for every private API ("Quotas and important notes").
const MOST_ARN_BYTES: usize = 1600;
