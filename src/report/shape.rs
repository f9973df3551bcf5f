//! How does a report read as JSON? One file of plain data, both ways; within a `schema_version` only additions.

use super::{Report, Verdict};
use crate::diagnosis::{Cause, Confidence, Finding, Owner};
use crate::observation::{
    Address, AddressClass, Answer, Attempt, Certificate, Connected, DnsFault, Environment, HttpFailure, HttpFault,
    Intent, Lookup, NameSource, Observation, Outcome, Phase, Query, QueryOutcome, RecordType, Round, Row,
    SecondOpinion, Secured, Seen, Session, TcpFailure, TcpFault, TlsFailure, TlsFault, Transport,
};
use crate::plan::{AccessPath, Header, HeaderText, Method, Missing, Plan};
use crate::target::{Expectation, HostName, NameError, Target, TargetError, TargetInput, Warning};
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
    /// What explains the result, the most telling first.
    pub findings: Vec<FindingShape>,
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
    /// The API's id.
    pub api_id: String,
    /// The Region of the API.
    pub region: String,
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
    /// The library's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// `TLSv1.2` or `TLSv1.3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The cipher suite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cipher: Option<String>,
    /// The application protocol that the server chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alpn: Option<String>,
    /// The server's certificate, verified or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateShape>,
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
    /// From sending the request to the first byte of the answer.
    pub first_byte_seconds: Seconds,
}

/// One explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Finding")]
pub struct FindingShape {
    /// The most useful cause.
    pub cause: Cause,
    /// Other causes that would explain it as well.
    pub alternatives: Vec<Cause>,
    /// How sure it is.
    pub confidence: Confidence,
    /// The paths that it explains.
    pub paths: Vec<AccessPath>,
    /// Who can change it.
    pub owner: Owner,
    /// One sentence; its wording may change.
    pub summary: String,
    /// The facts that speak for it.
    pub evidence: Vec<String>,
    /// What to do.
    pub fix: Vec<String>,
    /// Where it is documented.
    pub docs: String,
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

impl Report {
    /// The report as plain data for JSON.
    pub fn shape(&self) -> Shape {
        let round = &self.round;
        Shape {
            schema_version: SCHEMA_VERSION,
            tool: Tool { name: env!("CARGO_PKG_NAME").into(), version: env!("CARGO_PKG_VERSION").into() },
            started_at: Instant(round.started),
            duration_seconds: round.took.into(),
            target: TargetShape::of(&round.target),
            environment: EnvironmentShape::of(&round.environment),
            verdict: self.verdict(),
            warnings: round
                .target
                .warnings
                .iter()
                .map(|warning| WarningShape { name: warning.name().into(), message: warning.to_string() })
                .collect(),
            paths: round.rows.iter().map(|row| PathShape::of(row, &round.target)).collect(),
            findings: self.diagnosis.findings.iter().map(FindingShape::of).collect(),
        }
    }
}

impl TargetShape {
    fn of(target: &Target) -> Self {
        Self {
            name: target.name.clone(),
            invoke_url: target.invoke_url.clone(),
            api_id: target.api.to_string(),
            region: target.region.to_string(),
            stage: target.stage.clone(),
            resource: target.resource().to_owned(),
            vpce_id: target.vpce.as_ref().map(ToString::to_string),
            vpce_dns_name: target.vpce_dns_name.clone(),
            expect_status: target.expect.status.clone(),
            require_api_gateway: target.expect.api_gateway,
        }
    }
}

impl EnvironmentShape {
    fn of(environment: &Environment) -> Self {
        Self {
            dns_servers: environment.dns_servers.clone(),
            dns_servers_given: environment.dns_servers_given,
            caching_stub: environment.has_caching_stub(),
            ignored_proxy_variables: environment.ignored_proxy_variables.clone(),
        }
    }
}

impl PathShape {
    fn of(row: &Row, target: &Target) -> Self {
        let seen = row.observation();
        Self {
            path: row.path,
            intent: row.intent,
            asked: row.asked,
            resolves: row.resolves(),
            returns_expected: row.returns_expected(target),
            meets_intent: row.meets_intent(target),
            outcome: row.outcome(target).name().to_owned(),
            missing: match row.seen {
                Seen::NotConfigured(missing) => Some(missing),
                Seen::Skipped | Seen::Probed(_) => None,
            },
            request: seen.map(|seen| RequestShape::of(&seen.plan)),
            dns: seen.map(|seen| DnsShape::of(&seen.lookup)),
            attempts: seen
                .map(|seen| seen.attempts.iter().map(|attempt| AttemptShape::of(attempt, target)).collect())
                .unwrap_or_default(),
            duration_seconds: seen.map(|seen| seen.took.into()),
            unaccounted_seconds: seen.map(|seen| seen.unaccounted().into()),
        }
    }
}

impl RequestShape {
    fn of(plan: &Plan) -> Self {
        Self {
            url: plan.url(),
            dial: plan.dial.to_string(),
            sni: plan.sni.to_string(),
            host: plan.host.to_string(),
            port: plan.port,
            connect_to: plan.connect_to,
            headers: plan.headers.iter().map(|header| (header.name.clone(), header.value.to_string())).collect(),
            method: plan.method.to_string(),
            curl: plan.curl(),
        }
    }
}

impl DnsShape {
    fn of(lookup: &Lookup) -> Self {
        Self {
            outcome: outcome_of(&lookup.result),
            source: lookup.source,
            cnames: lookup.cnames.iter().map(ToString::to_string).collect(),
            addresses: lookup.addresses().iter().map(AddressShape::of).collect(),
            queries: lookup.queries.iter().map(QueryShape::of).collect(),
            duration_seconds: lookup.took.into(),
            second_opinion: lookup.second_opinion.as_ref().map(|opinion| SecondOpinionShape {
                server: opinion.server,
                outcome: outcome_of(&opinion.result),
                addresses: opinion.result.iter().flatten().map(AddressShape::of).collect(),
            }),
        }
    }
}

impl AddressShape {
    fn of(address: &Address) -> Self {
        Self { ip: address.ip, class: address.class(), ttl: address.ttl }
    }
}

impl QueryShape {
    fn of(query: &Query) -> Self {
        Self {
            name: query.name.to_string(),
            kind: query.kind,
            server: query.server,
            transport: query.transport,
            outcome: query.outcome,
            rcode: query.rcode,
            duration_seconds: query.felt.into(),
            wire_seconds: query.wire.map(Into::into),
            shared: query.shared,
        }
    }
}

impl AttemptShape {
    fn of(attempt: &Attempt, target: &Target) -> Self {
        let tcp = &attempt.tcp;
        let (outcome, detail, retransmits) = match &tcp.result {
            Ok(connected) => (OK, None, Some(connected.retransmits)),
            Err(failure) => (failure.fault.name(), failure.detail.clone(), None),
        };
        Self {
            address: attempt.address,
            tcp: TcpShape {
                outcome: outcome.to_owned(),
                detail,
                duration_seconds: tcp.felt.into(),
                wire_seconds: tcp.wire.map(Into::into),
                retransmits,
            },
            tls: attempt.tls().map(TlsShape::of),
            http: attempt.http().map(|http| HttpShape::of(http, attempt.outcome(target))),
        }
    }
}

impl TlsShape {
    fn of(phase: &Phase<Secured, TlsFailure>) -> Self {
        let session = phase.result.as_ref().ok().map(|secured| &secured.session);
        let failure = phase.result.as_ref().err();
        let certificate = match &phase.result {
            Ok(secured) => secured.certificate.as_ref(),
            Err(failure) => failure.certificate.as_ref(),
        };
        Self {
            outcome: failure.map_or(OK, |failure| failure.fault.name()).to_owned(),
            detail: failure.and_then(|failure| failure.detail.clone()),
            version: session.map(|session| session.version.clone()),
            cipher: session.map(|session| session.cipher.clone()),
            alpn: session.and_then(|session| session.alpn.clone()),
            certificate: certificate.map(|certificate| CertificateShape {
                subject: certificate.subject.clone(),
                sans: certificate.sans.clone(),
                issuer: certificate.issuer.clone(),
                not_before: Instant(certificate.not_before),
                not_after: Instant(certificate.not_after),
            }),
            system_trusts_issuer: failure.and_then(|failure| failure.system_trusts_issuer),
            duration_seconds: phase.felt.into(),
            wire_seconds: phase.wire.map(Into::into),
        }
    }
}

impl HttpShape {
    fn of(phase: &Phase<Answer, HttpFailure>, outcome: Outcome) -> Self {
        let (answer, detail) = match &phase.result {
            Ok(answer) => (Some(answer), None),
            Err(failure) => (failure.answer.as_ref(), failure.detail.clone()),
        };
        Self {
            outcome: outcome.name().to_owned(),
            detail,
            answer: answer.map(AnswerShape::of),
            wire_seconds: phase.wire.map(Into::into),
            duration_seconds: phase.felt.into(),
        }
    }
}

impl AnswerShape {
    fn of(answer: &Answer) -> Self {
        Self {
            status: answer.status,
            version: answer.version.clone(),
            headers: answer.headers.iter().cloned().collect(),
            error_type: answer.error_type().map(str::to_owned),
            request_id: answer.request_id().map(str::to_owned),
            apigw_id: answer.apigw_id().map(str::to_owned),
            from_api_gateway: answer.from_api_gateway(),
            body_bytes: answer.body_bytes,
            body_excerpt: answer.body_excerpt.clone(),
            first_byte_seconds: answer.first_byte.into(),
        }
    }
}

impl FindingShape {
    fn of(finding: &Finding) -> Self {
        Self {
            cause: finding.cause,
            alternatives: finding.alternatives.clone(),
            confidence: finding.confidence,
            paths: finding.paths.clone(),
            owner: finding.owner,
            summary: finding.summary.clone(),
            evidence: finding.evidence.clone(),
            fix: finding.fix.clone(),
            docs: finding.docs.clone(),
        }
    }
}

/// A saved report that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableReport {
    /// It is not JSON of this shape.
    #[error("it is not a report of this tool: {0}")]
    Json(#[from] serde_json::Error),
    /// It is of a later format.
    #[error("its schema_version is {0}; this version of the tool reads {SCHEMA_VERSION}")]
    Version(u32),
    /// Its target does not parse.
    #[error("its target: {0}")]
    Target(#[from] TargetError),
    /// A host name in it does not parse.
    #[error("a name in it: {0}")]
    Name(#[from] NameError),
    /// A word in it is none of this tool's.
    #[error("`{field}`: `{text}` is not a word of this format")]
    Word {
        /// Where it stands.
        field: &'static str,
        /// The word.
        text: String,
    },
}

impl Shape {
    /// Reads a saved report back into the round that it tells of. Findings and verdict are not taken from it.
    pub fn read(json: &[u8]) -> Result<Round, UnreadableReport> {
        #[derive(Deserialize)]
        struct Version {
            schema_version: u32,
        }
        let version = serde_json::from_slice::<Version>(json)?.schema_version;
        if version != SCHEMA_VERSION {
            return Err(UnreadableReport::Version(version));
        }
        serde_json::from_slice::<Self>(json)?.into_round()
    }

    fn into_round(self) -> Result<Round, UnreadableReport> {
        let target = self.target;
        let mut target = Target::parse(TargetInput {
            invoke_url: &target.invoke_url,
            vpce_dns_name: target.vpce_dns_name.as_deref(),
            vpce_id: target.vpce_id.as_deref(),
            name: Some(&target.name),
            expect: Expectation { status: target.expect_status, api_gateway: target.require_api_gateway },
        })?;
        // the one warning whose mark the URL no longer bears
        if self.warnings.iter().any(|warning| warning.name == Warning::PlainHttp.name()) {
            target.warnings.insert(0, Warning::PlainHttp);
        }
        Ok(Round {
            target,
            started: self.started_at.0,
            took: self.duration_seconds.into(),
            environment: Environment {
                dns_servers: self.environment.dns_servers,
                dns_servers_given: self.environment.dns_servers_given,
                ignored_proxy_variables: self.environment.ignored_proxy_variables,
            },
            rows: self.paths.into_iter().map(PathShape::into_row).collect::<Result<_, _>>()?,
        })
    }
}

impl PathShape {
    fn into_row(self) -> Result<Row, UnreadableReport> {
        let seen = match (self.missing, self.request, self.dns) {
            (None, Some(request), Some(dns)) => Seen::Probed(Box::new(Observation {
                plan: request.into_plan(self.path)?,
                lookup: dns.into_lookup()?,
                attempts: self.attempts.into_iter().map(AttemptShape::into_attempt).collect::<Result<_, _>>()?,
                took: self.duration_seconds.map(Into::into).unwrap_or_default(),
            })),
            (Some(missing), ..) => Seen::NotConfigured(missing),
            (None, ..) => Seen::Skipped,
        };
        Ok(Row { path: self.path, intent: self.intent, asked: self.asked, seen })
    }
}

impl RequestShape {
    fn into_plan(self, path: AccessPath) -> Result<Plan, UnreadableReport> {
        let dial = HostName::parse(&self.dial)?;
        let after_host = self.url.strip_prefix("https://").and_then(|rest| rest.strip_prefix(dial.as_str()));
        let Some(path_and_query) = after_host else {
            return Err(UnreadableReport::Word { field: "request.url", text: self.url });
        };
        Ok(Plan {
            path,
            sni: HostName::parse(&self.sni)?,
            host: HostName::parse(&self.host)?,
            port: self.port,
            connect_to: self.connect_to,
            headers: self
                .headers
                .into_iter()
                .map(|(name, value)| Header { name, value: HeaderText::Plain(value) })
                .collect(),
            header_file: None,
            method: Method::parse(&self.method)
                .map_err(|_| UnreadableReport::Word { field: "request.method", text: self.method })?,
            path_and_query: path_and_query.to_owned(),
            dial,
        })
    }
}

impl DnsShape {
    fn into_lookup(self) -> Result<Lookup, UnreadableReport> {
        let name = |text: &String| HostName::parse(text);
        Ok(Lookup {
            source: self.source,
            cnames: self.cnames.iter().map(name).collect::<Result<_, _>>()?,
            took: self.duration_seconds.into(),
            result: addresses_from(&self.outcome, self.addresses)?,
            second_opinion: match self.second_opinion {
                None => None,
                Some(opinion) => Some(SecondOpinion {
                    server: opinion.server,
                    result: addresses_from(&opinion.outcome, opinion.addresses)?,
                }),
            },
            queries: self.queries.into_iter().map(QueryShape::into_query).collect::<Result<_, _>>()?,
        })
    }
}

impl QueryShape {
    fn into_query(self) -> Result<Query, UnreadableReport> {
        Ok(Query {
            name: HostName::parse(&self.name)?,
            kind: self.kind,
            server: self.server,
            transport: self.transport,
            outcome: self.outcome,
            rcode: self.rcode,
            felt: self.duration_seconds.into(),
            wire: self.wire_seconds.map(Into::into),
            shared: self.shared,
        })
    }
}

impl AttemptShape {
    fn into_attempt(self) -> Result<Attempt, UnreadableReport> {
        let tls = match self.tls {
            None => None,
            Some(tls) => Some(tls.into_phase(self.http)?),
        };
        let result = match fault::<TcpFault>("tcp.outcome", &self.tcp.outcome)? {
            None => Ok(Connected { retransmits: self.tcp.retransmits.unwrap_or_default(), tls }),
            Some(fault) => Err(TcpFailure { fault, detail: self.tcp.detail }),
        };
        Ok(Attempt {
            address: self.address,
            tcp: Phase { felt: self.tcp.duration_seconds.into(), wire: self.tcp.wire_seconds.map(Into::into), result },
        })
    }
}

impl TlsShape {
    fn into_phase(self, http: Option<HttpShape>) -> Result<Phase<Secured, TlsFailure>, UnreadableReport> {
        let certificate = self.certificate.map(|certificate| Certificate {
            subject: certificate.subject,
            sans: certificate.sans,
            issuer: certificate.issuer,
            not_before: certificate.not_before.0,
            not_after: certificate.not_after.0,
        });
        let result = match fault::<TlsFault>("tls.outcome", &self.outcome)? {
            Some(fault) => Err(TlsFailure {
                fault,
                detail: self.detail,
                certificate,
                system_trusts_issuer: self.system_trusts_issuer,
            }),
            None => Ok(Secured {
                session: Session {
                    version: self.version.unwrap_or_default(),
                    cipher: self.cipher.unwrap_or_default(),
                    alpn: self.alpn,
                },
                certificate,
                http: http.map(HttpShape::into_phase),
            }),
        };
        Ok(Phase { felt: self.duration_seconds.into(), wire: self.wire_seconds.map(Into::into), result })
    }
}

impl HttpShape {
    fn into_phase(self) -> Phase<Answer, HttpFailure> {
        let answer = self.answer.map(|answer| Answer {
            status: answer.status,
            version: answer.version,
            headers: answer.headers.into_iter().collect(),
            body_bytes: answer.body_bytes,
            body_excerpt: answer.body_excerpt,
            first_byte: answer.first_byte_seconds.into(),
        });
        // an unexpected status is a whole answer; the target says what is expected
        let result = match (self.outcome.parse::<HttpFault>(), answer) {
            (Err(_), Some(answer)) => Ok(answer),
            (Ok(fault), answer) => Err(HttpFailure { fault, detail: self.detail, answer }),
            (Err(_), None) => Err(HttpFailure { fault: HttpFault::Other, detail: self.detail, answer: None }),
        };
        Phase { felt: self.duration_seconds.into(), wire: self.wire_seconds.map(Into::into), result }
    }
}

fn addresses_from(
    outcome: &str,
    addresses: Vec<AddressShape>,
) -> Result<Result<Vec<Address>, DnsFault>, UnreadableReport> {
    Ok(match fault::<DnsFault>("dns.outcome", outcome)? {
        Some(fault) => Err(fault),
        None => Ok(addresses.into_iter().map(|address| Address { ip: address.ip, ttl: address.ttl }).collect()),
    })
}

fn outcome_of(result: &Result<Vec<Address>, DnsFault>) -> String {
    result.as_ref().err().map_or(OK, |fault| fault.name()).to_owned()
}

/// `ok`, or a fault by its name.
fn fault<F: std::str::FromStr>(field: &'static str, text: &str) -> Result<Option<F>, UnreadableReport> {
    if text == OK {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| UnreadableReport::Word { field, text: text.chars().take(80).collect() })
}

const SCHEMA_VERSION: u32 = 1;
const OK: &str = "ok";
