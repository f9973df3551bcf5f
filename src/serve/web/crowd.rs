//! Who is there, and who must go? Connections are bounded in number and time; when room is short, whoever has kept us waiting longest gives way.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::AbortHandle;
use tokio::time::Instant;

/// The connections of a door.
pub(super) struct Crowd {
    visits: RefCell<BTreeMap<u64, (Rc<Visit>, AbortHandle)>>,
    last: Cell<u64>,
    seats: Arc<Semaphore>,
    streams: Rc<Places>,
    gzips: Arc<Semaphore>,
    probes: Arc<Semaphore>,
    left: Notify,
    closing: Cell<bool>,
    closed: Notify,
}

impl Crowd {
    /// A crowd with room for so many.
    pub(super) fn new(seats: usize) -> Rc<Self> {
        Rc::new(Self {
            visits: RefCell::default(),
            last: Cell::new(0),
            seats: Arc::new(Semaphore::new(seats)),
            streams: Rc::new(Places { free: Cell::new(MOST_STREAMS), queue: RefCell::default() }),
            gzips: Arc::new(Semaphore::new(MOST_GZIPS)),
            // the rest is left for those who do not wait for a round
            probes: Arc::new(Semaphore::new(seats - seats / 8)),
            left: Notify::new(),
            closing: Cell::new(false),
            closed: Notify::new(),
        })
    }

    /// Waits for room, and makes some.
    pub(super) async fn seat(&self) -> OwnedSemaphorePermit {
        loop {
            if let Ok(seat) = self.seats.clone().try_acquire_owned() {
                return seat;
            }
            self.send_away_slowest();
            // who is sent away leaves when it is polled; who begins to dawdle meanwhile is found the next time round
            if let Ok(Ok(seat)) = tokio::time::timeout(LOOK_AGAIN, self.seats.clone().acquire_owned()).await {
                return seat;
            }
        }
    }

    /// Waits for room for one more streamed answer, and makes some. Who came last is served first: whoever has waited long in a crowd
    /// is one of those who make it.
    pub(super) async fn stream(self: &Rc<Self>, visit: &Visit) -> Place {
        if let Some(place) = Places::take(&self.streams) {
            return place;
        }
        visit.queued();
        if self.streams.queue.borrow().is_empty() {
            tokio::task::spawn_local(make_room(self.clone()));
        }
        let turn = Places::queue(&self.streams);
        self.send_away_one(Phase::does_not_take);
        let place = turn.await.expect("the places are there as long as the crowd");
        visit.asked();
        place
    }

    /// Room for one more answer in gzip, if there is any: each costs a third of a megabyte.
    pub(super) fn gzip(&self) -> Option<OwnedSemaphorePermit> {
        self.gzips.clone().try_acquire_owned().ok()
    }

    /// Room for one more who waits for a round, if there is any.
    pub(super) fn probe(&self) -> Option<OwnedSemaphorePermit> {
        self.probes.clone().try_acquire_owned().ok()
    }

    /// Lets a connection in. `serve` is its life; it is ended from outside when it has to go.
    pub(super) fn admit<F>(self: &Rc<Self>, seat: OwnedSemaphorePermit, serve: impl FnOnce(Rc<Visit>) -> F)
    where
        F: Future<Output = ()> + 'static,
    {
        let id = self.last.get() + 1;
        self.last.set(id);
        let visit = Rc::new(Visit::begin());
        let life = serve(visit.clone());
        let presence = Presence { crowd: self.clone(), id, _seat: seat };
        let task = tokio::task::spawn_local(async move {
            let _presence = presence;
            life.await;
        });
        self.visits.borrow_mut().insert(id, (visit, task.abort_handle()));
    }

    /// Sends away whoever has waited on us to no end, for longer than anybody may.
    pub(super) fn send_away_overdue(&self) {
        let now = Instant::now();
        self.visits.borrow_mut().retain(|_, (visit, task)| {
            let overdue = visit.phase.get().is_overdue(now);
            if overdue {
                task.abort();
            }
            !overdue
        });
    }

    /// Sends away the one with the longest wait; whether there was one.
    fn send_away_one(&self, wait: fn(&Phase, Instant) -> Option<Wait>) -> bool {
        let now = Instant::now();
        let mut visits = self.visits.borrow_mut();
        let waits = visits.iter().filter_map(|(id, (visit, _))| Some((wait(&visit.phase.get(), now)?, *id)));
        let Some((_, id)) = waits.min() else { return false };
        if let Some((_, task)) = visits.remove(&id) {
            task.abort();
        }
        true
    }

    /// Sends away the one who has kept us waiting longest, if anybody has.
    pub(super) fn send_away_slowest(&self) {
        self.send_away_one(Phase::gives_way);
    }

    /// Ends: whoever has no request in hand goes at once, the others may finish theirs.
    pub(super) async fn close(&self, within: Duration) {
        self.closing.set(true);
        self.closed.notify_waiters();
        while self.send_away_one(Phase::has_no_request) {}
        let everybody_left = async {
            while self.seated() > 0 {
                self.left.notified().await;
            }
        };
        let _ = tokio::time::timeout(within, everybody_left).await;
    }

    /// Waits until the crowd is told to end.
    pub(super) async fn closing(&self) {
        while !self.closing.get() {
            let closed = self.closed.notified();
            if !self.closing.get() {
                closed.await;
            }
        }
    }

    fn seated(&self) -> usize {
        self.visits.borrow().len()
    }
}

/// While somebody waits for a place, those who take nothing lose theirs, one after the other.
async fn make_room(crowd: Rc<Crowd>) {
    while !crowd.streams.queue.borrow().is_empty() {
        tokio::time::sleep(LOOK_AGAIN).await;
        crowd.send_away_one(Phase::does_not_take);
    }
}

/// Places for streamed answers, and who waits for one, the last comer last.
struct Places {
    free: Cell<usize>,
    queue: RefCell<Vec<oneshot::Sender<Place>>>,
}

/// A place among the streamed answers; whoever waits gets it when this is dropped.
pub(super) struct Place(Option<Rc<Places>>);

impl Places {
    fn take(places: &Rc<Self>) -> Option<Place> {
        places.free.set(places.free.get().checked_sub(1)?);
        Some(Place(Some(places.clone())))
    }

    fn queue(places: &Rc<Self>) -> oneshot::Receiver<Place> {
        let (turn, wait) = oneshot::channel();
        let mut queue = places.queue.borrow_mut();
        queue.retain(|turn| !turn.is_closed());
        queue.push(turn);
        wait
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(places) = self.0.take() else { return };
        // the queue is free again while a turn is passed on: dropping it may come back here
        while let Some(turn) = { places.queue.borrow_mut().pop() } {
            match turn.send(Place(Some(places.clone()))) {
                Ok(()) => return,
                // that one is gone; its place is not given back twice
                Err(mut place) => drop(place.0.take()),
            }
        }
        places.free.set(places.free.get() + 1);
    }
}

/// A connection is there as long as this is.
struct Presence {
    crowd: Rc<Crowd>,
    id: u64,
    _seat: OwnedSemaphorePermit,
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.crowd.visits.borrow_mut().remove(&self.id);
        self.crowd.left.notify_one();
    }
}

/// One connection, as far as its manners go.
pub(super) struct Visit {
    phase: Cell<Phase>,
}

/// Whose turn it is, and since when.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// The client's: an answer was sent, nothing of a further request has come.
    Idle(Instant),
    /// The client's: the connection is new, or a part of a request has come.
    Asking(Instant),
    /// Ours: a whole request has come.
    Ours,
    /// Ours: a whole request has come, and there is no room for its answer yet.
    Queued(Instant),
    /// The client's: an answer is there to be taken.
    Taking {
        /// Since when.
        begun: Instant,
        /// When a part of it was taken last.
        moved: Instant,
        /// Whether the client takes no more for now.
        stalled: bool,
        /// Whether no more of the answer is to be made.
        given: bool,
    },
}

/// For what somebody waits or keeps us waiting, and since when: the first in this order goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wait {
    Request(Instant),
    Taking(Instant),
    Room(Instant),
}

impl Phase {
    fn has_no_request(&self, _now: Instant) -> Option<Wait> {
        match *self {
            Self::Idle(since) | Self::Asking(since) => Some(Wait::Request(since)),
            Self::Ours | Self::Queued(_) | Self::Taking { .. } => None,
        }
    }

    fn does_not_take(&self, now: Instant) -> Option<Wait> {
        match *self {
            Self::Taking { moved, stalled: true, .. } if now - moved > HICCUP => Some(Wait::Taking(moved)),
            Self::Idle(_) | Self::Asking(_) | Self::Ours | Self::Queued(_) | Self::Taking { .. } => None,
        }
    }

    fn gives_way(&self, now: Instant) -> Option<Wait> {
        match *self {
            Self::Queued(since) => Some(Wait::Room(since)),
            Self::Idle(_) | Self::Asking(_) | Self::Ours | Self::Taking { .. } => {
                self.has_no_request(now).or_else(|| self.does_not_take(now))
            }
        }
    }

    fn is_overdue(&self, now: Instant) -> bool {
        match *self {
            Self::Idle(since) => now - since > LONGEST_IDLE,
            Self::Asking(since) => now - since > LONGEST_REQUEST,
            Self::Ours | Self::Queued(_) => false,
            Self::Taking { begun, moved, .. } => now - moved > LONGEST_STALL || now - begun > LONGEST_ANSWER,
        }
    }
}

impl Visit {
    fn begin() -> Self {
        Self { phase: Cell::new(Phase::Asking(Instant::now())) }
    }

    /// Bytes came.
    pub(super) fn heard(&self) {
        if let Phase::Idle(_) = self.phase.get() {
            self.phase.set(Phase::Asking(Instant::now()));
        }
    }

    /// A whole request came.
    pub(super) fn asked(&self) {
        self.phase.set(Phase::Ours);
    }

    /// There is no room for the answer yet.
    fn queued(&self) {
        self.phase.set(Phase::Queued(Instant::now()));
    }

    /// The answer begins.
    pub(super) fn answered(&self) {
        let now = Instant::now();
        self.phase.set(Phase::Taking { begun: now, moved: now, stalled: false, given: false });
    }

    /// The client took something.
    pub(super) fn took(&self) {
        if let Phase::Taking { begun, given, .. } = self.phase.get() {
            self.phase.set(Phase::Taking { begun, moved: Instant::now(), stalled: false, given });
        }
    }

    /// The client takes nothing more for now.
    pub(super) fn stalled(&self) {
        if let Phase::Taking { begun, moved, given, .. } = self.phase.get() {
            self.phase.set(Phase::Taking { begun, moved, stalled: true, given });
        }
    }

    /// All of the answer is made.
    pub(super) fn given(&self) {
        if let Phase::Taking { begun, moved, stalled, .. } = self.phase.get() {
            self.phase.set(Phase::Taking { begun, moved, stalled, given: true });
        }
    }

    /// All that was made is taken.
    pub(super) fn flushed(&self) {
        if let Phase::Taking { given: true, .. } = self.phase.get() {
            self.phase.set(Phase::Idle(Instant::now()));
        }
    }
}

/// Streamed answers at once.
const MOST_STREAMS: usize = 16;
/// Of these, in gzip.
const MOST_GZIPS: usize = 8;
/// A whole request, from the connection or its first byte, the handshake included.
const LONGEST_REQUEST: Duration = Duration::from_secs(10);
/// Between two requests; longer than the usual time between two scrapes.
const LONGEST_IDLE: Duration = Duration::from_secs(150);
/// No byte of an answer is taken.
const LONGEST_STALL: Duration = Duration::from_secs(10);
/// A whole answer is taken.
const LONGEST_ANSWER: Duration = Duration::from_secs(30);
/// A stall that a good client on a long way may have.
const HICCUP: Duration = Duration::from_millis(100);
const LOOK_AGAIN: Duration = Duration::from_millis(50);
