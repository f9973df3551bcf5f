//! A thousand bad clients do not keep a good one out, and idle connections are not closed for others.

use crate::client::{ask, request, run};
use crate::daemon::{Daemon, Setup, wait_for};
use hyper::StatusCode;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::collections::VecDeque;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const BAD_CLIENTS: usize = 1000;

/// As many clients as it takes, each of which says this and no more.
fn crowd(daemon: &Daemon, words: &str) -> Vec<TcpStream> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    if soft < 4096 {
        setrlimit(Resource::RLIMIT_NOFILE, hard.min(4096), hard).unwrap();
    }
    (0..BAD_CLIENTS).map(|_| client(daemon.address, words)).collect()
}

fn client(address: SocketAddr, words: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    // it may have been sent away already
    let _ = stream.write_all(words.as_bytes());
    stream
}

/// A connection that is kept open after a scrape.
struct KeptScraper(TcpStream);

impl KeptScraper {
    fn new(daemon: &Daemon) -> Self {
        wait_for(|| {
            let mut scraper = Self(connect(daemon));
            // clients of before may not be gone yet
            let is_kept = !scraper.scrape().contains("connection: close");
            is_kept.then_some(scraper)
        })
    }

    /// Scrapes in gzip, and returns the head of the response.
    fn scrape(&mut self) -> String {
        self.0.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n").unwrap();
        read_response(&mut self.0)
    }
}

/// Reads a response with a known length, and returns its head in lower case.
fn read_response(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
    stream.read_exact(&mut vec![0; length]).unwrap();
    head
}

/// Scrapes are answered while all of the bad clients are there, over new connections and over one that was idle before they came.
fn scrape_beside(daemon: &Daemon, words: &str) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut kept = KeptScraper::new(daemon);
    let _bad = crowd(daemon, words);
    for _ in 0..5 {
        assert_eq!(ask(daemon.address, request("GET", "/metrics", &[])).status, StatusCode::OK);
    }
    kept.scrape();
}

/// Two crowds at once would be a test of the machine.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn a_thousand_who_say_nothing_keep_nobody_out() {
    scrape_beside(&Setup::new().start(), "");
}

#[test]
fn a_thousand_who_do_not_finish_keep_nobody_out() {
    scrape_beside(&Setup::new().start(), "GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
}

#[test]
fn a_thousand_who_stay_idle_keep_nobody_out() {
    scrape_beside(&Setup::new().start(), "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

#[test]
fn a_thousand_who_take_nothing_keep_nobody_out() {
    let daemon = Setup::new().targets((0..150).map(|n| format!("target-{n:03}"))).start();
    daemon.get_until("/metrics", "apigw_probe_target_success{target=\"target-149\"}");
    // far more than the kernel holds for a client that does not read
    scrape_beside(&daemon, &"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(4));
}

#[test]
fn a_thousand_pipelined_gzip_readers_keep_nobody_out() {
    let daemon = Setup::new().targets((0..30).map(|n| format!("target-{n:03}"))).start();
    daemon.get_until("/metrics", "apigw_probe_target_success{target=\"target-029\"}");
    for path in ["/", "/metrics", "/api/v1/reports"] {
        scrape_beside(
            &daemon,
            &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n").repeat(50),
        );
    }
}

#[test]
fn clients_that_connect_again_and_again_cut_off_no_scrape() {
    let daemon = Setup::new().targets((0..30).map(|n| format!("target-{n:03}"))).start();
    daemon.get_until("/metrics", "apigw_probe_target_success{target=\"target-029\"}");
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut kept = KeptScraper::new(&daemon);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for path in ["/", "/metrics", "/api/v1/reports"] {
            let words = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n").repeat(50);
            let (stop, address) = (&stop, daemon.address);
            scope.spawn(move || {
                let mut clients = VecDeque::new();
                while !stop.load(Ordering::Relaxed) {
                    clients.push_back(client(address, &words));
                    if clients.len() > 200 {
                        clients.pop_front();
                    }
                }
            });
        }
        let _stop = StopAtEnd(&stop);
        for _ in 0..10 {
            assert_eq!(ask(daemon.address, request("GET", "/metrics", &[])).status, StatusCode::OK);
        }
    });
    kept.scrape();
}

/// Ends the threads of a test, however it ends.
struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A daemon with so few descriptors that its limit is 24 connections.
fn with_24_connections() -> Daemon {
    let mut setup = Setup::new();
    let program = std::mem::replace(&mut setup.command, Command::new("sh"));
    let script = "ulimit -n 64; exec \"$0\" \"$@\"";
    setup.command.env_clear().args(["-c", script]).arg(program.get_program());
    setup.start()
}

#[test]
fn a_thousand_keep_nobody_out_where_descriptors_are_few() {
    let daemon = with_24_connections();
    scrape_beside(&daemon, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    scrape_beside(&daemon, "GET ");
}

#[test]
fn above_half_the_limit_responses_close_and_at_the_limit_the_longest_unfinished_request_goes() {
    let daemon = with_24_connections();
    let mut idle: Vec<KeptScraper> = (0..12).map(|_| KeptScraper::new(&daemon)).collect();
    assert!(KeptScraper(connect(&daemon)).scrape().contains("connection: close"));
    let mut unfinished: Vec<TcpStream> = (0..12).map(|_| connect(&daemon)).collect();
    for stream in &mut unfinished {
        stream.write_all(b"GET /").unwrap();
    }
    // one more than the limit
    assert!(KeptScraper(connect(&daemon)).scrape().contains("connection: close"));
    assert_eq!(unfinished[0].read(&mut [0; 64]).unwrap_or(0), 0, "the longest unfinished request is closed");
    for stream in &mut unfinished[1..] {
        stream.set_nonblocking(true).unwrap();
        let read = stream.read(&mut [0; 64]);
        assert!(read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock), "the others are not");
    }
    for scraper in &mut idle {
        scraper.scrape();
    }
}

fn connect(daemon: &Daemon) -> TcpStream {
    let stream = TcpStream::connect(daemon.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

#[test]
fn a_request_that_waits_for_a_round_is_not_closed_for_others() {
    let silence = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!(
        "port = {}\nconnect_to = \"127.0.0.1\"\ntimeout = \"1s\"\nprobe_min_age = \"0s\"\n",
        silence.local_addr().unwrap().port()
    );
    let daemon = Setup::new().of_target(&target).start();
    let mut probe = connect(&daemon);
    probe.write_all(b"GET /probe?target=orders&format=json HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    scrape_beside(&daemon, "GET ");
    assert!(read_response(&mut probe).contains("application/json"));
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
    early.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
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
    let request = "GET /api/v1/reports HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = vec![0; 1000];
    stream.read_exact(&mut answer).unwrap();
    daemon.terminate();
    wait_for(|| TcpStream::connect(daemon.address).is_err().then_some(()));
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.ends_with(b"\n]\n\r\n0\r\n\r\n"), "{}", String::from_utf8_lossy(&answer[answer.len() - 100..]));
    assert_eq!(daemon.service.child.wait().unwrap().code(), Some(0));
}
