//! The log of a lookup: every query that was sent, including those that were given up.

use super::timestamping_socket::SharedExchange;
use crate::observation::{Query, QueryOutcome};
use std::sync::Mutex;
use tokio::time::Instant;

/// The queries of one lookup, in the order of sending.
#[derive(Debug, Default)]
pub(super) struct QueryLog(Mutex<Vec<QueryRecord>>);

#[derive(Debug)]
struct QueryRecord {
    query: Query,
    sent_at: Instant,
    /// From when on it counts as unanswered.
    due: Instant,
    exchange: SharedExchange,
}

impl QueryLog {
    /// Records a query as sent now, with the outcome [`QueryOutcome::Abandoned`], and returns its index.
    pub(super) fn record_sent(&self, query: Query, due: Instant, exchange: SharedExchange) -> usize {
        let mut records = self.0.lock().expect("no holder panics");
        records.push(QueryRecord { query, sent_at: Instant::now(), due, exchange });
        records.len() - 1
    }

    /// Records how a query has ended now.
    pub(super) fn record_end(&self, index: usize, outcome: QueryOutcome, rcode: Option<u16>) {
        let QueryRecord { query, sent_at, exchange, .. } = &mut self.0.lock().expect("no holder panics")[index];
        query.outcome = outcome;
        query.rcode = rcode;
        query.felt = sent_at.elapsed();
        query.wire = exchange.lock().wire(query.felt);
    }

    /// Takes the queries out; those without an end were not answered in time, or given up.
    pub(super) fn take(&self) -> Vec<Query> {
        let now = Instant::now();
        let records = std::mem::take(&mut *self.0.lock().expect("no holder panics"));
        records.into_iter().map(|record| record.close(now)).collect()
    }
}

impl QueryRecord {
    fn close(self, now: Instant) -> Query {
        let Self { mut query, sent_at, due, exchange } = self;
        query.mismatches = exchange.lock().mismatches;
        if query.outcome == QueryOutcome::Abandoned {
            query.felt = now.min(due).saturating_duration_since(sent_at);
            query.outcome = match (now >= due, query.mismatches.is_none()) {
                (false, _) => QueryOutcome::Abandoned,
                (true, true) => QueryOutcome::Timeout,
                (true, false) => QueryOutcome::Mismatched,
            };
        }
        query
    }
}
