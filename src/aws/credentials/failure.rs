//! What a failed provider of the AWS SDK means, in words that hold no secret: the SDK's own repeat what a program or a service said.

use super::profile::ProfileBase;
use crate::aws::http_client::{CallError, CallErrorKind, innermost};
use crate::observation::redact;
use crate::sign::NoCredentials;
use aws_credential_types::provider::error::CredentialsError;

/// Returns what an error of a provider means: ours if it was made from one, else the SDK's in these words.
pub(super) fn explain(error: &CredentialsError, words: fn(&str) -> String) -> NoCredentials {
    let Some(CallError { kind, message }) = CallError::within(error) else { return words(&innermost(error)).into() };
    match kind {
        CallErrorKind::NoResponse | CallErrorKind::Refused => NoCredentials::Missing(message.clone()),
        CallErrorKind::Unavailable => NoCredentials::Unavailable(message.clone()),
        CallErrorKind::Expired => NoCredentials::Expired(message.clone()),
    }
}

impl ProfileBase {
    /// Returns what helps where a profile of this kind fails.
    pub(super) fn hint(&self) -> Option<String> {
        match self {
            Self::Sso(name) => Some(format!("; sign in again: `aws sso login --profile {name}`")),
            Self::Keys | Self::Process(_) | Self::Environment | Self::Other | Self::Nothing | Self::Missing => None,
        }
    }
}

/// Returns the SDK's words about a configuration, which name profiles and keys, and about a process without what that said.
pub(super) fn of_configuration(text: &str) -> String {
    if let Some((_, status)) = text.split_once("external process exited with code ") {
        let status = status.split(". Stderr").next().unwrap_or_default();
        return format!(
            "its `credential_process` failed ({status}); run it by hand to see why (126: it may not be executed, as in the service \
             without the drop-in `credential-process.conf`; 127: it is not there)"
        );
    }
    match text.strip_prefix("Error retrieving credentials from external process") {
        Some(about) if about.contains("(os error") => {
            format!("its `credential_process` cannot be started{about}")
        }
        Some(about) => format!("its `credential_process` printed no credentials: {}", of_response(about)),
        None if text == "environment variable not set" => "the keys are not in the environment".to_owned(),
        None => redact(text.strip_prefix("ProfileFile provider could not be built: ").unwrap_or(text)),
    }
}

/// Returns what is wrong with a container endpoint; its URL is not repeated, since anything may stand in it.
pub(super) fn of_container(text: &str) -> String {
    if text.contains("URI") {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor an address of ECS, EKS or loopback".to_owned()
    } else if text.contains("header value") {
        "the authorization token cannot stand in a header: is there a line break in it or in its file?".to_owned()
    } else if text.contains("(os error") {
        format!("cannot read the file in AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: {text}")
    } else {
        of_response(text)
    }
}

/// Returns why instance metadata has no credentials.
pub(super) fn of_instance(text: &str) -> String {
    match text {
        "received 404 from IMDS" => "the instance has no role: attach an instance profile".to_owned(),
        text => of_response(text),
    }
}

/// Returns what is wrong with a response that should hold credentials, without any of it but a code.
fn of_response(text: &str) -> String {
    let field = text.split_once("field").and_then(|(_, rest)| rest.split('`').nth(1));
    let code = text.split_once('[').or(text.split_once("from IMDS: ")).map(|(_, rest)| rest);
    let code = code.and_then(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric()).next());
    match (field, code.filter(|code| !code.is_empty())) {
        (Some(field), _) => format!("the response lacks a valid `{}`", redact(field)),
        (None, Some(code)) => format!("the response says {code:.60} instead of Success: see the role's trust policy"),
        (None, None) => "the response is not JSON with keys".to_owned(),
    }
}
