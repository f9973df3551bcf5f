//! Does each scenario of the make-believe AWS give exactly its findings?

use apigw_probe::check::{Check, Intents};
use apigw_probe::diagnosis::{Cause, Confidence};
use apigw_probe::lab::{Addresses, Lab, Scenario};
use apigw_probe::observation::Question;
use apigw_probe::plan::Request;
use apigw_probe::probe::{Detour, Limits, Net, Resolver, Trust};
use apigw_probe::render;
use apigw_probe::report::{Report, Verdict, read_json};
use apigw_probe::target::Target;
use std::time::Duration;

/// One round of a scenario, as its operator would probe it.
fn report(scenario: &'static Scenario) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let Stage { lab: _lab, check, net } = Stage::set(scenario).await;
        check.run(&net, &[]).await
    })
}

/// A scenario with what its operator has.
struct Stage {
    lab: Lab,
    check: Check,
    net: Net,
}

impl Stage {
    async fn set(scenario: &'static Scenario) -> Self {
        let lab = Lab::start(scenario, Addresses::AsOnAws).await.unwrap();
        let net = Net {
            resolver: Resolver::given(vec![lab.dns_server()]),
            vpc_resolver: Some(lab.vpc_resolver()),
            trust: Trust::from_der(&[lab.ca_der()]).expect("the lab made it"),
            detour: Detour::from(lab.detour()),
            share: None,
        };
        let timeout = scenario.timeout.unwrap_or(Duration::from_secs(10));
        let check = Check {
            target: Target::parse(lab.input()).unwrap().into(),
            request: Request::default(),
            intents: Intents::new(scenario.intents.iter().copied().collect(), false),
            limits: Limits { timeout, every_address: false, show_body: false },
            auth: lab.auth(),
            canary: scenario.canary,
        };
        Self { lab, check, net }
    }
}

/// What the scenario promises, against what the round gave; empty if they agree.
fn differences(scenario: &'static Scenario, report: &Report) -> Vec<String> {
    let mut wrong = Vec::new();
    let findings = &report.diagnosis.findings;
    if report.verdict() != scenario.verdict {
        wrong.push(format!("verdict {} in place of {}", report.verdict(), scenario.verdict));
    }
    for cause in scenario.expect {
        let told =
            findings.iter().filter(|finding| finding.cause == *cause || finding.alternatives.contains(cause)).count();
        if told == 0 {
            wrong.push(format!("{cause} is missing"));
        }
    }
    for finding in findings {
        let expected = |cause| scenario.expect.contains(cause);
        if !expected(&finding.cause) && !finding.alternatives.iter().any(expected) {
            wrong.push(format!("{} ({}) is one too many", finding.cause, finding.confidence));
        }
    }
    if findings.len() > scenario.expect.len() {
        wrong.push(format!("{} findings in place of {}", findings.len(), scenario.expect.len()));
    }
    wrong.extend(in_json(report));
    wrong
}

/// What a report lacks in JSON: it is replayed alike, and has the form of the schema.
fn in_json(report: &Report) -> Vec<String> {
    let mut wrong = Vec::new();
    let json = render::json(report);
    let replayed = Report::of(read_json(json.as_bytes()).unwrap());
    let essence = |report: &Report| {
        let findings = report.diagnosis.findings.iter();
        let findings: Vec<_> = findings
            .map(|finding| (finding.cause, finding.confidence, finding.paths.clone(), finding.zones.clone()))
            .collect();
        (report.verdict(), findings)
    };
    if essence(&replayed) != essence(report) {
        wrong.push(format!("replay says {:?}", essence(&replayed)));
    }
    let schema = jsonschema::validator_for(&serde_json::from_str(render::JSON_SCHEMA).unwrap()).unwrap();
    let instance = serde_json::from_str(&json).unwrap();
    wrong.extend(schema.iter_errors(&instance).map(|error| format!("schema: {error} at {}", error.instance_path())));
    wrong
}

#[test]
fn each_scenario_gives_exactly_its_findings() {
    check_all(|scenario| differences(scenario, &report(scenario)));
}

#[test]
fn the_cause_leads_where_the_wire_tells_it_from_the_others() {
    for (name, cause) in [
        ("uri-too-long", Cause::UriTooLong),
        ("rebinding-protection", Cause::DnsRebindingProtection),
        ("rebinding-protection-public-names", Cause::DnsRebindingProtection),
        ("wrong-endpoint-name", Cause::WrongEndpointName),
    ] {
        let found = report(Scenario::named(name).unwrap()).diagnosis.findings;
        assert_eq!(found[0].cause, cause, "{name}: {found:#?}");
    }
}

/// Holds every scenario against something; what is wrong is told together.
fn check_all(check: impl Fn(&'static Scenario) -> Vec<String> + Sync) {
    let queue = std::sync::Mutex::new(Scenario::all());
    let wrong = std::sync::Mutex::new(Vec::new());
    // several at a time, since some wait for a deadline; not all, since others have one to meet
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                loop {
                    let Some(scenario) = queue.lock().unwrap().next() else { break };
                    let found = check(scenario);
                    wrong.lock().unwrap().extend(found.into_iter().map(|one| format!("{}: {one}", scenario.name)));
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A round without experiments, the same with them, and how many requests the lab saw for each.
fn with_experiments(scenario: &'static Scenario) -> [(Report, usize); 2] {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let Stage { lab, check, net } = Stage::set(scenario).await;
        let before = check.run(&net, &[]).await;
        let of_the_paths = lab.requests().len();
        let asked = check.inquiries(&before);
        let after = check.experiment(before.clone(), asked, &check.limits, &net).await;
        [(before, of_the_paths), (after, lab.requests().len() - of_the_paths)]
    })
}

#[test]
fn experiments_send_four_requests_at_most_and_none_where_nothing_is_wrong() {
    check_all(|scenario| {
        let [(before, _), (after, sent)] = with_experiments(scenario);
        let mut wrong = in_json(&after);
        if sent > 4 || after.round.experiments.len() > 4 {
            wrong.push(format!("{sent} more requests"));
        }
        if before.diagnosis.findings.is_empty() && sent > 0 {
            wrong.push(format!("{sent} more requests although nothing is wrong"));
        }
        if before.verdict() != after.verdict() {
            wrong.push(format!("the verdict became {}", after.verdict()));
        }
        let unasked = after.round.experiments.iter().any(|one| one.address().is_none());
        if unasked {
            wrong.push("an experiment has no address".to_owned());
        }
        // the scenario's own cause stays, first or among the others, or the experiment names what is behind it
        let told = |cause: Cause| {
            let mut findings = after.diagnosis.findings.iter();
            findings.any(|finding| finding.cause == cause || finding.alternatives.contains(&cause))
        };
        let lost = scenario.expect.iter().filter(|cause| !told(**cause) && !told(Cause::ProxyInterference));
        wrong.extend(lost.filter(|_| scenario.name != "not-api-gateway").map(|cause| format!("{cause} is lost")));
        wrong
    });
}

#[test]
fn each_experiment_leaves_less_open() {
    type Told = (Cause, &'static [Cause]);
    let table: &[(&str, &[Question], Told)] = &[
        ("strict-access-mode", &[Question::OwnNameInHandshake], (Cause::StrictAccessMode, &[])),
        (
            "api-id-stripped",
            &[Question::UnknownIdBesideHost, Question::RightIdBesideHost],
            (Cause::ProxyInterference, &[]),
        ),
        ("host-rewritten", &[Question::HostFromHandshake], (Cause::ProxyInterference, &[])),
        (
            "headers-lost",
            &[Question::HostFromHandshake, Question::UnknownIdBesideHost],
            (Cause::ProxyInterference, &[]),
        ),
        (
            "endpoint-host-refused",
            &[Question::UnknownIdBesideHost, Question::RightIdBesideHost],
            (Cause::WafBlock, &[Cause::WafOrCustomResponse]),
        ),
        ("names-cut", &[Question::OwnNameInHandshake], (Cause::ProxyInterference, &[Cause::StrictAccessMode])),
        ("marks-taken", &[Question::UnknownApi], (Cause::ProxyInterference, &[Cause::NotApiGateway])),
        (
            "not-api-gateway",
            &[Question::UnknownApi],
            (Cause::AnswersAnyApi, &[Cause::NotApiGateway, Cause::ProxyInterference]),
        ),
        ("another-api", &[Question::UnknownApi], (Cause::ProxyInterference, &[Cause::AnsweredByAnotherApi])),
        ("central-endpoint", &[Question::WorkingCallAtFailingAddress], (Cause::DifferentEndpoint, &[])),
        ("healthy", &[], (Cause::Ok, &[])),
    ];
    for (name, questions, told) in table {
        let [(before, _), (after, sent)] = with_experiments(Scenario::named(name).unwrap());
        let asked: Vec<_> = after.round.experiments.iter().map(|one| one.question).collect();
        assert_eq!((asked.as_slice(), sent), (*questions, questions.len()), "{name}");
        let Some((was, is)) = before.diagnosis.findings.first().zip(after.diagnosis.findings.first()) else {
            assert!(after.diagnosis.findings.is_empty(), "{name}");
            continue;
        };
        assert_eq!((is.cause, is.alternatives.as_slice()), *told, "{name}");
        assert_eq!(is.confidence, Confidence::Likely, "{name}");
        assert_eq!(is.paths, was.paths, "{name}");
        let open = was.alternatives.len() > is.alternatives.len() || was.confidence < is.confidence;
        assert!(open || was.cause != is.cause, "{name}: {was:#?} {is:#?}");
    }
}

#[test]
fn a_canary_is_no_path_and_costs_one_request() {
    for (name, refused) in [("healthy", true), ("not-api-gateway", false), ("private-dns-off", true)] {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (report, sent) = runtime.block_on(async {
            let Stage { lab, mut check, net } = Stage::set(Scenario::named(name).unwrap()).await;
            let before = check.run(&net, &[]).await;
            let without = lab.requests().len();
            check.canary = true;
            assert_eq!(check.calls(), check.plans().count() + 1);
            let report = check.run(&net, &[]).await;
            assert_eq!(report.round.rows.len(), before.round.rows.len());
            (report, lab.requests().len() - 2 * without)
        });
        let canary = report.round.canary.as_ref().unwrap();
        assert_eq!(sent, 1, "{name}");
        assert_eq!(canary.is_refused(&report.round.target), Some(refused), "{name}");
        assert!(canary.api != report.round.target.api().unwrap().id && canary.api.is_usual());
        let blamed = report.diagnosis.findings.iter().any(|finding| finding.cause == Cause::AnswersAnyApi);
        assert_eq!(blamed, !refused, "{name}: {:#?}", report.diagnosis.findings);
        assert!(refused || report.verdict() == Verdict::Fail);
        assert_eq!(in_json(&report), Vec::<String>::new());
    }
}

#[test]
fn the_names_of_scenarios_are_unique_and_the_first_is_healthy() {
    let names: Vec<_> = Scenario::all().map(|scenario| scenario.name).collect();
    assert_eq!(names.first(), Some(&"healthy"));
    let distinct: std::collections::BTreeSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len());
    assert!(names.len() > 30, "{} scenarios", names.len());
}
