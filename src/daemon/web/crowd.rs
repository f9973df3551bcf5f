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
    seats: usize,
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
            seats,
            streams: Rc::new(Places { free: Cell::new(MOST_STREAMS), queue: RefCell::default() }),
            gzips: Arc::new(Semaphore::new(MOST_GZIPS)),
            // the rest is left for those who do not wait for a round
            probes: Arc::new(Semaphore::new(seats - seats / 8)),
            left: Notify::new(),
            closing: Cell::new(false),
            closed: Notify::new(),
        })
    }

    /// Waits until one more may come in, and makes room. Whoever is sent away for it leaves a moment later.
    pub(super) async fn room(&self) {
        while self.seated() >= self.seats && !self.send_away_slowest() {
            let _ = tokio::time::timeout(LOOK_AGAIN, self.left.notified()).await;
            self.look();
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
    pub(super) fn admit<F>(self: &Rc<Self>, serve: impl FnOnce(Rc<Visit>) -> F)
    where
        F: Future<Output = ()> + 'static,
    {
        let id = self.last.get() + 1;
        self.last.set(id);
        let visit = Rc::new(Visit::begin());
        let life = serve(visit.clone());
        let presence = Presence { crowd: self.clone(), id };
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

    fn look(&self) {
        self.visits.borrow().values().for_each(|(visit, _)| visit.look());
    }

    /// Sends away the one with the longest wait; whether there was one.
    fn send_away_one<W: Ord>(&self, wait: fn(&Phase) -> Option<W>) -> bool {
        let mut visits = self.visits.borrow_mut();
        let waits = visits.iter().filter_map(|(id, (visit, _))| Some((wait(&visit.phase.get())?, *id)));
        let Some((_, id)) = waits.min() else { return false };
        if let Some((_, task)) = visits.remove(&id) {
            task.abort();
        }
        true
    }

    /// Sends away the one who has kept us waiting longest; whether anybody has.
    pub(super) fn send_away_slowest(&self) -> bool {
        self.send_away_one(Phase::gives_way)
    }

    /// Ends: whoever has no request in hand goes after a moment, the others may finish theirs.
    pub(super) async fn close(&self, within: Duration) {
        // of whoever has just come a request may be on its way
        let _ = tokio::time::timeout(LAST_CALL, self.everybody_left()).await;
        self.closing.set(true);
        self.closed.notify_waiters();
        while self.send_away_one(Phase::has_no_request) {}
        let _ = tokio::time::timeout(within, self.everybody_left()).await;
    }

    async fn everybody_left(&self) {
        while self.seated() > 0 {
            self.left.notified().await;
        }
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
        crowd.look();
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
    Taking(Taking),
}

/// How an answer is taken.
#[derive(Debug, Clone, Copy)]
struct Taking {
    begun: Instant,
    /// When a part of it was taken last.
    moved: Instant,
    /// Whether the client takes no more for now.
    stalled: bool,
    /// How often in a row it was looked at and still took nothing. Time alone would blame the client where this thread was late.
    strikes: u32,
    /// Whether it went on after a stall: it reads, however slowly.
    resumed: bool,
    /// Whether no more of the answer is to be made.
    given: bool,
}

impl Phase {
    /// Since when there has been no request in hand.
    fn has_no_request(&self) -> Option<Instant> {
        match *self {
            Self::Idle(since) | Self::Asking(since) => Some(since),
            Self::Ours | Self::Queued(_) | Self::Taking(_) => None,
        }
    }

    /// Since when nothing of the answer has been taken; those who are known to read come last.
    fn does_not_take(&self) -> Option<(bool, Instant)> {
        match *self {
            Self::Taking(taking) if taking.strikes >= taking.patience() => Some((taking.resumed, taking.moved)),
            Self::Idle(_) | Self::Asking(_) | Self::Ours | Self::Queued(_) | Self::Taking(_) => None,
        }
    }

    /// Since when nothing has gone on that is worth a connection. The newest stay, whatever they wait for: one of them may be good.
    fn gives_way(&self) -> Option<Instant> {
        match *self {
            Self::Queued(since) => Some(since),
            Self::Idle(_) | Self::Asking(_) | Self::Ours | Self::Taking(_) => {
                self.has_no_request().or_else(|| self.does_not_take().map(|(_, moved)| moved))
            }
        }
    }

    fn is_overdue(&self, now: Instant) -> bool {
        match *self {
            Self::Idle(since) => now - since > LONGEST_IDLE,
            Self::Asking(since) => now - since > LONGEST_REQUEST,
            Self::Ours | Self::Queued(_) => false,
            Self::Taking(Taking { begun, moved, .. }) => now - moved > LONGEST_STALL || now - begun > LONGEST_ANSWER,
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
        let taking = Taking { begun: now, moved: now, stalled: false, strikes: 0, resumed: false, given: false };
        self.phase.set(Phase::Taking(taking));
    }

    /// The client took something.
    pub(super) fn took(&self) {
        self.change(|taking| Taking {
            moved: Instant::now(),
            stalled: false,
            strikes: 0,
            resumed: taking.resumed || taking.stalled,
            ..taking
        });
    }

    /// The client takes nothing more for now.
    pub(super) fn stalled(&self) {
        self.change(|taking| Taking { stalled: true, ..taking });
    }

    /// Somebody waits, and looks whether the client takes anything.
    fn look(&self) {
        self.change(|taking| Taking { strikes: taking.strikes + u32::from(taking.stalled), ..taking });
    }

    /// All of the answer is made.
    pub(super) fn given(&self) {
        self.change(|taking| Taking { given: true, ..taking });
    }

    /// All that was made is taken.
    pub(super) fn flushed(&self) {
        if let Phase::Taking(Taking { given: true, .. }) = self.phase.get() {
            self.phase.set(Phase::Idle(Instant::now()));
        }
    }

    fn change(&self, change: impl FnOnce(Taking) -> Taking) {
        if let Phase::Taking(taking) = self.phase.get() {
            self.phase.set(Phase::Taking(change(taking)));
        }
    }
}

impl Taking {
    /// How many strikes it has while others wait for the place.
    fn patience(&self) -> u32 {
        if self.resumed { STRIKES_OF_A_READER } else { STRIKES }
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
/// Of a client of which nobody knows yet whether it reads at all.
const STRIKES: u32 = 2;
/// Of a client that is known to read, such as on a long way: about a second.
const STRIKES_OF_A_READER: u32 = 20;
/// How long a request is waited for at the end.
const LAST_CALL: Duration = Duration::from_millis(200);
/// Between two looks while somebody waits for room.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
