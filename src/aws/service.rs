//! How is a service of AWS asked? Signed, at its regional name or where the environment says, once, and within a moment.

use super::{Place, Question, Side, SideAnswer, Variables};
use crate::sign::{Call, Credentials, Scope};
use hyper::{Method, Uri};
use std::sync::Mutex;
use time::OffsetDateTime;
use tokio::time::{Instant, timeout_at};

/// A service in one Region.
#[derive(Debug)]
pub(super) struct Service<'a> {
    pub(super) side: &'a Side,
    /// Without a slash at its end.
    pub(super) url: String,
    pub(super) region: &'a str,
    /// As it stands in scopes.
    pub(super) name: &'static str,
    pub(super) keys: &'a Credentials,
    /// When the last answer is waited for no longer.
    pub(super) until: Instant,
    /// By how many seconds its clock is ahead of this host's.
    pub(super) ahead: Mutex<Option<i64>>,
}

/// The URL of a service: its regional name, or what the environment names in its place, as it does for every tool of AWS. The error
/// names the variable, not its text, which may hold a password.
pub(super) fn url(variables: &Variables, variable: &str, usual: impl FnOnce() -> String) -> Result<String, String> {
    let named = [variable, "AWS_ENDPOINT_URL"].into_iter().find_map(|name| Some((name, variables.value(name)?)));
    let Some((name, url)) = named else { return Ok(usual()) };
    let uri = url.parse::<Uri>().ok().filter(|uri| Place::of(uri).is_some());
    let uri = uri.ok_or_else(|| format!("`{name}` is no URL of http or https"))?;
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) || uri.query().is_some() {
        return Err(format!(
            "`{name}` holds a user name, a password or a query, which no service of AWS has in its URL"
        ));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

impl Service<'_> {
    /// Asks, and gives the answer whatever it is; the error says in words why none came.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        header: (&str, &str),
        body: String,
    ) -> Result<SideAnswer, String> {
        let url = format!("{}{path}", self.url);
        let call = Call { method: method.as_str(), url: &url, headers: vec![header], body: body.as_bytes() };
        let scope = Scope { region: self.region, service: self.name };
        let signed = call.sign(&scope, self.keys, OffsetDateTime::now_utc())?;
        let signed = signed.iter().map(|header| (header.name.as_str(), header.value.to_send()));
        let headers: Vec<_> = [header].into_iter().chain(signed).collect();
        let asking = self.side.ask(Question { method, url: &url, headers: &headers, body });
        let place = self.url.trim_start_matches("https://");
        let answer = match timeout_at(self.until, asking).await {
            Ok(answer) => answer.map_err(|why| format!("{place}: {why}"))?,
            Err(_) => return Err(format!("{place}: no answer within {} s", super::MOST_FOR_A_CALL.as_secs())),
        };
        *self.ahead.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = answer.ahead;
        Ok(answer)
    }

    /// By how many seconds its clock is ahead of this host's, if an answer told.
    pub(super) fn clock_ahead(&self) -> Option<i64> {
        *self.ahead.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
