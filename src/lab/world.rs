//! What is there? The parts of AWS that a call to a private API meets, as plain data: a healthy set-up, which a scenario then breaks.

mod api;
mod caller;
mod domain;
mod network;

pub(super) use api::{Api, Authorization, Authorizer, Exposure, Integration, Kind, Limit, Route, Stage};
pub(super) use caller::{AccessKey, ROLE};
pub(super) use domain::{Domain, Mapping, Reach, Record};
pub(super) use network::{
    Between, Chain, Endpoint, Habit, Handshake, HostedZone, Impostor, Interface, Port, PublicSide, Resolver, View,
};

use super::policy::{Condition, Policy, Wording, allow, deny, only_through};
use crate::check::AuthMode;
use crate::sign::Credentials;
use std::net::Ipv4Addr;

/// The API's id in every scenario: the one of AWS's own examples.
pub(super) const API: &str = "a1bc234d5e";
/// A second private API of the same owner, which its policy closes to everybody.
pub(super) const OTHER_API: &str = "z9yx876w5v";
/// The endpoint in the client's VPC.
pub(super) const ENDPOINT: &str = "vpce-1a2b3c456d7e89012";
/// An endpoint in another VPC, shared by a central network team.
pub(super) const CENTRAL_ENDPOINT: &str = "vpce-0c9d8e7f6a5b43210";

/// Everything that decides how a call goes.
#[derive(Debug)]
pub(super) struct World {
    /// What the operator pastes.
    pub(super) asked: Asked,
    /// Where it plays.
    pub(super) region: Region,
    /// The APIs, private and public; the first is the one that the operator means.
    pub(super) apis: Vec<Api>,
    /// The keys that sign; the first is the operator's.
    pub(super) keys: Vec<AccessKey>,
    /// The interface endpoints; the first is the one in the client's VPC.
    pub(super) endpoints: Vec<Endpoint>,
    /// Custom domain names.
    pub(super) domains: Vec<Domain>,
    /// Private hosted zones of the client's VPC, each for one exact name.
    pub(super) hosted_zones: Vec<HostedZone>,
    /// The DNS server that the client asks.
    pub(super) resolver: Resolver,
    /// What the VPC's own resolver says.
    pub(super) vpc_resolver: Resolver,
    /// API Gateway as the Internet sees it.
    pub(super) public_side: PublicSide,
    /// How the handshake goes, whatever name is asked for.
    pub(super) handshake: Handshake,
    /// What stands between the client and API Gateway.
    pub(super) between: Between,
    /// In which words policies refuse.
    pub(super) wording: Wording,
    /// Seconds by which AWS's clock is ahead of ours.
    pub(super) clock_ahead: i64,
}

/// What the operator pastes.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) invoke_url: String,
    pub(super) vpce_dns_name: Option<String>,
    pub(super) zonal_dns_names: Vec<String>,
    /// Whether the API is said to be a public one.
    pub(super) public: bool,
    /// The Region, where no name tells it.
    pub(super) stated_region: Option<&'static str>,
    pub(super) custom_domain: Option<String>,
    /// Whether the calls are to be signed.
    pub(super) auth: AuthMode,
    /// What the operator signs with.
    pub(super) credentials: Option<Credentials>,
}

/// A Region and what its partition puts into names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Region {
    pub(super) name: &'static str,
    pub(super) dns_suffix: &'static str,
    pub(super) partition: &'static str,
}

impl World {
    /// The set-up of AWS's own article: one private API, one associated endpoint with private DNS, one policy that lets it in.
    pub(super) fn healthy() -> Self {
        Self::healthy_in(Region { name: "us-east-1", dns_suffix: "amazonaws.com", partition: "aws" })
    }

    /// The healthy set-up in another Region.
    pub(super) fn healthy_in(region: Region) -> Self {
        let mut world = Self {
            asked: Asked {
                invoke_url: String::new(),
                vpce_dns_name: None,
                zonal_dns_names: Vec::new(),
                public: false,
                stated_region: None,
                custom_domain: None,
                auth: AuthMode::None,
                credentials: Some(AccessKey::of_role().credentials()),
            },
            region,
            apis: vec![
                Api::private(API, only_through(ENDPOINT)),
                Api::private(OTHER_API, Policy(vec![deny(Condition::Always)])),
            ],
            keys: vec![AccessKey::of_role()],
            endpoints: vec![
                Endpoint {
                    id: ENDPOINT,
                    label: "f3ghijkl",
                    interfaces: interfaces(&OWN_ADDRESSES),
                    private_dns: true,
                    associated: vec![API],
                    policy: Policy(vec![allow(Condition::Always)]),
                },
                Endpoint {
                    id: CENTRAL_ENDPOINT,
                    label: "c3ntra1z",
                    interfaces: interfaces(&CENTRAL_ADDRESSES),
                    private_dns: false,
                    associated: Vec::new(),
                    policy: Policy(vec![allow(Condition::Always)]),
                },
            ],
            domains: Vec::new(),
            hosted_zones: Vec::new(),
            resolver: Resolver { sees: View::Vpc, habit: Habit::Honest },
            vpc_resolver: Resolver { sees: View::Vpc, habit: Habit::Honest },
            public_side: PublicSide { addresses: PUBLIC_ADDRESSES, port: Port::Open },
            handshake: Handshake::Presents(Chain::Good),
            between: Between::Nothing,
            wording: Wording::New,
            clock_ahead: 0,
        };
        world.asked.invoke_url = format!("https://{}/test", world.api_name(API));
        world.asked.vpce_dns_name = Some(world.endpoint_name(&world.endpoints[0]));
        world
    }

    /// The API that the operator means.
    pub(super) fn api(&mut self) -> &mut Api {
        &mut self.apis[0]
    }

    /// The endpoint in the client's VPC.
    pub(super) fn endpoint(&mut self) -> &mut Endpoint {
        &mut self.endpoints[0]
    }

    /// The operator's key, as AWS knows it.
    pub(super) fn key(&mut self) -> &mut AccessKey {
        &mut self.keys[0]
    }

    /// The method that the operator calls.
    pub(super) fn route(&mut self) -> &mut Route {
        &mut self.apis[0].stages[0].routes[0]
    }

    /// The zone of all API names of the Region, and the name that private DNS points them to.
    pub(super) fn api_zone(&self) -> String {
        format!("execute-api.{}.{}", self.region.name, self.region.dns_suffix)
    }

    /// The zone of all endpoint names of the Region.
    pub(super) fn endpoint_zone(&self) -> String {
        format!("execute-api.{}.vpce.{}", self.region.name, self.region.dns_suffix)
    }

    /// An API's own name.
    pub(super) fn api_name(&self, api: &str) -> String {
        format!("{api}.{}", self.api_zone())
    }

    /// An endpoint's regional DNS name.
    pub(super) fn endpoint_name(&self, endpoint: &Endpoint) -> String {
        format!("{}-{}.{}", endpoint.id, endpoint.label, self.endpoint_zone())
    }

    /// The target name of a Regional custom domain name.
    pub(super) fn domain_target(&self) -> String {
        self.api_name("d-tsvr8qjugg")
    }

    /// The custom domain name of this text, if whoever listens there knows it: an endpoint with an access association, or the
    /// Regional service. What an endpoint makes of a public one's name is inferred: it knows it, and serves private APIs only.
    pub(super) fn domain_known_at(&self, endpoint: Option<&Endpoint>, name: &str) -> Option<&Domain> {
        let known = |domain: &&Domain| match (&domain.reach, endpoint) {
            (Reach::Private { associated }, Some(endpoint)) => associated.contains(&endpoint.id),
            (Reach::Private { .. }, None) => false,
            (Reach::Public(_), _) => true,
        };
        self.domains.iter().filter(|domain| domain.name.eq_ignore_ascii_case(name)).find(known)
    }

    /// An endpoint's name in one of its zones.
    pub(super) fn zonal_name(&self, endpoint: &Endpoint, zone: char) -> String {
        format!("{}-{}-{}{zone}.{}", endpoint.id, endpoint.label, self.region.name, self.endpoint_zone())
    }

    /// The endpoint that has an address; none for the public side.
    pub(super) fn endpoint_at(&self, address: Ipv4Addr) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.interfaces.iter().any(|one| one.address == address))
    }

    /// What port 443 of an address does; nothing answers where no interface is.
    pub(super) fn port_at(&self, address: Ipv4Addr) -> Port {
        if self.public_side.addresses.contains(&address) {
            return self.public_side.port;
        }
        let mut interfaces = self.endpoints.iter().flat_map(|endpoint| &endpoint.interfaces);
        interfaces.find(|one| one.address == address).map_or(Port::Drops, |one| one.port)
    }
}

fn interfaces(addresses: &[Ipv4Addr]) -> Vec<Interface> {
    addresses.iter().zip('a'..).map(|(&address, zone)| Interface { address, zone, port: Port::Open }).collect()
}

/// Every address of the make-believe AWS, and the loopback address that stands in for it.
pub(super) const ADDRESSES: [(Ipv4Addr, Ipv4Addr); 7] = [
    (OWN_ADDRESSES[0], Ipv4Addr::new(127, 0, 0, 11)),
    (OWN_ADDRESSES[1], Ipv4Addr::new(127, 0, 0, 12)),
    (OWN_ADDRESSES[2], Ipv4Addr::new(127, 0, 0, 13)),
    (CENTRAL_ADDRESSES[0], Ipv4Addr::new(127, 0, 0, 21)),
    (CENTRAL_ADDRESSES[1], Ipv4Addr::new(127, 0, 0, 22)),
    (PUBLIC_ADDRESSES[0], Ipv4Addr::new(127, 0, 0, 31)),
    (PUBLIC_ADDRESSES[1], Ipv4Addr::new(127, 0, 0, 32)),
];

const OWN_ADDRESSES: [Ipv4Addr; 3] =
    [Ipv4Addr::new(10, 0, 1, 10), Ipv4Addr::new(10, 0, 2, 10), Ipv4Addr::new(10, 0, 3, 10)];
const CENTRAL_ADDRESSES: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 1, 1, 10), Ipv4Addr::new(10, 1, 2, 10)];
const PUBLIC_ADDRESSES: [Ipv4Addr; 2] = [Ipv4Addr::new(3, 210, 0, 10), Ipv4Addr::new(52, 70, 0, 10)];
