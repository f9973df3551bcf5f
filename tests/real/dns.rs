//! What does the probe say of real DNS servers? dnsdist with one fault each, and knot by the book.

use crate::address::own_address;
use crate::name_server::{dnsdist, knot};
use crate::probe::{VPCE_DNS_NAME, at, once, read, report};
use crate::tool::{text, tool};
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::process::{Command, Output};

/// Asks these servers for the endpoint's name. Where it leads is of no interest: nobody listens there.
fn ask(servers: &[Ipv4Addr]) -> Command {
    let mut command = once();
    command.args(["--path", "vpce-host-header"]);
    for server in servers {
        command.args(["--dns-server", &server.to_string()]);
    }
    command
}

/// The DNS phase under these rules of dnsdist.
fn under(rules: &str) -> Value {
    let address = own_address();
    let _server = dnsdist(address, rules);
    dns(&report(&mut ask(&[address]))).clone()
}

fn dns(report: &Value) -> &Value {
    at(report, "/paths/2/dns")
}

/// The addresses of the answer.
fn ips(dns: &Value) -> Vec<&str> {
    dns["addresses"].as_array().unwrap().iter().map(|address| address["ip"].as_str().unwrap()).collect()
}

/// The queries for A in the order of sending, each as these of its fields.
fn queries_for_a(dns: &Value, fields: &[&str]) -> Vec<String> {
    let queries = dns["queries"].as_array().unwrap().iter().filter(|query| query["type"] == "A");
    let shown = |query: &Value| {
        fields.iter().map(|field| query[field].to_string().replace('"', "")).collect::<Vec<_>>().join(" ")
    };
    queries.map(shown).collect()
}

/// dnsdist's rules for a name with one address.
const ONE_ADDRESS: &str = "addAction(QTypeRule(DNSQType.A), SpoofAction({'127.0.0.1'}, {ttl=60}))
addAction(AllRule(), NegativeAndSOAAction(false, 'vpce.amazonaws.com.', 60, 'ns.invalid.', 'h.invalid.', 1, 60, 60, 60, 60))";

#[test]
fn an_answer_has_its_addresses_and_its_times() {
    let dns = under(ONE_ADDRESS);
    assert_eq!((&dns["outcome"], &dns["source"]), (&"ok".into(), &"dns".into()));
    assert_eq!(dns["addresses"], serde_json::json!([{"ip": "127.0.0.1", "class": "loopback", "ttl": 60}]));
    assert_eq!(queries_for_a(&dns, &["transport", "outcome", "rcode"]), ["udp answered 0"]);
    assert_eq!(dns["queries"].as_array().unwrap().len(), 2, "A and AAAA, each once");
}

#[test]
fn a_truncated_answer_is_asked_for_again_over_tcp() {
    let dns = under(&format!("addAction(TCPRule(false), TCAction())\n{ONE_ADDRESS}"));
    assert_eq!(queries_for_a(&dns, &["transport", "outcome", "rcode"]), ["udp truncated 0", "tcp answered 0"]);
    assert_eq!((&dns["outcome"], ips(&dns)), (&"ok".into(), vec!["127.0.0.1"]));
}

#[test]
fn a_failure_is_told_by_its_rcode() {
    for (rcode, outcome, number) in [
        ("SERVFAIL", "dns-servfail", "2"),
        ("REFUSED", "dns-refused", "5"),
        ("NXDOMAIN", "dns-nxdomain", "3"),
        ("NOTIMP", "dns-rcode", "4"),
    ] {
        let dns = under(&format!("addAction(AllRule(), RCodeAction(DNSRCode.{rcode}))"));
        assert_eq!(dns["outcome"], outcome);
        // once more, if that may pass, or without EDNS, if that may be what the server does not know
        let times = if ["SERVFAIL", "NOTIMP"].contains(&rcode) { 2 } else { 1 };
        assert_eq!(queries_for_a(&dns, &["outcome", "rcode"]), vec![format!("answered {number}"); times], "{rcode}");
    }
}

#[test]
fn a_name_without_addresses_has_no_data() {
    let dns = under(
        "addAction(AllRule(), NegativeAndSOAAction(false, 'vpce.amazonaws.com.', 60, 'ns.', 'h.', 1, 60, 60, 60, 60))",
    );
    assert_eq!(dns["outcome"], "dns-no-data");
}

#[test]
fn a_slow_answer_is_waited_for_and_timed() {
    let dns = under(&format!("addAction(AllRule(), DelayAction(400))\n{ONE_ADDRESS}"));
    assert_eq!((&dns["outcome"], queries_for_a(&dns, &["outcome"])), (&"ok".into(), vec!["answered".to_owned()]));
    for time in
        [at(&dns, "/duration_seconds"), at(&dns, "/queries/0/duration_seconds"), at(&dns, "/queries/0/wire_seconds")]
    {
        assert!((0.4..1.0).contains(&time.as_f64().unwrap()), "{dns:#}");
    }
}

#[test]
fn silence_is_a_timeout_and_each_transmission_is_told() {
    let address = own_address();
    let _server = dnsdist(address, "addAction(AllRule(), DropAction())");
    let report = report(ask(&[address]).args(["--timeout", "1s"]));
    let dns = dns(&report);
    assert_eq!(dns["outcome"], "dns-timeout");
    assert_eq!(queries_for_a(dns, &["transport", "outcome"]), ["udp timeout", "udp timeout"]);
    assert!(at(&report, "/paths/2/duration_seconds").as_f64().unwrap() <= 1.05, "{report:#}");
}

#[test]
fn a_lost_datagram_is_sent_again_and_shows() {
    let first_is_lost = "local seen = {}
        addAction(AllRule(), LuaAction(function(dq)
            if seen[dq.qtype] then return DNSAction.None, '' end
            seen[dq.qtype] = true
            return DNSAction.Drop, ''
        end))";
    let dns = under(&format!("{first_is_lost}\n{ONE_ADDRESS}"));
    assert_eq!((&dns["outcome"], ips(&dns)), (&"ok".into(), vec!["127.0.0.1"]));
    assert_eq!(queries_for_a(&dns, &["outcome"]), ["timeout", "answered"]);
}

#[test]
fn the_next_server_is_asked_where_the_first_is_no_help() {
    let (bad, good) = (own_address(), own_address());
    let _good = dnsdist(good, ONE_ADDRESS);
    for (rules, outcome) in [
        ("addAction(AllRule(), DropAction())", "timeout"),
        ("addAction(AllRule(), RCodeAction(DNSRCode.SERVFAIL))", "answered"),
        ("addAction(AllRule(), RCodeAction(DNSRCode.REFUSED))", "answered"),
    ] {
        let _bad = dnsdist(bad, rules);
        let report = report(&mut ask(&[bad, good]));
        let dns = dns(&report);
        assert_eq!((&dns["outcome"], ips(dns)), (&"ok".into(), vec!["127.0.0.1"]), "{rules}");
        let queries = queries_for_a(dns, &["server", "outcome"]);
        assert_eq!(queries, [format!("{bad}:53 {outcome}"), format!("{good}:53 answered")], "{rules}");
    }
}

#[test]
fn a_server_that_is_not_there_is_unreachable() {
    let report = report(&mut ask(&[own_address()]));
    assert_eq!(dns(&report)["outcome"], "dns-unreachable");
    assert_eq!(queries_for_a(dns(&report), &["outcome"])[0], "unreachable");
}

/// The DNS phase of the endpoint's name in a zone of knot's; records are relative to `amazonaws.com`.
fn in_zone(records: &str) -> Value {
    let address = own_address();
    let _server = knot(None, address, records);
    dns(&report(&mut ask(&[address]))).clone()
}

#[test]
fn a_wildcard_answers_as_if_it_were_the_name() {
    let dns = in_zone("*.execute-api.us-east-1.vpce A 127.0.0.1\n*.execute-api.us-east-1.vpce A 127.0.0.2");
    assert_eq!((ips(&dns), &dns["cnames"]), (vec!["127.0.0.1", "127.0.0.2"], &serde_json::json!([])));
}

#[test]
fn both_families_are_asked_for() {
    let dns = in_zone("*.execute-api.us-east-1.vpce A 127.0.0.1\n*.execute-api.us-east-1.vpce AAAA ::1");
    assert_eq!(ips(&dns), ["127.0.0.1", "::1"]);
}

#[test]
fn a_name_that_the_zone_does_not_have_is_nxdomain() {
    let dns = in_zone("*.us-east-2.vpce A 127.0.0.1");
    assert_eq!((&dns["outcome"], queries_for_a(&dns, &["rcode"])), (&"dns-nxdomain".into(), vec!["3".to_owned()]));
}

#[test]
fn a_chain_of_aliases_is_followed_and_told() {
    let name = VPCE_DNS_NAME.strip_suffix(".amazonaws.com").unwrap();
    let dns = in_zone(&format!("{name} CNAME one\none CNAME two\ntwo CNAME three\nthree A 127.0.0.1"));
    assert_eq!(dns["cnames"], serde_json::json!(["one.amazonaws.com", "two.amazonaws.com", "three.amazonaws.com"]));
    assert_eq!(ips(&dns), ["127.0.0.1"]);
}

#[test]
fn a_chain_that_leads_nowhere_keeps_its_aliases() {
    let name = VPCE_DNS_NAME.strip_suffix(".amazonaws.com").unwrap();
    let dns = in_zone(&format!("{name} CNAME one\none CNAME gone"));
    assert_eq!(dns["outcome"], "dns-nxdomain");
    assert_eq!(dns["cnames"], serde_json::json!(["one.amazonaws.com", "gone.amazonaws.com"]));
}

#[test]
fn a_chain_in_a_circle_ends() {
    let name = VPCE_DNS_NAME.strip_suffix(".amazonaws.com").unwrap();
    let dns = in_zone(&format!("{name} CNAME one\none CNAME two\ntwo CNAME one"));
    assert_eq!(dns["outcome"], "dns-cname-loop");
}

/// Runs a program on a host with these files.
fn on_host(resolv_conf: &str, hosts: &str, program: &Command) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let files = [("resolv.conf", resolv_conf), ("hosts", hosts)].map(|(name, text)| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    });
    let mut command = tool("unshare", "util-linux");
    let mount = "mount --bind \"$1\" /etc/resolv.conf && mount --bind \"$2\" /etc/hosts && shift 2 && exec \"$@\"";
    command.args(["--mount", "sh", "-c", mount, "sh"]).args(files);
    command.arg(program.get_program()).args(program.get_args());
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.output().unwrap()
}

/// The addresses of the endpoint's name as glibc and as the probe give them on a host with these files.
fn by_glibc_and_probe(resolv_conf: &str, hosts: &str) -> [BTreeSet<String>; 2] {
    let mut getent = tool("getent", "libc-bin");
    getent.args(["ahosts", VPCE_DNS_NAME]);
    let glibc = on_host(resolv_conf, hosts, &getent).stdout;
    let glibc = text(&glibc).lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
    // no path whose name the VPC's resolver would be asked for too
    let report = read(&on_host(resolv_conf, hosts, once().args(["--path", "vpce-host-header", "--timeout", "10s"])));
    [glibc, ips(dns(&report)).into_iter().map(str::to_owned).collect()]
}

#[test]
fn the_files_of_a_host_mean_to_the_probe_what_they_mean_to_glibc() {
    let [fast, slow] = [own_address(), own_address()];
    let both =
        "addAction(QTypeRule(DNSQType.A), SpoofAction({'127.0.0.1'}))\naddAction(AllRule(), SpoofAction({'::1'}))";
    let _fast = dnsdist(fast, both);
    let _slow = dnsdist(slow, &format!("addAction(AllRule(), DelayAction(3500))\n{both}"));
    let [_, b, c, d] = fast.octets();
    let short = format!("127.{}", u32::from(b) << 16 | u32::from(c) << 8 | u32::from(d));
    let name = VPCE_DNS_NAME;
    for (resolv_conf, hosts, expected) in [
        (format!("nameserver {fast}\n"), String::new(), &["127.0.0.1", "::1"][..]),
        (format!("nameserver {slow}\n"), String::new(), &["127.0.0.1", "::1"]),
        (format!("nameserver {slow}\noptions timeout:1 attempts:2\n"), String::new(), &[]),
        (format!("nameserver {fast}\r\n"), String::new(), &[]),
        (format!("nameserver {fast} \r\noptions no-aaaa\r\n"), String::new(), &["127.0.0.1"]),
        (format!("nameserver {short}\n"), String::new(), &["127.0.0.1", "::1"]),
        (format!("nameserver {fast}\noptions use-vc\n"), String::new(), &["127.0.0.1", "::1"]),
        (format!("nameserver {fast}\n"), format!("127.0.0.9 {name}\n"), &["127.0.0.9"]),
        (format!("nameserver {fast}\n"), format!("127.0.0.9 {name}.\n127.9 {name}\n"), &["127.0.0.1", "::1"]),
    ] {
        let [glibc, probe] = by_glibc_and_probe(&resolv_conf, &hosts);
        assert_eq!(glibc, expected.iter().map(|ip| (*ip).to_owned()).collect(), "{resolv_conf:?} {hosts:?}");
        assert_eq!(probe, glibc, "{resolv_conf:?} {hosts:?}");
    }
}

#[test]
fn what_the_probe_does_not_follow_is_named_where_a_name_does_not_resolve() {
    let address = own_address();
    let _server = dnsdist(address, "addAction(AllRule(), RCodeAction(DNSRCode.NXDOMAIN))");
    let resolv_conf = format!("nameserver {address}\nnameserver 127.0.0.1\r\noptions rotate single-request\n");
    let mut probe = once();
    probe.args(["--path", "vpce-host-header"]).env("RES_OPTIONS", "timeout:1");
    let report = read(&on_host(&resolv_conf, "", &probe));
    let options = ["rotate", "single-request", "RES_OPTIONS"];
    assert_eq!(report["environment"]["unfollowed_resolver_options"], serde_json::json!(options));
    assert_eq!(report["environment"]["ignored_dns_servers"], serde_json::json!(["127.0.0.1\r"]));
    let evidence = at(&report, "/findings/0/evidence").as_array().unwrap();
    let named = |all: &[&str]| evidence.iter().any(|one| all.iter().all(|part| one.to_string().contains(part)));
    assert!(named(&options) && named(&["127.0.0.1"]), "{evidence:#?}");
}
