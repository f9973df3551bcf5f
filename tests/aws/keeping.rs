//! Are credentials renewed beside the rounds, and does nothing happen before they are wanted?

use super::endpoints::{Endpoint, handed};
use super::far_end::{FarEnd, read_head};
use super::{file, net, variables, wish};
use apigw_probe::aws::Wallet;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Notify;

fn keys(id: &str) -> String {
    format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = s\n")
}

#[tokio::test(start_paused = true)]
async fn what_changed_in_a_file_is_noticed_beside_the_rounds() {
    let (_kept, shared) = file(&keys("AKIAFIRST"));
    let wallet = Wallet::with(wish(), variables(&[("AWS_SHARED_CREDENTIALS_FILE", shared.to_str().unwrap())]));
    let id = async || wallet.identity(&net()).await.unwrap().access_key_id.clone();
    assert_eq!(id().await, "AKIAFIRST");
    std::fs::write(&shared, keys("AKIASECOND")).unwrap();
    assert_eq!(id().await, "AKIAFIRST");
    tokio::time::sleep(Duration::from_secs(301)).await;
    assert_eq!(id().await, "AKIASECOND");
    // what is still good stays, whatever becomes of its source
    std::fs::remove_file(&shared).unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(id().await, "AKIASECOND");
}

#[tokio::test(start_paused = true)]
async fn what_was_missing_is_looked_for_again() {
    let (_kept, shared) = file("");
    let wallet = Wallet::with(wish(), variables(&[("AWS_SHARED_CREDENTIALS_FILE", shared.to_str().unwrap())]));
    assert!(wallet.identity(&net()).await.is_err());
    std::fs::write(&shared, keys("AKIALATE")).unwrap();
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(wallet.identity(&net()).await.unwrap().access_key_id, "AKIALATE");
}

#[tokio::test]
async fn clones_share_one_search_and_nobody_is_asked_before_the_first_use() {
    let container = Endpoint::answering(|_| (200, handed("ASIAONE", "2099-01-01T00:00:00Z"))).await;
    let wallet = Wallet::with(wish(), variables(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &container.url)]));
    let other = wallet.clone();
    assert!(container.asked().is_empty());
    let net = net();
    let (one, two) = tokio::join!(wallet.identity(&net), other.identity(&net));
    assert_eq!(one.unwrap().access_key_id, two.unwrap().access_key_id);
    assert_eq!(container.asked().len(), 1);
}

#[tokio::test]
async fn a_search_goes_on_whoever_waits_for_it() {
    let release = Arc::new(Notify::new());
    let held = Arc::clone(&release);
    let container = FarEnd::listening(move |mut stream| {
        let held = Arc::clone(&held);
        async move {
            let _ = read_head(&mut stream).await;
            held.notified().await;
            let body = handed("ASIALATE", "2099-01-01T00:00:00Z");
            let answer = format!("HTTP/1.1 200 x\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    })
    .await;
    let url = format!("http://{}", container.address);
    let wallet = Wallet::with(wish(), variables(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url)]));
    wallet.open(&net());
    while container.connections() == 0 {
        tokio::task::yield_now().await;
    }
    // who is in a hurry leaves, and begins no other search by coming back
    let net = net();
    assert!(tokio::time::timeout(Duration::from_millis(1), wallet.identity(&net)).await.is_err());
    release.notify_one();
    assert_eq!(wallet.identity(&net).await.unwrap().access_key_id, "ASIALATE");
    assert_eq!(container.connections(), 1);
}
