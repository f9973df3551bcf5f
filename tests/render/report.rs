//! Reports made by hand, so that the renderers can be tried without a network.
#![allow(dead_code, unreachable_pub, reason = "each test file that includes this one uses a part of it")]

use apigw_probe::diagnosis::{Cause, Confidence, Diagnosis, Finding, Owner};
use apigw_probe::observation::{
    Address, Answer, Attempt, Canary, Certificate, Connected, DnsFault, Environment, Experiment, ExpiredRoot,
    HttpFailure, HttpFault, Intent, Lookup, Mismatches, NameSource, Observation, Phase, Query, QueryOutcome, Question,
    RecordType, Round, Row, SecondOpinion, Secured, Seen, Session, TcpFailure, TcpFault, TlsFailure, TlsFault,
    Transport,
};
use apigw_probe::plan::{AccessPath, Request, plan};
use apigw_probe::report::Report;
use apigw_probe::target::{Target, TargetInput};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use time::OffsetDateTime;

/// The moment at which every round here begins: 2026-03-01T12:00:00Z.
pub const STARTED: i64 = 1_772_366_400;

/// The command in the fix of every finding here.
pub const COMMAND: &str =
    "aws ec2 modify-vpc-endpoint --vpc-endpoint-id vpce-1a2b3c456d7e89012 --private-dns-enabled --region us-east-1";

/// The target that both console strings of the documentation's example name.
pub fn target() -> Target {
    Target::parse(TargetInput {
        invoke_url: "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test",
        vpce_dns_name: Some("vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com"),
        ..TargetInput::default()
    })
    .expect("the documentation's example parses")
}

/// A round in which every path returns 200.
pub fn round() -> Round {
    let target = target();
    let rows = AccessPath::FOUR.iter().map(|path| row(&target, *path)).collect();
    Round {
        target: target.into(),
        started: OffsetDateTime::from_unix_timestamp(STARTED).expect("a moment"),
        took: micros(33_100),
        environment: Environment {
            dns_servers: vec![SocketAddr::from(([10, 0, 0, 2], 53))],
            dns_servers_given: false,
            caching_stub: false,
            unfollowed_resolver_options: Vec::new(),
            ignored_dns_servers: Vec::new(),
            ignored_proxy_variables: Vec::new(),
            setup: None,
        },
        rows,
        experiments: Vec::new(),
        canary: None,
    }
}

/// A report without findings in which every path returns 200.
pub fn healthy() -> Report {
    Report { round: round(), diagnosis: Diagnosis::default() }
}

/// `private-dns` does not exist.
pub fn one_name_missing() -> Report {
    let mut report = healthy();
    let observation = observation_mut(&mut report.round, AccessPath::PrivateDns);
    observation.lookup.result = Err(DnsFault::NxDomain);
    for query in &mut observation.lookup.queries {
        query.rcode = Some(3);
    }
    observation.attempts.clear();
    observation.took = observation.lookup.took;
    report.diagnosis.findings.push(finding(Cause::PrivateDnsDisabled, Owner::AccountA, &[AccessPath::PrivateDns]));
    report
}

/// `vpce-host-header` is refused with 403.
pub fn one_path_refused() -> Report {
    let mut report = healthy();
    let answer = answer_mut(&mut report.round, AccessPath::VpceHostHeader);
    answer.status = 403;
    answer.headers.push(("x-amzn-ErrorType".to_owned(), "ForbiddenException".to_owned()));
    answer.headers.sort();
    answer.body_excerpt = Some("{\"message\":\"Forbidden\"}".to_owned());
    report.diagnosis.findings.push(finding(Cause::ForbiddenUnknown, Owner::AccountB, &[AccessPath::VpceHostHeader]));
    report
}

/// The first address of the two endpoint paths takes no connection, the second one answers.
pub fn one_address_down() -> Report {
    let mut report = healthy();
    for path in [AccessPath::VpceHostHeader, AccessPath::VpceApiIdHeader] {
        observation_mut(&mut report.round, path).attempts[1].tcp =
            Phase { felt: secs(3), wire: None, result: Err(TcpFailure { fault: TcpFault::Timeout, detail: None }) };
    }
    let paths = [AccessPath::VpceHostHeader, AccessPath::VpceApiIdHeader];
    report.diagnosis.findings.push(finding(Cause::OneAddressDown, Owner::AccountA, &paths));
    report
}

/// The same with a canary that was answered with this status.
pub fn with_canary(mut report: Report, status: u16) -> Report {
    let target = target();
    let api = target.api().unwrap().id.other_than(7);
    let Seen::Probed(seen) = row(&target, AccessPath::VpceApiIdHeader).seen else { panic!("it is probed") };
    let mut seen = Observation { plan: seen.plan.of_stranger(&target, &api), ..*seen };
    if let Some(answer) = seen.attempts.iter_mut().find_map(answer_of) {
        answer.status = status;
    }
    report.round.canary = Some(Box::new(Canary { api, seen }));
    report
}

/// The same with an experiment that was answered.
pub fn with_experiment(mut report: Report) -> Report {
    let target = target();
    let Seen::Probed(mut seen) = row(&target, AccessPath::VpceApiIdHeader).seen else { panic!("it is probed") };
    seen.plan = seen.plan.shaking_hands_as(target.invoke_name()).at([10, 0, 1, 5].into());
    report.round.experiments.push(Experiment { question: Question::OwnNameInHandshake, seen: *seen });
    report
}

fn answer_of(attempt: &mut Attempt) -> Option<&mut Answer> {
    let secured = attempt.tcp.result.as_mut().ok()?.tls.as_mut()?.result.as_mut().ok()?;
    secured.http.as_mut()?.result.as_mut().ok()
}

/// Only the invoke URL was given: two paths lack their input, and one is skipped.
pub fn url_only() -> Report {
    let target = Target::parse(TargetInput {
        invoke_url: "http://a1bc234d5e.execute-api.us-east-1.amazonaws.com",
        ..TargetInput::default()
    })
    .expect("a URL alone is a target");
    let mut rows: Vec<_> = AccessPath::FOUR.iter().map(|path| row(&target, *path)).collect();
    rows[1].intent = Intent::Skip;
    rows[1].seen = Seen::Skipped;
    Report { round: Round { target: target.into(), rows, ..round() }, diagnosis: Diagnosis::default() }
}

/// Each path fails in another phase, and every optional field is filled.
pub fn all_broken() -> Report {
    let mut report = healthy();
    let round = &mut report.round;
    round.environment.dns_servers_given = true;
    round.environment.ignored_proxy_variables = vec!["HTTPS_PROXY".to_owned()];
    let certificate = certificate();
    {
        let seen = observation_mut(round, AccessPath::PrivateDns);
        seen.lookup.result = Err(DnsFault::ServFail);
        seen.lookup.cnames = vec![seen.plan.dial.clone()];
        seen.lookup.queries[0].outcome = QueryOutcome::Timeout;
        seen.lookup.queries[0].rcode = None;
        seen.lookup.queries[0].wire = None;
        seen.lookup.queries[1].shared = true;
        let result = Ok(vec![Address { ip: IpAddr::from([10, 0, 3, 15]), ttl: None }]);
        seen.lookup.second_opinion = Some(SecondOpinion { server: SocketAddr::from(([10, 0, 0, 2], 53)), result });
        seen.attempts.clear();
    }
    {
        let seen = observation_mut(round, AccessPath::Route53Alias);
        seen.lookup.source = NameSource::Hosts;
        seen.lookup.queries.clear();
        seen.plan.connect_to = Some(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]));
        seen.plan.port = 8443;
        for attempt in &mut seen.attempts {
            attempt.tcp.wire = None;
            let detail = Some("No route to host (os error 113)".to_owned());
            attempt.tcp.result = Err(TcpFailure { fault: TcpFault::HostUnreachable, detail });
        }
    }
    tls_mut(round, AccessPath::VpceHostHeader).result = Err(TlsFailure {
        fault: TlsFault::UnknownIssuer,
        detail: Some("UnknownIssuer".to_owned()),
        certificate: Some(certificate),
        system_trusts_issuer: Some(true),
        client_certificate_requested: true,
    });
    if let Ok(secured) = &mut tls_mut(round, AccessPath::VpceApiIdHeader).result {
        secured.session.client_certificate_requested = true;
        let not_after = OffsetDateTime::from_unix_timestamp(STARTED - 86_400).expect("a moment");
        secured.expired_root = Some(ExpiredRoot { subject: "CN=Old root".to_owned(), not_after });
    }
    http_mut(round, AccessPath::VpceApiIdHeader).result = Err(HttpFailure {
        fault: HttpFault::Unfinished,
        detail: Some("the body did not end".to_owned()),
        answer: Some(answer()),
    });
    for (owner, path) in
        [Owner::AccountA, Owner::Network, Owner::Caller, Owner::AccountB].into_iter().zip(AccessPath::FOUR)
    {
        report.diagnosis.findings.push(finding(Cause::Unexplained, owner, &[*path]));
    }
    report
}

/// The endpoint's two zones are called by themselves, and one of them takes no connection.
pub fn one_zone_down() -> Report {
    let zonal =
        |zone| format!("vpce-1a2b3c456d7e89012-f3ghijkl-us-east-1{zone}.execute-api.us-east-1.vpce.amazonaws.com");
    let names = ["a", "b"].map(zonal);
    let target = Target::parse(TargetInput {
        invoke_url: "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test",
        vpce_dns_name: Some("vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com"),
        zonal_dns_names: names.iter().map(String::as_str).collect(),
        ..TargetInput::default()
    })
    .expect("zonal names parse");
    let rows = apigw_probe::plan::rows(&target, &[false], |_| false);
    let rows = rows.iter().map(|id| {
        let mut row = row(&target, id.path);
        let Seen::Probed(seen) = &mut row.seen else { panic!("every row has its input") };
        seen.plan = apigw_probe::plan::plan_row(&target, id, &Request::default()).expect("every row has its input");
        row.zone.clone_from(&id.zone);
        if let Some(zone) = &id.zone {
            let at = usize::from(zone.as_str().ends_with('b'));
            let mut addresses = seen.lookup.result.clone().expect("it resolves");
            seen.attempts = vec![answered([10, 0, 1 + u8::try_from(at).expect("0 or 1"), 15])];
            seen.lookup.result = Ok(vec![addresses.remove(at)]);
        }
        row
    });
    let rows = rows.collect();
    let mut report =
        Report { round: Round { target: target.into(), rows, ..round() }, diagnosis: Diagnosis::default() };
    let row = report.round.rows.iter_mut().find(|row| row.zone.is_some()).expect("a row of a zone");
    let Seen::Probed(seen) = &mut row.seen else { panic!("it was probed") };
    seen.attempts[0].tcp =
        Phase { felt: secs(3), wire: None, result: Err(TcpFailure { fault: TcpFault::Timeout, detail: None }) };
    let mut finding = finding(Cause::OneAddressDown, Owner::AccountA, &[AccessPath::VpceHostHeader]);
    finding.zones.push("us-east-1a".to_owned());
    report.diagnosis.findings.push(finding);
    report
}

/// Every report of this file, with its name.
pub fn all() -> Vec<(&'static str, Report)> {
    vec![
        ("all broken", all_broken()),
        ("healthy", healthy()),
        ("one name missing", one_name_missing()),
        ("one path refused", one_path_refused()),
        ("one address down", one_address_down()),
        ("URL only", url_only()),
        ("one zone down", one_zone_down()),
        ("canary refused", with_canary(healthy(), 403)),
        ("canary answered", with_canary(healthy(), 200)),
        ("experiment", with_experiment(one_path_refused())),
    ]
}

/// A finding with evidence, a fix with a command, and a link.
pub fn finding(cause: Cause, owner: Owner, paths: &[AccessPath]) -> Finding {
    Finding {
        cause,
        alternatives: vec![Cause::DnsNotForwarded, Cause::Unexplained],
        confidence: Confidence::Likely,
        paths: paths.to_vec(),
        zones: Vec::new(),
        signed: None,
        owner,
        summary: "one sentence that is long enough to need a second line on a terminal of eighty columns, as most are"
            .to_owned(),
        evidence: vec![
            "10.0.0.2:53 answers NXDOMAIN for a1bc234d5e.execute-api.us-east-1.amazonaws.com".to_owned(),
            "every other path returns 200".to_owned(),
        ],
        fix: vec![
            "in the VPC console, select the endpoint, Actions, Modify private DNS name".to_owned(),
            format!("or, with the side effect that every public API of the Region is captured: `{COMMAND}`; then wait"),
            format!("`{COMMAND}`"),
        ],
        docs:
            "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-api-test-invoke-url.html"
                .to_owned(),
    }
}

/// What was seen of a path that was probed.
pub fn observation_mut(round: &mut Round, path: AccessPath) -> &mut Observation {
    let row = round.rows.iter_mut().find(|row| row.path == path).expect("a row for each path");
    match &mut row.seen {
        Seen::Probed(observation) => observation,
        Seen::NotConfigured(_) | Seen::Skipped => panic!("{path} was not probed"),
    }
}

/// The handshake of the first attempt of a path.
pub fn tls_mut(round: &mut Round, path: AccessPath) -> &mut Phase<Secured, TlsFailure> {
    let connected = observation_mut(round, path).attempts[0].tcp.result.as_mut().expect("connected");
    connected.tls.as_mut().expect("a handshake")
}

/// The exchange of the first attempt of a path.
pub fn http_mut(round: &mut Round, path: AccessPath) -> &mut Phase<Answer, HttpFailure> {
    tls_mut(round, path).result.as_mut().expect("secured").http.as_mut().expect("an exchange")
}

/// The answer of the first attempt of a path.
pub fn answer_mut(round: &mut Round, path: AccessPath) -> &mut Answer {
    http_mut(round, path).result.as_mut().expect("answered")
}

fn row(target: &Target, path: AccessPath) -> Row {
    let seen = match plan(target, path, &Request::default()) {
        Ok(plan) => Seen::Probed(Box::new(Observation {
            lookup: lookup(&plan.dial),
            plan,
            attempts: vec![answered([10, 0, 1, 15]), connected([10, 0, 2, 15])],
            took: micros(31_400 + 700 * u64::from(path as u8)),
        })),
        Err(missing) => Seen::NotConfigured(missing),
    };
    Row { path, zone: None, signed: false, intent: Intent::Required, asked: false, seen }
}

fn lookup(name: &apigw_probe::target::HostName) -> Lookup {
    let query = |kind| Query {
        name: name.clone(),
        kind,
        server: SocketAddr::from(([10, 0, 0, 2], 53)),
        transport: Transport::Udp,
        outcome: QueryOutcome::Answered,
        rcode: Some(0),
        mismatches: Mismatches::default(),
        felt: micros(2_900),
        wire: Some(micros(2_700)),
        shared: false,
    };
    let address = |octets: [u8; 4]| Address { ip: IpAddr::V4(Ipv4Addr::from(octets)), ttl: Some(60) };
    Lookup {
        source: NameSource::Dns,
        queries: vec![query(RecordType::A), query(RecordType::Aaaa)],
        cnames: Vec::new(),
        took: micros(3_100),
        result: Ok(vec![address([10, 0, 1, 15]), address([10, 0, 2, 15])]),
        second_opinion: None,
    }
}

fn connected(octets: [u8; 4]) -> Attempt {
    Attempt {
        address: SocketAddr::from((octets, 443)),
        tcp: Phase {
            felt: micros(1_000),
            wire: Some(micros(900)),
            result: Ok(Connected { retransmits: 0, tls: None }),
        },
    }
}

fn answered(octets: [u8; 4]) -> Attempt {
    let mut attempt = connected(octets);
    attempt.tcp.result = Ok(Connected { retransmits: 0, tls: Some(secured().into()) });
    attempt
}

fn secured() -> Phase<Secured, TlsFailure> {
    let http = Phase { felt: micros(16_200), wire: Some(micros(16_000)), result: Ok(answer()) };
    let session = Session {
        version: "TLSv1.3".to_owned(),
        cipher: "TLS13_AES_128_GCM_SHA256".to_owned(),
        key_exchange: Some("X25519".to_owned()),
        client_certificate_requested: false,
        alpn: Some("http/1.1".to_owned()),
    };
    let result = Ok(Secured { session, certificate: Some(certificate()), expired_root: None, http: Some(http) });
    Phase { felt: micros(9_900), wire: Some(micros(9_000)), result }
}

fn certificate() -> Certificate {
    let day = |days: i64| OffsetDateTime::from_unix_timestamp(STARTED + days * 86_400).expect("a moment");
    Certificate {
        subject: "CN=*.execute-api.us-east-1.amazonaws.com".to_owned(),
        sans: vec!["*.execute-api.us-east-1.amazonaws.com".to_owned()],
        issuer: "C=US, O=Amazon, CN=Amazon RSA 2048 M01".to_owned(),
        not_before: day(-100),
        not_after: day(200),
    }
}

fn answer() -> Answer {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Answer {
        status: 200,
        version: "HTTP/1.1".to_owned(),
        headers: vec![
            header("Content-Type", "application/json"),
            header("Date", "Sun, 01 Mar 2026 12:00:00 GMT"),
            header("x-amz-apigw-id", "ZyXwVuTsIAMFabc="),
            header("x-amzn-RequestId", "6b1ff0e2-9d3c-4c1e-8f6a-2f1f5a6a7b8c"),
        ],
        body_bytes: 23,
        body_excerpt: None,
        differences: None,
        first_byte: micros(15_900),
    }
}

/// A time in microseconds, as fine as the JSON keeps it.
pub fn micros(count: u64) -> Duration {
    Duration::from_micros(count)
}

fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}
