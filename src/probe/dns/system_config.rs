//! The resolver configuration of this host: resolv.conf, hosts and `RES_OPTIONS`, read again when a file has changed.

use super::resolv_conf::ResolvConf;
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The contents of both files at one moment.
#[derive(Debug)]
pub(super) struct SystemConfig {
    pub(super) resolv_conf: ResolvConf,
    /// Addresses by name in lower case, in the order of the lines.
    pub(super) hosts: HashMap<String, Vec<IpAddr>>,
}

/// The paths of both files, and their contents when they were last read.
#[derive(Debug)]
pub(super) struct ConfigFiles {
    resolv_conf: PathBuf,
    hosts: PathBuf,
    cached: Mutex<CachedConfig>,
}

impl ConfigFiles {
    /// Reads both files for the first time.
    ///
    /// # Errors
    ///
    /// Fails if resolv.conf cannot be read; a missing hosts file is an empty one.
    pub(super) fn open(resolv_conf: &Path, hosts: &Path) -> io::Result<Self> {
        let cached = CachedConfig::read(resolv_conf, hosts)?;
        Ok(Self { resolv_conf: resolv_conf.to_owned(), hosts: hosts.to_owned(), cached: Mutex::new(cached) })
    }

    /// Returns the current contents; the previous ones while resolv.conf cannot be read, because it may be about to be replaced.
    pub(super) fn current(&self) -> Arc<SystemConfig> {
        let mut cached = self.cached.lock().expect("no holder panics");
        if cached.stamps != FileStamp::of_both(&self.resolv_conf, &self.hosts)
            && let Ok(read) = CachedConfig::read(&self.resolv_conf, &self.hosts)
        {
            *cached = read;
        }
        Arc::clone(&cached.config)
    }
}

#[derive(Debug)]
struct CachedConfig {
    stamps: [Option<FileStamp>; 2],
    config: Arc<SystemConfig>,
}

impl CachedConfig {
    fn read(resolv_conf: &Path, hosts: &Path) -> io::Result<Self> {
        // before the contents, so that a change while they are read is noticed the next time
        let stamps = FileStamp::of_both(resolv_conf, hosts);
        let mut resolv_conf = ResolvConf::parse(&read_lossy(resolv_conf)?);
        if std::env::var_os(RES_OPTIONS).is_some_and(|options| !options.is_empty()) {
            resolv_conf.unfollowed_options.push(RES_OPTIONS.to_owned());
        }
        let hosts = read_lossy(hosts).map(|text| parse_hosts(&text)).unwrap_or_default();
        Ok(Self { stamps, config: Arc::new(SystemConfig { resolv_conf, hosts }) })
    }
}

/// The metadata that tells whether a file has changed.
#[derive(Debug, PartialEq, Eq)]
struct FileStamp {
    file: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl FileStamp {
    fn of_both(resolv_conf: &Path, hosts: &Path) -> [Option<Self>; 2] {
        [resolv_conf, hosts].map(|path| {
            let metadata = std::fs::metadata(path).ok()?;
            Some(Self {
                file: (metadata.dev(), metadata.ino()),
                size: metadata.len(),
                modified: (metadata.mtime(), metadata.mtime_nsec()),
                changed: (metadata.ctime(), metadata.ctime_nsec()),
            })
        })
    }
}

fn read_lossy(path: &Path) -> io::Result<String> {
    std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Parses a hosts(5) file. As in glibc, a name with a final dot is another name than the one without.
fn parse_hosts(text: &str) -> HashMap<String, Vec<IpAddr>> {
    let mut hosts: HashMap<String, Vec<IpAddr>> = HashMap::new();
    for line in text.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_ascii_whitespace();
        let Some(Ok(ip)) = words.next().map(str::parse::<IpAddr>) else { continue };
        for name in words {
            let addresses = hosts.entry(name.to_ascii_lowercase()).or_default();
            if !addresses.contains(&ip) {
                addresses.push(ip);
            }
        }
    }
    hosts
}

/// The variable with further options for glibc's resolver.
const RES_OPTIONS: &str = "RES_OPTIONS";
