//! Collects the AWS inventory: every read is made once, in parallel; what cannot be read says why.

use super::apigateway::ApiGatewayClient;
use super::credentials::{AssumeRoleConfig, CredentialsBase, CredentialsCache, CredentialsConfig};
use super::ec2::Ec2Client;
use super::env::EnvVars;
use super::http_client::{AwsHttpClient, CALL_TIMEOUT};
use super::instance_metadata;
use super::signed_client::AwsService;
use crate::probe::Net;
use crate::setup::{Blind, Fact, Instance, SecurityGroup, Setup, VpcEndpoint};
use crate::sign::Credentials;
use crate::target::{DnsSuffix, Region, Target};
use futures_util::future::OptionFuture;
use std::sync::Arc;
use tokio::time::Instant;

/// Reads the inventory. The probe depends on none of it.
#[derive(Debug)]
pub struct InventoryCollector<'a> {
    /// How names are resolved and certificates trusted.
    pub net: &'a Net,
    /// The endpoints and the Region in the environment.
    pub env: &'a EnvVars,
    /// What is to be probed, if anything was named.
    pub target: Option<&'a Target>,
    /// The Region to look in, where no target tells it; that of the environment or of the instance if absent.
    pub region: Option<&'a Region>,
    /// Where credentials come from.
    pub base: &'a CredentialsBase,
    /// A role that may read the API in account B.
    pub account_b: Option<&'a AssumeRoleConfig>,
}

/// The Region and the DNS suffix of an endpoint of AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RegionEndpoint {
    region: String,
    suffix: String,
}

impl RegionEndpoint {
    fn of_region(region: &str) -> Self {
        let suffix = DnsSuffix::of_region_named(region).map_or("amazonaws.com", DnsSuffix::as_str);
        Self { region: region.to_owned(), suffix: suffix.to_owned() }
    }
}

/// Credentials to read with, or why there are none.
type CredentialsOrReason = Result<Arc<Credentials>, String>;

impl InventoryCollector<'_> {
    /// Reads all of it. Metadata takes two seconds at most, credentials ten, EC2 and account B two at the same time.
    pub async fn run(&self) -> Setup {
        let client = match AwsHttpClient::new(self.net, MAX_BODY_BYTES) {
            Ok(client) => client,
            Err(why) => return Setup::unseen(&Blind::new("AWS", why)),
        };
        let (client, place) = (&client, self.place());
        let early = OptionFuture::from(place.as_ref().map(|place| self.keys(place, None)));
        let (instance, early) = tokio::join!(instance_metadata::instance(client, self.env), early);
        let instance: Fact<Instance> = instance.into();
        let mut setup = Setup { instance, ..Setup::unseen(&Blind::new(CLOCK, "none came")) };
        setup.outgoing = Fact::CannotSee(Blind::new("/sys/class/net", "nothing was called"));
        let place = place.or_else(|| Some(RegionEndpoint::of_region(&setup.instance.known()?.region)));
        let Some(place) = place else {
            blind_to_account_a(&mut setup, "the Region is not known: give INVOKE_URL or --region, or set AWS_REGION");
            blind_to_account_b(&mut setup, "no API was named");
            return setup;
        };
        let keys = match early {
            Some(keys) => keys,
            None => self.keys(&place, None).await,
        };
        let (mut a, mut b) = (setup.clone(), setup.clone());
        let place_a = self.place_of_endpoint().unwrap_or_else(|| place.clone());
        tokio::join!(self.account_a((client, &place_a), keys, &mut a), self.account_b((client, &place), &mut b));
        let clock_ahead_seconds = client.clock_ahead().map_or(setup.clock_ahead_seconds, Fact::Known);
        Setup { clock_ahead_seconds, api: b.api, resources: b.resources, stage: b.stage, deployment: b.deployment, ..a }
    }

    /// Where the target is, or where the user or the environment says.
    fn place(&self) -> Option<RegionEndpoint> {
        if let Some((region, suffix)) = self.target.and_then(|target| Some((target.region()?, target.suffix()?))) {
            return Some(RegionEndpoint { region: region.to_string(), suffix: suffix.to_string() });
        }
        let named = || self.env.value("AWS_REGION").or(self.env.value("AWS_DEFAULT_REGION"));
        self.region.map(Region::as_str).or_else(named).map(RegionEndpoint::of_region)
    }

    /// Where the endpoint is by its own name, of which the URL may be wrong.
    fn place_of_endpoint(&self) -> Option<RegionEndpoint> {
        let endpoint = self.target?.endpoint.as_ref()?;
        Some(RegionEndpoint::of_region(endpoint.region.as_str()))
    }

    async fn keys(&self, place: &RegionEndpoint, role: Option<&AssumeRoleConfig>) -> CredentialsOrReason {
        let config = CredentialsConfig { base: self.base.clone(), role: role.cloned(), region: place.region.clone() };
        let identity = CredentialsCache::new(config).identity(self.net).await;
        identity.map_err(|none| none.to_string())
    }

    /// Returns a service to read from, or why there is none.
    fn service(
        &self,
        (client, place): (&AwsHttpClient, &RegionEndpoint),
        (name, variable): (&'static str, &str),
        keys: CredentialsOrReason,
    ) -> Result<AwsService, String> {
        let credentials = keys.map_err(|why| format!("no credentials: {why}"))?;
        let (client, region) = (client.clone(), place.region.clone());
        let url = self.env.endpoint_url(variable, || format!("https://{name}.{region}.{}", place.suffix))?;
        Ok(AwsService { client, url, region, name, credentials, until: Instant::now() + CALL_TIMEOUT })
    }

    /// Reads what EC2 knows.
    async fn account_a(&self, at: (&AwsHttpClient, &RegionEndpoint), keys: CredentialsOrReason, setup: &mut Setup) {
        let ec2 = match self.service(at, ("ec2", "AWS_ENDPOINT_URL_EC2"), keys) {
            Ok(service) => Ec2Client(service),
            Err(why) => return blind_to_account_a(setup, &why),
        };
        let instance = setup.instance.known().cloned();
        let own_vpc = instance.as_ref().map(|instance| instance.vpc.as_str());
        let own_groups = instance.iter().flat_map(Instance::all_groups);
        setup.endpoints = self.endpoints(&ec2, own_vpc).await;
        let Fact::Known(endpoints) = &setup.endpoints else {
            let blind = setup.endpoints.blind().cloned().unwrap_or_else(|| Blind::new(ENDPOINTS, "there is none"));
            setup.interfaces = Fact::CannotSee(blind.clone());
            setup.subnets = Fact::CannotSee(blind);
            let (groups, attributes) = tokio::join!(security_groups(&ec2, own_groups.collect()), dns(&ec2, own_vpc));
            setup.security_groups = groups;
            [setup.dns_support, setup.dns_hostnames] = attributes;
            return;
        };
        let named = self.target.and_then(|target| target.vpce.as_ref());
        let is_named = |one: &&VpcEndpoint| named.is_some_and(|vpce| vpce.as_str() == one.id);
        let wanted: Vec<&VpcEndpoint> = match endpoints.iter().find(is_named) {
            Some(one) => vec![one],
            None => endpoints.iter().take(MOST_ENDPOINTS).collect(),
        };
        let all = |ids: fn(&VpcEndpoint) -> &Vec<String>| distinct(wanted.iter().flat_map(|one| ids(one).clone()));
        let groups = distinct(all(|one| &one.security_groups).into_iter().chain(own_groups));
        let (interfaces, subnets) = (all(|one| &one.interfaces), all(|one| &one.subnets));
        let vpc = own_vpc.or(wanted.first().map(|one| one.vpc.as_str()));
        let (groups, interfaces, subnets, attributes) = tokio::join!(
            security_groups(&ec2, groups),
            async { if interfaces.is_empty() { Ok(Vec::new()) } else { ec2.interfaces(&interfaces).await } },
            async { if subnets.is_empty() { Ok(Vec::new()) } else { ec2.subnets(&subnets).await } },
            dns(&ec2, vpc),
        );
        setup.security_groups = groups;
        setup.interfaces = interfaces.into();
        setup.subnets = subnets.into();
        [setup.dns_support, setup.dns_hostnames] = attributes;
    }

    /// The endpoints of the VPC, and the one that was named, wherever it is.
    async fn endpoints(&self, ec2: &Ec2Client, vpc: Option<&str>) -> Fact<Vec<VpcEndpoint>> {
        let named = self.target.and_then(|target| target.vpce.as_ref());
        let (listed, named) = tokio::join!(
            OptionFuture::from(vpc.map(|vpc| ec2.endpoints_of(vpc))),
            OptionFuture::from(named.map(|vpce| ec2.endpoint(vpce.as_str()))),
        );
        let mut endpoints = match (&listed, &named) {
            (Some(Ok(listed)), _) => listed.clone(),
            (None, Some(Fact::Known(_) | Fact::Absent)) | (Some(Err(_)), Some(Fact::Known(_))) => Vec::new(),
            (Some(Err(blind)), _) | (None, Some(Fact::CannotSee(blind))) => return Fact::CannotSee(blind.clone()),
            (None, None) => return Fact::CannotSee(Blind::new(ENDPOINTS, "neither the VPC nor the endpoint is known")),
        };
        match named {
            Some(Fact::Known(one)) if endpoints.iter().all(|other| other.id != one.id) => endpoints.push(one),
            // whether it is elsewhere in the account is not known
            Some(Fact::CannotSee(blind)) => return Fact::CannotSee(blind),
            Some(Fact::Known(_) | Fact::Absent) | None => {}
        }
        Fact::Known(endpoints)
    }

    /// Reads what API Gateway knows of the API in account B.
    async fn account_b(&self, at: (&AwsHttpClient, &RegionEndpoint), setup: &mut Setup) {
        let named = self.target.and_then(|target| Some((target, target.api()?)));
        let (Some((target, api)), Some(role)) = (named, self.account_b) else {
            let why = if named.is_none() { "no API was named" } else { "give --account-b-role" };
            return blind_to_account_b(setup, why);
        };
        let keys = self.keys(at.1, Some(role)).await;
        let gateway = match self.service(at, ("apigateway", "AWS_ENDPOINT_URL_API_GATEWAY"), keys) {
            Ok(service) => ApiGatewayClient { service, api: api.id.as_str() },
            Err(why) => return blind_to_account_b(setup, &why),
        };
        let stage = async {
            let name = match target.stage.as_deref() {
                Some(name) => name,
                // an HTTP API has one that no URL names
                None if target.is_public() => {
                    let blind = Blind::new("INVOKE_URL", "it names no stage");
                    return (Fact::CannotSee(blind.clone()), Fact::CannotSee(blind));
                }
                None => return (Fact::Absent, Fact::Absent),
            };
            let stage = gateway.stage(name).await;
            let deployment = match &stage {
                Fact::Known(stage) => match &stage.deployment {
                    Some(id) => gateway.deployment(id).await,
                    None => Fact::Absent,
                },
                Fact::Absent => Fact::Absent,
                Fact::CannotSee(blind) => Fact::CannotSee(blind.clone()),
            };
            (stage, deployment)
        };
        let (api, resources, (stage, deployment)) = tokio::join!(gateway.api(), gateway.resources(), stage);
        setup.api = api;
        setup.resources = resources;
        setup.stage = stage;
        setup.deployment = deployment;
    }
}

async fn security_groups(ec2: &Ec2Client, ids: Vec<String>) -> Fact<Vec<SecurityGroup>> {
    if ids.is_empty() {
        return Fact::CannotSee(Blind::new("ec2:DescribeSecurityGroups", "no group is known by its id"));
    }
    ec2.security_groups(&ids).await.into()
}

/// Both DNS attributes of a VPC.
async fn dns(ec2: &Ec2Client, vpc: Option<&str>) -> [Fact<bool>; 2] {
    let Some(vpc) = vpc else {
        let blind = || Fact::CannotSee(Blind::new(ATTRIBUTE, "the VPC is not known"));
        return [blind(), blind()];
    };
    let (support, hostnames) =
        tokio::join!(ec2.attribute(vpc, "enableDnsSupport"), ec2.attribute(vpc, "enableDnsHostnames"));
    [support.into(), hostnames.into()]
}

fn blind_to_account_a(setup: &mut Setup, why: &str) {
    setup.endpoints = Fact::CannotSee(Blind::new(ENDPOINTS, why));
    [setup.dns_support, setup.dns_hostnames] =
        [Fact::CannotSee(Blind::new(ATTRIBUTE, why)), Fact::CannotSee(Blind::new(ATTRIBUTE, why))];
    setup.interfaces = Fact::CannotSee(Blind::new("ec2:DescribeNetworkInterfaces", why));
    setup.subnets = Fact::CannotSee(Blind::new("ec2:DescribeSubnets", why));
    setup.security_groups = Fact::CannotSee(Blind::new("ec2:DescribeSecurityGroups", why));
}

fn blind_to_account_b(setup: &mut Setup, why: &str) {
    let blind = Blind::new("apigateway:GET in account B", why);
    setup.api = Fact::CannotSee(blind.clone());
    setup.resources = Fact::CannotSee(blind.clone());
    setup.stage = Fact::CannotSee(blind.clone());
    setup.deployment = Fact::CannotSee(blind);
}

fn distinct(ids: impl Iterator<Item = String>) -> Vec<String> {
    let mut ids: Vec<String> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

const ENDPOINTS: &str = "ec2:DescribeVpcEndpoints";
const ATTRIBUTE: &str = "ec2:DescribeVpcAttribute";
const CLOCK: &str = "the `Date` of an answer of AWS";
/// A security group with many rules takes many words.
const MAX_BODY_BYTES: usize = 1024 * 1024;
/// Endpoints of one VPC that are looked at closely where none was named.
const MOST_ENDPOINTS: usize = 5;
