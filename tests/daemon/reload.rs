//! Does a reload swap a good configuration and keep a bad one out?

use crate::daemon::{Daemon, head, target};
use crate::start;

#[test]
fn a_good_file_is_in_force_at_once() {
    let side = start("healthy");
    let daemon = Daemon::start(&(head(&side) + &target(&side, "orders", "") + &target(&side, "stock", "")));
    daemon.notice("READY=1");
    daemon.metrics_with("target_success{target=\"stock\"}");
    daemon.write(&(head(&side) + &target(&side, "orders", "") + &target(&side, "bills", "")));
    daemon.signal("HUP");
    let told = daemon.notice("RELOADING=1");
    assert!(told.contains("MONOTONIC_USEC="), "in one datagram: {told}");
    daemon.notice("READY=1");
    assert!(!daemon.metrics().contains("target=\"stock\""), "a removed target is gone at once");
    daemon.metrics_with("target_success{target=\"bills\"}");
    let told = daemon.log().matches("orders: 4/4").count();
    assert_eq!(told, 1, "an unchanged target has nothing new to tell");
}

#[test]
fn a_bad_file_changes_nothing_and_is_told() {
    let side = start("healthy");
    let good = head(&side) + &target(&side, "orders", "");
    let daemon = Daemon::start(&good);
    daemon.notice("READY=1");
    daemon.metrics_with("target_success{target=\"orders\"}");
    daemon.write(&good.replace("interval", "intervall"));
    daemon.signal("HUP");
    daemon.notice("RELOADING=1");
    let told = daemon.notice("READY=1");
    assert!(told.contains("STATUS=") && told.contains("config.toml:2: "), "{told}");
    daemon.log_with("config.toml:2: ");
    daemon.metrics_with("target_success{target=\"orders\"} 1");
    daemon.write(&good);
    daemon.signal("HUP");
    daemon.notice("RELOADING=1");
    let told = daemon.notice("READY=1");
    assert!(!told.contains("config.toml"), "{told}");
}

#[test]
fn a_missing_certificate_file_refuses_the_reload() {
    let side = start("healthy");
    let good = head(&side) + &target(&side, "orders", "");
    let daemon = Daemon::start(&good);
    daemon.notice("READY=1");
    let gone = good.replace(&side.ca_file.path().display().to_string(), "/nowhere/ca.pem");
    daemon.write(&gone);
    daemon.signal("HUP");
    daemon.notice("RELOADING=1");
    assert!(daemon.notice("READY=1").contains("/nowhere/ca.pem"));
}

#[test]
fn a_slow_file_holds_no_round_up() {
    let side = start("healthy");
    let good = head(&side) + &target(&side, "orders", "");
    let daemon = Daemon::start_slowly();
    daemon.write(&("log_level = \"debug\"\n".to_owned() + &good));
    daemon.notice("READY=1");
    daemon.slow_down();
    daemon.signal("HUP");
    daemon.notice("RELOADING=1");
    let rounds = || daemon.log().matches("orders: 4/4").count();
    let before = rounds();
    crate::daemon::eventually("round while the file is read", || (rounds() >= before + 3).then_some(()));
    daemon.write(&good);
    daemon.notice("READY=1");
}

#[test]
fn what_is_no_file_refuses_the_reload_and_the_next_one_works() {
    let side = start("healthy");
    let good = head(&side) + &target(&side, "orders", "");
    let daemon = Daemon::start(&good);
    daemon.notice("READY=1");
    daemon.replace_by_pipe();
    daemon.signal("HUP");
    daemon.notice("RELOADING=1");
    let told = daemon.notice("READY=1");
    assert!(told.contains("STATUS=") && told.contains("config.toml"), "{told}");
    daemon.metrics_with("config_last_reload_successful 0");
    // it is far too large
    std::fs::remove_file(daemon.config()).unwrap();
    std::fs::File::create(daemon.config()).unwrap().set_len(8 << 20).unwrap();
    daemon.signal("HUP");
    daemon.log_with("MiB");
    daemon.write(&(good.clone() + &target(&side, "stock", "")));
    daemon.signal("HUP");
    daemon.metrics_with("target_success{target=\"stock\"} 1");
    daemon.metrics_with("config_last_reload_successful 1");
}

#[test]
fn the_end_of_the_world_is_told_and_outlived() {
    let side = start("healthy");
    let config = |side: &crate::side::Side| head(side).replace("\"2s\"", "\"500ms\"") + &target(side, "orders", "");
    let daemon = Daemon::start(&config(&side));
    daemon.notice("all pass");
    drop(side);
    daemon.notice("private-dns: dns-server-unreachable");
    let side = start("healthy");
    daemon.write(&config(&side));
    daemon.signal("HUP");
    daemon.notice("all pass");
}
