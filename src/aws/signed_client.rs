//! Signed requests to one AWS service in one Region, each made once and within a deadline.

use super::http_client::{AwsHttpClient, AwsRequest, AwsResponse, CALL_TIMEOUT};
use crate::sign::{Call, Credentials, Scope};
use reqwest::Method;
use time::OffsetDateTime;
use tokio::time::{Instant, timeout_at};

/// A service in one Region.
#[derive(Debug)]
pub(super) struct AwsService<'a> {
    pub(super) client: &'a AwsHttpClient,
    /// Without a slash at its end.
    pub(super) url: String,
    pub(super) region: &'a str,
    /// The service's name in a credential scope.
    pub(super) name: &'static str,
    pub(super) credentials: &'a Credentials,
    /// The deadline of the last response.
    pub(super) until: Instant,
}

/// A request to a service.
#[derive(Debug)]
pub(super) struct ServiceRequest<'a> {
    pub(super) method: Method,
    pub(super) path: &'a str,
    /// The one header beside those of the signature.
    pub(super) header: (&'a str, &'a str),
    pub(super) body: String,
}

impl AwsService<'_> {
    /// Signs and sends a request and returns the response, whatever its status; the error says why none came.
    pub(super) async fn send(&self, request: ServiceRequest<'_>) -> Result<AwsResponse, String> {
        let ServiceRequest { method, path, header, body } = request;
        let url = format!("{}{path}", self.url);
        let call = Call { method: method.as_str(), url: &url, headers: vec![header], body: body.as_bytes() };
        let scope = Scope { region: self.region, service: self.name };
        let signed = call.sign(&scope, self.credentials, OffsetDateTime::now_utc())?;
        let signed = signed.iter().map(|header| (header.name.as_str(), header.value.to_send()));
        let headers: Vec<_> = [header].into_iter().chain(signed).collect();
        // boxed, as many are sent at once
        let sending = Box::pin(self.client.send(AwsRequest { method, url: &url, headers: &headers, body }));
        let host = self.url.trim_start_matches("https://");
        match timeout_at(self.until, sending).await {
            Ok(response) => response.map_err(|error| format!("{host}: {error}")),
            Err(_) => Err(format!("{host}: no response within {} s", CALL_TIMEOUT.as_secs())),
        }
    }
}
