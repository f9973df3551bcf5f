//! Rejects parts of credentials that cannot stand in a header, or that no key of AWS looks like.

use crate::sign::Credentials;

/// Returns a part of credentials, which is visible ASCII. The error says what is wrong with which part, and never its text.
pub(in crate::aws) fn part<'t>(name: &str, text: &'t str) -> Result<&'t str, String> {
    if text.is_empty() {
        return Err(format!("`{name}` is empty"));
    }
    check_quotes(name, text)?;
    let Some(odd) = text.chars().find(|c| !c.is_ascii_graphic()) else { return Ok(text) };
    let what = match odd {
        '\r' => "a carriage return, as Windows editors leave it".to_owned(),
        '\n' => "a line break".to_owned(),
        odd if odd.is_whitespace() => "white space".to_owned(),
        odd if odd.is_control() => format!("a control character (U+{:04X})", u32::from(odd)),
        _ => "a character that is not ASCII".to_owned(),
    };
    let place = if text.ends_with(odd) { "at its end" } else { "in it" };
    Err(format!("`{name}` has {place} {what}"))
}

/// Checks that a value has no quotes around it, which AWS's shared files do not know, and is no placeholder.
pub(super) fn check_quotes(name: &str, text: &str) -> Result<(), String> {
    match text.chars().next() {
        Some('"' | '\'') => {
            Err(format!("`{name}` has quotes around it: take them off, they count as part of the value"))
        }
        Some('<') => Err(format!("`{name}` begins with `<`: it is a placeholder that was not filled in")),
        Some(_) | None => Ok(()),
    }
}

/// Checks keys where they are configured: id, secret key, token, and the token's old name. Returns whether there are any.
pub(super) fn check_keys<'t>(names: [&str; 4], value: impl Fn(&str) -> Option<&'t str>) -> Result<bool, String> {
    let [id, secret, token, old_token] = names.map(value);
    for (name, text) in names.into_iter().zip([id, secret, token]) {
        text.map_or(Ok(""), |text| part(name, text))?;
    }
    match (id, secret) {
        (Some(_), None) => Err(format!("`{}` is set without `{}`", names[0], names[1])),
        (None, Some(_)) => Err(format!("`{}` is set without `{}`", names[1], names[0])),
        // keys of a session, which are refused without their token
        (Some(id), Some(_)) if id.starts_with("ASIA") && token.is_none() && old_token.is_some() => {
            Err(format!("`{}` is an old name, which the AWS SDKs do not read: rename it to `{}`", names[3], names[2]))
        }
        (id, _) => Ok(id.is_some()),
    }
}

/// Checks the parts of credentials that a source gave.
pub(super) fn check(credentials: &Credentials) -> Result<(), String> {
    part("AccessKeyId", &credentials.access_key_id)?;
    part("SecretAccessKey", &credentials.secret_access_key)?;
    credentials.session_token.as_deref().map_or(Ok(""), |token| part("SessionToken", token)).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_visible_ascii_without_quotes_and_its_text_is_never_shown() {
        assert_eq!(part("x", "AKIA/+=09").unwrap(), "AKIA/+=09");
        for (text, word) in [
            ("hunter2\r", "carriage return"),
            ("hunter2\nhunter2", "line break"),
            (" hunter2", "white space"),
            ("hunter2\u{a0}", "white space"),
            ("hunter2\u{1b}[m", "U+001B"),
            ("hunter2é", "ASCII"),
            ("\"hunter2\"", "quotes"),
            ("'hunter2'", "quotes"),
            ("<hunter2>", "placeholder"),
            ("", "empty"),
        ] {
            let why = part("aws_secret_access_key", text).unwrap_err();
            assert!(why.contains("`aws_secret_access_key`") && why.contains(word), "{why}");
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}
