//! What does API Gateway answer? Rules over the world's data, in the order in which AWS evaluates them; bodies byte for byte.

use super::world::{
    Api, Authorization, Authorizer, Between, Decision, Endpoint, Exposure, Impostor, Integration, Limit, Route, Stage,
    Wording, World,
};
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime};

/// A request as it came off the wire.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    /// In the order and case of arrival.
    pub(super) headers: Vec<(String, String)>,
}

impl Request {
    /// The value of a header, by its name in any case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn set_host(&mut self, host: &str) {
        self.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("host"));
        self.headers.insert(0, ("Host".to_owned(), host.to_owned()));
    }
}

/// How a request arrived.
#[derive(Debug)]
pub(super) struct Arrival<'a> {
    /// The name in the handshake.
    pub(super) sni: Option<&'a str>,
    /// The endpoint that it came through; none from the Internet.
    pub(super) endpoint: Option<&'a Endpoint>,
    pub(super) request: Request,
}

/// What goes back.
#[derive(Debug)]
pub(super) struct Reply {
    /// How long the answer takes.
    pub(super) after: Duration,
    pub(super) bytes: Vec<u8>,
}

/// Answers a request, past whatever stands between.
pub(super) fn answer(world: &World, mut arrival: Arrival<'_>) -> Reply {
    match world.between {
        Between::Nothing => {}
        Between::SetsHost => {
            let dialled = arrival.sni.unwrap_or_default().to_owned();
            arrival.request.set_host(&dialled);
        }
        Between::DropsApiId => drop_api_id(&mut arrival.request),
        Between::SendsTo(api) => {
            drop_api_id(&mut arrival.request);
            arrival.request.set_host(&world.api_name(api));
        }
        Between::Answers(impostor) => return impostor_reply(impostor),
    }
    match admit(world, &arrival) {
        Ok(route) => integrate(world, &arrival, route.integration),
        Err(refusal) => gateway_error(world, &arrival, &refusal),
    }
}

fn drop_api_id(request: &mut Request) {
    request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("x-apigw-api-id"));
}

/// Why API Gateway refuses by itself.
#[derive(Debug)]
enum Refusal {
    /// No such API or stage here, no key, a web ACL: one answer for all.
    Forbidden,
    /// No such route, or no signature: one answer for both.
    MissingToken,
    /// A signature by an access key that nobody has.
    UnknownAccessKey,
    /// A policy; the resource's ARN and the ending that says which.
    Policy {
        arn: String,
        ending: &'static str,
    },
    /// A Lambda authorizer wants a token.
    Unauthorized,
    AuthorizerDenies,
    AuthorizerFails,
    MissingParameter(&'static str),
    UriTooLong,
    Throttled,
    QuotaUsedUp,
    /// The integration failed.
    Internal {
        status: u16,
        message: &'static str,
    },
}

/// Finds the route of a request, or why it may not be taken.
///
/// The order: API and stage; web ACL before the policies; endpoint policy before the method's own authorization; resource
/// policy; authorization; then request validation, key and limits (facts C.2). An undefined route is asked for a token,
/// like a method that wants one; that this comes after the policies is inferred.
fn admit<'a>(world: &'a World, arrival: &Arrival<'_>) -> Result<&'a Route, Refusal> {
    let api = find_api(world, arrival).ok_or(Refusal::Forbidden)?;
    let (stage, path) = find_stage(api, &arrival.request.target).ok_or(Refusal::Forbidden)?;
    if api.waf_blocks {
        return Err(Refusal::Forbidden);
    }
    let arn = method_arn(world, api, stage, &arrival.request.method, path);
    if arn.len() > MOST_ARN_BYTES {
        return Err(Refusal::UriTooLong);
    }
    let source_vpce = arrival.endpoint.map(|endpoint| endpoint.id);
    let endpoint_says =
        arrival.endpoint.map_or(Decision::Allowed, |endpoint| endpoint.policy.decide(api.id, source_vpce));
    let policies = [(Speaker::Endpoint, endpoint_says), (Speaker::Resource, api.policy.decide(api.id, source_vpce))];
    for (speaker, decision) in policies {
        if let Some(ending) = refusal_ending(world.wording, speaker, decision) {
            return Err(Refusal::Policy { arn, ending });
        }
    }
    let route = find_route(stage, &arrival.request.method, path).ok_or(Refusal::MissingToken)?;
    authorize(route.authorization, &arrival.request)?;
    admit_within_plan(stage, route, &arrival.request)?;
    Ok(route)
}

/// The id header wins over `Host` (facts B, "The two headers"); a public API is not reached through an endpoint.
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
    let path = target.split('?').next().unwrap_or_default().strip_prefix('/')?;
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

#[derive(Debug, Clone, Copy)]
enum Speaker {
    Endpoint,
    Resource,
}

/// How the message ends, which tells who refused; none if nobody did.
fn refusal_ending(wording: Wording, speaker: Speaker, decision: Decision) -> Option<&'static str> {
    Some(match (decision, wording, speaker) {
        (Decision::Allowed, ..) => return None,
        (Decision::NotAllowed, Wording::Old, _) => "",
        (Decision::Denied, Wording::Old, _) => " with an explicit deny",
        (Decision::NotAllowed, Wording::New, Speaker::Resource) => {
            " because no resource-based policy allows the execute-api:Invoke action"
        }
        (Decision::NotAllowed, Wording::New, Speaker::Endpoint) => {
            " because no VPC endpoint policy allows the execute-api:Invoke action"
        }
        (Decision::Denied, Wording::New, Speaker::Resource) => " with an explicit deny in a resource-based policy",
        (Decision::Denied, Wording::New, Speaker::Endpoint) => " with an explicit deny in a VPC endpoint policy",
    })
}

/// Nobody here has an access key, so a signature never helps.
fn authorize(authorization: Authorization, request: &Request) -> Result<(), Refusal> {
    let token = request.header("authorization");
    match (authorization, token) {
        (Authorization::None, _) => Ok(()),
        (Authorization::Iam, None) => Err(Refusal::MissingToken),
        (Authorization::Iam, Some(_)) => Err(Refusal::UnknownAccessKey),
        (Authorization::Lambda(Authorizer::WantsToken), None) => Err(Refusal::Unauthorized),
        (Authorization::Lambda(Authorizer::WantsToken), Some(_)) => Ok(()),
        (Authorization::Lambda(Authorizer::Denies), _) => Err(Refusal::AuthorizerDenies),
        (Authorization::Lambda(Authorizer::Fails), _) => Err(Refusal::AuthorizerFails),
    }
}

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
    let success = |after: Duration, body: &str| Reply { after, bytes: success(world, arrival, body) };
    let failure = |after: Duration, status: u16, message: &'static str| Reply {
        after,
        ..gateway_error(world, arrival, &Refusal::Internal { status, message })
    };
    match integration {
        Integration::Mock => success(Duration::ZERO, "{\"message\":\"hello from the make-believe AWS\"}"),
        Integration::Slow(time) => success(time, "{\"message\":\"hello at last from the make-believe AWS\"}"),
        Integration::Masked => success(Duration::ZERO, "{\"message\":\"Forbidden\"}\n"),
        // 29 s on AWS; a demonstration need not wait so long
        Integration::TimesOut => failure(Duration::from_millis(300), 504, "Endpoint request timed out"),
        Integration::Unreachable => failure(Duration::ZERO, 504, "Network error communicating with endpoint"),
        Integration::Misconfigured => failure(Duration::ZERO, 500, "Internal server error"),
        Integration::Malformed => failure(Duration::ZERO, 502, "Internal server error"),
    }
}

/// Status, `x-amzn-ErrorType` and body of each refusal (facts C.0).
fn gateway_error(world: &World, arrival: &Arrival<'_>, refusal: &Refusal) -> Reply {
    let small = |text: &str| format!("{{\"message\":\"{text}\"}}");
    // these come from another part of API Gateway, which writes a space
    let spaced = |text: &str| format!("{{\"message\": \"{text}\"}}");
    let (status, kind, body) = match refusal {
        Refusal::Forbidden => (403, "ForbiddenException", small("Forbidden")),
        Refusal::MissingToken => (403, "MissingAuthenticationTokenException", small("Missing Authentication Token")),
        Refusal::UnknownAccessKey => {
            (403, "UnrecognizedClientException", small("The security token included in the request is invalid."))
        }
        Refusal::Policy { arn, ending } => (403, "AccessDeniedException", policy_message(arn, ending)),
        Refusal::Unauthorized => (401, "UnauthorizedException", small("Unauthorized")),
        Refusal::AuthorizerDenies => (403, "AccessDeniedException", AUTHORIZER_DENIES.to_owned()),
        Refusal::AuthorizerFails => (500, "AuthorizerConfigurationException", "{\"message\":null}".to_owned()),
        Refusal::MissingParameter(name) => {
            (400, "BadRequestException", spaced(&format!("Missing required request parameters: [{name}]")))
        }
        Refusal::UriTooLong => (414, "", "Request URI too long".to_owned()),
        Refusal::Throttled => (429, "TooManyRequestsException", small("Too Many Requests")),
        Refusal::QuotaUsedUp => (429, "LimitExceededException", small("Limit Exceeded")),
        Refusal::Internal { status, message } => (*status, "InternalServerErrorException", spaced(message)),
    };
    let mut head = Head::new(world, arrival, status);
    head.common(&arrival.request, body.len());
    if !kind.is_empty() {
        head.add("x-amzn-ErrorType", kind);
    }
    head.add("x-amz-apigw-id", &extended_id());
    Reply { after: Duration::ZERO, bytes: head.finish(&arrival.request, &body) }
}

fn policy_message(arn: &str, ending: &str) -> String {
    format!(
        "{{\"Message\":\"User: anonymous is not authorized to perform: execute-api:Invoke on resource: {arn}{ending}\"}}"
    )
}

fn success(world: &World, arrival: &Arrival<'_>, body: &str) -> Vec<u8> {
    let mut head = Head::new(world, arrival, 200);
    head.common(&arrival.request, body.len());
    head.add("x-amz-apigw-id", &extended_id());
    let seconds = now(world).duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let trace = format!("Root=1-{seconds:08x}-{:016x}{:08x}", random(), random() >> 32);
    head.add("X-Amzn-Trace-Id", &trace);
    head.finish(&arrival.request, body)
}

/// Status line and headers, in the order and case seen on the wire.
struct Head(String);

impl Head {
    fn new(world: &World, arrival: &Arrival<'_>, status: u16) -> Self {
        let mut head = Self(format!("HTTP/1.1 {status} {}\r\n", reason(status)));
        if arrival.endpoint.is_some() {
            // seen through endpoints only
            head.add("Server", "Server");
        }
        head.add("Date", &httpdate::fmt_http_date(now(world)));
        head
    }

    /// What every answer of API Gateway has. `HEAD` is answered with a length of 0 (captures waf-01, mat-02).
    fn common(&mut self, request: &Request, body_length: usize) {
        let length = if request.method == "HEAD" { 0 } else { body_length };
        self.add("Content-Type", "application/json");
        self.add("Content-Length", &length.to_string());
        self.add("Connection", if wants_close(request) { "close" } else { "keep-alive" });
        // a caller may choose the id, if it has the right form
        let chosen = request.header("x-amzn-requestid").filter(|id| is_uuid(id)).map(str::to_owned);
        self.add("x-amzn-RequestId", &chosen.unwrap_or_else(uuid));
    }

    fn add(&mut self, name: &str, value: &str) {
        self.0.push_str(name);
        self.0.push_str(": ");
        self.0.push_str(value);
        self.0.push_str("\r\n");
    }

    fn finish(mut self, request: &Request, body: &str) -> Vec<u8> {
        self.0.push_str("\r\n");
        if request.method != "HEAD" {
            self.0.push_str(body);
        }
        self.0.into_bytes()
    }
}

/// Whether the client will not send another request on this connection.
pub(super) fn wants_close(request: &Request) -> bool {
    request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
}

fn impostor_reply(impostor: Impostor) -> Reply {
    let page = |status: &str, headers: &str, body: &str| {
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\n{headers}Content-Type: text/html\r\nContent-Length: {length}\r\n\
             Connection: keep-alive\r\n\r\n{body}"
        )
    };
    let text = match impostor {
        Impostor::WebServer => page("200 OK", "Server: nginx/1.22.1\r\n", "<html><h1>It works!</h1></html>\n"),
        Impostor::Proxy => page(
            "403 Forbidden",
            "Server: squid/5.7\r\nX-Squid-Error: ERR_ACCESS_DENIED 0\r\nVia: 1.1 proxy.example.com (squid/5.7)\r\n",
            "<html><title>ERROR: The requested URL could not be retrieved</title></html>\n",
        ),
        Impostor::Garbage => "220 mail.example.com ESMTP ready\r\n".to_owned(),
    };
    Reply { after: Duration::ZERO, bytes: text.into_bytes() }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        414 => "Request-URI Too Long",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        504 => "Gateway Timeout",
        _ => "",
    }
}

/// AWS's clock.
fn now(world: &World) -> SystemTime {
    let apart = Duration::from_secs(world.clock_ahead.unsigned_abs());
    if world.clock_ahead < 0 { SystemTime::now() - apart } else { SystemTime::now() + apart }
}

/// A random UUID (RFC 9562, version 4).
fn uuid() -> String {
    let bits = u128::from(random()) << 64 | u128::from(random());
    let bits = bits & !(0xf << 76) & !(0xc << 60) | 0x4 << 76 | 0x8 << 60;
    let digits = format!("{bits:032x}");
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// An extended request id: 15 characters of base64url and a `=`.
fn extended_id() -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits = u128::from(random()) << 64 | u128::from(random());
    let digit = |at: u32| char::from(ALPHABET[(bits >> (6 * at)) as usize & 63]);
    (0..15).map(digit).chain(['=']).collect()
}

/// Sixty-four bits that nobody has to keep secret; the standard library seeds them anew each time.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}

/// The one key of the make-believe usage plan.
const API_KEY: &str = "lab-key-0123456789abcdefghij";
/// Documented for every private API ("Quotas and important notes").
const MOST_ARN_BYTES: usize = 1600;
const AUTHORIZER_DENIES: &str = "{\"Message\":\"User is not authorized to access this resource with an explicit deny in an identity-based policy\"}";
