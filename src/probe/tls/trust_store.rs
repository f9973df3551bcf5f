//! Trusted roots: Mozilla's, compiled in, and what the user adds.

use super::ca_file::{self, pem_error_text};
use super::named_roots::{NamedRoots, verify_named};
use super::verifier::RecordingVerifier;
use crate::observation::ExpiredRoot;
use crate::{bounded_read, crypto_provider};
use rustls::client::{Resumption, WebPkiServerVerifier, verify_server_cert_signed_by_trust_anchor};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, Error, RootCertStore};
use rustls_native_certs::ErrorKind;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The roots that a server's certificate must lead to, and the TLS settings built on them. Cheap to clone.
#[derive(Clone)]
pub struct Trust(Arc<Inner>);

struct Inner {
    config: ClientConfig,
    verifier: Arc<WebPkiServerVerifier>,
    roots: Arc<RootCertStore>,
    /// Those of the roots that the user named.
    named: NamedRoots,
    algorithms: WebPkiSupportedAlgorithms,
    /// The last chain that was accepted.
    accepted: Mutex<Option<Accepted>>,
    /// This host's own store, read when the first unknown issuer is met.
    system: OnceLock<RootCertStore>,
}

/// A chain that was accepted at a moment, and the expired root that it needs, if it does.
struct Accepted {
    chain: Chain,
    at: UnixTime,
    expired_root: Option<ExpiredRoot>,
}

/// What a server presents, its own certificate first.
pub(super) type Chain = Arc<[CertificateDer<'static>]>;

/// Where roots come from beside the built-in ones.
#[derive(Debug, Clone, Copy, Default)]
pub struct TrustSources<'a> {
    /// A file of PEM certificates.
    pub ca_file: Option<&'a Path>,
    /// Whether this host's own store is trusted too.
    pub system_roots: bool,
}

/// Roots that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file cannot be read.
    #[error("{}: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        why: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{}: {why}", path.display())]
    NotCertificates {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// This host's own store cannot be had.
    #[error("the system's certificate store: {0}")]
    System(String),
    /// A certificate that was handed over as DER cannot be a root.
    #[error("the certificate is not fit for a root: {0}")]
    NotARoot(String),
}

impl TrustError {
    /// Whether the file is to blame that was named.
    pub fn is_of_a_file(&self) -> bool {
        match self {
            Self::Unreadable { .. } | Self::NotCertificates { .. } => true,
            Self::System(_) | Self::NotARoot(_) => false,
        }
    }
}

impl Trust {
    /// Trusts the built-in roots and those of the sources.
    pub fn new(sources: TrustSources<'_>) -> Result<Self, TrustError> {
        let mut roots = built_in();
        let mut named = NamedRoots::default();
        if let Some(path) = sources.ca_file {
            let not = |why: String| TrustError::NotCertificates { path: path.to_owned(), why };
            let text = bounded_read::read(path).map_err(|why| TrustError::Unreadable { path: path.to_owned(), why })?;
            for (at, der) in ca_file::parse(&text).map_err(not)?.into_iter().enumerate() {
                named.add(&mut roots, der).map_err(|why| not(format!("certificate {}: {why}", at + 1)))?;
            }
        }
        if sources.system_roots {
            let (system, errors) = system_roots();
            if system.is_empty() {
                let why = if errors.is_empty() { "it is empty".to_owned() } else { errors };
                return Err(TrustError::System(why));
            }
            roots.extend(system.roots);
        }
        Ok(Self::of(roots, named))
    }

    /// Trusts the built-in roots and these, given as DER.
    pub fn from_der(certificates: &[impl AsRef<[u8]>]) -> Result<Self, TrustError> {
        let (mut roots, mut named) = (built_in(), NamedRoots::default());
        for der in certificates {
            let der = CertificateDer::from(der.as_ref().to_vec());
            named.add(&mut roots, der).map_err(TrustError::NotARoot)?;
        }
        Ok(Self::of(roots, named))
    }

    /// TLS settings with these roots, for calls beside the probe.
    pub fn client_config(&self) -> ClientConfig {
        self.0.config.clone()
    }

    /// Returns the settings of one handshake, whose certificates the verifier keeps.
    pub(super) fn config(&self, verifier: Arc<RecordingVerifier>) -> Arc<ClientConfig> {
        let mut config = self.0.config.clone();
        config.client_auth_cert_resolver = Arc::<RecordingVerifier>::clone(&verifier);
        config.dangerous().set_certificate_verifier(verifier);
        Arc::new(config)
    }

    /// Accepts a chain, whose first certificate is the parsed one, as [`Self::verify`] does, and returns the expired root that it
    /// needs, if it does. The paths of a round meet the same chain: the result holds for the others of that second.
    pub(super) fn verify_cached(
        &self,
        leaf: &ParsedCertificate<'_>,
        chain: &Chain,
        at: UnixTime,
    ) -> Result<Option<ExpiredRoot>, Error> {
        let mut accepted = self.0.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = accepted.as_ref().filter(|known| known.at == at && known.chain == *chain) {
            return Ok(known.expired_root.clone());
        }
        self.verify(leaf, chain, at)?;
        let leads_to = |roots: &RootCertStore| self.leads_to(roots, leaf, chain, at).is_ok();
        let expired_root = self.0.named.needed_expired(&self.0.roots, at, leads_to);
        *accepted = Some(Accepted { chain: Arc::clone(chain), at, expired_root: expired_root.clone() });
        Ok(expired_root)
    }

    /// Accepts a chain that leads to a trusted root at that moment, and a server certificate that the user named itself, as curl does.
    pub(super) fn verify(&self, leaf: &ParsedCertificate<'_>, chain: &Chain, at: UnixTime) -> Result<(), Error> {
        match chain.first() {
            Some(named) if self.names(chain) => verify_named(named, at),
            Some(_) | None => self.leads_to(&self.0.roots, leaf, chain, at),
        }
    }

    /// Whether the user named the server's certificate itself.
    pub(super) fn names(&self, chain: &Chain) -> bool {
        self.named().any(|named| Some(named) == chain.first())
    }

    /// Whether a chain leads to one of these roots at that moment.
    pub(super) fn leads_to(
        &self,
        roots: &RootCertStore,
        leaf: &ParsedCertificate<'_>,
        chain: &Chain,
        at: UnixTime,
    ) -> Result<(), Error> {
        let intermediates = chain.get(1..).unwrap_or_default();
        verify_server_cert_signed_by_trust_anchor(leaf, roots, intermediates, at, self.0.algorithms.all)
    }

    /// The algorithms by which signatures are verified.
    pub(super) fn algorithms(&self) -> &'static [&'static dyn SignatureVerificationAlgorithm] {
        self.0.algorithms.all
    }

    /// The rules by which a signature of the handshake is accepted.
    pub(super) fn verifier(&self) -> &WebPkiServerVerifier {
        &self.0.verifier
    }

    /// The certificates that the user named.
    pub(super) fn named(&self) -> impl Iterator<Item = &CertificateDer<'static>> {
        self.0.named.iter()
    }

    /// This host's own store, read once.
    pub(super) fn system(&self) -> &RootCertStore {
        self.0.system.get_or_init(|| system_roots().0)
    }

    fn of(roots: RootCertStore, named: NamedRoots) -> Self {
        let roots = Arc::new(roots);
        let provider = Arc::new(crypto_provider::probe_provider());
        let algorithms = provider.signature_verification_algorithms;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider))
            .build()
            .expect("there are built-in roots, and no revocation lists");
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("aws-lc-rs speaks TLS 1.2 and 1.3")
            .with_webpki_verifier(Arc::clone(&verifier))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // a resumed session would skip the verification of the certificate
        config.resumption = Resumption::disabled();
        Self(Arc::new(Inner {
            config,
            verifier,
            roots,
            named,
            algorithms,
            accepted: Mutex::default(),
            system: OnceLock::new(),
        }))
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").field("roots", &self.0.roots.len()).finish_non_exhaustive()
    }
}

fn built_in() -> RootCertStore {
    webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()
}

fn system_roots() -> (RootCertStore, String) {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    let errors = found.errors.iter().map(|error| match &error.kind {
        ErrorKind::Pem(why) => pem_error_text(why),
        _ => error.to_string(),
    });
    (roots, errors.collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_hosts_own_store_is_read_once_for_all_rounds() {
        let trust = Trust::new(TrustSources::default()).unwrap();
        let first = std::ptr::from_ref(trust.clone().system());
        assert!(std::ptr::eq(first, trust.system()));
    }

    #[test]
    fn a_chain_is_accepted_at_one_moment_only() {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut root = rcgen::CertificateParams::new(Vec::new()).unwrap();
        root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let root = rcgen::CertifiedIssuer::self_signed(root, key).unwrap();
        let mut leaf = rcgen::CertificateParams::new(vec!["api.test".to_owned()]).unwrap();
        leaf.not_after = rcgen::date_time_ymd(2031, 1, 1);
        let leaf = leaf.signed_by(&rcgen::KeyPair::generate().unwrap(), &root).unwrap();
        let chain: Chain = Arc::new([leaf.der().clone()]);
        let parsed = ParsedCertificate::try_from(&chain[0]).unwrap();
        let trust = Trust::from_der(&[root.der()]).unwrap();

        let moment = |year: u64| UnixTime::since_unix_epoch(Duration::from_secs((year - 1970) * 31_557_600));
        let accepted = [2030, 2030, 2033, 2030].map(|year| trust.verify_cached(&parsed, &chain, moment(year)).is_ok());
        assert_eq!(accepted, [true, true, false, true]);
    }
}
