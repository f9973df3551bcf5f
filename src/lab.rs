//! What would AWS do? A make-believe one on loopback: DNS, endpoints with TLS, API Gateway's rules. For `demo` and for the tests.

mod dns;
mod front;
mod gateway;
mod pki;
mod policy;
mod reply;
mod request;
mod scenario;
mod signature;
mod state;
mod world;

pub use scenario::Scenario;
pub use state::{Addresses, SeenRequest};

use crate::aws::CredentialsCache;
use crate::check::{Auth, AuthMode};
use crate::sign::{Identity, NoCredentials};
use crate::target::TargetInput;
use dns::Role;
use front::Front;
use rustls::pki_types::CertificateDer;
use state::{MOST_BIND_TRIES, Shared};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use time::format_description::well_known::Rfc3339;
use tokio::task::JoinSet;
use world::{ADDRESSES, World};

/// A running make-believe AWS. It lives on the runtime that started it and ends when it is dropped.
#[derive(Debug)]
pub struct Lab {
    shared: Arc<Shared>,
    scenario: &'static Scenario,
    world: Arc<World>,
    fronts: Vec<Front>,
    dns_server: SocketAddr,
    vpc_resolver: SocketAddr,
    ca_pem: String,
    _dns: JoinSet<()>,
}

impl Lab {
    /// Starts the lab on free ports of loopback; fails if it finds none.
    pub async fn start(scenario: &'static Scenario, addresses: Addresses) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(scenario.world(), addresses)?);
        let fronts = open_fronts(&shared)?;
        let mut dns = JoinSet::new();
        let dns_server = dns::start(&shared, Role::Client, &mut dns).await?;
        let vpc_resolver = dns::start(&shared, Role::Vpc, &mut dns).await?;
        let ca_pem = shared.pki.root_pem();
        Ok(Self { world: shared.world(), shared, scenario, fronts, dns_server, vpc_resolver, ca_pem, _dns: dns })
    }

    /// Goes over to another scenario; addresses, ports and the authority stay.
    pub async fn switch(&mut self, scenario: &'static Scenario) -> io::Result<()> {
        self.scenario = scenario;
        self.shared.set_world(scenario.world());
        self.world = self.shared.world();
        for front in &mut self.fronts {
            front.change(&self.shared, self.world.port_at(front.nominal)).await?;
        }
        Ok(())
    }

    /// What is broken at present.
    pub fn scenario(&self) -> &'static Scenario {
        self.scenario
    }

    /// The DNS server that the client of this scenario would ask; UDP and TCP.
    pub fn dns_server(&self) -> SocketAddr {
        self.dns_server
    }

    /// The DNS server that stands in for the VPC's own resolver, for the second opinion.
    pub fn vpc_resolver(&self) -> SocketAddr {
        self.vpc_resolver
    }

    /// The port that stands in for 443 on every address.
    pub fn port(&self) -> u16 {
        self.fronts.first().map_or(0, |front| front.local.port())
    }

    /// The root certificate that a client has to trust.
    pub fn ca_der(&self) -> &CertificateDer<'static> {
        self.shared.pki.root()
    }

    /// The root certificate as PEM, for a file.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The root of the company that inspects TLS, as PEM: what such a company puts into the system's store.
    pub fn inspection_ca_pem(&self) -> String {
        self.shared.pki.inspection_pem()
    }

    /// The invoke URL that the operator of this scenario would paste.
    pub fn invoke_url(&self) -> &str {
        &self.world.asked.invoke_url
    }

    /// The endpoint's DNS name that the operator of this scenario would paste, where it is at hand.
    pub fn vpce_dns_name(&self) -> Option<&str> {
        self.world.asked.vpce_dns_name.as_deref()
    }

    /// All that the operator of this scenario pastes.
    pub fn input(&self) -> TargetInput<'_> {
        let asked = &self.world.asked;
        TargetInput {
            invoke_url: &asked.invoke_url,
            vpce_dns_name: asked.vpce_dns_name.as_deref(),
            zonal_dns_names: asked.zonal_dns_names.iter().map(String::as_str).collect(),
            public: asked.public,
            region: asked.stated_region,
            custom_domain: asked.custom_domain.as_deref(),
            ..TargetInput::default()
        }
    }

    /// What of it goes into options of the command line.
    pub fn options(&self) -> Vec<&str> {
        let asked = &self.world.asked;
        let zonal = asked.zonal_dns_names.iter().flat_map(|name| ["--zonal-name", name]);
        let domain = asked.custom_domain.iter().flat_map(|name| ["--custom-domain", name]);
        let region = asked.stated_region.iter().flat_map(|region| ["--region", region]);
        zonal.chain(domain).chain(region).chain(asked.public.then_some("--public")).collect()
    }

    /// Whether the operator of this scenario has the calls signed, and with what.
    pub fn auth(&self) -> Auth {
        match self.world.asked.auth {
            AuthMode::None => Auth::None,
            AuthMode::Iam => Auth::Iam(CredentialsCache::fixed(self.identity())),
            AuthMode::Both => Auth::Both(CredentialsCache::fixed(self.identity())),
        }
    }

    /// What that operator signs with.
    pub fn identity(&self) -> Identity {
        let none = || NoCredentials::Missing("the operator of this scenario has none".to_owned());
        self.world.asked.credentials.clone().map(Arc::new).ok_or_else(none)
    }

    /// The variables in which that operator keeps the make-believe credentials, as every tool of AWS reads them.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let Some(credentials) = &self.world.asked.credentials else { return Vec::new() };
        let end = credentials.expires.and_then(|end| end.format(&Rfc3339).ok());
        [
            ("AWS_ACCESS_KEY_ID", Some(credentials.access_key_id.clone())),
            ("AWS_SECRET_ACCESS_KEY", Some(credentials.secret_access_key.clone())),
            ("AWS_SESSION_TOKEN", credentials.session_token.clone()),
            ("AWS_CREDENTIAL_EXPIRATION", end),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }

    /// Where the addresses that DNS gives out really are; empty when DNS gives out the real ones.
    pub fn detour(&self) -> HashMap<IpAddr, SocketAddr> {
        match self.shared.addresses {
            Addresses::Loopback => HashMap::new(),
            Addresses::AsOnAws => self.fronts.iter().map(|front| (IpAddr::V4(front.nominal), front.local)).collect(),
        }
    }

    /// The latest requests that arrived, at most a thousand, the oldest first.
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.shared.requests()
    }
}

/// Takes one port on every address: a free one of the first, if it is free on the others too.
fn open_fronts(shared: &Arc<Shared>) -> io::Result<Vec<Front>> {
    let world = shared.world();
    let mut failure = None;
    for _ in 0..MOST_BIND_TRIES {
        let mut port = 0;
        let fronts = ADDRESSES.iter().map(|&(nominal, local)| {
            let front = Front::open(shared, nominal, SocketAddr::from((local, port)), world.port_at(nominal))?;
            port = front.local.port();
            Ok(front)
        });
        match fronts.collect() {
            Ok(fronts) => return Ok(fronts),
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.unwrap_or_else(|| io::ErrorKind::AddrInUse.into()))
}
