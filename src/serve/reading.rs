//! What does the configuration say now? Read by a thread of its own, since a file may be slow to come and rounds must not wait for it.

use super::board::ReloadReply;
use super::systemd;
use super::web::Watched;
use crate::config::{Config, ConfigError, NetError, Untried};
use crate::probe::{Net, Share};
use std::future::pending;
use std::path::{Path, PathBuf};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

/// A configuration, and the files that it names: certificates, secret headers, what the host says of its resolvers.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) config: Config,
    pub(super) net: Net,
    pub(super) policy: Watched,
}

/// Why a configuration cannot come into force.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file itself, a value in it, or a file of the web side that it names.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file that it names, or a file of the host.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The operating system gives no thread, or a defect of our own ended it.
    #[error("the thread that reads it is gone; the log says more")]
    Gone,
}

/// Reads a configuration.
pub(super) async fn read(file: &Path) -> Result<Read, ReadError> {
    Reading::begin(file).end().await
}

/// A configuration that is being read.
#[derive(Debug)]
struct Reading {
    answer: oneshot::Receiver<Result<Read, ReadError>>,
    began: Instant,
    next_extension: Instant,
}

impl Reading {
    fn begin(file: &Path) -> Self {
        let (tell, answer) = oneshot::channel();
        let file = file.to_owned();
        let read = move || {
            let config = Config::read(&file)?;
            let net = Net { share: Some(Share::default()), ..config.open(&config.net)? };
            let policy = Watched::read(config.web_config_file.as_deref());
            let policy = policy.map_err(|error| config.fault(&Untried::WebConfigFile, error))?;
            Ok(Read { config, net, policy })
        };
        // without a thread nobody tells, which is noticed
        let _ = std::thread::Builder::new().name("reading".into()).spawn(move || drop(tell.send(read())));
        let now = Instant::now();
        Self { answer, began: now, next_extension: now + systemd::EXTEND_EVERY }
    }

    /// Waits for it, while systemd is asked for patience.
    async fn end(&mut self) -> Result<Read, ReadError> {
        loop {
            let is_patient = self.next_extension < self.began + systemd::MOST_EXTENDED;
            tokio::select! {
                biased;
                read = &mut self.answer => return read.unwrap_or(Err(ReadError::Gone)),
                () = sleep_until(self.next_extension), if is_patient => {
                    systemd::extend();
                    self.next_extension += systemd::EXTEND_EVERY;
                }
            }
        }
    }
}

/// Reloads: one at a time, and one more if the file may have changed since the reading began.
#[derive(Debug)]
pub(super) struct Reloads {
    file: PathBuf,
    current: Option<Reload>,
    again: Vec<ReloadReply>,
}

#[derive(Debug)]
struct Reload {
    reading: Reading,
    waiting: Vec<ReloadReply>,
}

impl Reloads {
    pub(super) fn of(file: PathBuf) -> Self {
        Self { file, current: None, again: Vec::new() }
    }

    /// Begins one, or has it follow the one under way.
    pub(super) fn ask(&mut self, reply: ReloadReply) {
        self.again.push(reply);
        self.go_on();
    }

    /// Waits for one to end, and gives those who wait for it; for ever if none is under way.
    pub(super) async fn next(&mut self) -> (Result<Read, ReadError>, Vec<ReloadReply>) {
        let Some(reload) = &mut self.current else { return pending().await };
        let read = reload.reading.end().await;
        let waiting = self.current.take().map(|reload| reload.waiting).unwrap_or_default();
        (read, waiting)
    }

    /// Begins the next one, if somebody waits for it and none is under way.
    pub(super) fn go_on(&mut self) {
        if self.current.is_none() && !self.again.is_empty() {
            systemd::reloading();
            self.current =
                Some(Reload { reading: Reading::begin(&self.file), waiting: std::mem::take(&mut self.again) });
        }
    }
}
