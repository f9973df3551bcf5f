//! Samples of the families that describe one round.

use super::encoder::FamilyEncoder;
use crate::observation::{Attempt, Observation, Row};
use crate::report::{Report, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

pub(super) fn target_success(report: &Report, out: &mut FamilyEncoder<'_, '_>) {
    out.push(&[name(report)], (report.verdict() == Verdict::Pass).into());
}

pub(super) fn path_success(report: &Report, out: &mut FamilyEncoder<'_, '_>) {
    probed(report, out, |row, _| Some(row.returns_expected(&report.round.target).into()));
}

/// A path that lacks its input decides too, if it was asked for by name.
pub(super) fn meets_intent(report: &Report, out: &mut FamilyEncoder<'_, '_>) {
    let target = &report.round.target;
    for row in report.round.deciding() {
        let meets = row.meets_intent(target);
        if row.observation().is_some() || !meets {
            out.push(&[name(report), row.path.name()], meets.into());
        }
    }
}

pub(super) fn intent(report: &Report, out: &mut FamilyEncoder<'_, '_>) {
    for row in report.round.deciding() {
        out.push(&[name(report), row.path.name(), row.intent.name()], 1.0);
    }
}

pub(super) fn resolves(report: &Report, out: &mut FamilyEncoder<'_, '_>) {
    probed(report, out, |row, _| Some(row.resolves().into()));
}

pub(super) fn http_status(report: &Report, out: &mut FamilyEncoder<'_, '_>) {
    probed(report, out, |_, seen| Some(seen.decisive()?.answer()?.status.into()));
}

pub(super) fn path_duration(report: &Report, out: &mut FamilyEncoder<'_, '_>) {
    probed(report, out, |_, seen| Some(seen.took.as_secs_f64()));
}

pub(super) fn phases_felt(report: &Report, out: &mut FamilyEncoder<'_, '_>) {
    phases(report, out, |seen| {
        let decisive = seen.decisive();
        [
            Some(seen.lookup.took),
            decisive.map(|attempt| attempt.tcp.felt),
            decisive.and_then(Attempt::tls).map(|tls| tls.felt),
            decisive.and_then(Attempt::http).map(|http| http.felt),
        ]
    });
}

pub(super) fn phases_on_the_wire(report: &Report, out: &mut FamilyEncoder<'_, '_>) {
    phases(report, out, |seen| {
        let decisive = seen.decisive();
        [
            seen.lookup.wire(),
            decisive.and_then(|attempt| attempt.tcp.wire),
            decisive.and_then(Attempt::tls).and_then(|tls| tls.wire),
            decisive.and_then(Attempt::http).and_then(|http| http.wire),
        ]
    });
}

pub(super) fn findings(report: &Report, out: &mut FamilyEncoder<'_, '_>) {
    let causes: BTreeSet<_> = report.diagnosis.findings.iter().map(|finding| finding.cause).collect();
    for cause in causes {
        out.push(&[name(report), cause.name()], 1.0);
    }
}

pub(super) fn addresses(report: &Report, out: &mut FamilyEncoder<'_, '_>) {
    for (row, seen) in observed(report) {
        for (address, success) in connections(seen).into_iter().take(MOST_ADDRESSES) {
            out.push(&[name(report), row.path.name(), &address.to_string()], success.into());
        }
    }
}

pub(super) fn addresses_omitted(report: &Report, out: &mut FamilyEncoder<'_, '_>) {
    probed(report, out, |_, seen| {
        let count = connections(seen).len().saturating_sub(MOST_ADDRESSES);
        Some(f64::from(u32::try_from(count).unwrap_or(u32::MAX)))
    });
}

pub(super) fn certificate_end(report: &Report, out: &mut FamilyEncoder<'_, '_>) {
    probed(report, out, |_, seen| Some(unix_seconds(seen.decisive()?.certificate()?.not_after)));
}

/// The series of zones stand by themselves, so that those of a path keep their labels.
pub(super) fn zone_success(report: &Report, out: &mut FamilyEncoder<'_, '_>) {
    for (zone, row) in report.round.zonal().filter(|(_, row)| row.observation().is_some()) {
        out.push(&[name(report), zone.as_str()], row.returns_expected(&report.round.target).into());
    }
}

pub(super) fn zone_duration(report: &Report, out: &mut FamilyEncoder<'_, '_>) {
    for (zone, row) in report.round.zonal() {
        if let Some(seen) = row.observation() {
            out.push(&[name(report), zone.as_str()], seen.took.as_secs_f64());
        }
    }
}

pub(super) fn address_zones(report: &Report, out: &mut FamilyEncoder<'_, '_>) {
    let addresses: BTreeSet<IpAddr> = observed(report).flat_map(|(_, seen)| connections(seen).into_keys()).collect();
    for address in addresses.into_iter().take(MOST_ADDRESSES) {
        if let Some(zone) = report.round.zone_of(address) {
            out.push(&[name(report), &address.to_string(), zone.as_str()], 1.0);
        }
    }
}

/// What no answer came to proves nothing, and is absent.
pub(super) fn canary(report: &Report, out: &mut FamilyEncoder<'_, '_>) {
    let refused = report.round.canary.as_ref().and_then(|canary| canary.is_refused(&report.round.target));
    if let Some(refused) = refused {
        out.push(&[name(report)], refused.into());
    }
}

pub(super) fn last_round(report: &Report, out: &mut FamilyEncoder<'_, '_>) {
    out.push(&[name(report)], unix_seconds(report.round.started + report.round.took));
}

/// Each address that was tried, and whether it took a connection. That this host has no route to a family is no fault of the address.
fn connections(seen: &Observation) -> BTreeMap<IpAddr, bool> {
    let mut connections = BTreeMap::new();
    for attempt in &seen.attempts {
        let success = match &attempt.tcp.result {
            Ok(_) => true,
            Err(failure) if failure.fault.is_of_this_host() => continue,
            Err(_) => false,
        };
        *connections.entry(attempt.address.ip()).or_insert(false) |= success;
    }
    connections
}

/// One sample a path that was probed and has the value.
fn probed(report: &Report, out: &mut FamilyEncoder<'_, '_>, value: impl Fn(&Row, &Observation) -> Option<f64>) {
    for (row, seen) in observed(report) {
        if let Some(value) = value(row, seen) {
            out.push(&[name(report), row.path.name()], value);
        }
    }
}

/// One sample a phase that was reached.
fn phases(report: &Report, out: &mut FamilyEncoder<'_, '_>, times: fn(&Observation) -> [Option<Duration>; 4]) {
    for (row, seen) in observed(report) {
        for (phase, took) in ["dns", "tcp", "tls", "http"].into_iter().zip(times(seen)) {
            if let Some(took) = took {
                out.push(&[name(report), row.path.name(), phase], took.as_secs_f64());
            }
        }
    }
}

fn observed(report: &Report) -> impl Iterator<Item = (&Row, &Observation)> {
    report.round.deciding().filter_map(|row| Some((row, row.observation()?)))
}

fn name(report: &Report) -> &str {
    &report.round.target.name
}

pub(super) fn unix_seconds(moment: time::OffsetDateTime) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a double holds microseconds for centuries to come")]
    let micros = (moment.unix_timestamp_nanos() / 1_000) as f64;
    micros / 1e6
}

const MOST_ADDRESSES: usize = 32;
