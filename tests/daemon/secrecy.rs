//! Does nothing that the daemon says show a secret, whatever comes back to it? Every way out, at the most that it can say.

use crate::daemon::{Daemon, eventually, head, target};
use crate::secrets::{header_file, seen};
use crate::side::{Side, binary};
use apigw_probe::lab::Scenario;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Mutex;

/// A daemon that says all that it can, in both forms of its log, into every file that it writes.
fn config(side: &Side, folder: &Path, log_format: &str, auth: &str, headers: &Path) -> String {
    let out = folder.display();
    let settings = format!(
        "log_level = \"debug\"\nlog_format = \"{log_format}\"\ntextfile = \"{out}/probe.prom\"\noutput_dir = \"{out}\"\n"
    );
    let signed = format!(
        "schedule = \"on-probe\"\nprobe_min_age = \"1m\"\nauth = \"{auth}\"\nheader_file = \"{}\"",
        headers.display()
    );
    settings + &head(side) + &target(side, "orders", &signed)
}

/// All that it has said once it has told a round, each thing with its name.
fn said(daemon: &Daemon, folder: &Path) -> Vec<(String, String)> {
    let mut said = vec![("a notice".to_owned(), daemon.notice("READY=1"))];
    let get = |path: &str, header| daemon.ask_with(&format!("GET {path}"), header);
    for path in [
        // the one that has a round begin stands first
        "/probe?target=orders&format=json",
        "/probe?target=orders&format=text",
        "/probe?target=orders",
        "/",
        "/metrics",
        "/api/v1/reports",
        "/api/v1/reports/orders",
        "/-/ready",
    ] {
        said.push((path.to_owned(), get(path, "Accept: */*")));
    }
    said.push(("OpenMetrics".to_owned(), get("/metrics", "Accept: application/openmetrics-text; version=1.0.0")));
    eventually("files", || (folder.join("orders.json").exists() && folder.join("probe.prom").exists()).then_some(()));
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        // one that is just being replaced is read again under its name
        said.push((path.display().to_string(), fs::read_to_string(&path).unwrap_or_default()));
    }
    said.push(("the log".to_owned(), daemon.log()));
    said.extend(daemon.notices().into_iter().map(|notice| ("a notice".to_owned(), notice)));
    said
}

fn shows_none(what: &str, said: &[(String, String)]) {
    for (place, text) in said {
        assert_eq!(seen(text), None, "{what}, {place}: {text}");
    }
}

#[test]
fn no_scenario_makes_the_daemon_show_a_secret() {
    let headers = header_file();
    let formats = ["text", "json"];
    let all = Scenario::all().enumerate().map(|(at, scenario)| (scenario, formats[at % 2]));
    let echoing = Scenario::all().filter(|scenario| ECHOING.contains(&scenario.name));
    let queue = Mutex::new(all.chain(echoing.flat_map(|scenario| formats.map(|format| (scenario, format)))));
    std::thread::scope(|scope| {
        // most of the time each waits for its files
        for _ in 0..12 {
            scope.spawn(|| {
                loop {
                    let Some((scenario, log_format)) = queue.lock().unwrap().next() else { break };
                    let (side, folder) = (Side::start(scenario), tempfile::tempdir().unwrap());
                    // the paths that need the endpoint's name are the same without it
                    if side.lab.vpce_dns_name().is_none() {
                        continue;
                    }
                    let config = config(&side, folder.path(), log_format, "both", headers.path());
                    let variables = side.lab.variables();
                    let daemon = Daemon::start_with(&config, |command| {
                        command.envs(variables).env("AWS_EC2_METADATA_DISABLED", "true");
                    });
                    let said = said(&daemon, folder.path());
                    assert!(said.len() > 12, "{}: {said:?}", scenario.name);
                    shows_none(scenario.name, &said);
                    // there was something to be seen
                    let marks = said.iter().filter(|(_, text)| text.contains("[redacted]")).count();
                    assert!(marks > 3 || scenario.name != "backend-echoes", "{said:?}");
                }
            });
        }
    });
}

/// Answers every request with this, for as long as the test lasts.
fn telling(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4096]);
            let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{answer}", answer.len());
        }
    });
    format!("http://{address}/")
}

#[test]
fn a_source_of_credentials_that_is_broken_is_told_without_what_is_in_it() {
    let side = Side::start(Scenario::named("signed").unwrap());
    let files = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = files.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let headers = header_file();
    let keys = "aws_access_key_id = ASIAIOSFODNN7EXAMPLE\naws_secret_access_key";
    for (what, variables) in [
        ("half a pair", vec![("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI".to_owned())]),
        (
            "an end that is no time",
            vec![
                ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE".to_owned()),
                ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI".to_owned()),
                ("AWS_SESSION_TOKEN", "AQoDYXdzEJr1K9Yy".to_owned()),
                ("AWS_CREDENTIAL_EXPIRATION", "hunter2".to_owned()),
            ],
        ),
        (
            "a file without an equals sign",
            vec![("AWS_SHARED_CREDENTIALS_FILE", file("one", &format!("[default]\n{keys} wJalrXUtnFEMI\n")))],
        ),
        (
            "a file without a section",
            vec![("AWS_SHARED_CREDENTIALS_FILE", file("two", &format!("{keys} = wJalrXUtnFEMI\n")))],
        ),
        (
            "a container that says too much",
            vec![(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                telling("{\"AccessKeyId\":\"ASIAIOSFODNN7EXAMPLE\",\"hunter2\""),
            )],
        ),
        (
            "a container with half of it",
            vec![(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                telling("{\"SecretAccessKey\":\"wJalrXUtnFEMI\",\"Token\":\"hunter2\"}"),
            )],
        ),
        (
            "an STS that repeats the token",
            vec![
                ("AWS_WEB_IDENTITY_TOKEN_FILE", file("token", "bearer-of-nobody")),
                ("AWS_ROLE_ARN", "arn:aws:iam::222233334444:role/probe".to_owned()),
                (
                    "AWS_ENDPOINT_URL_STS",
                    telling(
                        "<ErrorResponse><Error><Code>Bad</Code><Message>bearer-of-nobody</Message></Error></ErrorResponse>",
                    ),
                ),
            ],
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let config = config(&side, folder.path(), "text", "iam", headers.path());
        let daemon = Daemon::start_with(&config, |command| {
            command.envs(variables).env("AWS_EC2_METADATA_DISABLED", "true");
        });
        let said = said(&daemon, folder.path());
        // where nothing is wrong with the source, its secrets are at work
        assert!(said.iter().any(|(_, text)| text.contains("credentials-") || text.contains("token-invalid")), "{what}");
        shows_none(what, &said);
    }
}

#[test]
fn a_configuration_that_is_refused_is_told_without_its_secrets() {
    let side = Side::start(Scenario::healthy());
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        format!("header_file = \"{}\"", path.display())
    };
    let good = head(&side) + &target(&side, "orders", "");
    let daemon = Daemon::start(&good);
    daemon.notice("READY=1");
    for more in [
        file("no-colon", "x-api-key hunter2-hunter2\n"),
        file("no-name", "x-token: bearer-of-nobody\n: hunter2\n"),
        file("control", "x-api-key: hunter2\u{7}\n"),
        file("host", "Host: hunter2\n"),
        format!("auth = \"iam\"\n{}", file("bearer", "Authorization: Bearer hunter2\n")),
        format!("auth = \"both\"\n{}", file("token", "x-amz-security-token: AQoDYXdzEJr1K9Yy\n")),
        "headers = [\"x-api-key: hunter2-hunter2\"]".to_owned(),
        "headers = [\"Cookie: hunter2\"]".to_owned(),
    ] {
        let bad = head(&side) + &target(&side, "orders", &more);
        let before = daemon.log().len();
        daemon.write(&bad);
        for arguments in [["config", "check"], ["config", "show"]] {
            let output = binary().args(arguments).arg(daemon.config()).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{more}");
            assert!(seen(&String::from_utf8(output.stderr).unwrap()).is_none(), "{more}");
        }
        daemon.signal("HUP");
        daemon.notice("RELOADING=1");
        let told = daemon.notice("READY=1");
        let log = eventually("refusal", || Some(daemon.log()[before..].to_owned()).filter(|log| log.contains("error")));
        assert!(seen(&told).or_else(|| seen(&log)).is_none(), "{more}: {told} {log}");
    }
}

/// Where what was sent comes back.
const ECHOING: [&str; 3] = ["backend-echoes", "wrong-secret-key", "signed-query-changed"];
