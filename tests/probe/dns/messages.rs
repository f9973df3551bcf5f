//! What is sent, and which answers count?

use super::{course, ips, look_up};
use crate::far_end::Authority;
use crate::name_server::{NameServer, a, bytes, name};
use crate::{NAME, ZONES, limits, net};
use apigw_probe::observation::{DnsFault, QueryOutcome, RecordType as Kind, TcpFault, Transport};
use hickory_resolver::proto::op::{Message, MessageType, Query as Question, ResponseCode};
use hickory_resolver::proto::rr::RecordType;

#[tokio::test]
async fn forged_answers_are_dropped() {
    let server = NameServer::start(|asked| {
        let forged = |change: &dyn Fn(&mut Message)| {
            let mut reply = asked.reply();
            reply.add_answer(a(&asked.name(), "10.9.9.9"));
            change(&mut reply);
            bytes(&reply)
        };
        vec![
            forged(&|reply| reply.metadata.id ^= 1),
            forged(&|reply| reply.queries[0] = Question::query(name("x.test"), RecordType::A)),
            forged(&|reply| reply.metadata.message_type = MessageType::Query),
            forged(&|reply| reply.queries.clear()),
            b"\xff\xff rubbish".to_vec(),
            Vec::new(),
            asked.addresses(&ZONES),
        ]
    })
    .await;
    let seen = look_up(&[&server], 2000).await;
    assert_eq!(ips(&seen), ZONES);
}

#[tokio::test]
async fn the_question_is_recognised_in_another_case() {
    let server = NameServer::start(|asked| {
        let mut reply = Message::from_vec(&asked.addresses(&ZONES)).unwrap();
        let upper = name(&asked.name().to_ascii_uppercase());
        reply.queries[0].set_name(upper);
        vec![bytes(&reply)]
    })
    .await;
    assert_eq!(ips(&look_up(&[&server], 2000).await), ZONES);
}

#[tokio::test]
async fn an_unreadable_answer_is_told_and_the_next_server_asked() {
    let garbles = NameServer::start(|asked| {
        let mut whole = asked.addresses(&ZONES);
        if asked.is(RecordType::AAAA) {
            return vec![whole];
        }
        whole.truncate(whole.len() - 2);
        vec![whole]
    })
    .await;
    let lone = look_up(&[&garbles], 2000).await;
    assert_eq!(lone.result, Err(DnsFault::Malformed));
    let knows = NameServer::giving(&ZONES).await;
    let seen = look_up(&[&garbles, &knows], 2000).await;
    assert_eq!(ips(&seen), ZONES);
    assert_eq!(course(&seen, Kind::A)[0], (garbles.address, Transport::Udp, QueryOutcome::Malformed));
}

#[tokio::test]
async fn a_server_that_does_not_know_edns_is_asked_without() {
    for (rcode, number) in [(ResponseCode::FormErr, 1), (ResponseCode::NotImp, 4), (ResponseCode::BADVERS, 16)] {
        let old = NameServer::start(move |asked| {
            vec![if asked.message.edns.is_some() { asked.rcode(rcode) } else { asked.addresses(&ZONES) }]
        })
        .await;
        let seen = look_up(&[&old], 2000).await;
        assert_eq!(ips(&seen), ZONES, "{rcode}");
        let of_a = seen.queries.iter().filter(|query| query.kind == Kind::A);
        assert_eq!(of_a.map(|query| query.rcode).collect::<Vec<_>>(), [Some(number), Some(0)]);
    }
}

#[tokio::test]
async fn a_server_that_does_not_know_edns_is_asked_without_over_tcp_too() {
    let old = NameServer::start(|asked| {
        let mut reply = asked.reply();
        reply.metadata.truncation = true;
        vec![match (asked.message.edns.is_some(), asked.over_tcp) {
            (true, _) => asked.rcode(ResponseCode::FormErr),
            (false, false) => bytes(&reply),
            (false, true) => asked.addresses(&ZONES),
        }]
    })
    .await;
    assert_eq!(ips(&look_up(&[&old], 2000).await), ZONES);
}

#[tokio::test]
async fn questions_are_those_of_a_stub_resolver() {
    let server = NameServer::giving(&ZONES).await;
    look_up(&[&server], 2000).await;
    look_up(&[&server], 2000).await;
    let asked = server.asked();
    let ids: std::collections::BTreeSet<u16> = asked.iter().map(|one| one.message.metadata.id).collect();
    assert!(ids.len() > 1, "ids are random");
    for one in asked {
        assert!(one.message.metadata.recursion_desired);
        assert_eq!((one.message.queries.len(), one.name().as_str()), (1, NAME));
        assert_eq!(one.message.edns.as_ref().unwrap().max_payload(), 1232);
    }
}

#[tokio::test]
async fn addresses_are_kept_once_and_not_without_end() {
    let server = NameServer::start(|asked| {
        if !asked.over_tcp {
            let mut reply = asked.reply();
            reply.metadata.truncation = true;
            return vec![bytes(&reply)];
        }
        let mut reply = asked.reply();
        if asked.is(RecordType::A) {
            let name = asked.name();
            reply.add_answers((0..600).map(|n| a(&name, &format!("0.0.{}.{}", n / 2 / 256, n / 2 % 256))));
        }
        vec![bytes(&reply)]
    })
    .await;
    let seen = look_up(&[&server], 4000).await;
    let ips = ips(&seen);
    assert_eq!(ips.len(), 64);
    assert_eq!(ips[..2], ["0.0.0.0", "0.0.0.1"]);
}

#[tokio::test]
async fn nothing_is_sent_to_addresses_of_no_host() {
    // Linux would take 0.0.0.0 and :: for this host
    let here = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    here.set_nonblocking(true).unwrap();
    let names = NameServer::giving(&["0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "ff02::1"]).await;
    let mut plan = crate::plan(apigw_probe::plan::AccessPath::VpceHostHeader);
    plan.port = here.local_addr().unwrap().port();
    let net = net(&[names.address], &Authority::new(), &[]);
    let seen = apigw_probe::probe::probe(&net, &[plan], &limits(1000)).await.remove(0);
    assert_eq!(seen.lookup.addresses().len(), 5);
    for attempt in &seen.attempts {
        assert_eq!(attempt.tcp.result.as_ref().unwrap_err().fault, TcpFault::Other);
    }
    assert!(here.accept().is_err(), "nobody connected");
}

#[tokio::test]
async fn addresses_of_both_families_are_kept_ipv4_first() {
    let server = NameServer::giving(&["fd00::10", ZONES[0]]).await;
    assert_eq!(ips(&look_up(&[&server], 2000).await), [ZONES[0], "fd00::10"]);
}
