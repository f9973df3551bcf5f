//! Do alerts fire and resolve? A real Prometheus with our rules scrapes the demonstration while its scenario changes.

use crate::address::own_address;
use crate::prometheus::{Prometheus, Version, contributed};
use crate::side::binary;
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::net::SocketAddrV4;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// `demo --serve`, which reads the names of scenarios from its standard input and tells when it has switched.
struct Demo {
    child: Child,
    switch: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
    address: SocketAddrV4,
}

impl Demo {
    fn start() -> Self {
        let mut command = binary();
        let address = SocketAddrV4::new(own_address(), 9715);
        command.args(["demo", "--serve", "--scenario", "healthy", "--listen", &address.to_string()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (switch, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut demo = Self { child, switch, said: BufReader::new(stdout).lines(), address };
        demo.line_with("/metrics");
        demo
    }

    fn switch_to(&mut self, scenario: &str) {
        writeln!(self.switch, "{scenario}").unwrap();
        self.line_with(scenario);
    }

    /// The next line that it says with these words.
    fn line_with(&mut self, words: &str) -> String {
        let found = self.said.by_ref().map(Result::unwrap).find(|line| line.contains(words));
        found.unwrap_or_else(|| panic!("the demonstration ended before it said {words}"))
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The rules, with seconds for minutes before an alert fires.
fn hurried() -> String {
    let lines = contributed("alerts.yml");
    let hurry = |line: &str| match line.split_once("for: ") {
        Some((indent, _)) if indent.trim().is_empty() => format!("{indent}for: 5s\n"),
        _ => format!("{line}\n"),
    };
    lines.lines().map(hurry).collect()
}

/// Waits until the alert is in this state with these words in its description, and gives it.
fn alert(prometheus: &Prometheus, name: &str, state: &str, words: &[&str]) -> Value {
    let fits = |alert: &&Value| {
        let description = alert["annotations"]["description"].as_str().unwrap();
        alert["labels"]["alertname"] == name
            && alert["state"] == state
            && words.iter().all(|word| description.contains(word))
    };
    until(|| {
        let alerts = alerts(prometheus);
        alerts.iter().find(fits).cloned().ok_or(format!("{name} is not {state} with {words:?}: {alerts:#?}"))
    })
}

/// Waits until no alert is left.
fn quiet(prometheus: &Prometheus) {
    until(|| Some(()).filter(|()| alerts(prometheus).is_empty()).ok_or(format!("{:#?}", alerts(prometheus))));
}

fn alerts(prometheus: &Prometheus) -> Vec<Value> {
    prometheus.get("/api/v1/alerts")["data"]["alerts"].as_array().unwrap().clone()
}

fn until<T>(seen: impl Fn() -> Result<T, String>) -> T {
    let until = Instant::now() + LONGEST_WAIT;
    loop {
        match seen() {
            Ok(found) => return found,
            Err(instead) => assert!(Instant::now() < until, "{instead}"),
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn alerts_fire_name_their_causes_and_resolve() {
    let mut demo = Demo::start();
    let config = format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [alerts.yml]\n\
         scrape_configs: [{{job_name: apigw-probe, static_configs: [{{targets: ['{}']}}]}}]\n",
        demo.address
    );
    let servers = Version::ALL.map(|version| Prometheus::start(version, &config, &[("alerts.yml", hurried())]));
    for prometheus in &servers {
        prometheus.wait_for("apigw_probe_target_success == 1");
        quiet(prometheus);
    }

    // half of the paths, for two causes
    demo.switch_to("not-associated-private-dns-off");
    let both = ["private-dns-disabled", "vpce-not-associated"];
    for prometheus in &servers {
        alert(prometheus, "ApigwProbeTargetFailing", "pending", &[]);
    }
    let since = servers
        .each_ref()
        .map(|prometheus| alert(prometheus, "ApigwProbeTargetFailing", "firing", &both)["activeAt"].clone());

    // all of them, for another cause: the alert stays the one it was
    demo.switch_to("explicit-deny");
    for (prometheus, since) in servers.iter().zip(&since) {
        let failing = alert(prometheus, "ApigwProbeTargetFailing", "firing", &["resource-policy-explicit-deny"]);
        assert_eq!(&failing["activeAt"], since);
        assert!(failing["labels"].get("cause").is_none());
        alert(prometheus, "ApigwProbeAllPathsFailing", "firing", &["resource-policy-explicit-deny"]);
    }

    demo.switch_to("one-address-dead");
    for prometheus in &servers {
        alert(prometheus, "ApigwProbeOneAddressDown", "firing", &["one-address-down"]);
    }

    demo.switch_to("healthy");
    servers.iter().for_each(quiet);

    drop(demo);
    for prometheus in &servers {
        alert(prometheus, "ApigwProbeAgentAbsent", "firing", &[]);
        alert(prometheus, "ApigwProbeAllAgentsAbsent", "firing", &[]);
    }
}

const LONGEST_WAIT: Duration = Duration::from_secs(60);

#[test]
fn a_rehearsal_ends_with_the_terminal_that_it_was_started_at() {
    let address = SocketAddrV4::new(own_address(), 9715).to_string();
    let output = Command::new("python3")
        .args(["-c", AT_A_TERMINAL, env!("CARGO_BIN_EXE_apigw-probe"), &address])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Starts it at a terminal, hangs up once it serves, and ends with its exit status.
const AT_A_TERMINAL: &str = r"
import os, pty, signal, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], 'demo', '--serve', '--listen', sys.argv[2]])
said = b''
while b'/metrics' not in said:
    said += os.read(terminal, 4096)
os.close(terminal)
signal.alarm(20)
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
";
