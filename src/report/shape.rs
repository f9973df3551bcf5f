//! How does a report read as JSON? One file of plain data, both ways; within a `schema_version` only additions.

mod read;
mod write;

pub use read::UnreadableReport;

use super::{Step, Verdict};
use crate::diagnosis::Finding;
use crate::observation::{AddressClass, Difference, Intent, NameSource, QueryOutcome, Question, RecordType, Transport};
use crate::plan::{AccessPath, Missing};
use crate::setup::Setup;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use time::OffsetDateTime;

/// The report of one round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Report")]
pub struct Shape {
    /// The version of this format; within one version there are only additions.
    #[schemars(extend("const" = SCHEMA_VERSION))]
    pub schema_version: u32,
    /// What wrote the report.
    pub tool: Tool,
    /// When the round began (RFC 3339, UTC).
    pub started_at: Instant,
    /// How long the round took.
    pub duration_seconds: Seconds,
    /// What was probed.
    pub target: TargetShape,
    /// What about the probing host bears on the result.
    #[serde(default)]
    pub environment: EnvironmentShape,
    /// Whether every path meets its intent.
    pub verdict: Verdict,
    /// What in the target contradicts itself or looks unusual.
    #[serde(default)]
    pub warnings: Vec<WarningShape>,
    /// One entry a path.
    pub paths: Vec<PathShape>,
    /// What was asked beyond the paths, because they left something open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub experiments: Vec<ExperimentShape>,
    /// The call of an API that does not exist, if one was to be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<CanaryShape>,
    /// What explains the result, the most telling first.
    // made anew of what was seen: a later version's causes keep nobody from reading it
    #[serde(deserialize_with = "read::passed_over")]
    pub findings: Vec<Finding>,
    /// How far the documented set-up is, if anybody looked at it and it is that of a private REST API.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "read::passed_over")]
    pub steps: Vec<Step>,
    /// What is known of the set-up, if anybody looked at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup: Option<Setup>,
}

/// What is known of a set-up where no API was named: those parts of a report that need no round.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SetupShape {
    /// The version of this format.
    pub schema_version: u32,
    /// What wrote it.
    pub tool: Tool,
    /// How far the documented set-up is.
    pub steps: Vec<Step>,
    /// What is known of it.
    pub setup: Setup,
}

impl SetupShape {
    /// A set-up by itself.
    pub fn of(setup: &Setup) -> Self {
        let tool = Tool { name: env!("CARGO_PKG_NAME").into(), version: env!("CARGO_PKG_VERSION").into() };
        Self { schema_version: SCHEMA_VERSION, tool, steps: super::steps(setup, None), setup: setup.clone() }
    }
}

/// A program and its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// Always `apigw-probe`.
    pub name: String,
    /// The version, as in `--version`.
    pub version: String,
}

/// What was probed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Target")]
pub struct TargetShape {
    /// What reports and metrics call it.
    pub name: String,
    /// The invoke URL.
    pub invoke_url: String,
    /// The API's id; absent if the URL has a custom domain name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_id: Option<String>,
    /// The Region of the API; absent if no name tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Whether it is a public API.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub public: bool,
    /// A custom domain name beside the URL, with its base path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_domain: Option<String>,
    /// The deployment stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// The path within the stage; `/` is the root.
    pub resource: String,
    /// The endpoint's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpce_id: Option<String>,
    /// The endpoint's DNS name, as it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpce_dns_name: Option<String>,
    /// The endpoint's DNS names of single zones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zonal_dns_names: Vec<String>,
    /// The status codes that are success.
    pub expect_status: Vec<u16>,
    /// Whether success needs API Gateway's marks too.
    #[serde(default)]
    pub require_api_gateway: bool,
}

/// What about the probing host bears on the result.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Environment")]
pub struct EnvironmentShape {
    /// The DNS servers, in the order of asking.
    pub dns_servers: Vec<SocketAddr>,
    /// Whether the user named them; otherwise they are the system's.
    pub dns_servers_given: bool,
    /// Whether the first is a stub on this host, which may answer from a cache.
    pub caching_stub: bool,
    /// Options of the system's resolver that are set and that the probe does not follow: `rotate`, `single-request`, `RES_OPTIONS`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unfollowed_resolver_options: Vec<String>,
    /// Servers in resolv.conf that glibc cannot read, and therefore ignores, as the probe does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored_dns_servers: Vec<String>,
    /// Proxy variables that were set and ignored.
    pub ignored_proxy_variables: Vec<String>,
}

/// Something in the target that contradicts itself or looks unusual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Warning")]
pub struct WarningShape {
    /// The machine name.
    pub name: String,
    /// The sentence for people; its wording may change.
    pub message: String,
}

/// One path.
#[expect(clippy::struct_excessive_bools, reason = "the contract names them")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Path")]
pub struct PathShape {
    /// Which documented path.
    pub path: AccessPath,
    /// The Availability Zone whose name of the endpoint was dialled; absent for the path itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Whether the call is signed; absent if no call of the round is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<bool>,
    /// What the user expects of it.
    pub intent: Intent,
    /// Whether the user named this path.
    #[serde(default)]
    pub asked: bool,
    /// Whether its name gave an address.
    pub resolves: bool,
    /// Whether an expected status came back, whatever the intent.
    pub returns_expected: bool,
    /// Whether it did what the user expects of it.
    pub meets_intent: bool,
    /// `ok`, `not-configured`, `skipped`, or how it failed: `dns-…`, `tcp-…`, `tls-…`, `http-…`.
    #[schemars(extend("pattern" = "^(ok|not-configured|skipped|(dns|tcp|tls|http)-[a-z0-9-]+)$"))]
    pub outcome: String,
    /// What a path that is `not-configured` lacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
    /// What was to be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestShape>,
    /// How the name was resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<DnsShape>,
    /// One entry a connection, in the order of the addresses.
    #[serde(default)]
    pub attempts: Vec<AttemptShape>,
    /// From the first packet to the last byte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<Seconds>,
    /// What no phase accounts for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unaccounted_seconds: Option<Seconds>,
}

/// A request to an address that was reached already, to decide between explanations that the paths leave open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Experiment")]
pub struct ExperimentShape {
    /// What it was to tell.
    pub question: Question,
    /// The question in words, for people; they may change.
    #[serde(default)]
    pub asks: String,
    /// The path whose call was changed.
    pub path: AccessPath,
    /// Whether the call was signed; absent if it was not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub signed: bool,
    /// The address that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// What was seen.
    pub seen: SeenShape,
}

/// The call of an API that does not exist.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Canary")]
pub struct CanaryShape {
    /// The id that was made up.
    pub api_id: String,
    /// The path that it took.
    pub path: AccessPath,
    /// Whether it was refused, as it should be; absent if no answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<bool>,
    /// What was seen.
    pub seen: SeenShape,
}

/// What was sent beyond the paths, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Seen")]
pub struct SeenShape {
    /// `ok` if an expected status came back, or what came in its place: `dns-…`, `tcp-…`, `tls-…`, `http-…`.
    #[schemars(extend("pattern" = "^(ok|(dns|tcp|tls|http)-[a-z0-9-]+)$"))]
    pub outcome: String,
    /// What was to be sent.
    pub request: RequestShape,
    /// How the name was resolved.
    pub dns: DnsShape,
    /// One entry a connection, in the order of the addresses.
    pub attempts: Vec<AttemptShape>,
    /// From the first packet to the last byte.
    pub duration_seconds: Seconds,
    /// What no phase accounts for.
    pub unaccounted_seconds: Seconds,
}

/// What was to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Request")]
pub struct RequestShape {
    /// The URL; it names the host that is dialled.
    pub url: String,
    /// The name that was resolved and connected to.
    pub dial: String,
    /// The name in the TLS handshake.
    pub sni: String,
    /// The `Host` header.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// The address that was used in place of what DNS says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_to: Option<IpAddr>,
    /// Headers beside `Host`; a secret value is not shown.
    pub headers: BTreeMap<String, String>,
    /// The method.
    pub method: String,
    /// The same call as a curl command line.
    pub curl: String,
}

/// How a name was resolved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Dns")]
pub struct DnsShape {
    /// `ok`, or why there is no address: `dns-…`.
    #[schemars(extend("pattern" = "^(ok|dns-[a-z0-9-]+)$"))]
    pub outcome: String,
    /// Where the addresses came from.
    pub source: NameSource,
    /// The chain of aliases that was followed.
    pub cnames: Vec<String>,
    /// The addresses, in answer order.
    pub addresses: Vec<AddressShape>,
    /// Every query that was sent.
    pub queries: Vec<QueryShape>,
    /// As felt.
    pub duration_seconds: Seconds,
    /// What the VPC resolver says of the same name, if it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_opinion: Option<SecondOpinionShape>,
}

/// An address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Address")]
pub struct AddressShape {
    /// The address.
    pub ip: IpAddr,
    /// Its kind, by the IANA special-purpose registries.
    pub class: AddressClass,
    /// The Availability Zone that it is in, where a zonal name of the endpoint was answered with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Seconds the answer may be cached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u32>,
}

/// One transmission of one DNS question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Query")]
pub struct QueryShape {
    /// The name asked for.
    pub name: String,
    /// The record type.
    #[serde(rename = "type")]
    pub kind: RecordType,
    /// The server asked.
    pub server: SocketAddr,
    /// What carried it.
    pub transport: Transport,
    /// How it ended.
    pub outcome: QueryOutcome,
    /// The response code, if an answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rcode: Option<u16>,
    /// How many replies had another id, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mismatched_ids: Option<u32>,
    /// How many replies with the id of the query repeated another question or none, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mismatched_questions: Option<u32>,
    /// As felt.
    pub duration_seconds: Seconds,
    /// By the kernel's stamps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire_seconds: Option<Seconds>,
    /// Whether another path of the round sent it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shared: bool,
}

/// What the VPC resolver says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SecondOpinion")]
pub struct SecondOpinionShape {
    /// The resolver asked.
    pub server: SocketAddr,
    /// `ok`, or why there is no address.
    #[schemars(extend("pattern" = "^(ok|dns-[a-z0-9-]+)$"))]
    pub outcome: String,
    /// Its addresses.
    pub addresses: Vec<AddressShape>,
}

/// One connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Attempt")]
pub struct AttemptShape {
    /// Address and port.
    pub address: SocketAddr,
    /// Connecting.
    pub tcp: TcpShape,
    /// The handshake, if it was reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsShape>,
    /// The exchange, if it was reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpShape>,
}

/// Connecting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Tcp")]
pub struct TcpShape {
    /// `ok` or `tcp-…`.
    #[schemars(extend("pattern" = "^(ok|tcp-[a-z0-9-]+)$"))]
    pub outcome: String,
    /// The operating system's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// As felt.
    pub duration_seconds: Seconds,
    /// By the kernel's measure of the round trip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire_seconds: Option<Seconds>,
    /// Segments sent again while connecting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retransmits: Option<u32>,
}

/// The handshake.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Tls")]
pub struct TlsShape {
    /// `ok` or `tls-…`.
    #[schemars(extend("pattern" = "^(ok|tls-[a-z0-9-]+)$"))]
    pub outcome: String,
    /// What was wrong, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// `TLSv1.2` or `TLSv1.3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The cipher suite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cipher: Option<String>,
    /// The group of the key exchange: `X25519`, `P-256`, `P-384` or `P-521`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_exchange: Option<String>,
    /// The application protocol that the server chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alpn: Option<String>,
    /// Whether the server asked for a client certificate; absent if the handshake failed before it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate_requested: Option<bool>,
    /// The server's certificate, verified or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateShape>,
    /// The root from `--ca-file` that the certificate needs, if it has expired; most other clients refuse it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expired_root: Option<ExpiredRootShape>,
    /// On an unknown issuer: whether this host's own store trusts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_trusts_issuer: Option<bool>,
    /// As felt.
    pub duration_seconds: Seconds,
    /// By the kernel's stamps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire_seconds: Option<Seconds>,
}

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Certificate")]
pub struct CertificateShape {
    /// The subject's distinguished name.
    pub subject: String,
    /// The subject alternative names.
    pub sans: Vec<String>,
    /// The issuer's distinguished name.
    pub issuer: String,
    /// The first moment of its validity.
    pub not_before: Instant,
    /// The last moment of its validity.
    pub not_after: Instant,
}

/// A trusted root that has expired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ExpiredRoot")]
pub struct ExpiredRootShape {
    /// The subject's distinguished name.
    pub subject: String,
    /// The last moment of its validity.
    pub not_after: Instant,
}

/// The exchange.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Http")]
pub struct HttpShape {
    /// `ok` or `http-…`.
    #[schemars(extend("pattern" = "^(ok|http-[a-z0-9-]+)$"))]
    pub outcome: String,
    /// The library's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What answered, if the answer's head came.
    #[serde(flatten)]
    pub answer: Option<AnswerShape>,
    /// By the kernel's stamps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire_seconds: Option<Seconds>,
    /// As felt.
    pub duration_seconds: Seconds,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Answer")]
pub struct AnswerShape {
    /// The status code.
    #[schemars(range(min = 100, max = 999))]
    pub status: u16,
    /// `HTTP/1.0` or `HTTP/1.1`.
    pub version: String,
    /// The headers of the allow-list.
    pub headers: BTreeMap<String, String>,
    /// `x-amzn-ErrorType`, cut at the first colon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// `x-amzn-RequestId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// `x-amz-apigw-id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apigw_id: Option<String>,
    /// Whether the answer carries API Gateway's marks.
    pub from_api_gateway: bool,
    /// Body bytes read, at most 64 KiB.
    pub body_bytes: u64,
    /// A recognised gateway error, redacted; or, if asked for, the body's beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_excerpt: Option<String>,
    /// The lines of the canonical request that the service reads differently than was signed; present only if it shows its own,
    /// and empty if that is the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canonical_differences: Option<Vec<Difference>>,
    /// From sending the request to the first byte of the answer.
    pub first_byte_seconds: Seconds,
}

/// A length of time in seconds, to the microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Seconds(#[schemars(range(min = 0.0))] f64);

/// A moment in UTC, as RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(#[serde(with = "time::serde::rfc3339")] OffsetDateTime);

impl JsonSchema for Instant {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Instant".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time", "description": "A moment in UTC, as RFC 3339." })
    }
}

impl From<Duration> for Seconds {
    fn from(duration: Duration) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "microseconds of a round fit 52 bits")]
        Self(duration.as_micros() as f64 / 1e6)
    }
}

impl From<Seconds> for Duration {
    fn from(seconds: Seconds) -> Self {
        Self::try_from_secs_f64(seconds.0).unwrap_or_default()
    }
}

const SCHEMA_VERSION: u32 = 1;
const OK: &str = "ok";
