//! Does the address answer? One connection, with the operating system's reasons kept apart.

use super::wire::{self, Stamped};
use crate::observation::{Phase, TcpFailure, TcpFault};
use crate::platform;
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
            let info = platform::tcp_info(&stream);
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
pub fn is_dialable(address: IpAddr) -> bool {
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
        _ if wire::is_of_this_host(error) => TcpFault::Local,
        _ => TcpFault::Other,
    };
    let says_more =
        matches!(fault, TcpFault::NotPermitted | TcpFault::Local | TcpFault::Other) || error.raw_os_error().is_none();
    TcpFailure { fault, detail: says_more.then(|| error.to_string()) }
}

/// Whether this host itself has a route: connecting a datagram socket looks it up and sends nothing.
fn has_route(address: SocketAddr) -> bool {
    let any = if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { IpAddr::from(Ipv6Addr::UNSPECIFIED) };
    std::net::UdpSocket::bind((any, 0)).and_then(|socket| socket.connect(address)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(address: &str, errno: Errno) -> TcpFault {
        failure(address.parse().unwrap(), &io::Error::from_raw_os_error(errno as i32)).fault
    }

    #[test]
    fn reasons_of_the_operating_system_are_kept_apart() {
        let v4 = "127.0.0.1:443";
        assert_eq!(fault(v4, Errno::ECONNREFUSED), TcpFault::Refused);
        assert_eq!(fault(v4, Errno::ECONNRESET), TcpFault::Reset);
        assert_eq!(fault(v4, Errno::ETIMEDOUT), TcpFault::Timeout);
        assert_eq!(fault(v4, Errno::EHOSTUNREACH), TcpFault::HostUnreachable);
        assert_eq!(fault(v4, Errno::ENETUNREACH), TcpFault::NetworkUnreachable);
        assert_eq!(fault(v4, Errno::EACCES), TcpFault::NotPermitted);
        assert_eq!(fault(v4, Errno::EPERM), TcpFault::NotPermitted);
        assert_eq!(fault(v4, Errno::EMFILE), TcpFault::Local);
        assert_eq!(fault(v4, Errno::EINVAL), TcpFault::Other);
    }

    #[test]
    fn a_host_without_an_ipv6_route_is_told_from_a_router_without_one() {
        // without a zone no host has a route to a link-local address
        assert_eq!(fault("[fe80::1]:443", Errno::ENETUNREACH), TcpFault::NoRouteForFamily);
        assert_eq!(fault("[fe80::1]:443", Errno::EADDRNOTAVAIL), TcpFault::NoRouteForFamily);
        assert_eq!(fault("127.0.0.1:443", Errno::EADDRNOTAVAIL), TcpFault::Local);
    }

    #[test]
    fn addresses_of_no_host_are_not_dialled() {
        let dialable = |ip: &str| is_dialable(ip.parse().unwrap());
        for no_host in ["0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255", "::", "ff02::1", "::ffff:0.0.0.0"] {
            assert!(!dialable(no_host), "{no_host}");
        }
        for host in ["10.0.0.1", "127.0.0.1", "169.254.1.1", "100.64.0.1", "64:ff9b::a00:1", "fd00::1", "2600::1"] {
            assert!(dialable(host), "{host}");
        }
    }
}
