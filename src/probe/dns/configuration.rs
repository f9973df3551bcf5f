//! What does this host say about names? resolv.conf(5) and hosts(5), read as glibc reads them.
//!
//! The crates that read resolv.conf refuse a whole file for one option or address that they do not know; the C library skips it,
//! and so must a probe that is to see what other programs on this host see.

use crate::observation::Transport;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;

/// What resolv.conf(5) says, as far as it bears on a name that is asked as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Configuration {
    /// The servers in their order, at most three; this host itself where none is named.
    pub(super) servers: Vec<SocketAddr>,
    /// How long one server is waited for.
    pub(super) timeout: Duration,
    /// How often each server is asked.
    pub(super) attempts: u32,
    /// Over what the servers are asked first: TCP if the file says `use-vc`.
    pub(super) transport: Transport,
}

impl Configuration {
    /// Reads the text of a resolv.conf; what cannot be read is skipped, as the C library does.
    pub(super) fn parse(text: &str) -> Self {
        let mut read =
            Self { servers: Vec::new(), timeout: Duration::from_secs(5), attempts: 2, transport: Transport::Udp };
        for line in text.lines() {
            // a word that does not begin the line is none, as in the C library
            let Some((keyword, rest)) = line.split_once([' ', '\t']) else { continue };
            let mut words = rest.split_ascii_whitespace();
            match keyword {
                "nameserver" if read.servers.len() < MOST_SERVERS => {
                    read.servers.extend(words.next().and_then(server));
                }
                "options" => words.for_each(|word| read.option(word)),
                _ => {}
            }
        }
        if read.servers.is_empty() {
            read.servers.push(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), DNS_PORT));
        }
        read
    }

    fn option(&mut self, word: &str) {
        match word.split_once(':') {
            Some(("timeout", seconds)) => {
                if let Ok(seconds) = seconds.parse::<u64>() {
                    self.timeout = Duration::from_secs(seconds.clamp(1, 30));
                }
            }
            Some(("attempts", times)) => {
                if let Ok(times) = times.parse::<u32>() {
                    self.attempts = times.clamp(1, 5);
                }
            }
            None if word == "use-vc" => self.transport = Transport::Tcp,
            _ => {}
        }
    }
}

/// An address, an IPv6 one with a scope perhaps: `fe80::1%2`.
fn server(word: &str) -> Option<SocketAddr> {
    if let Some((ip, scope)) = word.split_once('%') {
        let index = scope.parse().ok().or_else(|| nix::net::if_::if_nametoindex(scope).ok())?;
        return Some(SocketAddrV6::new(ip.parse::<Ipv6Addr>().ok()?, DNS_PORT, 0, index).into());
    }
    Some(SocketAddr::new(word.parse().ok()?, DNS_PORT))
}

/// Reads the text of a hosts file: names in lower case, addresses in the order of the lines.
pub(super) fn parse_hosts(text: &str) -> HashMap<String, Vec<IpAddr>> {
    let mut hosts: HashMap<String, Vec<IpAddr>> = HashMap::new();
    for line in text.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_ascii_whitespace();
        let Some(Ok(ip)) = words.next().map(str::parse::<IpAddr>) else { continue };
        for name in words {
            let addresses = hosts.entry(name.trim_end_matches('.').to_ascii_lowercase()).or_default();
            if !addresses.contains(&ip) {
                addresses.push(ip);
            }
        }
    }
    hosts
}

const DNS_PORT: u16 = 53;
/// `MAXNS` of the C library.
const MOST_SERVERS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_and_options_are_read() {
        let text = "# a comment\nsearch example.test\nnameserver 10.0.0.2\n nameserver ::2\nnameserver\t::1 \nnameserver nonsense\n\
                    options ndots:5 timeout:1 attempts:9 rotate use-vc\nnameserver fe80::1%1\nnameserver 10.0.0.9\n";
        let read = Configuration::parse(text);
        let servers: Vec<String> = read.servers.iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["10.0.0.2:53", "[::1]:53", "[fe80::1%1]:53"]);
        assert_eq!((read.timeout, read.attempts, read.transport), (Duration::from_secs(1), 5, Transport::Tcp));
    }

    #[test]
    fn where_no_server_is_named_this_host_is_asked() {
        for text in ["", "search example.test\n", "nameserver nonsense\n"] {
            assert_eq!(Configuration::parse(text).servers, ["127.0.0.1:53".parse().unwrap()]);
        }
    }

    #[test]
    fn hosts_are_gathered_over_lines_and_in_any_case() {
        let hosts =
            parse_hosts("127.0.0.1 localhost\n10.0.0.1\tApi.Example.test alias # gone\n::1 localhost\nnonsense x\n");
        assert_eq!(hosts["localhost"], ["127.0.0.1".parse::<IpAddr>().unwrap(), "::1".parse().unwrap()]);
        assert_eq!(hosts["api.example.test"], hosts["alias"]);
        assert_eq!(hosts.len(), 3);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in ".*", lines in "((nameserver|options|#)[ \t]?[0-9a-z:.%]{0,12}\n){0,8}") {
            let _ = (Configuration::parse(&text), parse_hosts(&text));
            proptest::prop_assert!(Configuration::parse(&lines).servers.len() <= MOST_SERVERS);
        }
    }
}
