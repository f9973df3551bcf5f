//! What if servers err?

use super::{ips, look_up};
use crate::ZONES;
use crate::name_server::NameServer;
use apigw_probe::observation::{DnsFault, QueryOutcome, RecordType as Kind};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;
use std::sync::Mutex;

#[tokio::test]
async fn an_error_sends_the_question_to_the_next_server() {
    for (rcode, number) in [(ResponseCode::ServFail, 2), (ResponseCode::Refused, 5), (ResponseCode::NotImp, 4)] {
        let errs = NameServer::start(move |asked| vec![asked.rcode(rcode)]).await;
        let knows = NameServer::giving(&ZONES).await;
        let seen = look_up(&[&errs, &knows], 2000).await;
        assert_eq!(ips(&seen), ZONES);
        let first = seen.queries.iter().find(|query| query.kind == Kind::A).unwrap();
        assert_eq!((first.server, first.outcome, first.rcode), (errs.address, QueryOutcome::Answered, Some(number)));
    }
}

#[tokio::test]
async fn a_lone_servers_error_is_the_fault() {
    for (rcode, fault) in [
        (ResponseCode::ServFail, DnsFault::ServFail),
        (ResponseCode::Refused, DnsFault::Refused),
        (ResponseCode::NotImp, DnsFault::OtherRcode),
        (ResponseCode::NXDomain, DnsFault::NxDomain),
        (ResponseCode::NoError, DnsFault::NoData),
    ] {
        let server = NameServer::start(move |asked| vec![asked.rcode(rcode)]).await;
        let seen = look_up(&[&server], 2000).await;
        assert_eq!(seen.result, Err(fault));
        // without EDNS, if that may be what the server does not know; once more, if it may pass
        let times = if [ResponseCode::NotImp, ResponseCode::ServFail].contains(&rcode) { 2 } else { 1 };
        assert_eq!(server.asked().len(), 2 * times, "A and AAAA");
    }
}

#[tokio::test]
async fn a_failure_that_passes_is_recorded_and_no_fault() {
    let failed = Mutex::new(Vec::new());
    let server = NameServer::start(move |asked| {
        let mut failed = failed.lock().unwrap();
        let kind = if asked.is(RecordType::A) { RecordType::A } else { RecordType::AAAA };
        if failed.contains(&kind) {
            return vec![asked.addresses(&ZONES)];
        }
        failed.push(kind);
        vec![asked.rcode(ResponseCode::ServFail)]
    })
    .await;
    let seen = look_up(&[&server], 2000).await;
    assert_eq!(ips(&seen), ZONES);
    let rcodes: Vec<_> = seen.queries.iter().filter(|query| query.kind == Kind::A).map(|query| query.rcode).collect();
    assert_eq!(rcodes, [Some(2), Some(0)]);
}

#[tokio::test]
async fn an_answer_of_the_first_server_is_not_doubted() {
    let first = NameServer::start(|asked| vec![asked.rcode(ResponseCode::NXDomain)]).await;
    let second = NameServer::giving(&ZONES).await;
    let seen = look_up(&[&first, &second], 2000).await;
    assert_eq!(seen.result, Err(DnsFault::NxDomain));
    assert!(second.asked().is_empty());
}

#[tokio::test]
async fn an_error_about_aaaa_stays_visible() {
    let server = NameServer::start(|asked| {
        vec![if asked.is(RecordType::A) { asked.addresses(&ZONES) } else { asked.rcode(ResponseCode::ServFail) }]
    })
    .await;
    let seen = look_up(&[&server], 2000).await;
    assert_eq!(ips(&seen), ZONES);
    assert_eq!(seen.queries.iter().find(|query| query.kind == Kind::Aaaa).unwrap().rcode, Some(2));
}

#[tokio::test]
async fn an_error_about_a_is_not_hidden_by_empty_aaaa() {
    let server = NameServer::start(|asked| {
        vec![if asked.is(RecordType::A) { asked.rcode(ResponseCode::ServFail) } else { asked.addresses(&[]) }]
    })
    .await;
    assert_eq!(look_up(&[&server], 2000).await.result, Err(DnsFault::ServFail));
}
