//! Who signs? Each source of credentials against make-believe endpoints on loopback, and what is said where there are none.

mod chain;
mod endpoints;
#[path = "../probe/far_end.rs"]
#[expect(dead_code, reason = "the probe's tests use the rest")]
mod far_end;
mod keeping;
#[path = "../probe/name_server.rs"]
#[expect(dead_code, reason = "the probe's tests use the rest")]
mod name_server;
mod sts;
mod survey;

use apigw_probe::aws::{Role, Variables, Wallet, Wish};
use apigw_probe::probe::{Detour, Net, Resolver, Trust};
use apigw_probe::sign::{Credentials, Identity};
use std::path::PathBuf;

/// A host whose names lead nowhere; make-believe endpoints are given by address.
fn net() -> Net {
    Net {
        resolver: Resolver::given(Vec::new()),
        vpc_resolver: None,
        trust: Trust::from_der(&[] as &[&[u8]]).unwrap(),
        detour: Detour::default(),
        share: None,
    }
}

/// A wish for anything that the chain finds.
fn wish() -> Wish {
    Wish { profile: None, role: None, region: "us-east-1".to_owned(), suffix: "amazonaws.com".to_owned() }
}

/// The probe's role in account B.
fn role(external_id: Option<&str>, session_name: Option<&str>) -> Role {
    Role {
        arn: "arn:aws:iam::222233334444:role/probe".to_owned(),
        external_id: external_id.map(str::to_owned),
        session_name: session_name.map(str::to_owned),
    }
}

/// Variables in a process that has no others; nobody asks the true address of instance metadata.
fn variables(pairs: &[(&str, &str)]) -> Variables {
    let metadata = [("AWS_EC2_METADATA_DISABLED", "true")];
    metadata.iter().chain(pairs).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// What the chain gives in such a process.
async fn found(wish: Wish, pairs: &[(&str, &str)]) -> Identity {
    Wallet::with(wish, variables(pairs)).identity(&net()).await
}

async fn credentials(wish: Wish, pairs: &[(&str, &str)]) -> Credentials {
    Credentials::clone(&found(wish, pairs).await.unwrap())
}

/// Why there are none.
async fn why(wish: Wish, pairs: &[(&str, &str)]) -> String {
    found(wish, pairs).await.unwrap_err().to_string()
}

/// A file with this text, and its path.
fn file(text: &str) -> (tempfile::NamedTempFile, PathBuf) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, text).unwrap();
    let path = file.path().to_owned();
    (file, path)
}
