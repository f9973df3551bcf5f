//! AWS credentials: where they come from, and a cache that keeps them fresh.

pub(super) mod validate;

pub(super) mod profile;

mod config;
mod failure;

mod chain;

mod cache;

pub use cache::CredentialsCache;
pub use config::{AssumeRoleConfig, CredentialsBase, CredentialsConfig};
