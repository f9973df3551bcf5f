//! Whose words may they be? The gateway's alone, or anybody's.

use crate::diagnosis::cause::Cause;
use crate::observation::{Answer, Denial, Wording};

/// What words mean that are about a signature or the credentials behind it; none of others.
pub(super) fn of_signatures(wording: &Wording) -> Option<&'static [Cause]> {
    Some(match wording {
        Wording::SignatureMismatch => &[Cause::SigMismatch, Cause::SigMismatchWrongHost],
        Wording::SignatureExpired | Wording::SignatureNotYetCurrent => &[Cause::SigExpired, Cause::ClockSkew],
        Wording::NotSigV4 => &[Cause::SigIncomplete, Cause::WrongResourceOrMethod, Cause::IamAuthUnsigned],
        Wording::TokenInvalid => &[Cause::TokenInvalid, Cause::TokenExpired, Cause::CredentialsExpired],
        Wording::TokenExpired => &[Cause::TokenExpired, Cause::CredentialsExpired, Cause::TokenInvalid],
        _ => return None,
    })
}

/// Whether nobody else has such words.
pub(super) fn is_unmistakable(wording: &Wording) -> bool {
    matches!(
        wording,
        Wording::Denied(Denial { user: Some(_), .. })
            | Wording::FunctionUrl
            | Wording::SignatureMismatch
            | Wording::SignatureExpired
            | Wording::SignatureNotYetCurrent
            | Wording::TokenInvalid
            | Wording::TokenExpired
    )
}

/// Whether anybody may have said it: an answer without a single mark, in words that many servers use, and not in the form in
/// which API Gateway puts them, byte for byte.
pub(super) fn is_anybodys(answer: &Answer, wording: &Wording) -> bool {
    const FORMS: [&str; 4] = ["{\"message\":\"", "{\"message\": \"", "{\"Message\":\"", "{\"message\":null}"];
    // the only words that it says as plain text
    let is_plain = matches!(wording, Wording::BodyTooLarge | Wording::UriTooLong);
    let body = answer.body_excerpt.as_deref().unwrap_or_default();
    let is_own = is_plain || FORMS.iter().any(|form| body.starts_with(form));
    // a policy's words name this very service
    let is_telling = is_unmistakable(wording) || matches!(wording, Wording::Denied(_));
    answer.apigw_id().is_none() && answer.error_type().is_none() && !is_own && !is_telling
}
