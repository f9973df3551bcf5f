//! Certificates that other clients accept, and what is said of those that this probe rejects or cannot verify.

use super::far_end::{Authority, FarEnd, OK, settings, signing_by, unchecked};
use super::name_server::NameServer;
use super::{NAME, ZONES, limits, net_trusting, probe_one};
use apigw_probe::observation::{Attempt, ExpiredRoot, TlsFault};
use apigw_probe::probe::Trust;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyPair, NameConstraints, SignatureAlgorithm, date_time_ymd,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, SignatureScheme, SupportedProtocolVersion, version};
use std::sync::Arc;

/// What the probe sees of a server, if it trusts these certificates.
async fn see(trusted: &[CertificateDer<'_>], tls: Arc<ServerConfig>) -> Attempt {
    let api = FarEnd::answering(tls, OK).await;
    let names = NameServer::giving(&ZONES[..1]).await;
    let net = net_trusting(&[names.address], Trust::from_der(trusted).unwrap(), &[(ZONES[0], api.address)]);
    let attempt = probe_one(&net, &limits(2000)).await.attempts.remove(0);
    assert_eq!(api.requests(), usize::from(attempt.secured().is_some()), "only a server that is trusted is asked");
    attempt
}

/// Why the server was rejected; the sentence has no debug text.
#[track_caller]
fn rejection(attempt: &Attempt) -> (TlsFault, &str) {
    let failure = attempt.tls().unwrap().result.as_ref().expect_err("it is rejected");
    let detail = failure.detail.as_deref().unwrap();
    assert!(!detail.contains(['{', '[']) && !detail.contains("Error") && !detail.contains("Context"), "{detail}");
    (failure.fault, detail)
}

#[track_caller]
fn is_accepted(attempt: &Attempt) {
    assert!(attempt.secured().is_some(), "{:?}", rejection(attempt));
}

/// A server whose key, certificate and root openssl made, and that root.
fn made_by_openssl(pem: &[u8]) -> (Arc<ServerConfig>, CertificateDer<'static>) {
    let key = PrivateKeyDer::from_pem_slice(pem).unwrap();
    let mut certificates = CertificateDer::pem_slice_iter(pem).map(Result::unwrap);
    let (leaf, root) = (certificates.next().unwrap(), certificates.next().unwrap());
    (unchecked(vec![leaf], &key), root)
}

macro_rules! openssl {
    ($name:literal) => {
        made_by_openssl(include_bytes!(concat!("certificates/", $name, ".pem")))
    };
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn leaf() -> CertificateParams {
    let mut params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "leaf");
    params
}

fn key() -> KeyPair {
    KeyPair::generate().unwrap()
}

fn private(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivateKeyDer::try_from(key.serialize_der()).unwrap()
}

type Issuer = CertifiedIssuer<'static, KeyPair>;

/// A server whose certificate an authority issued, and what it sends after that.
fn issued_by(issuer: &Issuer, params: &CertificateParams, rest: &[&Issuer]) -> Arc<ServerConfig> {
    let key = key();
    let leaf = params.signed_by(&key, issuer).unwrap().der().clone();
    let chain = [leaf].into_iter().chain(rest.iter().map(|one| one.der().clone())).collect();
    settings(chain, private(&key))
}

#[tokio::test]
async fn ecdsa_signatures_with_sha_512_are_accepted() {
    for (tls, root) in [openssl!("ecdsa-p384-sha512"), openssl!("ecdsa-p256-sha512")] {
        is_accepted(&see(&[root], tls).await);
    }
}

#[tokio::test]
async fn p_521_is_accepted_as_a_servers_key_and_as_an_authoritys() {
    let algorithms: [&'static SignatureAlgorithm; 3] =
        [&rcgen::PKCS_ECDSA_P521_SHA256, &rcgen::PKCS_ECDSA_P521_SHA384, &rcgen::PKCS_ECDSA_P521_SHA512];
    let versions: [&SupportedProtocolVersion; 2] = [&version::TLS12, &version::TLS13];
    for algorithm in algorithms {
        let root = Issuer::self_signed(authority("P-521"), KeyPair::generate_for(algorithm).unwrap()).unwrap();
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512).unwrap();
        let leaf = leaf().signed_by(&key, &root).unwrap().der().clone();
        for version in versions {
            let tls = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_protocol_versions(&[version])
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![leaf.clone()], private(&key))
                .unwrap();
            is_accepted(&see(&[root.der().clone()], Arc::new(tls)).await);
        }
    }
}

#[tokio::test]
async fn what_the_library_cannot_verify_is_a_limit_of_this_probe() {
    for ((tls, root), expected) in [
        (openssl!("rsa-1024"), "`CN=Root of rsa-1024` has an RSA key of 1024 bits"),
        (openssl!("ecdsa-sha1"), "ecdsa-with-SHA1"),
        (openssl!("rsassa-pss"), "rsassa-pss with unusual parameters"),
        (openssl!("ecdsa-secp256k1"), "id-ecPublicKey on secp256k1"),
        (openssl!("version-1"), "version 3"),
    ] {
        let seen = see(&[root], tls).await;
        let (fault, detail) = rejection(&seen);
        assert_eq!(fault, TlsFault::UnsupportedCertificate, "{detail}");
        assert!(detail.contains(expected), "{detail}");
    }
}

#[tokio::test]
async fn a_key_of_a_kind_that_the_library_lacks_is_a_limit_of_this_probe() {
    let pem = include_bytes!("certificates/rsassa-pss-key.pem");
    let mut certificates = CertificateDer::pem_slice_iter(pem).map(Result::unwrap);
    let (leaf, root) = (certificates.next().unwrap(), certificates.next().unwrap());
    // rsa_pss_pss_sha256
    let seen = see(&[root], signing_by(vec![leaf.clone()], SignatureScheme::Unknown(0x0809))).await;
    let (fault, detail) = rejection(&seen);
    assert_eq!(fault, TlsFault::UnsupportedCertificate, "{detail}");
    assert!(detail.contains("a key of the kind rsassa-pss"), "{detail}");
    assert_eq!(seen.certificate().unwrap().subject, "CN=leaf");
    // of a server that is not trusted, that is what counts
    let seen = see(&[], signing_by(vec![leaf], SignatureScheme::Unknown(0x0809))).await;
    assert_eq!(rejection(&seen).0, TlsFault::UnknownIssuer);
}

#[tokio::test]
async fn a_critical_extension_that_the_library_does_not_know_is_a_limit_of_this_probe() {
    let root = Issuer::self_signed(authority("root"), key()).unwrap();
    let (key, mut params) = (key(), leaf());
    let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
    extension.set_criticality(true);
    params.custom_extensions.push(extension);
    let leaf = params.signed_by(&key, &root).unwrap().der().clone();
    let seen = see(&[root.der().clone()], unchecked(vec![leaf], &private(&key))).await;
    let (fault, detail) = rejection(&seen);
    assert_eq!(fault, TlsFault::UnsupportedCertificate, "{detail}");
    assert!(detail.contains("critical extension"), "{detail}");
}

/// What is seen of a server with so many authorities between its certificate and the trusted root.
async fn see_below(count: usize, leaf: &CertificateParams) -> Attempt {
    let mut issuers = vec![Issuer::self_signed(authority("root"), key()).unwrap()];
    for depth in 1..=count {
        let next = Issuer::signed_by(authority(&format!("authority {depth}")), key(), issuers.last().unwrap());
        issuers.push(next.unwrap());
    }
    let sent: Vec<_> = issuers.iter().skip(1).rev().collect();
    see(&[issuers[0].der().clone()], issued_by(issuers.last().unwrap(), leaf, &sent)).await
}

#[tokio::test]
async fn a_chain_of_more_authorities_than_the_library_follows_is_a_limit_of_this_probe() {
    is_accepted(&see_below(6, &leaf()).await);
    assert_eq!(rejection(&see_below(7, &leaf()).await).0, TlsFault::UnsupportedCertificate);
}

#[tokio::test]
async fn a_fault_that_other_clients_find_as_well_comes_before_a_limit_of_this_probe() {
    let seen = see_below(7, &CertificateParams::new(vec!["other.test".to_owned()]).unwrap()).await;
    let (fault, detail) = rejection(&seen);
    assert_eq!(fault, TlsFault::WrongName, "{detail}");
    assert!(detail.contains("other.test") && detail.contains("six intermediate authorities"), "{detail}");
}

#[tokio::test]
async fn certificates_of_more_than_64_kib_are_a_limit_of_this_probe() {
    let root = Issuer::self_signed(authority("root"), key()).unwrap();
    let mut large = leaf();
    large.custom_extensions.push(CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![0; 40_000]));
    let key = key();
    let leaf = large.signed_by(&key, &root).unwrap().der().clone();
    let seen = see(&[root.der().clone()], settings(vec![leaf.clone(), leaf], private(&key))).await;
    let (fault, detail) = rejection(&seen);
    assert_eq!(fault, TlsFault::UnsupportedCertificate, "{detail}");
    assert!(detail.contains("certificate chain") && detail.contains("64 KiB"), "{detail}");
}

/// A self-signed certificate as `openssl req -x509` makes it, with the mark of an authority, and its server.
fn self_signed(change: impl FnOnce(&mut CertificateParams)) -> (CertificateDer<'static>, Arc<ServerConfig>) {
    let key = key();
    let mut params = leaf();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    change(&mut params);
    let der = params.self_signed(&key).unwrap().der().clone();
    (der.clone(), settings(vec![der], private(&key)))
}

#[tokio::test]
async fn a_self_signed_certificate_that_is_trusted_itself_is_accepted() {
    let (der, tls) = self_signed(|_| {});
    is_accepted(&see(&[der], tls).await);
}

#[tokio::test]
async fn a_self_signed_certificate_must_be_the_very_one_that_is_trusted() {
    let ((_, tls), (other, _)) = (self_signed(|_| {}), self_signed(|_| {}));
    assert_eq!(rejection(&see(&[], Arc::clone(&tls)).await).0, TlsFault::UnknownIssuer);
    assert_eq!(rejection(&see(&[other], tls).await).0, TlsFault::UnknownIssuer);
}

#[tokio::test]
async fn a_certificate_that_is_trusted_itself_must_still_be_in_date_for_the_name_and_for_servers() {
    type Change = fn(&mut CertificateParams);
    let changes: [(Change, TlsFault); 4] = [
        (|leaf| leaf.not_after = date_time_ymd(2021, 2, 3), TlsFault::Expired),
        (|leaf| leaf.not_before = date_time_ymd(2098, 1, 1), TlsFault::NotYetValid),
        (|leaf| leaf.subject_alt_names.clear(), TlsFault::WrongName),
        (|leaf| leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth], TlsFault::BadCertificate),
    ];
    for (change, expected) in changes {
        let (der, tls) = self_signed(change);
        assert_eq!(rejection(&see(&[der], tls).await).0, expected);
    }
}

#[tokio::test]
async fn a_certificate_that_is_trusted_itself_needs_its_key() {
    let (der, _) = self_signed(|_| {});
    let stolen = unchecked(vec![der.clone()], &private(&key()));
    assert_eq!(rejection(&see(&[der], stolen).await).0, TlsFault::BadCertificate);
}

#[tokio::test]
async fn a_server_certificate_that_is_trusted_itself_needs_no_authority() {
    let (chain, key) = Authority::new().leaf(NAME);
    is_accepted(&see(&chain.clone(), settings(chain, key)).await);
}

#[tokio::test]
async fn an_expired_root_is_accepted_and_recorded() {
    let mut old = authority("Old root");
    old.not_after = date_time_ymd(2021, 2, 3);
    let old = Issuer::self_signed(old, key()).unwrap();
    let seen = see(&[Authority::new().der, old.der().clone()], issued_by(&old, &leaf(), &[])).await;
    let expected = ExpiredRoot { subject: "CN=Old root".into(), not_after: date_time_ymd(2021, 2, 3) };
    assert_eq!(seen.secured().unwrap().expired_root, Some(expected));
}

#[tokio::test]
async fn an_expired_root_with_a_valid_alternative_is_not_recorded() {
    // the root was renewed with the same key
    let of_root = key();
    let (mut old, renewed) = (authority("Root"), authority("Root"));
    old.not_after = date_time_ymd(2021, 2, 3);
    let old = old.self_signed(&of_root).unwrap().der().clone();
    let renewed = Issuer::self_signed(renewed, of_root).unwrap();
    let seen = see(&[old, renewed.der().clone()], issued_by(&renewed, &leaf(), &[])).await;
    assert_eq!(seen.secured().unwrap().expired_root, None);
    // and one that the server does not need
    let mut unused = authority("Another old root");
    unused.not_after = date_time_ymd(2021, 2, 3);
    let unused = unused.self_signed(&key()).unwrap().der().clone();
    let seen = see(&[unused, renewed.der().clone()], issued_by(&renewed, &leaf(), &[])).await;
    assert_eq!(seen.secured().unwrap().expired_root, None);
}

#[tokio::test]
async fn a_missing_intermediate_certificate_is_named() {
    let root = Issuer::self_signed(authority("Corp Root"), key()).unwrap();
    let policy = Issuer::signed_by(authority("Corp Policy CA"), key(), &root).unwrap();
    let issuing = Issuer::signed_by(authority("Corp Issuing CA"), key(), &policy).unwrap();
    for (sent, expected) in [
        (vec![], ["one certificate", "`CN=Corp Issuing CA`"]),
        (vec![&issuing], ["2 certificates", "`CN=Corp Policy CA`"]),
    ] {
        let seen = see(&[root.der().clone()], issued_by(&issuing, &leaf(), &sent)).await;
        let (fault, detail) = rejection(&seen);
        assert_eq!(fault, TlsFault::UnknownIssuer);
        assert!(expected.iter().all(|expected| detail.contains(expected)), "{detail}");
    }
    is_accepted(&see(&[root.der().clone()], issued_by(&issuing, &leaf(), &[&policy, &issuing])).await);
    // where the root itself came along, nothing is missing
    let seen = see(&[], issued_by(&issuing, &leaf(), &[&issuing, &policy, &root])).await;
    assert!(rejection(&seen).1.contains("the root `CN=Corp Root`"), "{}", rejection(&seen).1);
}

#[tokio::test]
async fn each_rule_that_a_certificate_breaks_has_a_sentence() {
    let root = Issuer::self_signed(authority("root"), key()).unwrap();
    let below = |change: fn(&mut CertificateParams)| {
        let mut params = authority("intermediate");
        change(&mut params);
        Issuer::signed_by(params, key(), &root).unwrap()
    };
    let constrained = below(|params| {
        let permitted_subtrees = vec![GeneralSubtree::DnsName("example.com".to_owned())];
        params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    });
    let no_authority = below(|params| params.is_ca = IsCa::ExplicitNoCa);
    let last = below(|params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    let beyond_last = Issuer::signed_by(authority("too deep"), key(), &last).unwrap();
    let mut of_authority = leaf();
    of_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    for (tls, expected) in [
        (issued_by(&constrained, &leaf(), &[&constrained]), "name constraints"),
        (issued_by(&no_authority, &leaf(), &[&no_authority]), "CA:FALSE"),
        (issued_by(&beyond_last, &leaf(), &[&beyond_last, &last]), "path length"),
        (issued_by(&root, &of_authority, &[]), "CA:TRUE"),
    ] {
        let seen = see(&[root.der().clone()], tls).await;
        let (fault, detail) = rejection(&seen);
        assert_eq!(fault, TlsFault::BadCertificate, "{detail}");
        assert!(detail.contains(expected), "{detail}");
    }
}

#[tokio::test]
async fn the_group_of_the_key_exchange_is_recorded() {
    let groups = apigw_probe::crypto_provider::probe_provider().kx_groups;
    for (group, name) in groups.into_iter().zip(["X25519", "P-256", "P-384", "P-521"]) {
        for version in [&version::TLS12, &version::TLS13] {
            let authority = Authority::new();
            let (chain, key) = authority.leaf(NAME);
            let mut provider = rustls::crypto::aws_lc_rs::default_provider();
            provider.kx_groups = vec![group];
            let tls = ServerConfig::builder_with_provider(Arc::new(provider))
                .with_protocol_versions(&[version])
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(chain, key)
                .unwrap();
            let seen = see(&[authority.der], Arc::new(tls)).await;
            assert_eq!(seen.secured().unwrap().session.key_exchange.as_deref(), Some(name), "{version:?}");
        }
    }
}
