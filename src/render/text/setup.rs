//! What is known of the set-up, for people: the six steps, then the facts, then the policies as they are.

use crate::diagnosis::clock_ahead;
use crate::observation::{Address, Lookup, Observation, Row};
use crate::plan::AccessPath;
use crate::render::Clean;
use crate::render::block::write_step;
use crate::render::style::{Ink, TextStyle};
use crate::render::wrap::Wrapped;
use crate::report::{Report, Step, StepState, other_kind, steps};
use crate::setup::{Admission, Blind, Fact, Setup, VpcEndpoint, is_full_access};
use serde_json::Value;
use std::fmt::{self, Display};
use std::net::IpAddr;

/// A set-up by itself, where no API was named.
pub fn setup<'a>(setup: &'a Setup, style: &TextStyle) -> impl Display + use<'a> {
    Alone { setup, style: style.wide_enough() }
}

struct Alone<'a> {
    setup: &'a Setup,
    style: TextStyle,
}

impl Display for Alone<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, self.setup, None, &self.style)
    }
}

/// Writes the set-up; of one that was probed too, beside what was seen of it.
pub(super) fn write(
    f: &mut fmt::Formatter<'_>,
    setup: &Setup,
    report: Option<&Report>,
    style: &TextStyle,
) -> fmt::Result {
    let mut page = Page { f, style };
    if let Some(kind) = report.and_then(|report| other_kind(setup, report)) {
        page.heading("set-up")?;
        page.sentence(&format!("the documented steps are those of a private REST API; this is {kind}"))?;
    } else {
        page.heading("set-up, in the documented order")?;
        let mut told = Vec::new();
        for step in steps(setup, report) {
            page.step(&briefer(step, &mut told, style.width))?;
        }
    }
    page.heading("facts")?;
    for (label, text) in facts(setup, report) {
        page.fact(label, &text)?;
    }
    for (label, policy) in policies(setup, report) {
        page.policy(label, policy)?;
    }
    Ok(())
}

/// A step without what was told at length by one before it.
fn briefer(mut step: Step, told: &mut Vec<(String, u8)>, width: usize) -> Step {
    for seen in step.seen.iter_mut().filter(|seen| seen.chars().count() > width) {
        match told.iter().find(|(known, _)| known == seen) {
            Some((_, number)) => *seen = format!("the same as in step {number}"),
            None => told.push((seen.clone(), step.number)),
        }
    }
    step
}

struct Page<'a, 'f> {
    f: &'a mut fmt::Formatter<'f>,
    style: &'a TextStyle,
}

impl Page<'_, '_> {
    fn heading(&mut self, text: &str) -> fmt::Result {
        writeln!(self.f, "\n{}", self.style.paint(Ink::Strong, text))
    }

    fn sentence(&mut self, text: &str) -> fmt::Result {
        writeln!(self.f, "  {}", self.prose(text, 2))
    }

    fn step(&mut self, step: &Step) -> fmt::Result {
        let (mark, word, ink) = match step.state {
            StepState::Done => (' ', "done", Ink::Good),
            StepState::NotDone => ('!', "not done", Ink::Bad),
            StepState::CannotSee => ('?', "cannot see", Ink::Warn),
        };
        let state = self.style.paint(ink, format!("{mark} {word:<10}"));
        writeln!(self.f, "{state}  {}. {}", step.number, self.prose(&step.title, STEP))?;
        for seen in &step.seen {
            writeln!(self.f, "{:STEP$}- {}", "", self.prose(seen, STEP + 2))?;
        }
        for todo in &step.todo {
            let label = self.style.paint(Ink::Faint, "do");
            write!(self.f, "{:STEP$}{label} ", "")?;
            write_step(self.f, todo, STEP + 3, self.style.width)?;
        }
        Ok(())
    }

    fn fact(&mut self, label: &str, text: &str) -> fmt::Result {
        let label = self.style.paint(Ink::Faint, format!("{label:<10}"));
        writeln!(self.f, "  {label}  {}", self.prose(text, STEP))
    }

    /// A document as it is, line by line.
    fn policy(&mut self, label: &str, policy: &Value) -> fmt::Result {
        writeln!(self.f, "\n{}", self.style.paint(Ink::Strong, label))?;
        let text = match policy {
            Value::String(text) => text.clone(),
            document => format!("{document:#}"),
        };
        text.lines().try_for_each(|line| writeln!(self.f, "  {}", Clean(line)))
    }

    fn prose<'t>(&self, text: &'t str, column: usize) -> Wrapped<'t> {
        Wrapped { text, column, indent: column, width: self.style.width }
    }
}

/// What is known beside the steps.
fn facts(setup: &Setup, report: Option<&Report>) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let Fact::Known(one) = &setup.instance {
        let ranges: Vec<_> = one.vpc_ranges.iter().map(ToString::to_string).collect();
        let addresses: Vec<_> = one.addresses.iter().map(ToString::to_string).collect();
        let (vpc, subnet, zone, groups) = (&one.vpc, &one.subnet, &one.zone, one.security_groups.join(", "));
        let text = format!("{} in {zone}, {subnet} of {vpc} ({}), {groups}", addresses.join(", "), ranges.join(", "));
        facts.push(("instance", text));
        facts.extend(one.further_interfaces.iter().map(|one| {
            let addresses: Vec<_> = one.addresses.iter().map(ToString::to_string).collect();
            ("interface", format!("{} in {}, {}", addresses.join(", "), one.subnet, one.security_groups.join(", ")))
        }));
    }
    let endpoint = report.and_then(|report| setup.endpoint(&report.round.target).known().copied());
    if report.is_none_or(|report| report.round.target.vpce.is_none()) {
        let endpoints = setup.endpoints.known().into_iter().flatten();
        let listed = |one: &VpcEndpoint| {
            let dns = if one.private_dns { "on" } else { "off" };
            format!("{}, {}, private DNS {dns}: {}", one.id, one.state, one.dns_names.join(", "))
        };
        facts.extend(endpoints.map(|one| ("endpoint", listed(one))));
    }
    if endpoint.is_some_and(|one| one.policy.as_ref().is_some_and(is_full_access)) {
        facts.push(("policy", "that of the endpoint is the default: everybody may do everything".to_owned()));
    }
    let addresses = report.map(addresses).unwrap_or_default();
    facts.extend(addresses.iter().map(|address| ("address", placed(setup, *address))));
    if let Some(one) = endpoint {
        facts.push(("inbound", admitted(&setup.lets_in(one), "the endpoint's groups", "this host")));
        facts.push(("outbound", admitted(&setup.lets_out(one, &addresses), "this host's groups", "the endpoint")));
    }
    let on = |fact: &Fact<bool>| fact.known().map(|on| if *on { "on" } else { "off" });
    if let (Some(support), Some(hostnames)) = (on(&setup.dns_support), on(&setup.dns_hostnames)) {
        facts.push(("vpc dns", format!("enableDnsSupport {support}, enableDnsHostnames {hostnames}")));
    }
    if let Fact::Known(api) = &setup.api {
        let mode = api.access_mode.as_ref().map(|mode| format!(", access mode {mode}")).unwrap_or_default();
        let tls = api.security_policy.as_ref().map(|policy| format!(", {policy}")).unwrap_or_default();
        let disabled = if api.default_endpoint_disabled { ", its execute-api names are switched off" } else { "" };
        facts.push(("api", format!("`{}`, {}{mode}{tls}{disabled}", api.name, api.types.join(", "))));
    }
    facts.extend(host(setup, report));
    facts.extend(unseen(setup).into_iter().map(|text| ("cannot see", text)));
    facts
}

/// What bears on every call of this host.
fn host(setup: &Setup, report: Option<&Report>) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    let told = setup.clock_ahead_seconds.known().map(|ahead| (*ahead, "AWS"));
    let told = told.or_else(|| Some((clock_ahead(&report?.round)?, "who answered")));
    if let Some((ahead, whom)) = told {
        let text = match ahead {
            -2..=2 => format!("agrees with that of {whom}"),
            ahead if ahead > 0 => format!("{ahead} s behind that of {whom}"),
            ahead => format!("{} s ahead of that of {whom}", -ahead),
        };
        facts.push(("clock", text));
    }
    if let Fact::Known(one) = &setup.outgoing {
        let hint = if one.mtu > USUAL_MTU {
            "; jumbo frames stay within a VPC: over a gateway or a tunnel, large packets rely on path MTU discovery"
        } else {
            ""
        };
        facts.push(("calls from", format!("{} on {}, MTU {}{hint}", one.address, one.name, one.mtu)));
    }
    let Some(report) = report else { return facts };
    let proxies = &report.round.environment.ignored_proxy_variables;
    let text = if proxies.is_empty() {
        "none set".to_owned()
    } else {
        format!("{} set; other programs follow them, the probe does not", proxies.join(", "))
    };
    facts.push(("proxies", text));
    facts.extend(resolver(report).map(|text| ("resolver", text)));
    facts
}

/// What the VPC resolver says beside the configured one, one line for all names that it says the same of.
fn resolver(report: &Report) -> impl Iterator<Item = String> {
    let mut said: Vec<(String, Vec<&str>)> = Vec::new();
    for (seen, lookup) in lookups(report) {
        let Some(verdict) = second(lookup) else { continue };
        let name = match seen.plan.path {
            AccessPath::PrivateDns => "the API's name",
            AccessPath::Route53Alias => "the alias",
            AccessPath::VpceHostHeader | AccessPath::VpceApiIdHeader | AccessPath::VpceCustomDomain => {
                "the endpoint's name"
            }
            AccessPath::CustomDomain => "the custom domain name",
            AccessPath::Public => "the public API's name",
        };
        match said.iter_mut().find(|(known, _)| *known == verdict) {
            Some((_, names)) => names.push(name),
            None => said.push((verdict, vec![name])),
        }
    }
    said.into_iter().map(|(verdict, names)| format!("{verdict} for {}", names.join(", ")))
}

/// Whether the VPC resolver says the same as the configured one.
fn second(lookup: &Lookup) -> Option<String> {
    let opinion = lookup.second_opinion.as_ref()?;
    let ips = |addresses: &[Address]| {
        let mut ips: Vec<_> = addresses.iter().map(|address| address.ip).collect();
        ips.sort_unstable();
        ips
    };
    let server = opinion.server.ip();
    Some(match (&opinion.result, &lookup.result) {
        (Ok(theirs), Ok(ours)) if ips(theirs) == ips(ours) => format!("the VPC's, {server}, says the same"),
        (Err(theirs), Err(ours)) if theirs == ours => format!("the VPC's, {server}, says the same ({theirs})"),
        (Ok(theirs), _) => {
            let shown: Vec<_> = ips(theirs).iter().take(4).map(ToString::to_string).collect();
            format!("the VPC's, {server}, says otherwise ({})", shown.join(", "))
        }
        (Err(fault), _) => format!("the VPC's, {server}, says otherwise ({fault})"),
    })
}

/// Each name once, as it was resolved.
fn lookups(report: &Report) -> impl Iterator<Item = (&Observation, &Lookup)> {
    let mut names = Vec::new();
    report.round.rows.iter().filter(|row| row.zone.is_none()).filter_map(Row::observation).filter_map(move |seen| {
        let fresh = !names.contains(&&seen.plan.dial);
        names.push(&seen.plan.dial);
        fresh.then_some((seen, &seen.lookup))
    })
}

/// Each address that a name gave, some at most.
fn addresses(report: &Report) -> Vec<IpAddr> {
    let all = lookups(report).flat_map(|(_, lookup)| lookup.addresses()).map(|address| address.ip);
    let mut ips: Vec<IpAddr> = all.collect();
    ips.sort_unstable();
    ips.dedup();
    ips.truncate(MOST_ADDRESSES);
    ips
}

/// Where an address lies.
fn placed(setup: &Setup, address: IpAddr) -> String {
    let vpc = match setup.is_in_vpc(address) {
        Some(true) => ": in this VPC",
        Some(false) => ": outside this VPC",
        None => "",
    };
    let interface = match (setup.interface_at(address), setup.interfaces.known().map(Vec::as_slice)) {
        (Some(one), _) => format!(", {} of the endpoint in {}", one.id, one.zone),
        (None, Some([_, ..])) => ", none of the endpoint's interfaces".to_owned(),
        (None, Some([]) | None) => String::new(),
    };
    format!("{address}{vpc}{interface}")
}

fn admitted(admission: &Admission, who: &str, whom: &str) -> String {
    match admission {
        Admission::Yes(rule) => format!("{who} admit {whom}: {rule}"),
        Admission::No(groups) => format!("{who} do not admit {whom} on port 443: {}", groups.join(", ")),
        Admission::Unclear(why) => format!("whether {who} admit {whom} is not clear: {why}"),
    }
}

/// What cannot be seen, one line for each reason.
fn unseen(setup: &Setup) -> Vec<String> {
    let blinds: [Option<&Blind>; 12] = [
        setup.instance.blind(),
        setup.endpoints.blind(),
        setup.dns_support.blind(),
        setup.dns_hostnames.blind(),
        setup.interfaces.blind(),
        setup.subnets.blind(),
        setup.security_groups.blind(),
        setup.api.blind(),
        setup.resources.blind(),
        setup.stage.blind(),
        setup.deployment.blind(),
        setup.outgoing.blind(),
    ];
    let mut grouped: Vec<(&str, Vec<&str>)> = Vec::new();
    for blind in blinds.into_iter().flatten() {
        match grouped.iter_mut().find(|(why, _)| *why == blind.why) {
            Some((_, sources)) if sources.contains(&blind.source.as_str()) => {}
            Some((_, sources)) => sources.push(&blind.source),
            None => grouped.push((&blind.why, vec![&blind.source])),
        }
    }
    grouped.into_iter().map(|(why, sources)| format!("{}: {why}", sources.join(", "))).collect()
}

/// The policies that say more than that everybody may do everything.
fn policies<'a>(setup: &'a Setup, report: Option<&Report>) -> Vec<(&'static str, &'a Value)> {
    let endpoint = setup.endpoints.known().into_iter().flatten().find(|one| is_of(one, report));
    let endpoint = endpoint.and_then(|one| one.policy.as_ref()).filter(|policy| !is_full_access(policy));
    let api = setup.api.known().and_then(|api| api.policy.as_ref());
    let endpoint = endpoint.map(|policy| ("policy of the endpoint", policy));
    endpoint.into_iter().chain(api.map(|policy| ("resource policy of the API, as it is saved", policy))).collect()
}

fn is_of(one: &VpcEndpoint, report: Option<&Report>) -> bool {
    report.is_some_and(|report| report.round.target.vpce.as_ref().is_some_and(|vpce| vpce.as_str() == one.id))
}

/// Where the text of steps and facts begins.
const STEP: usize = 14;
/// What Ethernet carries everywhere.
const USUAL_MTU: u32 = 1500;
const MOST_ADDRESSES: usize = 8;
