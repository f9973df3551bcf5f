//! What of an HTTP answer may be kept? The gateway's own headers and its own errors; a backend's data is counted, not stored.

use super::Difference;
use super::secret::{REDACTED, Secrets, redact};
use super::wording::{Denial, PLAIN_HTTP_COMPLAINTS, Wording};
use std::time::Duration;

/// An HTTP answer, reduced to what may be reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// `HTTP/1.0` or `HTTP/1.1`.
    pub version: String,
    /// The headers of the allow-list, in the order of arrival, cleaned of control characters and cut to a bounded length.
    pub headers: Vec<(String, String)>,
    /// Body bytes read; reading ends at 64 KiB.
    pub body_bytes: u64,
    /// The beginning of a recognised gateway error, redacted; of a function's error under a success its form alone;
    /// anything only if the user asked for bodies.
    pub body_excerpt: Option<String>,
    /// Where the service read another canonical request than was signed; present only if it showed its own.
    pub differences: Option<Vec<Difference>>,
    /// From sending the request to the first byte of the answer, as felt.
    pub first_byte: Duration,
}

/// An answer as it came off the wire.
#[derive(Debug, Clone)]
pub struct RawAnswer<'a> {
    /// The status code.
    pub status: u16,
    /// `HTTP/1.0` or `HTTP/1.1`.
    pub version: &'a str,
    /// Every header; values as bytes, since nothing vouches for their encoding.
    pub headers: Vec<(&'a str, &'a [u8])>,
    /// What was read of the body.
    pub body: &'a [u8],
    /// Whether the user asked to see the body whatever it is.
    pub show_body: bool,
    /// What was sent and must not come back into sight.
    pub secrets: &'a Secrets,
    /// From sending the request to the first byte of the answer, as felt.
    pub first_byte: Duration,
}

impl Answer {
    /// Keeps what may be reported.
    pub fn reduce(raw: &RawAnswer<'_>) -> Self {
        let mut headers: Vec<(String, String)> = Vec::new();
        for (name, value) in &raw.headers {
            // of a repeated header the first counts, so that a saved report says the same
            let known = headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
            if let Some(keep) = keep(name).filter(|_| !known && headers.len() < MOST_HEADERS) {
                let text = match keep {
                    Keep::Whole => cut(&raw.secrets.hide(&printable(value, usize::MAX)), MOST_HEADER_CHARS),
                    Keep::Name => REDACTED.to_owned(),
                };
                headers.push(((*name).to_owned(), text));
            }
        }
        headers.shrink_to_fit();
        let mut answer = Self {
            status: raw.status,
            version: raw.version.to_owned(),
            headers,
            body_bytes: raw.body.len() as u64,
            body_excerpt: None,
            differences: None,
            first_byte: raw.first_byte,
        };
        let gateway_error = raw.status >= 400 && answer.error_type().is_some();
        if is_compressed(raw) {
            answer.body_excerpt = (raw.show_body || gateway_error).then(|| COMPRESSED.to_owned());
        } else if raw.show_body || gateway_error || is_gateway_error(raw.body) {
            // cut at the end, so that no half of a secret is left that is no longer recognised
            let text = redact(&raw.secrets.hide(&printable(raw.body, usize::MAX)));
            answer.body_excerpt = Some(cut(&text, MOST_EXCERPT_CHARS)).filter(|text| !text.trim().is_empty());
        } else if raw.status < 400 && has_form_of_function_error(raw.body) {
            answer.body_excerpt = Some(FUNCTION_ERROR.to_owned());
        } else if raw.status >= 400 {
            answer.body_excerpt = complaint_of_plain_http(raw.body).map(str::to_owned);
        }
        answer
    }

    /// The value of a kept header, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// `x-amzn-ErrorType`, cut at the first colon: an error of an AWS front end, not of the backend.
    pub fn error_type(&self) -> Option<&str> {
        let kind = self.header("x-amzn-errortype").map(|value| value.split(':').next().unwrap_or_default().trim());
        kind.filter(|kind| !kind.is_empty())
    }

    /// `x-amzn-RequestId`: what account B finds in its access log as `$context.requestId`.
    pub fn request_id(&self) -> Option<&str> {
        self.header("x-amzn-requestid")
    }

    /// `x-amz-apigw-id`, which only API Gateway sets (`$context.extendedRequestId`).
    pub fn apigw_id(&self) -> Option<&str> {
        self.header("x-amz-apigw-id")
    }

    /// What the body says in API Gateway's own words. Under a success status it must say no more than that.
    pub fn wording(&self) -> Option<Wording> {
        let body = self.body_excerpt.as_deref()?.as_bytes();
        if self.status < 400 && !is_gateway_error(body) {
            return None;
        }
        Wording::of(&message(body)?)
    }

    /// Whether the body has the form of a Lambda function's error, which a non-proxy integration passes on under a success status.
    pub fn is_function_error(&self) -> bool {
        self.status < 400
            && self.body_excerpt.as_deref().is_some_and(|body| has_form_of_function_error(body.as_bytes()))
    }

    /// The message of the kept body, cleaned once more, since JSON's escapes are undone in it.
    pub fn message(&self) -> Option<String> {
        Some(printable(message(self.body_excerpt.as_deref()?.as_bytes())?.as_bytes(), MOST_EXCERPT_CHARS))
    }

    /// Whether the answer carries API Gateway's marks: a REST API's extended request id, or an HTTP API's.
    pub fn from_api_gateway(&self) -> bool {
        self.apigw_id().is_some() || self.is_of_http_api()
    }

    /// Whether it is an HTTP API's: such have a request id of their own, and never a REST API's.
    pub fn is_of_http_api(&self) -> bool {
        self.apigw_id().is_none() && self.header("apigw-requestid").is_some()
    }
}

/// The `message` or `Message` of a JSON error body, or the bare text of a short body that is none.
pub fn message(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?.trim();
    if !text.starts_with('{') {
        return Some(text.to_owned()).filter(|text| !text.is_empty() && text.len() <= 400);
    }
    if let Ok(value) = serde_json::from_str::<serde_json::Value>(text) {
        let field = value.get("message").or_else(|| value.get("Message"))?;
        return Some(field.as_str().map_or_else(|| field.to_string(), str::to_owned));
    }
    // an excerpt is cut off, and so is many a captured body: take the string as far as it goes
    let rest = text.trim_start_matches('{').trim_start();
    let rest = rest.strip_prefix("\"message\"").or_else(|| rest.strip_prefix("\"Message\""))?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    Some(rest.replace("\\n", "\n").replace("\\\"", "\"").trim_end_matches(['}', '"', ' ', '\n']).to_owned())
}

/// Whether a body is no more than a message that API Gateway words itself: such a body holds nothing of a backend.
pub fn is_gateway_error(body: &[u8]) -> bool {
    // `{"message":null}` says nothing by itself, and another service's refusal or complaint may be the backend's
    let telling =
        |wording: &Wording| !matches!(wording, Wording::Null | Wording::DeniedElsewhere | Wording::PlainToTls);
    let Some(wording) = message(body).and_then(|message| Wording::of(&message)).filter(telling) else { return false };
    match serde_json::from_slice::<serde_json::Value>(body) {
        Ok(serde_json::Value::Object(fields)) => fields.len() == 1,
        Ok(_) => false,
        // what is cut off may go on, so that only words count which nobody else has
        Err(_) if body.trim_ascii_start().starts_with(b"{") => {
            matches!(wording, Wording::Denied(Denial { user: Some(_), .. }) | Wording::SignatureMismatch)
        }
        Err(_) => !body.trim_ascii_start().starts_with(b"<"),
    }
}

/// What servers say where plain HTTP comes to a port that wants TLS: nginx, Apache, Go. No more of their page is kept.
fn complaint_of_plain_http(body: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(&body[..body.len().min(MOST_EXCERPT_CHARS)]);
    PLAIN_HTTP_COMPLAINTS.into_iter().find(|complaint| text.contains(complaint))
}

/// Whether a body was sent in another coding than its own, which only who asks for it may expect.
fn is_compressed(raw: &RawAnswer<'_>) -> bool {
    const GZIP: [u8; 2] = [0x1f, 0x8b];
    let coded = |(name, value): &(&str, &[u8])| {
        name.eq_ignore_ascii_case("content-encoding") && !value.trim_ascii().eq_ignore_ascii_case(b"identity")
    };
    raw.body.starts_with(&GZIP) || !raw.body.is_empty() && raw.headers.iter().any(coded)
}

/// Whether a body has the keys of a Lambda function's error and no others (Lambda developer guide, "Using Lambda with API Gateway").
fn has_form_of_function_error(body: &[u8]) -> bool {
    const KEYS: [&str; 6] = ["errorMessage", "errorType", "stackTrace", "trace", "requestId", "cause"];
    match serde_json::from_slice::<serde_json::Value>(body) {
        Ok(serde_json::Value::Object(fields)) => {
            fields.contains_key(KEYS[0]) && fields.keys().all(|key| KEYS.contains(&key.as_str()))
        }
        Ok(_) => false,
        // a stack trace may be cut off
        Err(_) => {
            let text = String::from_utf8_lossy(body);
            let text = text.trim_start();
            let first = |key: &str| text.strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with(key));
            (first("\"errorMessage\"") || first("\"errorType\""))
                && text.contains("\"errorMessage\"")
                && text.contains("\"errorType\"")
        }
    }
}

/// How much of a header is kept.
enum Keep {
    Whole,
    Name,
}

fn keep(name: &str) -> Option<Keep> {
    const KEPT: [&str; 15] = [
        "date",
        "age",
        "server",
        "via",
        "content-type",
        "content-length",
        "x-cache",
        "x-amzn-requestid",
        "x-amzn-errortype",
        "x-amzn-trace-id",
        "x-amz-apigw-id",
        "x-amzn-waf-action",
        "apigw-requestid",
        "x-amz-cf-id",
        "x-amz-cf-pop",
    ];
    const REMAPPED: [&str; 4] = ["server", "date", "content-length", "connection"];
    let name = name.to_ascii_lowercase();
    match name.strip_prefix("x-amzn-remapped-") {
        // the name alone proves that an integration answered; `…-Authorization` and its like are the backend's
        Some(rest) if REMAPPED.contains(&rest) => Some(Keep::Whole),
        Some(_) => Some(Keep::Name),
        None => KEPT.contains(&name.as_str()).then_some(Keep::Whole),
    }
}

/// Bytes from the network as text of at most `most` characters that no terminal takes for a command.
pub fn printable(bytes: &[u8], most: usize) -> String {
    // most of it is as it should be
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n');
    if let Ok(text) = str::from_utf8(bytes)
        && bytes.len() <= most
        && bytes.iter().all(is_plain)
    {
        return text.to_owned();
    }
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(most.saturating_mul(4))]);
    let chars = text.chars().take(most).filter(|c| *c != '\r');
    snug(chars.map(|c| if c == '\n' || is_shown(c) { c } else { '\u{fffd}' }))
}

fn cut(text: &str, most: usize) -> String {
    snug(text.chars().take(most))
}

/// The characters in no more memory than they need, since reports are kept.
fn snug(chars: impl Iterator<Item = char>) -> String {
    let mut text: String = chars.collect();
    text.shrink_to_fit();
    text
}

/// Whether a character may be shown: no control character, nothing that turns the direction of writing or is invisible.
pub fn is_shown(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// What is kept of a Lambda function's error: its form.
const FUNCTION_ERROR: &str = r#"{"errorMessage":"[redacted]"}"#;
/// What is shown in the place of a body that nobody can read as it came.
const COMPRESSED: &str = "[compressed]";
const MOST_HEADERS: usize = 32;
const MOST_HEADER_CHARS: usize = 256;
const MOST_EXCERPT_CHARS: usize = 2048;
