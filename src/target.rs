//! What is probed? One private API deployment stage as seen from one VPC endpoint, read out of the two strings that the console
//! shows; or a public API.

mod name;
mod pasted;
mod warning;

// what is called
mod callee;

// names beside those two
mod domain;
mod zonal;

pub use callee::{Api, Callee};
pub use domain::CustomDomain;
pub use name::{ApiId, AwsHost, AwsHostKind, DnsSuffix, HostName, NameError, Region, VpceId, Zone, sts_service};
pub use warning::Warning;

pub(crate) use name::serde_as_text;
use pasted::{EndpointInput, InvokeUrl, MOST_URL_BYTES, UrlHost};
use std::collections::BTreeSet;
use zonal::Zonal;

/// One private API deployment stage as seen from one VPC endpoint, or a public API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What reports and metrics call it.
    pub name: String,
    /// The invoke URL, with its scheme and without a port.
    pub invoke_url: String,
    /// The name that was given for the endpoint, bare: its own or its alias.
    pub vpce_dns_name: Option<String>,
    /// The API that the URL names, and how.
    pub callee: Callee,
    /// The deployment stage, the first segment of the URL's path; absent if the URL has no path or a custom domain name.
    pub stage: Option<String>,
    /// Path and query as they go on the request line, beginning with `/`.
    pub path_and_query: String,
    /// The endpoint's id, where any input held it.
    pub vpce: Option<VpceId>,
    /// The endpoint's DNS name, where it was given.
    pub endpoint: Option<Endpoint>,
    /// A custom domain name of the API beside the URL, where it was given.
    pub custom_domain: Option<CustomDomain>,
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
    /// Whether the API is a public one; then the URL may have a custom domain name.
    pub public: bool,
    /// The Region of the API, where no name tells it.
    pub region: Option<&'a str>,
    /// A custom domain name of the API, with its base path.
    pub custom_domain: Option<&'a str>,
    /// A name for reports; the API id and the stage if absent.
    pub name: Option<&'a str>,
    /// What counts as success.
    pub expect: Expectation,
}

impl Target {
    /// Reads a target out of what the console shows. What contradicts becomes a warning, what cannot be read an error.
    pub fn parse(input: TargetInput<'_>) -> Result<Self, TargetError> {
        let url = InvokeUrl::parse(input.invoke_url, input.public)?;
        let given = input.vpce_dns_name.map(EndpointInput::parse).transpose()?;
        let vpce_id = input.vpce_id.map(|id| VpceId::parse(id.trim())).transpose().map_err(TargetError::VpceId)?;
        let region =
            input.region.map(|region| Region::parse(region.trim())).transpose().map_err(TargetError::Region)?;

        let mut warnings = url.warnings;
        let url_host = url.host.name().to_string();
        let (mut callee, alias_vpce) = match url.host {
            UrlHost::Domain(name) => (Callee::Domain { name, region }, None),
            UrlHost::Aws(host) => {
                if let Some(other) = region.filter(|region| *region != host.region) {
                    return Err(TargetError::RegionOfUrl { url: host.region, given: other });
                }
                let (id, alias_vpce) = match host.kind {
                    AwsHostKind::Api(api) => (api, None),
                    AwsHostKind::Alias(api, vpce) => (api, Some(vpce)),
                    AwsHostKind::Endpoint(..) => return Err(TargetError::EndpointAsUrl(host.name.to_string())),
                };
                let api = Api { id, region: host.region, suffix: host.suffix };
                (if input.public { Callee::Public(api) } else { Callee::Private(api) }, alias_vpce)
            }
        };
        let mut endpoint = None;
        let mut vpce_dns_name = None;
        let given_vpce = match given {
            None => None,
            Some(EndpointInput::Id(vpce)) => Some(vpce),
            Some(EndpointInput::Host(host)) => {
                callee.hold_against(&host.region, Some(host.suffix), &mut warnings);
                vpce_dns_name = Some(host.name.to_string());
                match (host.kind, callee.api()) {
                    (AwsHostKind::Endpoint(vpce, zone), _) => {
                        endpoint = Some(Endpoint { name: host.name, region: host.region, zone });
                        Some(vpce)
                    }
                    (AwsHostKind::Alias(other, vpce), api) => {
                        if let Some(api) = api.filter(|api| api.id != other) {
                            warnings.push(Warning::AliasOfAnotherApi { url: api.id.clone(), alias: other });
                        }
                        Some(vpce)
                    }
                    (AwsHostKind::Api(_), _) => return Err(TargetError::ApiAsEndpoint(host.name.to_string())),
                }
            }
        };
        let zonal = Zonal::read(&input.zonal_dns_names)?;
        if let (Some(name), None) = (zonal.names.first(), &endpoint) {
            callee.hold_against(&name.region, None, &mut warnings);
        }
        let custom_domain = input.custom_domain.map(CustomDomain::parse).transpose()?;
        if let (Callee::Domain { name, .. }, Some(_)) = (&callee, &custom_domain) {
            return Err(TargetError::DomainTwice(name.to_string()));
        }
        let mut ids = [vpce_id, given_vpce, alias_vpce].into_iter().flatten().chain(zonal.ids);
        let vpce = ids.next();
        if let Some(used) = &vpce {
            let others: BTreeSet<VpceId> = ids.filter(|id| id != used).collect();
            warnings.extend(others.into_iter().map(|other| Warning::EndpointsDiffer { used: used.clone(), other }));
        }
        if let Some(vpce) = vpce.as_ref().filter(|vpce| !vpce.is_usual()) {
            warnings.push(Warning::UnusualVpceId(vpce.clone()));
        }
        if let Some(Api { id, region, suffix }) = callee.api() {
            if !id.is_usual() {
                warnings.push(Warning::UnusualApiId(id.clone()));
            }
            if let Some(expected) = DnsSuffix::of_region(region).filter(|expected| expected != suffix) {
                let (region, given) = (region.clone(), *suffix);
                warnings.push(Warning::SuffixOfAnotherPartition { region, given, expected });
            }
        }
        let name = match (input.name, &callee, &url.stage) {
            (Some(name), ..) => name.to_owned(),
            (None, Callee::Private(api) | Callee::Public(api), Some(stage)) => format!("{}-{stage}", api.id),
            (None, Callee::Private(api) | Callee::Public(api), None) => api.id.to_string(),
            (None, Callee::Domain { name, .. }, _) => name.to_string(),
        };
        Ok(Self {
            name,
            invoke_url: format!("https://{}{}", url_host, url.path_and_query),
            vpce_dns_name,
            callee,
            stage: url.stage,
            path_and_query: url.path_and_query,
            vpce,
            endpoint,
            custom_domain,
            zonal: zonal.names,
            expect: input.expect,
            warnings,
        })
    }

    /// The API by its id, if the URL names it so.
    pub fn api(&self) -> Option<&Api> {
        self.callee.api()
    }

    /// The Region of the API, where it is known.
    pub fn region(&self) -> Option<&Region> {
        match &self.callee {
            Callee::Private(api) | Callee::Public(api) => Some(&api.region),
            Callee::Domain { region, .. } => region.as_ref(),
        }
    }

    /// The API's id as it stands in texts and commands: a word in its place, where the URL has a custom domain name.
    pub fn api_word(&self) -> &str {
        self.api().map_or("API_ID", |api| api.id.as_str())
    }

    /// The Region as it stands in texts and commands: a word in its place, where no name tells it.
    pub fn region_word(&self) -> &str {
        self.region().map_or("REGION", Region::as_str)
    }

    /// The Region of the endpoint as it stands in texts and commands: that of its own name, or the API's, whose it should be.
    pub fn endpoint_region_word(&self) -> &str {
        self.endpoint.as_ref().map_or(self.region_word(), |endpoint| endpoint.region.as_str())
    }

    /// The DNS suffix of the API's partition, where it is known.
    pub fn suffix(&self) -> Option<DnsSuffix> {
        match &self.callee {
            Callee::Private(api) | Callee::Public(api) => Some(api.suffix),
            Callee::Domain { region, .. } => region.as_ref().and_then(DnsSuffix::of_region),
        }
    }

    /// Whether the API is a public one, by the user's word.
    pub fn is_public(&self) -> bool {
        match &self.callee {
            Callee::Private(_) => false,
            Callee::Public(_) | Callee::Domain { .. } => true,
        }
    }

    /// The name that the URL stands for: the API's own, `{api}.execute-api.{region}.{suffix}`, or its custom domain name.
    pub fn invoke_name(&self) -> HostName {
        match &self.callee {
            Callee::Private(api) | Callee::Public(api) => api.name(),
            Callee::Domain { name, .. } => name.clone(),
        }
    }

    /// The custom domain name, wherever it was given.
    pub fn domain_name(&self) -> Option<&HostName> {
        match &self.callee {
            Callee::Private(_) | Callee::Public(_) => self.custom_domain.as_ref().map(|domain| &domain.name),
            Callee::Domain { name, .. } => Some(name),
        }
    }

    /// The Route 53 alias of API and endpoint, where both ids are known.
    pub fn alias_name(&self) -> Option<HostName> {
        Some(self.api()?.alias(self.vpce.as_ref()?))
    }

    /// The path within the stage, without the query, as it stands in ARNs: `/` for the root. Under a custom domain name it is the
    /// whole path, since the base path is not known there.
    pub fn resource(&self) -> &str {
        let path = self.path_and_query.split('?').next().unwrap_or_default();
        if self.stage.is_none() && self.is_public() {
            return path;
        }
        let within = path.splitn(3, '/').nth(2).unwrap_or_default();
        if within.is_empty() { "/" } else { &path[path.len() - within.len() - 1..] }
    }

    /// Path and query of the request line under the custom domain name: its base path stands in the stage's place.
    pub fn path_under(&self, domain: &CustomDomain) -> String {
        let query = self.path_and_query.split_once('?').map(|(_, query)| format!("?{query}")).unwrap_or_default();
        domain.path_of(self.resource()) + &query
    }

    /// The partition as it stands in ARNs.
    pub fn partition(&self) -> &'static str {
        match (self.suffix(), self.region()) {
            (Some(suffix), Some(region)) => suffix.partition(region),
            (_, _) => "aws",
        }
    }
}

/// Input that does not name a target, with the right form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// The host of the invoke URL.
    #[error("invoke URL: {0}")]
    UrlHost(NameError),
    /// The host of the invoke URL is none of AWS's.
    #[error(
        "invoke URL: `{0}` is not an execute-api name, such as `a1bc234d5e.execute-api.us-east-1.amazonaws.com`; the custom domain \
         name of a public API goes with `--public` (in a configuration `public = true`), that of a private one beside the API's own \
         URL as `--custom-domain` (`custom_domain`)"
    )]
    UrlDomain(String),
    /// The host of a public API's URL is an address, or one label.
    #[error(
        "invoke URL: `{0}` is not a domain name, such as `api.example.com`; an address to connect to goes with `--connect-to` \
         (`connect_to`)"
    )]
    UrlNoDomain(String),
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
    /// Another name in the place of the endpoint's, such as that of another service's endpoint.
    #[error(
        "endpoint DNS name: `{0}` is not the name of an execute-api endpoint; the form is \
         `vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com`"
    )]
    NoEndpoint(String),
    /// An API's host in the place of the endpoint's name.
    #[error(
        "endpoint DNS name: `{0}` is the name of an API; the endpoint's is like \
         `vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com`"
    )]
    ApiAsEndpoint(String),
    /// `--vpce-id`.
    #[error("endpoint id: {0}")]
    VpceId(NameError),
    /// A custom domain name.
    #[error(
        "custom domain: `{0}` is not a domain name with a base path, such as `private.example.com` or `private.example.com/orders`"
    )]
    CustomDomain(String),
    /// A character of the base path that must be percent-encoded.
    #[error("custom domain: {0:?} at byte {1} must be percent-encoded, as `{2}`")]
    DomainCharacter(char, usize, String),
    /// A name of AWS's in the place of a custom domain name.
    #[error(
        "custom domain: `{0}` is a name that AWS gives; a custom domain name is its owner's, such as `private.example.com`"
    )]
    ApiAsDomain(String),
    /// A custom domain name beside another.
    #[error("custom domain: the invoke URL has a custom domain name already, `{0}`; give one of both")]
    DomainTwice(String),
    /// `--region`.
    #[error("region: {0}")]
    Region(NameError),
    /// A Region beside a URL that tells it.
    #[error("region: `{given}` is not that of the invoke URL, `{url}`; leave it out, the URL tells it")]
    RegionOfUrl {
        /// The Region in the URL.
        url: Region,
        /// The Region that was given.
        given: Region,
    },
    /// A zonal name.
    #[error("zonal name: {0}")]
    Zonal(NameError),
    /// Something else than a name with a zone in the place of a zonal one.
    #[error(
        "zonal name: `{0}` is not an endpoint's DNS name in one Availability Zone; the form is \
         `vpce-1a2b3c456d7e89012-f3ghijkl-us-east-1a.execute-api.us-east-1.vpce.amazonaws.com`"
    )]
    NoZone(String),
    /// Two names of one zone.
    #[error("zonal name: `{0}` is the second one for {1}; give one for each zone of one endpoint")]
    ZoneTwice(String, Zone),
}
