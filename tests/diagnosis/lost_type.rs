//! Refusals whose `x-amzn-ErrorType` is missing: taken off, customised, or a backend's.

use crate::round::{ALL, healthy, names};
use apigw_probe::diagnosis::{Cause, Confidence, Finding};

fn refused(arn: &str, suffix: &str) -> Finding {
    let body = format!(
        "{{\"Message\":\"User: anonymous is not authorized to perform: execute-api:Invoke on resource: {arn} {suffix}\"}}"
    );
    healthy().answers(&ALL, 403, &[("x-amz-apigw-id", "AyD6VFqGvHcEGBg=")], &body).finding()
}

const DENY: &str = "with an explicit deny in a resource-based policy";

#[test]
fn a_refusal_that_names_the_very_request_is_the_gateways() {
    let finding = refused("arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/test/GET/pets", DENY);
    assert_eq!((finding.cause, finding.confidence), (Cause::ResourcePolicyExplicitDeny, Confidence::Likely));
    assert!(names(&finding, Cause::BackendStatus) && names(&finding, Cause::WafOrCustomResponse), "{finding:#?}");
    let finding = refused(
        "arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/test/GET/pets",
        "because no VPC endpoint policy allows the execute-api:Invoke action",
    );
    assert_eq!(finding.cause, Cause::VpcePolicyImplicitDeny);
}

#[test]
fn a_refusal_that_names_another_request_is_a_backends() {
    for arn in [
        "arn:aws:execute-api:us-east-1:********3333:b9zz9zzz9z/test/GET/pets",
        "arn:aws:execute-api:us-east-1:********3333:a1bc234d5e/test/POST/pets",
        "arn:aws:execute-api:us-east-1:********3333:a1bc234d5e",
    ] {
        let finding = refused(arn, DENY);
        assert_eq!(finding.cause, Cause::BackendStatus, "{arn}");
    }
}

#[test]
fn other_words_without_a_type_stay_a_backends() {
    let headers = [("x-amz-apigw-id", "AyD6VFqGvHcEGBg=")];
    for body in ["{\"message\":\"Forbidden\"}", "{\"message\":\"Missing Authentication Token\"}"] {
        healthy().answers(&ALL, 403, &headers, body).shows(Cause::BackendStatus, &ALL);
    }
}
