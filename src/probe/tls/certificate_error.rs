//! Describes why a certificate was rejected: what kind of fault it is, and a sentence.

use super::certificate::{from_unix, timestamp};
use super::chain_limits::algorithm_name;
use crate::observation::TlsFault;
use rustls::CertificateError;
use rustls::pki_types::UnixTime;

/// Why a certificate was rejected.
#[derive(Debug)]
pub(super) struct Explanation {
    pub(super) fault: TlsFault,
    pub(super) text: String,
}

/// Returns what an error of the certificate verifier means.
#[allow(deprecated, reason = "the library still has the kinds without details")]
pub(super) fn explain(error: &CertificateError) -> Explanation {
    use CertificateError as E;
    use TlsFault as F;
    let (fault, text) = match error {
        E::ExpiredContext { not_after, .. } => return ended(*not_after),
        E::NotValidYetContext { not_before, .. } => return begins(*not_before),
        E::UnsupportedSignatureAlgorithmContext { signature_algorithm_id, .. } => {
            return unsupported_signature(signature_algorithm_id);
        }
        E::UnsupportedSignatureAlgorithmForPublicKeyContext { signature_algorithm_id, public_key_algorithm_id } => {
            return unsupported_pair(signature_algorithm_id, public_key_algorithm_id);
        }
        E::UnsupportedSignatureAlgorithm => (F::UnsupportedCertificate, UNSUPPORTED_SIGNATURE),
        E::Other(other) => match other.0.downcast_ref() {
            Some(error) => return explain_webpki(error),
            None => (F::BadCertificate, OTHER),
        },
        E::BadEncoding => (F::BadCertificate, "a certificate is not encoded correctly"),
        // the library's word for a validity that ends before it begins
        E::Expired => (F::Expired, "a certificate of the chain has expired, or expires before it begins"),
        E::NotValidYet => (F::NotYetValid, "a certificate of the chain is not valid yet"),
        E::Revoked => (F::BadCertificate, "a certificate of the chain has been revoked"),
        E::UnhandledCriticalExtension => (F::UnsupportedCertificate, CRITICAL_EXTENSION),
        E::UnknownIssuer => (F::UnknownIssuer, "no trusted root signed the certificate"),
        E::UnknownRevocationStatus | E::ExpiredRevocationList | E::ExpiredRevocationListContext { .. } => {
            (F::BadCertificate, "the revocation status of a certificate of the chain is unknown")
        }
        E::BadSignature => (F::BadCertificate, BAD_SIGNATURE),
        E::NotValidForName | E::NotValidForNameContext { .. } => (F::WrongName, "the certificate is for other names"),
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => (F::BadCertificate, WRONG_PURPOSE),
        E::InvalidOcspResponse => (F::BadCertificate, "the server's OCSP response is invalid"),
        E::ApplicationVerificationFailure => (F::BadCertificate, "the certificate was rejected by this program"),
        _ => (F::BadCertificate, OTHER),
    };
    Explanation { fault, text: text.to_owned() }
}

/// The errors that rustls passes on as they are, and for completeness those for which it has names of its own.
#[allow(deprecated, reason = "the library still has the kinds without details")]
fn explain_webpki(error: &webpki::Error) -> Explanation {
    use TlsFault as F;
    use webpki::Error as E;
    let (fault, text) = match error {
        E::CertExpired { not_after, .. } => return ended(*not_after),
        E::CertNotValidYet { not_before, .. } => return begins(*not_before),
        E::UnsupportedSignatureAlgorithmContext(context) | E::UnsupportedCrlSignatureAlgorithmContext(context) => {
            return unsupported_signature(&context.signature_algorithm_id);
        }
        E::UnsupportedSignatureAlgorithmForPublicKeyContext(context)
        | E::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(context) => {
            return unsupported_pair(&context.signature_algorithm_id, &context.public_key_algorithm_id);
        }
        E::UnsupportedSignatureAlgorithm
        | E::UnsupportedSignatureAlgorithmForPublicKey
        | E::UnsupportedCrlSignatureAlgorithm
        | E::UnsupportedCrlSignatureAlgorithmForPublicKey => (F::UnsupportedCertificate, UNSUPPORTED_SIGNATURE),
        E::UnknownIssuer => (F::UnknownIssuer, "no trusted root signed the certificate"),
        E::CertNotValidForName(_) => (F::WrongName, "the certificate is for other names"),
        E::CaUsedAsEndEntity => (
            F::BadCertificate,
            "the certificate is that of an authority (CA:TRUE); such a one is accepted only if `--ca-file` contains it",
        ),
        E::EndEntityUsedAsCa => {
            (F::BadCertificate, "a certificate of the chain was signed by one that is not an authority (CA:FALSE)")
        }
        E::NameConstraintViolation => (
            F::BadCertificate,
            "an authority of the chain may not issue certificates for these names (name constraints)",
        ),
        E::PathLenConstraintViolated => {
            (F::BadCertificate, "an authority of the chain may not have so many authorities below it (path length)")
        }
        E::EmptyEkuExtension | E::RequiredEkuNotFound | E::RequiredEkuNotFoundContext(_) => {
            (F::BadCertificate, WRONG_PURPOSE)
        }
        E::InvalidCertValidity => (F::BadCertificate, "a certificate of the chain expires before it begins"),
        E::InvalidSignatureForPublicKey | E::InvalidCrlSignatureForPublicKey => (F::BadCertificate, BAD_SIGNATURE),
        E::SignatureAlgorithmMismatch => {
            (F::BadCertificate, "a certificate of the chain names two different algorithms for its signature")
        }
        E::CertDistrusted => (F::BadCertificate, "a key of the chain is distrusted"),
        E::CertRevoked => (F::BadCertificate, "a certificate of the chain has been revoked"),
        E::MalformedNameConstraint | E::InvalidNetworkMaskConstraint => {
            (F::BadCertificate, "the name constraints of an authority of the chain are malformed")
        }
        E::BadDer
        | E::BadDerTime
        | E::TrailingData(_)
        | E::InvalidSerialNumber
        | E::ExtensionValueInvalid
        | E::MalformedDnsIdentifier
        | E::MalformedExtensions => (F::BadCertificate, "a certificate of the chain is malformed"),
        E::MaximumPathDepthExceeded => (
            F::UnsupportedCertificate,
            "the chain has more than six intermediate authorities, the most that this probe follows",
        ),
        E::MaximumSignatureChecksExceeded
        | E::MaximumPathBuildCallsExceeded
        | E::MaximumNameConstraintComparisonsExceeded => {
            (F::UnsupportedCertificate, "the server's certificates can be chained in more ways than this probe tries")
        }
        E::UnsupportedCertVersion => (
            F::UnsupportedCertificate,
            "a certificate of the chain is not of X.509 version 3, the only one that this probe supports",
        ),
        E::UnsupportedCriticalExtension => (F::UnsupportedCertificate, CRITICAL_EXTENSION),
        E::UnsupportedNameType => (F::UnsupportedCertificate, "this kind of name cannot be verified in a certificate"),
        E::UnknownRevocationStatus
        | E::CrlExpired { .. }
        | E::IssuerNotCrlSigner
        | E::InvalidCrlNumber
        | E::UnsupportedCrlVersion
        | E::UnsupportedCrlIssuingDistributionPoint
        | E::UnsupportedDeltaCrl
        | E::UnsupportedIndirectCrl
        | E::UnsupportedRevocationReason
        | E::UnsupportedRevocationReasonsPartitioning => {
            (F::BadCertificate, "the revocation status of a certificate of the chain is unknown")
        }
        _ => (F::BadCertificate, OTHER),
    };
    Explanation { fault, text: text.to_owned() }
}

fn ended(at: UnixTime) -> Explanation {
    let text = format!("a certificate of the chain expired at {}", timestamp(from_unix(at)));
    Explanation { fault: TlsFault::Expired, text }
}

fn begins(at: UnixTime) -> Explanation {
    let text = format!("a certificate of the chain is not valid before {}", timestamp(from_unix(at)));
    Explanation { fault: TlsFault::NotYetValid, text }
}

fn unsupported_signature(algorithm: &[u8]) -> Explanation {
    let text = format!("this probe cannot verify a signature by {}, which the chain has", algorithm_name(algorithm));
    Explanation { fault: TlsFault::UnsupportedCertificate, text }
}

fn unsupported_pair(signature: &[u8], key: &[u8]) -> Explanation {
    let (signature, key) = (algorithm_name(signature), algorithm_name(key));
    let text = format!("this probe cannot verify a signature by {signature} with a key of the kind {key}");
    Explanation { fault: TlsFault::UnsupportedCertificate, text }
}

const OTHER: &str = "the TLS library rejected the certificate for a reason that it does not give";
const CRITICAL_EXTENSION: &str = "a certificate of the chain has a critical extension that this probe does not support";
const UNSUPPORTED_SIGNATURE: &str = "this probe cannot verify a signature that the chain has";
const WRONG_PURPOSE: &str = "a certificate of the chain is not meant for servers (extended key usage)";
const BAD_SIGNATURE: &str = "a signature does not fit the key that is said to have made it";
