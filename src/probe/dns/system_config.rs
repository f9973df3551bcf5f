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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_gathered_over_lines_and_in_any_case() {
        let hosts =
            parse_hosts("127.0.0.1 localhost\n10.0.0.1\tApi.Example.test alias # gone\n::1 localhost\nnonsense x\n");
        assert_eq!(hosts["localhost"], ["127.0.0.1".parse::<IpAddr>().unwrap(), "::1".parse().unwrap()]);
        assert_eq!(hosts["api.example.test"], hosts["alias"]);
        assert_eq!(hosts.len(), 3);
    }

    #[test]
    fn a_name_with_a_final_dot_is_another_name() {
        let hosts = parse_hosts("10.0.0.1 api.example.test.\r\n10.0.0.2 api.example.test\r\n127.2 short\n");
        assert_eq!(hosts["api.example.test"], ["10.0.0.2".parse::<IpAddr>().unwrap()]);
        assert!(!hosts.contains_key("short"), "inet_pton reads no short forms");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in ".*") {
            let _ = parse_hosts(&text);
        }
    }
}
