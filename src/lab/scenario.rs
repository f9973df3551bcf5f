//! What is broken? The healthy set-up with one thing wrong in it, and what a good diagnosis says of it.

use super::world::World;
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
    /// What nobody has yet seen on the wire, where that is so.
    pub inferred: Option<&'static str>,
    /// What a diagnosis finds: one finding each, with this as its cause or, where the wire cannot tell, among its alternatives.
    pub expect: &'static [Cause],
    /// Whether every path does what it should.
    pub verdict: Verdict,
    /// The intents under which it is probed; the others are required.
    pub intents: &'static [(AccessPath, Intent)],
    /// A deadline that fits the scenario; the usual one if absent.
    pub timeout: Option<Duration>,
    breaks: fn(&mut World),
}

impl Scenario {
    /// Every scenario, the healthy one first.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        [HEALTHY].into_iter().flatten()
    }

    /// Nothing is broken.
    pub fn healthy() -> &'static Self {
        &HEALTHY[0]
    }

    /// The scenario of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().find(|scenario| scenario.name == name)
    }

    /// The world in which this is wrong.
    pub(super) fn world(&self) -> World {
        let mut world = World::healthy();
        (self.breaks)(&mut world);
        world
    }

    /// A scenario in which every path answers and nothing is to be said.
    const fn new(name: &'static str, about: &'static str, breaks: fn(&mut World)) -> Self {
        Self { name, about, inferred: None, expect: &[], verdict: Verdict::Pass, intents: &[], timeout: None, breaks }
    }
}

const HEALTHY: &[Scenario] =
    &[Scenario::new("healthy", "private DNS on, endpoint associated, policies allow: all four paths answer", |_| {})];
