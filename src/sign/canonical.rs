//! Which line differs? The canonical request that was signed, beside the one that the service says it read.

use crate::observation::{Difference, Secrets, message, printable};
use crate::plan::{Header, HeaderText, Plan};
use form_urlencoded::parse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Holds what was signed against the canonical request in a refusal; none if the body shows no such request, or nothing was signed.
pub fn compare(plan: &Plan, sent: &[Header], body: &[u8]) -> Option<Vec<Difference>> {
    let names = signed_names(sent)?;
    let theirs = Lines::read(&message(body)?)?;
    let ours = Lines::of(plan, sent, &names);
    let secrets = Secrets::of(sent);
    let show = |text: &str| printable(secrets.hide(text).as_bytes(), MOST_CHARS);
    let is_secret = |line: &str| {
        line.strip_prefix(HEADER).is_some_and(|name| {
            let known = sent.iter().find(|header| header.name.eq_ignore_ascii_case(name));
            match known.map(|header| &header.value) {
                Some(HeaderText::Secret(_)) => true,
                Some(HeaderText::Plain(_)) => false,
                // what the way added may be anybody's
                None => name != "host",
            }
        })
    };
    let shown = |line: &str, text: Option<&String>| {
        text.map(|text| if is_secret(line) { "[secret]".to_owned() } else { show(text) })
    };
    let mut lines: Vec<&String> = ours.0.keys().chain(theirs.0.keys()).collect();
    lines.sort();
    lines.dedup();
    let differ = lines.into_iter().filter(|line| ours.0.get(*line) != theirs.0.get(*line));
    Some(
        differ
            .map(|line| Difference {
                line: printable(line.as_bytes(), MOST_CHARS),
                ours: shown(line, ours.0.get(line)),
                theirs: shown(line, theirs.0.get(line)),
            })
            .collect(),
    )
}

/// The headers that the signature covers, as `Authorization` names them.
fn signed_names(sent: &[Header]) -> Option<Vec<&str>> {
    let authorization = sent.iter().find(|header| header.name.eq_ignore_ascii_case("authorization"))?;
    let names = authorization.value.to_send().split("SignedHeaders=").nth(1)?;
    Some(names.split(',').next()?.split(';').collect())
}

/// A canonical request, line by line.
#[derive(Debug, PartialEq, Eq)]
struct Lines(BTreeMap<String, String>);

impl Lines {
    /// The one that was signed.
    fn of(plan: &Plan, sent: &[Header], names: &[&str]) -> Self {
        let (path, query) = plan.path_and_query.split_once('?').unwrap_or((&plan.path_and_query, ""));
        let mut lines = BTreeMap::from([
            ("method".to_owned(), plan.method.to_string()),
            ("path".to_owned(), canonical_path(path)),
            ("query".to_owned(), canonical_query(query)),
            ("signed-headers".to_owned(), names.join(";")),
            ("payload".to_owned(), EMPTY.to_owned()),
        ]);
        for name in names {
            let values = sent.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
            let values: Vec<String> = values.map(|header| trimmed(header.value.to_send())).collect();
            let value = if *name == "host" { plan.host.to_string() } else { values.join(",") };
            lines.insert(format!("{HEADER}{name}"), value);
        }
        Self(lines)
    }

    /// The one that a message shows between quotes.
    fn read(message: &str) -> Option<Self> {
        let shown = message.split("The Canonical String for this request should have been").nth(1)?;
        let shown = shown.split("The String-to-Sign").next()?;
        let (begin, end) = (shown.find('\'')? + 1, shown.rfind('\'')?);
        let mut rest = shown.get(begin..end)?.split('\n');
        let mut lines = BTreeMap::new();
        for line in ["method", "path", "query"] {
            lines.insert(line.to_owned(), rest.next()?.to_owned());
        }
        for header in rest.by_ref().take_while(|line| !line.is_empty()) {
            let (name, value) = header.split_once(':')?;
            lines.insert(format!("{HEADER}{name}"), value.to_owned());
        }
        for line in ["signed-headers", "payload"] {
            lines.insert(line.to_owned(), rest.next()?.to_owned());
        }
        Some(Self(lines))
    }
}

/// The path without dot segments and repeated slashes, percent-encoded once more.
fn canonical_path(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let last = if segments.is_empty() || !(path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..")) {
        ""
    } else {
        "/"
    };
    let encoded: Vec<String> = segments.into_iter().map(encoded).collect();
    format!("/{}{last}", encoded.join("/"))
}

/// The parameters by name and value, each percent-encoded anew.
fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<_> = parse(query.as_bytes()).map(|(name, value)| (encoded(&name), encoded(&value))).collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A value without the spaces around it, and one space for several.
fn trimmed(value: &str) -> String {
    value.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

const HEADER: &str = "header ";
/// The hash of no body.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const MOST_CHARS: usize = 200;
