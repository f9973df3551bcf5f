//! What does the user expect of each path?

use crate::observation::Intent;
use crate::plan::AccessPath;
use std::collections::BTreeMap;

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
