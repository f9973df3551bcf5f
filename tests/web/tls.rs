//! Is TLS spoken as the web configuration says, and are only those clients let in that it names?

use crate::client::{Answer, over, request, run};
use crate::daemon::{Daemon, Setup};
use hyper::StatusCode;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, version};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// An authority and what it signs.
struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
#[derive(Clone)]
struct Identity {
    certificate: String,
    key: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn identity(&self, name: &str, usage: ExtendedKeyUsagePurpose) -> Identity {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Identity { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    fn server(&self) -> Identity {
        self.identity("localhost", ExtendedKeyUsagePurpose::ServerAuth)
    }

    fn client(&self, name: &str) -> Identity {
        self.identity(name, ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn pem(&self) -> String {
        self.0.pem()
    }
}

/// A daemon with these lines below `tls_server_config`, and files that they may name.
fn daemon(server: &Identity, lines: &str, client_ca: &str) -> Daemon {
    let setup = Setup::new();
    for (name, text) in [("web.crt", &server.certificate), ("web.key", &server.key), ("ca.crt", &client_ca.to_owned())]
    {
        std::fs::write(setup.path(name), text).unwrap();
    }
    setup.web(&format!("tls_server_config:\n  cert_file: web.crt\n  key_file: web.key\n{lines}")).start()
}

fn config(
    authority: &Authority,
    client: Option<&Identity>,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(authority.0.der().clone()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match client {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let chain = CertificateDer::pem_slice_iter(identity.certificate.as_bytes()).map(Result::unwrap).collect();
            builder
                .with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap())
                .unwrap()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

/// An answer to a client, or why there is none.
fn ask(daemon: &Daemon, config: ClientConfig) -> Result<Answer, String> {
    run(async {
        let stream = TcpStream::connect(daemon.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
        let stream = stream.map_err(|error| error.to_string())?;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"http/1.1".as_slice()));
        over(stream, request("GET", "/-/healthy", &[])).await.map_err(|error| error.to_string())
    })
}

const ANY: &[&rustls::SupportedProtocolVersion] = &[&version::TLS12, &version::TLS13];

#[test]
fn a_client_that_trusts_the_authority_is_answered() {
    let authority = Authority::new();
    let daemon = daemon(&authority.server(), "", "");
    for versions in [ANY, &[&version::TLS12]] {
        assert_eq!(ask(&daemon, config(&authority, None, versions)).unwrap().status, StatusCode::OK);
    }
    ask(&daemon, config(&Authority::new(), None, ANY)).unwrap_err();
}

#[test]
fn versions_and_ciphers_are_those_of_the_file() {
    let authority = Authority::new();
    let newer = daemon(&authority.server(), "  min_version: TLS13\n  curve_preferences: [ CurveP256 ]\n", "");
    ask(&newer, config(&authority, None, &[&version::TLS12])).unwrap_err();
    ask(&newer, config(&authority, None, ANY)).unwrap();
    let lines = "  max_version: TLS12\n  cipher_suites: [ TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 ]\n";
    let older = daemon(&authority.server(), lines, "");
    ask(&older, config(&authority, None, ANY)).unwrap();
    ask(&older, config(&authority, None, &[&version::TLS13])).unwrap_err();
}

#[test]
fn an_emptied_file_does_not_end_tls() {
    let authority = Authority::new();
    let daemon = daemon(&authority.server(), "", "");
    daemon.replace("web.yml", "");
    ask(&daemon, config(&authority, None, ANY)).unwrap();
}

#[test]
fn each_policy_lets_in_whom_it_should() {
    let (authority, other) = (Authority::new(), Authority::new());
    let (known, stranger) = (authority.client("prometheus.example"), other.client("prometheus.example"));
    for (policy, ca, [nobody_gets_in, stranger_gets_in, known_gets_in]) in [
        ("NoClientCert", "", [true, true, true]),
        ("RequestClientCert", "", [true, true, true]),
        ("RequireAnyClientCert", "", [false, true, true]),
        ("VerifyClientCertIfGiven", "  client_ca_file: ca.crt\n", [true, false, true]),
        ("RequireAndVerifyClientCert", "  client_ca_file: ca.crt\n", [false, false, true]),
    ] {
        let daemon = daemon(&authority.server(), &format!("  client_auth_type: {policy}\n{ca}"), &authority.pem());
        let gets_in = |client| ask(&daemon, config(&authority, client, ANY)).is_ok();
        assert_eq!(gets_in(None), nobody_gets_in, "{policy}: nobody");
        assert_eq!(gets_in(Some(&stranger)), stranger_gets_in, "{policy}: stranger");
        assert_eq!(gets_in(Some(&known)), known_gets_in, "{policy}: known");
    }
}

#[test]
fn only_certificates_with_a_name_of_the_list_get_in() {
    let authority = Authority::new();
    let lines = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n  \
                 client_allowed_sans: [ prometheus.example, 10.1.2.3 ]\n";
    let daemon = daemon(&authority.server(), lines, &authority.pem());
    for (name, gets_in) in [("prometheus.example", true), ("10.1.2.3", true), ("grafana.example", false)] {
        let client = authority.client(name);
        assert_eq!(ask(&daemon, config(&authority, Some(&client), ANY)).is_ok(), gets_in, "{name}");
    }
}

#[test]
fn an_empty_list_of_names_restricts_nothing() {
    let authority = Authority::new();
    let daemon = daemon(&authority.server(), "  client_allowed_sans: []\n", "");
    assert_eq!(ask(&daemon, config(&authority, None, ANY)).unwrap().status, StatusCode::OK);
    let lines = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n  client_allowed_sans: []\n";
    let daemon = self::daemon(&authority.server(), lines, &authority.pem());
    assert!(ask(&daemon, config(&authority, Some(&authority.client("anyone.example")), ANY)).is_ok());
    assert!(ask(&daemon, config(&authority, None, ANY)).is_err());
}

#[test]
fn a_new_certificate_counts_for_the_next_connection_and_a_broken_one_does_not() {
    let (first, second) = (Authority::new(), Authority::new());
    let daemon = daemon(&first.server(), "", "");
    ask(&daemon, config(&first, None, ANY)).unwrap();
    // certificate and key of two kinds for a moment, as when they are renewed
    let renewed = second.server();
    daemon.replace("web.crt", &renewed.certificate);
    ask(&daemon, config(&first, None, ANY)).unwrap();
    daemon.replace("web.key", &renewed.key);
    ask(&daemon, config(&second, None, ANY)).unwrap();
    daemon.replace("web.key", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0LXRleHQ=\n-----END PRIVATE KEY-----\n");
    ask(&daemon, config(&second, None, ANY)).unwrap();
    ask(&daemon, config(&second, None, ANY)).unwrap();
    let log = daemon.log();
    assert_eq!(log.matches("stays in force").count(), 2, "{log}");
    assert!(!log.contains("c2VjcmV0"), "{log}");
}

#[test]
fn certificates_may_stand_in_the_file_itself() {
    let authority = Authority::new();
    let indented = |pem: &str| pem.lines().flat_map(|line| ["    ", line, "\n"]).collect::<String>();
    let Identity { certificate, key } = authority.server();
    let yaml = format!("tls_server_config:\n  cert: |\n{}  key: |\n{}", indented(&certificate), indented(&key));
    let daemon = Setup::new().web(&yaml).start();
    ask(&daemon, config(&authority, None, ANY)).unwrap();
}

#[test]
fn what_cannot_be_is_told_by_line() {
    let authority = Authority::new();
    let server = authority.server();
    for (lines, line, word) in [
        ("  cert_file: web.crt\n", 2, "key_file"),
        ("  cert_file: web.crt\n  key_file: none.key\n", 3, "none.key"),
        ("  cert_file: web.key\n  key_file: web.key\n", 2, "web.key"),
        ("  cert_file: web.crt\n  key_file: web.crt\n", 3, "web.crt"),
        ("  client_auth_type: RequireAndVerifyClientCert\n", 2, "cert"),
        ("  cert_file: web.crt\n  key_file: web.key\n  client_ca_file: ca.crt\n", 4, "client_auth_type"),
        ("  cert_file: web.crt\n  key_file: web.key\n  client_auth_type: RequireAndVerifyClientCert\n", 4, "client_ca"),
        ("  cert_file: web.crt\n  key_file: web.key\n  client_auth_type: Maybe\n", 4, "NoClientCert"),
        ("  cert_file: web.crt\n  key_file: web.key\n  client_allowed_sans: [ a ]\n", 4, "client_allowed_sans"),
        ("  cert_file: web.crt\n  key_file: web.key\n  min_version: TLS10\n", 4, "TLS12"),
        ("  cert_file: web.crt\n  key_file: web.key\n  min_version: TLS13\n  max_version: TLS12\n", 5, "max_version"),
        ("  cert_file: web.crt\n  key_file: web.key\n  cipher_suites: [ RC4 ]\n", 4, "TLS_AES_128_GCM_SHA256"),
        ("  cert_file: web.crt\n  key_file: web.key\n  curve_preferences: [ CurveP521 ]\n", 4, "CurveP521"),
        ("  cert_file: web.crt\n  cert: x\n", 2, "leave one out"),
    ] {
        let setup = Setup::new();
        for (name, text) in [("web.crt", &server.certificate), ("web.key", &server.key), ("ca.crt", &authority.pem())] {
            std::fs::write(setup.path(name), text).unwrap();
        }
        let said = setup.web(&format!("tls_server_config:\n{lines}")).fail();
        assert!(said.contains(&format!("web.yml:{line}: ")) && said.contains(word), "{lines}: {said}");
    }
}

#[test]
fn a_web_configuration_that_is_missing_is_told_with_its_place() {
    let setup = Setup::new().web("");
    std::fs::remove_file(setup.path("web.yml")).unwrap();
    let said = setup.fail();
    assert!(said.contains("config.toml:6: web_config_file: ") && said.contains("web.yml"), "{said}");
}
