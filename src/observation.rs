//! What was seen? Facts only, no opinion; nested, so that a phase that was not reached is absent and an impossible mix cannot be written.

mod address;
mod canonical;
mod fault;
mod secret;
mod wording;

// reads the wordings, hides the secrets
mod answer;

// one name, one connection, one path
mod lookup;

mod attempt;

mod outcome;

pub use address::{Address, AddressClass, Place};
pub use answer::{Answer, RawAnswer, is_gateway_error, is_shown, message, printable};
pub use attempt::{Attempt, Certificate, Connected, HttpFailure, Phase, Secured, Session, TcpFailure, TlsFailure};
pub use canonical::Difference;
pub use fault::{DnsFault, HttpFault, QueryOutcome, TcpFault, TlsFault};
pub use lookup::{Lookup, NameSource, Query, RecordType, SecondOpinion, Transport};
pub use outcome::Outcome;
pub use secret::{Secrets, redact};
pub use wording::{Denial, Effect, MethodArn, PolicyKind, Wording};

use crate::named::named;
use crate::plan::{AccessPath, Missing, Plan, RowId};
use crate::setup::Setup;
use crate::target::Target;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;

/// One probe of all paths of one target.
#[derive(Debug, Clone, PartialEq)]
pub struct Round {
    /// What was probed; shared by all its rounds.
    pub target: Arc<Target>,
    /// When it began, by this host's clock.
    pub started: OffsetDateTime,
    /// How long it took.
    pub took: Duration,
    /// What about this host bears on the result.
    pub environment: Environment,
    /// One row a path, in the order of [`AccessPath::ALL`]; two where it is called unsigned and signed, in this order.
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
    /// What is known of the set-up, if anybody looked.
    pub setup: Option<Box<Setup>>,
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
    /// Whether its call is signed.
    pub signed: bool,
    /// What the user expects of it.
    pub intent: Intent,
    /// Whether the user named this path: then lacking its input is a failure.
    pub asked: bool,
    /// What was seen.
    pub seen: Seen,
}

impl Row {
    /// Which row of the round it is.
    pub fn id(&self) -> RowId {
        RowId { path: self.path, signed: self.signed }
    }
}

impl Round {
    /// The rows that stand for their paths: of two calls the signed one.
    pub fn deciding(&self) -> impl Iterator<Item = &Row> {
        let double = self.is_double();
        self.rows.iter().filter(move |row| row.signed || !double)
    }

    /// Whether each path was called unsigned and signed.
    pub fn is_double(&self) -> bool {
        self.rows.iter().any(|row| row.signed) && self.rows.iter().any(|row| !row.signed)
    }
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
