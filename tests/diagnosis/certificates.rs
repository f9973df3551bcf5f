//! Certificates that are rejected, or accepted by this probe alone.

use crate::round::{ALL, P3, Scene, at, healthy, names};
use apigw_probe::diagnosis::{Cause, Confidence, Owner};
use apigw_probe::observation::{ExpiredRoot, TlsFault};
use apigw_probe::plan::AccessPath::CustomDomain;
use apigw_probe::report::{Report, Verdict};

#[test]
fn a_certificate_that_breaks_a_rule_is_not_said_to_lack_trust() {
    let finding = healthy().untrusted(&ALL, TlsFault::BadCertificate, None).shows(Cause::CertificateInvalid, &ALL);
    assert!(!names(&finding, Cause::TlsUntrustedIssuer), "{finding:#?}");
    let custom = Scene::with_domain().untrusted(&[CustomDomain], TlsFault::BadCertificate, None);
    assert!(names(&custom.shows(Cause::CustomDomainCertificate, &[CustomDomain]), Cause::CertificateInvalid));
}

#[test]
fn a_certificate_that_this_probe_cannot_verify_is_a_limit_and_blames_no_account() {
    let scenes = [
        (healthy().untrusted(&ALL, TlsFault::UnsupportedCertificate, None), &ALL[..]),
        // of a custom domain name, too, whose certificate is account B's
        (Scene::with_domain().untrusted(&[CustomDomain], TlsFault::UnsupportedCertificate, None), &[CustomDomain][..]),
    ];
    for (scene, paths) in scenes {
        let finding = scene.shows(Cause::CertificateNotSupported, paths);
        assert_eq!((finding.owner, finding.confidence), (Owner::Caller, Confidence::Likely));
        let blamed = [Cause::TlsUntrustedIssuer, Cause::CustomDomainCertificate, Cause::CertificateInvalid];
        assert!(blamed.iter().all(|cause| !names(&finding, *cause)), "{finding:#?}");
    }
}

#[test]
fn a_handshake_failure_may_be_for_want_of_a_kind_of_certificate_that_this_probe_supports() {
    let finding = healthy().alerted(&ALL, "handshake_failure", false).shows(Cause::TlsVersion, &ALL);
    assert_eq!(finding.confidence, Confidence::Possible);
    assert!(names(&finding, Cause::CertificateNotSupported), "{finding:#?}");
    assert!(finding.evidence.iter().any(|fact| fact.contains("AES-GCM") && fact.contains("P-521")), "{finding:#?}");
    // a version that is not supported has nothing to do with it
    let finding = healthy().alerted(&ALL, "protocol_version", false).shows(Cause::TlsVersion, &ALL);
    assert!(!names(&finding, Cause::CertificateNotSupported), "{finding:#?}");
}

#[test]
fn an_expired_root_is_remarked_where_the_path_works() {
    let root = ExpiredRoot { subject: "CN=Old root".into(), not_after: at(1_600_000_000) };
    let scene = healthy().on(&[P3], |seen| {
        let tls = seen.attempts[0].tcp.result.as_mut().unwrap().tls.as_mut().unwrap();
        tls.result.as_mut().unwrap().expired_root = Some(root.clone());
    });
    let finding = scene.shows(Cause::RootCertificateExpired, &[P3]);
    assert_eq!(finding.owner, Owner::Caller);
    assert!(finding.evidence.concat().contains("CN=Old root"), "{finding:#?}");
    let report = Report::of(scene.round);
    assert!(report.verdict() == Verdict::Pass && report.has_warning());
}
