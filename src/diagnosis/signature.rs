//! What does one HTTP answer mean by itself? Judged by the error-type header first, the body's words second, the status third.

mod http_api;
mod refusal;
mod status;
mod words;

use super::cause::Cause;
use super::finding::Confidence;
use super::meaning::{Family, Signature};
use crate::observation::{Answer, Denial, Effect, Wording};
use crate::plan::Plan;
use crate::target::Target;
use http_api::{of_http_api, of_public_http_api};
use refusal::{denied, forbidden, of_signing};
use words::{is_anybodys, is_unmistakable};

/// Reads an answer by itself, knowing what was asked.
pub(crate) fn read(answer: &Answer, plan: &Plan, target: &Target) -> Signature {
    if answer.is_of_http_api() {
        return if target.is_public() { of_public_http_api(answer, plan) } else { of_http_api(answer) };
    }
    let error_type = answer.error_type();
    let wording = answer.wording();
    let typed = error_type.and_then(|kind| of_type(kind, wording.as_ref()));
    let mut signature = match (&typed, wording) {
        (Some(typed), _) => of_wording(typed, answer, plan),
        (None, Some(wording)) => unheaded(&wording, answer, plan, target),
        (None, None) => of_status(answer),
    };
    if typed == Some(Wording::SignatureMismatch) && answer.message().is_none() {
        // the type is the same for one that is too old
        signature.also(Cause::SigExpired);
    }
    if let Some(Wording::Denied(Denial { resource: Some(arn), .. })) = answer.wording() {
        signature.hold_against(&arn, plan, target);
    }
    if error_type.is_none() && answer.apigw_id().is_some() {
        match answer.wording() {
            Some(wording) if is_borne_out(&wording, plan, target) => signature.also(Cause::BackendStatus),
            // the backend's own words may tell what is wrong before it
            Some(Wording::PlainToTls) | None => {}
            Some(_) => weigh_lost_type(&mut signature),
        }
    }
    if let Some(message) = answer.message().filter(|_| signature.family == Family::Signing && is_signed(plan)) {
        signature.hold_signing(&message, plan, target);
    }
    if let Some(differences) = &answer.differences {
        signature.hold_canonical(differences);
    }
    let usual = typed.as_ref().map(status::usual).unwrap_or_default();
    if let Some(first) = usual.first().filter(|_| !usual.contains(&answer.status)) {
        signature.weaken(Confidence::Likely);
        signature
            .remark(format!("status {} is not the usual {first}: the owner customised this response", answer.status));
    }
    if answer.wording().is_some_and(|wording| is_anybodys(answer, &wording)) {
        signature.family = Family::Foreign;
        if !speakers(answer).is_empty() {
            // a server that names itself speaks for itself
            signature.causes.clear();
        }
        signature.rather(Cause::ProxyInterference);
        signature.rather(Cause::NotApiGateway);
        signature.strength = Confidence::Likely;
        signature.remark("it has none of API Gateway's headers, and its body is not in API Gateway's form".to_owned());
    } else if answer.apigw_id().is_none() && signature.family != Family::Foreign {
        // the header may be lost, but look-alikes never have it
        signature.weaken(Confidence::Likely);
        signature.also(Cause::NotApiGateway);
        signature.remark("no `x-amz-apigw-id`, which API Gateway puts on every answer of a REST API".to_owned());
    }
    if answer.error_type().is_some() && came_through_cloudfront(answer) {
        signature.weaken(Confidence::Likely);
        signature.also(Cause::PublicApiViaVpce);
        signature.remark(
            "CloudFront's headers are on it: it came over an edge-optimised API, not over an endpoint".to_owned(),
        );
    }
    signature
}

/// Whether a success hides an error: by its type, or by a body that says no more than a gateway's error.
pub(crate) fn is_masked_error(answer: &Answer) -> bool {
    answer.status < 400 && (answer.wording().is_some() || answer.error_type().is_some() || answer.is_function_error())
}

/// The first cause of an error by which the gateway itself answers, in place of the backend.
pub(crate) fn gateways_error(answer: &Answer, plan: &Plan, target: &Target) -> Option<Cause> {
    let is_error = answer.status >= 400 || answer.error_type().is_some();
    let signature = is_error.then(|| read(answer, plan, target))?;
    signature.causes.first().copied().filter(|_| signature.family != Family::Backend)
}

/// What an error type says, with the body where the type alone leaves it open.
fn of_type(kind: &str, wording: Option<&Wording>) -> Option<Wording> {
    use Wording as W;
    let said = |known: &[W]| wording.filter(|wording| known.contains(wording)).cloned();
    Some(match kind {
        "ForbiddenException" => W::Forbidden,
        "MissingAuthenticationTokenException" => W::MissingToken,
        "AccessDeniedException" => wording.filter(|wording| refuses(wording)).cloned().unwrap_or(W::Denied(Denial {
            user: None,
            resource: None,
            effect: Effect::Unspecified,
            policy: None,
        })),
        "UnauthorizedException" => W::Unauthorized,
        "InvalidSignatureException" => {
            said(&[W::SignatureExpired, W::SignatureNotYetCurrent, W::TokenInvalid, W::TokenExpired])
                .unwrap_or(W::SignatureMismatch)
        }
        "IncompleteSignatureException" => W::NotSigV4,
        "LimitExceededException" => W::LimitExceeded,
        "TooManyRequestsException" => W::TooManyRequests,
        "BadRequestException" => W::InvalidRequest,
        "InternalServerErrorException" => said(&[W::TimedOut, W::NetworkError]).unwrap_or(W::InternalError),
        "AuthorizerConfigurationException" => W::Null,
        // names that only emulators and other services use prove nothing
        _ => return None,
    })
}

/// Whether words say who refused, which `AccessDeniedException` leaves open.
fn refuses(wording: &Wording) -> bool {
    matches!(
        wording,
        Wording::Denied(_)
            | Wording::AuthorizerDenied { .. }
            | Wording::DeniedElsewhere
            | Wording::FunctionUrl
            | Wording::TokenInvalid
            | Wording::TokenExpired
    )
}

fn of_wording(wording: &Wording, answer: &Answer, plan: &Plan) -> Signature {
    use Confidence::{Certain, Likely};
    use Family as F;
    use Wording as W;
    match wording {
        W::Forbidden => forbidden(answer, plan),
        W::MissingToken if is_signed(plan) => {
            Signature::new(F::MissingToken, Likely, &[Cause::WrongResourceOrMethod, Cause::MissingAuthTokenUnspecified])
        }
        W::MissingToken => Signature::new(
            F::MissingToken,
            Likely,
            &[Cause::WrongResourceOrMethod, Cause::IamAuthUnsigned, Cause::MissingAuthTokenUnspecified],
        ),
        W::Denied(denial) => denied(denial, plan),
        W::AuthorizerDenied { explicit: true } => {
            Signature::new(F::Authorizer, Certain, &[Cause::LambdaAuthorizerExplicitDeny])
        }
        // what the authorizer leaves open, the resource policy may still allow
        W::AuthorizerDenied { explicit: false } => Signature::new(
            F::Authorizer,
            Likely,
            &[Cause::LambdaAuthorizerExplicitDeny, Cause::ResourcePolicyImplicitDeny],
        ),
        W::Unauthorized => {
            Signature::new(F::Authorizer, Likely, &[Cause::AuthorizerUnauthorized, Cause::CognitoUnauthorized])
        }
        W::NotSigV4 if plan.signed_for.is_some() => {
            let mut signature = Signature::new(F::Signing, Likely, &[Cause::ProxyInterference, Cause::SigIncomplete]);
            signature.remark(
                "a whole signature was sent: something on the way changed or replaced `Authorization`".to_owned(),
            );
            signature
        }
        W::NotSigV4 => of_signing(&[Cause::SigIncomplete, Cause::WrongResourceOrMethod, Cause::IamAuthUnsigned], plan),
        W::SignatureMismatch => of_signing(&[Cause::SigMismatch, Cause::SigMismatchWrongHost], plan),
        W::SignatureExpired | W::SignatureNotYetCurrent => of_signing(&[Cause::SigExpired, Cause::ClockSkew], plan),
        W::TokenInvalid => of_signing(&[Cause::TokenInvalid, Cause::TokenExpired, Cause::CredentialsExpired], plan),
        W::TokenExpired => of_signing(&[Cause::TokenExpired, Cause::CredentialsExpired, Cause::TokenInvalid], plan),
        W::LimitExceeded => Signature::new(F::Limit, Certain, &[Cause::QuotaExceeded]),
        W::TooManyRequests => Signature::new(F::Limit, Certain, &[Cause::Throttled]),
        W::InvalidRequest => Signature::new(F::Request, Certain, &[Cause::RequestValidationFailed]),
        W::BodyTooLarge => Signature::new(F::Request, Certain, &[Cause::BodyTooLarge]),
        W::UriTooLong => Signature::new(F::Request, Certain, &[Cause::UriTooLong]),
        W::InternalError => {
            let mut signature = Signature::new(F::Integration, Likely, status::internal_error(answer.status));
            if answer.wording().is_none() && answer.body_bytes > 0 {
                // who words a response anew may give it another status as well
                signature.also(Cause::IntegrationTimeout);
                signature.also(Cause::IntegrationNetworkError);
            }
            signature
        }
        W::TimedOut => Signature::new(F::Integration, Certain, &[Cause::IntegrationTimeout]),
        W::NetworkError => Signature::new(F::Integration, Certain, &[Cause::IntegrationNetworkError]),
        W::PlainToTls => {
            let causes = [Cause::IntegrationConfigError, Cause::BackendStatus];
            let mut signature = Signature::new(F::Integration, Likely, &causes);
            signature.remark("the backend says that plain HTTP came to a port that wants TLS".to_owned());
            signature
        }
        W::Unavailable => Signature::new(F::Integration, Likely, status::hints(503)),
        W::NotFound => Signature::new(
            F::Request,
            Likely,
            &[
                Cause::WrongResourceOrMethod,
                Cause::MissingStage,
                Cause::DefaultEndpointDisabled,
                Cause::WrongApiId,
                Cause::BackendStatus,
            ],
        ),
        W::Null => Signature::new(F::Authorizer, Certain, &[Cause::AuthorizerMisconfigured]),
        W::DeniedElsewhere if answer.apigw_id().is_some() => Signature::new(
            F::Integration,
            Likely,
            &[Cause::IntegrationConfigError, Cause::BackendStatus, Cause::LambdaError],
        ),
        W::DeniedElsewhere => Signature::new(F::Foreign, Likely, &[Cause::NotApiGateway]),
        W::FunctionUrl => Signature::new(F::Foreign, Certain, &[Cause::NotApiGateway]),
    }
}

/// Words without the error type that API Gateway puts beside them: weaker.
fn unheaded(wording: &Wording, answer: &Answer, plan: &Plan, target: &Target) -> Signature {
    let mut signature = of_wording(wording, answer, plan);
    let telling = is_unmistakable(wording) || *wording == Wording::PlainToTls;
    signature.weaken(if telling || is_borne_out(wording, plan, target) {
        Confidence::Likely
    } else {
        Confidence::Possible
    });
    if matches!(wording, Wording::TooManyRequests | Wording::LimitExceeded) {
        signature.also(Cause::Throttled);
        signature.also(Cause::QuotaExceeded);
    }
    if *wording == Wording::Null {
        signature.also(Cause::LambdaError);
    }
    if let Some(kind) = answer.error_type() {
        signature.remark(format!("`{kind}` is no error type of API Gateway: only the words speak for it"));
    } else if answer.apigw_id().is_none() {
        signature.remark("it has no `x-amzn-ErrorType`: only the words speak for it".to_owned());
    }
    signature
}

/// Whether words for which no error type is documented say what the request itself shows.
fn is_borne_out(wording: &Wording, plan: &Plan, target: &Target) -> bool {
    *wording == Wording::UriTooLong && bytes_of_arn(plan, target) > MOST_ARN_BYTES
}

/// How long the ARN of the called method is: `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH`.
fn bytes_of_arn(plan: &Plan, target: &Target) -> usize {
    let region = target.region().map_or(0, |region| region.as_str().len());
    let api = target.api().map_or(0, |api| api.id.as_str().len());
    // the path of the URL holds the stage
    let path = plan.path_and_query.split('?').next().unwrap_or_default();
    let account_and_marks = "arn::execute-api::111122223333:/".len();
    account_and_marks + target.partition().len() + region + api + plan.method.as_str().len() + path.len()
}

/// The longest ARN of a method that private APIs take: <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>.
const MOST_ARN_BYTES: usize = 1600;

/// The gateway's words and its id without its error type: a backend behind the API said it, unless it names the very request.
fn weigh_lost_type(signature: &mut Signature) {
    signature.weaken(Confidence::Likely);
    if signature.names_the_request {
        signature.also(Cause::WafOrCustomResponse);
        signature.also(Cause::BackendStatus);
        signature.remark(
            "it has no `x-amzn-ErrorType`, but names this very request: the header was taken off, or the owner customised this response".to_owned(),
        );
    } else {
        signature.family = Family::Backend;
        signature.rather(Cause::BackendStatus);
        signature.remark("it has no `x-amzn-ErrorType`, so that a backend behind the API said it".to_owned());
    }
}

/// Neither a known error type nor known words.
fn of_status(answer: &Answer) -> Signature {
    let status = answer.status;
    let mut signature = if let Some(action) = answer.header("x-amzn-waf-action") {
        // AWS WAF developer guide, "CAPTCHA and Challenge action behavior"
        let causes = [Cause::WafBlock, Cause::WafOrCustomResponse, Cause::BackendStatus];
        let mut signature = Signature::new(Family::Unclear, Confidence::Likely, &causes);
        signature.remark(format!("`x-amzn-waf-action: {action}`: AWS WAF wants a browser to answer its challenge"));
        signature
    } else if answer.error_type().is_some() {
        let mut signature = Signature::new(Family::Unclear, Confidence::Possible, status::hints(status));
        signature.also(Cause::WafOrCustomResponse);
        signature
    } else if answer.from_api_gateway() {
        let mut signature = Signature::new(Family::Backend, Confidence::Likely, &[Cause::BackendStatus]);
        signature.remark("it has API Gateway's id but no error type: the backend's own answer".to_owned());
        signature
    } else {
        let first = if is_proxys(answer) {
            [Cause::ProxyInterference, Cause::NotApiGateway]
        } else {
            [Cause::NotApiGateway, Cause::ProxyInterference]
        };
        let mut signature = Signature::new(Family::Foreign, Confidence::Likely, &first);
        signature.remark("it has none of API Gateway's headers".to_owned());
        signature
    };
    // a server that names itself speaks for itself, not for a gateway whose headers were lost
    let named = signature.family == Family::Foreign && (answer.header("server").is_some() || is_proxys(answer));
    for cause in status::hints(status).iter().filter(|_| !named) {
        signature.also(*cause);
    }
    signature.remarks.extend(speakers(answer));
    if answer.headers.iter().any(|(name, _)| name.to_ascii_lowercase().starts_with("x-amzn-remapped-")) {
        signature.remark("`x-amzn-Remapped-…` headers: an integration answered".to_owned());
    }
    signature
}

/// What an answer's headers say of the server that gave it, and of proxies on its way.
pub(crate) fn speakers(answer: &Answer) -> Vec<String> {
    let server = answer.header("server").filter(|server| *server != "Server");
    let said =
        [server.map(|server| format!("`Server: {server}`")), answer.header("via").map(|via| format!("`Via: {via}`"))];
    said.into_iter().flatten().collect()
}

/// Whether the request carries an `Authorization` header, ours or the user's, or a signature in its query. Its value may be a secret,
/// so it is not read.
pub(crate) fn is_signed(plan: &Plan) -> bool {
    let presigned = plan.path_and_query.to_ascii_lowercase().contains("x-amz-signature=");
    presigned
        || plan.signed_for.is_some()
        || plan.headers.iter().any(|header| header.name.eq_ignore_ascii_case("authorization"))
}

fn sends_key(plan: &Plan) -> bool {
    plan.headers.iter().any(|header| header.name.eq_ignore_ascii_case("x-api-key"))
}

fn came_through_cloudfront(answer: &Answer) -> bool {
    answer.header("x-amz-cf-id").is_some() || answer.header("via").is_some_and(|via| via.contains("(CloudFront)"))
}

/// Whether a proxy says that the answer is its own.
fn is_proxys(answer: &Answer) -> bool {
    const PROXIES: [&str; 8] = ["squid", "zscaler", "bluecoat", "proxysg", "mcafee", "fortigate", "tinyproxy", "envoy"];
    let named = |text: &str| PROXIES.iter().any(|proxy| text.to_ascii_lowercase().contains(proxy));
    // a proxy's own: RFC 9110, 15.5.8, and RFC 6585, 6
    matches!(answer.status, 407 | 511)
        || answer.header("server").is_some_and(named)
        || answer.header("via").is_some_and(|via| !via.contains("(CloudFront)"))
}
