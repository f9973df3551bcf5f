//! Does the real binary behave as its users expect? Run from outside, against the lab.

mod doctor;
mod further;
mod once;
mod readme;
#[path = "../support/secrets.rs"]
mod secrets;
mod signed;
mod steps;
#[path = "../support/side.rs"]
mod side;

use apigw_probe::lab::Scenario;
use side::Side;

/// The lab in the scenario of a name.
fn start(name: &str) -> Side {
    Side::start(Scenario::named(name).unwrap_or_else(|| panic!("no scenario {name}")))
}
