//! How many DNS queries may go out by now? A token bucket for the whole daemon: one second's worth at once, more as time goes by.

use std::time::Duration;
use tokio::time::Instant;

/// Tokens, one for a query. It may be in debt: what was sent beyond what was expected is waited for afterwards.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    per_second: f64,
    tokens: f64,
    at: Instant,
}

impl Bucket {
    /// A full one.
    pub(super) fn new(per_second: u32, now: Instant) -> Self {
        Self { per_second: per_second.into(), tokens: per_second.into(), at: now }
    }

    /// Changes the rate; what is in it stays, as far as it fits.
    pub(super) fn set_rate(&mut self, per_second: u32, now: Instant) {
        self.fill(now);
        self.per_second = per_second.into();
        self.tokens = self.tokens.min(self.per_second);
    }

    /// Takes what a round is expected to send, if that is there.
    pub(super) fn take(&mut self, queries: usize, now: Instant) -> bool {
        self.fill(now);
        let is_there = self.tokens >= self.wanted(queries);
        if is_there {
            self.tokens -= float(queries);
        }
        is_there
    }

    /// Puts right what a round was expected to send, now that it is known what it sent.
    pub(super) fn settle(&mut self, expected: usize, sent: usize, now: Instant) {
        self.fill(now);
        self.tokens = (self.tokens + float(expected) - float(sent)).min(self.per_second);
    }

    /// When so many will be there.
    pub(super) fn ready_at(&self, queries: usize, now: Instant) -> Instant {
        let missing = self.wanted(queries) - self.tokens_at(now);
        // a little more, since time is rounded
        now + Duration::from_secs_f64((missing / self.per_second).max(0.0)) + Duration::from_micros(100)
    }

    /// A round that needs more than ever fits begins when it is full.
    fn wanted(&self, queries: usize) -> f64 {
        float(queries).min(self.per_second)
    }

    fn tokens_at(&self, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        (self.tokens + passed * self.per_second).min(self.per_second)
    }

    fn fill(&mut self, now: Instant) {
        self.tokens = self.tokens_at(now);
        self.at = self.at.max(now);
    }
}

#[expect(clippy::cast_precision_loss, reason = "the queries of one round")]
fn float(queries: usize) -> f64 {
    queries as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_allows_what_it_should() {
        let start = Instant::now();
        let mut bucket = Bucket::new(200, start);
        let mut sent = 0;
        for millis in 0..10_000 {
            while bucket.take(6, start + Duration::from_millis(millis)) {
                sent += 6;
            }
        }
        assert!((2190..=2200).contains(&sent), "a burst of one second and ten seconds' worth: {sent}");
    }

    #[test]
    fn what_was_sent_beyond_is_waited_for() {
        let start = Instant::now();
        let mut bucket = Bucket::new(10, start);
        assert!(bucket.take(6, start));
        bucket.settle(6, 30, start);
        assert!(!bucket.take(6, start + Duration::from_secs(2)));
        let ready = bucket.ready_at(6, start + Duration::from_secs(2));
        assert!(ready > start + Duration::from_millis(2500) && bucket.take(6, ready));
    }

    #[test]
    fn what_was_not_sent_is_given_back() {
        let start = Instant::now();
        let mut bucket = Bucket::new(10, start);
        assert!(bucket.take(10, start) && !bucket.take(1, start));
        bucket.settle(10, 0, start);
        assert!(bucket.take(10, start));
    }

    #[test]
    fn a_round_that_never_fits_begins_when_it_is_full() {
        let start = Instant::now();
        let mut bucket = Bucket::new(6, start);
        assert!(bucket.take(40, start));
        let later = start + Duration::from_secs(1);
        assert!(!bucket.take(40, later));
        assert!(bucket.take(40, bucket.ready_at(40, later)));
    }
}
