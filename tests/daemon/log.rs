//! Does the log tell changes, and can programs read it?

use crate::daemon::{Daemon, eventually, head, target};
use crate::start;
use std::os::unix::fs::MetadataExt as _;
use std::process::Stdio;

#[test]
fn a_change_is_told_once() {
    let side = start("private-dns-off");
    let daemon = Daemon::start(&(head(&side) + &target(&side, "orders", "")));
    daemon.notice("3/4 paths ok");
    let log = daemon.log_with("orders: 3/4");
    assert!(log.contains(" warn  orders: 3/4 paths ok"), "{log}");
    // some rounds later
    let config = head(&side) + &target(&side, "orders", "") + &target(&side, "more", "");
    daemon.write(&config);
    daemon.signal("HUP");
    let log = daemon.log_with("more: 3/4");
    assert_eq!(log.matches("orders: 3/4").count(), 1, "{log}");
}

#[test]
fn every_finding_is_named_whatever_fails() {
    let side = start("one-address-dead");
    let daemon = Daemon::start(&(head(&side) + &target(&side, "orders", "timeout = \"2s\"\nexpect_status = [201]")));
    let log = daemon.log_with("0/4 paths ok");
    assert!(log.contains("one-address-down"), "{log}");
}

#[test]
fn zones_are_named_and_what_was_not_probed_is_not_counted() {
    let side = start("zone-down");
    let zones = format!("{:?}", side.lab.input().zonal_dns_names);
    let skipped = ["private-dns", "route53-alias", "vpce-api-id-header"].map(|path| format!("{path} = \"skip\"\n"));
    let more = format!("timeout = \"1s\"\nzonal_dns_names = {zones}\n[target.paths]\n{}", skipped.concat());
    let daemon = Daemon::start(&(head(&side) + &target(&side, "orders", &more)));
    let log = daemon.log_with("paths ok");
    assert!(log.contains("orders: 3/4 paths ok — vpce-host-header us-east-1"), "{log}");
}

#[test]
fn each_round_is_an_object_if_that_is_wanted() {
    let side = start("private-dns-off");
    let config = "log_format = \"json\"\nlog_level = \"debug\"\n".to_owned() + &head(&side);
    let daemon = Daemon::start(&(config + &target(&side, "orders", "")));
    let log = daemon.log_with("\"level\":\"debug\",\"message\":\"3/4 paths ok");
    let objects: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let round = objects.iter().find(|object| object["target"] == "orders").unwrap();
    assert_eq!(round["level"], "warn");
    assert_eq!(round["verdict"], "fail");
    assert!(round["findings"].as_array().unwrap().contains(&"private-dns-disabled".into()), "{round}");
    assert!(round["time"].as_str().unwrap().ends_with('Z') && round["message"].is_string());
}

#[test]
fn a_reload_changes_level_and_format() {
    let side = start("healthy");
    let config = head(&side) + &target(&side, "orders", "");
    let daemon = Daemon::start(&config);
    // the last line at `info` while nothing changes
    let text = daemon.log_with("orders: 4/4 paths ok");
    daemon.write(&("log_level = \"debug\"\nlog_format = \"json\"\n".to_owned() + &config));
    daemon.signal("HUP");
    let log = daemon.log_with("\"level\":\"debug\"");
    for line in log[text.len()..].lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok_and(|line| line.is_object()), "{line}");
    }
}

#[test]
fn journald_gets_priorities_and_keeps_the_time_itself() {
    let side = start("private-dns-off");
    let file = tempfile::NamedTempFile::new().unwrap();
    let about = file.as_file().metadata().unwrap();
    let stream = format!("{}:{}", about.dev(), about.ino());
    let daemon = Daemon::start_with(&(head(&side) + &target(&side, "orders", "")), |command| {
        command.env("JOURNAL_STREAM", stream).stderr(Stdio::from(file.reopen().unwrap()));
    });
    daemon.notice("3/4 paths ok");
    let log = eventually("line", || {
        Some(std::fs::read_to_string(file.path()).unwrap()).filter(|log| log.contains("<4>orders: 3/4 paths ok"))
    });
    assert!(log.lines().all(|line| line.starts_with('<')), "{log}");
}
