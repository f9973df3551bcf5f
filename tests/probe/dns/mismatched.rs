//! Replies that do not fit the query: they are counted, end nothing, and are not silence.

use super::{course, ips, look_up, look_up_at};
use crate::ZONES;
use crate::name_server::{Asked, NameServer, bytes, name};
use apigw_probe::observation::{DnsFault, Lookup, Mismatches, QueryOutcome, RecordType as Kind, Transport};
use hickory_resolver::proto::op::{Message, MessageType, OpCode, Query as Question, ResponseCode};
use hickory_resolver::proto::rr::RecordType;
use std::net::UdpSocket;
use std::time::Duration;

/// The number of mismatches of the first query for A, and its outcome.
fn first(lookup: &Lookup) -> (Mismatches, QueryOutcome) {
    let query = lookup.queries.iter().find(|query| query.kind == Kind::A).unwrap();
    (query.mismatches, query.outcome)
}

/// A good answer with one change.
fn changed(asked: &Asked, change: impl Fn(&mut Message)) -> Vec<u8> {
    let mut reply = Message::from_vec(&asked.addresses(&ZONES)).unwrap();
    change(&mut reply);
    bytes(&reply)
}

#[tokio::test]
async fn a_good_answer_after_many_with_other_ids_is_taken() {
    let server = NameServer::start(|asked| {
        let forged = changed(asked, |reply| reply.metadata.id ^= 1);
        let mut replies = vec![forged; 150];
        replies.push(asked.addresses(&ZONES));
        replies
    })
    .await;
    let seen = look_up(&[&server], 2000).await;
    assert_eq!(ips(&seen), ZONES);
    assert_eq!(first(&seen), (Mismatches { ids: 150, questions: 0 }, QueryOutcome::Answered));
}

#[tokio::test]
async fn a_good_answer_within_a_flood_is_taken() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 2048];
        let mut flooded = 0;
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let message = Message::from_vec(&buffer[..length]).unwrap();
            let asked = Asked { message, over_tcp: false, before: 0 };
            let forged = changed(&asked, |reply| reply.metadata.id ^= 1);
            // A and AAAA; what comes later is a repetition, because a busy host dropped the answer
            flooded += 1;
            for sent in 0..if flooded <= 2 { 4500 } else { 0 } {
                socket.send_to(&forged, from).unwrap();
                if sent % 30 == 0 {
                    // slower than what fills the buffer of the receiver
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
            socket.send_to(&asked.addresses(&ZONES), from).unwrap();
        }
    });
    let seen = look_up_at(&[address], 20_000).await;
    assert_eq!(ips(&seen), ZONES);
    assert!(first(&seen).0.ids > 4096, "{:?}", seen.queries);
}

#[tokio::test]
async fn replies_to_another_question_are_no_silence() {
    let changes: [fn(&mut Message); 5] = [
        |reply| reply.queries.clear(),
        |reply| reply.queries[0] = Question::query(name("x.test"), RecordType::A),
        |reply| reply.queries.push(reply.queries[0].clone()),
        |reply| reply.metadata.message_type = MessageType::Query,
        |reply| reply.metadata.op_code = OpCode::Notify,
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let server = NameServer::start(move |asked| vec![changed(asked, change)]).await;
        let seen = look_up(&[&server], 300).await;
        assert_eq!(seen.result, Err(DnsFault::Malformed), "{index}");
        assert_eq!(first(&seen), (Mismatches { ids: 0, questions: 1 }, QueryOutcome::Mismatched), "{index}");
        assert_eq!(course(&seen, Kind::A).len(), 2, "asked again, as after silence");
    }
}

#[tokio::test]
async fn replies_with_other_ids_alone_are_no_silence() {
    let server = NameServer::start(|asked| vec![changed(asked, |reply| reply.metadata.id ^= 1)]).await;
    let seen = look_up(&[&server], 300).await;
    assert_eq!(seen.result, Err(DnsFault::Malformed));
    assert_eq!(first(&seen), (Mismatches { ids: 1, questions: 0 }, QueryOutcome::Mismatched));
}

#[tokio::test]
async fn a_server_that_replies_to_another_question_is_passed_over() {
    let confused = NameServer::start(|asked| vec![changed(asked, |reply| reply.queries.clear())]).await;
    let knows = NameServer::giving(&ZONES).await;
    let seen = look_up(&[&confused, &knows], 1000).await;
    assert_eq!(ips(&seen), ZONES);
    assert_eq!(course(&seen, Kind::A)[0], (confused.address, Transport::Udp, QueryOutcome::Mismatched));
}

#[tokio::test]
async fn a_reply_over_tcp_has_to_fit_as_well() {
    let server = NameServer::start(|asked| {
        vec![if asked.over_tcp {
            changed(asked, |reply| reply.queries.clear())
        } else {
            changed(asked, |reply| reply.metadata.truncation = true)
        }]
    })
    .await;
    let seen = look_up(&[&server], 300).await;
    // what fitted the datagram is the last resort
    assert_eq!(ips(&seen), ZONES);
    assert_eq!(course(&seen, Kind::A)[1], (server.address, Transport::Tcp, QueryOutcome::Mismatched));
}

#[tokio::test]
async fn an_error_without_the_question_counts() {
    let server = NameServer::start(|asked| {
        vec![changed(asked, |reply| {
            *reply = asked.reply();
            reply.queries.clear();
            reply.metadata.response_code = ResponseCode::Refused;
        })]
    })
    .await;
    let seen = look_up(&[&server], 2000).await;
    assert_eq!((seen.result.clone(), first(&seen).1), (Err(DnsFault::Refused), QueryOutcome::Answered));
}
