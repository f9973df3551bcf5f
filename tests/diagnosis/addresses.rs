//! What one address of a name does while the others answer: the same request is judged alike at all addresses of an endpoint.

use crate::round::{
    ALL, P1, P2, Scene, answered, attempt, certificate, connected, healthy, is_certain, names, ok_answer, phase,
    reduced, secured,
};
use apigw_probe::diagnosis::{Cause, Confidence, Finding};
use apigw_probe::observation::{Answer, HttpFailure, HttpFault, Phase, Secured, TcpFault, TlsFailure, TlsFault};
use apigw_probe::plan::AccessPath;
use apigw_probe::report::{Report, Verdict};

type Tls = Phase<Secured, TlsFailure>;

/// The usual addresses answer well, and the other one does this, on some paths.
fn beside(paths: &[AccessPath], ip: &str, tls: &Tls) -> Scene {
    healthy().on(paths, |seen| {
        seen.attempts = ["10.0.1.10", "10.0.2.10"].map(|ip| attempt(ip, connected(answered(ok_answer())))).into();
        seen.attempts.push(attempt(ip, connected(tls.clone())));
        seen.lookup.result = Ok(crate::round::addresses(&["10.0.1.10", "10.0.2.10", ip]));
    })
}

/// The third address of the endpoint does this.
fn third(tls: &Tls) -> Scene {
    beside(&ALL, THIRD, tls)
}

fn unsecured(fault: TlsFault) -> Tls {
    phase(Err(TlsFailure { certificate: Some(certificate()), ..TlsFailure::of(fault) }))
}

fn unanswered(fault: HttpFault) -> Tls {
    phase(Ok(secured(Some(phase(Err(HttpFailure { fault, detail: None, answer: None }))))))
}

fn error(status: u16, kind: &str, body: &str) -> Answer {
    reduced(status, &[("x-amzn-ErrorType", kind), ("x-amz-apigw-id", "AyD6VFqGvHcEGBg=")], body)
}

fn refusal(status: u16, kind: &str, body: &str) -> Tls {
    answered(error(status, kind, body))
}

#[track_caller]
fn is_about(finding: &Finding, ip: &str) {
    let evidence = finding.evidence.concat();
    assert!(evidence.contains(ip), "{finding:#?}");
    assert!(finding.confidence < Confidence::Certain, "{finding:#?}");
}

#[test]
fn a_denial_that_other_addresses_do_not_meet_is_not_certain() {
    is_certain(&healthy().error(&ALL, 403, "AccessDeniedException", DENIED).finding());
    let finding = third(&refusal(403, "AccessDeniedException", DENIED)).shows(Cause::VpcePolicyImplicitDeny, &ALL);
    is_about(&finding, THIRD);
    assert_eq!(finding.alternatives, [Cause::DifferentEndpoint]);
    assert!(finding.evidence.iter().any(|fact| fact.starts_with("against it: 10.0.1.10, 10.0.2.10")), "{finding:#?}");
}

#[test]
fn forbidden_at_one_address_is_not_for_the_sake_of_the_request() {
    let finding = third(&refusal(403, "ForbiddenException", FORBIDDEN)).shows(Cause::DifferentEndpoint, &ALL);
    is_about(&finding, THIRD);
    for cause in [
        Cause::MissingStage,
        Cause::WrongApiId,
        Cause::DefaultEndpointDisabled,
        Cause::ApiKeyMissing,
        Cause::PublicApiViaVpce,
        Cause::WrongHostHeader,
    ] {
        assert!(!names(&finding, cause), "{cause}: {finding:#?}");
    }
    assert!(finding.fix.concat().contains(THIRD), "{finding:#?}");
}

#[test]
fn a_route_that_other_addresses_found_is_there() {
    let finding = third(&refusal(403, "MissingAuthenticationTokenException", MISSING_TOKEN)).finding();
    is_about(&finding, THIRD);
    assert_eq!((finding.cause, finding.alternatives), (Cause::AnsweredByAnotherApi, vec![Cause::DifferentEndpoint]));
}

#[test]
fn a_denial_of_another_resource_is_anothers() {
    let finding = third(&refusal(403, "AccessDeniedException", &DENIED.replace("a1bc234d5e", "zz9zz9zz99"))).finding();
    is_about(&finding, THIRD);
    assert_eq!((finding.cause, finding.alternatives), (Cause::AnsweredByAnotherApi, vec![Cause::DifferentEndpoint]));
}

#[test]
fn what_changes_from_call_to_call_stays_the_cause() {
    let finding = third(&refusal(429, "TooManyRequestsException", "{\"message\":\"Too Many Requests\"}")).finding();
    is_about(&finding, THIRD);
    assert_eq!((finding.cause, finding.alternatives), (Cause::Throttled, vec![]));
}

#[test]
fn an_address_that_the_endpoint_does_not_have_is_anothers() {
    let finding = beside(&[P1], "10.9.1.10", &refusal(403, "AccessDeniedException", DENIED)).finding();
    is_about(&finding, "10.9.1.10");
    assert_eq!((finding.cause, finding.confidence), (Cause::DifferentEndpoint, Confidence::Likely));
    assert_eq!(finding.paths, [P1]);
    assert!(finding.fix.concat().contains("10.9.1.10"), "{finding:#?}");
}

#[test]
fn a_public_address_among_an_endpoints_is_told_as_such() {
    let finding = beside(&[P1], "3.80.1.1", &refusal(403, "ForbiddenException", FORBIDDEN)).finding();
    assert_eq!(finding.cause, Cause::PublicAddresses);
    is_about(&finding, "3.80.1.1");
}

#[test]
fn an_address_at_which_another_path_succeeds_is_the_endpoints() {
    let scene = third(&answered(ok_answer())).on(&[P2], |seen| {
        seen.attempts[2].tcp = connected(refusal(403, "ForbiddenException", FORBIDDEN));
    });
    let finding = scene.finding();
    assert!(!names(&finding, Cause::DifferentEndpoint), "{finding:#?}");
    assert!(finding.evidence.iter().any(|fact| fact.starts_with("against it: 10.0.3.10")), "{finding:#?}");
}

#[test]
fn what_looks_like_the_gateway_at_one_address_alone_is_not_it() {
    let unmarked = reduced(403, &[("Server", "envoy")], FORBIDDEN);
    assert_eq!(third(&answered(unmarked)).finding().cause, Cause::NotApiGateway);
}

#[test]
fn a_success_without_the_gateways_marks_refutes_nothing() {
    let scene = third(&refusal(403, "AccessDeniedException", DENIED)).on(&ALL, |seen| {
        for one in &mut seen.attempts[..2] {
            one.tcp = connected(answered(reduced(200, &[("Server", "nginx")], "hello")));
        }
    });
    let findings = scene.diagnosis().findings;
    is_certain(&findings[0]);
    assert_eq!((findings[0].cause, findings[1].cause), (Cause::VpcePolicyImplicitDeny, Cause::NotApiGateway));
}

#[test]
fn two_addresses_that_fail_each_in_its_way_are_two_findings() {
    let scene = third(&refusal(403, "AccessDeniedException", DENIED)).on(&ALL, |seen| {
        seen.attempts.push(attempt("10.0.4.10", connected(unsecured(TlsFault::Expired))));
    });
    let findings = scene.findings();
    assert_eq!(findings, [(Cause::VpcePolicyImplicitDeny, ALL.to_vec()), (Cause::CertificateExpired, ALL.to_vec())]);
}

#[test]
fn an_address_that_fails_in_the_handshake_is_not_down() {
    for (fault, cause) in [
        (TlsFault::UnknownIssuer, Cause::TlsUntrustedIssuer),
        (TlsFault::Expired, Cause::CertificateExpired),
        (TlsFault::WrongName, Cause::TlsNameMismatch),
        (TlsFault::BadCertificate, Cause::CertificateInvalid),
        (TlsFault::UnsupportedCertificate, Cause::CertificateNotSupported),
        (TlsFault::NotTls, Cause::NotApiGateway),
        (TlsFault::Reset, Cause::ProxyInterference),
        (TlsFault::Closed, Cause::ProxyInterference),
        // an alert without a name
        (TlsFault::Alert, Cause::Unexplained),
        (TlsFault::Version, Cause::ProxyInterference),
        (TlsFault::Timeout, Cause::MtuBlackHole),
        (TlsFault::Other, Cause::Unexplained),
    ] {
        let scene = third(&unsecured(fault));
        let finding = scene.shows(cause, &ALL);
        is_about(&finding, THIRD);
        let never = [Cause::OneAddressDown, Cause::TlsVersion, Cause::StrictAccessMode, Cause::ClockSkew];
        assert!(never.iter().all(|cause| !names(&finding, *cause)), "{finding:#?}");
        let report = Report::of(scene.round);
        assert!(report.verdict() == Verdict::Pass && report.has_warning(), "{fault}");
    }
}

#[test]
fn the_certificate_of_the_address_that_fails_is_told() {
    let finding = third(&unsecured(TlsFault::UnknownIssuer)).finding();
    assert!(finding.evidence.concat().contains("Amazon RSA 2048 M01"), "{finding:#?}");
}

#[test]
fn an_address_that_takes_no_connection_is_down() {
    for fault in [TcpFault::Timeout, TcpFault::Refused, TcpFault::Reset] {
        healthy().dead(&ALL, THIRD, fault).shows(Cause::OneAddressDown, &ALL);
    }
}

#[test]
fn an_address_that_is_silent_after_the_request_is_one_finding() {
    let finding = third(&unanswered(HttpFault::NoAnswer)).shows(Cause::ResponseTooSlow, &ALL);
    is_about(&finding, THIRD);
    assert_eq!(finding.confidence, Confidence::Possible);
    for fault in [HttpFault::Closed, HttpFault::Reset, HttpFault::Malformed, HttpFault::HeadTooLarge] {
        is_about(&third(&unanswered(fault)).shows(Cause::HttpProtocolError, &ALL), THIRD);
    }
    is_about(&third(&unanswered(HttpFault::TlsAlert)).shows(Cause::Unexplained, &ALL), THIRD);
}

#[test]
fn a_success_of_one_address_that_is_not_the_gateways_is_told() {
    let foreign = reduced(200, &[("Server", "nginx"), ("Content-Type", "text/html")], "<html>");
    let finding = third(&answered(foreign)).shows(Cause::NotApiGateway, &ALL);
    assert_eq!(finding.confidence, Confidence::Possible);
    is_about(&finding, THIRD);
    let masked = error(200, "InternalServerErrorException", "{\"message\": \"Internal server error\"}");
    is_about(&third(&answered(masked)).shows(Cause::BackendErrorMaskedAs200, &ALL), THIRD);
}

#[test]
fn addresses_that_all_answer_well_need_no_word() {
    assert_eq!(third(&answered(ok_answer())).findings(), []);
}

#[test]
fn a_path_with_one_good_address_speaks_for_the_api() {
    let busy = |scene: Scene| {
        scene.only(&[P1, P2]).on(&[P1], |seen| {
            seen.attempts[1].tcp = connected(refusal(429, "TooManyRequestsException", "{}"));
        })
    };
    for (kind, body, refuted) in [
        ("ForbiddenException", FORBIDDEN, Cause::MissingStage),
        ("ForbiddenException", FORBIDDEN, Cause::DefaultEndpointDisabled),
        ("MissingAuthenticationTokenException", MISSING_TOKEN, Cause::WrongResourceOrMethod),
    ] {
        let findings = busy(healthy().error(&[P2], 403, kind, body)).diagnosis().findings;
        let refused = findings.iter().find(|finding| finding.paths == [P2]).unwrap();
        assert!(!names(refused, refuted), "{findings:#?}");
    }
}

#[test]
fn what_the_set_up_shows_of_an_address_is_held_against_it_alone() {
    let seen = |scene: Scene| crate::setup::beside(scene, |_| {}).finding();
    let finding = seen(beside(&[P1], "10.9.1.10", &refusal(403, "ForbiddenException", FORBIDDEN)));
    is_shown(&finding, Cause::DifferentEndpoint);
    let own = healthy().on(&ALL, |seen| {
        seen.attempts[1].tcp = connected(refusal(403, "ForbiddenException", FORBIDDEN));
    });
    assert!(!names(&seen(own), Cause::DifferentEndpoint));
}

#[track_caller]
fn is_shown(finding: &Finding, cause: Cause) {
    assert_eq!((finding.cause, finding.confidence), (cause, Confidence::Certain), "{finding:#?}");
}

const THIRD: &str = "10.0.3.10";
const FORBIDDEN: &str = "{\"message\":\"Forbidden\"}";
const MISSING_TOKEN: &str = "{\"message\":\"Missing Authentication Token\"}";
const DENIED: &str = "{\"Message\":\"User: anonymous is not authorized to perform: execute-api:Invoke on resource: \
                      arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/test/GET/pets because no VPC endpoint policy allows the \
                      execute-api:Invoke action\"}";
