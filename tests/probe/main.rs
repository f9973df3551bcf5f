//! The probe against servers on loopback that each break exactly one thing.

mod addresses;
mod ca_file;
mod certificates;
mod client_certificate;
mod deadline;
mod dns;
mod far_end;
mod http;
mod name_server;
mod second_opinion;
mod share;
mod signer;
mod tls;
mod whole;

use apigw_probe::observation::Observation;
use apigw_probe::plan::{AccessPath, Method, Plan};
use apigw_probe::probe::{Detour, Limits, Net, Resolver, Trust, probe};
use apigw_probe::target::HostName;
use far_end::{Authority, FarEnd};
use name_server::NameServer;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// The name that the tests dial.
const NAME: &str = "vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com";
/// Addresses of an endpoint in three zones; a detour leads them to loopback.
const ZONES: [&str; 3] = ["10.0.1.10", "10.0.2.10", "10.0.3.10"];

fn plan(path: AccessPath) -> Plan {
    let name = HostName::parse(NAME).unwrap();
    Plan {
        path,
        zone: None,
        dial: name.clone(),
        sni: name.clone(),
        host: name,
        port: 443,
        connect_to: None,
        headers: Vec::new(),
        signed_for: None,
        header_file: None,
        ca_file: None,
        method: Method::get(),
        path_and_query: "/test".to_owned(),
    }
}

fn limits(milliseconds: u64) -> Limits {
    Limits { timeout: Duration::from_millis(milliseconds), every_address: false, show_body: false }
}

fn net(servers: &[SocketAddr], authority: &Authority, detours: &[(&str, SocketAddr)]) -> Net {
    net_trusting(servers, Trust::from_der(&[&authority.der]).unwrap(), detours)
}

fn net_trusting(servers: &[SocketAddr], trust: Trust, detours: &[(&str, SocketAddr)]) -> Net {
    let detours: HashMap<IpAddr, SocketAddr> = detours.iter().map(|(ip, to)| (ip.parse().unwrap(), *to)).collect();
    let resolver = Resolver::given(servers.to_vec());
    Net { resolver, vpc_resolver: None, trust, detour: Detour::from(detours), share: None }
}

/// Probes one path whose name resolves to one address for each far end.
async fn probe_zones(authority: &Authority, zones: &[SocketAddr], limits: &Limits) -> Observation {
    let count = zones.len();
    let names = NameServer::start(move |asked| vec![asked.addresses(&ZONES[..count])]).await;
    let detours: Vec<_> = ZONES.into_iter().zip(zones.iter().copied()).collect();
    probe_one(&net(&[names.address], authority, &detours), limits).await
}

/// Probes one path whose name resolves to one address.
async fn probe_api(authority: &Authority, api: &FarEnd, limits: &Limits) -> Observation {
    probe_zones(authority, &[api.address], limits).await
}

async fn probe_one(net: &Net, limits: &Limits) -> Observation {
    probe(net, &[plan(AccessPath::VpceHostHeader)], limits).await.remove(0)
}

/// The resolver of a host that has these files.
fn configured(resolv_conf: &str, hosts: &str) -> Resolver {
    let files = [resolv_conf, hosts].map(|text| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, text).unwrap();
        file
    });
    Resolver::configured(files[0].path(), files[1].path()).unwrap()
}
