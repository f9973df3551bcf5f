//! JSON form of a report. Types whose JSON is their own fields serialize themselves; the forms here add what follows from the rest of
//! the round, such as outcomes, zones and command lines. Within a `schema_version` there are only additions.

mod deserialize;

pub use deserialize::{ReadReportError, read_json};

use super::{Report, Step, Verdict, steps};
use crate::diagnosis::Finding;
use crate::observation::{
    Address, AddressClass, Answer, Attempt, Canary, Certificate, Connected, Difference, DnsFault, Environment,
    Experiment, ExpiredRoot, HttpFailure, Intent, Lookup, NameSource, Observation, Outcome, Phase, Query, Question,
    Round, Row, SecondOpinion, Seconds, Secured, Seen, TcpFailure, TlsFailure, is_default,
};
use crate::plan::{AccessPath, Method, Missing, Plan};
use crate::setup::Setup;
use crate::target::{ApiId, HostName, Target, Warning};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use time::OffsetDateTime;

/// Defines the JSON form of a value: for each field its description, its type and the expression that computes it. A field with
/// `default` is left out of the JSON where it has the default value of its type.
macro_rules! json_form {
    ($(
        $(#[$meta:meta])*
        $vis:vis struct $Json:ident as $name:literal from ($($arg:ident: $Arg:ty),*) {
            $($(#[$field_meta:meta])* $field:ident: $Type:ty = $value:expr $(, $default:ident)?;)+
        }
    )+) => {$(
        $(#[$meta])*
        #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[schemars(rename = $name)]
        $vis struct $Json {
            $($(#[$field_meta])* $(#[serde($default, skip_serializing_if = "is_default")])? $field: $Type,)+
        }

        impl $Json {
            pub(crate) fn of($($arg: $Arg),*) -> Self {
                Self { $($field: $value,)+ }
            }
        }
    )+};
}

json_form! {
    /// The report of one round.
    pub struct ReportJson as "Report" from (report: &Report) {
        /// The version of this format; within one version there are only additions.
        #[schemars(extend("const" = SCHEMA_VERSION))]
        schema_version: u32 = SCHEMA_VERSION;
        /// What wrote the report.
        tool: ToolJson = ToolJson::of();
        /// When the round began (RFC 3339, UTC).
        #[serde(with = "time::serde::rfc3339")]
        #[schemars(with = "String", extend("format" = "date-time"))]
        started_at: OffsetDateTime = report.round.started;
        /// How long the round took.
        duration_seconds: Seconds = report.round.took.into();
        /// What was probed.
        target: TargetJson = TargetJson::of(&report.round.target);
        /// What about the probing host bears on the result.
        #[serde(default)]
        environment: Environment = report.round.environment.clone();
        /// Whether every path meets its intent.
        verdict: Verdict = report.verdict();
        /// What in the target contradicts itself or looks unusual.
        #[serde(default)]
        warnings: Vec<WarningJson> = report.round.target.warnings.iter().map(WarningJson::of).collect();
        /// One entry a path.
        paths: Vec<PathJson> = report.round.rows.iter().map(|row| PathJson::of(row, &report.round)).collect();
        /// What was asked beyond the paths, because they left something open.
        experiments: Vec<FollowUpJson>
            = report.round.experiments.iter().map(|one| FollowUpJson::of(one, &one.seen, &report.round)).collect(), default;
        /// The call of an API that does not exist, if one was to be made.
        canary: Option<NegativeControlJson>
            = report.round.canary.as_ref().map(|canary| NegativeControlJson::of(canary, &report.round)),
            default;
        /// What explains the result, the most telling first.
        // diagnosed again when read: causes of a later version are no error
        #[serde(deserialize_with = "deserialize::ignore_any")]
        findings: Vec<Finding> = report.diagnosis.findings.clone();
        /// How far the documented set-up is, if anybody looked at it and it is that of a private REST API.
        #[serde(deserialize_with = "deserialize::ignore_any")]
        steps: Vec<Step> = report.steps(), default;
        /// What is known of the set-up, if anybody looked at it.
        setup: Option<Setup> = report.round.environment.setup.as_deref().cloned(), default;
    }

    /// What is known of a set-up where no API was named: those parts of a report that need no round.
    pub(crate) struct InventoryJson as "Inventory" from (inventory: &Setup) {
        schema_version: u32 = SCHEMA_VERSION;
        tool: ToolJson = ToolJson::of();
        steps: Vec<Step> = steps(inventory, None);
        setup: Setup = inventory.clone();
    }

    /// A program and its version.
    struct ToolJson as "Tool" from () {
        /// Always `apigw-probe`.
        name: String = env!("CARGO_PKG_NAME").to_owned();
        /// The version, as in `--version`.
        version: String = env!("CARGO_PKG_VERSION").to_owned();
    }

    /// What was probed.
    struct TargetJson as "Target" from (target: &Target) {
        /// What reports and metrics call it.
        name: String = target.name.clone();
        /// The invoke URL.
        invoke_url: String = target.invoke_url.clone();
        /// The API's id; absent if the URL has a custom domain name.
        api_id: Option<String> = target.api().map(|api| api.id.to_string()), default;
        /// The Region of the API; absent if no name tells it.
        region: Option<String> = target.region().map(ToString::to_string), default;
        /// Whether it is a public API.
        public: bool = target.is_public(), default;
        /// A custom domain name beside the URL, with its base path.
        custom_domain: Option<String> = target.custom_domain.as_ref().map(ToString::to_string), default;
        /// The deployment stage.
        stage: Option<String> = target.stage.clone(), default;
        /// The path within the stage; `/` is the root.
        resource: String = target.resource().to_owned();
        /// The endpoint's id.
        vpce_id: Option<String> = target.vpce.as_ref().map(ToString::to_string), default;
        /// The endpoint's DNS name, as it was given.
        vpce_dns_name: Option<String> = target.vpce_dns_name.clone(), default;
        /// The endpoint's DNS names of single zones.
        zonal_dns_names: Vec<HostName> = target.zonal.iter().map(|zonal| zonal.name.clone()).collect(), default;
        /// The status codes that are success.
        expect_status: Vec<u16> = target.expect.status.clone();
        /// Whether success needs API Gateway's marks too.
        #[serde(default)]
        require_api_gateway: bool = target.expect.api_gateway;
    }

    /// Something in the target that contradicts itself or looks unusual.
    struct WarningJson as "Warning" from (warning: &Warning) {
        /// The machine name.
        name: String = warning.name().to_owned();
        /// The sentence for people; its wording may change.
        message: String = warning.to_string();
    }

    /// One path.
    struct PathJson as "Path" from (row: &Row, round: &Round) {
        /// Which documented path.
        path: AccessPath = row.path;
        /// The Availability Zone whose name of the endpoint was dialled; absent for the path itself.
        zone: Option<String> = row.zone.as_ref().map(ToString::to_string), default;
        /// Whether the call is signed; absent if no call of the round is.
        signed: Option<bool> = round.rows.iter().any(|row| row.signed).then_some(row.signed), default;
        /// What the user expects of it.
        intent: Intent = row.intent;
        /// Whether the user named this path.
        #[serde(default)]
        asked: bool = row.asked;
        /// Whether its name gave an address.
        resolves: bool = row.resolves();
        /// Whether an expected status came back, whatever the intent.
        returns_expected: bool = row.returns_expected(&round.target);
        /// Whether it did what the user expects of it.
        meets_intent: bool = row.meets_intent(&round.target);
        /// `ok`, `not-configured`, `skipped`, or how it failed: `dns-…`, `tcp-…`, `tls-…`, `http-…`.
        #[schemars(extend("pattern" = "^(ok|not-configured|skipped|(dns|tcp|tls|http)-[a-z0-9-]+)$"))]
        outcome: String = row.outcome(&round.target).name().to_owned();
        /// What a path that is `not-configured` lacks.
        missing: Option<Missing> = if let Seen::NotConfigured(input) = row.seen { Some(input) } else { None }, default;
        /// What was to be sent.
        request: Option<RequestJson> = row.observation().map(|seen| RequestJson::of(&seen.plan)), default;
        /// How the name was resolved.
        dns: Option<DnsJson> = row.observation().map(|seen| DnsJson::of(&seen.lookup, round)), default;
        /// One entry a connection, in the order of the addresses.
        #[serde(default)]
        attempts: Vec<AttemptJson> = row.observation().map(|seen| attempts(seen, &round.target)).unwrap_or_default();
        /// From the first packet to the last byte.
        duration_seconds: Option<Seconds> = row.observation().map(|seen| seen.took.into()), default;
        /// What no phase accounts for.
        unaccounted_seconds: Option<Seconds> = row.observation().map(|seen| seen.unaccounted().into()), default;
    }

    /// A request to an address that was reached already, to decide between explanations that the paths leave open.
    struct FollowUpJson as "Experiment" from (experiment: &Experiment, seen: &Observation, round: &Round) {
        /// What it was to tell.
        question: Question = experiment.question;
        /// The question in words, for people; they may change.
        #[serde(default)]
        asks: String = experiment.question.words().to_owned();
        /// The path whose call was changed.
        path: AccessPath = seen.plan.path;
        /// Whether the call was signed; absent if it was not.
        signed: bool = seen.plan.signed_for.is_some(), default;
        /// The address that was asked.
        address: Option<IpAddr> = experiment.address(), default;
        /// What was seen.
        seen: ObservationJson = ObservationJson::of(seen, round);
    }

    /// The call of an API that does not exist.
    struct NegativeControlJson as "Canary" from (canary: &Canary, round: &Round) {
        /// The id that was made up.
        api_id: ApiId = canary.api.clone();
        /// The path that it took.
        path: AccessPath = canary.seen.plan.path;
        /// Whether it was refused, as it should be; absent if no answer came.
        refused: Option<bool> = canary.is_refused(&round.target), default;
        /// What was seen.
        seen: ObservationJson = ObservationJson::of(&canary.seen, round);
    }

    /// What was sent beyond the paths, and what came of it.
    struct ObservationJson as "Seen" from (seen: &Observation, round: &Round) {
        /// `ok` if an expected status came back, or what came in its place: `dns-…`, `tcp-…`, `tls-…`, `http-…`.
        #[schemars(extend("pattern" = "^(ok|(dns|tcp|tls|http)-[a-z0-9-]+)$"))]
        outcome: String = seen.outcome(&round.target).name().to_owned();
        /// What was to be sent.
        request: RequestJson = RequestJson::of(&seen.plan);
        /// How the name was resolved.
        dns: DnsJson = DnsJson::of(&seen.lookup, round);
        /// One entry a connection, in the order of the addresses.
        attempts: Vec<AttemptJson> = attempts(seen, &round.target);
        /// From the first packet to the last byte.
        duration_seconds: Seconds = seen.took.into();
        /// What no phase accounts for.
        unaccounted_seconds: Seconds = seen.unaccounted().into();
    }

    /// What was to be sent.
    struct RequestJson as "Request" from (plan: &Plan) {
        /// The URL; it names the host that is dialled.
        url: String = plan.url();
        /// The name that was resolved and connected to.
        dial: HostName = plan.dial.clone();
        /// The name in the TLS handshake.
        sni: HostName = plan.sni.clone();
        /// The `Host` header.
        host: HostName = plan.host.clone();
        /// The TCP port.
        port: u16 = plan.port;
        /// The address that was used in place of what DNS says.
        connect_to: Option<IpAddr> = plan.connect_to, default;
        /// Headers beside `Host`; a secret value is not shown.
        headers: BTreeMap<String, String>
            = plan.headers.iter().map(|header| (header.name.clone(), header.value.to_string())).collect();
        /// The method.
        method: Method = plan.method.clone();
        /// The same call as a curl command line.
        curl: String = plan.curl();
    }

    /// How a name was resolved.
    struct DnsJson as "Dns" from (lookup: &Lookup, round: &Round) {
        /// `ok`, or why there is no address: `dns-…`.
        #[schemars(extend("pattern" = "^(ok|dns-[a-z0-9-]+)$"))]
        outcome: String = dns_outcome(&lookup.result);
        /// Where the addresses came from.
        source: NameSource = lookup.source;
        /// The chain of aliases that was followed.
        cnames: Vec<HostName> = lookup.cnames.clone();
        /// The addresses, in answer order.
        addresses: Vec<AddressJson> = addresses(&lookup.result, round);
        /// Every query that was sent.
        queries: Vec<Query> = lookup.queries.clone();
        /// As felt.
        duration_seconds: Seconds = lookup.took.into();
        /// What the VPC resolver says of the same name, if it was asked.
        second_opinion: Option<VpcResolverJson>
            = lookup.second_opinion.as_ref().map(|opinion| VpcResolverJson::of(opinion, round)),
            default;
    }

    /// What the VPC resolver says.
    struct VpcResolverJson as "SecondOpinion" from (opinion: &SecondOpinion, round: &Round) {
        /// The resolver asked.
        server: SocketAddr = opinion.server;
        /// `ok`, or why there is no address.
        #[schemars(extend("pattern" = "^(ok|dns-[a-z0-9-]+)$"))]
        outcome: String = dns_outcome(&opinion.result);
        /// Its addresses.
        addresses: Vec<AddressJson> = addresses(&opinion.result, round);
    }

    /// An address.
    struct AddressJson as "Address" from (address: &Address, round: &Round) {
        /// The address.
        ip: IpAddr = address.ip;
        /// Its kind, by the IANA special-purpose registries.
        class: AddressClass = address.class();
        /// The Availability Zone that it is in, where a zonal name of the endpoint was answered with it.
        zone: Option<String> = round.zone_of(address.ip).map(ToString::to_string), default;
        /// Seconds the answer may be cached.
        ttl: Option<u32> = address.ttl, default;
    }

    /// One connection.
    struct AttemptJson as "Attempt" from (attempt: &Attempt, outcome: Outcome) {
        /// Address and port.
        address: SocketAddr = attempt.address;
        /// Connecting.
        tcp: TcpJson = TcpJson::of(&attempt.tcp, attempt.tcp.result.as_ref());
        /// The handshake, if it was reached.
        tls: Option<TlsJson> = attempt.tls().map(|tls| TlsJson::of(tls, tls.result.as_ref(), attempt)), default;
        /// The exchange, if it was reached.
        http: Option<HttpJson> = attempt.http().map(|http| HttpJson::of(http, attempt, outcome)), default;
    }

    /// Connecting.
    struct TcpJson as "Tcp" from (tcp: &Phase<Connected, TcpFailure>, result: Result<&Connected, &TcpFailure>) {
        /// `ok` or `tcp-…`.
        #[schemars(extend("pattern" = "^(ok|tcp-[a-z0-9-]+)$"))]
        outcome: String = result.err().map_or(OK, |failure| failure.fault.name()).to_owned();
        /// The operating system's words.
        detail: Option<String> = result.err().and_then(|failure| failure.detail.clone()), default;
        /// As felt.
        duration_seconds: Seconds = tcp.felt.into();
        /// By the kernel's measure of the round trip.
        wire_seconds: Option<Seconds> = tcp.wire.map(Into::into), default;
        /// Segments sent again while connecting.
        retransmits: Option<u32> = result.ok().map(|connected| connected.retransmits), default;
    }

    /// The handshake.
    struct TlsJson as "Tls" from (tls: &Phase<Secured, TlsFailure>, result: Result<&Secured, &TlsFailure>, attempt: &Attempt) {
        /// `ok` or `tls-…`.
        #[schemars(extend("pattern" = "^(ok|tls-[a-z0-9-]+)$"))]
        outcome: String = result.err().map_or(OK, |failure| failure.fault.name()).to_owned();
        /// What was wrong, in a sentence.
        detail: Option<String> = result.err().and_then(|failure| failure.detail.clone()), default;
        /// `TLSv1.2` or `TLSv1.3`.
        version: Option<String> = result.ok().map(|tls| tls.session.version.clone()), default;
        /// The cipher suite.
        cipher: Option<String> = result.ok().map(|tls| tls.session.cipher.clone()), default;
        /// The group of the key exchange: `X25519`, `P-256`, `P-384` or `P-521`.
        key_exchange: Option<String> = result.ok().and_then(|tls| tls.session.key_exchange.clone()), default;
        /// The application protocol that the server chose.
        alpn: Option<String> = result.ok().and_then(|tls| tls.session.alpn.clone()), default;
        /// Whether the server asked for a client certificate; absent if the handshake failed before it did.
        client_certificate_requested: Option<bool>
            = Some(attempt.client_certificate_requested()).filter(|requested| *requested || result.is_ok()),
            default;
        /// The server's certificate, verified or not.
        certificate: Option<Certificate> = attempt.certificate().cloned(), default;
        /// The root from `--ca-file` that the certificate needs, if it has expired; most other clients refuse it then.
        expired_root: Option<ExpiredRoot> = result.ok().and_then(|tls| tls.expired_root.clone()), default;
        /// On an unknown issuer: whether this host's own store trusts it.
        system_trusts_issuer: Option<bool> = result.err().and_then(|failure| failure.system_trusts_issuer), default;
        /// As felt.
        duration_seconds: Seconds = tls.felt.into();
        /// By the kernel's stamps.
        wire_seconds: Option<Seconds> = tls.wire.map(Into::into), default;
    }

    /// The exchange.
    struct HttpJson as "Http" from (http: &Phase<Answer, HttpFailure>, attempt: &Attempt, outcome: Outcome) {
        /// `ok` or `http-…`.
        #[schemars(extend("pattern" = "^(ok|http-[a-z0-9-]+)$"))]
        outcome: String = outcome.name().to_owned();
        /// The library's words.
        detail: Option<String> = http.result.as_ref().err().and_then(|failure| failure.detail.clone()), default;
        /// What answered, if the answer's head came.
        #[serde(flatten)]
        answer: Option<ResponseJson> = attempt.answer().map(ResponseJson::of);
        /// By the kernel's stamps.
        wire_seconds: Option<Seconds> = http.wire.map(Into::into), default;
        /// As felt.
        duration_seconds: Seconds = http.felt.into();
    }

    /// An answer.
    struct ResponseJson as "Answer" from (answer: &Answer) {
        /// The status code.
        #[schemars(range(min = 100, max = 999))]
        status: u16 = answer.status;
        /// `HTTP/1.0` or `HTTP/1.1`.
        version: String = answer.version.clone();
        /// The headers of the allow-list.
        headers: BTreeMap<String, String> = answer.headers.iter().cloned().collect();
        /// `x-amzn-ErrorType`, cut at the first colon.
        error_type: Option<String> = answer.error_type().map(str::to_owned), default;
        /// `x-amzn-RequestId`.
        request_id: Option<String> = answer.request_id().map(str::to_owned), default;
        /// `x-amz-apigw-id`.
        apigw_id: Option<String> = answer.apigw_id().map(str::to_owned), default;
        /// Whether the answer carries API Gateway's marks.
        from_api_gateway: bool = answer.from_api_gateway();
        /// Body bytes read, at most 64 KiB.
        body_bytes: u64 = answer.body_bytes;
        /// A recognised gateway error, redacted; or, if asked for, the body's beginning.
        body_excerpt: Option<String> = answer.body_excerpt.clone(), default;
        /// The lines of the canonical request that the service reads differently than was signed; present only if it shows its own,
        /// and empty if that is the same.
        canonical_differences: Option<Vec<Difference>> = answer.differences.clone(), default;
        /// From sending the request to the first byte of the answer.
        first_byte_seconds: Seconds = answer.first_byte.into();
    }
}

fn attempts(seen: &Observation, target: &Target) -> Vec<AttemptJson> {
    seen.attempts.iter().map(|attempt| AttemptJson::of(attempt, attempt.outcome(target))).collect()
}

fn addresses(result: &Result<Vec<Address>, DnsFault>, round: &Round) -> Vec<AddressJson> {
    result.iter().flatten().map(|address| AddressJson::of(address, round)).collect()
}

fn dns_outcome(result: &Result<Vec<Address>, DnsFault>) -> String {
    result.as_ref().err().map_or(OK, |fault| fault.name()).to_owned()
}

const SCHEMA_VERSION: u32 = 1;
const OK: &str = "ok";
