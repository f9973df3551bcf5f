//! May this be a part of a key? Its text goes into headers, so that what cannot stand there is refused where it is read.

/// Reads a part of credentials: visible ASCII, as AWS makes them. The error says what is wrong with which part, never its text.
pub(super) fn part(name: &str, text: &str) -> Result<String, String> {
    let Some(odd) = text.chars().find(|c| !c.is_ascii_graphic()) else {
        return if text.is_empty() { Err(format!("`{name}` is empty")) } else { Ok(text.to_owned()) };
    };
    let what = match odd {
        '\r' => "a carriage return, as editors of Windows leave it".to_owned(),
        '\n' => "a line break".to_owned(),
        odd if odd.is_whitespace() => "white space".to_owned(),
        odd if odd.is_control() => format!("a control character (U+{:04X})", u32::from(odd)),
        _ => "a character that is not ASCII".to_owned(),
    };
    let place = if text.ends_with(odd) { "at its end" } else { "in it" };
    Err(format!("`{name}` has {place} {what}"))
}

/// The same of a part that may be missing.
pub(super) fn part_if_any(name: &str, text: Option<&str>) -> Result<Option<String>, String> {
    text.map(|text| part(name, text)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_visible_ascii_and_its_text_is_never_told() {
        assert_eq!(part("x", "AKIA/+=09").unwrap(), "AKIA/+=09");
        for (text, word) in [
            ("hunter2\r", "carriage return"),
            ("hunter2\nhunter2", "line break"),
            (" hunter2", "white space"),
            ("hunter2\u{a0}", "white space"),
            ("hunter2\u{1b}[m", "U+001B"),
            ("hunter2é", "ASCII"),
            ("", "empty"),
        ] {
            let why = part("aws_secret_access_key", text).unwrap_err();
            assert!(why.contains("`aws_secret_access_key`") && why.contains(word), "{why}");
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}
