//! Accepts connections of a listener and serves them.

use super::connection_limiter::{Connection, ConnectionLimiter};
use super::listener::{AsyncListener, AsyncStream, BoundListener};
use super::state::WebState;
use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

/// How the connections of a listener are served.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) state: Arc<WebState>,
    pub(super) router: Router,
    pub(super) limiter: Arc<ConnectionLimiter>,
    /// Whether TLS is spoken if the web configuration says so.
    pub(super) has_tls: bool,
}

/// A listener that is being served; dropping it closes the listener, not its connections.
pub(super) struct ListenerTask {
    #[expect(dead_code, reason = "its end ends the task")]
    stop: oneshot::Sender<()>,
}

impl ListenerTask {
    /// Serves a listener.
    pub(super) fn spawn(listener: BoundListener, server: Server) -> Self {
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(async move {
            let listener = match listener.into_async() {
                Ok(listener) => listener,
                Err(error) => return tracing::error!("web server: {error}"),
            };
            tokio::select! {
                () = accept(&listener, &server) => {}
                _ = stopped => {}
            }
            // serve connections that were already in the accept queue
            for stream in listener.into_queued().unwrap_or_default() {
                server.spawn_connection(stream);
            }
        });
        Self { stop }
    }
}

/// Accepts connections for ever; no error of a client ends it.
async fn accept(listener: &AsyncListener, server: &Server) {
    let mut last_warning: Option<Instant> = None;
    loop {
        match listener.accept().await {
            Ok(stream) => {
                server.limiter.acquire().await;
                server.spawn_connection(stream);
                // before another connection is accepted, and this one closed for it perhaps, its request is read
                tokio::task::yield_now().await;
            }
            // the connection was aborted in the queue; the listener itself is good
            Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted) => {}
            // out of descriptors or memory, which a connection that ends gives back
            Err(error) => {
                if last_warning.is_none_or(|last| last.elapsed() > WARNING_INTERVAL) {
                    tracing::warn!("cannot accept a connection: {error}");
                    last_warning = Some(Instant::now());
                }
                if server.limiter.close_one() {
                    tokio::task::yield_now().await;
                } else {
                    tokio::time::sleep(BACK_OFF).await;
                }
            }
        }
    }
}

impl Server {
    fn spawn_connection(&self, stream: Box<dyn AsyncStream>) {
        let server = self.clone();
        self.limiter.spawn(|connection| server.serve(stream, connection));
    }

    /// Serves one connection until it ends.
    async fn serve(self, stream: Box<dyn AsyncStream>, connection: Arc<Connection>) {
        let tls = self.has_tls.then(|| self.state.web_config().tls.clone()).flatten();
        let stream: Box<dyn AsyncStream> = match tls {
            None => stream,
            Some(config) => match TlsAcceptor::from(config).accept(stream).await {
                Ok(stream) => Box::new(stream),
                // the client has been sent the reason
                Err(_) => return,
            },
        };
        let limiter = self.limiter.clone();
        let service = service_fn(move |request| {
            connection.request_received();
            self.clone().respond(request, connection.clone())
        });
        let mut http = http1::Builder::new();
        // time limits are the limiter's
        http.header_read_timeout(None).max_headers(MAX_HEADERS).max_buf_size(MAX_HEAD).half_close(false);
        let mut served = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
        // a client that disconnects is not worth a log line
        tokio::select! {
            _ = &mut served => {}
            () = limiter.closing() => {
                served.as_mut().graceful_shutdown();
                let _ = served.await;
            }
        }
    }

    async fn respond(
        self,
        mut request: Request<Incoming>,
        connection: Arc<Connection>,
    ) -> Result<Response<Body>, Infallible> {
        request.extensions_mut().insert(connection.clone());
        let mut response = self.router.oneshot(request).await?;
        let closes = self.limiter.is_crowded();
        if closes {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response.map(|body| connection.response_started(body, closes)))
    }
}

const MAX_HEADERS: usize = 64;
/// The size of a request head in bytes; as much of a response is buffered.
const MAX_HEAD: usize = 16 * 1024;
const WARNING_INTERVAL: Duration = Duration::from_secs(60);
const BACK_OFF: Duration = Duration::from_millis(50);
