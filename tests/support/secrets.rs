//! What must never be seen? Keys, tokens, what they are made into, and the values of secret headers.

use std::io::Write as _;

/// The first of the secrets that a text shows, if it shows any: those of the lab's callers, and those of [`header_file`].
pub(crate) fn seen(text: &str) -> Option<&'static str> {
    SECRETS.into_iter().find(|secret| text.contains(secret))
}

/// A file with secret headers.
pub(crate) fn header_file() -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "x-api-key: hunter2-hunter2\nX-Token: bearer-of-nobody").unwrap();
    file
}

const SECRETS: [&str; 8] = [
    "wJalrXUtnFEMI",
    "je7MtGbClwBF",
    "AQoDYXdzEJr1K9Yy",
    "ASIAIOSFODNN7EXAMPLE",
    "Signature=",
    "hunter2",
    "Credential=ASIA",
    "bearer-of-nobody",
];
