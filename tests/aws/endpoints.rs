//! Endpoints that hand out keys, as those of ECS, EKS and EC2, and endpoints that do not.

use super::caller::Caller;
use super::far_end::{FarEnd, Nobody};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A request as it came: method and target, headers in lower case, body.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// A plain HTTP server with given answers that records its requests.
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
    let asked = read_request(head, &mut stream).await?;
    let (status, body) = with(&asked);
    log.lock().unwrap().push(asked);
    let length = body.len();
    stream.write_all(format!("HTTP/1.1 {status} x\r\nContent-Length: {length}\r\n\r\n{body}").as_bytes()).await
}

/// Reads the body that belongs to a head.
pub(crate) async fn read_request(head: String, stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Asked> {
    let lower = head.to_ascii_lowercase();
    let length = lower.split("content-length: ").nth(1).and_then(|rest| rest.split('\r').next()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await?;
    let line = head.split(" HTTP/1.1").next().unwrap_or_default().to_owned();
    Ok(Asked { line, head, body: String::from_utf8(body).unwrap_or_default() })
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
    Endpoint::answering(instance_answer).await
}

fn instance_answer(asked: &Asked) -> (u16, String) {
    match asked.line.as_str() {
        "PUT /latest/api/token" if asked.head.contains("x-aws-ec2-metadata-token-ttl-seconds: 21600") => {
            (200, "token-of-the-instance".to_owned())
        }
        _ if !asked.head.contains("x-aws-ec2-metadata-token: token-of-the-instance") => (401, String::new()),
        "GET /latest/meta-data/iam/security-credentials/" => (200, "probe-role".to_owned()),
        "GET /latest/meta-data/iam/security-credentials/probe-role" => (200, handed("ASIAINSTANCE", UNTIL)),
        _ => (404, String::new()),
    }
}

fn metadata_at(url: &str) -> [(&str, &str); 2] {
    [("AWS_EC2_METADATA_DISABLED", "false"), ("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)]
}

#[tokio::test]
async fn the_instance_gives_its_roles_credentials_for_a_token() {
    let (caller, instance) = (Caller::new().await, instance().await);
    let signed = caller.signed(&[], &metadata_at(&instance.url)).await.unwrap();
    assert_eq!(signed.access_key_id, "ASIAINSTANCE");
    assert_eq!(signed.session_token.as_deref(), Some("token-of-ASIAINSTANCE"));
    let lines: Vec<_> = instance.asked().into_iter().map(|asked| asked.line).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
}

#[tokio::test]
async fn the_profile_may_name_the_metadata_endpoint() {
    let (caller, instance) = (Caller::new().await, instance().await);
    caller.write(".aws/config", format!("[default]\nec2_metadata_service_endpoint = {}\n", instance.url));
    assert_eq!(caller.key(&[], &[("AWS_EC2_METADATA_DISABLED", "false")]).await, "ASIAINSTANCE");
}

/// B6: the first answer is a failure, the second one is not.
#[tokio::test]
async fn a_metadata_service_that_fails_once_is_asked_again() {
    let failures = AtomicUsize::new(1);
    let good = instance_answer;
    let instance = Endpoint::answering(move |asked| {
        let fails = failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if fails { (503, String::new()) } else { good(asked) }
    })
    .await;
    let caller = Caller::new().await;
    assert_eq!(caller.key(&[], &metadata_at(&instance.url)).await, "ASIAINSTANCE");
}

#[tokio::test]
async fn a_metadata_service_that_keeps_failing_makes_nothing_certain() {
    let caller = Caller::new().await;
    let failing = Endpoint::answering(|_| (503, String::new())).await;
    // or it fails after it gave a token
    let midway =
        Endpoint::answering(
            |asked| if asked.line.starts_with("PUT") { (200, "t".into()) } else { (500, String::new()) },
        );
    let midway = midway.await;
    for endpoint in [&failing, &midway] {
        let unsigned = caller.signed(&[], &metadata_at(&endpoint.url)).await.unwrap_err();
        assert_eq!(unsigned.outcome, "http-credentials-unavailable", "{unsigned:?}");
        assert_eq!((unsigned.cause.as_str(), unsigned.confidence.as_str()), ("credentials-missing", "likely"));
        assert!(
            unsigned.evidence.contains("environment") && unsigned.evidence.contains("instance metadata"),
            "{unsigned:?}"
        );
    }
}

#[tokio::test]
async fn an_instance_without_a_role_or_with_metadata_off_is_told_apart() {
    let caller = Caller::new().await;
    let bare =
        Endpoint::answering(
            |asked| if asked.line.starts_with("PUT") { (200, "t".into()) } else { (404, String::new()) },
        );
    let text = caller.why(&[], &metadata_at(&bare.await.url)).await;
    assert!(text.contains("instance profile"), "{text}");
    let off = Endpoint::answering(|_| (403, String::new())).await;
    let text = caller.why(&[], &metadata_at(&off.url)).await;
    assert!(text.contains("HttpEndpoint"), "{text}");
    let portal = Endpoint::answering(|_| (200, "<html>hunter2 hunter2</html>".to_owned())).await;
    let text = caller.why(&[], &metadata_at(&portal.url)).await;
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
    let text = caller.why(&[], &metadata_at(&distrusted.await.url)).await;
    assert!(text.contains("AssumeRoleUnauthorizedAccess"), "{text}");
}

#[tokio::test]
async fn a_metadata_endpoint_that_is_not_a_url_is_reported_by_its_variable() {
    let caller = Caller::new().await;
    for wrong in ["notaurl", "ftp://127.0.0.1", "127.0.0.1:80"] {
        let text = caller.why(&[], &metadata_at(wrong)).await;
        assert!(text.contains("AWS_EC2_METADATA_SERVICE_ENDPOINT") && !text.contains(wrong), "{wrong}: {text}");
    }
}

#[tokio::test]
async fn silent_metadata_is_asked_twice_and_explained_by_the_hop_limit() {
    let silent = FarEnd::listening(|stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let text = Caller::new().await.why(&[], &metadata_at(&format!("http://{}", silent.address))).await;
    assert!(text.contains("hop") && text.contains("0.9 s"), "{text}");
    assert_eq!(silent.connections(), 2);
}

#[tokio::test]
async fn metadata_that_drips_is_given_up() {
    let slow = FarEnd::listening(|mut stream| async move {
        let _ = super::far_end::read_head(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n").await;
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    let text = Caller::new().await.why(&[], &metadata_at(&format!("http://{}", slow.address))).await;
    assert!(text.contains("0.9 s"), "{text}");
    assert_eq!(slow.connections(), 2);
}

#[tokio::test]
async fn a_container_gives_its_roles_credentials_for_its_token() {
    let caller = Caller::new().await;
    let container = Endpoint::answering(|asked| {
        if asked.head.contains("authorization: token-of-the-pod\r\n") {
            (200, handed("ASIACONTAINER", UNTIL))
        } else {
            (403, String::new())
        }
    })
    .await;
    caller.write("token", "token-of-the-pod");
    let url = format!("{}/v1/credentials", container.url);
    let at = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.as_str())];
    let token = caller.path("token");
    let with_token = [at[0], ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token.as_str())];
    assert_eq!(caller.key(&[], &with_token).await, "ASIACONTAINER");
    let given = [at[0], ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "token-of-the-pod")];
    assert_eq!(caller.key(&[], &given).await, "ASIACONTAINER");
    assert!(caller.why(&[], &at).await.contains("403"));
    assert_eq!(container.asked()[0].line, "GET /v1/credentials");
    // as in the AWS SDKs, a line break at its end is no part of a token
    caller.write("token", "token-of-the-pod\n");
    let text = caller.why(&[], &with_token).await;
    assert!(text.contains("container endpoint") && text.contains("line break"), "{text}");
    std::fs::remove_file(&token).unwrap();
    let text = caller.why(&[], &with_token).await;
    assert!(text.contains("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"), "{text}");
}

#[tokio::test]
async fn a_container_endpoint_by_name_is_resolved_and_a_distant_one_is_not_asked() {
    let caller = Caller::new().await;
    let container = Endpoint::answering(|_| (200, handed("ASIACONTAINER", UNTIL))).await;
    let url = container.url.replace("127.0.0.1", "localhost");
    assert_eq!(caller.key(&[], &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url)]).await, "ASIACONTAINER");
    for url in ["http://192.0.2.1/keys", "http://127.0.0.1.example/keys", "keys"] {
        let text = caller.why(&[], &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)]).await;
        assert!(text.contains("AWS_CONTAINER_CREDENTIALS_FULL_URI") && !text.contains(url), "{text}");
    }
}

#[tokio::test]
async fn what_a_container_hands_out_is_whole_or_reported_as_not() {
    let caller = Caller::new().await;
    let keys = handed("ASIACONTAINER", UNTIL);
    for (body, words) in [
        (String::new(), "not JSON"),
        ("{}".to_owned(), "AccessKeyId"),
        (r#"{"Code":"AssumeRoleUnauthorizedAccess"}"#.to_owned(), "AssumeRoleUnauthorizedAccess"),
        (keys.replace("2099", "soon"), "Expiration"),
        (keys.replace("token-of-", r"token-of\r\nX-Evil: 1"), "SessionToken"),
    ] {
        let shown = body.clone();
        let container = Endpoint::answering(move |_| (200, body.clone())).await;
        let text = caller.why(&[], &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &container.url)]).await;
        assert!(text.contains(words) && text.contains("container endpoint"), "{shown}: {text}");
        assert!(!text.contains("Evil") && !text.contains("secret-of"), "{text}");
    }
}

#[tokio::test]
async fn an_endpoint_where_nothing_listens_is_an_absent_one() {
    let nobody = Nobody::new();
    let text = Caller::new().await.why(&[], &metadata_at(&format!("http://{}", nobody.address))).await;
    assert!(text.contains("instance metadata"), "{text}");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Endpoint::answering(|_| (200, handed("ASIAELSEWHERE", UNTIL))).await;
    let to = elsewhere.url.clone();
    let moved = FarEnd::listening(move |mut stream| {
        let answer = format!("HTTP/1.1 302 x\r\nLocation: {to}/\r\nContent-Length: 0\r\n\r\n");
        async move {
            let _ = super::far_end::read_head(&mut stream).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    })
    .await;
    let url = format!("http://{}/x", moved.address);
    let text = Caller::new().await.why(&[], &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url)]).await;
    assert!(text.contains("302"), "{text}");
    assert!(elsewhere.asked().is_empty());
}
