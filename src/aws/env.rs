//! The environment variables that AWS tools read.

use crate::platform;
use reqwest::Url;
use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;

/// Environment variables by name; an empty one counts as absent.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct EnvVars(HashMap<String, String>);

impl EnvVars {
    /// Returns the variables of this process that matter here.
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// Returns the value of a variable.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns the path in a variable, or else the default; `~/` at the beginning of either is the home directory (SDK and tools
    /// reference guide, "Home directory resolution").
    pub(super) fn path(&self, name: &str, default: &str) -> PathBuf {
        let path = self.value(name).unwrap_or(default);
        match (path.strip_prefix("~/"), self.value("HOME")) {
            (Some(below), Some(home)) => PathBuf::from(home).join(below),
            (None, _) | (_, None) => PathBuf::from(path),
        }
    }

    /// Returns the name of the profile in the default chain.
    pub(super) fn profile_name(&self) -> &str {
        self.value("AWS_PROFILE").unwrap_or("default")
    }

    /// Whether there are keys, which go before any profile.
    pub(super) fn has_keys(&self) -> bool {
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].iter().all(|name| self.value(name).is_some())
    }

    /// Whether a variable is `true`.
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Returns the URL that the environment names for a service, or else the default, without a slash at its end. The error names the
    /// variable and not its value, which may hold a password.
    pub(super) fn endpoint_url(&self, variable: &str, default: impl FnOnce() -> String) -> Result<String, String> {
        match [variable, ENDPOINT_URL].into_iter().find(|name| self.value(name).is_some()) {
            Some(name) => self.check_url(name).map(|url| url.trim_end_matches('/').to_owned()),
            None => Ok(default()),
        }
    }

    /// Returns the URL in a variable that is set.
    pub(super) fn check_url(&self, name: &str) -> Result<&str, String> {
        let text = self.value(name).unwrap_or_default();
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let url = url.ok_or_else(|| format!("invalid `{name}`: expected a URL of http or https"))?;
        if url.username().is_empty() && url.password().is_none() && url.query().is_none() {
            return Ok(text);
        }
        Err(format!("invalid `{name}`: expected a URL without user name, password and query"))
    }
}

impl FromIterator<(String, String)> for EnvVars {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        let matters = |name: &str| name.starts_with("AWS_") || name == "HOME";
        Self(pairs.into_iter().filter(|(name, value)| matters(name) && !value.is_empty()).collect())
    }
}

/// Values may be secret: the names alone.
impl std::fmt::Debug for EnvVars {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Removes variables that the AWS SDK would read from this process although they do not count: empty ones, and endpoint URLs if
/// `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` is `true`, which the SDK's own credential providers do not follow. To be called before
/// there is a second thread.
pub fn drop_ignored_variables() {
    let ignores = std::env::var(IGNORE_ENDPOINT_URLS).is_ok_and(|value| value.eq_ignore_ascii_case("true"));
    let does_not_count = |name: &str, value: &OsString| {
        name.starts_with("AWS_") && value.is_empty() || ignores && name.starts_with(ENDPOINT_URL)
    };
    let all = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    let names = all.filter(|(name, value)| does_not_count(name, value)).map(|(name, _)| name);
    platform::remove_variables(names);
}

/// The URL of every service of AWS, and the beginning of the names of those for one service.
const ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";
pub(super) const IGNORE_ENDPOINT_URLS: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
