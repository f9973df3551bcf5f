//! What does EC2 know of the endpoint? Five questions of its Query API, each read no further than some pages.

mod answer;

use super::service::Service;
use crate::observation::redact;
use crate::setup::{Blind, Fact, Interface, SecurityGroup, Subnet, VpcEndpoint};
use answer::{
    AttributeAnswer, EndpointItem, Endpoints, ErrorAnswer, Errors, GroupItem, Groups, InterfaceItem, Interfaces, Page,
    SubnetItem, Subnets,
};
use form_urlencoded::Serializer;
use hyper::Method;
use serde::de::DeserializeOwned;

/// EC2 of one Region.
#[derive(Debug)]
pub(super) struct Ec2<'a>(pub(super) Service<'a>);

/// A refusal, by its code.
#[derive(Debug)]
struct Refused {
    code: String,
    why: String,
}

impl Ec2<'_> {
    /// The endpoints for `execute-api` of a VPC, whatever its partition calls that service.
    pub(super) async fn endpoints_of(&self, vpc: &str) -> Result<Vec<VpcEndpoint>, Blind> {
        let filter = [("Filter.1.Name", "vpc-id"), ("Filter.1.Value.1", vpc)];
        let found: Vec<EndpointItem> =
            self.all::<Endpoints>("DescribeVpcEndpoints", &filter).await.map_err(blind(ENDPOINTS))?;
        Ok(found.into_iter().filter(EndpointItem::is_execute_api).map(EndpointItem::read).collect())
    }

    /// One endpoint; absent if this account has none of this id in this Region.
    pub(super) async fn endpoint(&self, id: &str) -> Fact<VpcEndpoint> {
        match self.all::<Endpoints>("DescribeVpcEndpoints", &[("VpcEndpointId.1", id)]).await {
            Ok(found) => found.into_iter().next().map_or(Fact::Absent, |one| Fact::Known(one.read())),
            Err(refused) if refused.code.ends_with(".NotFound") => Fact::Absent,
            Err(refused) => Fact::CannotSee(blind(ENDPOINTS)(refused)),
        }
    }

    /// One of the two DNS attributes of a VPC.
    pub(super) async fn attribute(&self, vpc: &str, name: &str) -> Result<bool, Blind> {
        let wrong = blind("ec2:DescribeVpcAttribute");
        let body =
            self.page("DescribeVpcAttribute", &[("Attribute", name), ("VpcId", vpc)], None).await.map_err(&wrong)?;
        let read: AttributeAnswer = parse(&body).map_err(&wrong)?;
        Ok(read.attribute.value)
    }

    /// Security groups by their ids.
    pub(super) async fn security_groups(&self, ids: &[String]) -> Result<Vec<SecurityGroup>, Blind> {
        let found = self.all::<Groups>("DescribeSecurityGroups", &numbered("GroupId", ids)).await;
        Ok(found.map_err(blind("ec2:DescribeSecurityGroups"))?.into_iter().map(GroupItem::read).collect())
    }

    /// Network interfaces by their ids.
    pub(super) async fn interfaces(&self, ids: &[String]) -> Result<Vec<Interface>, Blind> {
        let found = self.all::<Interfaces>("DescribeNetworkInterfaces", &numbered("NetworkInterfaceId", ids)).await;
        Ok(found.map_err(blind("ec2:DescribeNetworkInterfaces"))?.into_iter().map(InterfaceItem::read).collect())
    }

    /// Subnets by their ids.
    pub(super) async fn subnets(&self, ids: &[String]) -> Result<Vec<Subnet>, Blind> {
        let found = self.all::<Subnets>("DescribeSubnets", &numbered("SubnetId", ids)).await;
        Ok(found.map_err(blind("ec2:DescribeSubnets"))?.into_iter().map(SubnetItem::read).collect())
    }

    /// All pages of an answer, some at most.
    async fn all<P: Page>(&self, action: &str, of: &[(impl AsRef<str>, &str)]) -> Result<Vec<P::Item>, Refused> {
        let parameters: Vec<_> = of.iter().map(|(name, value)| (name.as_ref(), *value)).collect();
        let (mut items, mut next) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let body = self.page(action, &parameters, next.as_deref()).await?;
            let (page, token) = parse::<P>(&body)?.open();
            items.extend(page);
            next = token.filter(|token| !token.is_empty());
            if next.is_none() {
                break;
            }
        }
        Ok(items)
    }

    async fn page(&self, action: &str, parameters: &[(&str, &str)], next: Option<&str>) -> Result<String, Refused> {
        let usual = [("Action", action), ("Version", "2016-11-15")];
        let next = next.map(|token| ("NextToken", token));
        let pairs = usual.iter().chain(parameters).copied().chain(next);
        let body = Serializer::new(String::new()).extend_pairs(pairs).finish();
        let answer = self.0.ask(Method::POST, "/", FORM, body).await;
        let answer = answer.map_err(|why| Refused { code: String::new(), why })?;
        if answer.status == 200 { Ok(answer.body) } else { Err(refusal(answer.status, &answer.body)) }
    }
}

/// `GroupId.1`, `GroupId.2` and so on.
fn numbered<'i>(name: &str, ids: &'i [String]) -> Vec<(String, &'i str)> {
    (1..).zip(ids).map(|(number, id)| (format!("{name}.{number}"), id.as_str())).collect()
}

fn blind(permission: &'static str) -> impl Fn(Refused) -> Blind {
    move |refused| Blind::new(permission, refused.why)
}

fn parse<T: DeserializeOwned>(body: &str) -> Result<T, Refused> {
    quick_xml::de::from_str(body)
        .map_err(|_| Refused { code: String::new(), why: "the answer is not EC2's".to_owned() })
}

/// Code of a refusal, and what it means; the words that come with a denial are long, encoded, and say no more.
fn refusal(status: u16, body: &str) -> Refused {
    let Ok(ErrorAnswer { errors: Errors { error } }) = quick_xml::de::from_str::<ErrorAnswer>(body) else {
        return Refused { code: String::new(), why: format!("status {status}, in words that are not EC2's") };
    };
    let why = match error.code.as_str() {
        "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException" => "denied".to_owned(),
        "AuthFailure" | "InvalidClientTokenId" | "SignatureDoesNotMatch" => "the credentials are not taken".to_owned(),
        "RequestExpired" | "ExpiredToken" => "the credentials, or this host's clock, are past their time".to_owned(),
        "RequestLimitExceeded" | "Throttling" => "the account asks too often".to_owned(),
        code => {
            let message: String = redact(error.message.trim_end_matches('.')).chars().take(MOST_MESSAGE).collect();
            format!("{code} ({message})")
        }
    };
    Refused { code: error.code, why }
}

const ENDPOINTS: &str = "ec2:DescribeVpcEndpoints";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
/// Pages that are read of one answer; an account with more has other ways to look.
const MOST_PAGES: usize = 10;
const MOST_MESSAGE: usize = 200;
