//! What of an HTTP answer may be kept? The gateway's own headers and its own errors; a backend's data is counted, not stored.

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
    /// The beginning of a recognised gateway error, redacted; anything only if the user asked for bodies.
    pub body_excerpt: Option<String>,
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
    /// From sending the request to the first byte of the answer, as felt.
    pub first_byte: Duration,
}

impl Answer {
    /// Keeps what may be reported.
    pub fn reduce(raw: &RawAnswer<'_>) -> Self {
        let kept = raw.headers.iter().filter(|(name, _)| is_kept(name));
        let headers = kept
            .take(MOST_HEADERS)
            .map(|(name, value)| ((*name).to_owned(), printable(value, MOST_HEADER_CHARS)))
            .collect();
        let mut answer = Self {
            status: raw.status,
            version: raw.version.to_owned(),
            headers,
            body_bytes: raw.body.len() as u64,
            body_excerpt: None,
            first_byte: raw.first_byte,
        };
        if raw.show_body
            || answer.error_type().is_some()
            || message(raw.body).is_some_and(|text| is_gateway_error(&text))
        {
            answer.body_excerpt =
                Some(redact(&printable(raw.body, MOST_EXCERPT_CHARS))).filter(|text| !text.is_empty());
        }
        answer
    }

    /// The value of a kept header, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// `x-amzn-ErrorType`, cut at the first colon: an error of an AWS front end, not of the backend.
    pub fn error_type(&self) -> Option<&str> {
        self.header("x-amzn-errortype").map(|value| value.split(':').next().unwrap_or_default().trim())
    }

    /// `x-amzn-RequestId`: what account B finds in its access log as `$context.requestId`.
    pub fn request_id(&self) -> Option<&str> {
        self.header("x-amzn-requestid")
    }

    /// `x-amz-apigw-id`, which only API Gateway sets (`$context.extendedRequestId`).
    pub fn apigw_id(&self) -> Option<&str> {
        self.header("x-amz-apigw-id")
    }

    /// Whether the answer carries API Gateway's marks: a REST API's extended request id, or an HTTP API's.
    pub fn from_api_gateway(&self) -> bool {
        self.apigw_id().is_some() || self.header("apigw-requestid").is_some()
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

/// Whether a message is worded as API Gateway words its own errors.
pub fn is_gateway_error(message: &str) -> bool {
    const WHOLE: [&str; 9] = [
        "Forbidden",
        "Unauthorized",
        "Missing Authentication Token",
        "Limit Exceeded",
        "Too Many Requests",
        "Internal server error",
        "Endpoint request timed out",
        "Network error communicating with endpoint",
        "null",
    ];
    const PARTS: [&str; 16] = [
        "is not authorized to perform: execute-api:Invoke",
        "is not authorized to access this resource",
        "policy allows the execute-api:Invoke action",
        "The request signature we calculated does not match",
        "Signature expired: ",
        "Signature not yet current: ",
        "in Authorization header",
        "Authorization header requires",
        "The security token included in the request",
        "Invalid request body",
        "Missing required request parameters",
        "Invalid request parameters",
        "HTTP content length exceeded",
        "Request URI too long",
        "Unsupported Media Type",
        "Request Too Long",
    ];
    WHOLE.contains(&message) || PARTS.iter().any(|part| message.contains(part))
}

fn is_kept(name: &str) -> bool {
    const KEPT: [&str; 12] = [
        "date",
        "server",
        "via",
        "content-type",
        "content-length",
        "x-cache",
        "x-amzn-requestid",
        "x-amzn-errortype",
        "x-amzn-trace-id",
        "x-amz-apigw-id",
        "apigw-requestid",
        "x-amz-cf-id",
    ];
    KEPT.contains(&name.to_ascii_lowercase().as_str())
}

/// Bytes from the network as text of at most `most` characters that no terminal takes for a command.
pub fn printable(bytes: &[u8], most: usize) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(most.saturating_mul(4))]);
    text.chars()
        .take(most)
        .filter(|c| *c != '\r')
        .map(|c| if c == '\n' || is_shown(c) { c } else { '\u{fffd}' })
        .collect()
}

/// Whether a character may be shown: no control character, nothing that turns the direction of writing or is invisible.
pub fn is_shown(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Takes out what may be a secret: the echoed `Authorization` header, session tokens, access key ids.
pub fn redact(text: &str) -> String {
    let mut out = text.to_owned();
    if let Some(at) = out.find("in Authorization header")
        && let Some(quote) = out[at..].find('\'')
    {
        out.truncate(at + quote);
        out.push_str("'[redacted]");
    }
    for name in ["x-amz-security-token:", "authorization:", "x-api-key:", "cookie:"] {
        let mut from = 0;
        while let Some(at) = out[from..].to_ascii_lowercase().find(name).map(|at| from + at + name.len()) {
            // in a JSON body the canonical string's line ends are written `\n`
            let end = out[at..].find(['\n', '\\', '\'', '"']).map_or(out.len(), |end| at + end);
            out.replace_range(at..end, "[redacted]");
            from = at + "[redacted]".len();
        }
    }
    redact_access_keys(&out)
}

/// `AKIA…` and `ASIA…` followed by 16 capitals or digits.
fn redact_access_keys(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = ["AKIA", "ASIA"].iter().filter_map(|prefix| rest.find(prefix)).min() {
        let tail = &rest[at + 4..];
        let run = tail.bytes().take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit()).count();
        out.push_str(&rest[..at + 4]);
        rest = if run >= 12 {
            out.push_str("[redacted]");
            &tail[run..]
        } else {
            tail
        };
    }
    out.push_str(rest);
    out
}

const MOST_HEADERS: usize = 32;
const MOST_HEADER_CHARS: usize = 256;
const MOST_EXCERPT_CHARS: usize = 2048;
