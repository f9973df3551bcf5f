//! What is probed? One private API deployment stage as seen from one VPC endpoint, read out of the two strings that the console shows.

mod name;

pub use name::{ApiId, AwsHost, AwsHostKind, DnsSuffix, HostName, NameError, Region, VpceId, Zone};

use name::excerpt;
use std::fmt;

/// One private API deployment stage as seen from one VPC endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What reports and metrics call it.
    pub name: String,
    /// The invoke URL, with its scheme and without a port.
    pub invoke_url: String,
    /// The name that was given for the endpoint, bare: its own or its alias.
    pub vpce_dns_name: Option<String>,
    /// The API.
    pub api: ApiId,
    /// The Region of the API.
    pub region: Region,
    /// The DNS suffix in the API's names.
    pub suffix: DnsSuffix,
    /// The deployment stage, the first segment of the URL's path; absent if the URL has no path.
    pub stage: Option<String>,
    /// Path and query as they go on the request line, beginning with `/`.
    pub path_and_query: String,
    /// The endpoint's id, where any input held it.
    pub vpce: Option<VpceId>,
    /// The endpoint's DNS name, where it was given.
    pub endpoint: Option<Endpoint>,
    /// What counts as success.
    pub expect: Expectation,
    /// What in the input contradicts itself or looks unusual; the probe runs all the same.
    pub warnings: Vec<Warning>,
}

/// The DNS name of an interface endpoint, regional or of one zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The whole name.
    pub name: HostName,
    /// The Region in the name.
    pub region: Region,
    /// The zone, if the name is a zonal one.
    pub zone: Option<Zone>,
}

/// What counts as success on a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The HTTP status codes that are success.
    pub status: Vec<u16>,
    /// Whether the answer must carry API Gateway's marks too.
    pub api_gateway: bool,
}

impl Default for Expectation {
    fn default() -> Self {
        Self { status: vec![200], api_gateway: false }
    }
}

/// What a user gives to name a target; only the invoke URL is needed.
#[derive(Debug, Clone, Default)]
pub struct TargetInput<'a> {
    /// What the console shows for the stage; scheme and path may be missing.
    pub invoke_url: &'a str,
    /// What the console shows for the endpoint: its DNS name, in any of its forms.
    pub vpce_dns_name: Option<&'a str>,
    /// The endpoint's id, if its DNS name is not at hand.
    pub vpce_id: Option<&'a str>,
    /// A name for reports; the API id and the stage if absent.
    pub name: Option<&'a str>,
    /// What counts as success.
    pub expect: Expectation,
}

impl Target {
    /// Reads a target out of what the console shows. What contradicts becomes a warning, what cannot be read an error.
    pub fn parse(input: TargetInput<'_>) -> Result<Self, TargetError> {
        let url = InvokeUrl::parse(input.invoke_url)?;
        let given = input.vpce_dns_name.map(EndpointInput::parse).transpose()?;
        let vpce_id = input.vpce_id.map(|id| VpceId::parse(id.trim())).transpose().map_err(TargetError::VpceId)?;

        let mut warnings = url.warnings;
        let (api, alias_vpce) = match url.host.kind {
            AwsHostKind::Api(api) => (api, None),
            AwsHostKind::Alias(api, vpce) => (api, Some(vpce)),
            AwsHostKind::Endpoint(..) => return Err(TargetError::EndpointAsUrl(url.host.name.to_string())),
        };
        let mut endpoint = None;
        let mut vpce_dns_name = None;
        let given_vpce = match given {
            None => None,
            Some(EndpointInput::Id(vpce)) => Some(vpce),
            Some(EndpointInput::Host(host)) => {
                if host.region != url.host.region {
                    warnings
                        .push(Warning::RegionsDiffer { url: url.host.region.clone(), endpoint: host.region.clone() });
                }
                if host.suffix != url.host.suffix {
                    warnings.push(Warning::SuffixesDiffer { url: url.host.suffix, endpoint: host.suffix });
                }
                vpce_dns_name = Some(host.name.to_string());
                match host.kind {
                    AwsHostKind::Endpoint(vpce, zone) => {
                        endpoint = Some(Endpoint { name: host.name, region: host.region, zone });
                        Some(vpce)
                    }
                    AwsHostKind::Alias(other, vpce) => {
                        if other != api {
                            warnings.push(Warning::AliasOfAnotherApi { url: api.clone(), alias: other });
                        }
                        Some(vpce)
                    }
                    AwsHostKind::Api(_) => return Err(TargetError::ApiAsEndpoint(host.name.to_string())),
                }
            }
        };
        let mut ids = [vpce_id, given_vpce, alias_vpce].into_iter().flatten();
        let vpce = ids.next();
        if let (Some(used), Some(other)) = (&vpce, ids.find(|id| Some(id) != vpce.as_ref())) {
            warnings.push(Warning::EndpointsDiffer { used: used.clone(), other });
        }
        if let Some(vpce) = vpce.as_ref().filter(|vpce| !vpce.is_usual()) {
            warnings.push(Warning::UnusualVpceId(vpce.clone()));
        }
        if !api.is_usual() {
            warnings.push(Warning::UnusualApiId(api.clone()));
        }
        let expected = DnsSuffix::of_region(&url.host.region);
        if let Some(expected) = expected.filter(|expected| *expected != url.host.suffix) {
            warnings.push(Warning::SuffixOfAnotherPartition {
                region: url.host.region.clone(),
                given: url.host.suffix,
                expected,
            });
        }
        let name = match (input.name, &url.stage) {
            (Some(name), _) => name.to_owned(),
            (None, Some(stage)) => format!("{api}-{stage}"),
            (None, None) => api.to_string(),
        };
        Ok(Self {
            name,
            invoke_url: format!("https://{}{}", url.host.name, url.path_and_query),
            vpce_dns_name,
            api,
            region: url.host.region,
            suffix: url.host.suffix,
            stage: url.stage,
            path_and_query: url.path_and_query,
            vpce,
            endpoint,
            expect: input.expect,
            warnings,
        })
    }

    /// The API's own name, `{api}.execute-api.{region}.{suffix}`: what private DNS answers.
    pub fn invoke_name(&self) -> HostName {
        self.execute_api_name(self.api.as_str())
    }

    /// The Route 53 alias of API and endpoint, `{api}-{vpce}.execute-api.{region}.{suffix}`, where the endpoint's id is known.
    pub fn alias_name(&self) -> Option<HostName> {
        let vpce = self.vpce.as_ref()?;
        Some(self.execute_api_name(&format!("{}-{vpce}", self.api)))
    }

    /// The path within the stage, without the query, as it stands in ARNs: `/` for the root.
    pub fn resource(&self) -> &str {
        let path = self.path_and_query.split('?').next().unwrap_or_default();
        let within = path.splitn(3, '/').nth(2).unwrap_or_default();
        if within.is_empty() { "/" } else { &path[path.len() - within.len() - 1..] }
    }

    /// The partition as it stands in ARNs.
    pub fn partition(&self) -> &'static str {
        self.suffix.partition(&self.region)
    }

    fn execute_api_name(&self, label: &str) -> HostName {
        let text = format!("{label}.execute-api.{}.{}", self.region, self.suffix);
        HostName::parse(&text).expect("pieces of parsed names make a name")
    }
}

/// Something in the input that contradicts itself or looks unusual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// The URL's Region is not the endpoint's.
    RegionsDiffer {
        /// The Region in the invoke URL.
        url: Region,
        /// The Region in the endpoint's name.
        endpoint: Region,
    },
    /// The URL's DNS suffix is not the endpoint's.
    SuffixesDiffer {
        /// The suffix in the invoke URL.
        url: DnsSuffix,
        /// The suffix in the endpoint's name.
        endpoint: DnsSuffix,
    },
    /// The URL's DNS suffix belongs to another partition than its Region.
    SuffixOfAnotherPartition {
        /// The Region in the invoke URL.
        region: Region,
        /// The suffix in the invoke URL.
        given: DnsSuffix,
        /// The suffix of the Region's partition.
        expected: DnsSuffix,
    },
    /// The alias given as the endpoint's name is of another API.
    AliasOfAnotherApi {
        /// The API of the invoke URL, which is used.
        url: ApiId,
        /// The API in the alias.
        alias: ApiId,
    },
    /// Two inputs name two endpoints.
    EndpointsDiffer {
        /// The endpoint that is used.
        used: VpceId,
        /// The other one.
        other: VpceId,
    },
    /// The API id is not ten characters long.
    UnusualApiId(ApiId),
    /// The endpoint id has neither 8 nor 17 hexadecimal digits.
    UnusualVpceId(VpceId),
    /// The URL has no stage.
    NoStage,
    /// The stage has other characters than letters, digits, `-` and `_`, or more than 128.
    UnusualStage(String),
    /// The URL's scheme is `http`.
    PlainHttp,
}

impl Warning {
    /// The machine name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::RegionsDiffer { .. } => "regions-differ",
            Self::SuffixesDiffer { .. } => "suffixes-differ",
            Self::SuffixOfAnotherPartition { .. } => "suffix-of-another-partition",
            Self::AliasOfAnotherApi { .. } => "alias-of-another-api",
            Self::EndpointsDiffer { .. } => "endpoints-differ",
            Self::UnusualApiId(_) => "unusual-api-id",
            Self::UnusualVpceId(_) => "unusual-vpce-id",
            Self::NoStage => "no-stage",
            Self::UnusualStage(_) => "unusual-stage",
            Self::PlainHttp => "plain-http",
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RegionsDiffer { url, endpoint } => {
                write!(f, "the invoke URL is of {url}, the endpoint of {endpoint}; both must be in one Region")
            }
            Self::SuffixesDiffer { url, endpoint } => {
                write!(
                    f,
                    "the invoke URL ends in `{url}`, the endpoint's name in `{endpoint}`; both must be of one partition"
                )
            }
            Self::SuffixOfAnotherPartition { region, given, expected } => {
                write!(f, "the invoke URL ends in `{given}`, but names in {region} end in `{expected}`")
            }
            Self::AliasOfAnotherApi { url, alias } => {
                write!(f, "the alias is of API `{alias}`, the invoke URL of API `{url}`; `{url}` is probed")
            }
            Self::EndpointsDiffer { used, other } => {
                write!(f, "two endpoints are named, `{used}` and `{other}`; `{used}` is used")
            }
            Self::UnusualApiId(api) => {
                write!(f, "`{api}` is an unusual API id; those seen so far have ten characters, such as `a1bc234d5e`")
            }
            Self::UnusualVpceId(vpce) => {
                write!(
                    f,
                    "`{vpce}` is an unusual endpoint id; those seen so far have 8 or 17 hexadecimal digits, such as `vpce-1a2b3c456d7e89012`"
                )
            }
            Self::NoStage => {
                f.write_str("the invoke URL has no stage, such as `/test`; API Gateway answers 403 without one")
            }
            Self::UnusualStage(stage) => {
                write!(f, "`{stage}` is an unusual stage name; stages have up to 128 letters, digits, `-` and `_`")
            }
            Self::PlainHttp => f.write_str(
                "the invoke URL begins with `http://`; private APIs answer on https only, which is what is probed",
            ),
        }
    }
}

/// Input that does not name a target, with the right form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// The host of the invoke URL.
    #[error("invoke URL: {0}")]
    UrlHost(NameError),
    /// The invoke URL is empty.
    #[error("invoke URL: it is empty; the form is `https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test`")]
    UrlEmpty,
    /// The invoke URL is longer than any that API Gateway reads.
    #[error("invoke URL: it is {0} bytes long, {MOST_URL_BYTES} is the most")]
    UrlLength(usize),
    /// Another scheme than https.
    #[error("invoke URL: `{0}://` is not `https://`")]
    UrlScheme(String),
    /// User name or password in the URL, which is not repeated.
    #[error("invoke URL: it holds a user name or password before `@`; give credentials in a `--header-file`")]
    UrlUserinfo,
    /// A parameter of a presigned URL, whose value is not repeated.
    #[error(
        "invoke URL: `{0}` belongs to a presigned URL; give the URL without its signature, credentials do not go into the URL"
    )]
    UrlCredential(&'static str),
    /// A port other than 443.
    #[error(
        "invoke URL: `:{0}` is not a port that API Gateway answers on, which is 443 alone; `--port` dials another one"
    )]
    UrlPort(String),
    /// A character that must be percent-encoded.
    #[error("invoke URL: {0:?} at byte {1} must be percent-encoded, as `{2}`")]
    UrlCharacter(char, usize, String),
    /// An endpoint's name in the place of the URL.
    #[error(
        "invoke URL: `{0}` is an endpoint's DNS name and names no API; give the API's URL first, the endpoint's name second"
    )]
    EndpointAsUrl(String),
    /// The endpoint's DNS name.
    #[error("endpoint DNS name: {0}")]
    Endpoint(NameError),
    /// An API's host in the place of the endpoint's name.
    #[error(
        "endpoint DNS name: `{0}` is the name of an API; the endpoint's is like \
         `vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com`"
    )]
    ApiAsEndpoint(String),
    /// `--vpce-id`.
    #[error("endpoint id: {0}")]
    VpceId(NameError),
}

struct InvokeUrl {
    host: AwsHost,
    stage: Option<String>,
    path_and_query: String,
    warnings: Vec<Warning>,
}

impl InvokeUrl {
    fn parse(text: &str) -> Result<Self, TargetError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TargetError::UrlEmpty);
        }
        if text.len() > MOST_URL_BYTES {
            return Err(TargetError::UrlLength(text.len()));
        }
        if let Some(name) = credential_in(text) {
            return Err(TargetError::UrlCredential(name));
        }
        let mut warnings = Vec::new();
        // a query may hold another URL
        let scheme = text.split_once("://").filter(|(before, _)| !before.contains(['/', '?', '#']));
        let rest = match scheme {
            None => text,
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => rest,
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => {
                warnings.push(Warning::PlainHttp);
                rest
            }
            Some((scheme, _)) => return Err(TargetError::UrlScheme(excerpt(scheme))),
        };
        let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(TargetError::UrlUserinfo);
        }
        let host = match authority.split_once(':') {
            None | Some((_, "")) => authority.trim_end_matches(':'),
            // a wrong scheme's port is dropped with the scheme
            Some((host, "443")) => host,
            Some((host, "80")) if warnings.contains(&Warning::PlainHttp) => host,
            Some((_, port)) => return Err(TargetError::UrlPort(excerpt(port))),
        };
        let host = AwsHost::parse(host).map_err(TargetError::UrlHost)?;
        let path_and_query = path_and_query(rest, text.len() - rest.len())?;
        let path = path_and_query.split('?').next().unwrap_or_default();
        let stage = path.split('/').nth(1).filter(|stage| !stage.is_empty()).map(str::to_owned);
        match &stage {
            None => warnings.push(Warning::NoStage),
            Some(stage) if !is_usual_stage(stage) => warnings.push(Warning::UnusualStage(excerpt(stage))),
            Some(_) => {}
        }
        Ok(Self { host, stage, path_and_query, warnings })
    }
}

/// The part of a URL after its authority, as it goes on the request line; `offset` is where it begins, for messages.
fn path_and_query(text: &str, offset: usize) -> Result<String, TargetError> {
    let text = text.split('#').next().unwrap_or_default();
    let wrong = |c: char| !c.is_ascii_graphic() || matches!(c, '"' | '<' | '>' | '\\' | '^' | '`');
    if let Some((at, c)) = text.char_indices().find(|(_, c)| wrong(*c)) {
        let encoded = c.to_string().bytes().map(|b| format!("%{b:02X}")).collect::<Vec<_>>().concat();
        return Err(TargetError::UrlCharacter(c, offset + at, encoded));
    }
    Ok(if text.starts_with('/') { text.to_owned() } else { format!("/{text}") })
}

/// The parameter that makes a URL a credential, if there is one; names are compared as a server may read them.
fn credential_in(url: &str) -> Option<&'static str> {
    let (_, query) = url.split_once('?')?;
    let names = query.split(['&', ';', '#', '?']).map(|parameter| parameter.split('=').next().unwrap_or_default());
    let names: Vec<String> = names.map(|name| name.replace("%2D", "-").replace("%2d", "-")).collect();
    CREDENTIALS.into_iter().find(|known| names.iter().any(|name| name.eq_ignore_ascii_case(known)))
}

fn is_usual_stage(stage: &str) -> bool {
    stage.len() <= 128 && stage.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

enum EndpointInput {
    Host(AwsHost),
    Id(VpceId),
}

impl EndpointInput {
    fn parse(text: &str) -> Result<Self, TargetError> {
        // CloudFormation puts `Z1234:` before the name, the console ` (Z1234)` after it
        let name = text.trim().split([' ', '\t']).next().unwrap_or_default();
        let name = name.split_once("://").map_or(name, |(_, rest)| rest);
        let name = name.split(['/', '?', '#']).next().unwrap_or_default();
        let name = match name.split_once(':') {
            Some((zone, name)) if zone.starts_with(['Z', 'z']) && !zone.contains('.') => name,
            Some((name, "443")) => name,
            _ => name,
        };
        if !name.contains('.') {
            return VpceId::parse(name).map(Self::Id).map_err(TargetError::Endpoint);
        }
        AwsHost::parse(name).map(Self::Host).map_err(TargetError::Endpoint)
    }
}

const MOST_URL_BYTES: usize = 8192;
/// What SigV4 puts into a query and nobody may read (IAM user guide, "Authentication methods").
const CREDENTIALS: [&str; 3] = ["X-Amz-Signature", "X-Amz-Security-Token", "X-Amz-Credential"];
