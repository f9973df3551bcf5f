//! What must never be shown? The values of secret headers, wherever they come back, and what AWS echoes of a caller's credentials.

use crate::plan::{Header, HeaderText};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// The values of secret headers and their telling parts. A value of fewer than four characters is not among them: it would be found
/// in any text, and keeps nothing secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// Those of the headers that are secret.
    pub fn of(headers: &[Header]) -> Self {
        let mut all = Vec::new();
        for header in headers {
            match &header.value {
                HeaderText::Plain(_) => {}
                // curl's header files hold such lines too, and every other answer would repeat their values
                HeaderText::Secret(_) if NO_SECRETS.contains(&header.name.to_ascii_lowercase().as_str()) => {}
                HeaderText::Secret(value) => all.extend(parts(value)),
            }
        }
        all.sort();
        all.dedup();
        Self(all)
    }

    /// The text with a mark in the place of each secret: as it was sent, with the escapes of JSON or HTML, percent-encoded, in
    /// base64 or out of it, or broken off by the end of the text.
    pub fn hide(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let (mut at, mut copied) = (0, 0);
        while at < text.len() {
            match self.0.iter().filter_map(|secret| end(secret.as_bytes(), text.as_bytes(), at)).max() {
                Some(end) => {
                    out.push_str(&text[copied..at]);
                    out.push_str(REDACTED);
                    (at, copied) = (end, end);
                }
                None => at += 1,
            }
        }
        out.push_str(&text[copied..]);
        out
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

/// The whole value, what stands behind the scheme (`Bearer X`), and the values of parameters (`session=X; theme=Y`).
fn parts(value: &str) -> Vec<String> {
    let rest = value.split_once(' ').map(|(_, rest)| rest.trim());
    let parameters =
        value.split([';', ',', ' ']).filter_map(|pair| pair.split_once('=')).filter_map(|(name, value)| {
            let value = value.trim_matches('"');
            // the names of signed headers are no secret, and the diagnosis reads them
            (name != "SignedHeaders" && value.len() >= LEAST_OF_PARAMETER).then_some(value)
        });
    let whole = [Some(value), rest].into_iter().flatten().filter(|text| text.len() >= LEAST);
    let encoded = whole.clone().flat_map(in_base64);
    let own = rest.into_iter().flat_map(out_of_base64);
    whole.chain(parameters).map(str::to_owned).chain(encoded).chain(own).collect()
}

/// A text as others write it in base64: by itself, and as the beginning of more, but for its end, which depends on what follows there.
fn in_base64(text: &str) -> Vec<String> {
    let all = [text.len(), text.len() - text.len() % 3].map(|length| STANDARD.encode(&text.as_bytes()[..length]));
    all.into_iter().filter(|encoded| encoded.len() >= LEAST_OF_PARAMETER).collect()
}

/// What was sent in base64, as in `Basic X`: the user with the password, and the password by itself.
fn out_of_base64(text: &str) -> Vec<String> {
    let pair = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let password = pair.split_once(':').map(|(_, password)| password.to_owned());
    [Some(pair), password].into_iter().flatten().filter(|text| text.len() >= LEAST).collect()
}

/// Where a secret ends that begins here, or the end of the text if that breaks off within the secret.
fn end(secret: &[u8], text: &[u8], at: usize) -> Option<usize> {
    let begins = text[at] == secret[0] || matches!(text[at], b'\\' | b'%' | b'&' | b'+');
    let mut ends = if begins { vec![at] } else { return None };
    for (matched, byte) in secret.iter().enumerate() {
        if matched >= LEAST && ends.iter().any(|end| is_broken_off(&text[*end..])) {
            return Some(text.len());
        }
        ends = ends.into_iter().flat_map(|end| written(*byte, &text[end..]).map(move |length| end + length)).collect();
        ends.sort_unstable();
        ends.dedup();
        if ends.is_empty() {
            return None;
        }
    }
    ends.into_iter().max()
}

/// The lengths of the ways in which a byte may stand at the beginning of a text; an escape may have been escaped again.
fn written(byte: u8, text: &[u8]) -> impl Iterator<Item = usize> {
    let slashes = text.iter().take(MOST_ESCAPES).take_while(|b| **b == b'\\').count();
    let letter = text.get(slashes).copied();
    let plain = (letter == Some(byte) || (slashes > 0 && letter == Some(b't') && byte == b'\t')).then_some(slashes + 1);
    let unicode = slashes > 0 && letter == Some(b'u') && is_number(text.get(slashes + 1..slashes + 5), 16, byte);
    let unicode = unicode.then_some(slashes + 5);
    let percents = text
        .strip_prefix(b"%")
        .map_or(0, |rest| 1 + 2 * rest.chunks(2).take(MOST_ESCAPES).take_while(|two| two == b"25").count());
    let percent = [percents, percents.saturating_sub(2)].into_iter().filter(|from| *from > 0);
    let percent = percent.filter(move |from| is_number(text.get(*from..from + 2), 16, byte)).map(|from| from + 2);
    let plus = (byte == b' ' && text.first() == Some(&b'+')).then_some(1);
    // a secret's own backslashes may be any of those that stand here
    let own = (1..=slashes).filter(move |_| byte == b'\\');
    plain.into_iter().chain(unicode).chain(percent).chain(plus).chain(reference(byte, text)).chain(own)
}

/// The length of an HTML character reference to the byte: `&amp;`, `&#38;`, `&#x26;`.
fn reference(byte: u8, text: &[u8]) -> Option<usize> {
    let inner = text.strip_prefix(b"&")?;
    let length = inner.iter().take(8).position(|b| *b == b';')?;
    let inner = &inner[..length];
    let is_it = match inner {
        b"amp" => byte == b'&',
        b"lt" => byte == b'<',
        b"gt" => byte == b'>',
        b"quot" => byte == b'"',
        b"apos" => byte == b'\'',
        [b'#', b'x' | b'X', digits @ ..] => is_number(Some(digits), 16, byte),
        [b'#', digits @ ..] => is_number(Some(digits), 10, byte),
        _ => false,
    };
    is_it.then_some(length + 2)
}

fn is_number(digits: Option<&[u8]>, radix: u32, byte: u8) -> bool {
    let number = digits.and_then(|digits| u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok());
    number == Some(u32::from(byte))
}

/// Whether a text ends here, or within an escape that begins here.
fn is_broken_off(rest: &[u8]) -> bool {
    rest.is_empty() || (rest.len() < 8 && matches!(rest[0], b'\\' | b'%' | b'&'))
}

/// Takes out what may be a secret: the echoed `Authorization` header, the values of signed headers and parameters, tokens, access key ids.
pub fn redact(text: &str) -> String {
    let text = redact_authorization(text);
    let text = redact_canonical_string(&text);
    let text = redact_runs(&text, &["X-Amz-Security-Token=", "X-Amz-Signature=", "X-Amz-Credential="], 1, is_query);
    let text = redact_runs(&text, &["Bearer ", "Basic "], 8, is_token68);
    let text = redact_runs(&text, &["eyJ"], 16, is_token68);
    redact_runs(&text, &["AKIA", "ASIA"], 12, |c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

/// `'TOKEN' not a valid key=value pair (missing equal-sign) in Authorization header: 'Bearer TOKEN'` echoes the header on both sides,
/// `Authorization header requires 'Credential' parameter. … Authorization=TOKEN` at the end.
fn redact_authorization(text: &str) -> String {
    let mut out = text.to_owned();
    if let Some(at) = find(&out, "in Authorization header")
        && let Some(quote) = out[at..].find('\'')
    {
        out.truncate(at + quote);
        out.push('\'');
        out.push_str(REDACTED);
    }
    if let Some(end) = find(&out, " not a valid key=value pair") {
        let start = out[..end].find('\'').or_else(|| out[..end].rfind('"')).map_or(0, |quote| quote + 1);
        out.replace_range(start..end, REDACTED);
    }
    if let Some(at) = find(&out, AUTHORIZATION) {
        let start = at + AUTHORIZATION.len();
        // what closes a JSON body stays, so that the message can still be read
        let end = out.trim_end().strip_suffix('}').and_then(|rest| rest.trim_end().strip_suffix('"')).map(str::len);
        out.replace_range(start..end.unwrap_or(out.len()).max(start), REDACTED);
    }
    out
}

/// The canonical string in a signature error repeats the query and every signed header; the values of all but the harmless ones go.
fn redact_canonical_string(text: &str) -> String {
    const SHOWN: [&str; 5] = ["host", "x-amz-date", "content-type", "content-length", "x-amz-content-sha256"];
    const SECRET: [&str; 4] = ["x-amz-security-token", "authorization", "x-api-key", "cookie"];
    let canonical = find(text, "Canonical String").unwrap_or(text.len());
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    // in a JSON body the lines' ends are written `\n`
    for line in text.split_inclusive('\n').flat_map(|line| line.split_inclusive("\\n")) {
        let body = line.trim_end_matches('\n').trim_end_matches("\\n");
        let name = body.split(':').next().unwrap_or_default();
        let bare = name.rsplit(['"', '\'', ' ']).next().unwrap_or_default().to_ascii_lowercase();
        let is_header = body.contains(':')
            && !bare.is_empty()
            && bare.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if is_header && (at > canonical && !SHOWN.contains(&bare.as_str()) || SECRET.contains(&bare.as_str())) {
            let tail = body.find(['"', '\'']).filter(|quote| *quote > name.len()).map_or("", |quote| &body[quote..]);
            out.push_str(name);
            out.push(':');
            out.push_str(REDACTED);
            out.push_str(tail);
        } else if at > canonical && !is_header && !body.starts_with('/') {
            out.push_str(&redact_query(body));
        } else {
            out.push_str(body);
        }
        out.push_str(&line[body.len()..]);
        at += line.len();
    }
    out
}

/// The values of a query go, but for those of parameters that say how it was signed.
fn redact_query(line: &str) -> String {
    const SHOWN: [&str; 4] = ["x-amz-algorithm", "x-amz-date", "x-amz-expires", "x-amz-signedheaders"];
    let parameters = line.split('&').map(|parameter| match parameter.split_once('=') {
        Some((name, value)) if !SHOWN.contains(&name.to_ascii_lowercase().as_str()) => {
            let length = value.find(|c| !is_query(c)).unwrap_or(value.len());
            format!("{name}={}{}", if length > 0 { REDACTED } else { "" }, &value[length..])
        }
        Some(_) | None => parameter.to_owned(),
    });
    parameters.collect::<Vec<_>>().join("&")
}

/// Puts a mark in the place of each run of at least `least` such characters after one of the prefixes.
fn redact_runs(text: &str, prefixes: &[&str], least: usize, of: fn(char) -> bool) -> String {
    prefixes.iter().fold(text.to_owned(), |text, prefix| {
        let mut out = String::with_capacity(text.len());
        let (lower, prefix) = (text.to_ascii_lowercase(), prefix.to_ascii_lowercase());
        let mut at = 0;
        while let Some(found) = lower[at..].find(&prefix) {
            let start = at + found + prefix.len();
            let run = text[start..].find(|c| !of(c)).unwrap_or(text.len() - start);
            out.push_str(&text[at..start]);
            out.push_str(if run >= least { REDACTED } else { &text[start..start + run] });
            at = start + run;
        }
        out + &text[at..]
    })
}

fn is_query(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, '&' | '"' | '\'' | '\\')
}

fn is_token68(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | '+' | '/' | '=')
}

/// Where a part begins, in any case.
fn find(text: &str, part: &str) -> Option<usize> {
    text.to_ascii_lowercase().find(&part.to_ascii_lowercase())
}

/// The mark in the place of what must not be shown.
pub(super) const REDACTED: &str = "[redacted]";
const AUTHORIZATION: &str = "Authorization=";
/// Headers that describe content, whatever file they stand in.
const NO_SECRETS: [&str; 4] = ["accept", "accept-encoding", "accept-language", "content-type"];
const LEAST: usize = 4;
/// Parameters of cookies and schemes are often plain words.
const LEAST_OF_PARAMETER: usize = 8;
const MOST_ESCAPES: usize = 8;
