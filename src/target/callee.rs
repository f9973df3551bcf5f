//! Which API is called, and by which name? A private one by its id, a public one by its id or its custom domain name.

use super::{ApiId, DnsSuffix, HostName, Region, VpceId, Warning};

/// The API that an invoke URL names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Callee {
    /// A private API, by its id.
    Private(Api),
    /// A public REST or HTTP API, by its id.
    Public(Api),
    /// A public API, by its custom domain name.
    Domain {
        /// The name.
        name: HostName,
        /// The Region of the API, where any input told it.
        region: Option<Region>,
    },
}

impl Callee {
    /// The API by its id.
    pub fn api(&self) -> Option<&Api> {
        match self {
            Self::Private(api) | Self::Public(api) => Some(api),
            Self::Domain { .. } => None,
        }
    }

    /// The same with another id in its name; a custom domain name has none.
    #[must_use]
    pub fn with_id(&self, id: &ApiId) -> Self {
        let other = |api: &Api| Api { id: id.clone(), ..api.clone() };
        match self {
            Self::Private(api) => Self::Private(other(api)),
            Self::Public(api) => Self::Public(other(api)),
            Self::Domain { .. } => self.clone(),
        }
    }

    /// Holds the Region and the suffix of an endpoint's name against the API's, or takes the Region over if nothing else tells it.
    pub(super) fn hold_against(&mut self, endpoint: &Region, suffix: Option<DnsSuffix>, warnings: &mut Vec<Warning>) {
        let differ = |url: &Region| Warning::RegionsDiffer { url: url.clone(), endpoint: endpoint.clone() };
        match self {
            Self::Private(api) | Self::Public(api) => {
                if api.region != *endpoint {
                    warnings.push(differ(&api.region));
                }
                if let Some(suffix) = suffix.filter(|suffix| *suffix != api.suffix) {
                    warnings.push(Warning::SuffixesDiffer { url: api.suffix, endpoint: suffix });
                }
            }
            Self::Domain { region: Some(region), .. } if region != endpoint => warnings.push(differ(region)),
            Self::Domain { region, .. } => *region = Some(endpoint.clone()),
        }
    }
}

/// An API by its id, and what the rest of its name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// The id.
    pub id: ApiId,
    /// The Region of the API.
    pub region: Region,
    /// The DNS suffix in the API's names.
    pub suffix: DnsSuffix,
}

impl Api {
    /// The API's own name, `{api}.execute-api.{region}.{suffix}`: what private DNS answers.
    pub fn name(&self) -> HostName {
        self.named(self.id.as_str())
    }

    /// The Route 53 alias of API and endpoint, `{api}-{vpce}.execute-api.{region}.{suffix}`.
    pub fn alias(&self, vpce: &VpceId) -> HostName {
        self.named(&format!("{}-{vpce}", self.id))
    }

    fn named(&self, label: &str) -> HostName {
        let text = format!("{label}.execute-api.{}.{}", self.region, self.suffix);
        HostName::parse(&text).expect("pieces of parsed names make a name")
    }
}
