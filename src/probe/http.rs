//! What does the API answer? Exactly one HTTP/1.1 request on a connection that is there already, and its answer as far as it came.

use super::race::Race;
use super::tls;
use super::wire::{Flooded, Stamped};
use crate::observation::{Answer, HttpFailure, HttpFault, Phase, RawAnswer, Secrets};
use crate::plan::{Header, Plan};
use crate::sign::{NoCredentials, compare, sign};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::header::{ACCEPT, HOST, HeaderName, HeaderValue, USER_AGENT};
use hyper::http::response::Parts;
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Request, Uri, Version};
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::client::TlsStream;

/// What the request carries as `User-Agent`.
pub(super) const USER_AGENT_TEXT: &str = concat!("apigw-probe/", env!("CARGO_PKG_VERSION"));

/// Sends the plan's request, signed if it is to be, and reads its answer, until the deadline.
pub(super) async fn exchange(stream: Box<TlsStream<Stamped>>, race: &Race<'_>) -> Phase<Answer, HttpFailure> {
    let plan = race.plan;
    let signature = signature(race).await;
    let turns = stream.get_ref().0.turns();
    let tap = Tap { stream, first_byte: Arc::default() };
    let first_byte = Arc::clone(&tap.first_byte);
    let mut arrived = Arrived::default();
    let began = Instant::now();
    let mut headers = plan.headers.clone();
    let ready = signature.and_then(|signature| {
        headers.extend(signature);
        request(plan, &headers).map_err(Broken::Unsendable)
    });
    let ended = match ready {
        Ok(request) => timeout_at(race.deadline, converse(tap, request, &mut arrived)).await,
        Err(broken) => Ok(Err(broken)),
    };
    let felt = began.elapsed();
    let wire = turns.take(felt).filter(|_| ended.is_ok());
    let heard = first_byte.get().map(|at| at.duration_since(began));
    let secrets = Secrets::of(&headers);
    let mut answer = arrived.answer(race.limits.show_body, &secrets, heard.unwrap_or(felt));
    if let Some(answer) = answer.as_mut().filter(|_| plan.signed_for.is_some()) {
        answer.differences = compare(plan, &headers, &arrived.body);
    }
    let result = match (ended, answer) {
        (Ok(Ok(())), Some(answer)) => Ok(answer),
        (Ok(Ok(())), None) => Err((HttpFault::Closed, None, None)),
        (Ok(Err(broken)), answer) => {
            let (fault, detail) = broken.classify(answer.is_some());
            Err((fault, detail, answer))
        }
        (Err(_), answer) if heard.is_some() => Err((HttpFault::Unfinished, None, answer)),
        (Err(_), answer) => Err((HttpFault::NoAnswer, None, answer)),
    };
    let result = result.map_err(|(fault, detail, answer)| HttpFailure {
        fault,
        detail: detail.map(|detail: String| secrets.hide(&detail)),
        answer,
    });
    Phase { felt, wire, result }
}

/// What has arrived so far.
#[derive(Debug, Default)]
struct Arrived {
    head: Option<Parts>,
    body: Vec<u8>,
}

impl Arrived {
    fn answer(&self, show_body: bool, secrets: &Secrets, first_byte: Duration) -> Option<Answer> {
        let head = self.head.as_ref()?;
        Some(Answer::reduce(&RawAnswer {
            status: head.status.as_u16(),
            version: if head.version == Version::HTTP_10 { "HTTP/1.0" } else { "HTTP/1.1" },
            headers: head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect(),
            body: &self.body,
            show_body,
            secrets,
            first_byte,
        }))
    }

    async fn read(
        &mut self,
        mut sender: SendRequest<Empty<Bytes>>,
        request: Request<Empty<Bytes>>,
    ) -> Result<(), Broken> {
        let (head, mut body) = sender.send_request(request).await?.into_parts();
        self.head = Some(head);
        while self.body.len() < MOST_BODY_BYTES {
            let Some(frame) = body.frame().await.transpose()? else { break };
            if let Some(bytes) = frame.data_ref() {
                let room = MOST_BODY_BYTES - self.body.len();
                self.body.extend_from_slice(&bytes[..bytes.len().min(room)]);
            }
        }
        Ok(())
    }
}

async fn converse<S>(stream: S, request: Request<Empty<Bytes>>, arrived: &mut Arrived) -> Result<(), Broken>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (sender, connection) = Builder::new()
        // `Host`, as curl and browsers write it: filters that should not care for case sometimes do
        .title_case_headers(true)
        .max_buf_size(MOST_HEAD_BYTES)
        .max_headers(MOST_HEADERS)
        .handshake(TokioIo::new(stream))
        .await?;
    let mut connection = std::pin::pin!(connection);
    let mut reading = std::pin::pin!(arrived.read(sender, request));
    tokio::select! {
        biased;
        ended = &mut reading => ended,
        // the connection hands over what it has, or why it has nothing, before it ends
        _ = &mut connection => reading.await,
    }
}

/// The headers that sign the plan's request, once it is known who signs; none if it goes unsigned.
async fn signature(race: &Race<'_>) -> Result<Vec<Header>, Broken> {
    let plan = race.plan;
    let Some(region) = &plan.signed_for else { return Ok(Vec::new()) };
    let unsigned = |fault, detail: String| Broken::Unsigned(fault, detail);
    let Ok(identity) = timeout_at(race.deadline, race.identity.wait()).await else {
        let why = "the round ended before the search for credentials did";
        return Err(unsigned(HttpFault::NoCredentials, why.to_owned()));
    };
    let credentials = identity.as_ref().map_err(|none| match none {
        NoCredentials::Missing(why) => unsigned(HttpFault::NoCredentials, why.clone()),
        NoCredentials::Unavailable(why) => unsigned(HttpFault::CredentialsUnavailable, why.clone()),
        NoCredentials::Expired(why) => unsigned(HttpFault::ExpiredCredentials, why.clone()),
    })?;
    let now = OffsetDateTime::now_utc();
    if let Some(end) = credentials.ended(now) {
        return Err(unsigned(HttpFault::ExpiredCredentials, format!("they ended at {end}")));
    }
    sign(plan, region, credentials, now).map_err(Broken::Unsendable)
}

/// The plan with its headers as bytes to send; the error says what cannot be sent.
fn request(plan: &Plan, added: &[Header]) -> Result<Request<Empty<Bytes>>, String> {
    let target = PathAndQuery::try_from(plan.path_and_query.as_str())
        .map_err(|error| format!("the path cannot be sent: {error}"))?;
    if target.as_str() != plan.path_and_query {
        return Err(format!("the path cannot be sent unaltered: it would be `{target}`"));
    }
    let mut parts = hyper::http::uri::Parts::default();
    parts.path_and_query = Some(target);
    let uri = Uri::from_parts(parts).map_err(|error| format!("the path cannot be sent: {error}"))?;
    let method = Method::from_bytes(plan.method.as_str().as_bytes())
        .map_err(|error| format!("the method cannot be sent: {error}"))?;
    let mut request =
        Request::builder().method(method).uri(uri).body(Empty::new()).map_err(|error| error.to_string())?;
    let headers = request.headers_mut();
    let host =
        HeaderValue::from_str(plan.host.as_str()).map_err(|error| format!("the host cannot be sent: {error}"))?;
    headers.insert(HOST, host);
    headers.insert(USER_AGENT, HeaderValue::from_static(USER_AGENT_TEXT));
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    for header in added {
        let not = |why: String| format!("the header `{}` cannot be sent: {why}", header.name);
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|error| not(error.to_string()))?;
        let value = HeaderValue::from_str(header.value.to_send())
            .or_else(|_| HeaderValue::from_bytes(header.value.to_send().as_bytes()))
            .map_err(|error| not(error.to_string()))?;
        if name == USER_AGENT || name == ACCEPT {
            headers.insert(name, value);
        } else {
            headers.append(name, value);
        }
    }
    Ok(request)
}

/// Why an exchange broke off.
#[derive(Debug)]
enum Broken {
    /// The request cannot be written down.
    Unsendable(String),
    /// Nobody can sign it.
    Unsigned(HttpFault, String),
    /// The library gave up, for its own reasons or the connection's.
    Library(hyper::Error),
}

impl From<hyper::Error> for Broken {
    fn from(error: hyper::Error) -> Self {
        Self::Library(error)
    }
}

impl Broken {
    fn classify(self, has_head: bool) -> (HttpFault, Option<String>) {
        let error = match self {
            Self::Unsendable(why) => return (HttpFault::Other, Some(why)),
            Self::Unsigned(fault, why) => return (fault, Some(why)),
            Self::Library(error) => error,
        };
        let cause = error.source();
        if let Some(cause) = cause.and_then(|cause| cause.downcast_ref::<io::Error>()) {
            return classify_io(cause, has_head);
        }
        let words = cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"));
        if error.is_parse_too_large() {
            (HttpFault::HeadTooLarge, None)
        } else if error.is_parse() {
            (HttpFault::Malformed, Some(words))
        } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
            (HttpFault::Closed, None)
        } else if has_head {
            // the framing of the body, such as a chunk's length
            (HttpFault::Malformed, Some(words))
        } else {
            (HttpFault::Other, Some(words))
        }
    }
}

fn classify_io(error: &io::Error, has_head: bool) -> (HttpFault, Option<String>) {
    let inner = error.get_ref();
    if Flooded::is_cause_of(error) {
        let fault = if has_head { HttpFault::Malformed } else { HttpFault::HeadTooLarge };
        return (fault, Some(error.to_string()));
    }
    if let Some(tls) = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        let is_alert = matches!(tls, rustls::Error::AlertReceived(_));
        return (if is_alert { HttpFault::TlsAlert } else { HttpFault::Other }, Some(tls::error_text(tls)));
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof => (HttpFault::Closed, None),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            (HttpFault::Reset, None)
        }
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => (HttpFault::Malformed, Some(error.to_string())),
        _ => (HttpFault::Other, Some(error.to_string())),
    }
}

/// A stream that notes when its first byte came.
#[derive(Debug)]
struct Tap<S> {
    stream: S,
    first_byte: Arc<OnceLock<Instant>>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.first_byte.get_or_init(Instant::now);
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

const MOST_BODY_BYTES: usize = 64 * 1024;
const MOST_HEAD_BYTES: usize = 64 * 1024;
const MOST_HEADERS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{AccessPath, Request as Wish, plan};
    use crate::target::{Target, TargetInput};

    /// The plan for a path and query as they are given.
    fn planned(path_and_query: &str) -> Plan {
        let invoke_url = format!("https://a1bc234d5e.execute-api.us-east-1.amazonaws.com{path_and_query}");
        let target = Target::parse(TargetInput { invoke_url: &invoke_url, ..TargetInput::default() }).unwrap();
        plan(&target, AccessPath::PrivateDns, &Wish::default()).unwrap()
    }

    #[test]
    fn every_character_that_a_target_may_have_is_sent_as_it_stands() {
        let refused = ['"', '<', '>', '\\', '^', '`', '#'];
        for c in ('!'..='~').filter(|c| !refused.contains(c)) {
            for text in [format!("/test/{c}"), format!("/{c}/x?{c}={c}")] {
                let request = request(&planned(&text), &[]).unwrap();
                assert_eq!(request.uri().to_string(), text);
            }
        }
        for text in ["//", "//host/x", "/?", "/??", "/test?", "/%zz", "/a/../b"] {
            assert_eq!(request(&planned(text), &[]).unwrap().uri().to_string(), text);
        }
    }
}
