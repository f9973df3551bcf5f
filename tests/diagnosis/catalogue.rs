//! Can each fix be read and copied? A command is printed on a line of its own, so that it must end its step.

use apigw_probe::diagnosis::Cause;
use apigw_probe::target::{Target, TargetInput};

/// What stands in backticks, with where it begins and ends.
fn codes(step: &str) -> Vec<(usize, usize, &str)> {
    let quotes: Vec<_> = step.match_indices('`').map(|(at, _)| at).collect();
    assert!(quotes.len().is_multiple_of(2), "{step}");
    quotes.chunks_exact(2).map(|pair| (pair[0], pair[1] + 1, &step[pair[0] + 1..pair[1]])).collect()
}

fn is_command(code: &str) -> bool {
    ["aws ", "curl ", "dig ", "nft ", "openssl ", "ping "].iter().any(|program| code.starts_with(program))
}

#[test]
fn each_command_ends_a_step_of_its_own() {
    for cause in Cause::ALL {
        for step in cause.fix(None) {
            let commands: Vec<_> = codes(&step).into_iter().filter(|(.., code)| is_command(code)).collect();
            assert!(commands.len() <= 1, "{cause}: {step}");
            for (from, to, _) in commands {
                let before = step[..from].trim_end();
                assert!(before.is_empty() || before.ends_with(':'), "{cause}: {step}");
                assert_eq!(to, step.len(), "{cause}: {step}");
            }
        }
    }
}

#[test]
fn a_private_custom_domain_name_is_asked_for_by_its_id_as_well() {
    let private = crate::round::Scene::with_domain().round.target;
    let public = crate::round::Scene::public("https://api.example.com/orders", None).round.target;
    for cause in [Cause::CustomDomainCertificate, Cause::BasePathUnmapped] {
        assert!(
            cause.fix(Some(&private)).concat().contains("--domain-name private.example.com --domain-name-id "),
            "{cause}"
        );
        let fix = cause.fix(Some(&public)).concat();
        assert!(fix.contains("--domain-name api.example.com ") && !fix.contains("--domain-name-id"), "{fix}");
    }
}

#[test]
fn no_command_maps_a_base_path_that_the_service_refuses() {
    let told = |domain: &str, public| {
        let url =
            if public { "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test" } else { crate::round::URL };
        let input = TargetInput { invoke_url: url, custom_domain: Some(domain), public, ..TargetInput::default() };
        let fix = Cause::BasePathUnmapped.fix(Some(&Target::parse(input).unwrap()));
        fix.into_iter().filter(|step| step.contains(" create-")).collect::<Vec<_>>().concat()
    };
    for public in [false, true] {
        assert!(told("api.example.com/orders", public).contains("apigateway create-base-path-mapping "));
        let root = told("api.example.com", public);
        assert!(root.contains("--base-path '(none)' ") && !root.contains("apigatewayv2"), "{root}");
    }
    // REST commands know one level; more are documented for Regional names
    let deep = told("api.example.com/orders/v1", true);
    assert!(
        deep.contains("aws apigatewayv2 create-api-mapping ") && deep.contains("--api-mapping-key orders/v1 "),
        "{deep}"
    );
    assert!(!deep.contains("create-base-path-mapping"), "{deep}");
    assert_eq!(told("private.example.com/orders/v1", false), "");
}

#[test]
fn a_root_is_given_only_where_it_is_what_is_missing() {
    use crate::round::{Scene, certificate, connected, phase};
    use apigw_probe::observation::{Certificate, TlsFailure, TlsFault};
    use apigw_probe::plan::AccessPath::CustomDomain;
    let fix = |fault| {
        let certificate = Certificate { sans: vec!["www.example.com".into()], ..certificate() };
        let failure = TlsFailure { certificate: Some(certificate), ..TlsFailure::of(fault) };
        let scene = Scene::with_domain()
            .on(&[CustomDomain], |seen| seen.attempts[0].tcp = connected(phase(Err(failure.clone()))));
        scene.shows(Cause::CustomDomainCertificate, &[CustomDomain]).fix.concat()
    };
    assert!(fix(TlsFault::UnknownIssuer).contains("--ca-file"));
    let (expired, other) = (fix(TlsFault::Expired), fix(TlsFault::WrongName));
    assert!(!expired.contains("--ca-file") && expired.contains("describe-certificate"), "{expired}");
    assert!(!other.contains("--ca-file") && other.contains("describe-certificate"), "{other}");
}

/// What to do first in a scene.
fn first_fix(scene: &crate::round::Scene) -> String {
    scene.diagnosis().findings[0].fix.concat()
}

#[test]
fn what_was_sent_already_is_not_to_be_sent() {
    use crate::round::{ALL, ENDPOINT, P3, P4, Scene, URL, healthy};
    let forbidden = |scene: Scene, paths: &[_]| {
        let scene = scene.error(paths, 403, "ForbiddenException", r#"{"message":"Forbidden"}"#);
        assert!([Cause::WrongHostHeader, Cause::WrongApiIdHeader].contains(&scene.finding().cause));
        first_fix(&scene)
    };
    for fix in [forbidden(healthy(), &[P3]), forbidden(healthy(), &[P4])] {
        assert!(!fix.contains("amazonaws.com.cn") && !fix.contains("send `"), "{fix}");
    }
    // in China under the wrong suffix it is the name that is wrong, and the right one is given
    let in_china = |text: &str| text.replace("us-east-1", "cn-northwest-1");
    let endpoint = in_china(ENDPOINT) + ".cn";
    let scene = Scene::of(&in_china(URL), Some(&endpoint)).nxdomain(&ALL[..2]);
    let fix = forbidden(scene, &[P3]);
    assert!(fix.contains("`a1bc234d5e.execute-api.cn-northwest-1.amazonaws.com.cn`"), "{fix}");
    assert!(!fix.contains("execute-api.cn-northwest-1.amazonaws.com`"), "{fix}");
}

#[test]
fn each_service_and_method_is_named_as_it_is_where_it_is() {
    let sts = |url: &str| {
        let target = Target::parse(TargetInput { invoke_url: url, ..TargetInput::default() }).unwrap();
        Cause::CredentialsMissing.fix(Some(&target)).concat()
    };
    let (here, china) =
        (sts(crate::round::URL), sts("https://a1bc234d5e.execute-api.cn-north-1.amazonaws.com.cn/test"));
    assert!(here.contains("`com.amazonaws.us-east-1.sts`") && !here.contains("`cn."), "{here}");
    assert!(china.contains("`cn.com.amazonaws.cn-north-1.sts`"), "{china}");

    let failing = crate::round::healthy().method("POST").error(
        &crate::round::ALL,
        500,
        "InternalServerErrorException",
        r#"{"message":"Internal server error"}"#,
    );
    assert!(first_fix(&failing).contains("--http-method POST"));
}

#[test]
fn a_refusing_address_is_looked_up() {
    use crate::round::{ALL, healthy};
    let refused = healthy().unconnected(&ALL, apigw_probe::observation::TcpFault::Refused);
    assert!(first_fix(&refused).contains("Values=10.0.1.10 "), "{refused:#?}");
}

#[test]
fn a_change_of_the_api_is_deployed() {
    let redeploys = |cause: Cause| cause.fix(None).concat().contains("create-deployment");
    for cause in [Cause::StrictAccessMode, Cause::DefaultEndpointDisabled, Cause::IamAuthNotEnforced] {
        assert!(redeploys(cause), "{cause}");
    }
}

#[test]
fn brackets_in_a_step_are_closed() {
    for cause in Cause::ALL {
        for step in cause.fix(None) {
            let count = |bracket: char| step.matches(bracket).count();
            assert_eq!(count('('), count(')'), "{cause}: {step}");
        }
    }
}
