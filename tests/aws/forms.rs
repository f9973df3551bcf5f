//! Each form in which credentials are configured in real life: the probe signs as the AWS SDK does, or refuses with a sentence.

use super::caller::{Caller, Signed, Unsigned};
use super::credential_forms::{Form, forms, stand_ins};
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::provider::ProvideCredentials as _;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use futures_util::StreamExt as _;
use futures_util::stream::iter;
use std::process::Command;

#[tokio::test]
async fn each_form_signs_as_the_sdk_does_or_is_refused_with_a_sentence() {
    let (forms, url) = (forms(), &stand_ins());
    let found: Vec<_> =
        iter(&forms).map(|form| async move { (form, signed(form, url).await) }).buffered(4).collect().await;
    let mut wrong = Vec::new();
    for (form, found) in &found {
        let right = match (&form.refuses, found) {
            (None, Ok(signed)) => signed.access_key_id == form.sdk,
            // a sentence of its own, and not only what was looked for in vain
            (None, Err(why)) => form.sdk.is_empty() && !why.evidence.contains("no source has credentials"),
            (Some(word), Err(why)) => why.evidence.contains(word) && why.cause == "credentials-missing",
            (Some(_), Ok(_)) => false,
        };
        if !right {
            wrong.push(format!("{}: {found:?}", form.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

async fn signed(form: &Form, url: &str) -> Result<Signed, Unsigned> {
    let caller = Caller::new().await;
    let env = form.lay_out(caller.home.path(), url);
    let env: Vec<_> = env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    caller.signed(&[], &env).await
}

/// The column of the SDK is true: the SDK itself signs so, in a process of its own, which is this test once more.
#[test]
fn the_sdk_takes_each_form_as_the_table_has_it() {
    if std::env::var_os(CHILD).is_some() {
        println!("{ANSWER}{}", sdk_key().unwrap_or_default());
        return;
    }
    let url = stand_ins();
    let mut wrong = Vec::new();
    for form in forms() {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "forms::the_sdk_takes_each_form_as_the_table_has_it", "--nocapture"]);
        command.env_clear().env(CHILD, "1").envs(form.lay_out(home.path(), &url));
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let key = said.split(ANSWER).nth(1).unwrap_or_else(|| panic!("{said}")).lines().next().unwrap();
        if key != form.sdk {
            wrong.push(format!("{}: {key}", form.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The key of the SDK's own default chain.
fn sdk_key() -> Option<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let connector = SharedHttpConnector::new(Plain(
            reqwest::Client::builder().tls_backend_preconfigured(tls()).build().unwrap(),
        ));
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .region(Region::from_static("us-east-1"))
            .load()
            .await;
        let found = config.credentials_provider()?.provide_credentials().await;
        found.ok().map(|credentials| credentials.access_key_id().to_owned())
    })
}

fn tls() -> rustls::ClientConfig {
    rustls::ClientConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

/// Hands the SDK's requests to reqwest as they are.
#[derive(Debug, Clone)]
struct Plain(reqwest::Client);

impl HttpConnector for Plain {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().unwrap();
            let request = request.map(|body| body.bytes().map(<[u8]>::to_vec).unwrap_or_default());
            let response = client.execute(request.try_into().unwrap()).await;
            let response = response.map_err(|error| ConnectorError::io(error.into()))?;
            let status = response.status();
            let headers = response.headers().clone();
            let body = response.bytes().await.map_err(|error| ConnectorError::io(error.into()))?;
            let mut response = hyper::Response::builder().status(status).body(SdkBody::from(body.to_vec())).unwrap();
            *response.headers_mut() = headers;
            Ok(HttpResponse::try_from(response).unwrap())
        })
    }
}

const CHILD: &str = "APIGW_PROBE_TEST_OF_THE_SDK";
const ANSWER: &str = "the key of the SDK: ";
