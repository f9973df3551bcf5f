//! How is it said? Status lines, headers and bodies of API Gateway, byte for byte, and of what passes for it.

use super::request::{Arrival, Request};
use super::world::{Impostor, World};
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime};

/// What goes back.
#[derive(Debug)]
pub(super) struct Reply {
    /// How long the answer takes.
    pub(super) delay: Duration,
    pub(super) bytes: Vec<u8>,
}

impl Reply {
    /// What a backend says, passed on by API Gateway.
    pub(super) fn success(world: &World, arrival: &Arrival<'_>, body: &str) -> Self {
        let mut head = Head::new(world, arrival, 200);
        head.common(&arrival.request, body.len());
        head.add("x-amz-apigw-id", &extended_id());
        head.add("X-Amzn-Trace-Id", &trace_id(world));
        head.finish(&arrival.request, body)
    }

    /// What API Gateway says by itself.
    pub(super) fn refusal(world: &World, arrival: &Arrival<'_>, refusal: &Refusal) -> Self {
        let (status, error_type, body) = refusal.words();
        let mut head = Head::new(world, arrival, status);
        head.common(&arrival.request, body.len());
        if let Some(error_type) = error_type {
            head.add("x-amzn-ErrorType", error_type);
        }
        head.add("x-amz-apigw-id", &extended_id());
        head.finish(&arrival.request, &body)
    }

    /// What an HTTP API says, or a backend behind it: lower-case headers, and an id of its own.
    pub(super) fn of_http_api(world: &World, arrival: &Arrival<'_>, status: u16, body: &str) -> Self {
        let mut head = Head::new(world, arrival, status);
        head.add("content-type", "application/json");
        head.add("content-length", &body.len().to_string());
        head.add("connection", if arrival.request.wants_close() { "close" } else { "keep-alive" });
        head.add("apigw-requestid", &extended_id());
        head.finish(&arrival.request, body)
    }

    /// What a backend says that fails with all that it was told, in the form of AWS's own services.
    pub(super) fn echo(world: &World, arrival: &Arrival<'_>) -> Self {
        let request = &arrival.request;
        let told: Vec<String> = request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let body = message(&format!("cannot handle {}\r\n{}", request.line(), told.join("\r\n")));
        let mut head = Head::new(world, arrival, 500);
        head.common(request, body.len());
        head.add("x-amzn-ErrorType", "InternalFailure");
        head.add("x-amz-apigw-id", &extended_id());
        let keys = ["authorization", "x-api-key", "x-amz-security-token"].map(|name| request.header(name));
        head.add("Via", &format!("1.1 backend {keys:?}"));
        head.finish(request, &body)
    }

    /// What something else says.
    pub(super) fn of_impostor(impostor: Impostor) -> Self {
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
        Self { delay: Duration::ZERO, bytes: text.into_bytes() }
    }

    /// The same without the headers that begin with `x-am`, of API Gateway and of AWS at large.
    pub(super) fn without_marks(self) -> Self {
        let text = String::from_utf8_lossy(&self.bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let kept = head.split("\r\n").filter(|line| !line.to_ascii_lowercase().starts_with("x-am"));
        let bytes = format!("{}\r\n\r\n{body}", kept.collect::<Vec<_>>().join("\r\n")).into_bytes();
        Self { bytes, ..self }
    }

    /// The same, later.
    pub(super) fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

/// Why API Gateway refuses by itself.
#[derive(Debug)]
pub(super) enum Refusal {
    /// No such API or stage here, no key, a web ACL: one answer for all.
    Forbidden,
    /// No such route, or no signature: one answer for both.
    MissingToken,
    /// A signature by an access key that nobody has.
    UnknownAccessKey,
    /// A signature that does not hold, in the words that say why.
    Signature(String),
    /// An `Authorization` header that is no signature, or lacks this part of one.
    IncompleteSignature(String),
    /// A signature by a session that has ended.
    EndedSession,
    /// A policy: who was refused, the resource's ARN, and the ending that tells which and why.
    Policy {
        user: &'static str,
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
    Integration {
        status: u16,
        message: &'static str,
    },
}

impl Refusal {
    /// Status, `x-amzn-ErrorType` and body, as captured from AWS.
    fn words(&self) -> (u16, Option<&'static str>, String) {
        let text = |message: &str| format!("{{\"message\":\"{message}\"}}");
        // these come from another part of API Gateway, which writes a space
        let spaced = |message: &str| format!("{{\"message\": \"{message}\"}}");
        let (status, error_type, body) = match self {
            Self::Forbidden => (403, "ForbiddenException", text("Forbidden")),
            Self::MissingToken => (403, "MissingAuthenticationTokenException", text("Missing Authentication Token")),
            Self::UnknownAccessKey => (403, "UnrecognizedClientException", text(UNKNOWN_ACCESS_KEY)),
            Self::Signature(why) => (403, "InvalidSignatureException", message(why)),
            Self::IncompleteSignature(part) => (403, "IncompleteSignatureException", message(&incomplete(part))),
            Self::EndedSession => (403, "AccessDeniedException", text(ENDED_SESSION)),
            Self::Policy { user, arn, ending } => (403, "AccessDeniedException", policy_message(user, arn, ending)),
            Self::Unauthorized => (401, "UnauthorizedException", text("Unauthorized")),
            Self::AuthorizerDenies => (403, "AccessDeniedException", AUTHORIZER_DENIES.to_owned()),
            Self::AuthorizerFails => (500, "AuthorizerConfigurationException", "{\"message\":null}".to_owned()),
            Self::MissingParameter(name) => {
                (400, "BadRequestException", spaced(&format!("Missing required request parameters: [{name}]")))
            }
            Self::UriTooLong => return (414, None, "Request URI too long".to_owned()),
            Self::Throttled => (429, "TooManyRequestsException", text("Too Many Requests")),
            Self::QuotaUsedUp => (429, "LimitExceededException", text("Limit Exceeded")),
            Self::Integration { status, message } => (*status, "InternalServerErrorException", spaced(message)),
        };
        (status, Some(error_type), body)
    }
}

/// The one message with a capital M.
fn policy_message(user: &str, arn: &str, ending: &str) -> String {
    let denied = format!("User: {user} is not authorized to perform: execute-api:Invoke on resource:");
    serde_json::json!({ "Message": format!("{denied} {arn}{ending}") }).to_string()
}

/// A message that may hold anything.
fn message(text: &str) -> String {
    serde_json::json!({ "message": text }).to_string()
}

/// What AWS says of an `Authorization` header that lacks a part.
fn incomplete(part: &str) -> String {
    format!("Authorization header requires '{part}' parameter.")
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

    /// What every answer has. `HEAD` is answered with a length of 0, as captured from AWS.
    fn common(&mut self, request: &Request, body_length: usize) {
        let length = if request.method == "HEAD" { 0 } else { body_length };
        self.add("Content-Type", "application/json");
        self.add("Content-Length", &length.to_string());
        self.add("Connection", if request.wants_close() { "close" } else { "keep-alive" });
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

    fn finish(mut self, request: &Request, body: &str) -> Reply {
        self.0.push_str("\r\n");
        if request.method != "HEAD" {
            self.0.push_str(body);
        }
        Reply { delay: Duration::ZERO, bytes: self.0.into_bytes() }
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        414 => "Request-URI Too Long",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        504 => "Gateway Timeout",
        _ => "",
    }
}

/// AWS's clock.
pub(super) fn now(world: &World) -> SystemTime {
    let apart = Duration::from_secs(world.clock_ahead.unsigned_abs());
    if world.clock_ahead < 0 { SystemTime::now() - apart } else { SystemTime::now() + apart }
}

/// A trace id: version, seconds, 96 bits.
fn trace_id(world: &World) -> String {
    let seconds = now(world).duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    format!("Root=1-{seconds:08x}-{:016x}{:08x}", random(), random() >> 32)
}

/// An extended request id: 15 characters of base64url and a `=`.
fn extended_id() -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits = u128::from(random()) << 64 | u128::from(random());
    let digit = |at: u32| char::from(ALPHABET[(bits >> (6 * at)) as usize & 63]);
    (0..15).map(digit).chain(['=']).collect()
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

/// Sixty-four bits that nobody has to keep secret; the standard library seeds them anew each time.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}

const ENDED_SESSION: &str = "The security token included in the request is expired";
const UNKNOWN_ACCESS_KEY: &str = "The security token included in the request is invalid.";
const AUTHORIZER_DENIES: &str = "{\"Message\":\"User is not authorized to access this resource with an explicit deny in an identity-based policy\"}";
