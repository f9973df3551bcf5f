//! Who signed this? SigV4 from the server's side, after the documentation; it shares nothing with the probe's signer.

use super::reply::Refusal;
use super::request::Request;
use super::world::{AccessKey, World};
use aws_lc_rs::{digest, hmac};
use std::fmt::Write as _;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

/// As whom a request comes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Caller<'w> {
    /// Nobody says so.
    Anonymous,
    /// An `Authorization` header that is no signature.
    Bearer,
    /// The holder of a key.
    Holder(&'w AccessKey),
}

/// Who calls, or why that cannot be believed.
pub(super) fn caller<'w>(world: &'w World, request: &Request, now: OffsetDateTime) -> Result<Caller<'w>, Refusal> {
    let Some(authorization) = request.header("authorization") else { return Ok(Caller::Anonymous) };
    let Some(rest) = authorization.strip_prefix(ALGORITHM) else { return Ok(Caller::Bearer) };
    let part = |name: &str| {
        let found = rest.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
        found.ok_or_else(|| Refusal::IncompleteSignature(name.to_owned()))
    };
    let (credential, names, signature) = (part("Credential")?, part("SignedHeaders")?, part("Signature")?);
    let [id, day, region, service, "aws4_request"] = credential.split('/').collect::<Vec<_>>()[..] else {
        return Err(Refusal::IncompleteSignature("Credential".to_owned()));
    };
    let key = world.keys.iter().find(|key| key.id == id).ok_or(Refusal::UnknownAccessKey)?;
    if request.header("x-amz-security-token") != key.token {
        return Err(Refusal::UnknownAccessKey);
    }
    if region != world.region.name || service != SERVICE {
        return Err(Refusal::Signature(format!(
            "Credential should be scoped to a valid region and to service {SERVICE}. "
        )));
    }
    let stamp = request.header("x-amz-date").unwrap_or_default();
    judge_time(stamp, day, now)?;
    let canonical = canonical(request, names);
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let to_sign =
        format!("{ALGORITHM}\n{stamp}\n{scope}\n{}", hex(digest::digest(&digest::SHA256, canonical.as_bytes())));
    if hex(sum(signing_key(key.secret, [day, region, service]).as_ref(), &to_sign)) != signature {
        return Err(Refusal::Signature(format!(
            "{MISMATCH}\n\nThe Canonical String for this request should have been\n'{canonical}'\n\nThe String-to-Sign should \
             have been\n'{to_sign}'\n"
        )));
    }
    if key.ended { Err(Refusal::EndedSession) } else { Ok(Caller::Holder(key)) }
}

/// A signature holds for five minutes around its time.
fn judge_time(stamp: &str, day: &str, now: OffsetDateTime) -> Result<(), Refusal> {
    let Ok(at) = PrimitiveDateTime::parse(stamp, STAMP).map(PrimitiveDateTime::assume_utc) else {
        return Err(Refusal::IncompleteSignature("X-Amz-Date".to_owned()));
    };
    if !stamp.starts_with(day) {
        return Err(Refusal::Signature(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP".to_owned(),
        ));
    }
    let written = |at: OffsetDateTime| at.format(STAMP).unwrap_or_default();
    let (least, most) = (now - TOLERANCE, now + TOLERANCE);
    if at < least {
        let (least, now) = (written(least), written(now));
        return Err(Refusal::Signature(format!(
            "Signature expired: {stamp} is now earlier than {least} ({now} - 5 min.)"
        )));
    }
    if at > most {
        let (most, now) = (written(most), written(now));
        return Err(Refusal::Signature(format!(
            "Signature not yet current: {stamp} is still later than {most} ({now} + 5 min.)"
        )));
    }
    Ok(())
}

/// The request in the one form of which both sides make the signature.
fn canonical(request: &Request, names: &str) -> String {
    let (path, query) = match request.target.find('?') {
        Some(at) => (&request.target[..at], &request.target[at + 1..]),
        None => (request.target.as_str(), ""),
    };
    let mut text = format!("{}\n{}\n{}\n", request.method, resource(path), parameters(query));
    for name in names.split(';') {
        let values = request.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let values: Vec<String> =
            values.map(|(_, value)| value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")).collect();
        let _ = writeln!(text, "{name}:{}", values.join(","));
    }
    // no request here has a body
    let _ = write!(text, "\n{names}\n{}", hex(digest::digest(&digest::SHA256, b"")));
    text
}

/// The path: dots and doubled slashes resolved, every byte but `/` and the unreserved ones written as `%XX`.
fn resource(path: &str) -> String {
    let mut kept: Vec<&[u8]> = Vec::new();
    for piece in path.as_bytes().split(|byte| *byte == b'/') {
        if piece == b".." {
            kept.pop();
        } else if !piece.is_empty() && piece != b"." {
            kept.push(piece);
        }
    }
    let mut out = String::new();
    for piece in &kept {
        out.push('/');
        piece.iter().for_each(|byte| escape(*byte, &mut out));
    }
    let open = [&b"/"[..], b"/.", b"/.."].iter().any(|end| path.as_bytes().ends_with(end));
    if open || kept.is_empty() {
        out.push('/');
    }
    out
}

/// The query: each pair decoded, written anew, and sorted.
fn parameters(query: &str) -> String {
    let written = |text: &str| {
        let mut out = String::new();
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            let byte = match byte {
                b'+' => b' ',
                b'%' => {
                    let digits: Vec<u8> = bytes.clone().take(2).collect();
                    let number = std::str::from_utf8(&digits).ok().filter(|digits| digits.len() == 2);
                    match number.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                        Some(number) => {
                            bytes.nth(1);
                            number
                        }
                        None => b'%',
                    }
                }
                other => other,
            };
            escape(byte, &mut out);
        }
        out
    };
    let mut pairs: Vec<(String, String)> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        pairs.push((written(name), written(value)));
    }
    pairs.sort();
    pairs.into_iter().map(|(name, value)| name + "=" + &value).collect::<Vec<_>>().join("&")
}

fn escape(byte: u8, out: &mut String) {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
        other => {
            let _ = write!(out, "%{other:02X}");
        }
    }
}

/// The key of a day, a Region and a service.
fn signing_key(secret: &str, scope: [&str; 3]) -> hmac::Tag {
    let day = sum(format!("AWS4{secret}").as_bytes(), scope[0]);
    let service = scope[1..].iter().fold(day, |key, part| sum(key.as_ref(), part));
    sum(service.as_ref(), "aws4_request")
}

fn sum(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SERVICE: &str = "execute-api";
const STAMP: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]T[hour][minute][second]Z");
const TOLERANCE: Duration = Duration::minutes(5);
const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and \
                        signing method. Consult the service documentation for details.";
