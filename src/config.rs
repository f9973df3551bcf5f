//! What is the agent told to do? TOML becomes checks and daemon settings; each error names the line, the key and the right form.

mod at;
mod duration;
mod fault;
mod file;
mod form;
mod key;
mod listen;

pub use duration::parse_duration;
pub use fault::{ConfigError, Untried};
pub use listen::Listen;
use listen::parse_host;

use crate::aws::{CredentialsCache, EnvVars};
use crate::bounded_read;
use crate::check::Check;
use crate::named::named;
use crate::plan::{Header, HeaderError};
use crate::probe::{Detour, Net, Resolver, ResolverError, Trust, TrustError, TrustSources, is_dialable};
use crate::status::Schedule;
use fault::{Fault, Places};
use file::File;
use std::fmt::Display;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The configuration, ready to use.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the daemon listens; sockets that systemd hands over replace it, unless it names them.
    pub listen: Vec<Listen>,
    /// Host names under which listeners on loopback are served, in addition to `localhost` and IP addresses, in lower case.
    pub allowed_hosts: Vec<String>,
    /// A file in the format of exporter-toolkit that says who may ask, and with which certificate the daemon answers.
    pub web_config_file: Option<PathBuf>,
    /// How names are resolved and certificates trusted.
    pub net: NetSettings,
    /// How much may be under way at once.
    pub load: LoadSettings,
    /// What is logged.
    pub log: LogSettings,
    /// Which files are kept up to date.
    pub files: FileSettings,
    /// What is probed, and how often.
    pub targets: Vec<Scheduled>,
    places: Places,
}

/// A check and when it is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheduled {
    /// What a round does.
    pub check: Check,
    /// From the start of one round to the start of the next.
    pub interval: Duration,
    /// Who says when a round begins.
    pub schedule: Schedule,
    /// How old the last round may be that answers `/probe` in place of a new one.
    pub probe_min_age: Duration,
}

impl Scheduled {
    /// A check at intervals; `/probe` shares a round for half an interval, so that two Prometheus servers cause no more calls than one.
    pub fn every(interval: Duration, check: Check) -> Self {
        Self { check, interval, schedule: Schedule::Interval, probe_min_age: interval / 2 }
    }
}

/// How much may be under way at once, over all targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadSettings {
    /// Paths; each connects to every address of its name.
    pub max_in_flight: u32,
    /// DNS queries in a second; the VPC's resolver drops what exceeds 1,024 packets (Amazon VPC user guide, "DNS quotas").
    pub dns_queries_per_second: u32,
}

impl Default for LoadSettings {
    fn default() -> Self {
        Self { max_in_flight: 512, dns_queries_per_second: 200 }
    }
}

/// What is logged, and in which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSettings {
    /// The form of a line.
    pub format: LogFormat,
    /// The least that is worth a line.
    pub level: LogLevel,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: LogLevel::Info }
    }
}

named! {
    /// The form of a line of the log.
    pub enum LogFormat {
        /// For people.
        Text = "text",
        /// One JSON object on each line.
        Json = "json",
    }
}

named! {
    /// How much a line of the log matters, the most first.
    pub enum LogLevel {
        /// Something that the agent should do is not done.
        Error = "error",
        /// A verdict or a finding became worse.
        Warn = "warn",
        /// A verdict or a finding became better, the agent started or reloaded.
        Info = "info",
        /// Every round, and the events of libraries.
        Debug = "debug",
    }
}

/// Which files are kept up to date.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileSettings {
    /// The metrics, for node_exporter's textfile collector.
    pub textfile: Option<PathBuf>,
    /// The folder with the last report of each target, as `NAME.json`.
    pub output_dir: Option<PathBuf>,
}

/// How names are resolved and certificates trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetSettings {
    /// DNS servers in place of the system's.
    pub dns_servers: Vec<SocketAddr>,
    /// The resolver that gives a second opinion.
    pub vpc_resolver: Option<SocketAddr>,
    /// A PEM file with certificates to trust besides the built-in ones.
    pub ca_file: Option<PathBuf>,
    /// Whether the system's certificates are trusted too.
    pub system_roots: bool,
}

impl NetSettings {
    /// Reads the system's resolver configuration and the certificates.
    pub fn open(&self) -> Result<Net, NetError> {
        let resolver =
            if self.dns_servers.is_empty() { Resolver::system()? } else { Resolver::given(self.dns_servers.clone()) };
        Ok(Net {
            resolver,
            vpc_resolver: self.vpc_resolver,
            trust: self.trust()?,
            detour: Detour::default(),
            share: None,
        })
    }

    fn trust(&self) -> Result<Trust, TrustError> {
        Trust::new(TrustSources { ca_file: self.ca_file.as_deref(), system_roots: self.system_roots })
    }
}

/// What a probe needs of this host is not there.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The resolver's configuration.
    #[error(transparent)]
    Resolver(#[from] ResolverError),
    /// The certificates.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// A file that a configuration names.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl Config {
    /// Reads a configuration file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = bounded_read::read_to_string(path).map_err(|error| ConfigError {
            file: path.to_owned(),
            line: None,
            key: None,
            message: error.to_string(),
        })?;
        let mut config = Self::parse(&text).map_err(|fault| fault.within(path, &text))?;
        path.clone_into(&mut config.places.file);
        Ok(config)
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        key::check(text)?;
        let file: File = toml::from_str(text).map_err(|error| Fault {
            at: error.span().map_or(0, |span| span.start),
            message: without_text(error.message().trim()),
        })?;
        file.config(text)
    }

    /// What came of using a value of this configuration, told with its place.
    pub fn fault(&self, value: &Untried, message: impl Display) -> ConfigError {
        self.places.fault(value, message.to_string())
    }

    /// Opens its net settings, or what the command line made of them.
    pub fn open(&self, net: &NetSettings) -> Result<Net, NetError> {
        net.open().map_err(|error| self.placed(error, net))
    }

    /// Reads the certificates that it trusts, as [`Config::open`] does.
    pub fn trust(&self) -> Result<Trust, NetError> {
        self.net.trust().map_err(|error| self.placed(error.into(), &self.net))
    }

    /// Checks that a daemon can use the credentials of every target.
    pub fn check_credentials(&self) -> Result<(), ConfigError> {
        let env = EnvVars::of_process();
        for one in &self.targets {
            let config = one.check.auth.credentials().and_then(CredentialsCache::config);
            if let Some(why) = config.and_then(|config| config.refusal_by_daemon(&env)) {
                return Err(self.fault(&Untried::Profile(one.check.target.name.clone()), why));
            }
        }
        Ok(())
    }

    /// A file that this configuration names is told with its place.
    fn placed(&self, error: NetError, net: &NetSettings) -> NetError {
        match error {
            NetError::Trust(error) if error.is_of_a_file() && net.ca_file == self.net.ca_file => {
                self.fault(&Untried::CaFile, error).into()
            }
            NetError::Trust(_) | NetError::Resolver(_) | NetError::Config(_) => error,
        }
    }

    /// What the targets of a schedule cost if each has one round an interval.
    pub fn cost(&self, schedule: Schedule) -> Cost {
        let mut cost = Cost::default();
        for one in self.targets.iter().filter(|one| one.schedule == schedule) {
            let seconds = one.interval.as_secs_f64();
            cost.targets += 1;
            cost.calls_per_day += count(one.check.calls()) * 86400.0 / seconds;
            cost.dns_queries_per_second += count(one.check.usual_queries()) / seconds;
        }
        cost
    }
}

/// What probing costs others.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    /// How many targets were counted.
    pub targets: usize,
    /// API calls in a day: one for each configured path in each round, and one for a canary.
    pub calls_per_day: f64,
    /// DNS queries in a second when each is answered at once, and no two targets share a lookup.
    pub dns_queries_per_second: f64,
}

#[expect(clippy::cast_precision_loss, reason = "a handful of paths")]
fn count(n: usize) -> f64 {
    n as f64
}

/// The parser's words without the text of the value, which may be secret.
fn without_text(message: &str) -> String {
    match (message.strip_prefix("invalid type: string \""), message.rfind('"')) {
        (Some(_), Some(end)) => format!("invalid type: a string{}", &message[end + 1..]),
        (Some(_), None) | (None, _) => message.to_owned(),
    }
}

/// Parses a file of secret headers; the error names the file, never its content.
pub fn parse_header_file(file: &Path, text: io::Result<String>) -> Result<Vec<Header>, String> {
    let text = text.map_err(|error| format!("header file `{}`: {error}", file.display()))?;
    Header::secret_lines(&text).map_err(|(line, error): (usize, HeaderError)| {
        format!("header file `{}`, line {line}: {error}", file.display())
    })
}

/// Reads `IP` or `IP:PORT`; the port is 53 if absent.
pub fn parse_server(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    let ip = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text).parse::<IpAddr>();
    let server = ip.map(|ip| SocketAddr::new(ip, 53)).or_else(|_| text.parse()).ok();
    server.filter(|server| server.port() != 0).ok_or_else(|| {
        format!(
            "`{}` is not a DNS server, such as `10.0.0.2` or `10.0.0.2:53`",
            text.chars().take(60).collect::<String>()
        )
    })
}

/// Reads an address to connect to, an IPv6 one with or without brackets; one that no host has is an error.
pub fn parse_address(text: &str) -> Result<IpAddr, String> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let ip = bare.parse().ok().filter(|ip| is_dialable(*ip));
    let shown = || text.chars().take(60).collect::<String>();
    ip.ok_or_else(|| format!("`{}` is not the IP of a host, such as `10.0.1.23` or `fd00::17`", shown()))
}

/// The JSON Schema (2020-12) of the configuration, as it is committed; a test holds it equal to the one that is made of the code.
pub const JSON_SCHEMA: &str = include_str!("config/config.schema.json");

/// The same, made of the code. It is for that test: what makes it is left out of the program.
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(File).to_value()
}

/// The deadline of a path if none is given.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// The shortest deadline that can be given.
pub const SHORTEST_TIMEOUT: Duration = Duration::from_millis(10);
/// The longest deadline that can be given; integrations of private APIs may take five minutes.
pub const LONGEST_TIMEOUT: Duration = Duration::from_secs(600);
/// The time from one round to the next if none is given.
pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(60);
