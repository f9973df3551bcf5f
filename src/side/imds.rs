//! Which role has this instance? Instance metadata, version 2: a token, the role's name, its credentials.

use super::container::Handed;
use super::{Question, Side, Variables};
use crate::sign::Credentials;
use hyper::Method;

/// The credentials of the instance's role (EC2 user guide, "Retrieve security credentials from instance metadata").
pub(super) async fn credentials(side: &Side, variables: &Variables) -> Result<Credentials, String> {
    if variables.is_true("AWS_EC2_METADATA_DISABLED") {
        return Err("switched off by AWS_EC2_METADATA_DISABLED".to_owned());
    }
    let base = variables.value("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or(ENDPOINT).trim_end_matches('/');
    let token = token(side, base).await?;
    let url = format!("{base}/latest/meta-data/iam/security-credentials/");
    let roles = read(side, &url, &token).await?;
    let Some(role) = roles.lines().map(str::trim).find(|role| !role.is_empty()) else { return Err(NO_ROLE.to_owned()) };
    let answer = read(side, &format!("{url}{role}"), &token).await?;
    Handed::read(&answer).map_err(|why| format!("role `{role}`: {why}"))
}

/// A token for six hours: it is used at once, and the next refresh takes another.
async fn token(side: &Side, base: &str) -> Result<String, String> {
    let ttl = ("x-aws-ec2-metadata-token-ttl-seconds", "21600");
    let url = format!("{base}/latest/api/token");
    let answer = side.ask(Question { method: Method::PUT, url: &url, headers: &[ttl], body: String::new() }).await;
    // a hop limit of 1 lets the request through and the answer die on its way back into a container
    let answer = answer.map_err(|why| {
        format!(
            "{why}: this is no EC2 instance, or a container behind a metadata hop limit of 1 \
             (`aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2`)"
        )
    })?;
    match answer.status {
        200 => Ok(answer.body.trim().to_owned()),
        403 => {
            Err("it is disabled for this instance (`HttpEndpoint: disabled`), or a firewall says so (403)".to_owned())
        }
        status => Err(format!("it refuses to give a token: status {status}")),
    }
}

async fn read(side: &Side, url: &str, token: &str) -> Result<String, String> {
    let headers = [("x-aws-ec2-metadata-token", token)];
    let answer = side
        .ask(Question { method: Method::GET, url, headers: &headers, body: String::new() })
        .await
        .map_err(|why| why.to_string())?;
    match answer.status {
        200 => Ok(answer.body),
        404 => Err(NO_ROLE.to_owned()),
        401 => Err("it does not take its own token (401)".to_owned()),
        status => Err(format!("it answers with status {status}")),
    }
}

const ENDPOINT: &str = "http://169.254.169.254";
const NO_ROLE: &str = "the instance has no role: attach an instance profile";
