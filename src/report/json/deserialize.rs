//! Reads a saved report back into its round. Findings, steps and verdict are computed again.

use super::{
    AddressJson, AttemptJson, DnsJson, FollowUpJson, HttpJson, NegativeControlJson, OK, ObservationJson, PathJson,
    ReportJson, RequestJson, SCHEMA_VERSION, TargetJson, TlsJson,
};
use crate::observation::{
    Address, Answer, Attempt, Canary, Connected, DnsFault, Environment, Experiment, HttpFailure, HttpFault, Lookup,
    Observation, Phase, Round, Row, SecondOpinion, Secured, Seen, Session, TcpFailure, TlsFailure,
};
use crate::plan::{AccessPath, Header, HeaderText, Plan};
use crate::target::{Expectation, HostName, Region, Target, TargetError, TargetInput, Warning};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};
use std::sync::Arc;

/// A saved report that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadReportError {
    /// It is not JSON of this form.
    #[error("it is not a report of this tool: {0}")]
    Json(#[from] serde_json::Error),
    /// It has another version of the format.
    #[error("its schema_version is {0}; this version of the tool reads {SCHEMA_VERSION}")]
    Version(u32),
    /// It is what `doctor` prints where no API is named.
    #[error(
        "it holds a set-up and no round, so that there is nothing to diagnose again; `doctor INVOKE_URL --format json` prints both"
    )]
    InventoryOnly,
    /// It has no path.
    #[error("it has no paths")]
    NoPaths,
    /// Its target does not parse.
    #[error("its target: {0}")]
    Target(#[from] TargetError),
    /// A field has a value that is not of this format; it is cut to 80 characters.
    #[error("invalid {0} `{1}`")]
    Value(&'static str, String),
}

impl ReadReportError {
    fn value(field: &'static str, text: &str) -> Self {
        Self::Value(field, text.chars().take(80).collect())
    }
}

/// Reads a saved report into its round, which can be diagnosed again.
///
/// # Errors
///
/// Fails if it is not a report with a round, in this version of the format.
pub fn read_json(json: &[u8]) -> Result<Round, ReadReportError> {
    #[derive(Deserialize)]
    struct ReportHeader {
        schema_version: u32,
        setup: Option<IgnoredAny>,
        paths: Option<IgnoredAny>,
    }
    let ReportHeader { schema_version: version, setup, paths } = serde_json::from_slice(json)?;
    if version != SCHEMA_VERSION {
        return Err(ReadReportError::Version(version));
    }
    if setup.is_some() && paths.is_none() {
        return Err(ReadReportError::InventoryOnly);
    }
    serde_json::from_slice::<ReportJson>(json)?.into_round()
}

/// Accepts any value and returns an empty list.
pub(super) fn ignore_any<'de, D: Deserializer<'de>, T>(deserializer: D) -> Result<Vec<T>, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| Vec::new())
}

impl ReportJson {
    fn into_round(self) -> Result<Round, ReadReportError> {
        if self.paths.is_empty() {
            return Err(ReadReportError::NoPaths);
        }
        let mut target = self.target.into_target()?;
        // the one warning whose mark the URL no longer bears
        if self.warnings.iter().any(|warning| warning.name == Warning::PlainHttp.name()) {
            target.warnings.insert(0, Warning::PlainHttp);
        }
        let experiments = self.experiments.into_iter().map(|one| one.into_experiment(target.region()));
        Ok(Round {
            started: self.started_at,
            took: self.duration_seconds.into(),
            environment: Environment { setup: self.setup.map(Box::new), ..self.environment },
            rows: self.paths.into_iter().map(|path| path.into_row(&target)).collect::<Result<_, _>>()?,
            experiments: experiments.collect::<Result<_, _>>()?,
            canary: self.canary.map(NegativeControlJson::into_canary).transpose()?.map(Box::new),
            target: Arc::new(target),
        })
    }
}

impl TargetJson {
    fn into_target(self) -> Result<Target, TargetError> {
        Target::parse(TargetInput {
            invoke_url: &self.invoke_url,
            vpce_dns_name: self.vpce_dns_name.as_deref(),
            vpce_id: self.vpce_id.as_deref(),
            zonal_dns_names: self.zonal_dns_names.iter().map(HostName::as_str).collect(),
            public: self.public,
            // a name tells it, or it was given
            region: self.region.as_deref().filter(|_| self.api_id.is_none()),
            custom_domain: self.custom_domain.as_deref(),
            name: Some(&self.name),
            expect: Expectation { status: self.expect_status, api_gateway: self.require_api_gateway },
        })
    }
}

impl PathJson {
    fn into_row(self, target: &Target) -> Result<Row, ReadReportError> {
        let signed = self.signed.unwrap_or_default();
        let zone = match self.zone {
            None => None,
            Some(text) => {
                let zonal = target.zonal.iter().find(|zonal| zonal.zone.as_str() == text);
                Some(zonal.ok_or_else(|| ReadReportError::value("zone", &text))?.zone.clone())
            }
        };
        let seen = match (self.missing, self.request, self.dns) {
            (None, Some(request), Some(dns)) => Seen::Probed(Box::new(Observation {
                plan: Plan { zone: zone.clone(), ..request.into_plan(self.path, target.region().filter(|_| signed))? },
                lookup: dns.into_lookup()?,
                attempts: self.attempts.into_iter().map(AttemptJson::into_attempt).collect::<Result<_, _>>()?,
                took: self.duration_seconds.map(Into::into).unwrap_or_default(),
            })),
            (Some(missing), ..) => Seen::NotConfigured(missing),
            (None, ..) => Seen::Skipped,
        };
        Ok(Row { path: self.path, zone, signed, intent: self.intent, asked: self.asked, seen })
    }
}

impl FollowUpJson {
    fn into_experiment(self, region: Option<&Region>) -> Result<Experiment, ReadReportError> {
        let seen = self.seen.into_observation(self.path, region.filter(|_| self.signed))?;
        Ok(Experiment { question: self.question, seen })
    }
}

impl NegativeControlJson {
    fn into_canary(self) -> Result<Canary, ReadReportError> {
        Ok(Canary { api: self.api_id, seen: self.seen.into_observation(self.path, None)? })
    }
}

impl ObservationJson {
    fn into_observation(self, path: AccessPath, signed_for: Option<&Region>) -> Result<Observation, ReadReportError> {
        Ok(Observation {
            plan: self.request.into_plan(path, signed_for)?,
            lookup: self.dns.into_lookup()?,
            attempts: self.attempts.into_iter().map(AttemptJson::into_attempt).collect::<Result<_, _>>()?,
            took: self.duration_seconds.into(),
        })
    }
}

impl RequestJson {
    fn into_plan(self, path: AccessPath, signed_for: Option<&Region>) -> Result<Plan, ReadReportError> {
        let after_host = self.url.strip_prefix("https://").and_then(|rest| rest.strip_prefix(self.dial.as_str()));
        let path_and_query = after_host.ok_or_else(|| ReadReportError::value("request.url", &self.url))?.to_owned();
        let plain = |(name, value)| Header { name, value: HeaderText::Plain(value) };
        Ok(Plan {
            path,
            zone: None,
            dial: self.dial,
            sni: self.sni,
            host: self.host,
            port: self.port,
            connect_to: self.connect_to,
            headers: self.headers.into_iter().map(plain).collect(),
            signed_for: signed_for.cloned(),
            header_file: None,
            ca_file: None,
            method: self.method,
            path_and_query,
        })
    }
}

impl DnsJson {
    fn into_lookup(self) -> Result<Lookup, ReadReportError> {
        let second_opinion = self.second_opinion.map(|opinion| {
            let result = into_result(&opinion.outcome, &opinion.addresses)?;
            Ok::<_, ReadReportError>(SecondOpinion { server: opinion.server, result })
        });
        Ok(Lookup {
            source: self.source,
            result: into_result(&self.outcome, &self.addresses)?,
            cnames: self.cnames,
            took: self.duration_seconds.into(),
            second_opinion: second_opinion.transpose()?,
            queries: self.queries,
        })
    }
}

impl AttemptJson {
    fn into_attempt(self) -> Result<Attempt, ReadReportError> {
        let result = match fault("tcp.outcome", &self.tcp.outcome)? {
            None => Ok(Connected {
                retransmits: self.tcp.retransmits.unwrap_or_default(),
                tls: self.tls.map(|tls| tls.into_phase(self.http)).transpose()?.map(Box::new),
            }),
            Some(fault) => Err(TcpFailure { fault, detail: self.tcp.detail }),
        };
        let (felt, wire) = (self.tcp.duration_seconds.into(), self.tcp.wire_seconds.map(Into::into));
        Ok(Attempt { address: self.address, tcp: Phase { felt, wire, result } })
    }
}

impl TlsJson {
    fn into_phase(self, http: Option<HttpJson>) -> Result<Phase<Secured, TlsFailure>, ReadReportError> {
        let client_certificate_requested = self.client_certificate_requested.unwrap_or_default();
        let result = match fault("tls.outcome", &self.outcome)? {
            Some(fault) => Err(TlsFailure {
                fault,
                detail: self.detail,
                certificate: self.certificate,
                system_trusts_issuer: self.system_trusts_issuer,
                client_certificate_requested,
            }),
            None => Ok(Secured {
                session: Session {
                    version: self.version.unwrap_or_default(),
                    cipher: self.cipher.unwrap_or_default(),
                    key_exchange: self.key_exchange,
                    alpn: self.alpn,
                    client_certificate_requested,
                },
                certificate: self.certificate,
                expired_root: self.expired_root,
                http: http.map(HttpJson::into_phase).transpose()?,
            }),
        };
        Ok(Phase { felt: self.duration_seconds.into(), wire: self.wire_seconds.map(Into::into), result })
    }
}

impl HttpJson {
    fn into_phase(self) -> Result<Phase<Answer, HttpFailure>, ReadReportError> {
        let answer = self.answer.map(|answer| Answer {
            status: answer.status,
            version: answer.version,
            headers: answer.headers.into_iter().collect(),
            body_bytes: answer.body_bytes,
            body_excerpt: answer.body_excerpt,
            differences: answer.canonical_differences,
            first_byte: answer.first_byte_seconds.into(),
        });
        // an unexpected status is a whole answer; the target says what is expected
        let result = match (self.outcome.parse::<HttpFault>(), answer) {
            (Err(_), Some(answer)) => Ok(answer),
            (Ok(fault), answer) => Err(HttpFailure { fault, detail: self.detail, answer }),
            (Err(_), None) => return Err(ReadReportError::value("http answer with outcome", &self.outcome)),
        };
        Ok(Phase { felt: self.duration_seconds.into(), wire: self.wire_seconds.map(Into::into), result })
    }
}

fn into_result(outcome: &str, addresses: &[AddressJson]) -> Result<Result<Vec<Address>, DnsFault>, ReadReportError> {
    let addresses = || addresses.iter().map(|address| Address { ip: address.ip, ttl: address.ttl }).collect();
    Ok(fault("dns.outcome", outcome)?.map_or_else(|| Ok(addresses()), Err))
}

/// Parses an outcome: `ok`, or a fault by its name.
fn fault<F: std::str::FromStr>(field: &'static str, text: &str) -> Result<Option<F>, ReadReportError> {
    if text == OK {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| ReadReportError::value(field, text))
}
