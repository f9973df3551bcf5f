//! What does an HTTP API's answer mean? It words and counts its errors by itself, and has no error types.

use super::is_signed;
use crate::diagnosis::cause::Cause;
use crate::diagnosis::finding::Confidence;
use crate::diagnosis::meaning::{Family, Signature};
use crate::observation::Answer;
use crate::plan::Plan;

/// What the status of an HTTP API may mean.
fn causes_in_http_api(status: u16) -> &'static [Cause] {
    match status {
        // a disabled default endpoint says the same as an unknown route
        404 => &[Cause::WrongResourceOrMethod, Cause::DefaultEndpointDisabled, Cause::BackendStatus],
        401 | 403 => &[Cause::AuthorizerUnauthorized, Cause::BackendStatus],
        429 => &[Cause::Throttled, Cause::BackendStatus],
        503 | 504 => &[Cause::IntegrationTimeout, Cause::IntegrationNetworkError, Cause::BackendStatus],
        500..=599 => &[Cause::LambdaError, Cause::IntegrationConfigError, Cause::BackendStatus],
        _ => &[Cause::BackendStatus],
    }
}

/// A public HTTP API's own answer, where one is expected. It has no error types, and for an unsigned call of an IAM route it has
/// the same word as for whatever else it forbids.
pub(super) fn of_public_http_api(answer: &Answer, plan: &Plan) -> Signature {
    let mut signature = Signature::new(Family::HttpApi, Confidence::Likely, causes_in_http_api(answer.status));
    if answer.status == 404 {
        signature.also(Cause::MissingStage);
    }
    if answer.status == 403 && !is_signed(plan) {
        signature.rather(Cause::IamAuthUnsigned);
    }
    if answer.status == 403 && is_signed(plan) {
        signature.rather(Cause::IdentityPolicyDeny);
    }
    signature.remark("`apigw-requestid` without `x-amz-apigw-id`: an HTTP API answers".to_owned());
    signature
}

/// An HTTP API words and counts its errors by itself; none of a REST API's reasons needs to hold.
pub(super) fn of_http_api(answer: &Answer) -> Signature {
    let causes = causes_in_http_api(answer.status);
    let mut signature = Signature::new(Family::HttpApi, Confidence::Likely, &[Cause::AnsweredByHttpApi]);
    for cause in [Cause::PublicApiViaVpce].iter().chain(causes) {
        signature.also(*cause);
    }
    signature.remark("`apigw-requestid` without `x-amz-apigw-id`: an HTTP API, which cannot be private".to_owned());
    signature
}
