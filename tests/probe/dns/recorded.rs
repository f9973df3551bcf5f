//! What the record of a lookup says: each transmission with its server, transport, outcome and rcode.

use super::look_up_at;
use crate::ZONES;
use crate::far_end::Nobody;
use crate::name_server::{Asked, NameServer, bytes, cname, soa};
use apigw_probe::observation::{DnsFault, RecordType as Kind};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;

type Say = fn(&Asked) -> Vec<Vec<u8>>;

/// The servers, where none is a closed port; the fault; and the queries for A: number of the server, transport, outcome, rcode.
type Case = (&'static [Option<Say>], Option<DnsFault>, &'static str);

fn good(asked: &Asked) -> Vec<Vec<u8>> {
    vec![asked.addresses(&ZONES[..1])]
}

fn silent(_: &Asked) -> Vec<Vec<u8>> {
    Vec::new()
}

fn servfail(asked: &Asked) -> Vec<Vec<u8>> {
    vec![asked.rcode(ResponseCode::ServFail)]
}

fn servfail_for_a(asked: &Asked) -> Vec<Vec<u8>> {
    if asked.is(RecordType::A) { servfail(asked) } else { good(asked) }
}

fn refused(asked: &Asked) -> Vec<Vec<u8>> {
    vec![asked.rcode(ResponseCode::Refused)]
}

/// A header without a question; a good answer without EDNS.
fn formerr_without_question(asked: &Asked) -> Vec<Vec<u8>> {
    if asked.message.edns.is_none() {
        return good(asked);
    }
    let mut header = bytes(&asked.reply());
    header.truncate(12);
    header[3] = 0x81;
    header[4..].fill(0);
    vec![header]
}

/// A message that ends within its header's counts, over TCP too.
fn garbage(asked: &Asked) -> Vec<Vec<u8>> {
    let whole = asked.addresses(&ZONES);
    vec![whole[..whole.len() - 14].to_vec()]
}

fn truncated(asked: &Asked) -> Vec<Vec<u8>> {
    let mut reply = asked.reply();
    reply.metadata.truncation = true;
    if asked.over_tcp { good(asked) } else { vec![bytes(&reply)] }
}

fn nxdomain_after_alias(asked: &Asked) -> Vec<Vec<u8>> {
    let mut reply = asked.reply();
    reply.metadata.response_code = ResponseCode::NXDomain;
    reply.add_answer(cname(&asked.name(), "gone.test"));
    reply.add_authority(soa("test"));
    vec![bytes(&reply)]
}

#[tokio::test]
async fn every_transmission_is_recorded_in_order() {
    let cases: [Case; 12] = [
        (&[Some(good)], None, "1 udp answered 0"),
        (&[Some(silent), Some(good)], None, "1 udp timeout, 2 udp answered 0"),
        (&[Some(servfail), Some(good)], None, "1 udp answered 2, 2 udp answered 0"),
        (&[Some(servfail)], Some(DnsFault::ServFail), "1 udp answered 2, 1 udp answered 2"),
        (&[Some(servfail_for_a)], Some(DnsFault::ServFail), "1 udp answered 2, 1 udp answered 2"),
        (
            &[Some(refused), Some(servfail)],
            Some(DnsFault::Refused),
            "1 udp answered 5, 2 udp answered 2, 2 udp answered 2",
        ),
        (&[Some(formerr_without_question)], None, "1 udp answered 1, 1 udp answered 0"),
        (&[Some(garbage), Some(good)], None, "1 udp malformed, 2 udp answered 0"),
        (&[Some(truncated), Some(good)], None, "1 udp truncated 0, 1 tcp answered 0"),
        (&[Some(nxdomain_after_alias), Some(good)], Some(DnsFault::NxDomain), "1 udp answered 3"),
        (&[None, Some(good)], None, "1 udp unreachable, 2 udp answered 0"),
        (&[None, Some(refused)], Some(DnsFault::Refused), "1 udp unreachable, 2 udp answered 5"),
    ];
    for (servers, fault, expected) in cases {
        let mut running = Vec::new();
        let mut addresses = Vec::new();
        for server in servers {
            addresses.push(match server {
                Some(say) => {
                    let server = NameServer::start(say).await;
                    let address = server.address;
                    running.push(server);
                    address
                }
                None => Nobody::new().address,
            });
        }
        let seen = look_up_at(&addresses, 1200).await;
        let queries = seen.queries.iter().filter(|query| query.kind == Kind::A).map(|query| {
            let server = 1 + addresses.iter().position(|address| *address == query.server).unwrap();
            let rcode = query.rcode.map(|rcode| format!(" {rcode}")).unwrap_or_default();
            format!("{server} {} {}{rcode}", query.transport, query.outcome)
        });
        assert_eq!(queries.collect::<Vec<_>>().join(", "), expected);
        assert_eq!(seen.result.err(), fault, "{expected}");
        let stamped = |query: &&apigw_probe::observation::Query| query.rcode.is_some();
        assert!(seen.queries.iter().filter(stamped).all(|query| query.wire.is_some()), "{:?}", seen.queries);
    }
}
