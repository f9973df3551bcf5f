//! Credentials from each source, and reads of AWS, against stand-ins on loopback.

mod caller;
mod chain;
#[path = "../support/credential_forms.rs"]
#[expect(dead_code, reason = "the comparison with botocore uses the rest")]
mod credential_forms;
mod endpoints;
#[path = "../probe/far_end.rs"]
#[expect(dead_code, reason = "the probe's tests use the rest")]
mod far_end;
mod forms;
mod inventory;
#[path = "../probe/name_server.rs"]
#[expect(dead_code, reason = "the probe's tests use the rest")]
mod name_server;
mod refresh;
mod sts;

use apigw_probe::aws::{AssumeRoleConfig, CredentialsBase, CredentialsConfig, EnvVars};
use apigw_probe::probe::{Detour, Net, Resolver, Trust};
use apigw_probe::sign::Credentials;
use endpoints::{Asked, read_request};
use far_end::{Authority, FarEnd};
use name_server::NameServer;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt as _;

/// A host whose names lead nowhere; stand-ins are given by address.
fn net() -> Net {
    Net {
        resolver: Resolver::given(Vec::new()),
        vpc_resolver: None,
        trust: Trust::from_der(&[] as &[&[u8]]).unwrap(),
        detour: Detour::default(),
        share: None,
    }
}

/// The probe's role in account B.
fn role(external_id: Option<&str>, session_name: Option<&str>) -> AssumeRoleConfig {
    AssumeRoleConfig {
        arn: ROLE.to_owned(),
        external_id: external_id.map(str::to_owned),
        session_name: session_name.map(str::to_owned),
    }
}

const ROLE: &str = "arn:aws:iam::222233334444:role/probe";

/// Fixed keys, and a role on top of them.
fn config(role: Option<AssumeRoleConfig>) -> CredentialsConfig {
    CredentialsConfig { base: fixed(), role, region: "us-east-1".to_owned() }
}

fn fixed() -> CredentialsBase {
    CredentialsBase::Fixed(Arc::new(Credentials {
        access_key_id: "AKIABASE".to_owned(),
        secret_access_key: "secret-of-the-base".to_owned(),
        session_token: None,
        expires: None,
    }))
}

/// Variables in a process that has no others; the true address of instance metadata is never asked.
fn variables(pairs: &[(&str, &str)]) -> EnvVars {
    let metadata = [("AWS_EC2_METADATA_DISABLED", "true")];
    metadata.iter().chain(pairs).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// STS at its true name: a name server, a certificate, and a detour from the address that the name has.
struct Sts {
    net: Net,
    asked: Arc<Mutex<Vec<Asked>>>,
    far_end: FarEnd,
    _names: NameServer,
}

impl Sts {
    async fn answering(with: impl Fn(&Asked) -> (u16, String) + Send + Sync + 'static) -> Self {
        let authority = Authority::new();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, with) = (Arc::clone(&asked), Arc::new(with));
        let far_end = FarEnd::serving(authority.server("sts.us-east-1.amazonaws.com"), move |mut stream, head| {
            let (log, with) = (Arc::clone(&log), Arc::clone(&with));
            async move {
                let Ok(request) = read_request(head, &mut stream).await else { return };
                let (status, body) = with(&request);
                log.lock().unwrap().push(request);
                let answer = format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        })
        .await;
        let names = NameServer::start(|asked| vec![asked.addresses(&["10.0.0.9"])]).await;
        let detour = HashMap::from([(IpAddr::from([10, 0, 0, 9]), far_end.address)]);
        let net = Net {
            resolver: Resolver::given(vec![names.address]),
            trust: Trust::from_der(&[&authority.der]).unwrap(),
            detour: Detour::from(detour),
            ..net()
        };
        Self { net, asked, far_end, _names: names }
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}
