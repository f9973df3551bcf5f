//! Instance metadata, version 2: the SDK's client, its endpoint, and what its failures mean.

use super::credentials::profile::Profile;
use super::credentials::validate::part;
use super::env::EnvVars;
use super::http_client::{CallError, innermost};
use aws_config::imds::client::error::ImdsError;
use aws_config::provider_config::ProviderConfig;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use reqwest::{Method, Url};
use std::time::Duration;

/// Reads values of instance metadata; takes the session token with the first of them.
#[derive(Debug, Clone)]
pub(super) struct ImdsClient(aws_config::imds::Client);

impl ImdsClient {
    /// Returns a client for the endpoint that environment or profile name. The HTTP client makes the attempts and keeps the time.
    pub(super) fn new(http: SharedHttpClient, env: &EnvVars, profile: Option<&Profile>) -> Result<Self, String> {
        let config = ProviderConfig::without_region().with_http_client(http);
        let builder = aws_config::imds::Client::builder().configure(&config).max_attempts(1);
        let builder = builder.endpoint(endpoint(env, profile)?).map_err(|error| innermost(&*error))?;
        Ok(Self(builder.build()))
    }

    /// Returns a value below `/latest/meta-data/`; none if there is no such value.
    pub(super) async fn read(&self, path: &str) -> Result<Option<String>, String> {
        // boxed: the future of the SDK is large, and a whole instance is read by many at once
        match Box::pin(self.0.get(format!("/latest/meta-data/{path}"))).await {
            Ok(value) => Ok(Some(value.into())),
            Err(ImdsError::ErrorResponse(error)) if error.response().status().as_u16() == 404 => Ok(None),
            Err(error) => Err(CallError::within(&error).map_or_else(|| innermost(&error), ToString::to_string)),
        }
    }

    /// Returns the SDK's client, for credentials.
    pub(super) fn into_inner(self) -> aws_config::imds::Client {
        self.0
    }
}

/// Returns where metadata is: environment before profile, URL before mode, as the SDKs have it.
fn endpoint(env: &EnvVars, profile: Option<&Profile>) -> Result<String, String> {
    let key = |name: &str| profile.and_then(|profile| profile.get(name));
    if env.value(ENDPOINT).is_some() {
        return env.check_url(ENDPOINT).map(str::to_owned);
    }
    if let Some(url) = key("ec2_metadata_service_endpoint") {
        let is_url = Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        return if is_url {
            Ok(url.to_owned())
        } else {
            Err(invalid("ec2_metadata_service_endpoint", "a URL of http"))
        };
    }
    let mode = env.value(MODE).map(|mode| (MODE, mode));
    let mode = mode.or_else(|| Some((MODE_KEY, key(MODE_KEY)?)));
    match mode {
        None => Ok(V4.to_owned()),
        Some((_, mode)) if mode.eq_ignore_ascii_case("ipv4") => Ok(V4.to_owned()),
        Some((_, mode)) if mode.eq_ignore_ascii_case("ipv6") => Ok(V6.to_owned()),
        Some((name, _)) => Err(invalid(name, "IPv4 or IPv6")),
    }
}

fn invalid(name: &str, expected: &str) -> String {
    format!("invalid `{name}`: expected {expected}")
}

/// Returns the error of a response that is neither a value nor says that there is none. A token is requested by PUT.
pub(super) fn check(method: &Method, status: u16, body: &str) -> Result<(), CallError> {
    let is_token = method == Method::PUT;
    let message = match (is_token, status) {
        (true, 200) => match part("token", body) {
            Ok(_) => return Ok(()),
            Err(why) => format!("this is no metadata service: {why}"),
        },
        (false, 200 | 404) => return Ok(()),
        (true, 403) => {
            "it is disabled for this instance (`HttpEndpoint: disabled`), or a firewall says so (403)".to_owned()
        }
        (false, 401) => return Err(CallError::unavailable("it does not accept its own token (401)")),
        (true, status) => format!("it gives no token (status {status})"),
        (false, status) => format!("status {status}"),
    };
    Err(CallError::of_status(status, message))
}

/// Returns the error of a request that got no response, with why that may be.
pub(super) fn unreachable(method: &Method, error: &CallError) -> CallError {
    if method != Method::PUT {
        return CallError::unavailable(format!("it gave a token, and then {error}"));
    }
    // a hop limit of 1 lets the request through and drops the response on its way back into a container
    CallError::no_response(format!(
        "{error}: this is no EC2 instance, or a container behind a metadata hop limit of 1 \
         (`aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2`)"
    ))
}

const ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
const MODE: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";
const MODE_KEY: &str = "ec2_metadata_service_endpoint_mode";
const V4: &str = "http://169.254.169.254";
const V6: &str = "http://[fd00:ec2::254]";
/// The header of a request for a token, and of the response to it.
pub(super) const TOKEN_TTL: &str = "x-aws-ec2-metadata-token-ttl-seconds";
/// The header with the token.
pub(super) const TOKEN: &str = "x-aws-ec2-metadata-token";
/// The timeouts of two attempts, less than the two seconds that any other call has.
pub(super) const ATTEMPTS: [Duration; 2] = [Duration::from_millis(900); 2];

#[cfg(test)]
mod tests {
    use super::*;
    use aws_config::profile::Property;
    use std::collections::HashMap;

    /// The endpoint by these variables and these keys of the profile.
    fn endpoint_of(variables: &[(&str, &str)], keys: &[(&str, &str)]) -> Result<String, String> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let keys: HashMap<_, _> = keys.iter().map(own).map(|(k, v)| (k.clone(), Property::new(k, v))).collect();
        endpoint(&variables.iter().map(own).collect(), Some(&Profile::new("default", keys)))
    }

    /// Fault B3.
    #[test]
    fn the_endpoint_is_that_of_environment_and_profile_in_the_order_of_the_sdks() {
        let (url, mode) = ("ec2_metadata_service_endpoint", MODE_KEY);
        for (variables, keys, expected) in [
            (&[][..], &[][..], V4),
            (&[(MODE, "IPv6")], &[], V6),
            (&[], &[(mode, "ipv6")], V6),
            (&[(MODE, "IPv4")], &[(mode, "IPv6")], V4),
            (&[(MODE, "IPv6")], &[(url, "http://127.0.0.1:1")], "http://127.0.0.1:1"),
            (&[(ENDPOINT, "http://127.0.0.1:2")], &[(url, "http://127.0.0.1:1")], "http://127.0.0.1:2"),
        ] {
            assert_eq!(endpoint_of(variables, keys).unwrap(), expected, "{variables:?} {keys:?}");
        }
        for (variables, keys, named) in
            [(&[(MODE, "7")][..], &[][..], MODE), (&[], &[(mode, "7")], mode), (&[], &[(url, "nowhere")], url)]
        {
            assert!(endpoint_of(variables, keys).unwrap_err().contains(named), "{variables:?} {keys:?}");
        }
    }
}
