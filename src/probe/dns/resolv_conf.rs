//! Parses resolv.conf(5) as glibc does.
//!
//! The parsers of the `resolv-conf` crate and of hickory-resolver differ from glibc: they refuse or take lines that glibc takes or
//! ignores, and drop servers such as `fe80::1%eth0.100`.

use crate::observation::Transport;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;

/// What a resolv.conf says, as far as it concerns a fully qualified name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResolvConf {
    /// The servers in their order, at most three; 127.0.0.1 if none is named.
    pub(super) servers: Vec<SocketAddr>,
    /// How long glibc waits for the first server.
    pub(super) timeout: Duration,
    /// How many times each server is asked.
    pub(super) attempts: u32,
    /// The transport of the first query: TCP with `use-vc`.
    pub(super) transport: Transport,
    /// Whether AAAA is asked; not with `no-aaaa`.
    pub(super) asks_aaaa: bool,
    /// The options that other programs follow and the probe does not.
    pub(super) unfollowed_options: Vec<String>,
    /// The arguments of `nameserver` that glibc cannot read, and therefore ignores.
    pub(super) ignored_servers: Vec<String>,
}

impl ResolvConf {
    /// Parses a resolv.conf; lines that glibc ignores are ignored.
    pub(super) fn parse(text: &str) -> Self {
        let mut conf = Self::default();
        // not `lines()`: a carriage return is part of the last word, which glibc then cannot read
        for line in text.split('\n') {
            // the keyword begins the line
            let Some((keyword, rest)) = line.split_once(BLANKS) else { continue };
            let mut words = rest.split(BLANKS).filter(|word| !word.is_empty());
            match keyword {
                "nameserver" if conf.servers.len() < MAX_SERVERS => {
                    if let Some(word) = words.next() {
                        conf.add_server(word);
                    }
                }
                "options" => words.for_each(|word| conf.set_option(word)),
                _ => {}
            }
        }
        if conf.servers.is_empty() {
            conf.servers.push(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), DNS_PORT));
        }
        conf
    }

    /// Returns how long glibc takes at most for one question: each server in turn, the later ones for a multiple of `timeout` over
    /// their number (`send_dg` in `res_send.c`).
    pub(super) fn longest_lookup(&self, servers: usize) -> Duration {
        let timeout = self.timeout.as_secs();
        let divisor = u64::try_from(servers).unwrap_or(u64::MAX).max(1);
        let waits = (0..servers).map(|index| match index {
            0 => timeout,
            later => ((timeout << later.min(MAX_SERVERS - 1)) / divisor).max(1),
        });
        Duration::from_secs(waits.sum::<u64>() * u64::from(self.attempts))
    }

    fn add_server(&mut self, word: &str) {
        match parse_server(word) {
            Some(server) => self.servers.push(server),
            None => self.ignored_servers.push(word.to_owned()),
        }
    }

    /// Follows one word of an `options` line; glibc compares beginnings, so that `use-vc` with a carriage return counts.
    fn set_option(&mut self, word: &str) {
        if let Some(value) = word.strip_prefix("timeout:") {
            self.timeout = Duration::from_secs(leading_number(value).clamp(1, MAX_TIMEOUT_SECONDS).into());
        } else if let Some(value) = word.strip_prefix("attempts:") {
            self.attempts = leading_number(value).clamp(1, MAX_ATTEMPTS);
        } else if word.starts_with("use-vc") {
            self.transport = Transport::Tcp;
        } else if word.starts_with("no-aaaa") {
            self.asks_aaaa = false;
        } else if let Some(option) = UNFOLLOWED_OPTIONS.iter().find(|option| word.starts_with(**option)) {
            self.unfollowed_options.push((*option).to_owned());
        }
    }
}

impl Default for ResolvConf {
    /// glibc's defaults, without a server.
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            timeout: Duration::from_secs(5),
            attempts: 2,
            transport: Transport::Udp,
            asks_aaaa: true,
            unfollowed_options: Vec::new(),
            ignored_servers: Vec::new(),
        }
    }
}

/// Parses the argument of `nameserver`: IPv4 in any form of inet_aton(3), or IPv6, perhaps with a scope.
fn parse_server(word: &str) -> Option<SocketAddr> {
    if let Some(ip) = parse_inet_aton(word) {
        return Some(SocketAddr::new(ip.into(), DNS_PORT));
    }
    let (ip, scope) = word.split_once('%').map_or((word, None), |(ip, scope)| (ip, Some(scope)));
    let ip: Ipv6Addr = ip.parse().ok()?;
    // a scope that names no interface is 0, and the server is kept
    let index = scope.map_or(0, |scope| scope_index(ip, scope).unwrap_or(0));
    Some(match (index, IpAddr::V6(ip)) {
        (0, ip) => SocketAddr::new(ip, DNS_PORT),
        (index, _) => SocketAddrV6::new(ip, DNS_PORT, 0, index).into(),
    })
}

fn scope_index(ip: Ipv6Addr, scope: &str) -> Option<u32> {
    let interface = ip.is_unicast_link_local().then(|| nix::net::if_::if_nametoindex(scope).ok()).flatten();
    interface.or_else(|| scope.parse().ok())
}

/// Parses an IPv4 address of one to four decimal, octal or hexadecimal numbers, the last of which fills the remaining bytes.
fn parse_inet_aton(word: &str) -> Option<Ipv4Addr> {
    let numbers: Vec<u32> = word.split('.').map(parse_c_number).collect::<Option<_>>()?;
    let (last, leading) = numbers.split_last()?;
    let last_bits = u32::try_from(4_usize.checked_sub(leading.len())?).ok()? * 8;
    let fits = leading.iter().all(|number| *number <= 0xff) && u64::from(*last) < 1 << last_bits;
    let high = leading.iter().enumerate().fold(0, |bits, (index, number)| bits | number << (24 - 8 * index));
    fits.then(|| Ipv4Addr::from_bits(high | last))
}

/// Parses a whole word as `strtoul` with base 0 does: `0x` is hexadecimal, a leading zero octal.
fn parse_c_number(word: &str) -> Option<u32> {
    let (digits, radix) = match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        Some(hexadecimal) => (hexadecimal, 16),
        None if word.len() > 1 && word.starts_with('0') => (word, 8),
        None => (word, 10),
    };
    let is_digits = digits.chars().all(|digit| digit.is_digit(radix));
    is_digits.then(|| u32::from_str_radix(digits, radix).ok()).flatten()
}

/// Returns what `atoi` reads, without a sign: the digits at the beginning, or 0.
fn leading_number(text: &str) -> u32 {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    if digits.is_empty() { 0 } else { digits.parse().unwrap_or(u32::MAX) }
}

/// What separates words.
const BLANKS: [char; 2] = [' ', '\t'];
const UNFOLLOWED_OPTIONS: [&str; 3] = ["rotate", "single-request-reopen", "single-request"];
const DNS_PORT: u16 = 53;
/// `MAXNS`, `RES_MAXRETRANS` and `RES_MAXRETRY` of glibc.
const MAX_SERVERS: usize = 3;
const MAX_TIMEOUT_SECONDS: u32 = 30;
const MAX_ATTEMPTS: u32 = 5;
