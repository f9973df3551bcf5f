//! A plain client, which shares nothing with the probe: one question, one answer.

use apigw_probe::lab::{Addresses, Lab, Scenario};
use hickory_resolver::proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

pub(crate) const API_NAME: &str = "a1bc234d5e.execute-api.us-east-1.amazonaws.com";
pub(crate) const VPCE_NAME: &str = "vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com";

/// Long enough for any answer on loopback, even on a busy machine, and for a SYN to be sent again.
const PATIENCE: Duration = Duration::from_millis(1100);

pub(crate) async fn start(scenario: &str) -> Lab {
    let scenario = Scenario::named(scenario).expect("a scenario of this name");
    Lab::start(scenario, Addresses::AsOnAws).await.expect("free ports on loopback")
}

/// The listener behind the endpoint's first address.
pub(crate) fn endpoint(lab: &Lab) -> SocketAddr {
    lab.detour()[&IpAddr::from([10, 0, 1, 10])]
}

/// An answer, split but not interpreted.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn error_type(&self) -> &str {
        self.header("x-amzn-ErrorType")
    }
}

/// What went wrong with a request, in one word.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Silent,
    Refused,
    Tls(String),
    Http,
}

pub(crate) fn tls_config(lab: &Lab) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(lab.ca_der().clone()).expect("the lab's root is a certificate");
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("aws-lc-rs supports the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// Sends a request to an address and reads the answer to its end.
pub(crate) async fn send(lab: &Lab, to: SocketAddr, sni: &str, request: &str) -> Result<Answer, Failure> {
    let stream = match timeout(PATIENCE, TcpStream::connect(to)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(_)) => return Err(Failure::Refused),
        Err(_) => return Err(Failure::Silent),
    };
    let connector = TlsConnector::from(Arc::new(tls_config(lab)));
    let sni = ServerName::try_from(sni.to_owned()).expect("a host name");
    let mut stream = match timeout(PATIENCE, connector.connect(sni, stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(Failure::Tls(error.to_string())),
        Err(_) => return Err(Failure::Silent),
    };
    stream.write_all(request.as_bytes()).await.map_err(|_| Failure::Http)?;
    let mut bytes = Vec::new();
    match timeout(PATIENCE, stream.read_to_end(&mut bytes)).await {
        Ok(Ok(_)) => parse(&bytes).ok_or(Failure::Http),
        Ok(Err(_)) => Err(Failure::Http),
        Err(_) => Err(Failure::Silent),
    }
}

/// A request with the headers given, after which the connection is closed.
pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> String {
    let mut lines = vec![format!("{method} {path} HTTP/1.1")];
    lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
    lines.push("Connection: close\r\n\r\n".to_owned());
    lines.join("\r\n")
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let headers = lines.map(|line| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned())));
    Some(Answer { status, headers: headers.collect::<Option<_>>()?, body: body.to_owned() })
}

/// A DNS answer, reduced to what these tests look at.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DnsAnswer {
    pub(crate) code: ResponseCode,
    pub(crate) cnames: Vec<String>,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) ttls: Vec<u32>,
    pub(crate) has_soa: bool,
    pub(crate) has_edns: bool,
    pub(crate) truncated: bool,
    pub(crate) question: String,
}

/// Asks over UDP; none if nothing comes back.
pub(crate) async fn ask(server: SocketAddr, name: &str, kind: RecordType) -> Option<DnsAnswer> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    socket.connect(server).await.expect("loopback");
    socket.send(&query(name, kind)).await.expect("loopback");
    let mut buffer = [0; 2048];
    let length = timeout(PATIENCE, socket.recv(&mut buffer)).await.ok()?.ok()?;
    Some(read_answer(&buffer[..length]))
}

/// Asks over TCP; none if nothing comes back.
pub(crate) async fn ask_over_tcp(server: SocketAddr, name: &str, kind: RecordType) -> Option<DnsAnswer> {
    let mut stream = TcpStream::connect(server).await.expect("loopback");
    let query = query(name, kind);
    let length = u16::try_from(query.len()).expect("a short query");
    stream.write_all(&[&length.to_be_bytes()[..], &query].concat()).await.expect("loopback");
    let length = timeout(PATIENCE, stream.read_u16()).await.ok()?.ok()?;
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await.ok()?;
    Some(read_answer(&answer))
}

fn query(name: &str, kind: RecordType) -> Vec<u8> {
    let mut query = Message::new(4711, MessageType::Query, OpCode::Query);
    query.metadata.recursion_desired = true;
    query.add_query(Query::query(Name::from_ascii(format!("{name}.")).expect("a name"), kind));
    query.set_edns(Edns::new());
    query.to_vec().expect("a short query")
}

fn read_answer(bytes: &[u8]) -> DnsAnswer {
    let message = Message::from_vec(bytes).expect("a DNS message");
    assert_eq!(message.metadata.id, 4711);
    let address = |data: &RData| match data {
        RData::A(address) => Some(IpAddr::V4(address.0)),
        RData::AAAA(address) => Some(IpAddr::V6(address.0)),
        _ => None,
    };
    let cname = |data: &RData| match data {
        RData::CNAME(target) => Some(target.0.to_ascii()),
        _ => None,
    };
    DnsAnswer {
        code: message.metadata.response_code,
        cnames: message.answers.iter().filter_map(|record| cname(&record.data)).collect(),
        addresses: message.answers.iter().filter_map(|record| address(&record.data)).collect(),
        ttls: message.answers.iter().map(|record| record.ttl).collect(),
        has_soa: message.authorities.iter().any(|record| record.record_type() == RecordType::SOA),
        has_edns: message.edns.is_some(),
        truncated: message.metadata.truncation,
        question: message.queries[0].name().to_ascii(),
    }
}
