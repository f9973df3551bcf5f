//! What does the configuration say now? Read by a thread of its own, since a file may be slow to come and rounds must not wait for it.

use super::SharedIdentity;
use super::board::ReloadReply;
use super::systemd;
use super::web_config::WebConfigWatcher;
use crate::config::{Config, ConfigError, NetError, Untried};
use crate::probe::{Net, Share};
use std::future::pending;
use std::path::PathBuf;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout_at};

/// A configuration, and the files that it names: certificates, secret headers, what the host says of its resolvers.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) config: Config,
    pub(super) net: Net,
    pub(super) web_config: WebConfigWatcher,
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
    /// The disk hangs, or standard input does not end.
    #[error("`{}` and the files that it names were not read within {} s; rounds go on, try again once they can be read", .0.display(), MOST_READING.as_secs())]
    Slow(PathBuf),
    /// As many as may have hung; each takes a thread.
    #[error("`{}` is not read: {MOST_STUCK} reloads still wait for it; the disk hangs", .0.display())]
    Stuck(PathBuf),
    /// The operating system gives no thread, or a defect of our own ended it.
    #[error("the thread that reads it is gone; the log says more")]
    Gone,
}

/// Where configurations come from.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub(super) file: PathBuf,
    pub(super) identity: Option<SharedIdentity>,
}

/// Reads a configuration, however long that takes: whoever starts the daemon has patience of their own.
pub(super) async fn read(origin: &Origin) -> Result<Read, ReadError> {
    Reading::begin(origin).end().await
}

/// A configuration that is being read.
#[derive(Debug)]
struct Reading {
    answer: oneshot::Receiver<Result<Read, ReadError>>,
    began: Instant,
    next_extension: Instant,
}

impl Reading {
    fn begin(origin: &Origin) -> Self {
        let (tell, answer) = oneshot::channel();
        let Origin { file, identity } = origin.clone();
        let read = move || {
            let mut config = Config::read(&file)?;
            match identity {
                Some(identity) => {
                    let identity = identity.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    for one in &mut config.targets {
                        one.check.auth = one.check.auth.with_identity(&identity);
                    }
                }
                None => config.check_credentials()?,
            }
            let net = Net { share: Some(Share::default()), ..config.open(&config.net)? };
            let web_config = WebConfigWatcher::read(config.web_config_file.as_deref(), &config.allowed_hosts);
            let web_config = web_config.map_err(|error| config.fault(&Untried::WebConfigFile, error))?;
            Ok(Read { config, net, web_config })
        };
        // without a thread nobody tells, which is noticed
        let _ = std::thread::Builder::new().name("reading".into()).spawn(move || drop(tell.send(read())));
        Self::of(answer)
    }

    /// One that has ended before it began.
    fn refused(error: ReadError) -> Self {
        let (tell, answer) = oneshot::channel();
        let _ = tell.send(Err(error));
        Self::of(answer)
    }

    fn of(answer: oneshot::Receiver<Result<Read, ReadError>>) -> Self {
        let now = Instant::now();
        Self { answer, began: now, next_extension: now + systemd::EXTEND_EVERY }
    }

    /// Whether its thread is done with it.
    fn has_ended(&mut self) -> bool {
        !matches!(self.answer.try_recv(), Err(oneshot::error::TryRecvError::Empty))
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
    origin: Origin,
    current: Option<Reload>,
    again: Vec<ReloadReply>,
    /// Readings that were given up and have not ended.
    stuck: Vec<Reading>,
}

#[derive(Debug)]
struct Reload {
    reading: Reading,
    waiting: Vec<ReloadReply>,
}

impl Reloads {
    pub(super) fn of(origin: Origin) -> Self {
        Self { origin, current: None, again: Vec::new(), stuck: Vec::new() }
    }

    /// Begins one, or has it follow the one under way.
    pub(super) fn ask(&mut self, reply: ReloadReply) {
        self.again.push(reply);
        self.go_on();
    }

    /// Waits for one to end, and gives those who wait for it; for ever if none is under way.
    pub(super) async fn next(&mut self) -> (Result<Read, ReadError>, Vec<ReloadReply>) {
        let Some(reload) = &mut self.current else { return pending().await };
        let read = timeout_at(reload.reading.began + MOST_READING, reload.reading.end()).await;
        let Some(reload) = self.current.take() else { return pending().await };
        let read = read.unwrap_or_else(|_| {
            // its thread ends when the disk wakes up
            self.stuck.push(reload.reading);
            Err(ReadError::Slow(self.origin.file.clone()))
        });
        (read, reload.waiting)
    }

    /// Begins the next one, if somebody waits for it and none is under way.
    pub(super) fn go_on(&mut self) {
        if self.current.is_none() && !self.again.is_empty() {
            systemd::reloading();
            self.stuck.retain_mut(|reading| !reading.has_ended());
            let reading = if self.stuck.len() < MOST_STUCK {
                Reading::begin(&self.origin)
            } else {
                Reading::refused(ReadError::Stuck(self.origin.file.clone()))
            };
            self.current = Some(Reload { reading, waiting: std::mem::take(&mut self.again) });
        }
    }
}

/// How long a reload may read.
const MOST_READING: Duration = Duration::from_secs(15);
/// Readings that may hang at once.
const MOST_STUCK: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd as _;

    const GOOD: &str = "dns_servers = [\"127.0.0.1:9\"]\n[[target]]\n\
        invoke_url = \"https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test\"\n";

    #[tokio::test(start_paused = true)]
    async fn a_hung_disk_refuses_reloads_until_it_wakes_up() {
        // what waits for a pipe waits in real time, the reloads in another that passes at once
        let (reader, writer) = std::io::pipe().unwrap();
        let file = format!("/proc/self/fd/{}", reader.as_raw_fd()).into();
        let mut reloads = Reloads::of(Origin { file, identity: None });
        for _ in 0..MOST_STUCK {
            reloads.ask(oneshot::channel().0);
            let (read, waiting) = reloads.next().await;
            assert!(matches!(read, Err(ReadError::Slow(_))) && waiting.len() == 1);
        }
        reloads.ask(oneshot::channel().0);
        let (read, _) = reloads.next().await;
        assert!(matches!(read, Err(ReadError::Stuck(_))));
        tokio::time::resume();
        drop(writer);
        for reading in &mut reloads.stuck {
            let _ = reading.end().await;
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), GOOD).unwrap();
        file.path().clone_into(&mut reloads.origin.file);
        reloads.ask(oneshot::channel().0);
        let (read, _) = reloads.next().await;
        assert_eq!(read.unwrap().config.targets.len(), 1);
        assert!(reloads.stuck.is_empty());
    }
}
