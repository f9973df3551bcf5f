//! Describes TLS errors in sentences of our own: what rustls writes is meant for programmers.

use super::certificate_error;
use crate::observation::ALERT;
use rustls::{AlertDescription, Error, InconsistentKeys, InvalidMessage, PeerIncompatible, PeerMisbehaved};

/// Returns what an error of the TLS library means, without any of its own words.
pub(crate) fn error_text(error: &Error) -> String {
    match error {
        Error::AlertReceived(alert) => return format!("{ALERT}{}", alert_name(*alert)),
        Error::InvalidCertificate(reason) => return certificate_error::explain(reason).text,
        Error::InvalidMessage(message) => invalid_message(*message),
        Error::PeerIncompatible(why) => incompatible(why),
        Error::PeerMisbehaved(why) => misbehaved(why),
        Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
            "the other side sent a TLS message out of turn"
        }
        Error::NoCertificatesPresented => "the other side sent no certificate",
        Error::UnsupportedNameType => "the name cannot be verified in a certificate",
        Error::DecryptError => "a TLS record cannot be decrypted: it was altered on its way, or the keys differ",
        Error::EncryptError => "a TLS message is too large to be encrypted",
        Error::PeerSentOversizedRecord => "the other side sent a TLS record that is larger than the protocol allows",
        Error::NoApplicationProtocol => "no application protocol in common",
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => "the private key is not that of the certificate",
        Error::InconsistentKeys(_) => "the private key cannot be compared with the certificate",
        Error::InvalidCertRevocationList(_) => "a certificate revocation list cannot be used",
        Error::InvalidEncryptedClientHello(_) => "the encrypted client hello failed",
        Error::FailedToGetCurrentTime => "this host's clock cannot be read",
        Error::FailedToGetRandomBytes => "this host has no random numbers to give",
        Error::HandshakeNotComplete => "the TLS handshake is not complete",
        Error::BadMaxFragmentSize => "the size of TLS fragments is out of range",
        Error::General(_) | Error::Other(_) => "the TLS library failed for a reason that it does not give",
        _ => "the TLS library failed",
    }
    .to_owned()
}

/// Returns the name that RFC 8446 gives an alert: `HandshakeFailure` is `handshake_failure` there. One without a name is
/// its number.
fn alert_name(alert: AlertDescription) -> String {
    let Some(known) = alert.as_str() else { return u8::from(alert).to_string() };
    let mut name = String::new();
    let mut after_small = false;
    for c in known.replace("Unrecognised", "Unrecognized").chars() {
        if c.is_ascii_uppercase() && after_small {
            name.push('_');
        }
        after_small = !c.is_ascii_uppercase();
        name.push(c.to_ascii_lowercase());
    }
    name
}

fn invalid_message(message: InvalidMessage) -> &'static str {
    use InvalidMessage as M;
    match message {
        M::CertificatePayloadTooLarge => {
            "the server's certificate chain is too large: this probe reads at most 64 KiB of certificates"
        }
        M::HandshakePayloadTooLarge => {
            "a message of the handshake, most likely the certificate chain, is too large: this probe reads at most 64 KiB"
        }
        M::InvalidContentType | M::UnknownProtocolVersion => "what came is not TLS",
        M::UnsupportedCompression => "the other side wants TLS compression, which this probe does not support",
        M::UnsupportedCurveType | M::UnsupportedKeyExchangeAlgorithm(_) | M::InvalidDhParams => {
            "the other side wants a key exchange that this probe does not support"
        }
        M::MissingKeyExchange | M::NoSignatureSchemes | M::IllegalEmptyList(_) | M::IllegalEmptyValue => {
            "a TLS message lacks what it must contain"
        }
        M::DuplicateExtension(_)
        | M::PreSharedKeyIsNotFinalExtension
        | M::UnknownHelloRetryRequestExtension
        | M::UnknownCertificateExtension => "a TLS message has an extension that it must not have",
        _ => "a TLS message is malformed",
    }
}

fn incompatible(why: &PeerIncompatible) -> &'static str {
    use PeerIncompatible as I;
    match why {
        I::ServerDoesNotSupportTls12Or13
        | I::ServerTlsVersionIsDisabledByOurConfig
        | I::SupportedVersionsExtensionRequired
        | I::Tls12NotOffered
        | I::Tls12NotOfferedOrEnabled
        | I::Tls13RequiredForQuic => "no TLS version in common: this probe offers TLS 1.3 and TLS 1.2",
        I::NoCipherSuitesInCommon => "no cipher suite in common",
        I::KeyShareExtensionRequired | I::NamedGroupsExtensionRequired | I::NoKxGroupsInCommon => {
            "no key exchange group in common: this probe offers X25519, P-256, P-384 and P-521"
        }
        I::NoSignatureSchemesInCommon | I::SignatureAlgorithmsExtensionRequired => "no signature scheme in common",
        I::NoCertificateRequestSignatureSchemesInCommon => {
            "the server asks for a client certificate with signatures that this probe does not support"
        }
        I::ExtendedMasterSecretExtensionRequired => {
            "the server does not support the extended master secret (RFC 7627), which this probe wants"
        }
        I::EcPointsExtensionRequired | I::NoEcPointFormatsInCommon | I::UncompressedEcPointsRequired => {
            "the other side does not accept uncompressed points on elliptic curves"
        }
        I::IncorrectCertificateTypeExtension | I::UnsolicitedCertificateTypeExtension => {
            "the other side wants to use something other than X.509 certificates"
        }
        I::NullCompressionRequired => "the other side wants TLS compression, which this probe does not support",
        _ => "the other side wants something that this probe does not support",
    }
}

fn misbehaved(why: &PeerMisbehaved) -> &'static str {
    use PeerMisbehaved as P;
    match why {
        P::AttemptedDowngradeToTls12WhenTls13IsSupported => {
            "the connection was downgraded to TLS 1.2 although both sides support TLS 1.3: something in between interferes"
        }
        P::SignedHandshakeWithUnadvertisedSigScheme | P::SignedKxWithWrongAlgorithm => {
            "the server signed the handshake with an algorithm that was not offered or does not fit its certificate"
        }
        P::InvalidKeyShare | P::MissingKeyShare | P::WrongGroupForKeyShare | P::SelectedUnofferedKxGroup => {
            "the server's part of the key exchange is missing or invalid"
        }
        P::SelectedUnofferedApplicationProtocol
        | P::SelectedUnofferedCertCompression
        | P::SelectedUnofferedCipherSuite
        | P::SelectedUnofferedCompression
        | P::SelectedUnofferedPsk
        | P::SelectedUnusableCipherSuiteForVersion
        | P::SelectedTls12UsingTls13VersionExtension => "the server selected something that was not offered",
        P::TooManyEmptyFragments
        | P::TooManyKeyUpdateRequests
        | P::TooManyRenegotiationRequests
        | P::TooManyWarningAlertsReceived => "the other side sent TLS messages without end",
        _ => "the other side broke the rules of the TLS protocol",
    }
}

#[cfg(test)]
mod tests;
