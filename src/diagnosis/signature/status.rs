//! What may a status mean, and which does API Gateway give to which error, where the owner changed nothing?

use crate::diagnosis::cause::Cause;
use crate::observation::Wording;

/// What a bare status may mean, where nothing else speaks.
pub(super) fn hints(status: u16) -> &'static [Cause] {
    match status {
        400 => &[Cause::RequestValidationFailed, Cause::IntegrationConfigError],
        401 => &[Cause::AuthorizerUnauthorized, Cause::CognitoUnauthorized, Cause::WafOrCustomResponse],
        403 => {
            &[Cause::WafOrCustomResponse, Cause::WafBlock, Cause::ForbiddenUnknown, Cause::LambdaAuthorizerExplicitDeny]
        }
        404 | 405 => &[Cause::WrongResourceOrMethod, Cause::WafOrCustomResponse],
        413 => &[Cause::BodyTooLarge],
        414 => &[Cause::UriTooLong],
        415 => &[Cause::RequestValidationFailed],
        429 => &[Cause::Throttled, Cause::QuotaExceeded, Cause::WafOrCustomResponse],
        502 => &[Cause::LambdaProxyMalformed, Cause::LambdaError, Cause::IntegrationConfigError],
        503 => &[
            Cause::IntegrationNetworkError,
            Cause::IntegrationTimeout,
            Cause::Throttled,
            Cause::IntegrationConfigError,
            Cause::LambdaError,
        ],
        504 => &[Cause::IntegrationTimeout, Cause::IntegrationNetworkError],
        500.. => &[Cause::LambdaError, Cause::IntegrationConfigError, Cause::LambdaPermissionMissing],
        ..400 => &[],
        _ => &[Cause::WafOrCustomResponse],
    }
}

/// What `Internal server error` may mean under a status.
pub(super) fn internal_error(status: u16) -> &'static [Cause] {
    match status {
        502 => &[Cause::LambdaProxyMalformed, Cause::LambdaError, Cause::IntegrationConfigError],
        504 => &[Cause::IntegrationTimeout, Cause::IntegrationNetworkError],
        // not API Gateway's own, so that it may stand for any other
        503 => &[
            Cause::IntegrationNetworkError,
            Cause::IntegrationConfigError,
            Cause::LambdaError,
            Cause::LambdaProxyMalformed,
            Cause::LambdaPermissionMissing,
            Cause::IntegrationTimeout,
        ],
        _ => &[
            Cause::IntegrationConfigError,
            Cause::LambdaPermissionMissing,
            Cause::LambdaError,
            Cause::IntegrationNetworkError,
            Cause::LambdaProxyMalformed,
            Cause::AuthorizerMisconfigured,
        ],
    }
}

/// The statuses that API Gateway gives an error, where its owner changed nothing.
pub(super) fn usual(wording: &Wording) -> &'static [u16] {
    use Wording as W;
    match wording {
        W::Forbidden
        | W::MissingToken
        | W::Denied(_)
        | W::AuthorizerDenied { .. }
        | W::SignatureMismatch
        | W::SignatureExpired
        | W::SignatureNotYetCurrent
        | W::NotSigV4
        | W::TokenInvalid
        | W::TokenExpired => &[403],
        W::Unauthorized => &[401],
        W::LimitExceeded | W::TooManyRequests => &[429],
        W::InvalidRequest => &[400, 415],
        W::BodyTooLarge => &[413],
        W::UriTooLong => &[414],
        W::InternalError => &[500, 502, 503, 504],
        W::TimedOut | W::NetworkError => &[504],
        W::Null => &[500],
        W::PlainToTls | W::Unavailable | W::NotFound | W::DeniedElsewhere | W::FunctionUrl => &[],
    }
}
