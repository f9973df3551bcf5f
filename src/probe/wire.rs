//! When did it happen on the wire? The kernel's stamps of what arrives, and its own account of a connection.
//!
//! The wire time of a phase is the sum over its turns of *last byte in* minus *last byte out*: what the network and the server
//! took, without our own work between a read and the next write. Stamps are of `CLOCK_REALTIME`; a sample that a step of that
//! clock has spoilt, or that the kernel did not stamp, is dropped.

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, MsgFlags, SockFlag, SockType, recvmsg, setsockopt, socket, sockopt,
};
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_gettime};
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UdpSocket};

/// Keeps the kernel stamping packets: it begins late when the first socket asks for stamps, and ends with the last one.
#[derive(Debug, Clone)]
pub(super) struct Stamping {
    _socket: Option<Arc<OwnedFd>>,
}

impl Stamping {
    /// Asks for stamps from now on; without them there are no wire times, and nothing else is lost.
    pub(super) fn on() -> Self {
        let socket = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None).ok();
        let socket = socket.filter(|socket| setsockopt(socket, sockopt::ReceiveTimestampns, &true).is_ok());
        Self { _socket: socket.map(Arc::new) }
    }
}

/// A moment by the clock of the kernel's stamps, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp(i64);

impl Stamp {
    /// This moment.
    pub(super) fn now() -> Option<Self> {
        clock_gettime(ClockId::CLOCK_REALTIME).ok().map(Self::from)
    }

    /// The time from an earlier moment to this one.
    pub(super) fn since(self, earlier: Self) -> Option<Duration> {
        u64::try_from(self.0.checked_sub(earlier.0)?).ok().map(Duration::from_nanos)
    }
}

impl From<TimeSpec> for Stamp {
    fn from(time: TimeSpec) -> Self {
        Self(time.tv_sec().saturating_mul(1_000_000_000).saturating_add(time.tv_nsec()))
    }
}

/// A wire time, unless it is longer than what was felt: then the clock was set meanwhile.
pub(super) fn plausible(wire: Duration, felt: Duration) -> Option<Duration> {
    (wire <= felt + Duration::from_millis(1)).then_some(wire)
}

/// The writes and reads of one connection, turn by turn.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<Tally>);

#[derive(Debug, Default)]
struct Tally {
    written: Option<Stamp>,
    read: Option<Stamp>,
    waited: Option<Duration>,
    spoilt: bool,
    total: u64,
    opening: Vec<u8>,
}

impl Turns {
    /// Ends a phase: its wire time, if something was heard and each read was stamped.
    pub(super) fn take(&self, felt: Duration) -> Option<Duration> {
        let mut tally = self.0.lock().expect("no holder panics");
        tally.close();
        tally.written = None;
        let spoilt = std::mem::take(&mut tally.spoilt);
        let waited = tally.waited.take();
        waited.filter(|_| !spoilt).and_then(|wire| plausible(wire, felt))
    }

    /// The first bytes that came, at most 16.
    pub(super) fn opening(&self) -> Vec<u8> {
        self.0.lock().expect("no holder panics").opening.clone()
    }

    fn wrote(&self, at: Option<Stamp>) {
        let mut tally = self.0.lock().expect("no holder panics");
        tally.close();
        tally.written = at;
    }

    fn read(&self, bytes: &[u8], at: Option<Stamp>) {
        let mut tally = self.0.lock().expect("no holder panics");
        let missing = OPENING_BYTES.saturating_sub(tally.opening.len());
        tally.opening.extend(bytes.iter().take(missing));
        tally.total += bytes.len() as u64;
        match at {
            Some(_) => tally.read = at,
            None => tally.spoilt = true,
        }
    }

    fn is_flooded(&self) -> bool {
        self.0.lock().expect("no holder panics").total >= MOST_BYTES
    }
}

impl Tally {
    fn close(&mut self) {
        if let (Some(written), Some(read)) = (self.written, self.read.take())
            && let Some(waited) = read.since(written)
        {
            self.waited = Some(self.waited.unwrap_or_default() + waited);
        }
    }
}

/// A TCP connection that notes when bytes came and went, and that ends after more bytes than any honest answer has.
#[derive(Debug)]
pub(super) struct Stamped {
    /// None before there is a connection.
    stream: Option<TcpStream>,
    control: Vec<u8>,
    turns: Arc<Turns>,
}

impl Stamped {
    /// Takes over a connection; [`request_stamps`] should have been called on its socket.
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream: Some(stream), control: nix::cmsg_space!(TimeSpec), turns: Arc::default() }
    }

    /// The place of a connection that is still to come.
    pub(super) fn to_come() -> Self {
        Self { stream: None, control: Vec::new(), turns: Arc::default() }
    }

    /// The notes, to be read while another layer owns the connection.
    pub(super) fn turns(&self) -> Arc<Turns> {
        Arc::clone(&self.turns)
    }

    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        self.stream.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl AsyncRead for Stamped {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { stream, control, turns } = self.get_mut();
        let Some(stream) = stream else { return Poll::Ready(Err(io::ErrorKind::NotConnected.into())) };
        if turns.is_flooded() {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::FileTooLarge, Flooded)));
        }
        loop {
            ready!(stream.poll_read_ready(cx))?;
            let unfilled = buffer.initialize_unfilled();
            let fd = stream.as_raw_fd();
            match stream.try_io(Interest::READABLE, || receive(fd, unfilled, control)) {
                Ok((length, stamp)) => {
                    if length > 0 {
                        turns.read(&unfilled[..length], stamp);
                    }
                    buffer.advance(length);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Stamped {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let before = Stamp::now();
        let written = ready!(this.stream()?.poll_write_vectored(cx, slices))?;
        this.turns.wrote(before);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream()?.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream()?.poll_shutdown(cx)
    }
}

/// The far end sent more than any honest answer needs.
#[derive(Debug, thiserror::Error)]
#[error("more than {MOST_BYTES} bytes came, and no end")]
pub(super) struct Flooded;

impl Flooded {
    /// Whether this is what an error of the connection says.
    pub(super) fn is_cause_of(error: &io::Error) -> bool {
        error.get_ref().and_then(|inner| inner.downcast_ref::<Self>()).is_some()
    }
}

/// Whether an error says that this host has no socket to give: its descriptors, ports or memory have run out.
pub(super) fn is_of_this_host(error: &io::Error) -> bool {
    matches!(
        Errno::from_raw(error.raw_os_error().unwrap_or_default()),
        Errno::EMFILE | Errno::ENFILE | Errno::ENOBUFS | Errno::ENOMEM | Errno::EADDRNOTAVAIL | Errno::EAGAIN
    )
}

/// Asks the kernel to stamp what arrives on a socket.
pub(super) fn request_stamps(socket: &impl AsFd) {
    let _ = setsockopt(socket, sockopt::ReceiveTimestampns, &true);
}

/// Waits for a datagram.
pub(super) async fn receive_datagram(
    socket: &UdpSocket,
    buffer: &mut [u8],
    control: &mut [u8],
) -> io::Result<(usize, Option<Stamp>)> {
    let fd = socket.as_raw_fd();
    // that nobody listens there is an error alone, without anything to read
    socket.async_io(Interest::READABLE | Interest::ERROR, || receive(fd, buffer, control)).await
}

/// Room for the kernel's stamp beside a message.
pub(super) fn stamp_space() -> Vec<u8> {
    nix::cmsg_space!(TimeSpec)
}

fn receive(fd: RawFd, buffer: &mut [u8], control: &mut [u8]) -> io::Result<(usize, Option<Stamp>)> {
    let mut slices = [IoSliceMut::new(buffer)];
    let message = recvmsg::<()>(fd, &mut slices, Some(control), MsgFlags::empty())?;
    let stamp = message.cmsgs().ok().and_then(|mut all| {
        all.find_map(|one| match one {
            ControlMessageOwned::ScmTimestampns(time) => Some(Stamp::from(time)),
            _ => None,
        })
    });
    Ok((message.bytes, stamp))
}

const OPENING_BYTES: usize = 16;
/// 64 KiB each of certificates, head and body, several times over.
const MOST_BYTES: u64 = 1024 * 1024;
