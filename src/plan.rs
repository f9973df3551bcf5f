//! How is it called? Each documented access path becomes one plan; dial name, SNI and `Host` are three separate values.

mod curl;
mod header;

pub(crate) use curl::word;
pub use header::{Header, HeaderError, HeaderText};

use crate::named::named;
use crate::target::serde_as_text;
use crate::target::{Api, ApiId, Callee, HostName, Region, Target, Zone};
use header::is_token;
use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

named! {
    /// One documented way to call a target (API Gateway developer guide, "Invoke a private API").
    pub enum AccessPath {
        /// The API's own name, which the endpoint's private DNS answers.
        PrivateDns = "private-dns",
        /// The Route 53 alias of an API and an associated endpoint.
        Route53Alias = "route53-alias",
        /// The endpoint's public DNS name with the API's name as `Host`.
        VpceHostHeader = "vpce-host-header",
        /// The endpoint's public DNS name with the API's id in `x-apigw-api-id`.
        VpceApiIdHeader = "vpce-api-id-header",
        /// The API's custom domain name.
        CustomDomain = "custom-domain",
        /// The endpoint's public DNS name with a private API's custom domain name as `Host`.
        VpceCustomDomain = "vpce-custom-domain",
        /// A public API by the name in its URL.
        Public = "public",
    }
}

impl AccessPath {
    /// Whether the name to dial is the endpoint's own, public one.
    pub fn dials_endpoint(self) -> bool {
        match self {
            Self::PrivateDns | Self::Route53Alias | Self::CustomDomain | Self::Public => false,
            Self::VpceHostHeader | Self::VpceApiIdHeader | Self::VpceCustomDomain => true,
        }
    }

    /// Whether it is one of the four that name a private API by its id.
    pub fn is_of_four(self) -> bool {
        Self::FOUR.contains(&self)
    }

    /// The four that name a private API by its id; every private API has them.
    pub const FOUR: &[Self] = &[Self::PrivateDns, Self::Route53Alias, Self::VpceHostHeader, Self::VpceApiIdHeader];

    /// The same four, the one that needs least of DNS first: the endpoint's own name resolves without private DNS and an association.
    pub const LEAST_DNS_FIRST: &[Self] =
        &[Self::VpceApiIdHeader, Self::VpceHostHeader, Self::PrivateDns, Self::Route53Alias];

    /// Whether a target has this path without being asked for it by name.
    pub fn is_of(self, target: &Target) -> bool {
        let over_endpoint = match &target.callee {
            Callee::Private(_) => true,
            Callee::Public(_) => target.vpce.is_some(),
            Callee::Domain { .. } => false,
        };
        match self {
            Self::PrivateDns | Self::Route53Alias | Self::VpceHostHeader | Self::VpceApiIdHeader => over_endpoint,
            Self::CustomDomain => target.custom_domain.is_some(),
            Self::VpceCustomDomain => target.custom_domain.is_some() && over_endpoint,
            Self::Public => target.is_public(),
        }
    }
}

/// One row of a round: a path, the zone where it is called over a zonal name of the endpoint, and whether its call is signed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId {
    /// The path.
    pub path: AccessPath,
    /// The Availability Zone whose name of the endpoint is dialled; absent for the path itself.
    pub zone: Option<Zone>,
    /// Whether the call is signed.
    pub signed: bool,
}

impl RowId {
    /// The unsigned call of a path.
    pub fn of(path: AccessPath) -> Self {
        Self { path, zone: None, signed: false }
    }
}

/// The path, the zone if it is of one, and a word where the call is signed.
impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = self.zone.as_ref().map(|zone| format!(" {zone}")).unwrap_or_default();
        f.pad(&format!("{}{zone}{}", self.path, if self.signed { " signed" } else { "" }))
    }
}

/// What one path sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Which path this is.
    pub path: AccessPath,
    /// The zone whose name of the endpoint is dialled, where it is one zone's.
    pub zone: Option<Zone>,
    /// The name to resolve and connect to.
    pub dial: HostName,
    /// The name in the TLS handshake, which the certificate must cover.
    pub sni: HostName,
    /// The `Host` header.
    pub host: HostName,
    /// The TCP port to connect to; the URL and the `Host` header speak of 443 all the same.
    pub port: u16,
    /// The address to connect to in place of what DNS says.
    pub connect_to: Option<IpAddr>,
    /// Headers beside `Host`, in the order of sending.
    pub headers: Vec<Header>,
    /// The Region that the call is signed for when it is sent; absent if it goes unsigned.
    pub signed_for: Option<Region>,
    /// The file that the secret headers came from; the printed curl line reads it.
    pub header_file: Option<PathBuf>,
    /// The file with certificates to trust besides the built-in ones; the printed curl line reads it.
    pub ca_file: Option<PathBuf>,
    /// The request method.
    pub method: Method,
    /// Path and query of the request line.
    pub path_and_query: String,
}

impl Plan {
    /// The URL that is asked for; it names the host that is dialled.
    pub fn url(&self) -> String {
        format!("https://{}{}", self.dial, self.path_and_query)
    }

    /// Which row of the round it is.
    pub fn id(&self) -> RowId {
        RowId { path: self.path, zone: self.zone.clone(), signed: self.signed_for.is_some() }
    }

    /// The same call, to one address in place of what DNS says.
    #[must_use]
    pub fn at(self, address: IpAddr) -> Self {
        Self { connect_to: Some(address), ..self }
    }

    /// The same call of an API that is a stranger: unsigned and without secrets, which are not for anybody else to read.
    #[must_use]
    pub fn of_stranger(&self, target: &Target, stranger: &ApiId) -> Self {
        let other = Target { callee: target.callee.with_id(stranger), ..target.clone() };
        let names =
            [(Some(target.invoke_name()), Some(other.invoke_name())), (target.alias_name(), other.alias_name())];
        let renamed = |name: &HostName| {
            let known = names.iter().find(|(own, _)| own.as_ref() == Some(name));
            known.and_then(|(_, theirs)| theirs.clone()).unwrap_or_else(|| name.clone())
        };
        let header = |header: &Header| match &header.value {
            HeaderText::Secret(_) => None,
            HeaderText::Plain(_) if header.name.eq_ignore_ascii_case(API_ID) => Some(api_id_header(stranger)),
            HeaderText::Plain(_) => Some(header.clone()),
        };
        Self {
            dial: renamed(&self.dial),
            sni: renamed(&self.sni),
            host: renamed(&self.host),
            headers: self.headers.iter().filter_map(header).collect(),
            signed_for: None,
            header_file: None,
            ..self.clone()
        }
    }

    /// The same call with another name in the handshake, which stands in its URL then too.
    #[must_use]
    pub fn shaking_hands_as(self, name: HostName) -> Self {
        Self { dial: name.clone(), sni: name, ..self }
    }

    /// The same call with another `Host`.
    #[must_use]
    pub fn to_host(self, host: HostName) -> Self {
        Self { host, ..self }
    }

    /// The value of `x-apigw-api-id`, if it is sent.
    pub fn api_id(&self) -> Option<&HeaderText> {
        self.headers.iter().find(|header| header.name.eq_ignore_ascii_case(API_ID)).map(|header| &header.value)
    }

    /// The same call, signed when it is sent.
    #[must_use]
    pub fn signed(self, region: &Region) -> Self {
        Self { signed_for: Some(region.clone()), ..self }
    }

    /// The same call, without a signature.
    #[must_use]
    pub fn unsigned(self) -> Self {
        Self { signed_for: None, ..self }
    }
}

/// An HTTP method: a token of RFC 9110, case-sensitive.
#[derive(Debug, Clone, PartialEq, Eq, schemars::JsonSchema)]
#[schemars(inline)]
pub struct Method(Cow<'static, str>);

impl Method {
    /// `GET`.
    pub fn get() -> Self {
        Self(Cow::Borrowed("GET"))
    }

    /// Reads a method; `CONNECT` is refused, since it asks for a tunnel, and so is a usual method in lower case, which nobody means.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(meant) = USUAL_METHODS.into_iter().find(|usual| *usual != text && usual.eq_ignore_ascii_case(text))
        {
            return Err(format!("`{text}` is another method than `{meant}`: case counts"));
        }
        if is_token(text) && text.len() <= 32 && text != "CONNECT" {
            Ok(Self(text.to_owned().into()))
        } else {
            let shown: String = text.chars().take(40).filter(|c| !c.is_control()).collect();
            Err(format!("`{shown}` is not a request method, such as `GET`"))
        }
    }

    /// The method as it stands on the request line.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it may be sent again and again without changing anything: `GET`, `HEAD`, `OPTIONS`.
    pub fn is_harmless(&self) -> bool {
        matches!(self.as_str(), "GET" | "HEAD" | "OPTIONS")
    }
}

serde_as_text!(Method);

/// What a REST API can have methods for (developer guide, "Set up a method").
const USUAL_METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What all requests of a round have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Headers that the user adds.
    pub headers: Vec<Header>,
    /// The file that the secret ones came from.
    pub header_file: Option<PathBuf>,
    /// The file with certificates to trust besides the built-in ones.
    pub ca_file: Option<PathBuf>,
    /// The TCP port to connect to.
    pub port: u16,
    /// The address to connect to in place of what DNS says.
    pub connect_to: Option<IpAddr>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            method: Method::get(),
            headers: Vec::new(),
            header_file: None,
            ca_file: None,
            port: 443,
            connect_to: None,
        }
    }
}

named! {
    /// The one thing that a path lacks.
    pub enum Missing {
        /// The endpoint's id, in whatever form.
        VpceId = "vpce-id",
        /// The endpoint's DNS name.
        VpceDnsName = "vpce-dns-name",
        /// The API's id, in its own name.
        ApiId = "api-id",
        /// The custom domain name.
        CustomDomain = "custom-domain",
        /// That the API is a public one.
        Public = "public",
    }
}

impl Missing {
    /// What to add.
    pub fn hint(self) -> &'static str {
        match self {
            Self::VpceId => {
                "add the endpoint's DNS name, or its id with `--vpce-id vpce-1a2b3c456d7e89012` (in a configuration `vpce_id`)"
            }
            Self::VpceDnsName => "add the endpoint's DNS name, which begins with `vpce-` and holds `.vpce.`",
            Self::ApiId => "give the API's own URL, which holds its id, in place of its custom domain name",
            Self::CustomDomain => {
                "add the API's custom domain name with `--custom-domain private.example.com` (in a configuration `custom_domain`)"
            }
            Self::Public => "say that the API is a public one with `--public` (in a configuration `public = true`)",
        }
    }
}

/// The plan of one path, or what the path lacks.
pub fn plan(target: &Target, path: AccessPath, request: &Request) -> Result<Plan, Missing> {
    let api = || target.api().ok_or(Missing::ApiId);
    let invoke = || api().map(Api::name);
    let alias = || Ok(api()?.alias(target.vpce.as_ref().ok_or(Missing::VpceId)?));
    let endpoint = || target.endpoint.as_ref().map(|endpoint| endpoint.name.clone()).ok_or(Missing::VpceDnsName);
    let row = |dial: HostName, host: HostName, extra: Option<Header>| Plan {
        path,
        zone: None,
        sni: dial.clone(),
        dial,
        host,
        port: request.port,
        connect_to: request.connect_to,
        headers: extra.into_iter().chain(request.headers.iter().cloned()).collect(),
        signed_for: None,
        header_file: request.header_file.clone(),
        ca_file: request.ca_file.clone(),
        method: request.method.clone(),
        path_and_query: target.path_and_query.clone(),
    };
    let domain = || target.custom_domain.as_ref().ok_or(Missing::CustomDomain);
    let under_domain = |plan: Plan| Ok(Plan { path_and_query: target.path_under(domain()?), ..plan });
    let name = || domain().map(|domain| domain.name.clone());
    let public = || target.is_public().then(|| target.invoke_name()).ok_or(Missing::Public);
    #[rustfmt::skip]
    let plan = match path {
        //                                               dial and SNI  Host         extra
        AccessPath::PrivateDns       =>              row(invoke()?,    invoke()?,   None),
        AccessPath::Route53Alias     =>              row(alias()?,     alias()?,    None),
        AccessPath::VpceHostHeader   =>              row(endpoint()?,  invoke()?,   None),
        AccessPath::VpceApiIdHeader  =>              row(endpoint()?,  endpoint()?, Some(api_id_header(&api()?.id))),
        AccessPath::CustomDomain     => under_domain(row(name()?,      name()?,     None))?,
        AccessPath::VpceCustomDomain => under_domain(row(endpoint()?,  name()?,     None))?,
        AccessPath::Public           =>              row(public()?,    public()?,   None),
    };
    Ok(plan)
}

/// The plan of one row, or what it lacks. A row of one zone is its path's, over the zone's own name of the endpoint.
pub fn plan_row(target: &Target, row: &RowId, request: &Request) -> Result<Plan, Missing> {
    let plan = match &row.zone {
        None => plan(target, row.path, request)?,
        Some(zone) => {
            let endpoint = target.zonal.iter().find(|endpoint| endpoint.zone == *zone).ok_or(Missing::VpceDnsName)?;
            let over = Target { endpoint: Some(endpoint.endpoint()), ..target.clone() };
            Plan { zone: Some(zone.clone()), ..plan(&over, row.path, request)? }
        }
    };
    Ok(match target.region().filter(|_| row.signed) {
        Some(region) => plan.signed(region),
        None => plan,
    })
}

/// The rows of a target, in the order of a report: each path that it has, or that is asked for by name, with each of these calls
/// (signed or not), and below `vpce-host-header` the same for each zone that is named.
pub fn rows(target: &Target, calls: &[bool], asked: impl Fn(AccessPath) -> bool) -> Vec<RowId> {
    let zones = |path| match path {
        AccessPath::VpceHostHeader => target.zonal.as_slice(),
        AccessPath::PrivateDns
        | AccessPath::Route53Alias
        | AccessPath::VpceApiIdHeader
        | AccessPath::CustomDomain
        | AccessPath::VpceCustomDomain
        | AccessPath::Public => &[],
    };
    let names = |path| [None].into_iter().chain(zones(path).iter().map(|zonal| Some(zonal.zone.clone())));
    let each =
        |path, zone: Option<Zone>| calls.iter().map(move |signed| RowId { path, zone: zone.clone(), signed: *signed });
    let listed = AccessPath::ALL.iter().filter(|path| path.is_of(target) || asked(**path));
    listed.flat_map(|path| names(*path).flat_map(|zone| each(*path, zone))).collect()
}

fn api_id_header(api: &ApiId) -> Header {
    Header { name: API_ID.to_owned(), value: HeaderText::Plain(api.to_string()) }
}

/// The header that selects the API (API Gateway developer guide, "Invoke a private API").
const API_ID: &str = "x-apigw-api-id";
