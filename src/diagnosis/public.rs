//! What happens to a public API's way? It leads to the Internet; private DNS of an endpoint in the VPC catches it.

use super::case::Case;
use super::cause::Cause;
use super::contrast::is_forbidden;
use super::draft::Draft;
use super::endpoint::Side;
use super::finding::Confidence::Likely;
use super::names::surroundings;
use super::sight::Sight;
use crate::observation::{Outcome, TcpFault, TlsFault};

/// The name of a public API leads to an endpoint, which serves private APIs only. How a handshake with a custom domain name ends
/// there is not documented: with the endpoint's own certificate, or with `Forbidden` behind the right one.
pub(crate) fn swallowed(case: &Case<'_>) -> Vec<Draft> {
    let refused = |sight: &Sight<'_>| is_forbidden(sight) || sight.outcome == Outcome::Tls(TlsFault::WrongName);
    let silent = |sight: &Sight<'_>| matches!(sight.outcome, Outcome::Tcp(_));
    let caught = |sight: &Sight<'_>| sight.public && sight.side() == Side::Inside && (refused(sight) || silent(sight));
    if !case.any(caught) {
        return Vec::new();
    }
    // an alias is made for private APIs alone
    let sights = case
        .unexplained_if(|sight| caught(sight) || sight.path.is_of_four() && (refused(sight) || sight.has_no_name()));
    let any = |fits: fn(&Sight<'_>) -> bool| sights.iter().any(|sight| fits(sight));
    let draft = Draft::over(&[Cause::PublicApiViaVpce], Likely, &sights)
        .or_if(any(is_forbidden), Cause::ForbiddenUnknown)
        .or_if(any(|sight| sight.outcome.tls().is_some()), Cause::TlsNameMismatch)
        .or_if(any(|sight| sight.outcome.tcp().is_some()), Cause::ConnectTimeout)
        .because_of(sights.iter().filter(|sight| caught(sight)).map(|sight| way(sight)));
    vec![draft]
}

/// Where a name leads, and by which aliases.
fn way(sight: &Sight<'_>) -> String {
    let by = sight.seen.lookup.cnames.iter().map(|name| format!(" by `{name}`")).collect::<Vec<_>>().concat();
    format!(
        "`{}` leads{by} to {}: such addresses an endpoint has, and no public API",
        sight.seen.plan.dial,
        sight.places()
    )
}

/// Public addresses do not answer.
pub(crate) fn unreached(case: &Case<'_>) -> Vec<Draft> {
    let silent = |sight: &Sight<'_>| {
        let fault = sight.outcome.tcp();
        let silence = [TcpFault::Timeout, TcpFault::HostUnreachable, TcpFault::NetworkUnreachable];
        sight.public && sight.side() != Side::Inside && fault.is_some_and(|fault| silence.contains(&fault))
    };
    let sights = case.unexplained_if(silent);
    let proxies = !case.round.environment.ignored_proxy_variables.is_empty();
    vec![
        Draft::over(&[Cause::InternetUnreachable, Cause::ConnectTimeout], Likely, &sights)
            .or_if(proxies, Cause::ProxyInterference)
            .because_of(surroundings(case)),
    ]
}
