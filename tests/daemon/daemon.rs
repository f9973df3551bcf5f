//! A daemon that is its own systemd's: with a notification socket, signals, and a log in a file.

use crate::address::own_address;
use crate::service::Service;
use crate::side::{Side, binary};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A running daemon.
pub(crate) struct Daemon {
    pub(crate) service: Service,
    pub(crate) listen: SocketAddr,
    folder: tempfile::TempDir,
    /// A pipe that is the configuration is not at its end while this is open.
    writer: Mutex<Option<File>>,
}

impl Daemon {
    /// Starts it with a configuration; `LISTEN` is put in front.
    pub(crate) fn start(config: &str) -> Self {
        Self::start_with(config, |_| {})
    }

    /// Starts it with a configuration and whatever else is done to the command.
    pub(crate) fn start_with(config: &str, more: impl FnOnce(&mut Command)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listen = SocketAddr::from((own_address(), 9715));
        std::fs::write(folder.path().join("config.toml"), with_listen(listen, config)).unwrap();
        let config = folder.path().join("config.toml");
        Self::spawn(folder, listen, &config, more)
    }

    /// Starts it with a configuration on standard input, which ends when it is written.
    pub(crate) fn start_slowly() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listen = SocketAddr::from((own_address(), 9715));
        let pipe = folder.path().join("config.toml");
        make_pipe(&pipe);
        let writer = open_writer(&pipe);
        let stdin = File::open(&pipe).unwrap();
        let daemon = Self::spawn(folder, listen, Path::new("/dev/stdin"), |command| {
            command.stdin(stdin);
        });
        *daemon.writer.lock().unwrap() = Some(writer);
        daemon
    }

    /// Has the next reading of standard input wait for what is written.
    pub(crate) fn slow_down(&self) {
        *self.writer.lock().unwrap() = Some(open_writer(&self.config()));
    }

    fn spawn(folder: tempfile::TempDir, listen: SocketAddr, config: &Path, more: impl FnOnce(&mut Command)) -> Self {
        let log = File::create(folder.path().join("log")).unwrap();
        let mut command = binary();
        command.args(["serve", "--config"]).arg(config);
        command.stderr(Stdio::from(log));
        more(&mut command);
        Self { service: Service::start(&mut command, folder.path()), listen, folder, writer: Mutex::default() }
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    /// Writes another configuration.
    pub(crate) fn write(&self, config: &str) {
        std::fs::write(self.config(), with_listen(self.listen, config)).unwrap();
        *self.writer.lock().unwrap() = None;
    }

    /// Puts a pipe in place of the configuration.
    pub(crate) fn replace_by_pipe(&self) {
        std::fs::remove_file(self.config()).unwrap();
        make_pipe(&self.config());
    }

    /// The whole lines of the log.
    pub(crate) fn log(&self) -> String {
        let mut log = std::fs::read_to_string(self.folder.path().join("log")).unwrap();
        log.truncate(log.rfind('\n').map_or(0, |end| end + 1));
        log
    }

    /// The log once it holds the words.
    pub(crate) fn log_with(&self, words: &str) -> String {
        eventually(words, || Some(self.log()).filter(|log| log.contains(words)))
    }

    /// The next notice that holds the words.
    pub(crate) fn notice(&self, words: &str) -> String {
        self.service.note(words)
    }

    pub(crate) fn signal(&self, name: &str) {
        self.service.signal(name);
    }

    /// The exit status, once it has ended.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        self.service.child.wait().unwrap().code()
    }

    /// Every notice that nobody has read yet.
    pub(crate) fn notices(&self) -> Vec<String> {
        self.service.notes.try_iter().collect()
    }

    pub(crate) fn metrics(&self) -> String {
        self.ask("GET /metrics")
    }

    /// The whole answer to a method and a path, head and body as they come.
    pub(crate) fn ask(&self, request: &str) -> String {
        self.ask_with(request, "Accept: */*")
    }

    /// The same with a header.
    pub(crate) fn ask_with(&self, request: &str, header: &str) -> String {
        let mut stream = eventually("listener", || TcpStream::connect(self.listen).ok());
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        // nothing older than that has chunks, which might cut a word in two
        write!(stream, "{request} HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n{header}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The metrics once they hold the words.
    pub(crate) fn metrics_with(&self, words: &str) -> String {
        eventually(words, || Some(self.metrics()).filter(|metrics| metrics.contains(words)))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        eprint!("{}", self.log());
    }
}

/// What a lab's targets have in common.
pub(crate) fn head(side: &Side) -> String {
    format!(
        "interval = \"1s\"\ntimeout = \"8s\"\ndns_servers = [\"{}\"]\nca_file = \"{}\"\n",
        side.lab.dns_server(),
        side.ca_file.path().display()
    )
}

/// A target of a lab.
pub(crate) fn target(side: &Side, name: &str, more: &str) -> String {
    format!(
        "[[target]]\nname = \"{name}\"\ninvoke_url = \"{}\"\nvpce_dns_name = \"{}\"\nport = {}\n{more}\n",
        side.lab.invoke_url(),
        side.lab.vpce_dns_name().unwrap(),
        side.lab.port()
    )
}

/// Asks until there is an answer.
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < until, "no {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn with_listen(listen: SocketAddr, config: &str) -> String {
    format!("listen = [\"{listen}\"]\n{config}")
}

/// Opens a pipe to write without waiting for a reader.
fn open_writer(pipe: &Path) -> File {
    OpenOptions::new().read(true).write(true).open(pipe).unwrap()
}

fn make_pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}
