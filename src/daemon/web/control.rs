//! How is the running daemon told to read its configuration again? By a private socket; this is the asking side.

use crate::render::Clean;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use std::error::Error;
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
    let broken = |error: Broken| ReloadError::Io(socket.to_owned(), io::Error::other(error));
    let handshake = http1::handshake(TokioIo::new(stream)).await;
    let (mut requests, connection) = handshake.map_err(|error| broken(error.into()))?;
    let request = Request::builder().method(Method::POST).uri("/-/reload").header(HOST, "localhost");
    let request = request.body(Empty::<Bytes>::new()).expect("a request");
    let answer = async {
        let answer = requests.send_request(request).await?;
        let status = answer.status();
        let text = Limited::new(answer.into_body(), MOST_WORDS).collect().await?.to_bytes();
        Ok::<_, Broken>((status, text))
    };
    let answer = tokio::select! {
        answer = answer => answer,
        // it ends before the answer only if something is wrong
        Err(error) = connection => Err(error.into()),
    };
    let (status, text) = answer.map_err(broken)?;
    if status == StatusCode::OK {
        return Ok(());
    }
    match String::from_utf8_lossy(&text).trim() {
        "" => Err(ReloadError::Wordless(socket.to_owned(), status)),
        words => Err(ReloadError::Refused(Clean(words).to_string())),
    }
}

/// What became of a connection: hyper's word, or that the answer is too long.
type Broken = Box<dyn Error + Send + Sync>;

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
    /// Something answered, and not as the daemon does.
    #[error("`{}`: the answer is status {} and nothing else; the log of whoever listens there says more", .0.display(), .1.as_u16())]
    Wordless(PathBuf, StatusCode),
    /// The daemon keeps its configuration, and this is why.
    #[error("{0}")]
    Refused(String),
}

const LONGEST_RELOAD: Duration = Duration::from_secs(60);
/// Bytes of an answer.
const MOST_WORDS: usize = 64 * 1024;
