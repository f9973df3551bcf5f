//! What came of one connection? Nested by phase, so that what was not reached is absent.

use super::{Answer, HttpFault, TcpFault, TlsFault};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::time::Duration;
use time::OffsetDateTime;

/// A phase that was reached: how long it took, and how it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Phase<T, F> {
    /// As the program felt it.
    pub felt: Duration,
    /// By the kernel's stamps, where there were any.
    pub wire: Option<Duration>,
    /// What came of it.
    pub result: Result<T, F>,
}

/// One connection to one resolved address, and at most one request on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// Where to.
    pub address: SocketAddr,
    /// The connection.
    pub tcp: Phase<Connected, TcpFailure>,
}

/// A connection that came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Connected {
    /// How many segments had to be sent again while connecting (`tcpi_total_retrans`).
    pub retransmits: u32,
    /// The handshake, if this connection was taken that far; boxed, because most are not.
    pub tls: Option<Box<Phase<Secured, TlsFailure>>>,
}

/// Why a connection did not come about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TcpFailure {
    /// The kind.
    pub fault: TcpFault,
    /// The operating system's words, where they say more.
    pub detail: Option<String>,
}

/// A handshake that succeeded.
#[derive(Debug, Clone, PartialEq)]
pub struct Secured {
    /// What was agreed on.
    pub session: Session,
    /// The server's certificate.
    pub certificate: Option<Certificate>,
    /// The root from `--ca-file` that the certificate needs, if it has expired.
    pub expired_root: Option<ExpiredRoot>,
    /// The exchange, if this connection carried the request.
    pub http: Option<Phase<Answer, HttpFailure>>,
}

/// What a handshake agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: String,
    /// The cipher suite, by its IANA name.
    pub cipher: String,
    /// The group of the key exchange: `X25519`, `P-256`, `P-384` or `P-521`; absent in reports of versions that did not record it.
    pub key_exchange: Option<String>,
    /// The application protocol, if the server chose one.
    pub alpn: Option<String>,
    /// Whether the server asked for a client certificate; the probe has none to send.
    pub client_certificate_requested: bool,
}

/// What a server certificate says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Certificate {
    /// The subject's distinguished name.
    pub subject: String,
    /// The subject alternative names.
    pub sans: Vec<String>,
    /// The issuer's distinguished name.
    pub issuer: String,
    /// The first moment of its validity.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub not_before: OffsetDateTime,
    /// The last moment of its validity.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub not_after: OffsetDateTime,
}

/// A trusted root that has expired. The probe accepts it (RFC 5280, 6.1 does not check the dates of a trust anchor); OpenSSL and most
/// other clients do not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExpiredRoot {
    /// The subject's distinguished name.
    pub subject: String,
    /// The last moment of its validity.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub not_after: OffsetDateTime,
}

/// Why a handshake failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFailure {
    /// The kind.
    pub fault: TlsFault,
    /// What was wrong, in a sentence, or the alert's name.
    pub detail: Option<String>,
    /// The server's certificate, if it came that far.
    pub certificate: Option<Certificate>,
    /// On an unknown issuer: whether this host's own store trusts it, which marks an interception proxy.
    pub system_trusts_issuer: Option<bool>,
    /// Whether the server had asked for a client certificate by then.
    pub client_certificate_requested: bool,
}

impl TlsFailure {
    /// A failure of which only the kind is known.
    pub fn of(fault: TlsFault) -> Self {
        Self { fault, detail: None, certificate: None, system_trusts_issuer: None, client_certificate_requested: false }
    }
}

/// Why an exchange did not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpFailure {
    /// The kind.
    pub fault: HttpFault,
    /// The library's words, where they say more.
    pub detail: Option<String>,
    /// What had arrived by then, if the head had.
    pub answer: Option<Answer>,
}

impl Attempt {
    /// The handshake, if it was reached.
    pub fn tls(&self) -> Option<&Phase<Secured, TlsFailure>> {
        self.tcp.result.as_ref().ok()?.tls.as_deref()
    }

    /// The handshake's success, if it was one.
    pub fn secured(&self) -> Option<&Secured> {
        self.tls()?.result.as_ref().ok()
    }

    /// The exchange, if it was reached.
    pub fn http(&self) -> Option<&Phase<Answer, HttpFailure>> {
        self.secured()?.http.as_ref()
    }

    /// The answer, whole or as far as it came.
    pub fn answer(&self) -> Option<&Answer> {
        match &self.http()?.result {
            Ok(answer) => Some(answer),
            Err(failure) => failure.answer.as_ref(),
        }
    }

    /// The server's certificate, verified or not.
    pub fn certificate(&self) -> Option<&Certificate> {
        match &self.tls()?.result {
            Ok(secured) => secured.certificate.as_ref(),
            Err(failure) => failure.certificate.as_ref(),
        }
    }

    /// Whether the server asked for a client certificate, as far as the handshake got.
    pub fn client_certificate_requested(&self) -> bool {
        self.tls().is_some_and(|tls| match &tls.result {
            Ok(secured) => secured.session.client_certificate_requested,
            Err(failure) => failure.client_certificate_requested,
        })
    }

    /// The name (RFC 8446, 6.2) of the alert by which the server ended the handshake; in TLS 1.3 it may come after it.
    pub fn alert(&self) -> Option<&str> {
        let detail = match &self.tls()?.result {
            Err(failure) => &failure.detail,
            Ok(secured) => &secured.http.as_ref()?.result.as_ref().err()?.detail,
        };
        detail.as_deref()?.strip_prefix(ALERT)
    }

    /// The sum of the phases that were reached, as felt.
    pub fn felt(&self) -> Duration {
        self.tcp.felt
            + self.tls().map(|phase| phase.felt).unwrap_or_default()
            + self.http().map(|phase| phase.felt).unwrap_or_default()
    }

    /// How far it got: more is further.
    pub(super) fn progress(&self) -> u8 {
        match (&self.tcp.result, self.tls().map(|tls| &tls.result), self.http().map(|http| &http.result)) {
            (Err(failure), ..) if failure.fault.is_of_this_host() => 0,
            (Err(_), ..) => 1,
            (Ok(_), None, _) => 2,
            (Ok(_), Some(Err(_)), _) => 3,
            (Ok(_), Some(Ok(_)), None) => 4,
            (Ok(_), Some(Ok(_)), Some(Err(_))) => 5,
            (Ok(_), Some(Ok(_)), Some(Ok(_))) => 6,
        }
    }
}

/// What stands before the name of an alert in the detail of a failure.
pub(crate) const ALERT: &str = "the server sent the alert ";
