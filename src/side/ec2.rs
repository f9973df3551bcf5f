//! What does EC2 know of the endpoint? Five questions of its Query API, each read no further than some pages.

use super::service::Service;
use crate::observation::redact;
use crate::setup::{Blind, Fact, Interface, Peers, SecurityGroup, Subnet, VpcEndpoint};
use form_urlencoded::Serializer;
use hyper::Method;
use ipnet::IpNet;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::net::IpAddr;

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

/// A page of an answer.
trait Page: DeserializeOwned {
    type Item;

    fn open(self) -> (Vec<Self::Item>, Option<String>);
}

/// Answers that differ in the name of their set alone.
macro_rules! page {
    ($Type:ident, $set:literal, $Item:ident) => {
        #[derive(Debug, Deserialize)]
        struct $Type {
            #[serde(rename = $set, default = "Set::none")]
            set: Set<$Item>,
            #[serde(rename = "nextToken")]
            next: Option<String>,
        }

        impl Page for $Type {
            type Item = $Item;

            fn open(self) -> (Vec<$Item>, Option<String>) {
                (self.set.item, self.next)
            }
        }
    };
}

page!(Endpoints, "vpcEndpointSet", EndpointItem);
page!(Groups, "securityGroupInfo", GroupItem);
page!(Interfaces, "networkInterfaceSet", InterfaceItem);
page!(Subnets, "subnetSet", SubnetItem);

/// A list as EC2 writes it.
#[derive(Debug, Deserialize)]
struct Set<T> {
    #[serde(default = "Vec::new")]
    item: Vec<T>,
}

impl<T> Set<T> {
    fn none() -> Self {
        Self { item: Vec::new() }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EndpointItem {
    vpc_endpoint_id: String,
    vpc_id: String,
    #[serde(default)]
    service_name: String,
    state: String,
    #[serde(default)]
    private_dns_enabled: bool,
    policy_document: Option<String>,
    #[serde(default = "Set::none")]
    subnet_id_set: Set<String>,
    #[serde(default = "Set::none")]
    group_set: Set<GroupName>,
    #[serde(default = "Set::none")]
    network_interface_id_set: Set<String>,
    #[serde(default = "Set::none")]
    dns_entry_set: Set<DnsEntry>,
}

impl EndpointItem {
    fn is_execute_api(&self) -> bool {
        self.service_name.ends_with(".execute-api")
    }

    fn read(self) -> VpcEndpoint {
        VpcEndpoint {
            id: self.vpc_endpoint_id,
            vpc: self.vpc_id,
            state: self.state,
            private_dns: self.private_dns_enabled,
            dns_names: self.dns_entry_set.item.into_iter().filter_map(|entry| entry.dns_name).collect(),
            subnets: self.subnet_id_set.item,
            security_groups: self.group_set.item.into_iter().map(|group| group.group_id).collect(),
            interfaces: self.network_interface_id_set.item,
            policy: self.policy_document.as_deref().map(super::document),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DnsEntry {
    dns_name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupName {
    group_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupItem {
    group_id: String,
    #[serde(default = "Set::none")]
    ip_permissions: Set<Rule>,
    #[serde(default = "Set::none")]
    ip_permissions_egress: Set<Rule>,
}

impl GroupItem {
    fn read(self) -> SecurityGroup {
        SecurityGroup {
            id: self.group_id,
            inbound: peers(self.ip_permissions.item),
            outbound: peers(self.ip_permissions_egress.item),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    ip_protocol: String,
    from_port: Option<i32>,
    to_port: Option<i32>,
    #[serde(default = "Set::none")]
    groups: Set<GroupPair>,
    #[serde(default = "Set::none")]
    ip_ranges: Set<Range>,
    #[serde(default = "Set::none")]
    ipv6_ranges: Set<Range>,
    #[serde(default = "Set::none")]
    prefix_list_ids: Set<PrefixList>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupPair {
    group_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Range {
    #[serde(alias = "cidrIpv6")]
    cidr_ip: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PrefixList {
    prefix_list_id: String,
}

impl Rule {
    /// Whether it is about TCP port 443; protocol -1 is all of them (EC2 API reference, `IpPermission`).
    fn is_about_https(&self) -> bool {
        let ports = self.from_port.unwrap_or(0)..=self.to_port.unwrap_or(i32::from(u16::MAX));
        match self.ip_protocol.as_str() {
            "-1" => true,
            "tcp" | "6" => ports.contains(&443) || ports == (-1..=-1),
            _ => false,
        }
    }
}

/// All that the rules for TCP port 443 name.
fn peers(rules: Vec<Rule>) -> Peers {
    let mut peers = Peers::default();
    for rule in rules.into_iter().filter(Rule::is_about_https) {
        let ranges = rule.ip_ranges.item.into_iter().chain(rule.ipv6_ranges.item).filter_map(|range| range.cidr_ip);
        peers.ranges.extend(ranges.filter_map(|range| range.parse::<IpNet>().ok()));
        peers.groups.extend(rule.groups.item.into_iter().filter_map(|pair| pair.group_id));
        peers.prefix_lists.extend(rule.prefix_list_ids.item.into_iter().map(|list| list.prefix_list_id));
    }
    peers
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct InterfaceItem {
    network_interface_id: String,
    #[serde(default)]
    availability_zone: String,
    #[serde(default)]
    subnet_id: String,
    #[serde(default = "Set::none")]
    private_ip_addresses_set: Set<PrivateIp>,
    private_ip_address: Option<IpAddr>,
    #[serde(default = "Set::none")]
    ipv6_addresses_set: Set<Ipv6>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PrivateIp {
    private_ip_address: Option<IpAddr>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ipv6 {
    ipv6_address: Option<IpAddr>,
}

impl InterfaceItem {
    fn read(self) -> Interface {
        let v4 = self.private_ip_addresses_set.item.into_iter().filter_map(|one| one.private_ip_address);
        let v6 = self.ipv6_addresses_set.item.into_iter().filter_map(|one| one.ipv6_address);
        let mut addresses: Vec<_> = self.private_ip_address.into_iter().chain(v4).chain(v6).collect();
        addresses.sort_unstable();
        addresses.dedup();
        Interface { id: self.network_interface_id, zone: self.availability_zone, subnet: self.subnet_id, addresses }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubnetItem {
    subnet_id: String,
    #[serde(default)]
    availability_zone: String,
    cidr_block: Option<String>,
    #[serde(default = "Set::none")]
    ipv6_cidr_block_association_set: Set<Ipv6Range>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ipv6Range {
    ipv6_cidr_block: Option<String>,
}

impl SubnetItem {
    fn read(self) -> Subnet {
        let v6 = self.ipv6_cidr_block_association_set.item.into_iter().filter_map(|one| one.ipv6_cidr_block);
        let ranges = self.cidr_block.into_iter().chain(v6).filter_map(|range| range.parse().ok()).collect();
        Subnet { id: self.subnet_id, zone: self.availability_zone, ranges }
    }
}

#[derive(Debug, Deserialize)]
struct AttributeAnswer {
    #[serde(alias = "enableDnsSupport", alias = "enableDnsHostnames")]
    attribute: Attribute,
}

#[derive(Debug, Deserialize)]
struct Attribute {
    value: bool,
}

#[derive(Debug, Deserialize)]
struct ErrorAnswer {
    #[serde(rename = "Errors")]
    errors: Errors,
}

#[derive(Debug, Deserialize)]
struct Errors {
    #[serde(rename = "Error")]
    error: ErrorItem,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorItem {
    code: String,
    #[serde(default)]
    message: String,
}

const ENDPOINTS: &str = "ec2:DescribeVpcEndpoints";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
/// Pages that are read of one answer; an account with more has other ways to look.
const MOST_PAGES: usize = 10;
const MOST_MESSAGE: usize = 200;
