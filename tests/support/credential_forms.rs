//! The forms in which credentials are configured in real life, who signs in each, and stand-ins for what is asked.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

/// A home and an environment, and which access key signs there; an empty one where credentials are refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    pub(crate) name: String,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    config: String,
    #[serde(default)]
    credentials: String,
    pub(crate) botocore: String,
    pub(crate) sdk: String,
    /// A word of the sentence with which the probe refuses; as the SDK if absent.
    pub(crate) refuses: Option<String>,
}

#[derive(Deserialize)]
struct Table {
    form: Vec<Form>,
}

/// Every form.
pub(crate) fn forms() -> Vec<Form> {
    toml::from_str::<Table>(include_str!("../credential-forms.toml")).unwrap().form
}

impl Form {
    /// Lays its files out in an empty home, and returns its environment.
    pub(crate) fn lay_out(&self, home: &Path, url: &str) -> Vec<(String, String)> {
        let fill = |text: &str| text.replace("{url}", url).replace("{home}", &home.display().to_string());
        let write = |path: &str, text: &str| {
            let path = home.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            // one byte that is not UTF-8
            let bytes = fill(text)
                .replace("{latin1}", "\u{1}")
                .bytes()
                .map(|b| if b == 1 { 0xe9 } else { b })
                .collect::<Vec<_>>();
            std::fs::write(path, bytes).unwrap();
        };
        for (path, text) in FILES {
            write(path, text);
        }
        for (path, text) in [(".aws/config", &self.config), (".aws/credentials", &self.credentials)] {
            if !text.is_empty() {
                write(path, text);
            }
        }
        let mut env = ENVIRONMENT.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        env.retain(|(name, _)| !self.env.contains_key(name));
        env.extend(self.env.clone());
        env.retain(|(_, value)| value != UNSET);
        for (_, value) in &mut env {
            *value = fill(value);
        }
        env.push(("HOME".to_owned(), home.display().to_string()));
        env
    }
}

/// Every stand-in is on one port, and the instance has a role in every form: a chain that goes on ends there.
const ENVIRONMENT: [(&str, &str); 7] = [
    ("PATH", "/usr/bin:/bin"),
    ("AWS_REGION", "us-east-1"),
    ("AWS_DEFAULT_REGION", "us-east-1"),
    ("AWS_EC2_METADATA_DISABLED", "false"),
    ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "{url}"),
    ("AWS_ENDPOINT_URL_STS", "{url}"),
    ("AWS_ENDPOINT_URL_SSO", "{url}"),
];
const UNSET: &str = "(unset)";

const FILES: &[(&str, &str)] = &[
    (
        "keys.json",
        r#"{"Version": 1, "AccessKeyId": "ASIAPROCESS", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "2099-01-01T00:00:00Z"}"#,
    ),
    ("token", "ey.J.x"),
    ("elsewhere/credentials", "[default]\naws_access_key_id = AKIAELSEWHERE\naws_secret_access_key = s\n"),
    ("elsewhere/config", "[default]\naws_access_key_id = AKIAELSEWHERECONFIG\naws_secret_access_key = s\n"),
    // by the SHA-1 of the session's name, `corp`, and of the start URL
    (".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json", SSO_TOKEN),
    (".aws/sso/cache/44f131d851233caf8935977bab57d47642050afc.json", SSO_TOKEN),
];

const SSO_TOKEN: &str = r#"{"startUrl": "https://legacy.example/start", "region": "us-east-1", "accessToken": "sso-token", "expiresAt": "2099-01-01T00:00:00Z"}"#;

/// Starts the stand-ins on a port of loopback; they run until the process ends.
pub(crate) fn stand_ins() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                // a client that has heard enough is no fault
                let _ = serve(stream);
            });
        }
    });
    url
}

fn serve(stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    // botocore keeps its connection
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(':'));
            lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
        };
        let length = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let target = head.split(' ').nth(1).unwrap_or_default();
        let path = target.split('?').next().unwrap_or_default();
        let (status, text) = answer(path, &header, &String::from_utf8_lossy(&body));
        let length = text.len();
        write!(
            reader.get_mut(),
            "HTTP/1.1 {status} x\r\nContent-Length: {length}\r\nx-aws-ec2-metadata-token-ttl-seconds: 21600\r\n\r\n{text}"
        )?;
    }
}

fn answer(path: &str, header: &dyn Fn(&str) -> Option<String>, body: &str) -> (u16, String) {
    let keys = |id: &str| {
        format!(
            r#"{{"Code":"Success","AccessKeyId":"{id}","SecretAccessKey":"s","Token":"t","Expiration":"2099-01-01T00:00:00Z"}}"#
        )
    };
    match path {
        "/latest/api/token" => (200, "token".to_owned()),
        "/latest/meta-data/iam/security-credentials/" => (200, "role".to_owned()),
        "/latest/meta-data/iam/security-credentials/role" => (200, keys("ASIAINSTANCE")),
        "/container" => (200, keys("ASIACONTAINER")),
        "/pod" if header("authorization").as_deref() == Some("ey.J.x") => (200, keys("ASIAPOD")),
        "/federation/credentials" if header("x-amz-sso_bearer_token").as_deref() == Some("sso-token") => (
            200,
            r#"{"roleCredentials":{"accessKeyId":"ASIASSO","secretAccessKey":"s","sessionToken":"t","expiration":4070908800000}}"#
                .to_owned(),
        ),
        "/" => (200, assumed(header("authorization").as_deref(), body)),
        _ => (404, String::new()),
    }
}

/// A role's key says which role it is, and who assumed it.
fn assumed(authorization: Option<&str>, form: &str) -> String {
    let caller = authorization.and_then(|text| text.split("Credential=").nth(1)?.split('/').next()).unwrap_or("TOKEN");
    let value = |name: &str| {
        let pair = form.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        pair.unwrap_or_default().replace("%3A", ":").replace("%2F", "/")
    };
    let (action, role) = (value("Action"), value("RoleArn"));
    let id = format!("ASIA{}BY{caller}", role.rsplit('/').next().unwrap_or_default().to_ascii_uppercase());
    format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><Credentials>\
         <AccessKeyId>{id}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
         <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>a:b</AssumedRoleId>\
         <Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn></AssumedRoleUser></{action}Result></{action}Response>"
    )
}
