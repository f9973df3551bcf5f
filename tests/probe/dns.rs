//! How names are resolved when servers err, lie, lose or are silent.

mod aliases;
mod errors;
mod files;
mod messages;
mod mismatched;
mod recorded;
mod resolv_conf;
mod silence;
mod truncated;

use crate::far_end::{Authority, Nobody};
use crate::name_server::NameServer;
use crate::{ZONES, limits, net, probe_one};
use apigw_probe::observation::{Lookup, QueryOutcome, RecordType as Kind, Transport};
use std::net::SocketAddr;

/// Looks the name up; what follows DNS fails at once, since nobody listens where the addresses lead.
async fn look_up(servers: &[&NameServer], timeout: u64) -> Lookup {
    let servers: Vec<SocketAddr> = servers.iter().map(|server| server.address).collect();
    look_up_at(&servers, timeout).await
}

async fn look_up_at(servers: &[SocketAddr], timeout: u64) -> Lookup {
    let nobody = Nobody::new();
    let detours: Vec<_> = ZONES.into_iter().chain(["fd00::10", "10.9.9.9"]).map(|ip| (ip, nobody.address)).collect();
    probe_one(&net(servers, &Authority::new(), &detours), &limits(timeout)).await.lookup
}

fn ips(lookup: &Lookup) -> Vec<String> {
    lookup.addresses().iter().map(|address| address.ip.to_string()).collect()
}

/// The queries of one type: server, transport, outcome.
fn course(lookup: &Lookup, kind: Kind) -> Vec<(SocketAddr, Transport, QueryOutcome)> {
    let of_kind = lookup.queries.iter().filter(|query| query.kind == kind);
    of_kind.map(|query| (query.server, query.transport, query.outcome)).collect()
}

fn cnames(lookup: &Lookup) -> Vec<&str> {
    lookup.cnames.iter().map(apigw_probe::target::HostName::as_str).collect()
}
