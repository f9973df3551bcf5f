//! Who may ask, and how are they answered? The web configuration file in the format of exporter-toolkit, read again when it changes.

mod client;
mod file;
mod rate;
mod tls;
mod users;
mod yaml;

pub(super) use users::Verdict;

use crate::bounded_read;
use file::File;
use hyper::header::{HeaderName, HeaderValue};
use rate::Limiter;
use rustls::ServerConfig;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use users::Users;

/// What holds for every request that comes over a web listener.
#[derive(Debug, Default)]
pub(super) struct Policy {
    /// The server's side of TLS; without it the daemon speaks plain HTTP.
    pub(super) tls: Option<Arc<ServerConfig>>,
    /// Headers of every answer, in place of ours; one without a value is left out.
    pub(super) headers: Vec<(HeaderName, Option<HeaderValue>)>,
    /// Who may ask; without users, everybody.
    pub(super) users: Users,
    /// How often may be asked.
    pub(super) limiter: Option<Limiter>,
}

impl Policy {
    /// What another one would no longer ask of clients.
    fn lost_by(&self, other: &Self) -> Option<&'static str> {
        if self.tls.is_some() && other.tls.is_none() {
            return Some("the new version speaks no TLS");
        }
        (!self.users.is_empty() && other.users.is_empty())
            .then_some("the new version has no users and lets everybody in")
    }
}

/// The policy of a file that may change at any time.
#[derive(Debug, Default)]
pub(in crate::daemon) struct Watched {
    path: Option<PathBuf>,
    /// What was read at the last try.
    sources: Sources,
    current: Arc<Policy>,
    complaint: Option<String>,
}

/// Each file that was read, with what it held; none if it could not be read.
type Sources = Vec<(PathBuf, Option<Vec<u8>>)>;

impl Watched {
    /// Reads the file for the first time; without one everybody may ask, over plain HTTP.
    pub(in crate::daemon) fn read(path: Option<&Path>) -> Result<Self, WebConfigError> {
        let Some(path) = path else { return Ok(Self::default()) };
        let (sources, policy) = read(path);
        Ok(Self { path: Some(path.to_owned()), sources, current: Arc::new(policy?), complaint: None })
    }

    /// The policy by the files as they are now. A bad new version changes nothing and is told once, and neither does one that
    /// lets in who was kept out: an emptied file is more often an accident than a wish.
    pub(super) fn now(&mut self) -> Arc<Policy> {
        let Some(path) = &self.path else { return self.current.clone() };
        let changed = self.sources.iter().any(|(path, held)| bounded_read::read(path).ok() != *held);
        if changed {
            let (sources, policy) = read(path);
            self.sources = sources;
            let lost = |policy: &Policy| self.current.lost_by(policy);
            let policy = policy.and_then(|policy| match lost(&policy) {
                Some(message) => {
                    let fault = Fault { line: None, message: format!("{message}; reload the daemon if that is meant") };
                    Err(WebConfigError { file: path.clone(), fault })
                }
                None => Ok(policy),
            });
            match policy {
                Ok(policy) => {
                    tracing::info!("web configuration {}: the new version is in force", path.display());
                    self.complaint = None;
                    self.current = Arc::new(policy);
                }
                Err(error) => {
                    let complaint = error.to_string();
                    if self.complaint.as_ref() != Some(&complaint) {
                        tracing::error!("web configuration {complaint}; the version before stays in force");
                    }
                    self.complaint = Some(complaint);
                }
            }
        }
        self.current.clone()
    }
}

/// Reads the file and those that it names.
fn read(path: &Path) -> (Sources, Result<Policy, WebConfigError>) {
    let mut library = Library { folder: path.parent().unwrap_or(Path::new("")).to_owned(), sources: Vec::new() };
    let policy = library.read(path).and_then(|bytes| {
        let text = String::from_utf8(bytes).map_err(|_| Fault { line: None, message: "it is not UTF-8".to_owned() })?;
        File::parse(&text)?.policy(&mut library)
    });
    let policy = policy.map_err(|fault| WebConfigError { file: path.to_owned(), fault });
    (library.sources, policy)
}

/// The files that a policy comes from; relative paths start at the folder of the first.
struct Library {
    folder: PathBuf,
    sources: Sources,
}

impl Library {
    fn read(&mut self, path: &Path) -> Result<Vec<u8>, Fault> {
        let read = bounded_read::read(path);
        self.sources.push((path.to_owned(), read.as_ref().ok().cloned()));
        read.map_err(|error| Fault { line: None, message: error.to_string() })
    }

    /// Reads a file that the web configuration names.
    fn read_named(&mut self, path: &Path) -> Result<Vec<u8>, String> {
        let path = self.folder.join(path);
        self.read(&path).map_err(|fault| format!("`{}`: {}", path.display(), fault.message))
    }
}

/// A web configuration that cannot be used. No secret stands in it.
#[derive(Debug)]
pub struct WebConfigError {
    file: PathBuf,
    fault: Fault,
}

/// What is wrong, and on which line.
#[derive(Debug)]
struct Fault {
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
