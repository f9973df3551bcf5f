//! Whom does the probe believe? Mozilla's roots, compiled in, and what the user adds.

use super::verdict::Witness;
use crate::{crypto_provider, small_file};
use rustls::client::{Resumption, WebPkiServerVerifier, verify_server_cert_signed_by_trust_anchor};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, Error, RootCertStore};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// The roots that a server's certificate must lead to, and the TLS settings built on them. Cheap to clone.
#[derive(Clone)]
pub struct Trust(Arc<Inner>);

struct Inner {
    config: ClientConfig,
    verifier: Arc<WebPkiServerVerifier>,
    roots: Arc<RootCertStore>,
    algorithms: WebPkiSupportedAlgorithms,
    /// The chain that was found to lead to a root last, and when.
    vouched: Mutex<Option<(Chain, UnixTime)>>,
    /// This host's own store, read when the first unknown issuer is met.
    system: OnceLock<RootCertStore>,
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
        if let Some(path) = sources.ca_file {
            add_file(&mut roots, path)?;
        }
        if sources.system_roots {
            let (system, errors) = system_roots();
            if system.is_empty() {
                let why = if errors.is_empty() { "it is empty".to_owned() } else { errors };
                return Err(TrustError::System(why));
            }
            roots.extend(system.roots);
        }
        Ok(Self::of(roots))
    }

    /// Trusts the built-in roots and these, given as DER.
    pub fn from_der(certificates: &[impl AsRef<[u8]>]) -> Result<Self, TrustError> {
        let mut roots = built_in();
        for der in certificates {
            let der = CertificateDer::from(der.as_ref().to_vec());
            roots.add(der).map_err(|error| TrustError::NotARoot(error.to_string()))?;
        }
        Ok(Self::of(roots))
    }

    /// TLS settings with these roots, for calls beside the probe.
    pub fn client_config(&self) -> ClientConfig {
        self.0.config.clone()
    }

    /// The settings of one handshake, whose certificate the witness keeps.
    pub(super) fn config(&self, witness: Arc<Witness>) -> Arc<ClientConfig> {
        let mut config = self.0.config.clone();
        config.dangerous().set_certificate_verifier(witness);
        Arc::new(config)
    }

    /// Whether a chain, whose first certificate is the parsed one, leads to a trusted root at that moment. The paths of a round meet the
    /// same chain: what one has found holds for the others of that second.
    pub(super) fn vouch_for(&self, leaf: &ParsedCertificate<'_>, chain: &Chain, at: UnixTime) -> Result<(), Error> {
        let mut vouched = self.0.vouched.lock().unwrap_or_else(PoisonError::into_inner);
        if vouched.as_ref().is_some_and(|(known, then)| *then == at && known == chain) {
            return Ok(());
        }
        self.leads_to(self.roots(), leaf, chain, at)?;
        *vouched = Some((Arc::clone(chain), at));
        Ok(())
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

    /// The rules by which a signature of the handshake is accepted.
    pub(super) fn verifier(&self) -> &WebPkiServerVerifier {
        &self.0.verifier
    }

    /// The trusted roots.
    pub(super) fn roots(&self) -> &RootCertStore {
        &self.0.roots
    }

    /// This host's own store, read once.
    pub(super) fn system(&self) -> &RootCertStore {
        self.0.system.get_or_init(|| system_roots().0)
    }

    fn of(roots: RootCertStore) -> Self {
        let roots = Arc::new(roots);
        let provider = Arc::new(crypto_provider::provider());
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
            algorithms,
            vouched: Mutex::default(),
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

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), TrustError> {
    let not = |why: String| TrustError::NotCertificates { path: path.to_owned(), why };
    let text = small_file::read(path, PATIENCE).map_err(|why| TrustError::Unreadable { path: path.to_owned(), why })?;
    let mut count = 0;
    for certificate in CertificateDer::pem_slice_iter(&text) {
        count += 1;
        let certificate = certificate.map_err(|error: pem::Error| not(format!("certificate {count}: {error}")))?;
        roots.add(certificate).map_err(|error| not(format!("certificate {count}: {error}")))?;
    }
    if count == 0 {
        return Err(not("it holds no PEM certificate, which begins with `-----BEGIN CERTIFICATE-----`".to_owned()));
    }
    Ok(())
}

fn system_roots() -> (RootCertStore, String) {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    let errors = found.errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    (roots, errors)
}

/// How long a pipe in place of a file may take to say everything.
const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_own_store_is_read_once_for_all_rounds() {
        let trust = Trust::new(TrustSources::default()).unwrap();
        let first = std::ptr::from_ref(trust.clone().system());
        assert!(std::ptr::eq(first, trust.system()));
    }

    #[test]
    fn a_chain_is_vouched_for_at_one_moment_only() {
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
        let vouched = [2030, 2030, 2033, 2030].map(|year| trust.vouch_for(&parsed, &chain, moment(year)).is_ok());
        assert_eq!(vouched, [true, true, false, true]);
    }
}
