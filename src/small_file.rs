//! The former names of [`crate::bounded_read`], for callers that still pass a time limit, which is not needed.

use std::io;
use std::path::Path;
use std::time::Duration;

/// Reads a file.
pub fn read(path: &Path, _: Duration) -> io::Result<Vec<u8>> {
    crate::bounded_read::read(path)
}

/// Reads a text.
pub fn read_text(path: &Path, _: Duration) -> io::Result<String> {
    crate::bounded_read::read_to_string(path)
}
