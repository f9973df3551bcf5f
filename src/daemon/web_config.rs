//! The web configuration file in the format of exporter-toolkit: TLS, client certificates, users, headers and rate limit. It is
//! read again when it changes.

mod basic_auth;
mod client_auth;
mod rate_limit;
mod raw;
mod tls;
mod yaml;

use crate::bounded_read;
use basic_auth::BasicAuthUsers;
use hyper::header::{HeaderName, HeaderValue};
use rate_limit::RateLimiter;
use raw::RawWebConfig;
use rustls::ServerConfig;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reads and checks a web configuration file with the certificates that it names.
pub fn check_web_config(file: &Path) -> Result<(), WebConfigError> {
    WebConfigWatcher::read(Some(file), &[]).map(drop)
}

/// The settings that apply to every request on a web listener.
#[derive(Debug, Default)]
pub(super) struct WebConfig {
    /// The server side of TLS; plain HTTP if absent.
    pub(super) tls: Option<Arc<ServerConfig>>,
    /// Headers of every response, which replace the defaults; one without a value is removed.
    pub(super) headers: Vec<(HeaderName, Option<HeaderValue>)>,
    /// The users; without any, no authentication is required.
    pub(super) users: BasicAuthUsers,
    /// The rate limit over all requests.
    pub(super) rate_limiter: Option<RateLimiter>,
    /// The names under which listeners on loopback are served, in addition to `localhost`; any name if absent, since with a web
    /// configuration file it is the operator who decides which clients are served.
    pub(super) allowed_hosts: Option<Vec<String>>,
}

impl WebConfig {
    /// Returns which protection `new` would drop, if it drops one.
    fn security_downgrade(&self, new: &Self) -> Option<&'static str> {
        if self.tls.is_some() && new.tls.is_none() {
            return Some("the new version disables TLS");
        }
        (!self.users.is_empty() && new.users.is_empty()).then_some("the new version has no users and needs no password")
    }
}

/// A web configuration file, and its settings as of the last good read.
#[derive(Debug, Default)]
pub(super) struct WebConfigWatcher {
    path: Option<PathBuf>,
    /// What the last attempt read.
    contents: FileContents,
    current: Arc<WebConfig>,
    last_error: Option<String>,
}

/// Each file that was read and its content; `None` if it could not be read.
type FileContents = Vec<(PathBuf, Option<Vec<u8>>)>;

impl WebConfigWatcher {
    /// Reads the file; without one, requests need no authentication and come over plain HTTP, and `allowed_hosts` is in force.
    pub(super) fn read(path: Option<&Path>, allowed_hosts: &[String]) -> Result<Self, WebConfigError> {
        let Some(path) = path else {
            let config = WebConfig { allowed_hosts: Some(allowed_hosts.to_owned()), ..WebConfig::default() };
            return Ok(Self { current: Arc::new(config), ..Self::default() });
        };
        let (contents, config) = read(path);
        Ok(Self { path: Some(path.to_owned()), contents, current: Arc::new(config?), last_error: None })
    }

    /// Returns the settings, after reading the files again if one has changed. A version with an error changes nothing and is
    /// logged once; so is one that drops TLS or all users, because an emptied file is more often an accident than intended.
    pub(super) fn current(&mut self) -> Arc<WebConfig> {
        let Some(path) = &self.path else { return self.current.clone() };
        let has_changed = self.contents.iter().any(|(path, held)| bounded_read::read(path).ok() != *held);
        if has_changed {
            let (contents, config) = read(path);
            self.contents = contents;
            match config.and_then(|config| self.refuse_downgrade(config)) {
                Ok(config) => {
                    tracing::info!("web configuration {}: the new version is in force", self.file().display());
                    self.last_error = None;
                    config.users.keep_remembered(&self.current.users);
                    self.current = Arc::new(config);
                }
                Err(error) => {
                    let error = error.to_string();
                    if self.last_error.as_ref() != Some(&error) {
                        tracing::error!("web configuration {error}; the previous version stays in force");
                    }
                    self.last_error = Some(error);
                }
            }
        }
        self.current.clone()
    }

    /// Replaces it by one that a reload has read. Users whose hash is the same need no new password check.
    pub(super) fn replace(&mut self, new: Self) {
        new.current.users.keep_remembered(&self.current.users);
        *self = new;
    }

    fn refuse_downgrade(&self, new: WebConfig) -> Result<WebConfig, WebConfigError> {
        match self.current.security_downgrade(&new) {
            Some(downgrade) => {
                let message = format!("{downgrade}; reload the daemon if this is intended");
                Err(WebConfigError { file: self.file().to_owned(), fault: WebConfigFault { line: None, message } })
            }
            None => Ok(new),
        }
    }

    fn file(&self) -> &Path {
        self.path.as_deref().unwrap_or(Path::new(""))
    }
}

/// Reads the file and those that it names.
fn read(path: &Path) -> (FileContents, Result<WebConfig, WebConfigError>) {
    let mut loader = FileLoader { folder: path.parent().unwrap_or(Path::new("")).to_owned(), contents: Vec::new() };
    let config = loader.read(path).and_then(|bytes| {
        let text = String::from_utf8(bytes);
        let text = text.map_err(|_| WebConfigFault { line: None, message: "the file is not UTF-8".to_owned() })?;
        RawWebConfig::parse(&text)?.load(&mut loader)
    });
    (loader.contents, config.map_err(|fault| WebConfigError { file: path.to_owned(), fault }))
}

/// Reads files and keeps what they held; relative paths start at the folder of the web configuration file.
struct FileLoader {
    folder: PathBuf,
    contents: FileContents,
}

impl FileLoader {
    fn read(&mut self, path: &Path) -> Result<Vec<u8>, WebConfigFault> {
        let read = bounded_read::read(path);
        self.contents.push((path.to_owned(), read.as_ref().ok().cloned()));
        read.map_err(|error| WebConfigFault { line: None, message: error.to_string() })
    }

    /// Reads a file that the web configuration names.
    fn read_named(&mut self, path: &Path) -> Result<Vec<u8>, String> {
        let path = self.folder.join(path);
        self.read(&path).map_err(|fault| format!("`{}`: {}", path.display(), fault.message))
    }
}

/// A web configuration that cannot be used. It holds no secret.
#[derive(Debug)]
pub struct WebConfigError {
    file: PathBuf,
    fault: WebConfigFault,
}

/// What is wrong, and on which line.
#[derive(Debug)]
struct WebConfigFault {
    line: Option<usize>,
    message: String,
}

impl fmt::Display for WebConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.fault.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.fault.message)
    }
}

impl std::error::Error for WebConfigError {}
