//! resolv.conf, hosts and options, as glibc 2.36 reads them (`res_ninit`, `getent`).

use super::{course, ips};
use crate::far_end::{Authority, Nobody};
use crate::name_server::NameServer;
use crate::{NAME, ZONES, configured, limits, net, probe_one};
use apigw_probe::observation::{DnsFault, Lookup, NameSource, QueryOutcome, RecordType as Kind};

fn servers(text: &str) -> Vec<String> {
    configured(text, "").servers().iter().map(ToString::to_string).collect()
}

/// Looks the name up as a host with these files; packets for 10.0.0.2 lead to the server.
async fn look_up_by(resolv_conf: &str, hosts: &str, server: &NameServer) -> Lookup {
    let nobody = Nobody::new();
    let mut net = net(&[], &Authority::new(), &[("10.0.0.2", server.address), (ZONES[0], nobody.address)]);
    net.resolver = configured(resolv_conf, hosts);
    probe_one(&net, &limits(1200)).await.lookup
}

#[test]
fn servers_are_read_in_their_order() {
    let text = "# a comment\nsearch example.test\nnameserver 10.0.0.2\n nameserver ::2\nnameserver\t::1 \nnameserver nonsense\n\
                nameserver fe80::1%1\nnameserver 10.0.0.9\n";
    assert_eq!(servers(text), ["10.0.0.2:53", "[::1]:53", "[fe80::1%1]:53"]);
    assert_eq!(configured(text, "").ignored_servers(), ["nonsense"]);
}

#[test]
fn without_a_server_this_host_is_asked() {
    for text in ["", "search example.test\n", "nameserver nonsense\n", "\u{feff}nameserver 10.0.0.2\n"] {
        assert_eq!(servers(text), ["127.0.0.1:53"]);
    }
}

#[test]
fn a_server_with_a_carriage_return_is_ignored() {
    assert_eq!(servers("nameserver 10.0.0.2\r\nnameserver ::1\r\n"), ["127.0.0.1:53"]);
    assert_eq!(servers("nameserver 10.0.0.2 \r\n"), ["10.0.0.2:53"]);
    assert_eq!(configured("nameserver 10.0.0.2\r\n", "").ignored_servers(), ["10.0.0.2\r"]);
}

#[test]
fn ipv4_servers_have_the_forms_of_inet_aton() {
    for (word, ip) in [
        ("127.2", "127.0.0.2"),
        ("0x7f.1", "127.0.0.1"),
        ("010.0.0.1", "8.0.0.1"),
        ("2130706434", "127.0.0.2"),
        ("1.256", "1.0.1.0"),
        ("1.2.65535", "1.2.255.255"),
        ("4294967295", "255.255.255.255"),
    ] {
        assert_eq!(servers(&format!("nameserver {word}\n")), [format!("{ip}:53")]);
    }
    for word in [
        "08.0.0.1",
        "4294967296",
        "1.2.3.256",
        "1.2.65536",
        "1.",
        "0x",
        "1.2.3.4.5",
        "+1.2",
        "10.0.0.2#c",
        "256.1",
        ".1",
    ] {
        assert_eq!(configured(&format!("nameserver {word}\n"), "").ignored_servers(), [word]);
    }
}

#[test]
fn a_server_whose_interface_is_unknown_is_kept_without_scope() {
    let text = "nameserver fe80::1%eth0.100\nnameserver fe80::1%lo\nnameserver 2001:db8::1%lo\n";
    assert_eq!(servers(text), ["[fe80::1]:53", "[fe80::1%1]:53", "[2001:db8::1]:53"]);
}

#[test]
fn options_that_are_not_followed_are_named() {
    let text =
        "options ndots:5 rotate edns0\noptions single-request-reopen use-vc\noptions\ttrust-ad single-request\r\n";
    let resolver = configured(text, "");
    assert_eq!(resolver.unfollowed_options(), ["rotate", "single-request-reopen", "single-request"]);
    assert!(configured("options timeout:1\n", "").unfollowed_options().is_empty());
}

#[tokio::test]
async fn with_no_aaaa_only_a_is_asked() {
    let server = NameServer::giving(&[ZONES[0], "fd00::10"]).await;
    let seen = look_up_by("nameserver 10.0.0.2\noptions no-aaaa\r\n", "", &server).await;
    assert_eq!((ips(&seen), seen.queries.len()), (vec![ZONES[0].to_owned()], 1));
    assert!(seen.wire().is_some(), "{:?}", seen.queries);
}

#[tokio::test]
async fn each_server_is_asked_as_often_as_the_file_says() {
    let silent = NameServer::silent().await;
    for (attempts, times) in [("1", 1), ("3", 3), ("x", 1), ("9", 5)] {
        let text = format!("nameserver 10.0.0.2\noptions timeout:0 attempts:{attempts}\n");
        let seen = look_up_by(&text, "", &silent).await;
        assert_eq!(seen.result, Err(DnsFault::Timeout));
        let outcomes: Vec<_> = course(&seen, Kind::A).into_iter().map(|(.., outcome)| outcome).collect();
        assert_eq!(outcomes, vec![QueryOutcome::Timeout; times]);
    }
}

#[tokio::test]
async fn addresses_in_hosts_are_gathered_over_lines_and_in_any_case() {
    let server = NameServer::silent().await;
    let upper = NAME.to_ascii_uppercase();
    let hosts = format!(
        "127.0.0.1 localhost\n10.9.9.1\talias {upper} # {NAME}\r\nnonsense {NAME}\n127.2 {NAME}\n#10.9.9.3 {NAME}\n\
         fd00::9 {NAME} other\n10.9.9.1 {NAME}\n10.9.9.4 other # {NAME}\n"
    );
    let seen = look_up_by("nameserver 10.0.0.2\n", &hosts, &server).await;
    assert_eq!((seen.source, ips(&seen)), (NameSource::Hosts, vec!["10.9.9.1".to_owned(), "fd00::9".to_owned()]));
}

#[tokio::test]
async fn a_name_with_a_final_dot_in_hosts_is_another_name() {
    let server = NameServer::giving(&ZONES[..1]).await;
    let hosts = format!("10.9.9.9 {NAME}.\n");
    let seen = look_up_by("nameserver 10.0.0.2\n", &hosts, &server).await;
    assert_eq!((seen.source, ips(&seen)), (NameSource::Dns, vec![ZONES[0].to_owned()]));
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_text_is_read(text in ".*", lines in "((nameserver|options|#)[ \t]?[0-9a-z:.%]{0,12}\n){0,8}") {
        configured(&text, &text);
        proptest::prop_assert!(servers(&lines).len() <= 3);
    }
}
