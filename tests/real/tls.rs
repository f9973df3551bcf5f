//! What does the probe say of real TLS servers? nginx and openssl, each with one thing wrong.

use crate::address::own_address;
use crate::authority::{Authority, ENDPOINT_NAMES, Pair, VALID};
use crate::probe::{at, once, report};
use crate::server::Server;
use crate::tool::tool;
use crate::web_server::{self, Site};
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;

/// An authority, and a probe that trusts it.
struct Bench {
    authority: Authority,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { authority: Authority::new(folder.path()), _folder: folder }
    }

    /// What nginx with this certificate and these rules gets.
    fn nginx(&self, pair: &Pair, rules: &str) -> Value {
        let address = own_address();
        let _server = web_server::start(None, &[Site { addresses: &[address], pair, rules }]);
        probe(address, &self.authority.root())
    }

    /// What `openssl s_server` with this certificate and these options gets.
    fn s_server(&self, pair: &Pair, options: &str) -> Value {
        let address = own_address();
        let mut program = tool("openssl", "openssl");
        program.args(["s_server", "-accept", &format!("{address}:443"), "-www", "-cert"]).arg(&pair.certificate);
        program.arg("-key").arg(&pair.key).args(options.split_ascii_whitespace());
        let _server = Server::start(&program, None, tempfile::tempdir().unwrap(), &[SocketAddrV4::new(address, 443)]);
        probe(address, &self.authority.root())
    }
}

fn probe(address: Ipv4Addr, root: &Path) -> Value {
    let mut command = once();
    command.args(["--path", "vpce-host-header", "--timeout", "5s", "--connect-to", &address.to_string()]);
    report(command.arg("--ca-file").arg(root))
}

fn outcome(report: &Value) -> &str {
    at(report, "/paths/2/outcome").as_str().unwrap()
}

fn tls<'v>(report: &'v Value, what: &str) -> &'v Value {
    at(report, &format!("/paths/2/attempts/0/tls/{what}"))
}

#[test]
fn a_good_server_passes_and_its_certificate_is_told() {
    let bench = Bench::new();
    let report = bench.nginx(&bench.authority.good(), web_server::OK);
    assert_eq!((outcome(&report), &report["verdict"]), ("ok", &"pass".into()));
    assert_eq!((tls(&report, "version"), tls(&report, "alpn")), (&"TLSv1.3".into(), &"http/1.1".into()));
    assert_eq!(tls(&report, "client_certificate_requested"), false);
    let certificate = tls(&report, "certificate");
    assert_eq!((&certificate["subject"], &certificate["issuer"]), (&"CN=good".into(), &"CN=test-root".into()));
    assert_eq!(certificate["sans"], serde_json::json!(ENDPOINT_NAMES));
    assert_eq!(certificate["not_before"], "2020-01-01T00:00:00Z");
    assert_eq!(certificate["not_after"], "2049-12-31T23:59:59Z");
    assert_eq!(at(&report, "/paths/2/attempts/0/http/from_api_gateway"), true);
}

#[test]
fn an_rsa_certificate_passes_too() {
    let bench = Bench::new();
    let report = bench.nginx(&bench.authority.issue_rsa("rsa", ENDPOINT_NAMES), web_server::OK);
    assert_eq!(outcome(&report), "ok");
}

#[test]
fn an_expired_certificate_is_told_with_its_dates() {
    let bench = Bench::new();
    let pair = bench.authority.issue("expired", ENDPOINT_NAMES, ("20240101000000Z", "20240201000000Z"));
    let report = bench.nginx(&pair, web_server::OK);
    assert_eq!(outcome(&report), "tls-certificate-expired");
    assert_eq!(tls(&report, "certificate/not_after"), "2024-02-01T00:00:00Z");
}

#[test]
fn a_certificate_of_tomorrow_is_told_with_its_dates() {
    let bench = Bench::new();
    let pair = bench.authority.issue("early", ENDPOINT_NAMES, ("20480101000000Z", "20490101000000Z"));
    let report = bench.nginx(&pair, web_server::OK);
    assert_eq!(outcome(&report), "tls-certificate-not-yet-valid");
    assert_eq!(tls(&report, "certificate/not_before"), "2048-01-01T00:00:00Z");
}

#[test]
fn a_certificate_for_another_name_is_told_with_the_names_that_it_has() {
    let bench = Bench::new();
    let report = bench.nginx(&bench.authority.issue("other", &["other.example"], VALID), web_server::OK);
    assert_eq!(outcome(&report), "tls-wrong-name");
    assert_eq!(tls(&report, "certificate/sans"), &serde_json::json!(["other.example"]));
}

#[test]
fn a_certificate_of_another_authority_is_not_trusted() {
    let (bench, stranger) = (Bench::new(), Bench::new());
    let report = bench.nginx(&stranger.authority.good(), web_server::OK);
    assert_eq!(outcome(&report), "tls-unknown-issuer");
    assert_eq!(tls(&report, "system_trusts_issuer"), false);
    assert_eq!(tls(&report, "certificate/issuer"), "CN=test-root");
}

#[test]
fn a_server_without_tls_1_3_passes() {
    let bench = Bench::new();
    let rules = format!("ssl_protocols TLSv1.2; ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256; {}", web_server::OK);
    let report = bench.nginx(&bench.authority.good(), &rules);
    assert_eq!((outcome(&report), tls(&report, "version")), ("ok", &"TLSv1.2".into()));
    assert_eq!(tls(&report, "cipher"), "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
}

#[test]
fn a_server_that_hangs_up_in_place_of_an_answer_is_told_from_one_that_answers() {
    let bench = Bench::new();
    let report = bench.nginx(&bench.authority.good(), "return 444;");
    assert_eq!(outcome(&report), "http-closed");
    assert_eq!(tls(&report, "outcome"), "ok");
}

#[test]
fn tls_1_3_alone_passes_and_the_answer_is_not_of_api_gateway() {
    let bench = Bench::new();
    let report = bench.s_server(&bench.authority.good(), "-tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256");
    assert_eq!((outcome(&report), tls(&report, "version")), ("ok", &"TLSv1.3".into()));
    assert_eq!(tls(&report, "cipher"), "TLS_CHACHA20_POLY1305_SHA256");
    assert_eq!(at(&report, "/paths/2/attempts/0/http/from_api_gateway"), false);
    assert_eq!(at(&report, "/paths/2/attempts/0/http/version"), "HTTP/1.0");
}

#[test]
fn a_server_that_speaks_only_tls_1_1_has_no_version_in_common() {
    let bench = Bench::new();
    let report = bench.s_server(&bench.authority.good(), "-tls1_1 -cipher ALL:@SECLEVEL=0");
    assert_eq!(outcome(&report), "tls-version");
}

#[test]
fn a_server_without_a_cipher_in_common_ends_the_handshake_with_an_alert() {
    let bench = Bench::new();
    let pair = bench.authority.issue_rsa("rsa", ENDPOINT_NAMES);
    let report = bench.s_server(&pair, "-tls1_2 -cipher AES128-GCM-SHA256");
    assert_eq!(outcome(&report), "tls-alert");
}

#[test]
fn a_client_certificate_that_is_only_asked_for_does_not_matter() {
    let bench = Bench::new();
    for version in ["-tls1_2", "-tls1_3"] {
        let report = bench.s_server(&bench.authority.good(), &format!("{version} -verify 1"));
        assert_eq!(outcome(&report), "ok", "{version}");
        assert_eq!(tls(&report, "client_certificate_requested"), true, "{version}");
    }
}

#[test]
fn a_client_certificate_that_is_demanded_fails_where_the_version_tells_it() {
    let bench = Bench::new();
    for (version, expected) in [("-tls1_2", "tls-alert"), ("-tls1_3", "http-tls-alert")] {
        let report = bench.s_server(&bench.authority.good(), &format!("{version} -Verify 1"));
        assert_eq!(outcome(&report), expected, "{version}");
        assert_eq!(tls(&report, "client_certificate_requested"), true, "{version}");
    }
}

#[test]
fn a_server_that_answers_without_tls_is_no_tls_server() {
    let bench = Bench::new();
    let address = own_address();
    let server = web_server::plain(address);
    let report = probe(address, &bench.authority.root());
    drop(server);
    assert_eq!(outcome(&report), "tls-not-tls");
}
