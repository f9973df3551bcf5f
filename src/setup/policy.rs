//! Which policies does the set-up need? The documented ones for a target, as documents that can be pasted.

use crate::target::{Region, Target, VpceId};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A policy document of IAM, of an API or of an endpoint (IAM user guide, "IAM JSON policy reference").
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    version: &'static str,
    statement: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'static str>,
    effect: Effect,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<Principal>,
    #[serde(serialize_with = "one_or_many")]
    action: Vec<&'static str>,
    #[serde(serialize_with = "one_or_many")]
    resource: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    condition: BTreeMap<&'static str, BTreeMap<&'static str, String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Principal {
    Anybody(&'static str),
    One(BTreeMap<&'static str, String>),
}

impl Policy {
    /// What account A grants whoever reads its own side: the endpoint, its interfaces, its groups.
    pub fn to_read_account_a(region: Option<&Region>) -> Self {
        let mut describe = Statement::allowing(Some("SeeTheEndpoint"), &READ_A, vec!["*".to_owned()]);
        if let Some(region) = region {
            describe = describe.only_if("StringEquals", "aws:RequestedRegion", region.as_str());
        }
        Self::of([describe])
    }

    /// What the caller of a method with IAM authorization is granted, in its own account: this stage, where the URL tells it.
    pub fn to_call(target: &Target) -> Self {
        Self::of([Statement::allowing(Some("CallTheApi"), &INVOKE, callable(target, plain_stage(target)))])
    }

    /// The same, and to take these roles.
    #[must_use]
    pub fn and_to_take(mut self, roles: &BTreeSet<&str>) -> Self {
        if !roles.is_empty() {
            let roles = roles.iter().map(|role| (*role).to_owned()).collect();
            self.statement.push(Statement::allowing(Some("TakeTheRole"), &["sts:AssumeRole"], roles));
        }
        self
    }

    /// What both grant.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.statement.extend(other.statement);
        self
    }

    /// What account B grants the role that reads this one API: nothing but its set-up.
    pub fn to_read_account_b(target: &Target) -> Self {
        let (partition, (region, api)) = (target.partition(), named(target));
        let stage = plain_stage(target).unwrap_or("*");
        let below = ["", &format!("/stages/{stage}"), "/deployments/*", "/resources"];
        let arns = below.map(|path| format!("arn:{partition}:apigateway:{region}::/restapis/{api}{path}"));
        Self::of([Statement::allowing(Some("SeeTheApi"), &["apigateway:GET"], arns.into())])
    }

    /// The documented resource policy of a private API: nobody but this endpoint, and whoever comes over it
    /// (developer guide, "Create a private API"). With the principal, where calls are signed.
    pub fn of_api(vpce: &VpceId, caller: Option<&str>) -> Self {
        Self::pair("execute-api:/*/*/*", vpce, caller)
    }

    /// The documented policy of a private custom domain name, which has one of its own beside the API's
    /// (developer guide, "Custom domain names for private APIs").
    pub fn of_domain(vpce: &VpceId, caller: Option<&str>) -> Self {
        Self::pair("execute-api:/*", vpce, caller)
    }

    fn pair(resource: &str, vpce: &VpceId, caller: Option<&str>) -> Self {
        let all = || vec![resource.to_owned()];
        let deny = Statement { effect: Effect::Deny, ..Statement::allowing(None, &INVOKE, all()) };
        Self::of([
            deny.by(None).only_if("StringNotEquals", "aws:SourceVpce", vpce.as_str()),
            Statement::allowing(None, &INVOKE, all()).by(caller),
        ])
    }

    /// The endpoint policy of least privilege: this API and no other (developer guide, "Use VPC endpoint policies for private APIs").
    pub fn of_endpoint(target: &Target) -> Self {
        Self::of([Statement::allowing(None, &INVOKE, callable(target, None)).by(None)])
    }

    fn of(statements: impl IntoIterator<Item = Statement>) -> Self {
        Self { version: "2012-10-17", statement: statements.into_iter().collect() }
    }

    /// As indented JSON with a line break at its end.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a policy has text keys only") + "\n"
    }
}

impl Statement {
    fn allowing(sid: Option<&'static str>, action: &[&'static str], resource: Vec<String>) -> Self {
        let action = action.to_vec();
        Self { sid, effect: Effect::Allow, principal: None, action, resource, condition: BTreeMap::new() }
    }

    fn by(self, caller: Option<&str>) -> Self {
        let one = |caller: &str| Principal::One(BTreeMap::from([("AWS", caller.to_owned())]));
        Self { principal: Some(caller.map_or(Principal::Anybody("*"), one)), ..self }
    }

    fn only_if(mut self, operator: &'static str, key: &'static str, value: &str) -> Self {
        self.condition.entry(operator).or_default().insert(key, value.to_owned());
        self
    }
}

/// A list of one as its only text, as the documentation writes it.
fn one_or_many<T: Serialize, S: serde::Serializer>(texts: &[T], to: S) -> Result<S::Ok, S::Error> {
    match texts {
        [one] => one.serialize(to),
        many => many.serialize(to),
    }
}

/// What a call needs: the API or one stage of it, and with a private custom domain name that one too, whose account and id no input tells
/// (developer guide, "Use VPC endpoint policies for private APIs", example 5).
fn callable(target: &Target, stage: Option<&str>) -> Vec<String> {
    let (partition, (region, api)) = (target.partition(), named(target));
    let arn = |resource: String| format!("arn:{partition}:execute-api:{region}:*:{resource}");
    let domain = target.custom_domain.as_ref().filter(|_| !target.is_public());
    let domain = domain.map(|domain| format!("/domainnames/{}+*", domain.name));
    let calls = stage.map_or_else(|| format!("{api}/*"), |stage| format!("{api}/{stage}/*"));
    [calls].into_iter().chain(domain).map(arn).collect()
}

/// Region and id of the API; whatever they are, where nothing tells them.
fn named(target: &Target) -> (&str, &str) {
    (target.region().map_or("*", Region::as_str), target.api().map_or("*", |api| api.id.as_str()))
}

/// The stage, if its name means itself in an ARN.
fn plain_stage(target: &Target) -> Option<&str> {
    let is_plain = |stage: &&str| stage.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    target.stage.as_deref().filter(is_plain)
}

const INVOKE: [&str; 1] = ["execute-api:Invoke"];
const READ_A: [&str; 5] = [
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcEndpoints",
];
