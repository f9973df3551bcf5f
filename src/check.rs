//! What happens in one round? Target, plans, observations, report: the program on one screen.

use crate::observation::{Environment, Intent, Round, Row, Seen};
use crate::plan::{AccessPath, Missing, Plan, Request, plan};
use crate::probe::{Limits, Net, Step, probe_telling};
use crate::report::Report;
use crate::target::Target;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;
use time::OffsetDateTime;

/// Everything that a round of one target needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What is probed.
    pub target: Arc<Target>,
    /// What all its requests have in common.
    pub request: Request,
    /// What the user expects of each path.
    pub intents: Intents,
    /// How long and how deep.
    pub limits: Limits,
}

/// What the user expects of each path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Intents {
    named: BTreeMap<AccessPath, Intent>,
    only_named: bool,
}

impl Intents {
    /// The intents of the paths that the user named; every other path is required, or skipped if `only_named`.
    pub fn new(named: BTreeMap<AccessPath, Intent>, only_named: bool) -> Self {
        Self { named, only_named }
    }

    /// What is expected of a path.
    pub fn of(&self, path: AccessPath) -> Intent {
        let unnamed = if self.only_named { Intent::Skip } else { Intent::Required };
        self.named.get(&path).copied().unwrap_or(unnamed)
    }

    /// Whether the user named the path.
    pub fn names(&self, path: AccessPath) -> bool {
        self.named.contains_key(&path)
    }
}

impl Check {
    /// Whether anything would be sent.
    pub fn has_work(&self) -> bool {
        self.plans().next().is_some()
    }

    /// The paths that the user named and that lack their input: such a path can never do what is expected of it.
    pub fn lacking(&self) -> impl Iterator<Item = (AccessPath, Missing)> {
        let named = AccessPath::ALL.iter().filter(|path| {
            self.intents.names(**path) && matches!(self.intents.of(**path), Intent::Required | Intent::Forbidden)
        });
        named.filter_map(|path| Some((*path, plan(&self.target, *path, &self.request).err()?)))
    }

    /// The plans of the paths that will be probed.
    pub fn plans(&self) -> impl Iterator<Item = Plan> {
        let wanted = AccessPath::ALL.iter().filter(|path| self.intents.of(**path) != Intent::Skip);
        wanted.filter_map(|path| plan(&self.target, *path, &self.request).ok())
    }

    /// DNS queries of a round when each is answered at once: A and AAAA for each distinct name.
    pub fn usual_queries(&self) -> usize {
        let names: BTreeSet<_> = self.plans().filter(|plan| plan.connect_to.is_none()).map(|plan| plan.dial).collect();
        2 * names.len()
    }

    /// Probes every path once, all at the same time, and explains what was seen.
    pub async fn run(&self, net: &Net, ignored_proxy_variables: &[String]) -> Report {
        self.run_within(&self.limits, net, ignored_proxy_variables).await
    }

    /// Does as [`Self::run`] does, within other limits than its own.
    pub async fn run_within(&self, limits: &Limits, net: &Net, ignored_proxy_variables: &[String]) -> Report {
        self.probe(limits, net, ignored_proxy_variables, &|_, _| {}).await
    }

    /// Does as [`Self::run`] does, and tells how far each path has come.
    pub async fn run_telling(
        &self,
        net: &Net,
        ignored_proxy_variables: &[String],
        tell: &(dyn Fn(AccessPath, Step) + Sync),
    ) -> Report {
        self.probe(&self.limits, net, ignored_proxy_variables, tell).await
    }

    async fn probe(
        &self,
        limits: &Limits,
        net: &Net,
        ignored_proxy_variables: &[String],
        tell: &(dyn Fn(AccessPath, Step) + Sync),
    ) -> Report {
        let (started, clock) = (OffsetDateTime::now_utc(), Instant::now());
        let net = &net.current();
        let plans: Vec<Plan> = self.plans().collect();
        let mut observations = probe_telling(net, &plans, limits, tell).await.into_iter();
        let rows = AccessPath::ALL.iter().map(|path| {
            let intent = self.intents.of(*path);
            let seen = match (intent, plan(&self.target, *path, &self.request)) {
                (Intent::Skip, _) => Seen::Skipped,
                (_, Err(missing)) => Seen::NotConfigured(missing),
                (_, Ok(_)) => Seen::Probed(Box::new(observations.next().expect("one observation a plan"))),
            };
            Row { path: *path, intent, asked: self.intents.names(*path), seen }
        });
        let rows = rows.collect();
        Report::of(Round {
            target: self.target.clone(),
            started,
            took: clock.elapsed(),
            environment: Environment {
                dns_servers: net.resolver.servers().to_vec(),
                dns_servers_given: net.resolver.is_given(),
                ignored_proxy_variables: ignored_proxy_variables.to_vec(),
            },
            rows,
        })
    }
}
