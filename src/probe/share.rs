//! Who else asks for this name right now? Lookups of different targets that fall together are made once.
//!
//! This is no cache: an answer is passed on for one second, and only among rounds that run at the same time as it was asked for.

use super::dns::{ConfigVersion, QueryContext};
use crate::observation::{DnsFault, Lookup};
use crate::target::HostName;
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// The lookups of the last second, for those who ask the same. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Share {
    table: Arc<Mutex<Table>>,
    asker: Arc<str>,
}

#[derive(Debug, Default)]
struct Table {
    entries: HashMap<HostName, Entry>,
    swept: Option<Instant>,
}

/// A lookup under way, or what it came to.
#[derive(Debug)]
struct Entry {
    asker: Arc<str>,
    /// What the host's files said then.
    settings: ConfigVersion,
    ended: watch::Receiver<Option<Ended>>,
}

#[derive(Debug, Clone)]
struct Ended {
    at: Instant,
    lookup: Lookup,
}

impl Share {
    /// The same lookups, for an asker. Nobody shares a lookup of their own: each round of a target resolves anew.
    #[must_use]
    pub fn of(&self, asker: Arc<str>) -> Self {
        Self { table: Arc::clone(&self.table), asker }
    }

    /// The lookup of a name: one that goes on or has just ended, or a new one.
    pub(super) async fn lookup(
        &self,
        ask: &QueryContext<'_>,
        name: &HostName,
        anew: impl Future<Output = Lookup>,
    ) -> Lookup {
        let began = Instant::now();
        let known = self.known(ask, name, began);
        if let Some(mut known) = known {
            // half of the time is left for asking ourselves
            let patience = (ask.until.saturating_duration_since(began) / 2).min(FRESH);
            let ended = timeout(patience, known.wait_for(Option::is_some)).await;
            if let Ok(Ok(Some(ended))) = ended.map(|ended| ended.map(|ended| ended.clone()))
                && is_worth_sharing(&ended.lookup)
            {
                return shared(ended.lookup, began.elapsed());
            }
        }
        let tell = self.lead(ask, name, began);
        let lookup = anew.await;
        tell.send_replace(Some(Ended { at: Instant::now(), lookup: lookup.clone() }));
        // what we waited for somebody else in vain counts, too
        Lookup { took: began.elapsed(), ..lookup }
    }

    fn known(&self, ask: &QueryContext<'_>, name: &HostName, now: Instant) -> Option<watch::Receiver<Option<Ended>>> {
        let table = self.lock();
        let entry = table
            .entries
            .get(name)
            .filter(|entry| entry.asker != self.asker && entry.settings == ask.config_version())?;
        entry.is_of_use(now).then(|| entry.ended.clone())
    }

    fn lead(&self, ask: &QueryContext<'_>, name: &HostName, now: Instant) -> watch::Sender<Option<Ended>> {
        let (tell, ended) = watch::channel(None);
        let mut table = self.lock();
        if table.swept.is_none_or(|swept| now.saturating_duration_since(swept) > FRESH) {
            table.swept = Some(now);
            table.entries.retain(|_, entry| entry.is_of_use(now));
        }
        table
            .entries
            .insert(name.clone(), Entry { asker: Arc::clone(&self.asker), settings: ask.config_version(), ended });
        tell
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// Whether it goes on, or has just ended.
    fn is_of_use(&self, now: Instant) -> bool {
        match &*self.ended.borrow() {
            Some(ended) => now.saturating_duration_since(ended.at) < FRESH,
            None => self.ended.has_changed().is_ok(),
        }
    }
}

/// A lookup that another round has made, as it was felt here.
fn shared(mut lookup: Lookup, felt: Duration) -> Lookup {
    for query in &mut lookup.queries {
        query.shared = true;
    }
    Lookup { took: felt, ..lookup }
}

/// Whether a server has spoken. Silence is not passed on: the next one may have more luck.
fn is_worth_sharing(lookup: &Lookup) -> bool {
    match lookup.result {
        Ok(_) => true,
        Err(fault) => match fault {
            DnsFault::NxDomain
            | DnsFault::NoData
            | DnsFault::ServFail
            | DnsFault::Refused
            | DnsFault::OtherRcode
            | DnsFault::CnameLoop => true,
            DnsFault::Timeout
            | DnsFault::Unreachable
            | DnsFault::Truncated
            | DnsFault::Malformed
            | DnsFault::NoServer
            | DnsFault::Local => false,
        },
    }
}

/// For how long an answer is passed on.
const FRESH: Duration = Duration::from_secs(1);
