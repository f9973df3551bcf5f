//! Which name of its own does an API have? A custom domain name and the base path under which it is mapped there.

use super::name::excerpt;
use super::pasted::{bare, path_and_query};
use super::{HostName, TargetError};
use std::fmt;

/// A custom domain name with the base path that is mapped to the API's stage (developer guide, "Custom domain names").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomDomain {
    /// The name.
    pub name: HostName,
    /// The base path with its first `/` and without a last one; empty for the root.
    pub base_path: String,
}

impl CustomDomain {
    /// Reads `NAME`, `NAME/BASE/PATH`, or the URL of it.
    pub(super) fn parse(text: &str) -> Result<Self, TargetError> {
        let wrong = || TargetError::CustomDomain(excerpt(text));
        let bare = bare(text);
        let rest = match bare.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => rest,
            Some(_) => return Err(wrong()),
            None => bare,
        };
        let (name, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let name = HostName::parse(name.strip_suffix(":443").unwrap_or(name)).map_err(|_| wrong())?;
        if !name.is_domain() || path.contains(['?', '#']) {
            return Err(wrong());
        }
        if name.is_of_aws() {
            return Err(TargetError::ApiAsDomain(name.to_string()));
        }
        let base_path = path_and_query(path, bare.len() - path.len()).map_err(|error| match error {
            TargetError::UrlCharacter(c, at, encoded) => TargetError::DomainCharacter(c, at, encoded),
            other => other,
        })?;
        Ok(Self { name, base_path: base_path.trim_end_matches('/').to_owned() })
    }

    /// The path of a resource under the base path, which stands in the stage's place; `resource` begins with `/`.
    pub fn path_of(&self, resource: &str) -> String {
        match (resource, self.base_path.as_str()) {
            ("/", "") => "/".to_owned(),
            ("/", base) => base.to_owned(),
            (resource, base) => format!("{base}{resource}"),
        }
    }
}

/// As it is given: the name and the base path.
impl fmt::Display for CustomDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.name, self.base_path)
    }
}
