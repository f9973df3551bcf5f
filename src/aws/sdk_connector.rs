//! The AWS SDK's HTTP connector over [`AwsHttpClient`].
//!
//! It decides attempts and timeouts, and turns every failure into a [`CallError`], which the SDK's own errors carry as their source.

use super::http_client::{AwsHttpClient, CALL_TIMEOUT, CallError, addresses};
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
use reqwest::{Method, Request};
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

/// What the SDK calls.
#[derive(Debug)]
enum Callee {
    /// Instance metadata, by this method.
    Imds(Method),
    Sts(AssumeRoleCall),
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
        let request = request.try_into_http1x().ok().and_then(|request| {
            Request::try_from(request.map(|body| body.bytes().map(<[u8]>::to_vec).unwrap_or_default())).ok()
        });
        let request = request.ok_or_else(|| CallError::no_response("the request cannot be sent"))?;
        self.pending.set(request.url().host_str().unwrap_or_default());
        let callee = Callee::of(&request, &self.region);
        let mut response = Err(CallError::no_response("no attempt was made"));
        for timeout in callee.attempts() {
            let Some(mut attempt) = request.try_clone() else { break };
            *attempt.timeout_mut() = Some(*timeout);
            let sent = self.client.execute(attempt).await.map_err(|error| callee.unreachable(error));
            response = sent.and_then(|response| callee.check(&response).map(|()| response));
            if response.is_ok() {
                break;
            }
        }
        let mut response = response?;
        // the SDK wants it, and stand-ins for instance metadata leave it out
        if let Some(ttl) = request.headers().get(imds::TOKEN_TTL) {
            response.headers_mut().entry(imds::TOKEN_TTL).or_insert_with(|| ttl.clone());
        }
        let response = HttpResponse::try_from(response.map(|body| SdkBody::from(body.to_vec())));
        response.map_err(|_| CallError::no_response("the response has a header that is not text"))
    }
}

impl Callee {
    fn of(request: &Request, region: &str) -> Self {
        if [imds::TOKEN, imds::TOKEN_TTL].iter().any(|name| request.headers().contains_key(*name)) {
            return Self::Imds(request.method().clone());
        }
        let form = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        AssumeRoleCall::parse(form, request.url(), region).map_or(Self::Other, Self::Sts)
    }

    /// Returns the timeout of each attempt: the metadata service has hiccups, and a container may lose its first packets.
    fn attempts(&self) -> &'static [Duration] {
        match self {
            Self::Imds(_) => &imds::ATTEMPTS,
            Self::Sts(_) | Self::Other => &[CALL_TIMEOUT],
        }
    }

    fn unreachable(&self, error: CallError) -> CallError {
        match self {
            Self::Imds(method) => imds::unreachable(method, &error),
            Self::Sts(call) => call.unreachable(&error),
            Self::Other => error,
        }
    }

    /// Returns the error of a response that the SDK can make nothing of.
    fn check(&self, response: &Response<Bytes>) -> Result<(), CallError> {
        let (status, body) = (response.status().as_u16(), String::from_utf8_lossy(response.body()));
        match self {
            Self::Imds(method) => imds::check(method, status, &body),
            Self::Sts(call) => call.check(status, &body),
            Self::Other if response.status().is_success() => Ok(()),
            Self::Other => Err(CallError::of_status(status, format!("status {status}"))),
        }
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
