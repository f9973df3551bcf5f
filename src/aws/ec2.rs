//! Reads of the EC2 Query API: endpoints, VPC attributes, security groups, network interfaces, subnets.

mod response;

use super::signed_client::{AwsService, ServiceRequest};
use super::xml::XmlElement;
use crate::observation::redact;
use crate::setup::{Blind, Fact, Interface, SecurityGroup, Subnet, VpcEndpoint};
use form_urlencoded::Serializer;
use reqwest::Method;
use response::{ENDPOINTS, GROUPS, INTERFACES, ListResponse, SUBNETS};

/// EC2 of one Region.
#[derive(Debug)]
pub(super) struct Ec2Client(pub(super) AwsService);

/// An error response, by its code.
#[derive(Debug)]
struct Ec2Error {
    code: String,
    why: String,
}

impl Ec2Error {
    fn not_from_ec2() -> Self {
        Self { code: String::new(), why: "the response has status 200 and is not from EC2".to_owned() }
    }
}

impl Ec2Client {
    /// Returns the endpoints for `execute-api` of a VPC, by the name of that service in any partition.
    pub(super) async fn endpoints_of(&self, vpc: &str) -> Result<Vec<VpcEndpoint>, Blind> {
        let filter = [("Filter.1.Name", "vpc-id"), ("Filter.1.Value.1", vpc)];
        let found = self.all(&ENDPOINTS, &filter).await.map_err(blind(SEE_ENDPOINTS))?;
        Ok(found.into_iter().filter(VpcEndpoint::is_for_execute_api).collect())
    }

    /// Returns one endpoint, for any service; absent if this account has none of this id in this Region.
    pub(super) async fn endpoint(&self, id: &str) -> Fact<VpcEndpoint> {
        match self.all(&ENDPOINTS, &[("VpcEndpointId.1", id)]).await {
            Ok(found) => found.into_iter().next().map_or(Fact::Absent, Fact::Known),
            Err(refused) if refused.code.ends_with(".NotFound") => Fact::Absent,
            Err(refused) => Fact::CannotSee(blind(SEE_ENDPOINTS)(refused)),
        }
    }

    /// Returns one of the two DNS attributes of a VPC.
    pub(super) async fn attribute(&self, vpc: &str, name: &str) -> Result<bool, Blind> {
        let wrong = blind("ec2:DescribeVpcAttribute");
        let parameters = [("Attribute", name), ("VpcId", vpc)];
        let answer = self.page("DescribeVpcAttribute", &parameters, None).await.map_err(&wrong)?;
        response::attribute(&answer, name).ok_or_else(|| wrong(Ec2Error::not_from_ec2()))
    }

    /// Returns security groups by their ids.
    pub(super) async fn security_groups(&self, ids: &[String]) -> Result<Vec<SecurityGroup>, Blind> {
        self.all(&GROUPS, &numbered("GroupId", ids)).await.map_err(blind("ec2:DescribeSecurityGroups"))
    }

    /// Returns network interfaces by their ids.
    pub(super) async fn interfaces(&self, ids: &[String]) -> Result<Vec<Interface>, Blind> {
        self.all(&INTERFACES, &numbered("NetworkInterfaceId", ids))
            .await
            .map_err(blind("ec2:DescribeNetworkInterfaces"))
    }

    /// Returns subnets by their ids.
    pub(super) async fn subnets(&self, ids: &[String]) -> Result<Vec<Subnet>, Blind> {
        self.all(&SUBNETS, &numbered("SubnetId", ids)).await.map_err(blind("ec2:DescribeSubnets"))
    }

    /// Returns the items of all pages, up to a limit.
    async fn all<T>(&self, list: &ListResponse<T>, of: &[(impl AsRef<str>, &str)]) -> Result<Vec<T>, Ec2Error> {
        let parameters: Vec<_> = of.iter().map(|(name, value)| (name.as_ref(), *value)).collect();
        let (mut items, mut next) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let page = self.page(list.action, &parameters, next.as_deref()).await?;
            items.extend(list.items(&page).ok_or_else(Ec2Error::not_from_ec2)?);
            next = page.text_of("nextToken").filter(|token| !token.is_empty()).map(str::to_owned);
            if next.is_none() {
                break;
            }
        }
        Ok(items)
    }

    /// Returns one page of a response, whose root has the action's name: a portal answers in XHTML, and has no items.
    async fn page(
        &self,
        action: &str,
        parameters: &[(&str, &str)],
        next: Option<&str>,
    ) -> Result<XmlElement, Ec2Error> {
        let usual = [("Action", action), ("Version", "2016-11-15")];
        let next = next.map(|token| ("NextToken", token));
        let pairs = usual.iter().chain(parameters).copied().chain(next);
        let body = Serializer::new(String::new()).extend_pairs(pairs).finish();
        let request = ServiceRequest { method: Method::POST, path: "/", header: FORM, body };
        let response = self.0.send(request).await;
        let (status, body) = response.map_err(|why| Ec2Error { code: String::new(), why })?;
        if status != 200 {
            return Err(refusal(status, &body));
        }
        let page = XmlElement::parse(&body).filter(|page| page.name().strip_suffix("Response") == Some(action));
        page.ok_or_else(Ec2Error::not_from_ec2)
    }
}

/// Returns parameters `GroupId.1`, `GroupId.2` and so on.
fn numbered<'i>(name: &str, ids: &'i [String]) -> Vec<(String, &'i str)> {
    (1..).zip(ids).map(|(number, id)| (format!("{name}.{number}"), id.as_str())).collect()
}

fn blind(permission: &'static str) -> impl Fn(Ec2Error) -> Blind {
    move |refused| Blind::new(permission, refused.why)
}

/// Parses an error response. The message of a denial is long and encoded and says no more than its code.
fn refusal(status: u16, body: &str) -> Ec2Error {
    let Some((code, message)) = response::error(body) else {
        return Ec2Error { code: String::new(), why: format!("status {status} with a body that is not from EC2") };
    };
    let why = match code.as_str() {
        "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException" => "denied".to_owned(),
        "AuthFailure" | "InvalidClientTokenId" | "SignatureDoesNotMatch" => {
            "the credentials are not accepted".to_owned()
        }
        "RequestExpired" | "ExpiredToken" => "the credentials have expired, or this host's clock is wrong".to_owned(),
        "RequestLimitExceeded" | "Throttling" => "the account sends too many requests".to_owned(),
        code => {
            let message: String = redact(message.trim_end_matches('.')).chars().take(MOST_MESSAGE).collect();
            format!("{code} ({message})")
        }
    };
    Ec2Error { code, why }
}

const SEE_ENDPOINTS: &str = "ec2:DescribeVpcEndpoints";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
/// Pages that are read of one list.
const MOST_PAGES: usize = 10;
const MOST_MESSAGE: usize = 200;
