//! TLS settings of the web server: the keys of `tls_server_config`, with Go's names of versions, cipher suites and curves.

use super::client_auth::{ClientAuth, verifier};
use super::yaml::Located;
use super::{FileLoader, WebConfigFault};
use crate::crypto_provider;
use crate::probe::{pem_error_text, tls_error_text};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion, version};
use std::path::PathBuf;
use std::sync::Arc;

/// The section `tls_server_config`, as written in the file.
pub(super) struct RawTlsConfig {
    pub(super) certificate: PemSource,
    pub(super) key: PemSource,
    pub(super) client_auth_type: Option<Located<String>>,
    pub(super) client_ca: Option<PemSource>,
    pub(super) client_allowed_sans: Option<Located<Vec<Located<String>>>>,
    pub(super) min_version: Option<Located<String>>,
    pub(super) max_version: Option<Located<String>>,
    pub(super) cipher_suites: Vec<Located<String>>,
    pub(super) prefer_server_cipher_suites: bool,
    pub(super) curve_preferences: Vec<Located<String>>,
}

/// PEM text, inline or in a file of its own.
pub(super) enum PemSource {
    Inline(Located<String>),
    File(Located<PathBuf>),
}

impl RawTlsConfig {
    /// Builds the server configuration of rustls.
    pub(super) fn server_config(self, loader: &mut FileLoader) -> Result<ServerConfig, WebConfigFault> {
        let provider = Arc::new(self.provider()?);
        let versions = self.versions()?;
        let client = self.client_verifier(&provider, loader)?;
        let chain = certificates(&self.certificate, loader)?;
        let key = self.key.read(loader)?;
        // the parser's reason could repeat a part of the key
        let key = PrivateKeyDer::from_pem_slice(&key)
            .map_err(|_| self.key.fault("no private key found: expected PEM, e.g. `-----BEGIN PRIVATE KEY-----`"))?;
        let builder =
            ServerConfig::builder_with_provider(provider).with_protocol_versions(versions).map_err(|error| {
                self.certificate.fault(format!("no cipher suite matches the TLS versions: {}", tls_error_text(&error)))
            })?;
        let builder = match client {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(|error| {
            self.certificate.fault(format!("certificate and key do not match: {}", tls_error_text(&error)))
        })?;
        config.ignore_client_order = self.prefer_server_cipher_suites;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    fn versions(&self) -> Result<&'static [&'static SupportedProtocolVersion], WebConfigFault> {
        let parse = |text: &Located<String>| match text.value.as_str() {
            "TLS12" => Ok(2),
            "TLS13" => Ok(3),
            "TLS10" | "TLS11" => Err(text.fault("TLS 1.0 and 1.1 are not supported: expected `TLS12` or `TLS13`")),
            _ => Err(text.fault("invalid TLS version: expected `TLS12` or `TLS13`")),
        };
        let min = self.min_version.as_ref().map_or(Ok(2), parse)?;
        match (min, self.max_version.as_ref().map(|max| Ok((parse(max)?, max))).transpose()?) {
            (2, Some((2, _))) => Ok(&TLS12_ONLY),
            (3, Some((2, max))) => Err(max.fault("`max_version` is below `min_version`")),
            (3, _) => Ok(&TLS13_ONLY),
            _ => Ok(rustls::ALL_VERSIONS),
        }
    }

    /// Returns the crypto provider with the listed cipher suites and curves. As in Go, the list of cipher suites applies to TLS 1.2;
    /// those of TLS 1.3 are always offered.
    fn provider(&self) -> Result<CryptoProvider, WebConfigFault> {
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
                    return Err(wanted.fault(format!("unsupported cipher suite: expected one of {}", names.join(", "))));
                };
                chosen.push(*suite);
            }
            provider.cipher_suites = chosen;
        }
        if !self.curve_preferences.is_empty() {
            let group = |wanted: &Located<String>| {
                let name = match wanted.value.as_str() {
                    "X25519" => rustls::NamedGroup::X25519,
                    "CurveP256" => rustls::NamedGroup::secp256r1,
                    "CurveP384" => rustls::NamedGroup::secp384r1,
                    "CurveP521" => return Err(wanted.fault(format!("CurveP521 is not supported: {CURVES}"))),
                    _ => return Err(wanted.fault(format!("invalid curve: {CURVES}"))),
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
        loader: &mut FileLoader,
    ) -> Result<Option<Arc<dyn rustls::server::danger::ClientCertVerifier>>, WebConfigFault> {
        let auth = match &self.client_auth_type {
            None => ClientAuth::No,
            Some(text) => text.value.parse().map_err(|message: &str| text.fault(message))?,
        };
        // as in the toolkit, an empty list restricts nothing
        let sans = match self.client_allowed_sans.as_ref().filter(|sans| !sans.value.is_empty()) {
            Some(sans) if !auth.is_required() => {
                let message = "`client_allowed_sans` requires client certificates: \
                               add `client_auth_type: RequireAndVerifyClientCert`";
                return Err(sans.fault(message));
            }
            sans => sans,
        };
        let sans = sans.map(|sans| sans.value.iter().map(|san| san.value.clone()).collect());
        let roots = match (&self.client_ca, auth.is_verified()) {
            (None, false) => None,
            (Some(authority), true) => Some(roots(authority, loader)?),
            (Some(authority), false) => {
                let message = "a client CA requires `client_auth_type: RequireAndVerifyClientCert` or \
                               `VerifyClientCertIfGiven`";
                return Err(authority.fault(message));
            }
            (None, true) => {
                let place = self.client_auth_type.as_ref().map(|text| text.line);
                let message = "missing `client_ca_file` or `client_ca`, against which clients are verified".to_owned();
                return Err(WebConfigFault { line: place, message });
            }
        };
        verifier(auth, roots, sans, provider).map_err(|message| match &self.client_ca {
            Some(authority) => authority.fault(message),
            None => WebConfigFault { line: None, message },
        })
    }
}

impl PemSource {
    pub(super) fn line(&self) -> usize {
        match self {
            Self::Inline(text) => text.line,
            Self::File(path) => path.line,
        }
    }

    fn read(&self, loader: &mut FileLoader) -> Result<Vec<u8>, WebConfigFault> {
        match self {
            Self::Inline(text) => Ok(text.value.clone().into_bytes()),
            Self::File(path) => loader.read_named(&path.value).map_err(|message| path.fault(message)),
        }
    }

    fn fault(&self, message: impl Into<String>) -> WebConfigFault {
        let message = match self {
            Self::Inline(_) => message.into(),
            Self::File(path) => format!("`{}`: {}", path.value.display(), message.into()),
        };
        WebConfigFault { line: Some(self.line()), message }
    }
}

fn certificates(pem: &PemSource, loader: &mut FileLoader) -> Result<Vec<CertificateDer<'static>>, WebConfigFault> {
    let text = pem.read(loader)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let chain = chain.map_err(|error| pem.fault(format!("invalid certificate: {}", pem_error_text(&error))))?;
    if chain.is_empty() {
        return Err(pem.fault("no certificate found: expected PEM, e.g. `-----BEGIN CERTIFICATE-----`"));
    }
    Ok(chain)
}

fn roots(pem: &PemSource, loader: &mut FileLoader) -> Result<RootCertStore, WebConfigFault> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem, loader)? {
        roots
            .add(certificate)
            .map_err(|error| pem.fault(format!("not a CA certificate: {}", tls_error_text(&error))))?;
    }
    Ok(roots)
}

/// Returns the name of a cipher suite in Go, which is the same form for TLS 1.2 and 1.3.
fn go_name(suite: &SupportedCipherSuite) -> String {
    format!("{:?}", suite.suite()).replacen("TLS13_", "TLS_", 1)
}

static TLS12_ONLY: [&SupportedProtocolVersion; 1] = [&version::TLS12];
static TLS13_ONLY: [&SupportedProtocolVersion; 1] = [&version::TLS13];
const CURVES: &str = "expected `X25519`, `CurveP256` or `CurveP384`";
