//! Does a search for credentials hold nothing up but the request that it is for, and that one no longer than its round?

use super::far_end::{Authority, FarEnd, OK};
use super::name_server::NameServer;
use super::{ZONES, limits, net, plan};
use apigw_probe::observation::{HttpFault, Observation};
use apigw_probe::plan::AccessPath;
use apigw_probe::probe::{Errand, Limits, probe_as};
use apigw_probe::sign::{Credentials, Identity};
use apigw_probe::target::{Target, TargetInput};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::SetOnce;

/// Probes a path whose call is to be signed, through an endpoint of two addresses.
async fn probe_signed(
    authority: &Authority,
    api: &FarEnd,
    limits: &Limits,
    identity: &SetOnce<Identity>,
) -> Observation {
    let names = NameServer::start(|asked| vec![asked.addresses(&ZONES[..2])]).await;
    let net = net(&[names.address], authority, &[(ZONES[0], api.address), (ZONES[1], api.address)]);
    let input = TargetInput { invoke_url: URL, ..TargetInput::default() };
    let target = Target::parse(input).unwrap();
    let plan = plan(AccessPath::VpceHostHeader).signed(target.region().unwrap());
    let errand = Errand { limits, identity, tell: &|_, _| {} };
    probe_as(&net, &[plan], &errand).await.remove(0)
}

fn key() -> Arc<Credentials> {
    let text = str::to_owned;
    Arc::new(Credentials {
        access_key_id: text("AKIAIOSFODNN7EXAMPLE"),
        secret_access_key: text("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        session_token: None,
        expires: None,
    })
}

#[tokio::test]
async fn one_request_waits_and_its_connection_is_there_already() {
    let authority = Authority::new();
    let api = FarEnd::serving(authority.server(super::NAME), |mut stream, request| async move {
        assert!(request.to_ascii_lowercase().contains("\r\nauthorization: aws4-hmac-sha256 "), "{request}");
        let _ = stream.write_all(OK.as_bytes()).await;
    })
    .await;
    let identity = SetOnce::new();
    let search = async {
        // it finds the key when the connections are made, and after another address would have had its turn
        while api.connections() < 2 {
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(Duration::from_millis(400)).await;
        identity.set(Ok(key())).unwrap();
    };
    let limits = limits(20_000);
    let (seen, ()) = tokio::join!(probe_signed(&authority, &api, &limits, &identity), search);
    assert_eq!(seen.decisive().unwrap().answer().unwrap().status, 200);
    assert_eq!((api.connections(), api.requests()), (2, 1));
}

#[tokio::test]
async fn a_round_that_ends_before_the_search_says_so_and_keeps_what_it_saw() {
    let authority = Authority::new();
    let api = FarEnd::answering(authority.server(super::NAME), OK).await;
    let seen = probe_signed(&authority, &api, &limits(1500), &SetOnce::new()).await;
    let http = seen.decisive().unwrap().http().unwrap();
    assert_eq!(http.result.as_ref().unwrap_err().fault, HttpFault::NoCredentials);
    assert!(seen.attempts.iter().all(|attempt| attempt.tcp.result.is_ok()));
    assert_eq!(api.requests(), 0);
}

const URL: &str = "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test";
