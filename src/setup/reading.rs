//! What do the facts answer together? Which endpoint it is, who lets whom in, where an address lies, what a policy says.

use super::admission::{self, Admission};
use super::{Api, Blind, Fact, Interface, Invocation, Method, Ruling, Setup, VpcEndpoint};
use crate::target::{Target, VpceId};
use serde_json::Value;
use std::net::IpAddr;

impl Setup {
    /// The endpoint of a target, if it is seen; absent if the account has none of this id. One that nobody calls private APIs over
    /// tells nothing of those that they are called over.
    pub fn endpoint(&self, target: &Target) -> Fact<&VpcEndpoint> {
        let endpoints = match &self.endpoints {
            Fact::Known(endpoints) => endpoints,
            Fact::Absent => return Fact::Absent,
            Fact::CannotSee(blind) => return Fact::CannotSee(blind.clone()),
        };
        let is_it = |one: &&VpcEndpoint| target.vpce.as_ref().is_some_and(|vpce| vpce.as_str() == one.id);
        match endpoints.iter().find(is_it) {
            Some(one) if one.is_for_execute_api() => Fact::Known(one),
            Some(one) => Fact::CannotSee(Blind::new("ec2:DescribeVpcEndpoints", one.purpose())),
            None => Fact::Absent,
        }
    }

    /// The endpoint that somebody who named none most likely means: the associated one, the one with private DNS, or the only one
    /// that is there and available.
    pub fn likely_endpoint(&self) -> Option<&VpcEndpoint> {
        let fits = |one: &&VpcEndpoint| one.is_for_execute_api() && one.is_available();
        let available: Vec<_> = self.endpoints.known()?.iter().filter(fits).collect();
        let associated = |one: &&&VpcEndpoint| self.api.known().is_some_and(|api| api.vpc_endpoints.contains(&one.id));
        let only = available.first().filter(|_| available.len() == 1);
        available.iter().find(associated).or(available.iter().find(|one| one.private_dns)).or(only).copied()
    }

    /// The endpoint whose private DNS leads every API's default name to it, public ones too: a VPC has one at most.
    pub fn catching_endpoint(&self) -> Option<&VpcEndpoint> {
        let here = |one: &&VpcEndpoint| self.instance.known().is_none_or(|instance| instance.vpc == one.vpc);
        let catches = |one: &&VpcEndpoint| one.private_dns && one.is_for_execute_api() && one.is_available();
        self.endpoints.known()?.iter().filter(here).find(catches)
    }

    /// Whether the endpoint's security groups admit this host.
    pub fn lets_in(&self, endpoint: &VpcEndpoint) -> Admission {
        let Fact::Known(groups) = &self.security_groups else {
            return Admission::Unclear("its rules are not seen".into());
        };
        let calling = self.outgoing.known().map(|outgoing| outgoing.address);
        let instance = self.instance.known();
        let sources = match (calling, self.own_groups(), instance) {
            (Some(_), None, Some(_)) => return Admission::Unclear(OF_NO_INTERFACE.into()),
            (Some(calling), ..) => vec![calling],
            (None, Some(_), Some(instance)) => instance.addresses.clone(),
            (None, ..) => Vec::new(),
        };
        admission::judge(groups, &endpoint.security_groups, |group| &group.inbound, &sources, self.own_groups())
    }

    /// The security groups of the interface by which this host calls: the one that has the calling address, or the only one where
    /// that is not known.
    pub fn own_groups(&self) -> Option<&[String]> {
        let instance = self.instance.known()?;
        let first = (&instance.addresses, &instance.security_groups);
        let further = instance.further_interfaces.iter().map(|one| (&one.addresses, &one.security_groups));
        let mut all = std::iter::once(first).chain(further);
        let (_, groups) = match &self.outgoing {
            Fact::Known(outgoing) => all.find(|(addresses, _)| addresses.contains(&outgoing.address))?,
            Fact::Absent | Fact::CannotSee(_) => Some(first).filter(|_| instance.further_interfaces.is_empty())?,
        };
        Some(groups)
    }

    /// Whether this host's security groups let it go to addresses of the endpoint.
    pub fn lets_out(&self, endpoint: &VpcEndpoint, addresses: &[IpAddr]) -> Admission {
        let Fact::Known(groups) = &self.security_groups else {
            return Admission::Unclear("this host's groups are not seen".into());
        };
        let Some(own) = self.own_groups() else { return Admission::Unclear(OF_NO_INTERFACE.into()) };
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

impl VpcEndpoint {
    /// Whether private APIs are called over it: an interface endpoint, for `execute-api` by whatever name its partition calls that.
    /// What was not told counts as right.
    pub fn is_for_execute_api(&self) -> bool {
        let interface = self.kind.is_empty() || self.kind.eq_ignore_ascii_case("interface");
        interface && (self.service.is_empty() || self.service.ends_with(".execute-api"))
    }

    /// What it is for, in words.
    pub fn purpose(&self) -> String {
        let kind = if self.kind.is_empty() { String::new() } else { format!(" of type {}", self.kind) };
        format!("{} is an endpoint{kind} for {}", self.id, self.service)
    }

    /// Whether it is there and in use.
    pub fn is_available(&self) -> bool {
        self.state == "available"
    }

    /// Whether it will be there without anything being done.
    pub fn is_coming(&self) -> bool {
        self.state.starts_with("pending")
    }
}

impl Api {
    /// Whether it is a private one, as it is saved.
    pub fn is_private(&self) -> bool {
        self.types.iter().any(|kind| kind == "PRIVATE")
    }

    /// Whether it is associated with this endpoint.
    pub fn lists(&self, vpce: &VpceId) -> bool {
        self.vpc_endpoints.iter().any(|id| id == vpce.as_str())
    }
}

impl Setup {
    /// What the resource policy, as it is saved, says of a call; none if the API is not seen or has no policy.
    pub fn api_ruling(&self, target: &Target, method: &str, signed: bool) -> Option<Ruling> {
        self.ruling(self.api.known()?.policy.as_ref()?, target, method, signed)
    }

    /// What the endpoint's policy says of a call; none if the endpoint is not seen.
    pub fn endpoint_ruling(&self, target: &Target, method: &str, signed: bool) -> Option<Ruling> {
        let endpoint = self.endpoint(target);
        self.ruling(endpoint.known()?.policy.as_ref()?, target, method, signed)
    }

    fn ruling(&self, policy: &Value, target: &Target, method: &str, signed: bool) -> Option<Ruling> {
        let endpoint = self.endpoint(target);
        let call = Invocation {
            vpce: target.vpce.as_ref().map(VpceId::as_str),
            vpc: endpoint.known().map(|endpoint| endpoint.vpc.as_str()),
            region: target.region()?.as_str(),
            api: target.api()?.id.as_str(),
            method_path: &format!("{}/{method}{}", target.stage.as_deref()?, target.resource()),
            signed,
        };
        Some(Ruling::of(policy, &call))
    }
}

const OF_NO_INTERFACE: &str = "the calling address is of no interface that is seen";

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
