//! Which role has this container? The endpoint that ECS and EKS Pod Identity put beside it, if the environment names one.

use super::part::{part, part_if_any};
use super::{MOST_FOR_A_PIPE, Place, Question, Side, Variables};
use crate::sign::Credentials;
use crate::small_file;
use hyper::{Method, Uri};
use serde::Deserialize;
use std::net::IpAddr;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The URL of the endpoint, if the environment names one (SDK and tools reference guide, "Container credential provider").
pub(super) fn url(variables: &Variables) -> Result<Option<String>, String> {
    if let Some(path) = variables.value("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
        return Ok(Some(format!("http://169.254.170.2/{}", path.trim_start_matches('/'))));
    }
    match variables.value("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
        None => Ok(None),
        Some(url) if may_be_asked(url) => Ok(Some(url.to_owned())),
        // the URL is not repeated: nobody vouches for what stands in it
        Some(_) => {
            Err("AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor an address of ECS, EKS or loopback".to_owned())
        }
    }
}

/// The credentials that the endpoint hands out.
pub(super) async fn credentials(side: &Side, url: &str, variables: &Variables) -> Result<Credentials, String> {
    let token = token(variables)?;
    let headers: Vec<_> = token.iter().map(|token| ("authorization", token.as_str())).collect();
    let answer = side
        .ask(Question { method: Method::GET, url, headers: &headers, body: String::new() })
        .await
        .map_err(|why| why.to_string())?;
    match answer.status {
        200 => Handed::read(&answer.body),
        status => Err(format!("it answers with status {status}")),
    }
}

/// The token that the endpoint wants, read anew each time, since it is renewed.
fn token(variables: &Variables) -> Result<Option<String>, String> {
    let token = match variables.value("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
        Some(file) => Some(
            small_file::read_text(file.as_ref(), MOST_FOR_A_PIPE)
                .map_err(|error| format!("token file `{file}`: {error}"))?,
        ),
        None => variables.value("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(str::to_owned),
    };
    let token = token.map(|token| token.trim().to_owned());
    match token {
        Some(token) if token.contains(['\r', '\n']) => Err("the authorization token has more than one line".to_owned()),
        token => Ok(token),
    }
}

/// Whether keys may be asked for there: over https, or on this host, or at the fixed addresses of ECS and EKS, as the SDKs do.
fn may_be_asked(url: &str) -> bool {
    let Some(place) = url.parse::<Uri>().ok().and_then(|uri| Place::of(&uri)) else { return false };
    let is_near = match place.host.parse::<IpAddr>() {
        Ok(ip) => ip.is_loopback() || FIXED.contains(&place.host.as_str()),
        Err(_) => place.host == "localhost",
    };
    place.secure || is_near
}

/// Keys as metadata services hand them out.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Handed {
    code: Option<String>,
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    token: Option<String>,
    expiration: Option<String>,
}

impl Handed {
    pub(super) fn read(body: &str) -> Result<Credentials, String> {
        let wrong = |what: &str| format!("the answer {what}");
        let read: Self = serde_json::from_str(body).map_err(|_| wrong("is not JSON with keys"))?;
        if let Some(code) = read.code.filter(|code| code != "Success") {
            let code: String = code.chars().filter(char::is_ascii_alphanumeric).take(60).collect();
            return Err(wrong(&format!("says {code} in place of Success: see the role's trust policy")));
        }
        let end = |text: String| {
            OffsetDateTime::parse(&text, &Rfc3339).map_err(|_| wrong("has an `Expiration` that cannot be read"))
        };
        let (Some(id), Some(secret)) = (read.access_key_id, read.secret_access_key) else {
            return Err(wrong("lacks `AccessKeyId` or `SecretAccessKey`"));
        };
        let unfit = |why: String| wrong(&format!("is not good: {why}"));
        Ok(Credentials {
            access_key_id: part("AccessKeyId", &id).map_err(unfit)?,
            secret_access_key: part("SecretAccessKey", &secret).map_err(unfit)?,
            session_token: part_if_any("Token", read.token.as_deref()).map_err(unfit)?,
            expires: read.expiration.map(end).transpose()?,
        })
    }
}

impl std::fmt::Debug for Handed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handed").finish_non_exhaustive()
    }
}

/// ECS, and EKS Pod Identity over both families.
const FIXED: [&str; 3] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_asked_for_near_by_or_over_https_only() {
        for good in [
            "http://127.0.0.1:81/x",
            "http://[::1]/x",
            "http://localhost/x",
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1/credentials",
            "https://anywhere.example/x",
        ] {
            assert!(may_be_asked(good), "{good}");
        }
        for bad in [
            "http://169.254.169.254/x",
            "http://127.0.0.1.example/x",
            "http://localhost.example/x",
            "http://10.0.0.1/",
            "ftp://127.0.0.1/",
            "x",
        ] {
            assert!(!may_be_asked(bad), "{bad}");
        }
    }

    #[test]
    fn what_is_handed_out_is_whole_or_told_to_be_not() {
        let keys = r#"{"AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"2026-01-02T03:04:05Z","Code":"Success"}"#;
        let read = Handed::read(keys).unwrap();
        assert_eq!((read.access_key_id.as_str(), read.session_token.as_deref()), ("A", Some("T")));
        assert_eq!(read.expires.unwrap().unix_timestamp(), 1_767_323_045);
        let torn = keys.replace(r#""T""#, r#""T\r\nX-Evil: 1""#);
        for bad in ["", "{}", r#"{"Code":"AssumeRoleUnauthorizedAccess"}"#, &keys.replace("2026-01", "soon"), &torn] {
            assert!(Handed::read(bad).is_err(), "{bad}");
        }
    }
}
