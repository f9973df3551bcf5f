//! What did a saved report tell of? The round that it was made of; findings and verdict are made anew.

use super::{
    AccessPath, AddressShape, AttemptShape, CanaryShape, Deserialize, DnsShape, ExperimentShape, HttpShape, OK,
    PathShape, QueryShape, RequestShape, SCHEMA_VERSION, SeenShape, Shape, TlsShape,
};
use crate::observation::{
    Address, Answer, Attempt, Canary, Certificate, Connected, DnsFault, Environment, Experiment, ExpiredRoot,
    HttpFailure, HttpFault, Lookup, Mismatches, Observation, Phase, Query, Round, Row, SecondOpinion, Secured, Seen,
    Session, TcpFailure, TcpFault, TlsFailure, TlsFault,
};
use crate::plan::{Header, HeaderText, Method, Plan};
use crate::target::{ApiId, Expectation, HostName, NameError, Target, TargetError, TargetInput, Warning, Zone};
use serde::de::{Deserializer, IgnoredAny};
use std::sync::Arc;

/// A saved report that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableReport {
    /// It is not JSON of this shape.
    #[error("it is not a report of this tool: {0}")]
    Json(#[from] serde_json::Error),
    /// It is of a later format.
    #[error("its schema_version is {0}; this version of the tool reads {SCHEMA_VERSION}")]
    Version(u32),
    /// It is what `doctor` prints where no API is named.
    #[error(
        "it holds a set-up and no round, so that there is nothing to diagnose again; `doctor INVOKE_URL --format json` prints both"
    )]
    SetupAlone,
    /// It tells of no path.
    #[error("it has no paths")]
    NoPath,
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

/// Whatever stands there, taken for an empty list.
pub(super) fn passed_over<'de, D: Deserializer<'de>, T>(deserializer: D) -> Result<Vec<T>, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| Vec::new())
}

impl Shape {
    /// Reads a saved report back into the round that it tells of. Findings and verdict are not taken from it.
    pub fn read(json: &[u8]) -> Result<Round, UnreadableReport> {
        #[derive(Deserialize)]
        struct Head {
            schema_version: u32,
            setup: Option<IgnoredAny>,
            paths: Option<IgnoredAny>,
        }
        let Head { schema_version: version, setup, paths } = serde_json::from_slice(json)?;
        if version != SCHEMA_VERSION {
            return Err(UnreadableReport::Version(version));
        }
        if setup.is_some() && paths.is_none() {
            return Err(UnreadableReport::SetupAlone);
        }
        serde_json::from_slice::<Self>(json)?.into_round()
    }

    fn into_round(self) -> Result<Round, UnreadableReport> {
        if self.paths.is_empty() {
            return Err(UnreadableReport::NoPath);
        }
        let target = self.target;
        let mut target = Target::parse(TargetInput {
            invoke_url: &target.invoke_url,
            vpce_dns_name: target.vpce_dns_name.as_deref(),
            vpce_id: target.vpce_id.as_deref(),
            zonal_dns_names: target.zonal_dns_names.iter().map(String::as_str).collect(),
            public: target.public,
            // a name tells it, or it was given
            region: target.region.as_deref().filter(|_| target.api_id.is_none()),
            custom_domain: target.custom_domain.as_deref(),
            name: Some(&target.name),
            expect: Expectation { status: target.expect_status, api_gateway: target.require_api_gateway },
        })?;
        // the one warning whose mark the URL no longer bears
        if self.warnings.iter().any(|warning| warning.name == Warning::PlainHttp.name()) {
            target.warnings.insert(0, Warning::PlainHttp);
        }
        let target = Arc::new(target);
        Ok(Round {
            target: target.clone(),
            started: self.started_at.0,
            took: self.duration_seconds.into(),
            environment: Environment {
                dns_servers: self.environment.dns_servers,
                dns_servers_given: self.environment.dns_servers_given,
                unfollowed_resolver_options: self.environment.unfollowed_resolver_options,
                ignored_dns_servers: self.environment.ignored_dns_servers,
                ignored_proxy_variables: self.environment.ignored_proxy_variables,
                setup: self.setup.map(Box::new),
            },
            rows: self.paths.into_iter().map(|path| path.into_row(&target)).collect::<Result<_, _>>()?,
            experiments: self
                .experiments
                .into_iter()
                .map(|one| one.into_experiment(&target))
                .collect::<Result<_, _>>()?,
            canary: self.canary.map(CanaryShape::into_canary).transpose()?.map(Box::new),
        })
    }
}

impl PathShape {
    fn into_row(self, target: &Target) -> Result<Row, UnreadableReport> {
        let signed = self.signed.unwrap_or_default();
        let zone = self.zone.map(|zone| zone_named(target, zone)).transpose()?;
        let seen = match (self.missing, self.request, self.dns) {
            (None, Some(request), Some(dns)) => Seen::Probed(Box::new(Observation {
                plan: Plan {
                    zone: zone.clone(),
                    signed_for: target.region().filter(|_| signed).cloned(),
                    ..request.into_plan(self.path)?
                },
                lookup: dns.into_lookup()?,
                attempts: self.attempts.into_iter().map(AttemptShape::into_attempt).collect::<Result<_, _>>()?,
                took: self.duration_seconds.map(Into::into).unwrap_or_default(),
            })),
            (Some(missing), ..) => Seen::NotConfigured(missing),
            (None, ..) => Seen::Skipped,
        };
        Ok(Row { path: self.path, zone, signed, intent: self.intent, asked: self.asked, seen })
    }
}

impl ExperimentShape {
    fn into_experiment(self, target: &Target) -> Result<Experiment, UnreadableReport> {
        let mut seen = self.seen.into_observation(self.path)?;
        seen.plan.signed_for = target.region().filter(|_| self.signed).cloned();
        Ok(Experiment { question: self.question, seen })
    }
}

impl CanaryShape {
    fn into_canary(self) -> Result<Canary, UnreadableReport> {
        Ok(Canary { api: ApiId::parse(&self.api_id)?, seen: self.seen.into_observation(self.path)? })
    }
}

impl SeenShape {
    fn into_observation(self, path: AccessPath) -> Result<Observation, UnreadableReport> {
        Ok(Observation {
            plan: self.request.into_plan(path)?,
            lookup: self.dns.into_lookup()?,
            attempts: self.attempts.into_iter().map(AttemptShape::into_attempt).collect::<Result<_, _>>()?,
            took: self.duration_seconds.into(),
        })
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
            zone: None,
            sni: HostName::parse(&self.sni)?,
            host: HostName::parse(&self.host)?,
            port: self.port,
            connect_to: self.connect_to,
            headers: self
                .headers
                .into_iter()
                .map(|(name, value)| Header { name, value: HeaderText::Plain(value) })
                .collect(),
            signed_for: None,
            header_file: None,
            ca_file: None,
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
            mismatches: Mismatches {
                ids: self.mismatched_ids.unwrap_or_default(),
                questions: self.mismatched_questions.unwrap_or_default(),
            },
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
            Some(tls) => Some(Box::new(tls.into_phase(self.http)?)),
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
                client_certificate_requested: self.client_certificate_requested.unwrap_or_default(),
            }),
            None => Ok(Secured {
                session: Session {
                    version: self.version.unwrap_or_default(),
                    cipher: self.cipher.unwrap_or_default(),
                    key_exchange: self.key_exchange,
                    alpn: self.alpn,
                    client_certificate_requested: self.client_certificate_requested.unwrap_or_default(),
                },
                certificate,
                expired_root: self
                    .expired_root
                    .map(|root| ExpiredRoot { subject: root.subject, not_after: root.not_after.0 }),
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
            differences: answer.canonical_differences,
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

/// A zone of the target, which its zonal names tell.
fn zone_named(target: &Target, text: String) -> Result<Zone, UnreadableReport> {
    let mut zones = target.zonal.iter().map(|zonal| &zonal.zone);
    zones.find(|zone| zone.as_str() == text).cloned().ok_or(UnreadableReport::Word { field: "zone", text })
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

/// `ok`, or a fault by its name.
fn fault<F: std::str::FromStr>(field: &'static str, text: &str) -> Result<Option<F>, UnreadableReport> {
    if text == OK {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| UnreadableReport::Word { field, text: text.chars().take(80).collect() })
}
