//! Who listens where? One address, one port: dropped, refused, or taken through TLS and HTTP/1.1 to the gateway's rules.

use super::gateway::{self, Arrival, Request, wants_close};
use super::world::{Chain, Handshake, Port};
use super::{SeenRequest, Shared};
use rustls::server::Acceptor;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream as StdTcpStream};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;

/// One address of the make-believe AWS and the loopback socket that stands in for it.
#[derive(Debug)]
pub(super) struct Front {
    /// The address as it is on AWS.
    pub(super) nominal: Ipv4Addr,
    /// Where it really is.
    pub(super) local: SocketAddr,
    hold: Hold,
}

/// What holds the port in its state.
#[derive(Debug)]
enum Hold {
    /// The accepting task, which ends with this value.
    Open(JoinSet<()>),
    /// A listener whose queue is full for good: Linux then drops every further SYN.
    Drops { _listener: TcpListener, _filler: StdTcpStream },
    /// A socket that is bound and does not listen: the kernel answers with RST.
    Refuses { _socket: TcpSocket },
}

impl Front {
    /// Takes the port of an address, or any free one with port 0.
    pub(super) fn open(shared: &Arc<Shared>, nominal: Ipv4Addr, local: SocketAddr, port: Port) -> io::Result<Self> {
        let (hold, local) = take(shared, nominal, local, port)?;
        Ok(Self { nominal, local, hold })
    }

    /// Does what another scenario wants of the port.
    pub(super) async fn change(&mut self, shared: &Arc<Shared>, port: Port) -> io::Result<()> {
        match (&mut self.hold, port) {
            (Hold::Open(_), Port::Open) | (Hold::Drops { .. }, Port::Drops) | (Hold::Refuses { .. }, Port::Refuses) => {
                return Ok(());
            }
            // the listener is closed only when its task has ended
            (Hold::Open(task), Port::Drops | Port::Refuses) => task.shutdown().await,
            (Hold::Drops { .. }, Port::Open | Port::Refuses) | (Hold::Refuses { .. }, Port::Open | Port::Drops) => {
                self.hold = Hold::Open(JoinSet::new());
            }
        }
        (self.hold, _) = take(shared, self.nominal, self.local, port)?;
        Ok(())
    }
}

fn take(shared: &Arc<Shared>, nominal: Ipv4Addr, local: SocketAddr, port: Port) -> io::Result<(Hold, SocketAddr)> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(local)?;
    let local = socket.local_addr()?;
    let hold = match port {
        Port::Open => {
            let mut task = JoinSet::new();
            task.spawn(accept(Arc::clone(shared), nominal, socket.listen(128)?));
            Hold::Open(task)
        }
        Port::Drops => {
            // a backlog of 0 has room for one connection, and nobody ever accepts it
            let listener = socket.listen(0)?;
            let filler = StdTcpStream::connect_timeout(&local, Duration::from_secs(1))?;
            Hold::Drops { _listener: listener, _filler: filler }
        }
        Port::Refuses => Hold::Refuses { _socket: socket },
    };
    Ok((hold, local))
}

async fn accept(shared: Arc<Shared>, nominal: Ipv4Addr, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) if connections.len() < MOST_CONNECTIONS => {
                let shared = Arc::clone(&shared);
                connections.spawn(async move {
                    // what goes wrong on one connection is its client's to see
                    let _ = serve(&shared, nominal, stream).await;
                });
            }
            Ok(_) => {}
            // out of file descriptors: some will be free again
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn serve(shared: &Shared, nominal: Ipv4Addr, mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let handshake = shared.world().handshake;
    match handshake {
        Handshake::Presents(chain) => serve_tls(shared, nominal, chain, stream).await,
        Handshake::WantsAnotherVersion => {
            within(PATIENCE, stream.read(&mut [0; 4096])).await?;
            stream.write_all(&PROTOCOL_VERSION_ALERT).await?;
            stream.shutdown().await
        }
        Handshake::Stalls => within(PATIENCE, tokio::io::copy(&mut stream, &mut tokio::io::sink())).await.map(|_| ()),
        Handshake::PlainHttp => {
            within(PATIENCE, stream.read(&mut [0; 4096])).await?;
            stream.write_all(PLAIN_HTTP.as_bytes()).await?;
            stream.shutdown().await
        }
    }
}

async fn serve_tls(shared: &Shared, nominal: Ipv4Addr, chain: Chain, stream: TcpStream) -> io::Result<()> {
    let hello = within(PATIENCE, LazyConfigAcceptor::new(Acceptor::default(), stream)).await?;
    let sni = hello.client_hello().server_name().map(str::to_owned);
    let config = shared.pki.server_config(&shared.world(), chain, sni.as_deref())?;
    let mut stream = within(PATIENCE, hello.into_stream(config)).await?;
    while let Some(request) = within(PATIENCE, read_request(&mut stream)).await? {
        shared.remember(SeenRequest {
            address: IpAddr::V4(nominal),
            sni: sni.clone(),
            line: request.line(),
            headers: request.headers.clone(),
        });
        let last = wants_close(&request);
        let reply = {
            let world = shared.world();
            gateway::answer(&world, Arrival { sni: sni.as_deref(), endpoint: world.endpoint_at(nominal), request })
        };
        tokio::time::sleep(reply.after).await;
        stream.write_all(&reply.bytes).await?;
        stream.flush().await?;
        if last {
            break;
        }
    }
    stream.shutdown().await
}

impl Request {
    fn line(&self) -> String {
        format!("{} {} HTTP/1.1", self.method, self.target)
    }
}

/// Reads one request with its body, which nobody looks at; none when the client has left.
async fn read_request(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<Option<Request>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == MOST_HEAD_BYTES {
            return Err(io::ErrorKind::InvalidData.into());
        }
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    let request = parse_head(&head).ok_or(io::ErrorKind::InvalidData)?;
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    tokio::io::copy(&mut stream.take(length), &mut tokio::io::sink()).await?;
    Ok(Some(request))
}

fn parse_head(head: &[u8]) -> Option<Request> {
    let head = std::str::from_utf8(head).ok()?;
    let mut lines = head.trim_end_matches("\r\n").split("\r\n");
    let mut line = lines.next()?.split(' ');
    let (method, target, version) = (line.next()?, line.next()?, line.next()?);
    if version != "HTTP/1.1" || line.next().is_some() {
        return None;
    }
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_owned(), value.trim().to_owned()))
    };
    let headers = lines.map(header).collect::<Option<_>>()?;
    Some(Request { method: method.to_owned(), target: target.to_owned(), headers })
}

async fn within<T>(limit: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(limit, work).await?
}

/// How long a silent client is kept.
const PATIENCE: Duration = Duration::from_secs(60);
const MOST_CONNECTIONS: usize = 256;
const MOST_HEAD_BYTES: usize = 64 * 1024;
/// A fatal alert, code 70 (RFC 8446, 6.2).
const PROTOCOL_VERSION_ALERT: [u8; 7] = [21, 3, 3, 0, 2, 2, 70];
const PLAIN_HTTP: &str =
    "HTTP/1.1 400 Bad Request\r\nServer: nginx/1.22.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
