//! What is wrong with a configuration, and where does it stand? File, line and key, with the right form.

use super::{Listen, key};
use std::fmt;
use std::path::{Path, PathBuf};

/// A configuration that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// The line, counted from 1; absent if the file could not be read.
    pub line: Option<usize>,
    /// The key whose value is wrong; absent if it is the key itself, or something between the keys.
    pub key: Option<String>,
    /// What is wrong, with the right form.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(key) = &self.key {
            write!(f, ": {key}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for ConfigError {}

/// What is wrong, and at which byte.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) message: String,
}

impl Fault {
    /// The same for whoever wrote the file.
    pub(super) fn within(self, file: &Path, text: &str) -> ConfigError {
        let key = key::of_value_at(text, self.at);
        ConfigError { file: file.to_owned(), line: Some(line(text, self.at)), key, message: self.message }
    }
}

/// The line of a byte, counted from 1.
pub(super) fn line(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// A value that shows only when it is used whether it is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Untried {
    /// `ca_file`: the certificates may be missing.
    CaFile,
    /// `web_config_file`: it may be missing, or wrong in itself.
    WebConfigFile,
    /// `profile` of the target of this name, or the default profile: a daemon may not be able to use it.
    Profile(String),
    /// An entry of `listen`: the address may not be had.
    Listen(Listen),
}

impl Untried {
    fn key(&self) -> &'static str {
        match self {
            Self::CaFile => "ca_file",
            Self::WebConfigFile => "web_config_file",
            Self::Profile(_) => "profile",
            Self::Listen(_) => "listen",
        }
    }
}

/// Where those values stand.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    pub(super) file: PathBuf,
    /// With the line of each; one that is not there has its default.
    pub(super) lines: Vec<(Untried, usize)>,
}

impl Places {
    /// What came of using a value.
    pub(super) fn fault(&self, value: &Untried, message: String) -> ConfigError {
        let line = self.lines.iter().find(|(known, _)| known == value).map(|(_, line)| *line);
        ConfigError { file: self.file.clone(), line, key: Some(value.key().to_owned()), message }
    }
}
