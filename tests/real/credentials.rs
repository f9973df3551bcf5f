//! Credentials from a server that checks signatures, and from instance metadata at its true addresses.

use crate::address::own_address;
use crate::probe::{outcomes, paths};
use crate::schema::PYTHON;
use crate::server::Server;
use crate::tool::{run, text};
use crate::vpc::Vpc;
use apigw_probe::aws::{AssumeRoleConfig, CredentialsBase, CredentialsCache, CredentialsConfig};
use apigw_probe::probe::{Detour, Net, Resolver, Trust};
use serde_json::{Value, json};
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

/// Looks credentials up in a process with these variables, which is a test of this program once more; see [`is_child`].
fn identity(test: &str, role: &[&str], variables: &[(&str, &str)]) -> Result<Value, String> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("credentials::{test}"), "--nocapture"]).env_clear();
    command.env(CHILD, role.join("\n")).env("AWS_EC2_METADATA_DISABLED", "true").envs(variables.iter().copied());
    let output = run(&mut command).stdout;
    let said = text(&output).split(FOUND).nth(1).unwrap().lines().next().unwrap();
    let found: Value = serde_json::from_str(said).unwrap();
    found.get("error").map_or(Ok(found.clone()), |error| Err(error.to_string()))
}

/// Whether this is the process of [`identity`], which then says what it finds.
fn is_child() -> bool {
    let Ok(role) = std::env::var(CHILD) else { return false };
    let mut role = role.lines().map(str::to_owned);
    let role = role.next().map(|arn| AssumeRoleConfig { arn, external_id: role.next(), session_name: role.next() });
    let config = CredentialsConfig { base: CredentialsBase::DefaultChain, role, region: "us-east-1".to_owned() };
    let net = Net {
        resolver: Resolver::given(Vec::new()),
        vpc_resolver: None,
        trust: Trust::from_der(&[] as &[&[u8]]).unwrap(),
        detour: Detour::default(),
        share: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let said = match runtime.block_on(CredentialsCache::new(config).identity(&net)) {
        Ok(found) => json!({
            "id": found.access_key_id, "secret": found.secret_access_key, "token": found.session_token,
            "expires": found.expires.is_some(),
        }),
        Err(none) => json!({"error": none.to_string()}),
    };
    println!("{FOUND}{said}");
    true
}

#[test]
fn sts_checks_the_signature_and_gives_the_role() {
    if is_child() {
        return;
    }
    let address = SocketAddrV4::new(own_address(), 5055);
    let _server = moto(None, address, Some(3));
    let url = format!("http://{address}");
    let made = run(Command::new(PYTHON).args([SCRIPT, "setup", &url])).stdout;
    let made: Value = serde_json::from_slice(&made).unwrap();
    let word = |key: &str| made[key].as_str().unwrap();
    let find = |secret| {
        let keys =
            [("AWS_ACCESS_KEY_ID", word("id")), ("AWS_SECRET_ACCESS_KEY", secret), ("AWS_ENDPOINT_URL_STS", &*url)];
        let role = [word("role"), "orders", "probe-of-a-test"];
        identity("sts_checks_the_signature_and_gives_the_role", &role, &keys)
    };
    let found = find(word("secret")).unwrap();
    assert_eq!(found["expires"], true);
    let [id, secret, token] = ["id", "secret", "token"].map(|key| found[key].as_str().unwrap());
    let arn = run(Command::new(PYTHON).args([SCRIPT, "whoami", &url, id, secret, token])).stdout;
    assert!(text(&arn).trim().ends_with(":assumed-role/probe/probe-of-a-test"), "{}", text(&arn));
    // a signature by another key is refused, and the refusal names the role and not the key
    let refused = find("another-secret-key").unwrap_err();
    assert!(refused.contains(word("role")) && !refused.contains("another-secret-key"), "{refused}");
}

#[test]
fn a_web_identity_is_exchanged() {
    if is_child() {
        return;
    }
    let address = SocketAddrV4::new(own_address(), 5055);
    let _server = moto(None, address, None);
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "x.y.z").unwrap();
    let url = format!("http://{address}");
    let variables = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.path().to_str().unwrap()),
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/probe"),
        ("AWS_ENDPOINT_URL_STS", url.as_str()),
    ];
    let found = identity("a_web_identity_is_exchanged", &[], &variables).unwrap();
    assert!(found["id"].as_str().unwrap().starts_with("ASIA") && found["token"].is_string(), "{found}");
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
const CHILD: &str = "APIGW_PROBE_TEST_LOOKUP";
const FOUND: &str = "the lookup found: ";
