//! What holds for every round, however odd: nothing panics, no failing path stays unexplained, nothing is surer than it may be.

use crate::round::{ALL, ENDPOINT, Scene, URL, addresses, answered, attempt, certificate, connected, phase, reduced};
use apigw_probe::diagnosis::{Cause, Confidence, Finding, diagnose, inquiries};
use apigw_probe::observation::{
    Address, Answer, Attempt, Canary, Difference, DnsFault, Experiment, HttpFailure, HttpFault, Intent, NameSource,
    Observation, Place, Question, Round, Row, SecondOpinion, Seen, TcpFailure, TcpFault, TlsFailure, TlsFault,
    printable,
};
use apigw_probe::plan::Plan;
use apigw_probe::report::{Report, read_json};
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeSet;
use std::time::Duration;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_failing_path_is_explained_once_at_most_by_each_cause(round in rounds()) {
        let findings = diagnose(&round).findings;
        for row in &round.rows {
            let failing = matches!(row.seen, Seen::Probed(_)) && !row.returns_expected(&round.target);
            if failing && matches!(row.intent, Intent::Required | Intent::Optional) {
                prop_assert!(findings.iter().any(|finding| is_about(finding, row)), "{}: {findings:#?}", row.path);
            }
            // a remark on one call of a path may hold for the other as well
            let open = round.rows.iter().any(|other| other.path == row.path && other.is_open(&round.target));
            if failing && !open && row.intent == Intent::Forbidden {
                // but the canary's, whatever path that took
                let about = |finding: &Finding| finding.cause != Cause::AnswersAnyApi && is_about(finding, row);
                prop_assert!(!findings.iter().any(about), "{}: {findings:#?}", row.path);
            }
        }
        let causes: BTreeSet<_> = findings.iter().map(|finding| finding.cause).collect();
        prop_assert_eq!(causes.len(), findings.len());
    }

    #[test]
    fn nothing_is_certain_that_another_cause_explains_as_well(round in rounds()) {
        for finding in diagnose(&round).findings {
            prop_assert!(finding.confidence <= finding.cause.entry().ceiling);
            prop_assert!(finding.confidence < Confidence::Certain || finding.alternatives.is_empty());
            prop_assert!(!finding.alternatives.contains(&finding.cause));
            prop_assert!(!finding.paths.is_empty() && !finding.fix.is_empty() && !finding.evidence.is_empty(), "{finding:#?}");
        }
    }

    #[test]
    fn what_is_certain_was_said_by_the_gateway_itself(round in prop_oneof![rounds(), plain_rounds()]) {
        let findings = diagnose(&round).findings;
        for finding in findings.iter().filter(|finding| finding.confidence == Confidence::Certain) {
            for path in &finding.paths {
                let mut rows = round.rows.iter().filter(|row| row.path == *path && is_about(finding, row));
                let said = rows.any(|row| {
                    row.observation().is_some_and(|seen| seen.attempts.iter().any(|one| proves(finding.cause, one, row, &round)))
                });
                prop_assert!(said, "{path}: {finding:#?}");
            }
        }
    }

    #[test]
    fn a_saved_report_is_diagnosed_alike(round in rounds()) {
        let report = Report::of(round);
        let json = apigw_probe::render::json(&report).into_bytes();
        let again = diagnose(&read_json(&json).unwrap());
        prop_assert_eq!(&report.diagnosis.findings, &again.findings);
    }

    #[test]
    fn four_requests_at_most_are_asked_for_at_addresses_that_were_reached(round in paths_alone()) {
        let stranger = round.target.api().unwrap().id.other_than(1);
        let inquiries = inquiries(&round, &diagnose(&round), &stranger);
        prop_assert!(inquiries.len() <= 4);
        let attempts = || round.rows.iter().filter_map(Row::observation).flat_map(|seen| &seen.attempts);
        for inquiry in inquiries {
            let ip = inquiry.plan.connect_to;
            let reached = |attempt: &Attempt| Some(attempt.address.ip()) == ip && attempt.tcp.result.is_ok();
            prop_assert!(attempts().any(reached), "{inquiry:#?}");
        }
    }

    #[test]
    fn evidence_is_safe_for_a_terminal(round in rounds()) {
        for finding in diagnose(&round).findings {
            for fact in &finding.evidence {
                prop_assert_eq!(printable(fact.as_bytes(), usize::MAX / 8), fact.clone());
                prop_assert!(!fact.contains('\n'));
            }
        }
    }

    #[test]
    fn reducing_an_answer_never_panics_and_stays_bounded(
        status in 100_u16..600,
        body in proptest::collection::vec(any::<u8>(), 0..5000),
        names in proptest::collection::vec(select(HEADERS), 0..60),
        value in proptest::collection::vec(any::<u8>(), 0..2000),
    ) {
        let raw = apigw_probe::observation::RawAnswer {
            status,
            version: "HTTP/1.1",
            headers: names.iter().map(|name| (*name, value.as_slice())).collect(),
            body: &body,
            show_body: status % 2 == 0,
            secrets: &apigw_probe::observation::Secrets::default(),
            first_byte: Duration::ZERO,
        };
        let answer = Answer::reduce(&raw);
        prop_assert!(answer.headers.len() <= 32);
        prop_assert!(answer.body_excerpt.is_none_or(|text| text.chars().count() < 20_000));
    }
}

fn is_about(finding: &Finding, row: &Row) -> bool {
    finding.paths.contains(&row.path) && finding.signed.is_none_or(|signed| row.signed == signed)
}

/// Whether an attempt shows what the catalogue demands for a cause that may be certain. `ForbiddenException` is not among it.
fn proves(cause: Cause, attempt: &Attempt, row: &Row, round: &Round) -> bool {
    let unsent = |fault| attempt.http().is_some_and(|http| http.result.as_ref().is_err_and(|http| http.fault == fault));
    match cause {
        Cause::CredentialsMissing => return unsent(HttpFault::NoCredentials),
        Cause::CredentialsExpired => return unsent(HttpFault::ExpiredCredentials),
        Cause::IamAuthUnsigned => {
            let signed = round.rows.iter().find(|other| other.signed && other.path == row.path);
            return !row.signed && signed.is_some_and(|signed| signed.returns_expected(&round.target));
        }
        _ => {}
    }
    let Some(answer) = attempt.answer().filter(|answer| answer.apigw_id().is_some()) else { return false };
    if cause == Cause::ForbiddenPathOpen {
        let inside = !matches!(Address { ip: attempt.address.ip(), ttl: None }.place(), Place::Outside | Place::Nobody);
        return inside && row.intent == Intent::Forbidden && round.target.expect.status.contains(&answer.status);
    }
    let (kind, words) = match cause {
        Cause::ResourcePolicyExplicitDeny => {
            ("AccessDeniedException", "with an explicit deny in a resource-based policy")
        }
        Cause::ResourcePolicyImplicitDeny => ("AccessDeniedException", "because no resource-based policy allows"),
        Cause::VpcePolicyImplicitDeny => ("AccessDeniedException", "because no VPC endpoint policy allows"),
        Cause::LambdaAuthorizerExplicitDeny => {
            ("AccessDeniedException", "User is not authorized to access this resource with")
        }
        Cause::AuthorizerMisconfigured => ("AuthorizerConfigurationException", ""),
        Cause::QuotaExceeded => ("LimitExceededException", ""),
        Cause::Throttled => ("TooManyRequestsException", ""),
        Cause::RequestValidationFailed => ("BadRequestException", ""),
        Cause::IntegrationTimeout => ("InternalServerErrorException", "Endpoint request timed out"),
        Cause::IntegrationNetworkError => ("InternalServerErrorException", "Network error communicating with endpoint"),
        _ => return false,
    };
    answer.error_type() == Some(kind) && answer.message().unwrap_or_default().contains(words)
}

/// Rounds with what was asked beyond their paths, which need not fit them.
fn rounds() -> impl Strategy<Value = Round> {
    let asked = (select(Question::ALL), 0..8_usize, observation());
    let asked = proptest::collection::vec(asked, 0..4);
    (paths_alone(), asked, proptest::option::of(observation())).prop_map(|(mut round, asked, canary)| {
        let plans: Vec<_> = round.rows.iter().filter_map(|row| Some(row.observation()?.plan.clone())).collect();
        let Some(first) = plans.first() else { return round };
        for (question, at, seen) in asked {
            let address = seen.attempts.first().map_or([10, 0, 1, 10].into(), |attempt| attempt.address.ip());
            let plan = plans[at % plans.len()].clone().at(address);
            round.experiments.push(Experiment { question, seen: Observation { plan, ..seen } });
        }
        let api = round.target.api().unwrap().id.other_than(1);
        let plan = first.of_stranger(&round.target, &api);
        round.canary = canary.map(|seen| Box::new(Canary { api, seen: Observation { plan, ..seen } }));
        round
    })
}

fn paths_alone() -> impl Strategy<Value = Round> {
    let seen = (0..4_usize).prop_flat_map(|_| (intent(), observation()));
    let target = select(&[
        (URL, Some(ENDPOINT)),
        (URL, None),
        (URL, Some("b9zz9zzz9z-vpce-1a2b3c456d7e89012.execute-api.us-east-1.amazonaws.com")),
        (URL, Some("vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.eu-west-1.vpce.amazonaws.com")),
        ("https://a1bc234d5e.execute-api.cn-north-1.amazonaws.com", Some(ENDPOINT)),
        ("https://a1b.execute-api.us-gov-west-1.amazonaws.com/we'ird;stage/%7e?x={y}", None),
    ]);
    let calls = select(CALLS);
    (target, calls, proptest::collection::vec(seen, 8), -900_i64..900, 0_u64..40_000_000_000).prop_map(
        |((url, endpoint), calls, seen, off, took)| {
            let mut scene = Scene::of(url, endpoint);
            let region = scene.round.target.region().unwrap().clone();
            let mut seen = seen.into_iter();
            let mut rows = Vec::new();
            for row in &scene.round.rows {
                let mut intent = None;
                for signed in calls {
                    let (own, change) = seen.next().unwrap();
                    let intent = *intent.get_or_insert(own);
                    let mut row = Row { signed: *signed, intent, ..row.clone() };
                    if let Seen::Probed(observation) = &mut row.seen {
                        let plan = Plan { signed_for: signed.then(|| region.clone()), ..observation.plan.clone() };
                        **observation = Observation { plan, ..change };
                    }
                    rows.push(row);
                }
            }
            scene.round.rows = rows;
            scene.round.started += time::Duration::seconds(off);
            scene.round.took = Duration::from_nanos(took);
            scene.round
        },
    )
}

/// Which calls of a path are signed.
const CALLS: &[&[bool]] = &[&[false], &[false], &[true], &[false, true]];

fn intent() -> impl Strategy<Value = Intent> {
    select(&[Intent::Required, Intent::Required, Intent::Optional, Intent::Forbidden][..])
}

fn observation() -> impl Strategy<Value = Observation> {
    let base = Scene::of(URL, Some(ENDPOINT)).round.rows[0].observation().cloned().unwrap();
    let ips = proptest::sample::subsequence(
        &["10.0.1.10", "10.0.2.10", "52.94.1.1", "fd00::10", "127.0.0.9", "2600:1f18::10", "0.0.0.0", "::"][..],
        1..4,
    );
    let source = select(&[NameSource::Dns, NameSource::Dns, NameSource::Hosts, NameSource::Literal][..]);
    let opinion = proptest::option::of(prop_oneof![
        select(DnsFault::ALL).prop_map(Err),
        Just(Ok(addresses(&["10.0.1.10"]))),
        Just(Ok(addresses(&["52.94.1.1"]))),
        Just(Ok(addresses(&["2600:1f18::10"]))),
    ]);
    let name = proptest::option::weighted(0.3, select(DnsFault::ALL));
    (ips, source, opinion, name, proptest::collection::vec(tcp(), 4)).prop_map(
        move |(ips, source, opinion, fault, tcp)| {
            let mut seen = base.clone();
            seen.lookup.source = source;
            seen.lookup.second_opinion =
                opinion.map(|result| SecondOpinion { server: "169.254.169.253:53".parse().unwrap(), result });
            seen.lookup.result = fault.map_or_else(|| Ok(addresses(&ips)), Err);
            // nobody is connected to at an address that nobody has
            let nobody = |ip: &str| ["0.0.0.0", "::"].contains(&ip);
            let refused = || phase(Err(TcpFailure { fault: TcpFault::Other, detail: None }));
            let attempts = ips.iter().zip(tcp).map(|(ip, tcp)| attempt(ip, if nobody(ip) { refused() } else { tcp }));
            seen.attempts = if fault.is_some() { Vec::new() } else { attempts.collect() };
            seen
        },
    )
}

type Tcp = apigw_probe::observation::Phase<apigw_probe::observation::Connected, TcpFailure>;

fn tcp() -> impl Strategy<Value = Tcp> {
    let detail = proptest::option::of("[ -~\u{1b}\n]{0,40}");
    prop_oneof![
        1 => Just(crate::round::open()),
        2 => (select(TcpFault::ALL), detail.clone()).prop_map(|(fault, detail)| phase(Err(TcpFailure { fault, detail }))),
        2 => (select(TlsFault::ALL), detail.clone(), any::<Option<bool>>()).prop_map(|(fault, detail, system_trusts_issuer)| {
            let certificate = system_trusts_issuer.map(|_| certificate());
            connected(phase(Err(TlsFailure { detail, certificate, system_trusts_issuer, ..TlsFailure::of(fault) })))
        }),
        2 => (select(HttpFault::ALL), detail, proptest::option::of(answer())).prop_map(|(fault, detail, answer)| {
            connected(phase(Ok(crate::round::secured(Some(phase(Err(HttpFailure { fault, detail, answer })))))))
        }),
        5 => answer().prop_map(|answer| connected(answered(answer))),
    ]
}

fn answer() -> impl Strategy<Value = Answer> {
    let status = select(&[200_u16, 200, 204, 301, 400, 401, 403, 403, 404, 413, 429, 500, 502, 504, 599][..]);
    let headers = proptest::collection::vec((select(HEADERS), select(VALUES)), 0..6);
    let line = |theirs: Option<&str>| Difference {
        line: "query".to_owned(),
        ours: Some("a=1".to_owned()),
        theirs: theirs.map(str::to_owned),
    };
    let differences = select(vec![None, None, Some(Vec::new()), Some(vec![line(None), line(Some("b"))])]);
    (status, headers, select(BODIES), differences)
        .prop_map(|(status, headers, body, differences)| Answer { differences, ..reduced(status, &headers, body) })
}

/// Rounds with one answer on some paths, nearly as the gateway gives it: the ones of which something may be certain.
fn plain_rounds() -> impl Strategy<Value = Round> {
    let wrong = |few| proptest::option::weighted(0.2, select(few));
    let answer = (select(TYPICAL), wrong(VALUES), wrong(BODIES)).prop_map(|((status, kind, body), other, others)| {
        (status, other.unwrap_or(kind), others.map_or_else(|| format!("{{\"Message\":\"{body}\"}}"), str::to_owned))
    });
    let paths = prop_oneof![Just(ALL.to_vec()), proptest::sample::subsequence(&ALL[..], 1..4)];
    let ips = select(&["10.0.1.10", "10.0.1.10", "52.94.1.1", "2600:1f18::10"][..]);
    (answer, paths, ips, intent(), proptest::bool::weighted(0.2)).prop_map(
        |((status, kind, body), paths, ip, intent, unmarked)| {
            let marks = [("x-amzn-ErrorType", kind), ("x-amz-apigw-id", "AyD6VFqGvHcEGBg=")];
            let headers = &marks[usize::from(status < 400)..2 - usize::from(unmarked)];
            let scene =
                Scene::of(URL, Some(ENDPOINT)).at_addresses(&paths, &[ip]).answers(&paths, status, headers, &body);
            paths.iter().fold(scene, |scene, path| scene.intent(*path, intent)).round
        },
    )
}

const TYPICAL: &[(u16, &str, &str)] = &[
    (200, "", "hello"),
    (400, "BadRequestException", "Invalid request body"),
    (403, "ForbiddenException", "Forbidden"),
    (403, "AccessDeniedException", EXPLICIT),
    (403, "AccessDeniedException", ENDPOINTS),
    (403, "AccessDeniedException", "User is not authorized to access this resource with an explicit deny"),
    (429, "TooManyRequestsException", "Too Many Requests"),
    (429, "LimitExceededException", "Limit Exceeded"),
    (500, "AuthorizerConfigurationException", ""),
    (504, "InternalServerErrorException", "Endpoint request timed out"),
];

const EXPLICIT: &str = "User: anonymous is not authorized to perform: execute-api:Invoke on resource: \
    arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/test/GET/pets with an explicit deny in a resource-based policy";
const ENDPOINTS: &str = "User: anonymous is not authorized to perform: execute-api:Invoke on resource: \
    arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/test/GET/pets because no VPC endpoint policy allows the execute-api:Invoke action";

const HEADERS: &[&str] = &[
    "Date",
    "date",
    "Server",
    "Via",
    "x-amz-apigw-id",
    "X-Amz-Apigw-Id",
    "apigw-requestid",
    "x-amzn-ErrorType",
    "x-amzn-errortype",
    "x-amzn-RequestId",
    "x-amz-cf-id",
    "x-amzn-Remapped-Authorization",
    "Set-Cookie",
];

const VALUES: &[&str] = &[
    "Mon, 20 Jul 2026 03:00:00 GMT",
    "Tue, 23 Jun 2020 01:45:30 GMT",
    "ForbiddenException",
    "AccessDeniedException",
    "InternalServerErrorException:http://internal.amazon.com/coral/",
    "MissingAuthenticationTokenException",
    "TooManyRequestsException",
    "InvalidSignatureException",
    "Nonsense",
    "",
    "1.1 x.cloudfront.net (CloudFront)",
    "squid \u{1b}[31m",
];

const BODIES: &[&str] = &[
    "",
    "{\"message\":\"Forbidden\"}",
    "{\"message\":null}",
    "{\"message\": \"Endpoint request timed out\"}",
    "{\"errorMessage\":\"x\",\"errorType\":\"y\"}",
    "{\"message\":\"Internal server error\"}",
    "{\"message\":\"The request signature we calculated does not match.\\nhost:x\\n20200211/eu-west-1/execute-api/aws4_request\"}",
    "{\"Message\":\"User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/test/GET/pets with an explicit deny in a resource-based policy\"}",
    "{\"Message\":\"User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:exec",
    "{\"Message\":\"User is not authorized to access this resource\u{1b}[31m\u{202e}\"}",
    "{\"Message\":\"User: \\u001b[2J\\nx is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:1:\\u202e/x with an explicit deny\"}",
    "not json at all",
    "<html>",
];
