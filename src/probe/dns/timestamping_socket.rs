//! Sockets for one exchange with a DNS server: they record kernel timestamps, and count replies that do not fit the query.

use crate::observation::Mismatches;
use crate::probe::wire::{self, Stamp, Stamped, Turns};
use hickory_resolver::net::runtime::iocompat::AsyncIoTokioAsStd;
use hickory_resolver::net::runtime::{DnsUdpSocket, RuntimeProvider, TokioHandle, TokioTime};
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, send};
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::{TcpSocket, UdpSocket};
use tokio::time::sleep;

/// One query and its reply, as the socket sees them.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    query: Vec<u8>,
    sent: Option<Stamp>,
    /// From sending to the arrival of the reply.
    wire: Option<Duration>,
    /// The timer of a TCP connection.
    turns: Option<Arc<Turns>>,
    /// How many replies did not fit the query.
    pub(super) mismatches: Mismatches,
    /// The reply that fits the query.
    pub(super) reply: Option<Vec<u8>>,
}

/// An exchange that is shared by the socket, the transmission and the log.
#[derive(Debug, Clone, Default)]
pub(super) struct SharedExchange(Arc<Mutex<Exchange>>);

impl SharedExchange {
    pub(super) fn lock(&self) -> MutexGuard<'_, Exchange> {
        self.0.lock().expect("no holder panics")
    }
}

impl Exchange {
    /// Records a query as sent now.
    pub(super) fn record_query(&mut self, query: &[u8]) {
        self.query = query.to_vec();
        self.sent = Stamp::now();
    }

    /// Keeps a message as the reply if it fits the query, or else counts it; returns whether it fits.
    ///
    /// A reply repeats the id and the question. Servers that cannot read a query, or refuse it, need not repeat the question.
    pub(super) fn record_reply(&mut self, reply: &[u8], arrived: Option<Stamp>) -> bool {
        if reply.len() < HEADER_BYTES || !self.query.starts_with(&reply[..2]) {
            self.mismatches.ids = self.mismatches.ids.saturating_add(1);
            return false;
        }
        // names compare without regard to case (RFC 4343), and neither a length nor a type or class is a letter
        let question = self.question();
        let repeats =
            || reply[HEADER_BYTES..].get(..question.len()).is_some_and(|it| it.eq_ignore_ascii_case(question));
        let fits = match [reply[4], reply[5]] {
            ONE_QUESTION => repeats(),
            NO_QUESTION => reply[3] & RCODE != 0,
            _ => false,
        };
        if !fits || reply[2] & RESPONSE_AND_OPCODE != RESPONSE {
            self.mismatches.questions = self.mismatches.questions.saturating_add(1);
            return false;
        }
        self.wire = arrived.zip(self.sent).and_then(|(arrived, sent)| arrived.since(sent));
        self.reply = Some(reply.to_vec());
        true
    }

    /// Returns the time on the wire, if the kernel gave timestamps.
    pub(super) fn wire(&self, elapsed: Duration) -> Option<Duration> {
        match &self.turns {
            Some(turns) => turns.take(elapsed),
            None => self.wire.and_then(|wire| wire::plausible(wire, elapsed)),
        }
    }

    /// Returns the question of the query: name, type and class.
    fn question(&self) -> &[u8] {
        let question = self.query.get(HEADER_BYTES..).unwrap_or_default();
        let name_end = question.iter().position(|byte| *byte == 0).unwrap_or(0);
        question.get(..name_end + 5).unwrap_or_default()
    }
}

/// The runtime of one exchange.
#[derive(Debug, Clone)]
pub(super) struct TimestampingRuntime(pub(super) SharedExchange);

impl RuntimeProvider for TimestampingRuntime {
    type Handle = TokioHandle;
    type Timer = TokioTime;
    type Udp = TimestampingSocket;
    type Tcp = AsyncIoTokioAsStd<Stamped>;

    fn create_handle(&self) -> TokioHandle {
        TokioHandle::default()
    }

    /// Connects without a timeout: the recorder ends what takes too long.
    fn connect_tcp(
        &self,
        server: SocketAddr,
        _: Option<SocketAddr>,
        _: Option<Duration>,
    ) -> Pin<Box<dyn Send + Future<Output = io::Result<Self::Tcp>>>> {
        let exchange = self.0.clone();
        Box::pin(async move {
            let socket = if server.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
            wire::request_stamps(&socket);
            let _ = socket.set_nodelay(true);
            let stream = Stamped::new(socket.connect(server).await?);
            exchange.lock().turns = Some(stream.turns());
            Ok(AsyncIoTokioAsStd(stream))
        })
    }

    /// Binds a socket, and connects it: the kernel then drops datagrams of other addresses, and reports that no program listens.
    fn bind_udp(
        &self,
        local: SocketAddr,
        server: SocketAddr,
    ) -> Pin<Box<dyn Send + Future<Output = io::Result<TimestampingSocket>>>> {
        let exchange = self.0.clone();
        Box::pin(async move {
            let socket = UdpSocket::bind(local).await?;
            wire::request_stamps(&socket);
            socket.connect(server).await?;
            Ok(TimestampingSocket { socket, server, exchange })
        })
    }
}

/// A connected UDP socket for one query.
#[derive(Debug)]
pub(super) struct TimestampingSocket {
    socket: UdpSocket,
    server: SocketAddr,
    exchange: SharedExchange,
}

#[async_trait::async_trait]
impl DnsUdpSocket for TimestampingSocket {
    type Time = TokioTime;

    /// Not supported: an error of the socket without a datagram wakes only [`Self::recv_from`], which the library calls.
    fn poll_recv_from(&self, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }

    /// Waits for a datagram that fits the query. Others are counted, and read at a bounded rate.
    async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let mut datagram = vec![0; MAX_DATAGRAM_BYTES];
        let mut control = wire::stamp_space();
        loop {
            let (length, arrived) = wire::receive_datagram(&self.socket, &mut datagram, &mut control).await?;
            let reply = &datagram[..length];
            let (fits, mismatches) = {
                let mut exchange = self.exchange.lock();
                (exchange.record_reply(reply, arrived), exchange.mismatches.total())
            };
            if fits && reply[4..6] == NO_QUESTION {
                // the library would wait on; the reply is in the exchange
                return Err(io::ErrorKind::InvalidData.into());
            }
            if fits {
                let length = length.min(buffer.len());
                buffer[..length].copy_from_slice(&reply[..length]);
                return Ok((length, self.server));
            }
            if mismatches >= MISMATCHES_AT_ONCE && mismatches.is_multiple_of(MISMATCHES_PER_PAUSE) {
                sleep(PAUSE).await;
            }
        }
    }

    fn poll_send_to(&self, context: &mut Context<'_>, query: &[u8], _: SocketAddr) -> Poll<io::Result<usize>> {
        self.exchange.lock().record_query(query);
        // directly: tokio would wait a turn of the runtime until it knows that the new socket is writable
        match send(self.socket.as_raw_fd(), query, MsgFlags::MSG_DONTWAIT) {
            Err(Errno::EAGAIN) => self.socket.poll_send(context, query),
            sent => Poll::Ready(sent.map_err(Into::into)),
        }
    }
}

const HEADER_BYTES: usize = 12;
/// Flags of the third and fourth byte of a header (RFC 1035, 4.1.1).
const RESPONSE: u8 = 0x80;
const RESPONSE_AND_OPCODE: u8 = 0xf8;
const RCODE: u8 = 0x0f;
/// The number of questions, in the fifth and sixth byte.
const NO_QUESTION: [u8; 2] = [0, 0];
const ONE_QUESTION: [u8; 2] = [0, 1];
/// Larger than what a query allows, since some servers do not care.
const MAX_DATAGRAM_BYTES: usize = 4096;
/// A flood of datagrams that do not fit is read at 128,000 a second at most, after the first ones.
const MISMATCHES_AT_ONCE: u32 = 4096;
const MISMATCHES_PER_PAUSE: u32 = 128;
const PAUSE: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn any_message_is_the_reply_or_counted(
            reply in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..64),
            query in proptest::collection::vec(proptest::prelude::any::<u8>(), 12..64),
            has_id in proptest::prelude::any::<bool>(),
        ) {
            let mut exchange = Exchange::default();
            exchange.record_query(&query);
            let reply = if has_id { [&query[..2], &reply].concat() } else { reply };
            let fits = exchange.record_reply(&reply, None);
            proptest::prop_assert_eq!(exchange.mismatches.total(), u32::from(!fits));
            proptest::prop_assert_eq!(exchange.reply, fits.then_some(reply));
        }
    }
}
