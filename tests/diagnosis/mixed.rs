//! What of a name that leads to the endpoint and elsewhere as well? The address that answered is the one that was judged.

use crate::round::{ALL, P1, P2, P3, P4, Scene, healthy, is_certain, names};
use apigw_probe::diagnosis::{Cause, Confidence};
use apigw_probe::observation::TcpFault;

/// The API's own name leads to another address before one of the endpoint's, and this is answered there.
fn first_at(ip: &str, status: u16, kind: &str, body: &str) -> Scene {
    healthy().at_addresses(&[P1], &[ip, "10.0.1.10"]).error(&[P1], status, kind, body)
}

#[test]
fn the_endpoints_addresses_rule_nothing_out_for_another_that_answered() {
    for (ip, led) in [("10.9.1.10", Cause::DifferentEndpoint), ("3.80.1.1", Cause::PublicAddresses)] {
        for (kind, body) in [("ForbiddenException", FORBIDDEN), ("AccessDeniedException", DENIED)] {
            let finding = first_at(ip, 403, kind, body).finding();
            assert_eq!((finding.cause, finding.confidence), (led, Confidence::Likely), "{finding:#?}");
            let evidence = finding.evidence.concat();
            assert!(evidence.contains(&format!("leads to {ip}, the endpoint's own name does not")), "{finding:#?}");
            assert!(!evidence.contains("at the same addresses"), "{finding:#?}");
        }
        let finding = first_at(ip, 403, "MissingAuthenticationTokenException", MISSING_TOKEN).finding();
        for cause in [led, Cause::AnsweredByAnotherApi, Cause::WrongResourceOrMethod] {
            assert!(names(&finding, cause), "{cause}: {finding:#?}");
        }
    }
}

#[test]
fn an_answer_from_elsewhere_rules_nothing_out_for_the_endpoint() {
    let scene = healthy().at_addresses(&[P1], &["10.9.1.10", "10.0.1.10"]).error(
        &[P2, P3, P4],
        403,
        "AccessDeniedException",
        DENIED,
    );
    let finding = scene.diagnosis().findings.remove(0);
    assert!(!finding.evidence.concat().contains("at the same addresses"), "{finding:#?}");
}

#[test]
fn the_endpoints_own_address_beside_a_strange_one_is_judged_as_ever() {
    let scene =
        healthy().at_addresses(&[P1], &["10.0.1.10", "10.9.1.10"]).error(&[P1], 403, "ForbiddenException", FORBIDDEN);
    let finding = scene.finding();
    assert!(!names(&finding, Cause::DifferentEndpoint), "{finding:#?}");
    assert!(finding.evidence.concat().contains("at the same addresses"), "{finding:#?}");
}

#[test]
fn a_public_address_beside_the_endpoints_is_told_of_a_path_that_works() {
    for ips in [["3.80.1.1", "10.0.1.10"], ["10.0.1.10", "3.80.1.1"]] {
        let finding = healthy().at_addresses(&[P1], &ips).shows(Cause::PublicAddresses, &[P1]);
        let evidence = finding.evidence.concat();
        assert!(evidence.contains("none that an endpoint has: 3.80.1.1"), "{finding:#?}");
        assert!(!evidence.contains("none that an endpoint has: 3.80.1.1, 10.0.1.10"), "{finding:#?}");
    }
}

#[test]
fn public_addresses_at_which_the_gateway_answers_to_the_endpoints_own_name_are_the_endpoints() {
    let ips = ["203.0.113.10", "3.80.1.1"];
    assert_eq!(healthy().at_addresses(&ALL, &ips).findings(), []);
    let denied = healthy().at_addresses(&ALL, &ips).error(&ALL, 403, "AccessDeniedException", DENIED);
    is_certain(&denied.shows(Cause::ResourcePolicyExplicitDeny, &ALL));
    // whoever else answers there may be anybody
    let foreign = healthy().at_addresses(&ALL, &ips).answers(&ALL, 200, &[("Server", "nginx")], "hello");
    assert!(foreign.findings().iter().any(|(cause, _)| *cause == Cause::PublicAddresses));
    // and what only the API's own name leads to may be the Internet
    healthy().at_addresses(&[P1], &ips).shows(Cause::PublicAddresses, &[P1]);
}

#[test]
fn a_dead_address_that_is_not_the_endpoints_has_no_network_acl_of_its_own() {
    let strange = healthy().dead(&[P1], "10.9.1.10", TcpFault::Refused).shows(Cause::OneAddressDown, &[P1]);
    assert_eq!(strange.alternatives, [Cause::DifferentEndpoint]);
    assert!(strange.evidence.concat().contains("leads to 10.9.1.10, the endpoint's own name does not"));
    assert!(strange.fix.concat().contains("hosts") && !strange.fix.concat().contains("ACL"), "{strange:#?}");
    let own = healthy().dead(&[P1], "10.0.2.10", TcpFault::Refused).finding();
    assert!(own.alternatives.is_empty() && own.fix.concat().contains("ACL") && !own.fix.concat().contains("hosts"));
    let public = healthy().at_addresses(&[P1], &["10.0.1.10", "3.80.1.1"]).dead(&[P1], "3.80.1.1", TcpFault::Refused);
    assert_eq!(public.shows(Cause::OneAddressDown, &[P1]).alternatives, [Cause::PublicAddresses]);
    // one of each
    let scene = healthy().dead(&[P1], "10.9.1.10", TcpFault::Refused).dead(&ALL, "10.0.2.10", TcpFault::Refused);
    let both = scene.shows(Cause::OneAddressDown, &ALL);
    assert!(both.fix.concat().contains("hosts") && both.fix.concat().contains("ACL"), "{both:#?}");
}

const FORBIDDEN: &str = "{\"message\":\"Forbidden\"}";
const MISSING_TOKEN: &str = "{\"message\":\"Missing Authentication Token\"}";
const DENIED: &str = "{\"Message\":\"User: anonymous is not authorized to perform: execute-api:Invoke on resource: \
                      arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/test/GET/pets with an explicit deny in a resource-based policy\"}";
