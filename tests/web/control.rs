//! Does `reload` ask the daemon and tell its verdict?

use crate::client::{ask_unix, request};
use crate::daemon::{Daemon, Setup};
use hyper::StatusCode;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::{Command, Output};

fn started() -> (Daemon, PathBuf) {
    let mut setup = Setup::new();
    let folder = setup.folder.path().to_owned();
    setup.command.env("RUNTIME_DIRECTORY", &folder);
    (setup.start(), folder.join("control.sock"))
}

fn reload(socket: &std::path::Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_apigw-probe"));
    command.env_clear().args(["reload", "--control"]).arg(socket).output().unwrap()
}

#[test]
fn a_good_configuration_comes_into_force() {
    let (daemon, socket) = started();
    let output = reload(&socket);
    assert_eq!(output.status.code(), Some(0), "{output:?} {}", daemon.log());
}

#[test]
fn the_service_that_it_is_part_of_is_asked() {
    let (daemon, socket) = started();
    daemon.replace("config.toml", "\nintervall = \"1s\"\n");
    let mut command = Command::new(env!("CARGO_BIN_EXE_apigw-probe"));
    // as systemd runs `ExecReload=`, whatever the unit is called
    let folders = format!("{}:/run/another", socket.parent().unwrap().display());
    let output = command.env_clear().env("RUNTIME_DIRECTORY", folders).arg("reload").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("config.toml:2: `intervall`"), "{output:?}");
}

#[test]
fn a_bad_configuration_is_told_with_status_two() {
    let (daemon, socket) = started();
    daemon.replace("config.toml", "\nintervall = \"1s\"\n");
    let output = reload(&socket);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("config.toml:2: `intervall`"), "{output:?}");
    assert_eq!(daemon.get("/-/ready").status, StatusCode::OK);
}

/// Whoever takes one connection and answers it so, instead of the daemon.
fn somebody_who_says(answer: Vec<u8>) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("control.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        // the client may have heard enough
        let _ = stream.write_all(&answer);
    });
    (folder, socket)
}

#[test]
fn an_answer_without_words_is_told_by_its_status() {
    let (_folder, socket) = somebody_who_says(b"HTTP/1.1 502 x\r\nContent-Length: 0\r\n\r\n".to_vec());
    let output = reload(&socket);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("502") && said.contains("control.sock"), "{said}");
}

#[test]
fn an_answer_without_end_is_not_read_to_it() {
    let mut answer = b"HTTP/1.1 500 x\r\nContent-Length: 100000000\r\n\r\n".to_vec();
    answer.resize(1 << 20, b'x');
    let (_folder, socket) = somebody_who_says(answer);
    let output = reload(&socket);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stderr.len() < 1000, "{}", output.stderr.len());
}

#[test]
fn nobody_is_told_with_status_two() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("control.sock");
    let output = reload(&socket);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains(&socket.display().to_string()));
}

#[test]
fn the_control_socket_is_private_and_has_nothing_else() {
    let (_daemon, socket) = started();
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    for (method, path, status) in [
        ("GET", "/-/healthy", StatusCode::OK),
        ("GET", "/-/reload", StatusCode::METHOD_NOT_ALLOWED),
        ("GET", "/metrics", StatusCode::NOT_FOUND),
        ("GET", "/probe?target=orders", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(ask_unix(&socket, request(method, path, &[])).status, status, "{path}");
    }
}
