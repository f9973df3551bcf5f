//! Who calls? The SigV4 headers of a plan, made at the moment of sending; AWS's own crate does the sums.

mod canonical;

pub use canonical::compare;

use crate::plan::{Header, HeaderText, Plan};
use crate::target::Region;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings};
use aws_sigv4::sign::v4::SigningParams;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// What a caller signs with. Only the key's id may be shown, and even that never is.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Which key: `AKIA…` of a user, `ASIA…` of a session.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: String,
    /// What goes with the key of a session.
    pub session_token: Option<String>,
    /// When the session ends; absent for the key of a user.
    pub expires: Option<OffsetDateTime>,
}

impl Credentials {
    /// Whether their session has ended.
    pub fn are_expired(&self, at: OffsetDateTime) -> bool {
        self.ended(at).is_some()
    }

    /// When their session ended (RFC 3339, UTC), if it has.
    pub fn ended(&self, at: OffsetDateTime) -> Option<String> {
        let end = self.expires.filter(|end| *end <= at)?.to_offset(UtcOffset::UTC);
        Some(end.replace_nanosecond(0).unwrap_or(end).format(&Rfc3339).unwrap_or_default())
    }

    /// Returns them in the form in which AWS's crates take them.
    pub(crate) fn to_sdk(&self) -> aws_credential_types::Credentials {
        let (id, secret) = (self.access_key_id.as_str(), self.secret_access_key.as_str());
        aws_credential_types::Credentials::new(id, secret, self.session_token.clone(), None, "apigw-probe")
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials(until {:?})", self.expires)
    }
}

/// Who signs: credentials, or why there are none.
pub type Identity = Result<Arc<Credentials>, NoCredentials>;

/// Why nobody can sign, never with a secret in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoCredentials {
    /// There are none: what was looked for, where, and what came of it.
    #[error("{0}")]
    Missing(String),
    /// A service that supplies them failed, and may not at the next attempt.
    #[error("{0}")]
    Unavailable(String),
    /// There were some: when they ended, or who says so, and why nobody renewed them.
    #[error("{0}")]
    Expired(String),
}

impl From<String> for NoCredentials {
    fn from(why: String) -> Self {
        Self::Missing(why)
    }
}

impl NoCredentials {
    /// The same, said of whom it is about.
    pub(crate) fn of(self, whom: &str) -> Self {
        self.map(|why| format!("{whom}: {why}"))
    }

    /// The same with more words.
    pub(crate) fn and(self, more: &str) -> Self {
        self.map(|why| why + more)
    }

    fn map(self, change: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::Missing(why) => Self::Missing(change(why)),
            Self::Unavailable(why) => Self::Unavailable(change(why)),
            Self::Expired(why) => Self::Expired(change(why)),
        }
    }
}

/// The headers that sign a call: `x-amz-date`, `authorization`, and `x-amz-security-token` for a session. They hold for five minutes
/// around the moment, for exactly this method, path, query, `Host` and headers (IAM user guide, "Create a signed AWS API request").
/// The error says what in the call cannot be signed.
pub fn sign(
    plan: &Plan,
    region: &Region,
    credentials: &Credentials,
    at: OffsetDateTime,
) -> Result<Vec<Header>, String> {
    let url = format!("https://{}{}", plan.host, plan.path_and_query);
    let headers = plan.headers.iter().map(|header| (header.name.as_str(), header.value.to_send()));
    let call = Call { method: plan.method.as_str(), url: &url, headers: headers.collect(), body: b"" };
    call.sign(&Scope { region: region.as_str(), service: SERVICE }, credentials, at)
}

/// A call to be signed, to whichever service.
#[derive(Debug)]
pub struct Call<'a> {
    /// The request method.
    pub method: &'a str,
    /// The URL; its host is the `Host` that goes on the wire.
    pub url: &'a str,
    /// The headers that the signature covers beside `Host`.
    pub headers: Vec<(&'a str, &'a str)>,
    /// The body.
    pub body: &'a [u8],
}

/// Where a signature holds.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The Region.
    pub region: &'a str,
    /// The service, as it stands in scopes.
    pub service: &'a str,
}

impl Call<'_> {
    /// The headers that sign it; the error says what cannot be signed.
    pub fn sign(
        &self,
        scope: &Scope<'_>,
        credentials: &Credentials,
        at: OffsetDateTime,
    ) -> Result<Vec<Header>, String> {
        let wrong = |error: &dyn fmt::Display| format!("the call cannot be signed: {error}");
        let identity = credentials.to_sdk().into();
        let mut settings = SigningSettings::default();
        if let Some(excluded) = &mut settings.excluded_headers {
            // it belongs to the connection, and proxies answer it by themselves
            excluded.push(Cow::Borrowed("expect"));
        }
        let params = SigningParams::builder()
            .identity(&identity)
            .region(scope.region)
            .name(scope.service)
            .time(at.into())
            .settings(settings)
            .build()
            .map_err(|error| wrong(&error))?
            .into();
        let call =
            SignableRequest::new(self.method, self.url, self.headers.iter().copied(), SignableBody::Bytes(self.body))
                .map_err(|error| wrong(&error))?;
        let signed = aws_sigv4::http_request::sign(call, &params).map_err(|error| wrong(&error))?;
        let header = |(name, value): (&str, &str)| {
            let shown = name == "x-amz-date";
            let value = if shown { HeaderText::Plain(value.to_owned()) } else { HeaderText::Secret(value.to_owned()) };
            Header { name: name.to_owned(), value }
        };
        Ok(signed.output().headers().map(header).collect())
    }
}

/// The service's name in scopes (developer guide, "Signing requests").
const SERVICE: &str = "execute-api";
