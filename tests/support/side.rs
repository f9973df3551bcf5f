//! Where is the make-believe AWS? In a thread of its own, on listeners that other programs can reach.

use apigw_probe::lab::{Addresses, Lab, Scenario};
use std::io::Write as _;
use std::process::Command;
use std::sync::mpsc;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// A running lab and the file with its authority.
pub(crate) struct Side {
    pub(crate) lab: Lab,
    pub(crate) ca_file: tempfile::NamedTempFile,
    _stop: oneshot::Sender<()>,
}

impl Side {
    pub(crate) fn start(scenario: &'static Scenario) -> Self {
        let (tell, told) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        std::thread::spawn(move || {
            Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
                tell.send(Lab::start(scenario, Addresses::Loopback).await.unwrap()).unwrap();
                // the sender is dropped when the test ends
                let _ = stopped.await;
            });
        });
        let lab = told.recv().unwrap();
        let mut ca_file = tempfile::NamedTempFile::new().unwrap();
        ca_file.write_all(lab.ca_pem().as_bytes()).unwrap();
        Self { lab, ca_file, _stop: stop }
    }

    /// `once` as the operator of the scenario would call it.
    pub(crate) fn once(&self) -> Command {
        let mut command = self.once_at(self.lab.invoke_url());
        let scenario = self.lab.scenario();
        if let Some(timeout) = scenario.timeout {
            command.args(["--timeout", &format!("{}ms", timeout.as_millis())]);
        }
        let auth = self.lab.auth().mode();
        if auth.name() != "none" {
            command.args(["--auth", auth.name()]).envs(self.lab.variables());
            // nobody asks the address of instance metadata, which is not this suite's
            command.env("AWS_EC2_METADATA_DISABLED", "true");
        }
        if scenario.canary {
            command.arg("--canary");
        }
        for (path, intent) in scenario.intents {
            command.args([format!("--{intent}"), path.to_string()]);
        }
        command
    }

    /// `once` of another URL.
    pub(crate) fn once_at(&self, url: &str) -> Command {
        let mut command = binary();
        command.args(["once", url]).args(self.lab.vpce_dns_name()).args(self.lab.options());
        self.reach(&mut command);
        command
    }

    /// The options that lead to the lab instead of AWS.
    fn reach(&self, command: &mut Command) {
        command.args(["--dns-server", &self.lab.dns_server().to_string()]);
        command.args(["--vpc-resolver", &self.lab.vpc_resolver().to_string()]);
        command.args(["--port", &self.lab.port().to_string(), "--ca-file"]).arg(self.ca_file.path());
    }
}

/// The real binary, without this process's environment.
pub(crate) fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_apigw-probe"));
    command.env_clear();
    command
}
