//! What else is worth knowing? Things that explain no failure of their path, said without hiding what does.

use super::case::Case;
use super::cause::Cause;
use super::circumstance::Circumstance;
use super::clock::Clock;
use super::contrast::speaks_for_a_public_api;
use super::draft::Draft;
use super::endpoint::{Side, elsewhere_at};
use super::finding::Confidence::{Likely, Possible};
use super::meaning::of_foreign_issuer;
use super::names::{Opinion, opinion};
use super::sight::{Sight, quoted};
use super::signature::{self, is_masked_error};
use crate::observation::{Answer, Attempt, Intent, Observation, Row, TcpFault};
use crate::plan::AccessPath;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use time::Duration;

/// One of several addresses takes no connection while another does.
pub(crate) fn dead_addresses(case: &Case<'_>) -> Vec<Draft> {
    let mut dead: BTreeMap<SocketAddr, (Vec<AccessPath>, String)> = BTreeMap::new();
    let mut strays = BTreeMap::new();
    for sight in &case.sights {
        let attempts = &sight.seen.attempts;
        let furthest = attempts.iter().map(stage).max().unwrap_or(Stage::Nothing);
        for attempt in attempts {
            if let Some(fault) = death(attempt).filter(|_| stage(attempt) < furthest) {
                dead.entry(attempt.address).or_insert_with(|| (Vec::new(), fault)).0.push(sight.path);
                strays.extend(sight.stray_at(attempt.address.ip()).map(|said| (attempt.address, said)));
            }
        }
    }
    let alive = |address: SocketAddr| {
        let answers = |attempt: &Attempt| attempt.address == address && death(attempt).is_none();
        case.any(|sight| sight.seen.attempts.iter().any(answers))
    };
    let flapping = dead.keys().any(|address| alive(*address));
    let paths = AccessPath::ALL.iter().copied().filter(|path| dead.values().any(|(paths, _)| paths.contains(path)));
    // a connect that was given less than the first retransmission takes proves little
    let waited = |seen: &Observation| {
        seen.took.as_millis() >= 1000 && seen.attempts.iter().any(|attempt| dead.contains_key(&attempt.address))
    };
    let hurried = !case.round.rows.iter().filter_map(Row::observation).any(waited)
        && dead.values().any(|(_, fault)| fault == TcpFault::Timeout.name());
    let strength = if flapping || hurried { Possible } else { Likely };
    let mut draft = Draft::new(Cause::OneAddressDown, strength, paths.collect())
        .into_remark()
        .at(dead.keys().next().map(SocketAddr::ip))
        .or(&strays.keys().map(|address| elsewhere_at(address.ip())).collect::<Vec<_>>())
        .given((strays.len() == dead.len()).then_some(Circumstance::Elsewhere))
        .because_of(strays.into_values());
    for (address, (paths, fault)) in &dead {
        let names = paths.iter().map(|path| path.name()).collect::<Vec<_>>().join(", ");
        let zone = case.round.zone_of(address.ip()).map(|zone| format!(" ({zone})")).unwrap_or_default();
        draft =
            draft.because(format!("{address}{zone} failed ({fault}) on {names}, while another address got further"));
        if alive(*address) {
            draft = draft.because(format!("against it: {address} did answer on another path"));
        }
    }
    vec![draft]
}

/// How far an attempt got, counted in what an address can be blamed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Nothing,
    Connected,
    Answered,
}

pub(crate) fn stage(attempt: &Attempt) -> Stage {
    match (&attempt.tcp.result, attempt.http().map(|http| &http.result)) {
        (Err(_), _) => Stage::Nothing,
        (Ok(_), Some(Ok(_))) => Stage::Answered,
        (Ok(_), Some(Err(_)) | None) => Stage::Connected,
    }
}

/// How an address failed to be connected to, if it did by its own fault.
pub(crate) fn death(attempt: &Attempt) -> Option<String> {
    let failure = attempt.tcp.result.as_ref().err()?;
    (!failure.fault.is_of_this_host()).then(|| failure.fault.to_string())
}

/// A path works here because the probe accepts an expired root, which most other clients do not.
pub(crate) fn expired_roots(case: &Case<'_>) -> Vec<Draft> {
    let root = |sight: &Sight<'_>| {
        let mut attempts = sight.seen.attempts.iter();
        attempts.find_map(|attempt| attempt.secured()?.expired_root.clone())
    };
    let sights: Vec<_> = case.sights.iter().filter(|sight| root(sight).is_some()).collect();
    let facts = sights.iter().filter_map(|sight| root(sight)).map(|root| {
        let subject = quoted(&root.subject);
        format!("the certificate leads to no trusted root but `{subject}`, which expired on {}", root.not_after.date())
    });
    let facts: Vec<_> = facts.collect();
    vec![
        Draft::over(&[Cause::RootCertificateExpired], Likely, &sights)
            .or_if(Clock::of(case).is_off(), Cause::ClockSkew)
            .because_of(facts)
            .into_remark(),
    ]
}

/// The answers' dates are minutes away from this host's clock.
pub(crate) fn clock(case: &Case<'_>) -> Vec<Draft> {
    let Clock::Off { ahead, paths, agreed } = Clock::of(case) else { return Vec::new() };
    let off = Duration::seconds(ahead).abs();
    let side = if ahead > 0 { "behind" } else { "ahead of" };
    let strength = if agreed && paths.len() > 1 { Likely } else { Possible };
    let dissenting = Clock::dissenting(case);
    let against =
        dissenting.iter().map(|path| format!("against it: the `Date` on {path} agrees with this host's clock"));
    let draft = Draft::new(Cause::ClockSkew, strength, paths)
        .into_remark()
        .or_if(!agreed, Cause::ProxyInterference)
        .because(format!("by the `Date` of the answers, this host's clock is {off} {side} the server's"))
        .because_of(against);
    vec![draft]
}

/// An answer of another time than the others' and this host's: it was kept, or is of another server.
pub(crate) fn out_of_step(case: &Case<'_>) -> Vec<Draft> {
    let odd = Clock::out_of_step(case);
    let sights: Vec<_> = case.sights.iter().filter(|sight| odd.iter().any(|(path, _)| *path == sight.path)).collect();
    let facts = sights.iter().zip(&odd).map(|(sight, (path, ahead))| {
        let off = Duration::seconds(*ahead).abs();
        let side = if *ahead > 0 { "ahead of" } else { "behind" };
        let age = sight.answer().and_then(|answer| answer.header("age"));
        let age = age.map(|age| format!("; by `Age: {age}` a cache kept it")).unwrap_or_default();
        format!("{path}: the `Date` of its answer is {off} {side} this host's clock, which is right{age}")
    });
    let facts: Vec<_> = facts.collect();
    vec![
        Draft::over(&[Cause::ProxyInterference, Cause::NotApiGateway], Possible, &sights)
            .or_if(sights.iter().any(|sight| is_well(sight)), Cause::Ok)
            .because_of(facts)
            .because("a cache on its way, or another server, gave it")
            .into_remark(),
    ]
}

/// An expected status from something else than a REST API, or with an error in its body.
pub(crate) fn odd_successes(case: &Case<'_>) -> Vec<Draft> {
    let each: Vec<_> = case.sights.iter().flat_map(|sight| sight.by_address(&case.round.target)).collect();
    let ok = |fits: fn(&Answer) -> bool| -> Vec<&Sight<'_>> {
        let fits = |sight: &&Sight<'_>| is_well(sight) && sight.answer().is_some_and(fits);
        each.iter().filter(fits).collect()
    };
    let masked = ok(is_masked_error);
    let mut http_api = ok(Answer::is_of_http_api);
    http_api.retain(|sight| !sight.public);
    let mut foreign = ok(|answer| !answer.from_api_gateway() && !is_masked_error(answer));
    // an experiment or the canary says more of them
    foreign.retain(|sight| {
        ![Cause::AnswersAnyApi, Cause::ProxyInterference].iter().any(|more| case.blames_on(*more, sight.path))
    });
    let (intercepted, foreign): (Vec<_>, Vec<_>) = foreign.into_iter().partition(|sight| sight.interceptor().is_some());
    let behind: Vec<Cause> = masked
        .iter()
        .filter_map(|sight| sight.answer().filter(|answer| answer.error_type().is_some()).map(|answer| (sight, answer)))
        .flat_map(|(sight, answer)| signature::read(answer, &sight.seen.plan, &case.round.target).causes)
        .collect();
    let thrown = masked.iter().any(|sight| sight.answer().is_some_and(Answer::is_function_error));
    vec![
        Draft::over(&[Cause::BackendErrorMaskedAs200], Likely, &masked)
            .or(&behind)
            .or_if(thrown, Cause::LambdaError)
            .because_of(messages(&masked))
            .because_of(
                thrown.then(|| "its body has the form of a Lambda function's error (`errorMessage`)".to_owned()),
            )
            .into_remark(),
        Draft::over(&[Cause::OkHttpApi], Likely, &http_api)
            .or(&[Cause::PublicApiViaVpce])
            .because("`apigw-requestid` without `x-amz-apigw-id`: an HTTP API, which cannot be private")
            .into_remark(),
        Draft::over(&[Cause::ProxyInterference, Cause::NotApiGateway], Likely, &intercepted)
            .because_of(intercepted.iter().filter_map(|sight| Some(of_foreign_issuer(&sight.interceptor()?))))
            .into_remark(),
        Draft::over(&[Cause::NotApiGateway], Possible, &foreign)
            .or(&[Cause::Ok, Cause::ProxyInterference])
            .because("the status is expected, but the answer has none of API Gateway's headers")
            .into_remark(),
    ]
}

fn messages(sights: &[&Sight<'_>]) -> Vec<String> {
    let message = |sight: &&Sight<'_>| Some(format!("its body says `{}`", quoted(&sight.answer()?.message()?)));
    sights.iter().filter_map(message).collect()
}

/// A path reaches an API, but over the Internet: that says nothing of the endpoint.
pub(crate) fn public_successes(case: &Case<'_>) -> Vec<Draft> {
    let reached = |sight: &&Sight<'_>| is_well(sight) || speaks_for_a_public_api(sight);
    // of a public API nothing else can be expected
    let expected = case.blames(Cause::PublicApiViaVpce);
    let leads_out = |sight: &Sight<'_>| match sight.side() {
        Side::Outside => true,
        // why such a path fails is told with the address that answered, and of an address what is wrong with it
        Side::Both => is_well(sight) && sight.seen.attempts.iter().all(is_open),
        Side::Inside | Side::Unknown | Side::Nobody | Side::Nowhere => false,
    };
    let outside = case.sights.iter().filter(|sight| !expected && !sight.public && leads_out(sight));
    let (known, unknown): (Vec<_>, Vec<_>) =
        outside.filter(reached).partition(|sight| matches!(opinion(sight), Opinion::Inside(_)));
    // an API whose own name leads to the endpoint and is answered there is private, and its private DNS on
    let private = case.sight(AccessPath::PrivateDns).is_some_and(Sight::proves_api);
    let draft = |causes: &[Cause], sights: &[&Sight<'_>]| {
        let places = sights.first().map(|sight| sight.places_outside()).unwrap_or_default();
        let said = sights.iter().find_map(|sight| match opinion(sight) {
            Opinion::Inside(said) => Some(said),
            Opinion::Nothing(_) | Opinion::Unknown => None,
        });
        Draft::over(causes, Likely, sights)
            .without_if(private, Cause::PrivateDnsDisabled)
            .without_if(private, Cause::PublicApiViaVpce)
            .because(format!("the addresses are none that an endpoint has: {places}"))
            .because_of(said)
            .into_remark()
    };
    vec![
        draft(&[Cause::DnsNotForwarded, Cause::PublicAddresses, Cause::PublicApiViaVpce], &known),
        draft(&[Cause::PublicAddresses, Cause::PublicApiViaVpce, Cause::PrivateDnsDisabled], &unknown),
    ]
}

/// Whether nothing failed at an address before an answer.
fn is_open(attempt: &Attempt) -> bool {
    attempt.tcp.result.is_ok() && attempt.tls().is_none_or(|tls| tls.result.is_ok())
}

/// Whether a path works as it should; one that must not is a finding of its own.
fn is_well(sight: &Sight<'_>) -> bool {
    sight.is_ok() && sight.intent != Intent::Forbidden
}
