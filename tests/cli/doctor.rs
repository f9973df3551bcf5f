//! What account A sees of its own set-up, from outside: the printed policies, and what is said where nothing can be seen.

use super::side::binary;
use serde_json::Value;
use std::process::Output;

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
fn without_a_target_there_is_a_policy_for_account_a_alone() {
    let documents = documents(&doctor(&["--iam-policy"]));
    assert_eq!(documents.len(), 1);
    assert_eq!(documents[0]["Statement"][0].get("Condition"), None);
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
