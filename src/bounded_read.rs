//! Reads whole files with a limit on their size: configurations, certificates, secrets, reports.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
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

/// Reads everything, up to so many bytes.
pub fn read_all(max_bytes: u64, source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(max_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes {
        let message = format!("this is larger than {} MiB", max_bytes >> 20);
        return Err(io::Error::new(ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// Reads a text from a file or from any pipe. A writer may open the pipe for ten seconds, and has five minutes to write,
/// since a person may be asked for a password meanwhile.
pub fn read_pipe_to_string(path: &Path) -> io::Result<String> {
    if fs::metadata(path)?.is_file() {
        return read_to_string(path);
    }
    utf8(read_pipe(path, OPEN_TIMEOUT, WRITE_TIMEOUT)?)
}

/// Reads by a thread, which stays behind if the pipe does not end in time.
fn read_pipe(path: &Path, to_open: Duration, to_write: Duration) -> io::Result<Vec<u8>> {
    let late = |message| io::Error::new(ErrorKind::TimedOut, message);
    let path = path.to_owned();
    let (opened, is_open) = channel::<()>();
    let (answer, content) = channel();
    std::thread::Builder::new().spawn(move || {
        let file = File::open(path);
        drop(opened);
        let _ = answer.send(file.and_then(|file| read_all(MAX_BYTES, file)));
    })?;
    match is_open.recv_timeout(to_open) {
        Err(RecvTimeoutError::Timeout) => Err(late("no program opened it to write in time")),
        Ok(()) | Err(RecvTimeoutError::Disconnected) => {
            content.recv_timeout(to_write).unwrap_or_else(|_| Err(late("it was not written to its end in time")))
        }
    }
}

fn utf8(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|_| io::Error::new(ErrorKind::InvalidData, "this is not UTF-8"))
}

/// More than a configuration of ten thousand targets, or all the authorities of a host.
pub const MAX_BYTES: u64 = 4 << 20;
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);
const WRITE_TIMEOUT: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::os::fd::AsRawFd as _;
    use std::process::Command;

    const SOON: Duration = Duration::from_millis(100);
    const LONG: Duration = Duration::from_secs(20);

    fn error_of(path: &Path) -> ErrorKind {
        read(path).unwrap_err().kind()
    }

    #[test]
    fn what_is_too_large_or_no_regular_file_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(MAX_BYTES).unwrap();
        assert_eq!(read(file.path()).unwrap().len() as u64, MAX_BYTES);
        file.as_file().set_len(MAX_BYTES + 1).unwrap();
        assert_eq!(error_of(file.path()), ErrorKind::FileTooLarge);
        assert_eq!(read_all(MAX_BYTES, io::repeat(0)).unwrap_err().kind(), ErrorKind::FileTooLarge);
        assert_eq!(error_of(Path::new("/dev/zero")), ErrorKind::InvalidInput);
        assert_eq!(error_of(Path::new("/")), ErrorKind::IsADirectory);
    }

    #[test]
    fn what_a_shell_hands_over_is_read_to_its_end() {
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"text").unwrap();
        drop(writer);
        let path = format!("/dev/fd/{}", reader.as_raw_fd());
        assert_eq!(read_to_string(path.as_ref()).unwrap(), "text");
    }

    #[test]
    fn a_named_pipe_is_read_with_a_time_limit_where_pipes_are_taken() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(error_of(&pipe), ErrorKind::InvalidInput);
        let writer = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::write(pipe, "text")
        });
        assert_eq!(read_pipe_to_string(&pipe).unwrap(), "text");
        writer.join().unwrap().unwrap();
        let message = |error: io::Error| (error.kind(), error.to_string());
        // nobody opens it
        let (kind, unopened) = message(read_pipe(&pipe, SOON, LONG).unwrap_err());
        assert_eq!(kind, ErrorKind::TimedOut);
        // somebody opens it and writes nothing
        let _writer = fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
        let (kind, unwritten) = message(read_pipe(&pipe, LONG, SOON).unwrap_err());
        assert!(kind == ErrorKind::TimedOut && unwritten != unopened, "{unwritten}");
        assert_eq!(read_pipe(&folder.path().join("none"), LONG, LONG).unwrap_err().kind(), ErrorKind::NotFound);
    }
}
