//! Would my alerts fire? The daemon against a simulation that other processes can reach, and whose scenario changes while it runs.

use super::demo::{check, scenario};
use super::output::complain;
use super::{Stop, print, runtime};
use crate::check::{AuthMode, Check};
use crate::daemon::{ServeOptions, SharedIdentity, Signals, raise_descriptors, serve};
use crate::lab::{Addresses, Lab, Scenario};
use nix::sys::signal::{SigSet, Signal, raise};
use std::fmt::Write as _;
use std::io::{self, BufRead as _, IsTerminal as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tempfile::TempDir;
use tokio::sync::mpsc;

/// Runs until the daemon ends. Each line of standard input names the scenario to go over to; at its end the last one stays.
pub(super) fn run(scenario: &'static Scenario, listen: SocketAddr) -> Result<u8, Stop> {
    raise_descriptors();
    let at_terminal = io::stdin().is_terminal();
    runtime()?.block_on(async {
        let signals = Signals::install().map_err(Stop::host)?;
        let mut stage = Stage::set(scenario, listen).await?;
        let config = stage.config();
        let options = ServeOptions { identity: Some(stage.identity.clone()), ..ServeOptions::default() };
        tokio::select! {
            ended = serve(&config, options, signals) => ended.map_err(Stop::host)?,
            failed = stage.follow(wishes(at_terminal)) => failed?,
        }
        Ok(0)
    })
}

/// The simulation, and the files by which the daemon knows it.
struct Stage {
    lab: Lab,
    listen: SocketAddr,
    folder: TempDir,
    /// The simulated credentials that the daemon signs with, and never real ones.
    identity: SharedIdentity,
}

impl Stage {
    async fn set(scenario: &'static Scenario, listen: SocketAddr) -> Result<Self, Stop> {
        let lab = Lab::start(scenario, Addresses::Loopback).await.map_err(Stop::host)?;
        let folder = tempfile::Builder::new().prefix("apigw-probe-demo-").tempdir().map_err(Stop::host)?;
        let identity = Arc::new(Mutex::new(lab.identity()));
        let stage = Self { lab, listen, folder, identity };
        std::fs::write(stage.ca_file(), stage.lab.ca_pem()).map_err(Stop::host)?;
        stage.tell()?;
        Ok(stage)
    }

    fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    /// Goes over to each scenario that is wished for; ends with a failure, or when the terminal is gone.
    async fn follow(&mut self, mut wishes: mpsc::Receiver<Wish>) -> Result<(), Stop> {
        while let Some(wish) = wishes.recv().await {
            let Wish::Scenario(scenario) = wish else { return Ok(()) };
            self.lab.switch(scenario).await.map_err(Stop::host)?;
            self.tell()?;
            // as an operator would after editing the file
            raise(Signal::SIGHUP).map_err(Stop::host)?;
        }
        std::future::pending().await
    }

    /// Writes what the daemon reads, and prints what a person can do.
    fn tell(&self) -> Result<(), Stop> {
        let check = check(&self.lab)?;
        *self.identity.lock().unwrap_or_else(PoisonError::into_inner) = self.lab.identity();
        std::fs::write(self.config(), self.toml(&check)).map_err(Stop::host)?;
        print(self.instructions(&check).as_bytes())?;
        Ok(())
    }

    /// The configuration of the daemon. The target keeps its name, so that its series go on.
    fn toml(&self, check: &Check) -> String {
        let Self { lab, listen, .. } = self;
        let mut text = format!(
            "interval = '5s'\nlisten = ['{listen}']\ndns_servers = ['{}']\nvpc_resolver = '{}'\nca_file = '{}'\n\n\
             [[target]]\nname = 'demo'\ninvoke_url = '{}'\nport = {}\ntimeout = '{}'\nauth = '{}'\n",
            lab.dns_server(),
            lab.vpc_resolver(),
            self.ca_file().display(),
            lab.invoke_url(),
            lab.port(),
            humantime::format_duration(check.limits.timeout),
            check.auth.mode(),
        );
        if let Some(name) = lab.vpce_dns_name() {
            let _ = writeln!(text, "vpce_dns_name = '{name}'");
        }
        let input = lab.input();
        if !input.zonal_dns_names.is_empty() {
            let _ = writeln!(text, "zonal_dns_names = ['{}']", input.zonal_dns_names.join("', '"));
        }
        if let Some(name) = input.custom_domain {
            let _ = writeln!(text, "custom_domain = '{name}'");
        }
        if let Some(region) = input.region {
            let _ = writeln!(text, "region = '{region}'");
        }
        let _ = writeln!(text, "public = {}", input.public);
        let _ = writeln!(text, "canary = {}", check.canary);
        text.push_str("\n[target.paths]\n");
        for (path, intent) in lab.scenario().intents {
            let _ = writeln!(text, "{path} = '{intent}'");
        }
        text
    }

    /// How to look at it from another terminal, with what the scenario asks for.
    fn instructions(&self, check: &Check) -> String {
        let Self { lab, listen, .. } = self;
        let mut text = format!(
            "# simulated on loopback until Ctrl-C: {}: {}\n",
            lab.scenario().name,
            lab.scenario().description()
        );
        let signed = check.auth.mode() != AuthMode::None;
        for (name, value) in lab.variables().into_iter().filter(|_| signed) {
            let _ = write!(text, "{name}='{value}' ");
        }
        let _ = write!(
            text,
            "apigw-probe once {} {} --dns-server {} --vpc-resolver {} --port {} --ca-file {}",
            lab.invoke_url(),
            lab.vpce_dns_name().unwrap_or_default(),
            lab.dns_server(),
            lab.vpc_resolver(),
            lab.port(),
            self.ca_file().display()
        );
        for option in lab.options() {
            let _ = write!(text, " {option}");
        }
        for (path, intent) in lab.scenario().intents {
            let _ = write!(text, " --{intent} {path}");
        }
        if signed {
            let _ = write!(text, " --auth {}", check.auth.mode());
        }
        if lab.scenario().timeout.is_some() {
            let _ = write!(text, " --timeout {}", humantime::format_duration(check.limits.timeout));
        }
        if check.canary {
            text.push_str(" --canary");
        }
        let _ = writeln!(text, "\ncurl http://{listen}/metrics\n# type the name of another scenario to go over to it");
        text
    }
}

/// What standard input wishes for.
enum Wish {
    /// Another scenario.
    Scenario(&'static Scenario),
    /// An end: it was a terminal, and that has hung up.
    End,
}

/// The scenarios that standard input names, line by line. A thread of its own reads, since a terminal may wait for ever.
fn wishes(at_terminal: bool) -> mpsc::Receiver<Wish> {
    let (tell, wishes) = mpsc::channel(1);
    std::thread::spawn(move || {
        // in the background of a shell there is nothing to read, which is no reason to stop
        let _ = SigSet::from(Signal::SIGTTIN).thread_block();
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            match scenario(line.trim()) {
                _ if line.trim().is_empty() => {}
                Ok(scenario) if tell.blocking_send(Wish::Scenario(scenario)).is_err() => return,
                Ok(_) => {}
                Err(error) => complain(&format!("`{}`: {error}", line.trim())),
            }
        }
        if at_terminal && !io::stdin().is_terminal() {
            let _ = tell.blocking_send(Wish::End);
        }
    });
    wishes
}
