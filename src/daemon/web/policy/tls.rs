//! With which certificate is answered, and which clients are let in? The keys of `tls_server_config`, named as Go names them.

use super::client::{ClientAuth, verifier};
use super::yaml::At;
use super::{Fault, Library};
use crate::crypto_provider;
use crate::probe::{pem_error_text, tls_error_text};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion, version};
use std::path::PathBuf;
use std::sync::Arc;

/// The section as it stands in the file.
pub(super) struct Tls {
    pub(super) certificate: Pem,
    pub(super) key: Pem,
    pub(super) client_auth_type: Option<At<String>>,
    pub(super) client_ca: Option<Pem>,
    pub(super) client_allowed_sans: Option<At<Vec<At<String>>>>,
    pub(super) min_version: Option<At<String>>,
    pub(super) max_version: Option<At<String>>,
    pub(super) cipher_suites: Vec<At<String>>,
    pub(super) prefer_server_cipher_suites: bool,
    pub(super) curve_preferences: Vec<At<String>>,
}

/// A text in PEM, in the file itself or in one of its own.
pub(super) enum Pem {
    Inline(At<String>),
    File(At<PathBuf>),
}

impl Tls {
    /// The server's side of TLS.
    pub(super) fn server_config(self, library: &mut Library) -> Result<ServerConfig, Fault> {
        let provider = Arc::new(self.provider()?);
        let versions = self.versions()?;
        let client = self.client_verifier(&provider, library)?;
        let chain = certificates(&self.certificate, library)?;
        let key = self.key.read(library)?;
        // the reason could repeat a part of the key
        let key = PrivateKeyDer::from_pem_slice(&key).map_err(|_| {
            self.key.fault("no private key in PEM is there; it begins with `-----BEGIN PRIVATE KEY-----`")
        })?;
        let builder =
            ServerConfig::builder_with_provider(provider).with_protocol_versions(&versions).map_err(|error| {
                self.certificate.fault(format!("no cipher suite fits the TLS versions: {}", tls_error_text(&error)))
            })?;
        let builder = match client {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(|error| {
            self.certificate.fault(format!("certificate and key do not make a pair: {}", tls_error_text(&error)))
        })?;
        config.ignore_client_order = self.prefer_server_cipher_suites;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    fn versions(&self) -> Result<Vec<&'static SupportedProtocolVersion>, Fault> {
        let parse = |text: &At<String>| match text.value.as_str() {
            "TLS12" => Ok(2),
            "TLS13" => Ok(3),
            "TLS10" | "TLS11" => Err(text.fault("TLS 1.0 and 1.1 are not spoken any more; the least is `TLS12`")),
            _ => Err(text.fault("a TLS version is `TLS12` or `TLS13`")),
        };
        let least = self.min_version.as_ref().map_or(Ok(2), parse)?;
        let most = self.max_version.as_ref().map_or(Ok(3), parse)?;
        let versions = [(2, &version::TLS12), (3, &version::TLS13)];
        let versions: Vec<_> = versions
            .into_iter()
            .filter(|(number, _)| (least..=most).contains(number))
            .map(|(_, version)| version)
            .collect();
        match (&self.max_version, versions.is_empty()) {
            (Some(most), true) => Err(most.fault("`max_version` is below `min_version`")),
            _ => Ok(versions),
        }
    }

    /// Cipher suites and curves. As in Go, the list of cipher suites is about TLS 1.2; those of TLS 1.3 are always there.
    fn provider(&self) -> Result<CryptoProvider, Fault> {
        let mut provider = crypto_provider::provider();
        if !self.cipher_suites.is_empty() {
            let (newer, older): (Vec<_>, Vec<_>) =
                provider.cipher_suites.iter().copied().partition(|suite| suite.tls13().is_some());
            let mut chosen = newer.clone();
            for wanted in &self.cipher_suites {
                if newer.iter().any(|suite| go_name(suite) == wanted.value) {
                    continue;
                }
                let Some(suite) = older.iter().find(|suite| go_name(suite) == wanted.value) else {
                    let names: Vec<String> = newer.iter().chain(&older).map(go_name).collect();
                    return Err(wanted
                        .fault(format!("this is no cipher suite that is offered; those are {}", names.join(", "))));
                };
                chosen.push(*suite);
            }
            provider.cipher_suites = chosen;
        }
        if !self.curve_preferences.is_empty() {
            let group = |wanted: &At<String>| {
                let name = match wanted.value.as_str() {
                    "X25519" => rustls::NamedGroup::X25519,
                    "CurveP256" => rustls::NamedGroup::secp256r1,
                    "CurveP384" => rustls::NamedGroup::secp384r1,
                    "CurveP521" => return Err(wanted.fault("CurveP521 is not offered; leave it out")),
                    _ => return Err(wanted.fault("a curve is `X25519`, `CurveP256` or `CurveP384`")),
                };
                Ok(*provider.kx_groups.iter().find(|group| group.name() == name).expect("a group of the provider"))
            };
            provider.kx_groups = self.curve_preferences.iter().map(group).collect::<Result<_, _>>()?;
        }
        Ok(provider)
    }

    fn client_verifier(
        &self,
        provider: &Arc<CryptoProvider>,
        library: &mut Library,
    ) -> Result<Option<Arc<dyn rustls::server::danger::ClientCertVerifier>>, Fault> {
        let auth = match &self.client_auth_type {
            None => ClientAuth::No,
            Some(text) => text.value.parse().map_err(|message: &str| text.fault(message))?,
        };
        let sans = match &self.client_allowed_sans {
            None => None,
            Some(_) if auth.is_required() => self.client_allowed_sans.as_ref(),
            Some(sans) => {
                let message = "`client_allowed_sans` needs a certificate of every client: \
                               `client_auth_type: RequireAndVerifyClientCert`";
                return Err(sans.fault(message));
            }
        };
        let sans = sans.map(|sans| sans.value.iter().map(|san| san.value.clone()).collect());
        let roots = match (&self.client_ca, auth.is_verified()) {
            (None, false) => None,
            (Some(authority), true) => Some(roots(authority, library)?),
            (Some(authority), false) => {
                let message = "a client CA verifies nobody without `client_auth_type: RequireAndVerifyClientCert` \
                               or `VerifyClientCertIfGiven`";
                return Err(authority.fault(message));
            }
            (None, true) => {
                let place = self.client_auth_type.as_ref().map(|text| text.line);
                let message = "to verify a client takes `client_ca_file` or `client_ca`".to_owned();
                return Err(Fault { line: place, message });
            }
        };
        verifier(auth, roots, sans, provider).map_err(|message| match &self.client_ca {
            Some(authority) => authority.fault(message),
            None => Fault { line: None, message },
        })
    }
}

impl Pem {
    pub(super) fn line(&self) -> usize {
        match self {
            Self::Inline(text) => text.line,
            Self::File(path) => path.line,
        }
    }

    fn read(&self, library: &mut Library) -> Result<Vec<u8>, Fault> {
        match self {
            Self::Inline(text) => Ok(text.value.clone().into_bytes()),
            Self::File(path) => library.read_named(&path.value).map_err(|message| path.fault(message)),
        }
    }

    fn fault(&self, message: impl Into<String>) -> Fault {
        let message = match self {
            Self::Inline(_) => message.into(),
            Self::File(path) => format!("`{}`: {}", path.value.display(), message.into()),
        };
        Fault { line: Some(self.line()), message }
    }
}

fn certificates(pem: &Pem, library: &mut Library) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let text = pem.read(library)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let chain = chain.map_err(|error| pem.fault(format!("no certificate in PEM: {}", pem_error_text(&error))))?;
    if chain.is_empty() {
        return Err(pem.fault("no certificate in PEM is there; it begins with `-----BEGIN CERTIFICATE-----`"));
    }
    Ok(chain)
}

fn roots(pem: &Pem, library: &mut Library) -> Result<RootCertStore, Fault> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem, library)? {
        roots
            .add(certificate)
            .map_err(|error| pem.fault(format!("this is no authority: {}", tls_error_text(&error))))?;
    }
    Ok(roots)
}

/// The name of a cipher suite in Go, which does not tell the versions apart.
fn go_name(suite: &SupportedCipherSuite) -> String {
    format!("{:?}", suite.suite()).replacen("TLS13_", "TLS_", 1)
}
