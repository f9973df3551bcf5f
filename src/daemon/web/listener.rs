//! Where do connections come from? TCP, unix sockets, and sockets that systemd hands over.

use super::wire::Duplex;
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

/// A socket that listens.
#[derive(Debug)]
pub(super) enum Listener {
    /// On an address.
    Tcp(Arc<net::TcpListener>),
    /// On a path; the file goes with it, if it is ours.
    Unix(unix::UnixListener, Option<SocketFile>),
}

/// Why nothing can be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// An address cannot be had.
    #[error("`{0}` cannot be listened on: {1}")]
    Io(Listen, io::Error),
    /// Another process answers on the path.
    #[error("`{0}` cannot be listened on: another process answers there already")]
    Taken(Listen),
    /// Something else than a socket stands at the path; it is not replaced.
    #[error("`{0}` cannot be listened on: the file there is no socket; give another path or remove it")]
    NoSocket(Listen),
    /// `systemd` is listed, and systemd hands nothing over.
    #[error(
        "`systemd` cannot be listened on: no socket was handed over (LISTEN_FDS); enable the socket unit, or list an address such as `127.0.0.1:9715`"
    )]
    NothingHandedOver,
    /// What systemd hands over is of another kind.
    #[error(
        "`systemd` cannot be listened on: socket {0} is neither a TCP nor a unix stream socket (ListenStream=): {1}"
    )]
    Kind(usize, io::Error),
}

impl Listener {
    /// Listens at a place of `listen`, but for `systemd`.
    pub(super) fn bind(place: &Listen) -> Result<Vec<Self>, ListenError> {
        let wrong = |error| ListenError::Io(place.clone(), error);
        match place {
            Listen::Tcp(address) => {
                bind_tcp(*address, Sharing::No).map(|socket| vec![Self::Tcp(socket)]).map_err(wrong)
            }
            Listen::Unix(path) => bind_unix(place, path, WEB_MODE).map(|listener| vec![listener]),
            Listen::Systemd => Ok(Vec::new()),
        }
    }

    /// Listens on a socket that the service's user and root alone may connect to.
    pub(super) fn bind_private(path: &Path) -> Result<Self, ListenError> {
        bind_unix(&Listen::Unix(path.to_owned()), path, PRIVATE_MODE)
    }

    /// The sockets that systemd hands over; they are there for the first who asks.
    pub(super) fn handed_over() -> Result<Vec<Self>, ListenError> {
        // what does not say for whom it is was inherited by chance (sd_listen_fds(3))
        if std::env::var_os("LISTEN_PID").is_none() {
            return Ok(Vec::new());
        }
        let mut sockets = ListenFd::from_env();
        (0..sockets.len())
            .map(|at| Self::take(&mut sockets, at).map_err(|error| ListenError::Kind(at, error)))
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

    /// Listens on an address that has been taken by a listener of our own, which closes as soon as this one answers.
    pub(super) fn bind_beside(place: &Listen, taken: &[Neighbour]) -> Result<Vec<Self>, ListenError> {
        let Listen::Tcp(address) = place else { return Self::bind(place) };
        let taken: Vec<Arc<net::TcpListener>> = taken.iter().filter_map(|Neighbour(socket)| socket.upgrade()).collect();
        let share = || taken.iter().try_for_each(|socket| setsockopt(socket, sockopt::ReusePort, &true));
        let bound = share().map_err(io::Error::from).and_then(|()| bind_tcp(*address, Sharing::WithOurOwn));
        bound.map(|socket| vec![Self::Tcp(socket)]).map_err(|error| ListenError::Io(place.clone(), error))
    }

    /// The same for whoever binds beside it.
    pub(super) fn neighbour(&self) -> Option<Neighbour> {
        match self {
            Self::Tcp(socket) => Some(Neighbour(Arc::downgrade(socket))),
            Self::Unix(..) => None,
        }
    }

    /// The same within the runtime.
    pub(super) fn open(self) -> io::Result<OpenListener> {
        match self {
            Self::Tcp(socket) => {
                // connections inherit it; what a client does not take is not made
                setsockopt(&socket, sockopt::SndBuf, &MOST_UNTAKEN)?;
                let listener = tokio::net::TcpListener::from_std(socket.try_clone()?)?;
                Ok(OpenListener::Tcp(listener, socket))
            }
            Self::Unix(socket, file) => {
                tokio::net::UnixListener::from_std(socket).map(|socket| OpenListener::Unix(socket, file))
            }
        }
    }
}

/// A TCP listener at work, as long as it is.
#[derive(Debug, Clone)]
pub(super) struct Neighbour(Weak<net::TcpListener>);

/// A listener within the runtime.
pub(super) enum OpenListener {
    Tcp(tokio::net::TcpListener, #[expect(dead_code, reason = "neighbours live as long as it")] Arc<net::TcpListener>),
    Unix(
        tokio::net::UnixListener,
        #[expect(dead_code, reason = "it is removed when it is dropped")] Option<SocketFile>,
    ),
}

impl OpenListener {
    /// Waits for a connection.
    pub(super) async fn accept(&self) -> io::Result<Box<dyn Duplex>> {
        match self {
            Self::Tcp(socket, _) => Ok(of_tcp(socket.accept().await?.0)),
            Self::Unix(socket, _) => Ok(Box::new(socket.accept().await?.0)),
        }
    }

    /// Whoever has come already, as the kernel knows it; the runtime may not have heard of them yet.
    pub(super) fn waiting(self) -> io::Result<Vec<Box<dyn Duplex>>> {
        let mut waiting: Vec<Box<dyn Duplex>> = Vec::new();
        match self {
            Self::Tcp(socket, _) => {
                let socket = socket.into_std()?;
                while let Ok((stream, _)) = socket.accept() {
                    stream.set_nonblocking(true)?;
                    waiting.push(of_tcp(tokio::net::TcpStream::from_std(stream)?));
                }
            }
            Self::Unix(socket, _) => {
                let socket = socket.into_std()?;
                while let Ok((stream, _)) = socket.accept() {
                    stream.set_nonblocking(true)?;
                    waiting.push(Box::new(tokio::net::UnixStream::from_std(stream)?));
                }
            }
        }
        Ok(waiting)
    }
}

fn of_tcp(stream: tokio::net::TcpStream) -> Box<dyn Duplex> {
    // chunks of an answer do not wait for each other
    let _ = stream.set_nodelay(true);
    Box::new(stream)
}

/// The file of a unix socket that we made; removed at the end, unless another has taken its place.
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

/// Whether a socket may be bound where others are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sharing {
    No,
    /// Where sockets of this user's say so too (`SO_REUSEPORT`, socket(7)).
    WithOurOwn,
}

fn bind_tcp(address: net::SocketAddr, sharing: Sharing) -> io::Result<Arc<net::TcpListener>> {
    let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket(family, SockType::Stream, flags, None)?;
    // connections of a predecessor that has ended keep nobody out
    setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    setsockopt(&socket, sockopt::ReusePort, &(sharing == Sharing::WithOurOwn))?;
    bind(socket.as_raw_fd(), &SockaddrStorage::from(address))?;
    lengthen(&socket)?;
    Ok(Arc::new(socket.into()))
}

/// Binds beside the path and moves the socket there: it appears with its mode, and the file of a dead process is replaced.
fn bind_unix(place: &Listen, path: &Path, mode: u32) -> Result<Listener, ListenError> {
    let wrong = |error| ListenError::Io(place.clone(), error);
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => return Err(ListenError::NoSocket(place.clone())),
        Ok(_) => match unix::UnixStream::connect(path) {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
            Err(error) => return Err(wrong(error)),
            Ok(_) => return Err(ListenError::Taken(place.clone())),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(wrong(error)),
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    // the folder is closed to others until the mode is set
    let draft = tempfile::Builder::new().prefix(".").rand_bytes(6).tempdir_in(folder).map_err(wrong)?;
    let bind = || {
        let draft = draft.path().join("s");
        let socket = unix::UnixListener::bind(&draft)?;
        socket.set_nonblocking(true)?;
        lengthen(&socket)?;
        fs::set_permissions(&draft, fs::Permissions::from_mode(mode))?;
        let inode = fs::symlink_metadata(&draft)?.ino();
        fs::rename(&draft, path)?;
        Ok(Listener::Unix(socket, Some(SocketFile { path: path.to_owned(), inode })))
    };
    bind().map_err(wrong)
}

/// More may wait to be accepted than the standard library's 128, as when a thousand come at once.
fn lengthen(socket: &impl AsFd) -> io::Result<()> {
    listen(&socket, Backlog::new(1024).expect("it is positive"))?;
    Ok(())
}

/// Bytes that the kernel holds for a client, or twice as many (socket(7)).
const MOST_UNTAKEN: usize = 64 * 1024;
/// The service's user and group, such as a proxy in that group.
const WEB_MODE: u32 = 0o660;
const PRIVATE_MODE: u32 = 0o600;
