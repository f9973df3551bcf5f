//! Does the address answer? One connection, with the operating system's reasons kept apart.

use super::wire::{self, Stamped};
use crate::observation::{Phase, TcpFailure, TcpFault};
use nix::errno::Errno;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout_at};

/// A connection and how many segments it took to send again.
#[derive(Debug)]
pub(super) struct Connection {
    /// The bytes.
    pub(super) stream: Stamped,
    /// `tcpi_total_retrans` after the handshake.
    pub(super) retransmits: u32,
}

/// Connects, until a moment at most.
pub(super) async fn connect(address: SocketAddr, until: Instant) -> Phase<Connection, TcpFailure> {
    let began = Instant::now();
    let result = timeout_at(until, open(address)).await;
    let felt = began.elapsed();
    let mut wire = None;
    let result = match result {
        Err(_) => Err(TcpFailure { fault: TcpFault::Timeout, detail: None }),
        Ok(Err(error)) => Err(failure(address, &error)),
        Ok(Ok(stream)) => {
            let info = wire::tcp_info(&stream);
            let retransmits = info.map_or(0, |info| info.retransmits);
            // after a lost SYN the kernel's round trip is that of the last one alone
            wire = info.filter(|_| retransmits == 0).and_then(|info| wire::plausible(info.round_trip, felt));
            Ok(Connection { stream: Stamped::new(stream), retransmits })
        }
    };
    Phase { felt, wire, result }
}

/// The phase of an address that no packet is ever sent to.
pub(super) fn refrain(address: IpAddr) -> Phase<Connection, TcpFailure> {
    let detail = Some(format!("{address} is the address of no host; nothing was sent"));
    Phase { felt: std::time::Duration::ZERO, wire: None, result: Err(TcpFailure { fault: TcpFault::Other, detail }) }
}

/// Whether a packet may be sent to the address at all: Linux takes the unspecified address for this host.
pub(super) fn is_dialable(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(ip) => ip.octets()[0] != 0 && ip.octets()[0] < 224,
        IpAddr::V6(ip) => !ip.is_unspecified() && !ip.is_multicast(),
    }
}

async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    wire::request_stamps(&socket);
    let _ = socket.set_nodelay(true);
    socket.connect(address).await
}

fn failure(address: SocketAddr, error: &io::Error) -> TcpFailure {
    let fault = match Errno::from_raw(error.raw_os_error().unwrap_or_default()) {
        Errno::ECONNREFUSED => TcpFault::Refused,
        Errno::ECONNRESET | Errno::ECONNABORTED => TcpFault::Reset,
        Errno::ETIMEDOUT => TcpFault::Timeout,
        Errno::EHOSTUNREACH | Errno::EHOSTDOWN => TcpFault::HostUnreachable,
        Errno::EAFNOSUPPORT => TcpFault::NoRouteForFamily,
        Errno::ENETUNREACH | Errno::EADDRNOTAVAIL if address.is_ipv6() && !has_route(address) => {
            TcpFault::NoRouteForFamily
        }
        Errno::ENETUNREACH | Errno::ENETDOWN => TcpFault::NetworkUnreachable,
        Errno::EACCES | Errno::EPERM => TcpFault::NotPermitted,
        _ => TcpFault::Other,
    };
    let says_more = matches!(fault, TcpFault::NotPermitted | TcpFault::Other) || error.raw_os_error().is_none();
    TcpFailure { fault, detail: says_more.then(|| error.to_string()) }
}

/// Whether this host itself has a route: connecting a datagram socket looks it up and sends nothing.
fn has_route(address: SocketAddr) -> bool {
    let any = if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { IpAddr::from(Ipv6Addr::UNSPECIFIED) };
    std::net::UdpSocket::bind((any, 0)).and_then(|socket| socket.connect(address)).is_ok()
}
