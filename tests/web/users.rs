//! Do users get in with their passwords, strangers not, and does a change of the file count at once?

use crate::client::{Answer, ask, ask_unix, request};
use crate::daemon::{Daemon, Setup, wait_for};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;

fn users(entries: &[(&str, &str)]) -> String {
    entries.iter().fold("basic_auth_users:\n".to_owned(), |text, (name, password)| text + &user(name, password, 4))
}

fn user(name: &str, password: &str, cost: u32) -> String {
    let hash = bcrypt::hash_with_result(password, cost).unwrap();
    format!("  {name}: {}\n", hash.format_for_version(bcrypt::Version::TwoY))
}

/// A user whose password is not known to any test, and takes this daemon many seconds to check.
fn slow_user() -> String {
    format!("  slow: {}\n", "$2y$16$kYXIsN5vQ0IT2pfOaWNSGedTMsxA7L69032LZ7vawqmgYem42xr8C")
}

/// A request under way with name and password.
fn begin_as(daemon: &Daemon, name: &str, password: &str) -> TcpStream {
    let mut stream = TcpStream::connect(daemon.address).unwrap();
    let value = STANDARD.encode(format!("{name}:{password}"));
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {value}\r\n\r\n").unwrap();
    stream.set_nonblocking(true).unwrap();
    stream
}

/// Whether the request is still waiting for its response.
fn is_waiting(stream: &mut TcpStream) -> bool {
    stream.read(&mut [0; 16]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

fn ask_as(daemon: &Daemon, name: &str, password: &str) -> Answer {
    let value = format!("Basic {}", STANDARD.encode(format!("{name}:{password}")));
    ask(daemon.address, request("GET", "/metrics", &[("authorization", &value)]))
}

#[test]
fn users_get_in_and_strangers_do_not() {
    let daemon = Setup::new().web(&users(&[("alice", "correct:horse"), ("bob", "battery")])).start();
    for _ in 0..3 {
        assert_eq!(ask_as(&daemon, "alice", "correct:horse").status, StatusCode::OK);
        assert_eq!(ask_as(&daemon, "bob", "battery").status, StatusCode::OK);
        assert_eq!(ask_as(&daemon, "bob", "correct:horse").status, StatusCode::UNAUTHORIZED);
        assert_eq!(ask_as(&daemon, "carol", "battery").status, StatusCode::UNAUTHORIZED);
        assert_eq!(ask_as(&daemon, "bob", "").status, StatusCode::UNAUTHORIZED);
    }
    for path in ["/", "/metrics", "/-/healthy", "/probe?target=orders", "/nowhere"] {
        let answer = daemon.get(path);
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        assert!(answer.header("www-authenticate").starts_with("Basic "));
    }
    for value in ["Basic", "Basic !!!", "Bearer abc", "Basic YWxpY2U="] {
        assert_eq!(
            ask(daemon.address, request("GET", "/", &[("authorization", value)])).status,
            StatusCode::UNAUTHORIZED
        );
    }
}

#[test]
fn a_new_version_of_the_file_counts_at_once_and_a_bad_one_does_not() {
    let daemon = Setup::new().web(&users(&[("alice", "one")])).start();
    assert_eq!(ask_as(&daemon, "alice", "one").status, StatusCode::OK);
    daemon.replace("web.yml", &users(&[("alice", "two")]));
    assert_eq!(ask_as(&daemon, "alice", "one").status, StatusCode::UNAUTHORIZED);
    assert_eq!(ask_as(&daemon, "alice", "two").status, StatusCode::OK);
    daemon.replace("web.yml", "basic_auth_users:\n  alice: plain-secret\n");
    for _ in 0..3 {
        assert_eq!(ask_as(&daemon, "alice", "two").status, StatusCode::OK);
    }
    let log = daemon.log();
    assert_eq!(log.matches("web.yml:2: ").count(), 1, "{log}");
    assert!(!log.contains("plain-secret") && !log.contains("$2y$0"), "{log}");
}

#[test]
fn an_emptied_file_opens_no_door_before_a_reload() {
    let daemon = Setup::new().web(&users(&[("alice", "one")])).start();
    daemon.replace("web.yml", "");
    assert_eq!(daemon.get("/-/ready").status, StatusCode::UNAUTHORIZED);
    assert_eq!(ask_as(&daemon, "alice", "one").status, StatusCode::OK);
    daemon.service.signal("HUP");
    wait_for(|| Some(daemon.get("/-/ready")).filter(|answer| answer.status == StatusCode::OK));
}

#[test]
fn strangers_who_try_passwords_delay_no_user() {
    let daemon = Setup::new().web(&(users(&[("alice", "one")]) + &slow_user())).start();
    // each of them costs as much as the slowest user
    let mut strangers: Vec<TcpStream> = (0..40).map(|n| begin_as(&daemon, &format!("stranger-{n}"), "x")).collect();
    assert_eq!(ask_as(&daemon, "alice", "one").status, StatusCode::OK);
    assert!(strangers.iter_mut().all(is_waiting), "they were answered first");
}

#[test]
fn wrong_passwords_of_one_user_keep_no_other_out() {
    let daemon = Setup::new().web(&users(&[("alice", "one"), ("bob", "two")])).start();
    let _wrong: Vec<TcpStream> = (0..40).map(|n| begin_as(&daemon, "alice", &n.to_string())).collect();
    assert_eq!(ask_as(&daemon, "bob", "two").status, StatusCode::OK);
}

#[test]
fn a_verified_password_is_remembered_when_the_file_or_the_configuration_is_read_again() {
    let mut setup = Setup::new();
    setup.command.env("RUNTIME_DIRECTORY", setup.folder.path());
    let alice = users(&[("alice", "one")]);
    let yaml = alice.clone() + &user("bob", "two", 4) + &slow_user();
    let daemon = setup.web(&yaml).start();
    assert_eq!(ask_as(&daemon, "alice", "one").status, StatusCode::OK);
    assert_eq!(ask_as(&daemon, "bob", "two").status, StatusCode::OK);
    // from now on no password of a user can be checked before this one
    let mut slow = begin_as(&daemon, "slow", "x");
    daemon.replace("web.yml", &format!("{yaml}# a comment\n"));
    assert_eq!(ask_as(&daemon, "alice", "one").status, StatusCode::OK);
    let control = daemon.folder.path().join("control.sock");
    assert_eq!(ask_unix(&control, request("POST", "/-/reload", &[])).status, StatusCode::OK);
    assert_eq!(ask_as(&daemon, "alice", "one").status, StatusCode::OK);
    // another hash of the same password is another password
    daemon.replace("web.yml", &(alice + &user("bob", "two", 5) + &slow_user()));
    let mut bob = begin_as(&daemon, "bob", "two");
    assert_eq!(ask_as(&daemon, "alice", "one").status, StatusCode::OK);
    assert!(is_waiting(&mut slow) && is_waiting(&mut bob));
}

#[test]
fn headers_of_the_file_are_in_every_answer() {
    let yaml = "http_server_config:\n  http2: true\n  headers:\n    Strict-Transport-Security: max-age=63072000\n    \
                X-Frame-Options: deny\n    Content-Security-Policy: \"\"\n";
    let daemon = Setup::new().web(yaml).start();
    let answer = daemon.get("/metrics");
    assert_eq!(answer.header("strict-transport-security"), "max-age=63072000");
    assert_eq!(answer.header("x-frame-options"), "deny");
    assert!(answer.headers.get("content-security-policy").is_none());
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

#[test]
fn too_many_requests_are_told_so() {
    let daemon = Setup::new().web("rate_limit:\n  interval: 1h\n  burst: 3\n").start();
    let statuses: Vec<u16> = (0..5).map(|_| daemon.get("/-/healthy").status.as_u16()).collect();
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
}

#[test]
fn a_bad_file_is_told_by_line_and_without_secrets() {
    for (yaml, line, word) in [
        ("basic_auth_user:\n  a: b\n", 2, "basic_auth_users"),
        ("tls_server_config:\n  certfile: a\n", 2, "cert_file"),
        ("basic_auth_users:\n  alice: hunter2-secret\n", 2, "bcrypt"),
        ("basic_auth_users:\n  alice: $2y$31$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi\n", 2, "cost"),
        ("basic_auth_users:\n  17: $2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi\n", 2, "quotes"),
        ("http_server_config:\n  headers:\n    X-Other: 1\n", 3, "X-Frame-Options"),
        ("http_server_config:\n  headers:\n    X-Frame-Options: never\n", 3, "sameorigin"),
        ("http_server_config:\n  http2: perhaps\n", 2, "http2"),
        ("rate_limit:\n  interval: often\n  burst: 1\n", 2, "interval"),
        ("rate_limit:\n  interval: 1s\n", 2, "burst"),
        ("rate_limit:\n  interval: 1s\n  burst: 0\n", 3, "burst"),
        ("a: [\n", 2, "YAML"),
        ("a: 1\na: 2\n", 2, "YAML"),
        ("- a\n", 1, "mapping"),
    ] {
        let said = Setup::new().web(yaml).fail();
        assert!(said.contains(&format!("web.yml:{line}: ")) && said.contains(word), "{yaml}: {said}");
        assert!(!said.contains("hunter2-secret"), "{said}");
    }
}

#[test]
fn a_file_that_demands_nothing_is_good() {
    for yaml in [
        "",
        "# nothing\n",
        "{}\n",
        "tls_server_config:\nbasic_auth_users:\n",
        "rate_limit:\n  interval: 0\n  burst: 5\n",
    ] {
        let daemon = Setup::new().web(yaml).start();
        assert_eq!(daemon.get("/-/healthy").status, StatusCode::OK, "{yaml}");
    }
}
