//! Who listens where? One address, one port: dropped, refused, or taken through TLS and HTTP/1.1 to the gateway's rules.

use super::gateway;
use super::request::{Arrival, read_request};
use super::state::{SeenRequest, Shared};
use super::world::{Between, Chain, Handshake, Port};
use rustls::server::Acceptor;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream as StdTcpStream};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
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
    port: Port,
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
    /// Nobody; the kernel answers with RST as well, but another program may take the port.
    Nobody,
}

impl Front {
    /// Takes the port of an address, or any free one with port 0.
    pub(super) fn open(shared: &Arc<Shared>, nominal: Ipv4Addr, local: SocketAddr, port: Port) -> io::Result<Self> {
        let (hold, local) = take(shared, nominal, local, port)?;
        Ok(Self { nominal, local, port, hold })
    }

    /// Does what another scenario wants of the port.
    pub(super) async fn change(&mut self, shared: &Arc<Shared>, port: Port) -> io::Result<()> {
        if self.port == port {
            return Ok(());
        }
        if let Hold::Open(mut task) = std::mem::replace(&mut self.hold, Hold::Nobody) {
            // the listener is closed only when its task has ended
            task.shutdown().await;
        }
        match take(shared, self.nominal, self.local, port) {
            Ok((hold, _)) => self.hold = hold,
            // connections that are still closing keep the port from being bound, but not from being refused
            Err(_) if port == Port::Refuses => {}
            Err(error) => return Err(error),
        }
        self.port = port;
        Ok(())
    }
}

fn take(shared: &Arc<Shared>, nominal: Ipv4Addr, local: SocketAddr, port: Port) -> io::Result<(Hold, SocketAddr)> {
    let socket = TcpSocket::new_v4()?;
    // of two sockets that only bind, both would succeed
    socket.set_reuseaddr(port != Port::Refuses)?;
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
    if let Between::CutsNames(api) = shared.world().between
        && sni.as_deref() != Some(shared.world().api_name(api).as_str())
    {
        return Ok(());
    }
    let config = {
        let world = shared.world();
        shared.pki.server_config(&world, chain, sni.as_deref(), world.endpoint_at(nominal))?
    };
    let mut stream = within(PATIENCE, hello.into_stream(config)).await?;
    while let Some(request) = within(PATIENCE, read_request(&mut stream)).await? {
        shared.remember(SeenRequest {
            address: IpAddr::V4(nominal),
            sni: sni.clone(),
            line: request.line(),
            headers: request.headers.clone(),
        });
        let last = request.wants_close();
        let reply = {
            let world = shared.world();
            gateway::answer(&world, Arrival { sni: sni.as_deref(), endpoint: world.endpoint_at(nominal), request })
        };
        tokio::time::sleep(reply.delay).await;
        stream.write_all(&reply.bytes).await?;
        stream.flush().await?;
        if last {
            break;
        }
    }
    stream.shutdown().await
}

async fn within<T>(limit: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(limit, work).await?
}

/// How long a silent client is kept.
const PATIENCE: Duration = Duration::from_secs(60);
const MOST_CONNECTIONS: usize = 256;
/// A fatal alert, code 70 (RFC 8446, 6.2).
const PROTOCOL_VERSION_ALERT: [u8; 7] = [21, 3, 3, 0, 2, 2, 70];
const PLAIN_HTTP: &str =
    "HTTP/1.1 400 Bad Request\r\nServer: nginx/1.22.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
