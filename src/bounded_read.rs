//! Reads whole files with a limit on their size: configurations, certificates, secrets, reports.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

/// Reads a file of [`MAX_BYTES`] at most: a regular one, standard input (`/dev/stdin`), or what a shell hands over (`<(…)`).
///
/// # Errors
///
/// Those of the file system, and for what is larger or is no such file.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    read_at_most(MAX_BYTES, path)
}

/// Reads a text as [`read`] does.
pub fn read_to_string(path: &Path) -> io::Result<String> {
    utf8(read(path)?)
}

/// Reads a file of so many bytes at most, as [`read`] does.
pub fn read_at_most(max_bytes: u64, path: &Path) -> io::Result<Vec<u8>> {
    if path == Path::new("/dev/stdin") {
        return read_all(max_bytes, io::stdin().lock());
    }
    let metadata = fs::metadata(path)?;
    let is_handed_over = path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd");
    match (metadata.is_dir(), metadata.is_file() || is_handed_over) {
        (true, _) => Err(ErrorKind::IsADirectory.into()),
        (false, true) => read_all(max_bytes, File::open(path)?),
        (false, false) => Err(io::Error::new(
            ErrorKind::InvalidInput,
            "this is not a regular file; what comes through a pipe is read as `/dev/stdin`",
        )),
    }
}

/// Reads a text from a file or from any pipe. A pipe may be opened to write for ten seconds, and be written to for five
/// minutes, since a person may be asked for a password meanwhile.
pub fn read_pipe_to_string(path: &Path) -> io::Result<String> {
    if fs::metadata(path)?.is_file() {
        return read_to_string(path);
    }
    let path = path.to_owned();
    let pipe = with_time_limit(OPEN_TIMEOUT, "no program opened it to write in time", || File::open(path))?;
    utf8(with_time_limit(WRITE_TIMEOUT, "it was not written to its end in time", || read_all(MAX_BYTES, pipe))?)
}

/// Does what may block for ever on a thread, which is left behind when the time is over.
pub fn with_time_limit<T: Send + 'static>(
    limit: Duration,
    late: &'static str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (sender, result) = channel();
    std::thread::Builder::new().spawn(move || sender.send(work()))?;
    result.recv_timeout(limit).unwrap_or_else(|_| Err(io::Error::new(ErrorKind::TimedOut, late)))
}

fn read_all(max_bytes: u64, source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(max_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes {
        let message = format!("this is larger than {} MiB", max_bytes >> 20);
        return Err(io::Error::new(ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

fn utf8(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|_| io::Error::new(ErrorKind::InvalidData, "this is not UTF-8"))
}

/// More than a configuration of ten thousand targets, or all the authorities of a host.
pub const MAX_BYTES: u64 = 4 << 20;
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);
const WRITE_TIMEOUT: Duration = Duration::from_secs(300);
