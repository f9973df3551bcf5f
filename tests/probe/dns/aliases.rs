//! Are aliases followed to their end, and no further?

use super::{cnames, ips, look_up};
use crate::name_server::{NameServer, a, bytes, cname, soa};
use crate::{NAME, ZONES};
use apigw_probe::observation::DnsFault;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;

#[tokio::test]
async fn a_chain_of_aliases_is_followed_and_kept() {
    let server = NameServer::start(|asked| {
        let mut reply = asked.reply();
        if asked.is(RecordType::A) {
            // the order of records says nothing
            reply.add_answers([
                a("c.test", ZONES[1]),
                cname("B.test", "c.test"),
                cname(NAME, "b.TEST"),
                a("other.test", "10.9.9.9"),
            ]);
        }
        vec![bytes(&reply)]
    })
    .await;
    let seen = look_up(&[&server], 2000).await;
    assert_eq!((ips(&seen), cnames(&seen)), (vec![ZONES[1].to_owned()], vec!["b.test", "c.test"]));
}

#[tokio::test]
async fn the_chain_is_kept_when_it_ends_in_nxdomain() {
    let server = NameServer::start(|asked| {
        let mut reply = asked.reply();
        reply.metadata.response_code = ResponseCode::NXDomain;
        reply.add_answer(cname(NAME, "gone.test"));
        reply.add_authority(soa("test"));
        vec![bytes(&reply)]
    })
    .await;
    let seen = look_up(&[&server], 2000).await;
    assert_eq!((seen.result.clone(), cnames(&seen)), (Err(DnsFault::NxDomain), vec!["gone.test"]));
}

#[tokio::test]
async fn an_alias_without_its_addresses_is_asked_for_anew() {
    let server = NameServer::start(|asked| {
        if asked.name() != NAME {
            return vec![asked.addresses(&ZONES[..1])];
        }
        let mut reply = asked.reply();
        reply.add_answer(cname(NAME, "elsewhere.test"));
        vec![bytes(&reply)]
    })
    .await;
    let seen = look_up(&[&server], 2000).await;
    assert_eq!((ips(&seen), cnames(&seen)), (vec![ZONES[0].to_owned()], vec!["elsewhere.test"]));
    assert_eq!(seen.queries.len(), 4);
}

#[tokio::test]
async fn an_alias_that_has_no_address_is_not_asked_for_anew() {
    let server = NameServer::start(|asked| {
        let mut reply = asked.reply();
        reply.add_answer(cname(NAME, "empty.test"));
        reply.add_authority(soa("test"));
        vec![bytes(&reply)]
    })
    .await;
    let seen = look_up(&[&server], 2000).await;
    assert_eq!((seen.result, seen.queries.len()), (Err(DnsFault::NoData), 2));
}

#[tokio::test]
async fn circular_aliases_end() {
    let within = NameServer::start(|asked| {
        let mut reply = asked.reply();
        reply.add_answers([cname(NAME, "b.test"), cname("b.test", NAME)]);
        vec![bytes(&reply)]
    })
    .await;
    assert_eq!(look_up(&[&within], 2000).await.result, Err(DnsFault::CnameLoop));
    let across = NameServer::start(|asked| {
        let mut reply = asked.reply();
        let name = asked.name();
        reply.add_answer(cname(&name, if name == "b.test" { NAME } else { "b.test" }));
        vec![bytes(&reply)]
    })
    .await;
    assert_eq!(look_up(&[&across], 2000).await.result, Err(DnsFault::CnameLoop));
    assert!(across.asked().len() <= 4);
}

#[tokio::test]
async fn endless_aliases_end() {
    let endless = NameServer::start(|asked| {
        let mut reply = asked.reply();
        reply.add_answer(cname(&asked.name(), &format!("n{}.test", asked.before)));
        vec![bytes(&reply)]
    })
    .await;
    assert_eq!(look_up(&[&endless], 2000).await.result, Err(DnsFault::CnameLoop));
    assert!(endless.asked().len() <= 10);
}
