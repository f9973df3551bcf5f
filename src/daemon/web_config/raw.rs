//! The keys of the web configuration file, and their conversion to settings.

use super::basic_auth::BasicAuthUsers;
use super::rate_limit::RateLimiter;
use super::tls::{PemSource, RawTlsConfig};
use super::yaml::{Located, YamlMapping, YamlValue};
use super::{FileLoader, WebConfig, WebConfigFault};
use hyper::header::{HeaderName, HeaderValue};
use std::sync::Arc;
use std::time::Duration;

/// The content of the file, with the paths of certificates and keys not yet read.
pub(super) struct RawWebConfig {
    tls: Option<RawTlsConfig>,
    headers: Vec<(HeaderName, Option<HeaderValue>)>,
    users: BasicAuthUsers,
    rate_limiter: Option<RateLimiter>,
}

impl RawWebConfig {
    pub(super) fn parse(text: &str) -> Result<Self, WebConfigFault> {
        let Some(value) = YamlValue::load(text)? else {
            return Ok(Self { tls: None, headers: Vec::new(), users: BasicAuthUsers::default(), rate_limiter: None });
        };
        let top = value.section(&["tls_server_config", "http_server_config", "basic_auth_users", "rate_limit"])?;
        Ok(Self {
            tls: tls(&top)?,
            headers: headers(&top)?,
            users: BasicAuthUsers::parse(top.texts_by_name("basic_auth_users")?)?,
            rate_limiter: rate_limiter(&top)?,
        })
    }

    /// Reads the certificates and keys that the file names.
    pub(super) fn load(self, loader: &mut FileLoader) -> Result<WebConfig, WebConfigFault> {
        let tls = self.tls.map(|tls| tls.server_config(loader)).transpose()?;
        Ok(WebConfig {
            tls: tls.map(Arc::new),
            headers: self.headers,
            users: self.users,
            rate_limiter: self.rate_limiter,
            allowed_hosts: None,
        })
    }
}

fn tls(top: &YamlMapping<'_>) -> Result<Option<RawTlsConfig>, WebConfigFault> {
    let section = top.section("tls_server_config", &TLS_KEYS)?;
    let pem = |inline: &str, file: &str| match (section.text(inline)?, section.path(file)?) {
        (Some(_), Some(path)) => Err(path.fault(format!("`{inline}` and `{file}` exclude each other; leave one out"))),
        (Some(text), None) => Ok(Some(PemSource::Inline(text))),
        (None, Some(path)) => Ok(Some(PemSource::File(path))),
        (None, None) => Ok(None),
    };
    let (certificate, key, client_ca) =
        (pem("cert", "cert_file")?, pem("key", "key_file")?, pem("client_ca", "client_ca_file")?);
    let client_auth_type = section.text("client_auth_type")?;
    let wanted = [&certificate, &key, &client_ca].into_iter().flatten().map(PemSource::line).next();
    let Some(line) = wanted.or(client_auth_type.as_ref().map(|text| text.line)) else { return Ok(None) };
    let missing =
        |what: &str| WebConfigFault { line: Some(line), message: format!("TLS needs `{what}` or `{what}_file`") };
    Ok(Some(RawTlsConfig {
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

fn headers(top: &YamlMapping<'_>) -> Result<Vec<(HeaderName, Option<HeaderValue>)>, WebConfigFault> {
    let section = top.section("http_server_config", &["http2", "headers"])?;
    // HTTP/2 is the toolkit's default and offered by ALPN only; this server offers HTTP/1.1, whatever stands here
    section.flag("http2")?;
    let mut headers = Vec::new();
    for (name, Located { value, line }) in section.texts_by_name("headers")? {
        let fault = |message| WebConfigFault { line: Some(line), message };
        let Some((known, values)) = HEADERS.iter().find(|(known, _)| *known == name) else {
            let names: Vec<&str> = HEADERS.iter().map(|(name, _)| *name).collect();
            return Err(fault(format!("unknown header: expected one of {}", names.join(", "))));
        };
        if !values.is_empty() && !value.is_empty() && !values.contains(&value.as_str()) {
            return Err(fault(format!("invalid `{known}`: expected {}", values.join(" or "))));
        }
        let text = Some(value).filter(|value| !value.is_empty());
        let value = text.map(|text| HeaderValue::from_str(&text)).transpose();
        let value =
            value.map_err(|_| fault(format!("invalid `{known}`: it holds characters that a header cannot have")))?;
        headers.push((HeaderName::from_bytes(known.as_bytes()).expect("a name of the table"), value));
    }
    Ok(headers)
}

fn rate_limiter(top: &YamlMapping<'_>) -> Result<Option<RateLimiter>, WebConfigFault> {
    let section = top.section("rate_limit", &["interval", "burst"])?;
    let burst = section.number("burst")?;
    let Some(interval) = section.text("interval")? else { return Ok(None) };
    let length = if interval.value == "0" { Ok(Duration::ZERO) } else { humantime::parse_duration(&interval.value) };
    let length =
        length.map_err(|_| interval.fault("invalid `interval`: expected a duration, e.g. `1s` or `500ms`, or 0"))?;
    if length.is_zero() {
        return Ok(None);
    }
    if length > LONGEST_INTERVAL {
        return Err(interval.fault("invalid `interval`: expected at most one day"));
    }
    match burst.map(|burst| u32::try_from(burst.value).ok().filter(|burst| *burst > 0).ok_or(burst)) {
        Some(Ok(burst)) => Ok(Some(RateLimiter::new(length, burst))),
        Some(Err(burst)) => {
            Err(burst.fault("invalid `burst`: expected 1 or more; with 0 every request would be refused"))
        }
        None => Err(interval.fault("missing `burst`: how many requests may come at once, e.g. 10")),
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

/// The headers that the format knows, with the values that they may have; any value, if none is listed.
const HEADERS: [(&str, &[&str]); 5] = [
    ("Strict-Transport-Security", &[]),
    ("X-Content-Type-Options", &["nosniff"]),
    ("X-Frame-Options", &["deny", "sameorigin"]),
    ("X-XSS-Protection", &[]),
    ("Content-Security-Policy", &[]),
];
