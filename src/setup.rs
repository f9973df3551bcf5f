//! How is it set up? What account A can see of the documented six steps; each fact is known, or says what would show it.

mod fact;
mod policy;

// what facts mean together
mod admission;
mod ruling;

pub use admission::Admission;
pub use fact::{Blind, Fact};
pub use policy::Policy;
pub use ruling::{Invocation, Ruling, is_full_access};

use crate::target::Target;
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
}

/// An interface endpoint for `execute-api`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VpcEndpoint {
    /// Its id.
    pub id: String,
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
        }
    }

    /// The endpoint of a target, if it is seen; absent if the account has none of this id.
    pub fn endpoint(&self, target: &Target) -> Fact<&VpcEndpoint> {
        let endpoints = match &self.endpoints {
            Fact::Known(endpoints) => endpoints,
            Fact::Absent => return Fact::Absent,
            Fact::CannotSee(blind) => return Fact::CannotSee(blind.clone()),
        };
        let is_it = |one: &&VpcEndpoint| target.vpce.as_ref().is_some_and(|vpce| vpce.as_str() == one.id);
        endpoints.iter().find(is_it).map_or(Fact::Absent, Fact::Known)
    }

    /// The endpoint that somebody who named none most likely means: the associated one, the one with private DNS, or the only one
    /// that is there and available.
    pub fn likely_endpoint(&self) -> Option<&VpcEndpoint> {
        let available: Vec<_> = self.endpoints.known()?.iter().filter(|one| one.state == "available").collect();
        let associated = |one: &&&VpcEndpoint| self.api.known().is_some_and(|api| api.vpc_endpoints.contains(&one.id));
        let only = available.first().filter(|_| available.len() == 1);
        available.iter().find(associated).or(available.iter().find(|one| one.private_dns)).or(only).copied()
    }

    /// Whether the endpoint's security groups admit this host.
    pub fn lets_in(&self, endpoint: &VpcEndpoint) -> Admission {
        let Fact::Known(groups) = &self.security_groups else {
            return Admission::Unclear("its rules are not seen".into());
        };
        let instance = self.instance.known();
        let mut sources = instance.map(|instance| instance.addresses.clone()).unwrap_or_default();
        sources.extend(self.outgoing.known().map(|outgoing| outgoing.address).filter(|_| sources.is_empty()));
        let members = instance.map(|instance| instance.security_groups.as_slice());
        admission::judge(groups, &endpoint.security_groups, |group| &group.inbound, &sources, members)
    }

    /// Whether this host's security groups let it go to addresses of the endpoint.
    pub fn lets_out(&self, endpoint: &VpcEndpoint, addresses: &[IpAddr]) -> Admission {
        let (Fact::Known(groups), Some(instance)) = (&self.security_groups, self.instance.known()) else {
            return Admission::Unclear("this host's groups are not seen".into());
        };
        let own = &instance.security_groups;
        admission::judge(groups, own, |group| &group.outbound, addresses, Some(&endpoint.security_groups))
    }

    /// The interface of the endpoint that has an address.
    pub fn interface_at(&self, address: IpAddr) -> Option<&Interface> {
        self.interfaces.known()?.iter().find(|interface| interface.addresses.contains(&address))
    }

    /// Whether an address lies in the instance's VPC; none if its ranges of that family are not known.
    pub fn is_in_vpc(&self, address: IpAddr) -> Option<bool> {
        let ranges = &self.instance.known()?.vpc_ranges;
        let mut comparable = ranges.iter().filter(|range| range.addr().is_ipv4() == address.is_ipv4()).peekable();
        comparable.peek()?;
        Some(comparable.any(|range| range.contains(&address)))
    }

    /// The resource and method of the API that a request meets: the plainest path first, `ANY` after the method itself.
    pub fn route(&self, path: &str, method: &str) -> Fact<&Method> {
        let resources = match &self.resources {
            Fact::Known(resources) => resources,
            Fact::Absent => return Fact::Absent,
            Fact::CannotSee(blind) => return Fact::CannotSee(blind.clone()),
        };
        let mut fitting: Vec<_> = resources.iter().filter(|one| fits(&one.path, path)).collect();
        fitting.sort_by_key(|one| (one.path.contains('+'), one.path.matches('{').count()));
        let methods = fitting.into_iter().map(|one| &one.methods);
        methods
            .into_iter()
            .find_map(|methods| methods.get(method).or(methods.get("ANY")))
            .map_or(Fact::Absent, Fact::Known)
    }
}

/// Whether a request's path meets a resource's: `/pets/{id}` stands for one segment, `/{proxy+}` for all that follow.
fn fits(resource: &str, path: &str) -> bool {
    let segments = |text: &'_ str| -> Vec<String> {
        text.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect()
    };
    let (resource, path) = (segments(resource), segments(path));
    for (at, pattern) in resource.iter().enumerate() {
        match path.get(at) {
            Some(_) if pattern.ends_with("+}") => return true,
            Some(_) if pattern.starts_with('{') => {}
            Some(segment) if segment == pattern => {}
            Some(_) | None => return false,
        }
    }
    resource.len() == path.len()
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_path_meets_its_resource() {
        for (resource, path, meets) in [
            ("/", "/", true),
            ("/", "/pets", false),
            ("/pets", "/pets", true),
            ("/pets", "/pets/", true),
            ("/pets/{id}", "/pets/7", true),
            ("/pets/{id}", "/pets", false),
            ("/pets/{id}", "/pets/7/toys", false),
            ("/{proxy+}", "/pets/7/toys", true),
            ("/{proxy+}", "/", false),
        ] {
            assert_eq!(fits(resource, path), meets, "{resource} {path}");
        }
    }
}
