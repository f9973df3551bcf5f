//! Would the AWS CLI take what the catalogue tells people to type? Its own parser and its models of the services say.

use crate::tool::text;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

#[test]
fn the_cli_takes_every_command_of_the_catalogue() {
    let commands = commands_of_the_catalogue();
    assert!(commands.len() > 60, "{commands:#?}");
    let judged = judged(&commands.into_iter().collect::<Vec<_>>().join("\n"));
    assert!(judged.status.success(), "{}{}", text(&judged.stdout), text(&judged.stderr));
}

#[test]
fn the_cli_refuses_what_it_does_not_know() {
    for wrong in [
        "aws apigateway get-stagez --rest-api-id API_ID --region REGION",
        "aws apigateway get-rest-api --rest-api-id API_ID --nope --region REGION",
        "aws apigateway get-rest-api --region REGION",
        "aws apigateway get-rest-api --rest-api-id API_ID --region REGION --query nope",
        "aws apigateway get-stages --rest-api-id API_ID --region REGION --query 'item[].[stageName,nope]'",
        "aws ec2 modify-vpc-endpoint --vpc-endpoint-id VPCE_ID --dns-options Nope=dualstack --region REGION",
        "",
    ] {
        assert_eq!(judged(wrong).status.code(), Some(1), "{wrong}");
    }
}

fn commands_of_the_catalogue() -> BTreeSet<String> {
    let causes = explained(&[]);
    let names = causes.lines().filter(|line| !line.starts_with(' ')).filter_map(|line| line.split_whitespace().next());
    let entries: Vec<String> = names.map(|name| explained(&[name])).collect();
    assert!(entries.len() > 60, "{causes}");
    let lines = entries.iter().flat_map(|entry| entry.lines()).map(str::trim);
    lines.filter(|line| line.starts_with("aws ")).map(str::to_owned).collect()
}

fn explained(words: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_apigw-probe"));
    let output = command.arg("explain").args(words).env_clear().output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
    text(&output.stdout).to_owned()
}

fn judged(commands: &str) -> Output {
    assert!(
        Path::new(PYTHON).exists(),
        "`{PYTHON}` is missing: python3 -m venv target/venv; target/venv/bin/pip install -r tests/real/requirements.txt"
    );
    let mut judge = Command::new(PYTHON);
    let judge = judge.arg(SCRIPT).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut judge = judge.spawn().unwrap();
    judge.stdin.take().unwrap().write_all(commands.as_bytes()).unwrap();
    judge.wait_with_output().unwrap()
}

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/commands.py");
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/venv/bin/python");
