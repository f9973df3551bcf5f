//! Probes a private Amazon API Gateway API through its four documented paths and says what is wrong.
//!
//! ```text
//! Target ──plan()──▶ Plan ──probe()──▶ Observation ──diagnose()──▶ Diagnosis
//!  what               how               what was seen               why
//!                      └───────────── Report ─────────────┘
//!                                        │ record()
//!                                     History
//!              text  json  nagios  curl  │  metrics  html
//! ```
//!
//! The product is the contrast between the four answers. All down to [`sign`] is pure: no socket, no clock, no runtime.
//! The modules are listed in reading order, and each uses only those above it; `tests/tidy.rs` holds that.

pub mod named;
pub mod target;
pub mod plan;
pub mod setup;
pub mod observation;
pub mod diagnosis;
pub mod report;
pub mod history;
pub mod status;
pub mod render;
pub mod sign;
pub mod bounded_read;
mod platform;
pub mod crypto_provider;
pub mod probe;
pub mod aws;
pub mod check;
pub mod config;
pub mod daemon;
#[cfg(feature = "lab")]
pub mod lab;
pub mod cli;
