//! Parses policy documents as AWS's services return them.

use crate::observation::redact;
use serde_json::{Value, from_str};

/// Parses a policy document; text that is not JSON stays text. API Gateway escapes what is within its text once more.
pub(super) fn policy_document(text: &str) -> Value {
    let unescaped = || from_str::<String>(&format!("\"{text}\"")).ok();
    let read = from_str(text).ok().or_else(|| from_str(&unescaped()?).ok());
    read.unwrap_or_else(|| Value::String(redact(text)))
}
