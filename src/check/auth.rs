//! Are requests signed, and by whom?

use crate::aws::{Variables, Wallet};
use crate::named::named;
use crate::plan::Request;

/// Whether requests are signed, and by whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Auth {
    /// None is.
    #[default]
    None,
    /// All are.
    Iam(Wallet),
    /// Each path is called twice: unsigned and signed.
    Both(Wallet),
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

    /// Who signs, if anybody does.
    pub fn wallet(&self) -> Option<&Wallet> {
        match self {
            Self::None => None,
            Self::Iam(wallet) | Self::Both(wallet) => Some(wallet),
        }
    }

    /// What contradicts itself in who signs.
    pub fn contradiction(&self) -> Option<String> {
        self.wallet()?.wish()?.contradiction()
    }

    /// Takes the wallet of another one that was wished for alike, so that nobody is asked twice.
    pub fn share<'a>(&mut self, mut others: impl Iterator<Item = &'a Self>) {
        if let Self::Iam(own) | Self::Both(own) = self
            && let Some(other) = others.find_map(|other| other.wallet().filter(|other| *other == own))
        {
            *own = other.clone();
        }
    }

    /// The same with credentials from these variables in place of this process's environment.
    #[must_use]
    pub fn with_credentials_of(&self, variables: &Variables) -> Self {
        match self {
            Self::None => Self::None,
            Self::Iam(wallet) => Self::Iam(wallet.refilled_from(variables.clone())),
            Self::Both(wallet) => Self::Both(wallet.refilled_from(variables.clone())),
        }
    }

    /// A header that the user gives although signing sets it.
    pub fn header_of_signing<'a>(&self, request: &'a Request) -> Option<&'a str> {
        let set = |name: &str| SET_BY_SIGNING.contains(&name.to_ascii_lowercase().as_str());
        let mut names = request.headers.iter().map(|header| header.name.as_str());
        names.find(|name| self.wallet().is_some() && set(name))
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
