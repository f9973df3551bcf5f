//! What is broken? The healthy set-up with one thing wrong in it, and what a good diagnosis says of it.

mod dns;
mod http;
mod policy;
mod signing;
mod tcp;
mod tls;
mod ways;

use super::world::{Region, World};
use crate::diagnosis::Cause;
use crate::observation::Intent;
use crate::plan::AccessPath;
use crate::report::Verdict;
use std::time::Duration;

/// One state of the make-believe AWS.
#[derive(Debug)]
pub struct Scenario {
    /// Its name, kebab-case.
    pub name: &'static str,
    /// What is wrong, in one line.
    pub about: &'static str,
    /// What of it nobody has yet seen on live AWS, if anything.
    pub inferred: Option<&'static str>,
    /// What a diagnosis finds: one finding each, with this as its cause or, where the wire cannot tell, among its alternatives.
    pub expect: &'static [Cause],
    /// Whether every path does what it should.
    pub verdict: Verdict,
    /// The intents under which it is probed; the other paths are required.
    pub intents: &'static [(AccessPath, Intent)],
    /// A deadline that fits the scenario; the usual one if absent.
    pub timeout: Option<Duration>,
    /// Whether its operator calls an API that does not exist too.
    pub canary: bool,
    breaks: fn(&mut World),
}

impl Scenario {
    /// Every scenario, the healthy one first, then in the order of the phases.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        [
            HEALTHY,
            dns::SCENARIOS,
            tcp::SCENARIOS,
            tls::SCENARIOS,
            http::SCENARIOS,
            policy::SCENARIOS,
            signing::SCENARIOS,
            ways::SCENARIOS,
        ]
        .into_iter()
        .flatten()
    }

    /// Nothing is broken.
    pub fn healthy() -> &'static Self {
        &HEALTHY[0]
    }

    /// The scenario of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().find(|scenario| scenario.name == name)
    }

    /// What is wrong, and what of it is inferred.
    pub fn description(&self) -> String {
        match self.inferred {
            Some(inferred) => format!("{} (inferred: {inferred})", self.about),
            None => self.about.to_owned(),
        }
    }

    /// The world in which this is wrong.
    pub(super) fn world(&self) -> World {
        let mut world = World::healthy();
        (self.breaks)(&mut world);
        world
    }

    /// A scenario in which every path answers and nothing is to be said.
    const fn new(name: &'static str, about: &'static str, breaks: fn(&mut World)) -> Self {
        Self {
            name,
            about,
            inferred: None,
            expect: &[],
            verdict: Verdict::Pass,
            intents: &[],
            timeout: None,
            canary: false,
            breaks,
        }
    }

    /// It fails, and these are the findings.
    const fn fails(mut self, expect: &'static [Cause]) -> Self {
        self.expect = expect;
        self.verdict = Verdict::Fail;
        self
    }

    /// It passes, and these are the findings.
    const fn passes_with(mut self, expect: &'static [Cause]) -> Self {
        self.expect = expect;
        self
    }

    const fn inferred(mut self, what: &'static str) -> Self {
        self.inferred = Some(what);
        self
    }

    const fn intending(mut self, intents: &'static [(AccessPath, Intent)]) -> Self {
        self.intents = intents;
        self
    }

    const fn with_canary(mut self) -> Self {
        self.canary = true;
        self
    }

    /// Somebody is silent in it, and nobody wants to wait long for that.
    const fn impatient(mut self) -> Self {
        self.timeout = Some(Duration::from_secs(1));
        self
    }
}

static HEALTHY: &[Scenario] = &[
    Scenario::new("healthy", "private DNS on, endpoint associated, policies allow: all four paths answer", |_| {}),
    Scenario::new("healthy-china", "the same in another partition, with its own DNS suffix and ARNs", |world| {
        *world = World::healthy_in(CHINA);
    }),
    Scenario::new("url-only", "only the invoke URL is known: the other paths lack the endpoint's name", |world| {
        world.asked.vpce_dns_name = None;
    }),
    Scenario::new("forbidden-path-open", "private DNS should be off and is on: its path answers", |_| {})
        .intending(&[(AccessPath::PrivateDns, Intent::Forbidden)])
        .fails(&[Cause::ForbiddenPathOpen]),
];

const CHINA: Region = Region { name: "cn-northwest-1", dns_suffix: "amazonaws.com.cn", partition: "aws-cn" };
