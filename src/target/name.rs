//! Which names does AWS give to an API and its endpoint? Parsed once; inside, no `String` has meaning.

use std::fmt;
use std::sync::Arc;

/// A host name: lower case, ASCII, labels of 1 to 63 characters, at most 253 in all (RFC 1123).
// its text is shared with its clones, since one name stands in many places of a report
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, schemars::JsonSchema)]
#[schemars(inline)]
pub struct HostName(Arc<str>);

impl HostName {
    /// Reads a host name; upper case and one trailing dot are accepted.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if name.len() <= 253 && name.split('.').all(label) {
            Ok(Self(name.into()))
        } else {
            Err(NameError::Host(excerpt(text)))
        }
    }

    /// The name without a trailing dot.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it may be somebody's domain name: two labels or more, and the last is no number, as an address's is (RFC 3696, 2).
    pub fn is_domain(&self) -> bool {
        let last = self.0.rsplit_once('.').map(|(_, last)| last);
        last.is_some_and(|last| !last.bytes().all(|b| b.is_ascii_digit()))
    }

    /// Whether it is one of AWS's names, under the suffix of a partition.
    pub fn is_of_aws(&self) -> bool {
        let under = |suffix: &str| self.0.strip_suffix(suffix).is_some_and(|before| before.ends_with('.'));
        DnsSuffix::ALL.into_iter().any(under)
    }
}

/// Implements serde for types that are written with `Display` and read with `parse`.
macro_rules! serde_as_text {
    ($($Type:ident),+) => {$(
        impl serde::Serialize for $Type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $Type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    )+};
}
pub(crate) use serde_as_text;

serde_as_text!(HostName, ApiId);

/// An id or a piece of a name: one or more of `a-z 0-9 -`, lower case. Reports hold many of them, so that none takes more than its text.
macro_rules! piece {
    ($(#[$doc:meta])* $Type:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, schemars::JsonSchema)]
        #[schemars(inline)]
        pub struct $Type(Box<str>);

        impl $Type {
            /// The text as it stands in host names.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $Type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

piece! {
    /// The id of a REST API, such as `a1bc234d5e`. AWS documents neither length nor alphabet; every sample seen has ten of `a-z 0-9`.
    ApiId
}
piece! {
    /// The id of a VPC endpoint, such as `vpce-1a2b3c456d7e89012`.
    VpceId
}
piece! {
    /// An AWS Region, such as `us-east-1`.
    Region
}
/// An Availability Zone as it stands in a zonal endpoint name, such as `us-east-1a`. Its text is shared with its clones, and it takes
/// little room where there is none, as in most rows of most reports.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Zone(Arc<String>);

impl Zone {
    /// The text as it stands in host names.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl VpceId {
    /// Reads an endpoint id by itself.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let id = text.to_ascii_lowercase();
        match id.strip_prefix("vpce-") {
            Some(rest) if alphanumeric(rest) && rest.len() <= 32 => Ok(Self(id.into())),
            _ => Err(NameError::VpceId(excerpt(text))),
        }
    }

    /// Whether the id looks like every one seen so far: 8 or 17 hexadecimal digits.
    pub fn is_usual(&self) -> bool {
        let digits = &self.0["vpce-".len()..];
        matches!(digits.len(), 8 | 17) && digits.bytes().all(|b| b.is_ascii_hexdigit())
    }
}

impl Region {
    /// Reads a Region by itself.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if plain && text.len() <= 32 && looks_like_region(text) {
            Ok(Self(text.into()))
        } else {
            Err(NameError::Region(excerpt(text)))
        }
    }
}

/// The service of an interface endpoint for STS; in China its name begins otherwise.
pub fn sts_service(region: &str) -> String {
    let before = if region.starts_with("cn-") { "cn." } else { "" };
    format!("{before}com.amazonaws.{region}.sts")
}

impl ApiId {
    /// Reads an API id by itself.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let id = text.to_ascii_lowercase();
        if alphanumeric(&id) && id.len() <= MOST_API_ID {
            Ok(Self(id.into()))
        } else {
            Err(NameError::ApiId(excerpt(text)))
        }
    }

    /// An id of the usual form that is not this one: ten of `a-z 0-9`, drawn by a number that the caller picks.
    #[must_use]
    pub fn other_than(&self, number: u64) -> Self {
        let digits = |mut rest: u64| -> Box<str> {
            let digit = |_| {
                let digit = char::from_digit((rest % 36) as u32, 36).unwrap_or('0');
                rest /= 36;
                digit
            };
            (0..USUAL_API_ID).map(digit).collect::<String>().into()
        };
        let drawn = digits(number);
        Self(if drawn == self.0 { digits(number.wrapping_add(1)) } else { drawn })
    }

    /// Whether the id looks like every one seen so far: ten of `a-z 0-9`.
    pub fn is_usual(&self) -> bool {
        self.0.len() == USUAL_API_ID
    }
}

const USUAL_API_ID: usize = 10;
/// Longer ones would not fit a label together with an endpoint's id.
const MOST_API_ID: usize = 25;

/// The DNS suffix of an AWS partition (botocore's `partitions.json`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DnsSuffix {
    text: &'static str,
}

impl DnsSuffix {
    /// The suffix without a leading dot, such as `amazonaws.com.cn`.
    pub fn as_str(self) -> &'static str {
        self.text
    }

    /// The suffix that the Region's partition uses, where the Region's name tells.
    pub fn of_region(region: &Region) -> Option<Self> {
        let prefix = region.as_str().split_once('-')?.0;
        let text = match prefix {
            "us" if region.as_str().starts_with("us-isob-") => "sc2s.sgov.gov",
            "us" if region.as_str().starts_with("us-isof-") => "csp.hci.ic.gov",
            "us" if region.as_str().starts_with("us-iso-") => "c2s.ic.gov",
            "eu" if region.as_str().starts_with("eu-isoe-") => "cloud.adc-e.uk",
            "cn" => "amazonaws.com.cn",
            "eusc" => "amazonaws.eu",
            "us" | "eu" | "ap" | "sa" | "ca" | "me" | "af" | "il" | "mx" => "amazonaws.com",
            _ => return None,
        };
        Some(Self { text })
    }

    /// The same for a Region by its name alone.
    pub fn of_region_named(region: &str) -> Option<Self> {
        Self::of_region(&Region(region.into()))
    }

    /// The partition as it stands in ARNs, for a Region of this suffix.
    pub fn partition(self, region: &Region) -> &'static str {
        match self.text {
            "amazonaws.com" if region.as_str().starts_with("us-gov-") => "aws-us-gov",
            "amazonaws.com.cn" => "aws-cn",
            "amazonaws.eu" => "aws-eusc",
            "c2s.ic.gov" => "aws-iso",
            "sc2s.sgov.gov" => "aws-iso-b",
            "cloud.adc-e.uk" => "aws-iso-e",
            "csp.hci.ic.gov" => "aws-iso-f",
            _ => "aws",
        }
    }

    const ALL: [&'static str; 7] = [
        "amazonaws.com",
        "amazonaws.com.cn",
        "amazonaws.eu",
        "c2s.ic.gov",
        "sc2s.sgov.gov",
        "cloud.adc-e.uk",
        "csp.hci.ic.gov",
    ];

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| *known == text).map(|text| Self { text })
    }
}

impl fmt::Display for DnsSuffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

/// One of the three shapes of name under `execute-api` (API Gateway developer guide, "Invoke a private API").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsHost {
    /// What the first label says.
    pub kind: AwsHostKind,
    /// The Region in the name.
    pub region: Region,
    /// The partition's DNS suffix.
    pub suffix: DnsSuffix,
    /// The whole name.
    pub name: HostName,
}

/// What the first label of an `execute-api` name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AwsHostKind {
    /// `a1bc234d5e.execute-api.…`: an API by its id.
    Api(ApiId),
    /// `a1bc234d5e-vpce-1a2b….execute-api.…`: the Route 53 alias of an API and an associated endpoint.
    Alias(ApiId, VpceId),
    /// `vpce-1a2b…-f3ghijkl.execute-api.REGION.vpce.…`: an endpoint, regional or of one zone.
    Endpoint(VpceId, Option<Zone>),
}

impl AwsHost {
    /// Reads a host name of one of the three shapes.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let name = HostName::parse(text)?;
        let foreign = || NameError::NotExecuteApi(excerpt(text));
        let (first, rest) = name.as_str().split_once(".execute-api.").ok_or_else(foreign)?;
        let (region, rest) = rest.split_once('.').ok_or_else(foreign)?;
        let (endpoint, suffix) = match rest.strip_prefix("vpce.") {
            Some(suffix) => (true, suffix),
            None => (false, rest),
        };
        let suffix = DnsSuffix::parse(suffix).ok_or_else(|| NameError::Suffix(excerpt(suffix)))?;
        if !looks_like_region(region) {
            return Err(NameError::Region(excerpt(region)));
        }
        let region = Region(region.into());
        let kind = if endpoint { endpoint_label(first, &region) } else { api_label(first) }?;
        Ok(Self { kind, region, suffix, name })
    }
}

fn looks_like_region(text: &str) -> bool {
    text.contains('-') && text.ends_with(|c: char| c.is_ascii_digit())
}

fn api_label(label: &str) -> Result<AwsHostKind, NameError> {
    if label.starts_with("vpce-") {
        return Err(NameError::VpceMissing(excerpt(label)));
    }
    if label.starts_with("d-") && alphanumeric(&label[2..]) {
        return Err(NameError::CustomDomainTarget(excerpt(label)));
    }
    let (api, vpce) = match label.find("-vpce-") {
        Some(at) => (&label[..at], Some(VpceId::parse(&label[at + 1..])?)),
        None => (label, None),
    };
    let api = ApiId::parse(api)?;
    Ok(match vpce {
        Some(vpce) => AwsHostKind::Alias(api, vpce),
        None => AwsHostKind::Api(api),
    })
}

fn endpoint_label(label: &str, region: &Region) -> Result<AwsHostKind, NameError> {
    let wrong = || NameError::Endpoint(excerpt(label));
    let mut parts = label.splitn(4, '-');
    let (Some("vpce"), Some(id), Some(suffix)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(wrong());
    };
    if !alphanumeric(id) || !alphanumeric(suffix) {
        return Err(wrong());
    }
    let zone = match parts.next() {
        None => None,
        Some(zone) if is_zone(zone, region) => Some(Zone(Arc::new(zone.to_owned()))),
        Some(zone) => return Err(NameError::Zone { zone: excerpt(zone), region: region.to_string() }),
    };
    Ok(AwsHostKind::Endpoint(VpceId::parse(&format!("vpce-{id}"))?, zone))
}

/// `us-east-1a`, or a zone's id, `use1-az1`.
fn is_zone(text: &str, region: &Region) -> bool {
    let letter = text.strip_prefix(region.as_str()).is_some_and(alphanumeric);
    let id = text.split_once("-az").is_some_and(|(region, number)| alphanumeric(region) && alphanumeric(number));
    letter || id
}

fn alphanumeric(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// At most 80 characters of what was typed, for a message; what cannot be seen is spelled out.
pub(super) fn excerpt(text: &str) -> String {
    let seen = |c: char| c.is_ascii_graphic() || c == ' ' || (!c.is_ascii() && c.is_alphanumeric());
    let mut short = String::new();
    for c in text.chars().take(80) {
        if seen(c) { short.push(c) } else { short.extend(c.escape_unicode()) }
    }
    if text.chars().nth(80).is_some() {
        short.push('…');
    }
    short
}

/// A name that could not be read, with the right form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not a host name at all.
    #[error("`{0}` is not a host name, such as `a1bc234d5e.execute-api.us-east-1.amazonaws.com`")]
    Host(String),
    /// A host name outside `execute-api`.
    #[error("`{0}` is not an execute-api name, such as `a1bc234d5e.execute-api.us-east-1.amazonaws.com`")]
    NotExecuteApi(String),
    /// No known AWS partition.
    #[error(
        "`{0}` is not the DNS suffix of an AWS partition, such as `amazonaws.com` or, in China, `amazonaws.com.cn`"
    )]
    Suffix(String),
    /// No Region where one belongs.
    #[error("`{0}` is not an AWS Region, such as `us-east-1`")]
    Region(String),
    /// The API id has other characters than letters and digits.
    #[error("`{0}` is not a REST API id, such as `a1bc234d5e`")]
    ApiId(String),
    /// The endpoint id is not one.
    #[error("`{0}` is not a VPC endpoint id, such as `vpce-1a2b3c456d7e89012`")]
    VpceId(String),
    /// An endpoint name without its `.vpce` part.
    #[error(
        "`{0}` is an endpoint's label, but `.vpce` is missing after the Region; \
         the form is `vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com`"
    )]
    VpceMissing(String),
    /// The label of an endpoint name has too few or wrong parts.
    #[error(
        "`{0}` is not the first label of an endpoint's DNS name; \
         the form is `vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com`"
    )]
    Endpoint(String),
    /// The zone of a zonal name is not of the Region.
    #[error("`{zone}` is not an Availability Zone of {region}, such as `{region}a`")]
    Zone {
        /// What stands in the zone's place.
        zone: String,
        /// The Region of the same name.
        region: String,
    },
    /// The target name of a Regional custom domain.
    #[error("`{0}` is the target of a custom domain name, not a REST API id such as `a1bc234d5e`")]
    CustomDomainTarget(String),
}
