//! Listening sockets: TCP, unix sockets, and sockets that systemd passes.

use crate::config::Listen;
use listenfd::ListenFd;
use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, SockaddrStorage};
use nix::sys::socket::{bind, listen, setsockopt, socket, sockopt};
use std::fs;
use std::io::{self, ErrorKind};
use std::net;
use std::os::fd::{AsFd, AsRawFd as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net as unix;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use tokio::io::{AsyncRead, AsyncWrite};

/// A listening socket.
#[derive(Debug)]
pub(super) enum BoundListener {
    /// A TCP socket.
    Tcp(Arc<net::TcpListener>),
    /// A unix socket, and its file if this process has created it.
    Unix(unix::UnixListener, Option<SocketFile>),
}

/// Why a listener cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The operating system refuses.
    #[error("cannot listen on `{0}`: {1}")]
    Io(Listen, io::Error),
    /// Another process listens on the unix socket.
    #[error("cannot listen on `{0}`: another process is listening there")]
    InUse(Listen),
    /// The path is that of a file, which is not replaced.
    #[error("cannot listen on `{0}`: the file is not a socket; use another path or remove it")]
    NotASocket(Listen),
    /// `listen` names `systemd`, and systemd has passed no socket.
    #[error(
        "cannot listen on `systemd`: systemd passed no sockets (LISTEN_FDS is not set); enable the socket unit, or use an address, e.g. `127.0.0.1:9715`"
    )]
    NoSystemdSockets,
    /// A socket of systemd is of another kind.
    #[error("cannot listen on `systemd`: socket {0} is neither a TCP nor a unix stream socket (ListenStream=): {1}")]
    SystemdSocketKind(usize, io::Error),
}

impl BoundListener {
    /// Opens the listener of an entry of `listen`; none for `systemd`.
    pub(super) fn bind(place: &Listen) -> Result<Vec<Self>, BindError> {
        let wrong = |error| BindError::Io(place.clone(), error);
        match place {
            Listen::Tcp(address) => {
                bind_tcp(*address, PortReuse::Off).map(|socket| vec![Self::Tcp(socket)]).map_err(wrong)
            }
            Listen::Unix(path) => bind_unix(place, path, WEB_MODE).map(|listener| vec![listener]),
            Listen::Systemd => Ok(Vec::new()),
        }
    }

    /// Opens a unix socket that only the service's user and root may connect to.
    pub(super) fn bind_private(path: &Path) -> Result<Self, BindError> {
        bind_unix(&Listen::Unix(path.to_owned()), path, PRIVATE_MODE)
    }

    /// Takes the sockets that systemd has passed; a second call returns none.
    pub(super) fn from_systemd() -> Result<Vec<Self>, BindError> {
        // without LISTEN_PID the sockets were inherited by accident (sd_listen_fds(3))
        if std::env::var_os("LISTEN_PID").is_none() {
            return Ok(Vec::new());
        }
        let mut sockets = ListenFd::from_env();
        (0..sockets.len())
            .map(|at| Self::take(&mut sockets, at).map_err(|error| BindError::SystemdSocketKind(at, error)))
            .collect()
    }

    fn take(sockets: &mut ListenFd, at: usize) -> io::Result<Self> {
        if let Ok(Some(socket)) = sockets.take_unix_listener(at) {
            socket.set_nonblocking(true)?;
            return Ok(Self::Unix(socket, None));
        }
        let socket = sockets.take_tcp_listener(at)?.ok_or(ErrorKind::NotFound)?;
        socket.set_nonblocking(true)?;
        Ok(Self::Tcp(Arc::new(socket)))
    }

    /// Opens a listener on a port that sockets of this process use, which close once this one is served.
    pub(super) fn rebind(place: &Listen, in_use: &[RebindableSocket]) -> Result<Vec<Self>, BindError> {
        let Listen::Tcp(address) = place else { return Self::bind(place) };
        let in_use: Vec<Arc<net::TcpListener>> =
            in_use.iter().filter_map(|RebindableSocket(socket)| socket.upgrade()).collect();
        let share = || in_use.iter().try_for_each(|socket| setsockopt(socket, sockopt::ReusePort, &true));
        let bound = share().map_err(io::Error::from).and_then(|()| bind_tcp(*address, PortReuse::SameUser));
        bound.map(|socket| vec![Self::Tcp(socket)]).map_err(|error| BindError::Io(place.clone(), error))
    }

    /// Returns the TCP socket, for a later [`BoundListener::rebind`] on its port.
    pub(super) fn rebindable(&self) -> Option<RebindableSocket> {
        match self {
            Self::Tcp(socket) => Some(RebindableSocket(Arc::downgrade(socket))),
            Self::Unix(..) => None,
        }
    }

    /// Whether only programs on this host can connect, browsers among them.
    pub(super) fn is_loopback(&self) -> bool {
        match self {
            Self::Tcp(socket) => socket.local_addr().is_ok_and(|address| address.ip().to_canonical().is_loopback()),
            Self::Unix(..) => false,
        }
    }

    /// Registers the socket with the runtime.
    pub(super) fn into_async(self) -> io::Result<AsyncListener> {
        match self {
            Self::Tcp(socket) => {
                // connections inherit it; it bounds how much of a response waits in the kernel
                setsockopt(&socket, sockopt::SndBuf, &SEND_BUFFER)?;
                let listener = tokio::net::TcpListener::from_std(socket.try_clone()?)?;
                Ok(AsyncListener::Tcp(listener, socket))
            }
            Self::Unix(socket, file) => {
                tokio::net::UnixListener::from_std(socket).map(|socket| AsyncListener::Unix(socket, file))
            }
        }
    }
}

/// A TCP socket, as long as it is listening.
#[derive(Debug, Clone)]
pub(super) struct RebindableSocket(Weak<net::TcpListener>);

/// A listener of the runtime.
pub(super) enum AsyncListener {
    Tcp(
        tokio::net::TcpListener,
        #[expect(dead_code, reason = "a rebindable socket lives as long as it")] Arc<net::TcpListener>,
    ),
    Unix(
        tokio::net::UnixListener,
        #[expect(dead_code, reason = "it is removed when it is dropped")] Option<SocketFile>,
    ),
}

impl AsyncListener {
    /// Waits for a connection.
    pub(super) async fn accept(&self) -> io::Result<Box<dyn AsyncStream>> {
        match self {
            Self::Tcp(socket, _) => Ok(tcp_stream(socket.accept().await?.0)),
            Self::Unix(socket, _) => Ok(Box::new(socket.accept().await?.0)),
        }
    }

    /// Closes the listener and returns the connections that are in its accept queue.
    pub(super) fn into_queued(self) -> io::Result<Vec<Box<dyn AsyncStream>>> {
        let mut queued: Vec<Box<dyn AsyncStream>> = Vec::new();
        match self {
            Self::Tcp(socket, _) => {
                let socket = socket.into_std()?;
                while let Ok((stream, _)) = socket.accept() {
                    stream.set_nonblocking(true)?;
                    queued.push(tcp_stream(tokio::net::TcpStream::from_std(stream)?));
                }
            }
            Self::Unix(socket, _) => {
                let socket = socket.into_std()?;
                while let Ok((stream, _)) = socket.accept() {
                    stream.set_nonblocking(true)?;
                    queued.push(Box::new(tokio::net::UnixStream::from_std(stream)?));
                }
            }
        }
        Ok(queued)
    }
}

/// A stream of any kind.
pub(super) trait AsyncStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> AsyncStream for T {}

fn tcp_stream(stream: tokio::net::TcpStream) -> Box<dyn AsyncStream> {
    // chunks of a response do not wait for each other
    let _ = stream.set_nodelay(true);
    Box::new(stream)
}

/// The file of a unix socket. It is removed with this, unless another file has replaced it.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    inode: u64,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|found| found.ino() == self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whether a port may be shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PortReuse {
    Off,
    /// With sockets of the same user that share it too (`SO_REUSEPORT`, socket(7)).
    SameUser,
}

fn bind_tcp(address: net::SocketAddr, reuse: PortReuse) -> io::Result<Arc<net::TcpListener>> {
    let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket(family, SockType::Stream, flags, None)?;
    // old connections of a process that has ended do not block the address
    setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    setsockopt(&socket, sockopt::ReusePort, &(reuse == PortReuse::SameUser))?;
    bind(socket.as_raw_fd(), &SockaddrStorage::from(address))?;
    set_backlog(&socket)?;
    Ok(Arc::new(socket.into()))
}

/// Binds to a temporary path and renames it: the socket appears with its mode, and the file of a process that has ended is replaced.
fn bind_unix(place: &Listen, path: &Path, mode: u32) -> Result<BoundListener, BindError> {
    let wrong = |error| BindError::Io(place.clone(), error);
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => return Err(BindError::NotASocket(place.clone())),
        Ok(_) => match unix::UnixStream::connect(path) {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
            Err(error) => return Err(wrong(error)),
            Ok(_) => return Err(BindError::InUse(place.clone())),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(wrong(error)),
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    // a private folder until the mode is set
    let draft = tempfile::Builder::new().prefix(".").rand_bytes(6).tempdir_in(folder).map_err(wrong)?;
    let bind = || {
        let draft = draft.path().join("s");
        let socket = unix::UnixListener::bind(&draft)?;
        socket.set_nonblocking(true)?;
        set_backlog(&socket)?;
        fs::set_permissions(&draft, fs::Permissions::from_mode(mode))?;
        let inode = fs::symlink_metadata(&draft)?.ino();
        fs::rename(&draft, path)?;
        Ok(BoundListener::Unix(socket, Some(SocketFile { path: path.to_owned(), inode })))
    };
    bind().map_err(wrong)
}

/// Sets an accept queue that is longer than the standard library's 128.
fn set_backlog(socket: &impl AsFd) -> io::Result<()> {
    listen(&socket, Backlog::new(1024).expect("it is positive"))?;
    Ok(())
}

/// Bytes of a response that the kernel buffers; it doubles the number (socket(7)).
const SEND_BUFFER: usize = 64 * 1024;
/// For the service's user and group, which a reverse proxy may be in.
const WEB_MODE: u32 = 0o660;
const PRIVATE_MODE: u32 = 0o600;
