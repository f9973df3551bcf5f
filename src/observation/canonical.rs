//! Where do signer and service part? The lines of the canonical request that they write differently.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A line of the canonical request (IAM user guide, "Create a canonical request") that the service writes differently. Its fields
/// are the report's JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// `method`, `path`, `query`, `header NAME`, `signed-headers` or `payload`.
    pub line: String,
    /// As it was signed; absent if the signer has no such line. A secret is not shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ours: Option<String>,
    /// As the service read it; absent if it has no such line. A secret is not shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theirs: Option<String>,
}
