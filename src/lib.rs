//! Probes a private Amazon API Gateway API through its four documented paths and says what is wrong.
pub mod diagnosis;
#[cfg(feature = "lab")]
pub mod lab;
pub mod named;
pub mod observation;
pub mod plan;
pub mod render;
pub mod report;
pub mod target;
pub mod render;
pub mod probe;
pub mod check;
pub mod config;
pub mod serve;
#[cfg(feature = "lab")]
pub mod lab;
pub mod cli;
