//! A round to diagnose: begins healthy, then one thing is broken.

use apigw_probe::diagnosis::{Cause, Confidence, Diagnosis, Finding, diagnose};
use apigw_probe::observation::{
    Address, Answer, Attempt, Certificate, Connected, DnsFault, Environment, HttpFailure, HttpFault, Intent, Lookup,
    Mismatches, NameSource, Observation, Phase, Query, QueryOutcome, RawAnswer, RecordType, Round, Row, SecondOpinion,
    Secrets, Secured, Seen, Session, TcpFailure, TcpFault, TlsFailure, TlsFault, Transport,
};
use apigw_probe::plan::{AccessPath, Header, HeaderText, Method, Request, RowId, plan, rows};
use apigw_probe::target::{Expectation, Target, TargetInput};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;

pub(crate) const URL: &str = "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test/pets";
pub(crate) const ENDPOINT: &str = "vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com";
/// 2026-07-20 03:00:00 UTC, as the dates of the answers.
const STARTED: i64 = 1_784_516_400;

pub(crate) const P1: AccessPath = AccessPath::PrivateDns;
pub(crate) const P2: AccessPath = AccessPath::Route53Alias;
pub(crate) const P3: AccessPath = AccessPath::VpceHostHeader;
pub(crate) const P4: AccessPath = AccessPath::VpceApiIdHeader;
pub(crate) const ALL: [AccessPath; 4] = [P1, P2, P3, P4];

/// A round in the making.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) round: Round,
    request: Request,
}

/// All four paths return 200 from the same two addresses.
pub(crate) fn healthy() -> Scene {
    Scene::of(URL, Some(ENDPOINT))
}

impl Scene {
    pub(crate) fn of(url: &str, endpoint: Option<&str>) -> Self {
        let input = TargetInput { invoke_url: url, vpce_dns_name: endpoint, ..TargetInput::default() };
        Self::at(Target::parse(input).unwrap())
    }

    /// The same target with a private custom domain name beside it.
    pub(crate) fn with_domain() -> Self {
        let input = TargetInput {
            invoke_url: URL,
            vpce_dns_name: Some(ENDPOINT),
            custom_domain: Some("private.example.com/base"),
            ..TargetInput::default()
        };
        Self::at(Target::parse(input).unwrap())
    }

    /// A public API by this URL.
    pub(crate) fn public(url: &str, endpoint: Option<&str>) -> Self {
        let input = TargetInput { invoke_url: url, vpce_dns_name: endpoint, public: true, ..TargetInput::default() };
        Self::at(Target::parse(input).unwrap())
    }

    fn at(target: Target) -> Self {
        let round = Round {
            target: target.into(),
            started: at(STARTED),
            took: Duration::from_millis(80),
            environment: Environment { dns_servers: vec!["10.0.0.2:53".parse().unwrap()], ..Environment::default() },
            rows: Vec::new(),
            experiments: Vec::new(),
            canary: None,
        };
        Self { round, request: Request::default() }.refreshed()
    }

    /// Probes with headers: the names tell the diagnosis what was sent.
    pub(crate) fn sending(mut self, name: &str) -> Self {
        self.request.headers.push(Header { name: name.to_owned(), value: HeaderText::Secret("s3cret".to_owned()) });
        self.refreshed()
    }

    pub(crate) fn method(mut self, method: &str) -> Self {
        self.request.method = Method::parse(method).unwrap();
        self.refreshed()
    }

    pub(crate) fn expecting(mut self, expect: Expectation) -> Self {
        Arc::make_mut(&mut self.round.target).expect = expect;
        self
    }

    fn refreshed(mut self) -> Self {
        let target = &self.round.target;
        self.round.rows = rows(target, &[false], |_| false)
            .into_iter()
            .map(|RowId { path, zone, signed }| {
                let seen = match plan(target, path, &self.request) {
                    Err(missing) => Seen::NotConfigured(missing),
                    Ok(plan) => Seen::Probed(Box::new(Observation {
                        plan,
                        lookup: lookup(Ok(addresses(&["10.0.1.10", "10.0.2.10"]))),
                        attempts: vec![
                            attempt("10.0.1.10", connected(answered(ok_answer()))),
                            attempt("10.0.2.10", open()),
                        ],
                        took: Duration::from_millis(60),
                    })),
                };
                Row { path, zone, signed, intent: Intent::Required, asked: false, seen }
            })
            .collect();
        self
    }

    pub(crate) fn intent(mut self, path: AccessPath, intent: Intent) -> Self {
        self.row(path).intent = intent;
        self
    }

    /// Only these paths are probed.
    pub(crate) fn only(mut self, paths: &[AccessPath]) -> Self {
        for row in &mut self.round.rows {
            if !paths.contains(&row.path) {
                row.seen = Seen::Skipped;
                row.intent = Intent::Skip;
            }
        }
        self
    }

    pub(crate) fn on(mut self, paths: &[AccessPath], change: impl Fn(&mut Observation)) -> Self {
        for path in paths {
            if let Seen::Probed(observation) = &mut self.row(*path).seen {
                change(observation);
            }
        }
        self
    }

    fn row(&mut self, path: AccessPath) -> &mut Row {
        self.round.rows.iter_mut().find(|row| row.path == path).unwrap()
    }

    /// The name gives no address.
    pub(crate) fn nameless(self, paths: &[AccessPath], fault: DnsFault) -> Self {
        self.on(paths, |seen| {
            seen.lookup.result = Err(fault);
            seen.attempts.clear();
        })
    }

    /// The server was asked for the name, with this outcome.
    pub(crate) fn asked(self, paths: &[AccessPath], outcome: QueryOutcome) -> Self {
        self.on(paths, |seen| {
            seen.lookup.queries = vec![Query {
                name: seen.plan.dial.clone(),
                kind: RecordType::A,
                server: "10.0.0.2:53".parse().unwrap(),
                transport: Transport::Udp,
                outcome,
                rcode: None,
                mismatches: Mismatches::default(),
                felt: Duration::from_millis(2),
                wire: None,
                shared: false,
            }];
        })
    }

    pub(crate) fn nxdomain(self, paths: &[AccessPath]) -> Self {
        self.nameless(paths, DnsFault::NxDomain)
    }

    /// The VPC resolver was asked as well.
    pub(crate) fn second_opinion(self, paths: &[AccessPath], result: Result<&[&str], DnsFault>) -> Self {
        let result = result.map(addresses);
        self.on(paths, |seen| {
            seen.lookup.second_opinion =
                Some(SecondOpinion { server: "169.254.169.253:53".parse().unwrap(), result: result.clone() });
        })
    }

    /// The name leads to these addresses, whatever came of it stays.
    pub(crate) fn at_addresses(self, paths: &[AccessPath], ips: &[&str]) -> Self {
        self.on(paths, |seen| {
            seen.lookup.result = Ok(addresses(ips));
            let first = seen.attempts.first().map(|attempt| attempt.tcp.clone());
            seen.attempts = ips.iter().map(|ip| attempt(ip, open())).collect();
            if let (Some(attempt), Some(first)) = (seen.attempts.first_mut(), first) {
                attempt.tcp = first;
            }
        })
    }

    /// No address can be connected to.
    pub(crate) fn unconnected(self, paths: &[AccessPath], fault: TcpFault) -> Self {
        self.on(paths, |seen| {
            for attempt in &mut seen.attempts {
                attempt.tcp = refused(fault);
            }
        })
    }

    /// One address cannot be connected to.
    pub(crate) fn dead(self, paths: &[AccessPath], ip: &str, fault: TcpFault) -> Self {
        self.on(paths, |seen| {
            seen.attempts.retain(|attempt| attempt.address.ip() != ip.parse::<IpAddr>().unwrap());
            seen.attempts.push(attempt(ip, refused(fault)));
        })
    }

    pub(crate) fn untrusted(self, paths: &[AccessPath], fault: TlsFault, system_trusts_issuer: Option<bool>) -> Self {
        self.on(paths, |seen| {
            let certificate = Some(certificate());
            let failure = TlsFailure { certificate, system_trusts_issuer, ..TlsFailure::of(fault) };
            seen.attempts[0].tcp = connected(phase(Err(failure)));
        })
    }

    pub(crate) fn unsecured(self, paths: &[AccessPath], fault: TlsFault) -> Self {
        self.on(paths, |seen| {
            seen.attempts[0].tcp = connected(phase(Err(TlsFailure::of(fault))));
        })
    }

    /// The certificate is of this issuer.
    pub(crate) fn issued_by(self, paths: &[AccessPath], issuer: &str) -> Self {
        self.on(paths, |seen| {
            let tls = seen.attempts[0].tcp.result.as_mut().unwrap().tls.as_mut().unwrap();
            let certificate = tls.result.as_mut().unwrap().certificate.as_mut().unwrap();
            issuer.clone_into(&mut certificate.issuer);
        })
    }

    /// The server ends the handshake by an alert, or by a late one in the exchange.
    pub(crate) fn alerted(self, paths: &[AccessPath], alert: &str, late: bool) -> Self {
        let detail = || Some(format!("the server sent the alert {alert}"));
        let scene =
            if late { self.unanswered(paths, HttpFault::TlsAlert) } else { self.unsecured(paths, TlsFault::Alert) };
        scene.on(paths, |seen| {
            let tls = seen.attempts[0].tcp.result.as_mut().unwrap().tls.as_mut().unwrap();
            match &mut tls.result {
                Err(failure) => failure.detail = detail(),
                Ok(secured) => secured.http.as_mut().unwrap().result.as_mut().unwrap_err().detail = detail(),
            }
        })
    }

    pub(crate) fn unanswered(self, paths: &[AccessPath], fault: HttpFault) -> Self {
        self.on(paths, |seen| {
            let failure = HttpFailure { fault, detail: None, answer: None };
            seen.attempts[0].tcp = connected(phase(Ok(secured(Some(phase(Err(failure)))))));
        })
    }

    /// An answer of API Gateway's own: error type and body beside the usual headers.
    pub(crate) fn error(self, paths: &[AccessPath], status: u16, error_type: &str, body: &str) -> Self {
        let headers = [
            ("Date", "Mon, 20 Jul 2026 03:00:00 GMT"),
            ("Content-Type", "application/json"),
            ("x-amzn-RequestId", "1462e2c4-eb2f-4a83-ae4c-573751ed9fbe"),
            ("x-amzn-ErrorType", error_type),
            ("x-amz-apigw-id", "AyD6VFqGvHcEGBg="),
        ];
        self.answers(paths, status, &headers, body)
    }

    pub(crate) fn answers(self, paths: &[AccessPath], status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        self.on(paths, |seen| {
            let answer = reduced(status, headers, body);
            match seen.attempts.first_mut() {
                Some(first) => first.tcp = connected(answered(answer)),
                None => seen.attempts.push(attempt("10.0.1.10", connected(answered(answer)))),
            }
        })
    }

    pub(crate) fn diagnosis(&self) -> Diagnosis {
        diagnose(&self.round)
    }

    /// The findings in short: cause and paths.
    pub(crate) fn findings(&self) -> Vec<(Cause, Vec<AccessPath>)> {
        self.diagnosis().findings.into_iter().map(|finding| (finding.cause, finding.paths)).collect()
    }

    /// The one finding there is.
    #[track_caller]
    pub(crate) fn finding(&self) -> Finding {
        let mut findings = self.diagnosis().findings;
        assert_eq!(findings.len(), 1, "{findings:#?}");
        findings.remove(0)
    }

    /// There is one finding, of this cause and over these paths.
    #[track_caller]
    pub(crate) fn shows(&self, cause: Cause, paths: &[AccessPath]) -> Finding {
        let finding = self.finding();
        assert_eq!((finding.cause, finding.paths.as_slice()), (cause, paths), "{finding:#?}");
        finding
    }
}

/// Whether a finding names a cause, first or among the others.
pub(crate) fn names(finding: &Finding, cause: Cause) -> bool {
    finding.cause == cause || finding.alternatives.contains(&cause)
}

#[track_caller]
pub(crate) fn is_certain(finding: &Finding) {
    assert_eq!(finding.confidence, Confidence::Certain, "{finding:#?}");
    assert!(finding.alternatives.is_empty(), "{finding:#?}");
}

pub(crate) fn reduced(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    Answer::reduce(&RawAnswer {
        status,
        version: "HTTP/1.1",
        headers: headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect(),
        body: body.as_bytes(),
        show_body: false,
        secrets: &Secrets::default(),
        first_byte: Duration::from_millis(20),
    })
}

pub(crate) fn ok_answer() -> Answer {
    let headers = [
        ("Date", "Mon, 20 Jul 2026 03:00:00 GMT"),
        ("x-amzn-RequestId", "badc1f00-764a-4a04-8cc7-241caa19c7b8"),
        ("x-amz-apigw-id", "AyD6uGZKvHcEILw="),
    ];
    reduced(200, &headers, "[]")
}

pub(crate) fn addresses(ips: &[&str]) -> Vec<Address> {
    ips.iter().map(|ip| Address { ip: ip.parse().unwrap(), ttl: Some(60) }).collect()
}

fn lookup(result: Result<Vec<Address>, DnsFault>) -> Lookup {
    Lookup {
        source: NameSource::Dns,
        queries: Vec::new(),
        cnames: Vec::new(),
        took: Duration::from_millis(2),
        result,
        second_opinion: None,
    }
}

pub(crate) fn attempt(ip: &str, tcp: Phase<Connected, TcpFailure>) -> Attempt {
    Attempt { address: SocketAddr::new(ip.parse().unwrap(), 443), tcp }
}

pub(crate) fn open() -> Phase<Connected, TcpFailure> {
    phase(Ok(Connected { retransmits: 0, tls: None }))
}

fn refused(fault: TcpFault) -> Phase<Connected, TcpFailure> {
    phase(Err(TcpFailure { fault, detail: None }))
}

pub(crate) fn connected(tls: Phase<Secured, TlsFailure>) -> Phase<Connected, TcpFailure> {
    phase(Ok(Connected { retransmits: 0, tls: Some(tls.into()) }))
}

pub(crate) fn answered(answer: Answer) -> Phase<Secured, TlsFailure> {
    phase(Ok(secured(Some(phase(Ok(answer))))))
}

pub(crate) fn secured(http: Option<Phase<Answer, HttpFailure>>) -> Secured {
    let session = Session {
        version: "TLSv1.2".into(),
        cipher: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256".into(),
        key_exchange: Some("X25519".into()),
        alpn: None,
        client_certificate_requested: false,
    };
    Secured { session, certificate: Some(certificate()), expired_root: None, http }
}

pub(crate) fn certificate() -> Certificate {
    Certificate {
        subject: "CN=*.execute-api.us-east-1.amazonaws.com".into(),
        sans: vec!["*.execute-api.us-east-1.amazonaws.com".into()],
        issuer: "C=US, O=Amazon, CN=Amazon RSA 2048 M01".into(),
        not_before: at(1_262_304_000),
        not_after: at(2_208_988_800),
    }
}

/// A moment in seconds since 1970.
pub(crate) fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}

pub(crate) fn phase<T, F>(result: Result<T, F>) -> Phase<T, F> {
    Phase { felt: Duration::from_millis(10), wire: None, result }
}
