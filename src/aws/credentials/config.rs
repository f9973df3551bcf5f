//! Where credentials come from, as the user says it.

use super::profile::{ProfileBase, ProfileFiles};
use crate::aws::env::EnvVars;
use crate::aws::sts::partition_mismatch;
use crate::sign::Credentials;
use crate::target::Target;
use std::sync::Arc;

/// What the user says of credentials. Only fixed credentials in it are secret, and they do not print themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialsConfig {
    /// Where the credentials come from.
    pub base: CredentialsBase,
    /// The role to assume with them.
    pub role: Option<AssumeRoleConfig>,
    /// The Region whose STS is called.
    pub region: String,
}

/// Where credentials come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialsBase {
    /// The chain of the AWS SDKs.
    DefaultChain,
    /// One profile of the shared files.
    Profile(String),
    /// These.
    Fixed(Arc<Credentials>),
}

/// A role to assume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssumeRoleConfig {
    /// `arn:aws:iam::ACCOUNT:role/NAME`.
    pub arn: String,
    /// What the role's trust policy requires of third parties.
    pub external_id: Option<String>,
    /// The session's name in the logs of account B; `apigw-probe` if absent.
    pub session_name: Option<String>,
}

impl AssumeRoleConfig {
    /// Parses a role's ARN.
    pub fn parse_arn(text: &str) -> Result<String, String> {
        let parts: Vec<_> = text.splitn(6, ':').collect();
        let right = matches!(parts.as_slice(), ["arn", partition, "iam", "", account, role]
            if partition.starts_with("aws") && account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())
                && role.strip_prefix("role/").is_some_and(|name| !name.is_empty()));
        let shown: String = text.chars().take(80).filter(|c| !c.is_control()).collect();
        if right {
            Ok(text.to_owned())
        } else {
            Err(format!("`{shown}` is not a role, such as `arn:aws:iam::222233334444:role/probe`"))
        }
    }

    /// Parses the name of a session (STS API reference, `AssumeRole`).
    pub fn parse_session_name(text: &str) -> Result<String, String> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "_=,.@-".contains(c);
        if (2..=64).contains(&text.len()) && text.chars().all(fits) {
            return Ok(text.to_owned());
        }
        Err("a session's name has 2 to 64 letters, digits and `_=,.@-`, such as `apigw-probe`".to_owned())
    }
}

impl CredentialsBase {
    /// Returns one profile, or the default chain if none is named.
    pub fn of_profile(name: Option<String>) -> Self {
        name.map_or(Self::DefaultChain, Self::Profile)
    }

    /// Returns the name of the one profile.
    pub fn profile(&self) -> Option<&str> {
        match self {
            Self::Profile(name) => Some(name),
            Self::DefaultChain | Self::Fixed(_) => None,
        }
    }
}

impl CredentialsConfig {
    /// Returns the configuration for calls of a target; none if the Region that calls are signed for is not known.
    pub fn for_target(target: &Target, base: CredentialsBase, role: Option<AssumeRoleConfig>) -> Option<Self> {
        Some(Self { base, role, region: target.region()?.to_string() })
    }

    /// Returns what contradicts itself in it.
    pub fn contradiction(&self) -> Option<String> {
        partition_mismatch(&self.role.as_ref()?.arn, &self.region)
    }

    /// Says why a daemon cannot use it: a session of single sign-on ends after hours, and a browser has to renew it.
    pub fn refusal_by_daemon(&self, env: &EnvVars) -> Option<String> {
        let name = match &self.base {
            CredentialsBase::Profile(name) => name,
            CredentialsBase::DefaultChain if !env.has_keys() => env.profile_name(),
            CredentialsBase::DefaultChain | CredentialsBase::Fixed(_) => return None,
        };
        let ProfileBase::Sso(sso) = ProfileFiles::read(env).ok()?.check(name).ok()? else { return None };
        Some(format!(
            "profile `{sso}` uses single sign-on, whose session a browser must renew: a service needs an instance profile, a role, or \
             `credential_process` (`once` and `doctor` accept single sign-on)"
        ))
    }
}
