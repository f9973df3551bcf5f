//! Who scrapes? A real Prometheus, of Debian's version or of the next major one.

use crate::address::own_address;
use crate::server::Server;
use crate::tool::{run, text, tool};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddrV4, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// A major version.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Version {
    Two,
    Three,
}

impl Version {
    pub(crate) const ALL: [Self; 2] = [Self::Two, Self::Three];

    pub(crate) fn promtool(self) -> Command {
        self.program("promtool")
    }

    fn program(self, name: &str) -> Command {
        match self {
            Self::Two => tool(name, "prometheus"),
            Self::Three => {
                let path = format!("{THREE}/usr/bin/{name}");
                assert!(
                    Path::new(&path).exists(),
                    "`{path}` is missing: tests/real/unpack target/prometheus-3 forky prometheus promtool"
                );
                Command::new(path)
            }
        }
    }
}

/// A running Prometheus.
#[derive(Debug)]
pub(crate) struct Prometheus {
    version: Version,
    address: SocketAddrV4,
    _server: Server,
}

impl Prometheus {
    /// Starts with this configuration; files that it names lie in `contrib/prometheus/` or are given.
    pub(crate) fn start(version: Version, config: &str, files: &[(&str, String)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in [("prometheus.yml", &config.to_owned())]
            .into_iter()
            .chain(files.iter().map(|(name, content)| (*name, content)))
        {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        let address = SocketAddrV4::new(own_address(), 9090);
        let mut program = version.program("prometheus");
        program.args(["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--log.level=warn"]);
        program.arg(format!("--web.listen-address={address}"));
        run(version.promtool().args(["check", "config", "prometheus.yml"]).current_dir(folder.path()));
        Self { version, address, _server: Server::start(&program, None, folder, &[address]) }
    }

    /// What its API answers.
    pub(crate) fn get(&self, path: &str) -> Value {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // in the older version of HTTP nothing is chunked
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let (head, body) = text(&answer).split_once("\r\n\r\n").unwrap();
        // while it starts it says so in plain text
        serde_json::from_str(body).unwrap_or_else(|_| Value::String(head.to_owned()))
    }

    /// The samples of an instant query.
    pub(crate) fn query(&self, expression: &str) -> Vec<Value> {
        let answer = self.get(&format!("/api/v1/query?query={}", encoded(expression)));
        match answer.pointer("/data/result").and_then(Value::as_array) {
            Some(samples) => samples.clone(),
            None => panic!("{:?}: {expression}: {answer}", self.version),
        }
    }

    /// Waits until a query gives something.
    pub(crate) fn wait_for(&self, expression: &str) -> Vec<Value> {
        let until = Instant::now() + LONGEST_WAIT;
        loop {
            // it listens before it is ready
            let ready = self.get("/api/v1/query?query=1").is_object();
            let samples = if ready { self.query(expression) } else { Vec::new() };
            if !samples.is_empty() {
                return samples;
            }
            let targets = if ready { self.get("/api/v1/targets") } else { Value::Null };
            assert!(Instant::now() < until, "{:?}: nothing for {expression}; it scrapes {targets:#}", self.version);
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// A file of `contrib/prometheus/`.
pub(crate) fn contributed(name: &str) -> String {
    let path = format!("{CONTRIB}/{name}");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut all, byte| {
        let _ = write!(all, "%{byte:02X}");
        all
    })
}

pub(crate) const CONTRIB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/contrib/prometheus");
const THREE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/prometheus-3");
const LONGEST_WAIT: Duration = Duration::from_secs(60);
