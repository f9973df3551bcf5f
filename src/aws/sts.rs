//! What a failed `AssumeRole` or `AssumeRoleWithWebIdentity` means.

use super::http_client::{CallError, CallErrorKind};
use super::xml::XmlElement;
use crate::observation::redact;
use crate::target::{DnsSuffix, Region, sts_service};
use reqwest::Url;

/// A call that assumes a role. The token or the signature that it is made with is not kept.
#[derive(Debug)]
pub(super) struct AssumeRoleCall {
    action: String,
    role_arn: String,
    /// Scheme and host of the endpoint.
    endpoint: String,
    region: String,
}

impl AssumeRoleCall {
    /// Returns the call that a form asks for, if it is one of STS.
    pub(super) fn parse(form: &[u8], url: &Url, region: &str) -> Option<Self> {
        let value = |wanted: &str| {
            let mut pairs = form_urlencoded::parse(form);
            pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
        };
        let action = value("Action").filter(|action| action.starts_with("AssumeRole"))?;
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let endpoint = format!("{}://{}{port}", url.scheme(), url.host_str()?);
        Some(Self { action, role_arn: value("RoleArn")?, endpoint, region: region.to_owned() })
    }

    /// Returns the error of a response that is not one to this call with status 200.
    pub(super) fn check(&self, status: u16, body: &str) -> Result<(), CallError> {
        let response = XmlElement::parse(body);
        if status == 200 {
            let is_ours = response.is_some_and(|one| one.name().strip_suffix("Response") == Some(&self.action));
            let foreign = || self.error(CallErrorKind::Refused, "the response is not from STS");
            return if is_ours { Ok(()) } else { Err(foreign()) };
        }
        let error = response.as_ref().and_then(|response| response.child("Error"));
        let Some((error, code)) = error.and_then(|error| Some((error, error.text_of("Code")?))) else {
            let message = format!("status {status} with a body that is not from STS");
            return Err(CallError::of_status(status, self.message(&message)));
        };
        let message = error.text_of("Message").unwrap_or_default();
        let text = format!("{code} ({}){}", redact(message.trim_end_matches('.')), self.hint(code, message));
        Err(match code {
            "ExpiredToken" | "ExpiredTokenException" => self.error(CallErrorKind::Expired, &text),
            "Throttling" | "ThrottlingException" => self.error(CallErrorKind::Unavailable, &text),
            _ => CallError::of_status(status, self.message(&text)),
        })
    }

    /// Returns the error of a call that got no response, with what it takes to reach STS without the Internet.
    pub(super) fn unreachable(&self, error: &CallError) -> CallError {
        let service = sts_service(&self.region);
        let hint =
            format!("where there is no route to the Internet, the VPC needs an interface endpoint for `{service}`");
        self.error(error.kind, &format!("{error}; {hint}"))
    }

    /// Returns what an error code means, where that is known.
    fn hint(&self, code: &str, message: &str) -> &'static str {
        let with_keys = self.action == "AssumeRole";
        match code {
            "ExpiredToken" | "ExpiredTokenException" => "; what it was to be assumed with has expired",
            "RequestExpired" => CLOCK,
            // a signature by a wrong clock has the same code as one by a wrong key
            _ if with_keys
                && (message.starts_with("Signature expired") || message.starts_with("Signature not yet")) =>
            {
                CLOCK
            }
            "AccessDenied" if with_keys => {
                "; the role's trust policy must admit this caller, and the caller's own policies must allow sts:AssumeRole on it"
            }
            "AccessDenied" => {
                "; the role's trust policy must allow sts:AssumeRoleWithWebIdentity to the token's provider, for the subject and \
                 the audience in the token"
            }
            "InvalidClientTokenId" | "SignatureDoesNotMatch" => {
                "; the keys that it was to be assumed with are not valid"
            }
            "InvalidIdentityToken" => "; the role's trust policy and the identity provider must fit the token",
            "RegionDisabledException" => "; STS is not activated in this Region",
            _ => "",
        }
    }

    fn error(&self, kind: CallErrorKind, why: &str) -> CallError {
        CallError { kind, message: self.message(why) }
    }

    fn message(&self, why: &str) -> String {
        let partition = partition_mismatch(&self.role_arn, &self.region);
        let partition = partition.map(|words| format!("; {words}")).unwrap_or_default();
        format!("cannot assume `{}` at {}: {why}{partition}", self.role_arn, self.endpoint)
    }
}

/// Says that a role is of another partition than a Region, where the Region's name tells its partition.
pub(super) fn partition_mismatch(arn: &str, region: &str) -> Option<String> {
    let region = Region::parse(region).ok()?;
    let own = DnsSuffix::of_region(&region)?.partition(&region);
    let named = arn.split(':').nth(1).filter(|named| *named != own)?;
    Some(format!(
        "the role is of partition `{named}`, {region} of `{own}`; a role can be assumed within its own partition only"
    ))
}

const CLOCK: &str = "; this host's clock is minutes off: see `chronyc tracking`";
