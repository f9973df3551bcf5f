//! Why is a certificate not accepted? The library stops at the first fault; here each is looked at, and the most telling leads.

use super::trust::Chain;
use super::{Trust, certificate};
use crate::observation::TlsFault;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// Verifies as the library does, and keeps what the server presented.
#[derive(Debug)]
pub(super) struct Witness {
    trust: Trust,
    chain: OnceLock<Chain>,
    key_unproven: AtomicBool,
}

/// Why a certificate is not accepted.
#[derive(Debug)]
pub(super) struct Verdict {
    /// The most telling reason.
    pub(super) fault: TlsFault,
    /// All reasons.
    pub(super) detail: String,
    /// Whether this host's own store would accept the issuer that is unknown to the probe.
    pub(super) system_trusts_issuer: Option<bool>,
}

impl Witness {
    pub(super) fn new(trust: Trust) -> Self {
        Self { trust, chain: OnceLock::new(), key_unproven: AtomicBool::new(false) }
    }

    /// The server's own certificate, if it came.
    pub(super) fn leaf(&self) -> Option<CertificateDer<'static>> {
        self.chain.get()?.first().cloned()
    }

    /// Looks at chain, name and dates, each by itself.
    pub(super) fn judge(&self, reason: &CertificateError, name: &ServerName<'_>) -> Verdict {
        let library = Error::InvalidCertificate(reason.clone()).to_string();
        let bad = |detail: String| Verdict { fault: TlsFault::BadCertificate, detail, system_trusts_issuer: None };
        if self.key_unproven.load(Ordering::Relaxed) {
            return bad(format!("the server does not prove that it holds the certificate's key: {library}"));
        }
        let Some(chain) = self.chain.get() else { return bad(library) };
        let Some(leaf) = chain.first() else { return bad(library) };
        let Ok(parsed) = ParsedCertificate::try_from(leaf) else { return bad(library) };

        let now = OffsetDateTime::now_utc();
        let validity = certificate::validity(leaf);
        let dates = validity.and_then(|validity| dates_fault(validity, now));
        let check = Check { parsed: &parsed, leaf, chain, at: a_valid_moment(validity, now) };
        let issuer = self.issuer_fault(&check, dates.is_some());
        let name = verify_server_name(&parsed, name).err().map(|_| (TlsFault::WrongName, names_covered(leaf)));

        let system_trusts_issuer = matches!(issuer, Some((TlsFault::UnknownIssuer, _)))
            .then(|| self.accepts(self.trust.system(), &check).is_ok());
        // who signed it says most; of a certificate that nobody vouches for the other facts are mere claims
        let faults: Vec<_> = [issuer, name, dates].into_iter().flatten().collect();
        let Some((fault, _)) = faults.first() else { return bad(library) };
        let detail = faults.iter().map(|(_, detail)| detail.as_str()).collect::<Vec<_>>().join("; ");
        Verdict { fault: *fault, detail, system_trusts_issuer }
    }

    /// What is wrong with the chain at a moment when the server's own certificate is valid.
    fn issuer_fault(&self, check: &Check<'_>, dated: bool) -> Option<(TlsFault, String)> {
        use CertificateError as E;
        let error = self.accepts(self.trust.roots(), check).err()?;
        let Error::InvalidCertificate(reason) = &error else {
            return Some((TlsFault::BadCertificate, error.to_string()));
        };
        match reason {
            // OpenSSL makes these with the mark of an authority, which the library faults first
            _ if certificate::is_self_issued(check.leaf) => {
                Some((TlsFault::UnknownIssuer, "the certificate is self-signed".to_owned()))
            }
            E::UnknownIssuer => Some((TlsFault::UnknownIssuer, "no trusted root signed the certificate".to_owned())),
            E::BadSignature => Some((
                TlsFault::UnknownIssuer,
                "the certificate was signed by another authority than the trusted one of that name".to_owned(),
            )),
            E::Expired | E::ExpiredContext { .. } | E::NotValidYet | E::NotValidYetContext { .. } if dated => None,
            E::ExpiredContext { not_after, .. } => Some((
                TlsFault::Expired,
                format!("a certificate between it and the root ended at {}", moment(of_unix(*not_after))),
            )),
            E::NotValidYetContext { not_before, .. } => Some((
                TlsFault::NotYetValid,
                format!("a certificate between it and the root begins at {}", moment(of_unix(*not_before))),
            )),
            E::Expired => Some((TlsFault::Expired, format!("a certificate between it and the root: {error}"))),
            E::NotValidYet => Some((TlsFault::NotYetValid, format!("a certificate between it and the root: {error}"))),
            _ => Some((TlsFault::BadCertificate, error.to_string())),
        }
    }

    fn accepts(&self, roots: &RootCertStore, check: &Check<'_>) -> Result<(), Error> {
        self.trust.leads_to(roots, check.parsed, check.chain, check.at)
    }
}

struct Check<'a> {
    parsed: &'a ParsedCertificate<'a>,
    leaf: &'a CertificateDer<'a>,
    chain: &'a Chain,
    at: UnixTime,
}

impl ServerCertVerifier for Witness {
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
        self.trust.vouch_for(&leaf, chain, now)?;
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
        self.key_unproven.store(result.is_err(), Ordering::Relaxed);
        result
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let result = self.trust.verifier().verify_tls13_signature(message, cert, dss);
        self.key_unproven.store(result.is_err(), Ordering::Relaxed);
        result
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.trust.verifier().supported_verify_schemes()
    }
}

fn dates_fault((from, to): (OffsetDateTime, OffsetDateTime), now: OffsetDateTime) -> Option<(TlsFault, String)> {
    if now > to {
        Some((TlsFault::Expired, format!("the certificate ended at {}, and it is {} here", moment(to), moment(now))))
    } else if now < from {
        Some((
            TlsFault::NotYetValid,
            format!("the certificate begins at {}, and it is {} here", moment(from), moment(now)),
        ))
    } else {
        None
    }
}

fn of_unix(at: UnixTime) -> OffsetDateTime {
    let seconds = i64::try_from(at.as_secs()).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// A moment as RFC 3339 writes it, in UTC and whole seconds.
fn moment(at: OffsetDateTime) -> String {
    let whole = at.to_offset(UtcOffset::UTC).replace_nanosecond(0).unwrap_or(at);
    // beyond the year 9999 there is no such form
    whole.format(&Rfc3339).unwrap_or_else(|_| whole.to_string())
}

/// Now, or the nearest moment at which the certificate was or will be valid.
fn a_valid_moment(validity: Option<(OffsetDateTime, OffsetDateTime)>, now: OffsetDateTime) -> UnixTime {
    let moment = match validity {
        Some((_, to)) if now > to => to,
        Some((from, _)) if now < from => from,
        Some(_) | None => now,
    };
    UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(moment.unix_timestamp()).unwrap_or_default()))
}

fn names_covered(leaf: &CertificateDer<'_>) -> String {
    let names = certificate::read(leaf).map(|certificate| certificate.sans).unwrap_or_default();
    match names.as_slice() {
        [] => "the certificate covers no host name".to_owned(),
        few if few.len() <= 5 => format!("the certificate covers {}", few.join(", ")),
        many => format!("the certificate covers {} and {} other names", many[0], many.len() - 1),
    }
}
