//! Which address carries the request? All are connected to at once; one carries the request, the others only show that they answer.
//!
//! TLS begins with the first address in answer order. The next one joins when one that has begun fails, or 250 ms after the last one
//! joined (RFC 8305, 8). Whoever ends the handshake first takes the path's one request; an exchange that fails after that is the
//! answer. With `every_address` each address carries a request of its own.

use super::tls::{self, PreparedHandshake, TlsChannel};
use super::{Detour, Limits, Net, Step, http, tcp};
use crate::observation::{Address, Attempt, Connected, Phase, Secured, TlsFailure};
use crate::plan::Plan;
use crate::sign::Identity;
use futures_util::future::join_all;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::sync::{SetOnce, watch};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until, timeout_at};

/// What the attempts of one path have in common.
pub(super) struct Race<'a> {
    pub(super) net: &'a Net,
    pub(super) plan: &'a Plan,
    pub(super) limits: &'a Limits,
    pub(super) identity: &'a SetOnce<Identity>,
    pub(super) deadline: Instant,
    pub(super) tell: &'a (dyn Fn(Step) + Sync),
}

/// The attempts in answer order, and when the last answer ended; if there was none, when the last attempt did.
pub(super) async fn run(race: &Race<'_>, addresses: &[Address]) -> (Vec<Attempt>, Instant) {
    let addresses: Vec<IpAddr> = addresses.iter().map(|address| address.ip).take(MOST_ADDRESSES).collect();
    let every = race.limits.every_address;
    let standing = Standing {
        begun: if every { addresses.len() } else { 1 },
        failed: vec![false; addresses.len()],
        taken: false,
        answered: None,
    };
    let standing = watch::Sender::new(standing);
    let attempts = join_all(addresses.iter().enumerate().map(|(index, ip)| attempt(race, &standing, index, *ip)));
    let mut attempts = std::pin::pin!(attempts);
    let attempts = tokio::select! {
        biased;
        attempts = &mut attempts => attempts,
        () = let_others_join(&standing) => attempts.await,
    };
    let ended = standing.borrow().answered.unwrap_or_else(Instant::now);
    (attempts, ended)
}

/// How the addresses of a path stand.
#[derive(Debug)]
struct Standing {
    /// How many may shake hands, counted from the first.
    begun: usize,
    /// Which have failed.
    failed: Vec<bool>,
    /// Whether one of them has taken the request.
    taken: bool,
    /// When the exchange ended.
    answered: Option<Instant>,
}

impl Standing {
    fn failures(&self) -> usize {
        self.failed.iter().take(self.begun).filter(|failed| **failed).count()
    }
}

/// Lets one more address begin at each failure and each tick, until the request is taken.
async fn let_others_join(standing: &watch::Sender<Standing>) {
    let mut changes = standing.subscribe();
    let mut ticks = 0;
    let mut next_tick = Instant::now() + STAGGER;
    let last = standing.borrow().failed.len();
    while standing.borrow().begun < last {
        let due = |standing: &Standing| standing.taken || standing.begun < 1 + standing.failures() + ticks;
        // the borrow that `wait_for` gives must have ended before anything is sent
        match timeout_at(next_tick, changes.wait_for(due)).await.map(|now| now.map(|now| now.taken)) {
            Ok(Ok(true) | Err(_)) => return,
            Ok(Ok(false)) => {
                standing.send_modify(|standing| standing.begun += 1);
                next_tick = Instant::now() + STAGGER;
            }
            Err(_) => {
                ticks += 1;
                next_tick += STAGGER;
            }
        }
    }
}

async fn attempt(race: &Race<'_>, standing: &watch::Sender<Standing>, index: usize, ip: IpAddr) -> Attempt {
    let address = SocketAddr::new(ip, race.plan.port);
    let fail = || standing.send_modify(|standing| standing.failed[index] = true);
    let prepare = || PreparedHandshake::new(&race.net.trust, &race.plan.sni);
    let prepared = async {
        // other paths' packets go first; what is left is time until this address answers
        yield_now().await;
        let is_first = standing.borrow().begun > index;
        is_first.then(prepare)
    };
    let (tcp, prepared) = tokio::join!(biased; connect(&race.net.detour, address, race.deadline), prepared);
    let connection = match tcp.result {
        Ok(connection) => connection,
        Err(failure) => {
            fail();
            return Attempt { address, tcp: Phase { felt: tcp.felt, wire: tcp.wire, result: Err(failure) } };
        }
    };
    let tls = if may_begin(race, standing, index).await {
        Some(Box::new(secure(race, standing, connection.stream, prepared.unwrap_or_else(prepare)).await))
    } else {
        None
    };
    if tls.as_ref().is_some_and(|tls| tls.result.is_err()) {
        fail();
    }
    let connected = Connected { retransmits: connection.retransmits, tls };
    Attempt { address, tcp: Phase { felt: tcp.felt, wire: tcp.wire, result: Ok(connected) } }
}

async fn connect(
    detour: &Detour,
    address: SocketAddr,
    deadline: Instant,
) -> Phase<tcp::Connection, crate::observation::TcpFailure> {
    if tcp::is_dialable(address.ip()) {
        tcp::connect(detour.of(address), deadline.min(Instant::now() + MOST_FOR_CONNECTING)).await
    } else {
        tcp::refrain(address.ip())
    }
}

/// Waits for this address's turn; false if another one takes the request before.
async fn may_begin(race: &Race<'_>, standing: &watch::Sender<Standing>, index: usize) -> bool {
    let mut changes = standing.subscribe();
    let turn = timeout_at(race.deadline, changes.wait_for(|now| now.taken || now.begun > index)).await;
    matches!(turn, Ok(Ok(now)) if !now.taken || race.limits.every_address)
}

/// Shakes hands, and sends the request if nobody else has.
async fn secure(
    race: &Race<'_>,
    standing: &watch::Sender<Standing>,
    stream: super::wire::Stamped,
    prepared: Result<PreparedHandshake, String>,
) -> Phase<Secured, TlsFailure> {
    (race.tell)(Step::Tls);
    let began = Instant::now();
    let mut changes = standing.subscribe();
    let every = race.limits.every_address;
    let give_up = async {
        let taken = changes.wait_for(|now| now.taken && !every);
        if matches!(timeout_at(race.deadline, taken).await, Ok(Ok(_))) {
            sleep_until(race.deadline.min(began + MOST_FOR_CONNECTING)).await;
        }
    };
    let phase = tls::handshake(prepared, stream, give_up).await;
    let channel = match phase.result {
        Ok(channel) => channel,
        Err(failure) => return Phase { felt: phase.felt, wire: phase.wire, result: Err(failure) },
    };
    let TlsChannel { stream, session, leaf, expired_root } = channel;
    let take = |now: &mut Standing| !std::mem::replace(&mut now.taken, true);
    let asking = async {
        if !standing.send_if_modified(take) && !every {
            return None;
        }
        (race.tell)(Step::Http);
        let http = http::exchange(stream, race).await;
        standing.send_modify(|now| now.answered = Some(Instant::now()));
        Some(http)
    };
    // the request goes first: the certificate is read while the answer is under way
    let reading = async { leaf.as_ref().and_then(tls::certificate) };
    let (http, certificate) = tokio::join!(biased; asking, reading);
    Phase { felt: phase.felt, wire: phase.wire, result: Ok(Secured { session, certificate, expired_root, http }) }
}

/// How long an address is waited for before the next one joins (RFC 8305, 8).
const STAGGER: Duration = Duration::from_millis(250);
/// A lost SYN is sent again after 1 s, so that this allows for one loss.
const MOST_FOR_CONNECTING: Duration = Duration::from_secs(3);
/// More than any endpoint has zones.
const MOST_ADDRESSES: usize = 16;
