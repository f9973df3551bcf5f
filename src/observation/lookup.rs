//! How was a name resolved? Every query that was sent, the chain of aliases, the addresses or why there are none.

use super::serde_helpers::{Seconds, is_default, seconds};
use super::{Address, DnsFault, QueryOutcome};
use crate::named::named;
use crate::target::HostName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::time::Duration;

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
        // whoever shares an answer that came before has not waited for it
        waits?.into_iter().max().filter(|wire| *wire <= self.took + STAMP_ERROR)
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

/// One transmission of one DNS question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Query {
    /// The name asked for.
    pub name: HostName,
    /// The record type.
    #[serde(rename = "type")]
    pub kind: RecordType,
    /// The server asked.
    pub server: SocketAddr,
    /// What carried it.
    pub transport: Transport,
    /// How it ended.
    pub outcome: QueryOutcome,
    /// The response code (RFC 1035, 6895), if an answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rcode: Option<u16>,
    /// Replies that did not fit the query.
    #[serde(flatten)]
    pub mismatches: Mismatches,
    /// From sending to the end, as felt.
    #[serde(rename = "duration_seconds", with = "seconds")]
    #[schemars(with = "Seconds")]
    pub felt: Duration,
    /// From sending to the arrival of the answer by the kernel's stamps.
    #[serde(rename = "wire_seconds", with = "seconds", default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Seconds>")]
    pub wire: Option<Duration>,
    /// Whether another path sent it, and this one only shares the answer: one of the round, or in the daemon one of another round.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shared: bool,
}

/// Replies from the address of the server that did not fit a query, and were ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Mismatches {
    /// How many replies had another id, if any.
    #[serde(rename = "mismatched_ids", default, skip_serializing_if = "is_default")]
    pub ids: u32,
    /// How many replies with the id of the query repeated another question or none, if any.
    #[serde(rename = "mismatched_questions", default, skip_serializing_if = "is_default")]
    pub questions: u32,
}

impl Mismatches {
    /// Returns the number of both.
    pub fn total(self) -> u32 {
        self.ids.saturating_add(self.questions)
    }

    /// Whether every reply did fit.
    pub fn is_none(self) -> bool {
        self == Self::default()
    }
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

/// By how much the two clocks may differ: that of the stamps, and that of what is felt.
const STAMP_ERROR: Duration = Duration::from_micros(100);
