//! Runs `once` in a process of its own, with its own environment and home, against an API on loopback that records who signed.

use super::far_end::{Authority, FarEnd, OK};
use serde_json::Value;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use tempfile::{NamedTempFile, TempDir};
use tokio::io::AsyncWriteExt as _;

/// A caller with an empty home.
pub(crate) struct Caller {
    pub(crate) home: TempDir,
    api: FarEnd,
    ca_file: NamedTempFile,
    heads: Arc<Mutex<Vec<String>>>,
    dns_server: SocketAddr,
    url: &'static str,
}

/// What the API saw of a signed request.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) access_key_id: String,
    pub(crate) session_token: Option<String>,
}

/// Why no request was signed.
#[derive(Debug)]
pub(crate) struct Unsigned {
    pub(crate) outcome: String,
    pub(crate) cause: String,
    pub(crate) confidence: String,
    pub(crate) evidence: String,
}

impl Caller {
    pub(crate) async fn new() -> Self {
        Self::in_region(US).await
    }

    /// A caller of an API elsewhere.
    pub(crate) async fn in_region(url: &'static str) -> Self {
        let authority = Authority::new();
        let mut ca_file = NamedTempFile::new().unwrap();
        ca_file.write_all(authority.pem().as_bytes()).unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&heads);
        let host = url.split('/').nth(2).unwrap();
        let tls = authority.server(host);
        let api = FarEnd::serving(tls, move |mut stream, head| {
            log.lock().unwrap().push(head);
            async move {
                let _ = stream.write_all(OK.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        })
        .await;
        let home = tempfile::tempdir().unwrap();
        Self { home, api, ca_file, heads, dns_server: ([127, 0, 0, 1], 9).into(), url }
    }

    /// Writes a file below the home directory.
    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) -> &Self {
        let path = self.home.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// The command, without this process's environment; instance metadata is off.
    fn command(&self, options: &[&str], env: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_apigw-probe"));
        command.env_clear().env("HOME", self.home.path()).env("AWS_EC2_METADATA_DISABLED", "true");
        // a credential process finds its tools
        command.env("PATH", "/usr/bin:/bin").envs(env.iter().copied());
        command.args(["once", self.url, "--path", "private-dns", "--auth", "iam", "--format", "json"]);
        command.args(["--connect-to", "127.0.0.1", "--port", &self.api.address.port().to_string()]);
        command
            .args(["--dns-server", &self.dns_server.to_string(), "--ca-file"])
            .arg(self.ca_file.path())
            .args(options);
        command
    }

    /// Runs `once` with these options and variables, and returns its report.
    pub(crate) async fn report(&self, options: &[&str], env: &[(&str, &str)]) -> Value {
        let mut command = self.command(options, env);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"))
    }

    /// Who signs.
    pub(crate) async fn signed(&self, options: &[&str], env: &[(&str, &str)]) -> Result<Signed, Unsigned> {
        let report = self.report(options, env).await;
        let head = self.heads.lock().unwrap().pop();
        let Some(head) = head else {
            let (path, finding) = (&report["paths"][0], &report["findings"][0]);
            let word = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{report:#}")).to_owned();
            let evidence = finding["evidence"].to_string();
            let (cause, confidence) = (word(&finding["cause"]), word(&finding["confidence"]));
            return Err(Unsigned { outcome: word(&path["outcome"]), cause, confidence, evidence });
        };
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        };
        let authorization = header("authorization").unwrap_or_else(|| panic!("{head}"));
        let access_key_id = authorization.split("Credential=").nth(1).unwrap().split('/').next().unwrap().to_owned();
        Ok(Signed { access_key_id, session_token: header("x-amz-security-token") })
    }

    /// The id of the key that signs.
    pub(crate) async fn key(&self, options: &[&str], env: &[(&str, &str)]) -> String {
        self.signed(options, env).await.unwrap_or_else(|why| panic!("{why:#?}")).access_key_id
    }

    /// Why no request is signed, in the words of the report.
    pub(crate) async fn why(&self, options: &[&str], env: &[(&str, &str)]) -> String {
        self.signed(options, env).await.unwrap_err().evidence
    }

    pub(crate) fn path(&self, path: &str) -> String {
        Path::new(self.home.path()).join(path).display().to_string()
    }
}

const US: &str = "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test";
