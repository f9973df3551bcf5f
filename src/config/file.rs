//! What may stand in the file? Its form, each value with its place, and what it comes to.

use super::at::At;
use super::fault::{Fault, Places, line};
use super::{
    Config, DEFAULT_INTERVAL, DEFAULT_TIMEOUT, FileSettings, LONGEST_TIMEOUT, Listen, LoadSettings, LogFormat,
    LogLevel, LogSettings, NetSettings, SHORTEST_TIMEOUT, Scheduled, Untried, parse_address, parse_duration,
    parse_header_file, parse_host, parse_server,
};
use crate::aws::{AssumeRoleConfig, CredentialsBase, CredentialsCache, CredentialsConfig};
use crate::bounded_read;
use crate::check::{Auth, AuthMode, Check, Intents};
use crate::observation::Intent;
use crate::plan::{AccessPath, Header, Method, Request};
use crate::probe::Limits;
use crate::status::Schedule;
use crate::target::{Expectation, Target, TargetError, TargetInput};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

/// The configuration file of apigw-probe.
#[expect(clippy::struct_field_names, reason = "`ca_file` is the name of the key")]
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// From the start of one round to the start of the next, such as `60s`.
    #[schemars(example = "60s")]
    interval: Option<At<String>>,
    /// The most that one path of one round may take, such as `10s`.
    #[schemars(example = "10s")]
    timeout: Option<At<String>>,
    /// Who says when a round begins: the daemon at each interval, or whoever asks `/probe`; `interval` if absent.
    schedule: Option<Schedule>,
    /// How old the last round may be that answers `/probe` in place of a new one, such as `30s`; half an interval if absent.
    #[schemars(example = "30s")]
    probe_min_age: Option<At<String>>,
    /// How many paths may be under way at once, over all targets; 512 if absent.
    #[schemars(example = 512)]
    max_in_flight: Option<At<i64>>,
    /// How many DNS queries may be sent in a second, over all targets; 200 if absent.
    #[schemars(example = 200)]
    dns_queries_per_second: Option<At<i64>>,
    /// The form of a line of the log; `text` if absent.
    log_format: Option<LogFormat>,
    /// The least that is worth a line of the log; `info` if absent.
    log_level: Option<LogLevel>,
    /// A file to keep up to date with the metrics, for node_exporter's textfile collector: its name ends in `.prom`.
    #[schemars(example = TEXTFILE_EXAMPLE)]
    textfile: Option<At<PathBuf>>,
    /// A folder to keep up to date with the last report of each target, as `NAME.json`.
    #[schemars(example = "/var/lib/apigw-probe")]
    output_dir: Option<At<PathBuf>>,
    /// Where the daemon listens: `IP:PORT`, `unix:/PATH`, or `systemd` for the sockets of a socket unit; `127.0.0.1:9715` if
    /// absent. Sockets that systemd hands over replace the list, unless it names `systemd`.
    #[schemars(example = ["127.0.0.1:9715"])]
    listen: Option<Vec<At<String>>>,
    /// Host names under which listeners on loopback are served, in addition to `localhost` and IP addresses; for a reverse proxy or
    /// a browser that uses another name. It has no effect with `web_config_file`.
    #[serde(default)]
    #[schemars(example = ["probe.example.com"])]
    allowed_hosts: Vec<At<String>>,
    /// A file in the format of exporter-toolkit's web configuration: TLS, client certificates, users, headers, rate limit.
    #[schemars(example = "/etc/apigw-probe/web.yml")]
    web_config_file: Option<At<PathBuf>>,
    /// DNS servers (`IP` or `IP:PORT`) in place of the system's.
    #[serde(default)]
    #[schemars(example = ["10.0.0.2"])]
    dns_servers: Vec<At<String>>,
    /// The resolver (`IP` or `IP:PORT`) that gives a second opinion; the VPC's own if absent.
    #[schemars(example = "10.0.0.2")]
    vpc_resolver: Option<At<String>>,
    /// A PEM file with certificates to trust besides the built-in ones.
    #[schemars(example = "/etc/apigw-probe/ca.pem")]
    ca_file: Option<At<PathBuf>>,
    /// Whether the system's certificates are trusted too.
    #[serde(default)]
    system_roots: bool,
    /// What is probed.
    #[serde(default)]
    target: Vec<At<Entry>>,
}

/// One target.
#[expect(clippy::struct_excessive_bools, reason = "they are keys of the file")]
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// What reports and metrics call it: letters, digits, `.`, `-` and `_`; the API id and the stage if absent.
    #[schemars(example = &"orders")]
    name: Option<At<String>>,
    /// What the console shows for the stage.
    #[schemars(example = "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test")]
    invoke_url: At<String>,
    /// What the console shows for the endpoint: its DNS name.
    #[schemars(example = "vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com")]
    vpce_dns_name: Option<At<String>>,
    /// The endpoint's id, if its DNS name is not at hand.
    #[schemars(example = "vpce-1a2b3c456d7e89012")]
    vpce_id: Option<At<String>>,
    /// Whether the API is a public one (Regional, edge or HTTP API); then `invoke_url` may have a custom domain name.
    #[serde(default)]
    public: bool,
    /// The Region of the API, where no name tells it.
    region: Option<At<String>>,
    /// A custom domain name of the API beside `invoke_url`, with its base path: `private.example.com/orders`.
    custom_domain: Option<At<String>>,
    /// DNS names of the endpoint in single Availability Zones: each gives a row of its own, and names the zone of its address.
    zonal_dns_names: Option<At<Vec<String>>>,
    /// The status codes that are success; `[200]` if absent.
    #[schemars(example = [200], inner(range(min = 100, max = 599)))]
    expect_status: Option<At<Vec<u16>>>,
    /// Whether success needs API Gateway's marks too.
    #[serde(default)]
    require_api_gateway: bool,
    /// From the start of one round to the start of the next.
    #[schemars(example = "60s")]
    interval: Option<At<String>>,
    /// The most that one path of one round may take.
    #[schemars(example = "10s")]
    timeout: Option<At<String>>,
    /// Who says when a round begins.
    schedule: Option<Schedule>,
    /// How old the last round may be that answers `/probe` in place of a new one.
    #[schemars(example = "30s")]
    probe_min_age: Option<At<String>>,
    /// The request method; `GET` if absent.
    #[schemars(example = &"GET")]
    method: Option<At<String>>,
    /// Whether a method other than `GET`, `HEAD` and `OPTIONS` may be used.
    #[serde(default)]
    allow_unsafe_method: bool,
    /// Headers to add, each as `Name: value`.
    #[serde(default)]
    #[schemars(example = ["Accept: application/json"])]
    headers: Vec<At<String>>,
    /// A file with headers to add that may be secret, one `Name: value` on each line.
    #[schemars(example = "/run/credentials/apigw-probe.service/headers")]
    header_file: Option<At<PathBuf>>,
    /// The TCP port to connect to; 443 if absent.
    #[schemars(example = 443)]
    port: Option<NonZeroU16>,
    /// The address to connect to in place of what DNS says.
    #[schemars(example = "10.0.1.23")]
    connect_to: Option<At<String>>,
    /// Whether every address of a name gets a request of its own.
    #[serde(default)]
    every_address: bool,
    /// Whether calls are signed: `none` (the usual), `iam`, or `both`, which calls each path unsigned and signed.
    auth: Option<AuthMode>,
    /// The role to take before signing: `arn:aws:iam::ACCOUNT:role/NAME`.
    #[schemars(example = "arn:aws:iam::222233334444:role/probe")]
    assume_role_arn: Option<At<String>>,
    /// What the role's trust policy asks third parties for.
    external_id: Option<At<String>>,
    /// What account B reads in its logs as the session's name; `apigw-probe` if absent.
    #[schemars(example = "apigw-probe")]
    session_name: Option<At<String>>,
    /// The one profile of AWS's shared files whose credentials are taken; the usual chain if absent.
    profile: Option<At<String>>,
    /// Whether an API that does not exist is called too, which must not return an expected status.
    #[serde(default)]
    canary: bool,
    /// What is expected of each path; unnamed paths are required.
    #[serde(default)]
    #[schemars(extend("propertyNames" = path_names()))]
    paths: BTreeMap<AccessPath, Intent>,
}

impl File {
    /// What the file comes to, whose text this is.
    pub(super) fn config(&self, text: &str) -> Result<Config, Fault> {
        let mut targets = Vec::<Scheduled>::new();
        for entry in &self.target {
            let mut scheduled = entry.get().scheduled(self, entry)?;
            scheduled.check.auth.share(targets.iter().map(|other| &other.check.auth));
            let name = &scheduled.check.target.name;
            if targets.iter().any(|other| other.check.target.name == *name) {
                return Err(entry.fault(format!("two targets are named `{name}`; give each a `name`")));
            }
            targets.push(scheduled);
        }
        if targets.is_empty() {
            let message = "there is no target; a target begins with a line `[[target]]`".into();
            return Err(Fault { at: text.len(), message });
        }
        Ok(Config {
            listen: self.listen()?,
            allowed_hosts: self.allowed_hosts.iter().map(|name| name.parse(parse_host)).collect::<Result<_, _>>()?,
            web_config_file: self.web_config_file.as_ref().map(|file| file.get().clone()),
            net: NetSettings {
                dns_servers: self.dns_servers.iter().map(|text| text.parse(parse_server)).collect::<Result<_, _>>()?,
                vpc_resolver: self.vpc_resolver.as_ref().map(|text| text.parse(parse_server)).transpose()?,
                ca_file: self.ca_file.as_ref().map(|file| file.get().clone()),
                system_roots: self.system_roots,
            },
            load: self.load()?,
            log: self.log(),
            files: self.files()?,
            places: self.places(text, &targets),
            targets,
        })
    }

    /// Where the values stand that show later whether they are good.
    fn places(&self, text: &str, targets: &[Scheduled]) -> Places {
        let files = [(Untried::CaFile, &self.ca_file), (Untried::WebConfigFile, &self.web_config_file)];
        let files = files.into_iter().filter_map(|(value, file)| Some((value, file.as_ref()?.span().start)));
        let listen = self.listen.iter().flatten().filter_map(|entry| {
            let place = entry.get().parse().ok()?;
            Some((Untried::Listen(place), entry.span().start))
        });
        let profiles = self.target.iter().zip(targets).map(|(entry, target)| {
            let place = entry.get().profile.as_ref().map_or(entry.span().start, |profile| profile.span().start);
            (Untried::Profile(target.check.target.name.clone()), place)
        });
        let lines = files.chain(listen).chain(profiles).map(|(value, at)| (value, line(text, at))).collect();
        Places { file: PathBuf::new(), lines }
    }

    fn listen(&self) -> Result<Vec<Listen>, Fault> {
        let Some(entries) = &self.listen else { return Ok(vec![Listen::Tcp(DEFAULT_LISTEN.into())]) };
        let mut listen = Vec::new();
        for entry in entries {
            let place: Listen = entry.parse(str::parse)?;
            if listen.contains(&place) {
                return Err(entry.fault(format!("`{place}` stands twice in `listen`; once is enough")));
            }
            if let Some(other) = listen.iter().find(|other| place.excludes(other)) {
                return Err(entry.fault(format!("`{place}` and `{other}` exclude each other; the wider one is enough")));
            }
            listen.push(place);
        }
        Ok(listen)
    }

    fn load(&self) -> Result<LoadSettings, Fault> {
        let usual = LoadSettings::default();
        let number = |given: &Option<At<i64>>, usual: u32, bounds: RangeInclusive<u32>| match given {
            None => Ok(usual),
            Some(number) => {
                let fitting = u32::try_from(*number.get()).ok().filter(|number| bounds.contains(number));
                let (least, most) = (bounds.start(), bounds.end());
                fitting.ok_or_else(|| number.fault(format!("{} is not between {least} and {most}", number.get())))
            }
        };
        Ok(LoadSettings {
            max_in_flight: number(&self.max_in_flight, usual.max_in_flight, MAX_IN_FLIGHT)?,
            dns_queries_per_second: number(
                &self.dns_queries_per_second,
                usual.dns_queries_per_second,
                DNS_QUERIES_PER_SECOND,
            )?,
        })
    }

    fn log(&self) -> LogSettings {
        let usual = LogSettings::default();
        LogSettings { format: self.log_format.unwrap_or(usual.format), level: self.log_level.unwrap_or(usual.level) }
    }

    fn files(&self) -> Result<FileSettings, Fault> {
        let named = |path: &At<PathBuf>, wanted: &str| {
            let is_absolute = path.get().is_absolute();
            is_absolute
                .then(|| path.get().clone())
                .ok_or_else(|| path.fault(format!("this is a whole path, such as `{wanted}`")))
        };
        let textfile = self.textfile.as_ref().map(|path| named(path, TEXTFILE_EXAMPLE)).transpose()?;
        if let (Some(path), Some(at)) = (&textfile, &self.textfile)
            && path.extension().is_none_or(|extension| extension != "prom")
        {
            return Err(
                at.fault(format!("node_exporter reads files that end in `.prom` only, such as `{TEXTFILE_EXAMPLE}`"))
            );
        }
        let output_dir = self.output_dir.as_ref().map(|path| named(path, "/var/lib/apigw-probe")).transpose()?;
        Ok(FileSettings { textfile, output_dir })
    }
}

impl Entry {
    fn scheduled(&self, file: &File, place: &At<Self>) -> Result<Scheduled, Fault> {
        let interval = match self.interval.as_ref().or(file.interval.as_ref()) {
            Some(text) => text.parse(|text| parse_duration(text, SHORTEST_INTERVAL..=LONGEST_INTERVAL))?,
            None => DEFAULT_INTERVAL,
        };
        let timeout = match self.timeout.as_ref().or(file.timeout.as_ref()) {
            Some(text) => text.parse(|text| parse_duration(text, SHORTEST_TIMEOUT..=LONGEST_TIMEOUT))?,
            None => DEFAULT_TIMEOUT,
        };
        let probe_min_age = match self.probe_min_age.as_ref().or(file.probe_min_age.as_ref()) {
            Some(text) => text.parse(|text| parse_duration(text, Duration::ZERO..=LONGEST_INTERVAL))?,
            None => interval / 2,
        };
        let target = self.target()?;
        let check = Check {
            auth: self.auth(&target)?,
            target: target.into(),
            request: self.request(file)?,
            intents: Intents::new(self.paths.clone(), false),
            limits: Limits { timeout, every_address: self.every_address, show_body: false },
            canary: self.canary,
        };
        if let Some(name) = check.auth.header_of_signing(&check.request) {
            let message = format!("`{name}` is set by signing: take it out, or leave `auth` out");
            return Err(self
                .header_file
                .as_ref()
                .map_or_else(|| place.fault(message.clone()), |file| file.fault(message.clone())));
        }
        if check.has_work() {
            let schedule = self.schedule.or(file.schedule).unwrap_or(Schedule::Interval);
            Ok(Scheduled { check, interval, schedule, probe_min_age })
        } else {
            Err(place.fault("no path is left to probe: all are skipped or lack their input"))
        }
    }

    fn target(&self) -> Result<Target, Fault> {
        let name = self.name.as_ref().map(|name| name.parse(parse_target_name)).transpose()?;
        let status = match &self.expect_status {
            None => Expectation::default().status,
            Some(codes) if !codes.get().is_empty() && codes.get().iter().all(|code| (100..600).contains(code)) => {
                codes.get().clone()
            }
            Some(codes) => {
                return Err(codes.fault("these are status codes from 100 to 599, such as `[200]`"));
            }
        };
        let input = TargetInput {
            invoke_url: self.invoke_url.get(),
            vpce_dns_name: self.vpce_dns_name.as_ref().map(|text| text.get().as_str()),
            vpce_id: self.vpce_id.as_ref().map(|text| text.get().as_str()),
            zonal_dns_names: self.zonal_dns_names.iter().flat_map(At::get).map(String::as_str).collect(),
            public: self.public,
            region: self.region.as_ref().map(|text| text.get().as_str()),
            custom_domain: self.custom_domain.as_ref().map(|text| text.get().as_str()),
            name: name.as_deref(),
            expect: Expectation { status, api_gateway: self.require_api_gateway },
        };
        Target::parse(input).map_err(|error| self.fault_of(&error))
    }

    /// An error at the value that it speaks of.
    fn fault_of(&self, error: &TargetError) -> Fault {
        let value = match error {
            TargetError::Zonal(_) | TargetError::NoZone(_) | TargetError::ZoneTwice(..) => {
                let list = self.zonal_dns_names.as_ref();
                return list
                    .map_or_else(|| self.invoke_url.fault(error.to_string()), |list| list.fault(error.to_string()));
            }
            TargetError::Endpoint(_) | TargetError::NoEndpoint(_) | TargetError::ApiAsEndpoint(_) => {
                self.vpce_dns_name.as_ref()
            }
            TargetError::VpceId(_) => self.vpce_id.as_ref(),
            TargetError::Region(_) | TargetError::RegionOfUrl { .. } => self.region.as_ref(),
            TargetError::CustomDomain(_)
            | TargetError::DomainCharacter(..)
            | TargetError::ApiAsDomain(_)
            | TargetError::DomainTwice(_) => self.custom_domain.as_ref(),
            TargetError::UrlHost(_)
            | TargetError::UrlDomain(_)
            | TargetError::UrlNoDomain(_)
            | TargetError::UrlEmpty
            | TargetError::UrlLength(_)
            | TargetError::UrlScheme(_)
            | TargetError::UrlUserinfo
            | TargetError::UrlCredential(_)
            | TargetError::UrlPort(_)
            | TargetError::UrlCharacter(..)
            | TargetError::EndpointAsUrl(_) => None,
        };
        value.unwrap_or(&self.invoke_url).fault(error.to_string())
    }

    fn request(&self, file: &File) -> Result<Request, Fault> {
        let mut headers = self.headers.iter().map(|line| line.parse(Header::plain)).collect::<Result<Vec<_>, _>>()?;
        if let Some(secrets) = &self.header_file {
            let text = bounded_read::read_to_string(secrets.get());
            headers.extend(parse_header_file(secrets.get(), text).map_err(|message| secrets.fault(message))?);
        }
        Ok(Request {
            method: self.method()?,
            headers,
            header_file: self.header_file.as_ref().map(|file| file.get().clone()),
            ca_file: file.ca_file.as_ref().map(|file| file.get().clone()),
            port: self.port.map_or(443, NonZeroU16::get),
            connect_to: self.connect_to.as_ref().map(|ip| ip.parse(parse_address)).transpose()?,
        })
    }

    /// Who signs, if anybody does; nothing is read and nobody is asked yet.
    fn auth(&self, target: &Target) -> Result<Auth, Fault> {
        let arn = self.assume_role_arn.as_ref().map(|arn| arn.parse(AssumeRoleConfig::parse_arn)).transpose()?;
        let session_name =
            self.session_name.as_ref().map(|name| name.parse(AssumeRoleConfig::parse_session_name)).transpose()?;
        let external_id = self.external_id.as_ref().map(|id| id.get().clone());
        for value in [&self.external_id, &self.session_name] {
            if let (Some(value), None) = (value, &arn) {
                return Err(value.fault("it goes with `assume_role_arn`"));
            }
        }
        let role = arn.map(|arn| AssumeRoleConfig { arn, external_id, session_name });
        let base = CredentialsBase::of_profile(self.profile.as_ref().map(|name| name.get().clone()));
        let credentials = || {
            let message = "calls are signed for a Region, which a custom domain name does not tell: add `region`";
            let config = CredentialsConfig::for_target(target, base, role);
            config.map(CredentialsCache::new).ok_or_else(|| self.invoke_url.fault(message))
        };
        match self.auth.unwrap_or(AuthMode::None) {
            AuthMode::None => match self.assume_role_arn.as_ref().or(self.profile.as_ref()) {
                Some(value) => Err(value.fault("it is for signed calls: add `auth = \"iam\"` or `auth = \"both\"`")),
                None => Ok(Auth::None),
            },
            AuthMode::Iam => Ok(Auth::Iam(credentials()?)),
            AuthMode::Both => Ok(Auth::Both(credentials()?)),
        }
    }

    fn method(&self) -> Result<Method, Fault> {
        let Some(text) = &self.method else { return Ok(Method::get()) };
        let method = text.parse(Method::parse)?;
        if method.is_harmless() || self.allow_unsafe_method {
            return Ok(method);
        }
        let message = "may change something in each round; if that is wanted, add `allow_unsafe_method = true`";
        Err(text.fault(format!("`{method}` {message}")))
    }
}

/// What the keys of a map of paths may be.
fn path_names() -> serde_json::Value {
    let names: Vec<&str> = AccessPath::ALL.iter().map(|path| path.name()).collect();
    serde_json::json!({ "enum": names })
}

fn parse_target_name(text: &str) -> Result<String, &'static str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    // it is the name of a file and a part of a URL, too
    if (1..=64).contains(&text.len()) && text.chars().all(fits) && !text.starts_with('.') {
        return Ok(text.to_owned());
    }
    Err("a target's name has 1 to 64 letters, digits, `.`, `-` and `_`, and does not begin with `.`, such as `orders`")
}

const DEFAULT_LISTEN: ([u8; 4], u16) = ([127, 0, 0, 1], 9715);
const TEXTFILE_EXAMPLE: &str = "/var/lib/prometheus/node-exporter/apigw-probe.prom";
/// A round of one target has four paths.
const MAX_IN_FLIGHT: RangeInclusive<u32> = 4..=100_000;
/// A round of one target asks for three names; the VPC's resolver takes 1,024 packets in a second.
const DNS_QUERIES_PER_SECOND: RangeInclusive<u32> = 6..=1024;
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
const LONGEST_INTERVAL: Duration = Duration::from_secs(7 * 86400);
