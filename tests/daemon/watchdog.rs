//! Is the watchdog fed while there is life?

use crate::daemon::{Daemon, head, target};
use crate::start;

#[test]
fn an_hourly_interval_is_progress() {
    let side = start("healthy");
    let hourly = head(&side).replace("1s", "1h") + &target(&side, "orders", "");
    let daemon = Daemon::start_with(&hourly, |command| {
        command.env("WATCHDOG_USEC", "400000");
    });
    for _ in 0..10 {
        daemon.notice("WATCHDOG=1");
    }
}

#[test]
fn another_process_watchdog_is_none_of_ours() {
    let side = start("healthy");
    let daemon = Daemon::start_with(&(head(&side) + &target(&side, "orders", "")), |command| {
        command.env("WATCHDOG_USEC", "400000").env("WATCHDOG_PID", "1");
    });
    let first = daemon.notice("all pass");
    assert!(!first.contains("WATCHDOG"), "{first}");
}
