//! Resolves names as this host does, without a cache, and with every query on record.

mod answer;
mod query_log;
mod recorder;
mod resolv_conf;
mod system_config;
mod timestamping_socket;
mod transmission;

use super::Detour;
use super::wire::Stamping;
use crate::observation::{Address, DnsFault, Lookup, NameSource, QueryOutcome, RecordType};
use crate::target::HostName;
use answer::{AnswerData, MAX_ADDRESSES, MAX_CNAMES, Question};
use query_log::QueryLog;
use resolv_conf::ResolvConf;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use system_config::{ConfigFiles, SystemConfig};
use tokio::time::{Instant, sleep_until};

/// The resolver configuration of this host, or servers that the user named. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Resolver {
    config: Arc<SystemConfig>,
    /// Where the configuration comes from, unless the user named the servers.
    files: Option<Arc<ConfigFiles>>,
    _stamping: Stamping,
}

/// The resolver configuration of this host cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ResolverError {
    /// A file cannot be read.
    #[error("cannot read `{}`: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        reason: std::io::Error,
    },
}

impl Resolver {
    /// Returns the resolver of this host: `/etc/hosts`, then the servers of `/etc/resolv.conf`, or 127.0.0.1 if it names none.
    pub fn system() -> Result<Self, ResolverError> {
        Self::configured(Path::new("/etc/resolv.conf"), Path::new("/etc/hosts"))
    }

    /// Returns the resolver that two such files configure; the hosts file may be missing.
    pub fn configured(resolv_conf: &Path, hosts: &Path) -> Result<Self, ResolverError> {
        let files = ConfigFiles::open(resolv_conf, hosts)
            .map_err(|reason| ResolverError::Unreadable { path: resolv_conf.to_owned(), reason })?;
        Ok(Self { config: files.current(), files: Some(Arc::new(files)), _stamping: Stamping::on() })
    }

    /// Returns a resolver that asks these servers, and reads no file.
    pub fn given(servers: Vec<SocketAddr>) -> Self {
        let resolv_conf = ResolvConf { servers, ..ResolvConf::default() };
        let config = Arc::new(SystemConfig { resolv_conf, hosts: HashMap::new() });
        Self { config, files: None, _stamping: Stamping::on() }
    }

    /// Returns the resolver as the files configure it now. They are read only if they have changed; the last contents count while
    /// resolv.conf is missing.
    #[must_use]
    pub fn current(&self) -> Self {
        let config = self.files.as_ref().map_or_else(|| Arc::clone(&self.config), |files| files.current());
        Self { config, ..self.clone() }
    }

    /// Returns the servers, in the order of asking.
    pub fn servers(&self) -> &[SocketAddr] {
        &self.resolv_conf().servers
    }

    /// Whether the user named the servers.
    pub fn is_given(&self) -> bool {
        self.files.is_none()
    }

    /// Returns whether the system's first server is a stub on this host (systemd-resolved, dnsmasq), which may answer from a cache.
    pub fn is_caching_stub(&self) -> bool {
        !self.is_given() && self.servers().first().is_some_and(|server| server.ip().is_loopback())
    }

    /// Returns the options that other programs on this host follow and the probe does not: `rotate`, `single-request`, `RES_OPTIONS`.
    pub fn unfollowed_options(&self) -> &[String] {
        &self.resolv_conf().unfollowed_options
    }

    /// Returns the servers in resolv.conf that glibc cannot read, and therefore ignores.
    pub fn ignored_servers(&self) -> &[String] {
        &self.resolv_conf().ignored_servers
    }

    fn resolv_conf(&self) -> &ResolvConf {
        &self.config.resolv_conf
    }
}

/// Which servers to ask, and until when.
#[derive(Debug, Clone, Copy)]
pub(super) struct QueryContext<'a> {
    pub(super) resolver: &'a Resolver,
    pub(super) servers: &'a [SocketAddr],
    pub(super) detour: &'a Detour,
    pub(super) until: Instant,
}

impl QueryContext<'_> {
    /// Returns what distinguishes the current configuration from earlier ones.
    pub(super) fn config_version(&self) -> ConfigVersion {
        ConfigVersion(Arc::clone(&self.resolver.config))
    }
}

/// The contents of this host's files at one moment; two are equal if no file was read again in between.
#[derive(Debug, Clone)]
pub(super) struct ConfigVersion(Arc<SystemConfig>);

impl PartialEq for ConfigVersion {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Looks a name up as this host does: in the hosts file first, then by the servers.
pub(super) async fn lookup(context: &QueryContext<'_>, name: &HostName) -> Lookup {
    match context.resolver.config.hosts.get(name.as_str()) {
        Some(ips) => Lookup {
            source: NameSource::Hosts,
            queries: Vec::new(),
            cnames: Vec::new(),
            took: Duration::ZERO,
            result: Ok(ips.iter().map(|ip| Address { ip: *ip, ttl: None }).collect()),
            second_opinion: None,
        },
        None => ask(context, name).await,
    }
}

/// Asks the servers for both families at once. Neither may hide what the other found, nor hold it up for long.
pub(super) async fn ask(context: &QueryContext<'_>, name: &HostName) -> Lookup {
    let began = Instant::now();
    let log = Arc::default();
    let (four, six) = if context.servers.is_empty() {
        let none = || Some(Resolved::failed(DnsFault::NoServer));
        (none(), none())
    } else {
        both_families(context, &log, name).await
    };
    let (cnames, result) = merge(four, six);
    let queries = log.take();
    let has_mismatches = queries.iter().any(|query| query.outcome == QueryOutcome::Mismatched);
    let result = match result {
        // a server that replies, if to something else, is not silent
        Err(DnsFault::Timeout) if has_mismatches => Err(DnsFault::Malformed),
        result => result,
    };
    Lookup { source: NameSource::Dns, queries, cnames, took: began.elapsed(), result, second_opinion: None }
}

/// What one family came to.
#[derive(Debug)]
struct Resolved {
    cnames: Vec<HostName>,
    result: Result<Vec<Address>, DnsFault>,
}

impl Resolved {
    fn failed(fault: DnsFault) -> Self {
        Self { cnames: Vec::new(), result: Err(fault) }
    }
}

async fn both_families(
    context: &QueryContext<'_>,
    log: &Arc<QueryLog>,
    name: &HostName,
) -> (Option<Resolved>, Option<Resolved>) {
    let began = Instant::now();
    let left = context.until.saturating_duration_since(began);
    let asks_aaaa = context.resolver.resolv_conf().asks_aaaa;
    let mut four = std::pin::pin!(resolve_family(context, log, name, RecordType::A));
    let mut six = std::pin::pin!(resolve_family(context, log, name, RecordType::Aaaa));
    let (mut found_four, mut found_six) = (None, (!asks_aaaa).then(|| Resolved::failed(DnsFault::NoData)));
    let mut until = context.until;
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

/// Resolves one family. A name that an alias points to is asked for again, if the answer does not contain its addresses.
async fn resolve_family(
    context: &QueryContext<'_>,
    log: &Arc<QueryLog>,
    name: &HostName,
    record_type: RecordType,
) -> Resolved {
    let mut asked = name.clone();
    let mut cnames: Vec<HostName> = Vec::new();
    for _ in 0..MAX_QUESTIONS {
        let answer = match Question::new(asked, record_type) {
            Some(question) => recorder::resolve(context, log, question).await,
            None => Err(DnsFault::Malformed),
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(fault) => return Resolved { cnames, result: Err(fault) },
        };
        let is_circular = answer.cnames.iter().any(|alias| alias == name || cnames.contains(alias));
        cnames.extend(answer.cnames);
        if is_circular || cnames.len() > MAX_CNAMES {
            return Resolved { cnames, result: Err(DnsFault::CnameLoop) };
        }
        match answer.data {
            AnswerData::Addresses(addresses) => return Resolved { cnames, result: Ok(addresses) },
            AnswerData::Nothing(fault) => return Resolved { cnames, result: Err(fault) },
            AnswerData::Alias(target) => asked = target,
        }
    }
    Resolved { cnames, result: Err(DnsFault::CnameLoop) }
}

/// Merges both families, IPv4 first: an endpoint always has IPv4 addresses, and a host without a route for IPv6 fails at once.
fn merge(four: Option<Resolved>, six: Option<Resolved>) -> (Vec<HostName>, Result<Vec<Address>, DnsFault>) {
    let [four, six] = [four, six].map(|found| found.unwrap_or_else(|| Resolved::failed(DnsFault::Timeout)));
    let cnames = if four.cnames.is_empty() { six.cnames } else { four.cnames };
    let result = match (four.result, six.result) {
        (Err(four), Err(six)) => Err(more_telling(four, six)),
        (four, six) => {
            let both = four.into_iter().chain(six).flatten();
            Ok(both.take(MAX_ADDRESSES).collect())
        }
    };
    (cnames, result)
}

/// Returns the fault that explains why there is no address: a family without data explains nothing if the other one failed.
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

/// How long IPv4 addresses wait for IPv6 ones (RFC 8305, 3, has 50 ms; a resolver in the VPC may need to recurse).
const GRACE_FOR_AAAA: Duration = Duration::from_millis(200);
/// How long IPv6 addresses wait for IPv4 ones: long enough for a second attempt after one lost datagram.
const GRACE_FOR_A: Duration = Duration::from_millis(1500);
/// How many questions a chain of aliases may take.
const MAX_QUESTIONS: usize = 5;
