//! What does the daemon keep in memory? Reports and histories, weighed by an allocator that counts.

use apigw_probe::check::{Check, Intents};
use apigw_probe::diagnosis::Cause;
use apigw_probe::history::{History, share};
use apigw_probe::lab::{Addresses, Lab, Scenario};
use apigw_probe::plan::{AccessPath, Request};
use apigw_probe::probe::{Detour, Limits, Net, Resolver, Trust};
use apigw_probe::report::Report;
use apigw_probe::target::{Target, TargetInput};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::runtime::Builder;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The allocator counts for the whole process: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn a_report_of_four_paths_takes_twelve_kilobytes_at_most() {
    let _alone = ALONE.lock().unwrap();
    for scenario in ["healthy", "private-dns-off"] {
        let report = round(scenario);
        let region = Region::new(ALLOCATOR);
        drop(Box::new(report));
        let freed = region.change();
        let (bytes, pieces) = (freed.bytes_deallocated, freed.deallocations);
        println!("{scenario}: {bytes} bytes in {pieces} pieces");
        assert!(bytes < 12 << 10, "{scenario}: {bytes} bytes in {pieces} pieces");
    }
}

#[test]
fn a_history_stays_within_its_bytes() {
    let _alone = ALONE.lock().unwrap();
    let steady = Arc::new(round("healthy"));
    let mut reports = vec![steady.clone()];
    for cause in &Cause::ALL[..4] {
        let mut report = round("private-dns-off");
        report.diagnosis.findings[0].cause = *cause;
        reports.push(Arc::new(report));
    }
    for most in [share(1000), share(100), share(1)] {
        for turbulent in [false, true] {
            let mut history = History::new(AccessPath::FOUR.iter().copied(), most);
            // what is there once, and the report itself, are no part of the bound
            for report in &reports {
                history.record(report.clone());
            }
            history.reconfigure(AccessPath::FOUR.iter().copied(), 0);
            history.reconfigure(AccessPath::FOUR.iter().copied(), most);
            let held = history.bytes();
            let region = Region::new(ALLOCATOR);
            for round in 0..10_000 {
                let report = if turbulent { &reports[round % reports.len()] } else { &steady };
                history.record(report.clone());
            }
            let change = region.change();
            let grown = held + change.bytes_allocated - change.bytes_deallocated;
            println!(
                "{most}: {grown} grown, {} told, {} rounds, {} changes",
                history.bytes(),
                history.rounds().len(),
                history.changes().count()
            );
            // a queue doubles when it is full
            assert!(history.bytes() <= most && grown <= 2 * most && grown > most / 2, "{most}: {grown}");
        }
    }
}

/// A round of the scenario, as the daemon runs it.
fn round(scenario: &str) -> Report {
    let scenario = Scenario::named(scenario).unwrap();
    Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let lab = Lab::start(scenario, Addresses::AsOnAws).await.unwrap();
        let net = Net {
            resolver: Resolver::given(vec![lab.dns_server()]),
            vpc_resolver: Some(lab.vpc_resolver()),
            trust: Trust::from_der(&[lab.ca_der()]).unwrap(),
            detour: Detour::from(lab.detour()),
            share: None,
        };
        let target = Target::parse(TargetInput {
            invoke_url: lab.invoke_url(),
            vpce_dns_name: lab.vpce_dns_name(),
            ..TargetInput::default()
        });
        let limits = Limits { timeout: Duration::from_secs(5), every_address: false, show_body: false };
        let intents = Intents::default();
        let check = Check {
            target: target.unwrap().into(),
            request: Request::default(),
            intents,
            limits,
            auth: apigw_probe::check::Auth::None,
            canary: false,
        };
        check.run(&net, &[]).await
    })
}
