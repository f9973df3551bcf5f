//! Profiles of AWS's shared files, parsed by the AWS SDK, and checks of them that the SDK does not make.

use super::profile_name;
use super::validate::{check_quotes, part};
use crate::aws::env::EnvVars;
use crate::aws::http_client::innermost;
use crate::small_file;
use aws_config::profile::ProfileSet;
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_types::os_shim_internal::{Env, Fs};
use futures_util::FutureExt as _;
use std::path::PathBuf;
use std::time::Duration;

pub(in crate::aws) use aws_config::profile::Profile;

/// The profiles of `config` and `credentials`.
#[derive(Debug)]
pub(in crate::aws) struct ProfileFiles {
    profiles: ProfileSet,
    files: [SharedFile; 2],
}

/// One of the two files; its text may hold keys.
struct SharedFile {
    kind: EnvConfigFileKind,
    path: PathBuf,
    text: String,
}

/// How a profile leads to credentials, at the end of its chain of roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ProfileBase {
    /// Keys in the profile of this name.
    Keys,
    /// A program that prints them.
    Process(String),
    /// Single sign-on, with a token that a browser got.
    Sso(String),
    /// Keys in the environment.
    Environment,
    /// Another named source, a web identity, or nothing.
    Other,
}

impl ProfileFiles {
    /// Reads both files; a missing one is empty.
    pub(in crate::aws) fn read(env: &EnvVars) -> Result<Self, String> {
        let config = SharedFile::read(EnvConfigFileKind::Config, env.path("AWS_CONFIG_FILE", "~/.aws/config"))?;
        let path = env.path("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
        let files = [config, SharedFile::read(EnvConfigFileKind::Credentials, path)?];
        for file in &files {
            // each by itself, since the SDK's error does not name the file
            parse(&sources(&[file], false)).map_err(|error| file.parse_error(&error))?;
        }
        let profiles = parse(&sources(&files.each_ref(), false))?;
        Ok(Self { profiles, files })
    }

    /// Returns a profile by its name.
    pub(in crate::aws) fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles.get_profile(name)
    }

    /// Returns the profile of the default chain.
    pub(in crate::aws) fn selected(&self, env: &EnvVars) -> Option<&Profile> {
        self.profile(profile_name(env))
    }

    /// Returns the files in the form in which the SDK takes them, with or without the endpoint URLs in them.
    pub(super) fn sources(&self, ignore_endpoint_urls: bool) -> EnvConfigFiles {
        sources(&self.files.each_ref(), ignore_endpoint_urls)
    }

    /// Says that there is no such profile, and where it was looked for.
    pub(super) fn missing(&self, name: &str) -> String {
        let [config, credentials] = self.files.each_ref().map(|file| file.path.display());
        let hint = match self.unread_header(name) {
            Some(header) => {
                format!(
                    "; there is `{header}`, whose name the AWS SDKs do not read: rename it to one word without quotes"
                )
            }
            None if self.files.iter().any(|file| file.path.starts_with("~")) => "; HOME is not set".to_owned(),
            None => String::new(),
        };
        format!("there is no profile `{name}` in {config} or {credentials}{hint}")
    }

    /// Checks what the SDK would send or take without a word, along the profiles that lead to credentials.
    pub(super) fn check(&self, name: &str) -> Result<ProfileBase, String> {
        let chain = self.chain(name);
        let mut base = ProfileBase::Other;
        for (index, profile) in chain.iter().enumerate() {
            let named = |why: String| format!("profile `{}`: {why}", profile.name());
            for key in ["role_arn", "source_profile", "credential_source", "web_identity_token_file"] {
                check_quotes(key, profile.get(key).unwrap_or_default()).map_err(named)?;
            }
            let gives_keys = index > 0 && has_keys(profile);
            let takes_role = profile.get("role_arn").is_some() && !gives_keys;
            if takes_role && profile.get("mfa_serial").is_some() {
                return Err(named(
                    "it needs the code of an MFA device (`mfa_serial`), which a probe does not have".into(),
                ));
            }
            if profile.get("login_session").is_some() && !takes_role && !gives_keys {
                return Err(named(LOGIN_SESSION.into()));
            }
            base = if gives_keys { ProfileBase::Keys } else { base_of(profile) };
            if base == ProfileBase::Keys && index + 1 == chain.len() {
                check_keys(profile).map_err(named)?;
            }
        }
        Ok(base)
    }

    /// Returns the profiles that the SDK reads for a profile, in order: from the second on, keys go before a role.
    fn chain(&self, name: &str) -> Vec<&Profile> {
        let mut chain: Vec<&Profile> = Vec::new();
        let mut next = Some(name);
        while let Some(profile) = next.and_then(|name| self.profile(name))
            && !chain.iter().any(|known| known.name() == profile.name())
        {
            let ends = profile.get("role_arn").is_none()
                || profile.get("web_identity_token_file").is_some()
                || (!chain.is_empty() && has_keys(profile));
            next = if ends { None } else { profile.get("source_profile") };
            chain.push(profile);
        }
        chain
    }

    /// Returns a section header whose name is this one in quotes or with white space in it.
    fn unread_header(&self, name: &str) -> Option<&str> {
        let quotes: &[char] = &['"', '\'', ' ', '\t'];
        let headers = self.files.iter().flat_map(|file| file.text.lines()).map(str::trim);
        let inner = |header: &str| {
            let inner = header.strip_prefix('[')?.split(']').next()?.trim();
            Some(inner.strip_prefix("profile").unwrap_or(inner).trim_matches(quotes).to_owned())
        };
        headers.into_iter().find(|header| inner(header).as_deref() == Some(name))
    }
}

impl SharedFile {
    fn read(kind: EnvConfigFileKind, path: PathBuf) -> Result<Self, String> {
        let text = match small_file::read_text(&path, PIPE_TIMEOUT) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(format!("cannot read `{}`: {error}", path.display())),
        };
        if text.starts_with('\u{feff}') {
            let path = path.display();
            return Err(format!(
                "`{path}` begins with a byte order mark, which the AWS SDKs do not read: save it without"
            ));
        }
        Ok(Self { kind, path, text })
    }

    /// Returns the SDK's `error parsing FILE on line N: …`, which does not know the file.
    fn parse_error(&self, error: &str) -> String {
        let place = error.split_once(" on line ").map_or(error, |(_, place)| place);
        let (line, why) = place.split_once(':').unwrap_or(("?", place));
        format!("invalid `{}`, line {line}: {}", self.path.display(), why.trim())
    }
}

impl std::fmt::Debug for SharedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedFile").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Parses texts; nothing in it waits, since there is no file to read.
fn parse(files: &EnvConfigFiles) -> Result<ProfileSet, String> {
    let (fs, env) = (Fs::real(), Env::from_slice(&[]));
    let parsed = aws_config::profile::load(&fs, &env, files, None).now_or_never();
    parsed.ok_or("the shared files cannot be read")?.map_err(|error| innermost(&error))
}

fn sources(files: &[&SharedFile], ignore_endpoint_urls: bool) -> EnvConfigFiles {
    let is_kept = |line: &&str| !ignore_endpoint_urls || !line.trim_start().starts_with("endpoint_url");
    let text = |file: &SharedFile| file.text.lines().filter(is_kept).collect::<Vec<_>>().join("\n");
    files.iter().fold(EnvConfigFiles::builder(), |all, file| all.with_contents(file.kind, text(file))).build()
}

fn has_keys(profile: &Profile) -> bool {
    KEYS[..2].iter().all(|key| profile.get(key).is_some())
}

/// Returns what a profile gives by itself, in the order of the SDK.
fn base_of(profile: &Profile) -> ProfileBase {
    let has = |key: &str| profile.get(key).is_some();
    let is_sso = SSO.iter().any(|key| has(key));
    if profile.get("credential_source").is_some_and(|source| source.eq_ignore_ascii_case("Environment")) {
        ProfileBase::Environment
    } else if has("credential_source") || has("web_identity_token_file") {
        ProfileBase::Other
    } else if is_sso {
        ProfileBase::Sso(profile.name().to_owned())
    } else if has("credential_process") {
        ProfileBase::Process(profile.name().to_owned())
    } else if KEYS.iter().any(|key| has(key)) {
        ProfileBase::Keys
    } else {
        ProfileBase::Other
    }
}

fn check_keys(profile: &Profile) -> Result<(), String> {
    for key in KEYS {
        profile.get(key).map_or(Ok(""), |text| part(key, text))?;
    }
    let [id, secret, token] = KEYS.map(|key| profile.get(key));
    check_pair(KEYS, [id, secret, token], ("aws_security_token", profile.get("aws_security_token")))
}

/// Checks that id and secret of a key are both there, and a session token under the name that the SDKs read.
pub(super) fn check_pair(
    names: [&str; 3],
    [id, secret, token]: [Option<&str>; 3],
    (old_name, old_token): (&str, Option<&str>),
) -> Result<(), String> {
    match (id, secret) {
        (Some(_), None) => return Err(format!("`{}` is set without `{}`", names[0], names[1])),
        (None, Some(_)) => return Err(format!("`{}` is set without `{}`", names[1], names[0])),
        (None, None) | (Some(_), Some(_)) => {}
    }
    // keys of a session, which are refused without their token
    if token.is_none() && old_token.is_some() && id.is_some_and(|id| id.starts_with("ASIA")) {
        return Err(format!(
            "`{old_name}` is an old name, which the AWS SDKs do not read: rename it to `{}`",
            names[2]
        ));
    }
    Ok(())
}

const KEYS: [&str; 3] = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"];
const SSO: [&str; 5] = ["sso_session", "sso_start_url", "sso_region", "sso_account_id", "sso_role_name"];
const LOGIN_SESSION: &str = "`login_session` is not supported: use a profile with a role or with SSO, or the variables that \
     `aws configure export-credentials --format env` prints";
/// How long a pipe that stands for a file may take.
const PIPE_TIMEOUT: Duration = Duration::from_secs(1);
