//! What does the probe say of a real network? Namespaces with a firewall that does one thing to packets.

use crate::probe::{at, outcomes, path, paths};
use crate::vpc::{OTHER_RESOLVER, PUBLIC, RESOLVER, VPC_RESOLVER, Vpc, ZONES, healthy_names, names};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(900);
const USUAL: Duration = Duration::from_secs(10);

/// The first attempt of the path that dials the endpoint.
fn attempt<'v>(report: &'v Value, what: &str) -> &'v Value {
    at(path(report, "vpce-host-header"), &format!("/attempts/{what}"))
}

/// The second opinion on the API's own name.
fn second_opinion(report: &Value) -> &Value {
    at(path(report, "private-dns"), "/dns/second_opinion")
}

#[test]
fn the_system_resolver_is_asked_and_all_paths_answer() {
    let report = Vpc::healthy().once(USUAL, &[]);
    assert_eq!(outcomes(&report), ["ok"; 4]);
    let environment =
        json!({"dns_servers": [format!("{RESOLVER}:53")], "dns_servers_given": false, "caching_stub": false});
    for (key, value) in environment.as_object().unwrap() {
        assert_eq!(&report["environment"][key], value);
    }
    for path in paths(&report) {
        assert_eq!(path["dns"]["source"], "dns");
        let classes: Vec<&Value> =
            path["dns"]["addresses"].as_array().unwrap().iter().map(|address| &address["class"]).collect();
        assert_eq!(classes, ["private"; 3]);
        assert!(path["dns"].get("second_opinion").is_none());
        for attempt in path["attempts"].as_array().unwrap() {
            assert_eq!(attempt["tcp"]["outcome"], "ok");
        }
    }
}

#[test]
fn packets_that_are_dropped_are_a_timeout() {
    let vpc = Vpc::healthy();
    vpc.incoming("tcp dport 443 counter name seen drop");
    let report = vpc.once(SHORT, &[]);
    assert_eq!(outcomes(&report), ["tcp-timeout"; 4]);
    // four paths to three addresses each
    assert!(vpc.counted("seen") >= 12);
}

#[test]
fn a_reset_is_a_refusal() {
    let vpc = Vpc::healthy();
    vpc.incoming("tcp dport 443 reject with tcp reset");
    assert_eq!(outcomes(&vpc.once(USUAL, &[])), ["tcp-refused"; 4]);
}

#[test]
fn a_host_that_a_router_cannot_reach_is_told_as_such() {
    for kind in ["host-unreachable", "admin-prohibited"] {
        let vpc = Vpc::healthy();
        vpc.incoming(&format!("tcp dport 443 reject with icmp type {kind}"));
        assert_eq!(outcomes(&vpc.once(USUAL, &[])), ["tcp-host-unreachable"; 4], "{kind}");
    }
}

#[test]
fn a_network_without_a_route_is_told_as_such() {
    let vpc = Vpc::healthy();
    vpc.incoming("tcp dport 443 reject with icmp type net-unreachable");
    assert_eq!(outcomes(&vpc.once(USUAL, &[])), ["tcp-network-unreachable"; 4]);
}

#[test]
fn a_connection_that_is_then_silent_stalls_the_handshake() {
    let vpc = Vpc::healthy();
    vpc.incoming("tcp dport 443 tcp flags & (syn|ack) == ack ct state established ip length > 60 drop");
    let report = vpc.once(SHORT, &[]);
    assert_eq!(outcomes(&report), ["tls-timeout"; 4]);
    assert_eq!(attempt(&report, "0/tcp/outcome"), "ok");
}

#[test]
fn a_connection_that_is_reset_during_the_handshake_is_told_as_such() {
    let vpc = Vpc::healthy();
    vpc.incoming(
        "tcp dport 443 tcp flags & (syn|ack) == ack ct state established ip length > 60 reject with tcp reset",
    );
    assert_eq!(outcomes(&vpc.once(USUAL, &[])), ["tls-reset"; 4]);
}

#[test]
fn large_packets_that_are_lost_stall_the_handshake() {
    let vpc = Vpc::healthy();
    // the server's certificate does not come through
    vpc.outgoing("tcp sport 443 ip length > 500 counter name seen drop");
    let report = vpc.once(SHORT, &[]);
    assert_eq!(outcomes(&report), ["tls-timeout"; 4]);
    assert!(vpc.counted("seen") > 0);
}

#[test]
fn three_of_ten_packets_lost_do_not_fail_a_path() {
    let vpc = Vpc::healthy();
    // never two in a row, so that it does not matter in which order the paths begin
    vpc.incoming("tcp dport 443 numgen inc mod 10 { 0, 4, 7 } counter name seen drop");
    let report = vpc.once(USUAL, &[]);
    assert_eq!(outcomes(&report), ["ok"; 4], "{report:#}");
    assert!(vpc.counted("seen") > 0);
}

#[test]
fn one_dead_address_of_three_costs_a_quarter_of_a_second_and_shows() {
    let vpc = Vpc::healthy();
    vpc.incoming(&format!("ip daddr {} tcp dport 443 drop", ZONES[0]));
    let report = vpc.once(USUAL, &[]);
    assert_eq!(outcomes(&report), ["ok"; 4]);
    for path in paths(&report) {
        let tcp: Vec<&Value> = (0..3).map(|index| at(path, &format!("/attempts/{index}/tcp/outcome"))).collect();
        assert_eq!(tcp, ["tcp-timeout", "ok", "ok"]);
        assert!((0.25..2.0).contains(&path["duration_seconds"].as_f64().unwrap()), "{path:#}");
        assert_eq!(at(path, "/attempts/1/http/status"), 200);
    }
}

#[test]
fn an_address_of_a_family_without_a_route_is_no_fault() {
    let mut vpc = Vpc::new();
    vpc.serve_names(RESOLVER, &(healthy_names() + "*.execute-api.us-east-1.vpce AAAA 2600:1f18::10"));
    let report = vpc.once(USUAL, &[]);
    assert_eq!((outcomes(&report), &report["verdict"]), (vec!["ok"; 4], &json!("pass")));
    assert_eq!(attempt(&report, "3/address"), "[2600:1f18::10]:443");
    assert_eq!(attempt(&report, "3/tcp/outcome"), "tcp-no-route-for-family");
}

#[test]
fn a_public_address_is_told_and_the_named_resolver_gives_a_second_opinion() {
    let mut vpc = Vpc::new();
    let public = names(&["a1bc234d5e.execute-api.us-east-1"], &[PUBLIC]);
    vpc.serve_names(RESOLVER, &(public + &healthy_names()));
    vpc.serve_names(OTHER_RESOLVER, &healthy_names());
    let report = vpc.once(USUAL, &["--vpc-resolver", &OTHER_RESOLVER.to_string()]);
    assert_eq!(
        at(path(&report, "private-dns"), "/dns/addresses"),
        &json!([{"ip": PUBLIC, "class": "public", "ttl": 60}])
    );
    let opinion = second_opinion(&report);
    assert_eq!((&opinion["server"], &opinion["outcome"]), (&json!(format!("{OTHER_RESOLVER}:53")), &json!("ok")));
    assert_eq!(at(opinion, "/addresses/0"), &json!({"ip": ZONES[0], "class": "private", "ttl": 60}));
}

#[test]
fn the_resolver_of_every_vpc_is_asked_where_the_name_does_not_exist() {
    let mut vpc = Vpc::new();
    vpc.serve_names(RESOLVER, &names(&["*.execute-api.us-east-1.vpce"], &ZONES));
    vpc.serve_names(VPC_RESOLVER, &healthy_names());
    let report = vpc.once(USUAL, &[]);
    assert_eq!(outcomes(&report), ["dns-nxdomain", "dns-nxdomain", "ok", "ok"]);
    let opinion = second_opinion(&report);
    assert_eq!((&opinion["server"], &opinion["outcome"]), (&json!(format!("{VPC_RESOLVER}:53")), &json!("ok")));
}

#[test]
fn a_vpc_resolver_that_is_not_there_proves_nothing_and_costs_little() {
    let mut vpc = Vpc::new();
    vpc.serve_names(RESOLVER, &names(&["*.execute-api.us-east-1.vpce"], &ZONES));
    let report = vpc.once(USUAL, &[]);
    let opinion = second_opinion(&report);
    assert!(["dns-unreachable", "dns-timeout"].contains(&opinion["outcome"].as_str().unwrap()), "{opinion:#}");
    assert!(report["duration_seconds"].as_f64().unwrap() < 1.0, "{report:#}");
}

#[test]
fn silent_dns_is_a_timeout_on_every_path() {
    let vpc = Vpc::healthy();
    vpc.incoming("udp dport 53 counter name seen drop");
    let report = vpc.once(SHORT, &[]);
    assert_eq!(outcomes(&report), ["dns-timeout"; 4]);
    assert!(vpc.counted("seen") >= 12, "A and AAAA of three names, twice");
}

#[test]
fn dns_that_nobody_serves_is_unreachable() {
    let report = Vpc::new().once(USUAL, &[]);
    assert_eq!(outcomes(&report), ["dns-unreachable"; 4]);
}

#[test]
fn the_second_server_of_the_system_is_asked_where_the_first_is_silent() {
    let mut vpc = Vpc::healthy();
    vpc.serve_names(OTHER_RESOLVER, &healthy_names());
    vpc.client_file("resolv.conf", &format!("nameserver {RESOLVER}\nnameserver {OTHER_RESOLVER}\noptions timeout:1\n"));
    vpc.incoming(&format!("ip daddr {RESOLVER} udp dport 53 drop"));
    let report = vpc.once(USUAL, &[]);
    assert_eq!(outcomes(&report), ["ok"; 4]);
    let queries = at(path(&report, "private-dns"), "/dns/queries").as_array().unwrap();
    let a: Vec<_> = queries
        .iter()
        .filter(|query| query["type"] == "A")
        .map(|query| (&query["server"], &query["outcome"]))
        .collect();
    let (first, second) = (json!(format!("{RESOLVER}:53")), json!(format!("{OTHER_RESOLVER}:53")));
    assert_eq!(a, [(&first, &json!("timeout")), (&second, &json!("answered"))]);
}

#[test]
fn dns_over_tcp_that_is_dropped_after_truncation_is_a_fault_of_its_own() {
    let mut vpc = Vpc::new();
    // more records than a datagram holds
    let many: Vec<Ipv4Addr> = (0..250).map(|last| Ipv4Addr::new(10, 66, 9, last)).collect();
    vpc.serve_names(RESOLVER, &names(&["*.execute-api.us-east-1.vpce"], &many));
    vpc.incoming("tcp dport 53 drop");
    let report = vpc.once(SHORT, &["--path", "vpce-host-header"]);
    assert_eq!(path(&report, "vpce-host-header")["outcome"], "dns-truncated");
    let queries = at(path(&report, "vpce-host-header"), "/dns/queries").as_array().unwrap();
    assert!(queries.iter().any(|query| query["outcome"] == "truncated"), "{queries:#?}");
}

#[test]
fn the_hosts_file_comes_first_and_is_told() {
    let vpc = Vpc::healthy();
    vpc.client_file(
        "hosts",
        &format!("127.0.0.1 localhost\n{PUBLIC} a1bc234d5e.execute-api.us-east-1.amazonaws.com\n"),
    );
    let report = vpc.once(USUAL, &[]);
    let dns = at(path(&report, "private-dns"), "/dns");
    assert_eq!((&dns["source"], &dns["queries"]), (&json!("hosts"), &json!([])));
    assert_eq!(at(dns, "/addresses/0/ip"), &json!(PUBLIC));
    assert_eq!(outcomes(&report), ["ok"; 4]);
}
