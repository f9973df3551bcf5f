//! Where do credentials come from? One chain, in the order of the AWS SDKs: environment, profile, web identity, container, instance.

use super::part::{part, part_if_any};
use super::profile::{Profile, Profiles};
use super::sts::{Sts, Taking, stray};
use super::{MOST_FOR_A_PIPE, Side, Variables, container, imds, service};
use crate::sign::{Credentials, NoCredentials};
use crate::small_file;
use crate::target::Target;
use std::pin::Pin;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::timeout;

/// What the user says of credentials; none of it is secret but the external id, which AWS does not count as one either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The one profile to use; the whole chain if absent.
    pub profile: Option<String>,
    /// The role to take on top.
    pub role: Option<Role>,
    /// The Region whose STS is asked.
    pub region: String,
    /// The DNS suffix of that STS.
    pub suffix: String,
}

/// A role to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// `arn:aws:iam::ACCOUNT:role/NAME`.
    pub arn: String,
    /// What the role's trust policy asks third parties for.
    pub external_id: Option<String>,
    /// What account B reads in its logs; `apigw-probe` if absent.
    pub session_name: Option<String>,
}

impl Role {
    /// Reads a role's ARN.
    pub fn parse_arn(text: &str) -> Result<String, String> {
        let parts: Vec<_> = text.splitn(6, ':').collect();
        let right = matches!(parts.as_slice(), ["arn", partition, "iam", "", account, role]
            if partition.starts_with("aws") && account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())
                && role.strip_prefix("role/").is_some_and(|name| !name.is_empty()));
        let shown: String = text.chars().take(80).filter(|c| !c.is_control()).collect();
        if right {
            Ok(text.to_owned())
        } else {
            Err(format!("`{shown}` is not a role, such as `arn:aws:iam::222233334444:role/probe`"))
        }
    }

    /// Reads the name of a session (STS API reference, `AssumeRole`).
    pub fn parse_session_name(text: &str) -> Result<String, String> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "_=,.@-".contains(c);
        if (2..=64).contains(&text.len()) && text.chars().all(fits) {
            return Ok(text.to_owned());
        }
        Err("a session's name has 2 to 64 letters, digits and `_=,.@-`, such as `apigw-probe`".to_owned())
    }
}

impl Wish {
    /// For calls of a target; none if nothing tells its Region, for which calls are signed.
    pub fn for_target(target: &Target, profile: Option<String>, role: Option<Role>) -> Option<Self> {
        let (region, suffix) = (target.region()?.to_string(), target.suffix()?.to_string());
        Some(Self { profile, role, region, suffix })
    }

    /// What contradicts itself in it.
    pub fn contradiction(&self) -> Option<String> {
        stray(&self.role.as_ref()?.arn, &self.region)
    }
}

/// The search for credentials.
pub(super) struct Search<'a> {
    pub(super) side: &'a Side,
    pub(super) wish: &'a Wish,
    pub(super) variables: &'a Variables,
}

/// What became of one source.
enum Source {
    Found(Credentials),
    /// It is not there: the next one is tried.
    Absent(String),
    /// It is there and does not work: nobody wants another one instead.
    Broken(NoCredentials),
}

impl Search<'_> {
    /// The credentials, or what became of each source.
    pub(super) async fn run(&self) -> Result<Credentials, NoCredentials> {
        let base = self.base().await?;
        let Some(role) = &self.wish.role else { return Ok(base) };
        let taking = Taking {
            arn: &role.arn,
            session_name: role.session_name.as_deref().unwrap_or(SESSION_NAME),
            external_id: role.external_id.as_deref(),
        };
        self.assume(taking, &base).await
    }

    /// The first source that has any; a profile that was asked for is the only one.
    async fn base(&self) -> Result<Credentials, NoCredentials> {
        if let Some(name) = &self.wish.profile {
            return match self.profile(name).await {
                Source::Found(credentials) => Ok(credentials),
                Source::Absent(why) => Err(NoCredentials::Missing(why)),
                Source::Broken(why) => Err(why),
            };
        }
        let mut absent = Vec::new();
        for name in [Name::Environment, Name::Profile, Name::WebIdentity, Name::Container, Name::Instance] {
            match self.source(name).await {
                Source::Found(credentials) => return Ok(credentials),
                Source::Absent(why) => absent.push(format!("{}: {why}", name.words())),
                Source::Broken(why) => return Err(why.of(name.words())),
            }
        }
        Err(NoCredentials::Missing(format!("no source has credentials: {}", absent.join("; "))))
    }

    async fn source(&self, name: Name) -> Source {
        match name {
            Name::Environment => self.environment(),
            Name::Profile => self.profile(self.variables.value("AWS_PROFILE").unwrap_or("default")).await,
            Name::WebIdentity => self.web_identity().await,
            Name::Container => self.container().await,
            Name::Instance => self.instance().await,
        }
    }

    fn environment(&self) -> Source {
        let value = |name| self.variables.value(name);
        let end = || OffsetDateTime::parse(value("AWS_CREDENTIAL_EXPIRATION")?, &Rfc3339).ok();
        match (value(ENVIRONMENT[0]), value(ENVIRONMENT[1])) {
            (Some(id), Some(secret)) => {
                found(keys(ENVIRONMENT, [id, secret], value(ENVIRONMENT[2]), end()).map_err(NoCredentials::Missing))
            }
            (Some(_), None) => broken("AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY"),
            (None, _) => Source::Absent("AWS_ACCESS_KEY_ID is not set".to_owned()),
        }
    }

    async fn profile(&self, name: &str) -> Source {
        match Profiles::read(self.variables) {
            Ok(profiles) => self.of_profile(&profiles, name, &mut Vec::new()).await,
            Err(why) => broken(why),
        }
    }

    /// What a profile leads to; a role is taken with what its source profile leads to.
    fn of_profile<'s>(
        &'s self,
        profiles: &'s Profiles,
        name: &'s str,
        visited: &'s mut Vec<String>,
    ) -> Pin<Box<dyn Future<Output = Source> + Send + 's>> {
        Box::pin(async move {
            let Some(profile) = profiles.profile(name) else {
                let why = format!("there is no profile `{name}` in {}", profiles.places());
                let asked =
                    self.wish.profile.is_some() || self.variables.value("AWS_PROFILE").is_some() || !visited.is_empty();
                return if asked { broken(why) } else { Source::Absent(why) };
            };
            let Some(arn) = profile.value("role_arn").filter(|_| !visited.iter().any(|one| one == name)) else {
                return keys_of(profile, name, profiles);
            };
            visited.push(name.to_owned());
            let taking = Taking {
                arn,
                session_name: profile.value("role_session_name").unwrap_or(SESSION_NAME),
                external_id: profile.value("external_id"),
            };
            if profile.value("mfa_serial").is_some() {
                return broken(format!(
                    "profile `{name}` wants a code of a device (`mfa_serial`), which a probe has not"
                ));
            }
            if let Some(file) = profile.value("web_identity_token_file") {
                return self.with_token(taking, file).await;
            }
            let base = match (profile.value("source_profile"), profile.value("credential_source")) {
                (Some(source), None) => self.of_profile(profiles, source, visited).await,
                (None, Some("Environment")) => self.environment(),
                (None, Some("EcsContainer")) => self.container().await,
                (None, Some("Ec2InstanceMetadata")) => self.instance().await,
                _ => {
                    return broken(format!(
                        "profile `{name}` has `role_arn`: beside it stands one of `source_profile`, `web_identity_token_file` \
                         and `credential_source` (Environment, EcsContainer, Ec2InstanceMetadata)"
                    ));
                }
            };
            match base {
                Source::Found(keys) => found(self.assume(taking, &keys).await),
                Source::Absent(why) => broken(format!("profile `{name}`: {why}")),
                Source::Broken(why) => Source::Broken(why.of(&format!("profile `{name}`"))),
            }
        })
    }

    async fn web_identity(&self) -> Source {
        let value = |name| self.variables.value(name);
        match (value("AWS_WEB_IDENTITY_TOKEN_FILE"), value("AWS_ROLE_ARN")) {
            (None, _) => Source::Absent("AWS_WEB_IDENTITY_TOKEN_FILE is not set".to_owned()),
            (Some(_), None) => broken("AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN"),
            (Some(file), Some(arn)) => {
                let session_name = value("AWS_ROLE_SESSION_NAME").unwrap_or(SESSION_NAME);
                self.with_token(Taking { arn, session_name, external_id: None }, file).await
            }
        }
    }

    async fn with_token(&self, taking: Taking<'_>, file: &str) -> Source {
        let read = small_file::read_text(file.as_ref(), MOST_FOR_A_PIPE).map_err(|error| error.to_string());
        let token = match read.and_then(|text| part("token", text.trim())) {
            Ok(token) => token,
            Err(error) => return broken(format!("token file `{file}`: {error}")),
        };
        // a call has its own bound, which says more
        found(match self.sts_url() {
            Ok(url) => self.sts(&url).assume_with_token(taking, &token).await,
            Err(why) => Err(NoCredentials::Missing(why)),
        })
    }

    async fn container(&self) -> Source {
        match container::url(self.variables) {
            Ok(None) => Source::Absent("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and …_FULL_URI are not set".to_owned()),
            Ok(Some(url)) => match within(container::credentials(self.side, &url, self.variables)).await {
                Ok(credentials) => Source::Found(credentials),
                Err(why) => broken(why),
            },
            Err(why) => broken(why),
        }
    }

    async fn instance(&self) -> Source {
        match within(imds::credentials(self.side, self.variables)).await {
            Ok(credentials) => Source::Found(credentials),
            Err(why) => Source::Absent(why),
        }
    }

    async fn assume(&self, taking: Taking<'_>, keys: &Credentials) -> Result<Credentials, NoCredentials> {
        let url = self.sts_url().map_err(NoCredentials::Missing)?;
        self.sts(&url).assume(taking, keys).await
    }

    fn sts<'s>(&'s self, url: &'s str) -> Sts<'s> {
        Sts { side: self.side, url, region: &self.wish.region }
    }

    /// The regional name, or what the environment names in its place, as it does for every tool of AWS.
    fn sts_url(&self) -> Result<String, String> {
        let usual = || format!("https://sts.{}.{}", self.wish.region, self.wish.suffix);
        Ok(service::url(self.variables, "AWS_ENDPOINT_URL_STS", usual)? + "/")
    }
}

/// The sources of the chain.
#[derive(Debug, Clone, Copy)]
enum Name {
    Environment,
    Profile,
    WebIdentity,
    Container,
    Instance,
}

impl Name {
    fn words(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Profile => "profile",
            Self::WebIdentity => "web identity",
            Self::Container => "container endpoint",
            Self::Instance => "instance metadata",
        }
    }
}

fn broken(why: impl Into<String>) -> Source {
    Source::Broken(NoCredentials::Missing(why.into()))
}

fn found(result: Result<Credentials, NoCredentials>) -> Source {
    match result {
        Ok(credentials) => Source::Found(credentials),
        Err(why) => Source::Broken(why),
    }
}

/// Credentials of parts under their names.
fn keys(
    names: [&str; 3],
    [id, secret]: [&str; 2],
    token: Option<&str>,
    expires: Option<OffsetDateTime>,
) -> Result<Credentials, String> {
    Ok(Credentials {
        access_key_id: part(names[0], id)?,
        secret_access_key: part(names[1], secret)?,
        session_token: part_if_any(names[2], token)?,
        expires,
    })
}

/// The keys that stand in a profile.
fn keys_of(profile: &Profile, name: &str, profiles: &Profiles) -> Source {
    let value = |key| profile.value(key);
    match (value(SHARED[0]), value(SHARED[1])) {
        (Some(id), Some(secret)) => {
            let keys = keys(SHARED, [id, secret], value(SHARED[2]), None);
            let wrong = |why| NoCredentials::Missing(format!("profile `{name}` in {}: {why}", profiles.places()));
            found(keys.map_err(wrong))
        }
        (Some(_), None) => broken(format!("profile `{name}` has an access key without its secret key")),
        (None, _) => match profile.first_of(&NOT_FOR_A_PROBE) {
            Some(key) => broken(format!(
                "profile `{name}` gets its credentials by `{key}`, which is not supported: give a profile with a role, or what \
                 `aws configure export-credentials --profile {name}` prints"
            )),
            None => Source::Absent(format!("profile `{name}` has no keys and no role")),
        },
    }
}

/// No endpoint may take longer, however many questions it takes.
async fn within(asking: impl Future<Output = Result<Credentials, String>>) -> Result<Credentials, String> {
    match timeout(MOST_FOR_A_SOURCE, asking).await {
        Ok(result) => result,
        Err(_) => Err(format!("no whole answer within {} s", MOST_FOR_A_SOURCE.as_secs())),
    }
}

const ENVIRONMENT: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
const SHARED: [&str; 3] = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"];
const SESSION_NAME: &str = "apigw-probe";
/// Ways to credentials that want a browser, or another program.
const NOT_FOR_A_PROBE: [&str; 4] = ["credential_process", "sso_session", "sso_start_url", "login_session"];
const MOST_FOR_A_SOURCE: Duration = Duration::from_secs(2);
