//! TLS handshake; the server's certificate is kept whether it is trusted or not.

mod ca_file;
mod certificate;
mod certificate_error;
mod chain_limits;
mod error_text;
mod named_roots;
mod trust_store;
mod verifier;

pub(crate) use ca_file::pem_error_text;
pub(crate) use error_text::error_text;
pub use trust_store::{Trust, TrustError, TrustSources};

use super::wire::{Flooded, Stamped};
use crate::observation::{Certificate, ExpiredRoot, Phase, Session, TlsFailure, TlsFault, printable};
use crate::target::HostName;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{
    AlertDescription, Error as RustlsError, InvalidMessage, NamedGroup, PeerIncompatible, PeerMisbehaved,
    ProtocolVersion,
};
use std::future::Future;
use std::io;
use std::sync::Arc;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{Connect, TlsConnector};
use verifier::{RecordingVerifier, VerificationFailure};

/// A handshake that succeeded.
#[derive(Debug)]
pub(super) struct TlsChannel {
    /// The encrypted bytes; boxed, since it goes through many hands and is large.
    pub(super) stream: Box<TlsStream<Stamped>>,
    /// What was agreed on.
    pub(super) session: Session,
    /// The server's own certificate, not read yet.
    pub(super) leaf: Option<CertificateDer<'static>>,
    /// The expired root that it needs, if it does.
    pub(super) expired_root: Option<ExpiredRoot>,
}

/// A client hello, with the keys for one handshake. It needs no connection yet.
pub(super) struct PreparedHandshake {
    server: ServerName<'static>,
    verifier: Arc<RecordingVerifier>,
    connect: Box<Connect<Stamped>>,
}

impl PreparedHandshake {
    /// Prepares a handshake with a server by its name; fails with why the name is none.
    pub(super) fn new(trust: &Trust, name: &HostName) -> Result<Self, String> {
        let server =
            ServerName::try_from(name.to_string()).map_err(|_| format!("`{name}` cannot be a server name in TLS"))?;
        let verifier = Arc::new(RecordingVerifier::new(trust.clone()));
        let connector = TlsConnector::from(trust.config(Arc::clone(&verifier)));
        let connect = connector.connect(server.clone(), Stamped::to_come());
        Ok(Self { server, verifier, connect: Box::new(connect) })
    }
}

/// Shakes hands over a connection, until `give_up` ends.
pub(super) async fn handshake(
    prepared: Result<PreparedHandshake, String>,
    stream: Stamped,
    give_up: impl Future<Output = ()>,
) -> Phase<TlsChannel, TlsFailure> {
    let began = Instant::now();
    let turns = stream.turns();
    let PreparedHandshake { server, verifier, mut connect } = match prepared {
        Ok(prepared) => prepared,
        Err(why) => return Phase { felt: began.elapsed(), wire: None, result: Err(described(TlsFault::Other, why)) },
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
        Some(Ok(stream)) => Ok(TlsChannel {
            session: session(&stream, &verifier),
            leaf: verifier.leaf(),
            expired_root: verifier.expired_root(),
            stream: Box::new(stream),
        }),
        Some(Err(error)) => Err(failure(&error, &turns.opening(), &verifier, &server)),
        None => Err(TlsFailure {
            certificate: verifier.leaf().and_then(|leaf| certificate(&leaf)),
            client_certificate_requested: verifier.client_certificate_requested(),
            ..TlsFailure::of(TlsFault::Timeout)
        }),
    };
    Phase { felt, wire, result }
}

/// What a certificate says of itself, if it can be read.
pub(super) fn certificate(leaf: &CertificateDer<'_>) -> Option<Certificate> {
    certificate::read(leaf).ok()
}

fn session(stream: &TlsStream<Stamped>, verifier: &RecordingVerifier) -> Session {
    let connection = stream.get_ref().1;
    let version = match connection.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
        _ => "another version",
    };
    let suite = connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str()).unwrap_or_default();
    Session {
        version: version.to_owned(),
        // rustls sets the suites of TLS 1.3 apart by name, IANA does not
        cipher: suite.replacen("TLS13_", "TLS_", 1),
        key_exchange: connection.negotiated_key_exchange_group().and_then(|group| group_name(group.name())),
        alpn: connection.alpn_protocol().map(|protocol| printable(protocol, 32)),
        client_certificate_requested: verifier.client_certificate_requested(),
    }
}

/// Returns the usual name of a group; IANA's for P-256 is `secp256r1`.
fn group_name(group: NamedGroup) -> Option<String> {
    let name = match group {
        NamedGroup::secp256r1 => Some("P-256"),
        NamedGroup::secp384r1 => Some("P-384"),
        NamedGroup::secp521r1 => Some("P-521"),
        other => other.as_str(),
    };
    name.map(str::to_owned)
}

fn failure(error: &io::Error, opening: &[u8], verifier: &RecordingVerifier, server: &ServerName<'_>) -> TlsFailure {
    let rustls = error.get_ref().and_then(|inner| inner.downcast_ref::<RustlsError>());
    let failure = match rustls {
        Some(RustlsError::InvalidCertificate(reason)) => {
            let VerificationFailure { fault, detail, system_trusts_issuer } = verifier.explain(reason, server);
            TlsFailure { system_trusts_issuer, ..described(fault, detail) }
        }
        Some(error) => match verifier.unsupported_key().filter(|_| is_of_signature(error)) {
            Some(limit) => described(TlsFault::UnsupportedCertificate, limit),
            None => protocol_failure(error, opening),
        },
        None if Flooded::is_cause_of(error) => described(TlsFault::Other, error.to_string()),
        None => transport_failure(error, opening),
    };
    // the library ends the handshake before it asks for a certificate that it could not sign with
    let unknown_signatures = PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon;
    let client_certificate_requested =
        verifier.client_certificate_requested() || rustls == Some(&RustlsError::PeerIncompatible(unknown_signatures));
    let certificate = verifier.leaf().and_then(|leaf| certificate(&leaf));
    TlsFailure { certificate, client_certificate_requested, ..failure }
}

/// Whether the server signed the handshake by an algorithm that the library does not have.
fn is_of_signature(error: &RustlsError) -> bool {
    use PeerMisbehaved::{SignedHandshakeWithUnadvertisedSigScheme, SignedKxWithWrongAlgorithm};
    matches!(error, RustlsError::PeerMisbehaved(SignedHandshakeWithUnadvertisedSigScheme | SignedKxWithWrongAlgorithm))
}

fn protocol_failure(error: &RustlsError, opening: &[u8]) -> TlsFailure {
    use PeerIncompatible as I;
    let fault = match error {
        RustlsError::AlertReceived(AlertDescription::ProtocolVersion)
        | RustlsError::PeerIncompatible(
            I::ServerDoesNotSupportTls12Or13
            | I::ServerTlsVersionIsDisabledByOurConfig
            | I::Tls12NotOffered
            | I::Tls12NotOfferedOrEnabled,
        ) => TlsFault::Version,
        RustlsError::AlertReceived(_) => TlsFault::Alert,
        RustlsError::PeerIncompatible(_) => TlsFault::Other,
        _ if !is_record(opening) => return described(TlsFault::NotTls, spoken(opening)),
        RustlsError::InvalidMessage(
            InvalidMessage::CertificatePayloadTooLarge | InvalidMessage::HandshakePayloadTooLarge,
        ) => TlsFault::UnsupportedCertificate,
        _ => TlsFault::Other,
    };
    described(fault, error_text(error))
}

fn transport_failure(error: &io::Error, opening: &[u8]) -> TlsFailure {
    let fault = match error.kind() {
        io::ErrorKind::UnexpectedEof if !opening.is_empty() && !is_record(opening) => {
            return described(TlsFault::NotTls, spoken(opening));
        }
        io::ErrorKind::UnexpectedEof => TlsFault::Closed,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            TlsFault::Reset
        }
        io::ErrorKind::TimedOut => TlsFault::Timeout,
        _ => return described(TlsFault::Other, error.to_string()),
    };
    TlsFailure::of(fault)
}

/// Whether bytes begin like a TLS record (RFC 8446, 5.1): a content type, then version 3.
fn is_record(opening: &[u8]) -> bool {
    matches!(opening, [20..=23, 3, ..] | [20..=23])
}

fn spoken(opening: &[u8]) -> String {
    format!("the answer begins with `{}`", printable(opening, 16))
}

fn described(fault: TlsFault, detail: String) -> TlsFailure {
    TlsFailure { detail: Some(detail), ..TlsFailure::of(fault) }
}
