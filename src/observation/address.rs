//! What kind of address did a name give? An endpoint's IPv4 addresses are private; a public one means that private DNS did not answer.

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

    /// Where it can lie.
    pub fn place(self) -> Place {
        match self.class() {
            AddressClass::Private
            | AddressClass::Loopback
            | AddressClass::LinkLocal
            | AddressClass::Shared
            | AddressClass::UniqueLocal => Place::Inside,
            AddressClass::Public if self.ip.to_canonical().is_ipv6() => Place::Either,
            AddressClass::Reserved if self.ip.to_canonical().is_unspecified() => Place::Nobody,
            AddressClass::Public | AddressClass::Reserved => Place::Outside,
        }
    }
}

/// Where an address can lie, as seen from a VPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// An endpoint in a VPC can have it. Loopback counts: a tunnel or a test listens there.
    Inside,
    /// On the Internet, or wherever else no endpoint is.
    Outside,
    /// Both: a VPC's IPv6 addresses are global unicast like any other (Amazon VPC user guide, "IP addressing").
    Either,
    /// No host has it: `0.0.0.0` or `::`, which filters answer in the place of a name's addresses.
    Nobody,
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
            // an IPv4 address behind DNS64 (RFC 6052), which VPCs offer
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                Self::of_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
            }
            [first, ..] if first & 0xe000 == 0x2000 => Self::Public,
            _ => Self::Reserved,
        }
    }
}
