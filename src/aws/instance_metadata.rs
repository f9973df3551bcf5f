//! Reads Region, zone, VPC, subnet, ranges and security groups of this instance from its metadata.

use super::credentials::profile::ProfileFiles;
use super::env::EnvVars;
use super::http_client::{AwsHttpClient, CALL_TIMEOUT};
use super::imds::ImdsClient;
use super::sdk_connector::{Pending, SdkConnector};
use crate::setup::{Blind, Instance, OwnInterface};
use std::str::FromStr;
use tokio::time::timeout;

/// Returns what the metadata says of this instance, or why it says nothing.
pub(super) async fn instance(client: &AwsHttpClient, env: &EnvVars) -> Result<Instance, Blind> {
    let blind = |why: String| Blind::new(SOURCE, why);
    match timeout(CALL_TIMEOUT, read(client, env)).await {
        Ok(read) => read.map_err(blind),
        Err(_) => Err(blind(format!("no whole response within {} s", CALL_TIMEOUT.as_secs()))),
    }
}

/// Requests all values at once (EC2 user guide, "Instance metadata categories").
async fn read(client: &AwsHttpClient, env: &EnvVars) -> Result<Instance, String> {
    if env.is_true("AWS_EC2_METADATA_DISABLED") {
        return Err("switched off by AWS_EC2_METADATA_DISABLED".to_owned());
    }
    let connector = SdkConnector { client: client.clone(), region: String::new(), pending: Pending::default() };
    // files that cannot be read are reported with the credentials
    let files = ProfileFiles::read(env).ok();
    let profile = files.as_ref().and_then(|files| files.profile(env.profile_name()));
    let metadata = ImdsClient::new(connector.into_client(), env, profile)?;
    let mac = needed(&metadata, "mac").await?;
    let [vpc, v4, v6] = ["vpc-id", "vpc-ipv4-cidr-blocks", "vpc-ipv6-cidr-blocks"]
        .map(|name| format!("network/interfaces/macs/{mac}/{name}"));
    let (region, zone, vpc, v4, v6, own) = tokio::try_join!(
        needed(&metadata, "placement/region"),
        needed(&metadata, "placement/availability-zone"),
        needed(&metadata, &vpc),
        metadata.read(&v4),
        metadata.read(&v6),
        own_interface(&metadata, &mac)
    )?;
    Ok(Instance {
        region,
        zone,
        vpc,
        subnet: own.subnet,
        vpc_ranges: values(v4).chain(values(v6)).collect(),
        addresses: own.addresses,
        security_groups: own.security_groups,
        further_interfaces: further_interfaces(&metadata, &mac).await,
    })
}

/// Returns the interfaces other than the first, as far as the metadata has them.
async fn further_interfaces(metadata: &ImdsClient, first: &str) -> Vec<OwnInterface> {
    let listed = metadata.read("network/interfaces/macs/").await.ok().flatten().unwrap_or_default();
    let macs = listed.split_ascii_whitespace().map(|mac| mac.trim_end_matches('/'));
    let mut further = Vec::new();
    for mac in macs.filter(|mac| *mac != first).take(MAX_FURTHER_INTERFACES) {
        further.extend(own_interface(metadata, mac).await.ok());
    }
    further
}

async fn own_interface(metadata: &ImdsClient, mac: &str) -> Result<OwnInterface, String> {
    let [subnet, groups, v4, v6] = ["subnet-id", "security-group-ids", "local-ipv4s", "ipv6s"]
        .map(|name| format!("network/interfaces/macs/{mac}/{name}"));
    let (subnet, groups, v4, v6) =
        tokio::try_join!(needed(metadata, &subnet), needed(metadata, &groups), metadata.read(&v4), metadata.read(&v6))?;
    Ok(OwnInterface {
        subnet,
        addresses: values(v4).chain(values(v6)).collect(),
        security_groups: values(Some(groups)).collect(),
    })
}

/// Returns a value that every instance has.
async fn needed(metadata: &ImdsClient, path: &str) -> Result<String, String> {
    let value = metadata.read(path).await?.ok_or_else(|| format!("it has no `{path}`"))?;
    Ok(value.trim().to_owned())
}

/// Parses one value a line; what cannot be parsed is left out.
fn values<T: FromStr>(text: Option<String>) -> impl Iterator<Item = T> {
    let text = text.unwrap_or_default();
    text.split_ascii_whitespace().filter_map(|line| line.parse().ok()).collect::<Vec<_>>().into_iter()
}

/// An instance has fifteen interfaces at most.
const MAX_FURTHER_INTERFACES: usize = 15;
const SOURCE: &str = "instance metadata";
