//! Whose words may they be? The gateway's alone, or anybody's.

use crate::observation::{Answer, Denial, Wording};

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
