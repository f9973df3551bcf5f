//! How is a queue kept as small as what is in it? It grows by a quarter, where `VecDeque` itself would double.

use std::collections::VecDeque;

pub(super) fn push<T>(queue: &mut VecDeque<T>, item: T) {
    if queue.len() == queue.capacity() {
        queue.reserve_exact(slack(queue.len()));
    }
    queue.push_back(item);
}

/// Gives back what was left by items that are gone.
pub(super) fn shrink<T>(queue: &mut VecDeque<T>) {
    let most = queue.len() + slack(queue.len());
    if queue.capacity() > most {
        queue.shrink_to(most);
    }
}

/// What the queue takes on the heap at most, as long as it only ever grew by [`push`] and was shrunk by [`shrink`].
pub(super) fn bytes<T>(queue: &VecDeque<T>) -> usize {
    (queue.len() + slack(queue.len())) * size_of::<T>()
}

const fn slack(len: usize) -> usize {
    len / 4 + 1
}
