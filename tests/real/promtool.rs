//! Does Prometheus's own checker accept the metrics? Of `once` in every scenario, and of the daemon.

use crate::server::own_address;
use crate::side::Side;
use crate::side::binary;
use crate::status::{full, process};
use crate::tool::{text, tool};
use apigw_probe::lab::Scenario;
use apigw_probe::render::metrics::{Exposition, Format};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Stdio};
use std::time::Duration;

/// Neither a syntax error nor a word of lint.
fn check(metrics: &str, of: &str) {
    assert!(metrics.contains("\napigw_probe_"), "{of}: {metrics}");
    let mut command = tool("promtool", "prometheus");
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(metrics.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert!(output.status.success() && said.is_empty(), "{of}: {said}\n{metrics}");
}

#[test]
fn the_gauges_of_all_scenarios_are_accepted() {
    let probe = |scenario: &'static Scenario| {
        let output = Side::start(scenario).once().args(["--format", "prometheus"]).output().unwrap();
        check(text(&output.stdout), scenario.name);
    };
    std::thread::scope(|scope| Scenario::all().for_each(|scenario| drop(scope.spawn(move || probe(scenario)))));
}

#[test]
fn the_metrics_of_the_daemon_are_accepted() {
    let side = Side::start(Scenario::healthy());
    let daemon = Daemon::start(&side);
    daemon.wait_for("READY=1");
    daemon.wait_for("STATUS=1 of 1");
    let answer = daemon.get("/metrics");
    let (head, metrics) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    check(metrics, "the daemon");
}

#[test]
fn every_family_is_accepted() {
    let text: String = Exposition::of_daemon(full(), process(), Format::Text).collect();
    check(&text, "every family");
}

/// The daemon, as its service manager sees it.
struct Daemon {
    child: Child,
    address: SocketAddr,
    notes: UnixDatagram,
    _folder: tempfile::TempDir,
}

impl Daemon {
    fn start(side: &Side) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = SocketAddr::from((own_address(), 9715));
        let (file, socket) = (folder.path().join("config.toml"), folder.path().join("notify"));
        let (url, name) = (side.lab.invoke_url(), side.lab.vpce_dns_name().unwrap());
        let (dns, port, ca) = (side.lab.dns_server(), side.lab.port(), side.ca_file.path().display());
        let text = format!(
            "listen = ['{address}']\ndns_servers = ['{dns}']\nca_file = '{ca}'\n\n\
             [[target]]\ninvoke_url = '{url}'\nvpce_dns_name = '{name}'\nport = {port}\n"
        );
        std::fs::write(&file, text).unwrap();
        let notes = UnixDatagram::bind(&socket).unwrap();
        notes.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let child = binary().args(["serve", "--config"]).arg(&file).env("NOTIFY_SOCKET", &socket).spawn().unwrap();
        Self { child, address, notes, _folder: folder }
    }

    /// Waits until it notifies of a state.
    fn wait_for(&self, state: &str) {
        let mut note = [0; 4096];
        loop {
            let length = self.notes.recv(&mut note).unwrap_or_else(|error| panic!("{state}: {error}"));
            if text(&note[..length]).lines().any(|line| line.starts_with(state)) {
                return;
            }
        }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
