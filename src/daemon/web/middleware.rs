//! Checks of every request before it is routed: `Host`, cross-site requests, rate limit and authentication; and the headers that
//! every response has.

use super::probe_params::shown;
use super::response::{add_default_headers, text};
use super::state::WebState;
use crate::daemon::web_config::WebConfig;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use hyper::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;
use hyper::{StatusCode, Version};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// What the checks depend on.
#[derive(Clone)]
pub(super) struct Guard {
    pub(super) state: Arc<WebState>,
    /// Whether the listener is on loopback.
    pub(super) is_loopback: bool,
}

/// Passes on a request if its checks succeed, and sets the headers of its response.
pub(super) async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let config = guard.state.web_config();
    let (parts, body) = request.into_parts();
    let mut response = match check(&config, guard.is_loopback, &parts).await {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(refusal) => refusal,
    };
    add_default_headers(response.headers_mut());
    for (name, value) in &config.headers {
        match value {
            Some(value) => drop(response.headers_mut().insert(name, value.clone())),
            None => drop(response.headers_mut().remove(name)),
        }
    }
    response
}

async fn check(config: &WebConfig, is_loopback: bool, request: &Parts) -> Result<(), Response> {
    let host = host(request).map_err(|message| text(StatusCode::BAD_REQUEST, message))?;
    if is_loopback
        && let (Some(allowed_hosts), Some(host)) = (&config.allowed_hosts, &host)
        && !is_local(host, allowed_hosts)
    {
        let message = format!(
            "this listener serves only `localhost` and IP addresses; to serve `{}` too, add it to `allowed_hosts` in the configuration",
            shown(host.host())
        );
        return Err(text(StatusCode::MISDIRECTED_REQUEST, message));
    }
    if CHANGES_STATE.contains(&request.uri.path()) && is_cross_site(&request.headers, host.as_ref()) {
        return Err(text(StatusCode::FORBIDDEN, "cross-site request refused"));
    }
    if let Some(limiter) = &config.rate_limiter
        && let Err(wait) = limiter.take()
    {
        let retry_after = [(RETRY_AFTER, HeaderValue::from(wait.as_secs() + 1))];
        return Err((retry_after, text(StatusCode::TOO_MANY_REQUESTS, "too many requests")).into_response());
    }
    if config.users.authenticate(request.headers.get(AUTHORIZATION).map(HeaderValue::as_bytes)).await {
        return Ok(());
    }
    let challenge = [(WWW_AUTHENTICATE, "Basic realm=\"apigw-probe\", charset=\"UTF-8\"")];
    Err((challenge, text(StatusCode::UNAUTHORIZED, "authentication failed")).into_response())
}

/// Returns the host and port of a request: those of an absolute URI, else of `Host`; `None` in HTTP/1.0 without it.
///
/// # Errors
///
/// `Host` is missing in HTTP/1.1, duplicate or invalid, which is answered with 400 (RFC 9112, section 3.2).
fn host(request: &Parts) -> Result<Option<Authority>, &'static str> {
    let mut fields = request.headers.get_all(HOST).iter();
    let host = match (fields.next(), fields.next()) {
        (Some(host), None) => Some(parse_host(host).ok_or("invalid Host header")?),
        (Some(_), Some(_)) => return Err("more than one Host header"),
        (None, _) if request.version == Version::HTTP_11 => return Err("missing Host header"),
        (None, _) => None,
    };
    Ok(request.uri.authority().cloned().or(host))
}

fn parse_host(value: &HeaderValue) -> Option<Authority> {
    let authority = Authority::try_from(value.as_bytes()).ok()?;
    let port = authority.as_str().strip_prefix(authority.host())?;
    let is_port = port.strip_prefix(':').map_or(port.is_empty(), |port| port.bytes().all(|byte| byte.is_ascii_digit()));
    is_port.then_some(authority)
}

/// Whether a name is one that no other site can have: DNS rebinding would let its pages read what this server tells.
fn is_local(authority: &Authority, allowed_hosts: &[String]) -> bool {
    let host = authority.host();
    let ipv6 = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    if ipv6.map_or_else(|| host.parse::<Ipv4Addr>().is_ok(), |ipv6| ipv6.parse::<Ipv6Addr>().is_ok()) {
        return true;
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    name == "localhost" || allowed_hosts.contains(&name)
}

/// Whether a browser sends this request on behalf of a page of another site, or of another server on this host.
fn is_cross_site(headers: &HeaderMap, host: Option<&Authority>) -> bool {
    match headers.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes) {
        Some(b"same-origin" | b"none") => false,
        Some(b"cross-site") => true,
        Some(_) | None => headers.get(ORIGIN).is_some_and(|origin| {
            let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
            !origin.is_some_and(|(_, origin)| host.is_some_and(|host| host == origin))
        }),
    }
}

/// The paths that start a reload or a round.
const CHANGES_STATE: [&str; 2] = ["/-/reload", "/probe"];
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
