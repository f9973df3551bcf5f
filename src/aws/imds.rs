//! What does this instance know of itself? Instance metadata, version 2: a token, then one value a question.

use super::container::Handed;
use super::part::part;
use super::{Question, Side, Unanswered, Variables};
use crate::sign::Credentials;
use hyper::Method;
use std::time::Duration;
use tokio::time::timeout;

/// Instance metadata, with the token that it asks for.
#[derive(Debug)]
pub(super) struct Metadata<'a> {
    side: &'a Side,
    base: &'a str,
    token: String,
    /// By how many seconds its clock is ahead of this host's.
    pub(super) ahead: Option<i64>,
}

impl<'a> Metadata<'a> {
    /// Takes a token for six hours: it is used at once, and the next who asks takes another.
    pub(super) async fn open(side: &'a Side, variables: &'a Variables) -> Result<Self, String> {
        if variables.is_true("AWS_EC2_METADATA_DISABLED") {
            return Err("switched off by AWS_EC2_METADATA_DISABLED".to_owned());
        }
        let base = variables.value(VARIABLE).unwrap_or(ENDPOINT).trim_end_matches('/');
        if base.parse().ok().and_then(|uri| super::Place::of(&uri)).is_none() {
            return Err(format!("`{VARIABLE}` is no URL, such as `{ENDPOINT}`"));
        }
        let ttl = ("x-aws-ec2-metadata-token-ttl-seconds", "21600");
        let url = format!("{base}/latest/api/token");
        let headers = [ttl];
        let asking = side.ask(Question { method: Method::PUT, url: &url, headers: &headers, body: String::new() });
        let late = |_| Err(Unanswered(format!("no answer within {} s", MOST_FOR_A_TOKEN.as_secs())));
        let answer = timeout(MOST_FOR_A_TOKEN, asking).await.unwrap_or_else(late);
        // a hop limit of 1 lets the request through and the answer die on its way back into a container
        let answer = answer.map_err(|why| {
            format!(
                "{why}: this is no EC2 instance, or a container behind a metadata hop limit of 1 \
                 (`aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2`)"
            )
        })?;
        match answer.status {
            200 => {
                let token =
                    part("token", answer.body.trim()).map_err(|why| format!("this is no metadata service: {why}"))?;
                Ok(Self { side, base, token, ahead: answer.ahead })
            }
            403 => {
                Err("it is disabled for this instance (`HttpEndpoint: disabled`), or a firewall says so (403)"
                    .to_owned())
            }
            status => Err(format!("it refuses to give a token: status {status}")),
        }
    }

    /// A value below `/latest/meta-data/`; none if it has no such value.
    pub(super) async fn read(&self, path: &str) -> Result<Option<String>, String> {
        let headers = [("x-aws-ec2-metadata-token", self.token.as_str())];
        let url = format!("{}/latest/meta-data/{path}", self.base);
        let question = Question { method: Method::GET, url: &url, headers: &headers, body: String::new() };
        let answer = self.side.ask(question).await.map_err(|why| why.to_string())?;
        match answer.status {
            200 => Ok(Some(answer.body)),
            404 => Ok(None),
            401 => Err("it does not take its own token (401)".to_owned()),
            status => Err(format!("it answers with status {status}")),
        }
    }
}

/// The credentials of the instance's role (EC2 user guide, "Retrieve security credentials from instance metadata").
pub(super) async fn credentials(side: &Side, variables: &Variables) -> Result<Credentials, String> {
    let metadata = Metadata::open(side, variables).await?;
    let roles = metadata.read(ROLES).await?.unwrap_or_default();
    let Some(role) = roles.lines().map(str::trim).find(|role| !role.is_empty()) else { return Err(NO_ROLE.to_owned()) };
    let answer = metadata.read(&format!("{ROLES}{role}")).await?.ok_or(NO_ROLE)?;
    Handed::read(&answer).map_err(|why| format!("role `{role}`: {why}"))
}

/// As long as the SDKs wait, and less than the whole of the metadata may take: what is told then is that nobody answers.
const MOST_FOR_A_TOKEN: Duration = Duration::from_secs(1);
const VARIABLE: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
const ENDPOINT: &str = "http://169.254.169.254";
const ROLES: &str = "iam/security-credentials/";
const NO_ROLE: &str = "the instance has no role: attach an instance profile";
