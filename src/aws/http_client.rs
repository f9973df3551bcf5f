//! HTTP client for AWS APIs: reqwest with the probe's roots, resolver and detours; no proxy, redirects or pool; bounded bodies.

use crate::probe::{Detour, Net, tls_error_text};
use crate::target::HostName;
use hyper::Response;
use hyper::body::Bytes;
use hyper::header::{DATE, HOST, HeaderValue};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Request};
use std::error::Error;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// HTTP client for AWS APIs. Cheap to clone; clones share what they learn of the server's clock.
#[derive(Debug, Clone)]
pub(super) struct AwsHttpClient {
    client: Client,
    detour: Detour,
    max_body_bytes: usize,
    clock_ahead: Arc<Mutex<Option<i64>>>,
}

/// A call without a usable response. The message holds no secret and does not repeat the URL, whose path may be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(super) struct CallError {
    pub(super) kind: CallErrorKind,
    pub(super) message: String,
}

/// What an unusable response says of a later attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallErrorKind {
    /// No response came.
    NoResponse,
    /// The response is a refusal.
    Refused,
    /// The service failed or throttles: a later attempt may succeed.
    Unavailable,
    /// What the call was made with has expired.
    Expired,
}

impl AwsHttpClient {
    /// Returns a client that resolves and connects as the probe does.
    pub(super) fn new(net: &Net, max_body_bytes: usize) -> Result<Self, String> {
        let client = Client::builder()
            .tls_backend_preconfigured(net.trust.client_config())
            .dns_resolver(ProbeResolver(net.clone()))
            .no_proxy()
            .redirect(Policy::none())
            .pool_max_idle_per_host(0)
            .http1_only()
            .timeout(CALL_TIMEOUT)
            .user_agent(concat!("apigw-probe/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("cannot set up the HTTP client: {}", innermost(&error)))?;
        Ok(Self { client, detour: net.detour.clone(), max_body_bytes, clock_ahead: Arc::default() })
    }

    /// Sends a request within its own timeout, or [`CALL_TIMEOUT`], and reads the response to its end.
    pub(super) async fn execute(&self, mut request: Request) -> Result<Response<Bytes>, CallError> {
        let timeout = *request.timeout_mut().get_or_insert(CALL_TIMEOUT);
        self.divert(&mut request);
        let read = async {
            let mut response = self.client.execute(request).await?;
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await? {
                body.extend_from_slice(&chunk);
                if body.len() > self.max_body_bytes {
                    return Ok(None);
                }
            }
            let (parts, _) = Response::<reqwest::Body>::from(response).into_parts();
            Ok(Some(Response::from_parts(parts, Bytes::from(body))))
        };
        // boxed: a handshake is large, and several calls may run at once
        let response = Box::pin(read).await.map_err(|error| CallError::of(error, timeout))?;
        let response = response.ok_or_else(|| {
            CallError::no_response(format!("the response is longer than {} KiB", self.max_body_bytes >> 10))
        })?;
        if let Some(ahead) = response.headers().get(DATE).and_then(seconds_ahead) {
            *self.clock_ahead.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead);
        }
        Ok(response)
    }

    /// Returns by how many seconds the server's clock was ahead of this host's in the last response that had a `Date`.
    pub(super) fn clock_ahead(&self) -> Option<i64> {
        *self.clock_ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies the detour to an address in the URL, which no resolver sees; `Host` stays what the URL said.
    fn divert(&self, request: &mut Request) {
        let url = request.url();
        let Some(host) = url.host_str() else { return };
        let (Ok(ip), Some(port)) = (host.trim_matches(['[', ']']).parse(), url.port_or_known_default()) else { return };
        let address = SocketAddr::new(ip, port);
        let diverted = self.detour.of(address);
        if diverted == address {
            return;
        }
        let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        if let Ok(authority) = HeaderValue::try_from(authority) {
            request.headers_mut().entry(HOST).or_insert(authority);
        }
        // neither can fail for a URL of http or https
        let _ = request.url_mut().set_ip_host(diverted.ip());
        let _ = request.url_mut().set_port(Some(diverted.port()));
    }
}

impl CallError {
    pub(super) fn no_response(message: impl Into<String>) -> Self {
        Self { kind: CallErrorKind::NoResponse, message: message.into() }
    }

    pub(super) fn unavailable(message: impl Into<String>) -> Self {
        Self { kind: CallErrorKind::Unavailable, message: message.into() }
    }

    /// Returns the error of a response by its status; the message says the rest.
    pub(super) fn of_status(status: u16, message: impl Into<String>) -> Self {
        let kind = if status >= 500 || status == 429 { CallErrorKind::Unavailable } else { CallErrorKind::Refused };
        Self { kind, message: message.into() }
    }

    fn of(error: reqwest::Error, timeout: Duration) -> Self {
        if error.is_timeout() {
            return Self::no_response(format!("no response within {} s", timeout.as_secs_f32()));
        }
        Self::no_response(innermost(&error.without_url()))
    }

    /// Returns the error of ours that an error of a library was made from.
    pub(super) fn within<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e Self> {
        error.downcast_ref().or_else(|| Self::within(error.source()?))
    }
}

/// The probe's own resolver: a static binary has no NSS, and the configured servers hold for these calls too.
struct ProbeResolver(Net);

impl Resolve for ProbeResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let net = self.0.clone();
        Box::pin(async move {
            let ips = addresses(&net, name.as_str()).await?;
            let addresses: Vec<_> = ips.into_iter().map(|ip| net.detour.of(SocketAddr::new(ip, 0))).collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Returns the addresses of a host, each without a port.
pub(super) async fn addresses(net: &Net, host: &str) -> Result<Vec<IpAddr>, String> {
    if host == "localhost" {
        return Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]);
    }
    let name = HostName::parse(host).map_err(|error| error.to_string())?;
    let found = net.current().addresses(&name, CALL_TIMEOUT).await;
    found.map_err(|fault| format!("`{name}` gave no address ({fault})"))
}

/// Returns the message of the error at the end of the chain, which says the most; an error of TLS is described as the probe does it.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    if let Some(error) = error.downcast_ref() {
        return tls_error_text(error);
    }
    // the source of an I/O error is that of the error within it
    let within = error.downcast_ref().and_then(io::Error::get_ref).map(|inner| inner as &(dyn Error + 'static));
    within.or_else(|| error.source()).map_or_else(|| error.to_string(), innermost)
}

/// Parses an HTTP date and returns by how many seconds it is ahead of this host's clock.
fn seconds_ahead(date: &HeaderValue) -> Option<i64> {
    let (date, now) = (httpdate::parse_http_date(date.to_str().ok()?).ok()?, SystemTime::now());
    let seconds = |length: Duration| i64::try_from(length.as_secs()).ok();
    date.duration_since(now).map_or_else(|behind| Some(-seconds(behind.duration())?), seconds)
}

/// The longest that any call but one to instance metadata may take.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(2);
