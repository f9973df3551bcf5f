//! How can a phase fail? One closed list for each phase; the names are forever.

use crate::named::named;

named! {
    /// Why a name gave no address.
    pub enum DnsFault {
        /// The server says that the name does not exist (RFC 2308).
        NxDomain = "dns-nxdomain",
        /// The name exists but has neither A nor AAAA.
        NoData = "dns-no-data",
        /// The server failed to answer (rcode 2).
        ServFail = "dns-servfail",
        /// The server refuses to answer (rcode 5).
        Refused = "dns-refused",
        /// The server answered with another rcode.
        OtherRcode = "dns-rcode",
        /// No server answered in time.
        Timeout = "dns-timeout",
        /// No packet could be sent to any server, or the host said that nobody listens there.
        Unreachable = "dns-unreachable",
        /// The answer did not fit a datagram, and the server gave none over TCP.
        Truncated = "dns-truncated",
        /// The answer could not be read, or was not an answer to the question.
        Malformed = "dns-malformed",
        /// A chain of CNAMEs that is longer than any real one, or circular.
        CnameLoop = "dns-cname-loop",
        /// No server is configured.
        NoServer = "dns-no-server",
        /// This host had no socket to give: descriptors, ports or memory ran out. No server was asked.
        Local = "dns-local",
    }
}

named! {
    /// Why a connection did not come about.
    pub enum TcpFault {
        /// No answer to SYN in time.
        Timeout = "tcp-timeout",
        /// The host answered with RST.
        Refused = "tcp-refused",
        /// The connection was reset while it was made.
        Reset = "tcp-reset",
        /// A router or the local host said that the host cannot be reached.
        HostUnreachable = "tcp-host-unreachable",
        /// A router or the local host said that the network cannot be reached.
        NetworkUnreachable = "tcp-network-unreachable",
        /// This host has no route for the address family: an IPv6 answer on an IPv4-only host.
        NoRouteForFamily = "tcp-no-route-for-family",
        /// The local host forbids it (a firewall's reject, or `prohibit`).
        NotPermitted = "tcp-not-permitted",
        /// This host had no socket to give: descriptors, ports or memory ran out. Nothing was sent.
        Local = "tcp-local",
        /// Another error of the operating system.
        Other = "tcp-other",
    }
}

impl TcpFault {
    /// Whether it says nothing of the address: this host has no route to its family, or no socket to give.
    pub fn is_of_this_host(self) -> bool {
        match self {
            Self::NoRouteForFamily | Self::Local => true,
            Self::Timeout
            | Self::Refused
            | Self::Reset
            | Self::HostUnreachable
            | Self::NetworkUnreachable
            | Self::NotPermitted
            | Self::Other => false,
        }
    }
}

named! {
    /// Why the TLS handshake failed.
    pub enum TlsFault {
        /// The certificate is past its end.
        Expired = "tls-certificate-expired",
        /// The certificate is before its start.
        NotYetValid = "tls-certificate-not-yet-valid",
        /// The certificate does not cover the name that was asked for.
        WrongName = "tls-wrong-name",
        /// No trusted root signed the certificate.
        UnknownIssuer = "tls-unknown-issuer",
        /// The certificate is unfit for another reason.
        BadCertificate = "tls-bad-certificate",
        /// This probe cannot verify certificates of this kind; other clients may.
        UnsupportedCertificate = "tls-certificate-not-supported",
        /// The server ended the handshake with an alert.
        Alert = "tls-alert",
        /// No protocol version in common.
        Version = "tls-version",
        /// What answered does not speak TLS.
        NotTls = "tls-not-tls",
        /// The server closed the connection.
        Closed = "tls-closed",
        /// The connection was reset.
        Reset = "tls-reset",
        /// The handshake stalled.
        Timeout = "tls-timeout",
        /// Another violation of the protocol, or error of the operating system.
        Other = "tls-other",
    }
}

named! {
    /// Why the exchange did not end well.
    pub enum HttpFault {
        /// Not a byte of an answer in time.
        NoAnswer = "http-timeout",
        /// The answer's head or body began but did not end in time.
        Unfinished = "http-body-timeout",
        /// The server closed the connection before the answer was whole.
        Closed = "http-closed",
        /// The connection was reset.
        Reset = "http-reset",
        /// What came back is not HTTP/1.
        Malformed = "http-malformed",
        /// The answer's head is larger than any that API Gateway sends.
        HeadTooLarge = "http-head-too-large",
        /// The server refused our side of the handshake, which TLS 1.3 tells only now.
        TlsAlert = "http-tls-alert",
        /// Nothing was sent: there are no credentials to sign with.
        NoCredentials = "http-no-credentials",
        /// Nothing was sent: a service that supplies the credentials failed, and may not at the next attempt.
        CredentialsUnavailable = "http-credentials-unavailable",
        /// Nothing was sent: the credentials to sign with are past their end.
        ExpiredCredentials = "http-expired-credentials",
        /// Another error of the operating system.
        Other = "http-other",
    }
}

named! {
    /// How one DNS query ended.
    pub enum QueryOutcome {
        /// An answer came; its rcode says the rest.
        Answered = "answered",
        /// The answer did not fit; the question went over TCP next.
        Truncated = "truncated",
        /// No answer in time.
        Timeout = "timeout",
        /// The query could not be sent, or nobody listens there.
        Unreachable = "unreachable",
        /// The server closed the connection before the answer was whole.
        Closed = "closed",
        /// What came back could not be read.
        Malformed = "malformed",
        /// Replies came, and none had the id and the question of the query.
        Mismatched = "mismatched",
        /// This host had no socket for it.
        NotSent = "not-sent",
        /// Another query was answered first, this one was given up.
        Abandoned = "abandoned",
    }
}
