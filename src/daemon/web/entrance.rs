//! Who comes in? Each listener lets in whoever comes, and each connection is a conversation of its own.

use super::Site;
use super::crowd::{Crowd, Visit};
use super::listener::{Listener, OpenListener};
use super::route::{Door, respond};
use super::wire::{Duplex, Wire};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

/// A listener at work; it closes with this.
pub(super) struct Accepting {
    #[expect(dead_code, reason = "its end tells the listener's")]
    close: oneshot::Sender<()>,
}

impl Accepting {
    /// Lets in whoever comes to a listener.
    pub(super) fn begin(listener: Listener, door: Rc<Door>, place: (Arc<Site>, Rc<Crowd>)) -> Self {
        let (close, closing) = oneshot::channel();
        tokio::task::spawn_local(async move {
            let listener = match listener.open() {
                Ok(listener) => listener,
                Err(error) => return tracing::error!("web server: {error}"),
            };
            tokio::select! {
                () = accept(&listener, &door, &place) => {}
                _ = closing => {}
            }
            // whoever came before it closed is answered yet
            for stream in listener.waiting().unwrap_or_default() {
                admit(stream, &door, &place);
            }
        });
        Self { close }
    }
}

/// Lets in whoever comes, for ever; no error of a client ends it.
async fn accept(listener: &OpenListener, door: &Rc<Door>, place: &(Arc<Site>, Rc<Crowd>)) {
    let (_, crowd) = place;
    let mut complained: Option<Instant> = None;
    loop {
        match listener.accept().await {
            Ok(stream) => {
                crowd.room().await;
                admit(stream, door, place);
            }
            // a connection that died in the queue; the listener itself is good
            Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted) => {}
            // out of descriptors or memory: somebody gives theirs back
            Err(error) => {
                if complained.is_none_or(|last| last.elapsed() > COMPLAIN_AGAIN) {
                    tracing::warn!("cannot accept a connection: {error}");
                    complained = Some(Instant::now());
                }
                if crowd.send_away_slowest() {
                    tokio::task::yield_now().await;
                } else {
                    tokio::time::sleep(BACK_OFF).await;
                }
            }
        }
    }
}

fn admit(stream: Box<dyn Duplex>, door: &Rc<Door>, place: &(Arc<Site>, Rc<Crowd>)) {
    let (door, place) = (door.clone(), place.clone());
    place.1.clone().admit(|visit| converse(stream, door, place, visit));
}

/// One connection, from its first byte to its last.
async fn converse(stream: Box<dyn Duplex>, door: Rc<Door>, (site, crowd): (Arc<Site>, Rc<Crowd>), visit: Rc<Visit>) {
    let tls = match door.as_ref() {
        Door::Web(web_config) => web_config.borrow_mut().current().tls.clone(),
        Door::Control => None,
    };
    let wire = Wire { stream, visit: visit.clone() };
    let stream: Box<dyn Duplex> = match tls {
        None => Box::new(wire),
        Some(config) => match TlsAcceptor::from(config).accept(wire).await {
            Ok(stream) => Box::new(stream),
            // the client knows more about it than we do
            Err(_) => return,
        },
    };
    let place = (site, crowd.clone());
    let service = service_fn(move |request| {
        let answer = respond(request, door.clone(), place.clone(), visit.clone());
        async { Ok::<_, Infallible>(answer.await) }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    // the crowd has its own clock for requests and answers
    http.header_read_timeout(None).max_headers(MOST_HEADERS).max_buf_size(LONGEST_HEAD).half_close(false);
    let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
    // a client that goes away in the middle is no news
    tokio::select! {
        _ = &mut connection => {}
        () = crowd.closing() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

const MOST_HEADERS: usize = 64;
/// Bytes of a request's head; of an answer as much is held back for the client.
const LONGEST_HEAD: usize = 16 * 1024;
const COMPLAIN_AGAIN: Duration = Duration::from_secs(60);
const BACK_OFF: Duration = Duration::from_millis(50);
