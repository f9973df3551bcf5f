//! Does the probe send what the printed curl line sends? Both are run for real against the lab, which remembers what arrived.

use crate::probe::{at, path, read};
use crate::side::Side;
use crate::tool::{run, tool};
use apigw_probe::lab::{Scenario, SeenRequest};
use serde_json::Value;
use std::io::Write as _;
use std::process::Command;

const PATHS: [&str; 4] = ["private-dns", "route53-alias", "vpce-host-header", "vpce-api-id-header"];

/// A request as far as the two must agree; header names in lower case, since case means nothing there.
#[derive(Debug, PartialEq)]
struct Sent {
    sni: Option<String>,
    line: String,
    headers: Vec<(String, String)>,
}

impl From<&SeenRequest> for Sent {
    fn from(seen: &SeenRequest) -> Self {
        let headers = seen.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
        let headers = headers.filter(|(name, _)| !matches!(name.as_str(), "user-agent" | "accept")).collect();
        Self { sni: seen.sni.clone(), line: seen.line.clone(), headers }
    }
}

/// Probes each path of a URL by itself with these options, runs the line that the report prints, and compares what arrived.
fn agree(url_ends_with: &str, options: &[&str]) {
    agree_on(&Side::start(Scenario::healthy()), &PATHS, url_ends_with, options);
}

fn agree_on(side: &Side, paths: &[&str], url_ends_with: &str, options: &[&str]) {
    let url = side.lab.invoke_url().to_owned() + url_ends_with;
    for name in paths {
        let mut once = side.once_at(&url);
        once.args(["--format", "json", "--path", name]).args(options);
        let (report, ours) = request_of(side, || read(&once.output().unwrap()));
        let path = path(&report, name);
        let (_, theirs) = request_of(side, || run(&mut printed(side, path)));
        assert_eq!(
            Sent::from(&ours),
            Sent::from(&theirs),
            "{name} {url_ends_with} {options:?}: {}",
            at(path, "/request/curl")
        );
    }
}

/// The printed line in a shell, led to the lab.
fn printed(side: &Side, path: &Value) -> Command {
    let [line, dial, address] =
        ["/request/curl", "/request/dial", "/attempts/0/address"].map(|pointer| at(path, pointer).as_str().unwrap());
    let (ip, port) = address.rsplit_once(':').unwrap();
    let curl = tool("curl", "curl");
    let folder = std::path::Path::new(curl.get_program()).parent().unwrap();
    let mut shell = tool("sh", "dash");
    shell.env_clear().env("PATH", folder).env("CA", side.ca_file.path());
    shell.args(["-c", &format!("{line} -sS --max-time 20 --cacert \"$CA\" --resolve {dial}:{port}:{ip}")]);
    shell
}

#[test]
fn the_four_paths_agree() {
    agree("", &[]);
}

#[test]
fn custom_domain_names_and_public_apis_agree() {
    for (scenario, paths) in [
        ("custom-domain", &["custom-domain", "vpce-custom-domain"][..]),
        ("public", &["public"]),
        ("public-custom-domain", &["public"]),
        ("http-api", &["public"]),
    ] {
        let side = Side::start(Scenario::named(scenario).unwrap());
        agree_on(&side, paths, "", &[]);
    }
    let side = Side::start(Scenario::named("custom-domain").unwrap());
    agree_on(&side, &["custom-domain", "vpce-custom-domain"], "/orders?b=2&a=1", &["--method", "HEAD"]);
}

#[test]
fn a_fixed_address_agrees() {
    agree("", &["--connect-to", "127.0.0.12"]);
}

#[test]
fn other_methods_agree() {
    for method in ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "Purge"] {
        agree("", &["--method", method]);
    }
}

#[test]
fn added_headers_agree() {
    agree(
        "",
        &[
            "--header",
            "x-empty:",
            "--header",
            "X-Quoted: it's \"so\" $HOME `x` \\ !",
            "--header",
            "x-twice: 1",
            "--header",
            "x-twice: 2",
        ],
    );
}

#[test]
fn replaced_headers_agree() {
    agree("", &["--header", "Accept: application/json", "--header", "User-Agent: another"]);
}

#[test]
fn a_header_file_agrees_and_is_not_shown() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"x-api-key: hunter2\nAuthorization: Bearer s3cr3t\n").unwrap();
    agree("", &["--header-file", file.path().to_str().unwrap(), "--header", "x-beside: it"]);
}

#[test]
fn odd_paths_agree() {
    for end in [
        "/",
        "/orders",
        "/../x",
        "/a/./b//c",
        "/a%2fb%2F%20",
        "/[x]{y}",
        "?a=b+c&d=%26'",
        "/it's",
        "/~$HOME;(x)!*,:@=",
        "?",
        "/a?b?c#gone",
    ] {
        agree(end, &[]);
    }
}

/// Does something that sends exactly one request, and gives that.
fn request_of<T>(side: &Side, act: impl FnOnce() -> T) -> (T, SeenRequest) {
    let before = side.lab.requests().len();
    let done = act();
    let mut requests = side.lab.requests().split_off(before);
    assert_eq!(requests.len(), 1, "{requests:#?}");
    (done, requests.remove(0))
}
