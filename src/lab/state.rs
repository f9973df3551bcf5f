//! What do all servers of the lab look at? The world as it is at present, the authority, and the requests seen so far.

use super::pki::Pki;
use super::world::{ADDRESSES, World};
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What all servers of a lab look at.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) pki: Pki,
    pub(super) addresses: Addresses,
    world: Mutex<Arc<World>>,
    seen: Mutex<VecDeque<SeenRequest>>,
}

impl Shared {
    pub(super) fn new(world: World, addresses: Addresses) -> io::Result<Self> {
        Ok(Self { pki: Pki::generate()?, addresses, world: Mutex::new(Arc::new(world)), seen: Mutex::default() })
    }

    /// The world as it is at present.
    pub(super) fn world(&self) -> Arc<World> {
        Arc::clone(&lock(&self.world))
    }

    /// Makes it another world, for every query and request from now on.
    pub(super) fn set_world(&self, world: World) {
        *lock(&self.world) = Arc::new(world);
    }

    /// Keeps a request, the latest thousand of them.
    pub(super) fn remember(&self, request: SeenRequest) {
        let mut seen = lock(&self.seen);
        if seen.len() == MOST_REQUESTS_REMEMBERED {
            seen.pop_front();
        }
        seen.push_back(request);
    }

    /// The requests kept, the oldest first.
    pub(super) fn requests(&self) -> Vec<SeenRequest> {
        lock(&self.seen).iter().cloned().collect()
    }
}

/// Which addresses the lab's DNS gives out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addresses {
    /// The loopback addresses on which the lab listens, so that any program can use it.
    Loopback,
    /// Addresses as on AWS, private and public ones; [`super::Lab::detour`] says where they really are.
    AsOnAws,
}

impl Addresses {
    /// How an address appears in DNS.
    pub(super) fn shown(self, nominal: Ipv4Addr) -> Ipv4Addr {
        match self {
            Self::Loopback => {
                let local = ADDRESSES.iter().find(|(known, _)| *known == nominal);
                local.map_or(nominal, |(_, local)| *local)
            }
            Self::AsOnAws => nominal,
        }
    }
}

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRequest {
    /// The address at which it arrived, as it is on AWS.
    pub address: IpAddr,
    /// The name in the TLS handshake.
    pub sni: Option<String>,
    /// The request line, without its line end.
    pub line: String,
    /// The headers in the order and case of arrival.
    pub headers: Vec<(String, String)>,
}

/// A panic in one task of the lab must not take the others down.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How often a free port is looked for.
pub(super) const MOST_BIND_TRIES: usize = 32;
const MOST_REQUESTS_REMEMBERED: usize = 1000;
