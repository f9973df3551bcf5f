//! What was seen? Facts only, no opinion; nested, so that a phase that was not reached is absent and an impossible mix cannot be written.

mod address;
mod fault;
mod secret;
mod wording;

// reads the wordings, hides the secrets
mod answer;

pub use address::{Address, AddressClass, Place};
pub use answer::{Answer, RawAnswer, is_gateway_error, is_shown, message, printable};
pub use fault::{DnsFault, HttpFault, QueryOutcome, TcpFault, TlsFault};
pub use secret::{Secrets, redact};
pub use wording::{Denial, Effect, MethodArn, PolicyKind, Wording};

use crate::named::named;
use crate::plan::{AccessPath, Missing, Plan};
use crate::target::{HostName, Target};
use std::net::SocketAddr;
use std::time::Duration;
use time::OffsetDateTime;

/// One probe of all paths of one target.
#[derive(Debug, Clone, PartialEq)]
pub struct Round {
    /// What was probed.
    pub target: Target,
    /// When it began, by this host's clock.
    pub started: OffsetDateTime,
    /// How long it took.
    pub took: Duration,
    /// What about this host bears on the result.
    pub environment: Environment,
    /// One row a path, in the order of [`AccessPath::ALL`].
    pub rows: Vec<Row>,
}

/// What about this host bears on the result.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    /// The DNS servers that were to be asked, in their order.
    pub dns_servers: Vec<SocketAddr>,
    /// Whether the user named the DNS servers; otherwise they are the system's.
    pub dns_servers_given: bool,
    /// Proxy variables that were set and ignored.
    pub ignored_proxy_variables: Vec<String>,
}

impl Environment {
    /// Whether the system's first server is a stub on this host (systemd-resolved, dnsmasq), which may answer from a cache.
    pub fn has_caching_stub(&self) -> bool {
        !self.dns_servers_given && self.dns_servers.first().is_some_and(|server| server.ip().is_loopback())
    }
}

named! {
    /// What the user expects of a path.
    pub enum Intent {
        /// It must return an expected status.
        Required = "required",
        /// It is probed and never decides.
        Optional = "optional",
        /// It must not return an expected status.
        Forbidden = "forbidden",
        /// Nothing is sent.
        Skip = "skip",
    }
}

/// One path of a round.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The path.
    pub path: AccessPath,
    /// What the user expects of it.
    pub intent: Intent,
    /// Whether the user named this path: then lacking its input is a failure.
    pub asked: bool,
    /// What was seen.
    pub seen: Seen,
}

/// What was seen of a path.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// The path lacks an input.
    NotConfigured(Missing),
    /// The user wanted nothing sent.
    Skipped,
    /// It was probed.
    Probed(Box<Observation>),
}

/// Everything that was seen on one path in one round.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// What was to be sent.
    pub plan: Plan,
    /// How the name was resolved.
    pub lookup: Lookup,
    /// The connections, in the order of the resolved addresses.
    pub attempts: Vec<Attempt>,
    /// From the first packet to the last byte.
    pub took: Duration,
}

impl Observation {
    /// The attempt that speaks for the path: the one that got furthest, the first of equals in answer order.
    pub fn decisive(&self) -> Option<&Attempt> {
        // `max_by_key` takes the last of equals
        self.attempts.iter().rev().max_by_key(|attempt| attempt.progress())
    }

    /// What no phase accounts for: waiting for other addresses, scheduling, our own work.
    pub fn unaccounted(&self) -> Duration {
        let phases = self.lookup.took + self.decisive().map(Attempt::felt).unwrap_or_default();
        self.took.saturating_sub(phases)
    }
}

/// How a name was resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Lookup {
    /// Where the addresses came from.
    pub source: NameSource,
    /// Every query that was sent, in the order of sending.
    pub queries: Vec<Query>,
    /// The chain of aliases that was followed.
    pub cnames: Vec<HostName>,
    /// How long it took, as felt; another path of the round may have waited for the same lookup.
    pub took: Duration,
    /// The addresses in answer order, or why there are none.
    pub result: Result<Vec<Address>, DnsFault>,
    /// What another resolver says of the same name, if it was asked.
    pub second_opinion: Option<SecondOpinion>,
}

impl Lookup {
    /// The addresses, or none.
    pub fn addresses(&self) -> &[Address] {
        self.result.as_deref().unwrap_or_default()
    }

    /// How long the network took, where the stamps tell: both questions went out at once, and each was answered at the first try.
    pub fn wire(&self) -> Option<Duration> {
        let first_try = |query: &Query| query.outcome == QueryOutcome::Answered && query.transport == Transport::Udp;
        let one_each = self.queries.len() <= RecordType::ALL.len();
        if !one_each || !self.queries.iter().all(first_try) {
            return None;
        }
        let waits: Option<Vec<_>> = self.queries.iter().map(|query| query.wire).collect();
        waits?.into_iter().max()
    }
}

named! {
    /// Where addresses came from.
    pub enum NameSource {
        /// DNS servers.
        Dns = "dns",
        /// The hosts file.
        Hosts = "hosts",
        /// The user gave the address.
        Literal = "literal",
    }
}

/// One DNS query: one transmission to one server.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The name asked for.
    pub name: HostName,
    /// The record type.
    pub kind: RecordType,
    /// The server asked.
    pub server: SocketAddr,
    /// UDP or TCP.
    pub transport: Transport,
    /// How it ended.
    pub outcome: QueryOutcome,
    /// The response code (RFC 1035, 6895), if an answer came.
    pub rcode: Option<u16>,
    /// From sending to the end, as felt.
    pub felt: Duration,
    /// From sending to the arrival of the answer by the kernel's stamps.
    pub wire: Option<Duration>,
    /// Whether another path of the round sent it, and this one only shares the answer.
    pub shared: bool,
}

named! {
    /// A DNS record type.
    pub enum RecordType {
        /// IPv4 addresses.
        A = "A",
        /// IPv6 addresses.
        Aaaa = "AAAA",
    }
}

named! {
    /// What carries a DNS message.
    pub enum Transport {
        /// Datagrams.
        Udp = "udp",
        /// A connection, after truncation.
        Tcp = "tcp",
    }
}

/// What the VPC resolver says of a name that the configured one does not resolve to private addresses.
#[derive(Debug, Clone, PartialEq)]
pub struct SecondOpinion {
    /// The resolver asked.
    pub server: SocketAddr,
    /// Its addresses, or why there are none; silence proves nothing.
    pub result: Result<Vec<Address>, DnsFault>,
}

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
    /// The handshake, if this connection was taken that far.
    pub tls: Option<Phase<Secured, TlsFailure>>,
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
    /// The application protocol, if the server chose one.
    pub alpn: Option<String>,
}

/// What a server certificate says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The subject's distinguished name.
    pub subject: String,
    /// The subject alternative names.
    pub sans: Vec<String>,
    /// The issuer's distinguished name.
    pub issuer: String,
    /// The first moment of its validity.
    pub not_before: OffsetDateTime,
    /// The last moment of its validity.
    pub not_after: OffsetDateTime,
}

/// Why a handshake failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFailure {
    /// The kind.
    pub fault: TlsFault,
    /// The library's words, or the alert's name.
    pub detail: Option<String>,
    /// The server's certificate, if it came that far.
    pub certificate: Option<Certificate>,
    /// On an unknown issuer: whether this host's own store trusts it, which marks an interception proxy.
    pub system_trusts_issuer: Option<bool>,
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
        self.tcp.result.as_ref().ok()?.tls.as_ref()
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

    /// The sum of the phases that were reached, as felt.
    pub fn felt(&self) -> Duration {
        self.tcp.felt
            + self.tls().map(|phase| phase.felt).unwrap_or_default()
            + self.http().map(|phase| phase.felt).unwrap_or_default()
    }

    /// How far it got: more is further.
    fn progress(&self) -> u8 {
        match (&self.tcp.result, self.tls().map(|tls| &tls.result), self.http().map(|http| &http.result)) {
            (Err(TcpFailure { fault: TcpFault::NoRouteForFamily, .. }), ..) => 0,
            (Err(_), ..) => 1,
            (Ok(_), None, _) => 2,
            (Ok(_), Some(Err(_)), _) => 3,
            (Ok(_), Some(Ok(_)), None) => 4,
            (Ok(_), Some(Ok(_)), Some(Err(_))) => 5,
            (Ok(_), Some(Ok(_)), Some(Ok(_))) => 6,
        }
    }
}

/// How a path ended, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// An expected status came back.
    Ok,
    /// The path lacks an input.
    NotConfigured,
    /// Nothing was to be sent.
    Skipped,
    /// The name gave no address.
    Dns(DnsFault),
    /// No connection.
    Tcp(TcpFault),
    /// No handshake.
    Tls(TlsFault),
    /// No whole answer.
    Http(HttpFault),
    /// An answer with another status.
    UnexpectedStatus(u16),
    /// An expected status without API Gateway's marks, which were asked for.
    NotApiGateway,
}

impl Outcome {
    /// The machine name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotConfigured => "not-configured",
            Self::Skipped => "skipped",
            Self::Dns(fault) => fault.name(),
            Self::Tcp(fault) => fault.name(),
            Self::Tls(fault) => fault.name(),
            Self::Http(fault) => fault.name(),
            Self::UnexpectedStatus(_) => "http-unexpected-status",
            Self::NotApiGateway => "http-not-api-gateway",
        }
    }
}

impl Row {
    /// The observation, if the path was probed.
    pub fn observation(&self) -> Option<&Observation> {
        match &self.seen {
            Seen::Probed(observation) => Some(observation),
            Seen::NotConfigured(_) | Seen::Skipped => None,
        }
    }

    /// How the path ended. If several addresses were asked, one unexpected answer outweighs the expected ones.
    pub fn outcome(&self, target: &Target) -> Outcome {
        let observation = match &self.seen {
            Seen::NotConfigured(_) => return Outcome::NotConfigured,
            Seen::Skipped => return Outcome::Skipped,
            Seen::Probed(observation) => observation,
        };
        let attempts = match (&observation.lookup.result, observation.decisive()) {
            (Err(fault), _) => return Outcome::Dns(*fault),
            (Ok(_), None) => return Outcome::Tcp(TcpFault::Timeout),
            (Ok(_), Some(decisive)) => {
                [decisive].into_iter().chain(observation.attempts.iter().filter(|a| a.http().is_some()))
            }
        };
        let mut outcomes = attempts.map(|attempt| attempt.outcome(target));
        let first = outcomes.next().unwrap_or(Outcome::Tcp(TcpFault::Timeout));
        if first == Outcome::Ok { outcomes.find(|other| *other != Outcome::Ok).unwrap_or(first) } else { first }
    }

    /// Whether the name gave an address.
    pub fn resolves(&self) -> bool {
        self.observation().is_some_and(|observation| observation.lookup.result.is_ok())
    }

    /// Whether an expected status came back, whatever the intent.
    pub fn returns_expected(&self, target: &Target) -> bool {
        self.outcome(target) == Outcome::Ok
    }

    /// Whether the path did what the user expects of it.
    pub fn meets_intent(&self, target: &Target) -> bool {
        match self.seen {
            Seen::NotConfigured(_) => !self.asked || self.intent == Intent::Optional,
            Seen::Skipped => true,
            Seen::Probed(_) => match self.intent {
                Intent::Required => self.returns_expected(target),
                Intent::Forbidden => !self.returns_expected(target),
                Intent::Optional | Intent::Skip => true,
            },
        }
    }
}

impl Attempt {
    /// How this one connection ended.
    pub fn outcome(&self, target: &Target) -> Outcome {
        let connected = match &self.tcp.result {
            Ok(connected) => connected,
            Err(failure) => return Outcome::Tcp(failure.fault),
        };
        let secured = match connected.tls.as_ref().map(|tls| &tls.result) {
            Some(Ok(secured)) => secured,
            Some(Err(failure)) => return Outcome::Tls(failure.fault),
            None => return Outcome::Tls(TlsFault::Timeout),
        };
        match secured.http.as_ref().map(|http| &http.result) {
            None => Outcome::Http(HttpFault::NoAnswer),
            Some(Err(failure)) => Outcome::Http(failure.fault),
            Some(Ok(answer)) if !target.expect.status.contains(&answer.status) => {
                Outcome::UnexpectedStatus(answer.status)
            }
            Some(Ok(answer)) if target.expect.api_gateway && !answer.from_api_gateway() => Outcome::NotApiGateway,
            Some(Ok(_)) => Outcome::Ok,
        }
    }
}
