//! Does it hold against real servers, real tools and a real network? Needs root and the packages of `packages`; `.ci/run` starts it.
//!
//! What is missing fails the test that needs it. Servers listen on addresses of 127.0.0.0/8 that belong to this run, or inside network
//! namespaces that are named after it; both end with their test.

mod authority;
mod daemon;
mod name_server;
#[path = "../render/hostile.rs"]
mod hostile;
mod probe;
mod prometheus;
#[path = "../render/report.rs"]
mod report;
mod server;
#[path = "../support/address.rs"]
mod address;
#[path = "../support/service.rs"]
mod service;
#[path = "../support/side.rs"]
mod side;
#[path = "../support/statuses.rs"]
mod statuses;
#[path = "../render/status.rs"]
mod status;
mod tool;
mod vpc;
mod web_server;
#[path = "../support/credential_forms.rs"]
#[expect(dead_code, reason = "`cargo test` proves the other columns")]
mod forms;

mod certificates;
mod checks;
mod cli;
mod clock;
mod commands;
mod credential_forms;
mod credentials;
mod dashboard;
mod disk;
mod dns;
mod doctor;
mod doors;
mod netns;
mod openmetrics;
mod page;
mod promtool;
mod rehearsal;
mod rules;
mod run_command;
mod schema;
mod scrape;
mod set_up;
mod signing;
mod tls;
mod units;
mod wire;
