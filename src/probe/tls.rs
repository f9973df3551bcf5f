//! Who answers? The TLS handshake, with the server's certificate kept whether it is trusted or not.

mod certificate;
mod trust;
mod verdict;

pub use trust::{Trust, TrustError, TrustSources};

use super::wire::{Flooded, Stamped};
use crate::observation::{ALERT, Certificate, Phase, Session, TlsFailure, TlsFault, printable};
use crate::target::HostName;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{AlertDescription, CertificateError, Error as RustlsError, ProtocolVersion};
use std::future::Future;
use std::io;
use std::sync::Arc;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{Connect, TlsConnector};
use verdict::Witness;

/// A handshake that succeeded.
#[derive(Debug)]
pub(super) struct Channel {
    /// The encrypted bytes; boxed, since it goes through many hands and is large.
    pub(super) stream: Box<TlsStream<Stamped>>,
    /// What was agreed on.
    pub(super) session: Session,
    /// The server's own certificate, not read yet.
    pub(super) leaf: Option<CertificateDer<'static>>,
}

/// What a client says first, with the keys that it makes for one handshake. It needs no connection yet.
pub(super) struct Greeting {
    server: ServerName<'static>,
    witness: Arc<Witness>,
    connect: Box<Connect<Stamped>>,
}

impl Greeting {
    /// A greeting of a server by its name; fails with why the name is none.
    pub(super) fn new(trust: &Trust, name: &HostName) -> Result<Self, String> {
        let server =
            ServerName::try_from(name.to_string()).map_err(|_| format!("`{name}` cannot be a server name in TLS"))?;
        let witness = Arc::new(Witness::new(trust.clone()));
        let connector = TlsConnector::from(trust.config(Arc::clone(&witness)));
        let connect = connector.connect(server.clone(), Stamped::to_come());
        Ok(Self { server, witness, connect: Box::new(connect) })
    }
}

/// Shakes hands over a connection, until `give_up` ends.
pub(super) async fn handshake(
    greeting: Result<Greeting, String>,
    stream: Stamped,
    give_up: impl Future<Output = ()>,
) -> Phase<Channel, TlsFailure> {
    let began = Instant::now();
    let turns = stream.turns();
    let Greeting { server, witness, mut connect } = match greeting {
        Ok(greeting) => greeting,
        Err(why) => return Phase { felt: began.elapsed(), wire: None, result: Err(bare(TlsFault::Other, why)) },
    };
    if let Some(to_come) = connect.get_mut() {
        *to_come = stream;
    }
    let ended = tokio::select! {
        biased;
        ended = &mut connect => Some(ended),
        () = give_up => None,
    };
    let felt = began.elapsed();
    let wire = turns.take(felt).filter(|_| ended.is_some());
    let result = match ended {
        Some(Ok(stream)) => Ok(Channel { session: session(&stream), leaf: witness.leaf(), stream: Box::new(stream) }),
        Some(Err(error)) => Err(failure(&error, &turns.opening(), &witness, &server)),
        None => Err(TlsFailure {
            fault: TlsFault::Timeout,
            detail: None,
            certificate: witness.leaf().and_then(|leaf| certificate(&leaf)),
            system_trusts_issuer: None,
        }),
    };
    Phase { felt, wire, result }
}

/// What a certificate says of itself, if it can be read.
pub(super) fn certificate(leaf: &CertificateDer<'_>) -> Option<Certificate> {
    certificate::read(leaf).ok()
}

/// The alert in an error, if it is one that the server sent.
pub(super) fn alert(error: &RustlsError) -> Option<String> {
    match error {
        RustlsError::AlertReceived(alert) => Some(format!("{ALERT}{}", alert_name(*alert))),
        _ => None,
    }
}

/// The name that RFC 8446 gives an alert: `HandshakeFailure` is `handshake_failure` there.
fn alert_name(alert: AlertDescription) -> String {
    let mut name = String::new();
    let mut after_small = false;
    for c in format!("{alert:?}").replace("Unrecognised", "Unrecognized").chars() {
        if c.is_ascii_uppercase() && after_small {
            name.push('_');
        }
        after_small = !c.is_ascii_uppercase();
        name.push(c.to_ascii_lowercase());
    }
    name
}

fn session(stream: &TlsStream<Stamped>) -> Session {
    let connection = stream.get_ref().1;
    let version = match connection.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3".to_owned(),
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2".to_owned(),
        other => format!("{other:?}"),
    };
    let suite = connection.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite())).unwrap_or_default();
    Session {
        version,
        // rustls sets the suites of TLS 1.3 apart by name, IANA does not
        cipher: suite.replacen("TLS13_", "TLS_", 1),
        alpn: connection.alpn_protocol().map(|protocol| printable(protocol, 32)),
    }
}

fn failure(error: &io::Error, opening: &[u8], witness: &Witness, server: &ServerName<'_>) -> TlsFailure {
    let rustls = error.get_ref().and_then(|inner| inner.downcast_ref::<RustlsError>());
    if let Some(RustlsError::InvalidCertificate(reason)) = rustls {
        return distrust(reason, witness, server);
    }
    let mut failure = match rustls {
        Some(error) => protocol_failure(error, opening),
        None if Flooded::is_cause_of(error) => bare(TlsFault::Other, error.to_string()),
        None => transport_failure(error, opening),
    };
    failure.certificate = witness.leaf().and_then(|leaf| certificate(&leaf));
    failure
}

/// The server's certificate was not accepted: why, and what it says of itself.
fn distrust(reason: &CertificateError, witness: &Witness, server: &ServerName<'_>) -> TlsFailure {
    let verdict = witness.judge(reason, server);
    let (certificate, unreadable) = match witness.leaf().map(|leaf| certificate::read(&leaf)) {
        Some(Ok(certificate)) => (Some(certificate), None),
        Some(Err(why)) => (None, Some(why)),
        None => (None, None),
    };
    let detail = [Some(verdict.detail), unreadable].into_iter().flatten().collect::<Vec<_>>().join("; ");
    TlsFailure {
        fault: verdict.fault,
        detail: Some(detail),
        certificate,
        system_trusts_issuer: verdict.system_trusts_issuer,
    }
}

fn protocol_failure(error: &RustlsError, opening: &[u8]) -> TlsFailure {
    match error {
        RustlsError::AlertReceived(AlertDescription::ProtocolVersion) => {
            bare(TlsFault::Version, alert(error).unwrap_or_default())
        }
        RustlsError::AlertReceived(_) => bare(TlsFault::Alert, alert(error).unwrap_or_default()),
        RustlsError::PeerIncompatible(why) => {
            use rustls::PeerIncompatible::{
                ServerDoesNotSupportTls12Or13, ServerTlsVersionIsDisabledByOurConfig, Tls12NotOffered,
                Tls12NotOfferedOrEnabled,
            };
            let version = matches!(
                why,
                ServerDoesNotSupportTls12Or13
                    | ServerTlsVersionIsDisabledByOurConfig
                    | Tls12NotOffered
                    | Tls12NotOfferedOrEnabled
            );
            bare(if version { TlsFault::Version } else { TlsFault::Other }, error.to_string())
        }
        _ if !is_record(opening) => bare(TlsFault::NotTls, spoken(opening)),
        _ => bare(TlsFault::Other, error.to_string()),
    }
}

fn transport_failure(error: &io::Error, opening: &[u8]) -> TlsFailure {
    let fault = match error.kind() {
        io::ErrorKind::UnexpectedEof if !opening.is_empty() && !is_record(opening) => {
            return bare(TlsFault::NotTls, spoken(opening));
        }
        io::ErrorKind::UnexpectedEof => TlsFault::Closed,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            TlsFault::Reset
        }
        io::ErrorKind::TimedOut => TlsFault::Timeout,
        _ => return bare(TlsFault::Other, error.to_string()),
    };
    TlsFailure { fault, detail: None, certificate: None, system_trusts_issuer: None }
}

/// Whether bytes begin like a TLS record (RFC 8446, 5.1): a content type, then version 3.
fn is_record(opening: &[u8]) -> bool {
    matches!(opening, [20..=23, 3, ..] | [20..=23])
}

fn spoken(opening: &[u8]) -> String {
    format!("the answer begins with `{}`", printable(opening, 16))
}

fn bare(fault: TlsFault, detail: String) -> TlsFailure {
    TlsFailure { fault, detail: Some(detail), certificate: None, system_trusts_issuer: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_have_the_names_of_the_standard() {
        assert_eq!(alert_name(AlertDescription::HandshakeFailure), "handshake_failure");
        assert_eq!(alert_name(AlertDescription::UnrecognisedName), "unrecognized_name");
        assert_eq!(alert_name(AlertDescription::UnknownCA), "unknown_ca");
        assert_eq!(alert_name(AlertDescription::NoApplicationProtocol), "no_application_protocol");
    }
}
