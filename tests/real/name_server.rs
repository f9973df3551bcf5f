//! Who knows the names? dnsdist, which can misbehave in any way, and knot, which is an authority by the book.

use crate::server::Server;
use crate::tool::tool;
use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};

/// Starts dnsdist with these rules (Lua) on port 53 of an address; what no rule covers is refused.
pub(crate) fn dnsdist(address: Ipv4Addr, rules: &str) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "setLocal('{address}:53', {{reusePort=false}})\nsetACL('127.0.0.0/8')\nsetSecurityPollSuffix('')\n\
         {rules}\naddAction(AllRule(), RCodeAction(DNSRCode.REFUSED))\n"
    );
    fs::write(folder.path().join("dnsdist.conf"), text).unwrap();
    let mut program = tool("dnsdist", "dnsdist");
    program.args(["--supervised", "--disable-syslog", "-C", "dnsdist.conf"]);
    Server::start(&program, None, folder, &[SocketAddrV4::new(address, 53)])
}

/// Starts knot as the authority of `amazonaws.com` with these records, of which each line is `name type value`, relative to that zone.
pub(crate) fn knot(namespace: Option<&str>, address: Ipv4Addr, records: &str) -> Server {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("zone"),
        format!("$ORIGIN {ZONE}.\n$TTL 60\n@ SOA ns h 1 60 60 60 60\n@ NS ns.invalid.\n{records}\n"),
    )
    .unwrap();
    let at = folder.path().display();
    let text = format!(
        "server:\n  rundir: {at}\n  listen: [ {address}@53 ]\n  user: root:root\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\n\
         log:\n  - target: stderr\n    any: info\n\
         database:\n  storage: {at}/db\n\
         zone:\n  - domain: {ZONE}\n    file: {at}/zone\n    semantic-checks: off\n    zonefile-sync: -1\n    journal-content: none\n"
    );
    fs::write(folder.path().join("knot.conf"), text).unwrap();
    let mut program = tool("knotd", "knot");
    program.args(["-c", "knot.conf"]);
    Server::start(&program, namespace, folder, &[SocketAddrV4::new(address, 53)])
}

const ZONE: &str = "amazonaws.com";
