//! Custom domain names and public APIs beside the four paths: one reason is one finding, and a path that works rules causes out.

use crate::round::{ALL, ENDPOINT, P1, P2, P3, P4, Scene, URL, certificate, healthy, names};
use apigw_probe::diagnosis::Cause;
use apigw_probe::observation::{DnsFault, HttpFault, TcpFault, TlsFault};
use apigw_probe::plan::AccessPath::{self, CustomDomain, Public, VpceCustomDomain};

const SIX: [AccessPath; 6] = [P1, P2, P3, P4, CustomDomain, VpceCustomDomain];
const FORBIDDEN: (u16, &str, &str) = (403, "ForbiddenException", r#"{"message":"Forbidden"}"#);

/// The handshake ends because the certificate, that of API names, does not cover the name.
fn strange(scene: Scene, path: AccessPath) -> Scene {
    scene.unsecured(&[path], TlsFault::WrongName).on(&[path], |seen| {
        let tls = seen.attempts[0].tcp.result.as_mut().unwrap().tls.as_mut().unwrap();
        tls.result.as_mut().unwrap_err().certificate = Some(certificate());
    })
}

#[test]
fn what_strikes_all_six_paths_is_one_finding() {
    let scene = Scene::with_domain;
    assert!(scene().findings().is_empty());
    let (status, kind, body) = FORBIDDEN;
    scene().error(&SIX, status, kind, body).shows(Cause::ForbiddenUnknown, &SIX);
    scene().unconnected(&SIX, TcpFault::Timeout).shows(Cause::ConnectTimeout, &SIX);
    scene().unsecured(&SIX, TlsFault::UnknownIssuer).shows(Cause::TlsUntrustedIssuer, &SIX);
    scene().unanswered(&SIX, HttpFault::NoAnswer).shows(Cause::ResponseTooSlow, &SIX);
    scene().nxdomain(&SIX).shows(Cause::EndpointDeleted, &SIX);
    scene().nameless(&SIX, DnsFault::ServFail).shows(Cause::DnsServerFailure, &SIX);
}

#[test]
fn strict_access_mode_spares_the_custom_domain_name() {
    let (status, kind, body) = FORBIDDEN;
    let others = [P2, P3, P4];
    Scene::with_domain().error(&others, status, kind, body).shows(Cause::StrictAccessMode, &others);
    let others = [P2, P3, P4, VpceCustomDomain];
    Scene::with_domain().error(&others, status, kind, body).shows(Cause::StrictAccessMode, &others);
}

#[test]
fn a_certificate_of_api_names_means_that_the_endpoint_does_not_know_the_domain() {
    let (status, kind, body) = FORBIDDEN;
    let scene = strange(Scene::with_domain(), CustomDomain).error(&[VpceCustomDomain], status, kind, body);
    scene.shows(Cause::CustomDomainNotAssociated, &[CustomDomain, VpceCustomDomain]);
    let other = Scene::with_domain().unsecured(&[CustomDomain], TlsFault::WrongName);
    other.shows(Cause::CustomDomainCertificate, &[CustomDomain]);
}

#[test]
fn without_a_record_the_host_header_alone_tells_less() {
    let (status, kind, body) = FORBIDDEN;
    let scene = Scene::with_domain().nxdomain(&[CustomDomain]).error(&[VpceCustomDomain], status, kind, body);
    let findings = scene.findings();
    assert_eq!(
        findings,
        [
            (Cause::CustomDomainNotAssociated, vec![VpceCustomDomain]),
            (Cause::CustomDomainNotResolved, vec![CustomDomain])
        ]
    );
}

#[test]
fn a_private_domain_on_the_internet_is_not_resolved_rightly() {
    let scene = Scene::with_domain().at_addresses(&[CustomDomain], &["52.94.1.1"]);
    let scene = scene.unconnected(&[CustomDomain], TcpFault::Timeout);
    scene.shows(Cause::CustomDomainNotResolved, &[CustomDomain]);
}

#[test]
fn the_vpc_resolver_may_know_the_domain() {
    let scene = Scene::with_domain().nxdomain(&[CustomDomain]);
    let known = scene.second_opinion(&[CustomDomain], Ok(&["10.0.1.10"]));
    known.shows(Cause::DnsNotForwarded, &[CustomDomain]);
}

#[test]
fn the_trap_of_private_dns_is_told_by_the_addresses() {
    let (status, kind, body) = FORBIDDEN;
    Scene::public(URL, None).error(&[Public], status, kind, body).shows(Cause::PublicApiViaVpce, &[Public]);
    let domain = "https://api.example.com/pets";
    strange(Scene::public(domain, None), Public).shows(Cause::PublicApiViaVpce, &[Public]);
    let outside = Scene::public(domain, None).at_addresses(&[Public], &["52.94.1.1"]);
    assert!(outside.clone().findings().is_empty());
    let refused = outside.error(&[Public], status, kind, body).finding();
    assert_ne!(refused.cause, Cause::PublicApiViaVpce);
}

#[test]
fn the_four_paths_to_a_public_api_are_in_the_trap_as_well() {
    let (status, kind, body) = FORBIDDEN;
    let all = [P1, P2, P3, P4, Public];
    let finding = Scene::public(URL, Some(ENDPOINT)).error(&all, status, kind, body).finding();
    assert_eq!((finding.cause, finding.paths.len()), (Cause::PublicApiViaVpce, 5));
}

#[test]
fn a_public_name_that_does_not_exist_is_no_apis() {
    Scene::public(URL, None).nxdomain(&[Public]).shows(Cause::WrongApiId, &[Public]);
    Scene::public("api.example.com", None).nxdomain(&[Public]).shows(Cause::CustomDomainNotResolved, &[Public]);
}

#[test]
fn an_http_api_without_the_route_may_be_disabled() {
    let headers = [("apigw-requestid", "KtUfbjJIg=")];
    let scene = Scene::public(URL, None).at_addresses(&[Public], &["52.94.1.1"]);
    let finding = scene.answers(&[Public], 404, &headers, r#"{"message":"Not Found"}"#).finding();
    assert_eq!(finding.cause, Cause::WrongResourceOrMethod);
    assert!(names(&finding, Cause::DefaultEndpointDisabled) && !names(&finding, Cause::AnsweredByHttpApi));
}

#[test]
fn the_four_paths_alone_are_as_they_were() {
    assert_eq!(healthy().round.rows.len(), ALL.len());
}
