//! Which headers may a user add? Plain ones from flags and configuration, secret ones from a file; none that a path sets itself.

use std::fmt;

/// A header to send. The name is as typed, the value may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The name, a token of RFC 9110.
    pub name: String,
    /// The value.
    pub value: HeaderText,
}

/// The text of a header: shown, or sent only.
#[derive(Clone, PartialEq, Eq)]
pub enum HeaderText {
    /// May appear in reports.
    Plain(String),
    /// Goes on the wire and nowhere else.
    Secret(String),
}

impl Header {
    /// Reads `Name: value` from a flag or the configuration. Headers that may hold a secret are refused: they belong into a file.
    pub fn plain(line: &str) -> Result<Self, HeaderError> {
        let (name, value) = split(line)?;
        if SECRET.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(HeaderError::Secret(name.to_owned()));
        }
        Ok(Self { name: name.to_owned(), value: HeaderText::Plain(value.to_owned()) })
    }

    /// Reads a header file: a `Name: value` on each line, as `curl -H @FILE` does. The error comes with the line's number.
    pub fn secret_lines(text: &str) -> Result<Vec<Self>, (usize, HeaderError)> {
        if text.starts_with('\u{feff}') {
            return Err((1, HeaderError::ByteOrderMark));
        }
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        lines
            .map(|(at, line)| match split(line) {
                Ok((name, value)) => Ok(Self { name: name.to_owned(), value: HeaderText::Secret(value.to_owned()) }),
                Err(error) => Err((at + 1, error)),
            })
            .collect()
    }
}

impl HeaderText {
    /// The text for the wire.
    pub fn to_send(&self) -> &str {
        match self {
            Self::Plain(text) | Self::Secret(text) => text,
        }
    }
}

/// The text for people: a secret is not shown.
impl fmt::Display for HeaderText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => f.write_str(text),
            Self::Secret(_) => f.write_str("[secret]"),
        }
    }
}

impl fmt::Debug for HeaderText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

/// A header that cannot be sent, with the right form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// No colon, or no name before it; the text is not repeated, since it may be a secret in the wrong place.
    #[error("a header has a name, a colon and a value, such as `X-Team: orders`")]
    Form,
    /// What some editors put before the first line, and curl would send.
    #[error(
        "it begins with a byte order mark (U+FEFF), which belongs to no header; save the file as UTF-8 without one"
    )]
    ByteOrderMark,
    /// The value has a character that no header may hold.
    #[error("the value of `{0}` has a character that a header cannot hold; visible ASCII, spaces and tabs can be sent")]
    Value(String),
    /// A header that the access paths set.
    #[error("`{0}` is set by the access paths themselves and cannot be given")]
    OfThePath(String),
    /// A header that belongs to the connection.
    #[error("`{0}` belongs to the connection and cannot be given")]
    OfTheConnection(String),
    /// A header that may hold a secret.
    #[error(
        "`{0}` may hold a secret: put the line into a file and give it as `--header-file`, in a configuration as `header_file`"
    )]
    Secret(String),
}

fn split(line: &str) -> Result<(&str, &str), HeaderError> {
    let (name, value) = line.split_once(':').ok_or(HeaderError::Form)?;
    let (name, value) = (name.trim(), value.trim_matches([' ', '\t', '\r']));
    if !is_token(name) {
        return Err(HeaderError::Form);
    }
    if !value.bytes().all(|b| b == b'\t' || (0x20..0x7f).contains(&b)) {
        return Err(HeaderError::Value(name.to_owned()));
    }
    match name.to_ascii_lowercase().as_str() {
        "host" | "x-apigw-api-id" => Err(HeaderError::OfThePath(name.to_owned())),
        lower if OF_THE_CONNECTION.contains(&lower) => Err(HeaderError::OfTheConnection(name.to_owned())),
        _ => Ok((name, value)),
    }
}

/// Whether the text is a token of RFC 9110, 5.6.2: a method or a header's name.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

const SECRET: [&str; 5] = ["authorization", "x-api-key", "cookie", "x-amz-security-token", "proxy-authorization"];

const OF_THE_CONNECTION: [&str; 8] =
    ["connection", "content-length", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];
