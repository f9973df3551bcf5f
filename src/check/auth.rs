//! Whether requests are signed, and with which credentials.

use crate::aws::CredentialsCache;
use crate::named::named;
use crate::plan::Request;
use crate::sign::Identity;

/// Whether requests are signed, and by whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Auth {
    /// None is.
    #[default]
    None,
    /// All are.
    Iam(CredentialsCache),
    /// Each path is called twice: unsigned and signed.
    Both(CredentialsCache),
}

named! {
    /// Whether requests are signed, in a word.
    pub enum AuthMode {
        /// None is.
        None = "none",
        /// All are.
        Iam = "iam",
        /// Each path is called twice: unsigned and signed.
        Both = "both",
    }
}

impl Auth {
    /// In a word.
    pub fn mode(&self) -> AuthMode {
        match self {
            Self::None => AuthMode::None,
            Self::Iam(_) => AuthMode::Iam,
            Self::Both(_) => AuthMode::Both,
        }
    }

    /// Returns the credentials that requests are signed with.
    pub fn credentials(&self) -> Option<&CredentialsCache> {
        match self {
            Self::None => None,
            Self::Iam(credentials) | Self::Both(credentials) => Some(credentials),
        }
    }

    /// Returns what contradicts itself in the credentials' configuration.
    pub fn contradiction(&self) -> Option<String> {
        self.credentials()?.config()?.contradiction()
    }

    /// Shares the cache of another one with an equal configuration, so that each lookup is made once.
    pub fn share<'a>(&mut self, mut others: impl Iterator<Item = &'a Self>) {
        if let Self::Iam(own) | Self::Both(own) = self
            && let Some(other) = others.find_map(|other| other.credentials().filter(|other| *other == own))
        {
            *own = other.clone();
        }
    }

    /// The same with these credentials.
    #[must_use]
    pub fn with_identity(&self, identity: &Identity) -> Self {
        let credentials = CredentialsCache::fixed(identity.clone());
        match self {
            Self::None => Self::None,
            Self::Iam(_) => Self::Iam(credentials),
            Self::Both(_) => Self::Both(credentials),
        }
    }

    /// A header that the user gives although signing sets it.
    pub fn header_of_signing<'a>(&self, request: &'a Request) -> Option<&'a str> {
        let set = |name: &str| SET_BY_SIGNING.contains(&name.to_ascii_lowercase().as_str());
        let mut names = request.headers.iter().map(|header| header.name.as_str());
        names.find(|name| self.credentials().is_some() && set(name))
    }

    /// How often each path is called, and which of the calls are signed.
    pub fn calls(&self) -> &'static [bool] {
        match self {
            Self::None => &[false],
            Self::Iam(_) => &[true],
            Self::Both(_) => &[false, true],
        }
    }
}

const SET_BY_SIGNING: [&str; 5] =
    ["authorization", "date", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"];
