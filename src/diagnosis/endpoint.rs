//! Which addresses are the endpoint's, and where do others lie?

use super::cause::Cause;
use crate::observation::{Address, Attempt, Place, Round, Row};
use std::net::IpAddr;

/// What the endpoint's own name gives.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Endpoint<'a> {
    pub(crate) addresses: &'a [Address],
    /// Whether a REST API answered there under that name: then the addresses are the endpoint's, of whatever kind, since a VPC may
    /// have public ones of its own.
    answers: bool,
}

impl<'a> Endpoint<'a> {
    pub(crate) fn of(round: &'a Round) -> Self {
        let named = || round.rows.iter().filter(|row| row.path.dials_endpoint()).filter_map(Row::observation);
        let addresses = named().map(|seen| seen.lookup.addresses()).find(|some| !some.is_empty()).unwrap_or_default();
        let marked = |attempt: &Attempt| attempt.answer().is_some_and(|answer| answer.apigw_id().is_some());
        Self { addresses, answers: named().any(|seen| seen.attempts.iter().any(marked)) }
    }

    /// Where addresses lie; IPv6 tells only where it is the endpoint's own.
    pub(crate) fn side_of(self, addresses: &[Address]) -> Side {
        let places: Vec<_> = addresses
            .iter()
            .map(|address| match address.place() {
                Place::Either if self.has(address.ip) => Place::Inside,
                Place::Outside if self.answers && self.has(address.ip) => Place::Inside,
                place => place,
            })
            .collect();
        let has = |place| places.contains(&place);
        match (has(Place::Inside), has(Place::Outside), has(Place::Either), has(Place::Nobody)) {
            (true, true, ..) => Side::Both,
            (true, false, ..) => Side::Inside,
            (false, true, ..) => Side::Outside,
            (false, false, true, _) => Side::Unknown,
            (false, false, false, true) => Side::Nobody,
            (false, false, false, false) => Side::Nowhere,
        }
    }

    pub(crate) fn has(self, ip: IpAddr) -> bool {
        self.addresses.iter().any(|known| known.ip == ip)
    }
}

/// Where a name's addresses lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// All of them can belong to an endpoint.
    Inside,
    /// None of them can.
    Outside,
    /// Some can.
    Both,
    /// Global IPv6, which endpoints have as well as others.
    Unknown,
    /// There are only such as no host has, in the place of a real answer.
    Nobody,
    /// There are none.
    Nowhere,
}

/// Where a name leads that has an address which is not the endpoint's.
pub(crate) fn elsewhere_at(ip: IpAddr) -> Cause {
    match (Address { ip, ttl: None }).place() {
        Place::Outside => Cause::PublicAddresses,
        Place::Inside | Place::Either | Place::Nobody => Cause::DifferentEndpoint,
    }
}

/// Addresses in words, at most four.
pub(crate) fn listed<'a>(addresses: impl Iterator<Item = &'a Address>) -> String {
    let all: Vec<_> = addresses.map(|address| address.ip.to_string()).collect();
    let shown = all.iter().take(4).cloned().collect::<Vec<_>>().join(", ");
    if all.len() > 4 { format!("{shown} and {} more", all.len() - 4) } else { shown }
}
