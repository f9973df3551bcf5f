//! Rate limit of requests: a token bucket that gains one token per interval.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A token bucket.
#[derive(Debug)]
pub(in crate::daemon) struct RateLimiter {
    interval: Duration,
    burst: u32,
    /// When the bucket would be full.
    full_at: Mutex<Instant>,
}

impl RateLimiter {
    /// Creates a full bucket.
    pub(super) fn new(interval: Duration, burst: u32) -> Self {
        Self { interval, burst, full_at: Mutex::new(Instant::now()) }
    }

    /// Takes a token; the error is the time until one is available.
    pub(in crate::daemon) fn take(&self) -> Result<(), Duration> {
        self.take_at(Instant::now())
    }

    fn take_at(&self, now: Instant) -> Result<(), Duration> {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let then = (*full_at).max(now) + self.interval;
        let ahead = (then - now).saturating_sub(self.interval.saturating_mul(self.burst));
        if ahead.is_zero() {
            *full_at = then;
            return Ok(());
        }
        Err(ahead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_one_at_each_interval() {
        let limiter = RateLimiter::new(Duration::from_secs(1), 3);
        let start = Instant::now();
        let after = |seconds: f64| limiter.take_at(start + Duration::from_secs_f64(seconds));
        assert_eq!([after(0.0), after(0.0), after(0.0)], [Ok(()); 3]);
        assert!(after(0.5).is_err());
        assert_eq!(after(1.1), Ok(()));
        assert!(after(1.2).is_err());
        assert_eq!([after(60.0), after(60.0), after(60.0)], [Ok(()); 3]);
        assert!(after(60.0).is_err());
    }
}
