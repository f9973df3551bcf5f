//! Are our signatures botocore's? The same calls, signed by both, on all four paths.

use crate::schema::PYTHON;
use crate::side::{Side, binary};
use crate::tool::{run, text, tool};
use apigw_probe::lab::Scenario;
use apigw_probe::plan::{AccessPath, Header, HeaderText, Method, Request, plan};
use apigw_probe::sign::{Credentials, sign};
use apigw_probe::target::{Target, TargetInput};
use serde_json::json;
use std::io::Write as _;
use std::process::{Command, Stdio};
use time::macros::datetime;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/sign.py");

/// Paths and queries in the one form in which all signers write them.
const PLAIN: [&str; 13] = [
    "/",
    "/test",
    "/test/",
    "/test/orders/42",
    "/test/a%20b/%C3%A9/%2F",
    "/test/%E1%88%B4?%E1%88%B4=bar",
    "/test/%7Bid%7D",
    "/test/~user/-._~",
    "/test?b=2&a=1",
    "/test?a=2&a=1&a=10&A=0",
    "/test?a=b%20c&a=b%2Bc&a=%26%3D",
    "/test?empty=&only&x=1",
    "/test?X-Custom=%F0%9F%8C%8D",
];

/// Such as must be brought into that form by whoever checks the signature.
const ODD: [&str; 12] = [
    "/test//orders",
    "/test/./orders/../x",
    "/test/a/../../b",
    "/test/:id;v=1/@x!$&'()*+,",
    "/test/a%2fb",
    "/test?redirect=/a/b:c",
    "/test?a=b+c",
    "/test?list=1,2,3&time=12:00",
    "/test?q='quoted'&p=(x)!*",
    "/test?a=%7e&b=~",
    "/test?mail=a@b.example",
    "/test?a=1;b=2&c[]=3",
];

const HEADERS: [&[(&str, &str)]; 4] = [
    &[],
    &[("X-Team", "orders"), ("accept", "application/json")],
    &[("X-Spaced", "a   b    c"), ("x-Quoted", "\"a   b\""), ("X-Empty", "")],
    &[("X-Twice", "z"), ("x-twice", "a"), ("User-Agent", "mine"), ("x-amz-meta", "1, 2")],
];

fn credentials(token: Option<&str>) -> Credentials {
    Credentials {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
        session_token: token.map(str::to_owned),
        expires: None,
    }
}

#[test]
fn signatures_are_botocores_on_every_path() {
    let at = datetime!(2026-02-03 04:05:06 UTC);
    let (mut calls, mut ours) = (Vec::new(), Vec::new());
    let cases = PLAIN.iter().flat_map(|case| [(case, true), (case, false)]).chain(ODD.iter().map(|case| (case, false)));
    for (path_and_query, as_written) in cases {
        for region in ["us-east-1", "cn-north-1"] {
            let suffix = if region == "cn-north-1" { "amazonaws.com.cn" } else { "amazonaws.com" };
            let target = Target::parse(TargetInput {
                invoke_url: &format!("https://a1bc234d5e.execute-api.{region}.{suffix}{path_and_query}"),
                vpce_dns_name: Some(&format!("vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.{region}.vpce.{suffix}")),
                ..TargetInput::default()
            })
            .unwrap();
            for (index, headers) in HEADERS.iter().enumerate() {
                let header = |(name, value): &(&str, &str)| Header {
                    name: (*name).to_owned(),
                    value: HeaderText::Plain((*value).to_owned()),
                };
                let request = Request {
                    method: Method::parse(["GET", "HEAD", "POST", "GET"][index]).unwrap(),
                    headers: headers.iter().map(header).collect(),
                    port: [443, 8443, 443, 1][index],
                    ..Request::default()
                };
                let who = credentials([None, Some("AQoDYXdzEPT//////////wEXAMPLE==")][index % 2]);
                for path in AccessPath::FOUR {
                    let plan = plan(&target, *path, &request).unwrap().signed(target.region().unwrap());
                    let signed = sign(&plan, target.region().unwrap(), &who, at).unwrap();
                    let found = signed.iter().find(|header| header.name == "authorization").unwrap();
                    ours.push(found.value.to_send().to_owned());
                    let sent: Vec<_> =
                        plan.headers.iter().map(|header| [header.name.as_str(), header.value.to_send()]).collect();
                    calls.push(json!({
                        "method": plan.method.as_str(), "url": plan.url(), "host": plan.host.as_str(), "headers": sent,
                        "key": who.access_key_id, "secret": who.secret_access_key, "token": who.session_token,
                        "region": region, "at": at.unix_timestamp(), "as_written": as_written,
                    }));
                }
            }
        }
    }
    let theirs = botocore(&calls);
    assert_eq!(theirs.len(), ours.len());
    for ((call, ours), theirs) in calls.iter().zip(&ours).zip(&theirs) {
        assert_eq!(ours, theirs, "{call:#}");
    }
}

fn botocore(calls: &[serde_json::Value]) -> Vec<String> {
    let mut command = Command::new(PYTHON);
    command.arg(SCRIPT).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{PYTHON}: {error}"));
    let lines: Vec<String> = calls.iter().map(|call| format!("{call}\n")).collect();
    let lines = lines.concat();
    let mut stdin = child.stdin.take().unwrap();
    let writing = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout).lines().map(str::to_owned).collect()
}

/// The lab, where the method wants a signature.
fn signed() -> Side {
    Side::start(Scenario::named("signed").unwrap())
}

#[test]
fn botocore_verifies_what_the_binary_sent() {
    let side = signed();
    let (mut calls, mut sent) = (Vec::new(), Vec::new());
    for path_and_query in ["", "/orders?b=2&a=1", "//orders/./a%20b?x=%7e&y=a,b"] {
        let mut command = side.once_at(&format!("{}{path_and_query}", side.lab.invoke_url()));
        command.args(["--auth", "iam", "--header", "X-Odd: a   b", "--header", "x-odd: c"]).envs(side.lab.variables());
        command.output().unwrap();
    }
    let variables = side.lab.variables();
    let variable = |name: &str| variables.iter().find(|(known, _)| *known == name).unwrap().1.clone();
    for request in side.lab.requests() {
        let header = |name: &str| {
            let found = request.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.unwrap_or_else(|| panic!("{name}: {request:?}")).1.clone()
        };
        let names =
            header("authorization").split("SignedHeaders=").nth(1).unwrap().split(',').next().unwrap().to_owned();
        let of_signer = ["host", "x-amz-date", "x-amz-security-token"];
        let signed = request.headers.iter().filter(|(name, _)| {
            let name = name.to_ascii_lowercase();
            names.split(';').any(|signed| signed == name) && !of_signer.contains(&name.as_str())
        });
        let at = time::PrimitiveDateTime::parse(
            &header("x-amz-date"),
            time::macros::format_description!("[year][month][day]T[hour][minute][second]Z"),
        );
        calls.push(json!({
            "method": "GET", "url": format!("https://{}{}", header("host"), request.line.split(' ').nth(1).unwrap()),
            "host": header("host"), "headers": signed.collect::<Vec<_>>(), "key": variable("AWS_ACCESS_KEY_ID"),
            "secret": variable("AWS_SECRET_ACCESS_KEY"), "token": variable("AWS_SESSION_TOKEN"), "region": "us-east-1",
            "at": at.unwrap().assume_utc().unix_timestamp(), "as_written": false,
        }));
        sent.push(header("authorization"));
    }
    assert_eq!(sent.len(), 12);
    assert_eq!(botocore(&calls), sent);
}

#[test]
fn the_printed_commands_are_signed_by_curl_as_the_lab_wants_it() {
    let side = signed();
    for path_and_query in ["", "/", "?b=2&a=1&a=0", "?a=%20b", "?x=&only"] {
        let url = format!("{}{path_and_query}", side.lab.invoke_url());
        let mut command = binary();
        command.args(["curl", &url]).args(side.lab.vpce_dns_name()).args([
            "--auth",
            "iam",
            "--connect-to",
            "127.0.0.11",
        ]);
        command.args(["--port", &side.lab.port().to_string(), "--ca-file"]).arg(side.ca_file.path());
        let printed = run(&mut command).stdout;
        let lines: Vec<&str> = text(&printed).lines().filter(|line| line.starts_with("curl ")).collect();
        assert_eq!(lines.len(), 4);
        for line in lines {
            assert!(!line.contains("wJalr") && !line.contains("AQoDY"), "{line}");
            let output =
                tool("sh", "dash").args(["-c", &format!("{line} -sS")]).envs(side.lab.variables()).output().unwrap();
            let said = text(&output.stdout);
            assert!(said.starts_with("HTTP/1.1 200"), "{line}\n{said}{}", text(&output.stderr));
        }
    }
}

#[test]
fn without_a_session_token_curl_sends_no_header_of_it() {
    let side = signed();
    let line = text(&run(binary().args(["curl", side.lab.invoke_url(), "--auth", "iam"])).stdout).to_owned();
    let line = line.lines().find(|line| line.starts_with("curl ")).unwrap().to_owned();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answering = std::thread::spawn(move || {
        use std::io::Read as _;
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = vec![0; 4096];
        let length = stream.read(&mut head).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
        String::from_utf8_lossy(&head[..length]).into_owned()
    });
    let plain = line.replace("https://", "http://");
    let shell = format!("{plain} -sS --connect-to ::{address}");
    let output = tool("sh", "dash")
        .args(["-c", &shell])
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "x")
        .env_remove("AWS_SESSION_TOKEN")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let sent = answering.join().unwrap().to_ascii_lowercase();
    assert!(sent.contains("signedheaders=host;x-amz-date,") && !sent.contains("x-amz-security-token"), "{sent}");
}
