//! Is what people really paste read as they mean it?

use apigw_probe::plan::{self, AccessPath, Missing, Request, plan};
use apigw_probe::target::{ApiId, Expectation, Target, TargetError, TargetInput};
use proptest::prelude::*;

const URL: &str = "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test";
const VPCE: &str = "vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com";
const ALIAS: &str = "a1bc234d5e-vpce-1a2b3c456d7e89012.execute-api.us-east-1.amazonaws.com";

fn read(url: &str, vpce: Option<&str>) -> Result<Target, TargetError> {
    Target::parse(TargetInput { invoke_url: url, vpce_dns_name: vpce, ..TargetInput::default() })
}

fn target(url: &str, vpce: Option<&str>) -> Target {
    read(url, vpce).unwrap_or_else(|error| panic!("{url} {vpce:?}: {error}"))
}

fn warnings(target: &Target) -> Vec<&'static str> {
    target.warnings.iter().map(apigw_probe::target::Warning::name).collect()
}

#[test]
fn the_two_strings_of_the_console_name_everything() {
    let target = target(URL, Some(VPCE));
    assert_eq!(target.api().unwrap().id.as_str(), "a1bc234d5e");
    assert_eq!(target.region().unwrap().as_str(), "us-east-1");
    assert_eq!(target.stage.as_deref(), Some("test"));
    assert_eq!(target.resource(), "/");
    assert_eq!(target.path_and_query, "/test");
    assert_eq!(target.vpce.as_ref().map(apigw_probe::target::VpceId::as_str), Some("vpce-1a2b3c456d7e89012"));
    assert_eq!(target.alias_name().unwrap().as_str(), ALIAS);
    assert_eq!(target.name, "a1bc234d5e-test");
    assert!(target.warnings.is_empty());
}

#[test]
fn every_form_of_the_url_means_the_same() {
    for url in [
        "a1bc234d5e.execute-api.us-east-1.amazonaws.com/test",
        "HTTPS://A1BC234D5E.Execute-API.US-EAST-1.AMAZONAWS.COM/test",
        "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com:443/test",
        "  https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test \n",
        "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com./test",
        "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test#anchor",
        "//a1bc234d5e.execute-api.us-east-1.amazonaws.com/test",
        "\u{201c}https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test\u{201d}",
        "\u{feff}https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test\u{200b}",
        "(https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test)",
    ] {
        let mut read = target(url, Some(VPCE));
        assert_eq!((read.path_and_query.as_str(), read.stage.as_deref()), ("/test", Some("test")), "{url}");
        read.invoke_url = URL.to_owned();
        assert_eq!(read, target(URL, Some(VPCE)), "{url}");
    }
}

#[test]
fn resource_path_and_query_are_kept_as_typed() {
    let target = target(&format!("{URL}/pets/%2f/7?b=2&a=1"), None);
    assert_eq!(target.path_and_query, "/test/pets/%2f/7?b=2&a=1");
    assert_eq!(target.resource(), "/pets/%2f/7");
    assert_eq!(self::target(&format!("{URL}/"), None).resource(), "/");
}

#[test]
fn a_url_without_a_stage_is_probed_with_a_warning() {
    for url in
        ["a1bc234d5e.execute-api.us-east-1.amazonaws.com", "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/"]
    {
        let target = target(url, None);
        assert_eq!((target.path_and_query.as_str(), target.stage.clone()), ("/", None));
        assert_eq!(warnings(&target), ["no-stage"]);
    }
}

#[test]
fn every_form_of_the_endpoint_name_means_the_same() {
    for name in [
        VPCE.to_owned(),
        format!("https://{VPCE}"),
        format!("https://{VPCE}/test"),
        format!("Z7HUB22UULQXV:{VPCE}"),
        format!("{VPCE} (Z7HUB22UULQXV)"),
        VPCE.to_uppercase(),
        format!("{VPCE}."),
        format!("\"{VPCE}\","),
        format!("<{VPCE}>"),
        format!("\u{2018}{VPCE}\u{2019}"),
    ] {
        let target = target(URL, Some(&name));
        assert_eq!(target.endpoint.as_ref().unwrap().name.as_str(), VPCE, "{name}");
        assert!(target.warnings.is_empty(), "{name}: {:?}", target.warnings);
    }
}

#[test]
fn a_wrong_endpoint_name_is_told_the_form_of_an_endpoints() {
    for name in [
        "vpce-1a2b3c456d7e89012-f3ghijkl.ec2.us-east-1.vpce.amazonaws.com",
        "*.execute-api.us-east-1.amazonaws.com",
        "10.0.1.10",
    ] {
        let Err(TargetError::NoEndpoint(given)) = read(URL, Some(name)) else { panic!("{name}") };
        assert_eq!(given, name);
    }
}

#[test]
fn only_a_number_is_taken_for_a_port() {
    for url in ["arn:aws:execute-api:us-east-1:111122223333:a1bc234d5e/test/GET/", "https://[::1]/test"] {
        assert!(matches!(read(url, None), Err(TargetError::UrlHost(_))), "{url}");
    }
    let odd = URL.replace(".com", ".com:8443");
    assert!(matches!(read(&odd, None), Err(TargetError::UrlPort(port)) if port == "8443"));
}

#[test]
fn a_zonal_name_gives_its_zone() {
    let zonal = "vpce-1a2b3c456d7e89012-f3ghijkl-us-east-1a.execute-api.us-east-1.vpce.amazonaws.com";
    let endpoint = target(URL, Some(zonal)).endpoint.unwrap();
    assert_eq!(endpoint.zone.unwrap().as_str(), "us-east-1a");
    assert_eq!(endpoint.name.as_str(), zonal);
}

#[test]
fn the_alias_gives_api_and_endpoint() {
    let from_url = target(&format!("https://{ALIAS}/test"), None);
    assert_eq!(from_url.invoke_name().as_str(), "a1bc234d5e.execute-api.us-east-1.amazonaws.com");
    assert_eq!(from_url.vpce.unwrap().as_str(), "vpce-1a2b3c456d7e89012");
    let from_name = target(URL, Some(ALIAS));
    assert_eq!(from_name.vpce.unwrap().as_str(), "vpce-1a2b3c456d7e89012");
    assert!(from_name.endpoint.is_none());
}

#[test]
fn an_endpoint_id_alone_is_enough_for_the_alias() {
    let with_id = |id| TargetInput { invoke_url: URL, vpce_id: Some(id), ..TargetInput::default() };
    let by_option = Target::parse(with_id("vpce-1a2b3c456d7e89012")).unwrap();
    assert_eq!(by_option.alias_name().unwrap().as_str(), ALIAS);
    assert_eq!(target(URL, Some("vpce-1a2b3c456d7e89012")).alias_name(), by_option.alias_name());
}

#[test]
fn a_path_without_its_input_says_which() {
    let lacks = |target: &Target, path| plan(target, path, &Request::default()).err();
    let bare = target(URL, None);
    assert_eq!(lacks(&bare, AccessPath::PrivateDns), None);
    assert_eq!(lacks(&bare, AccessPath::Route53Alias), Some(Missing::VpceId));
    assert_eq!(lacks(&bare, AccessPath::VpceHostHeader), Some(Missing::VpceDnsName));
    assert_eq!(lacks(&target(URL, Some(ALIAS)), AccessPath::VpceApiIdHeader), Some(Missing::VpceDnsName));
}

#[test]
fn contradictions_are_warnings_that_show_both_values() {
    let cases = [
        (URL, VPCE.replace("us-east-1", "eu-west-1"), "regions-differ", "us-east-1", "eu-west-1"),
        (URL, format!("{VPCE}.cn"), "suffixes-differ", "amazonaws.com", "amazonaws.com.cn"),
        (URL, ALIAS.replace("a1bc234d5e", "zzzzzzzzzz"), "alias-of-another-api", "a1bc234d5e", "zzzzzzzzzz"),
        (
            "https://a1bc234d5e.execute-api.cn-north-1.amazonaws.com/test",
            "vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.cn-north-1.vpce.amazonaws.com".to_owned(),
            "suffix-of-another-partition",
            "amazonaws.com",
            "amazonaws.com.cn",
        ),
    ];
    for (url, vpce, name, one, other) in cases {
        let target = target(url, Some(&vpce));
        let warning = target.warnings.iter().find(|warning| warning.name() == name);
        let text = warning.unwrap_or_else(|| panic!("{name} in {:?}", target.warnings)).to_string();
        assert!(text.contains(one) && text.contains(other), "{text}");
    }
}

#[test]
fn two_endpoints_are_a_warning() {
    let other = ALIAS.replace("1a2b3c456d7e89012", "0d4d61b31cecd49fc");
    let target = target(&format!("https://{other}/test"), Some(VPCE));
    assert_eq!(warnings(&target), ["endpoints-differ"]);
    assert_eq!(target.vpce.unwrap().as_str(), "vpce-1a2b3c456d7e89012");
}

#[test]
fn every_other_endpoint_is_told() {
    let alias = ALIAS.replace("1a2b3c456d7e89012", "0d4d61b31cecd49fc");
    let url = format!("https://{alias}/test");
    let vpce_id = Some("vpce-0e5e72c42dfde50ad");
    let input = TargetInput { invoke_url: &url, vpce_dns_name: Some(VPCE), vpce_id, ..TargetInput::default() };
    assert_eq!(warnings(&Target::parse(input).unwrap()), ["endpoints-differ", "endpoints-differ"]);
}

#[test]
fn ids_of_unusual_length_are_warnings() {
    let url = "https://a1b2c3.execute-api.us-east-1.amazonaws.com/test";
    assert_eq!(warnings(&target(url, Some("vpce-123"))), ["unusual-vpce-id", "unusual-api-id"]);
    assert!(warnings(&target(URL, Some("vpce-1a2b3c4d"))).is_empty(), "the old form has eight digits");
}

#[test]
fn every_partition_is_known() {
    for (region, suffix, partition) in [
        ("eu-west-1", "amazonaws.com", "aws"),
        ("cn-northwest-1", "amazonaws.com.cn", "aws-cn"),
        ("us-gov-west-1", "amazonaws.com", "aws-us-gov"),
        ("eusc-de-east-1", "amazonaws.eu", "aws-eusc"),
        ("us-iso-east-1", "c2s.ic.gov", "aws-iso"),
        ("us-isob-east-1", "sc2s.sgov.gov", "aws-iso-b"),
        ("eu-isoe-west-1", "cloud.adc-e.uk", "aws-iso-e"),
        ("us-isof-south-1", "csp.hci.ic.gov", "aws-iso-f"),
    ] {
        let url = format!("https://a1bc234d5e.execute-api.{region}.{suffix}/test");
        let vpce = format!("vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.{region}.vpce.{suffix}");
        let target = target(&url, Some(&vpce));
        assert_eq!(target.partition(), partition);
        assert!(target.warnings.is_empty(), "{:?}", target.warnings);
    }
}

#[test]
fn what_cannot_be_read_is_an_error_of_its_kind() {
    let error = |url: &str| read(url, None).unwrap_err();
    assert_eq!(error(""), TargetError::UrlEmpty);
    assert_eq!(error(&"x".repeat(1 << 20)), TargetError::UrlLength(1 << 20));
    assert!(matches!(error("ftp://a1bc234d5e.execute-api.us-east-1.amazonaws.com/"), TargetError::UrlScheme(_)));
    assert!(matches!(error("https://a1bc234d5e.execute-api.us-east-1.amazonaws.com:8443/"), TargetError::UrlPort(_)));
    assert!(matches!(error(&format!("{URL}/a b")), TargetError::UrlCharacter(' ', 61, _)));
    assert!(matches!(error(&format!("{URL}/é")), TargetError::UrlCharacter('é', 60, encoded) if encoded == "%C3%A9"));
    assert!(matches!(error(&format!("https://{VPCE}/test")), TargetError::EndpointAsUrl(_)));
    assert!(matches!(error("https://example.com/test"), TargetError::UrlDomain(_)));
    assert!(matches!(error("https://d-tsvr8qjugg.execute-api.us-east-1.amazonaws.com/"), TargetError::UrlHost(_)));
    assert!(matches!(error("https://a1bc234d5e.execute-api.us-east-1.amazonaws.con/test"), TargetError::UrlHost(_)));
    let endpoint = |name: &str| read(URL, Some(name)).unwrap_err();
    assert!(matches!(endpoint("a1bc234d5e.execute-api.us-east-1.amazonaws.com"), TargetError::ApiAsEndpoint(_)));
    assert!(matches!(endpoint(&VPCE.replace(".vpce", "")), TargetError::Endpoint(_)));
    assert!(matches!(endpoint("vpc-123"), TargetError::Endpoint(_)));
}

#[test]
fn credentials_in_a_url_are_refused_and_not_repeated() {
    let error = read("https://user:hunter2@a1bc234d5e.execute-api.us-east-1.amazonaws.com/test", None).unwrap_err();
    assert_eq!(error, TargetError::UrlUserinfo);
    assert!(!error.to_string().contains("hunter2"));
}

#[test]
fn a_presigned_url_is_refused_and_not_repeated() {
    for (query, name) in [
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ASIAhunter2&X-Amz-Signature=hunter2", "X-Amz-Signature"),
        ("a=1&x-amz-security-token=hunter2", "X-Amz-Security-Token"),
        ("X%2DAmz%2dCREDENTIAL=hunter2", "X-Amz-Credential"),
        ("X-Amz-Signature=hunter2&next=ftp://hunter2", "X-Amz-Signature"),
        ("X-Amz-Signature=hunter2 hunter2", "X-Amz-Signature"),
    ] {
        for url in [URL, "a1bc234d5e.execute-api.us-east-1.amazonaws.com", "ftp://hunter2.test:9/x"] {
            let error = read(&format!("{url}?{query}"), Some(VPCE)).unwrap_err();
            assert_eq!(error, TargetError::UrlCredential(name));
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
    let harmless = format!("{URL}/X-Amz-Signature=1?X-Amz-Date=1&signature=2");
    assert!(target(&harmless, Some(VPCE)).path_and_query.ends_with("X-Amz-Date=1&signature=2"));
}

#[test]
fn a_url_in_the_query_is_no_scheme() {
    let read = target("a1bc234d5e.execute-api.us-east-1.amazonaws.com/test?next=ftp://x", None);
    assert_eq!(read.path_and_query, "/test?next=ftp://x");
}

#[test]
fn dial_name_sni_and_host_are_three_values() {
    let target = target(URL, Some(VPCE));
    let row = |path| {
        let plan = plan(&target, path, &Request::default()).unwrap();
        assert_eq!(plan.dial, plan.sni);
        let extra = plan.headers.iter().map(|header| format!("{}: {}", header.name, header.value)).collect::<Vec<_>>();
        (plan.dial.to_string(), plan.host.to_string(), extra)
    };
    let invoke = "a1bc234d5e.execute-api.us-east-1.amazonaws.com".to_owned();
    assert_eq!(row(AccessPath::PrivateDns), (invoke.clone(), invoke.clone(), vec![]));
    assert_eq!(row(AccessPath::Route53Alias), (ALIAS.into(), ALIAS.into(), vec![]));
    assert_eq!(row(AccessPath::VpceHostHeader), (VPCE.into(), invoke, vec![]));
    assert_eq!(row(AccessPath::VpceApiIdHeader), (VPCE.into(), VPCE.into(), vec!["x-apigw-api-id: a1bc234d5e".into()]));
}

#[test]
fn a_base_path_stands_in_the_place_of_the_stage() {
    let request = |url: &str, domain: &str| {
        let input = TargetInput {
            invoke_url: url,
            vpce_dns_name: Some(VPCE),
            custom_domain: Some(domain),
            ..TargetInput::default()
        };
        let target = Target::parse(input).unwrap();
        let plans = [AccessPath::CustomDomain, AccessPath::VpceCustomDomain]
            .map(|path| plan(&target, path, &Request::default()).unwrap());
        for plan in &plans {
            assert_eq!((plan.host.as_str(), plan.headers.len()), ("private.example.com", 0));
            assert_eq!(plan.dial, plan.sni);
        }
        assert_eq!(plans[1].dial.as_str(), VPCE);
        assert_eq!(plans[0].path_and_query, plans[1].path_and_query);
        plans[0].url()
    };
    for (url, domain, expected) in [
        (URL, "private.example.com", "https://private.example.com/"),
        (URL, " <https://Private.Example.com./> ", "https://private.example.com/"),
        (URL, "private.example.com:443/a/b/", "https://private.example.com/a/b"),
        (&format!("{URL}/pets/?x=1"), "https://private.example.com", "https://private.example.com/pets/?x=1"),
        (&format!("{URL}/pets?x=1"), "private.example.com/base", "https://private.example.com/base/pets?x=1"),
        (&format!("{URL}?x=1"), "private.example.com/base", "https://private.example.com/base?x=1"),
    ] {
        assert_eq!(request(url, domain), expected);
    }
    let error = |domain: &str| {
        let input = TargetInput { invoke_url: URL, custom_domain: Some(domain), ..TargetInput::default() };
        Target::parse(input).unwrap_err()
    };
    for wrong in [
        "",
        "private",
        "*.example.com",
        "http://private.example.com",
        "private.example.com:8443",
        "a.b/c?d",
        "10.0.0.1/a",
    ] {
        assert!(matches!(error(wrong), TargetError::CustomDomain(_)), "{wrong}");
    }
    for own in [URL, VPCE, ALIAS, "d-tsvr8qjugg.execute-api.us-east-1.amazonaws.com/a"] {
        assert!(matches!(error(own), TargetError::ApiAsDomain(_)), "{own}");
    }
    assert!(
        matches!(error("api.example.com/órd"), TargetError::DomainCharacter('ó', 16, encoded) if encoded == "%C3%B3")
    );
}

#[test]
fn a_public_api_has_one_path_and_may_be_named_by_its_domain() {
    let public = |url, vpce_dns_name, region| {
        Target::parse(TargetInput { invoke_url: url, public: true, vpce_dns_name, region, ..TargetInput::default() })
    };
    let rows =
        |target: &Target| plan::rows(target, &[false], |_| false).iter().map(ToString::to_string).collect::<Vec<_>>();
    let own = public("https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/", None, None).unwrap();
    assert_eq!((rows(&own), warnings(&own), own.resource()), (vec!["public".to_owned()], vec![], "/"));
    let beside = public(URL, Some(VPCE), None).unwrap();
    assert_eq!(rows(&beside).len(), 5);
    let domain = public("https://api.example.com/base/pets?x=1", None, Some("eu-west-1")).unwrap();
    let plan = plan(&domain, AccessPath::Public, &Request::default()).unwrap();
    assert_eq!(
        (rows(&domain), plan.url()),
        (vec!["public".to_owned()], "https://api.example.com/base/pets?x=1".into())
    );
    assert_eq!((domain.api(), domain.region_word(), domain.name.as_str()), (None, "eu-west-1", "api.example.com"));
    let of_endpoint = public("api.example.com", Some(VPCE), None).unwrap();
    assert_eq!((of_endpoint.region_word(), rows(&of_endpoint).len()), ("us-east-1", 1));
    assert!(matches!(public(URL, None, Some("eu-west-1")), Err(TargetError::RegionOfUrl { .. })));
    assert!(matches!(public("api.example.com", None, Some("here")), Err(TargetError::Region(_))));
    for address in ["https://1.2.3.4", "1.2.3.4/x", "localhost"] {
        assert!(matches!(public(address, None, None), Err(TargetError::UrlNoDomain(_))), "{address}");
    }
    assert!(matches!(
        public("d-tsvr8qjugg.execute-api.us-east-1.amazonaws.com", None, None),
        Err(TargetError::UrlHost(_))
    ));
}

#[test]
fn what_a_path_lacks_is_one_thing() {
    let bare = target(URL, Some(VPCE));
    let lacks = |target: &Target, path| plan(target, path, &Request::default()).err();
    assert_eq!(lacks(&bare, AccessPath::CustomDomain), Some(Missing::CustomDomain));
    assert_eq!(lacks(&bare, AccessPath::Public), Some(Missing::Public));
    let input = TargetInput { invoke_url: "api.example.com", public: true, ..TargetInput::default() };
    assert_eq!(lacks(&Target::parse(input).unwrap(), AccessPath::PrivateDns), Some(Missing::ApiId));
    let asked = plan::rows(&bare, &[false], |path| path == AccessPath::CustomDomain);
    assert_eq!((asked.len(), plan::rows(&bare, &[false], |_| false).len()), (5, 4));
}

#[test]
fn zonal_names_are_read_in_any_form_and_one_for_each_zone() {
    let zonal = |zone: &str| VPCE.replacen("f3ghijkl.", &format!("f3ghijkl-{zone}."), 1);
    let read = |names: &[&str]| {
        Target::parse(TargetInput { invoke_url: URL, zonal_dns_names: names.to_vec(), ..TargetInput::default() })
    };
    let (a, b) = (zonal("us-east-1a"), format!("Z7HUB22UULQXV:{}", zonal("us-east-1b")));
    let target = read(&[&a, &b, &a]).unwrap();
    let zones: Vec<_> = target.zonal.iter().map(|zonal| zonal.zone.as_str()).collect();
    assert_eq!(zones, ["us-east-1a", "us-east-1b"]);
    assert_eq!(target.vpce.as_ref().map(ToString::to_string).as_deref(), Some("vpce-1a2b3c456d7e89012"));
    let rows: Vec<_> = plan::rows(&target, &[false], |_| false).iter().map(ToString::to_string).collect();
    assert_eq!(rows[2..5], ["vpce-host-header", "vpce-host-header us-east-1a", "vpce-host-header us-east-1b"]);
    let other = a.replace("f3ghijkl", "z9zzzzzz");
    assert!(matches!(read(&[&a, &other]), Err(TargetError::ZoneTwice(..))));
    for wrong in [VPCE, ALIAS, "vpce-1a2b3c456d7e89012", "us-east-1a", "foo.example.com", "-.x"] {
        assert!(matches!(read(&[wrong]), Err(TargetError::NoZone(_))), "{wrong}");
    }
    assert!(matches!(read(&[&zonal("eu-west-1a")]), Err(TargetError::Zonal(_))));
}

proptest! {
    #[test]
    fn another_id_is_of_the_usual_form_and_never_the_same(id in "[0-9a-z]{10}", number in any::<u64>()) {
        let own = ApiId::parse(&id).unwrap();
        let other = own.other_than(number);
        prop_assert!(other != own && other.is_usual());
        prop_assert_eq!(ApiId::parse(other.as_str()).unwrap(), other.clone());
        prop_assert!(other.other_than(number) != other);
    }

    #[test]
    fn no_input_panics_and_errors_are_one_printable_line(url in any::<String>(), vpce in proptest::option::of(any::<String>())) {
        if let Err(error) = read(&url, vpce.as_deref()) {
            let text = error.to_string();
            prop_assert!(text.chars().all(|c| !c.is_control()), "{text:?}");
        }
    }

    #[test]
    fn a_target_reads_back_from_its_own_words(api in "[a-z0-9]{4,20}", vpce in "[0-9a-f]{8,17}", label in "[a-z0-9]{8}", path in "(/[A-Za-z0-9._~%-]{1,8}){0,4}") {
        let url = format!("https://{api}.execute-api.eu-west-1.amazonaws.com{path}");
        let name = format!("vpce-{vpce}-{label}.execute-api.eu-west-1.vpce.amazonaws.com");
        let once = target(&url, Some(&name));
        let twice = Target::parse(TargetInput {
            invoke_url: &once.invoke_url,
            vpce_dns_name: once.vpce_dns_name.as_deref(),
            vpce_id: once.vpce.as_ref().map(apigw_probe::target::VpceId::as_str),
            zonal_dns_names: Vec::new(),
            public: false,
            region: None,
            custom_domain: None,
            name: Some(&once.name),
            expect: Expectation::default(),
        }).unwrap();
        prop_assert_eq!(once, twice);
    }
}
