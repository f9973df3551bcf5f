//! Under which names of their owners do APIs answer? Custom domain names with their certificates, mappings and policies.

use super::network::Chain;
use crate::lab::policy::Policy;

/// A custom domain name.
#[derive(Debug)]
pub(in crate::lab) struct Domain {
    pub(in crate::lab) name: &'static str,
    pub(in crate::lab) reach: Reach,
    pub(in crate::lab) mappings: Vec<Mapping>,
    /// Who may call it; a private one's own.
    pub(in crate::lab) policy: Policy,
    pub(in crate::lab) chain: Chain,
}

/// From where a custom domain name is reached.
#[derive(Debug)]
pub(in crate::lab) enum Reach {
    /// From the endpoints that have an access association with it; what resolves it is a private hosted zone.
    Private { associated: Vec<&'static str> },
    /// From the Internet.
    Public(Record),
}

/// What stands in the public zone of a Regional custom domain name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lab) enum Record {
    /// An alias, which answers with addresses.
    Alias,
    /// A CNAME to its `d-…` name.
    Cname,
}

/// A base path, and what it leads to.
#[derive(Debug)]
pub(in crate::lab) struct Mapping {
    /// With its first `/`; empty for the root.
    pub(in crate::lab) base: &'static str,
    pub(in crate::lab) api: &'static str,
    pub(in crate::lab) stage: &'static str,
}

impl Domain {
    /// The mapping that fits a path best, and the path within its stage.
    pub(in crate::lab) fn mapped<'p>(&self, path: &'p str) -> Option<(&Mapping, &'p str)> {
        let within = |mapping: &Mapping| {
            let rest = path.strip_prefix(mapping.base)?;
            (rest.is_empty() || rest.starts_with('/')).then_some(if rest.is_empty() { "/" } else { rest })
        };
        let fitting = self.mappings.iter().filter_map(|mapping| Some((mapping, within(mapping)?)));
        fitting.max_by_key(|(mapping, _)| mapping.base.len())
    }
}
