//! What a connection finds on loopback: listeners that each break one thing, and certificates to go with them.

use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{Signer, SigningKey};
use rustls::{ServerConfig, SignatureAlgorithm, SignatureScheme};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A listener; it ends with the test's runtime.
pub(crate) struct FarEnd {
    pub(crate) address: SocketAddr,
    /// How many connections it accepted.
    pub(crate) connections: Arc<AtomicUsize>,
    /// How many requests it read.
    pub(crate) requests: Arc<AtomicUsize>,
}

impl FarEnd {
    /// Does `with` to each connection.
    pub(crate) async fn listening<F>(with: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(with(stream));
            }
        });
        Self { address, connections, requests: Arc::default() }
    }

    /// Shakes hands, reads a request, and does `with` to the connection and the request.
    pub(crate) async fn serving<F>(
        tls: Arc<ServerConfig>,
        with: impl Fn(TlsStream<TcpStream>, String) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let with = Arc::new(with);
        let requests = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&requests);
        let far_end = Self::listening(move |stream| {
            let (tls, with, count) = (Arc::clone(&tls), Arc::clone(&with), Arc::clone(&count));
            async move {
                let Ok(mut stream) = TlsAcceptor::from(tls).accept(stream).await else { return };
                let Some(request) = read_head(&mut stream).await else { return };
                count.fetch_add(1, Ordering::Relaxed);
                with(stream, request).await;
            }
        })
        .await;
        Self { requests, ..far_end }
    }

    /// Answers each request with the same bytes, then closes properly.
    pub(crate) async fn answering(tls: Arc<ServerConfig>, answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::serving(tls, move |mut stream, _| {
            let answer = answer.clone();
            async move {
                let _ = stream.write_all(&answer).await;
                let _ = stream.shutdown().await;
            }
        })
        .await
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// An address on loopback where nobody listens, neither for connections nor for datagrams, and nobody else comes to.
pub(crate) struct Nobody {
    pub(crate) address: SocketAddr,
    _bound: (tokio::net::TcpSocket, std::net::UdpSocket),
}

impl Nobody {
    pub(crate) fn new() -> Self {
        loop {
            let tcp = tokio::net::TcpSocket::new_v4().unwrap();
            tcp.bind("127.0.0.1:0".parse().unwrap()).unwrap();
            let address = tcp.local_addr().unwrap();
            if let Ok(udp) = std::net::UdpSocket::bind(address) {
                // it takes datagrams of its peer only, which is itself
                udp.connect(address).unwrap();
                return Self { address, _bound: (tcp, udp) };
            }
        }
    }
}

/// Reads up to the empty line; none if the client closes before.
pub(crate) async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return None,
        }
    }
    Some(String::from_utf8(head).unwrap())
}

/// A certificate authority of a test.
pub(crate) struct Authority {
    pub(crate) der: CertificateDer<'static>,
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::named("Root of the test")
    }

    pub(crate) fn named(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = params.self_signed(&key).unwrap();
        Self { der: root.der().clone(), pem: root.pem(), issuer: Issuer::new(params, key) }
    }

    /// The root as a file has it.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate for the key.
    pub(crate) fn sign(&self, params: &CertificateParams, key: &KeyPair) -> CertificateDer<'static> {
        params.signed_by(key, &self.issuer).unwrap().der().clone()
    }

    /// A good certificate for the name, with its key.
    pub(crate) fn leaf(&self, name: &str) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        self.leaf_with(name, |_| {})
    }

    /// Settings of a server with a good certificate for the name.
    pub(crate) fn server(&self, name: &str) -> Arc<ServerConfig> {
        self.server_with(name, |_| {})
    }

    /// Settings of a server whose certificate was changed in one thing.
    pub(crate) fn server_with(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Arc<ServerConfig> {
        let (chain, key) = self.leaf_with(name, change);
        settings(chain, key)
    }

    fn leaf_with(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2099, 1, 1);
        change(&mut params);
        (vec![self.sign(&params, &key)], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
    }
}

/// Settings of a server with a self-signed certificate.
pub(crate) fn self_signed(name: &str) -> Arc<ServerConfig> {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let leaf = params.self_signed(&key).unwrap().der().clone();
    settings(vec![leaf], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
}

pub(crate) fn settings(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Arc<ServerConfig> {
    let settings = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    Arc::new(settings)
}

/// Settings of a server whose key and certificate rustls would not serve of itself: they do not belong together, or it cannot read them.
pub(crate) fn unchecked(chain: Vec<CertificateDer<'static>>, key: &PrivateKeyDer<'_>) -> Arc<ServerConfig> {
    let key = aws_lc_rs::sign::any_supported_type(key).unwrap();
    let resolver = Arc::new(rustls::sign::SingleCertAndKey::from(rustls::sign::CertifiedKey::new(chain, key)));
    let settings = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    Arc::new(settings)
}

/// Settings of a server that signs the handshake by a scheme which it does not have, so that the signature is worth nothing.
pub(crate) fn signing_by(chain: Vec<CertificateDer<'static>>, scheme: SignatureScheme) -> Arc<ServerConfig> {
    let key = rustls::sign::CertifiedKey::new(chain, Arc::new(WorthlessKey(scheme)));
    let settings = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(key)));
    Arc::new(settings)
}

#[derive(Debug)]
struct WorthlessKey(SignatureScheme);

impl SigningKey for WorthlessKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered.contains(&self.0).then(|| Box::new(Self(self.0)) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::RSA
    }
}

impl Signer for WorthlessKey {
    fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        Ok(vec![0; 256])
    }

    fn scheme(&self) -> SignatureScheme {
        self.0
    }
}

/// An answer as API Gateway gives it.
pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Type: application/json\r\n\
     Content-Length: 2\r\nx-amzn-RequestId: 1-2-3\r\nx-amz-apigw-id: abc=\r\n\r\n{}";
