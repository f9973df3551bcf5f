//! What account A sees of its own set-up, from outside: the printed policies, and what is said where nothing can be seen.

use super::side::{Side, binary};
use super::start;
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Output};
use std::thread;

const URL: &str = "https://a1bc234d5e.execute-api.cn-north-1.amazonaws.com.cn/test/pets";
const VPCE: &str = "vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.cn-north-1.vpce.amazonaws.com.cn";

fn doctor(arguments: &[&str]) -> Output {
    binary().arg("doctor").args(arguments).output().unwrap()
}

/// Every document on stdout.
fn documents(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::Deserializer::from_slice(&output.stdout).into_iter().map(Result::unwrap).collect()
}

/// The text or texts of a policy's key.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(many) => many.iter().map(|one| one.as_str().unwrap()).collect(),
        one => vec![one.as_str().unwrap()],
    }
}

#[test]
fn the_least_policies_name_this_api_alone() {
    let role = "arn:aws-cn:iam::222233334444:role/reader";
    let [a, b] = &documents(&doctor(&["--iam-policy", URL, VPCE, "--account-b-role", role]))[..] else { panic!() };
    for policy in [a, b] {
        assert_eq!(policy["Version"], "2012-10-17");
    }
    let statements = a["Statement"].as_array().unwrap();
    assert!(texts(&statements[0]["Action"]).iter().all(|action| action.starts_with("ec2:Describe")), "{a:#}");
    assert_eq!(statements[0]["Condition"]["StringEquals"]["aws:RequestedRegion"], "cn-north-1");
    assert_eq!((&statements[1]["Action"], &statements[1]["Resource"]), (&"sts:AssumeRole".into(), &role.into()));
    assert_eq!(b["Statement"][0]["Action"], "apigateway:GET");
    let arns = texts(&b["Statement"][0]["Resource"]);
    assert!(
        arns.iter().all(|arn| arn.starts_with("arn:aws-cn:apigateway:cn-north-1::/restapis/a1bc234d5e")),
        "{arns:?}"
    );
    assert!(arns.iter().any(|arn| arn.ends_with("/stages/test")), "{arns:?}");
}

#[test]
fn whoever_takes_a_role_or_signs_is_granted_that_as_well() {
    let statements = |document: &Value| -> Vec<(String, Vec<String>)> {
        let all = document["Statement"].as_array().unwrap().iter();
        let owned = |value| texts(value).into_iter().map(str::to_owned).collect::<Vec<_>>();
        all.map(|one| (owned(&one["Action"]).remove(0), owned(&one["Resource"]))).collect()
    };
    let call = |partition: &str, of: &str| {
        ("execute-api:Invoke".to_owned(), vec![format!("arn:{partition}:execute-api:{of}/*")])
    };
    // with its own keys the instance calls by itself
    let own = documents(&doctor(&["--iam-policy", URL, VPCE, "--auth", "iam"]));
    assert_eq!(statements(&own[0])[1..], [call("aws-cn", "cn-north-1:*:a1bc234d5e/test")]);
    // where no stage is named, or one that would mean others as well, any is meant
    for url in [&URL[..URL.find("/test").unwrap()], &URL.replace("/test", "/*")] {
        let own = documents(&doctor(&["--iam-policy", url, VPCE, "--auth", "iam"]));
        assert_eq!(statements(&own[0])[1..], [call("aws-cn", "cn-north-1:*:a1bc234d5e")], "{url}");
    }
    // with a role it is the role that calls
    let (probe, reader) = ("arn:aws-cn:iam::222233334444:role/probe", "arn:aws-cn:iam::222233334444:role/reader");
    let output =
        doctor(&["--iam-policy", URL, "--auth", "both", "--assume-role-arn", probe, "--account-b-role", reader]);
    let [a, caller, _] = &documents(&output)[..] else { panic!("{output:?}") };
    let both = vec![probe.to_owned(), reader.to_owned()];
    assert_eq!(statements(a)[1..], [("sts:AssumeRole".to_owned(), both)]);
    assert_eq!(statements(caller), [call("aws-cn", "cn-north-1:*:a1bc234d5e/test")]);
    assert!(String::from_utf8_lossy(&output.stderr).contains(probe), "{output:?}");
    // what is not named is told
    let output = doctor(&["--iam-policy", URL]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("sts:AssumeRole"), "{output:?}");
    // a Region that is given is used, whatever the URL is
    let output = doctor(&["--iam-policy", "--public", "https://api.example.com", "--region", "us-east-1"]);
    let arns = documents(&output)[1]["Statement"][0]["Resource"].clone();
    assert!(texts(&arns).iter().all(|arn| arn.starts_with("arn:aws:apigateway:us-east-1::/restapis/*")), "{arns}");
}

#[test]
fn a_private_custom_domain_name_has_a_policy_and_a_place_in_the_endpoints() {
    let output = doctor(&["--resource-policy", URL, VPCE, "--custom-domain", "private.example.com/orders"]);
    let [api, domain, endpoint] = &documents(&output)[..] else { panic!("{output:?}") };
    assert_eq!(domain["Statement"][0]["Resource"], "execute-api:/*");
    assert_eq!(domain["Statement"][0]["Condition"], api["Statement"][0]["Condition"]);
    let all = texts(&endpoint["Statement"][0]["Resource"]);
    let of = "arn:aws-cn:execute-api:cn-north-1:*:";
    assert_eq!(all, [format!("{of}a1bc234d5e/*"), format!("{of}/domainnames/private.example.com+*")]);
}

#[test]
fn without_a_target_there_is_a_policy_for_account_a_alone() {
    let documents = documents(&doctor(&["--iam-policy"]));
    assert_eq!(documents.len(), 1);
    assert_eq!(documents[0]["Statement"][0].get("Condition"), None);
    let given = self::documents(&doctor(&["--iam-policy", "--region", "cn-north-1"]));
    assert_eq!(given[0]["Statement"][0]["Condition"]["StringEquals"]["aws:RequestedRegion"], "cn-north-1");
    assert_eq!(doctor(&["--iam-policy", "--region", "nowhere/"]).status.code(), Some(2));
}

#[test]
fn what_contradicts_itself_is_told_beside_the_policies() {
    let role = "arn:aws:iam::222233334444:role/probe";
    let other = "vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com";
    let signed = ["--auth", "iam", "--assume-role-arn", role];
    for kind in ["--iam-policy", "--resource-policy"] {
        for (vpce, options, warnings) in
            [(VPCE, &[][..], 0), (other, &[], 2), (VPCE, &signed, 1), (VPCE, &["--account-b-role", role], 1)]
        {
            let output = doctor(&[&[kind, URL, vpce], options].concat());
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(!documents(&output).is_empty());
            let told = stderr.lines().filter(|line| line.contains("warning: ")).count();
            assert_eq!(told, warnings, "{kind} {vpce} {options:?}: {stderr}");
        }
    }
}

#[test]
fn a_public_api_has_no_policy_that_shuts_all_others_out() {
    for url in ["https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/prod", "https://api.example.com/x"] {
        let output = doctor(&["--resource-policy", url, VPCE, "--public"]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{stderr}");
        assert!(stderr.contains("--public"), "{stderr}");
    }
}

#[test]
fn the_documented_pair_lets_this_endpoint_in_and_nobody_else() {
    let [api, endpoint] = &documents(&doctor(&["--resource-policy", URL, VPCE]))[..] else { panic!() };
    let [deny, allow] = &api["Statement"].as_array().unwrap()[..] else { panic!("{api:#}") };
    assert_eq!((&deny["Effect"], &allow["Effect"]), (&"Deny".into(), &"Allow".into()));
    assert_eq!(deny["Condition"]["StringNotEquals"]["aws:SourceVpce"], "vpce-1a2b3c456d7e89012");
    for statement in [deny, allow] {
        assert_eq!((&statement["Principal"], &statement["Action"]), (&"*".into(), &"execute-api:Invoke".into()));
        assert_eq!(statement["Resource"], "execute-api:/*/*/*");
    }
    assert_eq!(endpoint["Statement"][0]["Resource"], "arn:aws-cn:execute-api:cn-north-1:*:a1bc234d5e/*");
}

#[test]
fn signed_calls_name_their_caller_in_the_policy() {
    let role = "arn:aws-cn:iam::222233334444:role/probe";
    let output = doctor(&["--resource-policy", URL, VPCE, "--auth", "iam", "--assume-role-arn", role]);
    assert_eq!(documents(&output)[0]["Statement"][1]["Principal"]["AWS"], role);
    let output = doctor(&["--resource-policy", URL, VPCE, "--auth", "iam"]);
    assert_eq!(documents(&output)[0]["Statement"][1]["Principal"], "*");
    assert!(String::from_utf8_lossy(&output.stderr).contains("ACCOUNT_A"));
}

#[test]
fn what_a_policy_lacks_is_told() {
    for (arguments, word) in [
        (&["--resource-policy"][..], "INVOKE_URL"),
        (&["--resource-policy", URL], "--vpce-id"),
        (&["--resource-policy", "--iam-policy", URL, VPCE], "--iam-policy"),
        (&["--iam-policy", "--account-b-role", "reader"], "arn:aws:iam::"),
        (&[URL, VPCE, "--account-b-external-id", "x"], "--account-b-role"),
    ] {
        let output = doctor(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr.contains(word), "{arguments:?}: {stderr}");
    }
}

#[test]
fn policies_go_into_the_file_that_is_named_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policies.json");
    let path = file.to_str().unwrap();
    for arguments in [&["--iam-policy", URL][..], &["--resource-policy", URL, VPCE]] {
        let printed = doctor(arguments);
        let written = doctor(&[arguments, &["--output", path]].concat());
        assert_eq!((written.status.code(), written.stdout.len()), (Some(0), 0));
        assert_eq!(std::fs::read(&file).unwrap(), printed.stdout);
        assert_eq!(written.stderr, printed.stderr);
        // what cannot be written is told, and what makes no sense refused
        assert_eq!(doctor(&[arguments, &["--output", "/nonexistent/file"]].concat()).status.code(), Some(2));
        let refused = doctor(&[arguments, &["--format", "prometheus", "--output", path]].concat());
        assert_eq!(refused.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&refused.stderr).contains("--format json"), "{refused:?}");
        assert_eq!(doctor(&[arguments, &["--format", "nagios"]].concat()).status.code(), Some(3));
        assert_eq!(doctor(&[arguments, &["--format", "json"]].concat()).stdout, printed.stdout);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn options_that_need_an_api_are_refused_without_one() {
    for (arguments, named) in [
        (&["--vpce-id", "vpce-1a2b3c456d7e89012"][..], &["--vpce-id"][..]),
        (&["--auth", "iam", "--zonal-name", "x"], &["--auth", "--zonal-name"]),
        (
            &["--header", "x: y", "--header-file", "/nonexistent", "--public"],
            &["--header,", "--header-file", "--public"],
        ),
        (&["--experiment"], &["--experiment"]),
        (&["--account-b-role", "arn:aws:iam::222233334444:role/r"], &["--account-b-role"]),
        (&["--iam-policy", "--custom-domain", "private.example.com"], &["--custom-domain"]),
    ] {
        let output = doctor(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(named.iter().chain(&["INVOKE_URL"]).all(|word| stderr.contains(word)), "{arguments:?}: {stderr}");
    }
    // the environment may say more than one call of the command needs
    let output = binary().args(["doctor", "--iam-policy"]).env("APIGW_PROBE_AUTH", "iam").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_region_that_is_named_is_looked_in_where_no_api_is() {
    let (tell, told) = std::sync::mpsc::channel();
    let url = aws(move |request| {
        let _ = tell.send(request.to_owned());
        Ec2::HEALTHY.answer(request)
    });
    let mut command = binary();
    command.args(["doctor", "--dns-server", "127.0.0.1:9", "--region", "eu-west-1"]);
    over(command, &url).output().unwrap();
    let scoped: Vec<_> = told.try_iter().filter(|request| request.contains("/ec2/aws4_request")).collect();
    assert!(!scoped.is_empty());
    assert!(scoped.iter().all(|request| request.contains("/eu-west-1/ec2/")), "{scoped:?}");
    assert_eq!(doctor(&["--region", "nowhere"]).status.code(), Some(2));
}

/// A make-believe AWS that answers on loopback: EC2 by the action of the form, all else by the path.
pub(crate) fn aws(answer: impl Fn(&str) -> (u16, String) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
            let whole = |request: &[u8]| {
                let text = String::from_utf8_lossy(request).to_ascii_lowercase();
                let (head, body) = text.split_once("\r\n\r\n")?;
                let length = head.split("content-length: ").nth(1).map_or("0", |rest| rest.split('\r').next().unwrap());
                (body.len() >= length.parse().unwrap()).then_some(())
            };
            while whole(&request).is_none() {
                match stream.read(&mut buffer) {
                    Ok(0) | Err(_) => break,
                    Ok(read) => request.extend(&buffer[..read]),
                }
            }
            let request = String::from_utf8_lossy(&request).into_owned();
            let (status, body) = answer(&request);
            let length = body.len();
            let _ =
                write!(stream, "HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
        }
    });
    format!("http://{address}")
}

/// EC2 of account A, where one thing may be as it should not.
#[derive(Clone, Copy)]
pub(crate) struct Ec2 {
    pub(crate) private_dns: bool,
    /// Who may come in on port 443.
    pub(crate) inbound: &'static str,
    pub(crate) state: &'static str,
    /// The endpoint's policy, if it has any.
    pub(crate) policy: &'static str,
}

impl Ec2 {
    pub(crate) const HEALTHY: Self = Self { private_dns: true, inbound: "0.0.0.0/0", state: "available", policy: "" };

    pub(crate) fn answer(self, request: &str) -> (u16, String) {
        let Self { private_dns, inbound, state, policy } = self;
        let policy =
            if policy.is_empty() { String::new() } else { format!("<policyDocument>{policy}</policyDocument>") };
        let body = if request.contains("Action=DescribeVpcEndpoints&") {
            format!(
                "<vpcEndpointSet><item><vpcEndpointId>vpce-1a2b3c456d7e89012</vpcEndpointId><vpcId>vpc-1</vpcId><serviceName>com.amazonaws.us-east-1.execute-api</serviceName>\
                 <state>{state}</state>{policy}<groupSet><item><groupId>sg-vpce</groupId></item></groupSet><privateDnsEnabled>{private_dns}</privateDnsEnabled>\
                 <networkInterfaceIdSet><item>eni-1</item></networkInterfaceIdSet><subnetIdSet><item>subnet-1</item></subnetIdSet>\
                 <dnsEntrySet><item><dnsName>vpce-1a2b3c456d7e89012-f3ghijkl-us-east-1a.execute-api.us-east-1.vpce.amazonaws.com</dnsName></item>\
                 <item><dnsName>vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com</dnsName></item></dnsEntrySet></item></vpcEndpointSet>"
            )
        } else if request.contains("Action=DescribeVpcAttribute&") {
            let name = if request.contains("enableDnsSupport") { "enableDnsSupport" } else { "enableDnsHostnames" };
            format!("<{name}><value>true</value></{name}>")
        } else if request.contains("Action=DescribeSecurityGroups&") {
            let all =
                "<item><ipProtocol>-1</ipProtocol><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item>";
            format!(
                "<securityGroupInfo><item><groupId>sg-vpce</groupId><ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>443</fromPort><toPort>443</toPort>\
                 <ipRanges><item><cidrIp>{inbound}</cidrIp></item></ipRanges></item></ipPermissions></item>\
                 <item><groupId>sg-own</groupId><ipPermissionsEgress>{all}</ipPermissionsEgress></item></securityGroupInfo>"
            )
        } else if request.contains("Action=DescribeNetworkInterfaces&") {
            format!("<networkInterfaceSet>{}</networkInterfaceSet>", ["127.0.0.11", "127.0.0.12", "127.0.0.13"].map(|ip| format!("<item><networkInterfaceId>eni-1</networkInterfaceId><availabilityZone>us-east-1a</availabilityZone><privateIpAddress>{ip}</privateIpAddress></item>")).concat())
        } else if request.contains("Action=DescribeSubnets&") {
            "<subnetSet><item><subnetId>subnet-1</subnetId></item></subnetSet>".to_owned()
        } else {
            return metadata(request);
        };
        let action = request.rsplit("Action=").next().unwrap_or_default().split('&').next().unwrap_or_default();
        (200, format!("<{action}Response>{body}</{action}Response>"))
    }
}

/// Metadata of an instance in the endpoint's VPC.
fn metadata(request: &str) -> (u16, String) {
    let path = request.split(' ').nth(1).unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let text = match name {
        "token" => "t",
        "mac" => "06:00:00:00:00:01",
        "region" => "us-east-1",
        "availability-zone" => "us-east-1a",
        "vpc-id" => "vpc-1",
        "subnet-id" => "subnet-1",
        "security-group-ids" => "sg-own",
        "vpc-ipv4-cidr-blocks" => "127.0.0.0/8",
        "local-ipv4s" => "127.0.0.1",
        _ => return (404, String::new()),
    };
    (200, text.to_owned())
}

/// `doctor` where the operator of the scenario would call `once`, beside a make-believe AWS.
pub(crate) fn doctor_of(side: &Side, aws: &str) -> Command {
    let mut command = binary();
    command.arg("doctor").args(side.once().get_args().skip(1));
    over(command, aws)
}

pub(crate) fn over(mut command: Command, aws: &str) -> Command {
    command.env("AWS_ENDPOINT_URL", aws).env("AWS_EC2_METADATA_SERVICE_ENDPOINT", aws);
    command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "hunter2-hunter2");
    command
}

pub(crate) fn report(command: &mut Command) -> Value {
    let output = command.args(["--format", "json"]).output().unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

pub(crate) fn states(report: &Value) -> Vec<&str> {
    report["steps"].as_array().unwrap().iter().map(|step| step["state"].as_str().unwrap()).collect()
}

#[test]
fn a_healthy_set_up_is_seen_step_by_step() {
    let side = start("healthy");
    let aws = aws(|request| Ec2::HEALTHY.answer(request));
    let report = report(&mut doctor_of(&side, &aws));
    // account B is not seen: whether the API is associated only the alias could tell, which private DNS answers anyway
    assert_eq!(states(&report), ["done", "cannot-see", "done", "done", "done", "done"], "{report:#}");
    assert_eq!(report["verdict"], "pass");
    assert_eq!(report["setup"]["instance"]["known"]["vpc"], "vpc-1");
    let output = doctor_of(&side, &aws).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    for secret in ["hunter2", "AKIAIOSF"] {
        assert!(!text.contains(secret) && !report.to_string().contains(secret), "{text}");
    }
    // what is written is of the schema, and can be diagnosed again
    let schema: Value =
        serde_json::from_slice(&binary().args(["config", "schema", "--report"]).output().unwrap().stdout).unwrap();
    let errors: Vec<_> =
        jsonschema::validator_for(&schema).unwrap().iter_errors(&report).map(|error| error.to_string()).collect();
    assert_eq!(errors, [""; 0]);
}

#[test]
fn a_reader_of_another_partition_is_a_warning_beside_the_round() {
    let side = start("healthy");
    let url = aws(|request| Ec2::HEALTHY.answer(request));
    let output = doctor_of(&side, &url).args(["--account-b-role", "arn:aws-cn:iam::222233334444:role/r"]).output();
    let stderr = String::from_utf8(output.unwrap().stderr).unwrap();
    assert!(stderr.lines().any(|line| line.contains("warning: ") && line.contains("`aws-cn`")), "{stderr}");
}

/// Cause and confidence of each finding.
fn findings(report: &Value) -> Vec<(&str, &str)> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings.map(|one| (one["cause"].as_str().unwrap(), one["confidence"].as_str().unwrap())).collect()
}

#[test]
fn what_is_seen_makes_a_finding_certain_and_a_replay_agrees() {
    let side = start("private-dns-off");
    let url = aws(|request| Ec2 { private_dns: false, ..Ec2::HEALTHY }.answer(request));
    let seen = report(&mut doctor_of(&side, &url));
    assert_eq!(findings(&seen), [("private-dns-disabled", "certain")], "{seen:#}");
    // with private DNS off only association makes the alias
    assert_eq!(states(&seen)[1], "done", "{seen:#}");
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(file, "{seen}").unwrap();
    let again = report(binary().arg("replay").arg(file.path()));
    assert_eq!(
        (&again["findings"], &again["steps"], &again["setup"]),
        (&seen["findings"], &seen["steps"], &seen["setup"])
    );
    // a probe alone cannot be as sure
    assert_eq!(findings(&report(&mut side.once()))[0], ("private-dns-disabled", "likely"));
}

#[test]
fn a_security_group_that_admits_nobody_is_named() {
    let side = start("port-dropped");
    let url = aws(|request| Ec2 { inbound: "192.0.2.0/24", ..Ec2::HEALTHY }.answer(request));
    let mut command = doctor_of(&side, &url);
    let seen = report(&mut command);
    assert_eq!(findings(&seen)[0], ("connect-timeout", "certain"), "{seen:#}");
    assert!(seen["findings"][0]["evidence"].to_string().contains("sg-vpce"), "{seen:#}");
    assert_eq!(command.output().unwrap().status.code(), Some(1));
}

/// The same of an instance whose second interface has the address that calls.
fn of_two_interfaces(ec2: Ec2, request: &str) -> (u16, String) {
    let path = request.split(' ').nth(1).unwrap_or_default();
    let second = path.contains("/06:00:00:00:00:02/");
    let text = match path.rsplit('/').next() {
        Some("") if path.ends_with("/macs/") => "06:00:00:00:00:01/\n06:00:00:00:00:02/",
        Some("security-group-ids") if second => "sg-two",
        Some("local-ipv4s") => {
            if second {
                "127.0.0.1"
            } else {
                "10.9.9.9"
            }
        }
        _ => return ec2.answer(request),
    };
    (200, text.to_owned())
}

#[test]
fn the_interface_that_calls_is_the_one_that_is_judged() {
    let side = start("port-dropped");
    for (inbound, is_proven) in [("127.0.0.1/32", false), ("10.9.9.9/32", true)] {
        let url = aws(move |request| of_two_interfaces(Ec2 { inbound, ..Ec2::HEALTHY }, request));
        let seen = report(&mut doctor_of(&side, &url));
        assert_eq!(seen["setup"]["instance"]["known"]["further_interfaces"][0]["security_groups"][0], "sg-two");
        assert_eq!(findings(&seen)[0] == ("connect-timeout", "certain"), is_proven, "{seen:#}");
    }
}

#[test]
fn private_dns_that_is_on_and_does_not_answer_in_the_vpc_is_not_led_elsewhere() {
    let side = start("private-dns-off");
    let url = aws(|request| Ec2::HEALTHY.answer(request));
    let seen = report(&mut doctor_of(&side, &url));
    assert_eq!(findings(&seen), [("private-dns-disabled", "possible")], "{seen:#}");
}

#[test]
fn the_endpoint_is_found_where_none_is_named() {
    let side = start("healthy");
    let url = aws(|request| Ec2::HEALTHY.answer(request));
    let options: Vec<_> = side.once().get_args().skip(3).map(ToOwned::to_owned).collect();
    for named in [&[][..], &["--vpce-id", "vpce-1a2b3c456d7e89012"]] {
        let mut command = binary();
        command.args(["doctor", side.lab.invoke_url()]).args(&options).args(named);
        let seen = report(&mut over(command, &url));
        assert_eq!(seen["target"]["vpce_id"], "vpce-1a2b3c456d7e89012", "{seen:#}");
        assert!(seen["paths"].as_array().unwrap().iter().all(|path| path["outcome"] == "ok"), "{seen:#}");
    }
}

#[test]
fn without_a_url_the_instance_and_its_endpoints_are_told() {
    let url = aws(|request| Ec2::HEALTHY.answer(request));
    let doctor = |options: &[&str]| {
        let mut command = binary();
        command.args(["doctor", "--dns-server", "127.0.0.1:9"]).args(options);
        over(command, &url).output().unwrap()
    };
    let json: Value = serde_json::from_slice(&doctor(&["--format", "json"]).stdout).unwrap();
    assert_eq!(states(&json), ["done", "cannot-see", "cannot-see", "cannot-see", "cannot-see", "cannot-see"]);
    assert_eq!(json["setup"]["endpoints"]["known"][0]["id"], "vpce-1a2b3c456d7e89012");
    let text = String::from_utf8(doctor(&[]).stdout).unwrap();
    assert!(text.contains("vpce-1a2b3c456d7e89012") && text.contains("us-east-1a"), "{text}");
    for format in ["nagios", "prometheus"] {
        assert_ne!(doctor(&["--format", format]).status.code(), Some(0), "{format}");
    }
}

#[test]
fn what_cannot_be_seen_costs_little_and_leaves_the_probe_as_it_is() {
    let side = start("healthy");
    // it takes connections, and says nothing
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let began = std::time::Instant::now();
    let seen = report(&mut doctor_of(&side, &url));
    // metadata, then EC2
    assert!(began.elapsed().as_secs() < 6, "{:?}", began.elapsed());
    assert_eq!((&seen["verdict"], findings(&seen)), (&"pass".into(), Vec::new()));
    for fact in ["instance", "endpoints", "security_groups", "api"] {
        assert!(seen["setup"][fact]["cannot_see"]["why"].is_string(), "{seen:#}");
    }
    // what the calls show is shown all the same
    assert_eq!(states(&seen), ["done", "cannot-see", "done", "done", "done", "done"]);
}

#[test]
fn what_was_told_at_length_of_one_step_is_not_told_again_of_the_next() {
    let side = start("wrong-resource");
    let mut command = doctor_of(&side, "http://127.0.0.1:9");
    command.args(["--account-b-role", "arn:aws:iam::222233334444:role/reader"]);
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        command.env_remove(name);
    }
    let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let steps = text.split("\nset-up,").nth(1).unwrap().split("\nfacts").next().unwrap();
    assert_eq!(steps.matches("AWS_ACCESS_KEY_ID").count(), 1, "{steps}");
}
