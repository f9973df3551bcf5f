//! How is one question asked? As any stub resolver does: the servers in order, those once more that were silent or said
//! SERVFAIL, TCP where an answer does not fit, without EDNS where a server does not know it. A late answer of an earlier transmission
//! still counts.

use super::Ask;
use super::log::{End, Log, Sent};
use super::message::{Answer, Encoded, Found, Question, Reply};
use crate::observation::{DnsFault, QueryOutcome, Transport};
use crate::probe::wire::{self, Stamp, Stamped};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, UdpSocket};
use tokio::time::{Instant, timeout_at};

/// Asks one question of the servers in turn, until one of them answers it.
pub(super) async fn resolve(ask: &Ask<'_>, log: &Log, question: &Question) -> Result<Answer, DnsFault> {
    let mut turns = schedule(ask);
    let mut flights = FuturesUnordered::new();
    let mut failures = Failures::default();
    loop {
        let Some(turn) = turns.pop_front() else { return failures.last_resort(ask.servers) };
        if failures.lasts(turn.server) {
            continue;
        }
        let mut due = ask.until.min(Instant::now() + turn.wait);
        let form = Form { transport: ask.resolver.settings.configuration.transport, edns: true };
        flights.push(transmit(ask, log, question, Flight { server: turn.server, form, due }));
        while let Ok(Some(landed)) = timeout_at(due, flights.next()).await {
            let Landed { flight, result } = landed;
            let next = match result {
                Ok(answer) if is_final(&answer) => return Ok(answer),
                Ok(Answer { rcode: FORMERR | NOTIMP | BADVERS, .. }) if flight.form.edns => {
                    Some(Form { edns: false, ..flight.form })
                }
                Ok(answer) => {
                    failures.answered(flight.server, &answer);
                    None
                }
                Err(Lost::Truncated(rest)) => {
                    failures.truncated(flight.server, rest);
                    Some(Form { transport: Transport::Tcp, ..flight.form })
                }
                Err(Lost::For(fault)) => {
                    failures.failed(flight.server, fault);
                    None
                }
            };
            match next {
                Some(form) => {
                    due = ask.until.min(Instant::now() + turn.wait);
                    flights.push(transmit(ask, log, question, Flight { form, due, ..flight }));
                }
                None if flight.server == turn.server => break,
                None => {}
            }
        }
    }
}

/// Whether an answer settles the question, rather than sending a stub resolver to the next server.
fn is_final(answer: &Answer) -> bool {
    match &answer.found {
        Found::Addresses(_) | Found::Elsewhere(_) => true,
        Found::Nothing(fault) => match fault {
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
        },
    }
}

struct Turn {
    server: SocketAddr,
    wait: Duration,
}

/// Who is asked when: 1 s each, then 2 s each, or 2 s each once; less if the file of the host says so or the deadline is near.
fn schedule(ask: &Ask<'_>) -> VecDeque<Turn> {
    let attempts = usize::try_from(ask.resolver.settings.configuration.attempts).unwrap_or(usize::MAX);
    // a single attempt is waited for as long as the last of two
    let waits = FIRST_AND_SECOND_WAIT.into_iter().skip(FIRST_AND_SECOND_WAIT.len().saturating_sub(attempts));
    let turns = waits.flat_map(|wait| {
        ask.servers
            .iter()
            .map(move |server| Turn { server: *server, wait: wait.min(ask.resolver.settings.configuration.timeout) })
    });
    let mut turns: VecDeque<Turn> = turns.collect();
    let wanted: Duration = turns.iter().map(|turn| turn.wait).sum();
    let left = ask.until.saturating_duration_since(Instant::now());
    if wanted > left {
        let scale = left.as_secs_f64() / wanted.as_secs_f64();
        for turn in &mut turns {
            turn.wait = turn.wait.mul_f64(scale);
        }
    }
    turns
}

/// What the servers did other than answer.
#[derive(Debug, Default)]
struct Failures {
    faults: Vec<(SocketAddr, DnsFault)>,
    /// Who said that the answer does not fit.
    truncated: Vec<SocketAddr>,
    /// The first such answer that holds addresses.
    rest: Option<Answer>,
}

impl Failures {
    fn has(&self, server: SocketAddr) -> bool {
        self.faults.iter().any(|(known, _)| *known == server)
    }

    /// Whether the server would do the same again; SERVFAIL may pass, and is asked for again (`attempts` of resolv.conf(5)).
    fn lasts(&self, server: SocketAddr) -> bool {
        self.faults.iter().any(|(known, fault)| *known == server && *fault != DnsFault::ServFail)
    }

    fn answered(&mut self, server: SocketAddr, answer: &Answer) {
        match answer.found {
            Found::Nothing(fault) => self.failed(server, fault),
            Found::Addresses(_) | Found::Elsewhere(_) => {}
        }
    }

    fn truncated(&mut self, server: SocketAddr, rest: Option<Answer>) {
        self.truncated.push(server);
        self.rest = self.rest.take().or(rest);
    }

    fn failed(&mut self, server: SocketAddr, fault: DnsFault) {
        // a server whose datagram came is there; that it cannot be reached is said of its TCP port
        let spoke = fault == DnsFault::Unreachable && self.truncated.contains(&server);
        self.faults.push((server, if spoke { DnsFault::Truncated } else { fault }));
    }

    /// What fitted into a datagram, if nobody gave more; else why there is nothing.
    fn last_resort(self, servers: &[SocketAddr]) -> Result<Answer, DnsFault> {
        let fault = self.most_telling(servers);
        self.rest.ok_or(fault)
    }

    /// A word from any server says more than that this host could not ask, that more than silence, and silence more than that nobody is
    /// there.
    fn most_telling(&self, servers: &[SocketAddr]) -> DnsFault {
        let mut faults = self.faults.iter().map(|(_, fault)| *fault);
        let word = faults.clone().find(|fault| !matches!(fault, DnsFault::Unreachable | DnsFault::Local));
        let local = faults.find(|fault| *fault == DnsFault::Local);
        let half_a_word = (!self.truncated.is_empty()).then_some(DnsFault::Truncated);
        let nobody_is_there = servers.iter().all(|server| self.has(*server));
        let nothing = if nobody_is_there { DnsFault::Unreachable } else { DnsFault::Timeout };
        word.or(half_a_word).or(local).unwrap_or(nothing)
    }
}

/// One transmission.
#[derive(Debug, Clone, Copy)]
struct Flight {
    server: SocketAddr,
    form: Form,
    due: Instant,
}

/// The form in which a question goes out.
#[derive(Debug, Clone, Copy)]
struct Form {
    transport: Transport,
    edns: bool,
}

#[derive(Debug)]
struct Landed {
    flight: Flight,
    result: Result<Answer, Lost>,
}

#[derive(Debug)]
enum Lost {
    /// It did not fit; with what fitted, if that holds an address.
    Truncated(Option<Answer>),
    For(DnsFault),
}

/// What came of a transmission.
#[derive(Debug)]
struct Heard {
    /// None if the server closed the connection before it was whole.
    reply: Option<Reply>,
    wire: Option<Duration>,
}

async fn transmit(ask: &Ask<'_>, log: &Log, question: &Question, flight: Flight) -> Landed {
    let Form { transport, edns } = flight.form;
    let (name, kind) = (question.name().clone(), question.kind());
    let which = log.sent(Sent { name, kind, server: flight.server, transport, due: flight.due });
    let began = Instant::now();
    let Some(encoded) = question.encode(edns) else {
        return Landed { flight, result: Err(Lost::For(DnsFault::Malformed)) };
    };
    let server = ask.detour.of(flight.server);
    let heard = match transport {
        Transport::Udp => over_udp(server, question, &encoded).await,
        Transport::Tcp => over_tcp(server, question, &encoded).await,
    };
    let felt = began.elapsed();
    let end = |outcome, rcode, wire: Option<Duration>| {
        log.ended(which, End { outcome, rcode, felt, wire: wire.and_then(|wire| wire::plausible(wire, felt)) });
    };
    let result = match heard {
        Err(error) if wire::is_of_this_host(&error) => {
            end(QueryOutcome::NotSent, None, None);
            Err(Lost::For(DnsFault::Local))
        }
        Err(_) => {
            end(QueryOutcome::Unreachable, None, None);
            Err(Lost::For(DnsFault::Unreachable))
        }
        Ok(Heard { reply: Some(Reply::Answer(answer)), wire }) => {
            end(QueryOutcome::Answered, Some(answer.rcode), wire);
            Ok(answer)
        }
        Ok(Heard { reply: Some(Reply::Truncated { rcode, rest }), wire }) if transport == Transport::Udp => {
            end(QueryOutcome::Truncated, Some(rcode), wire);
            Err(Lost::Truncated(rest))
        }
        Ok(Heard { reply: Some(Reply::Unreadable | Reply::Stray | Reply::Truncated { .. }), wire }) => {
            end(QueryOutcome::Malformed, None, wire);
            Err(Lost::For(DnsFault::Malformed))
        }
        Ok(Heard { reply: None, wire }) => {
            end(QueryOutcome::Closed, None, wire);
            Err(Lost::For(DnsFault::Unreachable))
        }
    };
    Landed { flight, result }
}

/// Sends a datagram from a port of its own and waits for its answer, however long; what does not match is dropped.
async fn over_udp(server: SocketAddr, question: &Question, query: &Encoded) -> io::Result<Heard> {
    let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = std::net::UdpSocket::bind((any, 0))?;
    wire::request_stamps(&socket);
    socket.set_nonblocking(true)?;
    socket.connect(server)?;
    // sent before the runtime has the socket: that would hold the first datagram back for a turn
    let sent = Stamp::now();
    socket.send(&query.bytes)?;
    let socket = UdpSocket::from_std(socket)?;
    let mut buffer = vec![0; MOST_READ_BYTES];
    let mut control = wire::stamp_space();
    for _ in 0..MOST_STRAYS {
        let (length, stamp) = wire::receive_datagram(&socket, &mut buffer, &mut control).await?;
        let reply = question.read(query.id, &buffer[..length]);
        if reply != Reply::Stray {
            return Ok(Heard { reply: Some(reply), wire: stamp.zip(sent).and_then(|(stamp, sent)| stamp.since(sent)) });
        }
    }
    Ok(Heard { reply: Some(Reply::Stray), wire: None })
}

/// Asks over a connection (RFC 7766): length first, then the message.
async fn over_tcp(server: SocketAddr, question: &Question, query: &Encoded) -> io::Result<Heard> {
    let socket = if server.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    wire::request_stamps(&socket);
    let _ = socket.set_nodelay(true);
    let mut stream = Stamped::new(socket.connect(server).await?);
    let began = Instant::now();
    let length = u16::try_from(query.bytes.len()).map_err(io::Error::other)?;
    let framed = [length.to_be_bytes().as_slice(), &query.bytes].concat();
    let exchange = async {
        stream.write_all(&framed).await?;
        let length = stream.read_u16().await?;
        let mut message = vec![0; usize::from(length)];
        stream.read_exact(&mut message).await?;
        io::Result::Ok(message)
    };
    let reply = exchange.await.ok().map(|message| question.read(query.id, &message));
    Ok(Heard { reply, wire: stream.turns().take(began.elapsed()) })
}

/// What servers answer that do not know EDNS (RFC 6891, 7 and 6.1.3).
const FORMERR: u16 = 1;
const NOTIMP: u16 = 4;
const BADVERS: u16 = 16;
const FIRST_AND_SECOND_WAIT: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];
/// Larger than what is asked for, since some servers do not care.
const MOST_READ_BYTES: usize = 4096;
/// So that a flood of forgeries costs a bounded time.
const MOST_STRAYS: usize = 100;
