//! Which client is let in by its certificate? The five policies of Go's `tls.ClientAuthType`, and names that a certificate must have.

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

/// What is demanded of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClientAuth {
    /// Nothing.
    No,
    /// It is asked for a certificate; any or none will do.
    Request,
    /// Any certificate, whoever made it.
    RequireAny,
    /// None, or one of our authority.
    VerifyIfGiven,
    /// One of our authority.
    RequireAndVerify,
}

impl FromStr for ClientAuth {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "NoClientCert" => Ok(Self::No),
            "RequestClientCert" => Ok(Self::Request),
            // the toolkit still knows the second name
            "RequireAnyClientCert" | "RequireClientCert" => Ok(Self::RequireAny),
            "VerifyClientCertIfGiven" => Ok(Self::VerifyIfGiven),
            "RequireAndVerifyClientCert" => Ok(Self::RequireAndVerify),
            _ => Err("`client_auth_type` is NoClientCert, RequestClientCert, RequireAnyClientCert, \
                      VerifyClientCertIfGiven or RequireAndVerifyClientCert"),
        }
    }
}

impl ClientAuth {
    /// Whether a client without a certificate is sent away.
    pub(super) fn is_required(self) -> bool {
        match self {
            Self::RequireAny | Self::RequireAndVerify => true,
            Self::No | Self::Request | Self::VerifyIfGiven => false,
        }
    }

    /// Whether a certificate must come from our authority.
    pub(super) fn is_verified(self) -> bool {
        match self {
            Self::VerifyIfGiven | Self::RequireAndVerify => true,
            Self::No | Self::Request | Self::RequireAny => false,
        }
    }
}

/// What judges the clients' certificates; nothing, if none is asked for. `roots` are there if the policy verifies.
pub(super) fn verifier(
    auth: ClientAuth,
    roots: Option<RootCertStore>,
    sans: Option<Vec<String>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, String> {
    let authority = match roots {
        None if auth == ClientAuth::No => return Ok(None),
        None => None,
        Some(roots) => {
            let builder = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
            Some(builder.build().map_err(|error| format!("clients cannot be verified by this: {error}"))?)
        }
    };
    Ok(Some(Arc::new(Doorkeeper { auth, authority, sans, provider: provider.clone() })))
}

/// Judges a client's certificate.
#[derive(Debug)]
struct Doorkeeper {
    auth: ClientAuth,
    authority: Option<Arc<dyn ClientCertVerifier>>,
    /// Names of which the certificate must have one.
    sans: Option<Vec<String>>,
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for Doorkeeper {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.authority.as_ref().map_or(&[], |authority| authority.root_hint_subjects())
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
        if let Some(authority) = &self.authority {
            authority.verify_client_cert(end_entity, intermediates, now)?;
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

/// The alternative names of a certificate: DNS names, mail addresses, IP addresses and URIs, as text.
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
