//! Does each scenario of the make-believe AWS give exactly its findings?

use apigw_probe::check::{Check, Intents};
use apigw_probe::lab::{Addresses, Lab, Scenario};
use apigw_probe::plan::Request;
use apigw_probe::probe::{Detour, Limits, Net, Resolver, Trust};
use apigw_probe::render;
use apigw_probe::report::{Report, Shape};
use apigw_probe::target::Target;
use std::time::Duration;

/// One round of a scenario, as its operator would probe it.
fn report(scenario: &'static Scenario) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
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
        check.run(&net, &[]).await
    })
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
    let json = render::json(report);
    let replayed = Report::of(Shape::read(json.as_bytes()).unwrap());
    let essence = |report: &Report| {
        let findings = report.diagnosis.findings.iter();
        findings
            .map(|finding| (finding.cause, finding.confidence, finding.paths.clone(), finding.zones.clone()))
            .collect::<Vec<_>>()
    };
    if essence(&replayed) != essence(report) {
        wrong.push(format!("replay says {:?}", essence(&replayed)));
    }
    let schema = jsonschema::validator_for(&render::json_schema()).unwrap();
    let instance = serde_json::from_str(&json).unwrap();
    wrong.extend(schema.iter_errors(&instance).map(|error| format!("schema: {error} at {}", error.instance_path())));
    wrong
}

#[test]
fn each_scenario_gives_exactly_its_findings() {
    let queue = std::sync::Mutex::new(Scenario::all());
    let wrong = std::sync::Mutex::new(Vec::new());
    // several at a time, since some wait for a deadline; not all, since others have one to meet
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                loop {
                    let Some(scenario) = queue.lock().unwrap().next() else { break };
                    let found = differences(scenario, &report(scenario));
                    wrong.lock().unwrap().extend(found.into_iter().map(|one| format!("{}: {one}", scenario.name)));
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_names_of_scenarios_are_unique_and_the_first_is_healthy() {
    let names: Vec<_> = Scenario::all().map(|scenario| scenario.name).collect();
    assert_eq!(names.first(), Some(&"healthy"));
    let distinct: std::collections::BTreeSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len());
    assert!(names.len() > 30, "{} scenarios", names.len());
}
