//! Calls to AWS that are not measured: credentials, STS, EC2, API Gateway, instance metadata.

mod env;
mod xml;

mod http_client;
mod sts;
mod credentials;
mod imds;
mod sdk_connector;

mod signed_client;
mod apigateway;
mod ec2;
mod instance_metadata;
mod outbound_interface;
mod collect_inventory;

pub use collect_inventory::InventoryCollector;
pub use credentials::{AssumeRoleConfig, CredentialsBase, CredentialsCache, CredentialsConfig};
pub use env::{EnvVars, drop_ignored_variables};
pub use outbound_interface::outgoing;

/// The Region and the DNS suffix of an endpoint of AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RegionEndpoint {
    region: String,
    suffix: String,
}

/// Parses a policy document; text that is not JSON stays text. API Gateway escapes what is within its text once more.
fn policy_document(text: &str) -> serde_json::Value {
    let plain = || serde_json::from_str::<String>(&format!("\"{text}\"")).ok();
    let read = serde_json::from_str(text).ok().or_else(|| serde_json::from_str(&plain()?).ok());
    read.unwrap_or_else(|| serde_json::Value::String(crate::observation::redact(text)))
}
