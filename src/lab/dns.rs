//! What does DNS say? Private hosted zones, then the endpoint's private DNS, then the public zones; each by the rules of AWS.

use super::state::{Addresses, MOST_BIND_TRIES, Shared};
use super::world::{self, Endpoint, Exposure, Habit, Reach, Resolver, View, World};
use hickory_resolver::proto::op::{Edns, Message, MessageType, Metadata, OpCode, Query, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, CNAME, SOA};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Which of the two DNS servers of the lab.
#[derive(Debug, Clone, Copy)]
pub(super) enum Role {
    /// The one that the client is set up to ask.
    Client,
    /// The VPC's own.
    Vpc,
}

impl Role {
    fn resolver(self, world: &World) -> Resolver {
        match self {
            Self::Client => world.resolver,
            Self::Vpc => world.vpc_resolver,
        }
    }
}

/// Starts a DNS server over UDP and TCP on one free port.
pub(super) async fn start(shared: &Arc<Shared>, role: Role, tasks: &mut JoinSet<()>) -> io::Result<SocketAddr> {
    let (udp, tcp, address) = bind().await?;
    tasks.spawn(serve_udp(Arc::clone(shared), role, udp));
    tasks.spawn(serve_tcp(Arc::clone(shared), role, tcp));
    Ok(address)
}

async fn bind() -> io::Result<(UdpSocket, TcpListener, SocketAddr)> {
    let mut failure = None;
    for _ in 0..MOST_BIND_TRIES {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = udp.local_addr()?;
        match TcpListener::bind(address).await {
            Ok(tcp) => return Ok((udp, tcp, address)),
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.unwrap_or_else(|| io::ErrorKind::AddrInUse.into()))
}

async fn serve_udp(shared: Arc<Shared>, role: Role, socket: UdpSocket) {
    let mut buffer = [0; 4096];
    loop {
        // an ICMP error about an answer that nobody waits for is no reason to stop
        let Ok((length, client)) = socket.recv_from(&mut buffer).await else { continue };
        if let Some(answer) = answer(&shared, role, Carrier::Udp, &buffer[..length]) {
            let _ = socket.send_to(&answer, client).await;
        }
    }
}

async fn serve_tcp(shared: Arc<Shared>, role: Role, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else { continue };
        if connections.len() < MOST_TCP_CONNECTIONS {
            connections.spawn(serve_tcp_client(Arc::clone(&shared), role, stream));
        }
    }
}

async fn serve_tcp_client(shared: Arc<Shared>, role: Role, mut stream: TcpStream) {
    while let Ok(Ok(length)) = timeout(TCP_PATIENCE, stream.read_u16()).await {
        let mut query = vec![0; usize::from(length)];
        let Ok(Ok(_)) = timeout(TCP_PATIENCE, stream.read_exact(&mut query)).await else { return };
        let Some(answer) = answer(&shared, role, Carrier::Tcp, &query) else { continue };
        let Ok(length) = u16::try_from(answer.len()) else { return };
        let message = [&length.to_be_bytes()[..], &answer].concat();
        if stream.write_all(&message).await.is_err() {
            return;
        }
    }
}

/// What carried a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carrier {
    Udp,
    Tcp,
}

/// The answer to a query; none if it is no query, or the server is silent.
fn answer(shared: &Shared, role: Role, carrier: Carrier, query: &[u8]) -> Option<Vec<u8>> {
    let world = shared.world();
    let query = Message::from_vec(query).ok()?;
    let question = question(&query)?;
    let resolver = role.resolver(&world);
    let mut answer = reply_to(&query);
    answer.metadata.response_code = match resolver.habit {
        Habit::Silent => return None,
        Habit::ServFail => ResponseCode::ServFail,
        Habit::Refuses => ResponseCode::Refused,
        Habit::Truncates if carrier == Carrier::Udp => {
            answer.metadata.truncation = true;
            ResponseCode::NoError
        }
        Habit::Honest | Habit::Truncates | Habit::DropsPrivate | Habit::DropsPrivateFromPublicZones => {
            let found = find(&world, resolver.sees, &plain(question.name()));
            let code = if found.is_some() { ResponseCode::NoError } else { ResponseCode::NXDomain };
            fill(&mut answer, question, shared.addresses, found.map(|found| found.filtered(resolver.habit)));
            if !answer.answers.iter().any(|record| record.record_type() == question.query_type()) {
                answer.add_authorities(soa(&world));
            }
            code
        }
    };
    answer.to_vec().ok()
}

/// Puts the records of a name into the answer.
fn fill(answer: &mut Message, question: &Query, addresses: Addresses, found: Option<Found>) {
    let Some(found) = found else { return };
    let mut owner = question.name().clone();
    if let Some(target) = found.cname.as_deref().and_then(fqdn) {
        answer.add_answer(Record::from_rdata(owner, TTL, RData::CNAME(CNAME(target.clone()))));
        owner = target;
    }
    if question.query_type() == RecordType::A {
        let records = found.addresses.iter().map(|&address| RData::A(A(addresses.shown(address))));
        answer.add_answers(records.map(|data| Record::from_rdata(owner.clone(), TTL, data)));
    }
}

/// What a name stands for.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    cname: Option<String>,
    addresses: Vec<Ipv4Addr>,
    /// Whether the answer came from a public zone.
    public: bool,
}

impl Found {
    /// What a server with this habit leaves of it.
    fn filtered(mut self, habit: Habit) -> Self {
        let drops = match habit {
            Habit::DropsPrivate => true,
            Habit::DropsPrivateFromPublicZones => self.public,
            Habit::Honest | Habit::Truncates | Habit::ServFail | Habit::Refuses | Habit::Silent => false,
        };
        self.addresses.retain(|address| !(drops && address.is_private()));
        self
    }
}

/// Looks a name up as a recursive server with this view would; none if the name does not exist.
fn find(world: &World, view: View, name: &str) -> Option<Found> {
    match view {
        View::Vpc => find_private(world, name).or_else(|| find_public(world, view, name)),
        View::Internet => find_public(world, view, name),
        View::Elsewhere => None,
    }
}

/// The public record of a custom domain name. Whoever follows its alias asks by the same view.
fn find_domain(world: &World, view: View, name: &str) -> Option<Found> {
    let domain = world.domains.iter().find(|domain| domain.name == name)?;
    match domain.reach {
        Reach::Private { .. } => None,
        Reach::Public(world::Record::Alias) => {
            Some(Found { cname: None, addresses: world.public_side.addresses.to_vec(), public: true })
        }
        Reach::Public(world::Record::Cname) => {
            let target = world.domain_target();
            let addresses = find(world, view, &target)?.addresses;
            Some(Found { cname: Some(target), addresses, public: true })
        }
    }
}

/// The most specific private zone of the VPC that covers the name: a zone for exactly this name, then the endpoint's wildcard.
fn find_private(world: &World, name: &str) -> Option<Found> {
    let private = |cname: Option<String>, endpoint: &Endpoint| Found {
        cname,
        addresses: endpoint.interfaces.iter().map(|one| one.address).collect(),
        public: false,
    };
    if let Some(zone) = world.hosted_zones.iter().find(|zone| zone.name == name) {
        let endpoint = world.endpoints.iter().find(|endpoint| endpoint.id == zone.endpoint)?;
        return Some(private(None, endpoint));
    }
    let endpoint = world.endpoints.iter().find(|endpoint| endpoint.private_dns)?;
    let zone = world.api_zone();
    if name == zone {
        return Some(private(None, endpoint));
    }
    name.ends_with(&format!(".{zone}")).then(|| private(Some(zone), endpoint))
}

/// The Internet's view: endpoints, the aliases of associated APIs, public APIs.
fn find_public(world: &World, view: View, name: &str) -> Option<Found> {
    let public = |addresses: Vec<Ipv4Addr>| Found { cname: None, addresses, public: true };
    for endpoint in &world.endpoints {
        let all = || endpoint.interfaces.iter().map(|one| one.address).collect();
        if name == world.endpoint_name(endpoint) {
            return Some(public(all()));
        }
        if let Some(one) = endpoint.interfaces.iter().find(|one| name == world.zonal_name(endpoint, one.zone)) {
            return Some(public(vec![one.address]));
        }
        let alias = |api: &str| format!("{api}-{}.{}", endpoint.id, world.api_zone());
        if endpoint.associated.iter().any(|api| name == alias(api)) {
            return Some(public(all()));
        }
    }
    if name == world.domain_target() && !world.domains.is_empty() {
        return Some(public(world.public_side.addresses.to_vec()));
    }
    if let Some(found) = find_domain(world, view, name) {
        return Some(found);
    }
    let api = world.apis.iter().find(|api| name == world.api_name(api.id))?;
    match api.exposure {
        Exposure::Public | Exposure::Private { public_record: true } => {
            Some(public(world.public_side.addresses.to_vec()))
        }
        Exposure::Private { public_record: false } => None,
    }
}

/// The one question of a query that this server can answer.
fn question(query: &Message) -> Option<&Query> {
    let asks = query.metadata.message_type == MessageType::Query && query.metadata.op_code == OpCode::Query;
    query.queries.first().filter(|_| asks)
}

/// An answer without records: id, question and EDNS as in the query.
fn reply_to(query: &Message) -> Message {
    let mut answer = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
    answer.metadata = Metadata::response_from_request(&query.metadata);
    answer.metadata.recursion_available = true;
    answer.add_queries(query.queries.iter().cloned());
    if query.edns.is_some() {
        let mut edns = Edns::new();
        edns.set_max_payload(1232);
        answer.set_edns(edns);
    }
    answer
}

/// The record that goes with every answer without records (RFC 2308).
fn soa(world: &World) -> Option<Record> {
    let zone = fqdn(&world.api_zone())?;
    let server = fqdn(&format!("ns-1.{}", world.region.dns_suffix))?;
    let mailbox = fqdn(&format!("awsdns-hostmaster.{}", world.region.dns_suffix))?;
    let soa = SOA::new(server, mailbox, 1, 7200, 900, 1_209_600, TTL);
    Some(Record::from_rdata(zone, TTL, RData::SOA(soa)))
}

/// A name as these rules compare it: lower case, without the last dot.
fn plain(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase()
}

fn fqdn(name: &str) -> Option<Name> {
    Name::from_ascii(format!("{name}.")).ok()
}

/// Seconds, as seen on endpoint names.
const TTL: u32 = 60;
const TCP_PATIENCE: Duration = Duration::from_secs(10);
const MOST_TCP_CONNECTIONS: usize = 64;
