//! How does EC2 answer? Its XML, and the facts that it becomes.

use crate::setup::{Interface, Peers, SecurityGroup, Subnet, VpcEndpoint};
use crate::side::document;
use ipnet::IpNet;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::net::IpAddr;

/// A page of an answer.
pub(super) trait Page: DeserializeOwned {
    type Item;

    fn open(self) -> (Vec<Self::Item>, Option<String>);
}

/// Answers that differ in the name of their set alone.
macro_rules! page {
    ($Type:ident, $set:literal, $Item:ident) => {
        #[derive(Debug, Deserialize)]
        pub(super) struct $Type {
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
pub(super) struct Set<T> {
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
pub(super) struct EndpointItem {
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
    pub(super) fn is_execute_api(&self) -> bool {
        self.service_name.ends_with(".execute-api")
    }

    pub(super) fn read(self) -> VpcEndpoint {
        VpcEndpoint {
            id: self.vpc_endpoint_id,
            vpc: self.vpc_id,
            state: self.state,
            private_dns: self.private_dns_enabled,
            dns_names: self.dns_entry_set.item.into_iter().filter_map(|entry| entry.dns_name).collect(),
            subnets: self.subnet_id_set.item,
            security_groups: self.group_set.item.into_iter().map(|group| group.group_id).collect(),
            interfaces: self.network_interface_id_set.item,
            policy: self.policy_document.as_deref().map(document),
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
pub(super) struct GroupItem {
    group_id: String,
    #[serde(default = "Set::none")]
    ip_permissions: Set<Rule>,
    #[serde(default = "Set::none")]
    ip_permissions_egress: Set<Rule>,
}

impl GroupItem {
    pub(super) fn read(self) -> SecurityGroup {
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
pub(super) struct InterfaceItem {
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
    pub(super) fn read(self) -> Interface {
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
pub(super) struct SubnetItem {
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
    pub(super) fn read(self) -> Subnet {
        let v6 = self.ipv6_cidr_block_association_set.item.into_iter().filter_map(|one| one.ipv6_cidr_block);
        let ranges = self.cidr_block.into_iter().chain(v6).filter_map(|range| range.parse().ok()).collect();
        Subnet { id: self.subnet_id, zone: self.availability_zone, ranges }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct AttributeAnswer {
    #[serde(alias = "enableDnsSupport", alias = "enableDnsHostnames")]
    pub(super) attribute: Attribute,
}

#[derive(Debug, Deserialize)]
pub(super) struct Attribute {
    pub(super) value: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct ErrorAnswer {
    #[serde(rename = "Errors")]
    pub(super) errors: Errors,
}

#[derive(Debug, Deserialize)]
pub(super) struct Errors {
    #[serde(rename = "Error")]
    pub(super) error: ErrorItem,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ErrorItem {
    pub(super) code: String,
    #[serde(default)]
    pub(super) message: String,
}
