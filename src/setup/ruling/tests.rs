//! Is a policy read as IAM reads it? Statements and conditions, one call.

use super::*;
use crate::setup::Policy;
use crate::target::{Target, TargetInput, VpceId};
use serde_json::json;

fn call() -> Invocation<'static> {
    Invocation {
        vpce: Some("vpce-1a2b3c456d7e89012"),
        vpc: Some("vpc-1"),
        region: "us-east-1",
        api: "a1bc234d5e",
        method_path: "test/GET/pets",
        signed: false,
    }
}

fn ruling(policy: &Value) -> &'static str {
    match Ruling::of(policy, &call()) {
        Ruling::Allows => "allows",
        Ruling::Denies(_) => "denies",
        Ruling::Silent => "silent",
        Ruling::Unclear(_) => "unclear",
    }
}

fn statement(effect: &str, resource: &str, condition: Value) -> Value {
    let mut one = json!({"Effect": effect, "Principal": "*", "Action": "execute-api:Invoke", "Resource": resource});
    if !condition.is_null() {
        one["Condition"] = condition;
    }
    one
}

#[test]
fn the_documented_pair_lets_the_endpoint_in_and_no_other() {
    let of = |id: &str| serde_json::to_value(Policy::of_api(&VpceId::parse(id).unwrap(), None)).unwrap();
    assert_eq!(ruling(&of("vpce-1a2b3c456d7e89012")), "allows");
    assert_eq!(ruling(&of("vpce-0a2b3c456d7e89012")), "denies");
}

#[test]
fn the_least_endpoint_policy_allows_this_api_and_no_other() {
    let target = |api: &str| {
        let url = format!("https://{api}.execute-api.us-east-1.amazonaws.com/test");
        Target::parse(TargetInput { invoke_url: &url, ..TargetInput::default() }).unwrap()
    };
    let of = |api| serde_json::to_value(Policy::of_endpoint(&target(api))).unwrap();
    assert_eq!(ruling(&of("a1bc234d5e")), "allows");
    assert_eq!(ruling(&of("b1bc234d5e")), "silent");
}

#[test]
fn statements_are_read_as_far_as_they_speak_of_names_and_endpoints() {
    let vpce = |operator: &str, id: &str| json!({operator: {"aws:SourceVpce": id}});
    for (statements, expected) in [
        (json!([]), "silent"),
        (json!(statement("Allow", "execute-api:/*", Value::Null)), "allows"),
        (json!([statement("Allow", "execute-api:/test/GET/*", Value::Null)]), "allows"),
        (json!([statement("Allow", "execute-api:/prod/*", Value::Null)]), "silent"),
        (json!([statement("Allow", "arn:aws:execute-api:us-east-1:1:a1bc234d5e/*/GET/p?ts", Value::Null)]), "allows"),
        (json!([statement("Allow", "arn:aws:execute-api:eu-west-1:1:a1bc234d5e/*", Value::Null)]), "silent"),
        (json!([statement("Allow", "*", vpce("StringEquals", "vpce-1a2b3c456d7e89012"))]), "allows"),
        (json!([statement("Allow", "*", vpce("StringEquals", "vpce-9"))]), "silent"),
        (json!([statement("Allow", "*", vpce("StringLike", "vpce-1a2b*"))]), "allows"),
        (json!([statement("Allow", "*", json!({"StringEquals": {"aws:SourceVpc": ["vpc-2", "vpc-1"]}}))]), "allows"),
        (json!([statement("Allow", "*", json!({"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}}))]), "unclear"),
        (
            json!([
                statement("Allow", "*", Value::Null),
                statement("Deny", "*", json!({"Bool": {"aws:SecureTransport": "false"}}))
            ]),
            "allows",
        ),
        (json!([statement("Allow", "*", json!({"Bool": {"aws:SecureTransport": true}}))]), "allows"),
        (json!([statement("Allow", "*", json!({"Bool": {"aws:SecureTransport": [false]}}))]), "silent"),
        // what an ARN leaves out at its end is anything
        (json!([statement("Allow", "arn:aws:execute-api:us-east-1", Value::Null)]), "allows"),
        (json!([statement("Allow", "arn:aws:execute-api:*", Value::Null)]), "allows"),
        (json!([statement("Allow", "arn:aws:execute-api:eu-west-1", Value::Null)]), "silent"),
        (json!([statement("Allow", "arn:aws:s3", Value::Null)]), "silent"),
        (json!([statement("Allow", "*", Value::Null), statement("Deny", "*", Value::Null)]), "denies"),
    ] {
        assert_eq!(ruling(&json!({"Version": "2012-10-17", "Statement": statements})), expected, "{statements:#}");
    }
}

#[test]
fn a_policy_that_cannot_be_read_says_nothing() {
    for unread in [json!("no document"), json!(null), json!([])] {
        assert_eq!(ruling(&unread), "unclear");
    }
}

#[test]
fn operators_on_ids_are_read_as_iam_reads_them() {
    const OWN: &str = "vpce-1a2b3c456d7e89012";
    let upper = OWN.to_ascii_uppercase();
    for (operator, id, holds) in [
        ("StringEquals", OWN, Some(true)),
        ("StringEquals", upper.as_str(), Some(false)),
        // no wildcards but in `Like`
        ("StringEquals", "vpce-*", Some(false)),
        ("StringNotEquals", "vpce-*", Some(true)),
        ("StringLike", "vpce-1?2b*", Some(true)),
        ("StringNotLike", "vpce-1?2b*", Some(false)),
        ("StringLike", "VPCE-*", Some(false)),
        ("StringEqualsIgnoreCase", upper.as_str(), Some(true)),
        ("StringEqualsIgnoreCase", "vpce-9", Some(false)),
        ("StringNotEqualsIgnoreCase", upper.as_str(), Some(false)),
        ("StringNotEqualsIgnoreCase", "vpce-9", Some(true)),
        ("StringEqualsIfExists", OWN, Some(true)),
        ("StringNotEqualsIgnoreCaseIfExists", upper.as_str(), Some(false)),
        ("ForAnyValue:StringEquals", OWN, None),
        ("ForAllValues:StringNotEquals", "vpce-9", None),
        ("Null", "true", None),
        ("StringEquals", "${aws:PrincipalTag/endpoint}", None),
    ] {
        let policy = json!([statement("Deny", "*", json!({operator: {"aws:SourceVpce": id}}))]);
        let expected = match holds {
            Some(true) => "denies",
            Some(false) => "silent",
            None => "unclear",
        };
        assert_eq!(ruling(&json!({"Statement": policy})), expected, "{operator} {id}");
    }
}

#[test]
fn a_condition_that_does_not_hold_outweighs_what_is_not_known() {
    let own = json!({"aws:SourceVpce": "vpce-1a2b3c456d7e89012"});
    let range = json!({"aws:VpcSourceIp": "10.0.0.0/8"});
    let elsewhere = statement("Deny", "*", json!({"StringNotEquals": own, "IpAddress": range}));
    let mut somebody = statement("Deny", "*", json!({"StringNotEquals": own}));
    somebody["Principal"] = json!({"AWS": "arn:aws:iam::111122223333:root"});
    let mut all_but_one = statement("Deny", "*", json!({"StringNotEquals": own}));
    all_but_one.as_object_mut().unwrap().remove("Principal");
    all_but_one["NotPrincipal"] = json!({"AWS": "arn:aws:iam::111122223333:root"});
    for denial in [elsewhere, somebody, all_but_one] {
        let policy = json!({"Statement": [denial, statement("Allow", "*", Value::Null)]});
        let ruling = Ruling::of(&policy, &Invocation { signed: true, ..call() });
        assert_eq!(ruling, Ruling::Allows, "{policy:#}");
    }
}

#[test]
fn principals_are_nobody_to_an_unsigned_call_and_unclear_to_a_signed_one() {
    let policy = json!({"Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "*", "Resource": "*"}});
    assert_eq!(ruling(&policy), "silent");
    assert!(matches!(Ruling::of(&policy, &Invocation { signed: true, ..call() }), Ruling::Unclear(_)));
}

#[test]
fn full_access_is_what_nobody_gave() {
    let full = json!({"Version": "2008-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]});
    assert!(is_full_access(&full));
    assert!(!is_full_access(&json!({"Statement": [statement("Allow", "*", Value::Null)]})));
}
