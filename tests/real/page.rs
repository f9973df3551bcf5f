//! What does a real browser make of the status page? Chromium looks at it in light and dark, from a phone to a wall, with and without JavaScript.
//!
//! The pictures of the last run lie in `target/page`.

use crate::daemon::Daemon;
use crate::side::Side;
use crate::tool::{text, tool};
use crate::{report, statuses};
use apigw_probe::lab::Scenario;
use apigw_probe::render::html::{View, headers, page};
use apigw_probe::report::Report;
use apigw_probe::status::Status;
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/page.js");
const MODULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/browser/node_modules");
const PICTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/page");

#[test]
fn the_page_is_readable_for_everybody() {
    let exhibits = [
        ("healthy", statuses::healthy()),
        ("broken", statuses::broken()),
        ("few", statuses::few()),
        ("every-state", statuses::every_state()),
        ("fifty", statuses::many(50)),
        ("none", statuses::status(Vec::new())),
    ];
    let looks = look_at(&exhibits);
    assert_eq!(looks.len(), exhibits.len() * LOOKS, "{looks:#?}");
    looks.iter().for_each(is_sound);
    for of_one in looks.chunks(LOOKS) {
        assert_eq!(of_one[DESK]["text"], of_one[LOOKS - 1]["text"], "the same words without JavaScript");
    }
}

#[test]
fn the_daemon_serves_the_page() {
    let side = Side::start(Scenario::named("private-dns-off").unwrap());
    let daemon = Daemon::start(&side);
    daemon.wait_for("READY=1");
    let until = Instant::now() + LONGEST_ROUND;
    while !daemon.get("/").contains("private-dns-disabled") {
        assert!(Instant::now() < until, "{}", daemon.get("/"));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(daemon.get("/?refresh=30").contains("refresh: 30\r\n"));
    let looks = look(daemon.address, ["", "?target=a1bc234d5e-test"].into_iter());
    assert_eq!(looks.len(), 2 * LOOKS);
    looks.iter().for_each(is_sound);
}

#[test]
fn hostile_text_does_no_harm_in_a_browser() {
    let looks = look_at(&[("hostile", hostile(HOSTILE)), ("long", hostile(&"W".repeat(5000)))]);
    assert_eq!(looks.len(), 2 * LOOKS);
    for look in &looks {
        is_sound(look);
        let shown = look["text"].as_str().unwrap();
        assert!(!shown.contains('\u{202e}') && !shown.contains('\u{1b}'), "{look:#}");
    }
    assert!(looks[0]["text"].as_str().unwrap().contains("<script>"), "it is shown, not obeyed");
}

/// Nothing to complain of: no rule of accessibility broken, no scrolling sideways, no script, no word on the console, nothing loaded.
fn is_sound(look: &Value) {
    assert_eq!(look["violations"], Value::Array(Vec::new()), "{look:#}");
    assert_eq!((&look["overflow"], &look["styled"]), (&Value::from(0), &Value::Bool(true)), "{look:#}");
    assert_eq!(look["said"], Value::Array(Vec::new()), "{look:#}");
    assert_eq!((&look["ran"], &look["scripts"]), (&Value::Bool(false), &Value::from(0)), "{look:#}");
    let asked = look["asked"].as_array().unwrap().iter().filter(|url| !url.as_str().unwrap().starts_with("data:"));
    assert_eq!(asked.count(), 1, "{look:#}");
}

/// Everything that the network or the user fills is this text.
fn hostile(text: &str) -> Status {
    let evil = |report: Report| crate::hostile::filled(report, text);
    let reports: Vec<_> = report::all().into_iter().map(|(_, report)| evil(report)).collect();
    let mut status = statuses::status(vec![
        statuses::target(text, &[evil(report::all_broken())]),
        statuses::target(&format!("2{text}"), &reports),
    ]);
    status.reload.refused = Some(text.to_owned());
    status
}

/// Serves the pages as the daemon does, and lets the browser look at them.
fn look_at(exhibits: &[(&str, Status)]) -> Vec<Value> {
    assert!(
        Path::new(MODULES).exists(),
        "`{MODULES}` is missing: mkdir -p target/browser; cp tests/real/package*.json target/browser; npm ci --prefix target/browser"
    );
    let _ = tool("chromium", "chromium");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answers: Vec<_> = exhibits.iter().map(|(name, status)| (format!("/{name}"), answer(status))).collect();
    std::thread::spawn(move || listener.incoming().for_each(|stream| serve(&stream.unwrap(), &answers)));
    look(address, exhibits.iter().map(|(name, _)| *name))
}

fn look<'a>(address: SocketAddr, names: impl Iterator<Item = &'a str>) -> Vec<Value> {
    std::fs::create_dir_all(PICTURES).unwrap();
    let mut command = tool("node", "nodejs");
    command
        .env("NODE_PATH", MODULES)
        .arg(SCRIPT)
        .arg(PICTURES)
        .args(names.map(|name| format!("http://{address}/{name}")));
    let output = crate::tool::run(&mut command);
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn answer(status: &Status) -> String {
    let view = View::default();
    let body = page(status, &view, statuses::now()).unwrap().to_string();
    let head: Vec<_> = headers(&view).map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = head.concat();
    format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n{head}\r\n{body}", body.len())
}

fn serve(mut stream: &TcpStream, answers: &[(String, String)]) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    // the browser opens connections ahead of need, and closes them
    let Some(first) = lines.next() else { return };
    let asked = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let _ = lines.find(String::is_empty);
    let none = "HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_owned();
    let answer = answers.iter().find(|(path, _)| *path == asked).map_or(&none, |(_, answer)| answer);
    let _ = stream.write_all(answer.as_bytes());
}

/// Looks at each page: those that the script lists, and one without JavaScript.
const LOOKS: usize = 7;
/// The look that is as wide as the one without JavaScript.
const DESK: usize = 2;
const LONGEST_ROUND: Duration = Duration::from_secs(20);
const HOSTILE: &str = "</style></title><script>window.ran=1</script><img src=x onerror=window.ran=1>\u{202e}\u{1b}[31m\" onload='window.ran=1' {{7*7}} javascript:window.ran=1";
