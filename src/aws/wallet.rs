//! Who signs at this moment? Credentials that are kept fresh beside the rounds, never within one.

use super::credentials::{Search, Wish};
use super::{Side, Variables};
use crate::probe::Net;
use crate::sign::{Credentials, Identity, NoCredentials};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Credentials that are fetched when they are first wanted, and renewed in good time. Cheap to clone; clones share them.
///
/// Nothing is read and nobody is asked before. Search and renewal go on by themselves, on the runtime of whoever wanted them first,
/// until the last clone is dropped.
#[derive(Clone)]
pub struct Wallet(Arc<Inner>);

struct Inner {
    wish: Option<Wish>,
    variables: Option<Variables>,
    held: watch::Sender<Held>,
    search: Mutex<JoinSet<()>>,
}

/// What there is at present.
struct Held {
    /// None until the first search has ended.
    identity: Option<Identity>,
    /// Why the last renewal failed, if it did.
    late: Option<NoCredentials>,
}

impl Wallet {
    /// One that will be filled from this process's environment.
    pub fn new(wish: Wish) -> Self {
        Self::of(Some(wish), None, None)
    }

    /// One that will be filled from these variables in place of the environment.
    pub fn with(wish: Wish, variables: Variables) -> Self {
        Self::of(Some(wish), Some(variables), None)
    }

    /// The same to be filled from these variables.
    #[must_use]
    pub fn refilled_from(&self, variables: Variables) -> Self {
        match &self.0.wish {
            Some(wish) => Self::with(wish.clone(), variables),
            None => self.clone(),
        }
    }

    /// One that holds these credentials for good.
    pub fn holding(identity: Identity) -> Self {
        Self::of(None, None, Some(identity))
    }

    /// What was wished for, if it was not filled at once.
    pub fn wish(&self) -> Option<&Wish> {
        self.0.wish.as_ref()
    }

    /// Begins the search, if nobody has yet. It goes on by itself, whoever waits for it.
    pub fn open(&self, net: &Net) {
        let Some(wish) = &self.0.wish else { return };
        let mut search = self.0.search.lock().unwrap_or_else(PoisonError::into_inner);
        if search.is_empty() {
            let variables = self.0.variables.clone().unwrap_or_else(Variables::of_process);
            let purse = Purse { wish: wish.clone(), variables, side: Side::new(net) };
            search.spawn(keep_filled(Arc::downgrade(&self.0), purse));
        }
    }

    /// Who signs now. The first search asks every source in turn, a few seconds at most, and is waited for; its renewals are not.
    pub async fn identity(&self, net: &Net) -> Identity {
        self.open(net);
        let mut held = self.0.held.subscribe();
        loop {
            if let Some(identity) = self.0.identity(OffsetDateTime::now_utc()) {
                return identity;
            }
            // who tells of changes lives as long as this wallet
            let _ = held.changed().await;
        }
    }

    fn of(wish: Option<Wish>, variables: Option<Variables>, identity: Option<Identity>) -> Self {
        let held = watch::Sender::new(Held { identity, late: None });
        Self(Arc::new(Inner { wish, variables, held, search: Mutex::default() }))
    }
}

impl Inner {
    /// Who signs at a moment, if the first search has ended. Credentials that have ended say why nobody renewed them.
    fn identity(&self, now: OffsetDateTime) -> Option<Identity> {
        let held = self.held.borrow();
        let identity = held.identity.as_ref()?;
        let ended = identity.as_ref().ok().and_then(|credentials| credentials.ended(now));
        Some(match (ended, &held.late) {
            (Some(end), Some(late)) => {
                Err(NoCredentials::Expired(format!("they ended at {end} and were not renewed: {late}")))
            }
            _ => identity.clone(),
        })
    }

    /// Takes what was fetched; a failure does not take away what is still good.
    fn take(&self, fetched: Result<Credentials, NoCredentials>) {
        self.held.send_modify(|held| match (fetched, &held.identity) {
            (Ok(credentials), _) => *held = Held { identity: Some(Ok(Arc::new(credentials))), late: None },
            (Err(none), Some(Ok(_))) => held.late = Some(none),
            (Err(none), None | Some(Err(_))) => held.identity = Some(Err(none)),
        });
    }
}

/// Wallets are alike that were wished for alike, whatever is in them.
impl PartialEq for Wallet {
    fn eq(&self, other: &Self) -> bool {
        let alike = || other.wish() == self.wish() && other.0.variables == self.0.variables;
        Arc::ptr_eq(&self.0, &other.0) || (self.wish().is_some() && alike())
    }
}

impl Eq for Wallet {}

impl fmt::Debug for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wallet").field("wish", &self.0.wish).finish_non_exhaustive()
    }
}

/// What it takes to fetch credentials.
struct Purse {
    wish: Wish,
    variables: Variables,
    side: Side,
}

impl Purse {
    async fn fetch(&self) -> Result<Credentials, NoCredentials> {
        Search { side: &self.side, wish: &self.wish, variables: &self.variables }.run().await
    }
}

/// Fetches, and fetches anew in good time, until nobody holds the wallet any more.
async fn keep_filled(wallet: Weak<Inner>, purse: Purse) {
    let mut failures = 0;
    loop {
        let fetched = purse.fetch().await;
        failures = if fetched.is_err() { failures + 1 } else { 0 };
        let now = OffsetDateTime::now_utc();
        let Some(inner) = wallet.upgrade() else { return };
        inner.take(fetched);
        let pause = pause(inner.identity(now).as_ref(), failures, now);
        drop(inner);
        sleep(pause).await;
    }
}

/// How long until credentials are fetched again: half of what is left of them, but five minutes before their end at the latest,
/// and never more than five minutes where they have no end, since files may change. After failures it is twice as long each time.
fn pause(identity: Option<&Identity>, failures: u32, now: OffsetDateTime) -> Duration {
    if failures > 0 {
        return (SHORTEST_PAUSE * 2u32.saturating_pow(failures - 1)).min(USUAL_PAUSE);
    }
    let left = identity.and_then(|identity| identity.as_ref().ok()?.expires);
    let left = left.map(|end| Duration::try_from(end - now).unwrap_or_default());
    match left {
        Some(left) => (left / 2).max(left.saturating_sub(MARGIN)).max(SHORTEST_PAUSE),
        None => USUAL_PAUSE,
    }
}

const SHORTEST_PAUSE: Duration = Duration::from_secs(10);
const USUAL_PAUSE: Duration = Duration::from_mins(5);
/// Sessions are renewed this long before they end, as the SDKs do.
const MARGIN: Duration = Duration::from_mins(5);

#[cfg(test)]
mod tests {
    use super::*;

    fn until(end: Option<OffsetDateTime>) -> Arc<Credentials> {
        let text = String::new;
        Arc::new(Credentials { access_key_id: text(), secret_access_key: text(), session_token: None, expires: end })
    }

    #[test]
    fn credentials_are_renewed_before_their_end_and_failures_are_retried_ever_more_slowly() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let left = |seconds| pause(Some(&Ok(until(Some(now + time::Duration::seconds(seconds))))), 0, now).as_secs();
        assert_eq!([left(6 * 3600), left(900), left(400), left(30), left(0), left(-9)], [21_300, 600, 200, 15, 10, 10]);
        assert_eq!(pause(Some(&Ok(until(None))), 0, now), USUAL_PAUSE);
        let none = Err(NoCredentials::Missing(String::new()));
        assert_eq!([1, 2, 3, 40].map(|failures| pause(Some(&none), failures, now).as_secs()), [10, 20, 40, 300]);
    }

    #[test]
    fn a_failed_renewal_leaves_what_is_still_good_and_is_told_once_it_has_ended() {
        let end = OffsetDateTime::UNIX_EPOCH;
        let wallet = Wallet::holding(Ok(until(Some(end))));
        wallet.0.take(Err(NoCredentials::Missing("the source is gone".to_owned())));
        assert!(wallet.0.identity(end - time::Duration::SECOND).unwrap().is_ok());
        match wallet.0.identity(end).unwrap() {
            Err(NoCredentials::Expired(why)) => assert!(why.contains("the source is gone"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}
