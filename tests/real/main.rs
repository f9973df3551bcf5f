//! Does it hold against real servers, real tools and a real network? Needs root and the packages of `packages`; `.ci/run` starts it.
//!
//! What is missing fails the test that needs it. Servers listen on addresses of 127.0.0.0/8 that belong to this run, or inside network
//! namespaces that are named after it; both end with their test.

mod authority;
mod name_server;
mod probe;
mod server;
#[path = "../support/side.rs"]
mod side;
mod tool;
mod vpc;
mod web_server;

mod cli;
mod credentials;
mod dns;
mod netns;
mod promtool;
mod schema;
mod signing;
mod tls;
mod wire;
