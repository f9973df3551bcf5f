//! Requests that a browser would send for another site, and requests with an invalid `Host`, are refused.

use crate::client::{Answer, ask, ask_unix, request};
use crate::daemon::{Daemon, Setup};
use hyper::StatusCode;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// Sends these bytes and returns the status of the first response.
fn status_of(daemon: &Daemon, bytes: &str) -> u16 {
    let mut stream = TcpStream::connect(daemon.address).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    stream.write_all(bytes.as_bytes()).unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    std::str::from_utf8(&head[9..]).unwrap().parse().unwrap()
}

fn with_host(daemon: &Daemon, host: &str) -> u16 {
    status_of(daemon, &format!("GET /-/healthy HTTP/1.1\r\nHost: {host}\r\n\r\n"))
}

#[test]
fn a_listener_on_loopback_serves_localhost_and_ip_addresses_only() {
    let daemon = Setup::new().start();
    for host in ["localhost", "LocalHost:9715", "localhost.", "127.0.0.1", "127.0.0.1:9715", "10.1.2.3", "[::1]:9715"] {
        assert_eq!(with_host(&daemon, host), 200, "{host}");
    }
    for host in
        ["evil.example", "evil.example:9715", "localhost.evil.example", "evil.localhost", "127.0.0.1.nip.io", "x"]
    {
        assert_eq!(with_host(&daemon, host), 421, "{host}");
    }
    for path in ["/", "/metrics", "/api/v1/reports", "/probe?target=orders", "/-/ready", "/nowhere"] {
        let mut request = request("GET", path, &[]);
        request.headers_mut().insert("host", "evil.example".parse().unwrap());
        let answer = ask(daemon.address, request);
        assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{path}");
        assert!(answer.text().contains("allowed_hosts") && !answer.text().contains("orders"), "{}", answer.text());
    }
    let absolute = "GET http://evil.example/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(status_of(&daemon, absolute), 421);
}

#[test]
fn allowed_hosts_are_served_too() {
    let mut setup = Setup::new().key("allowed_hosts = [\"Probe.example.com.\"]");
    setup.command.env("RUNTIME_DIRECTORY", setup.folder.path());
    let daemon = setup.start();
    for (host, status) in [("probe.example.com", 200), ("PROBE.example.com:443", 200), ("evil.example", 421)] {
        assert_eq!(with_host(&daemon, host), status, "{host}");
    }
    let config = std::fs::read_to_string(daemon.folder.path().join("config.toml")).unwrap();
    daemon.replace("config.toml", &config.replace("Probe.", "other."));
    let reload = ask_unix(&daemon.folder.path().join("control.sock"), request("POST", "/-/reload", &[]));
    assert_eq!(reload.status, StatusCode::OK);
    for (host, status) in [("probe.example.com", 421), ("other.example.com", 200)] {
        assert_eq!(with_host(&daemon, host), status, "{host}");
    }
}

#[test]
fn any_host_is_served_with_a_web_configuration_on_other_addresses_and_on_unix_sockets() {
    assert_eq!(with_host(&Setup::new().web("").start(), "probe.example.com"), 200);
    let setup = Setup::new();
    let (socket, port) = (setup.path("web.sock"), setup.address.port());
    let listen = [format!("0.0.0.0:{port}"), format!("unix:{}", socket.display())];
    let daemon = setup.listen(&listen.each_ref().map(String::as_str)).start();
    assert_eq!(with_host(&daemon, "app-1.internal:9715"), 200);
    let mut request = request("GET", "/-/healthy", &[]);
    request.headers_mut().insert("host", "daemon.example".parse().unwrap());
    assert_eq!(ask_unix(&socket, request).status, StatusCode::OK);
}

#[test]
fn a_request_has_exactly_one_valid_host() {
    let daemon = Setup::new().web("").start();
    for (request, status) in [
        ("GET /-/healthy HTTP/1.1\r\n\r\n", 400),
        ("GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
        ("GET /-/healthy HTTP/1.0\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 400),
        ("GET /-/healthy HTTP/1.1\r\nHost:\r\n\r\n", 400),
        ("GET /-/healthy HTTP/1.1\r\nHost: http://localhost\r\n\r\n", 400),
        ("GET /-/healthy HTTP/1.1\r\nHost: user@localhost\r\n\r\n", 400),
        ("GET /-/healthy HTTP/1.1\r\nHost: localhost:port\r\n\r\n", 400),
        ("GET /-/healthy HTTP/1.1\r\nHost: local host\r\n\r\n", 400),
        ("GET /-/healthy HTTP/1.0\r\n\r\n", 200),
        ("GET /-/healthy HTTP/1.1\r\nhost: localhost\r\n\r\n", 200),
    ] {
        assert_eq!(status_of(&daemon, request), status, "{request}");
    }
}

#[test]
fn a_page_of_another_site_can_start_neither_a_reload_nor_a_round() {
    let daemon = Setup::new().option("--enable-lifecycle").start();
    daemon.get_until("/metrics", "apigw_probe_target_success{target=\"orders\"} 0");
    let own = format!("http://{}", daemon.address);
    let with = |method, path, headers: &[(&str, &str)]| -> Answer {
        let mut request = request(method, path, headers);
        request.headers_mut().insert("host", daemon.address.to_string().parse().unwrap());
        ask(daemon.address, request)
    };
    for (method, path) in [("POST", "/-/reload"), ("PUT", "/-/reload"), ("GET", "/probe?target=orders")] {
        for headers in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "cross-site"), ("origin", &own)],
            &[("origin", "http://evil.example")],
            &[("origin", "http://127.0.0.1:1"), ("sec-fetch-site", "same-site")],
            &[("origin", "null")],
        ] {
            assert_eq!(with(method, path, headers).status, StatusCode::FORBIDDEN, "{path} {headers:?}");
        }
        for headers in
            [&[][..], &[("sec-fetch-site", "same-origin")], &[("sec-fetch-site", "none")], &[("origin", own.as_str())]]
        {
            assert_eq!(with(method, path, headers).status, StatusCode::OK, "{path} {headers:?}");
        }
    }
    // what only reads is protected by the browser, which does not show the response to the page
    assert_eq!(with("GET", "/metrics", &[("sec-fetch-site", "cross-site")]).status, StatusCode::OK);
}

#[test]
fn a_request_body_is_not_read() {
    let daemon = Setup::new().start();
    let request = "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000000\r\n\r\nbeginning";
    assert_eq!(status_of(&daemon, request), 405);
}

#[test]
fn more_than_64_header_fields_are_refused() {
    let daemon = Setup::new().start();
    for (count, status) in [(63, 200), (64, 431)] {
        let request = format!("GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X-Field: x\r\n".repeat(count));
        assert_eq!(status_of(&daemon, &request), status, "{count}");
    }
}
