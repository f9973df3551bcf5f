//! Which addresses has a name? Asked anew each time, without a cache, and with every query on record.

mod configuration;
mod files;
mod log;
mod message;
mod stub;

use super::Detour;
use super::wire::Stamping;
use crate::observation::{Address, DnsFault, Lookup, NameSource, RecordType};
use crate::target::HostName;
use configuration::Configuration;
use files::{Files, Settings};
use log::Log;
use message::{Found, MOST_ADDRESSES, MOST_ALIASES, Question};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Who is asked for addresses. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Resolver {
    settings: Arc<Settings>,
    /// Where the settings come from, if the user did not give the servers.
    files: Option<Arc<Files>>,
    _stamping: Stamping,
}

/// The host does not say who is to be asked.
#[derive(Debug, thiserror::Error)]
pub enum ResolverError {
    /// A file of the host cannot be read.
    #[error("{}: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        why: std::io::Error,
    },
}

impl Resolver {
    /// What this host uses: `/etc/hosts`, then the servers of `/etc/resolv.conf`, or a server of its own if that names none.
    pub fn system() -> Result<Self, ResolverError> {
        Self::configured(Path::new("/etc/resolv.conf"), Path::new("/etc/hosts"))
    }

    /// What two such files say; a host without a hosts file is whole.
    pub fn configured(resolv_conf: &Path, hosts: &Path) -> Result<Self, ResolverError> {
        let files = Files::open(resolv_conf, hosts)
            .map_err(|why| ResolverError::Unreadable { path: resolv_conf.to_owned(), why })?;
        Ok(Self { settings: files.settings(), files: Some(Arc::new(files)), _stamping: Stamping::on() })
    }

    /// The servers that the user names, and nothing else: no hosts file.
    pub fn given(servers: Vec<SocketAddr>) -> Self {
        let usual = Configuration { servers, ..Configuration::parse("") };
        let settings = Arc::new(Settings { configuration: usual, hosts: HashMap::new() });
        Self { settings, files: None, _stamping: Stamping::on() }
    }

    /// The resolver as the host's files say now; they are read only if they changed, and if they are gone the last word counts.
    #[must_use]
    pub fn current(&self) -> Self {
        let settings = self.files.as_ref().map_or_else(|| Arc::clone(&self.settings), |files| files.settings());
        Self { settings, ..self.clone() }
    }

    /// The servers, in the order of asking.
    pub fn servers(&self) -> &[SocketAddr] {
        &self.settings.configuration.servers
    }

    /// Whether the user named the servers.
    pub fn is_given(&self) -> bool {
        self.files.is_none()
    }
}

/// Whom to ask, and until when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) resolver: &'a Resolver,
    pub(super) servers: &'a [SocketAddr],
    pub(super) detour: &'a Detour,
    pub(super) until: Instant,
}

impl Ask<'_> {
    /// What tells the host's settings now from those before.
    pub(super) fn settings_mark(&self) -> SettingsMark {
        SettingsMark(Arc::clone(&self.resolver.settings))
    }
}

/// What a host's files said at one moment; two are equal if the files were not read anew between them.
#[derive(Debug, Clone)]
pub(super) struct SettingsMark(Arc<Settings>);

impl PartialEq for SettingsMark {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Looks a name up as this host does: the hosts file first, then the servers.
pub(super) async fn lookup(ask: &Ask<'_>, name: &HostName) -> Lookup {
    match ask.resolver.settings.hosts.get(name.as_str()) {
        Some(ips) => Lookup {
            source: NameSource::Hosts,
            queries: Vec::new(),
            cnames: Vec::new(),
            took: Duration::ZERO,
            result: Ok(ips.iter().map(|ip| Address { ip: *ip, ttl: None }).collect()),
            second_opinion: None,
        },
        None => self::ask(ask, name).await,
    }
}

/// Asks the servers for both families at once. Neither may hide what the other found, nor hold it up for long.
pub(super) async fn ask(ask: &Ask<'_>, name: &HostName) -> Lookup {
    let began = Instant::now();
    let log = Log::default();
    let (four, six) = if ask.servers.is_empty() {
        let none = || Some(Resolved { cnames: Vec::new(), result: Err(DnsFault::NoServer) });
        (none(), none())
    } else {
        both_families(ask, &log, name).await
    };
    let (cnames, result) = merge(four, six);
    Lookup {
        source: NameSource::Dns,
        queries: log.close(),
        cnames,
        took: began.elapsed(),
        result,
        second_opinion: None,
    }
}

/// What one family came to.
#[derive(Debug)]
struct Resolved {
    cnames: Vec<HostName>,
    result: Result<Vec<Address>, DnsFault>,
}

async fn both_families(ask: &Ask<'_>, log: &Log, name: &HostName) -> (Option<Resolved>, Option<Resolved>) {
    let began = Instant::now();
    let left = ask.until.saturating_duration_since(began);
    let mut four = std::pin::pin!(family(ask, log, name, RecordType::A));
    let mut six = std::pin::pin!(family(ask, log, name, RecordType::Aaaa));
    let (mut found_four, mut found_six) = (None, None);
    let mut until = ask.until;
    while found_four.is_none() || found_six.is_none() {
        let (resolved, grace) = tokio::select! {
            biased;
            resolved = &mut four, if found_four.is_none() => (found_four.insert(resolved), GRACE_FOR_AAAA),
            resolved = &mut six, if found_six.is_none() => (found_six.insert(resolved), GRACE_FOR_A),
            () = sleep_until(until) => break,
        };
        if matches!(resolved.result, Ok(_) | Err(DnsFault::NxDomain)) {
            until = until.min(Instant::now() + grace.min(left / 4));
        }
    }
    (found_four, found_six)
}

/// Resolves one family, asking anew for a name that an alias points to and the answer does not tell.
async fn family(ask: &Ask<'_>, log: &Log, name: &HostName, kind: RecordType) -> Resolved {
    let mut question = Question::new(name.clone(), kind);
    let mut cnames: Vec<HostName> = Vec::new();
    for _ in 0..MOST_QUESTIONS {
        let answer = match stub::resolve(ask, log, &question).await {
            Ok(answer) => answer,
            Err(fault) => return Resolved { cnames, result: Err(fault) },
        };
        let again = answer.cnames.iter().any(|alias| alias == name || cnames.contains(alias));
        cnames.extend(answer.cnames);
        if again || cnames.len() > MOST_ALIASES {
            return Resolved { cnames, result: Err(DnsFault::CnameLoop) };
        }
        match answer.found {
            Found::Addresses(addresses) => return Resolved { cnames, result: Ok(addresses) },
            Found::Nothing(fault) => return Resolved { cnames, result: Err(fault) },
            Found::Elsewhere(target) => question = Question::new(target, kind),
        }
    }
    Resolved { cnames, result: Err(DnsFault::CnameLoop) }
}

/// IPv4 before IPv6: an endpoint has IPv4 addresses always and IPv6 ones sometimes, and a host without a route to those fails at once.
fn merge(four: Option<Resolved>, six: Option<Resolved>) -> (Vec<HostName>, Result<Vec<Address>, DnsFault>) {
    let silent = || Resolved { cnames: Vec::new(), result: Err(DnsFault::Timeout) };
    let (four, six) = (four.unwrap_or_else(silent), six.unwrap_or_else(silent));
    let cnames = if four.cnames.is_empty() { six.cnames } else { four.cnames };
    let result = match (four.result, six.result) {
        (Err(four), Err(six)) => Err(more_telling(four, six)),
        (four, six) => {
            let both = four.into_iter().chain(six).flatten();
            Ok(both.take(MOST_ADDRESSES).collect())
        }
    };
    (cnames, result)
}

/// The fault that says why there is no address at all: one family without data explains nothing if the other failed.
fn more_telling(four: DnsFault, six: DnsFault) -> DnsFault {
    let rank = |fault| match fault {
        DnsFault::NxDomain => 0,
        DnsFault::CnameLoop => 1,
        DnsFault::ServFail | DnsFault::Refused | DnsFault::OtherRcode => 2,
        DnsFault::Truncated => 3,
        DnsFault::Malformed => 4,
        DnsFault::Local => 5,
        DnsFault::Timeout => 6,
        DnsFault::Unreachable => 7,
        DnsFault::NoServer => 8,
        DnsFault::NoData => 9,
    };
    if rank(six) < rank(four) { six } else { four }
}

/// How long addresses of IPv4 wait for those of IPv6 (RFC 8305, 3, has 50 ms; a resolver in the VPC may need to recurse).
const GRACE_FOR_AAAA: Duration = Duration::from_millis(200);
/// How long addresses of IPv6 wait for those of IPv4: long enough to make good one lost datagram.
const GRACE_FOR_A: Duration = Duration::from_millis(1500);
/// How often a name may be asked anew for an alias.
const MOST_QUESTIONS: usize = 5;
