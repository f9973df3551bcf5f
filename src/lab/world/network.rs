//! What lies between a client and an API? Resolvers, endpoints and their ports, certificates, and what stands in between.

use crate::lab::policy::Policy;
use std::net::Ipv4Addr;

/// An interface endpoint for `execute-api`.
#[derive(Debug)]
pub(in crate::lab) struct Endpoint {
    pub(in crate::lab) id: &'static str,
    /// The eight characters that its DNS name adds to its id.
    pub(in crate::lab) label: &'static str,
    pub(in crate::lab) interfaces: Vec<Interface>,
    /// Whether the VPC resolver answers every `execute-api` name of the Region with it.
    pub(in crate::lab) private_dns: bool,
    /// The APIs with which it is associated, which gives each a Route 53 alias.
    pub(in crate::lab) associated: Vec<&'static str>,
    pub(in crate::lab) policy: Policy,
}

/// One network interface of an endpoint.
#[derive(Debug)]
pub(in crate::lab) struct Interface {
    pub(in crate::lab) address: Ipv4Addr,
    /// The letter of its Availability Zone.
    pub(in crate::lab) zone: char,
    pub(in crate::lab) port: Port,
}

/// What port 443 of an address does with a SYN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lab) enum Port {
    Open,
    Drops,
    Refuses,
}

/// A private hosted zone for one name, with an alias to an endpoint.
#[derive(Debug)]
pub(in crate::lab) struct HostedZone {
    pub(in crate::lab) name: String,
    pub(in crate::lab) endpoint: &'static str,
}

/// A recursive DNS server.
#[derive(Debug, Clone, Copy)]
pub(in crate::lab) struct Resolver {
    pub(in crate::lab) sees: View,
    pub(in crate::lab) habit: Habit,
}

/// Whose names a resolver knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lab) enum View {
    /// The VPC's private names, then the Internet's.
    Vpc,
    /// The Internet's.
    Internet,
    /// Some other network's only: none of AWS's.
    Elsewhere,
}

/// What a resolver does with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lab) enum Habit {
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
pub(in crate::lab) struct PublicSide {
    pub(in crate::lab) addresses: [Ipv4Addr; 2],
    pub(in crate::lab) port: Port,
}

/// How a TLS handshake goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lab) enum Handshake {
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
pub(in crate::lab) enum Chain {
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
    /// For the right name, and for clients only.
    ForClients,
    /// For the right name, with more intermediate authorities than the probe's library follows.
    TooDeep,
}

/// What stands between the client and API Gateway.
#[derive(Debug, Clone, Copy)]
pub(in crate::lab) enum Between {
    Nothing,
    /// A reverse proxy that sets `Host` to the name that was dialled.
    SetsHost,
    /// A reverse proxy that drops the header `x-apigw-api-id`.
    DropsApiId,
    /// A reverse proxy that does both.
    LosesHeaders,
    /// A firewall that ends every handshake in which another name stands than this API's own.
    CutsNames(&'static str),
    /// A web ACL, or what passes for one, that refuses the endpoint's own name as `Host`.
    RefusesEndpointAsHost,
    /// A proxy that takes every header of API Gateway off its answers.
    TakesMarks,
    /// A reverse proxy that sends everything to one API, whichever was asked for.
    SendsTo(&'static str),
    /// A reverse proxy that adds a parameter to every query.
    AddsParameter,
    /// Something that answers by itself.
    Answers(Impostor),
}

/// Something other than API Gateway that answers.
#[derive(Debug, Clone, Copy)]
pub(in crate::lab) enum Impostor {
    /// A web server with a friendly page.
    WebServer,
    /// A proxy that denies.
    Proxy,
    /// Something that does not speak HTTP.
    Garbage,
}
