//! Does the daemon listen where it is told to: on addresses, on unix sockets, on what systemd hands over?

use crate::client::{self, ask_unix, request};
use crate::daemon::{Setup, free_address, wait_for};
use hyper::StatusCode;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::sync::mpsc;

#[test]
fn several_places_are_listened_on() {
    let setup = Setup::new();
    let (first, second, socket) = (setup.address, free_address(), setup.path("web.sock"));
    let entries = [first.to_string(), second.to_string(), format!("unix:{}", socket.display())];
    let mut daemon = setup.listen(&entries.each_ref().map(String::as_str)).start();
    assert_eq!(client::get(first, "/-/healthy").status, StatusCode::OK);
    assert_eq!(client::get(second, "/-/healthy").status, StatusCode::OK);
    assert_eq!(ask_unix(&socket, request("GET", "/metrics", &[])).status, StatusCode::OK);
    let about = std::fs::metadata(&socket).unwrap();
    assert_eq!((about.file_type().is_socket(), about.permissions().mode() & 0o777), (true, 0o660));
    daemon.terminate();
    assert_eq!(daemon.service.child.wait().unwrap().code(), Some(0));
    assert!(!socket.exists(), "a socket goes with its daemon");
}

#[test]
fn the_socket_of_a_dead_process_is_replaced() {
    let setup = Setup::new();
    let socket = setup.path("web.sock");
    drop(UnixListener::bind(&socket).unwrap());
    assert!(socket.exists());
    let _daemon = setup.listen(&[&format!("unix:{}", socket.display())]).start();
    assert_eq!(ask_unix(&socket, request("GET", "/-/ready", &[])).status, StatusCode::OK);
}

#[test]
fn the_socket_of_a_living_process_is_an_error() {
    let setup = Setup::new();
    let socket = setup.path("web.sock");
    let _other = UnixListener::bind(&socket).unwrap();
    let said = setup.listen(&[&format!("unix:{}", socket.display())]).fail();
    assert!(said.contains(&socket.display().to_string()), "{said}");
}

#[test]
fn a_file_that_is_no_socket_stays() {
    let setup = Setup::new();
    let file = setup.path("web.sock");
    std::fs::write(&file, "precious").unwrap();
    let entry = format!("unix:{}", file.display());
    let Setup { folder, .. } = &setup;
    let kept = folder.path().to_owned();
    let said = setup.listen(&[&entry]).fail();
    assert!(said.contains("web.sock"), "{said}");
    drop(kept);
}

#[test]
fn an_address_in_use_is_named() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let said = Setup::new().listen(&[&address]).fail();
    assert!(said.contains("config.toml:5: listen: ") && said.contains(&address), "{said}");
}

#[test]
fn a_port_goes_over_to_another_address_and_back_without_a_gap() {
    let mut setup = Setup::new();
    setup.command.env("RUNTIME_DIRECTORY", setup.folder.path());
    let daemon = setup.start();
    let control = daemon.folder.path().join("control.sock");
    let (narrow, port) = (daemon.address, daemon.address.port());
    let elsewhere = SocketAddr::from(([127, 0, 0, 2], port));
    let config = std::fs::read_to_string(daemon.folder.path().join("config.toml")).unwrap();
    let (stop, stopped) = mpsc::channel::<()>();
    let clients = std::thread::spawn(move || {
        let mut answers = 0;
        while stopped.try_recv() == Err(mpsc::TryRecvError::Empty) {
            assert_eq!(client::get(narrow, "/-/healthy").status, StatusCode::OK);
            answers += 1;
        }
        answers
    });
    for _ in 0..5 {
        daemon.replace("config.toml", &config.replace(&narrow.to_string(), &format!("0.0.0.0:{port}")));
        let answer = ask_unix(&control, request("POST", "/-/reload", &[]));
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        assert_eq!(client::get(elsewhere, "/-/healthy").status, StatusCode::OK);
        assert_eq!(TcpListener::bind(narrow).unwrap_err().kind(), ErrorKind::AddrInUse, "it is taken for others");
        daemon.replace("config.toml", &config);
        let answer = ask_unix(&control, request("POST", "/-/reload", &[]));
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        wait_for(|| TcpStream::connect(elsewhere).is_err().then_some(()));
    }
    drop(stop);
    assert!(clients.join().unwrap() > 0);
}

#[test]
fn a_port_that_somebody_else_has_stays_theirs() {
    let mut setup = Setup::new();
    setup.command.env("RUNTIME_DIRECTORY", setup.folder.path());
    let daemon = setup.start();
    let other = TcpListener::bind(("127.0.0.2", daemon.address.port())).unwrap();
    let config = std::fs::read_to_string(daemon.folder.path().join("config.toml")).unwrap();
    let wide = format!("0.0.0.0:{}", daemon.address.port());
    daemon.replace("config.toml", &config.replace(&daemon.address.to_string(), &wide));
    let answer = ask_unix(&daemon.folder.path().join("control.sock"), request("POST", "/-/reload", &[]));
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.text().contains("config.toml:5: listen: ") && answer.text().contains(&wide), "{}", answer.text());
    assert_eq!(daemon.get("/-/healthy").status, StatusCode::OK);
    drop(other);
}

#[test]
fn sockets_of_systemd_replace_the_list() {
    let mut setup = Setup::new();
    let (listed, handed) = (setup.address, TcpListener::bind("127.0.0.1:0").unwrap());
    let address = handed.local_addr().unwrap();
    hand_over(&mut setup, handed.into());
    let daemon = setup.start();
    assert_eq!(client::get(address, "/-/healthy").status, StatusCode::OK);
    assert!(TcpStream::connect(listed).is_err(), "{}", daemon.log());
}

#[test]
fn sockets_of_systemd_join_a_list_that_names_them() {
    let mut setup = Setup::new();
    let listed = setup.address;
    let socket = setup.path("handed.sock");
    hand_over(&mut setup, UnixListener::bind(&socket).unwrap().into());
    let _daemon = setup.listen(&["systemd", &listed.to_string()]).start();
    assert_eq!(client::get(listed, "/-/healthy").status, StatusCode::OK);
    assert_eq!(ask_unix(&socket, request("GET", "/-/healthy", &[])).status, StatusCode::OK);
    assert!(socket.exists());
}

#[test]
fn sockets_that_do_not_say_for_whom_they_are_stay_where_they_are() {
    let mut setup = Setup::new();
    let (listed, inherited) = (setup.address, TcpListener::bind("127.0.0.1:0").unwrap());
    let address = inherited.local_addr().unwrap();
    let another = inherited.try_clone().unwrap();
    setup.command.stdin(OwnedFd::from(inherited)).env("LISTEN_FDS", "1").env("LISTEN_FDS_FIRST_FD", "0");
    let _daemon = setup.start();
    assert_eq!(client::get(listed, "/-/healthy").status, StatusCode::OK);
    // who connects is ours to accept, since nobody else does
    let _client = TcpStream::connect(address).unwrap();
    another.accept().unwrap();
}

#[test]
fn a_list_that_names_systemd_needs_a_socket_of_it() {
    let said = Setup::new().listen(&["systemd"]).fail();
    assert!(said.contains("LISTEN_FDS"), "{said}");
}

/// Hands a socket over as descriptor 0; systemd begins at 3, which takes unsafe code here.
fn hand_over(setup: &mut Setup, socket: OwnedFd) {
    let mut command = Command::new("sh");
    // whom they are for is known only when it runs
    command.args(["-c", "LISTEN_PID=$$ exec \"$0\" \"$@\""]).arg(setup.command.get_program());
    for (name, value) in setup.command.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.stdin(socket).env("LISTEN_FDS", "1").env("LISTEN_FDS_FIRST_FD", "0");
    setup.command = command;
}

#[test]
fn nothing_is_listened_on_once_the_daemon_ends() {
    let daemon = Setup::new().start();
    daemon.terminate();
    wait_for(|| TcpStream::connect(daemon.address).is_err().then_some(()));
}
