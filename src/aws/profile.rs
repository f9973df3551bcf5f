//! What do AWS's shared files say? `~/.aws/config` and `~/.aws/credentials`: profiles, and the keys and values in them.

use super::{MOST_FOR_A_PIPE, Variables};
use crate::small_file;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The profiles of both files.
#[derive(Debug, Default)]
pub(super) struct Profiles {
    profiles: HashMap<String, Profile>,
    /// Where they were looked for.
    files: Vec<PathBuf>,
}

/// What a profile says, by the keys in lower case.
#[derive(Clone, Default)]
pub(super) struct Profile(HashMap<String, String>);

impl Profiles {
    /// Reads both files; one that is not there says nothing.
    pub(super) fn read(variables: &Variables) -> Result<Self, String> {
        let config = variables.file("AWS_CONFIG_FILE", ".aws/config");
        let credentials = variables.file("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials");
        let mut all = Self::default();
        // what the credentials file says of a profile counts more
        for (file, prefix) in [(config, true), (credentials, false)] {
            let Some(file) = file else { continue };
            if let Some(text) = text_of(&file)? {
                for (name, profile) in sections(&text, prefix) {
                    all.profiles.entry(name).or_default().0.extend(profile.0);
                }
            }
            all.files.push(file);
        }
        Ok(all)
    }

    /// A profile by its name.
    pub(super) fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles.get(name)
    }

    /// Where profiles were looked for, in words.
    pub(super) fn places(&self) -> String {
        let shown: Vec<_> = self.files.iter().map(|file| file.display().to_string()).collect();
        if shown.is_empty() { "no home directory is known".to_owned() } else { shown.join(" or ") }
    }
}

impl Profile {
    /// The value of a key.
    pub(super) fn value(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// The first of the keys that it has.
    pub(super) fn first_of(&self, keys: &[&'static str]) -> Option<&'static str> {
        keys.iter().copied().find(|key| self.0.contains_key(*key))
    }
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn text_of(file: &Path) -> Result<Option<String>, String> {
    match small_file::read_text(file, MOST_FOR_A_PIPE) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("`{}`: {error}", file.display())),
    }
}

/// The sections of a file (SDK and tools reference guide, "Format of the config and credentials files"): in `config` a profile
/// but the default one is `[profile NAME]`; a line that begins further right than the key above belongs to its value, and says
/// nothing here.
fn sections(text: &str, is_config: bool) -> HashMap<String, Profile> {
    let mut found: HashMap<String, Profile> = HashMap::new();
    let mut current: Option<String> = None;
    // where the last key begins; an editor of Windows begins the file with a mark
    let mut margin = None;
    for line in text.trim_start_matches('\u{feff}').lines() {
        let begins = line.len() - line.trim_start().len();
        if line.trim().is_empty() || line.trim_start().starts_with(['#', ';']) || margin.is_some_and(|key| begins > key)
        {
            continue;
        }
        if let Some(head) = line.trim().strip_prefix('[') {
            margin = None;
            let name = head.split(']').next().unwrap_or_default().trim();
            current = match name.strip_prefix("profile").filter(|rest| rest.starts_with([' ', '\t'])) {
                Some(rest) if is_config => Some(rest.trim().trim_matches('"').to_owned()),
                _ if is_config && name != "default" => None,
                _ => Some(name.to_owned()),
            };
        } else if let (Some(name), Some((key, value))) = (&current, line.split_once('=')) {
            let value = value.split(" #").next().unwrap_or_default().split(" ;").next().unwrap_or_default().trim();
            margin = Some(begins);
            let profile = found.entry(name.clone()).or_default();
            profile.0.insert(key.trim().to_ascii_lowercase(), value.to_owned());
        }
    }
    found.into_iter().map(|(name, profile)| (name, Profile(without_empty(profile.0)))).collect()
}

fn without_empty(values: HashMap<String, String>) -> HashMap<String, String> {
    values.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_may_be_indented_as_a_whole() {
        let text = "\u{feff}  [default]\n  aws_access_key_id = K\n  s3 =\n    aws_secret_access_key = no\n  # comment\n\
                    aws_secret_access_key = S\n[other]\n    region = x\n    output = y\n";
        let read = sections(text, false);
        let of = |name: &str, key| read[name].value(key).map(str::to_owned);
        assert_eq!(of("default", "aws_access_key_id").as_deref(), Some("K"));
        assert_eq!(of("default", "aws_secret_access_key").as_deref(), Some("S"));
        assert_eq!((of("other", "region").as_deref(), of("other", "output").as_deref()), (Some("x"), Some("y")));
    }

    #[test]
    fn profiles_are_read_as_the_tools_of_aws_read_them() {
        let text = "; comment\n[default]\nregion=us-east-1 # home\n\n[profile  prod ]\nROLE_ARN = arn:aws:iam::1:role/x\ns3 =\n  max = 1\n\
                    source_profile=default ; that one\n[other]\nregion = no\n[profile \"a b\"]\nx=y=z\n";
        let config = sections(text, true);
        assert_eq!(config["default"].value("region"), Some("us-east-1"));
        assert_eq!(config["prod"].value("role_arn"), Some("arn:aws:iam::1:role/x"));
        assert_eq!(config["prod"].value("source_profile"), Some("default"));
        assert_eq!((config["prod"].value("max"), config["prod"].value("s3")), (None, None));
        assert_eq!(config["a b"].value("x"), Some("y=z"));
        assert!(!config.contains_key("other"));
        let credentials = sections("[other]\naws_access_key_id=K\n", false);
        assert_eq!(credentials["other"].value("aws_access_key_id"), Some("K"));
    }
}
