//! A server that asks for a client certificate: the fact is kept, however the handshake ends.

use super::far_end::{Authority, FarEnd, OK};
use super::{NAME, limits, probe_api};
use apigw_probe::observation::{Attempt, HttpFault, Outcome, TlsFault};
use apigw_probe::target::{Target, TargetInput};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion, version};
use std::sync::Arc;

/// What a server of this version does without a client certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Without {
    Answers,
    Refuses,
}

/// What the probe sees of a server that asks for a client certificate; it trusts this authority.
async fn see(
    trusted: &Authority,
    of_server: &Authority,
    version: &'static SupportedProtocolVersion,
    without: Without,
) -> Attempt {
    let mut roots = RootCertStore::empty();
    roots.add(of_server.der.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let verifier = if without == Without::Answers { verifier.allow_unauthenticated() } else { verifier };
    let (chain, key) = of_server.leaf(NAME);
    let tls = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(chain, key)
        .unwrap();
    let api = FarEnd::answering(Arc::new(tls), OK).await;
    probe_api(trusted, &api, &limits(2000)).await.attempts.remove(0)
}

fn outcome(attempt: &Attempt) -> Outcome {
    let target = TargetInput {
        invoke_url: "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test",
        ..TargetInput::default()
    };
    attempt.outcome(&Target::parse(target).unwrap())
}

static VERSIONS: [&SupportedProtocolVersion; 2] = [&version::TLS12, &version::TLS13];

#[tokio::test]
async fn a_request_that_may_go_unanswered_is_recorded_with_the_success() {
    let authority = Authority::new();
    for version in VERSIONS {
        let seen = see(&authority, &authority, version, Without::Answers).await;
        assert_eq!((outcome(&seen), seen.client_certificate_requested()), (Outcome::Ok, true), "{version:?}");
    }
}

#[tokio::test]
async fn a_request_that_must_be_answered_is_recorded_with_the_failure() {
    let authority = Authority::new();
    for (version, expected) in
        VERSIONS.into_iter().zip([Outcome::Tls(TlsFault::Alert), Outcome::Http(HttpFault::TlsAlert)])
    {
        let seen = see(&authority, &authority, version, Without::Refuses).await;
        assert_eq!((outcome(&seen), seen.client_certificate_requested()), (expected, true), "{version:?}");
    }
}

#[tokio::test]
async fn a_request_is_recorded_even_if_the_servers_certificate_is_rejected() {
    let stranger = Authority::named("Another root");
    for version in VERSIONS {
        let seen = see(&Authority::new(), &stranger, version, Without::Answers).await;
        let expected = (Outcome::Tls(TlsFault::UnknownIssuer), true);
        assert_eq!((outcome(&seen), seen.client_certificate_requested()), expected, "{version:?}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_ask_is_recorded_as_such() {
    let authority = Authority::new();
    let api = FarEnd::answering(authority.server(NAME), OK).await;
    let seen = probe_api(&authority, &api, &limits(2000)).await.attempts.remove(0);
    assert_eq!((outcome(&seen), seen.client_certificate_requested()), (Outcome::Ok, false));
}
