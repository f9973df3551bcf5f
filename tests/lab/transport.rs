//! Below HTTP: ports that are silent or refuse, certificates of every kind, and going over to another scenario.

use super::client::{API_NAME, Failure, VPCE_NAME, endpoint, request, send, start, tls_config};
use apigw_probe::lab::{Lab, Scenario};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use std::net::IpAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

async fn call(lab: &Lab) -> Result<u16, Failure> {
    let request = request("GET", "/test", &[("Host", API_NAME)]);
    send(lab, endpoint(lab), API_NAME, &request).await.map(|answer| answer.status)
}

#[tokio::test]
async fn a_dropped_port_is_silent_for_every_connection() {
    let lab = start("port-dropped").await;
    let (one, two, three) = tokio::join!(call(&lab), call(&lab), call(&lab));
    assert_eq!([one, two, three], [Err(Failure::Silent), Err(Failure::Silent), Err(Failure::Silent)]);
}

#[tokio::test]
async fn a_refused_port_refuses_at_once() {
    let lab = start("port-refused").await;
    assert_eq!(call(&lab).await, Err(Failure::Refused));
}

#[tokio::test]
async fn one_dead_address_leaves_the_others_alone() {
    let lab = start("one-address-dead").await;
    let request = request("GET", "/test", &[("Host", API_NAME)]);
    for (address, alive) in [([10, 0, 1, 10], false), ([10, 0, 2, 10], true), ([10, 0, 3, 10], true)] {
        let answer = send(&lab, lab.detour()[&IpAddr::from(address)], API_NAME, &request).await;
        assert_eq!(answer.is_ok(), alive, "{address:?}");
    }
}

#[tokio::test]
async fn the_certificate_fits_the_name_asked_for() {
    let lab = start("healthy").await;
    for name in [API_NAME, VPCE_NAME, "a1bc234d5e-vpce-1a2b3c456d7e89012.execute-api.us-east-1.amazonaws.com"] {
        let answer = send(&lab, endpoint(&lab), name, &request("GET", "/test", &[("Host", API_NAME)])).await;
        assert_eq!(answer.map(|answer| answer.status), Ok(200), "{name}");
    }
    let default = send(&lab, endpoint(&lab), "nlb.example.com", "").await;
    assert!(matches!(&default, Err(Failure::Tls(error)) if error.contains("*.execute-api.us-east-1.amazonaws.com")));
}

#[tokio::test]
async fn unfit_certificates_are_unfit_each_in_its_way() {
    let unfit = [
        ("certificate-expired", "expired"),
        ("certificate-not-yet-valid", "not valid yet"),
        ("certificate-of-load-balancer", "not valid for name"),
        ("certificate-unknown-issuer", "UnknownIssuer"),
        ("tls-inspection", "UnknownIssuer"),
        ("tls-version", "ProtocolVersion"),
    ];
    for (scenario, words) in unfit {
        let lab = start(scenario).await;
        let failure = call(&lab).await;
        assert!(matches!(&failure, Err(Failure::Tls(error)) if error.contains(words)), "{scenario}: {failure:?}");
    }
}

#[tokio::test]
async fn leaf_and_intermediate_are_sent_without_the_root() {
    let lab = start("healthy").await;
    let stream = TcpStream::connect(endpoint(&lab)).await.expect("loopback");
    let connector = TlsConnector::from(Arc::new(tls_config(&lab)));
    let stream = connector.connect(ServerName::try_from(API_NAME).expect("a name"), stream).await.expect("a handshake");
    let sent = stream.get_ref().1.peer_certificates().expect("certificates");
    assert_eq!(sent.len(), 2);
    assert!(!sent.contains(lab.ca_der()));
    assert_eq!(stream.get_ref().1.alpn_protocol(), None);
}

#[tokio::test]
async fn the_authority_reads_the_same_as_pem_and_der() {
    let lab = start("healthy").await;
    let from_pem = CertificateDer::from_pem_slice(lab.ca_pem().as_bytes()).expect("PEM");
    assert_eq!(&from_pem, lab.ca_der());
    assert_ne!(lab.inspection_ca_pem(), lab.ca_pem());
}

#[tokio::test]
async fn a_running_lab_goes_over_to_another_scenario_and_back() {
    let mut lab = start("healthy").await;
    let port = lab.port();
    let steps = [
        ("port-dropped", Err(Failure::Silent)),
        ("port-refused", Err(Failure::Refused)),
        ("throttled", Ok(429)),
        ("port-refused", Err(Failure::Refused)),
        ("port-dropped", Err(Failure::Silent)),
        ("healthy", Ok(200)),
    ];
    for (scenario, expected) in steps {
        lab.switch(Scenario::named(scenario).expect("a scenario")).await.expect("the same port again");
        assert_eq!(call(&lab).await, expected, "{scenario}");
        assert_eq!((lab.scenario().name, lab.port()), (scenario, port));
    }
}

#[tokio::test]
async fn several_labs_live_side_by_side() {
    let labs = [start("healthy").await, start("throttled").await, start("port-refused").await];
    assert_eq!(call(&labs[0]).await, Ok(200));
    assert_eq!(call(&labs[1]).await, Ok(429));
    assert_eq!(call(&labs[2]).await, Err(Failure::Refused));
}

#[tokio::test]
async fn a_dropped_lab_answers_nobody() {
    let lab = start("healthy").await;
    let address = endpoint(&lab);
    assert_eq!(call(&lab).await, Ok(200));
    drop(lab);
    // the aborted tasks end when the runtime turns to them
    tokio::task::yield_now().await;
    assert!(TcpStream::connect(address).await.is_err());
}
