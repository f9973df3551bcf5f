//! Calls to AWS that are not measured: credentials, STS, EC2, API Gateway, instance metadata.

mod env;
mod xml;

mod http_client;
mod sts;
mod credentials;
mod imds;
mod sdk_connector;

mod policy_document;
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
