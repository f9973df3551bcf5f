//! The credential chain of the AWS SDK, provider by provider, with one sentence on what became of each.

use super::failure::{Failed, explain};
use super::profile::{Profile, ProfileBase, ProfileFiles, check_pair};
use super::validate::{check, part};
use super::{AssumeRoleConfig, CredentialsBase, CredentialsConfig, profile_name};
use crate::aws::env::{EnvVars, IGNORE_ENDPOINT_URLS};
use crate::aws::http_client::AwsHttpClient;
use crate::aws::imds::ImdsClient;
use crate::aws::sdk_connector::{Pending, SdkConnector, SdkResolver};
use crate::probe::Net;
use crate::sign::{Credentials, NoCredentials};
use aws_config::default_provider::endpoint_url::endpoint_url_provider;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::provider::ProvideCredentials;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use std::time::SystemTime;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tracing::subscriber::{NoSubscriber, set_default};

/// The providers, in the order of the SDK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProviderKind {
    Environment,
    Profile,
    WebIdentity,
    Container,
    Instance,
}

impl ProviderKind {
    const ALL: [Self; 5] = [Self::Environment, Self::Profile, Self::WebIdentity, Self::Container, Self::Instance];

    fn name(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Profile => "profile",
            Self::WebIdentity => "web identity",
            Self::Container => "container endpoint",
            Self::Instance => "instance metadata",
        }
    }
}

/// Why a provider gives nothing.
enum NotProvided {
    /// It is not configured: the next one is tried.
    Absent(String),
    /// It is configured and failed: the chain stops here, as in the AWS SDKs.
    Failed(NoCredentials),
}

type Provided = Result<Credentials, NotProvided>;

impl From<String> for NotProvided {
    fn from(why: String) -> Self {
        Self::Failed(NoCredentials::Missing(why))
    }
}

impl From<Failed> for NotProvided {
    fn from(failed: Failed) -> Self {
        Self::Failed(failed.into())
    }
}

/// What the providers have in common.
struct CredentialsChain {
    config: CredentialsConfig,
    env: EnvVars,
    net: Net,
    http: SharedHttpClient,
    pending: Pending,
}

/// Looks credentials up on a thread of its own: the SDK reads files with blocking calls, and waits for a credential process without
/// end. The receiver fails if there is no thread.
pub(super) fn spawn(
    config: CredentialsConfig,
    net: Net,
    pending: Pending,
) -> oneshot::Receiver<Result<Credentials, NoCredentials>> {
    let (sender, receiver) = oneshot::channel();
    let look_up = move || {
        // the SDK logs ids of keys from `info` on, and secrets at `trace`
        let _silence = set_default(NoSubscriber::default());
        let found =
            Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string()).and_then(|runtime| {
                let client = AwsHttpClient::new(&net, MAX_BODY_BYTES)?;
                let http =
                    SdkConnector { client, region: config.region.clone(), pending: pending.clone() }.into_client();
                let chain = CredentialsChain { config, env: EnvVars::of_process(), net, http, pending };
                Ok(runtime.block_on(chain.run()))
            });
        let _ = sender.send(found.unwrap_or_else(|why| Err(NoCredentials::Unavailable(why))));
    };
    // without a thread the sender is dropped, which the receiver notices
    let _ = std::thread::Builder::new().name("credentials".into()).spawn(look_up);
    receiver
}

impl CredentialsChain {
    /// Returns the credentials, or what became of each provider.
    async fn run(&self) -> Result<Credentials, NoCredentials> {
        let base = match &self.config.base {
            CredentialsBase::Fixed(credentials) => Credentials::clone(credentials),
            CredentialsBase::Profile(name) => self.profile(name, true).await.map_err(|why| match why {
                NotProvided::Absent(why) => NoCredentials::Missing(why),
                NotProvided::Failed(why) => why,
            })?,
            CredentialsBase::DefaultChain => self.first().await?,
        };
        match &self.config.role {
            Some(role) => self.assume(role, base).await,
            None => Ok(base),
        }
    }

    /// Returns the credentials of the first provider that is configured.
    async fn first(&self) -> Result<Credentials, NoCredentials> {
        let mut absent = Vec::new();
        for kind in ProviderKind::ALL {
            match self.provider(kind).await {
                Ok(credentials) => return Ok(credentials),
                Err(NotProvided::Absent(why)) => absent.push(format!("{}: {why}", kind.name())),
                // the last of them: what became of the others matters too
                Err(NotProvided::Failed(why)) if kind == ProviderKind::Instance => {
                    return Err(why.of(kind.name()).of(&absent.join("; ")).of(NO_SOURCE));
                }
                Err(NotProvided::Failed(why)) => return Err(why.of(kind.name())),
            }
        }
        Err(NoCredentials::Missing(absent.join("; ")).of(NO_SOURCE))
    }

    async fn provider(&self, kind: ProviderKind) -> Provided {
        match kind {
            ProviderKind::Environment => self.environment().await,
            ProviderKind::Profile => {
                self.profile(profile_name(&self.env), self.env.value("AWS_PROFILE").is_some()).await
            }
            ProviderKind::WebIdentity => self.web_identity().await,
            ProviderKind::Container => self.container().await,
            ProviderKind::Instance => self.instance().await,
        }
    }

    async fn environment(&self) -> Provided {
        self.check_environment()?;
        if self.env.value(ENVIRONMENT[0]).is_none() {
            return Err(NotProvided::Absent("AWS_ACCESS_KEY_ID is not set".to_owned()));
        }
        let credentials = self.ask(ProviderKind::Environment, EnvironmentVariableCredentialsProvider::new()).await?;
        // the SDK does not read it
        let expires = self.env.value("AWS_CREDENTIAL_EXPIRATION");
        let expires = expires.and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
        Ok(Credentials { expires, ..credentials })
    }

    /// Checks the keys in the environment; none at all are right too.
    fn check_environment(&self) -> Result<(), String> {
        let keys = ENVIRONMENT.map(|name| self.env.value(name));
        check_pair(ENVIRONMENT, keys, ("AWS_SECURITY_TOKEN", self.env.value("AWS_SECURITY_TOKEN")))?;
        for (name, text) in ENVIRONMENT.into_iter().zip(keys) {
            text.map_or(Ok(""), |text| part(name, text))?;
        }
        Ok(())
    }

    /// Asks for a profile; one that was asked for by its name must exist.
    async fn profile(&self, name: &str, is_named: bool) -> Provided {
        let files = ProfileFiles::read(&self.env)?;
        let Some(profile) = files.profile(name) else {
            let why = files.missing(name);
            return Err(if is_named { why.into() } else { NotProvided::Absent(why) });
        };
        let base = files.check(name)?;
        match &base {
            ProfileBase::Environment => self.check_environment()?,
            ProfileBase::Process(of) => self.pending.set(format!("the `credential_process` of profile `{of}`")),
            ProfileBase::Keys | ProfileBase::Sso(_) | ProfileBase::Other => {}
        }
        if profile.get("role_arn").is_some() {
            self.check_sts_url()?;
        }
        let config = self.provider_config(Some(profile));
        let imds = ImdsClient::new(self.http.clone(), &self.env, Some(profile))?.into_inner();
        let imds = ImdsCredentialsProvider::builder().configure(&config).imds_client(imds).build();
        let provider = aws_config::profile::credentials::Builder::default()
            .configure(&config)
            .profile_name(name)
            .profile_files(files.sources(self.ignores_endpoint_urls(Some(profile))))
            .with_custom_provider("Ec2InstanceMetadata", imds)
            .with_custom_provider("EcsContainer", self.container_provider())
            .build();
        self.ask(ProviderKind::Profile, provider).await.map_err(|failed| match failed {
            Failed::NotConfigured => NotProvided::Absent(format!("profile `{name}` has no keys and no role")),
            Failed::Because(why) => NotProvided::Failed(base.explain(why).of(&format!("profile `{name}`"))),
        })
    }

    async fn web_identity(&self) -> Provided {
        let Some(file) = self.env.value("AWS_WEB_IDENTITY_TOKEN_FILE") else {
            return Err(NotProvided::Absent("AWS_WEB_IDENTITY_TOKEN_FILE is not set".to_owned()));
        };
        if self.env.value("AWS_ROLE_ARN").is_none() {
            return Err("AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN".to_owned().into());
        }
        self.check_sts_url()?;
        let files = ProfileFiles::read(&self.env)?;
        let profile = files.selected(&self.env);
        let config = self.provider_config(profile);
        if !self.ignores_endpoint_urls(profile) {
            // the SDK follows the profile's `endpoint_url` for STS only once something has read the profile
            endpoint_url_provider(&config).await;
        }
        let provider = WebIdentityTokenCredentialsProvider::builder().configure(&config).build();
        let named = |why| NotProvided::Failed(NoCredentials::from(why).of(&format!("token file `{file}`")));
        self.ask(ProviderKind::WebIdentity, provider).await.map_err(named)
    }

    async fn container(&self) -> Provided {
        let urls = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];
        if urls.iter().all(|name| self.env.value(name).is_none()) {
            return Err(NotProvided::Absent(format!("{} and …_FULL_URI are not set", urls[0])));
        }
        Ok(self.ask(ProviderKind::Container, self.container_provider()).await?)
    }

    fn container_provider(&self) -> EcsCredentialsProvider {
        // without a way to sleep the SDK makes one attempt
        let config = ProviderConfig::empty().with_http_client(self.http.clone());
        EcsCredentialsProvider::builder().configure(&config).dns(SdkResolver(self.net.clone())).build()
    }

    async fn instance(&self) -> Provided {
        if self.env.is_true("AWS_EC2_METADATA_DISABLED") {
            return Err(NotProvided::Absent("switched off by AWS_EC2_METADATA_DISABLED".to_owned()));
        }
        let files = ProfileFiles::read(&self.env)?;
        let imds = ImdsClient::new(self.http.clone(), &self.env, files.selected(&self.env))?.into_inner();
        let config = self.provider_config(None);
        let provider = ImdsCredentialsProvider::builder().configure(&config).imds_client(imds).build();
        self.ask(ProviderKind::Instance, provider).await.map_err(|failed| match failed {
            Failed::NotConfigured => NotProvided::Absent(NO_ROLE.to_owned()),
            Failed::Because(NoCredentials::Missing(why)) => NotProvided::Absent(why),
            Failed::Because(why) => NotProvided::Failed(why),
        })
    }

    /// Assumes a role with credentials that were found.
    async fn assume(&self, role: &AssumeRoleConfig, base: Credentials) -> Result<Credentials, NoCredentials> {
        self.check_sts_url().map_err(NoCredentials::Missing)?;
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(self.http.clone())
            .region(Region::new(self.config.region.clone()))
            .retry_config(RetryConfig::disabled())
            .no_credentials();
        if let Some(name) = self.config.base.profile() {
            loader = loader.profile_name(name);
        }
        let session_name = role.session_name.as_deref().unwrap_or(SESSION_NAME);
        let mut builder =
            AssumeRoleProvider::builder(&role.arn).session_name(session_name).configure(&loader.load().await);
        if let Some(id) = &role.external_id {
            builder = builder.external_id(id);
        }
        let Credentials { access_key_id, secret_access_key, session_token, expires } = base;
        let expires = expires.map(SystemTime::from);
        let base = aws_credential_types::Credentials::new(
            access_key_id,
            secret_access_key,
            session_token,
            expires,
            "apigw-probe",
        );
        self.ask(ProviderKind::Profile, builder.build_from_provider(base).await).await.map_err(NoCredentials::from)
    }

    /// Asks a provider, and checks what it gives.
    async fn ask(&self, kind: ProviderKind, provider: impl ProvideCredentials) -> Result<Credentials, Failed> {
        let found = provider.provide_credentials().await.map_err(|error| explain(kind, &error))?;
        let credentials = Credentials {
            access_key_id: found.access_key_id().to_owned(),
            secret_access_key: found.secret_access_key().to_owned(),
            session_token: found.session_token().map(str::to_owned),
            expires: found.expiry().map(OffsetDateTime::from),
        };
        let invalid = |why| Failed::Because(NoCredentials::Missing(format!("the response is not valid: {why}")));
        check(&credentials).map_err(invalid)?;
        Ok(credentials)
    }

    /// Checks the URL that the environment names for STS; the SDK would show what is in it.
    fn check_sts_url(&self) -> Result<(), String> {
        self.env.endpoint_url("AWS_ENDPOINT_URL_STS", String::new).map(|_| ())
    }

    /// Whether endpoint URLs in the shared files do not count; those in the environment have been removed then.
    fn ignores_endpoint_urls(&self, profile: Option<&Profile>) -> bool {
        self.setting(IGNORE_ENDPOINT_URLS, profile, "ignore_configured_endpoint_urls") == Some(true)
    }

    /// Returns what all providers are configured with.
    fn provider_config(&self, profile: Option<&Profile>) -> ProviderConfig {
        ProviderConfig::without_region()
            .with_http_client(self.http.clone())
            .with_region(Some(Region::new(self.config.region.clone())))
            .with_retry_config(RetryConfig::disabled())
            .with_behavior_version(Some(BehaviorVersion::latest()))
            .with_use_fips(self.setting("AWS_USE_FIPS_ENDPOINT", profile, "use_fips_endpoint"))
            .with_use_dual_stack(self.setting("AWS_USE_DUALSTACK_ENDPOINT", profile, "use_dualstack_endpoint"))
    }

    /// Returns a switch in the environment, or else in a profile.
    fn setting(&self, variable: &str, profile: Option<&Profile>, key: &str) -> Option<bool> {
        let text = self.env.value(variable).or_else(|| profile?.get(key))?;
        Some(text.eq_ignore_ascii_case("true"))
    }
}

const ENVIRONMENT: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
const SESSION_NAME: &str = "apigw-probe";
const NO_SOURCE: &str = "no source has credentials";
const NO_ROLE: &str = "the instance has no role: attach an instance profile";
const MAX_BODY_BYTES: usize = 64 * 1024;
