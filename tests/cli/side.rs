//! A lab in a thread of its own, with listeners that other processes can reach.

use apigw_probe::lab::{Addresses, Lab, Scenario};
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::mpsc;

pub(crate) struct Side {
    pub(crate) dns: SocketAddr,
    pub(crate) port: u16,
    pub(crate) invoke_url: String,
    pub(crate) vpce_dns_name: Option<String>,
    pub(crate) ca_file: tempfile::NamedTempFile,
    pub(crate) scenario: &'static Scenario,
    // the lab ends when this is dropped
    _running: tokio::sync::oneshot::Sender<()>,
}

impl Side {
    pub(crate) fn start(name: &str) -> Self {
        let scenario = Scenario::named(name).unwrap_or_else(|| panic!("no scenario {name}"));
        let (tell, told) = mpsc::channel();
        let (running, ended) = tokio::sync::oneshot::channel::<()>();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let lab = Lab::start(scenario, Addresses::Loopback).await.unwrap();
                let names = (lab.invoke_url().to_owned(), lab.vpce_dns_name().map(str::to_owned));
                tell.send((lab.dns_server(), lab.port(), names, lab.ca_pem().to_owned())).unwrap();
                let _ = ended.await;
            });
        });
        let (dns, port, (invoke_url, vpce_dns_name), ca) = told.recv().unwrap();
        let mut ca_file = tempfile::NamedTempFile::new().unwrap();
        ca_file.write_all(ca.as_bytes()).unwrap();
        Self { dns, port, invoke_url, vpce_dns_name, ca_file, scenario, _running: running }
    }

    /// `once` with the lab's names, its DNS server, its port and its authority.
    pub(crate) fn once(&self) -> Command {
        let mut command = probe();
        command.arg("once").arg(&self.invoke_url).args(&self.vpce_dns_name);
        command.args(["--dns-server", &self.dns.to_string(), "--port", &self.port.to_string(), "--ca-file"]);
        command.arg(self.ca_file.path());
        if let Some(timeout) = self.scenario.timeout {
            command.args(["--timeout", &format!("{}ms", timeout.as_millis())]);
        }
        for (path, intent) in self.scenario.intents {
            command.args([format!("--{intent}"), path.to_string()]);
        }
        command
    }
}

/// The real binary, without this process's environment.
pub(crate) fn probe() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_apigw-probe"));
    command.env_clear();
    command
}
