//! Is the set-up as code what it says? Judged by CloudFormation's schemas, made by moto in two accounts, its outputs and its script used.

use crate::schema::PYTHON;
use crate::side::binary;
use crate::tool::{run, text, tool};
use serde_json::Value;
use std::fs;
use std::process::Command;

#[test]
fn the_judge_of_templates_has_nothing_to_say() {
    let mut judge = Command::new(JUDGE);
    judge.args(["--include-checks", "I", "--regions", "us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1"]);
    let output = run(judge.arg("--").args(TEMPLATES));
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn the_judge_of_templates_judges() {
    let good = fs::read_to_string(TEMPLATES[0]).unwrap();
    for (line, wrong) in [("HttpTokens: required", "HttpTokens: perhaps"), ("Endpoint.DnsEntries", "Endpoint.DnsNames")]
    {
        assert!(good.contains(line));
        let bad = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
        fs::write(bad.path(), good.replace(line, wrong)).unwrap();
        let output = Command::new(JUDGE).arg(bad.path()).output().unwrap();
        assert!(!output.status.success() && !output.stdout.is_empty(), "{line}: {}", text(&output.stdout));
    }
}

#[test]
fn the_stacks_of_both_accounts_are_made_and_what_they_give_is_all_that_the_probe_needs() {
    let said = run(Command::new(PYTHON).arg(SCRIPT).args(TEMPLATES)).stdout;
    let said: Value = serde_json::from_slice(&said).unwrap();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let (url, endpoint) = (word(&said["invoke_url"]), word(&said["vpce_dns_name"]));
    let printed = run(binary().args(["curl", &url, &endpoint]));
    assert_eq!(text(&printed.stdout).lines().filter(|line| line.starts_with("curl ")).count(), 4);
    assert!(printed.stderr.is_empty(), "{}", text(&printed.stderr));
    // what `doctor` would have one paste is what the templates have; the names of condition keys know no case
    let printed = run(binary().args(["doctor", "--resource-policy", &url, &endpoint])).stdout;
    let pair: Value = serde_json::Deserializer::from_slice(&printed).into_iter().next().unwrap().unwrap();
    assert_eq!(said["resource_policy"].to_string().to_lowercase(), pair.to_string().to_lowercase());
    let printed = run(binary().args(["doctor", "--iam-policy"])).stdout;
    let least: Value = serde_json::from_slice(&printed).unwrap();
    assert_eq!(said["doctor_reads"], least["Statement"][0]["Action"]);
    let scripts: Vec<String> = said["user_data"].as_array().unwrap().iter().map(word).collect();
    assert_eq!(scripts.len(), 2);
    for script in scripts {
        is_a_good_script(&script);
        let shown = shown(&script);
        for line in [format!("invoke_url = \"{url}\""), format!("auth = \"{}\"", auth_of(&script))] {
            assert!(shown.lines().any(|known| known == line), "{line}: {shown}");
        }
    }
}

/// The second stack asks for everything, and says so.
fn auth_of(script: &str) -> &'static str {
    if script.contains("the stack everything") { "both" } else { "none" }
}

fn is_a_good_script(script: &str) {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), script).unwrap();
    run(tool("bash", "bash").arg("-n").arg(file.path()));
    run(tool("shellcheck", "shellcheck").arg(file.path()));
    let most = 16 * 1024;
    assert!(script.len() < most && !script.contains("${"), "{script}");
}

/// The configuration that the script writes, which must be good, as the probe reads it.
fn shown(script: &str) -> String {
    let (_, rest) = script.split_once("<<'END'\n").unwrap();
    let (configuration, _) = rest.split_once("END\n").unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), configuration).unwrap();
    let [_, shown] = ["check", "show"].map(|what| run(binary().args(["config", what]).arg(file.path())));
    text(&shown.stdout).to_owned()
}

const TEMPLATES: [&str; 2] = [
    concat!(env!("CARGO_MANIFEST_DIR"), "/contrib/cloudformation/account-a.yaml"),
    concat!(env!("CARGO_MANIFEST_DIR"), "/contrib/cloudformation/account-b.yaml"),
];
const JUDGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/venv/bin/cfn-lint");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/set_up.py");
