//! Does the rehearsal sign where its scenario does, and go over to another?

use crate::address::own_address;
use crate::daemon::eventually;
use crate::side::binary;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};

struct Rehearsal {
    child: Child,
    listen: SocketAddr,
}

impl Rehearsal {
    fn of(scenario: &str) -> Self {
        let listen = SocketAddr::from((own_address(), 9715));
        let mut command = binary();
        command.args(["demo", "--serve", "--scenario", scenario, "--listen", &listen.to_string()]);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        Self { child, listen }
    }

    fn go_over_to(&mut self, scenario: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{scenario}").unwrap();
    }

    /// Waits until the metrics hold the words.
    fn metrics_with(&self, words: &str) {
        eventually(words, || {
            let mut stream = TcpStream::connect(self.listen).ok()?;
            write!(stream, "GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).ok()?;
            answer.contains(words).then_some(())
        });
    }
}

impl Drop for Rehearsal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_signed_scenario_is_signed_and_so_is_the_next() {
    let mut rehearsal = Rehearsal::of("signed");
    rehearsal.metrics_with("apigw_probe_target_success{target=\"demo\"} 1");
    rehearsal.go_over_to("credentials-expired");
    rehearsal.metrics_with("apigw_probe_finding{target=\"demo\",cause=\"credentials-expired\"} 1");
    rehearsal.go_over_to("credentials-missing");
    rehearsal.metrics_with("apigw_probe_finding{target=\"demo\",cause=\"credentials-missing\"} 1");
    rehearsal.go_over_to("signed-and-unsigned");
    rehearsal.metrics_with("apigw_probe_target_success{target=\"demo\"} 1");
    rehearsal.go_over_to("iam-unsigned");
    rehearsal.metrics_with("apigw_probe_finding{target=\"demo\",cause=\"iam-auth-unsigned\"} 1");
}

#[test]
fn what_it_prints_for_another_terminal_signs_too() {
    let mut rehearsal = Rehearsal::of("signed");
    let said = BufReader::new(rehearsal.child.stdout.as_mut().unwrap()).lines().map(Result::unwrap);
    let line = said.into_iter().find(|line| line.contains("apigw-probe once ")).unwrap();
    let program = binary().get_program().to_str().unwrap().to_owned();
    let output =
        Command::new("sh").args(["-c", &line.replace("apigw-probe once ", &format!("{program} once "))]).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(0), "{line}: {}", String::from_utf8_lossy(&output.stdout));
}
