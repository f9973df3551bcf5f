//! What is the agent told to do? TOML becomes checks and daemon settings; each error names the line, the key and the right form.

mod duration;
mod key;

pub use duration::parse_duration;

use crate::check::{Check, Intents};
use crate::observation::Intent;
use crate::plan::{AccessPath, Header, HeaderError, Method, Request};
use crate::probe::Limits;
use crate::target::{Expectation, Target, TargetInput};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::Spanned;

/// The configuration, ready to use.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the daemon listens.
    pub listen: Vec<SocketAddr>,
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
        let mut targets = Vec::<Scheduled>::new();
        for entry in &file.target {
            let scheduled = entry.get_ref().scheduled(&file, entry.span())?;
            let name = &scheduled.check.target.name;
            if targets.iter().any(|other| other.check.target.name == *name) {
                return Err(Fault {
                    at: entry.span().start,
                    message: format!("two targets are named `{name}`; give each a `name`"),
                });
            }
            targets.push(scheduled);
        }
        if targets.is_empty() {
            return Err(Fault {
                at: text.len(),
                message: "there is no target; a target begins with a line `[[target]]`".into(),
            });
        }
        Ok(Self {
            listen: file.listen.clone().unwrap_or_else(|| vec![SocketAddr::from(([127, 0, 0, 1], 9715))]),
            net: NetSettings {
                dns_servers: file.dns_servers.iter().map(|text| parse(text, parse_server)).collect::<Result<_, _>>()?,
                vpc_resolver: file.vpc_resolver.as_ref().map(|text| parse(text, parse_server)).transpose()?,
                ca_file: file.ca_file.clone(),
                system_roots: file.system_roots,
            },
            targets,
        })
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

/// The configuration file of apigw-probe.
#[expect(clippy::struct_field_names, reason = "`ca_file` is the name of the key")]
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// From the start of one round to the start of the next, such as `60s`.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    interval: Option<Spanned<String>>,
    /// The most that one path of one round may take, such as `10s`.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    timeout: Option<Spanned<String>>,
    /// Where the daemon listens; `127.0.0.1:9715` if absent.
    #[serde(default)]
    #[schemars(with = "Option<Vec<String>>")]
    listen: Option<Vec<SocketAddr>>,
    /// DNS servers (`IP` or `IP:PORT`) in place of the system's.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    dns_servers: Vec<Spanned<String>>,
    /// The resolver (`IP` or `IP:PORT`) that gives a second opinion; the VPC's own if absent.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    vpc_resolver: Option<Spanned<String>>,
    /// A PEM file with certificates to trust besides the built-in ones.
    #[serde(default)]
    ca_file: Option<PathBuf>,
    /// Whether the system's certificates are trusted too.
    #[serde(default)]
    system_roots: bool,
    /// What is probed.
    #[serde(default)]
    #[schemars(with = "Vec<Entry>")]
    target: Vec<Spanned<Entry>>,
}

/// One target.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What reports and metrics call it: letters, digits, `.`, `-` and `_`; the API id and the stage if absent.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    name: Option<Spanned<String>>,
    /// What the console shows for the stage.
    #[schemars(with = "String")]
    invoke_url: Spanned<String>,
    /// What the console shows for the endpoint: its DNS name.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    vpce_dns_name: Option<Spanned<String>>,
    /// The endpoint's id, if its DNS name is not at hand.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    vpce_id: Option<Spanned<String>>,
    /// The status codes that are success; `[200]` if absent.
    #[serde(default)]
    #[schemars(with = "Option<Vec<u16>>")]
    expect_status: Option<Spanned<Vec<u16>>>,
    /// Whether success needs API Gateway's marks too.
    #[serde(default)]
    require_api_gateway: bool,
    /// From the start of one round to the start of the next.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    interval: Option<Spanned<String>>,
    /// The most that one path of one round may take.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    timeout: Option<Spanned<String>>,
    /// The request method; `GET` if absent.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    method: Option<Spanned<String>>,
    /// Whether a method other than `GET`, `HEAD` and `OPTIONS` may be used.
    #[serde(default)]
    allow_unsafe_method: bool,
    /// Headers to add, each as `Name: value`.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    headers: Vec<Spanned<String>>,
    /// A file with headers to add that may be secret, one `Name: value` on each line.
    #[serde(default)]
    #[schemars(with = "Option<PathBuf>")]
    header_file: Option<Spanned<PathBuf>>,
    /// The TCP port to connect to; 443 if absent.
    #[serde(default)]
    port: Option<std::num::NonZeroU16>,
    /// The address to connect to in place of what DNS says.
    #[serde(default)]
    connect_to: Option<IpAddr>,
    /// Whether every address of a name gets a request of its own.
    #[serde(default)]
    every_address: bool,
    /// What is expected of each path; unnamed paths are required.
    #[serde(default)]
    paths: BTreeMap<AccessPath, Intent>,
}

impl Entry {
    fn scheduled(&self, file: &File, span: Range<usize>) -> Result<Scheduled, Fault> {
        let interval = match self.interval.as_ref().or(file.interval.as_ref()) {
            Some(text) => parse(text, |text| parse_duration(text, Duration::from_secs(1)..=LONGEST_INTERVAL))?,
            None => Duration::from_secs(60),
        };
        let timeout = match self.timeout.as_ref().or(file.timeout.as_ref()) {
            Some(text) => parse(text, |text| parse_duration(text, SHORTEST_TIMEOUT..=LONGEST_TIMEOUT))?,
            None => DEFAULT_TIMEOUT,
        };
        let check = Check {
            target: self.target()?,
            request: self.request()?,
            intents: Intents::new(self.paths.clone(), false),
            limits: Limits { timeout, every_address: self.every_address, show_body: false },
        };
        if !check.has_work() {
            return Err(Fault {
                at: span.start,
                message: "no path is left to probe; all are skipped or lack their input".into(),
            });
        }
        Ok(Scheduled { check, interval })
    }

    fn target(&self) -> Result<Target, Fault> {
        let name = self.name.as_ref().map(|name| parse(name, parse_target_name)).transpose()?;
        let status = match &self.expect_status {
            None => Expectation::default().status,
            Some(codes)
                if codes.get_ref().is_empty() || codes.get_ref().iter().any(|code| !(100..600).contains(code)) =>
            {
                return Err(Fault {
                    at: codes.span().start,
                    message: "`expect_status` is a list of status codes from 100 to 599, such as `[200]`".into(),
                });
            }
            Some(codes) => codes.get_ref().clone(),
        };
        let text = |text: &'_ Option<Spanned<String>>| text.as_ref().map(|text| text.get_ref().clone());
        let (vpce_dns_name, vpce_id) = (text(&self.vpce_dns_name), text(&self.vpce_id));
        Target::parse(TargetInput {
            invoke_url: self.invoke_url.get_ref(),
            vpce_dns_name: vpce_dns_name.as_deref(),
            vpce_id: vpce_id.as_deref(),
            name: name.as_deref(),
            expect: Expectation { status, api_gateway: self.require_api_gateway },
        })
        .map_err(|error| Fault { at: self.span_of(&error).start, message: error.to_string() })
    }

    fn span_of(&self, error: &crate::target::TargetError) -> Range<usize> {
        use crate::target::TargetError as E;
        let fallback = self.invoke_url.span();
        match error {
            E::Endpoint(_) | E::ApiAsEndpoint(_) => self.vpce_dns_name.as_ref().map_or(fallback, Spanned::span),
            E::VpceId(_) => self.vpce_id.as_ref().map_or(fallback, Spanned::span),
            E::UrlHost(_)
            | E::UrlEmpty
            | E::UrlLength(_)
            | E::UrlScheme(_)
            | E::UrlUserinfo
            | E::UrlPort(_)
            | E::UrlCharacter(..)
            | E::EndpointAsUrl(_) => fallback,
        }
    }

    fn request(&self) -> Result<Request, Fault> {
        let method = match &self.method {
            None => Method::get(),
            Some(text) => parse(text, Method::parse)?,
        };
        if let Some(text) = self.method.as_ref().filter(|_| !method.is_safe() && !self.allow_unsafe_method) {
            return Err(Fault {
                at: text.span().start,
                message: format!(
                    "`{method}` may change something in each round; if that is wanted, add `allow_unsafe_method = true`"
                ),
            });
        }
        let mut headers = self.headers.iter().map(|line| parse(line, Header::plain)).collect::<Result<Vec<_>, _>>()?;
        if let Some(file) = &self.header_file {
            let read = read_header_file(file.get_ref());
            headers.extend(read.map_err(|message| Fault { at: file.span().start, message })?);
        }
        Ok(Request {
            method,
            headers,
            header_file: self.header_file.as_ref().map(|file| file.get_ref().clone()),
            port: self.port.map_or(443, std::num::NonZeroU16::get),
            connect_to: self.connect_to,
        })
    }
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
    ip.map(|ip| SocketAddr::new(ip, 53)).or_else(|_| text.parse()).map_err(|_| {
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

fn parse_target_name(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if (1..=64).contains(&text.len()) && text.chars().all(fits) {
        return Ok(text.to_owned());
    }
    Err("a target's name has 1 to 64 letters, digits, `.`, `-` and `_`, such as `orders`".to_owned())
}

fn parse<T, E: ToString>(text: &Spanned<String>, read: impl FnOnce(&str) -> Result<T, E>) -> Result<T, Fault> {
    read(text.get_ref()).map_err(|error| Fault { at: text.span().start, message: error.to_string() })
}

/// The deadline of a path if none is given.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// The shortest deadline that can be given.
pub const SHORTEST_TIMEOUT: Duration = Duration::from_millis(10);
/// The longest deadline that can be given; integrations of private APIs may take five minutes.
pub const LONGEST_TIMEOUT: Duration = Duration::from_secs(600);
const LONGEST_INTERVAL: Duration = Duration::from_secs(7 * 86400);
