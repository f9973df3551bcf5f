//! What is said of a round? Findings: one explanation each, with its evidence, and who can fix it how.

use super::cause::Cause;
use crate::named::named;
use crate::plan::AccessPath;

/// The smallest set of findings that explains a round.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diagnosis {
    /// The most telling first.
    pub findings: Vec<Finding>,
}

/// One explanation of what was seen. Its fields are the report's JSON.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Finding {
    /// The most useful cause.
    pub cause: Cause,
    /// Other causes that would explain it as well.
    pub alternatives: Vec<Cause>,
    /// How sure it is.
    pub confidence: Confidence,
    /// The paths that it explains.
    pub paths: Vec<AccessPath>,
    /// Who can change it.
    pub owner: Owner,
    /// One sentence.
    pub summary: String,
    /// The facts that speak for it, and those that speak against.
    pub evidence: Vec<String>,
    /// What to do, in order.
    pub fix: Vec<String>,
    /// Where it is documented.
    pub docs: String,
}

named! {
    /// How sure a finding is.
    pub enum Confidence {
        /// One of several explanations.
        Possible = "possible",
        /// The best of several explanations.
        Likely = "likely",
        /// Nothing else explains what was seen.
        Certain = "certain",
    }
}

named! {
    /// Who can change what a finding blames.
    pub enum Owner {
        /// The account of the client and the endpoint.
        AccountA = "account-a",
        /// The account of the API.
        AccountB = "account-b",
        /// Whoever makes the call: URL, headers, this host.
        Caller = "caller",
        /// Whoever runs what lies between.
        Network = "network",
    }
}
