//! What was sent? Every transmission of a lookup, also those that were given up.

use crate::observation::{Query, QueryOutcome, RecordType, Transport};
use crate::target::HostName;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// The transmissions of one lookup, in the order of sending.
#[derive(Debug, Default)]
pub(super) struct Log(Mutex<Vec<Entry>>);

#[derive(Debug)]
struct Entry {
    sent: Sent,
    at: Instant,
    end: Option<End>,
}

/// A transmission as it goes out.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) name: HostName,
    pub(super) kind: RecordType,
    pub(super) server: SocketAddr,
    pub(super) transport: Transport,
    /// From when on it counts as unanswered.
    pub(super) due: Instant,
}

/// How a transmission ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) outcome: QueryOutcome,
    pub(super) rcode: Option<u16>,
    pub(super) felt: Duration,
    pub(super) wire: Option<Duration>,
}

impl Log {
    /// Notes a transmission and says which one it is.
    pub(super) fn sent(&self, sent: Sent) -> usize {
        let mut entries = self.0.lock().expect("no holder panics");
        entries.push(Entry { sent, at: Instant::now(), end: None });
        entries.len() - 1
    }

    /// Notes how a transmission ended.
    pub(super) fn ended(&self, which: usize, end: End) {
        self.0.lock().expect("no holder panics")[which].end = Some(end);
    }

    /// The queries; what has not ended was either not answered in time or given up.
    pub(super) fn close(self) -> Vec<Query> {
        let now = Instant::now();
        let entries = self.0.into_inner().expect("no holder panics");
        entries.into_iter().map(|entry| entry.close(now)).collect()
    }
}

impl Entry {
    fn close(self, now: Instant) -> Query {
        let Sent { name, kind, server, transport, due } = self.sent;
        let end = self.end.unwrap_or_else(|| {
            let outcome = if now >= due { QueryOutcome::Timeout } else { QueryOutcome::Abandoned };
            End { outcome, rcode: None, felt: now.min(due).saturating_duration_since(self.at), wire: None }
        });
        let End { outcome, rcode, felt, wire } = end;
        Query { name, kind, server, transport, outcome, rcode, felt, wire, shared: false }
    }
}
