//! Where did the time of a path go? The phases that were reached, in their order.

use crate::observation::{Attempt, Observation};
use std::time::Duration;

/// One kind of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Resolve,
    Connect,
    Tls,
    Answer,
    /// What no phase accounts for.
    Rest,
}

impl Mark {
    /// What people call it: the column of the paths' table that it belongs to.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Tls => "TLS",
            Self::Answer => "answer",
            Self::Rest => "rest",
        }
    }
}

/// How long one phase took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Took {
    /// Which phase.
    pub(super) mark: Mark,
    /// As the program felt it.
    pub(super) felt: Duration,
    /// By the kernel's stamps, where there were any.
    pub(super) wire: Option<Duration>,
}

/// The phases that a path reached, of the attempt that speaks for it.
pub(super) fn phases(seen: &Observation) -> impl Iterator<Item = Took> {
    let took = |mark, felt, wire| Took { mark, felt, wire };
    let attempt = seen.decisive();
    let later = [
        attempt.map(|attempt| took(Mark::Connect, attempt.tcp.felt, attempt.tcp.wire)),
        attempt.and_then(Attempt::tls).map(|tls| took(Mark::Tls, tls.felt, tls.wire)),
        attempt.and_then(Attempt::http).map(|http| took(Mark::Answer, http.felt, http.wire)),
    ];
    // who only waited for the end of another's lookup waited less than its queries took
    let wire = seen.lookup.wire().filter(|wire| *wire <= seen.lookup.took);
    let resolve = took(Mark::Resolve, seen.lookup.took, wire);
    [Some(resolve)].into_iter().chain(later).flatten()
}
