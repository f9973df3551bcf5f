//! Does the daemon hold what it promises to systemd, to operators and to disks? The real process, against the lab.

mod canary;
mod daemon;
mod descriptors;
mod files;
mod life;
mod log;
mod pipe;
mod rehearsal;
mod reload;
#[path = "../support/secrets.rs"]
mod secrets;
mod secrecy;
#[path = "../support/address.rs"]
mod address;
#[path = "../support/service.rs"]
mod service;
#[expect(dead_code, reason = "what calls `once` is for other suites")]
#[path = "../support/side.rs"]
mod side;
mod signals;
mod signing;
mod watchdog;

use apigw_probe::lab::Scenario;
use side::Side;

/// The lab in the scenario of a name.
fn start(name: &str) -> Side {
    Side::start(Scenario::named(name).unwrap_or_else(|| panic!("no scenario {name}")))
}
