//! What was seen? Facts only, no opinion; nested, so that a phase that was not reached is absent and an impossible mix cannot be written.

mod address;
mod canonical;
mod fault;
mod secret;
mod serde_helpers;
mod wording;

// reads the wordings, hides the secrets
mod answer;

// one name, one connection, one path
mod lookup;

mod attempt;

mod outcome;

// what was asked beyond the paths
mod experiment;

pub use address::{Address, AddressClass, Place};
pub use answer::{Answer, RawAnswer, is_gateway_error, is_shown, message, printable};
pub(crate) use attempt::ALERT;
pub use attempt::{
    Attempt, Certificate, Connected, ExpiredRoot, HttpFailure, Phase, Secured, Session, TcpFailure, TlsFailure,
};
pub use canonical::Difference;
pub use experiment::{Canary, Experiment, Question};
pub use fault::{DnsFault, HttpFault, QueryOutcome, TcpFault, TlsFault};
pub use lookup::{Lookup, Mismatches, NameSource, Query, RecordType, SecondOpinion, Transport};
pub use outcome::Outcome;
pub use secret::{Secrets, redact};
pub(crate) use serde_helpers::{Seconds, is_default};
pub use wording::{Denial, Effect, MethodArn, PolicyKind, Wording};

use crate::named::named;
use crate::plan::{AccessPath, Missing, Plan, RowId};
use crate::setup::Setup;
use crate::target::{Target, Zone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
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
    /// One row a path, in the order of [`crate::plan::rows`]: more where it is called over zonal names, or unsigned and signed.
    pub rows: Vec<Row>,
    /// What was asked beyond the paths, because they left something open.
    pub experiments: Vec<Experiment>,
    /// The call of an API that does not exist, if one was to be made.
    pub canary: Option<Box<Canary>>,
}

/// What about the probing host bears on the result.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Environment {
    /// The DNS servers, in the order of asking.
    pub dns_servers: Vec<SocketAddr>,
    /// Whether the user named them; otherwise they are the system's.
    pub dns_servers_given: bool,
    /// Whether the first is a stub on this host, which may answer from a cache.
    pub caching_stub: bool,
    /// Options of the system's resolver that are set and that the probe does not follow: `rotate`, `single-request`, `RES_OPTIONS`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unfollowed_resolver_options: Vec<String>,
    /// Servers in resolv.conf that glibc cannot read, and therefore ignores, as the probe does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored_dns_servers: Vec<String>,
    /// Proxy variables that were set and ignored.
    pub ignored_proxy_variables: Vec<String>,
    /// What is known of the set-up, if anybody looked; a part of the report by itself.
    #[serde(skip)]
    pub setup: Option<Box<Setup>>,
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
    /// The zone whose name of the endpoint was dialled, where it is one zone's.
    pub zone: Option<Zone>,
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
        RowId { path: self.path, zone: self.zone.clone(), signed: self.signed }
    }
}

impl Round {
    /// The rows that stand for their paths: none of a single zone, and of two calls the signed one.
    pub fn deciding(&self) -> impl Iterator<Item = &Row> {
        self.decided().filter(|row| row.zone.is_none())
    }

    /// The rows of single zones that stand for their zones: of two calls the signed one.
    pub fn zonal(&self) -> impl Iterator<Item = (&Zone, &Row)> {
        self.decided().filter_map(|row| Some((row.zone.as_ref()?, row)))
    }

    fn decided(&self) -> impl Iterator<Item = &Row> {
        let double = self.is_double();
        self.rows.iter().filter(move |row| row.signed || !double)
    }

    /// The zone of an address, where a zonal name of the endpoint was answered with it.
    pub fn zone_of(&self, ip: IpAddr) -> Option<&Zone> {
        self.rows.iter().find_map(|row| {
            let own = self.target.endpoint.as_ref().filter(|_| row.path.dials_endpoint());
            let zone = row.zone.as_ref().or(own.and_then(|endpoint| endpoint.zone.as_ref()))?;
            let lookup = &row.observation()?.lookup;
            let answered = lookup.source != NameSource::Literal && lookup.addresses().iter().any(|one| one.ip == ip);
            answered.then_some(zone)
        })
    }

    /// An address as people read it: with its zone, where that is known.
    pub fn place(&self, ip: IpAddr) -> String {
        self.zone_of(ip).map_or_else(|| ip.to_string(), |zone| format!("{ip} ({zone})"))
    }

    /// What to call a row among the others: that it is signed is said only where each path is called without a signature too.
    pub fn label(&self, row: &RowId) -> String {
        RowId { signed: row.signed && self.is_double(), ..row.clone() }.to_string()
    }

    /// How many rows did what one hopes for, of how many: those that were probed, and those that were asked for by name and lack
    /// their input.
    pub fn tally(&self) -> (usize, usize) {
        let probed = self.rows.iter().filter(|row| row.observation().is_some());
        let good = probed.clone().filter(|row| row.is_good(&self.target)).count();
        let lack = |row: &&Row| matches!(row.seen, Seen::NotConfigured(_)) && !row.meets_intent(&self.target);
        (good, probed.count() + self.rows.iter().filter(lack).count())
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
