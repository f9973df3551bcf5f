//! Files are read with a limit on their size, and nothing is waited for without end.

use apigw_probe::bounded_read::{MAX_BYTES, read, read_pipe_to_string, read_to_string, with_time_limit};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

fn error_of(path: &Path) -> ErrorKind {
    read(path).unwrap_err().kind()
}

#[test]
fn a_file_that_is_too_large_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(MAX_BYTES).unwrap();
    assert_eq!(read(file.path()).unwrap().len() as u64, MAX_BYTES);
    file.as_file().set_len(MAX_BYTES + 1).unwrap();
    assert_eq!(error_of(file.path()), ErrorKind::FileTooLarge);
}

#[test]
fn what_is_no_regular_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = named_pipe(folder.path());
    assert_eq!(error_of(&pipe), ErrorKind::InvalidInput);
    assert_eq!(error_of(Path::new("/dev/zero")), ErrorKind::InvalidInput);
    assert_eq!(error_of(folder.path()), ErrorKind::IsADirectory);
    assert_eq!(error_of(&folder.path().join("none")), ErrorKind::NotFound);
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), [0xff]).unwrap();
    assert_eq!(read_to_string(file.path()).unwrap_err().kind(), ErrorKind::InvalidData);
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
fn a_named_pipe_is_read_where_pipes_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = named_pipe(folder.path());
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::write(pipe, "text")
    });
    assert_eq!(read_pipe_to_string(&pipe).unwrap(), "text");
    writer.join().unwrap().unwrap();
}

#[test]
fn what_blocks_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = named_pipe(folder.path());
    let soon = Duration::from_millis(10);
    let late = with_time_limit(soon, "late", move || File::open(pipe)).unwrap_err();
    assert_eq!((late.kind(), late.to_string()), (ErrorKind::TimedOut, "late".to_owned()));
    assert_eq!(with_time_limit(soon * 1000, "late", || Ok(7)).unwrap(), 7);
    // lets the thread that was left behind end
    let _ = OpenOptions::new().read(true).write(true).open(folder.path().join("pipe"));
}

fn named_pipe(folder: &Path) -> std::path::PathBuf {
    let pipe = folder.join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    pipe
}
