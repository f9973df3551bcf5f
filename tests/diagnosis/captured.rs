//! Real answers, captured in public: each gives its cause, first or among the others, and never a wrong `certain`.

use crate::round::{ALL, Scene, healthy, names};
use apigw_probe::diagnosis::{Cause, Confidence, Diagnosis};
use apigw_probe::plan::AccessPath;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Captured {
    id: String,
    path_hint: Option<usize>,
    status: Option<u16>,
    headers: BTreeMap<String, String>,
    body: Option<String>,
    cause: Cause,
}

fn captured() -> Vec<Captured> {
    let text = include_str!("../captured-responses.jsonl");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The rows that have a status, and those whose error type or words imply one.
fn answers() -> Vec<(Captured, u16)> {
    let implied = |row: &Captured| match row.cause {
        Cause::WrongResourceOrMethod
        | Cause::ResourcePolicyExplicitDeny
        | Cause::ResourcePolicyImplicitDeny
        | Cause::ResourcePolicyDenyUnspecified
        | Cause::VpcePolicyImplicitDeny
        | Cause::SigExpired
        | Cause::SigMismatch
        | Cause::MissingStage
        | Cause::PublicApiViaVpce => Some(403),
        Cause::IntegrationConfigError => Some(500),
        Cause::Ok | Cause::OkHttpApi => Some(200),
        _ => None,
    };
    captured().into_iter().filter_map(|row| row.status.or_else(|| implied(&row)).map(|status| (row, status))).collect()
}

fn place(row: &Captured, status: u16, paths: &[AccessPath]) -> Scene {
    placed(healthy(), row, status, paths)
}

fn placed(scene: Scene, row: &Captured, status: u16, paths: &[AccessPath]) -> Scene {
    let headers: Vec<_> = row.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    scene.answers(paths, status, &headers, row.body.as_deref().unwrap_or_default())
}

/// What is said of a signature was said to a call that had one, and is about nobody else's there.
#[test]
fn each_answer_about_a_signature_is_about_the_callers_where_there_was_one() {
    let about = |(row, _): &(Captured, u16)| row.cause.name().starts_with("sig-");
    for (row, status) in answers().into_iter().filter(about) {
        let finding = placed(healthy().sending("Authorization"), &row, status, &ALL).finding();
        let others = names(&finding, Cause::ProxyInterference);
        assert!(!others && names(&finding, row.cause), "{}: {finding:#?}", row.id);
    }
}

/// What is wrong with a diagnosis of a row, if anything.
fn complaint(row: &Captured, diagnosis: &Diagnosis) -> Option<String> {
    let findings = &diagnosis.findings;
    let found = if row.cause == Cause::Ok {
        findings.iter().all(|one| one.cause == Cause::ClockSkew || names(one, Cause::Ok))
    } else {
        findings.iter().any(|one| names(one, row.cause))
    };
    let wrong = findings.iter().any(|one| one.confidence == Confidence::Certain && one.cause != row.cause);
    let said: Vec<_> = findings.iter().map(|one| (one.cause, &one.alternatives, one.confidence)).collect();
    (!found || wrong).then(|| format!("{} is {}, said is {said:?}", row.id, row.cause))
}

#[test]
fn the_rows_are_all_there() {
    assert_eq!(captured().len(), 65);
    assert!(answers().len() >= 50, "{}", answers().len());
}

#[test]
fn each_answer_on_all_paths_gives_its_cause() {
    let complain = |(row, status): (Captured, u16)| complaint(&row, &place(&row, status, &ALL).diagnosis());
    assert_eq!(answers().into_iter().filter_map(complain).collect::<Vec<_>>(), NONE);
}

#[test]
fn each_answer_on_its_own_path_beside_three_that_work_gives_its_cause() {
    let complain = |(row, status): (Captured, u16)| {
        // a status that is only implied was seen beside other failures
        let path = row.status.and(row.path_hint).map(|hint| ALL[hint - 1])?;
        complaint(&row, &place(&row, status, &[path]).diagnosis())
    };
    assert_eq!(answers().into_iter().filter_map(complain).collect::<Vec<_>>(), NONE);
}

#[test]
fn each_answer_on_the_only_path_that_is_probed_gives_its_cause() {
    let complain = |(row, status): (Captured, u16)| {
        ALL.iter().find_map(|path| complaint(&row, &place(&row, status, &[*path]).only(&[*path]).diagnosis()))
    };
    assert_eq!(answers().into_iter().filter_map(complain).collect::<Vec<_>>(), NONE);
}

#[test]
fn an_answer_whose_header_is_lost_still_gives_its_cause() {
    let tells =
        |row: &Captured| row.body.as_deref().is_some_and(|body| body.starts_with('{') && body != "{\"message\":null}");
    let complain = |(mut row, status): (Captured, u16)| {
        row.headers.clear();
        complaint(&row, &place(&row, status, &ALL).diagnosis())
    };
    assert_eq!(answers().into_iter().filter(|(row, _)| tells(row)).filter_map(complain).collect::<Vec<_>>(), NONE);
}

const NONE: Vec<String> = Vec::new();
