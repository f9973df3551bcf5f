//! What is asked beside the probe? Calls that nobody measures and nobody waits long for: instance metadata, STS.

// where keys may lie on this host
mod variables;

mod profile;

// who hands out keys
mod container;

mod imds;
mod sts;

// all of them in their order, and kept fresh
mod credentials;

mod wallet;

pub use credentials::{Role, Wish};
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
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// A client for calls beside the probe: its roots and its resolver, a connection a call, no proxy, no redirect.
#[derive(Debug, Clone)]
struct Side {
    net: Net,
    tls: Arc<ClientConfig>,
}

/// An answer, whole.
#[derive(Debug)]
struct SideAnswer {
    status: u16,
    body: String,
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
        Self { net: net.clone(), tls: Arc::new(net.trust.client_config()) }
    }

    /// Asks, and waits two seconds at most.
    async fn ask(&self, question: Question<'_>) -> Result<SideAnswer, Unanswered> {
        match timeout(MOST_FOR_A_CALL, self.converse(question)).await {
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
            exchange(TlsConnector::from(Arc::clone(&self.tls)).connect(name, tcp).await?, request).await
        } else {
            exchange(tcp, request).await
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
async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<SideAnswer, Unanswered>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let asking = async {
        let answer = sender.send_request(request).await?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), MOST_BODY_BYTES).collect().await;
        let body = body.map_err(|error| Unanswered(error.to_string()))?.to_bytes();
        Ok(SideAnswer { status, body: String::from_utf8_lossy(&body).into_owned() })
    };
    let mut asking = std::pin::pin!(asking);
    tokio::select! {
        biased;
        answer = &mut asking => answer,
        // the connection hands over what it has before it ends
        _ = connection => asking.await,
    }
}

/// Nobody waits longer for an endpoint that may not be there.
const MOST_FOR_A_CALL: Duration = Duration::from_secs(2);
/// How long a pipe in place of a file may take to say everything; rounds wait meanwhile.
const MOST_FOR_A_PIPE: Duration = Duration::from_secs(1);
const MOST_BODY_BYTES: usize = 64 * 1024;
