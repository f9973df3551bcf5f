//! How is the running daemon told to read its configuration again? By a private socket; this is the asking side.

use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::UnixStream;

/// Asks the daemon behind a control socket to reload, and waits for its verdict.
pub async fn ask_reload(socket: &Path) -> Result<(), ReloadError> {
    match tokio::time::timeout(LONGEST_RELOAD, ask(socket)).await {
        Ok(verdict) => verdict,
        Err(_) => Err(ReloadError::Silent(socket.to_owned())),
    }
}

async fn ask(socket: &Path) -> Result<(), ReloadError> {
    let stream = UnixStream::connect(socket).await.map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => ReloadError::Nobody(socket.to_owned()),
        _ => ReloadError::Io(socket.to_owned(), error),
    })?;
    let broken = |error| ReloadError::Io(socket.to_owned(), io::Error::other(error));
    let (mut requests, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let request = Request::builder().method(Method::POST).uri("/-/reload").header(HOST, "localhost");
    let request = request.body(Empty::<Bytes>::new()).expect("a request");
    let answer = async {
        let answer = requests.send_request(request).await?;
        let status = answer.status();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    };
    let answer = tokio::select! {
        answer = answer => answer,
        // it ends before the answer only if something is wrong
        Err(error) = connection => Err(error),
    };
    let (status, text) = answer.map_err(broken)?;
    if status == StatusCode::OK {
        return Ok(());
    }
    Err(ReloadError::Refused(String::from_utf8_lossy(&text).trim().to_owned()))
}

/// Why the daemon did not reload.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// There is no daemon.
    #[error(
        "nobody listens on `{}`: is the daemon running? a daemon that systemd did not start has a control socket if RUNTIME_DIRECTORY is set; --control names another",
        .0.display()
    )]
    Nobody(PathBuf),
    /// The socket cannot be used.
    #[error("`{}`: {}", .0.display(), .1)]
    Io(PathBuf, io::Error),
    /// No verdict came in time.
    #[error("`{}`: no answer within {} s; the log says what the daemon does", .0.display(), LONGEST_RELOAD.as_secs())]
    Silent(PathBuf),
    /// The daemon keeps its configuration, and this is why.
    #[error("{0}")]
    Refused(String),
}

/// Where the control socket is, if systemd made the runtime directory.
pub const CONTROL_SOCKET: &str = "/run/apigw-probe/control.sock";
const LONGEST_RELOAD: Duration = Duration::from_secs(60);
