//! Certificate verifier that records what the server presented, and reports every fault of it: the library stops at the first one.

use super::certificate::{is_self_issued, issuer, parse, read, timestamp, to_unix, validity};
use super::certificate_error::explain;
use super::chain_limits::{unsupported_authority, unsupported_key};
use super::error_text::error_text;
use super::trust_store::{Chain, Trust};
use crate::observation::{ExpiredRoot, TlsFault};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;

/// Verifies as the library does, and keeps what the server presented and asked for.
#[derive(Debug)]
pub(super) struct RecordingVerifier {
    trust: Trust,
    chain: OnceLock<Chain>,
    expired_root: OnceLock<ExpiredRoot>,
    signature_failed: AtomicBool,
    client_certificate_requested: AtomicBool,
}

/// Why a certificate is not accepted.
#[derive(Debug)]
pub(super) struct VerificationFailure {
    /// The most telling reason.
    pub(super) fault: TlsFault,
    /// All reasons.
    pub(super) detail: String,
    /// Whether this host's own store would accept the issuer that is unknown to the probe.
    pub(super) system_trusts_issuer: Option<bool>,
}

impl RecordingVerifier {
    pub(super) fn new(trust: Trust) -> Self {
        Self {
            trust,
            chain: OnceLock::new(),
            expired_root: OnceLock::new(),
            signature_failed: AtomicBool::new(false),
            client_certificate_requested: AtomicBool::new(false),
        }
    }

    /// The server's own certificate, if it came.
    pub(super) fn leaf(&self) -> Option<CertificateDer<'static>> {
        self.chain.get()?.first().cloned()
    }

    /// The expired root that the accepted chain needs, if it does.
    pub(super) fn expired_root(&self) -> Option<ExpiredRoot> {
        self.expired_root.get().cloned()
    }

    /// Whether the server has asked for a client certificate.
    pub(super) fn client_certificate_requested(&self) -> bool {
        self.client_certificate_requested.load(Ordering::Relaxed)
    }

    /// Returns why signatures of the server's key cannot be verified, if its kind or size is the reason.
    pub(super) fn unsupported_key(&self) -> Option<String> {
        unsupported_key(self.chain.get()?.first()?, self.trust.algorithms())
    }

    /// Returns why the server's certificate was rejected: chain, name and dates are each looked at.
    pub(super) fn explain(&self, reason: &CertificateError, name: &ServerName<'_>) -> VerificationFailure {
        let first = explain(reason);
        let only = |fault, detail| VerificationFailure { fault, detail, system_trusts_issuer: None };
        let Some(chain) = self.chain.get() else { return only(first.fault, first.text) };
        let Some(leaf) = chain.first() else { return only(first.fault, first.text) };
        if self.signature_failed.load(Ordering::Relaxed) {
            if let Some(limit) = self.unsupported_key() {
                return only(TlsFault::UnsupportedCertificate, limit);
            }
            let text = "the server does not prove that it holds the certificate's key";
            return only(first.fault, format!("{text}: {}", first.text));
        }
        let (Ok(verifiable), Ok(parsed)) = (ParsedCertificate::try_from(leaf), parse(leaf)) else {
            return only(first.fault, first.text);
        };

        let now = OffsetDateTime::now_utc();
        let check = ChainCheck { verifiable: &verifiable, leaf: &parsed, chain, at: a_valid_moment(&parsed, now) };
        let dates = dates_fault(&parsed, now);
        let issuer = self.chain_fault(&check, dates.is_some());
        let name = verify_server_name(&verifiable, name).err().map(|_| (TlsFault::WrongName, names_covered(leaf)));
        let unknown = matches!(issuer, Some((TlsFault::UnknownIssuer, _)));
        let system_trusts_issuer = unknown.then(|| self.system_accepts(&check));
        let mut faults: Vec<_> = [issuer, name, dates].into_iter().flatten().collect();
        // who signed it says most: of a certificate that no trusted root signed the other facts are mere claims. What this probe
        // cannot verify says least, since other clients find the other faults alone
        faults.sort_by_key(|(fault, _)| *fault == TlsFault::UnsupportedCertificate);
        let Some((fault, _)) = faults.first() else { return only(first.fault, first.text) };
        let detail = faults.iter().map(|(_, detail)| detail.as_str()).collect::<Vec<_>>().join("; ");
        VerificationFailure { fault: *fault, detail, system_trusts_issuer }
    }

    /// Returns what is wrong with the chain at a moment when the server's own certificate is valid.
    fn chain_fault(&self, check: &ChainCheck<'_>, dated: bool) -> Option<(TlsFault, String)> {
        let error = self.trust.verify(check.verifiable, check.chain, check.at).err()?;
        let Error::InvalidCertificate(reason) = &error else {
            return Some((TlsFault::BadCertificate, error_text(&error)));
        };
        let explanation = explain(reason);
        let limit = || unsupported_authority(check.chain, self.trust.named());
        Some(match (reason, explanation.fault) {
            (_, TlsFault::Expired | TlsFault::NotYetValid) if dated => return None,
            // OpenSSL makes these with the mark of an authority, which the library faults first
            _ if is_self_issued(check.leaf) && !self.trust.names(check.chain) => {
                (TlsFault::UnknownIssuer, "the certificate is self-signed".to_owned())
            }
            // so the library says of a key that it does not support, too
            (CertificateError::BadSignature, _) => match limit() {
                Some(limit) => (TlsFault::UnsupportedCertificate, limit),
                None => (TlsFault::UnknownIssuer, OTHER_AUTHORITY.to_owned()),
            },
            (_, TlsFault::UnknownIssuer) => {
                (TlsFault::UnknownIssuer, format!("{}; {}", explanation.text, missing_issuer(check.chain)))
            }
            (_, fault) => (fault, explanation.text),
        })
    }

    /// Whether this host's own store accepts the chain.
    fn system_accepts(&self, check: &ChainCheck<'_>) -> bool {
        self.trust.leads_to(self.trust.system(), check.verifiable, check.chain, check.at).is_ok()
    }
}

struct ChainCheck<'a> {
    verifiable: &'a ParsedCertificate<'a>,
    leaf: &'a X509Certificate<'a>,
    chain: &'a Chain,
    at: UnixTime,
}

impl ServerCertVerifier for RecordingVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let presented = || [end_entity].into_iter().chain(intermediates).map(|one| one.clone().into_owned()).collect();
        let chain = self.chain.get_or_init(presented);
        let leaf = ParsedCertificate::try_from(end_entity)?;
        if let Some(root) = self.trust.verify_cached(&leaf, chain, now)? {
            self.expired_root.get_or_init(|| root);
        }
        verify_server_name(&leaf, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let result = self.trust.verifier().verify_tls12_signature(message, cert, dss);
        self.signature_failed.store(result.is_err(), Ordering::Relaxed);
        result
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let result = self.trust.verifier().verify_tls13_signature(message, cert, dss);
        self.signature_failed.store(result.is_err(), Ordering::Relaxed);
        result
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.trust.verifier().supported_verify_schemes();
        schemes.extend(REPORTED_SCHEMES);
        schemes
    }
}

/// The probe has no client certificate; that one was asked for is recorded.
impl ResolvesClientCert for RecordingVerifier {
    fn resolve(&self, _issuers: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.client_certificate_requested.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

fn dates_fault(certificate: &X509Certificate<'_>, now: OffsetDateTime) -> Option<(TlsFault, String)> {
    let (from, to) = validity(certificate);
    let (begin, end, now_here) = (timestamp(from), timestamp(to), timestamp(now));
    if now > to {
        Some((TlsFault::Expired, format!("the certificate expired at {end}, and it is {now_here} here")))
    } else if now < from {
        Some((TlsFault::NotYetValid, format!("the certificate is not valid before {begin}, and it is {now_here} here")))
    } else {
        None
    }
}

/// Returns now, or the nearest moment at which the certificate was or will be valid.
fn a_valid_moment(certificate: &X509Certificate<'_>, now: OffsetDateTime) -> UnixTime {
    let (from, to) = validity(certificate);
    to_unix(if now > to { to } else { now.max(from) })
}

fn names_covered(leaf: &CertificateDer<'_>) -> String {
    let names = read(leaf).map(|certificate| certificate.sans).unwrap_or_default();
    match names.as_slice() {
        [] => "the certificate covers no host name".to_owned(),
        few if few.len() <= 5 => format!("the certificate covers {}", few.join(", ")),
        many => format!("the certificate covers {} and {} other names", many[0], many.len() - 1),
    }
}

/// Returns where a chain ends that leads to no trusted root.
fn missing_issuer(chain: &Chain) -> String {
    let sent: Vec<_> = chain.iter().filter_map(|der| parse(der).ok()).collect();
    let Some(mut last) = sent.first() else { return "no certificate of the chain can be read".to_owned() };
    // each step leads to another certificate, or the chain is a circle
    for _ in 0..sent.len() {
        let is_issuer = |one: &&X509Certificate<'_>| one.subject().as_raw() == last.issuer().as_raw();
        match sent.iter().find(is_issuer) {
            Some(next) if !is_self_issued(last) => last = next,
            Some(_) | None => break,
        }
    }
    if is_self_issued(last) {
        return format!("the chain ends in the root `{}`, which is not trusted here", issuer(last));
    }
    let count = match sent.len() {
        1 => "one certificate".to_owned(),
        count => format!("{count} certificates"),
    };
    format!(
        "the server sent {count}, and not that of the issuer `{}`: if that is an intermediate authority, its certificate is \
         missing in what the server sends; if it is a root, it is not trusted here",
        issuer(last)
    )
}

/// Schemes that cannot be verified, offered after all others: a server that has no other certificate shows it then, and the report says
/// which it is, where there would be but the alert `handshake_failure`. They are those of RSASSA-PSS keys (RFC 8446, 4.2.3), and Ed448.
const REPORTED_SCHEMES: [SignatureScheme; 4] = [
    SignatureScheme::Unknown(0x0809),
    SignatureScheme::Unknown(0x080a),
    SignatureScheme::Unknown(0x080b),
    SignatureScheme::ED448,
];
const OTHER_AUTHORITY: &str = "the certificate was signed by another authority than the trusted one of that name";
