//! Routes and handlers of the web server.

use super::connection_limiter::Connection;
use super::content_negotiation::{accepts_gzip, metrics_format};
use super::gzip_page::GzipPage;
use super::middleware::{Guard, guard};
use super::probe_params::{ProbeFormat, ProbeParams, shown};
use super::response::{JSON, content, method_not_allowed, page, text, unavailable};
use super::state::WebState;
use crate::daemon::board::{Order, ProbeRefusal};
use crate::render;
use crate::render::html::{self, View};
use crate::render::metrics::Exposition;
use crate::report::Report;
use axum::extract::{Path, RawQuery, State};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Router};
use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::oneshot;
use tower_http::catch_panic::CatchPanicLayer;

/// Returns the router of a web listener.
pub(super) fn web_router(state: Arc<WebState>, is_loopback: bool) -> Router {
    Router::new()
        .route("/", read_only(get(html_page)))
        .route("/metrics", read_only(get(metrics)))
        .route("/api/v1/reports", read_only(get(reports)))
        .route("/api/v1/reports/{target}", read_only(get(report)))
        .route("/probe", read_only(get(probe)))
        .route("/-/healthy", read_only(get(healthy)))
        .route("/-/ready", read_only(get(ready)))
        .route(
            "/-/reload",
            post(reload_over_http).put(reload_over_http).fallback(|| async { method_not_allowed("POST, PUT") }),
        )
        .fallback(|| async { text(StatusCode::NOT_FOUND, format!("not found. Endpoints:\n{ENDPOINTS}")) })
        .layer(CatchPanicLayer::custom(|_| internal_error()))
        .layer(from_fn_with_state(Guard { state: state.clone(), is_loopback }, guard))
        .with_state(state)
}

/// Returns the router of the control socket.
pub(super) fn control_router(state: Arc<WebState>) -> Router {
    let not_found = || async { text(StatusCode::NOT_FOUND, "not found. Endpoints: POST /-/reload, GET /-/healthy") };
    Router::new()
        .route("/-/healthy", get(healthy).fallback(|| async { method_not_allowed("GET") }))
        .route("/-/reload", post(reload).fallback(|| async { method_not_allowed("POST") }))
        .fallback(not_found)
        .layer(CatchPanicLayer::custom(|_| internal_error()))
        .with_state(state)
}

fn read_only(router: MethodRouter<Arc<WebState>>) -> MethodRouter<Arc<WebState>> {
    router.fallback(|| async { method_not_allowed("GET, HEAD") })
}

async fn healthy() -> Response {
    text(StatusCode::OK, "healthy")
}

async fn ready(State(state): State<Arc<WebState>>) -> Response {
    if state.daemon.is_ready.load(Ordering::Relaxed) {
        text(StatusCode::OK, "ready")
    } else {
        unavailable("not ready: starting or stopping")
    }
}

async fn html_page(State(state): State<Arc<WebState>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let view = match View::parse(query.as_deref().unwrap_or_default()) {
        Ok(view) => view,
        Err(error) => return text(StatusCode::BAD_REQUEST, shown(&error.to_string())),
    };
    let html = match state.html.get(view.clone()).await {
        Ok(Some(html)) => html,
        Ok(None) => return unknown_target(view.target.as_deref().unwrap_or_default()),
        Err(_) => return internal_error(),
    };
    let mut response = page(HeaderValue::from_static("text/html; charset=utf-8"), html, accepts_gzip(&headers));
    for (name, value) in html::headers(&view) {
        let value = HeaderValue::from_str(&value).expect("a header of the page");
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
    response
}

async fn metrics(
    State(state): State<Arc<WebState>>,
    Extension(connection): Extension<Arc<Connection>>,
    headers: HeaderMap,
) -> Response {
    let _held = connection.hold();
    let format = metrics_format(&headers);
    let metrics = state.metrics.get(format).await;
    page_response(HeaderValue::from_static(format.content_type()), metrics, &headers)
}

async fn reports(State(state): State<Arc<WebState>>, headers: HeaderMap) -> Response {
    page_response(JSON, state.reports.get(()).await, &headers)
}

fn page_response<E>(content_type: HeaderValue, encoded: Result<Option<GzipPage>, E>, headers: &HeaderMap) -> Response {
    match encoded {
        Ok(Some(encoded)) => page(content_type, encoded, accepts_gzip(headers)),
        Ok(None) | Err(_) => internal_error(),
    }
}

async fn report(State(state): State<Arc<WebState>>, Path(name): Path<String>) -> Response {
    let status = state.daemon.board.status();
    let Some(target) = status.targets.iter().find(|target| *target.name == *name) else {
        return unknown_target(&name);
    };
    match target.history.latest() {
        Some(report) => content(JSON, render::json(report)),
        None => text(StatusCode::NOT_FOUND, format!("no round of `{}` has ended yet", target.name)),
    }
}

async fn probe(
    State(state): State<Arc<WebState>>,
    Extension(connection): Extension<Arc<Connection>>,
    headers: HeaderMap,
    params: ProbeParams,
) -> Response {
    let Ok(_permit) = state.probe_permits.try_acquire() else {
        return unavailable("too many requests wait for a round");
    };
    let _held = connection.hold();
    let (reply, outcome) = oneshot::channel();
    let order = Order::Probe { target: params.target, within: params.within, reply };
    if state.daemon.orders.send(order).await.is_err() {
        return unavailable("the daemon is stopping");
    }
    match outcome.await {
        Ok(Ok(report)) => round(&report, params.format, &headers),
        Ok(Err(ProbeRefusal::Unknown(name))) => unknown_target(&name),
        Ok(Err(refusal @ ProbeRefusal::StillRunning)) => text(StatusCode::GATEWAY_TIMEOUT, refusal.to_string()),
        Ok(Err(refusal @ ProbeRefusal::HeldBack)) => unavailable(refusal.to_string()),
        Ok(Err(ProbeRefusal::Internal)) => internal_error(),
        Err(_) => unavailable("the daemon is stopping"),
    }
}

fn round(report: &Arc<Report>, format: ProbeFormat, headers: &HeaderMap) -> Response {
    match format {
        ProbeFormat::Metrics => {
            let format = metrics_format(headers);
            let page = Exposition::Round(report.clone()).page(format);
            content(HeaderValue::from_static(format.content_type()), page)
        }
        ProbeFormat::Json => content(JSON, render::json(report)),
        ProbeFormat::Text => text(StatusCode::OK, render::text(report, &render::TextStyle::default()).to_string()),
    }
}

async fn reload_over_http(state: State<Arc<WebState>>, connection: Extension<Arc<Connection>>) -> Response {
    if state.daemon.lifecycle {
        return reload(state, connection).await;
    }
    let message =
        "reload over HTTP is disabled: start the daemon with `--enable-lifecycle`, or use `apigw-probe reload`";
    text(StatusCode::FORBIDDEN, message)
}

async fn reload(State(state): State<Arc<WebState>>, Extension(connection): Extension<Arc<Connection>>) -> Response {
    let _held = connection.hold();
    let (reply, outcome) = oneshot::channel();
    if state.daemon.orders.send(Order::Reload { reply }).await.is_err() {
        return unavailable("the daemon is stopping");
    }
    match outcome.await {
        Ok(Ok(())) => text(StatusCode::OK, "reloaded"),
        Ok(Err(message)) => text(StatusCode::INTERNAL_SERVER_ERROR, message),
        Err(_) => unavailable("the daemon is stopping"),
    }
}

fn unknown_target(name: &str) -> Response {
    text(StatusCode::NOT_FOUND, ProbeRefusal::Unknown(shown(name)).to_string())
}

fn internal_error() -> Response {
    text(StatusCode::INTERNAL_SERVER_ERROR, "internal error; see the log")
}

const ENDPOINTS: &str = "\
/                           status page
/metrics                    Prometheus metrics
/probe?target=NAME          probes a configured target now; metrics, or &format=json or text
/api/v1/reports             the last report of every target, a JSON array
/api/v1/reports/NAME        the last report of one target
/-/healthy and /-/ready     liveness and readiness
";
