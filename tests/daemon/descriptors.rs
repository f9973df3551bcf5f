//! What if the host runs out of descriptors? Then that is said, and nobody else is blamed.

use crate::daemon::{Daemon, head, target};
use crate::side::binary;
use crate::start;
use std::process::Command;

fn limit(daemon: &Daemon, descriptors: u32) {
    let pid = daemon.service.child.id().to_string();
    let limit = format!("--nofile={descriptors}:");
    assert!(Command::new("prlimit").args(["--pid", &pid, &limit]).status().unwrap().success());
}

#[test]
fn a_lack_of_descriptors_is_told_as_such() {
    let side = start("healthy");
    let config = "log_level = \"debug\"\n".to_owned() + &head(&side) + &target(&side, "orders", "");
    let daemon = Daemon::start(&config);
    daemon.log_with("orders: 4/4 paths ok");
    let open = std::fs::read_dir(format!("/proc/{}/fd", daemon.service.child.id())).unwrap().count();
    limit(&daemon, u32::try_from(open).unwrap());
    daemon.log_with("host-out-of-resources");
    limit(&daemon, 1024);
    let log = daemon.log();
    let own = || log.lines().filter(|line| !line.contains("debug hickory_"));
    assert!(own().all(|line| !line.contains("dns-server") && !line.contains("connect")), "{log}");
    // it goes on as if nothing had been
    let failed = log.matches("4/4 paths ok").count();
    crate::daemon::eventually("good round", || (daemon.log().matches("4/4 paths ok").count() > failed).then_some(()));
}

#[test]
fn too_few_to_begin_with_are_an_error_of_one_line() {
    let side = start("healthy");
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    std::fs::write(&config, head(&side) + &target(&side, "orders", "")).unwrap();
    let config = config.to_str().unwrap();
    for arguments in [vec!["serve", "--config", config], vec!["once", "--config", config], vec!["reload"]] {
        for descriptors in 4..10 {
            let script = format!("ulimit -n {descriptors}; exec \"$0\" \"$@\"");
            let mut command = Command::new("sh");
            command.env_clear().args(["-c", &script]).arg(binary().get_program()).args(&arguments);
            let output = command.output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{arguments:?} {descriptors}: {said}");
            assert!(said.starts_with("error: ") && said.trim().lines().count() == 1, "{said}");
        }
    }
    // what may be raised is
    let raised = Daemon::start_with(&std::fs::read_to_string(config).unwrap(), |command| {
        let program = std::mem::replace(command, Command::new("sh"));
        command.env_clear().args(["-c", "ulimit -S -n 6; exec \"$0\" \"$@\""]).arg(program.get_program());
        command.args(program.get_args()).envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    });
    raised.notice("READY=1");
}
