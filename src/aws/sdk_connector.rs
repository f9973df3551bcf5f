//! The AWS SDK's HTTP connector over [`AwsHttpClient`].
//!
//! It decides attempts and timeouts, and turns every failure into a [`CallError`], which the SDK's own errors carry as their source.

use super::http_client::{AwsHttpClient, CallError, addresses};
use super::imds;
use super::sts::AssumeRoleCall;
use crate::probe::Net;
use crate::sign::NoCredentials;
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use hyper::Response;
use hyper::body::Bytes;
use reqwest::{Request, Url};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Sends the SDK's requests.
#[derive(Debug, Clone)]
pub(super) struct SdkConnector {
    pub(super) client: AwsHttpClient,
    /// The Region of the SDK's clients, for the words about a failed call.
    pub(super) region: String,
    pub(super) pending: Pending,
}

/// What the credential chain is waiting for. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Pending(Arc<Mutex<Option<String>>>);

/// The kinds of calls that the SDK makes for credentials.
#[derive(Debug)]
enum CallKind {
    Metadata,
    AssumeRole(AssumeRoleCall),
    /// Container endpoint, SSO.
    Other,
}

impl SdkConnector {
    /// Returns it in the form in which the SDK's clients take it.
    pub(super) fn into_client(self) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(self);
        http_client_fn(move |_, _| connector.clone())
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, CallError> {
        let unsendable = || CallError::no_response("the request cannot be sent");
        let request = request.try_into_http1x().map_err(|_| unsendable())?;
        let request = request.map(|body| body.bytes().map(<[u8]>::to_vec).unwrap_or_default());
        let request = Request::try_from(request).map_err(|_| unsendable())?;
        self.pending.set(request.url().host_str().unwrap_or_default());
        let response = match CallKind::of(&request, &self.region) {
            CallKind::Metadata => self.ask_metadata(&request).await?,
            CallKind::AssumeRole(call) => {
                let response = self.client.execute(request).await.map_err(|error| call.unreachable(&error))?;
                call.check(response.status().as_u16(), &String::from_utf8_lossy(response.body()))?;
                response
            }
            CallKind::Other => {
                let response = self.client.execute(request).await?;
                let status = response.status();
                if !status.is_success() {
                    return Err(CallError::of_status(status.as_u16(), format!("status {}", status.as_u16())));
                }
                response
            }
        };
        HttpResponse::try_from(response.map(|body| SdkBody::from(body.to_vec())))
            .map_err(|_| CallError::no_response("the response has a header that is not text"))
    }

    /// Makes a second attempt after a failed one: the metadata service has hiccups, and a container may lose its first packets.
    async fn ask_metadata(&self, request: &Request) -> Result<Response<Bytes>, CallError> {
        let mut last = CallError::no_response("no attempt was made");
        for _ in 0..imds::ATTEMPTS {
            let Some(mut attempt) = request.try_clone() else { break };
            *attempt.timeout_mut() = Some(imds::ATTEMPT_TIMEOUT);
            let response = self.client.execute(attempt).await;
            let response = response.map_err(|error| imds::unreachable(request.method(), &error)).and_then(|response| {
                let body = String::from_utf8_lossy(response.body());
                imds::check(request.method(), response.status().as_u16(), &body).map(|()| response)
            });
            match response {
                Ok(response) => return Ok(imds::amend(request, response)),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

impl HttpConnector for SdkConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.clone();
        HttpConnectorFuture::new(async move {
            // no kind of error that the SDK would make another attempt for
            connector.send(request).await.map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// The probe's resolver for the SDK, which looks up the name of a container endpoint before it sends a token there.
#[derive(Debug)]
pub(super) struct SdkResolver(pub(super) Net);

impl ResolveDns for SdkResolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move { addresses(&self.0, name).await.map_err(ResolveDnsError::new) })
    }
}

impl CallKind {
    fn of(request: &Request, region: &str) -> Self {
        if [imds::TOKEN, imds::TOKEN_TTL].iter().any(|name| request.headers().contains_key(*name)) {
            return Self::Metadata;
        }
        let form = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        AssumeRoleCall::parse(form, origin(request.url()), region).map_or(Self::Other, Self::AssumeRole)
    }
}

impl Pending {
    pub(super) fn set(&self, what: impl Into<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(what.into());
    }

    /// Returns the error of a lookup that has not ended in time.
    pub(super) fn none_within(&self, limit: Duration) -> NoCredentials {
        let pending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pending = pending.as_deref().unwrap_or("a file");
        NoCredentials::Missing(format!("no credentials within {} s: still waiting for {pending}", limit.as_secs_f32()))
    }
}

/// Returns scheme, host and port of a URL.
fn origin(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}
