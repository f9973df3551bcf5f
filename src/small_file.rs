//! What does a small file say? Configurations, certificates, secrets: read with a bound, and no pipe or device is waited for without end.

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// Reads a file of four MiB at most. What is no regular file, such as a pipe of a shell, has this long to say everything, and ten
/// seconds at most to be opened by whoever writes to it; without patience it is an error at once. A disk that hangs holds up
/// whoever reads.
pub fn read(path: &Path, patience: Duration) -> io::Result<Vec<u8>> {
    read_at_most(MOST_BYTES, path, patience)
}

/// The same of a file of this many bytes at most.
pub fn read_at_most(bytes: u64, path: &Path, patience: Duration) -> io::Result<Vec<u8>> {
    all_of(bytes, open(path, patience, patience.min(MOST_FOR_A_WRITER))?)
}

fn open(path: &Path, patience: Duration, for_a_writer: Duration) -> io::Result<Box<dyn io::Read>> {
    let about = fs::metadata(path)?;
    if about.is_file() {
        return Ok(Box::new(File::open(path)?));
    }
    if about.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if patience.is_zero() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "this is no regular file"));
    }
    // opened without waiting for whoever writes to it
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let now = Instant::now();
    Ok(Box::new(Patient { file, until: now + patience, writer_until: Some(now + for_a_writer) }))
}

/// The same of a text.
pub fn read_text(path: &Path, patience: Duration) -> io::Result<String> {
    let text = String::from_utf8(read(path, patience)?);
    text.map_err(|_| io::Error::new(ErrorKind::InvalidData, "this is not UTF-8"))
}

fn all_of(most: u64, source: impl io::Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let message = format!("this is larger than {} MiB", most >> 20);
        return Err(io::Error::new(ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// A pipe or device that is waited for until a moment.
struct Patient {
    file: File,
    until: Instant,
    /// Until when somebody may open it to write; none once somebody has.
    writer_until: Option<Instant>,
}

impl io::Read for Patient {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let left = self.writer_until.unwrap_or(self.until).saturating_duration_since(Instant::now());
            let mut waited = [PollFd::new(self.file.as_fd(), PollFlags::POLLIN)];
            match poll(&mut waited, PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)) {
                // a read tells whether there is a writer who says nothing yet
                Ok(0) if self.writer_until.is_some() => {}
                Ok(0) => return Err(io::Error::new(ErrorKind::TimedOut, "nobody wrote all of it in time")),
                Err(Errno::EINTR) => continue,
                Err(error) => return Err(error.into()),
                Ok(_) => self.writer_until = None,
            }
            match (self.file.read(buffer), self.writer_until.take()) {
                (Err(error), _) if error.kind() == ErrorKind::WouldBlock => {}
                (Ok(0), Some(_)) => {
                    return Err(io::Error::new(ErrorKind::TimedOut, "nobody opened it to write in time"));
                }
                (read, _) => return read,
            }
        }
    }
}

/// Somebody may still be about to open a pipe; later it is a mistake.
const MOST_FOR_A_WRITER: Duration = Duration::from_secs(10);
/// More than a configuration of ten thousand targets, or all the authorities of a host.
const MOST_BYTES: u64 = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::process::Command;

    const SOON: Duration = Duration::from_millis(100);
    const LONG: Duration = Duration::from_secs(20);

    fn error_of(path: &Path) -> ErrorKind {
        read(path, SOON).unwrap_err().kind()
    }

    #[test]
    fn what_has_no_end_is_refused() {
        assert_eq!(error_of(Path::new("/dev/zero")), ErrorKind::FileTooLarge);
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(MOST_BYTES).unwrap();
        assert_eq!(read(file.path(), SOON).unwrap().len() as u64, MOST_BYTES);
        file.as_file().set_len(MOST_BYTES + 1).unwrap();
        assert_eq!(error_of(file.path()), ErrorKind::FileTooLarge);
        assert_eq!(error_of(Path::new("/")), ErrorKind::IsADirectory);
    }

    #[test]
    fn a_pipe_is_waited_for_and_not_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(error_of(&pipe), ErrorKind::TimedOut);
        assert_eq!(read(&pipe, Duration::ZERO).unwrap_err().kind(), ErrorKind::InvalidInput);
        let writer = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::write(pipe, "text")
        });
        assert_eq!(read_text(&pipe, LONG).unwrap(), "text");
        writer.join().unwrap().unwrap();
        // without a writer the rest of the patience is not used up
        let began = Instant::now();
        assert_eq!(open(&pipe, LONG, SOON).unwrap().read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(began.elapsed() < LONG / 2);
        // somebody opened it and says nothing
        let mut writer = OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
        assert_eq!(error_of(&pipe), ErrorKind::TimedOut);
        // who writes may think for longer than it may take to open it
        let (tell, told) = std::sync::mpsc::channel();
        let writer = std::thread::spawn(move || {
            told.recv().unwrap();
            std::thread::sleep(SOON * 3);
            writer.write_all(b"x").unwrap();
        });
        let mut read = open(&pipe, LONG, SOON).unwrap();
        tell.send(()).unwrap();
        assert_eq!(read.read(&mut [0]).unwrap(), 1);
        writer.join().unwrap();
    }
}
