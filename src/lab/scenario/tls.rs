//! What can be wrong with the handshake? Certificates of every unfit kind, versions, and packets that are too large for the way.

use super::Scenario;
use crate::diagnosis::Cause;
use crate::lab::world::{Chain, Handshake};

pub(super) static SCENARIOS: &[Scenario] = &[
    Scenario::new("certificate-expired", "the certificate is past its end", |world| {
        world.handshake = Handshake::Presents(Chain::Expired);
    })
    .fails(&[Cause::CertificateExpired]),
    Scenario::new("certificate-not-yet-valid", "the certificate is before its beginning", |world| {
        world.handshake = Handshake::Presents(Chain::NotYetValid);
    })
    .fails(&[Cause::CertificateExpired]),
    Scenario::new(
        "certificate-of-load-balancer",
        "a load balancer in front shows a certificate of its own name",
        |world| {
            world.handshake = Handshake::Presents(Chain::OfLoadBalancer);
        },
    )
    .fails(&[Cause::TlsNameMismatch]),
    Scenario::new("certificate-unknown-issuer", "the certificate is of an authority that nobody knows", |world| {
        world.handshake = Handshake::Presents(Chain::OfStranger);
    })
    .fails(&[Cause::TlsUntrustedIssuer]),
    Scenario::new("tls-inspection", "a company's TLS inspection shows a certificate of its own", |world| {
        world.handshake = Handshake::Presents(Chain::OfInspection);
    })
    .fails(&[Cause::TlsUntrustedIssuer]),
    Scenario::new("certificate-for-clients", "the certificate is for clients, not for servers", |world| {
        world.handshake = Handshake::Presents(Chain::ForClients);
    })
    .fails(&[Cause::CertificateInvalid]),
    Scenario::new("certificate-chain-too-deep", "more authorities than the probe's TLS library follows", |world| {
        world.handshake = Handshake::Presents(Chain::TooDeep);
    })
    .fails(&[Cause::CertificateNotSupported]),
    Scenario::new("tls-version", "the server wants another TLS version than 1.2 or 1.3", |world| {
        world.handshake = Handshake::WantsAnotherVersion;
    })
    .inferred("that it says so with an alert")
    .fails(&[Cause::TlsVersion]),
    Scenario::new(
        "handshake-stalls",
        "the connection comes about, the handshake does not: large packets are lost",
        |world| {
            world.handshake = Handshake::Stalls;
        },
    )
    .impatient()
    .fails(&[Cause::MtuBlackHole]),
    Scenario::new("port-without-tls", "something on port 443 speaks HTTP without TLS", |world| {
        world.handshake = Handshake::PlainHttp;
    })
    .fails(&[Cause::ProxyInterference]),
];
