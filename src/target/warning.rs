//! What in the input contradicts itself or looks unusual? The probe runs all the same, and the diagnosis knows.

use super::{ApiId, DnsSuffix, Region, VpceId};
use std::fmt;

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
        /// The endpoint that the alias and the commands of fixes are for.
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
                write!(
                    f,
                    "two endpoints are named, `{used}` and `{other}`; the alias is that of `{used}`, each name is dialled as it was given"
                )
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
