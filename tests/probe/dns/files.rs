//! Do the files of the host count, as they are by now?

use super::ips;
use crate::far_end::{Authority, Nobody};
use crate::name_server::NameServer;
use crate::{NAME, ZONES, configured, limits, net, probe_one};
use apigw_probe::check::{Auth, Check, Intents};
use apigw_probe::observation::{DnsFault, NameSource, Transport};
use apigw_probe::plan::Request;
use apigw_probe::probe::Resolver;
use apigw_probe::target::{Target, TargetInput};
use hickory_resolver::proto::op::ResponseCode;

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
async fn a_host_that_wants_connections_asks_over_tcp_alone() {
    let server =
        NameServer::start(|asked| vec![asked.addresses(&ZONES)].into_iter().filter(|_| asked.over_tcp).collect());
    let (server, nobody) = (server.await, Nobody::new());
    let detours = [("10.0.0.2", server.address), ("10.0.0.3", nobody.address), (ZONES[0], nobody.address)];
    let mut net = net(&[], &Authority::new(), &detours);
    net.resolver = configured("nameserver 10.0.0.2\noptions use-vc\n", "");
    let seen = probe_one(&net, &limits(2000)).await.lookup;
    assert_eq!(ips(&seen), ZONES);
    assert!(seen.queries.iter().all(|query| query.transport == Transport::Tcp), "{:?}", seen.queries);

    net.resolver = configured("nameserver 10.0.0.3\noptions use-vc\n", "");
    let seen = probe_one(&net, &limits(2000)).await.lookup;
    assert_eq!(seen.result, Err(DnsFault::Unreachable));
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
    let nobody = Nobody::new();
    let net = |resolver| apigw_probe::probe::Net {
        resolver,
        ..net(&[], &Authority::new(), &[(ZONES[0], nobody.address), ("127.0.0.1", nobody.address)])
    };
    std::fs::write(&hosts, format!("{} {NAME}\n", ZONES[0])).unwrap();
    assert_eq!(probe_one(&net(resolver.clone()).current(), &limits(500)).await.lookup.source, NameSource::Hosts);
    std::fs::remove_file(&hosts).unwrap();
    std::fs::write(&resolv_conf, "").unwrap();
    assert_eq!(servers(&resolver), ["127.0.0.1"], "as the C library does");
    let seen = probe_one(&net(resolver).current(), &limits(500)).await.lookup;
    assert_eq!((seen.source, seen.result), (NameSource::Dns, Err(DnsFault::Unreachable)));
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
