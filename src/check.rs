//! What happens in one round? Target, plans, observations, report: the program on one screen.

mod auth;
mod intents;

pub use auth::{Auth, AuthMode};
pub use intents::Intents;

use crate::diagnosis::{Inquiry, inquiries};
use crate::observation::{Canary, Environment, Experiment, Intent, Observation, Round, Row, Seen};
use crate::plan::{AccessPath, Missing, Plan, Request, RowId, plan, plan_row, rows};
use crate::probe::{Errand, Limits, Net, Step, probe_as};
use crate::report::Report;
use crate::sign::{Identity, NoCredentials};
use crate::target::{ApiId, Target};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::future::pending;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Instant;
use time::OffsetDateTime;
use tokio::sync::SetOnce;

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
    /// Whether its requests are signed.
    pub auth: Auth,
    /// Whether an API that does not exist is called too.
    pub canary: bool,
}

impl Check {
    /// Whether anything would be sent.
    pub fn has_work(&self) -> bool {
        self.plans().next().is_some()
    }

    /// The paths that the user named and that lack their input: such a path can never do what is hoped for.
    pub fn lacking(&self) -> impl Iterator<Item = (AccessPath, Missing)> {
        let named =
            AccessPath::ALL.iter().filter(|path| self.intents.names(**path) && self.intents.of(**path) != Intent::Skip);
        named.filter_map(|path| Some((*path, plan(&self.target, *path, &self.request).err()?)))
    }

    /// What keeps paths from being probed that are not skipped.
    pub fn missing(&self) -> impl Iterator<Item = Missing> {
        let rows = self.rows().into_iter().filter(|row| self.intents.of(row.path) != Intent::Skip);
        rows.filter_map(|row| self.plan(&row).err())
    }

    /// The plans of the paths that will be probed.
    pub fn plans(&self) -> impl Iterator<Item = Plan> {
        let rows = self.rows().into_iter().filter(|row| self.intents.of(row.path) != Intent::Skip);
        rows.filter_map(|row| self.plan(&row).ok())
    }

    /// The call of an API that does not exist, drawn by a number, if one is to be made: over a path that is probed, the one that
    /// needs least of DNS first.
    fn canary(&self, number: u64) -> Option<(ApiId, Plan)> {
        if !self.canary {
            return None;
        }
        let plans: Vec<Plan> = self.plans().collect();
        let open = |plan: &&Plan| self.intents.of(plan.path) != Intent::Forbidden;
        let on = |path| plans.iter().filter(move |plan| plan.path == path);
        let plan = AccessPath::LEAST_DNS_FIRST.iter().find_map(|path| on(*path).find(open));
        let plan = plan.or_else(|| AccessPath::LEAST_DNS_FIRST.iter().find_map(|path| on(*path).next()))?;
        let stranger = self.target.api()?.id.other_than(number);
        let plan = plan.of_stranger(&self.target, &stranger);
        Some((stranger, plan))
    }

    /// Whether a canary is wanted and none of the paths that are probed can take it.
    pub fn lacks_canary(&self) -> bool {
        self.canary && self.canary(0).is_none()
    }

    /// How many calls a round makes.
    pub fn calls(&self) -> usize {
        self.plans().count() + usize::from(self.canary(0).is_some())
    }

    /// Every row of a round.
    fn rows(&self) -> Vec<RowId> {
        rows(&self.target, self.auth.calls(), |path| self.intents.names(path))
    }

    fn plan(&self, row: &RowId) -> Result<Plan, Missing> {
        plan_row(&self.target, row, &self.request)
    }

    /// What is expected of a row. Beside a signed call, the unsigned one is there to be compared with, and does not decide.
    fn intent(&self, row: &RowId) -> Intent {
        match (self.intents.of(row.path), &self.auth) {
            (Intent::Required, Auth::Both(_)) if !row.signed => Intent::Optional,
            (intent, _) => intent,
        }
    }

    /// Returns the signing credentials; the first call may wait for the lookup, up to just before the deadline of a path, so that the
    /// paths can say what was waited for.
    async fn identity(&self, limits: &Limits, net: &Net) -> Identity {
        match self.auth.credentials() {
            Some(credentials) => credentials.identity_within(limits.timeout * 19 / 20, net).await,
            None => Err(NoCredentials::Missing("nothing is to be signed".to_owned())),
        }
    }

    /// DNS queries of a round when each is answered at once: A and AAAA for each distinct name.
    pub fn usual_queries(&self) -> usize {
        let plans = self.plans().chain(self.canary(0).map(|(_, plan)| plan));
        let names: BTreeSet<_> = plans.filter(|plan| plan.connect_to.is_none()).map(|plan| plan.dial).collect();
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
        tell: &(dyn Fn(RowId, Step) + Sync),
    ) -> Report {
        self.probe(&self.limits, net, ignored_proxy_variables, tell).await
    }

    /// What a round leaves open that a request to an address which it reached would decide; nothing is sent.
    pub fn inquiries(&self, report: &Report) -> Vec<Inquiry> {
        let Some(api) = self.target.api() else { return Vec::new() };
        inquiries(&report.round, &report.diagnosis, &api.id.other_than(random()))
    }

    /// Sends what is to be asked, all at the same time and each within the limits of a path, and explains the round anew.
    pub async fn experiment(&self, report: Report, inquiries: Vec<Inquiry>, limits: &Limits, net: &Net) -> Report {
        let (questions, plans): (Vec<_>, Vec<_>) = inquiries.into_iter().map(|one| (one.question, one.plan)).unzip();
        let seen = self.carry_out(net, &plans, limits, &|_, _| {}).await;
        let asked = questions.into_iter().zip(seen).map(|(question, seen)| Experiment { question, seen });
        Report::of(Round { experiments: asked.collect(), ..report.round })
    }

    /// Carries out these plans; the search for who signs goes on beside the connections, and nothing ends later for it.
    async fn carry_out(
        &self,
        net: &Net,
        plans: &[Plan],
        limits: &Limits,
        tell: &(dyn Fn(&Plan, Step) + Sync),
    ) -> Vec<Observation> {
        let identity = SetOnce::new();
        let errand = Errand { limits, identity: &identity, tell };
        let seeking = async {
            let _ = identity.set(self.identity(limits, net).await);
            pending::<Infallible>().await
        };
        tokio::select! {
            biased;
            never = seeking => match never {},
            observations = probe_as(net, plans, &errand) => observations,
        }
    }

    async fn probe(
        &self,
        limits: &Limits,
        net: &Net,
        ignored_proxy_variables: &[String],
        tell: &(dyn Fn(RowId, Step) + Sync),
    ) -> Report {
        let (started, clock) = (OffsetDateTime::now_utc(), Instant::now());
        let net = &net.current();
        let mut plans: Vec<Plan> = self.plans().collect();
        let (stranger, last) = self.canary(random()).unzip();
        plans.extend(last.clone());
        // nobody waits for the canary by the name of its path
        let tell = |plan: &Plan, step| {
            if last.as_ref() != Some(plan) {
                tell(plan.id(), step);
            }
        };
        let mut observations = self.carry_out(net, &plans, limits, &tell).await.into_iter();
        let rows = self.rows().into_iter().map(|row| {
            let intent = self.intent(&row);
            let seen = match (intent, self.plan(&row)) {
                (Intent::Skip, _) => Seen::Skipped,
                (_, Err(missing)) => Seen::NotConfigured(missing),
                (_, Ok(_)) => Seen::Probed(Box::new(observations.next().expect("one observation a plan"))),
            };
            let asked = self.intents.names(row.path);
            Row { path: row.path, zone: row.zone, signed: row.signed, intent, asked, seen }
        });
        let rows = rows.collect();
        let canary = stranger.zip(observations.next()).map(|(api, seen)| Box::new(Canary { api, seen }));
        Report::of(Round {
            target: self.target.clone(),
            started,
            took: clock.elapsed(),
            environment: Environment {
                dns_servers: net.resolver.servers().to_vec(),
                dns_servers_given: net.resolver.is_given(),
                caching_stub: net.resolver.is_caching_stub(),
                unfollowed_resolver_options: net.resolver.unfollowed_options().to_vec(),
                ignored_dns_servers: net.resolver.ignored_servers().to_vec(),
                ignored_proxy_variables: ignored_proxy_variables.to_vec(),
                setup: None,
            },
            rows,
            experiments: Vec::new(),
            canary,
        })
    }
}

/// Sixty-four bits that nobody has to keep secret; the standard library seeds them anew each time.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}
