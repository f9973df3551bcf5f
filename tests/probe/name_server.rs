//! A DNS server on loopback, over UDP and TCP on one port, that says what a test wants and remembers what it was asked.

use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, SOA};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr as _;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// A question as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) message: Message,
    pub(crate) over_tcp: bool,
    /// How many questions of this type came before.
    pub(crate) before: usize,
}

impl Asked {
    pub(crate) fn name(&self) -> String {
        self.message.queries[0].name().to_ascii().trim_end_matches('.').to_owned()
    }

    pub(crate) fn is(&self, kind: RecordType) -> bool {
        self.message.queries[0].query_type() == kind
    }

    /// An empty answer.
    pub(crate) fn reply(&self) -> Message {
        let mut reply = self.message.clone();
        reply.metadata.message_type = MessageType::Response;
        reply.metadata.recursion_available = true;
        reply
    }

    /// An answer with these addresses, as far as they are of the type asked for.
    pub(crate) fn addresses(&self, addresses: &[&str]) -> Vec<u8> {
        let mut reply = self.reply();
        for text in addresses {
            let data = match text.parse::<IpAddr>().unwrap() {
                IpAddr::V4(ip) if self.is(RecordType::A) => RData::A(A(ip)),
                IpAddr::V6(ip) if self.is(RecordType::AAAA) => RData::AAAA(AAAA(ip)),
                _ => continue,
            };
            reply.add_answer(Record::from_rdata(self.message.queries[0].name().clone(), 60, data));
        }
        bytes(&reply)
    }

    pub(crate) fn rcode(&self, rcode: ResponseCode) -> Vec<u8> {
        let mut reply = self.reply();
        reply.metadata.response_code = rcode;
        bytes(&reply)
    }
}

pub(crate) fn name(text: &str) -> Name {
    let mut name = Name::from_str(text).unwrap();
    name.set_fqdn(true);
    name
}

pub(crate) fn cname(owner: &str, target: &str) -> Record {
    Record::from_rdata(name(owner), 60, RData::CNAME(CNAME(name(target))))
}

pub(crate) fn a(owner: &str, ip: &str) -> Record {
    Record::from_rdata(name(owner), 60, RData::A(A(ip.parse().unwrap())))
}

pub(crate) fn soa(zone: &str) -> Record {
    Record::from_rdata(name(zone), 60, RData::SOA(SOA::new(name("ns.test"), name("root.test"), 1, 60, 60, 60, 60)))
}

pub(crate) fn bytes(message: &Message) -> Vec<u8> {
    message.to_vec().unwrap()
}

/// A running server; it ends with the test's runtime.
pub(crate) struct NameServer {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl NameServer {
    /// Answers each question with the messages that `say` gives: none is silence.
    pub(crate) async fn start(say: impl Fn(&Asked) -> Vec<Vec<u8>> + Send + Sync + 'static) -> Self {
        let (udp, tcp) = loop {
            let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
                break (udp, tcp);
            }
        };
        let address = udp.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let say = Arc::new(say);
        let hear = {
            let asked = Arc::clone(&asked);
            move |bytes: &[u8], over_tcp| {
                let message = Message::from_vec(bytes).unwrap();
                let mut asked = asked.lock().unwrap();
                let kind = message.queries[0].query_type();
                let before = asked.iter().filter(|one: &&Asked| one.is(kind)).count();
                asked.push(Asked { message, over_tcp, before });
                asked.last().unwrap().clone()
            }
        };
        tokio::spawn({
            let (hear, say) = (hear.clone(), Arc::clone(&say));
            async move {
                let mut buffer = [0; 2048];
                loop {
                    let (length, from) = udp.recv_from(&mut buffer).await.unwrap();
                    for reply in say(&hear(&buffer[..length], false)) {
                        udp.send_to(&reply, from).await.unwrap();
                    }
                }
            }
        });
        tokio::spawn(async move {
            loop {
                let (stream, _) = tcp.accept().await.unwrap();
                tokio::spawn(converse(stream, hear.clone(), Arc::clone(&say)));
            }
        });
        Self { address, asked }
    }

    /// A server that gives every name these addresses.
    pub(crate) async fn giving(addresses: &'static [&'static str]) -> Self {
        Self::start(move |asked| vec![asked.addresses(addresses)]).await
    }

    /// A server that never says anything.
    pub(crate) async fn silent() -> Self {
        Self::start(|_| Vec::new()).await
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// Answers one question over a connection, and holds it until the client goes.
async fn converse(
    mut stream: TcpStream,
    hear: impl Fn(&[u8], bool) -> Asked,
    say: Arc<impl Fn(&Asked) -> Vec<Vec<u8>>>,
) -> std::io::Result<()> {
    let length = stream.read_u16().await?;
    let mut message = vec![0; length.into()];
    stream.read_exact(&mut message).await?;
    for reply in say(&hear(&message, true)) {
        stream.write_u16(reply.len().try_into().unwrap()).await?;
        stream.write_all(&reply).await?;
    }
    stream.read_u8().await.map(|_| ())
}
