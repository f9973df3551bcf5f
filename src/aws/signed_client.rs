//! Signed requests to one AWS service in one Region, each made once and within a deadline.

use super::http_client::{AwsHttpClient, CALL_TIMEOUT};
use crate::sign::{Call, Credentials, Scope};
use hyper::header::{HeaderName, HeaderValue};
use reqwest::{Method, Request, Url};
use std::sync::Arc;
use time::OffsetDateTime;
use tokio::time::{Instant, timeout_at};

/// A service in one Region.
#[derive(Debug)]
pub(super) struct AwsService {
    pub(super) client: AwsHttpClient,
    /// Without a slash at its end.
    pub(super) url: String,
    pub(super) region: String,
    /// The service's name in a credential scope.
    pub(super) name: &'static str,
    pub(super) credentials: Arc<Credentials>,
    /// The deadline of the last response.
    pub(super) until: Instant,
}

/// A request to a service.
#[derive(Debug)]
pub(super) struct ServiceRequest<'a> {
    pub(super) method: Method,
    pub(super) path: &'a str,
    /// The one header that is not of the signature.
    pub(super) header: (&'static str, &'static str),
    pub(super) body: String,
}

impl AwsService {
    /// Signs and sends a request and returns status and body of the response; the error says why none came.
    pub(super) async fn send(&self, request: ServiceRequest<'_>) -> Result<(u16, String), String> {
        let request = self.sign(request)?;
        // boxed, as many are sent at once
        let sending = Box::pin(self.client.execute(request));
        let host = self.url.trim_start_matches("https://");
        let response = timeout_at(self.until, sending).await;
        let response = response.map_err(|_| format!("{host}: no response within {} s", CALL_TIMEOUT.as_secs()))?;
        let response = response.map_err(|error| format!("{host}: {error}"))?;
        Ok((response.status().as_u16(), String::from_utf8_lossy(response.body()).into_owned()))
    }

    fn sign(&self, ServiceRequest { method, path, header, body }: ServiceRequest<'_>) -> Result<Request, String> {
        let url = format!("{}{path}", self.url);
        let call = Call { method: method.as_str(), url: &url, headers: vec![header], body: body.as_bytes() };
        let scope = Scope { region: &self.region, service: self.name };
        let signed = call.sign(&scope, &self.credentials, OffsetDateTime::now_utc())?;
        let url = Url::parse(&url).map_err(|error| error.to_string())?;
        let mut request = Request::new(method, url);
        let signed = signed.iter().map(|header| (header.name.as_str(), header.value.to_send()));
        for (name, value) in signed.chain([header]) {
            let (name, value) = (HeaderName::try_from(name), HeaderValue::try_from(value));
            let (Ok(name), Ok(value)) = (name, value) else { return Err("a header cannot be sent".to_owned()) };
            request.headers_mut().insert(name, value);
        }
        *request.body_mut() = Some(body.into());
        Ok(request)
    }
}
