//! How long is each stretch of a bar? Thousandths of its width, which the slowest path of the round fills.

use crate::observation::Observation;
use crate::render::phases::{Mark, phases};
use std::time::Duration;

/// The stretch of one phase: felt above, wire below, both from the same start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) mark: Mark,
    pub(super) start: u32,
    pub(super) felt: u32,
    pub(super) wire: Option<u32>,
}

/// The stretches of a path, the rest that no phase accounts for at the end.
pub(super) fn stretches(seen: &Observation, scale: Duration) -> Vec<Stretch> {
    let mut start = Duration::ZERO;
    let mut stretches: Vec<_> = phases(seen)
        .map(|took| {
            let begin = start;
            start += took.felt;
            let wire = took.wire.map(|wire| share(wire, scale));
            Stretch { mark: took.mark, start: share(begin, scale), felt: share(took.felt, scale), wire }
        })
        .collect();
    stretches.push(Stretch {
        mark: Mark::Rest,
        start: share(start, scale),
        felt: share(seen.unaccounted(), scale),
        wire: None,
    });
    stretches
}

fn share(took: Duration, scale: Duration) -> u32 {
    let share = took.as_micros().saturating_mul(1000).checked_div(scale.as_micros()).unwrap_or_default();
    u32::try_from(share.min(1000)).unwrap_or(1000)
}
