//! What if the host runs out of descriptors? Then that is said, and nobody else is blamed.

use crate::daemon::{Daemon, head, target};
use crate::start;
use std::process::Command;

fn limit(daemon: &Daemon, descriptors: u32) {
    let pid = daemon.child.id().to_string();
    let limit = format!("--nofile={descriptors}:");
    assert!(Command::new("prlimit").args(["--pid", &pid, &limit]).status().unwrap().success());
}

#[test]
fn a_lack_of_descriptors_is_told_as_such() {
    let side = start("healthy");
    let config = "log_level = \"debug\"\n".to_owned() + &head(&side) + &target(&side, "orders", "");
    let daemon = Daemon::start(&config);
    daemon.log_with("orders: 4/4 paths ok");
    let open = std::fs::read_dir(format!("/proc/{}/fd", daemon.child.id())).unwrap().count();
    limit(&daemon, u32::try_from(open).unwrap());
    daemon.log_with("host-out-of-resources");
    limit(&daemon, 1024);
    let log = daemon.log();
    assert!(!log.contains("dns-server") && !log.contains("connect"), "{log}");
    // it goes on as if nothing had been
    let failed = log.matches("4/4 paths ok").count();
    crate::daemon::eventually("good round", || (daemon.log().matches("4/4 paths ok").count() > failed).then_some(()));
}
