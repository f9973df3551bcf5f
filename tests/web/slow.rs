//! Do a thousand bad clients keep a good one out?

use crate::client::{ask, request, run};
use crate::daemon::{Daemon, Setup, wait_for};
use hyper::StatusCode;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const BAD_CLIENTS: usize = 1000;

/// As many clients as it takes, each of which says this and no more.
fn crowd(daemon: &Daemon, words: &str) -> Vec<TcpStream> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    if soft < 4096 {
        setrlimit(Resource::RLIMIT_NOFILE, hard.min(4096), hard).unwrap();
    }
    let client = |_| {
        let mut stream = TcpStream::connect(daemon.address).unwrap();
        // it may have been sent away already
        let _ = stream.write_all(words.as_bytes());
        stream
    };
    (0..BAD_CLIENTS).map(client).collect()
}

/// Good scrapes are answered within a second while all of the bad clients are there; one of five may be late, since the machine may be.
fn scrape_beside(daemon: &Daemon, words: &str) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let _bad = crowd(daemon, words);
    let scrape = |_| {
        let begun = Instant::now();
        let answer = ask(daemon.address, request("GET", "/metrics", &[]));
        assert_eq!(answer.status, StatusCode::OK);
        begun.elapsed()
    };
    let mut took: Vec<Duration> = (0..5).map(scrape).collect();
    took.sort();
    assert!(took[3] < Duration::from_secs(1), "{took:?}");
}

/// Two crowds at once would be a test of the machine.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn a_thousand_who_say_nothing_keep_nobody_out() {
    scrape_beside(&Setup::new().start(), "");
}

#[test]
fn a_thousand_who_do_not_finish_keep_nobody_out() {
    scrape_beside(&Setup::new().start(), "GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ");
}

#[test]
fn a_thousand_who_stay_idle_keep_nobody_out() {
    scrape_beside(&Setup::new().start(), "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n");
}

#[test]
fn a_thousand_who_take_nothing_keep_nobody_out() {
    let daemon = Setup::new().targets((0..150).map(|n| format!("target-{n:03}"))).start();
    daemon.get_until("/metrics", "apigw_probe_target_success{target=\"target-149\"}");
    // far more than the kernel holds for a client that does not read
    let words = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".repeat(4);
    scrape_beside(&daemon, &words);
}

#[test]
fn a_thousand_keep_nobody_out_where_descriptors_are_few() {
    let mut setup = Setup::new();
    let program = std::mem::replace(&mut setup.command, Command::new("sh"));
    let script = "ulimit -n 64; exec \"$0\" \"$@\"";
    setup.command.env_clear().args(["-c", script]).arg(program.get_program());
    let daemon = setup.start();
    let _bad = crowd(&daemon, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    scrape_beside(&daemon, "GET ");
}

#[test]
fn who_never_sends_a_request_is_sent_away() {
    let daemon = Setup::new().start();
    let mut stream = TcpStream::connect(daemon.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(b"GET / HT").unwrap();
    assert_eq!(stream.read(&mut [0; 64]).unwrap_or(0), 0);
}

#[test]
fn one_connection_serves_many_requests() {
    let daemon = Setup::new().start();
    run(async {
        let stream = tokio::net::TcpStream::connect(daemon.address).await.unwrap();
        let (mut requests, connection) =
            hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream)).await.unwrap();
        let many = async {
            for _ in 0..200 {
                let answer = requests.send_request(request("GET", "/metrics", &[])).await.unwrap();
                let body = http_body_util::BodyExt::collect(answer.into_body()).await.unwrap().to_bytes();
                assert!(body.ends_with(b"\n"));
            }
        };
        tokio::select! {
            () = many => {}
            _ = connection => panic!("it was closed"),
        }
    });
}

#[test]
fn whoever_was_let_in_before_the_end_is_answered() {
    let mut daemon = Setup::new().start();
    let mut early = TcpStream::connect(daemon.address).unwrap();
    early.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // in turn: when this is answered, the one before has been let in
    daemon.get_until("/metrics", "apigw_probe_build_info");
    daemon.terminate();
    wait_for(|| TcpStream::connect(daemon.address).is_err().then_some(()));
    early.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = String::new();
    early.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(daemon.service.child.wait().unwrap().code(), Some(0));
}

#[test]
fn an_answer_under_way_ends_before_the_daemon() {
    let mut daemon = Setup::new().targets((0..300).map(|n| format!("target-{n:03}"))).start();
    daemon.get_until("/metrics", "apigw_probe_target_success{target=\"target-299\"}");
    let mut stream = TcpStream::connect(daemon.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let request = "GET /api/v1/reports HTTP/1.1\r\nHost: x\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = vec![0; 1000];
    stream.read_exact(&mut answer).unwrap();
    daemon.terminate();
    wait_for(|| TcpStream::connect(daemon.address).is_err().then_some(()));
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.ends_with(b"\n]\n\r\n0\r\n\r\n"), "{}", String::from_utf8_lossy(&answer[answer.len() - 100..]));
    assert_eq!(daemon.service.child.wait().unwrap().code(), Some(0));
}
