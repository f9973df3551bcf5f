//! What is probed? One private API deployment stage as seen from one VPC endpoint, read out of the two strings that the console shows.

mod name;
mod pasted;
mod warning;
mod zonal;

pub use name::{ApiId, AwsHost, AwsHostKind, DnsSuffix, HostName, NameError, Region, VpceId, Zone};
pub use warning::Warning;

use pasted::{EndpointInput, InvokeUrl, MOST_URL_BYTES};
use zonal::Zonal;

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
    /// The endpoint's names of single zones, where they were given: one for each zone.
    pub zonal: Vec<ZonalName>,
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

/// The DNS name of an interface endpoint in one zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZonalName {
    /// The whole name.
    pub name: HostName,
    /// The Region in the name.
    pub region: Region,
    /// The zone in the name.
    pub zone: Zone,
}

impl ZonalName {
    /// The same as a name of the endpoint.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint { name: self.name.clone(), region: self.region.clone(), zone: Some(self.zone.clone()) }
    }
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
    /// DNS names of the endpoint in single zones, in any of their forms.
    pub zonal_dns_names: Vec<&'a str>,
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
        let zonal = Zonal::read(&input.zonal_dns_names)?;
        if let Some(name) = zonal.names.iter().find(|name| name.region != url.host.region && endpoint.is_none()) {
            warnings.push(Warning::RegionsDiffer { url: url.host.region.clone(), endpoint: name.region.clone() });
        }
        let mut ids = [vpce_id, given_vpce, alias_vpce].into_iter().flatten().chain(zonal.ids);
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
            zonal: zonal.names,
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
    /// A zonal name.
    #[error("zonal name: {0}")]
    Zonal(NameError),
    /// A name without a zone in the place of a zonal one.
    #[error(
        "zonal name: `{0}` has no Availability Zone; the form is \
         `vpce-1a2b3c456d7e89012-f3ghijkl-us-east-1a.execute-api.us-east-1.vpce.amazonaws.com`"
    )]
    NoZone(String),
    /// Two names of one zone.
    #[error("zonal name: `{0}` is the second one for {1}; give one for each zone of one endpoint")]
    ZoneTwice(String, Zone),
}
