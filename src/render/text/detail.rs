//! Everything that was seen, path by path, for `-v`.

use crate::observation::{
    Address, Answer, Attempt, DnsFault, Environment, HttpFailure, Lookup, Observation, Phase, Query, Round, Secured,
    Seen, TlsFailure,
};
use crate::render::Clean;
use crate::render::style::{Ink, TextStyle};
use crate::render::words::{elapsed, rfc3339};
use crate::render::wrap::Wrapped;
use crate::report::Report;
use crate::target::{HostName, Target};
use std::fmt::{self, Display};
use std::time::Duration;

/// Writes what was seen of this host and of each path that was probed.
pub(super) fn write(f: &mut fmt::Formatter<'_>, report: &Report, style: &TextStyle) -> fmt::Result {
    let round = &report.round;
    let mut detail = Detail { f, round, target: &round.target, style };
    detail.heading("this host")?;
    detail.line("started", &rfc3339(round.started))?;
    detail.environment(&round.environment)?;
    for row in &round.rows {
        match &row.seen {
            Seen::NotConfigured(_) | Seen::Skipped => {}
            Seen::Probed(observation) => {
                detail.heading(&row.id().to_string())?;
                detail.path(observation)?;
            }
        }
    }
    if let Some(canary) = &round.canary {
        detail.heading("canary")?;
        detail.path(&canary.seen)?;
    }
    for experiment in &round.experiments {
        detail.heading(&format!("experiment {}", experiment.question))?;
        detail.path(&experiment.seen)?;
    }
    Ok(())
}

struct Detail<'a, 'f> {
    f: &'a mut fmt::Formatter<'f>,
    round: &'a Round,
    target: &'a Target,
    style: &'a TextStyle,
}

impl Detail<'_, '_> {
    fn environment(&mut self, environment: &Environment) -> fmt::Result {
        let origin = if environment.dns_servers_given { "given" } else { "the system's" };
        let servers: Vec<_> = environment.dns_servers.iter().map(ToString::to_string).collect();
        let servers = if servers.is_empty() { "none".to_owned() } else { servers.join(", ") };
        self.line("dns", &format!("{servers} ({origin})"))?;
        if environment.caching_stub {
            self.line("", "the first is a stub on this host, which may answer from a cache")?;
        }
        for (title, words) in [
            ("not followed", &environment.unfollowed_resolver_options),
            ("not readable", &environment.ignored_dns_servers),
        ] {
            if !words.is_empty() {
                self.line("", &format!("{title}: {}", words.join(", ").escape_debug()))?;
            }
        }
        if environment.ignored_proxy_variables.is_empty() {
            return Ok(());
        }
        self.line("ignored", &environment.ignored_proxy_variables.join(", "))
    }

    fn path(&mut self, seen: &Observation) -> fmt::Result {
        let plan = &seen.plan;
        self.whole("request", &format!("{} {}", plan.method, plan.url()))?;
        self.whole("sni", plan.sni.as_str())?;
        self.whole("host", plan.host.as_str())?;
        for header in &plan.headers {
            self.whole("header", &format!("{}: {}", header.name, header.value))?;
        }
        self.whole("curl", &plan.curl())?;
        self.lookup(&seen.lookup, &plan.dial)?;
        seen.attempts.iter().try_for_each(|attempt| self.attempt(attempt))?;
        self.line("rest", &format!("{} that no phase accounts for", elapsed(seen.unaccounted())))
    }

    fn lookup(&mut self, lookup: &Lookup, dial: &HostName) -> fmt::Result {
        let outcome = lookup.result.as_ref().err().map_or("ok", |fault| fault.name());
        self.line("dns", &format!("{outcome} in {}, from {}", elapsed(lookup.took), lookup.source))?;
        lookup.queries.iter().try_for_each(|query| self.line("", &query_words(query, dial)))?;
        for name in &lookup.cnames {
            self.line("", &format!("alias of {name}"))?;
        }
        for address in lookup.addresses() {
            self.line("", &address_words(*address, self.round))?;
        }
        match &lookup.second_opinion {
            None => Ok(()),
            Some(opinion) => self.line(
                "",
                &format!("second opinion of {}: {}", opinion.server, opinion_words(&opinion.result, self.round)),
            ),
        }
    }

    fn attempt(&mut self, attempt: &Attempt) -> fmt::Result {
        let tcp = match &attempt.tcp.result {
            Ok(connected) if connected.retransmits > 0 => {
                Ended { code: "ok", more: format!(", {} segments sent again", connected.retransmits) }
            }
            Ok(_) => Ended::well(),
            Err(failure) => Ended::failed(failure.fault.name(), failure.detail.as_deref()),
        };
        self.line("tcp", &format!("{} {}", attempt.address, tcp.after(&attempt.tcp)))?;
        if let Some(tls) = attempt.tls() {
            self.tls(tls, attempt)?;
        }
        match attempt.http() {
            None => Ok(()),
            Some(http) => self.http(http, attempt),
        }
    }

    fn tls(&mut self, tls: &Phase<Secured, TlsFailure>, attempt: &Attempt) -> fmt::Result {
        let ended = match &tls.result {
            Ok(Secured { session, .. }) => {
                let alpn = session.alpn.as_ref().map(|alpn| format!(" {alpn}")).unwrap_or_default();
                let group = session.key_exchange.as_ref().map(|group| format!(" {group}")).unwrap_or_default();
                Ended { code: "ok", more: format!(": {} {}{group}{alpn}", session.version, session.cipher) }
            }
            Err(failure) => Ended::failed(failure.fault.name(), failure.detail.as_deref()),
        };
        self.line("tls", &ended.after(tls))?;
        if attempt.client_certificate_requested() {
            self.line("", "the server asked for a client certificate, and none was sent")?;
        }
        if let Some(root) = attempt.secured().and_then(|secured| secured.expired_root.as_ref()) {
            self.line(
                "",
                &format!("leads to the root {}, which expired at {}", root.subject, rfc3339(root.not_after)),
            )?;
        }
        match tls.result.as_ref().err().and_then(|failure| failure.system_trusts_issuer) {
            Some(true) => self.line("", "this host's own store trusts the issuer")?,
            Some(false) => self.line("", "this host's own store does not trust the issuer either")?,
            None => {}
        }
        let Some(certificate) = attempt.certificate() else { return Ok(()) };
        self.line("", &format!("certificate {}", certificate.subject))?;
        self.line("", &format!("for {}", certificate.sans.join(", ")))?;
        self.line("", &format!("by {}", certificate.issuer))?;
        let (from, until) = (rfc3339(certificate.not_before), rfc3339(certificate.not_after));
        self.line("", &format!("valid {from} to {until}"))
    }

    fn http(&mut self, http: &Phase<Answer, HttpFailure>, attempt: &Attempt) -> fmt::Result {
        let code = attempt.outcome(self.target).name();
        let ended = match &http.result {
            Ok(answer) => Ended { code, more: format!(": {} {}", answer.status, answer.version) },
            Err(failure) => Ended::failed(code, failure.detail.as_deref()),
        };
        self.line("http", &ended.after(http))?;
        let Some(answer) = attempt.answer() else { return Ok(()) };
        let gateway = if answer.from_api_gateway() { "with" } else { "without" };
        let (first, bytes) = (elapsed(answer.first_byte), answer.body_bytes);
        self.line("", &format!("first byte after {first}, {bytes} body bytes, {gateway} API Gateway's marks"))?;
        for (name, value) in &answer.headers {
            self.line("", &format!("{name}: {value}"))?;
        }
        for line in answer.body_excerpt.iter().flat_map(|body| body.lines()) {
            self.line("", &format!("| {line}"))?;
        }
        Ok(())
    }

    fn heading(&mut self, text: &str) -> fmt::Result {
        writeln!(self.f, "\n{}", self.style.paint(Ink::Strong, text))
    }

    fn line(&mut self, label: &str, text: &str) -> fmt::Result {
        let prose = Wrapped { text, column: INDENT, indent: INDENT + 2, width: self.style.width };
        writeln!(self.f, "  {} {prose}", self.label(label))
    }

    /// A line that is not broken, so that it can be copied.
    fn whole(&mut self, label: &str, text: &str) -> fmt::Result {
        writeln!(self.f, "  {} {}", self.label(label), Clean(text))
    }

    fn label(&self, label: &str) -> impl Display + use<> {
        self.style.paint(Ink::Faint, format!("{label:<8}"))
    }
}

/// How a phase ended: its code, and what is to be said beside the time.
struct Ended {
    code: &'static str,
    more: String,
}

impl Ended {
    fn well() -> Self {
        Self { code: "ok", more: String::new() }
    }

    fn failed(code: &'static str, detail: Option<&str>) -> Self {
        Self { code, more: detail.map(|detail| format!(": {detail}")).unwrap_or_default() }
    }

    fn after<T, F>(&self, phase: &Phase<T, F>) -> String {
        format!("{} in {}{}", self.code, took(phase.felt, phase.wire), self.more)
    }
}

fn query_words(query: &Query, dial: &HostName) -> String {
    let rcode = query.rcode.map(|code| format!(" {}", rcode(code))).unwrap_or_default();
    let name = if query.name == *dial { String::new() } else { format!(" of {}", query.name) };
    let shared = if query.shared { ", shared with another path" } else { "" };
    let mismatches = match query.mismatches.total() {
        0 => String::new(),
        total => format!(", {total} mismatched replies"),
    };
    let Query { kind, server, transport, outcome, .. } = query;
    format!(
        "{kind}{name}: {server} {transport} {outcome}{rcode} in {}{mismatches}{shared}",
        took(query.felt, query.wire)
    )
}

fn address_words(address: Address, round: &Round) -> String {
    let ttl = address.ttl.map(|ttl| format!(", ttl {ttl} s")).unwrap_or_default();
    format!("{} {}{ttl}", round.place(address.ip), address.class())
}

fn opinion_words(result: &Result<Vec<Address>, DnsFault>, round: &Round) -> String {
    match result {
        Ok(addresses) => addresses.iter().map(|address| address_words(*address, round)).collect::<Vec<_>>().join("; "),
        Err(fault) => fault.name().to_owned(),
    }
}

fn took(felt: Duration, wire: Option<Duration>) -> String {
    let wire = wire.map(|wire| format!(" (wire {})", elapsed(wire))).unwrap_or_default();
    format!("{}{wire}", elapsed(felt))
}

/// The mnemonic of a DNS response code (RFC 1035, 4.1.1), or its number.
fn rcode(code: u16) -> String {
    match code {
        0 => "NOERROR".to_owned(),
        1 => "FORMERR".to_owned(),
        2 => "SERVFAIL".to_owned(),
        3 => "NXDOMAIN".to_owned(),
        4 => "NOTIMP".to_owned(),
        5 => "REFUSED".to_owned(),
        other => format!("rcode {other}"),
    }
}

const INDENT: usize = 11;
