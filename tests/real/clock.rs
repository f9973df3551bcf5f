//! What if somebody sets the clock? Rounds go on as if nothing had happened: none is missed, none is made up for.

use crate::daemon::Daemon;
use crate::side::{Side, binary};
use apigw_probe::lab::Scenario;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

/// Of the package libfaketime: it sets the wall clock of one process.
const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

#[test]
fn a_step_of_the_clock_neither_stops_rounds_nor_makes_a_burst_of_them() {
    assert!(Path::new(LIBRARY).exists(), "{LIBRARY} is missing: apt-get install libfaketime");
    let side = Side::start(Scenario::healthy());
    let folder = tempfile::tempdir().unwrap();
    let (clock, step) = (folder.path().join("clock"), |by: &str| fs::write(folder.path().join("clock"), by).unwrap());
    step("+0");
    let mut command = binary();
    command.env("LD_PRELOAD", LIBRARY).env("FAKETIME_TIMESTAMP_FILE", &clock);
    command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let daemon = Daemon::launch(&side, command, "", &["name = 'orders'"]);
    daemon.wait_for("READY=1");
    daemon.wait_for("STATUS=1 of 1");

    for (by, ahead) in [("-600", -600.0), ("+600", 600.0), ("+0", 0.0)] {
        step(by);
        let (before, began) = (daemon.sum("apigw_probe_probes_total"), Instant::now());
        let mut probes = before;
        while probes < before + 5 * 4 {
            assert!(began.elapsed() < Duration::from_secs(30), "{by}: rounds stopped");
            std::thread::sleep(Duration::from_millis(20));
            probes = daemon.sum("apigw_probe_probes_total");
        }
        // five rounds take four intervals at least, since one may have been due
        assert!(began.elapsed() > Duration::from_millis(3800), "{by}: a burst of rounds: {:?}", began.elapsed());
        assert_eq!(daemon.sum("apigw_probe_missed_rounds_total"), 0, "{by}");
        let metrics = daemon.get("/metrics");
        let line = metrics.lines().find(|line| line.starts_with("apigw_probe_last_round_timestamp_seconds")).unwrap();
        let told: f64 = line.rsplit_once(' ').unwrap().1.parse().unwrap();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64();
        assert!((told - now - ahead).abs() < 30.0, "{by}: the clock was not set: {told} at {now}");
    }
}
