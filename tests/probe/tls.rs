//! Handshakes that fail, each with its reason and the facts kept.

use super::far_end::{Authority, FarEnd, OK, self_signed, settings, unchecked};
use super::name_server::NameServer;
use super::{NAME, ZONES, limits, net, plan, probe_api, probe_one};
use apigw_probe::observation::{Attempt, HttpFault, Observation, TlsFailure, TlsFault};
use apigw_probe::plan::AccessPath;
use apigw_probe::probe::{Limits, Trust, TrustSources, probe};
use apigw_probe::target::HostName;
use rcgen::{CertificateParams, KeyPair, SanType, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

async fn see(authority: &Authority, tls: Arc<ServerConfig>) -> Attempt {
    let api = FarEnd::answering(tls, OK).await;
    let mut seen = probe_api(authority, &api, &limits(2000)).await;
    assert_eq!(seen.attempts.len(), 1);
    if seen.attempts[0].secured().is_none() {
        assert_eq!(api.requests(), 0, "nothing is asked of a server that is not trusted");
    }
    seen.attempts.remove(0)
}

fn failure(attempt: &Attempt) -> &TlsFailure {
    attempt.tls().unwrap().result.as_ref().unwrap_err()
}

#[tokio::test]
async fn an_expired_certificate_is_told_with_its_dates() {
    let authority = Authority::new();
    let tls = authority.server_with(NAME, |leaf| leaf.not_after = date_time_ymd(2021, 2, 3));
    let seen = see(&authority, tls).await;
    assert_eq!(failure(&seen).fault, TlsFault::Expired);
    assert_eq!(seen.certificate().unwrap().not_after.year(), 2021);
    assert_eq!(seen.certificate().unwrap().sans, [NAME]);
    assert_eq!(failure(&seen).system_trusts_issuer, None);
}

#[tokio::test]
async fn a_certificate_of_the_future_is_told() {
    let authority = Authority::new();
    let tls = authority.server_with(NAME, |leaf| leaf.not_before = date_time_ymd(2098, 1, 1));
    let seen = see(&authority, tls).await;
    assert_eq!(failure(&seen).fault, TlsFault::NotYetValid);
    assert_eq!(seen.certificate().unwrap().not_before.year(), 2098);
}

#[tokio::test]
async fn a_wrong_name_is_told_with_the_names_there_are() {
    let authority = Authority::new();
    let tls = authority.server_with("other.test", |leaf| {
        leaf.subject_alt_names.push(SanType::DnsName("*.more.test".try_into().unwrap()));
        leaf.subject_alt_names.push(SanType::IpAddress("10.0.1.10".parse().unwrap()));
    });
    let seen = see(&authority, tls).await;
    assert_eq!(failure(&seen).fault, TlsFault::WrongName);
    assert_eq!(seen.certificate().unwrap().sans, ["other.test", "*.more.test", "10.0.1.10"]);
    assert!(failure(&seen).detail.as_ref().unwrap().contains("*.more.test"));
}

#[tokio::test]
async fn an_unknown_issuer_is_told_by_name() {
    let foreign = Authority::named("A foreign root");
    let seen = see(&Authority::new(), foreign.server(NAME)).await;
    assert_eq!(failure(&seen).fault, TlsFault::UnknownIssuer);
    assert_eq!(seen.certificate().unwrap().issuer, "CN=A foreign root");
    assert_eq!(failure(&seen).system_trusts_issuer, Some(false));
}

#[tokio::test]
async fn another_authority_of_the_trusted_ones_name_is_unknown_too() {
    let seen = see(&Authority::new(), Authority::new().server(NAME)).await;
    assert_eq!(failure(&seen).fault, TlsFault::UnknownIssuer);
}

#[tokio::test]
async fn a_self_signed_certificate_has_an_unknown_issuer() {
    let seen = see(&Authority::new(), self_signed(NAME)).await;
    assert_eq!(failure(&seen).fault, TlsFault::UnknownIssuer);
    assert!(seen.certificate().is_some());
}

#[tokio::test]
async fn the_most_telling_of_several_faults_leads_and_the_others_are_told() {
    let foreign = Authority::named("A foreign root");
    let tls = foreign.server_with("other.test", |leaf| leaf.not_after = date_time_ymd(2021, 2, 3));
    let seen = see(&Authority::new(), tls).await;
    assert_eq!(failure(&seen).fault, TlsFault::UnknownIssuer);
    let detail = failure(&seen).detail.clone().unwrap();
    assert!(detail.contains("other.test") && detail.contains("2021-02-03T00:00:00Z"), "{detail}");
    // now is told in whole seconds too
    let times: Vec<_> = detail.split([' ', ',', ';']).filter(|word| word.starts_with("20")).collect();
    assert!(times.len() == 2 && times.iter().all(|time| time.len() == 20 && time.ends_with('Z')), "{times:?}");

    let authority = Authority::new();
    let tls = authority.server_with("other.test", |leaf| leaf.not_after = date_time_ymd(2021, 2, 3));
    let seen = see(&authority, tls).await;
    assert_eq!(failure(&seen).fault, TlsFault::WrongName);
}

#[tokio::test]
async fn a_certificate_for_another_purpose_is_told() {
    let authority = Authority::new();
    let tls = authority.server_with(NAME, |leaf| {
        leaf.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    });
    assert_eq!(failure(&see(&authority, tls).await).fault, TlsFault::BadCertificate);
}

#[tokio::test]
async fn a_key_that_is_not_the_certificates_is_told() {
    let authority = Authority::new();
    let (key, stolen) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let leaf = authority.sign(&CertificateParams::new(vec![NAME.to_owned()]).unwrap(), &key);
    let wrong = PrivateKeyDer::try_from(stolen.serialize_der()).unwrap();
    let seen = see(&authority, unchecked(vec![leaf], &wrong)).await;
    assert_eq!(failure(&seen).fault, TlsFault::BadCertificate);
    assert!(seen.certificate().is_some());
}

#[tokio::test]
async fn a_chain_that_was_trusted_vouches_for_no_other_key_name_or_issuer() {
    let authority = Authority::new();
    let (chain, key) = authority.leaf(NAME);
    let other_key = PrivateKeyDer::try_from(KeyPair::generate().unwrap().serialize_der()).unwrap();
    let api = FarEnd::answering(settings(chain.clone(), key), OK).await;
    let thief = FarEnd::answering(unchecked(chain, &other_key), OK).await;
    let foreign = FarEnd::answering(Authority::named("A foreign root").server(NAME), OK).await;
    let names = NameServer::giving(&ZONES).await;
    let far_ends = [(ZONES[0], api.address), (ZONES[1], thief.address), (ZONES[2], foreign.address)];
    let net = net(&[names.address], &authority, &far_ends);

    for _ in 0..2 {
        let mut plans = [plan(AccessPath::VpceHostHeader), plan(AccessPath::VpceApiIdHeader)];
        plans[1].sni = HostName::parse("other.test").unwrap();
        let seen = probe(&net, &plans, &Limits { every_address: true, ..limits(2000) }).await;
        let faults = seen.iter().flat_map(|path| &path.attempts).map(|attempt| match &attempt.tls().unwrap().result {
            Ok(_) => None,
            Err(failure) => Some(failure.fault),
        });
        let [bad, name, unknown] = [TlsFault::BadCertificate, TlsFault::WrongName, TlsFault::UnknownIssuer].map(Some);
        assert_eq!(faults.collect::<Vec<_>>(), [None, bad, unknown, name, name, unknown]);
    }
}

#[tokio::test]
async fn the_hosts_own_store_marks_an_interception_proxy() {
    const STORE: &str = "APIGW_PROBE_TEST_STORE";
    let Some(store) = std::env::var_os(STORE) else {
        // the store is named by the environment, which only a process of its own can have for itself
        let store = tempfile::NamedTempFile::new().unwrap();
        let this = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "tls::the_hosts_own_store_marks_an_interception_proxy"])
            .env(STORE, store.path())
            .env("SSL_CERT_FILE", store.path())
            .env_remove("SSL_CERT_DIR")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&this.stdout);
        assert!(this.status.success() && said.contains("1 passed"), "{said}");
        return;
    };
    let proxy = Authority::named("The company's proxy");
    std::fs::write(store, proxy.pem()).unwrap();
    let seen = see(&Authority::new(), proxy.server(NAME)).await;
    assert_eq!(failure(&seen).fault, TlsFault::UnknownIssuer);
    assert_eq!(failure(&seen).system_trusts_issuer, Some(true));
    let trust = Trust::new(TrustSources { ca_file: None, system_roots: true });
    assert!(trust.is_ok());
}

#[tokio::test]
async fn tls_1_2_is_spoken_too() {
    let authority = Authority::new();
    let (chain, key) = authority.leaf(NAME);
    let tls = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let seen = see(&authority, Arc::new(tls)).await;
    let session = &seen.secured().unwrap().session;
    assert_eq!((session.version.as_str(), session.cipher.starts_with("TLS_ECDHE_")), ("TLSv1.2", true));
    assert!(seen.tls().unwrap().wire.is_some());
}

#[tokio::test]
async fn the_name_and_the_protocol_are_offered_and_nothing_is_resumed() {
    let authority = Authority::new();
    let (chain, key) = authority.leaf(NAME);
    let mut tls = (*settings(chain, key)).clone();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let tls = Arc::new(tls);
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let api = FarEnd::serving(tls, move |mut stream, _| {
        let session = stream.get_ref().1;
        told.send((session.server_name().map(str::to_owned), session.handshake_kind())).unwrap();
        async move {
            stream.write_all(OK.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    })
    .await;
    let names = NameServer::giving(&ZONES[..1]).await;
    let net = net(&[names.address], &authority, &[(ZONES[0], api.address)]);
    for _ in 0..2 {
        let seen = probe_one(&net, &limits(2000)).await;
        assert_eq!(seen.attempts[0].secured().unwrap().session.alpn.as_deref(), Some("http/1.1"));
        let (name, kind) = heard.recv().await.unwrap();
        assert_eq!((name.as_deref(), kind), (Some(NAME), Some(rustls::HandshakeKind::Full)));
    }
}

/// Says something raw to each connection after the client's first bytes.
async fn saying(bytes: &'static [u8]) -> Observation {
    let raw = FarEnd::listening(move |mut stream| async move {
        let mut hello = [0; 4096];
        let _ = stream.read(&mut hello).await;
        let _ = stream.write_all(bytes).await;
        // until the client has read it all and closes
        let _ = stream.shutdown().await;
        while stream.read(&mut hello).await.is_ok_and(|length| length > 0) {}
    })
    .await;
    probe_api(&Authority::new(), &raw, &limits(2000)).await
}

#[tokio::test]
async fn what_does_not_speak_tls_is_told_from_what_closes() {
    for (said, fault) in [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice(), TlsFault::NotTls),
        (b"SSH-2.0-OpenSSH_9.9\r\n", TlsFault::NotTls),
        (b"x", TlsFault::NotTls),
        (b"", TlsFault::Closed),
        // an alert: fatal, handshake_failure
        (b"\x15\x03\x03\x00\x02\x02\x28", TlsFault::Alert),
        // an alert: fatal, unrecognized_name
        (b"\x15\x03\x03\x00\x02\x02\x70", TlsFault::Alert),
        // an alert: fatal, protocol_version
        (b"\x15\x03\x01\x00\x02\x02\x46", TlsFault::Version),
        // a handshake record that is cut off
        (b"\x16\x03\x03\x00\x7a\x02\x00", TlsFault::Closed),
        // application data in the place of a handshake
        (b"\x17\x03\x03\x00\x01x", TlsFault::Other),
    ] {
        let seen = saying(said).await;
        assert_eq!(failure(&seen.attempts[0]).fault, fault, "{said:?}: {:?}", failure(&seen.attempts[0]));
    }
    let seen = saying(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    assert!(failure(&seen.attempts[0]).detail.as_ref().unwrap().contains("HTTP/1.1"));
    let seen = saying(b"\x15\x03\x03\x00\x02\x02\x28").await;
    assert_eq!(seen.attempts[0].alert(), Some("handshake_failure"));
}

#[tokio::test]
async fn a_server_of_tls_1_1_has_no_version_in_common() {
    // a ServerHello of TLS 1.1: version, random, no session id, a cipher suite, no compression
    const HELLO: [u8; 47] = {
        let mut hello = [0; 47];
        let head = [0x16, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2];
        let mut at = 0;
        while at < head.len() {
            hello[at] = head[at];
            at += 1;
        }
        hello[45] = 0x2f;
        hello
    };
    let seen = saying(&HELLO).await;
    assert_eq!(failure(&seen.attempts[0]).fault, TlsFault::Version, "{:?}", failure(&seen.attempts[0]));
}

#[tokio::test]
async fn a_reset_is_told() {
    let resets = FarEnd::listening(|mut stream| async move {
        let mut hello = [0; 4096];
        let _ = stream.read(&mut hello).await;
        stream.set_zero_linger().unwrap();
    })
    .await;
    let seen = probe_api(&Authority::new(), &resets, &limits(2000)).await;
    assert_eq!(failure(&seen.attempts[0]).fault, TlsFault::Reset);
}

#[tokio::test]
async fn a_flood_in_the_handshake_ends_before_the_deadline() {
    let floods = FarEnd::listening(|mut stream| async move {
        // warnings without end: user_canceled
        let warnings = b"\x15\x03\x03\x00\x02\x01\x5a".repeat(1000);
        while stream.write_all(&warnings).await.is_ok() {}
    })
    .await;
    let seen = probe_api(&Authority::new(), &floods, &limits(5000)).await;
    assert!(seen.took < std::time::Duration::from_secs(2), "{:?}", seen.took);
    assert!(matches!(failure(&seen.attempts[0]).fault, TlsFault::Other | TlsFault::Alert));
}

#[tokio::test]
async fn what_tls_1_3_tells_late_is_told_of_the_exchange() {
    let authority = Authority::new();
    let mut roots = RootCertStore::empty();
    roots.add(authority.der.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let wants = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
    let (chain, key) = authority.leaf(NAME);
    let tls = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(wants)
        .with_single_cert(chain, key)
        .unwrap();
    let seen = see(&authority, Arc::new(tls)).await;
    let failure = seen.http().unwrap().result.as_ref().unwrap_err();
    assert_eq!(failure.fault, HttpFault::TlsAlert, "{failure:?}");
    assert_eq!(seen.alert(), Some("certificate_required"));
}
