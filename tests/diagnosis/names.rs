//! Names and addresses: rows N1 to N19 of the fact tables, each broken by itself.

use crate::round::{ALL, ENDPOINT, P1, P2, P3, P4, Scene, URL, healthy, names};
use apigw_probe::diagnosis::{Cause, Confidence, Owner};
use apigw_probe::observation::{DnsFault, Intent, Mismatches, NameSource, QueryOutcome, TcpFault};
use apigw_probe::plan::AccessPath;
use apigw_probe::target::HostName;

#[test]
fn nothing_is_said_of_a_healthy_round() {
    assert_eq!(healthy().findings(), []);
}

#[test]
fn private_dns_is_off() {
    let finding = healthy().nxdomain(&[P1]).shows(Cause::PrivateDnsDisabled, &[P1]);
    assert_eq!(finding.confidence, Confidence::Likely);
    assert_eq!(finding.owner, Owner::AccountA);
    assert_eq!(finding.alternatives, [Cause::DnsNotForwarded]);
}

#[test]
fn private_dns_is_off_and_the_vpc_resolver_says_so_too() {
    let scene = healthy().nxdomain(&[P1]).second_opinion(&[P1], Err(DnsFault::NxDomain));
    assert_eq!(scene.shows(Cause::PrivateDnsDisabled, &[P1]).alternatives, []);
}

#[test]
fn silence_of_the_vpc_resolver_proves_nothing() {
    let scene = healthy().nxdomain(&[P1]).second_opinion(&[P1], Err(DnsFault::Timeout));
    assert!(names(&scene.shows(Cause::PrivateDnsDisabled, &[P1]), Cause::DnsNotForwarded));
}

#[test]
fn private_dns_is_off_and_the_public_record_answers_403() {
    let scene = healthy().at_addresses(&[P1], &["52.94.1.1"]).error(
        &[P1],
        403,
        "AccessDeniedException",
        &anonymous("because no resource-based policy allows the execute-api:Invoke action"),
    );
    let finding = scene.shows(Cause::PrivateDnsDisabled, &[P1]);
    for cause in [Cause::PublicAddresses, Cause::PrivateApiViaInternet, Cause::ResourcePolicyImplicitDeny] {
        assert!(names(&finding, cause), "{cause}: {finding:#?}");
    }
}

#[test]
fn private_dns_is_off_and_the_public_record_is_silent() {
    let scene = healthy().at_addresses(&[P1], &["52.94.1.1"]).unconnected(&[P1], TcpFault::Timeout);
    scene.shows(Cause::PrivateDnsDisabled, &[P1]);
}

#[test]
fn private_dns_is_off_and_the_api_is_not_associated() {
    let findings = healthy().nxdomain(&[P1, P2]).findings();
    assert_eq!(findings, [(Cause::PrivateDnsDisabled, vec![P1]), (Cause::VpceNotAssociated, vec![P2])]);
}

#[test]
fn replies_that_do_not_fit_are_a_failure_of_the_server_and_counted() {
    let scene = healthy().nameless(&ALL, DnsFault::Malformed).asked(&ALL, QueryOutcome::Mismatched);
    let scene = scene.on(&[P1], |seen| seen.lookup.queries[0].mismatches = Mismatches { ids: 3, questions: 41 });
    let finding = scene.shows(Cause::DnsServerFailure, &ALL);
    let evidence = finding.evidence.concat();
    assert!(["10.0.0.2", "41", "3"].iter().all(|part| evidence.contains(part)), "{finding:#?}");
}

#[test]
fn resolver_settings_that_only_other_programs_follow_are_named_once() {
    let mut scene = healthy().nxdomain(&[P1, P2]);
    scene.round.environment.unfollowed_resolver_options = vec!["rotate".to_owned(), "RES_OPTIONS".to_owned()];
    scene.round.environment.ignored_dns_servers = vec!["10.0.0.9\r".to_owned()];
    let findings = scene.diagnosis().findings;
    assert_eq!(findings.len(), 2);
    for finding in findings {
        for part in ["rotate, RES_OPTIONS", "10.0.0.9\\r"] {
            assert_eq!(finding.evidence.iter().filter(|text| text.contains(part)).count(), 1, "{finding:#?}");
        }
    }
    let mut resolving = healthy().unconnected(&ALL, TcpFault::Timeout);
    resolving.round.environment.unfollowed_resolver_options = vec!["rotate".to_owned()];
    assert!(!resolving.finding().evidence.concat().contains("rotate"), "names are not what fails");
}

#[test]
fn an_alias_of_a_name_that_does_not_exist_is_a_stale_record() {
    let leading = |scene: Scene, target: &str| {
        scene.on(&[P1], |seen| seen.lookup.cnames = vec![HostName::parse(target).unwrap()])
    };
    let old = "vpce-0dead0000beef0001-abcdefgh.execute-api.us-east-1.vpce.amazonaws.com";
    for target in [old, "other.example.com"] {
        let finding = leading(healthy().nxdomain(&[P1]), target).shows(Cause::DifferentEndpoint, &[P1]);
        assert_eq!(finding.alternatives, [Cause::DnsNotForwarded]);
        assert!(finding.evidence.concat().contains(target), "{finding:#?}");
        assert!(!finding.fix.concat().contains("--private-dns-enabled"), "{finding:#?}");
        assert!(!finding.fix.concat().contains("describe-network-interfaces"), "{finding:#?}");
    }
    let beside = leading(healthy().nxdomain(&[P1, P2]), old).findings();
    assert_eq!(beside, [(Cause::DifferentEndpoint, vec![P1]), (Cause::VpceNotAssociated, vec![P2])]);
}

#[test]
fn a_custom_domain_names_stale_record_is_told() {
    let path = AccessPath::CustomDomain;
    let scene = Scene::with_domain().nxdomain(&[path]).on(&[path], |seen| {
        seen.lookup.cnames = vec![HostName::parse("old.example.com").unwrap()];
    });
    let finding = scene.shows(Cause::CustomDomainNotResolved, &[path]);
    assert!(finding.evidence.concat().contains("old.example.com"), "{finding:#?}");
}

#[test]
fn an_alias_that_aws_makes_or_of_a_name_that_a_path_dials_is_no_stale_record() {
    let leading = |scene: Scene, target: &str| {
        scene.on(&[P1], |seen| seen.lookup.cnames = vec![HostName::parse(target).unwrap()])
    };
    let own = leading(healthy().nxdomain(&[P1]), "execute-api.us-east-1.amazonaws.com");
    own.shows(Cause::PrivateDnsDisabled, &[P1]);
    leading(healthy().nxdomain(&ALL), ENDPOINT).shows(Cause::EndpointDeleted, &ALL);
    // what has no address may be filtered
    let empty = leading(healthy().nameless(&[P1], DnsFault::NoData), "other.example.com");
    empty.shows(Cause::PrivateDnsDisabled, &[P1]);
}

#[test]
fn the_alias_alone_is_missing() {
    let finding = healthy().nxdomain(&[P2]).shows(Cause::VpceNotAssociated, &[P2]);
    assert_eq!((finding.owner, finding.confidence), (Owner::AccountB, Confidence::Likely));
    assert!(finding.fix.concat().contains("vpce-1a2b3c456d7e89012"));
}

#[test]
fn a_custom_server_does_not_forward() {
    let scene = healthy().nxdomain(&[P1]).second_opinion(&[P1], Ok(&["10.0.1.10", "10.0.2.10"]));
    scene.shows(Cause::DnsNotForwarded, &[P1]);
}

#[test]
fn a_custom_server_that_finds_public_addresses_does_not_forward() {
    let scene = healthy()
        .at_addresses(&[P1], &["52.94.1.1"])
        .unconnected(&[P1], TcpFault::Timeout)
        .second_opinion(&[P1], Ok(&["10.0.1.10"]));
    scene.shows(Cause::DnsNotForwarded, &[P1]);
}

#[test]
fn a_custom_server_without_recursion_knows_none_of_the_names() {
    let scene = healthy().nxdomain(&ALL).second_opinion(&ALL, Ok(&["10.0.1.10"]));
    scene.shows(Cause::DnsNotForwarded, &ALL);
}

#[test]
fn a_resolver_drops_private_addresses() {
    let scene = healthy().nameless(&[P2, P3, P4], DnsFault::NoData);
    assert!(scene.shows(Cause::DnsRebindingProtection, &[P2, P3, P4]).confidence < Confidence::Certain);
}

#[test]
fn a_resolver_drops_private_addresses_of_all_names() {
    healthy().nameless(&ALL, DnsFault::NoData).shows(Cause::DnsRebindingProtection, &ALL);
}

#[test]
fn a_resolver_drops_private_addresses_of_public_names_alone() {
    let only = |paths: &[_]| healthy().nameless(paths, DnsFault::NoData);
    let finding = only(&[P3, P4]).shows(Cause::DnsRebindingProtection, &[P3, P4]);
    assert!(names(&finding, Cause::WrongEndpointName) && finding.confidence < Confidence::Certain, "{finding:#?}");
    // a name that does not exist is another matter
    healthy().nxdomain(&[P3, P4]).shows(Cause::WrongEndpointName, &[P3, P4]);
}

#[test]
fn an_empty_alias_beside_an_endpoint_that_resolves_is_no_rebinding_protection() {
    healthy().nameless(&[P2], DnsFault::NoData).shows(Cause::VpceNotAssociated, &[P2]);
}

#[test]
fn rebinding_protection_and_private_dns_off_are_two() {
    let scene = healthy().nameless(&[P2, P3, P4], DnsFault::NoData).nxdomain(&[P1]);
    let findings = scene.findings();
    assert_eq!(
        findings.iter().map(|(cause, _)| *cause).collect::<Vec<_>>(),
        [Cause::DnsRebindingProtection, Cause::PrivateDnsDisabled]
    );
}

#[test]
fn the_api_id_is_wrong_with_private_dns_off() {
    let scene = healthy().nxdomain(&[P1, P2]).error(&[P3, P4], 403, "ForbiddenException", FORBIDDEN);
    let finding = scene.shows(Cause::WrongApiId, &ALL);
    for cause in [Cause::PrivateDnsDisabled, Cause::VpceNotAssociated, Cause::MissingStage, Cause::ApiKeyMissing] {
        assert!(names(&finding, cause), "{cause}");
    }
    assert!(finding.confidence < Confidence::Certain);
}

#[test]
fn the_api_id_is_wrong_with_private_dns_on() {
    let finding = healthy().error(&ALL, 403, "ForbiddenException", FORBIDDEN).finding();
    assert!(names(&finding, Cause::WrongApiId));
    assert_eq!(finding.confidence, Confidence::Possible);
}

#[test]
fn an_alias_that_exists_without_private_dns_rules_a_wrong_api_id_out() {
    let scene = healthy().nxdomain(&[P1]).error(&[P2, P3, P4], 403, "ForbiddenException", FORBIDDEN);
    let diagnosis = scene.diagnosis();
    assert!(diagnosis.findings.iter().all(|finding| !names(finding, Cause::WrongApiId)), "{diagnosis:#?}");
    assert_eq!(scene.findings()[0].0, Cause::PrivateDnsDisabled);
}

#[test]
fn the_endpoints_name_is_mistyped() {
    healthy().nxdomain(&[P3, P4]).shows(Cause::WrongEndpointName, &[P3, P4]);
}

#[test]
fn the_endpoints_id_is_mistyped() {
    let finding = healthy().nxdomain(&[P2, P3, P4]).shows(Cause::WrongEndpointName, &[P2, P3, P4]);
    assert!(names(&finding, Cause::EndpointDeleted));
    assert!(names(&finding, Cause::DnsRebindingProtection));
}

#[test]
fn the_endpoints_name_is_mistyped_and_private_dns_off() {
    let findings = healthy().nxdomain(&[P1, P3, P4]).findings();
    assert_eq!(findings, [(Cause::PrivateDnsDisabled, vec![P1]), (Cause::WrongEndpointName, vec![P3, P4])]);
}

#[test]
fn url_and_endpoint_are_of_two_regions() {
    let endpoint = "vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.eu-west-1.vpce.amazonaws.com";
    let scene =
        Scene::of(URL, Some(endpoint)).nxdomain(&[P1, P2]).error(&[P3, P4], 403, "ForbiddenException", FORBIDDEN);
    assert_eq!(scene.shows(Cause::WrongRegion, &ALL).confidence, Confidence::Likely);
}

#[test]
fn the_suffix_is_of_another_partition() {
    let url = "https://3i95y1yx06.execute-api.cn-northwest-1.amazonaws.com/test";
    let endpoint = "vpce-0d4d61b31cecd49fc-rsnonbkv.execute-api.cn-northwest-1.vpce.amazonaws.com.cn";
    let scene = Scene::of(url, Some(endpoint)).nxdomain(&[P1, P2]).error(&[P3], 403, "ForbiddenException", FORBIDDEN);
    scene.shows(Cause::WrongHostHeader, &[P1, P2, P3]);
}

#[test]
fn the_alias_is_of_another_api() {
    let alias = "b9zz9zzz9z-vpce-1a2b3c456d7e89012.execute-api.us-east-1.amazonaws.com";
    let scene = Scene::of(URL, Some(alias)).nxdomain(&[P1, P2]);
    scene.shows(Cause::WrongApiId, &[P1, P2]);
}

#[test]
fn nothing_of_the_endpoint_is_left() {
    let finding = healthy().nxdomain(&ALL).shows(Cause::EndpointDeleted, &ALL);
    assert_eq!(finding.confidence, Confidence::Possible);
    assert!(names(&finding, Cause::DnsNotForwarded));
}

#[test]
fn the_endpoint_is_gone_and_its_api_has_a_public_record() {
    let gone = || healthy().nxdomain(&[P2, P3, P4]).at_addresses(&[P1], &["52.94.1.1"]);
    let refusal = anonymous("because no resource-based policy allows the execute-api:Invoke action");
    for scene in [
        gone().unconnected(&[P1], TcpFault::Timeout),
        gone().error(&[P1], 403, "AccessDeniedException", &refusal),
        gone().error(&[P1], 403, "ForbiddenException", FORBIDDEN),
    ] {
        let finding = scene.shows(Cause::EndpointDeleted, &ALL);
        for cause in [Cause::WrongEndpointName, Cause::PrivateDnsDisabled, Cause::PublicAddresses] {
            assert!(names(&finding, cause), "{cause}: {finding:#?}");
        }
    }
}

#[test]
fn a_private_api_is_called_from_the_internet() {
    let scene = healthy().nxdomain(&[P1]).unconnected(&[P2, P3, P4], TcpFault::Timeout);
    let findings = scene.diagnosis().findings;
    let [finding] = findings.as_slice() else { panic!("{findings:#?}") };
    assert_eq!((finding.cause, finding.confidence), (Cause::PrivateApiViaInternet, Confidence::Possible));
    assert!(names(finding, Cause::PrivateDnsDisabled) && names(finding, Cause::ConnectTimeout), "{finding:#?}");
}

#[test]
fn only_the_invoke_url_is_known_and_does_not_resolve() {
    let finding = Scene::of(URL, None).nxdomain(&[P1]).shows(Cause::PrivateDnsDisabled, &[P1]);
    for cause in [Cause::WrongApiId, Cause::WrongRegion, Cause::DnsNotForwarded, Cause::PrivateApiViaInternet] {
        assert!(names(&finding, cause), "{cause}");
    }
}

#[test]
fn no_server_answers() {
    healthy().nameless(&ALL, DnsFault::Timeout).shows(Cause::DnsServerUnreachable, &ALL);
    healthy().nameless(&ALL, DnsFault::NoServer).shows(Cause::DnsServerUnreachable, &ALL);
}

#[test]
fn a_server_that_answers_for_another_name_is_there() {
    let scene = healthy()
        .asked(&[P1, P2], QueryOutcome::Answered)
        .nameless(&[P3, P4], DnsFault::Timeout)
        .asked(&[P3, P4], QueryOutcome::Timeout);
    let finding = scene.shows(Cause::DnsServerFailure, &[P3, P4]);
    assert_eq!(finding.alternatives, [Cause::DnsNotForwarded]);
    assert!(finding.evidence.concat().contains("10.0.0.2"), "{finding:#?}");
    let fix = finding.fix.concat();
    assert!(fix.contains(ENDPOINT) && fix.contains(" execute-api.us-east-1.vpce.amazonaws.com "), "{fix}");
}

#[test]
fn an_answer_of_another_round_or_server_does_not_show_that_a_server_is_there() {
    let scene = || {
        healthy()
            .asked(&[P1, P2], QueryOutcome::Answered)
            .nameless(&[P3, P4], DnsFault::Timeout)
            .asked(&[P3, P4], QueryOutcome::Timeout)
    };
    let old = scene().on(&[P1, P2], |seen| seen.lookup.queries[0].shared = true);
    old.shows(Cause::DnsServerUnreachable, &[P3, P4]);
    let other = scene().on(&[P1, P2], |seen| seen.lookup.queries[0].server.set_port(54));
    other.shows(Cause::DnsServerUnreachable, &[P3, P4]);
}

#[test]
fn the_server_fails() {
    for fault in [
        DnsFault::ServFail,
        DnsFault::Refused,
        DnsFault::Truncated,
        DnsFault::Malformed,
        DnsFault::CnameLoop,
        DnsFault::OtherRcode,
    ] {
        healthy().nameless(&ALL, fault).shows(Cause::DnsServerFailure, &ALL);
    }
}

#[test]
fn silence_for_one_name_is_told_from_failure_for_another() {
    let findings = healthy().nameless(&[P1], DnsFault::Timeout).nameless(&[P2], DnsFault::ServFail).findings();
    assert_eq!(findings, [(Cause::DnsServerUnreachable, vec![P1]), (Cause::DnsServerFailure, vec![P2])]);
}

#[test]
fn every_name_leads_to_the_internet() {
    let scene = healthy().at_addresses(&ALL, &["52.94.1.1"]).unconnected(&ALL, TcpFault::Timeout);
    let findings = scene.findings();
    assert_eq!(findings, [(Cause::PrivateDnsDisabled, vec![P1]), (Cause::PublicAddresses, vec![P2, P3, P4])]);
}

#[test]
fn a_success_over_public_addresses_is_remarked() {
    let finding = healthy().at_addresses(&[P1], &["52.94.1.1"]).shows(Cause::PublicAddresses, &[P1]);
    assert!(names(&finding, Cause::PublicApiViaVpce));
}

#[test]
fn a_public_alias_beside_private_names_is_no_matter_of_private_dns() {
    let finding = healthy().at_addresses(&[P2], &["3.80.1.1"]).shows(Cause::PublicAddresses, &[P2]);
    assert_eq!(finding.alternatives, []);
    let fix = finding.fix.concat();
    assert!(!fix.contains("private DNS"), "{fix}");
    assert!(fix.contains("dig @169.254.169.253 a1bc234d5e-vpce-1a2b3c456d7e89012."), "{fix}");
}

#[test]
fn loopback_counts_as_inside() {
    assert_eq!(healthy().at_addresses(&ALL, &["127.0.0.10", "127.0.0.11"]).findings(), []);
}

#[test]
fn the_names_lead_to_another_endpoint_which_the_policy_denies() {
    let scene = healthy().at_addresses(&[P1, P2], &["10.9.1.10"]).error(
        &[P1, P2],
        403,
        "AccessDeniedException",
        &anonymous("with an explicit deny in a resource-based policy"),
    );
    let finding = scene.shows(Cause::DifferentEndpoint, &[P1, P2]);
    assert_eq!(finding.alternatives, [Cause::ResourcePolicyExplicitDeny]);
    assert_eq!(finding.confidence, Confidence::Likely);
}

#[test]
fn the_endpoint_that_was_named_is_not_the_one_that_works() {
    let scene = healthy().at_addresses(&[P3, P4], &["10.9.1.10"]).error(
        &[P3, P4],
        403,
        "AccessDeniedException",
        &anonymous("with an explicit deny"),
    );
    let finding = scene.shows(Cause::DifferentEndpoint, &[P3, P4]);
    assert!(names(&finding, Cause::WrongEndpointName));
    assert!(names(&finding, Cause::ResourcePolicyExplicitDeny));
}

#[test]
fn a_stale_address_in_the_hosts_file_leads_elsewhere() {
    let scene = healthy()
        .at_addresses(&[P1], &["10.9.1.10"])
        .on(&[P1], |seen| seen.lookup.source = NameSource::Hosts)
        .unconnected(&[P1], TcpFault::Timeout);
    let finding = scene.shows(Cause::DifferentEndpoint, &[P1]);
    assert!(names(&finding, Cause::ConnectTimeout));
}

#[test]
fn other_addresses_are_no_finding_while_all_is_well() {
    assert_eq!(healthy().at_addresses(&[P1, P2], &["10.9.1.10"]).findings(), []);
}

#[test]
fn an_address_that_the_user_gave_is_no_other_endpoint() {
    let scene = healthy()
        .at_addresses(&[P1], &["10.9.1.10"])
        .on(&[P1], |seen| seen.lookup.source = NameSource::Literal)
        .unconnected(&[P1], TcpFault::Timeout);
    scene.shows(Cause::ConnectTimeout, &[P1]);
}

#[test]
fn one_zone_of_the_same_endpoint_is_not_another_endpoint() {
    let zonal = ENDPOINT.replace("f3ghijkl.", "f3ghijkl-us-east-1a.");
    let scene =
        Scene::of(URL, Some(&zonal)).at_addresses(&[P3, P4], &["10.0.1.10"]).unconnected(&[P3, P4], TcpFault::Timeout);
    assert!(scene.findings().iter().all(|(cause, _)| *cause != Cause::DifferentEndpoint));
}

#[test]
fn a_forbidden_path_without_a_name_needs_no_word() {
    assert_eq!(healthy().intent(P1, Intent::Forbidden).nxdomain(&[P1]).findings(), []);
}

#[test]
fn a_forbidden_path_still_speaks_for_the_others() {
    let scene = healthy().intent(P1, Intent::Forbidden).nxdomain(&[P1, P2]).error(
        &[P3, P4],
        403,
        "ForbiddenException",
        FORBIDDEN,
    );
    scene.shows(Cause::WrongApiId, &[P2, P3, P4]);
}

#[test]
fn a_forbidden_path_that_opens_is_a_finding() {
    let finding = healthy().intent(P1, Intent::Forbidden).shows(Cause::ForbiddenPathOpen, &[P1]);
    crate::round::is_certain(&finding);
}

#[test]
fn an_optional_path_is_explained_after_the_required_ones() {
    let scene = healthy().intent(P1, Intent::Optional).nxdomain(&[P1]).nxdomain(&[P2]);
    assert_eq!(scene.findings(), [(Cause::VpceNotAssociated, vec![P2]), (Cause::PrivateDnsDisabled, vec![P1])]);
}

fn anonymous(suffix: &str) -> String {
    format!(
        "{{\"Message\":\"User: anonymous is not authorized to perform: execute-api:Invoke on resource: \
         arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/test/GET/pets {suffix}\"}}"
    )
}

const FORBIDDEN: &str = "{\"message\":\"Forbidden\"}";

#[test]
fn inside_the_vpc_a_missing_private_name_and_a_closed_port_are_two_faults() {
    let scene = healthy()
        .nxdomain(&[P1])
        .second_opinion(&[P1], Err(DnsFault::NxDomain))
        .unconnected(&[P2, P3, P4], TcpFault::Timeout);
    assert_eq!(scene.findings(), [(Cause::PrivateDnsDisabled, vec![P1]), (Cause::ConnectTimeout, vec![P2, P3, P4])]);
}
