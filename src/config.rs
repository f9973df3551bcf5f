//! What is the agent told to do? TOML becomes checks and daemon settings; each error names the line, the key and the right form.

mod at;
mod duration;
mod file;
mod key;
mod listen;

pub use duration::parse_duration;
pub use listen::Listen;

use crate::check::Check;
use crate::plan::{Header, HeaderError};
use file::File;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The configuration, ready to use.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the daemon listens; sockets that systemd hands over replace it, unless it names them.
    pub listen: Vec<Listen>,
    /// A file in the format of exporter-toolkit that says who may ask, and with which certificate the daemon answers.
    pub web_config_file: Option<PathBuf>,
    /// How names are resolved and certificates trusted.
    pub net: NetSettings,
    /// What is probed, and how often.
    pub targets: Vec<Scheduled>,
}

/// A check and the time from one round to the next.
#[derive(Debug, Clone)]
pub struct Scheduled {
    /// What a round does.
    pub check: Check,
    /// From the start of one round to the start of the next.
    pub interval: Duration,
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

impl Config {
    /// Reads a configuration file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError {
            file: path.to_owned(),
            line: None,
            message: error.to_string(),
        })?;
        Self::parse(&text).map_err(|fault| ConfigError {
            file: path.to_owned(),
            line: Some(text[..fault.at.min(text.len())].matches('\n').count() + 1),
            message: fault.message,
        })
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        key::check(text)?;
        let file: File = toml::from_str(text).map_err(|error| Fault {
            at: error.span().map_or(0, |span| span.start),
            message: error.message().trim().to_owned(),
        })?;
        file.config(text.len())
    }

    /// API calls in a day: one for each configured path in each round.
    pub fn calls_per_day(&self) -> f64 {
        self.sum(|scheduled| count(scheduled.check.plans().count()) * 86400.0)
    }

    /// DNS queries in a second when each is answered at once: A and AAAA for each distinct name in each round.
    pub fn dns_queries_per_second(&self) -> f64 {
        self.sum(|scheduled| {
            let names: std::collections::BTreeSet<_> =
                scheduled.check.plans().filter(|plan| plan.connect_to.is_none()).map(|plan| plan.dial).collect();
            2.0 * count(names.len())
        })
    }

    fn sum(&self, per_round: impl Fn(&Scheduled) -> f64) -> f64 {
        self.targets.iter().map(|scheduled| per_round(scheduled) / scheduled.interval.as_secs_f64()).sum()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a handful of paths")]
fn count(n: usize) -> f64 {
    n as f64
}

/// A configuration that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// The line, counted from 1; absent if the file could not be read.
    pub line: Option<usize>,
    /// What is wrong, with the right form.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for ConfigError {}

/// What is wrong, and at which byte.
#[derive(Debug)]
struct Fault {
    at: usize,
    message: String,
}

/// Reads a file of secret headers; the error names the file, never its content.
pub fn read_header_file(file: &Path) -> Result<Vec<Header>, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("header file `{}`: {error}", file.display()))?;
    Header::secret_lines(&text).map_err(|(line, error): (usize, HeaderError)| {
        format!("header file `{}`, line {line}: {error}", file.display())
    })
}

/// Reads `IP` or `IP:PORT`; the port is 53 if absent.
pub fn parse_server(text: &str) -> Result<SocketAddr, String> {
    let ip = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text).parse::<IpAddr>();
    let server = ip.map(|ip| SocketAddr::new(ip, 53)).or_else(|_| text.parse()).ok();
    server.filter(|server| server.port() != 0).ok_or_else(|| {
        format!(
            "`{}` is not a DNS server, such as `10.0.0.2` or `10.0.0.2:53`",
            text.chars().take(60).collect::<String>()
        )
    })
}

/// The generated JSON Schema of the configuration.
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
