//! How names are resolved when servers err, lie, lose or are silent.

use super::far_end::{Authority, Nobody};
use super::name_server::{Asked, NameServer, a, bytes, cname, name, soa};
use super::{NAME, ZONES, configured, limits, net, probe_one};
use apigw_probe::check::{Auth, Check, Intents};
use apigw_probe::observation::{DnsFault, Lookup, NameSource, QueryOutcome, RecordType as Kind, TcpFault, Transport};
use apigw_probe::plan::Request;
use apigw_probe::probe::Resolver;
use apigw_probe::target::{Target, TargetInput};
use hickory_proto::op::{Message, MessageType, Query as Question, ResponseCode};
use hickory_proto::rr::RecordType;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Looks the name up; what follows DNS fails at once, since nobody listens where the addresses lead.
async fn look_up(servers: &[&NameServer], timeout: u64) -> Lookup {
    let servers: Vec<SocketAddr> = servers.iter().map(|server| server.address).collect();
    look_up_at(&servers, timeout).await
}

async fn look_up_at(servers: &[SocketAddr], timeout: u64) -> Lookup {
    let nobody = Nobody::new();
    let detours: Vec<_> = ZONES.into_iter().chain(["fd00::10", "10.9.9.9"]).map(|ip| (ip, nobody.address)).collect();
    probe_one(&net(servers, &Authority::new(), &detours), &limits(timeout)).await.lookup
}

fn ips(lookup: &Lookup) -> Vec<String> {
    lookup.addresses().iter().map(|address| address.ip.to_string()).collect()
}

/// The queries of one type: server, transport, outcome.
fn course(lookup: &Lookup, kind: Kind) -> Vec<(SocketAddr, Transport, QueryOutcome)> {
    let of_kind = lookup.queries.iter().filter(|query| query.kind == kind);
    of_kind.map(|query| (query.server, query.transport, query.outcome)).collect()
}

fn cnames(lookup: &Lookup) -> Vec<&str> {
    lookup.cnames.iter().map(apigw_probe::target::HostName::as_str).collect()
}

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
        // without EDNS, if that may be what the server does not know
        let forms = if rcode == ResponseCode::NotImp { 2 } else { 1 };
        assert_eq!(server.asked().len(), 2 * forms, "one A, one AAAA: an error is not asked for twice");
    }
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

#[tokio::test]
async fn silence_about_a_does_not_cost_the_whole_deadline() {
    let server =
        NameServer::start(|asked| if asked.is(RecordType::A) { vec![] } else { vec![asked.addresses(&["fd00::10"])] })
            .await;
    let seen = look_up(&[&server], 800).await;
    assert_eq!(ips(&seen), ["fd00::10"]);
    assert!(seen.took < Duration::from_millis(400), "{:?}", seen.took);
}

#[tokio::test]
async fn addresses_of_both_families_are_kept_ipv4_first() {
    let server = NameServer::giving(&["fd00::10", ZONES[0]]).await;
    assert_eq!(ips(&look_up(&[&server], 2000).await), [ZONES[0], "fd00::10"]);
}

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
    let mut plan = super::plan(apigw_probe::plan::AccessPath::VpceHostHeader);
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
async fn the_hosts_file_comes_before_the_servers() {
    let (server, nobody) = (NameServer::giving(&ZONES[1..2]).await, Nobody::new());
    let detours = [("10.0.0.2", server.address), (ZONES[0], nobody.address), (ZONES[1], nobody.address)];
    let mut net = net(&[], &Authority::new(), &detours);
    let hosts = format!("127.0.0.1 localhost\n{} {}\n", ZONES[0], NAME.to_ascii_uppercase());
    net.resolver = configured("nameserver 10.0.0.2\n", &hosts);
    let seen = probe_one(&net, &limits(2000)).await.lookup;
    assert_eq!((seen.source, ips(&seen), seen.queries.len()), (NameSource::Hosts, vec![ZONES[0].to_owned()], 0));
    assert_eq!(seen.addresses()[0].ttl, None);

    net.resolver = configured("nameserver 10.0.0.2\n", "127.0.0.1 localhost\n");
    let seen = probe_one(&net, &limits(2000)).await.lookup;
    assert_eq!((seen.source, ips(&seen)), (NameSource::Dns, vec![ZONES[1].to_owned()]));
    assert_eq!(seen.queries[0].server.to_string(), "10.0.0.2:53");
}

#[tokio::test]
async fn files_that_change_are_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let [resolv_conf, hosts, draft] = ["resolv.conf", "hosts", "next"].map(|name| folder.path().join(name));
    let servers =
        |resolver: &Resolver| resolver.current().servers().iter().map(|one| one.ip().to_string()).collect::<Vec<_>>();
    std::fs::write(&resolv_conf, "nameserver 10.0.0.2\n").unwrap();
    let resolver = Resolver::configured(&resolv_conf, &hosts).unwrap();
    assert_eq!(servers(&resolver), ["10.0.0.2"]);

    // replaced, as resolvconf does
    std::fs::write(&draft, "nameserver 10.0.0.3\n").unwrap();
    std::fs::rename(&draft, &resolv_conf).unwrap();
    assert_eq!(
        (servers(&resolver), servers(&resolver.clone())),
        (vec!["10.0.0.3".to_owned()], vec!["10.0.0.3".to_owned()])
    );
    assert_eq!(resolver.servers()[0].ip().to_string(), "10.0.0.2", "what a round began with stays");

    // written over, as editors do
    std::fs::write(&resolv_conf, "nameserver 10.0.0.4\noptions timeout:1\n").unwrap();
    assert_eq!(servers(&resolver), ["10.0.0.4"]);

    std::fs::remove_file(&resolv_conf).unwrap();
    assert_eq!(servers(&resolver), ["10.0.0.4"], "the last word counts");
    std::fs::write(&resolv_conf, "nameserver 10.0.0.5\n").unwrap();
    assert_eq!(servers(&resolver), ["10.0.0.5"]);

    // a hosts file may come and go
    let net = |resolver| apigw_probe::probe::Net {
        resolver,
        ..net(&[], &Authority::new(), &[(ZONES[0], Nobody::new().address)])
    };
    std::fs::write(&hosts, format!("{} {NAME}\n", ZONES[0])).unwrap();
    assert_eq!(probe_one(&net(resolver.clone()).current(), &limits(500)).await.lookup.source, NameSource::Hosts);
    std::fs::remove_file(&hosts).unwrap();
    std::fs::write(&resolv_conf, "").unwrap();
    let seen = probe_one(&net(resolver).current(), &limits(500)).await.lookup;
    assert_eq!((seen.source, seen.result), (NameSource::Dns, Err(DnsFault::NoServer)));
}

#[tokio::test]
async fn each_round_asks_as_the_files_say_by_then() {
    let folder = tempfile::tempdir().unwrap();
    let resolv_conf = folder.path().join("resolv.conf");
    let server = NameServer::start(|asked| vec![asked.rcode(ResponseCode::NXDomain)]).await;
    let detours = [("10.0.0.2", server.address), ("10.0.0.3", server.address)];
    let mut net = net(&[], &Authority::new(), &detours);
    std::fs::write(&resolv_conf, "nameserver 10.0.0.2\n").unwrap();
    net.resolver = Resolver::configured(&resolv_conf, &folder.path().join("hosts")).unwrap();
    net.vpc_resolver = Some("10.0.0.2:53".parse().unwrap());
    let url = "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test";
    let input = TargetInput { invoke_url: url, ..TargetInput::default() };
    let check = Check {
        target: Target::parse(input).unwrap().into(),
        request: Request::default(),
        intents: Intents::default(),
        limits: limits(1000),
        auth: Auth::None,
        canary: false,
    };
    for server in ["10.0.0.2", "10.0.0.3"] {
        std::fs::write(&resolv_conf, format!("nameserver {server}\n")).unwrap();
        let round = check.run(&net, &[]).await.round;
        assert_eq!(round.environment.dns_servers[0].ip().to_string(), server);
        let lookup = &round.rows[0].observation().unwrap().lookup;
        assert!(lookup.queries.iter().all(|query| query.server.ip().to_string() == server), "{lookup:?}");
        assert_eq!(lookup.result, Err(DnsFault::NxDomain));
    }
}

#[test]
fn a_host_without_resolv_conf_is_an_error_that_names_it() {
    let error = Resolver::configured("/nonexistent/resolv.conf".as_ref(), "/nonexistent/hosts".as_ref()).unwrap_err();
    assert!(error.to_string().contains("/nonexistent/resolv.conf"), "{error}");
}
