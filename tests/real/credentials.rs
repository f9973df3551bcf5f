//! Do credentials come from a server that checks signatures, and from instance metadata at its true address?

use crate::address::own_address;
use crate::probe::{outcomes, paths};
use crate::schema::PYTHON;
use crate::server::Server;
use crate::tool::{run, text};
use crate::vpc::Vpc;
use apigw_probe::aws::{Role, Variables, Wallet, Wish};
use apigw_probe::probe::{Detour, Net, Resolver, Trust};
use apigw_probe::sign::Identity;
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/moto_server.py");
const SERVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/venv/bin/moto_server");
/// Where every EC2 instance has its metadata; here an address of a namespace of this run.
pub(crate) const METADATA: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);

/// A moto server, in a network namespace if one is named.
pub(crate) fn moto(namespace: Option<&str>, address: SocketAddrV4, unchecked_calls: Option<u32>) -> Server {
    assert!(
        Path::new(SERVER).exists(),
        "`{SERVER}` is missing: target/venv/bin/pip install -r tests/real/requirements.txt"
    );
    let mut program = Command::new("env");
    program.args(unchecked_calls.map(|calls| format!("INITIAL_NO_AUTH_ACTION_COUNT={calls}")));
    program.args([PYTHON, SERVER, "-H", &address.ip().to_string(), "-p", &address.port().to_string()]);
    Server::start(&program, namespace, tempfile::tempdir().unwrap(), &[address])
}

/// Who signs, with these variables.
fn identity(role: Option<Role>, variables: &[(&str, &str)]) -> Identity {
    let wish = Wish { profile: None, role, region: "us-east-1".to_owned(), suffix: "amazonaws.com".to_owned() };
    let metadata = [("AWS_EC2_METADATA_DISABLED", "true")];
    let variables: Variables =
        metadata.iter().chain(variables).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let net = Net {
        resolver: Resolver::given(Vec::new()),
        vpc_resolver: None,
        trust: Trust::from_der(&[] as &[&[u8]]).unwrap(),
        detour: Detour::default(),
        share: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(Wallet::with(wish, variables).identity(&net))
}

#[test]
fn sts_checks_the_signature_and_gives_the_role() {
    let address = SocketAddrV4::new(own_address(), 5055);
    let _server = moto(None, address, Some(3));
    let url = format!("http://{address}");
    let made = run(Command::new(PYTHON).args([SCRIPT, "setup", &url])).stdout;
    let made: Value = serde_json::from_slice(&made).unwrap();
    let word = |key: &str| made[key].as_str().unwrap();
    let role = || Role {
        arn: word("role").to_owned(),
        external_id: Some("orders".to_owned()),
        session_name: Some("probe-of-a-test".to_owned()),
    };
    let keys = |secret| {
        [("AWS_ACCESS_KEY_ID", word("id")), ("AWS_SECRET_ACCESS_KEY", secret), ("AWS_ENDPOINT_URL_STS", &*url)]
    };
    let found = identity(Some(role()), &keys(word("secret"))).unwrap();
    let token = found.session_token.clone().unwrap();
    assert!(found.expires.is_some());
    let whoami = [SCRIPT, "whoami", &url, &found.access_key_id, &found.secret_access_key, &token];
    let arn = run(Command::new(PYTHON).args(whoami)).stdout;
    assert!(text(&arn).trim().ends_with(":assumed-role/probe/probe-of-a-test"), "{}", text(&arn));
    // a signature by another key is refused, and the refusal names the role and not the key
    let refused = identity(Some(role()), &keys("another-secret-key")).unwrap_err().to_string();
    assert!(refused.contains(word("role")) && !refused.contains("another-secret-key"), "{refused}");
}

#[test]
fn a_web_identity_is_exchanged() {
    let address = SocketAddrV4::new(own_address(), 5055);
    let _server = moto(None, address, None);
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "x.y.z").unwrap();
    let found = identity(
        None,
        &[
            ("AWS_WEB_IDENTITY_TOKEN_FILE", token.path().to_str().unwrap()),
            ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/probe"),
            ("AWS_ENDPOINT_URL_STS", &format!("http://{address}")),
        ],
    )
    .unwrap();
    assert!(found.access_key_id.starts_with("ASIA") && found.session_token.is_some());
}

#[test]
fn the_role_of_the_instance_signs() {
    let vpc = Vpc::healthy_instance(METADATA, |namespace| moto(Some(namespace), SocketAddrV4::new(METADATA, 80), None));
    let report = vpc.once(LONG, &["--auth", "iam"]);
    assert_eq!(outcomes(&report), ["ok"; 4], "{report:#}");
    for path in paths(&report) {
        assert_eq!(path["signed"], true);
    }
}

#[test]
fn an_instance_whose_metadata_is_silent_has_no_credentials_and_says_why() {
    let vpc = Vpc::healthy();
    vpc.silence(METADATA);
    let report = vpc.once(LONG, &["--auth", "iam"]);
    assert_eq!(outcomes(&report), ["http-no-credentials"; 4], "{report:#}");
    let finding = &report["findings"][0];
    assert_eq!((&finding["cause"], &finding["confidence"]), (&"credentials-missing".into(), &"certain".into()));
    assert!(finding["evidence"].to_string().contains("hop"), "{finding:#}");
}

/// Enough for the probe and for two seconds of asking beside it.
const LONG: Duration = Duration::from_secs(10);
