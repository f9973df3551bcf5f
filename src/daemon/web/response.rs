//! Responses of the web server: short texts, JSON, and pages that are kept in gzip.

use super::gzip_page::GzipPage;
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use hyper::StatusCode;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap,
    HeaderValue, RETRY_AFTER, VARY, X_CONTENT_TYPE_OPTIONS,
};
use std::convert::Infallible;

/// Returns a response of one or a few lines.
pub(super) fn text(status: StatusCode, text: impl Into<String>) -> Response {
    let mut text = text.into();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    (status, [(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))], text).into_response()
}

/// Returns a response with a content that is short enough to be made for it alone.
pub(super) fn content(content_type: HeaderValue, content: String) -> Response {
    ([(CONTENT_TYPE, content_type)], content).into_response()
}

/// Returns a response with a page, which is decompressed while it is sent if the client does not accept gzip.
pub(super) fn page(content_type: HeaderValue, page: GzipPage, accepts_gzip: bool) -> Response {
    let headers = [(CONTENT_TYPE, content_type), (VARY, HeaderValue::from_static("Accept, Accept-Encoding"))];
    if !accepts_gzip {
        return (headers, stream_body(page.into_plain())).into_response();
    }
    let gzip = [(CONTENT_ENCODING, HeaderValue::from_static("gzip")), (CONTENT_LENGTH, HeaderValue::from(page.len()))];
    (headers, gzip, stream_body(page.into_gzip())).into_response()
}

fn stream_body(chunks: impl Iterator<Item = Bytes> + Send + 'static) -> Body {
    Body::from_stream(stream::iter(chunks.map(Ok::<_, Infallible>)))
}

/// Returns 405 with the methods that are allowed.
pub(super) fn method_not_allowed(allowed: &'static str) -> Response {
    ([(ALLOW, allowed)], text(StatusCode::METHOD_NOT_ALLOWED, format!("method not allowed: expected {allowed}")))
        .into_response()
}

/// Returns 503 for what may succeed a moment later.
pub(super) fn unavailable(message: impl Into<String>) -> Response {
    ([(RETRY_AFTER, "1")], text(StatusCode::SERVICE_UNAVAILABLE, message)).into_response()
}

/// Adds the headers that every response has, unless it has its own.
pub(super) fn add_default_headers(headers: &mut HeaderMap) {
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");
