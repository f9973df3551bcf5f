//! What do the host's files say by now? Read once, and again when they changed: DHCP and VPNs rewrite them while a daemon runs.

use super::configuration::{Configuration, parse_hosts};
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// What the two files say.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) configuration: Configuration,
    pub(super) hosts: HashMap<String, Vec<IpAddr>>,
}

/// A resolv.conf and a hosts file, and what they said when they were last read.
#[derive(Debug)]
pub(super) struct Files {
    resolv_conf: PathBuf,
    hosts: PathBuf,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    marks: [Option<Mark>; 2],
    settings: Arc<Settings>,
}

/// What tells one state of a file from another.
#[derive(Debug, PartialEq, Eq)]
struct Mark {
    file: (u64, u64),
    size: u64,
    written: (i64, i64),
    changed: (i64, i64),
}

impl Files {
    /// Reads both files for the first time; an error is that of the first.
    pub(super) fn open(resolv_conf: &Path, hosts: &Path) -> io::Result<Self> {
        let known = Known::read(resolv_conf, hosts)?;
        Ok(Self { resolv_conf: resolv_conf.to_owned(), hosts: hosts.to_owned(), known: Mutex::new(known) })
    }

    /// What the files say now; what they said last while the first is gone, since it is being replaced perhaps.
    pub(super) fn settings(&self) -> Arc<Settings> {
        let mut known = self.known.lock().expect("no holder panics");
        if known.marks != Known::marks(&self.resolv_conf, &self.hosts)
            && let Ok(read) = Known::read(&self.resolv_conf, &self.hosts)
        {
            *known = read;
        }
        Arc::clone(&known.settings)
    }
}

impl Known {
    fn read(resolv_conf: &Path, hosts: &Path) -> io::Result<Self> {
        // marked first, so that a change while reading is noticed the next time
        let marks = Self::marks(resolv_conf, hosts);
        let text = |path: &Path| std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let configuration = Configuration::parse(&text(resolv_conf)?);
        let hosts = text(hosts).map(|text| parse_hosts(&text)).unwrap_or_default();
        Ok(Self { marks, settings: Arc::new(Settings { configuration, hosts }) })
    }

    fn marks(resolv_conf: &Path, hosts: &Path) -> [Option<Mark>; 2] {
        [resolv_conf, hosts].map(|path| {
            let about = std::fs::metadata(path).ok()?;
            Some(Mark {
                file: (about.dev(), about.ino()),
                size: about.len(),
                written: (about.mtime(), about.mtime_nsec()),
                changed: (about.ctime(), about.ctime_nsec()),
            })
        })
    }
}
