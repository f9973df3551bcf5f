//! What does monitoring read? `/metrics` and `/-/healthy`, on plain HTTP/1.1, bounded in connections and time.

use super::ServeError;
use super::board::{BEAT, Board, Orders};
use super::process::process;
use crate::config::Config;
use crate::render::metrics::{Exposition, Format};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::LocalSet;

/// Binds every listener, and answers on them from a thread of its own, so that no client ever delays a round.
pub(super) fn start(config: &Config, board: Arc<Board>, orders: Orders) -> Result<JoinHandle<()>, ServeError> {
    let mut listeners = Vec::new();
    for address in &config.listen {
        let bound = std::net::TcpListener::bind(address).and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok(listener)
        });
        listeners.push(bound.map_err(|error| ServeError::Listen(*address, error))?);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ServeError::Web)?;
    let thread = std::thread::Builder::new().name("web".into());
    thread
        .spawn(move || {
            let local = LocalSet::new();
            local.spawn_local(beat(board.clone()));
            for listener in listeners {
                let (board, orders) = (board.clone(), orders.clone());
                local.spawn_local(async move {
                    let listener = TcpListener::from_std(listener).expect("within a runtime");
                    answer(listener, board, orders).await;
                });
            }
            runtime.block_on(local);
        })
        .map_err(ServeError::Web)
}

/// Says for ever that this thread is alive.
async fn beat(board: Arc<Board>) {
    loop {
        board.beat();
        tokio::time::sleep(BEAT).await;
    }
}

/// Answers on one listener for ever; no error of a client ends it.
async fn answer(listener: TcpListener, board: Arc<Board>, _orders: Orders) {
    let slots = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let slot = slots.clone().acquire_owned().await;
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = board.ending() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                let board = board.clone();
                tokio::task::spawn_local(async move {
                    let service =
                        service_fn(|request| std::future::ready(Ok::<_, Infallible>(respond(&request, &board))));
                    let connection = hyper::server::conn::http1::Builder::new()
                        .timer(TokioTimer::new())
                        .header_read_timeout(HEADER_TIME)
                        .max_headers(64)
                        .serve_connection(TokioIo::new(stream), service);
                    // a client that goes away in the middle is no news
                    let _ = tokio::time::timeout(CONNECTION_TIME, connection).await;
                    drop(slot);
                });
            }
            // out of descriptors or a connection that died in the queue: the listener itself is good
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

fn respond(request: &Request<Incoming>, board: &Board) -> Response<Full<Bytes>> {
    let known = matches!(request.uri().path(), "/metrics" | "/-/healthy");
    if known && !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n".into());
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    match request.uri().path() {
        "/metrics" => metrics(board),
        "/-/healthy" => plain(StatusCode::OK, "healthy\n".into()),
        _ => plain(StatusCode::NOT_FOUND, "not here; there are /metrics and /-/healthy\n".into()),
    }
}

fn metrics(board: &Board) -> Response<Full<Bytes>> {
    let status = board.status();
    let process = process(status.started);
    let text = Exposition::of_daemon(status, process, Format::Text).collect();
    let mut response = plain(StatusCode::OK, text);
    let kind = HeaderValue::from_static(Format::Text.content_type());
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn plain(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

const MOST_CONNECTIONS: usize = 64;
const HEADER_TIME: Duration = Duration::from_secs(5);
const CONNECTION_TIME: Duration = Duration::from_secs(30);
