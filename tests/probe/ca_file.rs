//! Files of certificates: what is read, and what is said of one that cannot be.

use super::far_end::{Authority, FarEnd, OK};
use super::name_server::NameServer;
use super::{NAME, ZONES, limits, net_trusting, probe_one};
use apigw_probe::probe::{Trust, TrustError, TrustSources};
use std::io::Write as _;

fn trust(contents: impl AsRef<[u8]>) -> Result<Trust, TrustError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(contents.as_ref()).unwrap();
    let trust = Trust::new(TrustSources { ca_file: Some(file.path()), system_roots: false });
    if let Err(error) = &trust {
        assert!(error.to_string().contains(file.path().to_str().unwrap()), "{error}");
    }
    trust
}

/// Whether a server of each of these authorities is accepted.
async fn trusts(contents: impl AsRef<[u8]>, authorities: &[&Authority]) -> bool {
    let trust = trust(contents).unwrap_or_else(|error| panic!("{error}"));
    let mut all = true;
    for authority in authorities {
        let api = FarEnd::answering(authority.server(NAME), OK).await;
        let names = NameServer::giving(&ZONES[..1]).await;
        let net = net_trusting(&[names.address], trust.clone(), &[(ZONES[0], api.address)]);
        all &= probe_one(&net, &limits(2000)).await.attempts[0].secured().is_some();
    }
    all
}

/// Why a file is refused.
fn refused(contents: impl AsRef<[u8]>) -> String {
    let error = trust(contents).unwrap_err();
    assert!(matches!(error, TrustError::NotCertificates { .. }), "{error:?}");
    error.to_string()
}

#[tokio::test]
async fn a_ca_file_that_cannot_be_used_is_named_with_the_reason() {
    for contents in ["", "not PEM at all", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        refused(contents);
    }
    let missing = Trust::new(TrustSources { ca_file: Some("/nonexistent/ca.pem".as_ref()), system_roots: false });
    assert!(matches!(missing, Err(TrustError::Unreadable { .. })));
    let authority = Authority::new();
    assert!(trusts(authority.pem(), &[&authority]).await);
    assert!(!trusts(Authority::new().pem(), &[&authority]).await);
}

#[tokio::test]
async fn a_byte_order_mark_is_passed_over_wherever_files_were_joined() {
    let (one, other) = (Authority::named("one"), Authority::named("other"));
    assert!(trusts(format!("\u{feff}{}", one.pem()), &[&one]).await);
    assert!(trusts(format!("\u{feff}{}\u{feff}{}", one.pem(), other.pem()), &[&one, &other]).await);
}

#[tokio::test]
async fn line_breaks_that_are_spelled_out_are_read() {
    let (one, other) = (Authority::named("one"), Authority::named("other"));
    let spelled = (one.pem().replace('\n', "\\n"), other.pem().replace('\n', "\\r\\n"));
    assert!(trusts(&spelled.0, &[&one]).await);
    assert!(trusts(format!("\"{}{}\"\n", spelled.0, spelled.1), &[&one, &other]).await);
}

#[tokio::test]
async fn indentation_windows_line_ends_and_the_old_label_are_read() {
    let authority = Authority::new();
    let pem = authority.pem();
    assert!(trusts(format!("    {}", pem.replace('\n', "\n    ")), &[&authority]).await);
    assert!(trusts(pem.replace('\n', "\r\n"), &[&authority]).await);
    assert!(trusts(pem.replace("CERTIFICATE", "X509 CERTIFICATE"), &[&authority]).await);
    assert!(trusts([b"# Autorit\xe9 priv\xe9e\n", pem.as_bytes()].concat(), &[&authority]).await);
}

#[test]
fn openssls_trusted_form_is_named() {
    let why = refused(include_bytes!("certificates/trusted.pem"));
    assert!(why.contains("TRUSTED CERTIFICATE") && why.contains("openssl x509"), "{why}");
}

#[test]
fn other_encodings_are_named() {
    let utf_16: Vec<u8> =
        format!("\u{feff}{}", Authority::new().pem()).encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(refused(utf_16).contains("UTF-16"));
    assert!(refused(&Authority::new().der).contains("DER"));
}

#[test]
fn a_broken_file_is_described_without_byte_values() {
    let authority = Authority::new();
    let pem = authority.pem();
    let cut = pem.split("-----END").next().unwrap();
    for (contents, expected) in [
        (cut.to_owned(), "`-----END CERTIFICATE-----` is missing"),
        (pem.replacen("BEGIN CERTIFICATE-----", "BEGIN CERTIFICATE", 1), "-----BEGIN"),
        (pem.replacen("MII", "*!*", 1), "base64"),
        (format!("{pem}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "certificate 2: "),
    ] {
        let why = refused(&contents);
        assert!(why.contains(expected) && !why.contains(['[', '{', '(']), "{why}");
    }
}
