//! The printed commands: a real shell reads out of them what the plan says.

use crate::{hostile, is_harmless, report};
use apigw_probe::plan::{AccessPath, Header, HeaderText, Method, Plan, Request, RowId, plan};
use apigw_probe::render::curl;
use apigw_probe::target::{Target, TargetInput};
use proptest::prelude::*;
use std::path::PathBuf;
use std::process::Command;

fn unsigned(paths: &[AccessPath]) -> Vec<RowId> {
    paths.iter().map(|path| RowId::of(*path)).collect()
}

#[test]
fn each_path_is_a_comment_and_a_command() {
    let target = report::target();
    let text = curl(&target, &unsigned(AccessPath::FOUR), &Request::default()).to_string();
    let blocks: Vec<_> = text.split("\n\n").collect();
    assert_eq!(blocks.len(), AccessPath::FOUR.len());
    for (block, path) in blocks.iter().zip(AccessPath::FOUR) {
        let lines: Vec<_> = block.lines().collect();
        let [comment, command] = lines[..] else { panic!("{block}") };
        assert_eq!(comment, format!("# {path}"));
        assert_eq!(command, plan(&target, *path, &Request::default()).unwrap().curl());
    }
}

#[test]
fn path_that_lacks_its_input_is_a_comment() {
    let url = "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test";
    let target = Target::parse(TargetInput { invoke_url: url, ..TargetInput::default() }).unwrap();
    let text = curl(&target, &unsigned(&[AccessPath::VpceApiIdHeader]), &Request::default()).to_string();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("# vpce-api-id-header"), "{text}");
}

#[test]
fn host_and_api_id_are_sent_where_the_path_needs_them() {
    let args = |path| words(&plan_of(path).curl());
    let host = "Host: a1bc234d5e.execute-api.us-east-1.amazonaws.com".to_owned();
    let api = "x-apigw-api-id: a1bc234d5e".to_owned();
    for path in AccessPath::FOUR {
        assert_eq!(args(*path).contains(&host), *path == AccessPath::VpceHostHeader, "{path}");
        assert_eq!(args(*path).contains(&api), *path == AccessPath::VpceApiIdHeader, "{path}");
    }
}

#[test]
fn another_port_or_address_keeps_the_url() {
    let mut plan = plan_of(AccessPath::PrivateDns);
    let url = plan.url();
    for (address, port, connect) in
        [(None, 8443, ":::8443"), (Some("127.0.0.1"), 443, "::127.0.0.1:443"), (Some("::1"), 8443, "::[::1]:8443")]
    {
        plan.connect_to = address.map(|address| address.parse().unwrap());
        plan.port = port;
        let args = words(&plan.curl());
        let at = args.iter().position(|arg| arg == "--connect-to").expect("--connect-to");
        assert_eq!(args[at + 1], connect);
        assert!(args.contains(&url), "{args:?}");
    }
}

#[test]
fn secret_values_are_read_from_their_file() {
    let mut plan = plan_of(AccessPath::PrivateDns);
    plan.headers.push(Header { name: "x-token".to_owned(), value: HeaderText::Secret("s3cr3t".to_owned()) });
    plan.header_file = Some(PathBuf::from("/run/my secrets"));
    assert!(!plan.curl().contains("s3cr3t"));
    assert!(words(&plan.curl()).contains(&"@/run/my secrets".to_owned()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn shell_gives_back_the_arguments(
        value in hostile::text(),
        query in "[!-~]{0,30}",
        method in "[-!#$%&'*+.^_`|~A-Za-z0-9]{1,8}",
    ) {
        // no argument of a program can hold a NUL, and no parsed header does
        let value = value.replace('\0', "");
        let mut plan = plan_of(AccessPath::VpceHostHeader);
        plan.path_and_query = format!("/test?{query}");
        let Ok(parsed) = Method::parse(&method) else { return Ok(()) };
        plan.method = parsed;
        plan.headers.push(Header { name: "x-a".to_owned(), value: HeaderText::Plain(value.clone()) });
        let args = words(&plan.curl());
        prop_assert_eq!(&args[..5], ["curl", "-i", "--http1.1", "--noproxy", "*"]);
        prop_assert!(args.contains(&plan.url()), "{:?}", args);
        let header = if value.is_empty() { "x-a;".to_owned() } else { format!("x-a: {value}") };
        prop_assert_eq!(args.last(), Some(&header));
        let name = match method.as_str() {
            "GET" => None,
            "HEAD" => Some(["--head", ""]),
            _ => Some(["-X", &method]),
        };
        let at = name.and_then(|[option, _]| args.iter().position(|arg| arg == option));
        prop_assert_eq!(at.is_some(), name.is_some());
        if let (Some(at), Some(["-X", value])) = (at, name) {
            prop_assert_eq!(&args[at + 1], value);
        }
    }

    #[test]
    fn hostile_text_does_no_harm(text in hostile::text()) {
        let target = report::target();
        let header = Header { name: "x-a".to_owned(), value: HeaderText::Plain(text) };
        let request = Request { headers: vec![header], ..Request::default() };
        prop_assert!(curl(&target, &unsigned(AccessPath::FOUR), &request).to_string().chars().all(is_harmless));
    }
}

fn plan_of(path: AccessPath) -> Plan {
    plan(&report::target(), path, &Request::default()).expect("the target has every input")
}

/// What a POSIX shell makes of a command line.
fn words(line: &str) -> Vec<String> {
    let script = format!("set -- {line}\nfor word; do printf '%s\\0' \"$word\"; done");
    let output = Command::new("sh").arg("-c").arg(script).output().expect("sh runs");
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("the words were UTF-8");
    text.split_terminator('\0').map(str::to_owned).collect()
}
