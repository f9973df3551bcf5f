//! Verification of client certificates: the five policies of Go's `tls.ClientAuthType`, and required subject alternative names.

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// What is required of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClientAuth {
    /// No certificate is requested.
    No,
    /// A certificate is requested; any or none is accepted.
    Request,
    /// Any certificate, whatever its issuer.
    RequireAny,
    /// No certificate, or one that the configured CA issued.
    VerifyIfGiven,
    /// A certificate that the configured CA issued.
    RequireAndVerify,
}

impl FromStr for ClientAuth {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "NoClientCert" => Ok(Self::No),
            "RequestClientCert" => Ok(Self::Request),
            // the toolkit still accepts the second name
            "RequireAnyClientCert" | "RequireClientCert" => Ok(Self::RequireAny),
            "VerifyClientCertIfGiven" => Ok(Self::VerifyIfGiven),
            "RequireAndVerifyClientCert" => Ok(Self::RequireAndVerify),
            _ => Err("invalid `client_auth_type`: expected NoClientCert, RequestClientCert, RequireAnyClientCert, \
                      VerifyClientCertIfGiven or RequireAndVerifyClientCert"),
        }
    }
}

impl ClientAuth {
    /// Whether a client without a certificate is refused.
    pub(super) fn is_required(self) -> bool {
        match self {
            Self::RequireAny | Self::RequireAndVerify => true,
            Self::No | Self::Request | Self::VerifyIfGiven => false,
        }
    }

    /// Whether a certificate must have been issued by the configured CA.
    pub(super) fn is_verified(self) -> bool {
        match self {
            Self::VerifyIfGiven | Self::RequireAndVerify => true,
            Self::No | Self::Request | Self::RequireAny => false,
        }
    }
}

/// Returns the verifier of client certificates, or `None` if none is requested. `roots` is set if the policy verifies the issuer.
pub(super) fn verifier(
    auth: ClientAuth,
    roots: Option<RootCertStore>,
    sans: Option<Vec<String>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, String> {
    let issuer = match roots {
        None if auth == ClientAuth::No => return Ok(None),
        None => None,
        Some(roots) => {
            let builder = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
            Some(builder.build().map_err(|error| format!("cannot verify clients with this CA: {error}"))?)
        }
    };
    Ok(Some(Arc::new(SanVerifier { auth, issuer, sans, provider: provider.clone() })))
}

/// Verifies the issuer and the names of a client's certificate, as far as the configuration asks for it.
#[derive(Debug)]
struct SanVerifier {
    auth: ClientAuth,
    issuer: Option<Arc<dyn ClientCertVerifier>>,
    /// The certificate must have one of these subject alternative names.
    sans: Option<Vec<String>>,
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for SanVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.issuer.as_ref().map_or(&[], |issuer| issuer.root_hint_subjects())
    }

    fn client_auth_mandatory(&self) -> bool {
        self.auth.is_required()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if let Some(issuer) = &self.issuer {
            issuer.verify_client_cert(end_entity, intermediates, now)?;
        }
        match &self.sans {
            Some(sans) if !names(end_entity)?.iter().any(|name| sans.contains(name)) => {
                Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
            }
            Some(_) | None => Ok(ClientCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Returns the subject alternative names of a certificate: DNS names, mail addresses, IP addresses and URIs, as text.
fn names(certificate: &CertificateDer<'_>) -> Result<Vec<String>, Error> {
    let wrong = || Error::InvalidCertificate(CertificateError::BadEncoding);
    let (_, certificate) = X509Certificate::from_der(certificate).map_err(|_| wrong())?;
    let names = certificate.subject_alternative_name().map_err(|_| wrong())?;
    let names = names.iter().flat_map(|names| &names.value.general_names);
    Ok(names.filter_map(name).collect())
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(text) | GeneralName::RFC822Name(text) | GeneralName::URI(text) => Some((*text).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|bytes| Ipv4Addr::from(bytes).to_string()),
            _ => <[u8; 16]>::try_from(*bytes).ok().map(|bytes| Ipv6Addr::from(bytes).to_string()),
        },
        _ => None,
    }
}
