//! The paths side by side: each line of the fact tables' "combining paths", and the measured truth table.

use crate::round::{ALL, P1, P2, P3, P4, Scene, healthy};
use apigw_probe::diagnosis::Cause;
use apigw_probe::observation::{DnsFault, TcpFault, TlsFault};
use apigw_probe::plan::AccessPath;

/// What a path does, in the letters of the fact tables.
fn does(scene: Scene, path: AccessPath, code: &str) -> Scene {
    let body = |message: &str| format!("{{\"message\":\"{message}\"}}");
    let on = [path];
    match code {
        "OK" => scene,
        "NX" => scene.nxdomain(&on),
        "PUB" => scene.at_addresses(&on, &["52.94.1.1"]),
        "PUB+TO" => scene.at_addresses(&on, &["52.94.1.1"]).unconnected(&on, TcpFault::Timeout),
        "PUB+403A" => does(scene.at_addresses(&on, &["52.94.1.1"]), path, "403A"),
        "TO" => scene.unconnected(&on, TcpFault::Timeout),
        "RST" => scene.unconnected(&on, TcpFault::Refused),
        "TLS" => scene.unsecured(&on, TlsFault::Alert),
        "403F" => scene.error(&on, 403, "ForbiddenException", &body("Forbidden")),
        "403M" => scene.error(&on, 403, "MissingAuthenticationTokenException", &body("Missing Authentication Token")),
        "403S" => scene.error(
            &on,
            403,
            "InvalidSignatureException",
            &body("The request signature we calculated does not match the signature you provided."),
        ),
        "403A" => scene.error(&on, 403, "AccessDeniedException", &format!("{{\"Message\":\"{ANONYMOUS}\"}}")),
        "500" => scene.error(&on, 500, "InternalServerErrorException", &body("Internal server error")),
        "429" => scene.error(&on, 429, "TooManyRequestsException", &body("Too Many Requests")),
        "SF" => scene.nameless(&on, DnsFault::ServFail),
        other => panic!("{other} is no code of the table"),
    }
}

fn vector(codes: [&str; 4]) -> Scene {
    // a signature is refused only where there is one
    let called = if codes.contains(&"403S") { healthy().sending("Authorization") } else { healthy() };
    ALL.into_iter().zip(codes).fold(called, |scene, (path, code)| does(scene, path, code))
}

#[test]
fn each_vector_gives_its_causes_and_no_more() {
    type Expected = &'static [(Cause, &'static [AccessPath])];
    #[rustfmt::skip]
    let table: &[([&str; 4], Expected)] = &[
        (["OK", "OK", "OK", "OK"],             &[]),
        (["NX", "OK", "OK", "OK"],             &[(Cause::PrivateDnsDisabled, &[P1])]),
        (["NX", "NX", "OK", "OK"],             &[(Cause::PrivateDnsDisabled, &[P1]), (Cause::VpceNotAssociated, &[P2])]),
        (["OK", "NX", "OK", "OK"],             &[(Cause::VpceNotAssociated, &[P2])]),
        (["OK", "OK", "NX", "NX"],             &[(Cause::WrongEndpointName, &[P3, P4])]),
        (["OK", "NX", "NX", "NX"],             &[(Cause::WrongEndpointName, &[P2, P3, P4])]),
        (["NX", "NX", "NX", "NX"],             &[(Cause::EndpointDeleted, &ALL)]),
        (["SF", "SF", "SF", "SF"],             &[(Cause::DnsServerFailure, &ALL)]),
        (["OK", "OK", "403F", "OK"],           &[(Cause::WrongHostHeader, &[P3])]),
        (["OK", "OK", "OK", "403F"],           &[(Cause::WrongApiIdHeader, &[P4])]),
        (["OK", "OK", "403S", "OK"],           &[(Cause::SigMismatchWrongHost, &[P3])]),
        (["OK", "OK", "OK", "403S"],           &[(Cause::SigMismatchWrongHost, &[P4])]),
        (["403S", "403S", "403S", "403S"],     &[(Cause::SigMismatch, &ALL)]),
        (["OK", "TLS", "TLS", "TLS"],          &[(Cause::StrictAccessMode, &[P2, P3, P4])]),
        (["PUB+403A", "OK", "OK", "OK"],       &[(Cause::PrivateDnsDisabled, &[P1])]),
        (["PUB+TO", "OK", "OK", "OK"],         &[(Cause::PrivateDnsDisabled, &[P1])]),
        (["PUB+TO", "NX", "OK", "OK"],         &[(Cause::PrivateDnsDisabled, &[P1]), (Cause::VpceNotAssociated, &[P2])]),
        (["TO", "TO", "TO", "TO"],             &[(Cause::ConnectTimeout, &ALL)]),
        (["RST", "RST", "RST", "RST"],         &[(Cause::ConnectionRefused, &ALL)]),
        (["NX", "TO", "TO", "TO"],             &[(Cause::PrivateApiViaInternet, &ALL)]),
        (["403A", "403A", "403A", "403A"],     &[(Cause::ResourcePolicyDenyUnspecified, &ALL)]),
        (["NX", "403A", "403A", "403A"],       &[(Cause::PrivateDnsDisabled, &[P1]), (Cause::ResourcePolicyDenyUnspecified, &[P2, P3, P4])]),
        (["NX", "NX", "403A", "403A"],         &[(Cause::PrivateDnsDisabled, &[P1]), (Cause::VpceNotAssociated, &[P2]), (Cause::ResourcePolicyDenyUnspecified, &[P3, P4])]),
        (["403F", "403F", "403F", "403F"],     &[(Cause::ForbiddenUnknown, &ALL)]),
        (["NX", "NX", "403F", "403F"],         &[(Cause::WrongApiId, &ALL)]),
        (["PUB", "NX", "403F", "403F"],        &[(Cause::PublicApiViaVpce, &[P2, P3, P4])]),
        (["403M", "403M", "403M", "403M"],     &[(Cause::WrongResourceOrMethod, &ALL)]),
        (["500", "500", "500", "500"],         &[(Cause::IntegrationConfigError, &ALL)]),
        (["429", "OK", "429", "OK"],           &[(Cause::Throttled, &[P1, P3])]),
    ];
    for (codes, expected) in table {
        let found = vector(*codes).findings();
        let expected: Vec<_> = expected.iter().map(|(cause, paths)| (*cause, paths.to_vec())).collect();
        assert_eq!(found, expected, "{codes:?}");
    }
}

const ANONYMOUS: &str = "User: anonymous is not authorized to perform: execute-api:Invoke on resource: \
                         arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/test/GET/pets";
