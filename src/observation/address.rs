//! What kind of address did a name give? An endpoint's are private; a public one means that private DNS did not answer.

use crate::named::named;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address that a name resolved to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// Seconds the answer may be cached; absent if it did not come from DNS.
    pub ttl: Option<u32>,
}

impl Address {
    /// The kind of the address.
    pub fn class(self) -> AddressClass {
        AddressClass::of(self.ip)
    }
}

named! {
    /// The kind of an address, by the IANA special-purpose registries.
    pub enum AddressClass {
        /// RFC 1918.
        Private = "private",
        /// Everything that no registry sets apart.
        Public = "public",
        /// 127.0.0.0/8, ::1.
        Loopback = "loopback",
        /// 169.254.0.0/16, fe80::/10.
        LinkLocal = "link-local",
        /// 100.64.0.0/10 (RFC 6598); some VPCs use it.
        Shared = "shared",
        /// fc00::/7 (RFC 4193).
        UniqueLocal = "unique-local",
        /// Not for any host: unspecified, multicast, documentation, benchmarking, reserved.
        Reserved = "reserved",
    }
}

impl AddressClass {
    /// The kind of an address.
    pub fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => Self::of_v4(ip),
            IpAddr::V6(ip) => Self::of_v6(ip),
        }
    }

    /// Whether an endpoint in a VPC can have such an address.
    pub fn is_inside(self) -> bool {
        match self {
            Self::Private | Self::Loopback | Self::LinkLocal | Self::Shared | Self::UniqueLocal => true,
            Self::Public | Self::Reserved => false,
        }
    }

    fn of_v4(ip: Ipv4Addr) -> Self {
        match ip.octets() {
            _ if ip.is_private() => Self::Private,
            _ if ip.is_loopback() => Self::Loopback,
            _ if ip.is_link_local() => Self::LinkLocal,
            [100, 64..=127, ..] => Self::Shared,
            [0 | 224..=255, ..] | [198, 18 | 19, ..] | [192, 0, 0, _] => Self::Reserved,
            _ if ip.is_documentation() => Self::Reserved,
            _ => Self::Public,
        }
    }

    fn of_v6(ip: Ipv6Addr) -> Self {
        match ip.segments() {
            _ if ip.is_loopback() => Self::Loopback,
            [first, ..] if first & 0xfe00 == 0xfc00 => Self::UniqueLocal,
            [first, ..] if first & 0xffc0 == 0xfe80 => Self::LinkLocal,
            [0x2001, 0xdb8, ..] | [0x3fff, ..] => Self::Reserved,
            [first, ..] if first & 0xe000 == 0x2000 => Self::Public,
            _ => Self::Reserved,
        }
    }
}
