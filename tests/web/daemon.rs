//! What is asked? A daemon whose targets fail at once, since the DNS server that it asks is a closed port.

use crate::address::own_address;
use crate::client::{self, Answer};
use crate::service::Service;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A configuration on its way to a daemon.
pub(crate) struct Setup {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) address: SocketAddr,
    listen: String,
    keys: String,
    targets: String,
    options: Vec<&'static str>,
    pub(crate) command: Command,
}

/// A running daemon; it ends with this.
pub(crate) struct Daemon {
    pub(crate) service: Service,
    pub(crate) address: SocketAddr,
    pub(crate) folder: tempfile::TempDir,
}

/// An address with a port that hardly any other has: some tests listen at all addresses.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind((own_address(), 0)).unwrap().local_addr().unwrap()
}

impl Setup {
    /// One target, `orders`, and one address.
    pub(crate) fn new() -> Self {
        let address = free_address();
        let mut command = Command::new(env!("CARGO_BIN_EXE_apigw-probe"));
        command.env_clear();
        Self {
            folder: tempfile::tempdir().unwrap(),
            address,
            listen: format!("listen = [\"{address}\"]\n"),
            keys: String::new(),
            targets: target("orders"),
            options: Vec::new(),
            command,
        }
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn listen(mut self, entries: &[&str]) -> Self {
        self.listen = format!("listen = {entries:?}\n");
        self
    }

    pub(crate) fn targets(mut self, names: impl Iterator<Item = String>) -> Self {
        self.targets = names.map(|name| target(&name)).collect();
        self
    }

    /// With further keys of the last target.
    pub(crate) fn of_target(mut self, lines: &str) -> Self {
        self.targets += lines;
        self
    }

    /// With a web configuration file of this content.
    pub(crate) fn web(mut self, yaml: &str) -> Self {
        std::fs::write(self.path("web.yml"), yaml).unwrap();
        self.keys = format!("web_config_file = \"{}\"\n", self.path("web.yml").display());
        self
    }

    /// With another line above the targets.
    pub(crate) fn key(mut self, line: &str) -> Self {
        self.keys = format!("{line}\n");
        self
    }

    /// With an option of `serve`.
    pub(crate) fn option(mut self, option: &'static str) -> Self {
        self.options.push(option);
        self
    }

    fn write(&self) -> std::path::PathBuf {
        let file = self.path("config.toml");
        let text = format!(
            "interval = \"1h\"\ntimeout = \"2s\"\ndns_servers = [\"127.0.0.1:1\"]\nvpc_resolver = \"127.0.0.1:1\"\n{}{}{}",
            self.listen, self.keys, self.targets
        );
        std::fs::write(&file, text).unwrap();
        file
    }

    /// Starts it and waits until it is ready.
    pub(crate) fn start(mut self) -> Daemon {
        let file = self.write();
        let log = std::fs::File::create(self.path("log")).unwrap();
        self.command.args(["serve", "--config"]).arg(file).args(&self.options).stderr(log);
        let service = Service::start(&mut self.command, self.folder.path());
        service.note("READY=1");
        Daemon { service, address: self.address, folder: self.folder }
    }

    /// Starts it, where that cannot go well; gives what it says.
    pub(crate) fn fail(mut self) -> String {
        let file = self.write();
        let output = self.command.args(["serve", "--config"]).arg(file).stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    }
}

fn target(name: &str) -> String {
    format!(
        "[[target]]\nname = \"{name}\"\ninvoke_url = \"https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test\"\n\
         vpce_dns_name = \"vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com\"\n"
    )
}

impl Daemon {
    pub(crate) fn get(&self, path: &str) -> Answer {
        client::get(self.address, path)
    }

    /// The answer once it has the words.
    pub(crate) fn get_until(&self, path: &str, words: &str) -> Answer {
        wait_for(|| Some(self.get(path)).filter(|answer| answer.text().contains(words)))
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Replaces a file in one step.
    pub(crate) fn replace(&self, name: &str, text: &str) {
        replace(self.folder.path(), name, text);
    }

    pub(crate) fn terminate(&self) {
        self.service.signal("TERM");
    }
}

pub(crate) fn replace(folder: &Path, name: &str, text: &str) {
    let mut draft = tempfile::NamedTempFile::new_in(folder).unwrap();
    draft.write_all(text.as_bytes()).unwrap();
    draft.persist(folder.join(name)).unwrap();
}

/// Looks again and again until there is something, for twenty seconds.
pub(crate) fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "it did not come");
        std::thread::yield_now();
    }
}
