//! Carry out the plans: DNS, TCP, TLS and HTTP, phase by phase, and report what was seen. The only part that touches the network.

mod dns;
mod http;
mod race;
mod share;
mod tcp;
mod tls;
mod wire;

pub use dns::{Resolver, ResolverError};
pub use share::Share;
pub use tcp::is_dialable;
pub use tls::{Trust, TrustError, TrustSources};
pub(crate) use tls::{error_text as tls_error_text, pem_error_text};

use crate::named::named;
use crate::observation::{Address, DnsFault, Lookup, NameSource, Observation, Place};
use crate::plan::{AccessPath, Plan};
use crate::sign::{Identity, NoCredentials};
use crate::target::HostName;
use dns::QueryContext;
use futures_util::future::join_all;
use race::Race;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::SetOnce;
use tokio::time::Instant;

/// What the probe needs of this host. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Net {
    /// Who is asked for addresses.
    pub resolver: Resolver,
    /// Who is asked for a second opinion, in place of 169.254.169.253; if the resolver's servers were given by the user, nobody else is.
    pub vpc_resolver: Option<SocketAddr>,
    /// Which roots a certificate must lead to.
    pub trust: Trust,
    /// Where packets really go.
    pub detour: Detour,
    /// Whether rounds of different targets share lookups that fall together.
    pub share: Option<Share>,
}

impl Net {
    /// The same with what the host's files say of names now; for each round anew.
    #[must_use]
    pub fn current(&self) -> Self {
        Self { resolver: self.resolver.current(), ..self.clone() }
    }

    /// Where packets for a name are to go, for calls beside the probe; fails with why there is no address.
    pub async fn addresses(&self, name: &HostName, within: Duration) -> Result<Vec<IpAddr>, DnsFault> {
        let context = self.query_context(Instant::now() + within);
        Ok(dns::lookup(&context, name).await.result?.iter().map(|address| address.ip).collect())
    }

    /// What the VPC's resolver says of a name, waited for a moment; none where it is asked already, or nobody else may be.
    pub async fn second_opinion(&self, name: &HostName, until: Instant) -> Option<crate::observation::SecondOpinion> {
        let resolver = &self.resolver;
        let server = self.vpc_resolver.or_else(|| (!resolver.is_given()).then_some(VPC_RESOLVER))?;
        if resolver.servers().contains(&server) {
            return None;
        }
        let until = until.min(Instant::now() + MOST_FOR_SECOND_OPINION);
        let context = QueryContext { servers: &[server], ..self.query_context(until) };
        Some(crate::observation::SecondOpinion { server, result: dns::ask(&context, name).await.result })
    }

    fn query_context(&self, until: Instant) -> QueryContext<'_> {
        QueryContext { resolver: &self.resolver, servers: self.resolver.servers(), detour: &self.detour, until }
    }
}

/// Where packets for an address really go: nowhere else in production; the lab maps simulated addresses to its listeners on loopback.
#[derive(Debug, Clone, Default)]
pub struct Detour(Option<Arc<HashMap<IpAddr, SocketAddr>>>);

impl Detour {
    /// Where a packet for the address goes.
    pub fn of(&self, address: SocketAddr) -> SocketAddr {
        self.0.as_ref().and_then(|detours| detours.get(&address.ip())).copied().unwrap_or(address)
    }
}

impl From<HashMap<IpAddr, SocketAddr>> for Detour {
    fn from(detours: HashMap<IpAddr, SocketAddr>) -> Self {
        Self(Some(Arc::new(detours)))
    }
}

/// How long and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For one path, from the first DNS packet to the last byte.
    pub timeout: Duration,
    /// Whether each address carries a request, instead of the first that is ready.
    pub every_address: bool,
    /// Whether the beginning of any body is kept, not only of the gateway's own errors.
    pub show_body: bool,
}

named! {
    /// How far a path has come, for those who wait.
    pub enum Step {
        /// The name is being resolved.
        Dns = "dns",
        /// The addresses are being connected to.
        Tcp = "tcp",
        /// A handshake goes on.
        Tls = "tls",
        /// The request is under way.
        Http = "http",
        /// The path has ended.
        Done = "done",
    }
}

/// Probes all plans of a round at once; results are in the order of the plans. A name that two plans dial is looked up once.
/// Nobody signs.
pub async fn probe(net: &Net, plans: &[Plan], limits: &Limits) -> Vec<Observation> {
    let nobody = Err(NoCredentials::Missing("nobody was asked for credentials".to_owned()));
    let identity = SetOnce::new_with(Some(nobody));
    probe_as(net, plans, &Errand { limits, identity: &identity, tell: &|_, _| {} }).await
}

/// What a round is told beside its plans.
#[derive(Clone, Copy)]
pub struct Errand<'a> {
    /// How long and how much.
    pub limits: &'a Limits,
    /// Who signs what is to be signed, once that is known. It is waited for where a request is ready to go, until the deadline.
    pub identity: &'a SetOnce<Identity>,
    /// Who wants to know how far each path has come.
    pub tell: &'a (dyn Fn(&Plan, Step) + Sync),
}

impl std::fmt::Debug for Errand<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Errand").field("limits", self.limits).finish_non_exhaustive()
    }
}

/// Probes as [`probe`] does, signs what is to be signed, and tells how far each path has come.
pub async fn probe_as(net: &Net, plans: &[Plan], errand: &Errand<'_>) -> Vec<Observation> {
    let began = Instant::now();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (index, plan) in plans.iter().enumerate() {
        let same = |group: &&mut Vec<usize>| {
            let first = &plans[group[0]];
            (&first.dial, first.connect_to) == (&plan.dial, plan.connect_to)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(index),
            None => groups.push(vec![index]),
        }
    }
    let course = Course { net, errand: *errand, began, deadline: began + errand.limits.timeout };
    let observations = join_all(groups.iter().map(|group| {
        let plans: Vec<&Plan> = group.iter().map(|index| &plans[*index]).collect();
        let course = &course;
        async move { course.follow(&plans).await }
    }))
    .await;
    let mut indexed: Vec<_> = groups.into_iter().flatten().zip(observations.into_iter().flatten()).collect();
    indexed.sort_by_key(|(index, _)| *index);
    indexed.into_iter().map(|(_, observation)| observation).collect()
}

/// What all paths of a round have in common.
struct Course<'a> {
    net: &'a Net,
    errand: Errand<'a>,
    began: Instant,
    deadline: Instant,
}

impl Course<'_> {
    /// Follows plans that dial the same name: one lookup, then each by itself.
    async fn follow(&self, plans: &[&Plan]) -> Vec<Observation> {
        for plan in plans {
            (self.errand.tell)(plan, Step::Dns);
        }
        let first = plans[0];
        let lookup = match first.connect_to {
            Some(ip) => literal(ip),
            None => self.resolve(&first.dial).await,
        };
        join_all(plans.iter().enumerate().map(|(index, plan)| {
            let mut lookup = lookup.clone();
            for query in &mut lookup.queries {
                query.shared |= index > 0;
            }
            self.visit(plan, lookup)
        }))
        .await
    }

    async fn resolve(&self, name: &HostName) -> Lookup {
        // silent servers must leave time for a second opinion
        let ask = self.net.query_context(self.began + self.errand.limits.timeout * 3 / 4);
        // boxed, since it is handed on and is large
        let lookup = Box::pin(dns::lookup(&ask, name));
        match &self.net.share {
            Some(share) => share.lookup(&ask, name, lookup).await,
            None => lookup.await,
        }
    }

    /// Goes on with one plan where its addresses are known.
    async fn visit(&self, plan: &Plan, mut lookup: Lookup) -> Observation {
        let tell = |step| (self.errand.tell)(plan, step);
        let found = Instant::now();
        let Errand { limits, identity, .. } = self.errand;
        let race = Race { net: self.net, plan, limits, identity, deadline: self.deadline, tell: &tell };
        let connecting = async {
            match lookup.addresses() {
                [] => (Vec::new(), found),
                addresses => {
                    tell(Step::Tcp);
                    race::run(&race, addresses).await
                }
            }
        };
        let ((attempts, ended), second_opinion) = tokio::join!(connecting, self.second_opinion(plan, &lookup));
        tell(Step::Done);
        lookup.second_opinion = second_opinion;
        Observation { plan: plan.clone(), lookup, attempts, took: ended.duration_since(self.began) }
    }

    /// Asks the VPC's resolver, where the configured one does not give the addresses of an endpoint for a name that only the VPC may
    /// know: the API's own, or its custom domain name.
    async fn second_opinion(&self, plan: &Plan, lookup: &Lookup) -> Option<crate::observation::SecondOpinion> {
        // an IPv6 address tells nothing by itself, and is no reason to doubt
        let good = |address: &Address| matches!(address.place(), Place::Inside | Place::Either);
        let answered = !lookup.addresses().is_empty() && lookup.addresses().iter().all(good);
        let private = matches!(plan.path, AccessPath::PrivateDns | AccessPath::CustomDomain);
        if !private || lookup.source == NameSource::Literal || answered {
            return None;
        }
        self.net.second_opinion(&plan.dial, self.deadline).await
    }
}

fn literal(ip: IpAddr) -> Lookup {
    Lookup {
        source: NameSource::Literal,
        queries: Vec::new(),
        cnames: Vec::new(),
        took: Duration::ZERO,
        result: Ok(vec![Address { ip, ttl: None }]),
        second_opinion: None,
    }
}

/// The Amazon-provided resolver, at the same address in every VPC (Amazon VPC user guide, "DNS attributes").
const VPC_RESOLVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(169, 254, 169, 253)), 53);
const MOST_FOR_SECOND_OPINION: Duration = Duration::from_millis(500);
