//! Fork generations. A child never locks, joins or drops what its parent's threads were using: it
//! keeps it for good and starts its own at the next call.

use std::any::Any;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use once_cell::race::OnceBox;
use once_cell::sync::OnceCell;

use crate::error::Result;
use crate::sync::lock;

static GENERATION: AtomicU64 = AtomicU64::new(0);

/// Differs between a parent and its child once [`mark_child`] has run in the child: compare it with a
/// stored value to see whether a fork came between. Any thread.
#[inline]
pub fn generation() -> u64 {
    GENERATION.load(Ordering::Acquire)
}

/// To be called in the child right after `fork()`; async-signal-safe. The bindings register it
/// with `pthread_atfork`.
pub fn mark_child() {
    GENERATION.fetch_add(1, Ordering::AcqRel);
}

/// Keeps what a child must not drop, because its parent's threads were using it. It stays reachable,
/// so that a leak checker finds nothing lost.
pub fn keep(value: impl Send + 'static) {
    static KEPT: PerFork<Mutex<Vec<Box<dyn Any + Send>>>> = PerFork::new();
    match KEPT.get_or_try_init(|| Ok(Mutex::default())) {
        Ok(kept) => {
            let mut kept = lock(kept);
            kept.push(Box::new(value));
        }
        Err(_) => std::mem::forget(value),
    }
}

/// A value for each fork generation, made at first use in it.
///
/// A chain rather than a map: nothing here is ever locked across a fork, since a child adds its
/// own node (race-free by compare-and-swap) and never waits on its parent's cells.
pub(crate) struct PerFork<T: Send + 'static> {
    first: OnceBox<Node<T>>,
}

struct Node<T: Send + 'static> {
    generation: u64,
    value: OnceCell<T>,
    next: OnceBox<Node<T>>,
}

impl<T: Send + 'static> PerFork<T> {
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

    /// The value of this generation; the first caller makes it.
    #[inline]
    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        self.node().value.get_or_init(make)
    }

    /// The value of this generation; the first caller makes it of the last one's before, if there is one.
    pub fn get_or_inherit(&self, make: impl FnOnce(Option<&T>) -> T) -> &T {
        let own = self.node();
        own.value.get_or_init(|| {
            let mut before = None;
            let mut node = self.first.get();
            while let Some(other) = node.filter(|other| other.generation != own.generation) {
                before = other.value.get().or(before);
                node = other.next.get();
            }
            make(before)
        })
    }

    /// The value of this generation; the first caller makes it, a failure leaves it unmade.
    pub fn get_or_try_init(&self, make: impl FnOnce() -> Result<T>) -> Result<&T> {
        self.node().value.get_or_try_init(make)
    }
}

impl<T: Send + 'static> Drop for Node<T> {
    fn drop(&mut self) {
        if self.generation != generation()
            && let Some(value) = self.value.take()
        {
            keep(value);
        }
    }
}
