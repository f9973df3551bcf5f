//! Which options name a target, a request, a network? Parsed straight into the types of the inside.

use super::Stop;
use crate::aws::{AssumeRoleConfig, CredentialsBase, CredentialsCache, CredentialsConfig};
use crate::bounded_read;
use crate::check::{Auth, AuthMode, Check, Intents};
use crate::config::{
    LONGEST_TIMEOUT, NetSettings, SHORTEST_TIMEOUT, parse_address, parse_duration, parse_header_file, parse_server,
};
use crate::observation::Intent;
use crate::plan::{AccessPath, Header, Method, Missing, Request};
use crate::probe::Limits;
use crate::target::{Expectation, Region, Target, TargetError, TargetInput};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Everything that makes up a check.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    pub(super) target: TargetArgs,
    #[command(flatten)]
    request: RequestArgs,
    #[command(flatten)]
    pub(super) limits: LimitArgs,
    #[command(flatten)]
    pub(super) auth: AuthArgs,
}

impl CheckArgs {
    /// Joins the options into a check that has something to send; `usual` is the deadline if none was given.
    pub(super) fn check(&self, usual: Duration) -> Result<Check, Stop> {
        let target = self.target.target(self.limits.expectation())?;
        let auth = self.auth.auth(&target)?;
        self.check_of(target, auth, usual)
    }

    /// The same of a target that was read already, and with whoever signs.
    pub(super) fn check_of(&self, target: Target, auth: Auth, usual: Duration) -> Result<Check, Stop> {
        let check = Check {
            target: target.into(),
            request: self.request.request(&auth)?,
            auth,
            intents: self.target.intents()?,
            limits: self.limits.limits(usual),
            canary: self.limits.canary,
        };
        if check.has_work() {
            return Ok(check);
        }
        let hints: BTreeSet<&str> = check.missing().map(Missing::hint).collect();
        let nothing = "no path is left to probe: all are skipped or lack their input";
        Err(Stop::usage([nothing].into_iter().chain(hints).collect::<Vec<_>>().join("; ")))
    }
}

/// The ids of the options that make up a check.
pub(super) fn args_of_a_check() -> Vec<String> {
    let check = CheckArgs::augment_args(clap::Command::new("check"));
    check.get_arguments().map(|arg| arg.get_id().to_string()).filter(|id| id != "inputs").collect()
}

/// Whether an option stands on the command line, and not only in the environment.
pub(super) fn is_typed(matches: &ArgMatches, id: &str) -> bool {
    matches.value_source(id) == Some(ValueSource::CommandLine)
}

/// An option by its id, as it is typed.
pub(super) fn flag(id: &str) -> String {
    format!("--{}", if id == "headers" { "header".to_owned() } else { id.replace('_', "-") })
}

/// The options that name a target.
#[derive(Debug, Args)]
pub(super) struct TargetArgs {
    /// What the console shows for the stage, and the endpoint's DNS name
    #[arg(value_name = "INVOKE_URL [VPCE_DNS_NAME]")]
    pub(super) inputs: Vec<String>,
    /// The endpoint's id, if its DNS name is not at hand
    #[arg(long, value_name = "VPCE_ID", env = "APIGW_PROBE_VPCE_ID")]
    pub(super) vpce_id: Option<String>,
    /// The API is a public one (Regional, edge or HTTP API); INVOKE_URL may then have a custom domain name
    #[arg(long, env = "APIGW_PROBE_PUBLIC", value_parser = switch)]
    public: bool,
    /// The Region of the API, where no name tells it
    #[arg(long, value_name = "REGION", env = "APIGW_PROBE_REGION")]
    region: Option<String>,
    /// A custom domain name of the API beside INVOKE_URL, with its base path
    #[arg(long, value_name = "NAME[/BASE/PATH]", env = "APIGW_PROBE_CUSTOM_DOMAIN")]
    custom_domain: Option<String>,
    /// The endpoint's DNS name in one Availability Zone: a row of its own (repeat for more)
    #[arg(long, value_name = "ZONAL_DNS_NAME")]
    zonal_name: Vec<String>,
    /// Probe only this path, and others that are named (repeat for more)
    #[arg(long, value_name = "PATH")]
    pub(super) path: Vec<AccessPath>,
    /// This path must return an expected status (the default)
    #[arg(long, value_name = "PATH")]
    required: Vec<AccessPath>,
    /// This path is probed and never decides
    #[arg(long, value_name = "PATH")]
    optional: Vec<AccessPath>,
    /// This path must not return an expected status
    #[arg(long, value_name = "PATH")]
    forbidden: Vec<AccessPath>,
    /// Nothing is sent on this path
    #[arg(long, value_name = "PATH")]
    skip: Vec<AccessPath>,
}

/// The options that all requests of a round have in common.
#[derive(Debug, Args)]
pub(super) struct RequestArgs {
    /// The request method
    #[arg(long, value_name = "METHOD", default_value = "GET", value_parser = Method::parse, env = "APIGW_PROBE_METHOD")]
    method: Method,
    /// Add a header, as 'Name: value' (repeat for more)
    // parsed later: clap would repeat a refused value, which may be a secret
    #[arg(long = "header", value_name = "K: V")]
    headers: Vec<String>,
    /// Add the headers of a file, one 'Name: value' on each line; their values are shown nowhere
    #[arg(long, value_name = "FILE", env = "APIGW_PROBE_HEADER_FILE")]
    header_file: Option<PathBuf>,
    /// Connect to this TCP port; URL and Host header stay as documented
    #[arg(long, value_name = "N", default_value = "443", value_parser = clap::value_parser!(u16).range(1..), env = "APIGW_PROBE_PORT")]
    port: u16,
    /// Connect to this address in place of what DNS says
    #[arg(long, value_name = "IP", value_parser = parse_address, env = "APIGW_PROBE_CONNECT_TO")]
    connect_to: Option<IpAddr>,
}

/// The options that say whether calls are signed, and by whom.
#[derive(Debug, Args)]
pub(super) struct AuthArgs {
    /// Sign the calls (iam), or call each path unsigned and signed (both) [default: none]
    #[arg(
        long,
        value_name = "none|iam|both",
        default_value = "none",
        hide_default_value = true,
        env = "APIGW_PROBE_AUTH"
    )]
    auth: AuthMode,
    /// Take this role before signing, as across accounts
    #[arg(long, value_name = "ARN", value_parser = AssumeRoleConfig::parse_arn, env = "APIGW_PROBE_ASSUME_ROLE_ARN")]
    assume_role_arn: Option<String>,
    /// What the role's trust policy asks third parties for
    #[arg(long, value_name = "ID", env = "APIGW_PROBE_EXTERNAL_ID")]
    external_id: Option<String>,
    /// What account B reads in its logs as the session's name [default: apigw-probe]
    #[arg(long, value_name = "NAME", value_parser = AssumeRoleConfig::parse_session_name, env = "APIGW_PROBE_SESSION_NAME")]
    session_name: Option<String>,
    /// Take the credentials of this profile and nobody else's
    #[arg(long, value_name = "NAME", env = "APIGW_PROBE_PROFILE")]
    profile: Option<String>,
}

/// The options that say what counts as success, and how long to wait for it.
#[expect(clippy::struct_excessive_bools, reason = "they are flags")]
#[derive(Debug, Args)]
pub(super) struct LimitArgs {
    /// A status that is success (repeat for more) [default: 200]
    #[arg(long, value_name = "CODE", value_parser = status, env = "APIGW_PROBE_EXPECT_STATUS", value_delimiter = ',')]
    expect_status: Vec<u16>,
    /// Success needs API Gateway's marks in the answer too
    #[arg(long)]
    require_api_gateway: bool,
    /// The most that one path may take, first DNS packet to last body byte [default: 10s; nagios: 8s]
    #[arg(long, value_name = "TIME", value_parser = timeout, env = "APIGW_PROBE_TIMEOUT")]
    timeout: Option<Duration>,
    /// Send a request to every address of a name, not only to the first that answers
    #[arg(long)]
    every_address: bool,
    /// Call an API that does not exist too, unsigned; if it returns an expected status, the 200s of the others prove nothing
    #[arg(long)]
    canary: bool,
    /// Show the beginning of every body, whatever it holds
    #[arg(long)]
    show_body: bool,
}

/// The options that say how names are resolved and certificates trusted.
#[derive(Debug, Args)]
pub(super) struct NetArgs {
    /// Ask this DNS server in place of the system's (repeat for more)
    #[arg(long, value_name = "IP[:PORT]", value_parser = parse_server, env = "APIGW_PROBE_DNS_SERVER", value_delimiter = ',')]
    dns_server: Vec<SocketAddr>,
    /// Ask this resolver for a second opinion [default: the VPC's, unless --dns-server is given]
    #[arg(long, value_name = "IP[:PORT]", value_parser = parse_server, env = "APIGW_PROBE_VPC_RESOLVER")]
    vpc_resolver: Option<SocketAddr>,
    /// Trust the certificates of this PEM file too
    #[arg(long, value_name = "PEM", env = "APIGW_PROBE_CA_FILE")]
    ca_file: Option<PathBuf>,
    /// Trust the system's certificates too
    #[arg(long)]
    system_roots: bool,
}

impl TargetArgs {
    /// Reads INVOKE_URL and VPCE_DNS_NAME.
    pub(super) fn target(&self, expect: Expectation) -> Result<Target, Stop> {
        self.target_over(None, expect)
    }

    /// The same, with the name of an endpoint that was found where none was given.
    pub(super) fn target_over(&self, found: Option<&str>, expect: Expectation) -> Result<Target, Stop> {
        let (invoke_url, vpce_dns_name) = match self.inputs.as_slice() {
            [] => {
                return Err(Stop::usage(
                    "INVOKE_URL is missing, such as https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test",
                ));
            }
            [url] => (url, None),
            [url, name] => (url, Some(name.as_str())),
            [_, _, more, ..] => {
                return Err(Stop::usage(format!("`{more}` is one too many; INVOKE_URL and VPCE_DNS_NAME are read")));
            }
        };
        let vpce_dns_name = vpce_dns_name.or(found);
        let input = TargetInput {
            invoke_url,
            vpce_dns_name,
            vpce_id: self.vpce_id.as_deref(),
            zonal_dns_names: self.zonal_name.iter().map(String::as_str).collect(),
            public: self.public,
            region: self.region.as_deref(),
            custom_domain: self.custom_domain.as_deref(),
            name: None,
            expect,
        };
        Target::parse(input).map_err(Stop::usage)
    }

    /// The Region that was given.
    pub(super) fn region(&self) -> Result<Option<Region>, Stop> {
        let region = self.region.as_deref().map(|region| Region::parse(region.trim()));
        region.transpose().map_err(|error| Stop::usage(TargetError::Region(error)))
    }

    /// What is expected of each path; a path that is named twice with two intents is an error.
    pub(super) fn intents(&self) -> Result<Intents, Stop> {
        let mut named: BTreeMap<AccessPath, Intent> = BTreeMap::new();
        let lists = [
            (Intent::Required, &self.required),
            (Intent::Optional, &self.optional),
            (Intent::Forbidden, &self.forbidden),
            (Intent::Skip, &self.skip),
        ];
        for (intent, paths) in lists {
            for path in paths {
                if let Some(other) = named.insert(*path, intent).filter(|other| *other != intent) {
                    return Err(Stop::usage(format!("{path} cannot be both {other} and {intent}")));
                }
            }
        }
        for path in &self.path {
            named.entry(*path).or_insert(Intent::Required);
        }
        Ok(Intents::new(named, !self.path.is_empty()))
    }
}

impl RequestArgs {
    /// The request, with the header file read; it has no header that whoever signs sets.
    pub(super) fn request(&self, auth: &Auth) -> Result<Request, Stop> {
        let headers = self.headers.iter().map(|line| Header::plain(line));
        let mut headers =
            headers.collect::<Result<Vec<_>, _>>().map_err(|error| Stop::usage(format!("--header: {error}")))?;
        if let Some(file) = &self.header_file {
            let text = bounded_read::read_pipe_to_string(file);
            headers.extend(parse_header_file(file, text).map_err(Stop::Usage)?);
        }
        let request = Request {
            method: self.method.clone(),
            headers,
            header_file: self.header_file.clone(),
            ca_file: None,
            port: self.port,
            connect_to: self.connect_to,
        };
        match auth.header_of_signing(&request) {
            Some(name) => Err(Stop::usage(format!(
                "`{name}` is set by signing and cannot be given with --auth {}; leave out one of both",
                auth.mode()
            ))),
            None => Ok(request),
        }
    }
}

impl AuthArgs {
    /// Who signs, where credentials are for reading too: a profile is then no sign that calls are to be signed.
    pub(super) fn auth_beside_reading(&self, target: &Target) -> Result<Auth, Stop> {
        match self.auth {
            AuthMode::None if self.assume_role_arn.is_none() && self.external_id.is_none() => Ok(Auth::None),
            AuthMode::None | AuthMode::Iam | AuthMode::Both => self.auth(target),
        }
    }

    /// Returns where credentials come from.
    pub(super) fn base(&self) -> CredentialsBase {
        CredentialsBase::of_profile(self.profile.clone())
    }

    /// Who signs, if anybody does; nothing is read and nobody is asked yet.
    pub(super) fn auth(&self, target: &Target) -> Result<Auth, Stop> {
        let (external_id, session_name) = (self.external_id.clone(), self.session_name.clone());
        let of_role = [("--external-id", external_id.is_some()), ("--session-name", session_name.is_some())];
        let named = [("--assume-role-arn", self.assume_role_arn.is_some()), ("--profile", self.profile.is_some())];
        if let (Some((option, _)), None) = (of_role.iter().find(|(_, given)| *given), &self.assume_role_arn) {
            return Err(Stop::usage(format!("{option} goes with --assume-role-arn")));
        }
        let role = self.assume_role_arn.clone().map(|arn| AssumeRoleConfig { arn, external_id, session_name });
        let credentials = || {
            let config = CredentialsConfig::for_target(target, self.base(), role);
            config.map(CredentialsCache::new).ok_or_else(|| Stop::usage(NO_REGION))
        };
        match self.auth {
            AuthMode::None => match named.iter().find(|(_, given)| *given) {
                Some((option, _)) => {
                    Err(Stop::usage(format!("{option} is for signed calls: add --auth iam or --auth both")))
                }
                None => Ok(Auth::None),
            },
            AuthMode::Iam => Ok(Auth::Iam(credentials()?)),
            AuthMode::Both => Ok(Auth::Both(credentials()?)),
        }
    }
}

impl LimitArgs {
    /// What counts as success.
    pub(super) fn expectation(&self) -> Expectation {
        let mut expect = Expectation { api_gateway: self.require_api_gateway, ..Expectation::default() };
        if !self.expect_status.is_empty() {
            expect.status.clone_from(&self.expect_status);
        }
        expect
    }

    /// How long and how deep; `usual` is the deadline if none was given.
    pub(super) fn limits(&self, usual: Duration) -> Limits {
        Limits { timeout: self.timeout.unwrap_or(usual), every_address: self.every_address, show_body: self.show_body }
    }
}

impl NetArgs {
    /// How names are resolved and certificates trusted; what is not given here comes from `base`.
    pub(super) fn settings(&self, base: &NetSettings) -> NetSettings {
        NetSettings {
            dns_servers: if self.dns_server.is_empty() { base.dns_servers.clone() } else { self.dns_server.clone() },
            vpc_resolver: self.vpc_resolver.or(base.vpc_resolver),
            ca_file: self.ca_file.clone().or_else(|| base.ca_file.clone()),
            system_roots: self.system_roots || base.system_roots,
        }
    }
}

const NO_REGION: &str =
    "calls are signed for a Region, which a custom domain name does not tell: add --region, such as --region us-east-1";

fn timeout(text: &str) -> Result<Duration, String> {
    parse_duration(text, SHORTEST_TIMEOUT..=LONGEST_TIMEOUT)
}

/// What a switch has in the environment.
fn switch(text: &str) -> Result<bool, &'static str> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err("a switch is `true` or `false`"),
    }
}

fn status(text: &str) -> Result<u16, &'static str> {
    let code = text.trim().parse().ok().filter(|code| (100..600).contains(code));
    code.ok_or("a status code is a number from 100 to 599, such as `200`")
}
