//! Caches AWS credentials and refreshes them in the background, so that no round waits for a refresh.

use super::chain::{self, Lookup};
use super::config::CredentialsConfig;
use crate::aws::sdk_connector::Pending;
use crate::probe::Net;
use crate::sign::{Credentials, Identity, NoCredentials};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Credentials that are looked up at the first use and refreshed before they expire. Cheap to clone; clones share them.
///
/// Lookups and refreshes run on the runtime of the first use until the last clone is dropped.
#[derive(Clone)]
pub struct CredentialsCache(Arc<Inner>);

struct Inner {
    config: Option<CredentialsConfig>,
    state: watch::Sender<CacheState>,
    pending: Pending,
    refresher: Mutex<JoinSet<()>>,
}

struct CacheState {
    /// None until the first lookup has ended.
    identity: Option<Identity>,
    /// Why the last refresh failed, if it did.
    refresh_error: Option<NoCredentials>,
}

impl CredentialsCache {
    /// Returns an empty cache.
    pub fn new(config: CredentialsConfig) -> Self {
        Self::of(Some(config), None)
    }

    /// Returns a cache that holds these credentials for good.
    pub fn fixed(identity: Identity) -> Self {
        Self::of(None, Some(identity))
    }

    /// Returns what is looked up, unless the credentials are fixed.
    pub fn config(&self) -> Option<&CredentialsConfig> {
        self.0.config.as_ref()
    }

    /// Starts the first lookup, if nothing has yet.
    pub fn open(&self, net: &Net) {
        let Some(config) = &self.0.config else { return };
        let mut refresher = self.0.refresher.lock().unwrap_or_else(PoisonError::into_inner);
        if refresher.is_empty() {
            let (config, pending) = (config.clone(), self.0.pending.clone());
            refresher.spawn(refresh(Arc::downgrade(&self.0), config, net.clone(), pending));
        }
    }

    /// Returns the current credentials. The first lookup is waited for, its refreshes are not.
    pub async fn identity(&self, net: &Net) -> Identity {
        self.open(net);
        let mut changes = self.0.state.subscribe();
        loop {
            if let Some(identity) = self.0.identity(OffsetDateTime::now_utc()) {
                return identity;
            }
            // the sender lives as long as this cache
            let _ = changes.changed().await;
        }
    }

    /// Does as [`Self::identity`] does, within a limit; what is waited for then is in the error.
    pub async fn identity_within(&self, limit: Duration, net: &Net) -> Identity {
        timeout(limit, self.identity(net)).await.unwrap_or_else(|_| Err(self.0.pending.none_within(limit)))
    }

    fn of(config: Option<CredentialsConfig>, identity: Option<Identity>) -> Self {
        let state = watch::Sender::new(CacheState { identity, refresh_error: None });
        Self(Arc::new(Inner { config, state, pending: Pending::default(), refresher: Mutex::default() }))
    }
}

impl Inner {
    /// Returns the credentials at a moment, if the first lookup has ended. Expired ones say why they were not refreshed.
    fn identity(&self, now: OffsetDateTime) -> Option<Identity> {
        let state = self.state.borrow();
        let identity = state.identity.as_ref()?;
        let ended = identity.as_ref().ok().and_then(|credentials| credentials.ended(now));
        Some(match (ended, &state.refresh_error) {
            (Some(end), Some(error)) => {
                Err(NoCredentials::Expired(format!("they expired at {end} and were not refreshed: {error}")))
            }
            _ => identity.clone(),
        })
    }

    /// Stores the result of a lookup; a failure does not replace credentials that are still valid.
    fn store(&self, result: Result<Credentials, NoCredentials>) {
        self.state.send_modify(|state| match (result, &state.identity) {
            (Ok(credentials), _) => {
                *state = CacheState { identity: Some(Ok(Arc::new(credentials))), refresh_error: None };
            }
            (Err(error), Some(Ok(_))) => state.refresh_error = Some(error),
            (Err(error), None | Some(Err(_))) => state.identity = Some(Err(error)),
        });
    }
}

/// Caches are equal that look the same up, or hold the same for good.
impl PartialEq for CredentialsCache {
    fn eq(&self, other: &Self) -> bool {
        match (self.config(), other.config()) {
            (None, None) => self.0.state.borrow().identity == other.0.state.borrow().identity,
            (own, other) => own == other,
        }
    }
}

impl Eq for CredentialsCache {}

impl fmt::Debug for CredentialsCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsCache").field("config", &self.0.config).finish_non_exhaustive()
    }
}

/// Refreshes the cache until its last clone is dropped.
async fn refresh(cache: Weak<Inner>, config: CredentialsConfig, net: Net, pending: Pending) {
    let (mut running, mut failures) = (None, 0);
    loop {
        let lookup = running.take().unwrap_or_else(|| chain::spawn(config.clone(), net.clone(), pending.clone()));
        let result = finish(lookup, &mut running).await.unwrap_or_else(|| Err(pending.none_within(LOOKUP_TIMEOUT)));
        failures = if result.is_err() { failures + 1 } else { 0 };
        let now = OffsetDateTime::now_utc();
        let Some(inner) = cache.upgrade() else { return };
        inner.store(result);
        let delay = refresh_delay(inner.identity(now).as_ref(), failures, now);
        drop(inner);
        sleep(delay).await;
    }
}

/// Returns the result of a lookup; one that hangs is put back, to be waited for again and not to be started twice.
async fn finish(mut lookup: Lookup, running: &mut Option<Lookup>) -> Option<Result<Credentials, NoCredentials>> {
    if let Ok(ended) = timeout(LOOKUP_TIMEOUT, &mut lookup).await {
        let defect = || NoCredentials::Unavailable("the lookup ended by an internal error".to_owned());
        return Some(ended.unwrap_or_else(|_| Err(defect())));
    }
    *running = Some(lookup);
    None
}

/// Returns the time until the next lookup: half of the remaining validity, but five minutes before expiry at the latest, and five
/// minutes for credentials that do not expire, since files may change. After failures it doubles each time.
fn refresh_delay(identity: Option<&Identity>, failures: u32, now: OffsetDateTime) -> Duration {
    if failures > 0 {
        return (SHORTEST_DELAY * 2u32.saturating_pow(failures - 1)).min(LONGEST_DELAY);
    }
    let expires = identity.and_then(|identity| identity.as_ref().ok()?.expires);
    let left = expires.map(|end| Duration::try_from(end - now).unwrap_or_default());
    match left {
        Some(left) => (left / 2).max(left.saturating_sub(MARGIN)).max(SHORTEST_DELAY),
        None => LONGEST_DELAY,
    }
}

/// The longest that a lookup is waited for.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(10);
const SHORTEST_DELAY: Duration = Duration::from_secs(10);
/// After failures, and for credentials that do not expire.
const LONGEST_DELAY: Duration = Duration::from_mins(5);
/// How long before expiry sessions are refreshed, as in the SDKs.
const MARGIN: Duration = Duration::from_mins(5);

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    fn until(end: Option<OffsetDateTime>) -> Arc<Credentials> {
        let text = String::new;
        Arc::new(Credentials { access_key_id: text(), secret_access_key: text(), session_token: None, expires: end })
    }

    #[test]
    fn credentials_are_refreshed_before_they_expire_and_failures_are_retried_ever_more_slowly() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let left =
            |seconds| refresh_delay(Some(&Ok(until(Some(now + time::Duration::seconds(seconds))))), 0, now).as_secs();
        assert_eq!([left(6 * 3600), left(900), left(400), left(30), left(0), left(-9)], [21_300, 600, 200, 15, 10, 10]);
        assert_eq!(refresh_delay(Some(&Ok(until(None))), 0, now), LONGEST_DELAY);
        let none = Err(NoCredentials::Missing(String::new()));
        let after = |failures| refresh_delay(Some(&none), failures, now).as_secs();
        assert_eq!([1, 2, 3, 40].map(after), [10, 20, 40, 300]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lookup_that_hangs_is_waited_for_again_and_not_started_twice() {
        let (sender, receiver) = oneshot::channel();
        let mut running = None;
        assert_eq!(finish(receiver, &mut running).await, None);
        sender.send(Ok(Credentials::clone(&until(None)))).unwrap();
        let lookup = running.take().unwrap();
        assert!(finish(lookup, &mut running).await.unwrap().is_ok() && running.is_none());
    }

    #[test]
    fn a_failed_refresh_leaves_what_is_still_valid_and_is_reported_after_expiry() {
        let end = OffsetDateTime::UNIX_EPOCH;
        let cache = CredentialsCache::fixed(Ok(until(Some(end))));
        cache.0.store(Err(NoCredentials::Missing("the source is gone".to_owned())));
        assert!(cache.0.identity(end - time::Duration::SECOND).unwrap().is_ok());
        match cache.0.identity(end).unwrap() {
            Err(NoCredentials::Expired(why)) => assert!(why.contains("the source is gone"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}
