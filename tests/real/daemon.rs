//! The daemon, as its service manager sees it.

use crate::address::own_address;
use crate::service::Service;
use crate::side::{Side, binary};
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A running daemon.
pub(crate) struct Daemon {
    service: Service,
    pub(crate) address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Daemon {
    /// Starts with one target, the one that the side has.
    pub(crate) fn start(side: &Side) -> Self {
        Self::with_targets(side, &[""])
    }

    /// Starts with as many targets, each the one that the side has with these lines of configuration of its own.
    pub(crate) fn with_targets(side: &Side, targets: &[&str]) -> Self {
        Self::launch(side, binary(), "", targets)
    }

    /// Starts it by a command that takes its arguments and becomes it, with these lines in the configuration of the daemon.
    pub(crate) fn launch(side: &Side, mut command: Command, keys: &str, targets: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = SocketAddr::from((own_address(), 9715));
        let file = folder.path().join("config.toml");
        let (url, name) = (side.lab.invoke_url(), side.lab.vpce_dns_name().unwrap());
        let (dns, port, ca) = (side.lab.dns_server(), side.lab.port(), side.ca_file.path().display());
        let mut config = format!(
            "interval = '1s'\ntimeout = '8s'\nlisten = ['{address}']\ndns_servers = ['{dns}']\nca_file = '{ca}'\n{keys}\n"
        );
        for lines in targets {
            let _ = write!(
                config,
                "\n[[target]]\ninvoke_url = '{url}'\nvpce_dns_name = '{name}'\nport = {port}\n{lines}\n"
            );
        }
        std::fs::write(&file, config).unwrap();
        let service = Service::start(command.args(["serve", "--config"]).arg(&file), folder.path());
        Self { service, address, _folder: folder }
    }

    /// A path as the daemon sees it, which may have mounts of its own.
    pub(crate) fn sees(&self, path: &Path) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root", self.service.child.id())).join(path.strip_prefix("/").unwrap())
    }

    /// The sum of all samples of a family of whole numbers.
    pub(crate) fn sum(&self, family: &str) -> u64 {
        let samples = self.get("/metrics");
        let values =
            samples.lines().filter(|line| line.starts_with(family)).map(|line| line.rsplit_once(' ').unwrap().1);
        values.map(|value| value.parse::<u64>().unwrap()).sum()
    }

    /// Waits until it notifies of a state.
    pub(crate) fn wait_for(&self, state: &str) {
        self.service.note(state);
    }

    /// Asks it to end.
    pub(crate) fn terminate(&self) {
        self.service.signal("TERM");
    }

    /// Whether it has ended by itself, and nobody has asked for its exit status yet.
    pub(crate) fn is_zombie(&self) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.service.child.id())).unwrap();
        status.contains("State:\tZ")
    }

    pub(crate) fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LONGEST_WAIT)).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

const LONGEST_WAIT: Duration = Duration::from_secs(20);
