//! What of a report goes into JSON? Everything that was seen, and what it means.

use super::{
    AddressShape, AnswerShape, AttemptShape, CanaryShape, CertificateShape, DnsShape, EnvironmentShape,
    ExperimentShape, ExpiredRootShape, HttpShape, Instant, OK, PathShape, QueryShape, RequestShape, SCHEMA_VERSION,
    SecondOpinionShape, SeenShape, Shape, TargetShape, TcpShape, TlsShape, Tool, WarningShape,
};
use crate::observation::{
    Address, Answer, Attempt, Canary, DnsFault, Environment, Experiment, HttpFailure, Lookup, Observation, Outcome,
    Phase, Query, Round, Row, Secured, Seen, TlsFailure,
};
use crate::plan::Plan;
use crate::report::Report;
use crate::target::Target;

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
            paths: round.rows.iter().map(|row| PathShape::of(row, round)).collect(),
            experiments: round.experiments.iter().map(|one| ExperimentShape::of(one, round)).collect(),
            canary: round.canary.as_ref().map(|canary| CanaryShape::of(canary, round)),
            findings: self.diagnosis.findings.clone(),
            steps: self.steps(),
            setup: round.environment.setup.as_deref().cloned(),
        }
    }
}

impl TargetShape {
    fn of(target: &Target) -> Self {
        Self {
            name: target.name.clone(),
            invoke_url: target.invoke_url.clone(),
            api_id: target.api().map(|api| api.id.to_string()),
            region: target.region().map(ToString::to_string),
            public: target.is_public(),
            custom_domain: target.custom_domain.as_ref().map(ToString::to_string),
            stage: target.stage.clone(),
            resource: target.resource().to_owned(),
            vpce_id: target.vpce.as_ref().map(ToString::to_string),
            vpce_dns_name: target.vpce_dns_name.clone(),
            zonal_dns_names: target.zonal.iter().map(|zonal| zonal.name.to_string()).collect(),
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
            unfollowed_resolver_options: environment.unfollowed_resolver_options.clone(),
            ignored_dns_servers: environment.ignored_dns_servers.clone(),
            caching_stub: environment.has_caching_stub(),
            ignored_proxy_variables: environment.ignored_proxy_variables.clone(),
        }
    }
}

impl PathShape {
    fn of(row: &Row, round: &Round) -> Self {
        let target = &round.target;
        let seen = row.observation();
        Self {
            path: row.path,
            zone: row.zone.as_ref().map(ToString::to_string),
            signed: round.rows.iter().any(|row| row.signed).then_some(row.signed),
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
            dns: seen.map(|seen| DnsShape::of(&seen.lookup, round)),
            attempts: seen
                .map(|seen| seen.attempts.iter().map(|attempt| AttemptShape::of(attempt, target)).collect())
                .unwrap_or_default(),
            duration_seconds: seen.map(|seen| seen.took.into()),
            unaccounted_seconds: seen.map(|seen| seen.unaccounted().into()),
        }
    }
}

impl ExperimentShape {
    fn of(experiment: &Experiment, round: &Round) -> Self {
        let plan = &experiment.seen.plan;
        Self {
            question: experiment.question,
            asks: experiment.question.words().to_owned(),
            path: plan.path,
            signed: plan.signed_for.is_some(),
            address: experiment.address(),
            seen: SeenShape::of(&experiment.seen, round),
        }
    }
}

impl CanaryShape {
    fn of(canary: &Canary, round: &Round) -> Self {
        Self {
            api_id: canary.api.to_string(),
            path: canary.seen.plan.path,
            refused: canary.is_refused(&round.target),
            seen: SeenShape::of(&canary.seen, round),
        }
    }
}

impl SeenShape {
    fn of(seen: &Observation, round: &Round) -> Self {
        let target = &round.target;
        Self {
            outcome: seen.outcome(target).name().to_owned(),
            request: RequestShape::of(&seen.plan),
            dns: DnsShape::of(&seen.lookup, round),
            attempts: seen.attempts.iter().map(|attempt| AttemptShape::of(attempt, target)).collect(),
            duration_seconds: seen.took.into(),
            unaccounted_seconds: seen.unaccounted().into(),
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
    fn of(lookup: &Lookup, round: &Round) -> Self {
        Self {
            outcome: outcome_of(&lookup.result),
            source: lookup.source,
            cnames: lookup.cnames.iter().map(ToString::to_string).collect(),
            addresses: lookup.addresses().iter().map(|address| AddressShape::of(address, round)).collect(),
            queries: lookup.queries.iter().map(QueryShape::of).collect(),
            duration_seconds: lookup.took.into(),
            second_opinion: lookup.second_opinion.as_ref().map(|opinion| SecondOpinionShape {
                server: opinion.server,
                outcome: outcome_of(&opinion.result),
                addresses: opinion.result.iter().flatten().map(|address| AddressShape::of(address, round)).collect(),
            }),
        }
    }
}

impl AddressShape {
    fn of(address: &Address, round: &Round) -> Self {
        let zone = round.zone_of(address.ip).map(ToString::to_string);
        Self { ip: address.ip, class: address.class(), zone, ttl: address.ttl }
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
            mismatched_ids: Some(query.mismatches.ids).filter(|ids| *ids > 0),
            mismatched_questions: Some(query.mismatches.questions).filter(|questions| *questions > 0),
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
            key_exchange: session.and_then(|session| session.key_exchange.clone()),
            alpn: session.and_then(|session| session.alpn.clone()),
            client_certificate_requested: match &phase.result {
                Ok(secured) => Some(secured.session.client_certificate_requested),
                Err(failure) => failure.client_certificate_requested.then_some(true),
            },
            certificate: certificate.map(|certificate| CertificateShape {
                subject: certificate.subject.clone(),
                sans: certificate.sans.clone(),
                issuer: certificate.issuer.clone(),
                not_before: Instant(certificate.not_before),
                not_after: Instant(certificate.not_after),
            }),
            expired_root: phase
                .result
                .as_ref()
                .ok()
                .and_then(|secured| secured.expired_root.as_ref())
                .map(|root| ExpiredRootShape { subject: root.subject.clone(), not_after: Instant(root.not_after) }),
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
            canonical_differences: answer.differences.clone(),
            first_byte_seconds: answer.first_byte.into(),
        }
    }
}

fn outcome_of(result: &Result<Vec<Address>, DnsFault>) -> String {
    result.as_ref().err().map_or(OK, |fault| fault.name()).to_owned()
}
