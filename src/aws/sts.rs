//! Whose role may be taken? Two calls to STS, at its regional name: with keys, and with the token of an identity provider.

use super::part::part;
use super::xml::Element;
use super::{Question, Side};
use crate::observation::redact;
use crate::sign::{Call, Credentials, NoCredentials, Scope};
use crate::target::{DnsSuffix, Region, sts_service};
use form_urlencoded::Serializer;
use hyper::Method;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// STS of one Region.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sts<'a> {
    pub(super) side: &'a Side,
    /// `https://sts.REGION.SUFFIX`; a VPC endpoint does not serve the global name.
    pub(super) url: &'a str,
    pub(super) region: &'a str,
}

/// The role to take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taking<'a> {
    pub(super) arn: &'a str,
    pub(super) session_name: &'a str,
    pub(super) external_id: Option<&'a str>,
}

/// With what a role is taken.
#[derive(Debug, Clone, Copy)]
enum By {
    Keys,
    Token,
}

impl Sts<'_> {
    /// Takes a role by keys (`sts:AssumeRole`).
    pub(super) async fn assume(&self, role: Taking<'_>, keys: &Credentials) -> Result<Credentials, NoCredentials> {
        let body = form("AssumeRole", role, role.external_id.map(|id| ("ExternalId", id)));
        let call = Call { method: "POST", url: self.url, headers: vec![FORM], body: body.as_bytes() };
        let scope = Scope { region: self.region, service: "sts" };
        let signed = call.sign(&scope, keys, OffsetDateTime::now_utc()).map_err(NoCredentials::Missing)?;
        let signed = signed.iter().map(|header| (header.name.as_str(), header.value.to_send()));
        let headers: Vec<_> = [FORM].into_iter().chain(signed).collect();
        self.take(role, By::Keys, &headers, body).await
    }

    /// Takes a role by the token of an identity provider (`sts:AssumeRoleWithWebIdentity`), which goes unsigned.
    pub(super) async fn assume_with_token(&self, role: Taking<'_>, token: &str) -> Result<Credentials, NoCredentials> {
        let body = form("AssumeRoleWithWebIdentity", role, Some(("WebIdentityToken", token)));
        self.take(role, By::Token, &[FORM], body).await
    }

    async fn take(
        &self,
        role: Taking<'_>,
        by: By,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Credentials, NoCredentials> {
        let stray = stray(role.arn, self.region).map(|words| format!("; {words}")).unwrap_or_default();
        let not = |why: String| format!("`{}` could not be assumed at {}: {why}{stray}", role.arn, self.url);
        let answer = self
            .side
            .ask(Question { method: Method::POST, url: self.url, headers, body })
            .await
            .map_err(|why| NoCredentials::Missing(not(format!("{why}; {}", self.way()))))?;
        if answer.status == 200 {
            return read(&answer.body).map_err(|why| NoCredentials::Missing(not(why)));
        }
        let (why, has_ended) = refusal(answer.status, &answer.body, by);
        Err(if has_ended { NoCredentials::Expired(not(why)) } else { NoCredentials::Missing(not(why)) })
    }

    /// What it takes to reach STS without the Internet.
    fn way(&self) -> String {
        let service = sts_service(self.region);
        format!("where there is no way to the Internet, the VPC needs an interface endpoint for `{service}`")
    }
}

/// What contradicts itself if a role is to be taken in a Region, where the Region's name tells its partition.
pub(super) fn stray(arn: &str, region: &str) -> Option<String> {
    let region = Region::parse(region).ok()?;
    let own = DnsSuffix::of_region(&region)?.partition(&region);
    let named = arn.split(':').nth(1).filter(|named| *named != own)?;
    Some(format!("the role is of partition `{named}`, {region} of `{own}`; roles are taken within one partition"))
}

fn form(action: &str, role: Taking<'_>, more: Option<(&str, &str)>) -> String {
    let usual =
        [("Action", action), ("Version", "2011-06-15"), ("RoleArn", role.arn), ("RoleSessionName", role.session_name)];
    Serializer::new(String::new()).extend_pairs(usual.into_iter().chain(more)).finish()
}

/// The keys of a role that was taken.
fn read(body: &str) -> Result<Credentials, String> {
    let answer = Element::parse(body).ok_or(UNREAD)?;
    let result = answer.child("AssumeRoleResult").or_else(|| answer.child("AssumeRoleWithWebIdentityResult"));
    let keys = result.and_then(|result| result.child("Credentials")).ok_or(UNREAD)?;
    let text = |name| keys.text_of(name).ok_or(UNREAD);
    let part = |name| part(name, text(name)?).map_err(|why| format!("the answer is not good: {why}"));
    let expires = OffsetDateTime::parse(text("Expiration")?, &Rfc3339);
    Ok(Credentials {
        access_key_id: part("AccessKeyId")?,
        secret_access_key: part("SecretAccessKey")?,
        session_token: Some(part("SessionToken")?),
        expires: Some(expires.map_err(|_| "the end of the session cannot be read")?),
    })
}

/// Code and message of a refusal, with what it means where that is known; and whether it is that what was shown is past its end.
fn refusal(status: u16, body: &str, by: By) -> (String, bool) {
    let answer = Element::parse(body);
    let error = answer.as_ref().and_then(|answer| answer.child("Error"));
    let Some((error, code)) = error.and_then(|error| Some((error, error.text_of("Code")?))) else {
        return (format!("status {status}, in words that are not STS's"), false);
    };
    let message = error.text_of("Message").unwrap_or_default();
    let has_ended = matches!(code, "ExpiredToken" | "ExpiredTokenException");
    let hint = match (code, by) {
        _ if has_ended => "; what it was to be assumed with is past its end",
        ("RequestExpired", _) => OFF,
        // it calls a signature by a wrong clock by the same code as one by a wrong key
        (_, By::Keys) if message.starts_with("Signature expired") || message.starts_with("Signature not yet") => OFF,
        ("AccessDenied", By::Keys) => {
            "; the role's trust policy must admit this caller, and the caller's own policies must allow sts:AssumeRole on it"
        }
        ("AccessDenied", By::Token) => {
            "; the role's trust policy must allow sts:AssumeRoleWithWebIdentity to the token's provider, for the subject and the \
             audience that stand in the token"
        }
        ("InvalidClientTokenId" | "SignatureDoesNotMatch", _) => {
            "; the keys that it was to be assumed with are not good"
        }
        ("InvalidIdentityToken", _) => "; the role's trust policy and the identity provider must fit the token",
        ("RegionDisabledException", _) => "; STS is not activated in this Region",
        _ => "",
    };
    (format!("{code} ({}){hint}", redact(message.trim_end_matches('.'))), has_ended)
}

const OFF: &str = "; this host's clock is minutes off: see `chronyc tracking`";
const UNREAD: &str = "the answer is not STS's";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
