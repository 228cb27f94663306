//! Fork generations. A child never locks, joins or drops what its parent's threads were using: it
//! leaks it and starts its own at the next call.

use std::sync::atomic::{AtomicU64, Ordering};

use once_cell::race::OnceBox;
use once_cell::sync::OnceCell;

use crate::error::Result;

static GENERATION: AtomicU64 = AtomicU64::new(0);

/// Number of forks between the first process and this one.
pub(crate) fn generation() -> u64 {
    GENERATION.load(Ordering::Acquire)
}

/// To be called in the child right after `fork()`; async-signal-safe. The bindings register it
/// with `pthread_atfork`.
pub fn mark_child() {
    GENERATION.fetch_add(1, Ordering::AcqRel);
}

/// A value for each fork generation, made at first use in it.
///
/// A chain rather than a map: nothing here is ever locked across a fork, since a child adds its
/// own node (race-free by compare-and-swap) and never waits on its parent's cells.
pub(crate) struct PerFork<T> {
    first: OnceBox<Node<T>>,
}

struct Node<T> {
    generation: u64,
    value: OnceCell<T>,
    next: OnceBox<Node<T>>,
}

impl<T> PerFork<T> {
    pub const fn new() -> Self {
        PerFork { first: OnceBox::new() }
    }

    fn node(&self) -> &Node<T> {
        let current = generation();
        let make =
            || Box::new(Node { generation: current, value: OnceCell::new(), next: OnceBox::new() });
        let mut node = self.first.get_or_init(make);
        while node.generation != current {
            node = node.next.get_or_init(make);
        }
        node
    }

    /// The value of this generation, if it was made.
    pub fn get(&self) -> Option<&T> {
        self.node().value.get()
    }

    /// The value of this generation; the first caller makes it, a failure leaves it unmade.
    pub fn get_or_try_init(&self, make: impl FnOnce() -> Result<T>) -> Result<&T> {
        self.node().value.get_or_try_init(make)
    }
}

impl<T> Drop for Node<T> {
    fn drop(&mut self) {
        if self.generation != generation() {
            std::mem::forget(self.value.take());
        }
    }
}
