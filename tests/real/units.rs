//! Does systemd itself find nothing wrong with the units? Both its judges, without a booted system; `installed/` boots one.

use crate::tool::{text, tool};
use std::fs;
use std::path::{Path, PathBuf};

fn units() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let kinds = ["service", "socket", "timer"];
    files.filter(|file| kinds.iter().any(|kind| file.extension().is_some_and(|found| found == *kind))).collect()
}

/// An unknown key is a warning only, so that silence alone is good news. The program stands where the tests have built it.
#[test]
fn systemd_finds_nothing_to_say_of_the_units() {
    let folder = tempfile::tempdir().unwrap();
    let copies: Vec<PathBuf> = units()
        .iter()
        .map(|unit| {
            let copy = folder.path().join(unit.file_name().unwrap());
            let said = fs::read_to_string(unit).unwrap();
            fs::write(&copy, said.replace("/usr/bin/apigw-probe", env!("CARGO_BIN_EXE_apigw-probe"))).unwrap();
            copy
        })
        .collect();
    assert!(copies.len() >= 4);
    let output = tool("systemd-analyze", "systemd").args(["verify", "--man=no"]).args(&copies).output().unwrap();
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("apigw-probe")).collect();
    assert!(output.status.success() && ours.is_empty(), "{said}");
}

#[test]
fn each_service_is_exposed_by_a_score_of_at_most_one_point_two() {
    let services = units().into_iter().filter(|unit| unit.extension().unwrap() == "service");
    for service in services {
        let mut judge = tool("systemd-analyze", "systemd");
        let output = judge.args(["security", "--offline=true", "--no-pager", "--threshold=12"]).arg(&service).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", text(&output.stdout));
    }
}
