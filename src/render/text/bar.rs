//! Where did the time go? One letter a share of time, the initial of the column that it belongs to.

use crate::observation::{Attempt, Observation};
use crate::render::style::Ink;
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
    pub(super) fn letter(self) -> &'static str {
        match self {
            Self::Resolve => "r",
            Self::Connect => "c",
            Self::Tls => "t",
            Self::Answer => "a",
            Self::Rest => ".",
        }
    }

    pub(super) fn ink(self) -> Ink {
        match self {
            Self::Resolve => Ink::Resolve,
            Self::Connect => Ink::Connect,
            Self::Tls => Ink::Tls,
            Self::Answer => Ink::Answer,
            Self::Rest => Ink::Faint,
        }
    }
}

/// The stretches of a bar: a phase that was reached has at least one cell, and all together no more than `width`.
pub(super) fn stretches(observation: &Observation, scale: Duration, width: usize) -> Vec<(Mark, usize)> {
    let mut cells: Vec<_> =
        phases(observation).into_iter().map(|(mark, took)| (mark, share(took, scale, width).max(1))).collect();
    cells.push((Mark::Rest, share(observation.unaccounted(), scale, width)));
    let mut total: usize = cells.iter().map(|(_, count)| count).sum();
    while total > width
        && let Some((_, longest)) = cells.iter_mut().max_by_key(|(_, count)| *count)
    {
        *longest -= 1;
        total -= 1;
    }
    cells.retain(|(_, count)| *count > 0);
    cells
}

/// The phases that were reached, in their order, as felt.
fn phases(observation: &Observation) -> Vec<(Mark, Duration)> {
    let decisive = observation.decisive();
    let later = [
        (Mark::Connect, decisive.map(|attempt| attempt.tcp.felt)),
        (Mark::Tls, decisive.and_then(Attempt::tls).map(|tls| tls.felt)),
        (Mark::Answer, decisive.and_then(Attempt::http).map(|http| http.felt)),
    ];
    let later = later.into_iter().filter_map(|(mark, took)| Some((mark, took?)));
    [(Mark::Resolve, observation.lookup.took)].into_iter().chain(later).collect()
}

fn share(took: Duration, scale: Duration, width: usize) -> usize {
    if scale.is_zero() {
        return 0;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a width fits"
    )]
    let cells = (took.as_secs_f64() / scale.as_secs_f64() * width as f64).round() as usize;
    cells.min(width)
}
