//! Where can a server of a test listen? At an address of loopback of its own, so that nobody's connection happens to have its port.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU16, Ordering};

/// An address that no other test of this run has, and most likely no other run.
pub(crate) fn own_address() -> Ipv4Addr {
    static NEXT: AtomicU16 = AtomicU16::new(1);
    let [.., run] = std::process::id().to_be_bytes();
    let [third, fourth] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    Ipv4Addr::new(127, 128 | run, third, fourth)
}
