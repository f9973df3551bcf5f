//! Does the command behave as its users expect? The real binary against the lab, from outside.

use crate::side::binary;
use crate::start;
use apigw_probe::lab::Scenario;
use apigw_probe::report::Verdict;
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::process::{Output, Stdio};

const URL: &str = "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test";

fn status(output: &Output) -> i32 {
    output.status.code().expect("no signal")
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// The report on stdout, valid by an independent reading of the committed schema.
fn report(output: &Output) -> Value {
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", stdout(output), stderr(output)));
    let schema = serde_json::from_str(include_str!("../../src/report/report.schema.json")).unwrap();
    let errors: Vec<String> =
        jsonschema::validator_for(&schema).unwrap().iter_errors(&report).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    report
}

#[test]
fn all_four_paths_of_a_healthy_api_pass() {
    let side = start("healthy");
    let output = side.once().args(["--format", "json"]).output().unwrap();
    let report = report(&output);
    assert_eq!((status(&output), &report["verdict"]), (0, &Value::from("pass")));
    for path in report["paths"].as_array().unwrap() {
        assert_eq!(path["outcome"], "ok");
        assert_eq!(
            (&path["resolves"], &path["returns_expected"], &path["meets_intent"]),
            (&true.into(), &true.into(), &true.into())
        );
    }
    assert_eq!(report["findings"], Value::Array(vec![]));
    assert_eq!(stderr(&output), "");
}

#[test]
fn each_fault_gives_the_status_of_its_verdict_and_a_valid_report() {
    let check = |scenario: &'static Scenario| {
        let side = start(scenario.name);
        let output = side.once().args(["--format", "json"]).output().unwrap();
        let report = report(&output);
        let expected = match scenario.verdict {
            Verdict::Pass => (0, "pass"),
            Verdict::Fail => (1, "fail"),
        };
        assert_eq!((status(&output), report["verdict"].as_str().unwrap()), expected, "{}", scenario.name);
        assert!(
            report["findings"].as_array().unwrap().is_empty() == scenario.expect.is_empty(),
            "{}: {report:#}",
            scenario.name
        );
    };
    let queue = std::sync::Mutex::new(Scenario::all());
    // several at a time, since some wait for a deadline; not all, since others have one to meet
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                loop {
                    let Some(scenario) = queue.lock().unwrap().next() else { break };
                    check(scenario);
                }
            });
        }
    });
}

#[test]
fn standard_input_and_what_a_shell_hands_over_are_read_where_a_file_is_named() {
    let side = start("healthy");
    let report = side.once().args(["--format", "json"]).output().unwrap().stdout;
    let config = b"timeout = \"1s\"\ndns_servers = [\"127.0.0.1:9\"]\n[[target]]\ninvoke_url = \"https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test\"\n";
    let headers = b"x-api-key: hunter2\n";
    let curl = ["curl", URL, "--header-file"];
    for (arguments, input) in [
        (vec!["replay"], &report[..]),
        (vec!["config", "check"], &config[..]),
        (vec!["once", "--config"], &config[..]),
        (curl.to_vec(), &headers[..]),
    ] {
        for place in ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0", "-"] {
            if place == "-" && arguments != ["replay"] {
                continue;
            }
            let mut command = binary();
            command.args(&arguments).arg(place);
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().unwrap();
            child.stdin.take().unwrap().write_all(input).unwrap();
            let output = child.wait_with_output().unwrap();
            let expected = i32::from(arguments[0] == "once");
            assert_eq!(status(&output), expected, "{arguments:?} {place}: {}", stderr(&output));
        }
    }
}

/// Nobody is at the other end of the pipe; all wait at the same time.
#[test]
fn a_pipe_without_another_end_is_given_up_and_named() {
    let folder = tempfile::tempdir().unwrap();
    // those who read and who writes must not meet
    let [pipe, other] = ["pipe", "other"].map(|name| folder.path().join(name).to_str().unwrap().to_owned());
    assert!(std::process::Command::new("mkfifo").args([&pipe, &other]).status().unwrap().success());
    let (pipe, other) = (pipe.as_str(), other.as_str());
    let url = "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test";
    let dns = ["--dns-server", "127.0.0.1:9"];
    let began = std::time::Instant::now();
    let commands = [
        vec!["once", url, "--header-file", pipe],
        vec!["once", url, "--ca-file", pipe, dns[0], dns[1]],
        vec!["once", "--config", pipe],
        vec!["once", url, "--output", other, dns[0], dns[1]],
        vec!["curl", url, "--header-file", pipe],
        vec!["config", "check", pipe],
        vec!["replay", pipe],
    ];
    let children = commands.map(|arguments| {
        let mut command = binary();
        command.args(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        (arguments, command.spawn().unwrap())
    });
    for (arguments, child) in children {
        let output = child.wait_with_output().unwrap();
        assert_eq!(status(&output), 2, "{arguments:?}");
        assert!([pipe, other].iter().any(|name| stderr(&output).contains(name)), "{arguments:?}: {}", stderr(&output));
    }
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}

#[test]
fn a_usage_error_names_the_thing_and_ends_with_two() {
    for (args, word) in [
        (vec!["once"], "INVOKE_URL"),
        (vec!["once", "https://example.com/x"], "example.com"),
        (
            vec!["once", "a1bc234d5e.execute-api.us-east-1.amazonaws.com/t", "--path", "route53-alias"],
            "no path is left",
        ),
        (vec!["once", "a1bc234d5e.execute-api.us-east-1.amazonaws.com/t", "--timeout", "soon"], "soon"),
        (vec!["once", "a1bc234d5e.execute-api.us-east-1.amazonaws.com/t", "--header", "Host: x"], "Host"),
        (
            vec!["once", "a1bc234d5e.execute-api.us-east-1.amazonaws.com/t", "--header", "x-api-key: hunter2"],
            "header-file",
        ),
        (
            vec![
                "once",
                "a1bc234d5e.execute-api.us-east-1.amazonaws.com/t",
                "--ca-file",
                "/nowhere.pem",
                "--dns-server",
                "127.0.0.1",
            ],
            "/nowhere.pem",
        ),
        (vec!["once", "--config", "/nowhere.toml"], "/nowhere.toml"),
        (vec!["replay", "/nowhere.json"], "/nowhere.json"),
        (vec!["explain", "no-such-cause"], "no-such-cause"),
        (vec!["explain", "dns-nxdoman"], "dns-nxdomain"),
        (vec!["demo", "--scenario", "helthy"], "healthy"),
    ] {
        let output = binary().args(&args).output().unwrap();
        assert_eq!(status(&output), 2, "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(word), "{args:?}: {}", stderr(&output));
        assert!(!stderr(&output).contains("hunter2"), "{args:?}");
        assert_eq!(stdout(&output), "", "{args:?}");
    }
}

#[test]
fn nagios_hears_of_usage_errors_as_unknown() {
    for args in [vec!["once", "--format", "nagios"], vec!["once", "--format=nagios", "--nonsense"]] {
        let output = binary().args(&args).output().unwrap();
        assert_eq!(status(&output), 3);
        assert!(stdout(&output).starts_with("APIGW_PROBE UNKNOWN: "), "{}", stdout(&output));
        assert_eq!(stdout(&output).lines().count(), 1);
    }
}

#[test]
fn the_environments_format_is_for_commands_that_have_one_and_did_not_get_another() {
    let of = |args: &[&str]| status(&binary().args(args).env("APIGW_PROBE_FORMAT", "nagios").output().unwrap());
    assert_eq!(of(&["once", "nonsense"]), 3);
    assert_eq!(of(&["once", "nonsense", "--format", "json"]), 2);
    assert_eq!(of(&["once", "nonsense", "--format=json"]), 2);
    assert_eq!(of(&["config", "check", "/nowhere.toml"]), 2);
    assert_eq!(of(&["explain", "nonsense"]), 2);
}

#[test]
fn nagios_reads_ok_and_critical() {
    for (scenario, code, word) in [("healthy", 0, "OK"), ("port-refused", 2, "CRITICAL")] {
        let output = start(scenario).once().args(["--format", "nagios"]).output().unwrap();
        assert_eq!(status(&output), code, "{}", stdout(&output));
        let first = stdout(&output).lines().next().unwrap();
        assert!(first.starts_with(&format!("APIGW_PROBE {word}: ")) && first.matches('|').count() == 1, "{first}");
    }
}

#[test]
fn a_proxy_variable_is_ignored_with_one_line() {
    let side = start("healthy");
    let output = side.once().env("HTTPS_PROXY", "http://127.0.0.1:9").args(["--format", "json"]).output().unwrap();
    assert_eq!(status(&output), 0);
    assert_eq!(stderr(&output).lines().count(), 1);
    assert!(stderr(&output).contains("HTTPS_PROXY"));
    assert_eq!(report(&output)["environment"]["ignored_proxy_variables"], serde_json::json!(["HTTPS_PROXY"]));
}

#[test]
fn a_closed_stdout_is_told_and_ends_with_two() {
    let side = start("healthy");
    let mut child = side.once().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(2));
    assert!(said.contains("standard output"), "{said}");
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_anything_is_sent() {
    let side = start("healthy");
    // no user, not even root, may create files there
    let output = side.once().args(["--output", "/proc/sys/report.json"]).output().unwrap();
    assert_eq!(status(&output), 2);
    assert!(stderr(&output).contains("/proc/sys/report.json"), "{}", stderr(&output));
    assert!(!stderr(&output).contains(".apigw-probe-"), "{}", stderr(&output));
}

#[test]
fn output_replaces_a_file_whole_and_readable_for_others() {
    use std::os::unix::fs::PermissionsExt as _;
    let side = start("healthy");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.prom");
    std::fs::write(&file, "old").unwrap();
    let output = side.once().args(["--format", "prometheus", "--output"]).arg(&file).output().unwrap();
    assert_eq!((status(&output), stdout(&output)), (0, ""));
    assert!(std::fs::read_to_string(&file).unwrap().contains("apigw_probe_target_success"));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left behind");
}

#[test]
fn a_probe_that_is_ended_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut command = binary();
    command.args(["once", "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test", "--dns-server"]);
    command.arg(silent.local_addr().unwrap().to_string()).arg("--output").arg(folder.path().join("report"));
    let mut probing = command.spawn().unwrap();
    // it asks, so that it is under way
    silent.recv_from(&mut [0; 512]).unwrap();
    probing.kill().unwrap();
    probing.wait().unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn output_into_a_device_writes_to_it() {
    let output = start("healthy").once().args(["--output", "/dev/null"]).output().unwrap();
    assert_eq!((status(&output), stdout(&output)), (0, ""));
    assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn a_megabyte_of_url_is_an_error_of_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    let url = format!("https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/{}", "x".repeat(1 << 20));
    std::fs::write(&file, format!("[[target]]\ninvoke_url = \"{url}\"\n")).unwrap();
    let output = binary().args(["once", "--config"]).arg(&file).output().unwrap();
    assert_eq!(status(&output), 2);
    assert!(stderr(&output).len() < 400 && stderr(&output).contains(":2: "), "{}", stderr(&output));
}

#[test]
fn a_secret_header_is_sent_and_shown_nowhere() {
    let side = start("api-key-required");
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "x-api-key: hunter2-hunter2").unwrap();
    for format in ["text", "json", "nagios", "prometheus"] {
        let mut command = side.once();
        command.args(["--format", format, "--header-file"]).arg(file.path());
        if format == "text" {
            command.arg("-vv");
        }
        let output = command.output().unwrap();
        assert!(!stdout(&output).contains("hunter2") && !stderr(&output).contains("hunter2"), "{format}");
    }
    let output = binary().args(["curl", side.lab.invoke_url(), "--header-file"]).arg(file.path()).output().unwrap();
    assert!(!stdout(&output).contains("hunter2"));
    assert!(stdout(&output).contains(&format!("@{}", file.path().display())));
}

#[test]
fn a_saved_report_is_diagnosed_again_with_the_same_result() {
    let side = start("explicit-deny");
    let once = side.once().args(["--format", "json"]).output().unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&once.stdout).unwrap();
    let replay = binary().arg("replay").arg(file.path()).args(["--format", "json"]).output().unwrap();
    assert_eq!(status(&replay), status(&once));
    let essence = |report: &Value| {
        let findings = report["findings"].as_array().unwrap().iter();
        findings
            .map(|finding| (finding["cause"].clone(), finding["confidence"].clone(), finding["paths"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(essence(&report(&replay)), essence(&report(&once)));

    // as `/api/v1/reports` lists them
    let list = format!("[{},{}]", stdout(&once).trim(), stdout(&once).trim());
    std::fs::write(file.path(), list).unwrap();
    let replay = binary().arg("replay").arg(file.path()).args(["--format", "json"]).output().unwrap();
    let again: Vec<Value> = stdout(&replay).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(again.iter().map(essence).collect::<Vec<_>>(), [essence(&report(&once)), essence(&report(&once))]);
}

#[test]
fn a_configuration_names_its_targets_and_prints_one_report_on_each_line() {
    let side = start("healthy");
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for name in ["orders", "billing"] {
        let (url, vpce, port) = (side.lab.invoke_url(), side.lab.vpce_dns_name().unwrap(), side.lab.port());
        writeln!(
            file,
            "[[target]]\nname = \"{name}\"\ninvoke_url = \"{url}\"\nvpce_dns_name = \"{vpce}\"\nport = {port}"
        )
        .unwrap();
    }
    let run = |names: &[&str]| {
        let mut command = binary();
        command.args(["once", "--config"]).arg(file.path()).args(names);
        command
            .args(["--format", "json", "--dns-server", &side.lab.dns_server().to_string(), "--ca-file"])
            .arg(side.ca_file.path());
        command.output().unwrap()
    };
    let names = |output: &Output| {
        let lines = stdout(output).lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.map(|report| report["target"]["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let both = run(&[]);
    assert_eq!((status(&both), names(&both)), (0, vec!["orders".to_owned(), "billing".to_owned()]));
    assert_eq!(names(&run(&["billing"])), ["billing"]);
    let unknown = run(&["bilings"]);
    assert_eq!(status(&unknown), 2);
    assert!(stderr(&unknown).contains("billing"), "{}", stderr(&unknown));
}

#[test]
fn a_printed_configuration_is_a_good_one() {
    let side = start("private-dns-off");
    let output = side.once().arg("--print-config").output().unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&output.stdout).unwrap();
    let check = binary().args(["config", "check"]).arg(file.path()).output().unwrap();
    assert_eq!(status(&check), 0, "{}{}", stdout(&output), stderr(&check));
    assert!(
        stdout(&output).contains("private-dns = \"optional\"")
            && stdout(&output).contains("vpce-host-header = \"required\"")
    );
}

#[test]
fn rounds_that_may_outlast_their_interval_are_warned_of() {
    let warned = |lines: &str| {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let url = "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test";
        write!(file, "[[target]]\nname = 'orders'\ninvoke_url = '{url}'\n{lines}").unwrap();
        let output = binary().args(["config", "check"]).arg(file.path()).output().unwrap();
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        stdout(&output).contains("warning: orders: a path may take 10 s and a round begins every 5 s")
    };
    assert!(warned("interval = '5s'"));
    assert!(!warned("interval = '5s'\ntimeout = '5s'"));
    assert!(!warned("interval = '5s'\nschedule = 'on-probe'"));
}

#[test]
fn completions_and_man_page_come_from_the_same_definition() {
    for args in [vec!["completions", "bash"], vec!["completions", "zsh"], vec!["completions", "fish"], vec!["man"]] {
        let output = binary().args(&args).output().unwrap();
        assert_eq!(status(&output), 0);
        assert!(stdout(&output).contains("every"), "{args:?}");
        assert!(stdout(&output).contains("once"), "{args:?}");
    }
}

#[test]
fn an_id_that_fits_no_label_is_a_usage_error() {
    let url = format!("https://{}.execute-api.us-east-1.amazonaws.com/test", "a".repeat(41));
    for command in ["once", "curl"] {
        let vpce = "vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com";
        assert_eq!(status(&binary().args([command, &url, vpce]).output().unwrap()), 2);
    }
}

#[test]
fn what_a_configuration_says_is_not_said_by_options() {
    for option in
        ["--expect-status=404", "--port=1", "--method=HEAD", "--require-api-gateway", "--timeout=1s", "--print-config"]
    {
        let output = binary().args(["once", "--config", "/nowhere.toml", option]).output().unwrap();
        assert_eq!(status(&output), 2, "{option}");
        assert!(stderr(&output).contains("--config") && !stderr(&output).contains("/nowhere"), "{}", stderr(&output));
    }
    let environment =
        binary().args(["once", "--config", "/nowhere.toml"]).env("APIGW_PROBE_TIMEOUT", "5s").output().unwrap();
    assert!(stderr(&environment).contains("/nowhere.toml"), "{}", stderr(&environment));
}

#[test]
fn a_wrong_value_of_the_environment_is_told_by_its_variable() {
    for (variable, value) in
        [("APIGW_PROBE_TIMEOUT", "abc"), ("APIGW_PROBE_EXPECT_STATUS", "9"), ("APIGW_PROBE_OUTPUT", "")]
    {
        let output = binary().args(["once", URL, "--path", "route53-alias"]).env(variable, value).output().unwrap();
        assert_eq!(status(&output), 2);
        let option = variable.replace("APIGW_PROBE_", "--").replace('_', "-").to_ascii_lowercase();
        assert!(stderr(&output).contains(variable) && !stderr(&output).contains(&option), "{}", stderr(&output));
    }
    let typed = binary().args(["once", URL, "--timeout=abc"]).env("APIGW_PROBE_TIMEOUT", "5s").output().unwrap();
    assert!(stderr(&typed).contains("--timeout"), "{}", stderr(&typed));
}

#[test]
fn a_switch_in_the_environment_takes_the_usual_words() {
    for (word, public) in [("1", true), ("yes", true), ("0", false), ("off", false)] {
        let output = binary().args(["curl", URL]).env("APIGW_PROBE_PUBLIC", word).output().unwrap();
        assert_eq!((status(&output), stdout(&output).contains("# public\n")), (0, public), "{word}");
    }
}

#[test]
fn a_method_in_lower_case_is_not_sent() {
    for method in ["get", "Post"] {
        let output = binary().args(["curl", URL, "--method", method]).output().unwrap();
        assert_eq!(status(&output), 2);
        assert!(stderr(&output).contains(&method.to_ascii_uppercase()), "{}", stderr(&output));
    }
}

#[test]
fn a_contradiction_is_told_with_the_usage_of_its_command() {
    let output = binary().args(["once", URL, "--print-config", "--quiet"]).output().unwrap();
    assert_eq!(status(&output), 2);
    assert!(stderr(&output).contains("apigw-probe once INVOKE_URL"), "{}", stderr(&output));
}

#[test]
fn where_no_path_is_left_what_they_lack_is_told() {
    let output = binary().args(["once", URL, "--path", "vpce-host-header"]).output().unwrap();
    assert_eq!(status(&output), 2);
    assert!(stderr(&output).contains("DNS name"), "{}", stderr(&output));
    let output = binary().args(["once", URL, "--path", "public"]).output().unwrap();
    assert!(stderr(&output).contains("`--public`"), "{}", stderr(&output));
}

#[test]
fn an_address_that_no_host_has_is_a_usage_error() {
    for address in ["0.0.0.0", "::", "224.0.0.1", "255.255.255.255", "127.0.0.1:443"] {
        assert_eq!(status(&binary().args(["curl", URL, "--connect-to", address]).output().unwrap()), 2, "{address}");
    }
    assert_eq!(status(&binary().args(["curl", URL, "--connect-to", "[::1]"]).output().unwrap()), 0);
}

#[test]
fn a_named_path_is_probed_beside_the_only_one() {
    let side = start("healthy");
    let args = ["--path", "private-dns", "--forbidden", "route53-alias", "--format", "json"];
    let output = side.once().args(args).output().unwrap();
    let outcomes: Vec<_> =
        report(&output)["paths"].as_array().unwrap().iter().map(|path| path["outcome"].clone()).collect();
    assert_eq!(outcomes, ["ok", "ok", "skipped", "skipped"]);
    assert_eq!(status(&output), 1, "a forbidden path is open");
}

#[test]
fn a_printed_configuration_keeps_what_was_asked() {
    let side = start("healthy");
    let args = ["--print-config", "--forbidden", "private-dns", "--method", "HEAD", "--header", "X-Team: orders"];
    let output = side.once().args(args).output().unwrap();
    for line in [
        "private-dns = \"forbidden\"",
        "method = \"HEAD\"",
        "X-Team: orders",
        &format!("port = {}", side.lab.port()),
        "ca_file",
    ] {
        assert!(stdout(&output).contains(line), "{line} in {}", stdout(&output));
    }
    let failing = start("port-refused").once().arg("--print-config").output().unwrap();
    assert!(!stdout(&failing).contains("optional"), "such a configuration would never fail");
    assert!(stderr(&failing).starts_with("warning: "));
}

#[test]
fn no_argument_sends_an_escape_to_the_terminal() {
    for args in [
        vec!["replay", "\u{1b}[31m"],
        vec!["config", "check", "\u{1b}[31m\u{202e}"],
        vec!["once", "\u{202e}vpce", "\u{1b}[2J"],
        vec!["explain", "\u{1b}[31m"],
        vec!["once", "--timeout", "\u{1b}[31m"],
        vec!["\u{1b}[31m"],
    ] {
        let output = binary().args(&args).output().unwrap();
        assert_eq!(status(&output), 2);
        let said = stderr(&output);
        assert!(said.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{args:?}: {said:?}");
    }
}

#[test]
fn each_command_says_of_itself_what_the_list_of_commands_says() {
    let help = |args: &[&str]| {
        let output = binary().args(args).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let list = help(&["--help"]);
    let commands = list.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let mut seen = 0;
    for (name, about) in commands.filter_map(|line| line.trim().split_once("  ")) {
        if name != "help" {
            let own = help(&[name, "--help"]);
            assert!(own.starts_with(about.trim()), "{name}: {about}: {own}");
            seen += 1;
        }
    }
    assert!(seen > 8, "{list}");
}
