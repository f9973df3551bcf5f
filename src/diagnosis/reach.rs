//! Why did no answer come? Connection, handshake and exchange: what failed, where, and what the other paths make of it.

use super::alert::Complaint;
use super::case::Case;
use super::cause::Cause;
use super::clock::Clock;
use super::draft::Draft;
use super::finding::Confidence::{self, Certain, Likely, Possible};
use super::names::{contrast, surroundings};
use super::sight::{Sight, quoted};
use crate::observation::{HttpFault, Outcome, TcpFault, TlsFault};
use crate::plan::AccessPath;
use std::net::SocketAddr;

/// No connection came about.
pub(crate) fn connections(case: &Case<'_>) -> Vec<Draft> {
    explain(case, |sight| unconnected(sight.outcome.tcp()?))
        .into_iter()
        .map(|(draft, sights)| {
            let alive = sights.iter().flat_map(|sight| alive_elsewhere(case, sight)).collect::<Vec<_>>();
            let blocked = if alive.is_empty() { draft } else { draft.or(&[Cause::OneAddressDown]).because_of(alive) };
            blocked.because_of(surroundings(case)).because_of(details(&sights))
        })
        .collect()
}

/// What a fault of the connection means.
fn unconnected(fault: TcpFault) -> Option<Meaning> {
    Some(match fault {
        TcpFault::Timeout | TcpFault::HostUnreachable | TcpFault::NetworkUnreachable => {
            (&[Cause::ConnectTimeout, Cause::PrivateApiViaInternet, Cause::EndpointDeleted], Likely)
        }
        TcpFault::Refused | TcpFault::Reset => (
            &[Cause::ConnectionRefused, Cause::DifferentEndpoint, Cause::EndpointDeleted, Cause::ProxyInterference],
            Likely,
        ),
        // this host's own firewall says no
        TcpFault::NotPermitted => (&[Cause::ConnectionRefused, Cause::ConnectTimeout], Likely),
        TcpFault::NoRouteForFamily => (&[Cause::NoRouteForFamily], Likely),
        TcpFault::Local => (&[Cause::HostOutOfResources], Likely),
        TcpFault::Other => return None,
    })
}

/// Addresses that other paths of the same round did connect to: that contradicts a block.
fn alive_elsewhere(case: &Case<'_>, sight: &Sight<'_>) -> Vec<String> {
    let connects = |address: SocketAddr| {
        case.sights.iter().find(|other| {
            other.path != sight.path
                && other.seen.attempts.iter().any(|attempt| attempt.address == address && attempt.tcp.result.is_ok())
        })
    };
    let attempts = sight.seen.attempts.iter();
    attempts
        .filter_map(|attempt| {
            let other = connects(attempt.address)?;
            Some(format!("against it: {} did connect to {}", other.path, attempt.address))
        })
        .collect()
}

/// The handshake failed.
pub(crate) fn handshakes(case: &Case<'_>) -> Vec<Draft> {
    let clock = Clock::of(case);
    explain(case, |sight| handshake(sight, &clock))
        .into_iter()
        .map(|(draft, sights)| {
            let apart = sights.iter().any(|sight| case.is_apart(sight));
            draft
                .without_if(!could_be_strict(case, &sights), Cause::StrictAccessMode)
                .or_if(apart, Cause::DifferentEndpoint)
                .because_of(sights.iter().filter_map(|sight| Some(Complaint::of(sight)?.remark()?.to_owned())))
                .because_of(certificates(&sights))
                .because_of(details(&sights))
                .because_of(contrast(case, &sights))
        })
        .collect()
}

/// What it means that a handshake failed, if it did.
fn handshake(sight: &Sight<'_>, clock: &Clock) -> Option<Meaning> {
    // a late alert is the handshake's
    let late = (sight.outcome.http() == Some(HttpFault::TlsAlert)).then_some(TlsFault::Alert);
    unsecured(sight.outcome.tls().or(late)?, sight, clock)
}

/// What it means that a connection brought no answer.
pub(crate) fn silence(sight: &Sight<'_>, clock: &Clock) -> Meaning {
    let exchange = || unanswered(sight.outcome.http()?);
    handshake(sight, clock).or_else(exchange).unwrap_or((&[Cause::Unexplained, Cause::ProxyInterference], Possible))
}

/// What a fault of the handshake means.
fn unsecured(fault: TlsFault, sight: &Sight<'_>, clock: &Clock) -> Option<Meaning> {
    let intercepted = sight.tls_failure().and_then(|failure| failure.system_trusts_issuer) == Some(true);
    Some(match fault {
        TlsFault::Expired | TlsFault::NotYetValid if clock.is_off() => {
            (&[Cause::ClockSkew, Cause::CertificateExpired], Likely)
        }
        TlsFault::Expired | TlsFault::NotYetValid if clock.is_right() => {
            (&[Cause::CertificateExpired, Cause::ProxyInterference], Likely)
        }
        TlsFault::Expired | TlsFault::NotYetValid => {
            (&[Cause::CertificateExpired, Cause::ClockSkew, Cause::ProxyInterference], Likely)
        }
        TlsFault::WrongName => (&[Cause::TlsNameMismatch, Cause::NotApiGateway, Cause::ProxyInterference], Likely),
        TlsFault::UnknownIssuer if intercepted => (&[Cause::ProxyInterference, Cause::TlsUntrustedIssuer], Likely),
        TlsFault::UnknownIssuer => {
            (&[Cause::TlsUntrustedIssuer, Cause::ProxyInterference, Cause::NotApiGateway], Likely)
        }
        TlsFault::BadCertificate => {
            (&[Cause::CertificateInvalid, Cause::ProxyInterference, Cause::NotApiGateway], Likely)
        }
        TlsFault::UnsupportedCertificate => {
            (&[Cause::CertificateNotSupported, Cause::ProxyInterference, Cause::NotApiGateway], Likely)
        }
        TlsFault::Alert => match Complaint::of(sight)? {
            Complaint::Terms => (&[Cause::TlsVersion, Cause::StrictAccessMode, Cause::ProxyInterference], Possible),
            Complaint::Agreement => (
                &[Cause::TlsVersion, Cause::CertificateNotSupported, Cause::StrictAccessMode, Cause::ProxyInterference],
                Possible,
            ),
            // a public custom domain name may ask for a certificate of the client
            Complaint::Demand if sight.public && !sight.asks_for_name_of_aws() => return None,
            Complaint::Demand => (&[Cause::ProxyInterference, Cause::NotApiGateway], Likely),
            Complaint::Name => (&[Cause::ProxyInterference, Cause::NotApiGateway, Cause::StrictAccessMode], Possible),
            Complaint::Other => return None,
        },
        TlsFault::Version => (&[Cause::TlsVersion, Cause::ProxyInterference], Likely),
        TlsFault::NotTls => (&[Cause::NotApiGateway, Cause::ProxyInterference, Cause::HttpProtocolError], Likely),
        TlsFault::Closed | TlsFault::Reset => {
            (&[Cause::ProxyInterference, Cause::TlsVersion, Cause::StrictAccessMode], Possible)
        }
        TlsFault::Timeout => (&[Cause::MtuBlackHole, Cause::ProxyInterference, Cause::StrictAccessMode], Possible),
        TlsFault::Other => return None,
    })
}

/// What the certificates say of themselves, each once, with the names in whose place they came.
pub(crate) fn certificates(sights: &[&Sight<'_>]) -> Vec<String> {
    let mut seen: Vec<(String, Vec<String>)> = Vec::new();
    for sight in sights {
        let Some(said) = certificate(sight) else { continue };
        let sni = format!("`{}`", sight.seen.plan.sni);
        match seen.iter_mut().find(|(known, _)| *known == said) {
            Some((_, names)) if names.contains(&sni) => {}
            Some((_, names)) => names.push(sni),
            None => seen.push((said, vec![sni])),
        }
    }
    seen.into_iter().map(|(said, names)| format!("{said}; asked for was {}", names.join(", "))).collect()
}

fn certificate(sight: &Sight<'_>) -> Option<String> {
    let certificate = sight.attempt?.certificate()?;
    let names = certificate.sans.iter().take(4).map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
    let trusted = match sight.tls_failure().and_then(|failure| failure.system_trusts_issuer) {
        Some(true) => "; this host's own store trusts the issuer, which marks an intercepting proxy",
        Some(false) => "; this host's own store does not trust the issuer either",
        None => "",
    };
    Some(format!(
        "the certificate covers {}, was issued by `{}`, is valid from {} to {}{trusted}",
        if names.is_empty() { "no name" } else { &names },
        quoted(&certificate.issuer),
        certificate.not_before.date(),
        certificate.not_after.date(),
    ))
}

/// The handshake was made, but no whole answer came.
pub(crate) fn exchanges(case: &Case<'_>) -> Vec<Draft> {
    explain(case, |sight| unanswered(sight.outcome.http()?))
        .into_iter()
        .map(|(draft, sights)| {
            let slow = sights.iter().any(|sight| {
                matches!(sight.outcome, Outcome::Http(HttpFault::NoAnswer | HttpFault::Unfinished))
            });
            let limit = "an integration may take 29 s by default, and longer where that was raised: this probe gave up before API Gateway did";
            let draft = if slow { draft.because(limit) } else { draft };
            draft
                .without_if(!could_be_strict(case, &sights), Cause::StrictAccessMode)
                .because_of(details(&sights))
                .because_of(contrast(case, &sights))
        })
        .collect()
}

/// What a fault of the exchange means.
fn unanswered(fault: HttpFault) -> Option<Meaning> {
    Some(match fault {
        HttpFault::NoAnswer => (&[Cause::ResponseTooSlow, Cause::IntegrationTimeout, Cause::MtuBlackHole], Likely),
        HttpFault::Unfinished => (&[Cause::ResponseTooSlow, Cause::IntegrationTimeout], Likely),
        HttpFault::Closed | HttpFault::Reset => {
            (&[Cause::HttpProtocolError, Cause::ProxyInterference, Cause::StrictAccessMode], Possible)
        }
        HttpFault::Malformed | HttpFault::HeadTooLarge => {
            (&[Cause::HttpProtocolError, Cause::NotApiGateway, Cause::ProxyInterference], Likely)
        }
        HttpFault::NoCredentials => (&[Cause::CredentialsMissing], Certain),
        HttpFault::CredentialsUnavailable => (&[Cause::CredentialsMissing], Likely),
        HttpFault::ExpiredCredentials => (&[Cause::CredentialsExpired], Certain),
        // a late alert is the handshake's
        HttpFault::TlsAlert | HttpFault::Other => return None,
    })
}

/// The causes of a fault, the best first, and how strongly it speaks for that one.
pub(crate) type Meaning = (&'static [Cause], Confidence);

/// One draft for each distinct meaning, over all the unexplained paths that share it.
fn explain<'c, 'a>(
    case: &'c Case<'a>,
    meaning: impl Fn(&Sight<'a>) -> Option<Meaning>,
) -> Vec<(Draft, Vec<&'c Sight<'a>>)> {
    let mut grouped: Vec<(Meaning, Vec<&Sight<'a>>)> = Vec::new();
    for sight in case.unexplained() {
        let Some(meant) = meaning(sight) else { continue };
        match grouped.iter_mut().find(|(known, _)| *known == meant) {
            Some((_, sights)) => sights.push(sight),
            None => grouped.push((meant, vec![sight])),
        }
    }
    grouped.into_iter().map(|((causes, strength), sights)| (Draft::over(causes, strength, &sights), sights)).collect()
}

/// Strict access mode spares the API's own name and no other.
fn could_be_strict(case: &Case<'_>, sights: &[&Sight<'_>]) -> bool {
    let spared = |sight: &Sight<'_>| match sight.path {
        AccessPath::PrivateDns | AccessPath::CustomDomain | AccessPath::Public => true,
        AccessPath::Route53Alias
        | AccessPath::VpceHostHeader
        | AccessPath::VpceApiIdHeader
        | AccessPath::VpceCustomDomain => false,
    };
    !sights.iter().any(|sight| spared(sight)) && !case.any(|sight| sight.is_ok() && !spared(sight))
}

/// The words of the operating system and the libraries.
pub(crate) fn details(sights: &[&Sight<'_>]) -> Vec<String> {
    let detail = |sight: &&Sight<'_>| {
        let attempt = sight.attempt?;
        let tcp = attempt.tcp.result.as_ref().err().and_then(|failure| failure.detail.as_deref());
        let tls = sight.tls_failure().and_then(|failure| failure.detail.as_deref());
        let http =
            attempt.http().and_then(|http| http.result.as_ref().err()).and_then(|failure| failure.detail.as_deref());
        let words = tcp.or(tls).or(http)?;
        Some(match sight.outcome {
            // what became of each source takes more than a line
            Outcome::Tls(_) | Outcome::Http(HttpFault::TlsAlert) => quoted(words),
            Outcome::Http(
                HttpFault::NoCredentials | HttpFault::CredentialsUnavailable | HttpFault::ExpiredCredentials,
            ) => format!("credentials: {words}"),
            _ => format!("the system's words: `{}`", quoted(words)),
        })
    };
    sights.iter().filter_map(detail).collect()
}
