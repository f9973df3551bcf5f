//! Where can a daemon listen? Each at an address of loopback of its own, so that nobody's connection happens to have the port.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// An address that no other test of this run has, most likely no other run either, and a port there that nobody has.
pub(crate) fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(1);
    let [.., run] = std::process::id().to_be_bytes();
    let [third, fourth] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    TcpListener::bind((Ipv4Addr::new(127, 128 | run, third, fourth), 0)).unwrap().local_addr().unwrap()
}
