//! Profiles of AWS's shared files, parsed by the AWS SDK, and checks of them that the SDK does not make.

use super::validate::{check_keys, check_quotes};
use crate::aws::env::EnvVars;
use crate::aws::http_client::innermost;
use crate::bounded_read;
use aws_config::profile::ProfileSet;
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_types::os_shim_internal::{Env, Fs};
use futures_util::FutureExt as _;
use std::fmt;
use std::path::{Path, PathBuf};

pub(in crate::aws) use aws_config::profile::Profile;

/// The profiles of `config` and `credentials`.
pub(in crate::aws) struct ProfileFiles {
    profiles: ProfileSet,
    paths: [PathBuf; 2],
    /// They may hold keys.
    texts: [String; 2],
}

/// How a profile leads to credentials, at the end of its chain of roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ProfileBase {
    /// There is no such profile.
    Missing,
    /// The profile has nothing to do with credentials.
    Nothing,
    /// Keys in a profile.
    Keys,
    /// Keys in the environment.
    Environment,
    /// A program that prints them, named by the profile of this name.
    Process(String),
    /// Single sign-on of the profile of this name, with a token that a browser got.
    Sso(String),
    /// Another named source, a web identity, or what only the SDK can tell.
    Other,
}

impl ProfileFiles {
    /// Reads both files; a missing one is empty.
    pub(in crate::aws) fn read(env: &EnvVars) -> Result<Self, String> {
        let paths = [("AWS_CONFIG_FILE", "~/.aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")]
            .map(|(name, default)| env.path(name, default));
        let texts = [read_text(&paths[0])?, read_text(&paths[1])?];
        // by their paths, since the SDK's error names them; it wants one file at the least
        let none = EnvConfigFiles::builder().with_contents(EnvConfigFileKind::Config, "");
        let there = KINDS.into_iter().zip(&paths).zip(&texts).filter(|(_, text)| !text.is_empty());
        let files = there.fold(none, |all, ((kind, path), _)| all.with_file(kind, path)).build();
        let (fs, env) = (Fs::real(), Env::from_slice(&[]));
        // the SDK reads with blocking calls, so that nothing in it waits
        let parsed = aws_config::profile::load(&fs, &env, &files, None).now_or_never().ok_or("cannot read profiles")?;
        let profiles = parsed.map_err(|error| innermost(&error).replace("\n ", ""))?;
        Ok(Self { profiles, paths, texts })
    }

    /// Returns a profile by its name.
    pub(in crate::aws) fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles.get_profile(name)
    }

    /// Returns the files in the form in which the SDK takes them, with or without the endpoint URLs in them.
    pub(super) fn sources(&self, ignore_endpoint_urls: bool) -> EnvConfigFiles {
        let is_kept = |line: &&str| !ignore_endpoint_urls || !line.trim_start().starts_with("endpoint_url");
        let text = |text: &String| text.lines().filter(is_kept).collect::<Vec<_>>().join("\n");
        let files = KINDS.into_iter().zip(&self.texts);
        files.fold(EnvConfigFiles::builder(), |all, (kind, file)| all.with_contents(kind, text(file))).build()
    }

    /// Says that there is no such profile, and where it was looked for.
    pub(super) fn missing(&self, name: &str) -> String {
        let [config, credentials] = self.paths.each_ref().map(|path| path.display());
        let hint = match self.unread_header(name) {
            Some(header) => {
                format!(
                    "; there is `{header}`, whose name the AWS SDKs do not read: rename it to one word without quotes"
                )
            }
            None if self.paths.iter().any(|path| path.starts_with("~")) => "; HOME is not set".to_owned(),
            None => String::new(),
        };
        format!("there is no profile `{name}` in {config} or {credentials}{hint}")
    }

    /// Returns a section header whose name is this one in quotes or with white space in it.
    fn unread_header(&self, name: &str) -> Option<&str> {
        let inner = |header: &str| {
            let inner = header.strip_prefix('[')?.split(']').next()?.trim();
            Some(inner.strip_prefix("profile").unwrap_or(inner).trim_matches(['"', '\'', ' ', '\t']).to_owned())
        };
        self.texts.iter().flat_map(|text| text.lines()).find(|header| inner(header).as_deref() == Some(name))
    }

    /// Checks what the SDK would send or take without a word, along the profiles that lead to credentials: from the second on, keys go
    /// before a role.
    pub(super) fn check(&self, name: &str) -> Result<ProfileBase, String> {
        let mut visited: Vec<&str> = Vec::new();
        let (mut base, mut next) = (ProfileBase::Missing, Some(name));
        while let Some(profile) = next.and_then(|name| self.profile(name))
            && !visited.contains(&profile.name())
        {
            let gives_keys = !visited.is_empty() && KEYS[..2].iter().all(|key| profile.get(key).is_some());
            let has_role = profile.get("role_arn").is_some() && !gives_keys;
            let takes_role = has_role && profile.get("web_identity_token_file").is_none();
            next = profile.get("source_profile").filter(|_| takes_role);
            base = match base_of(profile) {
                _ if gives_keys => ProfileBase::Keys,
                // the SDK has words for what a role lacks
                ProfileBase::Nothing if has_role || !visited.is_empty() => ProfileBase::Other,
                base => base,
            };
            let is_last = next.is_none_or(|next| next == profile.name());
            let checked = check_profile(profile, has_role, is_last && base == ProfileBase::Keys);
            checked.map_err(|why| format!("profile `{}`: {why}", profile.name()))?;
            visited.push(profile.name());
        }
        Ok(base)
    }
}

impl fmt::Debug for ProfileFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProfileFiles").field("paths", &self.paths).finish_non_exhaustive()
    }
}

fn read_text(path: &Path) -> Result<String, String> {
    match bounded_read::read_to_string(path) {
        Ok(text) if text.starts_with('\u{feff}') => Err(format!(
            "`{}` begins with a byte order mark, which the AWS SDKs do not read: save it without",
            path.display()
        )),
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(format!("cannot read `{}`: {error}", path.display())),
    }
}

fn check_profile(profile: &Profile, has_role: bool, gives_keys: bool) -> Result<(), String> {
    for key in ["role_arn", "source_profile", "credential_source", "web_identity_token_file"] {
        check_quotes(key, profile.get(key).unwrap_or_default())?;
    }
    if has_role && profile.get("mfa_serial").is_some() {
        return Err("it needs the code of an MFA device (`mfa_serial`), which a probe does not have".to_owned());
    }
    if profile.get("login_session").is_some() && !has_role && !gives_keys {
        return Err(LOGIN_SESSION.to_owned());
    }
    if gives_keys {
        check_keys(KEYS, |key| profile.get(key))?;
    }
    Ok(())
}

/// Returns what a profile gives by itself, in the order of the SDK.
fn base_of(profile: &Profile) -> ProfileBase {
    let has = |key: &str| profile.get(key).is_some();
    if profile.get("credential_source").is_some_and(|source| source.eq_ignore_ascii_case("Environment")) {
        ProfileBase::Environment
    } else if has("credential_source") || has("web_identity_token_file") {
        ProfileBase::Other
    } else if SSO.iter().any(|key| has(key)) {
        ProfileBase::Sso(profile.name().to_owned())
    } else if has("credential_process") {
        ProfileBase::Process(profile.name().to_owned())
    } else if KEYS[..3].iter().any(|key| has(key)) {
        ProfileBase::Keys
    } else {
        ProfileBase::Nothing
    }
}

const KINDS: [EnvConfigFileKind; 2] = [EnvConfigFileKind::Config, EnvConfigFileKind::Credentials];
/// Id, secret key, token, and the token's old name.
const KEYS: [&str; 4] = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token"];
const SSO: [&str; 5] = ["sso_session", "sso_start_url", "sso_region", "sso_account_id", "sso_role_name"];
const LOGIN_SESSION: &str = "`login_session` is not supported: use a profile with a role or with SSO, or the variables that \
     `aws configure export-credentials --format env` prints";
