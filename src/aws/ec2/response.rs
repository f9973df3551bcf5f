//! Parses EC2's XML responses into facts of the set-up.

use crate::aws::policy_document::policy_document;
use crate::aws::xml::XmlElement;
use crate::setup::{Interface, Peers, SecurityGroup, Subnet, VpcEndpoint};
use ipnet::IpNet;
use std::net::IpAddr;

/// A question whose answer is a list.
#[derive(Debug)]
pub(super) struct ListResponse<T> {
    pub(super) action: &'static str,
    /// The element around its items.
    pub(super) set: &'static str,
    /// An item; none if it is not as EC2 writes it.
    pub(super) read: fn(&XmlElement) -> Option<T>,
}

pub(super) const ENDPOINTS: ListResponse<VpcEndpoint> =
    ListResponse { action: "DescribeVpcEndpoints", set: "vpcEndpointSet", read: endpoint };
pub(super) const GROUPS: ListResponse<SecurityGroup> =
    ListResponse { action: "DescribeSecurityGroups", set: "securityGroupInfo", read: group };
pub(super) const INTERFACES: ListResponse<Interface> =
    ListResponse { action: "DescribeNetworkInterfaces", set: "networkInterfaceSet", read: interface };
pub(super) const SUBNETS: ListResponse<Subnet> =
    ListResponse { action: "DescribeSubnets", set: "subnetSet", read: subnet };

impl<T> ListResponse<T> {
    /// The items of a page; none if one is not as EC2 writes it.
    pub(super) fn items(&self, page: &XmlElement) -> Option<Vec<T>> {
        items(page, self.set).map(self.read).collect()
    }
}

fn endpoint(item: &XmlElement) -> Option<VpcEndpoint> {
    Some(VpcEndpoint {
        id: text(item, "vpcEndpointId")?,
        kind: text(item, "vpcEndpointType").unwrap_or_default(),
        service: text(item, "serviceName").unwrap_or_default(),
        vpc: text(item, "vpcId")?,
        // the documentation begins its words with capital letters, the answer does not
        state: text(item, "state")?.to_ascii_lowercase(),
        private_dns: item.text_of("privateDnsEnabled").map_or(Ok(false), str::parse).ok()?,
        dns_names: texts(item, "dnsEntrySet", "dnsName").map(str::to_owned).collect(),
        subnets: own_texts(item, "subnetIdSet"),
        security_groups: items(item, "groupSet").map(|group| text(group, "groupId")).collect::<Option<_>>()?,
        interfaces: own_texts(item, "networkInterfaceIdSet"),
        policy: item.text_of("policyDocument").map(policy_document),
    })
}

fn group(item: &XmlElement) -> Option<SecurityGroup> {
    Some(SecurityGroup {
        id: text(item, "groupId")?,
        inbound: peers(item, "ipPermissions")?,
        outbound: peers(item, "ipPermissionsEgress")?,
    })
}

/// All that the rules for TCP port 443 name.
fn peers(group: &XmlElement, rules: &str) -> Option<Peers> {
    let mut peers = Peers::default();
    for rule in items(group, rules) {
        let lists: Vec<_> =
            items(rule, "prefixListIds").map(|list| text(list, "prefixListId")).collect::<Option<_>>()?;
        if is_about_https(rule)? {
            let ranges = texts(rule, "ipRanges", "cidrIp").chain(texts(rule, "ipv6Ranges", "cidrIpv6"));
            peers.ranges.extend(ranges.filter_map(|range| range.parse::<IpNet>().ok()));
            peers.groups.extend(texts(rule, "groups", "groupId").map(str::to_owned));
            peers.prefix_lists.extend(lists);
        }
    }
    Some(peers)
}

/// Whether a rule is about TCP port 443; protocol -1 is all of them (EC2 API reference, `IpPermission`).
fn is_about_https(rule: &XmlElement) -> Option<bool> {
    let from = rule.text_of("fromPort").map_or(Ok(0), str::parse).ok()?;
    let to = rule.text_of("toPort").map_or(Ok(i32::from(u16::MAX)), str::parse).ok()?;
    Some(match rule.text_of("ipProtocol")? {
        "-1" => true,
        "tcp" | "6" => (from..=to).contains(&443) || (from, to) == (-1, -1),
        _ => false,
    })
}

fn interface(item: &XmlElement) -> Option<Interface> {
    let v4 = texts(item, "privateIpAddressesSet", "privateIpAddress");
    let v6 = texts(item, "ipv6AddressesSet", "ipv6Address");
    let all = item.text_of("privateIpAddress").into_iter().chain(v4).chain(v6);
    let mut addresses = all.map(str::parse).collect::<Result<Vec<IpAddr>, _>>().ok()?;
    addresses.sort_unstable();
    addresses.dedup();
    Some(Interface {
        id: text(item, "networkInterfaceId")?,
        zone: text(item, "availabilityZone").unwrap_or_default(),
        subnet: text(item, "subnetId").unwrap_or_default(),
        addresses,
    })
}

fn subnet(item: &XmlElement) -> Option<Subnet> {
    let v6 = texts(item, "ipv6CidrBlockAssociationSet", "ipv6CidrBlock");
    let ranges = item.text_of("cidrBlock").into_iter().chain(v6).filter_map(|range| range.parse().ok()).collect();
    Some(Subnet { id: text(item, "subnetId")?, zone: text(item, "availabilityZone").unwrap_or_default(), ranges })
}

/// The value of an attribute of a VPC, by its name.
pub(super) fn attribute(answer: &XmlElement, name: &str) -> Option<bool> {
    answer.child(name)?.text_of("value")?.parse().ok()
}

/// Code and message of a refusal.
pub(super) fn error(body: &str) -> Option<(String, String)> {
    let answer = XmlElement::parse(body)?;
    let error = answer.child("Errors")?.child("Error")?;
    Some((text(error, "Code")?, text(error, "Message").unwrap_or_default()))
}

fn text(of: &XmlElement, name: &str) -> Option<String> {
    of.text_of(name).map(str::to_owned)
}

/// The items of a list as EC2 writes it; a list that is not there has none.
fn items<'e>(of: &'e XmlElement, set: &str) -> impl Iterator<Item = &'e XmlElement> {
    of.child(set).into_iter().flat_map(|set| set.all("item"))
}

/// What items say themselves.
fn own_texts(of: &XmlElement, set: &str) -> Vec<String> {
    items(of, set).map(|item| item.text().to_owned()).collect()
}

/// What a child of items says, of those that have it.
fn texts<'e>(of: &'e XmlElement, set: &str, name: &str) -> impl Iterator<Item = &'e str> {
    items(of, set).filter_map(move |item| item.text_of(name))
}
