//! The inventory as read from metadata, EC2 and API Gateway that answer, refuse, are silent, or send something else.

use super::endpoints::{Asked, Endpoint};
use super::far_end::FarEnd;
use super::sts::{refused, taken};
use super::{Sts, fixed, net, role, variables};
use apigw_probe::aws::{AssumeRoleConfig, InventoryCollector};
use apigw_probe::probe::Net;
use apigw_probe::setup::{Fact, Ruling, Setup};
use apigw_probe::target::{Target, TargetInput};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt as _;

const VPCE: &str = "vpce-1a2b3c456d7e89012";

fn target() -> Target {
    Target::parse(TargetInput {
        invoke_url: "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test/pets",
        vpce_dns_name: Some("vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com"),
        ..TargetInput::default()
    })
    .unwrap()
}

/// What is seen by fixed keys where the environment says so.
async fn seen(target: Option<&Target>, pairs: &[(&str, &str)]) -> Setup {
    seen_over(&net(), target, pairs, None).await
}

async fn seen_over(
    net: &Net,
    target: Option<&Target>,
    pairs: &[(&str, &str)],
    account_b: Option<&AssumeRoleConfig>,
) -> Setup {
    let (env, base) = (variables(pairs), fixed());
    InventoryCollector { net, env: &env, target, region: None, base: &base, account_b }.run().await
}

/// What is seen of account B by the role that STS gives.
async fn seen_by_role(target: &Target, aws: &Endpoint, role: &AssumeRoleConfig) -> Setup {
    let sts = Sts::answering(|_| (200, reader())).await;
    seen_over(&sts.net, Some(target), &[("AWS_ENDPOINT_URL", aws.url.as_str())], Some(role)).await
}

/// What EC2 alone tells, of the target.
async fn by_ec2(url: &str) -> Setup {
    seen(Some(&target()), &[("AWS_ENDPOINT_URL_EC2", url)]).await
}

/// Instance metadata of an instance in the VPC.
async fn instance() -> Endpoint {
    Endpoint::answering(|asked| {
        let of = "GET /latest/meta-data/network/interfaces/macs/06:00:00:00:00:01/";
        let line = asked.line.as_str();
        let text = match line.strip_prefix(of).unwrap_or(line) {
            "PUT /latest/api/token" => "token",
            _ if !asked.head.contains("x-aws-ec2-metadata-token: token\r\n") => return (401, String::new()),
            "GET /latest/meta-data/mac" => "06:00:00:00:00:01",
            "GET /latest/meta-data/placement/region" => "us-east-1",
            "GET /latest/meta-data/placement/availability-zone" => "us-east-1a",
            "vpc-id" => "vpc-1",
            "subnet-id" => "subnet-1",
            "security-group-ids" => "sg-own\nsg-more",
            "vpc-ipv4-cidr-blocks" => "10.0.0.0/16\n10.1.0.0/16",
            "local-ipv4s" => "10.0.1.5",
            // this VPC has no IPv6
            _ => return (404, String::new()),
        };
        (200, text.to_owned())
    })
    .await
}

fn list(name: &str, items: &str) -> String {
    format!("<{name}>{items}</{name}>")
}

/// What EC2 says of an endpoint.
fn endpoint(id: &str) -> String {
    format!(
        "<item><vpcEndpointId>{id}</vpcEndpointId><vpcEndpointType>Interface</vpcEndpointType><vpcId>vpc-1</vpcId>\
         <serviceName>com.amazonaws.us-east-1.execute-api</serviceName><state>available</state>\
         <policyDocument>{{&quot;Statement&quot;: [{{&quot;Effect&quot;: &quot;Allow&quot;, &quot;Principal&quot;: &quot;*&quot;, &quot;Action&quot;: &quot;*&quot;, &quot;Resource&quot;: &quot;*&quot;}}]}}</policyDocument>\
         <routeTableIdSet/><subnetIdSet><item>subnet-1</item></subnetIdSet>\
         <groupSet><item><groupId>sg-vpce</groupId><groupName>x</groupName></item></groupSet>\
         <privateDnsEnabled>true</privateDnsEnabled><networkInterfaceIdSet><item>eni-1</item></networkInterfaceIdSet>\
         <dnsEntrySet><item><dnsName>{id}-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com</dnsName><hostedZoneId>Z</hostedZoneId></item></dnsEntrySet></item>"
    )
}

fn another_service() -> String {
    endpoint("vpce-0aaaaaaaaaaaaaaaa").replace(".execute-api<", ".s3<")
}

fn answer(action: &str, inside: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><{action}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r</requestId>{inside}</{action}Response>"
    )
}

fn action(asked: &Asked) -> &str {
    asked.body.split(['=', '&']).nth(1).unwrap_or_default()
}

/// EC2 of a whole set-up.
fn whole(asked: &Asked) -> (u16, String) {
    let action = action(asked);
    let inside = match action {
        "DescribeVpcEndpoints" if asked.body.contains("VpcEndpointId.1") => list("vpcEndpointSet", &endpoint(VPCE)),
        "DescribeVpcEndpoints" => list("vpcEndpointSet", &(another_service() + &endpoint("vpce-0bbbbbbbbbbbbbbbb"))),
        "DescribeVpcAttribute" if asked.body.contains("enableDnsSupport") => {
            list("enableDnsSupport", "<value>true</value>")
        }
        "DescribeVpcAttribute" => list("enableDnsHostnames", "<value>false</value>"),
        "DescribeSecurityGroups" => list(
            "securityGroupInfo",
            "<item><groupId>sg-vpce</groupId><groupName>x</groupName><ipPermissions>\
             <item><ipProtocol>tcp</ipProtocol><fromPort>80</fromPort><toPort>80</toPort><groups/><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item>\
             <item><ipProtocol>tcp</ipProtocol><fromPort>400</fromPort><toPort>500</toPort><groups><item><userId>1</userId><groupId>sg-web</groupId></item></groups>\
             <ipRanges><item><cidrIp>10.0.0.0/16</cidrIp><description>d</description></item></ipRanges><ipv6Ranges><item><cidrIpv6>2001:db8::/32</cidrIpv6></item></ipv6Ranges>\
             <prefixListIds><item><prefixListId>pl-1</prefixListId></item></prefixListIds></item></ipPermissions>\
             <ipPermissionsEgress/></item>",
        ),
        "DescribeNetworkInterfaces" => list(
            "networkInterfaceSet",
            "<item><networkInterfaceId>eni-1</networkInterfaceId><availabilityZone>us-east-1a</availabilityZone><subnetId>subnet-1</subnetId>\
             <privateIpAddress>10.0.1.10</privateIpAddress><privateIpAddressesSet><item><privateIpAddress>10.0.1.10</privateIpAddress><primary>true</primary></item></privateIpAddressesSet>\
             <ipv6AddressesSet><item><ipv6Address>2001:db8::10</ipv6Address></item></ipv6AddressesSet></item>",
        ),
        "DescribeSubnets" => list(
            "subnetSet",
            "<item><subnetId>subnet-1</subnetId><availabilityZone>us-east-1a</availabilityZone><cidrBlock>10.0.1.0/24</cidrBlock></item>",
        ),
        _ => return (400, String::new()),
    };
    (200, answer(action, &inside))
}

/// The variables of an instance with keys.
fn on_instance<'a>(metadata: &'a Endpoint, ec2: &'a Endpoint) -> [(&'a str, &'a str); 3] {
    [
        ("AWS_EC2_METADATA_DISABLED", "false"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url.as_str()),
        ("AWS_ENDPOINT_URL_EC2", ec2.url.as_str()),
    ]
}

#[tokio::test]
async fn a_whole_set_up_is_seen() {
    let (metadata, ec2) = (instance().await, Endpoint::answering(whole).await);
    let at = on_instance(&metadata, &ec2);
    let setup = seen(Some(&target()), &at).await;
    let instance = setup.instance.known().unwrap();
    assert_eq!((instance.vpc.as_str(), instance.zone.as_str(), instance.vpc_ranges.len()), ("vpc-1", "us-east-1a", 2));
    assert_eq!(instance.security_groups, ["sg-own", "sg-more"]);
    assert_eq!(setup.is_in_vpc("10.1.2.3".parse().unwrap()), Some(true));
    assert_eq!(setup.is_in_vpc("10.2.2.3".parse().unwrap()), Some(false));
    // of a family of which the VPC has no range, nothing is known
    assert_eq!(setup.is_in_vpc("2001:db8::1".parse().unwrap()), None);
    let ids: Vec<_> = setup.endpoints.known().unwrap().iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["vpce-0bbbbbbbbbbbbbbbb", VPCE]);
    let found = setup.endpoint(&target()).known().copied().unwrap().clone();
    assert!(found.private_dns && found.policy.as_ref().is_some_and(apigw_probe::setup::is_full_access), "{found:?}");
    assert_eq!((setup.dns_support.known(), setup.dns_hostnames.known()), (Some(&true), Some(&false)));
    let group = &setup.security_groups.known().unwrap()[0];
    let ranges: Vec<_> = group.inbound.ranges.iter().map(ToString::to_string).collect();
    assert_eq!(
        (ranges, &group.inbound.groups, &group.inbound.prefix_lists),
        (
            vec!["10.0.0.0/16".to_owned(), "2001:db8::/32".to_owned()],
            &vec!["sg-web".to_owned()],
            &vec!["pl-1".to_owned()]
        )
    );
    assert!(matches!(setup.lets_in(&found), apigw_probe::setup::Admission::Yes(_)));
    for address in ["10.0.1.10", "2001:db8::10"] {
        assert_eq!(setup.interface_at(address.parse().unwrap()).unwrap().zone, "us-east-1a");
    }
    assert!(setup.api.blind().is_some_and(|blind| blind.why.contains("--account-b-role")));
    // seven questions, each once, each signed, for the service that is asked
    let asked = ec2.asked();
    assert_eq!(asked.len(), 7, "{asked:#?}");
    assert!(asked.iter().all(|one| one.head.contains("/us-east-1/ec2/aws4_request")));
    let groups = asked.iter().find(|one| action(one) == "DescribeSecurityGroups").unwrap();
    assert!(groups.body.ends_with("GroupId.1=sg-more&GroupId.2=sg-own&GroupId.3=sg-vpce"), "{}", groups.body);
}

#[tokio::test]
async fn an_endpoint_is_looked_for_in_the_region_of_its_name() {
    let ec2 = Endpoint::answering(whole).await;
    let elsewhere = Target::parse(TargetInput {
        invoke_url: "https://a1bc234d5e.execute-api.us-west-2.amazonaws.com/test/pets",
        vpce_dns_name: target().vpce_dns_name.as_deref(),
        ..TargetInput::default()
    });
    let setup = seen(elsewhere.as_ref().ok(), &[("AWS_ENDPOINT_URL_EC2", &ec2.url)]).await;
    assert!(setup.endpoint(&elsewhere.unwrap()).known().is_some());
    assert!(ec2.asked().iter().all(|one| one.head.contains("/us-east-1/ec2/aws4_request")));
}

#[tokio::test]
async fn without_a_target_the_instance_says_where_to_look() {
    let (metadata, ec2) = (instance().await, Endpoint::answering(whole).await);
    let at = on_instance(&metadata, &ec2);
    let setup = seen(None, &at).await;
    assert_eq!(setup.likely_endpoint().unwrap().id, "vpce-0bbbbbbbbbbbbbbbb");
    assert!(ec2.asked().iter().all(|one| !one.body.contains("VpcEndpointId")));
    // nothing can be asked where neither metadata nor environment names a Region
    let blind = seen(None, &[]).await;
    assert!(blind.endpoints.blind().unwrap().why.contains("AWS_REGION"));
}

#[tokio::test]
async fn a_missing_permission_is_named() {
    let denied = answer("x", "").replace("xResponse", "Response").replace(
        "<requestId>r</requestId>",
        "<Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized. Encoded authorization failure message: AAAAAAAA</Message></Error></Errors><RequestID>r</RequestID>",
    );
    let ec2 = Endpoint::answering(move |asked| match action(asked) {
        "DescribeSecurityGroups" | "DescribeVpcAttribute" => (403, denied.clone()),
        _ => whole(asked),
    })
    .await;
    let setup = by_ec2(&ec2.url).await;
    let said = |blind: Option<&apigw_probe::setup::Blind>| format!("{} {}", blind.unwrap().source, blind.unwrap().why);
    assert_eq!(said(setup.security_groups.blind()), "ec2:DescribeSecurityGroups denied");
    assert_eq!(said(setup.dns_support.blind()), "ec2:DescribeVpcAttribute denied");
    assert!(setup.endpoints.known().is_some() && setup.interfaces.known().is_some() && setup.subnets.known().is_some());
    // nothing is asked twice
    assert_eq!(ec2.asked().len(), 6);
}

#[tokio::test]
async fn a_silent_ec2_costs_two_seconds_in_all() {
    let silent = FarEnd::listening(|stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let began = Instant::now();
    let setup = by_ec2(&format!("http://{}", silent.address)).await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    let blind = setup.endpoints.blind().unwrap();
    assert!(blind.source == "ec2:DescribeVpcEndpoints" && blind.why.contains("2 s"), "{blind:?}");
}

#[tokio::test]
async fn what_is_no_answer_of_ec2_is_told() {
    for garbage in [
        "<html>",
        "<html><body>sign in</body></html>",
        "<DescribeSubnetsResponse><vpcEndpointSet/></DescribeSubnetsResponse>",
        "",
        "<DescribeVpcEndpointsResponse><vpcEndpointSet><item/></vpcEndpointSet></DescribeVpcEndpointsResponse>",
        "{}",
    ] {
        let ec2 = Endpoint::answering(move |_| (200, garbage.to_owned())).await;
        assert!(by_ec2(&ec2.url).await.endpoints.blind().is_some_and(|blind| blind.why.contains("EC2")), "{garbage}");
    }
    // whatever is asked, a page that is taken for an empty answer would show that there is nothing
    let portal = Endpoint::answering(|asked| match action(asked) {
        "DescribeVpcEndpoints" => whole(asked),
        _ => (200, "<html><body>sign in</body></html>".to_owned()),
    })
    .await;
    let setup = by_ec2(&portal.url).await;
    let blinds = [
        setup.security_groups.blind(),
        setup.interfaces.blind(),
        setup.subnets.blind(),
        setup.dns_support.blind(),
        setup.dns_hostnames.blind(),
    ];
    assert!(blinds.iter().all(Option::is_some), "{setup:#?}");
    let refusing = Endpoint::answering(|_| (502, "AKIAIOSFODNN7EXAMPLE".to_owned())).await;
    let blind = by_ec2(&refusing.url).await.endpoints.blind().cloned().unwrap();
    assert!(blind.why.contains("502") && !blind.why.contains("AKIAIOSF"), "{blind:?}");
}

#[tokio::test]
async fn an_endless_answer_is_given_up() {
    let endless = FarEnd::listening(|mut stream| async move {
        let _ = super::far_end::read_head(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<a>").await;
        while stream.write_all(&[b'x'; 8192]).await.is_ok() {}
    })
    .await;
    let began = Instant::now();
    assert!(by_ec2(&format!("http://{}", endless.address)).await.endpoints.blind().is_some());
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test]
async fn pages_are_followed_to_a_bound() {
    let ec2 = Endpoint::answering(|asked| match action(asked) {
        "DescribeSubnets" => {
            let page = asked.body.split("NextToken=p").nth(1).map_or(0, |page| page.parse::<u32>().unwrap());
            let item = format!("<item><subnetId>subnet-{page}</subnetId></item>");
            (
                200,
                answer(
                    "DescribeSubnets",
                    &(list("subnetSet", &item) + &format!("<nextToken>p{}</nextToken>", page + 1)),
                ),
            )
        }
        "DescribeNetworkInterfaces" if !asked.body.contains("NextToken") => {
            (200, answer("DescribeNetworkInterfaces", "<networkInterfaceSet/><nextToken>more</nextToken>"))
        }
        _ => whole(asked),
    })
    .await;
    let setup = by_ec2(&ec2.url).await;
    assert_eq!(setup.subnets.known().unwrap().len(), 10);
    assert_eq!(setup.interfaces.known().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_no_answer_of_api_gateway_is_told() {
    for (status, garbage) in [(200, "{}"), (200, "<html></html>"), (200, "[]"), (404, "<html></html>"), (404, "{}")] {
        let aws = Endpoint::answering(move |_| (status, garbage.to_owned())).await;
        let setup = seen_by_role(&target(), &aws, &role(None, None)).await;
        let blinds = [setup.api.blind(), setup.resources.blind(), setup.stage.blind(), setup.deployment.blind()];
        assert!(blinds.iter().all(Option::is_some), "{status} {garbage}: {setup:#?}");
    }
}

#[tokio::test]
async fn a_public_api_may_have_a_stage_that_no_url_names() {
    for (public, blind) in [(true, true), (false, false)] {
        let invoke_url = "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com";
        let target = Target::parse(TargetInput { invoke_url, public, ..TargetInput::default() }).unwrap();
        let aws = Endpoint::answering(|asked| account_b(asked, "-")).await;
        let setup = seen_by_role(&target, &aws, &role(None, None)).await;
        assert_eq!((setup.stage.blind().is_some(), setup.stage == Fact::Absent), (blind, !blind));
        assert_eq!(setup.deployment.blind().is_some(), blind);
    }
}

#[tokio::test]
async fn another_type_of_endpoint_or_another_service_is_seen_as_such() {
    let changes = [("execute-api</serviceName>", "s3</serviceName>"), (">Interface<", ">Gateway<")];
    for (from, to) in changes {
        let ec2 = Endpoint::answering(move |asked| {
            let (status, body) = whole(asked);
            (status, body.replace(from, to))
        })
        .await;
        let setup = by_ec2(&ec2.url).await;
        let found = setup.endpoints.known().unwrap().iter().find(|one| one.id == VPCE);
        assert!(found.is_some_and(|one| !one.is_for_execute_api()), "{found:?}");
        // it tells nothing of the one that calls go over
        assert!(setup.endpoint(&target()).blind().is_some());
        assert_eq!(setup.likely_endpoint(), None);
    }
    // and it is as it should be, however the word is written
    let ec2 = Endpoint::answering(|asked| {
        let (status, body) = whole(asked);
        (status, body.replace("<state>available", "<state>Available"))
    })
    .await;
    let setup = by_ec2(&ec2.url).await;
    let found = setup.endpoint(&target()).known().copied().unwrap().clone();
    assert!(found.is_for_execute_api() && found.is_available(), "{found:?}");
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_absent() {
    let ec2 = Endpoint::answering(|asked| {
        if asked.body.contains("VpcEndpointId.1") {
            (400, "<Response><Errors><Error><Code>InvalidVpcEndpointId.NotFound</Code><Message>m</Message></Error></Errors><RequestID>r</RequestID></Response>".to_owned())
        } else {
            whole(asked)
        }
    })
    .await;
    assert_eq!(by_ec2(&ec2.url).await.endpoint(&target()), Fact::Absent);
}

#[tokio::test]
async fn without_credentials_nothing_is_sent() {
    let ec2 = Endpoint::answering(whole).await;
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_apigw-probe"));
    command.env_clear().env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_ENDPOINT_URL", &ec2.url);
    command.args(["doctor", "--region", "us-east-1", "--dns-server", "127.0.0.1:9", "--format", "json"]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for fact in ["endpoints", "subnets"] {
        assert!(report["setup"][fact].to_string().contains("no source has credentials"), "{report:#}");
    }
    assert!(ec2.asked().is_empty());
}

/// What STS answers for the role that may read.
fn reader() -> String {
    taken("AssumeRole", "ASIAREADER")
}

/// API Gateway of account B, where `missing` answers 404.
fn account_b(asked: &Asked, missing: &str) -> (u16, String) {
    if !asked.head.contains("ASIAREADER") || !asked.head.contains("/us-east-1/apigateway/aws4_request") {
        return (403, String::new());
    }
    let api = "GET /restapis/a1bc234d5e";
    let body = match asked.line.strip_prefix(api) {
        Some(path) if path == missing => return (404, json!({"message": "Invalid identifier specified"}).to_string()),
        Some("") => json!({
            "id": "a1bc234d5e", "name": "orders", "createdDate": 1_784_516_400, "description": null,
            "endpointConfiguration": {"types": ["PRIVATE"], "vpcEndpointIds": [VPCE], "ipAddressType": "dualstack"},
            // API Gateway escapes the document twice
            "policy": r#"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"execute-api:Invoke\",\"Resource\":\"arn:aws:execute-api:us-east-1:222233334444:a1bc234d5e\/*\"}]}"#,
            "disableExecuteApiEndpoint": false, "endpointAccessMode": "STRICT", "securityPolicy": "SecurityPolicy_TLS13_1_3_2025_09",
        }),
        Some("/stages/test") => {
            json!({"stageName": "test", "deploymentId": "dep1", "lastUpdatedDate": "2026-07-01T00:00:00Z", "variables": {"secret": "hunter2"}})
        }
        Some("/deployments/dep1") => json!({"id": "dep1", "createdDate": 1_784_516_400.25}),
        Some("/resources?embed=methods&limit=500") => {
            json!({"position": "x=", "item": {"id": "1", "path": "/", "resourceMethods": {"GET": {}}}})
        }
        Some("/resources?embed=methods&limit=500&position=x%3D") => {
            json!({"item": [{"id": "2", "path": "/pets", "resourceMethods": {"ANY": {"authorizationType": "AWS_IAM", "apiKeyRequired": true}}}, {"id": "3", "path": "/empty"}]})
        }
        _ => return (400, String::new()),
    };
    (200, body.to_string())
}

#[tokio::test]
async fn a_role_in_account_b_shows_the_api() {
    let aws = Endpoint::answering(|asked| account_b(asked, "-")).await;
    let setup = seen_by_role(&target(), &aws, &role(Some("x"), None)).await;
    let api = setup.api.known().unwrap_or_else(|| panic!("{setup:#?}"));
    assert_eq!(
        (api.types.as_slice(), api.vpc_endpoints.as_slice()),
        (&["PRIVATE".to_owned()][..], &[VPCE.to_owned()][..])
    );
    assert_eq!(api.access_mode.as_deref(), Some("STRICT"));
    let call = apigw_probe::setup::Invocation {
        vpce: None,
        vpc: None,
        region: "us-east-1",
        api: "a1bc234d5e",
        method_path: "test/GET/pets",
        signed: false,
    };
    assert_eq!(Ruling::of(api.policy.as_ref().unwrap(), &call), Ruling::Allows);
    assert_eq!(setup.stage.known().unwrap().changed.unwrap().unix_timestamp(), 1_782_864_000);
    assert_eq!(setup.deployment.known().unwrap().created.unwrap().unix_timestamp(), 1_784_516_400);
    let method = setup.route("/pets", "GET");
    assert_eq!(
        (method.known().unwrap().authorization.as_str(), method.known().unwrap().api_key_required),
        ("AWS_IAM", true)
    );
    assert_eq!(setup.route("/empty", "GET"), Fact::Absent);
    assert_eq!(setup.route("/", "GET").known().unwrap().authorization, "NONE");
    // neither keys nor stage variables are kept
    let kept = serde_json::to_string(&setup).unwrap() + &format!("{setup:?}");
    for secret in ["secret-of", "hunter2", "ASIAREADER", "AKIABASE"] {
        assert!(!kept.contains(secret), "{secret}: {kept}");
    }
    // and what was kept can be read again
    assert_eq!(serde_json::from_str::<Setup>(&serde_json::to_string(&setup).unwrap()).unwrap(), setup);
}

#[tokio::test]
async fn what_account_b_has_not_is_absent() {
    for missing in ["", "/stages/test"] {
        let aws = Endpoint::answering(move |asked| account_b(asked, missing)).await;
        let setup = seen_by_role(&target(), &aws, &role(None, None)).await;
        assert_eq!(setup.api == Fact::Absent, missing.is_empty());
        assert_eq!(
            (setup.stage == Fact::Absent, setup.deployment == Fact::Absent),
            (!missing.is_empty(), !missing.is_empty())
        );
    }
}

#[tokio::test]
async fn a_role_that_may_not_read_is_reported_with_what_it_lacks() {
    let denied = r#"{"Message":"User: x is not authorized"}"#;
    let aws = Endpoint::answering(move |_| (403, denied.to_owned())).await;
    let setup = seen_by_role(&target(), &aws, &role(None, None)).await;
    let blind = setup.api.blind().unwrap();
    assert_eq!((blind.source.as_str(), blind.why.as_str()), ("apigateway:GET on /restapis/a1bc234d5e", "denied"));
    // a role that cannot be assumed names itself
    let sts = Sts::answering(|_| (403, refused("AccessDenied", "m"))).await;
    let setup = seen_over(&sts.net, Some(&target()), &[], Some(&role(None, None))).await;
    assert!(setup.api.blind().unwrap().why.contains("role/probe"));
}

#[tokio::test]
async fn a_password_in_the_url_of_ec2_is_refused_and_never_told() {
    let setup = by_ec2("http://u:hunter2@127.0.0.1:9").await;
    let why = format!("{:?}", setup.endpoints);
    assert!(why.contains("AWS_ENDPOINT_URL_EC2") && !format!("{setup:?}").contains("hunter2"), "{setup:?}");
}
