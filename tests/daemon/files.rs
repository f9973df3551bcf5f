//! Are the files whole at any moment, and true?

use crate::daemon::{Daemon, eventually, head, target};
use crate::start;
use apigw_probe::report::read_json;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

fn settings(folder: &Path) -> String {
    format!("textfile = \"{0}/probe.prom\"\noutput_dir = \"{0}\"\n", folder.display())
}

fn drafts(folder: &Path) -> Vec<String> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let drafts = paths.filter(|path| path.extension().is_some_and(|extension| extension == "tmp"));
    drafts.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

/// The textfile, which must be whole if it is there.
fn textfile(folder: &Path) -> Option<String> {
    let text = fs::read_to_string(folder.join("probe.prom")).ok()?;
    assert!(text.ends_with('\n') && text.contains("apigw_probe_build_info"), "{text}");
    Some(text)
}

#[test]
fn files_are_written_for_others_to_read() {
    let (side, folder) = (start("healthy"), tempfile::tempdir().unwrap());
    let config = settings(folder.path()) + &head(&side) + &target(&side, "orders", "") + &target(&side, "stock", "");
    let daemon = Daemon::start(&config);
    let paths = ["probe.prom", "orders.json", "stock.json"].map(|name| folder.path().join(name));
    for path in &paths {
        eventually("file", || fs::metadata(path).ok());
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o644);
    }
    read_json(&fs::read(&paths[1]).unwrap()).unwrap();
    let text = eventually("both targets", || {
        textfile(folder.path()).filter(|text| text.contains("target=\"orders\"") && text.contains("target=\"stock\""))
    });
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    for sample in samples {
        let value = sample.rsplit_once("} ").or_else(|| sample.split_once(' ')).unwrap().1;
        assert!(!value.contains(' '), "no timestamps: {sample}");
    }
    daemon.write(&(settings(folder.path()) + &head(&side) + &target(&side, "orders", "")));
    daemon.signal("HUP");
    eventually("removal", || (!paths[2].exists()).then_some(()));
    eventually("removal", || textfile(folder.path()).filter(|text| !text.contains("stock")));
    assert!(paths[1].exists());
}

#[test]
fn what_a_reload_does_not_name_any_more_is_removed() {
    let (side, folder) = (start("healthy"), tempfile::tempdir().unwrap());
    let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
    fs::create_dir(&first).unwrap();
    fs::create_dir(&second).unwrap();
    fs::write(first.join("notes.json"), "{}").unwrap();
    fs::write(second.join("probe.prom"), "somebody_elses 1\n").unwrap();
    let rest = head(&side) + &target(&side, "orders", "");
    let daemon = Daemon::start(&(settings(&first) + &rest));
    let is_there = |folder: &Path| folder.join("orders.json").exists() && folder.join("probe.prom").exists();
    eventually("first files", || is_there(&first).then_some(()));
    daemon.write(&(settings(&second) + &rest));
    daemon.signal("HUP");
    eventually("second files", || is_there(&second).then_some(()));
    assert!(!first.join("orders.json").exists() && !first.join("probe.prom").exists());
    assert!(first.join("notes.json").exists());
    daemon.write(&rest);
    daemon.signal("HUP");
    eventually("empty folder", || fs::read_dir(&second).unwrap().next().is_none().then_some(()));
}

#[test]
fn a_killed_daemon_leaves_whole_files_and_the_next_one_tidies_up() {
    let (side, folder) = (start("healthy"), tempfile::tempdir().unwrap());
    let config = settings(folder.path()) + &head(&side) + &target(&side, "orders", "");
    let kept = folder.path().join("somebody-elses.tmp");
    fs::write(&kept, "x").unwrap();
    fs::write(folder.path().join("notes.json"), "{}").unwrap();
    for run in 0..8 {
        let mut daemon = Daemon::start(&config);
        daemon.notice("READY=1");
        eventually("first file", || textfile(folder.path()));
        if run % 2 == 1 {
            eventually("report", || fs::metadata(folder.path().join("orders.json")).ok());
        }
        daemon.service.child.kill().unwrap();
        daemon.service.child.wait().unwrap();
        textfile(folder.path()).unwrap();
        if let Ok(bytes) = fs::read(folder.path().join("orders.json")) {
            read_json(&bytes).unwrap();
        }
    }
    // as a run leaves it that was killed between writing and renaming
    fs::write(folder.path().join(".apigw-probe-serve-abc123.tmp"), "half a fi").unwrap();
    fs::copy(folder.path().join("orders.json"), folder.path().join("orders-copy.json")).unwrap();
    let renamed = fs::read_to_string(folder.path().join("orders.json")).unwrap().replace("\"orders\"", "\"old\"");
    fs::write(folder.path().join("old.json"), renamed).unwrap();
    let _daemon = Daemon::start(&config);
    eventually("tidied folder", || (drafts(folder.path()) == ["somebody-elses.tmp"]).then_some(()));
    eventually("removal of a target that is gone", || (!folder.path().join("old.json").exists()).then_some(()));
    assert!(folder.path().join("notes.json").exists() && folder.path().join("orders-copy.json").exists());
}

#[test]
fn a_folder_that_is_missing_is_told_once_and_used_when_it_comes() {
    let (side, folder) = (start("healthy"), tempfile::tempdir().unwrap());
    let missing = folder.path().join("later");
    let daemon = Daemon::start(&(settings(&missing) + &head(&side) + &target(&side, "orders", "")));
    daemon.notice("READY=1");
    daemon.metrics_with("output_write_errors_total{output=\"textfile\"} 3");
    daemon.metrics_with("output_write_errors_total{output=\"output-dir\"} 2");
    fs::create_dir(&missing).unwrap();
    eventually("file", || textfile(&missing).filter(|text| text.contains("target=\"orders\"")));
    let log = daemon.log_with("written again");
    assert_eq!(log.matches("cannot write").count(), 2, "each of the two once: {log}");
    assert!(!log.contains("apigw-probe-serve-"), "{log}");
}

#[test]
fn the_last_round_is_on_disk_when_it_ends() {
    let (side, folder) = (start("healthy"), tempfile::tempdir().unwrap());
    let config = settings(folder.path()) + &head(&side) + &target(&side, "orders", "");
    let mut daemon = Daemon::start(&("log_level = \"debug\"\n".to_owned() + &config));
    daemon.log_with("orders: 4/4");
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0));
    assert!(textfile(folder.path()).unwrap().contains("target=\"orders\""));
    assert!(folder.path().join("orders.json").exists() && drafts(folder.path()).is_empty());
}
