//! How does a real server run? As a child of its test: ready before anybody asks it, gone when the test is.

use crate::tool::tool;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    folder: tempfile::TempDir,
}

impl Server {
    /// Starts a program, in a network namespace if one is named, and waits until it listens at all these addresses.
    pub(crate) fn start(
        program: &Command,
        namespace: Option<&str>,
        folder: tempfile::TempDir,
        at: &[impl Into<SocketAddr> + Copy],
    ) -> Self {
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let mut command = match namespace {
            Some(name) => {
                let mut command = tool("ip", "iproute2");
                command.args(["netns", "exec", name, "setpriv"]);
                command
            }
            None => tool("setpriv", "util-linux"),
        };
        // a test that is killed cannot clean up
        command.args(["--pdeathsig", "KILL"]).arg(program.get_program()).args(program.get_args());
        command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.current_dir(folder.path()).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut server = Self { child, folder };
        server.wait_until_it_listens(&at.iter().map(|address| (*address).into()).collect::<Vec<_>>());
        server
    }

    fn wait_until_it_listens(&mut self, at: &[SocketAddr]) {
        let tables = ["tcp", "tcp6"].map(|name| PathBuf::from(format!("/proc/{}/net/{name}", self.child.id())));
        let until = Instant::now() + LONGEST_START;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the server ended with {status}: {}", self.log());
            }
            // the table of the child's own namespace, which the test may not be in
            let listening: String = tables.iter().filter_map(|table| fs::read_to_string(table).ok()).collect();
            if at.iter().all(|address| listening.contains(&line_of(*address))) {
                return;
            }
            assert!(Instant::now() < until, "the server does not listen at {at:?}: {}", self.log());
            thread::sleep(Duration::from_millis(2));
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How `/proc/net/tcp` and `tcp6` show a listener: address and port in hexadecimal, no peer, state 0A.
fn line_of(address: SocketAddr) -> String {
    let word = |bytes: &[u8]| format!("{:08X}", u32::from_ne_bytes(bytes.try_into().unwrap()));
    let ip: String = match address.ip() {
        IpAddr::V4(ip) => word(&ip.octets()),
        IpAddr::V6(ip) => ip.octets().chunks(4).map(word).collect(),
    };
    format!("{ip}:{:04X} {}:0000 0A", address.port(), "0".repeat(ip.len()))
}

const LONGEST_START: Duration = Duration::from_secs(20);
