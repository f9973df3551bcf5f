//! What is asked beside the probe? Calls that nobody measures and nobody waits long for: instance metadata, STS.

// where keys may lie on this host, and what they look like
mod part;
mod variables;

mod profile;

// who hands out keys
mod container;

// where a service is asked, and how some answer
mod service;
mod xml;

mod imds;
mod sts;

// all of them in their order, and kept fresh
mod credentials;

mod wallet;

// what can be seen of a set-up
mod metadata;

mod apigateway;
mod ec2;

mod host;
mod survey;

pub use credentials::{Role, Wish};
pub use host::outgoing;
pub use survey::Survey;
pub use variables::Variables;
pub use wallet::Wallet;

use crate::probe::Net;
use crate::target::HostName;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// A client for calls beside the probe: its roots and its resolver, a connection a call, no proxy, no redirect.
#[derive(Debug, Clone)]
struct Side {
    net: Net,
    tls: Arc<ClientConfig>,
    /// The most that is read of an answer.
    most_body_bytes: usize,
}

/// An answer, whole.
#[derive(Debug)]
struct SideAnswer {
    status: u16,
    body: String,
    /// By how many seconds its `Date` is ahead of this host's clock.
    ahead: Option<i64>,
}

/// A call that brought no answer, in words. The URL, whose path may be telling, is not repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Unanswered(String);

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The innermost reason says the most.
impl<E: Error> From<E> for Unanswered {
    fn from(error: E) -> Self {
        let mut inner: &dyn Error = &error;
        while let Some(source) = inner.source() {
            inner = source;
        }
        Self(inner.to_string())
    }
}

/// What is asked.
#[derive(Debug)]
struct Question<'a> {
    method: Method,
    url: &'a str,
    headers: &'a [(&'a str, &'a str)],
    body: String,
}

impl Side {
    fn new(net: &Net) -> Self {
        Self { net: net.clone(), tls: Arc::new(net.trust.client_config()), most_body_bytes: MOST_BODY_BYTES }
    }

    /// Asks, and waits two seconds at most.
    async fn ask(&self, question: Question<'_>) -> Result<SideAnswer, Unanswered> {
        // boxed: a handshake is large, and whoever asks several things at once would carry room for each
        match timeout(MOST_FOR_A_CALL, Box::pin(self.converse(question))).await {
            Ok(answer) => answer,
            Err(_) => Err(Unanswered(format!("no answer within {} s", MOST_FOR_A_CALL.as_secs()))),
        }
    }

    async fn converse(&self, question: Question<'_>) -> Result<SideAnswer, Unanswered> {
        let uri: Uri = question.url.parse()?;
        let place = Place::of(&uri).ok_or_else(|| Unanswered("it is no URL of http or https".to_owned()))?;
        let mut request = Request::builder()
            .method(question.method)
            .uri(uri.path_and_query().map_or("/", |path| path.as_str()))
            .header("host", &place.authority)
            .header("user-agent", concat!("apigw-probe/", env!("CARGO_PKG_VERSION")));
        for (name, value) in question.headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(question.body)))?;
        let tcp = self.connect(&place).await?;
        if place.secure {
            let name = ServerName::try_from(place.host)?;
            let tls = TlsConnector::from(Arc::clone(&self.tls)).connect(name, tcp).await?;
            exchange(tls, request, self.most_body_bytes).await
        } else {
            exchange(tcp, request, self.most_body_bytes).await
        }
    }

    /// Connects to the first address that takes it.
    async fn connect(&self, place: &Place) -> Result<TcpStream, Unanswered> {
        let mut failure = Unanswered("its name gave no address".to_owned());
        for ip in self.addresses(&place.host).await? {
            match TcpStream::connect(self.net.detour.of(SocketAddr::new(ip, place.port))).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = error.into(),
            }
        }
        Err(failure)
    }

    /// The addresses of a host, by the probe's own resolver: a static binary has no other, and it asks whom the user named.
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, Unanswered> {
        if let Ok(ip) = host.parse() {
            return Ok(vec![ip]);
        }
        if host == "localhost" {
            return Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]);
        }
        let name = HostName::parse(host)?;
        let found = self.net.current().addresses(&name, MOST_FOR_A_CALL).await;
        found.map_err(|fault| Unanswered(format!("`{name}` gave no address ({fault})")))
    }
}

/// Where a URL leads.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    secure: bool,
    /// A name or an address, without brackets.
    host: String,
    port: u16,
    /// Host and port as the `Host` header has them, and as they are signed.
    authority: String,
}

impl Place {
    /// None if it is no URL of http or https.
    fn of(uri: &Uri) -> Option<Self> {
        let (secure, usual) = match uri.scheme_str()? {
            "https" => (true, 443),
            "http" => (false, 80),
            _ => return None,
        };
        let host = uri.host().filter(|host| !host.is_empty())?;
        let port = uri.port_u16().unwrap_or(usual);
        let authority = if port == usual { host.to_owned() } else { format!("{host}:{port}") };
        Some(Self { secure, host: host.trim_matches(['[', ']']).to_ascii_lowercase(), port, authority })
    }
}

/// One request on a connection, and its answer to the end.
async fn exchange<S>(stream: S, request: Request<Full<Bytes>>, most: usize) -> Result<SideAnswer, Unanswered>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let asking = async {
        let answer = sender.send_request(request).await?;
        let status = answer.status().as_u16();
        let ahead = answer.headers().get("date").and_then(|date| ahead(date.to_str().ok()?));
        let body = Limited::new(answer.into_body(), most).collect().await;
        let body = body.map_err(|error| Unanswered(error.to_string()))?.to_bytes();
        Ok(SideAnswer { status, body: String::from_utf8_lossy(&body).into_owned(), ahead })
    };
    let mut asking = std::pin::pin!(asking);
    tokio::select! {
        biased;
        answer = &mut asking => answer,
        // the connection hands over what it has before it ends
        _ = connection => asking.await,
    }
}

/// By how many seconds an HTTP date is ahead of this host's clock; it has whole seconds, cut off.
fn ahead(date: &str) -> Option<i64> {
    let (date, now) = (httpdate::parse_http_date(date).ok()?, SystemTime::now());
    let seconds = |length: Duration| i64::try_from(length.as_secs()).ok();
    date.duration_since(now).map_or_else(|behind| Some(-seconds(behind.duration())?), seconds)
}

/// A policy document; text that is no JSON stays text. API Gateway escapes what is within its text once more.
fn document(text: &str) -> serde_json::Value {
    let plain = || serde_json::from_str::<String>(&format!("\"{text}\"")).ok();
    let read = serde_json::from_str(text).ok().or_else(|| serde_json::from_str(&plain()?).ok());
    read.unwrap_or_else(|| serde_json::Value::String(crate::observation::redact(text)))
}

/// Nobody waits longer for an endpoint that may not be there.
const MOST_FOR_A_CALL: Duration = Duration::from_secs(2);
/// How long a pipe in place of a file may take to say everything; rounds wait meanwhile.
const MOST_FOR_A_PIPE: Duration = Duration::from_secs(1);
const MOST_BODY_BYTES: usize = 64 * 1024;
