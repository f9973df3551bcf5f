//! Signed calls from the outside: what is asked, what is said, and that no secret is ever shown.

use super::secrets;
use super::side::{Side, binary};
use super::start;
use apigw_probe::lab::Scenario;
use serde_json::Value;
use std::io::Write as _;
use std::process::{Command, Output};

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

fn json(command: &mut Command) -> Value {
    let output = command.args(["--format", "json"]).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", stderr(&output)))
}

/// Path, whether signed, outcome.
fn rows(report: &Value) -> Vec<(&str, Option<bool>, &str)> {
    let paths = report["paths"].as_array().unwrap().iter();
    paths
        .map(|row| (row["path"].as_str().unwrap(), row["signed"].as_bool(), row["outcome"].as_str().unwrap()))
        .collect()
}

fn causes(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|finding| finding["cause"].as_str().unwrap()).collect()
}

#[test]
fn signed_calls_are_told_from_unsigned_ones() {
    let side = start("signed");
    let report = json(&mut side.once());
    assert_eq!(rows(&report).len(), 4);
    assert!(rows(&report).iter().all(|row| (row.1, row.2) == (Some(true), "ok")), "{report:#}");
    let report = json(&mut side.once_at(side.lab.invoke_url()));
    assert!(rows(&report).iter().all(|row| (row.1, row.2) == (None, "http-unexpected-status")), "{report:#}");
}

#[test]
fn both_calls_of_a_path_are_rows_of_their_own() {
    let side = start("signed-and-unsigned");
    let report = json(&mut side.once());
    let expected = ["private-dns", "route53-alias", "vpce-host-header", "vpce-api-id-header"]
        .into_iter()
        .flat_map(|path| [(path, Some(false), "http-unexpected-status"), (path, Some(true), "ok")]);
    assert_eq!(rows(&report), expected.collect::<Vec<_>>());
    assert_eq!((causes(&report), &report["verdict"]), (vec!["iam-auth-unsigned"], &"pass".into()));
    assert_eq!(report["findings"][0]["signed"], false);
    // each series and each figure has a name of its own
    for format in ["prometheus", "nagios"] {
        let output = side.once().args(["--format", format]).output().unwrap();
        let names = stdout(&output).split(" '").flat_map(str::lines);
        let mut names: Vec<_> = names
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.rsplit_once(['}', '=']).map(|(name, _)| name))
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all, "{}", stdout(&output));
    }
}

#[test]
fn without_credentials_nothing_is_sent_and_every_source_is_named() {
    let side = start("signed");
    let mut command = side.once_at(side.lab.invoke_url());
    let report = json(command.args(["--auth", "iam"]).env("AWS_EC2_METADATA_DISABLED", "true"));
    assert!(rows(&report).iter().all(|row| row.2 == "http-no-credentials"), "{report:#}");
    assert_eq!(
        (causes(&report), &report["findings"][0]["confidence"]),
        (vec!["credentials-missing"], &"certain".into())
    );
    let evidence = report["findings"][0]["evidence"].to_string();
    for source in ["environment", "profile", "web identity", "container", "instance metadata"] {
        assert!(evidence.contains(source), "{evidence}");
    }
    assert!(side.lab.requests().is_empty());
}

#[test]
fn keys_that_cannot_be_sent_are_no_riddle_of_the_network() {
    let side = start("signed");
    for (name, value) in [("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7\r"), ("AWS_SESSION_TOKEN", "hunter2\nX-Evil: 1")] {
        let mut command = side.once_at(side.lab.invoke_url());
        command.args(["--auth", "iam"]).env("AWS_EC2_METADATA_DISABLED", "true");
        let report = json(command.envs(side.lab.variables()).env(name, value));
        assert!(rows(&report).iter().all(|row| row.2 == "http-no-credentials"), "{report:#}");
        assert_eq!(causes(&report), ["credentials-missing"]);
        let text = report.to_string();
        assert!(text.contains(name) && !text.contains("hunter2") && !text.contains("AKIAIOSFODNN7"), "{report:#}");
    }
}

#[test]
fn a_role_of_another_partition_is_a_warning() {
    let url = "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test";
    let role = "arn:aws-cn:iam::222233334444:role/probe";
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(file, "[[target]]\ninvoke_url = '{url}'\nauth = 'iam'\nassume_role_arn = '{role}'\n").unwrap();
    let output = binary().args(["config", "check"]).arg(file.path()).output().unwrap();
    assert!(output.status.success() && stdout(&output).contains("`aws-cn`"), "{}", stdout(&output));
    let mut command = start("signed").once_at(url);
    command.args(["--auth", "iam", "--assume-role-arn", role, "--timeout", "10ms"]);
    let output = command.env("AWS_EC2_METADATA_DISABLED", "true").output().unwrap();
    assert!(stderr(&output).contains("warning: ") && stderr(&output).contains("`aws-cn`"), "{}", stderr(&output));
}

/// The source is a socket that takes connections and never answers.
#[test]
fn a_slow_source_costs_no_more_than_the_timeout_and_the_connections_are_told() {
    let side = start("signed");
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let mut command = side.once_at(side.lab.invoke_url());
    command.args(["--auth", "iam", "--timeout", "1s"]).env("AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
    let report = json(command.env("AWS_EC2_METADATA_DISABLED", "true"));
    assert!(rows(&report).iter().all(|row| row.2 == "http-no-credentials"), "{report:#}");
    assert_eq!(causes(&report), ["credentials-missing"]);
    for path in report["paths"].as_array().unwrap() {
        assert_eq!(path["attempts"][0]["tls"]["outcome"], "ok", "{path:#}");
        // a question to a source alone may take two
        assert!(path["duration_seconds"].as_f64().unwrap() < 1.9, "{path:#}");
    }
    assert!(side.lab.requests().is_empty());
}

#[test]
fn unsigned_calls_look_for_no_credentials() {
    let side = Side::start(Scenario::healthy());
    // a broken source would be told
    let output =
        side.once().env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_PROFILE", "nowhere").output().unwrap();
    assert!(output.status.success() && stderr(&output).is_empty(), "{}", stderr(&output));
}

#[test]
fn options_that_do_not_fit_are_told() {
    let url = "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test";
    let mut bearer = tempfile::NamedTempFile::new().unwrap();
    writeln!(bearer, "Authorization: Bearer hunter2-hunter2").unwrap();
    let bearer = bearer.path().to_str().unwrap();
    let role = "arn:aws:iam::222233334444:role/probe";
    for (options, word) in [
        (&["--auth", "sigv4"][..], "none, iam, both"),
        (&["--assume-role-arn", role], "--auth"),
        (&["--profile", "x"], "--auth"),
        (&["--auth", "iam", "--assume-role-arn", "arn:aws:iam::1:user/x"], "role/probe"),
        (&["--auth", "iam", "--external-id", "x"], "--assume-role-arn"),
        (&["--auth", "iam", "--assume-role-arn", role, "--session-name", "a b"], "session"),
        (&["--auth", "iam", "--header-file", bearer], "Authorization"),
        (&["--auth", "both", "--header", "x-amz-date: x"], "x-amz-date"),
    ] {
        for command in ["once", "curl"] {
            let output = binary().args([command, url]).args(options).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{options:?}: {}", stderr(&output));
            assert!(
                stderr(&output).contains(word) && !stderr(&output).contains("hunter2"),
                "{options:?}: {}",
                stderr(&output)
            );
        }
    }
}

#[test]
fn a_header_file_with_a_byte_order_mark_is_told_by_its_name() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "\u{feff}x-api-key: hunter2-hunter2").unwrap();
    let url = "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test";
    let output = binary().args(["curl", url, "--header-file"]).arg(file.path()).output().unwrap();
    let stderr = stderr(&output);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr.contains("U+FEFF") && stderr.contains("line 1") && !stderr.contains("hunter2"), "{stderr}");
}

#[test]
fn a_printed_command_says_whose_keys_it_wants() {
    let url = "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test";
    let role = "arn:aws:iam::222233334444:role/probe";
    let printed = |options: &[&str]| {
        let output = binary().args(["curl", url, "--auth", "iam"]).args(options).output().unwrap();
        stdout(&output).to_owned()
    };
    let plain = printed(&[]);
    for (options, word) in [
        (&["--assume-role-arn", role, "--external-id", "a;b"][..], "--external-id 'a;b'"),
        (&["--assume-role-arn", role, "--profile", "p"], role),
        (&["--profile", "my\none"], "my one"),
    ] {
        let text = printed(options);
        let (comment, rest) = text.split_once("\n\n").unwrap();
        assert!(comment.starts_with("# ") && comment.lines().count() == 1 && comment.contains(word), "{comment}");
        assert_eq!(rest, plain);
    }
}

#[test]
fn a_printed_configuration_keeps_who_signs() {
    let side = start("signed");
    let role = "arn:aws:iam::222233334444:role/probe";
    let mut command = side.once_at(side.lab.invoke_url());
    command.args([
        "--auth",
        "both",
        "--assume-role-arn",
        role,
        "--external-id",
        "x \"y\"",
        "--session-name",
        "me",
        "--profile",
        "p",
    ]);
    let output = command.arg("--print-config").env("AWS_EC2_METADATA_DISABLED", "true").output().unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&output.stdout).unwrap();
    let shown = binary().args(["config", "show"]).arg(file.path()).output().unwrap();
    assert!(shown.status.success(), "{}", stderr(&shown));
    for line in [
        "auth = \"both\"",
        &format!("assume_role_arn = \"{role}\""),
        "external_id = 'x \"y\"'",
        "session_name = \"me\"",
        "profile = \"p\"",
    ] {
        assert!(stdout(&output).lines().any(|known| known == line), "{line}: {}", stdout(&output));
        assert!(stdout(&shown).lines().any(|known| known == line), "{line}: {}", stdout(&shown));
    }
}

#[test]
fn a_refusal_of_unsigned_calls_alone_is_nothing_to_mend() {
    let side = start("caller-allowed");
    let report = json(&mut side.once());
    assert_eq!((causes(&report), &report["verdict"]), (vec!["resource-policy-implicit-deny"], &"pass".into()));
    let finding = &report["findings"][0];
    assert_eq!(finding["signed"], false, "{finding:#}");
    assert!(finding["evidence"].to_string().contains("returned 200"), "{finding:#}");
    for word in ["execute-api:Invoke", "aws:SourceVpce", "aws "] {
        assert!(!finding["fix"].to_string().contains(word), "{finding:#}");
    }
    // where nobody gets in, it is
    let report = json(&mut start("caller-not-allowed").once());
    let fix = report["findings"][0]["fix"].to_string();
    assert!(fix.contains("execute-api:Invoke") && fix.contains(":role/"), "{fix}");
}

#[test]
fn what_changed_a_signed_call_on_its_way_is_to_blame() {
    for scenario in ["signed-host-changed", "signed-query-changed"] {
        let finding = json(&mut start(scenario).once())["findings"][0].take();
        assert_eq!(
            (&finding["cause"], &finding["owner"]),
            (&"proxy-interference".into(), &"network".into()),
            "{finding:#}"
        );
        assert!(!finding["fix"].to_string().contains("get-caller-identity"), "{finding:#}");
    }
    assert_eq!(causes(&json(&mut start("wrong-secret-key").once())), ["sig-mismatch"]);
}

#[test]
fn a_saved_report_of_both_calls_is_diagnosed_alike() {
    let side = start("signed-query-changed");
    let mut command = side.once_at(side.lab.invoke_url());
    let saved = json(command.args(["--auth", "both"]).envs(side.lab.variables()));
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(file, "{saved}").unwrap();
    let again = json(binary().arg("replay").arg(file.path()));
    assert_eq!(again["findings"], saved["findings"]);
    assert_eq!(rows(&again), rows(&saved));
    for (one, other) in again["paths"].as_array().unwrap().iter().zip(saved["paths"].as_array().unwrap()) {
        assert_eq!(one["signed"], other["signed"]);
        assert_eq!(one["attempts"][0]["http"], other["attempts"][0]["http"]);
    }
    let differences = &saved["paths"][1]["attempts"][0]["http"]["canonical_differences"];
    assert_eq!(differences, &serde_json::json!([{"line": "query", "ours": "", "theirs": "via=proxy"}]));
}

const FORMS: [&[&str]; 5] = [
    &["-vv"],
    &["--format", "json", "--show-body", "--every-address"],
    &["--format", "nagios"],
    &["--format", "prometheus"],
    &["--print-config"],
];

#[test]
fn no_scenario_shows_a_secret_in_any_output() {
    let headers = secrets::header_file();
    let queue = std::sync::Mutex::new(Scenario::all().filter(|scenario| scenario.timeout.is_none()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some(scenario) = queue.lock().unwrap().next() else { break };
                    let side = Side::start(scenario);
                    // whatever is broken, the most that can be said; of signed calls, in every form
                    let forms = if side.lab.auth().credentials().is_some() { FORMS.len() } else { 2 };
                    for options in &FORMS[..forms] {
                        let mut command = side.once_at(side.lab.invoke_url());
                        command.args(["--auth", "both", "--header-file"]).arg(headers.path()).args(*options);
                        command.envs(side.lab.variables()).env("AWS_EC2_METADATA_DISABLED", "true");
                        let output = command.output().unwrap();
                        assert!(!output.stdout.is_empty(), "{}: {}", scenario.name, stderr(&output));
                        for text in [stdout(&output), stderr(&output)] {
                            assert_eq!(secrets::seen(text), None, "{} {options:?}: {text}", scenario.name);
                        }
                    }
                }
            });
        }
    });
}
