//! What is there? The parts of AWS that a call to a private API meets, as plain data: a healthy set-up, which a scenario then breaks.

use std::net::Ipv4Addr;
use std::time::Duration;

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
    /// The interface endpoints; the first is the one in the client's VPC.
    pub(super) endpoints: Vec<Endpoint>,
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
    pub(super) vpce_dns_name: String,
}

/// A Region and what its partition puts into names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Region {
    pub(super) name: &'static str,
    pub(super) dns_suffix: &'static str,
    pub(super) partition: &'static str,
}

/// A REST API.
#[derive(Debug)]
pub(super) struct Api {
    pub(super) id: &'static str,
    /// The last four digits of the owner's account, all that AWS shows of it.
    pub(super) account: &'static str,
    pub(super) exposure: Exposure,
    pub(super) policy: Policy,
    pub(super) stages: Vec<Stage>,
    /// Whether the `execute-api` names lead to it (`disableExecuteApiEndpoint` is off).
    pub(super) default_endpoint: bool,
    /// `endpointAccessMode: STRICT`: SNI and `Host` must be the API's own name.
    pub(super) strict: bool,
    /// Whether a web ACL blocks the client.
    pub(super) waf_blocks: bool,
}

/// Who can reach an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exposure {
    /// Endpoints only.
    Private {
        /// Whether public DNS still answers its name, as the one report of such an API suggests (facts B, "Does P1 become public").
        public_record: bool,
    },
    /// The Internet only.
    Public,
}

/// A deployment stage.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) name: &'static str,
    pub(super) routes: Vec<Route>,
    pub(super) limit: Limit,
}

/// What a usage plan or the account still allows.
#[derive(Debug, Clone, Copy)]
pub(super) enum Limit {
    NotReached,
    Throttled,
    QuotaUsedUp,
}

/// A resource and method.
#[derive(Debug)]
pub(super) struct Route {
    /// The method, or any.
    pub(super) method: Option<&'static str>,
    pub(super) path: &'static str,
    pub(super) authorization: Authorization,
    pub(super) api_key_required: bool,
    /// A query parameter that the request validator wants.
    pub(super) required_parameter: Option<&'static str>,
    pub(super) integration: Integration,
}

/// Who may call a method.
#[derive(Debug, Clone, Copy)]
pub(super) enum Authorization {
    /// Everybody.
    None,
    /// `AWS_IAM`.
    Iam,
    /// A Lambda authorizer, by what it does with a request that has a token.
    Lambda(Authorizer),
}

/// What a Lambda authorizer does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Authorizer {
    WantsToken,
    Denies,
    Fails,
}

/// What stands behind a method.
#[derive(Debug, Clone, Copy)]
pub(super) enum Integration {
    /// A mock that answers at once.
    Mock,
    /// A backend that answers after this long.
    Slow(Duration),
    /// A backend slower than the integration timeout.
    TimesOut,
    /// A VPC link without a reachable target.
    Unreachable,
    /// A URI or mapping that cannot work, or a Lambda function that may not be invoked.
    Misconfigured,
    /// A Lambda function whose answer is no proxy answer.
    Malformed,
    /// A mapping that turns the backend's 403 into 200.
    Masked,
}

/// A resource policy or endpoint policy.
#[derive(Debug)]
pub(super) struct Policy(pub(super) Vec<Statement>);

/// One statement, of `execute-api:Invoke` by anybody.
#[derive(Debug, Clone, Copy)]
pub(super) struct Statement {
    pub(super) effect: Effect,
    /// The API that it speaks of, or any.
    pub(super) api: Option<&'static str>,
    pub(super) condition: Condition,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Condition {
    Always,
    /// `StringEquals` on `aws:SourceVpce`.
    SourceVpceIs(&'static str),
    /// `StringNotEquals` on `aws:SourceVpce`; true as well where there is none.
    SourceVpceIsNot(&'static str),
}

/// What a policy comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Allowed,
    NotAllowed,
    Denied,
}

impl Policy {
    /// A deny outweighs any allow; without an allow the answer is no.
    pub(super) fn decide(&self, api: &str, source_vpce: Option<&str>) -> Decision {
        let applies = |statement: &&Statement| {
            statement.api.is_none_or(|only| only == api)
                && match statement.condition {
                    Condition::Always => true,
                    Condition::SourceVpceIs(vpce) => source_vpce == Some(vpce),
                    Condition::SourceVpceIsNot(vpce) => source_vpce != Some(vpce),
                }
        };
        let effects: Vec<Effect> = self.0.iter().filter(applies).map(|statement| statement.effect).collect();
        if effects.contains(&Effect::Deny) {
            Decision::Denied
        } else if effects.contains(&Effect::Allow) {
            Decision::Allowed
        } else {
            Decision::NotAllowed
        }
    }
}

/// An interface endpoint for `execute-api`.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) id: &'static str,
    /// The eight characters that its DNS name adds to its id.
    pub(super) label: &'static str,
    pub(super) interfaces: Vec<Interface>,
    /// Whether the VPC resolver answers every `execute-api` name of the Region with it.
    pub(super) private_dns: bool,
    /// The APIs with which it is associated, which gives each a Route 53 alias.
    pub(super) associated: Vec<&'static str>,
    pub(super) policy: Policy,
}

/// One network interface of an endpoint.
#[derive(Debug)]
pub(super) struct Interface {
    pub(super) address: Ipv4Addr,
    /// The letter of its Availability Zone.
    pub(super) zone: char,
    pub(super) port: Port,
}

/// What port 443 of an address does with a SYN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Port {
    Open,
    Drops,
    Refuses,
}

/// A private hosted zone for one name, with an alias to an endpoint.
#[derive(Debug)]
pub(super) struct HostedZone {
    pub(super) name: String,
    pub(super) endpoint: &'static str,
}

/// A recursive DNS server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resolver {
    pub(super) sees: View,
    pub(super) habit: Habit,
}

/// Whose names a resolver knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// The VPC's private names, then the Internet's.
    Vpc,
    /// The Internet's.
    Internet,
    /// Some other network's only: none of AWS's.
    Elsewhere,
}

/// What a resolver does with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Habit {
    Honest,
    /// Sends every answer truncated over UDP.
    Truncates,
    /// Takes private addresses out of every answer (rebinding protection).
    DropsPrivate,
    /// Takes private addresses out of answers from public zones.
    DropsPrivateFromPublicZones,
    ServFail,
    Refuses,
    Silent,
}

/// API Gateway as the Internet sees it.
#[derive(Debug)]
pub(super) struct PublicSide {
    pub(super) addresses: [Ipv4Addr; 2],
    pub(super) port: Port,
}

/// How a TLS handshake goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handshake {
    /// With a certificate.
    Presents(Chain),
    /// The server ends it with `protocol_version`.
    WantsAnotherVersion,
    /// The server never answers the ClientHello.
    Stalls,
    /// What listens speaks HTTP without TLS.
    PlainHttp,
}

/// Which certificate the server shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Chain {
    /// The right one: root, intermediate, leaf of the name asked for.
    Good,
    /// Right but for its end, which is past.
    Expired,
    /// Right but for its beginning, which is to come.
    NotYetValid,
    /// Of a load balancer, whatever name is asked for.
    OfLoadBalancer,
    /// For the right name, of an authority that nobody knows.
    OfStranger,
    /// For the right name, of a company's TLS inspection.
    OfInspection,
}

/// What stands between the client and API Gateway.
#[derive(Debug, Clone, Copy)]
pub(super) enum Between {
    Nothing,
    /// A reverse proxy that sets `Host` to the name that was dialled.
    SetsHost,
    /// A reverse proxy that drops the header `x-apigw-api-id`.
    DropsApiId,
    /// A reverse proxy that sends everything to one API, whichever was asked for.
    SendsTo(&'static str),
    /// Something that answers by itself.
    Answers(Impostor),
}

/// Something other than API Gateway that answers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Impostor {
    /// A web server with a friendly page.
    WebServer,
    /// A proxy that denies.
    Proxy,
    /// Something that does not speak HTTP.
    Garbage,
}

/// In which words policies refuse (facts C.0: they have become clearer with the years).
#[derive(Debug, Clone, Copy)]
pub(super) enum Wording {
    Old,
    New,
}

impl World {
    /// The set-up of AWS's own article: one private API, one associated endpoint with private DNS, one policy that lets it in.
    pub(super) fn healthy() -> Self {
        Self::healthy_in(Region { name: "us-east-1", dns_suffix: "amazonaws.com", partition: "aws" })
    }

    /// The healthy set-up in another Region.
    pub(super) fn healthy_in(region: Region) -> Self {
        let mut world = Self {
            asked: Asked { invoke_url: String::new(), vpce_dns_name: String::new() },
            region,
            apis: vec![
                Api::private(API, only_through(ENDPOINT)),
                Api::private(OTHER_API, Policy(vec![deny(Condition::Always)])),
            ],
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
        world.asked.vpce_dns_name = world.endpoint_name(&world.endpoints[0]);
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

impl Api {
    /// A private API with one stage, `test`: anything on its root, `GET` on `/orders`.
    fn private(id: &'static str, policy: Policy) -> Self {
        let stage = Stage {
            name: "test",
            routes: vec![Route::mock(None, "/"), Route::mock(Some("GET"), "/orders")],
            limit: Limit::NotReached,
        };
        Self {
            id,
            account: "3333",
            exposure: Exposure::Private { public_record: false },
            policy,
            stages: vec![stage],
            default_endpoint: true,
            strict: false,
            waf_blocks: false,
        }
    }
}

impl Route {
    fn mock(method: Option<&'static str>, path: &'static str) -> Self {
        Self {
            method,
            path,
            authorization: Authorization::None,
            api_key_required: false,
            required_parameter: None,
            integration: Integration::Mock,
        }
    }
}

/// The policy of AWS's article: deny what does not come through the endpoint, allow the rest.
pub(super) fn only_through(vpce: &'static str) -> Policy {
    Policy(vec![deny(Condition::SourceVpceIsNot(vpce)), allow(Condition::Always)])
}

pub(super) fn allow(condition: Condition) -> Statement {
    Statement { effect: Effect::Allow, api: None, condition }
}

pub(super) fn deny(condition: Condition) -> Statement {
    Statement { effect: Effect::Deny, api: None, condition }
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
