//! Are credentials looked for beside the rounds? A source on loopback that answers when the test lets it.

use crate::daemon::{Daemon, eventually, head, target};
use crate::side::Side;
use crate::start;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// A container's endpoint that hands out what the lab's caller signs with.
struct Source {
    url: String,
    asked: Arc<AtomicUsize>,
    open: Arc<AtomicBool>,
}

impl Source {
    fn closed(side: &Side) -> Self {
        let identity = side.lab.identity().unwrap();
        let body = json!({
            "AccessKeyId": identity.access_key_id, "SecretAccessKey": identity.secret_access_key,
            "Token": identity.session_token, "Expiration": "2099-01-01T00:00:00Z",
        })
        .to_string();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let source = Self { url, asked: Arc::default(), open: Arc::default() };
        let (asked, open) = (Arc::clone(&source.asked), Arc::clone(&source.open));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let (asked, open, body) = (Arc::clone(&asked), Arc::clone(&open), body.clone());
                std::thread::spawn(move || {
                    let _ = stream.read(&mut [0; 4096]);
                    asked.fetch_add(1, Ordering::SeqCst);
                    while !open.load(Ordering::SeqCst) {
                        std::thread::sleep(Duration::from_millis(5));
                    }
                    let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                });
            }
        });
        source
    }

    fn open(&self) {
        self.open.store(true, Ordering::SeqCst);
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// A daemon that asks nobody else.
    fn daemon(&self, config: &str) -> Daemon {
        let daemon = Daemon::start_with(config, |command| {
            command.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", &self.url).env("AWS_EC2_METADATA_DISABLED", "true");
        });
        daemon.notice("READY=1");
        daemon
    }
}

/// Targets whose rounds begin when the test asks for them.
fn config(side: &Side, names: &[&str], more: &str) -> String {
    let keys = format!("schedule = \"on-probe\"\nprobe_min_age = \"1ms\"\ntimeout = \"1s\"\nauth = \"iam\"\n{more}");
    head(side) + &names.iter().map(|name| target(side, name, &keys)).collect::<String>()
}

/// A round of a target now, and the outcomes of its paths.
fn round(daemon: &Daemon, name: &str) -> (Value, Vec<String>) {
    let answer = daemon.ask(&format!("GET /probe?target={name}&format=json"));
    let report: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    let paths = report["paths"].as_array().unwrap().iter();
    let outcomes = paths.map(|path| path["outcome"].as_str().unwrap().to_owned()).collect();
    (report, outcomes)
}

#[test]
fn the_search_begins_with_the_daemon_and_no_round_is_longer_for_it() {
    let side = start("signed");
    let source = Source::closed(&side);
    let daemon = source.daemon(&config(&side, &["orders", "stock"], ""));
    eventually("question", || (source.asked() > 0).then_some(()));
    assert!(side.lab.requests().is_empty(), "no round has begun");
    let (report, outcomes) = round(&daemon, "orders");
    assert_eq!(outcomes, ["http-no-credentials"; 4], "{report:#}");
    for path in report["paths"].as_array().unwrap() {
        assert_eq!(path["attempts"][0]["tls"]["outcome"], "ok", "{path:#}");
    }
    assert!(side.lab.requests().is_empty(), "what cannot be signed is not sent");
    source.open();
    for name in ["orders", "stock"] {
        eventually("good round", || (round(&daemon, name).1 == ["ok"; 4]).then_some(()));
    }
}

#[test]
fn targets_that_wish_alike_share_one_search_and_a_reload_begins_another_for_one_that_does_not() {
    let side = start("signed");
    let source = Source::closed(&side);
    source.open();
    let alike = config(&side, &["orders", "stock", "bills"], "");
    let daemon = source.daemon(&alike);
    for name in ["orders", "stock", "bills"] {
        eventually("good round", || (round(&daemon, name).1 == ["ok"; 4]).then_some(()));
    }
    assert_eq!(source.asked(), 1);
    let other = "assume_role_arn = \"arn:aws:iam::222233334444:role/probe\"";
    daemon.write(&(alike + &config(&side, &["taken"], other).replace(&head(&side), "")));
    daemon.signal("HUP");
    eventually("question", || (source.asked() == 2).then_some(()));
}
