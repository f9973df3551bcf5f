//! Which rounds are under way? Each in a task of its own; a panic ends the round and nothing else.

use std::collections::HashMap;
use std::future::{Future, pending};
use std::sync::Arc;
use tokio::task::{Id, JoinSet};

/// Rounds under way, each with what is known of it.
#[derive(Debug)]
pub(super) struct Rounds<K, R> {
    tasks: JoinSet<R>,
    known: HashMap<Id, K>,
}

/// A round was ended by a panic; the panic itself has been told by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Defect;

impl<K, R: 'static> Rounds<K, R> {
    pub(super) fn new() -> Self {
        Self { tasks: JoinSet::new(), known: HashMap::new() }
    }

    /// Begins a round of a target, on the current `LocalSet`.
    pub(super) fn start(&mut self, target: Arc<str>, known: K, round: impl Future<Output = R> + 'static) {
        let task = self.tasks.spawn_local(TARGET.scope(target, round));
        self.known.insert(task.id(), known);
    }

    /// Waits for the next round to end; for ever if none is under way.
    pub(super) async fn next(&mut self) -> (K, Result<R, Defect>) {
        let Some(ended) = self.tasks.join_next_with_id().await else { return pending().await };
        let (id, result) = match ended {
            Ok((id, result)) => (id, Ok(result)),
            Err(error) => (error.id(), Err(Defect)),
        };
        match self.known.remove(&id) {
            Some(known) => (known, result),
            None => pending().await,
        }
    }

    /// What is known of each.
    pub(super) fn iter(&self) -> impl Iterator<Item = &K> {
        self.known.values()
    }

    /// What is known of each, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut K> {
        self.known.values_mut()
    }

    /// Whether none is under way.
    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }
}

/// The target whose round this task is; for whoever tells of a panic.
pub(super) fn target() -> Option<Arc<str>> {
    TARGET.try_with(Arc::clone).ok()
}

tokio::task_local! {
    static TARGET: Arc<str>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::task::LocalSet;

    #[test]
    fn a_panic_ends_its_round_alone() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        LocalSet::new().block_on(&runtime, async {
            let mut rounds = Rounds::new();
            rounds.start("a".into(), 1, async {
                assert_eq!(target().as_deref(), Some("a"));
                tokio::task::yield_now().await;
                panic!("a defect")
            });
            rounds.start("b".into(), 2, async { 7 });
            let mut ended = [rounds.next().await, rounds.next().await];
            ended.sort_by_key(|(known, _)| *known);
            assert_eq!(ended, [(1, Err(Defect)), (2, Ok(7))]);
            assert!(rounds.is_empty() && rounds.iter().next().is_none());
        });
    }
}
