//! Reads of the API Gateway API: the REST API, its stage, deployment and resources.

use super::policy_document::policy_document;
use super::signed_client::{AwsService, ServiceRequest};
use crate::observation::redact;
use crate::setup::{Api, Blind, Deployment, Fact, Method as ApiMethod, Resource, Stage};
use form_urlencoded::Serializer;
use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// API Gateway of one Region, asked about one API.
#[derive(Debug)]
pub(super) struct ApiGatewayClient<'a> {
    pub(super) service: AwsService,
    pub(super) api: &'a str,
}

impl ApiGatewayClient<'_> {
    /// Returns the API itself; absent if the role's account has none of this id.
    pub(super) async fn api(&self) -> Fact<Api> {
        self.read::<RestApiJson>("").await.map(|read| Api {
            name: read.name.unwrap_or_default(),
            types: read.endpoint_configuration.types,
            vpc_endpoints: read.endpoint_configuration.vpc_endpoint_ids.unwrap_or_default(),
            policy: read.policy.as_deref().filter(|text| !text.is_empty()).map(policy_document),
            access_mode: read.endpoint_access_mode,
            security_policy: read.security_policy,
            default_endpoint_disabled: read.disable_execute_api_endpoint.unwrap_or_default(),
            status: read.api_status,
        })
    }

    /// Returns a stage; absent if the API has none of this name.
    pub(super) async fn stage(&self, name: &str) -> Fact<Stage> {
        self.read::<StageJson>(&format!("/stages/{}", segment(name))).await.map(|read| Stage {
            deployment: read.deployment_id,
            changed: read.last_updated_date.or(read.created_date).as_ref().and_then(moment),
            web_acl: read.web_acl_arn,
        })
    }

    /// Returns a deployment by its id.
    pub(super) async fn deployment(&self, id: &str) -> Fact<Deployment> {
        self.read::<DeploymentJson>(&format!("/deployments/{}", segment(id)))
            .await
            .map(|read| Deployment { id: id.to_owned(), created: read.created_date.as_ref().and_then(moment) })
    }

    /// Returns all resources with their methods, up to a limit of pages.
    pub(super) async fn resources(&self) -> Fact<Vec<Resource>> {
        let (mut resources, mut position) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let next = position.map(|next: String| format!("&position={}", segment(&next))).unwrap_or_default();
            match self.read::<ResourcesJson>(&format!("/resources?embed=methods&limit=500{next}")).await {
                Fact::Known(page) => {
                    resources.extend(page.item.all().into_iter().map(ResourceItem::read));
                    position = page.position.filter(|next| !next.is_empty());
                }
                Fact::Absent => return Fact::Absent,
                Fact::CannotSee(blind) => return Fact::CannotSee(blind),
            }
            if position.is_none() {
                break;
            }
        }
        Fact::Known(resources)
    }

    async fn read<T: DeserializeOwned>(&self, path: &str) -> Fact<T> {
        let path = format!("/restapis/{}{path}", self.api);
        let permission = format!("apigateway:GET on {}", path.split('?').next().unwrap_or_default());
        let blind = |why: String| Fact::CannotSee(Blind::new(&permission, why));
        // by default the response is HAL, full of links
        let header = ("accept", "application/json");
        let request = ServiceRequest { method: Method::GET, path: &path, header, body: String::new() };
        let (status, body) = match self.service.send(request).await {
            Ok(response) => response,
            Err(why) => return blind(why),
        };
        match status {
            200 => match serde_json::from_str(&body) {
                Ok(read) => Fact::Known(read),
                Err(_) => blind("the response is not from API Gateway".to_owned()),
            },
            // a portal answers 404 as well
            404 if !said(&body).is_empty() => Fact::Absent,
            401 | 403 => blind("denied".to_owned()),
            429 => blind("the account sends too many requests".to_owned()),
            status => blind(format!("status {status}{}", said(&body))),
        }
    }
}

/// Returns the message of an error response, if there is one.
fn said(body: &str) -> String {
    #[derive(Deserialize)]
    struct ErrorBody {
        #[serde(alias = "Message")]
        message: String,
    }
    let message = serde_json::from_str::<ErrorBody>(body).map(|refusal| redact(&refusal.message));
    message.map(|text| format!(" ({})", text.chars().take(200).collect::<String>())).unwrap_or_default()
}

/// Returns a text as one segment of a path.
fn segment(text: &str) -> String {
    Serializer::new(String::new()).append_key_only(text).finish().replace('+', "%20")
}

/// Parses a time: seconds since 1970, or RFC 3339.
fn moment(value: &Value) -> Option<OffsetDateTime> {
    match value {
        Value::Number(seconds) => {
            #[expect(clippy::cast_possible_truncation, reason = "whole seconds will do")]
            let whole = seconds.as_i64().or(seconds.as_f64().map(|seconds| seconds as i64))?;
            OffsetDateTime::from_unix_timestamp(whole).ok()
        }
        Value::String(text) => OffsetDateTime::parse(text, &Rfc3339).ok(),
        _ => None,
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RestApiJson {
    /// Never read: JSON without it is not of an API. So it is with those below.
    #[serde(rename = "id")]
    _id: String,
    name: Option<String>,
    endpoint_configuration: EndpointConfiguration,
    policy: Option<String>,
    endpoint_access_mode: Option<String>,
    security_policy: Option<String>,
    disable_execute_api_endpoint: Option<bool>,
    api_status: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EndpointConfiguration {
    types: Vec<String>,
    vpc_endpoint_ids: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StageJson {
    #[serde(rename = "stageName")]
    _name: String,
    deployment_id: Option<String>,
    created_date: Option<Value>,
    last_updated_date: Option<Value>,
    web_acl_arn: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeploymentJson {
    #[serde(rename = "id")]
    _id: String,
    created_date: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct ResourcesJson {
    /// Every API has its root.
    item: ResourceItems,
    position: Option<String>,
}

/// One resource stands alone, without a list around it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum ResourceItems {
    Many(Vec<ResourceItem>),
    One(Box<ResourceItem>),
}

impl ResourceItems {
    fn all(self) -> Vec<ResourceItem> {
        match self {
            Self::Many(many) => many,
            Self::One(one) => vec![*one],
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceItem {
    path: String,
    resource_methods: Option<BTreeMap<String, MethodItem>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MethodItem {
    authorization_type: Option<String>,
    api_key_required: Option<bool>,
}

impl ResourceItem {
    fn read(self) -> Resource {
        let method = |method: MethodItem| ApiMethod {
            authorization: method.authorization_type.unwrap_or_else(|| "NONE".to_owned()),
            api_key_required: method.api_key_required.unwrap_or_default(),
        };
        let methods = self.resource_methods.unwrap_or_default();
        Resource { path: self.path, methods: methods.into_iter().map(|(name, one)| (name, method(one))).collect() }
    }
}

/// Pages of 500 resources; an API has at most 300 by default.
const MOST_PAGES: usize = 4;
