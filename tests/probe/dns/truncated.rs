//! What if an answer does not fit a datagram?

use super::{course, ips, look_up, look_up_at};
use crate::ZONES;
use crate::far_end::Nobody;
use crate::name_server::{Asked, NameServer, bytes};
use apigw_probe::observation::{DnsFault, Lookup, QueryOutcome, RecordType as Kind, Transport};
use hickory_resolver::proto::op::Message;
use std::net::SocketAddr;

#[tokio::test]
async fn what_does_not_fit_a_datagram_is_asked_over_tcp() {
    let server = NameServer::start(|asked| {
        if asked.over_tcp {
            return vec![asked.addresses(&ZONES)];
        }
        let mut reply = asked.reply();
        reply.metadata.truncation = true;
        vec![bytes(&reply)]
    })
    .await;
    let seen = look_up(&[&server], 2000).await;
    assert_eq!(ips(&seen), ZONES);
    assert_eq!(
        course(&seen, Kind::A),
        [
            (server.address, Transport::Udp, QueryOutcome::Truncated),
            (server.address, Transport::Tcp, QueryOutcome::Answered)
        ]
    );
}

#[tokio::test]
async fn a_truncated_message_may_be_cut_anywhere() {
    let server = NameServer::start(|asked| {
        let whole = asked.addresses(&ZONES);
        if asked.over_tcp {
            return vec![whole];
        }
        let mut cut = whole[..whole.len() - 3].to_vec();
        cut[2] |= 0x02;
        vec![cut]
    })
    .await;
    let seen = look_up(&[&server], 2000).await;
    assert_eq!(ips(&seen), ZONES);
    assert_eq!(course(&seen, Kind::A)[0].2, QueryOutcome::Truncated);
}

/// What the TCP port of a server does whose datagrams are all truncated.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Port {
    Refuses,
    Closes,
    IsSilent,
}

/// A server that sends these messages in datagrams, as truncated.
async fn truncating(port: Port, say: impl Fn(&Asked) -> Vec<u8> + Send + 'static) -> SocketAddr {
    let (udp, tcp) = loop {
        let udp = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let tcp = tokio::net::TcpSocket::new_v4().unwrap();
        if tcp.bind(udp.local_addr().unwrap()).is_ok() {
            break (udp, tcp);
        }
    };
    let address = udp.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 2048];
        loop {
            let (length, from) = udp.recv_from(&mut buffer).await.unwrap();
            let message = Message::from_vec(&buffer[..length]).unwrap();
            let mut reply = say(&Asked { message, over_tcp: false, before: 0 });
            reply[2] |= 0x02;
            udp.send_to(&reply, from).await.unwrap();
        }
    });
    tokio::spawn(async move {
        if port == Port::Refuses {
            // bound, so that nobody else takes it, and not listening
            let _tcp = tcp;
            return std::future::pending().await;
        }
        let listener = tcp.listen(8).unwrap();
        let mut held = Vec::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if port == Port::IsSilent {
                held.push(stream);
            }
        }
    });
    address
}

/// How the queries of one type over TCP ended.
fn over_tcp(lookup: &Lookup) -> Vec<QueryOutcome> {
    let course = course(lookup, Kind::A);
    course.into_iter().filter(|(_, by, _)| *by == Transport::Tcp).map(|(.., outcome)| outcome).collect()
}

#[tokio::test]
async fn a_truncated_answer_without_tcp_is_a_fault_of_its_own() {
    for (port, outcome, times) in [
        (Port::Refuses, QueryOutcome::Unreachable, 1),
        (Port::Closes, QueryOutcome::Closed, 1),
        (Port::IsSilent, QueryOutcome::Timeout, 2),
    ] {
        let server = truncating(port, |asked| bytes(&asked.reply())).await;
        let seen = look_up_at(&[server], 800).await;
        assert_eq!(seen.result, Err(DnsFault::Truncated), "{port:?}");
        assert_eq!(course(&seen, Kind::A)[0], (server, Transport::Udp, QueryOutcome::Truncated));
        assert_eq!(over_tcp(&seen), vec![outcome; times], "{port:?}");
    }
}

#[tokio::test]
async fn what_fitted_a_datagram_is_the_last_resort() {
    for port in [Port::Refuses, Port::Closes, Port::IsSilent] {
        // between two records, and within the last address (the record of EDNS comes after it)
        for cut in [0, 15] {
            let server = truncating(port, move |asked| {
                let whole = asked.addresses(&ZONES);
                whole[..whole.len() - cut].to_vec()
            })
            .await;
            let seen = look_up_at(&[server], 800).await;
            let whole = if cut == 0 { 3 } else { 2 };
            assert_eq!(ips(&seen), ZONES[..whole], "{port:?} {cut}");
            assert_eq!(course(&seen, Kind::A)[0].2, QueryOutcome::Truncated);
            assert!(!over_tcp(&seen).contains(&QueryOutcome::Answered));
        }
    }
}

#[tokio::test]
async fn a_whole_answer_of_another_server_comes_before_the_last_resort() {
    let knows = NameServer::giving(&ZONES).await;
    for port in [Port::Refuses, Port::Closes, Port::IsSilent] {
        let cut = truncating(port, |asked| asked.addresses(&ZONES[..1])).await;
        let seen = look_up_at(&[cut, knows.address], 800).await;
        assert_eq!(ips(&seen), ZONES, "{port:?}");
    }
    let cut = truncating(Port::Refuses, |asked| bytes(&asked.reply())).await;
    let seen = look_up_at(&[Nobody::new().address, cut], 800).await;
    assert_eq!(seen.result, Err(DnsFault::Truncated), "a word says more than that nobody is there");
}
