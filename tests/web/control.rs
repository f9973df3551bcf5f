//! Does `reload` ask the daemon and tell its verdict?

use crate::client::{ask_unix, request};
use crate::daemon::{Daemon, Setup};
use hyper::StatusCode;
use std::os::unix::fs::PermissionsExt as _;
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
fn a_bad_configuration_is_told_with_status_two() {
    let (daemon, socket) = started();
    daemon.replace("config.toml", "\nintervall = \"1s\"\n");
    let output = reload(&socket);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("config.toml:2: `intervall`"), "{output:?}");
    assert_eq!(daemon.get("/-/ready").status, StatusCode::OK);
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
