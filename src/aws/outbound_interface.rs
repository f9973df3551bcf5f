//! Finds the network interface by which this host reaches an address, without sending a packet.

use crate::setup::{Blind, Fact, Outgoing};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Returns the interface by which this host would call an address.
pub fn outgoing(to: IpAddr) -> Fact<Outgoing> {
    find(to).map_err(|error| Blind::new(PLACE, error.to_string())).into()
}

fn find(to: IpAddr) -> io::Result<Outgoing> {
    let any = if to.is_ipv4() { IpAddr::from(Ipv4Addr::UNSPECIFIED) } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0))?;
    // for a datagram socket it chooses a route and sends nothing; the port does not matter
    socket.connect((to, 443))?;
    let address = socket.local_addr()?.ip();
    let has_it = |interface: &nix::ifaddrs::InterfaceAddress| {
        let known = interface.address.as_ref().and_then(|address| {
            let v4 = address.as_sockaddr_in().map(|v4| SocketAddr::from(std::net::SocketAddrV4::from(*v4)));
            v4.or(address.as_sockaddr_in6().map(|v6| SocketAddr::from(std::net::SocketAddrV6::from(*v6))))
        });
        known.is_some_and(|known| known.ip() == address)
    };
    let name = nix::ifaddrs::getifaddrs()?.find(has_it).map(|found| found.interface_name);
    let name = name.ok_or_else(|| io::Error::other(format!("no interface has {address}")))?;
    let mtu = std::fs::read_to_string(format!("{PLACE}/{name}/mtu"))?;
    let mtu = mtu.trim().parse().map_err(io::Error::other)?;
    Ok(Outgoing { name, mtu, address })
}

const PLACE: &str = "/sys/class/net";
