//! Which network is it? Two network namespaces of this run, the client's and the service's, joined by one cable; nothing leads out.

use crate::authority::Authority;
use crate::name_server;
use crate::probe::{INVOKE_URL, VPCE_DNS_NAME};
use crate::server::Server;
use crate::tool::{run, tool};
use crate::web_server::{self, OK, Site};
use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The endpoint's addresses, in the order of the answer.
pub(crate) const ZONES: [Ipv4Addr; 3] =
    [Ipv4Addr::new(10, 66, 1, 10), Ipv4Addr::new(10, 66, 2, 10), Ipv4Addr::new(10, 66, 3, 10)];
/// The service's public address, inside the namespace only.
pub(crate) const PUBLIC: Ipv4Addr = Ipv4Addr::new(3, 210, 0, 10);
/// The DNS server that the client's resolv.conf names.
pub(crate) const RESOLVER: Ipv4Addr = Ipv4Addr::new(10, 66, 0, 53);
/// Another DNS server beside it.
pub(crate) const OTHER_RESOLVER: Ipv4Addr = Ipv4Addr::new(10, 66, 0, 54);
/// Where every VPC has its resolver; in these namespaces an address of the client's own loopback interface.
pub(crate) const VPC_RESOLVER: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 253);

/// The two namespaces and what runs in them.
pub(crate) struct Vpc {
    client: Namespace,
    service: Namespace,
    authority: Authority,
    servers: Vec<Server>,
    _folder: tempfile::TempDir,
}

impl Vpc {
    /// An endpoint with three addresses that answers; no DNS server yet.
    pub(crate) fn new() -> Self {
        let [client, service] = ["client", "service"].map(Namespace::new);
        cable(&client, &service);
        for ip in ZONES.iter().chain([&PUBLIC, &RESOLVER, &OTHER_RESOLVER]) {
            service.ip(&format!("address add {ip}/32 dev lo"));
        }
        client.ip(&format!("address add {VPC_RESOLVER}/32 dev lo"));
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new(folder.path());
        let site = Site { addresses: &[ZONES[0], ZONES[1], ZONES[2], PUBLIC], pair: &authority.good(), rules: OK };
        let servers = vec![web_server::start(Some(&service.name), &[site])];
        let vpc = Self { client, service, authority, servers, _folder: folder };
        vpc.client_file("resolv.conf", &format!("nameserver {RESOLVER}\n"));
        vpc
    }

    /// The same with a DNS server that knows the names of a healthy set-up.
    pub(crate) fn healthy() -> Self {
        let mut vpc = Self::new();
        vpc.serve_names(RESOLVER, &healthy_names());
        vpc
    }

    /// The same where the client has an address with a server at it.
    pub(crate) fn healthy_instance(address: impl Into<IpAddr>, start: impl FnOnce(&str) -> Server) -> Self {
        let mut vpc = Self::healthy();
        let (address, bits) = match address.into() {
            IpAddr::V4(ip) => (ip.to_string(), 32),
            IpAddr::V6(ip) => (ip.to_string(), 128),
        };
        vpc.client.ip(&format!("address add {address}/{bits} dev lo"));
        let server = start(&vpc.client.name);
        vpc.servers.push(server);
        vpc
    }

    /// Nobody answers at an address, and nobody says so.
    pub(crate) fn silence(&self, address: Ipv4Addr) {
        self.client.firewall("output", &format!("ip daddr {address} drop"));
    }

    /// `doctor` in the client's namespace with the system's resolver, and without any credentials.
    pub(crate) fn doctor(&self, options: &[&str]) -> Value {
        self.doctor_with(options, &[])
    }

    /// The same with these variables.
    pub(crate) fn doctor_with(&self, options: &[&str], variables: &[(&str, &str)]) -> Value {
        let mut command = self.client.enter(env!("CARGO_BIN_EXE_apigw-probe"));
        command.args(["doctor", INVOKE_URL, VPCE_DNS_NAME, "--format", "json", "--ca-file"]).arg(self.authority.root());
        command.args(options).env_remove("AWS_ACCESS_KEY_ID").envs(variables.iter().copied());
        crate::probe::report(&mut command)
    }

    /// Starts a DNS server with these records, on the side that has the address.
    pub(crate) fn serve_names(&mut self, address: Ipv4Addr, records: &str) {
        let side = if address == VPC_RESOLVER { &self.client } else { &self.service };
        self.servers.push(name_server::knot(Some(&side.name), address, records));
    }

    /// Puts a file into the client's `/etc`.
    pub(crate) fn client_file(&self, name: &str, text: &str) {
        fs::write(self.client.files.join(name), text).unwrap();
    }

    /// What the service's firewall does with packets that come in, as rules of nft(8).
    pub(crate) fn incoming(&self, rules: &str) {
        self.service.firewall("input", rules);
    }

    /// The same for packets that go out.
    pub(crate) fn outgoing(&self, rules: &str) {
        self.service.firewall("output", rules);
    }

    /// How many packets the counter of a firewall rule has seen.
    pub(crate) fn counted(&self, counter: &str) -> u64 {
        let listed = run(self.service.enter("nft").args(["-j", "list", "counter", "inet", "fault", counter]));
        let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
        listed["nftables"].as_array().unwrap().iter().find_map(|one| one["counter"]["packets"].as_u64()).unwrap()
    }

    /// `once` in the client's namespace with the system's resolver. No path may outlive the deadline by more than 50 ms, and the program
    /// by no more than it takes to start and to write.
    pub(crate) fn once(&self, deadline: Duration, options: &[&str]) -> Value {
        let mut command = self.client.enter(env!("CARGO_BIN_EXE_apigw-probe"));
        command.args(["once", INVOKE_URL, VPCE_DNS_NAME, "--format", "json", "--ca-file"]).arg(self.authority.root());
        command.args(["--timeout", &format!("{}ms", deadline.as_millis())]).args(options);
        let began = Instant::now();
        let report = crate::probe::report(&mut command);
        assert!(began.elapsed() < deadline + SLACK, "{:?} for a deadline of {deadline:?}: {report:#}", began.elapsed());
        let longest = (deadline + OVERRUN).as_secs_f64();
        for path in crate::probe::paths(&report).iter().filter_map(|path| path["duration_seconds"].as_f64()) {
            assert!(path < longest, "{path} s for a deadline of {deadline:?}: {report:#}");
        }
        report
    }
}

/// The names of a healthy set-up, as a private zone knows them.
pub(crate) fn healthy_names() -> String {
    names(&["*.execute-api.us-east-1", "*.execute-api.us-east-1.vpce"], &ZONES)
}

/// Each name with each address.
pub(crate) fn names(names: &[&str], ips: &[Ipv4Addr]) -> String {
    names.iter().flat_map(|name| ips.iter().map(move |ip| format!("{name} A {ip}\n"))).collect()
}

fn cable(client: &Namespace, service: &Namespace) {
    run(tool("ip", "iproute2")
        .args(["link", "add", "name", "cable", "netns", &client.name, "type", "veth", "peer", "name", "cable"])
        .args(["netns", &service.name]));
    for (side, ip) in [(client, "10.66.0.2"), (service, "10.66.0.1")] {
        side.ip("link set lo up");
        side.ip(&format!("address add {ip}/30 dev cable"));
        side.ip("link set cable up");
    }
    client.ip("route add default via 10.66.0.1");
    // a kernel holds back ICMP errors that follow each other quickly
    run(service.enter("sh").args(["-c", "echo 0 > /proc/sys/net/ipv4/icmp_ratelimit"]));
}

/// A network namespace, and the files that hide those of `/etc` in it.
#[derive(Debug)]
struct Namespace {
    name: String,
    files: PathBuf,
}

impl Namespace {
    fn new(role: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("apigw-{}-{}-{role}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let namespace = Self { files: PathBuf::from("/etc/netns").join(&name), name };
        run(tool("ip", "iproute2").args(["netns", "add", &namespace.name]));
        fs::create_dir_all(&namespace.files).unwrap();
        namespace
    }

    fn ip(&self, arguments: &str) {
        run(tool("ip", "iproute2").args(["-n", &self.name]).args(arguments.split_ascii_whitespace()));
    }

    fn enter(&self, program: &str) -> Command {
        let mut command = tool("ip", "iproute2");
        command.args(["netns", "exec", &self.name, program]);
        command
    }

    fn firewall(&self, hook: &str, rules: &str) {
        // a missing nft is told by name
        drop(tool("nft", "nftables"));
        let text = format!(
            "table inet fault {{\n counter seen {{ }}\n chain {hook} {{\n type filter hook {hook} priority 0; policy accept;\n{rules}\n }}\n}}\n"
        );
        let mut child = self.enter("nft").args(["-f", "-"]).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success(), "{text}");
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.files);
        let _ = tool("ip", "iproute2").args(["netns", "delete", &self.name]).status();
    }
}

/// What a path may take beyond its deadline.
const OVERRUN: Duration = Duration::from_millis(50);
/// What the program may take beyond that on a busy machine.
const SLACK: Duration = Duration::from_millis(750);
