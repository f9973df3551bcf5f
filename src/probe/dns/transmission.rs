//! One transmission of a question to one server, over UDP or TCP.

use super::answer::{Answer, AnswerData, Question};
use super::query_log::QueryLog;
use super::timestamping_socket::{SharedExchange, TimestampingRuntime};
use crate::observation::{DnsFault, Mismatches, Query, QueryOutcome, Transport};
use crate::probe::{Detour, wire};
use futures_util::StreamExt as _;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::RuntimeProvider as _;
use hickory_resolver::net::tcp::TcpStream;
use hickory_resolver::net::udp::UdpClientStream;
use hickory_resolver::net::xfer::{DnsRequestSender as _, DnsStreamHandle as _, FirstAnswer as _};
use hickory_resolver::proto::op::{DnsRequest, DnsResponse, SerialMessage};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What all transmissions of a question have in common.
#[derive(Debug)]
pub(super) struct Transmitter {
    pub(super) question: Question,
    pub(super) detour: Detour,
    pub(super) log: Arc<QueryLog>,
}

/// One transmission.
#[derive(Debug, Clone, Copy)]
pub(super) struct Transmission {
    pub(super) server: SocketAddr,
    pub(super) transport: Transport,
    pub(super) edns: bool,
    /// From when on it counts as unanswered.
    pub(super) due: Instant,
}

/// How a transmission ended.
pub(super) enum TransmissionEnd {
    /// The question is settled, for a stub resolver.
    Answered(Answer, DnsResponse),
    /// The server does not know EDNS.
    EdnsRefused,
    /// The answer did not fit a datagram; with the part that did, if it has an address.
    Truncated(Option<Answer>),
    Failed(DnsFault),
}

impl Transmitter {
    /// Sends a request and waits for its answer without limit; drop the future to give up.
    pub(super) async fn transmit(
        self: Arc<Self>,
        mut request: DnsRequest,
        transmission: Transmission,
    ) -> (Transmission, TransmissionEnd) {
        let Transmission { server, transport, edns, due } = transmission;
        if !edns {
            request.edns = None;
        }
        let exchange = SharedExchange::default();
        let index = self.log.record_sent(self.query(&transmission), due, exchange.clone());
        let destination = self.detour.of(server);
        let result = match transport {
            Transport::Udp => exchange_over_udp(destination, request, &exchange).await,
            Transport::Tcp => exchange_over_tcp(destination, &request, &exchange).await,
        };
        let reply = exchange.lock().reply.take();
        let (outcome, rcode, end) = match (reply, result) {
            (Some(reply), _) => self.evaluate(reply, &transmission),
            (None, Err(NetError::Io(error))) if wire::is_of_this_host(&error) => {
                failed(QueryOutcome::NotSent, DnsFault::Local)
            }
            (None, Err(_)) => failed(QueryOutcome::Unreachable, DnsFault::Unreachable),
            (None, Ok(())) if exchange.lock().mismatches.is_none() => {
                failed(QueryOutcome::Closed, DnsFault::Unreachable)
            }
            (None, Ok(())) => failed(QueryOutcome::Mismatched, DnsFault::Malformed),
        };
        self.log.record_end(index, outcome, rcode);
        (transmission, end)
    }

    fn query(&self, transmission: &Transmission) -> Query {
        Query {
            name: self.question.name.clone(),
            kind: self.question.record_type,
            server: transmission.server,
            transport: transmission.transport,
            outcome: QueryOutcome::Abandoned,
            rcode: None,
            mismatches: Mismatches::default(),
            felt: Duration::ZERO,
            wire: None,
            shared: false,
        }
    }

    fn evaluate(&self, reply: Vec<u8>, transmission: &Transmission) -> (QueryOutcome, Option<u16>, TransmissionEnd) {
        let is_truncated = reply[2] & TRUNCATION != 0;
        if is_truncated && transmission.transport == Transport::Udp {
            // the library does not read a message that was cut within a record
            let rest = self.question.interpret_truncated(&reply);
            return (QueryOutcome::Truncated, Some((reply[3] & 0xf).into()), TransmissionEnd::Truncated(rest));
        }
        let Some(response) = DnsResponse::from_buffer(reply).ok().filter(|_| !is_truncated) else {
            return failed(QueryOutcome::Malformed, DnsFault::Malformed);
        };
        let rcode = response.metadata.response_code.into();
        let answer = self.question.interpret(&response);
        let end = match answer.data {
            AnswerData::Nothing(_) if transmission.edns && EDNS_REFUSALS.contains(&rcode) => {
                TransmissionEnd::EdnsRefused
            }
            AnswerData::Nothing(fault) if !settles(fault) => TransmissionEnd::Failed(fault),
            AnswerData::Addresses(_) | AnswerData::Alias(_) | AnswerData::Nothing(_) => {
                TransmissionEnd::Answered(answer, response)
            }
        };
        (QueryOutcome::Answered, Some(rcode), end)
    }
}

/// Sends one datagram from a port of its own.
async fn exchange_over_udp(server: SocketAddr, request: DnsRequest, exchange: &SharedExchange) -> Result<(), NetError> {
    let mut client = UdpClientStream::builder(server, TimestampingRuntime(exchange.clone()))
        // the recorder ends what takes too long, and the library's own repetitions would not be recorded
        .with_timeout(Some(Duration::MAX))
        .with_max_retries(0)
        .with_os_port_selection(true)
        .build();
    client.send_message(request).first_answer().await.map(|_| ())
}

/// Sends one message over a connection of its own (RFC 7766).
async fn exchange_over_tcp(
    server: SocketAddr,
    request: &DnsRequest,
    exchange: &SharedExchange,
) -> Result<(), NetError> {
    let query = request.to_vec()?;
    let stream = TimestampingRuntime(exchange.clone()).connect_tcp(server, None, None).await?;
    let (mut stream, mut sender) = TcpStream::from_stream(stream, server);
    exchange.lock().record_query(&query);
    sender.send(SerialMessage::new(query, server))?;
    if let Some(Ok(message)) = stream.next().await {
        // what does not fit ends the query: nothing better follows on this connection
        exchange.lock().record_reply(message.bytes(), None);
    }
    Ok(())
}

fn failed(outcome: QueryOutcome, fault: DnsFault) -> (QueryOutcome, Option<u16>, TransmissionEnd) {
    (outcome, None, TransmissionEnd::Failed(fault))
}

/// Whether a stub resolver stops at such an answer, rather than asking the next server.
fn settles(fault: DnsFault) -> bool {
    match fault {
        DnsFault::NxDomain | DnsFault::NoData | DnsFault::CnameLoop => true,
        DnsFault::ServFail
        | DnsFault::Refused
        | DnsFault::OtherRcode
        | DnsFault::Timeout
        | DnsFault::Unreachable
        | DnsFault::Truncated
        | DnsFault::Malformed
        | DnsFault::NoServer
        | DnsFault::Local => false,
    }
}

const TRUNCATION: u8 = 0x02;
/// FORMERR, NOTIMP and BADVERS: what servers answer that do not know EDNS (RFC 6891, 7 and 6.1.3).
const EDNS_REFUSALS: [u16; 3] = [1, 4, 16];
