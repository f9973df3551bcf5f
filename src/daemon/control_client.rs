//! Client of the daemon's control socket: asks for a reload and waits for its result.

use crate::crypto_provider;
use crate::render::Clean;
use reqwest::{Client, StatusCode};
use rustls::{ClientConfig, RootCertStore};
use std::error::Error;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Asks the daemon behind a control socket to reload, and waits for the result.
pub async fn ask_reload(socket: &Path) -> Result<(), ReloadError> {
    let client = client(socket).map_err(|error| ReloadError::Io(socket.to_owned(), io::Error::other(error)))?;
    let read = async {
        let mut response = client.post("http://localhost/-/reload").send().await?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await?
            && body.len() <= MAX_BODY_BYTES
        {
            body.extend_from_slice(&chunk);
        }
        Ok((response.status(), body))
    };
    let (status, body) = read.await.map_err(|error| ReloadError::of(socket, error))?;
    if status == StatusCode::OK {
        return Ok(());
    }
    if body.len() > MAX_BODY_BYTES {
        let error = format!("the response is longer than {} KiB", MAX_BODY_BYTES >> 10);
        return Err(ReloadError::Io(socket.to_owned(), io::Error::other(error)));
    }
    match String::from_utf8_lossy(&body).trim() {
        "" => Err(ReloadError::NoBody(socket.to_owned(), status)),
        text => Err(ReloadError::Refused(Clean(text).to_string())),
    }
}

/// Returns a client whose every request goes to the socket.
fn client(socket: &Path) -> Result<Client, Box<dyn Error + Send + Sync>> {
    // never used over a socket; without it the client would look for a provider of the process
    let tls = ClientConfig::builder_with_provider(Arc::new(crypto_provider::provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let client = Client::builder().unix_socket(socket).tls_backend_preconfigured(tls).no_proxy().http1_only();
    Ok(client.timeout(RELOAD_TIMEOUT).build()?)
}

/// Why the daemon did not reload.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// There is no daemon.
    #[error(
        "cannot connect to `{}`: is the daemon running? (Outside systemd, set RUNTIME_DIRECTORY for the daemon, or pass --control.)",
        .0.display()
    )]
    NotRunning(PathBuf),
    /// The socket cannot be used.
    #[error("`{}`: {}", .0.display(), .1)]
    Io(PathBuf, io::Error),
    /// No result came in time.
    #[error("`{}`: no response within {} s; see the daemon's log", .0.display(), RELOAD_TIMEOUT.as_secs())]
    Timeout(PathBuf),
    /// The response has a status and nothing else, which is not the daemon's way.
    #[error("`{}`: status {} without a message; see the log of what listens there", .0.display(), .1.as_u16())]
    NoBody(PathBuf, StatusCode),
    /// The daemon keeps its configuration, and this is why.
    #[error("{0}")]
    Refused(String),
}

impl ReloadError {
    fn of(socket: &Path, error: reqwest::Error) -> Self {
        let socket = socket.to_owned();
        if error.is_timeout() {
            return Self::Timeout(socket);
        }
        match io_error(&error) {
            Some(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
                Self::NotRunning(socket)
            }
            Some(error) => Self::Io(socket, io::Error::new(error.kind(), error.to_string())),
            None => Self::Io(socket, io::Error::other(error.without_url())),
        }
    }
}

/// Returns the operating system's error that an error was made from.
fn io_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e io::Error> {
    error.downcast_ref().or_else(|| io_error(error.source()?))
}

/// The longest that a reload may take.
const RELOAD_TIMEOUT: Duration = Duration::from_secs(60);
const MAX_BODY_BYTES: usize = 64 * 1024;
