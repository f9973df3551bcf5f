//! Whom does the probe believe? Mozilla's roots, compiled in, and what the user adds.

use super::verdict::Witness;
use rustls::client::{Resumption, WebPkiServerVerifier, verify_server_cert_signed_by_trust_anchor};
use rustls::crypto::{WebPkiSupportedAlgorithms, ring};
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, Error, RootCertStore};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

/// The roots that a server's certificate must lead to, and the TLS settings built on them. Cheap to clone.
#[derive(Clone)]
pub struct Trust(Arc<Inner>);

struct Inner {
    config: ClientConfig,
    verifier: Arc<WebPkiServerVerifier>,
    roots: Arc<RootCertStore>,
    algorithms: WebPkiSupportedAlgorithms,
    /// The chain that was accepted last, and at which second.
    accepted: Mutex<Option<(UnixTime, Vec<CertificateDer<'static>>)>>,
    /// This host's own store, read when the first unknown issuer is met.
    system: OnceLock<RootCertStore>,
}

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

    /// The settings of one handshake, whose certificate the witness keeps.
    pub(super) fn config(&self, witness: Arc<Witness>) -> Arc<ClientConfig> {
        let mut config = self.0.config.clone();
        config.dangerous().set_certificate_verifier(witness);
        Arc::new(config)
    }

    /// Verifies that a chain leads from the leaf, its first certificate, to a trusted root. The paths of a round mostly show the
    /// same chain; byte for byte the same, at the same second, it is not verified again. Name and signature are not looked at here.
    pub(super) fn accept(
        &self,
        leaf: &ParsedCertificate<'_>,
        chain: &[CertificateDer<'static>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let mut accepted = self.0.accepted.lock().expect("no holder panics");
        if accepted.as_ref().is_some_and(|(at, known)| (*at, known.as_slice()) == (now, chain)) {
            return Ok(());
        }
        let intermediates = chain.get(1..).unwrap_or_default();
        verify_server_cert_signed_by_trust_anchor(leaf, &self.0.roots, intermediates, now, self.0.algorithms.all)?;
        *accepted = Some((now, chain.to_vec()));
        Ok(())
    }

    /// The rules by which a signature is accepted.
    pub(super) fn verifier(&self) -> &WebPkiServerVerifier {
        &self.0.verifier
    }

    /// The trusted roots.
    pub(super) fn roots(&self) -> &RootCertStore {
        &self.0.roots
    }

    /// The signature algorithms that are understood.
    pub(super) fn algorithms(&self) -> &WebPkiSupportedAlgorithms {
        &self.0.algorithms
    }

    /// This host's own store, read once.
    pub(super) fn system(&self) -> &RootCertStore {
        self.0.system.get_or_init(|| system_roots().0)
    }

    fn of(roots: RootCertStore) -> Self {
        let roots = Arc::new(roots);
        let provider = Arc::new(ring::default_provider());
        let algorithms = provider.signature_verification_algorithms;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider))
            .build()
            .expect("there are built-in roots, and no revocation lists");
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring speaks TLS 1.2 and 1.3")
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

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), TrustError> {
    let not = |why: String| TrustError::NotCertificates { path: path.to_owned(), why };
    let text = std::fs::read(path).map_err(|why| TrustError::Unreadable { path: path.to_owned(), why })?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_accepted_says_nothing_of_another_second_or_another_chain() {
        let day = time::Duration::days(1);
        let today = time::OffsetDateTime::now_utc();
        let mut params = rcgen::CertificateParams::new(["name.test".to_owned()]).unwrap();
        (params.not_before, params.not_after) = (today - day, today + day);
        let authority = |name: &str| {
            let mut params = rcgen::CertificateParams::new([]).unwrap();
            params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            params.distinguished_name.push(rcgen::DnType::CommonName, name);
            let key = rcgen::KeyPair::generate().unwrap();
            (params.self_signed(&key).unwrap(), rcgen::Issuer::new(params, key))
        };
        let ((root, ours), (_, theirs)) = (authority("ours"), authority("theirs"));
        let key = rcgen::KeyPair::generate().unwrap();
        let chain_of = |issuer| [params.signed_by(&key, issuer).unwrap().der().clone()];
        let (good, bad) = (chain_of(&ours), chain_of(&theirs));

        let trust = Trust::from_der(&[root.der()]).unwrap();
        let accepts = |chain: &[CertificateDer<'static>; 1], at: time::OffsetDateTime| {
            let seconds = u64::try_from(at.unix_timestamp()).unwrap();
            let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
            trust.accept(&ParsedCertificate::try_from(&chain[0]).unwrap(), chain, at).is_ok()
        };
        assert!(accepts(&good, today) && accepts(&good, today));
        assert!(!accepts(&good, today + day * 2));
        assert!(!accepts(&bad, today));
        assert!(accepts(&good, today));
    }

    #[test]
    fn the_hosts_own_store_is_read_once_for_all_rounds() {
        let trust = Trust::new(TrustSources::default()).unwrap();
        let first = std::ptr::from_ref(trust.clone().system());
        assert!(std::ptr::eq(first, trust.system()));
    }
}
