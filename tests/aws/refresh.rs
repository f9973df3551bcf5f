//! Credentials are refreshed in the background, and nothing happens before they are used.

use super::sts::{refused, taken_until};
use super::{Sts, config, role};
use apigw_probe::aws::CredentialsCache;
use apigw_probe::probe::Net;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::oneshot;
use tokio::task::yield_now;

/// Keeps the paused clock from jumping to the next timer while a lookup is under way on its own thread.
fn hold_clock() -> oneshot::Sender<()> {
    let (release, released) = oneshot::channel();
    tokio::task::spawn_blocking(|| released.blocking_recv());
    release
}

/// STS that gives a new key at each call, for a quarter of an hour.
async fn counting() -> (Sts, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let sts = Sts::answering(move |_| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        let end = (OffsetDateTime::now_utc() + time::Duration::minutes(15)).format(&Rfc3339).unwrap();
        (200, taken_until("AssumeRole", &format!("ASIA{number}"), &end))
    })
    .await;
    (sts, calls)
}

async fn id(cache: &CredentialsCache, net: &Net) -> String {
    cache.identity(net).await.unwrap().access_key_id.clone()
}

#[tokio::test(start_paused = true)]
async fn a_session_is_refreshed_five_minutes_before_it_expires() {
    let _clock = hold_clock();
    let (sts, calls) = counting().await;
    let cache = CredentialsCache::new(config(Some(role(None, None))));
    assert_eq!(id(&cache, &sts.net).await, "ASIA0");
    tokio::time::advance(Duration::from_secs(595)).await;
    assert_eq!(id(&cache, &sts.net).await, "ASIA0");
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    tokio::time::advance(Duration::from_secs(6)).await;
    // rounds go on with the old ones meanwhile
    while id(&cache, &sts.net).await == "ASIA0" {
        yield_now().await;
    }
    assert_eq!(id(&cache, &sts.net).await, "ASIA1");
}

#[tokio::test(start_paused = true)]
async fn what_was_missing_is_looked_up_again() {
    let _clock = hold_clock();
    let calls = AtomicUsize::new(0);
    let sts = Sts::answering(move |_| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => (403, refused("AccessDenied", "no")),
        _ => (200, taken_until("AssumeRole", "ASIALATE", "2099-01-01T00:00:00Z")),
    })
    .await;
    let cache = CredentialsCache::new(config(Some(role(None, None))));
    assert!(cache.identity(&sts.net).await.is_err());
    tokio::time::advance(Duration::from_secs(11)).await;
    while cache.identity(&sts.net).await.is_err() {
        yield_now().await;
    }
    assert_eq!(id(&cache, &sts.net).await, "ASIALATE");
}

#[tokio::test]
async fn clones_share_one_lookup_and_nothing_is_asked_before_the_first_use() {
    let (sts, calls) = counting().await;
    let cache = CredentialsCache::new(config(Some(role(None, None))));
    let other = cache.clone();
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    let (one, two) = tokio::join!(id(&cache, &sts.net), id(&other, &sts.net));
    assert_eq!(one, two);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_lookup_goes_on_when_nothing_waits_for_it() {
    let (sts, calls) = counting().await;
    let cache = CredentialsCache::new(config(Some(role(None, None))));
    cache.open(&sts.net);
    // a round in a hurry leaves, and starts no other lookup by coming back
    assert!(cache.identity_within(Duration::ZERO, &sts.net).await.is_err());
    assert_eq!(id(&cache, &sts.net).await, "ASIA0");
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[test]
fn nothing_that_is_printed_for_debugging_shows_a_secret() {
    let config = config(Some(role(Some("x"), None)));
    let shown = format!("{config:?} {:?}", CredentialsCache::new(config.clone()));
    assert!(shown.contains("role/probe") && !shown.contains("secret-of") && !shown.contains("AKIABASE"), "{shown}");
}

/// Everything that the process logs at any level, whichever test causes it.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_event_of_a_lookup_reaches_a_log_at_any_level() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone());
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    tracing::trace!("the log is written");
    let sts = Sts::answering(|_| (200, taken_until("AssumeRole", "ASIATRACED", "2099-01-01T00:00:00Z"))).await;
    let found = CredentialsCache::new(config(Some(role(Some("external-id"), None)))).identity(&sts.net).await.unwrap();
    assert_eq!(found.access_key_id, "ASIATRACED");
    let logged = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(logged.contains("the log is written"));
    for secret in ["ASIATRACED", "secret-of-the-base", "secret&of/ASIATRACED", "token+of/ASIATRACED", "AKIABASE"] {
        assert!(!logged.contains(secret), "{secret}");
    }
}
