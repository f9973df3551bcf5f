//! Real answers, captured in public, served byte for byte over TLS: does the whole probe find their cause?

#![cfg(feature = "lab")]

use apigw_probe::check::{Auth, Check, Intents};
use apigw_probe::diagnosis::{Cause, Confidence};
use apigw_probe::lab::{Addresses, Lab, Scenario};
use apigw_probe::plan::{AccessPath, Request};
use apigw_probe::probe::{Detour, Limits, Net, Resolver, Trust};
use apigw_probe::report::{Report, Verdict};
use apigw_probe::target::{Target, TargetInput};
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

#[derive(Debug, Deserialize)]
struct Captured {
    id: String,
    path_hint: Option<usize>,
    status: Option<u16>,
    headers: Headers,
    body: Option<String>,
    cause: Cause,
}

/// Headers in the order and case of the capture.
#[derive(Debug)]
struct Headers(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Headers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("headers")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers, A::Error> {
                let mut headers = Vec::new();
                while let Some(header) = map.next_entry()? {
                    headers.push(header);
                }
                Ok(Headers(headers))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

impl Captured {
    /// The answer as it was captured; only a length that is not that of the captured body is put right.
    fn bytes(&self) -> Option<Vec<u8>> {
        let body = self.body.as_deref().unwrap_or_default();
        let is_length = |name: &str| name.eq_ignore_ascii_case("content-length");
        let mut text = format!("HTTP/1.1 {} \r\n", self.status?);
        for (name, value) in &self.headers.0 {
            let length = body.len().to_string();
            let _ = write!(text, "{name}: {}\r\n", if is_length(name) { &length } else { value });
        }
        if !self.headers.0.iter().any(|(name, _)| is_length(name)) {
            let _ = write!(text, "Content-Length: {}\r\n", body.len());
        }
        Some([text.as_bytes(), b"\r\n", body.as_bytes()].concat())
    }

    /// What is wrong with a report of this answer, if anything.
    fn complaint(&self, report: &Report) -> Option<String> {
        let findings = &report.diagnosis.findings;
        let named = findings.iter().any(|one| one.cause == self.cause || one.alternatives.contains(&self.cause));
        // a capture is older than the clock allows
        let silent = findings.iter().all(|one| one.cause == Cause::ClockSkew);
        let found = named || (self.cause == Cause::Ok && silent);
        let wrong = findings.iter().any(|one| one.confidence == Confidence::Certain && one.cause != self.cause);
        let expected = if self.status == Some(200) { Verdict::Pass } else { Verdict::Fail };
        let said: Vec<_> = findings.iter().map(|one| (one.cause, &one.alternatives, one.confidence)).collect();
        let good = found && !wrong && report.verdict() == expected;
        (!good).then(|| format!("{} is {}, said is {} and {said:?}", self.id, self.cause, report.verdict()))
    }
}

/// The rows that have a status.
fn captured() -> Vec<Captured> {
    let rows = include_str!("captured-responses.jsonl").lines().map(|line| serde_json::from_str(line).unwrap());
    rows.filter(|row: &Captured| row.status.is_some()).collect()
}

/// Which paths get an answer, and which answer; the others get that of a healthy API.
#[derive(Debug, Default)]
struct Served {
    paths: Vec<AccessPath>,
    answer: Vec<u8>,
}

/// The lab's names, in front of a server that says what a test wants.
struct Stand {
    lab: Lab,
    address: SocketAddr,
    root: CertificateDer<'static>,
    served: Arc<Mutex<Served>>,
}

impl Stand {
    async fn new() -> Self {
        let lab = Lab::start(Scenario::healthy(), Addresses::AsOnAws).await.unwrap();
        let (root, settings) = certificates();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = Arc::<Mutex<Served>>::default();
        tokio::spawn(serve(listener, TlsAcceptor::from(settings), Arc::clone(&served)));
        Self { lab, address, root, served }
    }

    /// One round in which these paths get this answer.
    async fn report(&self, paths: &[AccessPath], answer: &[u8], request: Request) -> Report {
        *self.served.lock().unwrap() = Served { paths: paths.to_vec(), answer: answer.to_vec() };
        let input = TargetInput {
            invoke_url: self.lab.invoke_url(),
            vpce_dns_name: self.lab.vpce_dns_name(),
            ..TargetInput::default()
        };
        let detour: HashMap<_, _> = self.lab.detour().into_keys().map(|ip| (ip, self.address)).collect();
        let net = Net {
            resolver: Resolver::given(vec![self.lab.dns_server()]),
            vpc_resolver: None,
            trust: Trust::from_der(&[&self.root]).unwrap(),
            detour: Detour::from(detour),
            share: None,
        };
        let check = Check {
            target: Target::parse(input).unwrap().into(),
            request,
            intents: Intents::default(),
            limits: Limits { timeout: Duration::from_secs(20), every_address: false, show_body: false },
            auth: Auth::None,
            canary: false,
        };
        check.run(&net, &[]).await
    }
}

fn certificates() -> (CertificateDer<'static>, Arc<ServerConfig>) {
    let (root_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut root = CertificateParams::default();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // another issuer's certificate would be an interceptor's
    root.distinguished_name = DistinguishedName::new();
    root.distinguished_name.push(DnType::OrganizationName, "Make-believe Amazon");
    let root_der = root.self_signed(&root_key).unwrap().der().clone();
    let names = ["*.execute-api.us-east-1.amazonaws.com", "*.execute-api.us-east-1.vpce.amazonaws.com"];
    let leaf = CertificateParams::new(names.map(str::to_owned)).unwrap();
    let leaf = leaf.signed_by(&key, &Issuer::new(root, root_key)).unwrap().der().clone();
    let settings = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    (root_der, Arc::new(settings))
}

async fn serve(listener: TcpListener, tls: TlsAcceptor, served: Arc<Mutex<Served>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (tls, served) = (tls.clone(), Arc::clone(&served));
        tokio::spawn(async move { answer(tls, stream, &served).await });
    }
}

async fn answer(tls: TlsAcceptor, stream: TcpStream, served: &Mutex<Served>) -> io::Result<()> {
    let mut stream = tls.accept(stream).await?;
    let sni = stream.get_ref().1.server_name().unwrap_or_default().to_owned();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let path = path_of(&sni, &String::from_utf8_lossy(&head).to_ascii_lowercase());
    let bytes = {
        let served = served.lock().unwrap();
        if served.paths.contains(&path) { served.answer.clone() } else { HEALTHY.into() }
    };
    stream.write_all(&bytes).await?;
    stream.shutdown().await
}

/// The path that a request was sent on.
fn path_of(sni: &str, head: &str) -> AccessPath {
    if head.contains("\r\nx-apigw-api-id: ") {
        AccessPath::VpceApiIdHeader
    } else if sni.starts_with("vpce-") {
        AccessPath::VpceHostHeader
    } else if sni.contains("-vpce-") {
        AccessPath::Route53Alias
    } else {
        AccessPath::PrivateDns
    }
}

/// Serves each row on the paths that it gives, and collects the complaints.
fn complaints(paths: impl Fn(&Captured) -> Option<Vec<AccessPath>>) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let stand = Stand::new().await;
        let mut complaints = Vec::new();
        for row in captured() {
            let (Some(paths), Some(bytes)) = (paths(&row), row.bytes()) else { continue };
            let report = stand.report(&paths, &bytes, Request::default()).await;
            complaints.extend(row.complaint(&report));
        }
        complaints
    })
}

#[test]
fn the_stand_by_itself_is_healthy() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let report = runtime.block_on(async { Stand::new().await.report(&[], b"", Request::default()).await });
    assert_eq!((report.verdict(), report.diagnosis.findings.len()), (Verdict::Pass, 0), "{report:?}");
}

#[test]
fn an_answer_on_all_paths_gives_its_cause() {
    assert!(captured().len() > 40);
    assert_eq!(complaints(|_| Some(AccessPath::FOUR.to_vec())), Vec::<String>::new());
}

#[test]
fn an_answer_on_its_own_path_beside_three_that_work_gives_its_cause() {
    let hinted = |row: &Captured| row.path_hint.map(|hint| vec![AccessPath::FOUR[hint - 1]]);
    assert_eq!(complaints(hinted), Vec::<String>::new());
}

const HEALTHY: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nx-amzn-RequestId: 1-2-3\r\n\
                       x-amz-apigw-id: abc=\r\n\r\n{}";
