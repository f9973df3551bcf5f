//! What if the disk is full, or hangs? No round waits for it or is lost, what could not be written is counted, and it is written when there is room.

use crate::daemon::Daemon;
use crate::side::{Side, binary};
use crate::tool::tool;
use apigw_probe::lab::Scenario;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// The daemon in a mount namespace of its own, where a folder is a small disk.
fn with_a_small_disk(folder: &Path) -> Command {
    let script = "mount -t tmpfs -o size=128k tmpfs \"$0\" && exec \"$@\"";
    let mut command = tool("unshare", "util-linux");
    command.args(["--mount", "sh", "-c", script]).arg(folder).arg(binary().get_program());
    command
}

/// The daemon with a disk that takes twenty seconds for each `fsync`; the tracer lets it be our child.
fn with_a_hung_disk(folder: &Path) -> Command {
    let mut command = tool("strace", "strace");
    command.args(["-D", "-f", "-qq", "-e", "trace=fsync", "-e", "inject=fsync:delay_enter=20000000", "-o"]);
    command.arg(folder.join("trace")).arg(binary().get_program());
    command
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < until, "not so after long: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_full_disk_loses_no_round_and_is_written_to_when_there_is_room() {
    let side = Side::start(Scenario::healthy());
    let folder = tempfile::tempdir().unwrap();
    let keys = format!("output_dir = '{0}'\ntextfile = '{0}/probe.prom'", folder.path().display());
    let daemon = Daemon::launch(&side, with_a_small_disk(folder.path()), &keys, &["name = 'orders'"]);
    daemon.wait_for("READY=1");
    let inside = daemon.sees(folder.path());
    let started = || {
        let report: Value = serde_json::from_str(&fs::read_to_string(inside.join("orders.json")).unwrap()).unwrap();
        report["started_at"].as_str().unwrap().to_owned()
    };
    until("the first report is there", || inside.join("orders.json").exists());
    assert_eq!(daemon.sum("apigw_probe_output_write_errors_total"), 0);

    // as much as fits
    fs::write(inside.join("rubbish"), vec![b'x'; 1 << 20]).unwrap_err();
    until("both outputs fail", || daemon.sum("apigw_probe_output_write_errors_total") >= 4);
    let (old, probes) = (started(), daemon.sum("apigw_probe_probes_total"));
    until("rounds go on", || daemon.sum("apigw_probe_probes_total") >= probes + 8);
    assert_eq!(started(), old, "the last whole report stays");
    assert_eq!(daemon.sum("apigw_probe_missed_rounds_total"), 0);

    fs::remove_file(inside.join("rubbish")).unwrap();
    until("a new report is there", || started() > old);
    until("the metrics are there", || inside.join("probe.prom").exists());
    let errors = daemon.sum("apigw_probe_output_write_errors_total");
    let probes = daemon.sum("apigw_probe_probes_total");
    until("rounds go on", || daemon.sum("apigw_probe_probes_total") >= probes + 8);
    assert_eq!(daemon.sum("apigw_probe_output_write_errors_total"), errors);
    let mut left: Vec<_> = fs::read_dir(&inside).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["orders.json", "probe.prom"], "nothing half-written is left");
}

#[test]
fn a_disk_that_hangs_holds_no_round_up() {
    let side = Side::start(Scenario::healthy());
    let folder = tempfile::tempdir().unwrap();
    let outputs = folder.path().join("outputs");
    fs::create_dir(&outputs).unwrap();
    let keys = format!("output_dir = '{0}'\ntextfile = '{0}/probe.prom'", outputs.display());
    let daemon = Daemon::launch(&side, with_a_hung_disk(folder.path()), &keys, &["name = 'orders'"]);
    daemon.wait_for("READY=1");
    until("a file is being written", || fs::read_dir(&outputs).unwrap().next().is_some());
    let probes = daemon.sum("apigw_probe_probes_total");
    until("rounds go on", || daemon.sum("apigw_probe_probes_total") >= probes + 12);
    assert_eq!(daemon.sum("apigw_probe_missed_rounds_total"), 0);
    assert!(
        !outputs.join("probe.prom").exists() && !outputs.join("orders.json").exists(),
        "nothing half-written is shown"
    );
    // its end waits for the disk for two seconds; the tracer keeps what is left of it for longer
    daemon.terminate();
    let asked = Instant::now();
    until("it has ended", || daemon.is_zombie());
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
}
