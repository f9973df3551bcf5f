//! What does one path say by itself? Its outcome, the attempt that decided it, the kind of addresses behind it.

use super::cause::Cause;
use super::endpoint::{Endpoint, Side, elsewhere_at, listed};
use super::meaning::{Family, Signature};
use super::signature;
use crate::observation::{
    Address, AddressClass, Answer, Attempt, DnsFault, Experiment, HttpFault, Intent, NameSource, Observation, Outcome,
    Round, Row, TlsFailure, printable,
};
use crate::plan::{AccessPath, Plan};
use crate::target::{Target, Zone};
use std::net::IpAddr;

/// One probed path with what it means by itself.
#[derive(Debug)]
pub(crate) struct Sight<'a> {
    pub(crate) path: AccessPath,
    /// The zone that it is of, if it stands for one.
    zone: Option<&'a Zone>,
    /// Whether it is a public API's own way, which leads to the Internet as it should.
    pub(crate) public: bool,
    pub(crate) intent: Intent,
    pub(crate) seen: &'a Observation,
    pub(crate) outcome: Outcome,
    /// The attempt that gave the outcome.
    pub(crate) attempt: Option<&'a Attempt>,
    /// What its answer means, if one came that was not expected.
    pub(crate) signature: Option<Signature>,
    /// The addresses that the endpoint's own name gives.
    endpoint: Endpoint<'a>,
    /// Whether a REST API gave an expected answer at one of its addresses, if not at all.
    pub(crate) came_through: bool,
    /// Whether it is of one address among several that were asked.
    one_of_several: bool,
}

impl<'a> Sight<'a> {
    /// The paths of a round that were probed, by their signed or their unsigned calls.
    pub(crate) fn all(round: &'a Round, signed: bool) -> Vec<Self> {
        Self::of_rows(round, |row| row.signed == signed && row.zone.is_none())
    }

    /// The same with a row of a single zone in the place of its path.
    pub(crate) fn in_zone(round: &'a Round, zonal: &'a Row) -> Vec<Self> {
        let beside = |row: &Row| row.zone.is_none() && row.path != zonal.path && row.signed == zonal.signed;
        Self::of_rows(round, |row| std::ptr::eq(row, zonal) || beside(row))
    }

    fn of_rows(round: &'a Round, wanted: impl Fn(&Row) -> bool) -> Vec<Self> {
        let endpoint = Endpoint::of(round);
        let rows = round.rows.iter().filter(|row| wanted(row));
        let of = |row: &'a Row| {
            let sight = Self::of(row.path, row.intent, row.observation()?, &round.target, endpoint);
            Some(Self { zone: row.zone.as_ref(), ..sight })
        };
        rows.filter_map(of).collect()
    }

    /// What an experiment says by itself.
    pub(crate) fn of_experiment(experiment: &'a Experiment, target: &Target) -> Self {
        let seen = &experiment.seen;
        Self::of(seen.plan.path, Intent::Optional, seen, target, Endpoint::default())
    }

    fn of(path: AccessPath, intent: Intent, seen: &'a Observation, target: &Target, endpoint: Endpoint<'a>) -> Self {
        let outcome = seen.outcome(target);
        let attempts = seen.decisive().into_iter().chain(&seen.attempts);
        let attempt = attempts.clone().find(|attempt| attempt.outcome(target) == outcome).or(seen.decisive());
        let signature = meaning(outcome, attempt, &seen.plan, target);
        let public = target.is_public() && matches!(path, AccessPath::Public | AccessPath::CustomDomain);
        let through = |attempt: &Attempt| {
            attempt.outcome(target) == Outcome::Ok && attempt.answer().is_some_and(|answer| answer.apigw_id().is_some())
        };
        let came_through = seen.attempts.iter().any(through);
        let one_of_several = false;
        let sight = Self {
            path,
            zone: None,
            public,
            intent,
            seen,
            outcome,
            attempt,
            signature,
            endpoint,
            came_through,
            one_of_several,
        };
        sight.with_issuer_held()
    }

    /// The same, with the answer of an interceptor read as its own.
    fn with_issuer_held(mut self) -> Self {
        if let (Some(issuer), Some(signature)) = (self.interceptor(), self.signature.as_mut()) {
            signature.hold_issuer(&issuer);
        }
        self
    }

    /// The path at each address by itself that was asked: that was to carry the request, and did or failed before.
    pub(crate) fn by_address(&self, target: &Target) -> Vec<Self> {
        let asked =
            |attempt: &&Attempt| attempt.http().is_some() || attempt.tls().is_some_and(|tls| tls.result.is_err());
        let asked: Vec<_> = self.seen.attempts.iter().filter(asked).collect();
        let one_of_several = asked.len() > 1;
        let of = |attempt: &'a Attempt| {
            let (outcome, attempt) = (attempt.outcome(target), Some(attempt));
            let signature = meaning(outcome, attempt, &self.seen.plan, target);
            Self { outcome, attempt, signature, one_of_several, ..*self }.with_issuer_held()
        };
        asked.into_iter().map(of).collect()
    }

    /// The path at each address by itself that returned what is expected.
    pub(crate) fn open_at(&self, target: &Target) -> Vec<Self> {
        self.by_address(target).into_iter().filter(Self::is_ok).collect()
    }

    /// What to call it: its path, and its zone if it stands for one.
    pub(crate) fn label(&self) -> String {
        self.zone.map_or_else(|| self.path.to_string(), |zone| format!("{} in {zone}", self.path))
    }

    pub(crate) fn is_ok(&self) -> bool {
        self.outcome == Outcome::Ok
    }

    /// Whether it failed although it should not have: such a path needs an explanation.
    pub(crate) fn wants_explanation(&self) -> bool {
        !self.is_ok() && matches!(self.intent, Intent::Required | Intent::Optional)
    }

    pub(crate) fn addresses(&self) -> &'a [Address] {
        self.seen.lookup.addresses()
    }

    pub(crate) fn side(&self) -> Side {
        self.side_of(self.addresses())
    }

    /// Where addresses lie, as seen from the endpoint.
    pub(crate) fn side_of(&self, addresses: &[Address]) -> Side {
        self.endpoint.side_of(addresses)
    }

    /// Whether its name leads to this very host, and nobody gave the address: no endpoint has it, though a tunnel may.
    pub(crate) fn leads_home(&self) -> bool {
        let addresses = self.addresses();
        let here = |address: &Address| address.class() == AddressClass::Loopback;
        self.seen.lookup.source != NameSource::Literal && !addresses.is_empty() && addresses.iter().all(here)
    }

    /// What its name leads to, in one clause.
    pub(crate) fn leads(&self) -> String {
        let lookup = &self.seen.lookup;
        let aliases: Vec<_> = lookup.cnames.iter().map(|name| format!("`{name}`")).collect();
        let by = match lookup.source {
            NameSource::Hosts => ", by the hosts file".to_owned(),
            NameSource::Dns | NameSource::Literal if aliases.is_empty() => String::new(),
            NameSource::Dns | NameSource::Literal => format!(", by the CNAME {}", aliases.join(", ")),
        };
        format!("`{}` leads to {}{by}", self.seen.plan.dial, self.places())
    }

    /// Whether its answer has the mark that a REST API's answers have.
    pub(crate) fn is_marked(&self) -> bool {
        self.answer().is_some_and(|answer| answer.apigw_id().is_some())
    }

    /// Whether its name gives no address that could be asked.
    pub(crate) fn is_unresolved(&self) -> bool {
        matches!(self.side(), Side::Nowhere | Side::Nobody)
    }

    /// Whether its name has no addresses: it does not exist, or is empty.
    pub(crate) fn has_no_name(&self) -> bool {
        matches!(self.outcome, Outcome::Dns(DnsFault::NxDomain | DnsFault::NoData))
    }

    /// Whether its name exists but is empty.
    pub(crate) fn has_empty_name(&self) -> bool {
        self.outcome == Outcome::Dns(DnsFault::NoData)
    }

    /// Whether a connection came about.
    pub(crate) fn connected(&self) -> bool {
        self.seen.attempts.iter().any(|attempt| attempt.tcp.result.is_ok())
    }

    /// Whether a handshake succeeded.
    pub(crate) fn is_secured(&self) -> bool {
        self.attempt.is_some_and(|attempt| attempt.secured().is_some())
    }

    /// Whether the name in the handshake is one that AWS gives.
    pub(crate) fn asks_for_name_of_aws(&self) -> bool {
        self.seen.plan.sni.as_str().contains(".execute-api.")
    }

    /// Who issued the certificate, if it is trusted for a name of AWS's and not of Amazon, and the answer has no mark of API Gateway's:
    /// then a proxy that intercepts has answered.
    pub(crate) fn interceptor(&self) -> Option<String> {
        let certificate = self.attempt?.secured()?.certificate.as_ref()?;
        let answer = self.answer()?;
        let marked = answer.from_api_gateway() || answer.error_type().is_some();
        let foreign = self.asks_for_name_of_aws() && !certificate.issuer.contains("Amazon");
        (foreign && !marked).then(|| quoted(&certificate.issuer))
    }

    /// The kind of its unexpected answer.
    pub(crate) fn family(&self) -> Option<Family> {
        self.signature.as_ref().map(|signature| signature.family)
    }

    /// The answer, whole or in part.
    pub(crate) fn answer(&self) -> Option<&'a Answer> {
        self.attempt?.answer()
    }

    /// An answer that has none of API Gateway's marks.
    pub(crate) fn stranger(&self) -> Option<&'a Answer> {
        self.answer().filter(|answer| !answer.from_api_gateway())
    }

    /// Whether it shows that the API and its stage are there and reachable over an endpoint.
    pub(crate) fn proves_api(&self) -> bool {
        self.side() == Side::Inside
            && (self.is_ok() || self.came_through || self.family().is_some_and(Family::proves_api))
    }

    /// Whether the endpoint's own name leads to other addresses of this family, and not to this one.
    pub(crate) fn is_strange(&self, ip: IpAddr) -> bool {
        let comparable = self.endpoint.addresses.iter().any(|known| known.ip.is_ipv4() == ip.is_ipv4());
        !self.public && comparable && !self.endpoint.has(ip)
    }

    /// That the address which decided is none of the endpoint's own name, if it is not.
    pub(crate) fn stray(&self) -> Option<String> {
        self.stray_at(self.address()?)
    }

    /// That an address is none of the endpoint's own name, if it is not.
    pub(crate) fn stray_at(&self, ip: IpAddr) -> Option<String> {
        let said = || format!("`{}` leads to {ip}, the endpoint's own name does not", self.seen.plan.dial);
        self.is_strange(ip).then(said)
    }

    /// Where it leads if the address that decided is not the endpoint's.
    pub(crate) fn elsewhere(&self) -> Cause {
        self.address().map_or(Cause::DifferentEndpoint, elsewhere_at)
    }

    /// What is wrong if the header that leads this path to its API leads to none.
    pub(crate) fn header_cause(&self) -> Option<Cause> {
        match self.path {
            AccessPath::VpceHostHeader => Some(Cause::WrongHostHeader),
            AccessPath::VpceApiIdHeader => Some(Cause::WrongApiIdHeader),
            AccessPath::PrivateDns
            | AccessPath::Route53Alias
            | AccessPath::CustomDomain
            | AccessPath::VpceCustomDomain
            | AccessPath::Public => None,
        }
    }

    /// Whether its addresses and another's of the same family have nothing in common; one that the user gave is compared with nothing.
    pub(crate) fn is_apart_from(&self, other: &Self) -> bool {
        let dns = |sight: &Self| sight.seen.lookup.source != NameSource::Literal;
        // an endpoint's names may differ in the family of what they give
        let comparable = |one: &Address| other.addresses().iter().any(|two| one.ip.is_ipv4() == two.ip.is_ipv4());
        dns(self) && dns(other) && self.addresses().iter().any(comparable) && !self.meets(other)
    }

    /// Whether one of its addresses is one of another's, and neither was answered elsewhere: then both lead to the same endpoint.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        let shared = self.addresses().iter().any(|one| other.leads_to(one.ip));
        shared && !self.strays_from(other) && !other.strays_from(self)
    }

    fn leads_to(&self, ip: IpAddr) -> bool {
        self.addresses().iter().any(|one| one.ip == ip)
    }

    /// Whether the address that took its connection is neither one of another's nor one of the endpoint's own name.
    fn strays_from(&self, other: &Self) -> bool {
        let connected = self.attempt.filter(|attempt| attempt.tcp.result.is_ok());
        connected.is_some_and(|attempt| {
            let ip = attempt.address.ip();
            !other.leads_to(ip) && !self.endpoint.has(ip)
        })
    }

    /// Why the handshake failed, if it did.
    pub(crate) fn tls_failure(&self) -> Option<&'a TlsFailure> {
        self.attempt?.tls()?.result.as_ref().err()
    }

    /// What was seen on it, in one clause.
    pub(crate) fn account(&self) -> String {
        let at = self.own_address().map(|ip| format!("{ip} ")).unwrap_or_default();
        match self.outcome {
            Outcome::Ok => format!("{at}returned {}", self.answer().map_or(0, |answer| answer.status)),
            Outcome::NotConfigured | Outcome::Skipped => "was not probed".to_owned(),
            Outcome::Dns(fault) => format!("`{}` gave no address ({fault}){}", self.seen.plan.dial, self.servers()),
            Outcome::Tcp(fault) => format!("no connection to {} ({fault})", self.places()),
            Outcome::Tls(fault) => format!("connected to {}, no TLS session ({fault})", self.place()),
            Outcome::Http(
                fault @ (HttpFault::NoCredentials | HttpFault::CredentialsUnavailable | HttpFault::ExpiredCredentials),
            ) => {
                format!("connected to {}, nothing was sent ({fault})", self.place())
            }
            Outcome::Http(fault) => {
                let waited = match self.attempt.map(Attempt::felt).unwrap_or_default().as_secs() {
                    0 => "within a second".to_owned(),
                    seconds => format!("after {seconds} s"),
                };
                format!("connected to {}, no whole answer ({fault}) {waited}", self.place())
            }
            Outcome::UnexpectedStatus(_) | Outcome::NotApiGateway => {
                self.answer().map_or_else(|| "no answer".to_owned(), |answer| format!("{at}{}", described(answer)))
            }
        }
    }

    /// What was sent where, and what was seen, in one sentence.
    pub(crate) fn exchange(&self) -> String {
        let plan = &self.seen.plan;
        let id = plan.api_id().map(|id| format!(", `x-apigw-api-id: {id}`")).unwrap_or_default();
        let (place, account) = (self.place(), self.account());
        format!("`{}` in the handshake, `Host: {}`{id} to {place}: {account}", plan.sni, plan.host)
    }

    fn servers(&self) -> String {
        let mut servers: Vec<_> = self.seen.lookup.queries.iter().map(|query| query.server.ip().to_string()).collect();
        servers.dedup();
        if servers.is_empty() { String::new() } else { format!(" from {}", servers.join(", ")) }
    }

    /// The address that decided.
    fn place(&self) -> String {
        self.attempt.map_or_else(|| "no address".to_owned(), |attempt| attempt.address.to_string())
    }

    /// The address that decided, without its port.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.attempt.map(|attempt| attempt.address.ip())
    }

    /// The one address of several that it is of, if it is of one.
    pub(crate) fn own_address(&self) -> Option<IpAddr> {
        self.address().filter(|_| self.one_of_several)
    }

    /// Every address, at most four.
    pub(crate) fn places(&self) -> String {
        listed(self.addresses().iter())
    }

    /// Every address that no endpoint has, at most four.
    pub(crate) fn places_outside(&self) -> String {
        listed(self.addresses().iter().filter(|address| self.side_of(&[**address]) == Side::Outside))
    }
}

/// What an answer means that was not expected.
fn meaning(outcome: Outcome, attempt: Option<&Attempt>, plan: &Plan, target: &Target) -> Option<Signature> {
    match outcome {
        Outcome::UnexpectedStatus(_) | Outcome::NotApiGateway => {
            Some(signature::read(attempt?.answer()?, plan, target))
        }
        Outcome::Ok
        | Outcome::NotConfigured
        | Outcome::Skipped
        | Outcome::Dns(_)
        | Outcome::Tcp(_)
        | Outcome::Tls(_)
        | Outcome::Http(_) => None,
    }
}

/// What was seen, one sentence for all paths of which the same can be said.
pub(crate) fn accounts(sights: &[&Sight<'_>]) -> Vec<String> {
    let mut grouped: Vec<(String, Vec<String>)> = Vec::new();
    for sight in sights {
        let account = sight.account();
        match grouped.iter_mut().find(|(known, _)| *known == account) {
            Some((_, paths)) => paths.push(sight.label()),
            None => grouped.push((account, vec![sight.label()])),
        }
    }
    grouped.into_iter().map(|(account, paths)| format!("{}: {account}", paths.join(", "))).collect()
}

/// An answer in one clause: status, error type, message.
fn described(answer: &Answer) -> String {
    let kind = answer.error_type().map(|kind| format!(" {kind}")).unwrap_or_default();
    // the canonical request that may follow is compared line by line, not repeated
    let first = |message: String| message.split("\n\n").next().map(quoted).unwrap_or_default();
    let message = answer.message().map(|message| format!(", message `{}`", first(message))).unwrap_or_default();
    format!("answered {}{kind}{message}", answer.status)
}

/// Text from the network on one line, cut to what fits a sentence.
pub(crate) fn quoted(text: &str) -> String {
    const MOST: usize = 300;
    let mut short = printable(text.as_bytes(), MOST).replace('\n', " ");
    if text.chars().nth(MOST).is_some() {
        short.push('…');
    }
    short
}
