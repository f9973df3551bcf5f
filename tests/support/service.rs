//! Who supervises? A process with a notification socket, as systemd has it; it ends with its test.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::mpsc;
use std::time::Duration;

/// A supervised process.
pub(crate) struct Service {
    pub(crate) child: Child,
    /// What it said, in its order.
    pub(crate) notes: mpsc::Receiver<String>,
}

impl Service {
    /// Starts a command; its notification socket is put into the folder.
    pub(crate) fn start(command: &mut Command, folder: &Path) -> Self {
        let path = folder.join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let child = command.env("NOTIFY_SOCKET", path).spawn().unwrap();
        Self { child, notes: read_all(socket) }
    }

    /// The next note that holds the words.
    pub(crate) fn note(&self, words: &str) -> String {
        loop {
            let note = self.notes.recv_timeout(LONGEST_WAIT).unwrap_or_else(|error| panic!("no {words}: {error}"));
            if note.contains(words) {
                return note;
            }
        }
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads each note as it comes, as a service manager does: a few that nobody reads would hold the daemon up.
fn read_all(socket: UnixDatagram) -> mpsc::Receiver<String> {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let mut note = [0; 4096];
        while let Ok(length) = socket.recv(&mut note) {
            if tell.send(String::from_utf8_lossy(&note[..length]).into_owned()).is_err() {
                return;
            }
        }
    });
    told
}

const LONGEST_WAIT: Duration = Duration::from_secs(30);
