//! Does the daemon probe, tell monitoring, tell systemd, and end when it is told to?

use crate::side::{Side, binary};
use crate::start;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A daemon with one target, and the socket on which it would tell systemd.
struct Daemon {
    child: Child,
    listen: SocketAddr,
    notices: UnixDatagram,
    folder: tempfile::TempDir,
}

impl Daemon {
    fn start(side: &Side) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let config = folder.path().join("config.toml");
        let (url, vpce) = (side.lab.invoke_url(), side.lab.vpce_dns_name().unwrap());
        let text = format!(
            "interval = \"1s\"\ntimeout = \"8s\"\nlisten = [\"{listen}\"]\ndns_servers = [\"{}\"]\nca_file = \"{}\"\n\
             [[target]]\nname = \"orders\"\ninvoke_url = \"{url}\"\nvpce_dns_name = \"{vpce}\"\nauth = \"{}\"\nport = {}\n",
            side.lab.dns_server(),
            side.ca_file.path().display(),
            side.lab.auth().mode(),
            side.lab.port()
        );
        std::fs::write(&config, text).unwrap();
        let socket = folder.path().join("notify");
        let notices = UnixDatagram::bind(&socket).unwrap();
        notices.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let child = binary()
            .args(["serve", "--config"])
            .arg(&config)
            .env("NOTIFY_SOCKET", &socket)
            .envs(side.lab.variables())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        Self { child, listen, notices, folder }
    }

    /// The next notice that holds the words.
    fn notice(&self, words: &str) -> String {
        let mut buffer = [0; 4096];
        loop {
            let length = self.notices.recv(&mut buffer).unwrap_or_else(|error| panic!("no {words}: {error}"));
            let text = String::from_utf8(buffer[..length].to_vec()).unwrap();
            if text.contains(words) {
                return text;
            }
        }
    }

    fn get(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.listen).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        write!(stream, "{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The metrics once the first round is told.
    fn metrics(&self) -> String {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let answer = self.get("GET /metrics");
            if answer.contains("apigw_probe_target_success{") {
                return answer;
            }
            assert!(Instant::now() < until, "{answer}");
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_target_whose_calls_are_signed_is_told_by_path() {
    let metrics = |side: &Side| {
        let daemon = Daemon::start(side);
        daemon.notice("READY=1");
        daemon.metrics()
    };
    let (one, two) = (start("signed"), start("signed-and-unsigned"));
    let metrics_of_one = metrics(&one);
    let metrics = metrics(&two);
    let sample = "apigw_probe_path_success{target=\"orders\",path=\"private-dns\"} 1";
    assert!(metrics_of_one.contains(sample), "{metrics_of_one}");
    let value = |metrics: &str, family: &str| {
        let sample = format!("apigw_probe_{family}{{target=\"orders\",path=\"private-dns\"}} ");
        metrics.lines().find_map(|line| line.strip_prefix(&sample)?.parse::<u64>().ok()).unwrap()
    };
    for (metrics, calls) in [(&metrics_of_one, 1), (&metrics, 2)] {
        assert_eq!(
            value(metrics, "requests_sent_total"),
            calls * value(metrics, "probes_total"),
            "each call is counted"
        );
    }
    // the unsigned calls are there to be compared with
    assert!(
        metrics.contains(sample) && metrics.contains("apigw_probe_target_success{target=\"orders\"} 1"),
        "{metrics}"
    );
}

#[test]
fn a_healthy_target_is_ready_scraped_and_ended() {
    let side = start("healthy");
    let mut daemon = Daemon::start(&side);
    let ready = daemon.notice("READY=1");
    assert!(ready.contains("STATUS="), "{ready}");
    let metrics = daemon.metrics();
    assert!(metrics.starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(metrics.to_lowercase().contains("content-type: text/plain; version=0.0.4; charset=utf-8"));
    for sample in [
        "apigw_probe_target_success{target=\"orders\"} 1",
        "apigw_probe_path_success{target=\"orders\",path=\"vpce-host-header\"} 1",
        "apigw_probe_path_resolves{target=\"orders\",path=\"private-dns\"} 1",
        "apigw_probe_path_http_status{target=\"orders\",path=\"private-dns\"} 200",
        "apigw_probe_path_phase_duration_seconds{target=\"orders\",path=\"private-dns\",phase=\"tls\"}",
    ] {
        assert!(metrics.contains(sample), "{sample} in\n{metrics}");
    }
    assert!(daemon.get("GET /-/healthy").starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(daemon.get("GET /probe?target=http://127.0.0.1/").starts_with("HTTP/1.1 404 "));
    assert!(daemon.get("POST /metrics").starts_with("HTTP/1.1 405 "));
    let status = daemon.notice("all pass");
    assert!(status.contains("STATUS="), "{status}");

    let ended = Command::new("kill").args(["-TERM", &daemon.child.id().to_string()]).status().unwrap();
    assert!(ended.success());
    daemon.notice("STOPPING=1");
    assert_eq!(daemon.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_failing_target_is_told_and_does_not_end_the_daemon() {
    let side = start("private-dns-off");
    let daemon = Daemon::start(&side);
    let status = daemon.notice("3/4 paths ok");
    assert!(status.contains("orders: ") && status.contains("private-dns: "), "{status}");
    assert!(!status.trim_end().contains('\n'), "one line a pager could carry");
    let metrics = daemon.metrics();
    assert!(metrics.contains("apigw_probe_target_success{target=\"orders\"} 0"));
    assert!(metrics.contains("apigw_probe_path_resolves{target=\"orders\",path=\"private-dns\"} 0"));
    assert!(!metrics.contains("path=\"private-dns\",phase=\"tls\""), "a phase that was not reached is absent");
}

#[test]
fn a_hangup_does_not_end_the_daemon() {
    let side = start("healthy");
    let daemon = Daemon::start(&side);
    daemon.notice("READY=1");
    let sent = Command::new("kill").args(["-HUP", &daemon.child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert!(daemon.get("GET /-/healthy").starts_with("HTTP/1.1 200 OK\r\n"));
}

#[test]
fn an_address_in_use_is_told_with_status_two() {
    let side = start("healthy");
    let daemon = Daemon::start(&side);
    daemon.notice("READY=1");
    let config = daemon.folder.path().join("config.toml");
    let second = binary().args(["serve", "--config"]).arg(config).output().unwrap();
    assert_eq!(second.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&second.stderr).contains(&daemon.listen.to_string()));
}
