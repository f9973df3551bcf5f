//! What does a server complain of that ends a handshake by an alert? The alert's name tells (RFC 8446, 6.2; RFC 5246, 7.2).

use super::sight::Sight;

/// What a server complains of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Complaint {
    /// TLS versions or ciphers.
    Terms,
    /// Any of versions, ciphers, groups and kinds of certificates.
    Agreement,
    /// It wants what no execute-api name asks for: a certificate or a key of the client, another protocol than HTTP/1.1.
    Demand,
    /// It does not know the name that was asked for.
    Name,
    /// Something that no cause explains.
    Other,
}

impl Complaint {
    /// The complaint on a path, if its handshake ended by an alert.
    pub(crate) fn of(sight: &Sight<'_>) -> Option<Self> {
        Some(match sight.attempt?.alert()? {
            "protocol_version" | "insufficient_security" | "inappropriate_fallback" => Self::Terms,
            "handshake_failure" => Self::Agreement,
            "certificate_required"
            | "no_certificate"
            | "bad_certificate"
            | "unsupported_certificate"
            | "certificate_revoked"
            | "certificate_expired"
            | "certificate_unknown"
            | "unknown_ca"
            | "access_denied"
            | "unknown_pskidentity"
            | "no_application_protocol" => Self::Demand,
            "unrecognized_name" => Self::Name,
            _ => Self::Other,
        })
    }

    /// What it says of the server, where it says more than its name.
    pub(crate) fn remark(self) -> Option<&'static str> {
        match self {
            Self::Demand => Some(
                "the alert says that this server wants what no execute-api name asks for, such as a certificate of the client",
            ),
            Self::Name => Some("the alert says that this server does not know the name that was asked for"),
            Self::Agreement => Some(OFFERED),
            Self::Terms | Self::Other => None,
        }
    }
}

/// What the probe's client hello offers, for servers that do not say what they miss; `crypto_provider` holds it against the library.
pub(crate) const OFFERED: &str = "this probe offered TLS 1.3 and 1.2 with AES-GCM and ChaCha20-Poly1305, key exchange over X25519, P-256, P-384 and P-521, \
                                  and certificates with RSA, ECDSA (P-256, P-384, P-521), Ed25519 and ML-DSA keys: a server \
                                  that has nothing of these in common with it, e.g. only ciphers without forward secrecy, sends this alert";
