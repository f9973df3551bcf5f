//! Is a set-up seen as it is? By a server that checks signatures and policies, and by instance metadata at its true address.

use crate::address::own_address;
use crate::credentials::{METADATA, moto};
use crate::probe::at;
use crate::schema::PYTHON;
use crate::server::Server;
use crate::side::binary;
use crate::tool::run;
use crate::vpc::{VPC_RESOLVER, Vpc, ZONES, healthy_names};
use serde_json::{Value, json};
use std::io::Write as _;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV4};
use std::process::Command;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/doctor.py");
const METADATA_SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/metadata.py");

/// Instance metadata with these values, in a network namespace if one is named.
fn metadata(namespace: Option<&str>, address: impl Into<SocketAddr>, values: &Value) -> Server {
    let (mut program, address) = (Command::new(PYTHON), address.into());
    let (ip, port) = (address.ip().to_string(), address.port().to_string());
    program.args([METADATA_SCRIPT, &ip, &port, &values.to_string()]);
    Server::start(&program, namespace, tempfile::tempdir().unwrap(), &[address])
}

/// What an instance in a VPC knows of itself.
fn instance(vpc: &str, subnet: &str, group: &str, range: &str, address: &str) -> Value {
    let mac = "06:00:00:00:00:01";
    let of = |name: &str| format!("network/interfaces/macs/{mac}/{name}");
    json!({
        "mac": mac,
        "placement/region": "us-east-1",
        "placement/availability-zone": "us-east-1a",
        of("vpc-id"): vpc,
        of("subnet-id"): subnet,
        of("security-group-ids"): group,
        of("vpc-ipv4-cidr-blocks"): range,
        of("local-ipv4s"): address,
    })
}

fn word<'v>(made: &'v Value, key: &str) -> &'v str {
    made[key].as_str().unwrap()
}

/// The first document that `doctor --iam-policy` prints, and the second.
fn printed_policies(url: &str, role: &str) -> [String; 2] {
    let output = run(binary().args(["doctor", "--iam-policy", url, "--account-b-role", role]));
    let documents = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Value>();
    let documents: Vec<String> = documents.map(|one| one.unwrap().to_string()).collect();
    documents.try_into().unwrap()
}

#[test]
fn a_set_up_is_seen_with_the_printed_policies_and_not_without() {
    let [a, b] = [(); 2].map(|()| SocketAddrV4::new(own_address(), 5055));
    let _servers = [moto(None, a, Some(3)), moto(None, b, None)];
    let [url_a, url_b] = [a, b].map(|address| format!("http://{address}"));
    let made = run(Command::new(PYTHON).args([SCRIPT, "setup", &url_a, &url_b])).stdout;
    let made: Value = serde_json::from_slice(&made).unwrap();
    let own = instance(word(&made, "vpc"), word(&made, "subnet"), word(&made, "own"), "10.66.0.0/16", "10.66.1.5");
    let at_metadata = SocketAddrV4::new(own_address(), 5056);
    let _metadata = metadata(None, at_metadata, &own);
    let invoke_url = format!("https://{}.execute-api.us-east-1.amazonaws.com/test", word(&made, "api"));
    let doctor = || {
        let mut command = binary();
        command.args(["doctor", &invoke_url, "--vpce-id", word(&made, "endpoint"), "--format", "json"]);
        // nobody there knows any name
        command.args(["--dns-server", &format!("{}:53", own_address()), "--timeout", "1s"]);
        command.args(["--account-b-role", word(&made, "role")]);
        command
            .env("AWS_ENDPOINT_URL", &url_b)
            .env("AWS_ENDPOINT_URL_EC2", &url_a)
            .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", format!("http://{at_metadata}"));
        command.env("AWS_ACCESS_KEY_ID", made["keys"][0].as_str().unwrap());
        command.env("AWS_SECRET_ACCESS_KEY", made["keys"][1].as_str().unwrap());
        crate::probe::report(&mut command)
    };

    let blind = doctor();
    for (fact, permission) in [
        ("endpoints", "ec2:DescribeVpcEndpoints"),
        ("dns_support", "ec2:DescribeVpcAttribute"),
        ("security_groups", "ec2:DescribeSecurityGroups"),
    ] {
        assert_eq!(*at(&blind, &format!("/setup/{fact}/cannot_see")), json!({"source": permission, "why": "denied"}));
    }
    let [policy, _] = printed_policies(&invoke_url, word(&made, "role"));
    let keys = [0, 1].map(|at| made["admin"][at].as_str().unwrap());
    run(Command::new(PYTHON).args([SCRIPT, "grant", &url_a, keys[0], keys[1], &policy]));
    let seen = doctor();
    for (pointer, expected) in [
        ("/setup/endpoints/known/0/id", "endpoint"),
        ("/setup/endpoints/known/0/security_groups/0", "admitting"),
        ("/setup/endpoints/known/0/vpc", "vpc"),
        ("/setup/subnets/known/0/id", "subnet"),
        ("/setup/instance/known/security_groups/0", "own"),
        ("/setup/api/known/vpc_endpoints/0", "endpoint"),
        ("/setup/api/known/policy/Statement/0/Condition/StringNotEquals/aws:SourceVpce", "endpoint"),
        ("/setup/stage/known/deployment", "deployment"),
    ] {
        assert_eq!(at(&seen, pointer), &made[expected], "{pointer}");
    }
    assert_eq!(*at(&seen, "/setup/interfaces/known/0/zone"), "us-east-1a");
    assert_eq!(*at(&seen, "/setup/resources/known/0/methods/ANY/authorization"), "NONE");
    // all but the call, since nobody knows the names
    let states: Vec<_> = at(&seen, "/steps").as_array().unwrap().iter().map(|step| step["state"].clone()).collect();
    assert_eq!(states, ["done", "done", "done", "done", "done", "not-done"], "{seen:#}");
    // what the server says of the VPC's resolver rules nothing out: none was asked
    assert_eq!(*at(&seen, "/findings/0/cause"), "dns-server-unreachable");
}

#[test]
fn without_any_permission_the_instance_tells_where_it_is() {
    let own = instance("vpc-1", "subnet-1", "sg-own", "10.66.0.0/16", "10.66.0.2");
    let mut vpc =
        Vpc::healthy_instance(METADATA, |namespace| metadata(Some(namespace), SocketAddrV4::new(METADATA, 80), &own));
    vpc.serve_names(VPC_RESOLVER, &healthy_names());
    let report = vpc.doctor(&[]);
    for (pointer, expected) in [("vpc", "vpc-1"), ("zone", "us-east-1a"), ("region", "us-east-1")] {
        assert_eq!(*at(&report, &format!("/setup/instance/known/{pointer}")), expected);
    }
    let cable = json!({"name": "cable", "mtu": 1500, "address": "10.66.0.2"});
    assert_eq!(*at(&report, "/setup/outgoing/known"), cable);
    // the VPC's resolver was asked beside the system's
    for path in crate::probe::paths(&report) {
        assert_eq!(path["dns"]["second_opinion"]["server"], format!("{VPC_RESOLVER}:53"), "{path:#}");
        let ips = |of: &Value| of.as_array().unwrap().iter().map(|one| one["ip"].clone()).collect::<Vec<_>>();
        assert_eq!(ips(&path["dns"]["second_opinion"]["addresses"]).len(), ZONES.len());
    }
    for fact in ["endpoints", "interfaces", "security_groups"] {
        assert!(at(&report, &format!("/setup/{fact}/cannot_see/source")).as_str().unwrap().starts_with("ec2:"));
    }
    assert_eq!((at(&report, "/verdict"), at(&report, "/findings")), (&"pass".into(), &json!([])));
}

/// Fault B3: on a subnet with IPv6 only, by a variable, and by the profile; `doctor` reads metadata, and the role's keys sign.
#[test]
fn metadata_is_found_at_its_ipv6_address() {
    let mut own = instance("vpc-1", "subnet-1", "sg-own", "10.66.0.0/16", "10.66.0.2");
    own["iam/security-credentials/"] = "probe".into();
    let keys = json!({
        "Code": "Success", "AccessKeyId": "ASIAINSTANCE", "SecretAccessKey": "s", "Token": "t",
        "Expiration": "2099-01-01T00:00:00Z",
    });
    own["iam/security-credentials/probe"] = keys.to_string().into();
    let vpc = Vpc::healthy_instance(METADATA_V6, |namespace| {
        metadata(Some(namespace), SocketAddr::from((METADATA_V6, 80)), &own)
    });
    let mut config = tempfile::NamedTempFile::new().unwrap();
    config.write_all(b"[default]\nec2_metadata_service_endpoint_mode = IPv6\n").unwrap();
    for variable in
        [("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6"), ("AWS_CONFIG_FILE", config.path().to_str().unwrap())]
    {
        let report = vpc.doctor_with(&["--auth", "iam"], &[variable]);
        assert_eq!(*at(&report, "/setup/instance/known/vpc"), "vpc-1", "{variable:?}");
        for path in crate::probe::paths(&report) {
            assert_eq!((&path["signed"], &path["outcome"]), (&true.into(), &"ok".into()), "{path:#}");
        }
    }
    // nothing is there under the usual address
    assert!(at(&vpc.doctor(&[]), "/setup/instance/cannot_see/why").as_str().unwrap().contains("no EC2 instance"));
}

const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
