//! What if nobody answers, or late, or not all that was asked?

use super::{course, ips, look_up, look_up_at};
use crate::far_end::{Authority, Nobody};
use crate::name_server::{Asked, NameServer};
use crate::{ZONES, configured, limits, net, probe_one};
use apigw_probe::observation::{DnsFault, QueryOutcome, RecordType as Kind, Transport};
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::RecordType;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_silent_server_is_seen_and_passed_over() {
    let silent = NameServer::silent().await;
    let knows = NameServer::giving(&ZONES).await;
    let seen = look_up(&[&silent, &knows], 1000).await;
    assert_eq!(ips(&seen), ZONES);
    for kind in [Kind::A, Kind::Aaaa] {
        assert_eq!(
            course(&seen, kind),
            [
                (silent.address, Transport::Udp, QueryOutcome::Timeout),
                (knows.address, Transport::Udp, QueryOutcome::Answered)
            ]
        );
    }
}

#[tokio::test]
async fn a_lost_datagram_is_made_good_within_a_short_deadline() {
    let lossy = NameServer::start(|asked| if asked.before == 0 { vec![] } else { vec![asked.addresses(&ZONES)] }).await;
    let seen = look_up(&[&lossy], 400).await;
    assert_eq!(ips(&seen), ZONES);
    let outcomes: Vec<_> = course(&seen, Kind::A).into_iter().map(|(_, _, outcome)| outcome).collect();
    assert_eq!(outcomes, [QueryOutcome::Timeout, QueryOutcome::Answered]);
}

#[tokio::test]
async fn a_late_answer_still_counts() {
    let delay = Duration::from_millis(450);
    let slow = slow_server(delay).await;
    // scaled down to the deadline, the first wait is 300 ms and the second 600 ms
    let seen = look_up_at(&[slow], 1200).await;
    assert_eq!(ips(&seen), ZONES);
    let course = course(&seen, Kind::A);
    assert_eq!((course[0].2, course[1].2), (QueryOutcome::Answered, QueryOutcome::Abandoned));
    let first = seen.queries.iter().find(|query| query.kind == Kind::A).unwrap();
    assert!(first.felt >= delay && first.wire.unwrap() >= delay, "{first:?}");
}

#[tokio::test]
async fn a_host_that_asks_once_waits_as_long_as_for_the_last_of_two() {
    let slow = slow_server(Duration::from_millis(1200)).await;
    let mut net = net(&[], &Authority::new(), &[("10.0.0.2", slow), (ZONES[0], Nobody::new().address)]);
    net.resolver = configured("nameserver 10.0.0.2\noptions attempts:1\n", "");
    let seen = probe_one(&net, &limits(4000)).await.lookup;
    assert_eq!((ips(&seen), seen.queries.len()), (ZONES.map(str::to_owned).to_vec(), 2));
}

#[tokio::test]
async fn a_slow_server_gets_the_time_that_the_file_and_the_deadline_leave() {
    // both waits are over by then, 1 s and 2 s
    let delay = Duration::from_millis(3300);
    let slow = slow_server(delay).await;
    let nobody = Nobody::new();
    let detours =
        [("10.0.0.2", slow), (ZONES[0], nobody.address), (ZONES[1], nobody.address), (ZONES[2], nobody.address)];
    let mut net = net(&[], &Authority::new(), &detours);
    net.resolver = configured("nameserver 10.0.0.2\n", "");
    let seen = probe_one(&net, &limits(10_000)).await.lookup;
    assert_eq!(ips(&seen), ZONES);
    assert_eq!((course(&seen, Kind::A)[0].2, seen.queries.len()), (QueryOutcome::Answered, 4));

    net.resolver = configured("nameserver 10.0.0.2\noptions timeout:1\n", "");
    let seen = probe_one(&net, &limits(10_000)).await.lookup;
    assert_eq!(seen.result, Err(DnsFault::Timeout), "the C library gives up after 2 s");
    assert!(seen.took < delay, "{:?}", seen.took);
}

/// A server that answers each question after a while.
async fn slow_server(delay: Duration) -> SocketAddr {
    let socket = std::sync::Arc::new(tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 2048];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
            let message = Message::from_vec(&buffer[..length]).unwrap();
            let reply = Asked { message, over_tcp: false, before: 0 }.addresses(&ZONES);
            let socket = socket.clone();
            tokio::spawn(async move {
                tokio::time::sleep(delay).await;
                let _ = socket.send_to(&reply, from).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn silence_of_all_is_a_timeout_after_each_was_asked_twice() {
    let (one, two) = (NameServer::silent().await, NameServer::silent().await);
    let seen = look_up(&[&one, &two], 400).await;
    assert_eq!(seen.result, Err(DnsFault::Timeout));
    let order: Vec<_> = course(&seen, Kind::A).into_iter().map(|(server, ..)| server).collect();
    assert_eq!(order, [one.address, two.address, one.address, two.address]);
    assert!(seen.queries.iter().all(|query| query.outcome == QueryOutcome::Timeout), "{:?}", seen.queries);
}

#[tokio::test]
async fn where_nobody_listens_is_told_at_once() {
    let began = Instant::now();
    let seen = look_up_at(&[Nobody::new().address], 5000).await;
    assert_eq!(seen.result, Err(DnsFault::Unreachable));
    assert!(seen.queries.iter().all(|query| query.outcome == QueryOutcome::Unreachable));
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn of_several_failures_the_most_telling_is_the_fault() {
    let (nobody, silent) = (Nobody::new(), NameServer::silent().await);
    assert_eq!(look_up_at(&[nobody.address, silent.address], 300).await.result, Err(DnsFault::Timeout));
    let errs = NameServer::start(|asked| vec![asked.rcode(ResponseCode::ServFail)]).await;
    let seen = look_up_at(&[nobody.address, silent.address, errs.address], 300).await;
    assert_eq!(seen.result, Err(DnsFault::ServFail));
}

#[tokio::test]
async fn no_server_is_a_fault_of_its_own() {
    let seen = look_up_at(&[], 1000).await;
    assert_eq!((seen.result, seen.queries.len()), (Err(DnsFault::NoServer), 0));
}

#[tokio::test]
async fn silence_about_aaaa_neither_hides_nor_delays_the_a_records() {
    let server =
        NameServer::start(|asked| if asked.is(RecordType::A) { vec![asked.addresses(&ZONES)] } else { vec![] }).await;
    let seen = look_up(&[&server], 8000).await;
    assert_eq!(ips(&seen), ZONES);
    assert_eq!(course(&seen, Kind::Aaaa), [(server.address, Transport::Udp, QueryOutcome::Abandoned)]);
    assert!(seen.took < Duration::from_millis(600), "{:?}", seen.took);
}

#[tokio::test]
async fn silence_about_a_does_not_cost_the_whole_deadline() {
    let server =
        NameServer::start(|asked| if asked.is(RecordType::A) { vec![] } else { vec![asked.addresses(&["fd00::10"])] })
            .await;
    let seen = look_up(&[&server], 800).await;
    assert_eq!(ips(&seen), ["fd00::10"]);
    assert!(seen.took < Duration::from_millis(400), "{:?}", seen.took);
}
