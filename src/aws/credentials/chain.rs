//! The credential chain: each provider is the AWS SDK's, what becomes of each is said in a sentence.

use super::config::{AssumeRoleConfig, CredentialsBase, CredentialsConfig};
use super::failure;
use super::profile::{Profile, ProfileBase, ProfileFiles};
use super::validate::{check, check_keys};
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
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tracing::subscriber::{NoSubscriber, set_default};

/// A lookup under way; it fails if its thread ended by a defect, or could not be started.
pub(super) type Lookup = oneshot::Receiver<Provided>;

type Provided = Result<Credentials, NoCredentials>;

/// What the providers have in common.
struct CredentialsChain {
    config: CredentialsConfig,
    env: EnvVars,
    net: Net,
    http: SharedHttpClient,
    pending: Pending,
}

/// Starts a lookup on a thread of its own: the SDK reads files with blocking calls, and waits for a credential process without end.
pub(super) fn spawn(config: CredentialsConfig, net: Net, pending: Pending) -> Lookup {
    let (sender, receiver) = oneshot::channel();
    let look_up = move || {
        // the SDK logs ids of keys from `info` on, and secrets at `trace`
        let _silence = set_default(NoSubscriber::default());
        let client = AwsHttpClient::new(&net, MAX_BODY_BYTES);
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string());
        let found = client.and_then(|client| Ok((client, runtime?))).map(|(client, runtime)| {
            let http = SdkConnector { client, region: config.region.clone(), pending: pending.clone() }.into_client();
            runtime.block_on(CredentialsChain { config, env: EnvVars::of_process(), net, http, pending }.run())
        });
        let _ = sender.send(found.unwrap_or_else(|why| Err(NoCredentials::Unavailable(why))));
    };
    let _ = std::thread::Builder::new().name("credentials".into()).spawn(look_up);
    receiver
}

impl CredentialsChain {
    async fn run(&self) -> Provided {
        let base = match &self.config.base {
            CredentialsBase::Fixed(credentials) => Credentials::clone(credentials),
            CredentialsBase::Profile(name) => {
                let files = ProfileFiles::read(&self.env)?;
                match files.check(name)? {
                    ProfileBase::Missing => return Err(files.missing(name).into()),
                    ProfileBase::Nothing => return Err(nothing_in(name).into()),
                    base => self.profile(&files, name, base).await?,
                }
            }
            CredentialsBase::DefaultChain => self.default_chain().await?,
        };
        match &self.config.role {
            Some(role) => self.assume(role, base).await,
            None => Ok(base),
        }
    }

    /// Returns what the first source gives that is configured; one that is and fails ends the chain, as in the AWS SDKs.
    async fn default_chain(&self) -> Provided {
        let of = |source: &'static str| move |why: NoCredentials| why.of(source);
        let keys = check_keys(ENVIRONMENT, |name| self.env.value(name)).map_err(NoCredentials::Missing);
        if keys.map_err(of("environment"))? {
            return self.environment().await.map_err(of("environment"));
        }
        let files = ProfileFiles::read(&self.env).map_err(NoCredentials::Missing).map_err(of("profile"))?;
        let name = self.env.profile_name();
        let no_profile = match files.check(name).map_err(NoCredentials::Missing).map_err(of("profile"))? {
            ProfileBase::Missing if self.env.value("AWS_PROFILE").is_some() => {
                return Err(NoCredentials::Missing(files.missing(name)).of("profile"));
            }
            ProfileBase::Missing => files.missing(name),
            ProfileBase::Nothing => nothing_in(name),
            base => return self.profile(&files, name, base).await.map_err(of("profile")),
        };
        if let Some(file) = self.env.value("AWS_WEB_IDENTITY_TOKEN_FILE") {
            return self.web_identity(file, files.profile(name)).await.map_err(of("web identity"));
        }
        if CONTAINER.iter().any(|name| self.env.value(name).is_some()) {
            return self.ask(self.container_provider(), failure::of_container).await.map_err(of("container endpoint"));
        }
        let others = format!(
            "no source has credentials: environment: AWS_ACCESS_KEY_ID is not set; profile: {no_profile}; web identity: \
             AWS_WEB_IDENTITY_TOKEN_FILE is not set; container endpoint: {} and …_FULL_URI are not set; instance metadata",
            CONTAINER[0]
        );
        self.instance(files.profile(name)).await.map_err(|why| why.of(&others))
    }

    async fn environment(&self) -> Provided {
        let found = self.ask(EnvironmentVariableCredentialsProvider::new(), failure::of_configuration).await?;
        // the SDK does not read it
        let expires = self.env.value("AWS_CREDENTIAL_EXPIRATION");
        Ok(Credentials { expires: expires.and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok()), ..found })
    }

    async fn profile(&self, files: &ProfileFiles, name: &str, base: ProfileBase) -> Provided {
        if base == ProfileBase::Environment {
            check_keys(ENVIRONMENT, |name| self.env.value(name))?;
        }
        if let ProfileBase::Process(of) = &base {
            self.pending.set(format!("the `credential_process` of profile `{of}`"));
        }
        self.check_sts_url()?;
        let profile = files.profile(name);
        let provider = aws_config::profile::credentials::Builder::default()
            .configure(&self.provider_config(profile))
            .profile_name(name)
            .profile_files(files.sources(self.ignores_endpoint_urls(profile)))
            .with_custom_provider("Ec2InstanceMetadata", self.instance_provider(profile)?)
            .with_custom_provider("EcsContainer", self.container_provider())
            .build();
        self.ask(provider, failure::of_configuration).await.map_err(|why| {
            let hint = base.hint().unwrap_or_default();
            why.and(&hint).of(&format!("profile `{name}`"))
        })
    }

    async fn web_identity(&self, file: &str, profile: Option<&Profile>) -> Provided {
        if self.env.value("AWS_ROLE_ARN").is_none() {
            return Err("AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN".to_owned().into());
        }
        self.check_sts_url()?;
        let config = self.provider_config(profile);
        if !self.ignores_endpoint_urls(profile) {
            // the SDK follows the profile's `endpoint_url` for STS only once something has read the profile
            endpoint_url_provider(&config).await;
        }
        let provider = WebIdentityTokenCredentialsProvider::builder().configure(&config).build();
        self.ask(provider, failure::of_configuration).await.map_err(|why| why.of(&format!("token file `{file}`")))
    }

    async fn instance(&self, profile: Option<&Profile>) -> Provided {
        if self.env.is_true("AWS_EC2_METADATA_DISABLED") {
            return Err("switched off by AWS_EC2_METADATA_DISABLED".to_owned().into());
        }
        self.ask(self.instance_provider(profile)?, failure::of_instance).await
    }

    fn instance_provider(&self, profile: Option<&Profile>) -> Result<ImdsCredentialsProvider, String> {
        let client = ImdsClient::new(self.http.clone(), &self.env, profile)?.into_inner();
        Ok(ImdsCredentialsProvider::builder().configure(&self.provider_config(profile)).imds_client(client).build())
    }

    fn container_provider(&self) -> EcsCredentialsProvider {
        // without a way to sleep the SDK makes one attempt
        let config = ProviderConfig::empty().with_http_client(self.http.clone());
        EcsCredentialsProvider::builder().configure(&config).dns(SdkResolver(self.net.clone())).build()
    }

    /// Assumes a role with credentials that were found.
    async fn assume(&self, role: &AssumeRoleConfig, base: Credentials) -> Provided {
        self.check_sts_url()?;
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
        self.ask(builder.build_from_provider(base.to_sdk()).await, failure::of_configuration).await
    }

    /// Asks a provider, and checks what it gives. The words are for an error of the SDK's own.
    async fn ask(&self, provider: impl ProvideCredentials, words: fn(&str) -> String) -> Provided {
        let found = provider.provide_credentials().await.map_err(|error| failure::explain(&error, words))?;
        let credentials = Credentials {
            access_key_id: found.access_key_id().to_owned(),
            secret_access_key: found.secret_access_key().to_owned(),
            session_token: found.session_token().map(str::to_owned),
            expires: found.expiry().map(OffsetDateTime::from),
        };
        check(&credentials).map_err(|why| format!("the response is not valid: {why}"))?;
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

fn nothing_in(profile: &str) -> String {
    format!("profile `{profile}` has no keys and no role")
}

/// Id, secret key, token, and the token's old name.
const ENVIRONMENT: [&str; 4] =
    ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"];
const CONTAINER: [&str; 2] = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];
const SESSION_NAME: &str = "apigw-probe";
const MAX_BODY_BYTES: usize = 64 * 1024;
