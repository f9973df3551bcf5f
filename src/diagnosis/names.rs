//! Why did a name not resolve? Which of the names are missing, what kind of answer it was, and what the VPC resolver says.

use super::case::Case;
use super::cause::Cause;
use super::circumstance::Circumstance;
use super::draft::Draft;
use super::endpoint::Side;
use super::finding::Confidence::{Likely, Possible};
use super::sight::{Sight, accounts};
use crate::observation::{Answer, DnsFault, NameSource, Query, QueryOutcome, Row};
use crate::plan::AccessPath;

/// The DNS server does not answer, or answers with a failure.
pub(crate) fn servers(case: &Case<'_>) -> Vec<Draft> {
    let silent = case.unexplained_if(|sight| sight.outcome.dns().is_some_and(is_silence));
    let (alive, silent): (Vec<_>, Vec<_>) = silent.into_iter().partition(|sight| heard(case, sight).is_some());
    let failing = case.unexplained_if(|sight| sight.outcome.dns().is_some_and(is_failure));
    // it asked nobody, so that nobody is to blame
    let local = case.unexplained_if(|sight| sight.outcome.dns() == Some(DnsFault::Local));
    let other_names = case.any(|sight| sight.seen.lookup.result.is_ok());
    let draft = |cause, other, sights: &[&Sight<'_>]| {
        let draft = Draft::over(&[cause], Likely, sights).or_if(other_names, other).because_of(surroundings(case));
        match opinions(sights) {
            Opinion::Inside(said) => draft.or(&[Cause::DnsNotForwarded]).because(said),
            Opinion::Nothing(said) => draft.because(said),
            Opinion::Unknown => draft,
        }
    };
    vec![
        Draft::over(&[Cause::HostOutOfResources], Likely, &local),
        draft(Cause::DnsServerUnreachable, Cause::DnsServerFailure, &silent),
        draft(Cause::DnsServerFailure, Cause::DnsNotForwarded, &alive)
            .because_of(alive.iter().filter_map(|sight| heard(case, sight))),
        draft(Cause::DnsServerFailure, Cause::DnsNotForwarded, &failing)
            .because_of(truncation(&failing))
            .because_of(mismatches(&failing)),
    ]
}

/// What a server that is silent about this name answered for another in the same round: it is there.
fn heard(case: &Case<'_>, sight: &Sight<'_>) -> Option<String> {
    let unanswered = sight.seen.lookup.queries.iter().filter(|query| query.outcome == QueryOutcome::Timeout);
    let mut silences = unanswered.map(|query| (query.server, &query.name));
    let queries = || case.round.rows.iter().filter_map(Row::observation).flat_map(|seen| &seen.lookup.queries);
    // what is only shared may be of another round
    let answered =
        |query: &Query| !query.shared && matches!(query.outcome, QueryOutcome::Answered | QueryOutcome::Truncated);
    silences.find_map(|(server, name)| {
        let other = queries().find(|one| one.server == server && one.name != *name && answered(one))?;
        Some(format!("{} did answer for `{}`, and not for `{name}`", server.ip(), other.name))
    })
}

/// What a truncated answer without another over TCP means.
fn truncation(sights: &[&Sight<'_>]) -> Option<String> {
    let truncated = sights.iter().any(|sight| sight.outcome.dns() == Some(DnsFault::Truncated));
    let said = "the answer did not fit a datagram (it is truncated), and the server gave none over TCP, whose port 53 must be open too";
    truncated.then(|| said.to_owned())
}

/// Describes replies that did not fit their query, where no other came.
fn mismatches(sights: &[&Sight<'_>]) -> Option<String> {
    let queries = || sights.iter().flat_map(|sight| &sight.seen.lookup.queries);
    let mismatched = || queries().filter(|query| query.outcome == QueryOutcome::Mismatched);
    let server = mismatched().next()?.server.ip();
    let [mut ids, mut questions] = [0, 0];
    for query in mismatched().filter(|query| query.server.ip() == server && !query.shared) {
        ids += query.mismatches.ids;
        questions += query.mismatches.questions;
    }
    Some(format!(
        "{server} did reply, but no reply fits the query: {questions} with another question or none, {ids} with another id"
    ))
}

/// A name is an alias of one that does not exist: that record is wrong, whatever private DNS would say of the name without it.
pub(crate) fn stale(case: &Case<'_>) -> Vec<Draft> {
    let sights = case.unexplained_if(|sight| sight.path.is_of_four() && stale_record(case, sight).is_some());
    let draft = Draft::over(&[Cause::DifferentEndpoint, Cause::DnsNotForwarded], Likely, &sights)
        .given([Circumstance::StaleRecord])
        .because_of(sights.iter().filter_map(|sight| stale_record(case, sight)))
        .because_of(contrast(case, &sights))
        .because_of(surroundings(case))
        .because_of(opinions(&sights).said());
    vec![draft]
}

/// The record that makes a name an alias of one that does not exist; none if AWS made it, or if a path dials that other name.
pub(crate) fn stale_record(case: &Case<'_>, sight: &Sight<'_>) -> Option<String> {
    let lookup = &sight.seen.lookup;
    let (target, before) = lookup.cnames.split_last().filter(|_| lookup.result == Err(DnsFault::NxDomain))?;
    // in a VPC with private DNS every name of the Region is an alias of that without the API
    let invoke = case.round.target.invoke_name().to_string();
    let by_aws = invoke.split_once('.').is_some_and(|(_, region)| region == target.as_str());
    let dialled = case.any(|other| other.seen.plan.dial == *target);
    let name = before.last().unwrap_or(&sight.seen.plan.dial);
    (!by_aws && !dialled)
        .then(|| format!("`{name}` is an alias (CNAME) of `{target}`, which does not exist: that record is stale"))
}

/// The VPC resolver knows private addresses for a name that the configured server does not have.
pub(crate) fn forwarding(case: &Case<'_>) -> Vec<Draft> {
    let known = |sight: &Sight<'_>| !sight.public && matches!(opinion(sight), Opinion::Inside(_));
    // private DNS is on there, and its wildcard answers the alias as well, associated or not
    let wildcard = case.sight(AccessPath::PrivateDns).is_some_and(known);
    // a server that has none of the names lacks them for one reason
    let has_none = case.sights.iter().all(Sight::is_unresolved) && case.any(known);
    let repaired = |sight: &Sight<'_>| known(sight) || has_none || (wildcard && sight.path == AccessPath::Route53Alias);
    let missing = |sight: &Sight<'_>| sight.has_no_name() || sight.side() == Side::Nobody;
    let sights = case
        .unexplained_if(|sight| (missing(sight) && repaired(sight)) || (known(sight) && sight.side() == Side::Outside));
    let alias = sights.iter().any(|sight| sight.path == AccessPath::Route53Alias && !known(sight));
    let emptied = |sight: &&Sight<'_>| sight.has_empty_name() || sight.side() == Side::Nobody;
    let causes: &[Cause] = if sights.iter().any(emptied) {
        &[Cause::DnsRebindingProtection, Cause::DnsNotForwarded]
    } else {
        &[Cause::DnsNotForwarded]
    };
    let draft = Draft::over(causes, Likely, &sights).or_if(alias && !has_none, Cause::VpceNotAssociated);
    let draft = if alias && wildcard {
        draft.because("private DNS is on there, and answers every name of the Region, the alias too")
    } else {
        draft
    };
    // a name that is not missing may be what the resolver was asked for
    let said = case.sights.iter().find_map(|sight| match opinion(sight) {
        Opinion::Inside(said) => Some(said),
        Opinion::Nothing(_) | Opinion::Unknown => None,
    });
    vec![draft.because_of(said)]
}

/// Addresses that no endpoint has, `0.0.0.0` or this very host's: what a filter or a hosts file says in the place of the real ones.
pub(crate) fn filtered(case: &Case<'_>) -> Vec<Draft> {
    // a tunnel or a test listens on this host for all names, or lets API Gateway answer
    let away = case.any(|sight| !sight.is_unresolved() && !sight.leads_home());
    let unheard = |sight: &Sight<'_>| !sight.answer().is_some_and(Answer::from_api_gateway);
    let sights =
        case.unexplained_if(|sight| sight.side() == Side::Nobody || away && sight.leads_home() && unheard(sight));
    let asked = sights.iter().any(|sight| sight.seen.lookup.source == NameSource::Dns);
    let draft = Draft::over(&[Cause::DnsRebindingProtection], Likely, &sights)
        .or_if(asked, Cause::DnsNotForwarded)
        .because_of(sights.iter().map(|sight| sight.leads()))
        .because("no endpoint has such an address: a filter or a hosts file stands before the name, or before what is answered")
        .because_of(contrast(case, &sights))
        .because_of(surroundings(case))
        .because_of(opinions(&sights).said());
    vec![draft]
}

/// Empty answers for public names that hold private addresses: a resolver that drops those (rebinding protection).
pub(crate) fn empty_answers(case: &Case<'_>) -> Vec<Draft> {
    let public_names = [
        AccessPath::Route53Alias,
        AccessPath::VpceHostHeader,
        AccessPath::VpceApiIdHeader,
        AccessPath::VpceCustomDomain,
    ];
    // the wildcard of private DNS answers the alias from a private zone: only the endpoint's own name is public for sure
    let passed = case.any(|sight| sight.path.dials_endpoint() && sight.side() == Side::Inside);
    let sights = case.unexplained_if(Sight::has_empty_name);
    if passed || !sights.iter().any(|sight| public_names.contains(&sight.path)) {
        return Vec::new();
    }
    let among = |path| sights.iter().any(|sight| sight.path == path);
    let draft = Draft::over(
        &[Cause::DnsRebindingProtection, Cause::DnsNotForwarded, Cause::WrongEndpointName],
        Likely,
        &sights,
    )
    .or_if(among(AccessPath::Route53Alias), Cause::VpceNotAssociated)
    .or_if(among(AccessPath::VpceHostHeader) || among(AccessPath::VpceApiIdHeader), Cause::EndpointDeleted)
    .or_if(among(AccessPath::PrivateDns), Cause::PrivateDnsDisabled)
    .because("the names exist, but the answers hold no address")
    .because_of(contrast(case, &sights));
    vec![draft]
}

/// Names that do not exist: which of the three are missing tells why.
pub(crate) fn missing(case: &Case<'_>) -> Vec<Draft> {
    let gone = |path| case.sight(path).filter(|_| !case.is_explained(path)).map(Sight::has_no_name);
    match (
        gone(AccessPath::PrivateDns),
        gone(AccessPath::Route53Alias),
        gone(AccessPath::VpceHostHeader).or(gone(AccessPath::VpceApiIdHeader)).or(gone(AccessPath::VpceCustomDomain)),
    ) {
        (Some(true), Some(true), Some(true)) => vec![nothing_exists(case)],
        (_, Some(true), Some(true)) => {
            let public = case.sight(AccessPath::PrivateDns).is_some_and(|sight| sight.side() == Side::Outside);
            vec![endpoint_unknown(case, public), private_dns(case)]
        }
        _ => vec![private_dns(case), alias(case), endpoint_unknown(case, false)],
    }
}

/// Not one of the names exists.
fn nothing_exists(case: &Case<'_>) -> Draft {
    let sights = case.unexplained_if(Sight::has_no_name);
    let causes = [
        Cause::EndpointDeleted,
        Cause::DnsNotForwarded,
        Cause::WrongEndpointName,
        Cause::WrongRegion,
        Cause::PrivateDnsDisabled,
    ];
    let opinion = opinions(&sights).said().unwrap_or_else(|| "the VPC resolver gave no second opinion".to_owned());
    Draft::over(&causes, Possible, &sights)
        .or(&[Cause::VpceNotAssociated, Cause::DnsRebindingProtection])
        .because("none of the names exists, not even the endpoint's own")
        .because_of(doubts(case))
        .because_of(surroundings(case))
        .because(opinion)
}

/// The endpoint's own name does not exist, others do.
fn endpoint_unknown(case: &Case<'_>, deleted: bool) -> Draft {
    let alias_too = case.sight(AccessPath::Route53Alias).is_some_and(Sight::has_no_name);
    let mut paths = vec![AccessPath::VpceHostHeader, AccessPath::VpceApiIdHeader, AccessPath::VpceCustomDomain];
    if alias_too && case.any(|sight| paths.contains(&sight.path) && sight.has_no_name()) {
        paths.push(AccessPath::Route53Alias);
    }
    let sights = case.unexplained_if(|sight| paths.contains(&sight.path) && sight.has_no_name());
    let causes = if deleted {
        [Cause::EndpointDeleted, Cause::WrongEndpointName]
    } else {
        [Cause::WrongEndpointName, Cause::EndpointDeleted]
    };
    Draft::over(&causes, Likely, &sights)
        .or_if(alias_too, Cause::VpceNotAssociated)
        .or(&[Cause::DnsNotForwarded, Cause::DnsRebindingProtection])
        .because_of(doubts(case))
        .because_of(contrast(case, &sights))
}

/// The API's own name does not exist.
fn private_dns(case: &Case<'_>) -> Draft {
    let sights = case.unexplained_if(|sight| sight.path == AccessPath::PrivateDns && sight.has_no_name());
    let reached = case.any(|sight| sight.path != AccessPath::PrivateDns && sight.connected());
    let draft = Draft::over(&[Cause::PrivateDnsDisabled], Likely, &sights)
        .because_of(contrast(case, &sights))
        .because_of(surroundings(case));
    let proven = case.api_is_proven();
    match opinions(&sights) {
        Opinion::Nothing(said) => draft.because(said),
        Opinion::Inside(said) => draft.or(&[Cause::DnsNotForwarded]).because(said),
        Opinion::Unknown => draft.or(&[Cause::DnsNotForwarded]),
    }
    .or_if(!proven && !resolves(case, AccessPath::Route53Alias), Cause::WrongApiId)
    .or_if(!proven, Cause::WrongRegion)
    .or_if(!reached, Cause::PrivateApiViaInternet)
    .or_if(!reached, Cause::EndpointDeleted)
}

/// The alias does not exist.
fn alias(case: &Case<'_>) -> Draft {
    let sights = case.unexplained_if(|sight| sight.path == AccessPath::Route53Alias && sight.has_no_name());
    let endpoint_resolves = resolves(case, AccessPath::VpceHostHeader) || resolves(case, AccessPath::VpceApiIdHeader);
    let draft = Draft::over(&[Cause::VpceNotAssociated], Likely, &sights)
        .or_if(!endpoint_resolves, Cause::WrongEndpointName)
        .or_if(!endpoint_resolves, Cause::DnsNotForwarded)
        .or_if(!case.api_is_proven(), Cause::WrongApiId)
        .because_of(doubts(case))
        .because_of(contrast(case, &sights));
    match opinions(&sights) {
        Opinion::Inside(said) => draft.or(&[Cause::DnsNotForwarded]).because(said),
        Opinion::Nothing(said) => draft.because(said),
        Opinion::Unknown => draft,
    }
}

/// What the other paths did, since their success rules causes out.
pub(crate) fn contrast(case: &Case<'_>, sights: &[&Sight<'_>]) -> Vec<String> {
    let others: Vec<_> = case
        .sights
        .iter()
        .filter(|other| other.is_ok() && sights.iter().all(|sight| sight.path != other.path))
        .collect();
    if sights.is_empty() { Vec::new() } else { accounts(&others) }
}

/// What about this host bears on names and connections.
pub(crate) fn surroundings(case: &Case<'_>) -> Vec<String> {
    let environment = &case.round.environment;
    let set = &environment.ignored_proxy_variables;
    let stub = "the first DNS server is a stub on this host, which may answer from a cache";
    let proxy = format!("{} set in the environment; the probe went past the proxy", set.join(", "));
    let unresolved = case.any(Sight::has_no_name) && environment.caching_stub;
    unresolved.then(|| stub.to_owned()).into_iter().chain((!set.is_empty()).then_some(proxy)).collect()
}

/// Adds to each explanation of a name that does not resolve the settings of this host's resolver that the probe does not follow, and
/// those that the C library cannot read.
pub(crate) fn add_resolver_settings(case: &mut Case<'_>) {
    let unresolved = case.sights.iter().filter(|sight| sight.is_unresolved());
    let unresolved: Vec<AccessPath> = unresolved.map(|sight| sight.path).collect();
    let environment = &case.round.environment;
    let (options, servers) = (&environment.unfollowed_resolver_options, &environment.ignored_dns_servers);
    let options = (!options.is_empty())
        .then(|| format!("set for the resolver of this host, and not followed by the probe: {}", options.join(", ")));
    let servers = (!servers.is_empty()).then(|| {
        let words = servers.join(", ").escape_debug().to_string();
        format!("the C library cannot read these servers in resolv.conf, and ignores them, as does the probe: {words} (`\\r`: Windows line ends)")
    });
    let settings: Vec<String> = options.into_iter().chain(servers).collect();
    case.testify(
        |paths| {
            if paths.iter().any(|path| unresolved.contains(path)) { settings.clone() } else { Vec::new() }
        },
    );
}

/// What in the two strings looks wrong by itself.
pub(crate) fn doubts(case: &Case<'_>) -> Vec<String> {
    case.round.target.warnings.iter().map(ToString::to_string).collect()
}

/// What the VPC resolver says of a name.
pub(crate) enum Opinion {
    /// It knows private addresses.
    Inside(String),
    /// It has no such name either.
    Nothing(String),
    /// It was not asked, was silent, or says something else: that proves nothing.
    Unknown,
}

impl Opinion {
    /// Its words, if it proves anything.
    fn said(self) -> Option<String> {
        match self {
            Self::Inside(said) | Self::Nothing(said) => Some(said),
            Self::Unknown => None,
        }
    }
}

pub(crate) fn opinion(sight: &Sight<'_>) -> Opinion {
    let Some(second) = &sight.seen.lookup.second_opinion else { return Opinion::Unknown };
    match &second.result {
        Ok(addresses) if matches!(sight.side_of(addresses), Side::Inside | Side::Both) => {
            let ips: Vec<_> = addresses.iter().take(4).map(|address| address.ip.to_string()).collect();
            Opinion::Inside(format!(
                "the VPC resolver {} answers `{}` with {}",
                second.server.ip(),
                sight.seen.plan.dial,
                ips.join(", ")
            ))
        }
        Err(DnsFault::NxDomain | DnsFault::NoData) => Opinion::Nothing(format!(
            "the VPC resolver {} has no address for `{}` either",
            second.server.ip(),
            sight.seen.plan.dial
        )),
        Ok(_) | Err(_) => Opinion::Unknown,
    }
}

/// The most telling opinion on several names.
fn opinions(sights: &[&Sight<'_>]) -> Opinion {
    let mut nothing = Opinion::Unknown;
    for sight in sights {
        match opinion(sight) {
            Opinion::Inside(said) => return Opinion::Inside(said),
            Opinion::Nothing(said) => nothing = Opinion::Nothing(said),
            Opinion::Unknown => {}
        }
    }
    nothing
}

fn resolves(case: &Case<'_>, path: AccessPath) -> bool {
    case.sight(path).is_some_and(|sight| !sight.is_unresolved())
}

fn is_silence(fault: DnsFault) -> bool {
    match fault {
        DnsFault::Timeout | DnsFault::Unreachable | DnsFault::NoServer => true,
        DnsFault::NxDomain
        | DnsFault::NoData
        | DnsFault::ServFail
        | DnsFault::Refused
        | DnsFault::OtherRcode
        | DnsFault::Truncated
        | DnsFault::Malformed
        | DnsFault::CnameLoop
        | DnsFault::Local => false,
    }
}

fn is_failure(fault: DnsFault) -> bool {
    match fault {
        DnsFault::ServFail
        | DnsFault::Refused
        | DnsFault::OtherRcode
        | DnsFault::Truncated
        | DnsFault::Malformed
        | DnsFault::CnameLoop => true,
        DnsFault::NxDomain
        | DnsFault::NoData
        | DnsFault::Timeout
        | DnsFault::Unreachable
        | DnsFault::NoServer
        | DnsFault::Local => false,
    }
}
