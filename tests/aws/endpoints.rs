//! Endpoints that hand out keys, as ECS, EKS and EC2 have them; and such as do not.

use super::far_end::{FarEnd, Nobody};
use super::{credentials, file, why, wish};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A request as it came: method and target, headers in lower case, body.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// A plain HTTP server that answers as told, and remembers what it was asked.
pub(crate) struct Endpoint {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Endpoint {
    /// Answers each request with a status and a body.
    pub(crate) async fn answering(with: impl Fn(&Asked) -> (u16, String) + Send + Sync + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, with) = (Arc::clone(&asked), Arc::new(with));
        let far_end = FarEnd::listening(move |stream| {
            let (log, with) = (Arc::clone(&log), Arc::clone(&with));
            async move {
                let _ = answer(stream, &log, &*with).await;
            }
        })
        .await;
        Self { url: format!("http://{}", far_end.address), asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(
    mut stream: TcpStream,
    log: &Mutex<Vec<Asked>>,
    with: &(dyn Fn(&Asked) -> (u16, String) + Send + Sync),
) -> std::io::Result<()> {
    let Some(head) = super::far_end::read_head(&mut stream).await else { return Ok(()) };
    let lower = head.to_ascii_lowercase();
    let length = lower.split("content-length: ").nth(1).and_then(|rest| rest.split('\r').next()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await?;
    let line = head.split(" HTTP/1.1").next().unwrap_or_default().to_owned();
    let asked = Asked { line, head, body: String::from_utf8(body).unwrap_or_default() };
    let (status, body) = with(&asked);
    log.lock().unwrap().push(asked);
    let length = body.len();
    stream.write_all(format!("HTTP/1.1 {status} x\r\nContent-Length: {length}\r\n\r\n{body}").as_bytes()).await
}

/// Keys as metadata services hand them out.
pub(crate) fn handed(id: &str, until: &str) -> String {
    format!(
        r#"{{"Code":"Success","AccessKeyId":"{id}","SecretAccessKey":"secret-of-{id}","Token":"token-of-{id}","Expiration":"{until}"}}"#
    )
}

const UNTIL: &str = "2099-01-02T03:04:05Z";

/// Instance metadata with a role, which gives nothing without its token.
async fn instance() -> Endpoint {
    Endpoint::answering(|asked| match asked.line.as_str() {
        "PUT /latest/api/token" if asked.head.contains("x-aws-ec2-metadata-token-ttl-seconds: 21600") => {
            (200, "token-of-the-instance".to_owned())
        }
        _ if !asked.head.contains("x-aws-ec2-metadata-token: token-of-the-instance") => (401, String::new()),
        "GET /latest/meta-data/iam/security-credentials/" => (200, "probe-role\n".to_owned()),
        "GET /latest/meta-data/iam/security-credentials/probe-role" => (200, handed("ASIAINSTANCE", UNTIL)),
        _ => (404, String::new()),
    })
    .await
}

fn metadata_at(url: &str) -> [(&str, &str); 2] {
    [("AWS_EC2_METADATA_DISABLED", "false"), ("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)]
}

#[tokio::test]
async fn the_instance_gives_its_roles_credentials_for_a_token() {
    let instance = instance().await;
    let found = credentials(wish(), &metadata_at(&instance.url)).await;
    assert_eq!(found.access_key_id, "ASIAINSTANCE");
    assert_eq!(found.session_token.as_deref(), Some("token-of-ASIAINSTANCE"));
    assert_eq!(found.expires.unwrap().year(), 2099);
    let lines: Vec<_> = instance.asked().into_iter().map(|asked| asked.line).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
}

#[tokio::test]
async fn an_instance_without_a_role_or_with_metadata_off_is_told_apart() {
    let bare =
        Endpoint::answering(
            |asked| if asked.line.starts_with("PUT") { (200, "t".into()) } else { (404, String::new()) },
        );
    let text = why(wish(), &metadata_at(&bare.await.url)).await;
    assert!(text.contains("instance profile"), "{text}");
    let off = Endpoint::answering(|_| (403, String::new())).await;
    let text = why(wish(), &metadata_at(&off.url)).await;
    assert!(text.contains("HttpEndpoint"), "{text}");
    let portal = Endpoint::answering(|_| (200, "<html>hunter2 hunter2</html>".to_owned())).await;
    let text = why(wish(), &metadata_at(&portal.url)).await;
    assert!(text.contains("`token`") && !text.contains("hunter2"), "{text}");
    let distrusted = Endpoint::answering(|asked| {
        if asked.line.ends_with("token") {
            (200, "t".into())
        } else {
            (
                200,
                if asked.line.ends_with('/') {
                    "r".into()
                } else {
                    r#"{"Code":"AssumeRoleUnauthorizedAccess"}"#.into()
                },
            )
        }
    });
    let text = why(wish(), &metadata_at(&distrusted.await.url)).await;
    assert!(text.contains("AssumeRoleUnauthorizedAccess"), "{text}");
}

#[tokio::test]
async fn a_place_of_metadata_that_is_no_url_is_told_by_its_variable() {
    for wrong in ["notaurl", "ftp://127.0.0.1", "127.0.0.1:80"] {
        let text = why(wish(), &metadata_at(wrong)).await;
        assert!(text.contains("AWS_EC2_METADATA_SERVICE_ENDPOINT") && !text.contains(wrong), "{wrong}: {text}");
    }
}

#[tokio::test]
async fn silent_metadata_costs_a_second_and_is_explained_by_the_hop_limit() {
    let silent = FarEnd::listening(|stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let began = Instant::now();
    let text = why(wish(), &metadata_at(&format!("http://{}", silent.address))).await;
    assert!(began.elapsed() < Duration::from_millis(1900), "{:?}", began.elapsed());
    assert!(text.contains("hop"), "{text}");
}

#[tokio::test]
async fn metadata_that_drips_is_given_up_after_two_seconds() {
    let slow = FarEnd::listening(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n").await;
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    let began = Instant::now();
    why(wish(), &metadata_at(&format!("http://{}", slow.address))).await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_container_gives_its_roles_credentials_for_its_token() {
    let container = Endpoint::answering(|asked| {
        if asked.head.contains("authorization: token-of-the-pod\r\n") {
            (200, handed("ASIACONTAINER", UNTIL))
        } else {
            (403, String::new())
        }
    })
    .await;
    let (_kept, token) = file("token-of-the-pod\n");
    let url = format!("{}/v1/credentials", container.url);
    let at = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.as_str())];
    let with_token = [at[0], ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token.to_str().unwrap())];
    assert_eq!(credentials(wish(), &with_token).await.access_key_id, "ASIACONTAINER");
    let given = [at[0], ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "token-of-the-pod")];
    assert_eq!(credentials(wish(), &given).await.access_key_id, "ASIACONTAINER");
    assert!(why(wish(), &at).await.contains("403"));
    assert_eq!(container.asked()[0].line, "GET /v1/credentials");
}

#[tokio::test]
async fn a_container_endpoint_somewhere_else_is_not_asked() {
    let text = why(wish(), &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://192.0.2.1/keys")]).await;
    assert!(text.contains("AWS_CONTAINER_CREDENTIALS_FULL_URI") && !text.contains("192.0.2.1"), "{text}");
}

#[tokio::test]
async fn an_endpoint_where_nobody_listens_is_an_absent_one() {
    let nobody = Nobody::new();
    let text = why(wish(), &metadata_at(&format!("http://{}", nobody.address))).await;
    assert!(text.contains("instance metadata"), "{text}");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Endpoint::answering(|_| (200, handed("ASIAELSEWHERE", UNTIL))).await;
    let moved = Endpoint::answering(|_| (302, String::new())).await;
    let url = format!("{}/x", moved.url);
    assert!(why(wish(), &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url)]).await.contains("302"));
    assert!(elsewhere.asked().is_empty());
}
