//! Samples of the families that describe the daemon and its targets.

use super::encoder::{FamilyEncoder, number};
use super::round::unix_seconds;
use crate::status::{Schedule, Status, TargetStatus};

pub(super) fn probes(target: &TargetStatus, out: &mut FamilyEncoder<'_, '_>) {
    for (path, counts) in target.history.paths() {
        out.push(&[&target.name, path.name()], number(counts.probes));
    }
}

pub(super) fn probe_failures(target: &TargetStatus, out: &mut FamilyEncoder<'_, '_>) {
    for (path, counts) in target.history.paths() {
        for (reason, count) in &counts.failures {
            out.push(&[&target.name, path.name(), reason], number(*count));
        }
    }
}

pub(super) fn requests_sent(target: &TargetStatus, out: &mut FamilyEncoder<'_, '_>) {
    for (path, counts) in target.history.paths() {
        out.push(&[&target.name, path.name()], number(counts.requests));
    }
}

pub(super) fn dns_queries_sent(target: &TargetStatus, out: &mut FamilyEncoder<'_, '_>) {
    out.push(&[&target.name], number(target.history.dns_queries()));
}

pub(super) fn round_durations(target: &TargetStatus, out: &mut FamilyEncoder<'_, '_>) {
    out.push_histogram(&[&target.name], target.history.durations());
}

pub(super) fn last_success(target: &TargetStatus, out: &mut FamilyEncoder<'_, '_>) {
    if let Some(at) = target.history.last_success() {
        out.push(&[&target.name], unix_seconds(at));
    }
}

pub(super) fn interval(target: &TargetStatus, out: &mut FamilyEncoder<'_, '_>) {
    match target.schedule {
        Schedule::Interval => out.push(&[&target.name], target.interval.as_secs_f64()),
        Schedule::OnProbe => {}
    }
}

pub(super) fn missed_rounds(target: &TargetStatus, out: &mut FamilyEncoder<'_, '_>) {
    match target.schedule {
        Schedule::Interval => out.push(&[&target.name], number(target.missed_rounds)),
        Schedule::OnProbe => {}
    }
}

pub(super) fn reload_successful(status: &Status, out: &mut FamilyEncoder<'_, '_>) {
    out.push(&[], status.reload.refused.is_none().into());
}

pub(super) fn reload_success_time(status: &Status, out: &mut FamilyEncoder<'_, '_>) {
    out.push(&[], unix_seconds(status.reload.in_force_since));
}

pub(super) fn write_errors(status: &Status, out: &mut FamilyEncoder<'_, '_>) {
    for output in &status.outputs {
        out.push(&[output.output.name()], number(output.write_errors));
    }
}

pub(super) fn build(out: &mut FamilyEncoder<'_, '_>) {
    out.push(&[env!("CARGO_PKG_VERSION")], 1.0);
}
