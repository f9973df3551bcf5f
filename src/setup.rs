//! How is it set up? What account A can see of the documented six steps; each fact is known, or says what would show it.

mod fact;
mod policy;

// what facts mean together
mod admission;
mod ruling;

mod reading;

pub use admission::Admission;
pub use fact::{Blind, Fact};
pub use policy::Policy;
pub use ruling::{Invocation, Ruling, is_full_access};

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::IpAddr;
use time::OffsetDateTime;

/// What is known of a target's set-up, and of this host. Its fields are the report's JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Setup {
    /// The interface by which this host calls.
    pub outgoing: Fact<Outgoing>,
    /// By how many seconds the clocks of AWS are ahead of this host's, by the `Date` of the answers that told the rest.
    pub clock_ahead_seconds: Fact<i64>,
    /// The instance, by its own metadata.
    pub instance: Fact<Instance>,
    /// The endpoints for `execute-api` in the instance's VPC, and the one that was named.
    pub endpoints: Fact<Vec<VpcEndpoint>>,
    /// The VPC's `enableDnsSupport`.
    pub dns_support: Fact<bool>,
    /// The VPC's `enableDnsHostnames`.
    pub dns_hostnames: Fact<bool>,
    /// The interfaces of the endpoint.
    pub interfaces: Fact<Vec<Interface>>,
    /// The subnets of the endpoint.
    pub subnets: Fact<Vec<Subnet>>,
    /// The security groups of the endpoint and of the instance.
    pub security_groups: Fact<Vec<SecurityGroup>>,
    /// The API, as account B has it.
    pub api: Fact<Api>,
    /// Its resources and methods, as they are saved; what is deployed may be older.
    pub resources: Fact<Vec<Resource>>,
    /// The stage.
    pub stage: Fact<Stage>,
    /// What was last deployed to it.
    pub deployment: Fact<Deployment>,
    /// The role that was named to sign the calls, by its ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assume_role_arn: Option<String>,
}

/// The interface by which this host calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outgoing {
    /// Its name.
    pub name: String,
    /// The most bytes of a packet.
    pub mtu: u32,
    /// The address that it calls from.
    pub address: IpAddr,
}

/// The instance, by its own metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Instance {
    /// The Region.
    pub region: String,
    /// The Availability Zone.
    pub zone: String,
    /// The VPC.
    pub vpc: String,
    /// The subnet of its first interface.
    pub subnet: String,
    /// The address ranges of the VPC.
    #[schemars(with = "Vec<String>")]
    pub vpc_ranges: Vec<IpNet>,
    /// The addresses of its first interface.
    pub addresses: Vec<IpAddr>,
    /// The security groups of its first interface.
    pub security_groups: Vec<String>,
    /// Its further interfaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further_interfaces: Vec<OwnInterface>,
}

/// A further interface of the instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OwnInterface {
    /// Its subnet.
    pub subnet: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Its security groups.
    pub security_groups: Vec<String>,
}

/// An endpoint of a VPC: an interface endpoint for `execute-api`, or whatever has the id that was named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VpcEndpoint {
    /// Its id.
    pub id: String,
    /// Its type, such as `Interface`; empty if it was not told.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The name of the service that it leads to; empty if it was not told.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub service: String,
    /// Its VPC.
    pub vpc: String,
    /// `available`, or what keeps it from being so.
    pub state: String,
    /// Whether its private DNS is on.
    pub private_dns: bool,
    /// Its DNS names, in the order of the answer.
    pub dns_names: Vec<String>,
    /// Its subnets.
    pub subnets: Vec<String>,
    /// Its security groups.
    pub security_groups: Vec<String>,
    /// Its interfaces.
    pub interfaces: Vec<String>,
    /// Its policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Value>,
}

/// A network interface of the endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Interface {
    /// Its id.
    pub id: String,
    /// Its Availability Zone.
    pub zone: String,
    /// Its subnet.
    pub subnet: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

/// A subnet of the endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Subnet {
    /// Its id.
    pub id: String,
    /// Its Availability Zone.
    pub zone: String,
    /// Its address ranges.
    #[schemars(with = "Vec<String>")]
    pub ranges: Vec<IpNet>,
}

/// A security group, as far as it concerns TCP port 443.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecurityGroup {
    /// Its id.
    pub id: String,
    /// Who may come in.
    pub inbound: Peers,
    /// Where its members may go.
    pub outbound: Peers,
}

/// Whom the rules of a security group name for TCP port 443.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Peers {
    /// Address ranges.
    #[schemars(with = "Vec<String>")]
    pub ranges: Vec<IpNet>,
    /// Members of other groups.
    pub groups: Vec<String>,
    /// Prefix lists, whose entries are not seen.
    pub prefix_lists: Vec<String>,
}

/// A REST API, as account B has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Api {
    /// Its name.
    pub name: String,
    /// Its endpoint types: `PRIVATE`, `REGIONAL`, `EDGE`.
    pub types: Vec<String>,
    /// The endpoints that it is associated with.
    pub vpc_endpoints: Vec<String>,
    /// Its resource policy, as it is saved; what is deployed may be older.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Value>,
    /// `BASIC` or `STRICT`, where a security policy asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_mode: Option<String>,
    /// Its TLS policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_policy: Option<String>,
    /// Whether its `execute-api` names are switched off.
    pub default_endpoint_disabled: bool,
    /// `AVAILABLE`, or that a change is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// A resource with its methods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resource {
    /// Its path, with variables in braces.
    pub path: String,
    /// Its methods, `ANY` among them.
    pub methods: BTreeMap<String, Method>,
}

/// What a method asks of its callers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Method {
    /// `NONE`, `AWS_IAM`, `CUSTOM` or `COGNITO_USER_POOLS`.
    pub authorization: String,
    /// Whether it wants an API key.
    pub api_key_required: bool,
}

/// A stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stage {
    /// The deployment that it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
    /// When it was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub changed: Option<OffsetDateTime>,
    /// The web ACL that guards it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_acl: Option<String>,
}

/// A deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deployment {
    /// Its id.
    pub id: String,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub created: Option<OffsetDateTime>,
}

impl Instance {
    /// The security groups of all its interfaces.
    pub fn all_groups(&self) -> Vec<String> {
        let further = self.further_interfaces.iter().flat_map(|one| &one.security_groups);
        self.security_groups.iter().chain(further).cloned().collect()
    }
}

impl Setup {
    /// A set-up of which nothing is known, for one reason.
    pub fn unseen(why: &Blind) -> Self {
        Self {
            outgoing: Fact::CannotSee(why.clone()),
            clock_ahead_seconds: Fact::CannotSee(why.clone()),
            instance: Fact::CannotSee(why.clone()),
            endpoints: Fact::CannotSee(why.clone()),
            dns_support: Fact::CannotSee(why.clone()),
            dns_hostnames: Fact::CannotSee(why.clone()),
            interfaces: Fact::CannotSee(why.clone()),
            subnets: Fact::CannotSee(why.clone()),
            security_groups: Fact::CannotSee(why.clone()),
            api: Fact::CannotSee(why.clone()),
            resources: Fact::CannotSee(why.clone()),
            stage: Fact::CannotSee(why.clone()),
            deployment: Fact::CannotSee(why.clone()),
            assume_role_arn: None,
        }
    }
}
