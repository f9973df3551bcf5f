//! Probes a private Amazon API Gateway API through its four documented paths and says what is wrong.
pub mod diagnosis;
pub mod named;
pub mod observation;
pub mod plan;
pub mod probe;
pub mod report;
pub mod target;
