//! What do the facts say of the way to the endpoint? Names, addresses, security groups, this host.

use super::{Facts, Word, when};
use crate::diagnosis::clock::Clock;
use crate::plan::AccessPath;
use crate::setup::{Admission, Fact, VpcEndpoint};
use std::net::IpAddr;

impl Facts<'_> {
    pub(super) fn private_dns(&self) -> Word {
        let endpoint = self.setup.endpoint(self.target);
        let Fact::Known(endpoint) = endpoint else { return Word::Silent };
        let elsewhere = self.same_vpc(endpoint) == Some(false);
        if !endpoint.private_dns {
            let word = if elsewhere { Word::For } else { Word::Proves };
            return word(format!("PrivateDnsEnabled of {} is false", endpoint.id));
        }
        if let Some(name) = self.attribute_off() {
            return Word::For(format!("{name} of the VPC is false"));
        }
        match self.same_vpc(endpoint) {
            Some(true) | None if self.known_to_vpc == Some(false) => Word::Against(format!(
                "PrivateDnsEnabled of {} is true, and the VPC's resolver does not know the name all the same: it may not be in force \
                 yet, or a hosted zone, a resolver rule or DNS Firewall stands before it",
                endpoint.id
            )),
            Some(true) => Word::Refutes(format!("PrivateDnsEnabled of {} is true, in this host's VPC", endpoint.id)),
            Some(false) => Word::For("this host is in another VPC than the endpoint".to_owned()),
            None => Word::Against(format!("PrivateDnsEnabled of {} is true", endpoint.id)),
        }
    }

    pub(super) fn association(&self) -> Word {
        let Some(vpce) = &self.target.vpce else { return Word::Silent };
        self.api(|api| {
            if api.lists(vpce) {
                Word::Against(format!("the API lists {vpce}: its record may not be there yet, or want a deployment"))
            } else if api.vpc_endpoints.is_empty() {
                Word::Proves("the API lists no endpoint".to_owned())
            } else {
                Word::Proves(format!("the API lists {} and not {vpce}", api.vpc_endpoints.join(", ")))
            }
        })
    }

    pub(super) fn outside(&self) -> Word {
        let endpoint = self.setup.endpoint(self.target);
        match endpoint.known().and_then(|endpoint| Some((self.same_vpc(endpoint)?, &endpoint.vpc))) {
            Some((true, vpc)) => Word::Refutes(format!("this host and the endpoint are both in {vpc}")),
            Some((false, vpc)) => Word::For(format!("this host is not in {vpc}, where the endpoint is")),
            None => Word::Silent,
        }
    }

    pub(super) fn deletion(&self) -> Word {
        let id = self.target.vpce.as_ref().map(ToString::to_string).unwrap_or_default();
        match self.setup.endpoint(self.target) {
            Fact::Known(one) => when(one.is_available(), Word::Refutes, Word::For, format!("{id} is {}", one.state)),
            Fact::Absent if !id.is_empty() => {
                Word::For(format!("account A has no {id} in {}", self.target.endpoint_region_word()))
            }
            Fact::Absent | Fact::CannotSee(_) => Word::Silent,
        }
    }

    pub(super) fn endpoint_name(&self) -> Word {
        match (self.setup.endpoint(self.target), &self.target.endpoint) {
            (Fact::Known(one), Some(given)) if !one.dns_names.is_empty() => {
                let known = one.dns_names.iter().any(|name| name.eq_ignore_ascii_case(given.name.as_str()));
                let names = one.dns_names.iter().filter(|name| name.starts_with("vpce-")).cloned().collect::<Vec<_>>();
                when(known, Word::Refutes, Word::Proves, format!("{} is named {}", one.id, names.join(", ")))
            }
            (Fact::Absent, Some(given)) => Word::For(format!("account A has no endpoint of `{}`", given.name)),
            (Fact::Known(_) | Fact::Absent | Fact::CannotSee(_), _) => Word::Silent,
        }
    }

    pub(super) fn other_endpoint(&self) -> Word {
        let interfaces = self.setup.interfaces.known().map(Vec::as_slice).unwrap_or_default();
        if interfaces.is_empty() || self.addresses.is_empty() || self.setup.endpoint(self.target).known().is_none() {
            return Word::Silent;
        }
        // a tunnel begins on this host, and where it ends nobody knows here
        if self.addresses.iter().any(IpAddr::is_loopback) {
            return Word::Silent;
        }
        let own = self.addresses.iter().filter(|address| self.setup.interface_at(**address).is_some()).count();
        let shown: Vec<_> = interfaces.iter().flat_map(|one| &one.addresses).map(ToString::to_string).collect();
        let fact = format!("the endpoint's interfaces have {}", shown.join(", "));
        match own {
            0 => Word::Proves(fact),
            all if all == self.addresses.len() => Word::Refutes(fact),
            _ => Word::Beside(fact),
        }
    }

    pub(super) fn admission(&self) -> Word {
        let endpoint = self.setup.endpoint(self.target);
        let Fact::Known(endpoint) = endpoint else { return Word::Silent };
        let elsewhere = matches!(self.other_endpoint(), Word::Proves(_));
        let (inward, outward) = (self.setup.lets_in(endpoint), self.setup.lets_out(endpoint, self.addresses));
        // a group drops in silence, and it was judged by the family of the calling address
        let calls = self.setup.outgoing.known().map(|outgoing| outgoing.address);
        let alike = calls.is_none_or(|calls| self.addresses.iter().any(|one| one.is_ipv4() == calls.is_ipv4()));
        let proves = if self.is_silence && alike { Word::Proves } else { Word::Beside };
        match (inward, outward) {
            _ if elsewhere => Word::Silent,
            (Admission::No(groups), _) => {
                proves(format!("{} of the endpoint does not admit this host on port 443", groups.join(", ")))
            }
            (_, Admission::No(groups)) => {
                proves(format!("{} of this host lets nothing out to port 443 there", groups.join(", ")))
            }
            (Admission::Yes(rule), Admission::Yes(_)) => Word::Beside(format!(
                "the security groups on both sides admit it ({rule}); what is left is a network ACL or a route"
            )),
            (Admission::Yes(rule), Admission::Unclear(_)) => {
                Word::Beside(format!("the endpoint's security groups admit this host: {rule}"))
            }
            (Admission::Unclear(_), _) => Word::Silent,
        }
    }

    pub(super) fn zones(&self) -> Word {
        let placed = |address: &IpAddr| {
            let one = self.setup.interface_at(*address)?;
            Some(format!("{address} is {} in {}", one.id, one.zone))
        };
        let placed: Vec<_> = self.addresses.iter().filter_map(placed).collect();
        if placed.is_empty() { Word::Silent } else { Word::Beside(placed.join(", ")) }
    }

    pub(super) fn forwarding(&self, paths: &[AccessPath]) -> Word {
        if self.known_to_vpc == Some(false) {
            return Word::Refutes("the VPC's resolver, asked directly, has no address either".to_owned());
        }
        let endpoint = self.setup.endpoint(self.target);
        let Fact::Known(endpoint) = endpoint else { return Word::Silent };
        let alone = paths == [AccessPath::PrivateDns];
        match (endpoint.private_dns, self.same_vpc(endpoint)) {
            _ if self.attribute_off().is_some() => Word::Silent,
            (true, Some(true)) => Word::Suits(format!(
                "private DNS is on for {} in this host's VPC, whose resolver then knows the name",
                endpoint.id
            )),
            (false, _) if alone && self.known_to_vpc.is_none() => {
                Word::Against("private DNS is off, so that a resolver knows the name by a hosted zone alone".to_owned())
            }
            (true, Some(false) | None) | (false, _) => Word::Silent,
        }
    }

    pub(super) fn vpc_resolver(&self) -> Word {
        match self.setup.dns_support {
            Fact::Known(false) => Word::For("enableDnsSupport of the VPC is false: it has no resolver".to_owned()),
            Fact::Known(true) => Word::Beside("enableDnsSupport of the VPC is true".to_owned()),
            Fact::Absent | Fact::CannotSee(_) => Word::Silent,
        }
    }

    pub(super) fn mtu(&self) -> Word {
        match &self.setup.outgoing {
            Fact::Known(one) if one.mtu > USUAL_MTU => {
                Word::Beside(format!("{} has an MTU of {}, more than gateways and tunnels carry", one.name, one.mtu))
            }
            Fact::Known(_) | Fact::Absent | Fact::CannotSee(_) => Word::Silent,
        }
    }

    pub(super) fn clock(&self) -> Word {
        let words = |ahead: i64| {
            format!("the clock of AWS is {} s {}", ahead.unsigned_abs(), if ahead > 0 { "ahead" } else { "behind" })
        };
        match self.setup.clock_ahead_seconds {
            Fact::Known(ahead) if self.clock.is_right() && ahead.unsigned_abs() > WRONG_SECONDS => Word::Beside(
                format!("{}, where it was asked beside the calls; by the answers' dates it is not", words(ahead)),
            ),
            Fact::Known(ahead) if ahead.unsigned_abs() > WRONG_SECONDS => Word::Proves(words(ahead)),
            Fact::Known(ahead) if ahead.unsigned_abs() <= RIGHT_SECONDS => {
                // two clocks of AWS that differ leave open which of them is right
                let word = if matches!(self.clock, Clock::Off { .. }) { Word::Against } else { Word::Refutes };
                word("this host's clock agrees with that of AWS".to_owned())
            }
            Fact::Known(_) | Fact::Absent | Fact::CannotSee(_) => Word::Silent,
        }
    }

    /// The attribute of the VPC that private DNS needs and that is off.
    fn attribute_off(&self) -> Option<&'static str> {
        let attributes =
            [("enableDnsSupport", &self.setup.dns_support), ("enableDnsHostnames", &self.setup.dns_hostnames)];
        attributes.into_iter().find_map(|(name, fact)| (fact.known() == Some(&false)).then_some(name))
    }

    fn same_vpc(&self, endpoint: &VpcEndpoint) -> Option<bool> {
        Some(self.setup.instance.known()?.vpc == endpoint.vpc)
    }
}

const USUAL_MTU: u32 = 1500;
/// What API Gateway lets a signature be off by.
const WRONG_SECONDS: u64 = 300;
const RIGHT_SECONDS: u64 = 30;
