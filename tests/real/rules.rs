//! Do the rules say what they should? By their own tests, with the checker of each major version of Prometheus.

use crate::prometheus::{CONTRIB, Version};
use crate::tool::{run, text, tool};

#[test]
fn the_rules_pass_their_tests() {
    for version in Version::ALL {
        let promtool = || {
            let mut command = version.promtool();
            command.current_dir(CONTRIB);
            command
        };
        run(promtool().args(["check", "rules", "--lint-fatal", "alerts.yml", "recording.yml"]));
        let output = run(promtool().args(["test", "rules", "alerts_test.yml", "recording_test.yml"]));
        assert!(!text(&output.stdout).contains("FAILED"), "{version:?}: {}", text(&output.stdout));
    }
}

#[test]
fn the_scrape_configurations_are_accepted() {
    for version in Version::ALL {
        for name in ["scrape-static.yml", "scrape-ec2.yml", "scrape-probe.yml", "scrape-textfile.yml"] {
            run(version.promtool().current_dir(CONTRIB).args(["check", "config", "--lint-fatal", name]));
        }
    }
}

#[test]
fn the_alertmanager_takes_the_inhibitions() {
    run(tool("amtool", "prometheus-alertmanager").current_dir(CONTRIB).args(["check-config", "alertmanager.yml"]));
}
