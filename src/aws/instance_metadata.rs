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
    let files = ProfileFiles::read(env)?;
    let metadata = ImdsClient::new(connector.into_client(), env, files.profile(env.profile_name()))?;
    let needed = async |path: &str| metadata.read(path).await?.ok_or_else(|| format!("it has no `{path}`"));
    let mac = needed("mac").await?;
    let interface = format!("network/interfaces/macs/{}", mac.trim());
    let of = |name: &str| format!("{interface}/{name}");
    let (vpc, subnet, groups) = (of("vpc-id"), of("subnet-id"), of("security-group-ids"));
    let (ranges_v4, ranges_v6) = (of("vpc-ipv4-cidr-blocks"), of("vpc-ipv6-cidr-blocks"));
    let (ips_v4, ips_v6) = (of("local-ipv4s"), of("ipv6s"));
    let (region, zone, vpc, subnet, groups) = tokio::try_join!(
        needed("placement/region"),
        needed("placement/availability-zone"),
        needed(&vpc),
        needed(&subnet),
        needed(&groups)
    )?;
    let (ranges_v4, ranges_v6, ips_v4, ips_v6) = tokio::try_join!(
        metadata.read(&ranges_v4),
        metadata.read(&ranges_v6),
        metadata.read(&ips_v4),
        metadata.read(&ips_v6)
    )?;
    let further_interfaces = further(&metadata, mac.trim()).await;
    let word = |text: String| text.trim().to_owned();
    let instance = Instance {
        region: word(region),
        zone: word(zone),
        vpc: word(vpc),
        subnet: word(subnet),
        vpc_ranges: [ranges_v4, ranges_v6].into_iter().flatten().flat_map(|text| lines(&text)).collect(),
        addresses: [ips_v4, ips_v6].into_iter().flatten().flat_map(|text| lines(&text)).collect(),
        security_groups: lines(&groups),
        further_interfaces,
    };
    Ok(instance)
}

/// The interfaces but the first, as far as the metadata tells of them.
async fn further(metadata: &ImdsClient, first: &str) -> Vec<OwnInterface> {
    let listed = metadata.read("network/interfaces/macs/").await.ok().flatten().unwrap_or_default();
    let macs = listed.split_ascii_whitespace().map(|mac| mac.trim_end_matches('/'));
    let mut further = Vec::new();
    for mac in macs.filter(|mac| *mac != first).take(MOST_FURTHER_INTERFACES) {
        let of = |name: &str| format!("network/interfaces/macs/{mac}/{name}");
        let (subnet, groups, ips_v4, ips_v6) =
            (of("subnet-id"), of("security-group-ids"), of("local-ipv4s"), of("ipv6s"));
        let values = tokio::try_join!(
            metadata.read(&subnet),
            metadata.read(&groups),
            metadata.read(&ips_v4),
            metadata.read(&ips_v6)
        );
        let Ok((Some(subnet), Some(groups), ips_v4, ips_v6)) = values else { continue };
        further.push(OwnInterface {
            subnet: subnet.trim().to_owned(),
            addresses: [ips_v4, ips_v6].into_iter().flatten().flat_map(|text| lines(&text)).collect(),
            security_groups: lines(&groups),
        });
    }
    further
}

/// One value a line; what cannot be read is left out.
fn lines<T: FromStr>(text: &str) -> Vec<T> {
    text.split_ascii_whitespace().filter_map(|line| line.parse().ok()).collect()
}

/// An instance has fifteen interfaces at most.
const MOST_FURTHER_INTERFACES: usize = 15;
const SOURCE: &str = "instance metadata";
