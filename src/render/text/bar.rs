//! Where did the time go? One letter a share of time, the initial of the column that it belongs to.

use crate::observation::Observation;
use crate::render::phases::{Mark, phases};
use crate::render::style::Ink;
use std::time::Duration;

/// The initial of the column that a time belongs to.
pub(super) fn letter(mark: Mark) -> &'static str {
    match mark {
        Mark::Resolve => "r",
        Mark::Connect => "c",
        Mark::Tls => "t",
        Mark::Answer => "a",
        Mark::Rest => ".",
    }
}

/// The colour of a time.
pub(super) fn ink(mark: Mark) -> Ink {
    match mark {
        Mark::Resolve => Ink::Resolve,
        Mark::Connect => Ink::Connect,
        Mark::Tls => Ink::Tls,
        Mark::Answer => Ink::Answer,
        Mark::Rest => Ink::Faint,
    }
}

/// The stretches of a bar: a phase that was reached has at least one cell, and all together no more than `width`.
pub(super) fn stretches(observation: &Observation, scale: Duration, width: usize) -> Vec<(Mark, usize)> {
    let mut cells: Vec<_> =
        phases(observation).map(|took| (took.mark, share(took.felt, scale, width).max(1))).collect();
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
