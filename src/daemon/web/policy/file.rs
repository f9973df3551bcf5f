//! What may stand in the file? The keys of exporter-toolkit's web configuration, and what they come to.

use super::rate::Limiter;
use super::tls::{Pem, Tls};
use super::users::Users;
use super::yaml::{At, Section, Value};
use super::{Fault, Library, Policy};
use hyper::header::{HeaderName, HeaderValue};
use std::sync::Arc;
use std::time::Duration;

/// The file as it was meant.
pub(super) struct File {
    tls: Option<Tls>,
    headers: Vec<(HeaderName, Option<HeaderValue>)>,
    users: Users,
    limiter: Option<Limiter>,
}

impl File {
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let Some(value) = Value::load(text)? else {
            return Ok(Self { tls: None, headers: Vec::new(), users: Users::default(), limiter: None });
        };
        let top = value.section(&["tls_server_config", "http_server_config", "basic_auth_users", "rate_limit"])?;
        Ok(Self {
            tls: tls(&top)?,
            headers: headers(&top)?,
            users: Users::parse(top.texts_by_name("basic_auth_users")?)?,
            limiter: limiter(&top)?,
        })
    }

    /// The policy, with the certificates that the file names.
    pub(super) fn policy(self, library: &mut Library) -> Result<Policy, Fault> {
        let tls = self.tls.map(|tls| tls.server_config(library)).transpose()?;
        Ok(Policy { tls: tls.map(Arc::new), headers: self.headers, users: self.users, limiter: self.limiter })
    }
}

fn tls(top: &Section<'_>) -> Result<Option<Tls>, Fault> {
    let section = top.section("tls_server_config", &TLS_KEYS)?;
    let pem = |inline: &str, file: &str| match (section.text(inline)?, section.path(file)?) {
        (Some(_), Some(path)) => Err(path.fault(format!("`{inline}` and `{file}` are two of the same; leave one out"))),
        (Some(text), None) => Ok(Some(Pem::Inline(text))),
        (None, Some(path)) => Ok(Some(Pem::File(path))),
        (None, None) => Ok(None),
    };
    let (certificate, key, client_ca) =
        (pem("cert", "cert_file")?, pem("key", "key_file")?, pem("client_ca", "client_ca_file")?);
    let client_auth_type = section.text("client_auth_type")?;
    let wanted = [&certificate, &key, &client_ca].into_iter().flatten().map(Pem::line).next();
    let Some(line) = wanted.or(client_auth_type.as_ref().map(|text| text.line)) else { return Ok(None) };
    let missing = |what: &str| Fault { line: Some(line), message: format!("TLS needs `{what}` or `{what}_file`") };
    Ok(Some(Tls {
        certificate: certificate.ok_or_else(|| missing("cert"))?,
        key: key.ok_or_else(|| missing("key"))?,
        client_auth_type,
        client_ca,
        client_allowed_sans: section.list("client_allowed_sans")?,
        min_version: section.text("min_version")?,
        max_version: section.text("max_version")?,
        cipher_suites: section.list("cipher_suites")?.map(|list| list.value).unwrap_or_default(),
        prefer_server_cipher_suites: section.flag("prefer_server_cipher_suites")?.unwrap_or(true),
        curve_preferences: section.list("curve_preferences")?.map(|list| list.value).unwrap_or_default(),
    }))
}

fn headers(top: &Section<'_>) -> Result<Vec<(HeaderName, Option<HeaderValue>)>, Fault> {
    let section = top.section("http_server_config", &["http2", "headers"])?;
    // HTTP/2 is the toolkit's default and offered by ALPN only; this server offers HTTP/1.1, whatever stands here
    section.flag("http2")?;
    let mut headers = Vec::new();
    for (name, At { value, line }) in section.texts_by_name("headers")? {
        let fault = |message| Fault { line: Some(line), message };
        let Some((known, values)) = HEADERS.iter().find(|(known, _)| *known == name) else {
            let names: Vec<&str> = HEADERS.iter().map(|(name, _)| *name).collect();
            return Err(fault(format!("a header that can be set is one of {}", names.join(", "))));
        };
        if !values.is_empty() && !value.is_empty() && !values.contains(&value.as_str()) {
            return Err(fault(format!("`{known}` is {}", values.join(" or "))));
        }
        let text = Some(value).filter(|value| !value.is_empty());
        let value = text.map(|text| HeaderValue::from_str(&text)).transpose();
        let value = value.map_err(|_| fault(format!("the value of `{known}` is no header value")))?;
        headers.push((HeaderName::from_bytes(known.as_bytes()).expect("a name of the table"), value));
    }
    Ok(headers)
}

fn limiter(top: &Section<'_>) -> Result<Option<Limiter>, Fault> {
    let section = top.section("rate_limit", &["interval", "burst"])?;
    let burst = section.number("burst")?;
    let Some(interval) = section.text("interval")? else { return Ok(None) };
    let length = if interval.value == "0" { Ok(Duration::ZERO) } else { humantime::parse_duration(&interval.value) };
    let length = length.map_err(|_| interval.fault("`interval` is a length of time, such as `1s` or `500ms`, or 0"))?;
    if length.is_zero() {
        return Ok(None);
    }
    if length > LONGEST_INTERVAL {
        return Err(interval.fault("`interval` is at most a day"));
    }
    match burst.map(|burst| u32::try_from(burst.value).ok().filter(|burst| *burst > 0).ok_or(burst)) {
        Some(Ok(burst)) => Ok(Some(Limiter::new(length, burst))),
        Some(Err(burst)) => Err(burst.fault("`burst` is 1 or more, or nobody could ever ask")),
        None => Err(interval.fault("`burst` is missing; it is how many requests may come at once, such as 10")),
    }
}

const LONGEST_INTERVAL: Duration = Duration::from_secs(86400);
const TLS_KEYS: [&str; 13] = [
    "cert",
    "cert_file",
    "key",
    "key_file",
    "client_auth_type",
    "client_ca",
    "client_ca_file",
    "client_allowed_sans",
    "min_version",
    "max_version",
    "cipher_suites",
    "prefer_server_cipher_suites",
    "curve_preferences",
];

/// The headers that the format knows, with the values that they may have; any, if there are none.
const HEADERS: [(&str, &[&str]); 5] = [
    ("Strict-Transport-Security", &[]),
    ("X-Content-Type-Options", &["nosniff"]),
    ("X-Frame-Options", &["deny", "sameorigin"]),
    ("X-XSS-Protection", &[]),
    ("Content-Security-Policy", &[]),
];
