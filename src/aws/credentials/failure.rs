//! What a failed provider of the AWS SDK means, in words that hold no secret: the SDK's own repeat what a program or a service said.

use super::chain::ProviderKind;
use super::profile::ProfileBase;
use crate::aws::http_client::{CallError, CallErrorKind, innermost};
use crate::observation::redact;
use crate::sign::NoCredentials;
use aws_credential_types::provider::error::CredentialsError;
use std::error::Error as _;

/// Why a provider gave nothing.
#[derive(Debug)]
pub(super) enum Failed {
    NotConfigured,
    Because(NoCredentials),
}

/// Returns what an error of a provider means.
pub(super) fn explain(kind: ProviderKind, error: &CredentialsError) -> Failed {
    if let Some(call) = CallError::within(error) {
        return Failed::Because(match call.kind {
            CallErrorKind::NoResponse | CallErrorKind::Refused => NoCredentials::Missing(call.message.clone()),
            CallErrorKind::Unavailable => NoCredentials::Unavailable(call.message.clone()),
            CallErrorKind::Expired => NoCredentials::Expired(call.message.clone()),
        });
    }
    // of a profile that leads nowhere, such as to a missing source profile, the SDK says why and goes on: another identity would sign
    let leads_nowhere = kind == ProviderKind::Profile && error.source().is_some();
    if matches!(error, CredentialsError::CredentialsNotLoaded(_)) && !leads_nowhere {
        return Failed::NotConfigured;
    }
    let text = innermost(error);
    Failed::Because(NoCredentials::Missing(match kind {
        ProviderKind::Environment | ProviderKind::Profile | ProviderKind::WebIdentity => of_configuration(&text),
        ProviderKind::Container => of_container(&text),
        ProviderKind::Instance => of_response(&text),
    }))
}

impl From<Failed> for NoCredentials {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::NotConfigured => Self::Missing("nothing is configured".to_owned()),
            Failed::Because(why) => why,
        }
    }
}

impl ProfileBase {
    /// Adds what helps with a profile of this kind.
    pub(super) fn explain(&self, why: NoCredentials) -> NoCredentials {
        match self {
            Self::Sso(name) => why.and(&format!("; sign in again: `aws sso login --profile {name}`")),
            Self::Keys | Self::Process(_) | Self::Environment | Self::Other => why,
        }
    }
}

/// Returns the SDK's words about a configuration, which name profiles and keys, and those about a process without what it said.
fn of_configuration(text: &str) -> String {
    const PROCESS: &str = "Error retrieving credentials";
    if let Some(about) = text.strip_prefix(PROCESS) {
        return match (about.split_once("exited with code "), about.split_once("from external process: ")) {
            (Some((_, status)), _) => {
                let status = status.split(". Stderr").next().unwrap_or_default();
                format!(
                    "its `credential_process` failed ({status}); run it by hand to see why (126: it may not be executed, as in the \
                     service without the drop-in `credential-process.conf`; 127: it is not there)"
                )
            }
            (None, Some((_, why))) if !why.contains("UTF-8") => {
                format!("its `credential_process` cannot be started: {why}")
            }
            (None, _) => format!("its `credential_process` printed no credentials: {}", of_response(about)),
        };
    }
    let text = text.strip_prefix("ProfileFile provider could not be built: ").unwrap_or(text);
    match text {
        "environment variable not set" => "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set".to_owned(),
        text => redact(text),
    }
}

/// Returns what is wrong with a container endpoint; its URL is not repeated, since anything may stand in it.
fn of_container(text: &str) -> String {
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

/// Returns what is wrong with a response that should hold credentials, without any of it but a code.
fn of_response(text: &str) -> String {
    let field = text.split_once("field").and_then(|(_, rest)| rest.split('`').nth(1));
    let code = text.split_once('[').or(text.split_once("from IMDS: ")).map(|(_, rest)| rest);
    let code = code.and_then(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric()).next());
    match (field, code.filter(|code| !code.is_empty())) {
        (Some(field), _) => format!("the response lacks a valid `{}`", redact(field)),
        (None, Some(code)) => {
            let code: String = code.chars().take(60).collect();
            format!("the response says {code} instead of Success: see the role's trust policy")
        }
        (None, None) => "the response is not JSON with keys".to_owned(),
    }
}
