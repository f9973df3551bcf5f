//! What do signals do? They never end the process unasked, and a second one does not wait.

use crate::daemon::{Daemon, eventually, head, target};
use crate::start;
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// A target that takes connections and then says nothing, so that a round takes as long as its deadline.
fn silent(listener: &TcpListener, timeout: &str) -> String {
    let port = listener.local_addr().unwrap().port();
    format!(
        "interval = \"1s\"\ntimeout = \"{timeout}\"\n[[target]]\nname = \"silent\"\nconnect_to = \"127.0.0.1\"\nport = {port}\n\
         invoke_url = \"https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test\"\n"
    )
}

/// A daemon whose first round is under way.
fn in_a_round(timeout: &str) -> (Daemon, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let daemon = Daemon::start(&silent(&listener, timeout));
    daemon.notice("READY=1");
    let held = listener.accept().unwrap();
    std::mem::forget(held);
    (daemon, listener)
}

#[test]
fn a_hangup_while_starting_does_not_end_it() {
    let side = start("healthy");
    let daemon = Daemon::start_slowly();
    eventually("reader of the configuration", || (threads(&daemon) > 1).then_some(()));
    daemon.signal("HUP");
    daemon.write(&(head(&side) + &target(&side, "orders", "")));
    daemon.notice("READY=1");
    // the hangup counts: it is read again, and there is no more of it
    daemon.notice("RELOADING=1");
    daemon.notice("READY=1");
    daemon.slow_down();
    daemon.signal("HUP");
    daemon.write(&(head(&side) + &target(&side, "again", "")));
    daemon.metrics_with("target=\"again\"");
}

#[test]
fn it_can_be_ended_while_starting() {
    let mut daemon = Daemon::start_slowly();
    eventually("reader of the configuration", || (threads(&daemon) > 1).then_some(()));
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0));
}

#[test]
fn a_slow_start_asks_for_patience() {
    let side = start("healthy");
    let daemon = Daemon::start_slowly();
    daemon.notice("EXTEND_TIMEOUT_USEC=");
    daemon.write(&(head(&side) + &target(&side, "orders", "")));
    daemon.notice("READY=1");
}

#[test]
fn a_round_under_way_may_end() {
    let (mut daemon, _listener) = in_a_round("2s");
    daemon.signal("TERM");
    let told = daemon.notice("STOPPING=1");
    assert!(told.contains("EXTEND_TIMEOUT_USEC="), "{told}");
    assert_eq!(daemon.ended(), Some(0));
    assert!(daemon.log().contains("silent: 0/1 paths ok"), "the round was waited for: {}", daemon.log());
}

#[test]
fn a_long_round_is_not_waited_for_longer_than_it_should() {
    let (mut daemon, _listener) = in_a_round("60s");
    let asked = Instant::now();
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(9), "{:?}", asked.elapsed());
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let (mut daemon, _listener) = in_a_round("60s");
    let asked = Instant::now();
    daemon.signal("TERM");
    daemon.notice("STOPPING=1");
    daemon.signal("INT");
    assert_eq!(daemon.ended(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
}

fn threads(daemon: &Daemon) -> usize {
    std::fs::read_dir(format!("/proc/{}/task", daemon.service.child.id())).map_or(0, Iterator::count)
}
