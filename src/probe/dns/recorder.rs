//! Asks a question of the DNS servers in turn: a connection provider for hickory-resolver that records every transmission.
//!
//! The library's pool asks one server after the other, and its retry handle begins again with the first. A server that fails is
//! reported to the pool as a timeout, whatever it said: at any other error the pool would give up. The outcome is therefore read from
//! the recorder, not from the pool.

use super::QueryContext;
use super::answer::{Answer, Question};
use super::query_log::QueryLog;
use super::transmission::{Transmission, TransmissionEnd, Transmitter};
use crate::observation::{DnsFault, Transport};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, Stream, once};
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverOpts, ServerOrderingStrategy};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::xfer::{FirstAnswer as _, RetryDnsHandle};
use hickory_resolver::net::{DnsHandle, NetError};
use hickory_resolver::proto::op::{DnsRequest, DnsRequestOptions, DnsResponse};
use hickory_resolver::{ConnectionProvider, NameServerPool, PoolContext, TlsConfig};
use std::future::{Ready, ready};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Asks one question of the servers in turn, until one of them answers it.
pub(super) async fn resolve(
    context: &QueryContext<'_>,
    log: &Arc<QueryLog>,
    question: Question,
) -> Result<Answer, DnsFault> {
    let query = question.to_query();
    let transmitter = Transmitter { question, detour: context.detour.clone(), log: Arc::clone(log) };
    let schedule = Schedule::new(context);
    let attempts = schedule.attempts;
    let recorder = Recorder {
        runtime: TokioRuntimeProvider::default(),
        transmitter: Arc::new(transmitter),
        schedule: Arc::new(schedule),
        state: Arc::default(),
    };
    let pool = recorder.pool().map_err(|_| DnsFault::Local)?;
    // what the pool returns is what the recorder returned to it
    let _ = RetryDnsHandle::new(pool, attempts - 1).lookup(query, DnsRequestOptions::default()).first_answer().await;
    recorder.outcome()
}

/// The connection provider of one question, and every connection that it provides.
#[derive(Clone)]
struct Recorder {
    runtime: TokioRuntimeProvider,
    transmitter: Arc<Transmitter>,
    schedule: Arc<Schedule>,
    state: Arc<Mutex<RecorderState>>,
}

type InFlight = BoxFuture<'static, (Transmission, TransmissionEnd)>;

#[derive(Default)]
struct RecorderState {
    /// How many times the pool has asked a server.
    turns: usize,
    /// Transmissions that may still be answered; they do not refer to this state.
    in_flight: FuturesUnordered<InFlight>,
    failures: ServerFailures,
    answer: Option<Answer>,
}

impl ConnectionProvider for Recorder {
    type Conn = Self;
    type FutureConn = Ready<Result<Self, NetError>>;
    type RuntimeProvider = TokioRuntimeProvider;

    /// Connects nothing yet: each transmission has a socket of its own.
    fn new_connection(&self, _: IpAddr, _: &ConnectionConfig, _: &PoolContext) -> Result<Self::FutureConn, NetError> {
        Ok(ready(Ok(self.clone())))
    }

    fn runtime_provider(&self) -> &TokioRuntimeProvider {
        &self.runtime
    }
}

impl DnsHandle for Recorder {
    type Response = Pin<Box<dyn Stream<Item = Result<DnsResponse, NetError>> + Send>>;
    type Runtime = TokioRuntimeProvider;

    fn send(&self, request: DnsRequest) -> Self::Response {
        Box::pin(once(self.clone().ask_next_server(request)))
    }
}

impl Recorder {
    fn pool(&self) -> Result<NameServerPool<Self>, NetError> {
        let mut options = ResolverOpts::default();
        options.num_concurrent_reqs = 1;
        options.server_ordering_strategy = ServerOrderingStrategy::UserProvidedOrder;
        options.timeout = self.schedule.until.saturating_duration_since(Instant::now()) + POOL_SLACK;
        let servers = self.schedule.servers.iter().map(|server| {
            let mut connection = match self.schedule.transport {
                Transport::Udp => ConnectionConfig::udp(),
                Transport::Tcp => ConnectionConfig::tcp(),
            };
            connection.port = server.port();
            NameServerConfig::new(server.ip(), true, vec![connection])
        });
        let context = Arc::new(PoolContext::new(options, TlsConfig::new()?));
        Ok(NameServerPool::from_config(servers, context, self.clone()))
    }

    /// Sends a request to the server whose turn it is, and waits until it answers or fails, or the next server's turn comes. Late
    /// answers to earlier transmissions count as well; in the last turn they are waited for until the end.
    async fn ask_next_server(self, request: DnsRequest) -> Result<DnsResponse, NetError> {
        let Schedule { servers, transport, .. } = &*self.schedule;
        let turn = self.take_turn();
        // the pool asks in order, and has no place for the scope of an IPv6 address
        let server = servers[turn % servers.len()];
        let is_last = self.schedule.is_last(turn);
        let mut due = self.schedule.due(turn);
        let mut in_flight = std::mem::take(&mut self.lock().in_flight);
        let mut is_waiting = !self.lock().failures.is_lasting(server);
        if is_waiting {
            in_flight.push(self.transmit(&request, Transmission { server, transport: *transport, edns: true, due }));
        }
        while is_waiting || is_last {
            let Ok(Some((transmission, end))) = timeout_at(due, in_flight.next()).await else { break };
            let mut next = Transmission { due: self.schedule.due(turn), ..transmission };
            match end {
                TransmissionEnd::Answered(answer, response) => {
                    self.lock().answer = Some(answer);
                    return Ok(response);
                }
                TransmissionEnd::EdnsRefused => next.edns = false,
                TransmissionEnd::Truncated(rest) => {
                    self.lock().failures.add_truncated(transmission.server, rest);
                    next.transport = Transport::Tcp;
                }
                TransmissionEnd::Failed(fault) => {
                    self.lock().failures.add(transmission.server, fault);
                    is_waiting &= transmission.server != server;
                    continue;
                }
            }
            due = next.due;
            in_flight.push(self.transmit(&request, next));
        }
        self.lock().in_flight = in_flight;
        Err(NetError::Timeout)
    }

    fn take_turn(&self) -> usize {
        let mut state = self.lock();
        state.turns += 1;
        state.turns - 1
    }

    fn transmit(&self, request: &DnsRequest, transmission: Transmission) -> InFlight {
        Box::pin(Arc::clone(&self.transmitter).transmit(request.clone(), transmission))
    }

    fn outcome(&self) -> Result<Answer, DnsFault> {
        let mut state = self.lock();
        match state.answer.take() {
            Some(answer) => Ok(answer),
            None => std::mem::take(&mut state.failures).last_resort(&self.schedule.servers),
        }
    }

    fn lock(&self) -> MutexGuard<'_, RecorderState> {
        self.state.lock().expect("no holder panics")
    }
}

/// When which server is asked.
#[derive(Debug)]
struct Schedule {
    servers: Vec<SocketAddr>,
    transport: Transport,
    attempts: usize,
    /// How long each server is waited for before the next one is asked: at first, and later.
    waits: [Duration; 2],
    /// When the last answer may come: as late as resolv.conf and the deadline allow.
    until: Instant,
}

impl Schedule {
    fn new(context: &QueryContext<'_>) -> Self {
        let conf = context.resolver.resolv_conf();
        let servers = context.servers.to_vec();
        let now = Instant::now();
        let until = context.until.min(now + conf.longest_lookup(servers.len()));
        let [first, later] = FIRST_AND_LATER_WAIT.map(|wait| wait.min(conf.timeout));
        let wanted = (first + later * (conf.attempts - 1)) * u32::try_from(servers.len()).unwrap_or(u32::MAX);
        let scale = (until.saturating_duration_since(now).as_secs_f64() / wanted.as_secs_f64()).min(1.0);
        let waits = [first, later].map(|wait| wait.mul_f64(scale));
        let attempts = usize::try_from(conf.attempts).unwrap_or(usize::MAX);
        Self { servers, transport: conf.transport, attempts, waits, until }
    }

    fn is_last(&self, turn: usize) -> bool {
        turn + 1 >= self.servers.len() * self.attempts
    }

    /// Returns when a turn that begins now ends.
    fn due(&self, turn: usize) -> Instant {
        let wait = self.waits[usize::from(turn >= self.servers.len())];
        if self.is_last(turn) { self.until } else { self.until.min(Instant::now() + wait) }
    }
}

/// How the servers failed.
#[derive(Debug, Default)]
struct ServerFailures {
    faults: Vec<(SocketAddr, DnsFault)>,
    /// The servers whose answer did not fit a datagram.
    truncated: Vec<SocketAddr>,
    /// The first such answer that has addresses.
    rest: Option<Answer>,
}

impl ServerFailures {
    /// Whether the server would do the same again; SERVFAIL may pass, and is asked for again (`attempts` of resolv.conf(5)).
    fn is_lasting(&self, server: SocketAddr) -> bool {
        self.faults.iter().any(|(known, fault)| *known == server && *fault != DnsFault::ServFail)
    }

    fn add_truncated(&mut self, server: SocketAddr, rest: Option<Answer>) {
        self.truncated.push(server);
        self.rest = self.rest.take().or(rest);
    }

    fn add(&mut self, server: SocketAddr, fault: DnsFault) {
        // a server that sent a datagram is there: it is its TCP port that cannot be reached
        let is_there = fault == DnsFault::Unreachable && self.truncated.contains(&server);
        self.faults.push((server, if is_there { DnsFault::Truncated } else { fault }));
    }

    /// Returns what fitted a datagram if no server gave more; else why there is no answer.
    fn last_resort(self, servers: &[SocketAddr]) -> Result<Answer, DnsFault> {
        let fault = self.most_telling(servers);
        self.rest.ok_or(fault)
    }

    /// Returns the fault that says most: what a server answered, then that this host could not ask, then silence, then that no
    /// server is there.
    fn most_telling(&self, servers: &[SocketAddr]) -> DnsFault {
        let mut faults = self.faults.iter().map(|(_, fault)| *fault);
        let answered = faults.clone().find(|fault| !matches!(fault, DnsFault::Unreachable | DnsFault::Local));
        let local = faults.find(|fault| *fault == DnsFault::Local);
        let truncated = (!self.truncated.is_empty()).then_some(DnsFault::Truncated);
        let all_failed = servers.iter().all(|server| self.faults.iter().any(|(known, _)| known == server));
        let none = if all_failed { DnsFault::Unreachable } else { DnsFault::Timeout };
        answered.or(truncated).or(local).unwrap_or(none)
    }
}

/// Shorter than glibc's, so that a lost datagram costs a probe little; no answer is lost, because late ones count.
const FIRST_AND_LATER_WAIT: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];
/// The recorder ends first.
const POOL_SLACK: Duration = Duration::from_secs(60);
