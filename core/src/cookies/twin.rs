//! A store that a fork always finds whole. A forked child cannot wait for a lock that a thread of its parent
//! held, nor trust what is under it; so there are two copies, changed one after the other, of which at most
//! one is being changed at any moment. The cookies themselves are shared by both.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, TryLockError};

use crate::cookies::store::{Change, Store};
use crate::sync::lock;

#[derive(Default)]
pub(super) struct Twin {
    /// Held by whoever reads or changes: no two at a time.
    turn: Mutex<()>,
    copies: [Mutex<Store>; 2],
    /// To be read without a lock.
    count: AtomicUsize,
}

impl Twin {
    /// With the cookies of the one that a parent had.
    pub fn inherited(parent: Option<&Twin>) -> Twin {
        let Some(parent) = parent else { return Twin::default() };
        // Nobody but this thread is left, so what is free now stays so.
        let whole = parent.copies.iter().find_map(|copy| match copy.try_lock() {
            Ok(store) => Some([store.copy(), store.copy()]),
            Err(TryLockError::Poisoned(poisoned)) => {
                let store = poisoned.into_inner();
                Some([store.copy(), store.copy()])
            }
            Err(TryLockError::WouldBlock) => None,
        });
        let copies = whole.unwrap_or_default();
        let count = AtomicUsize::new(copies[0].count());
        Twin { turn: Mutex::default(), copies: copies.map(Mutex::new), count }
    }

    pub fn is_empty(&self) -> bool {
        self.count.load(Ordering::Acquire) == 0
    }

    /// Looks at it.
    pub fn read<T>(&self, look: impl FnOnce(&Store) -> T) -> T {
        let _turn = lock(&self.turn);
        let [first, _] = &self.copies;
        let store = lock(first);
        look(&store)
    }

    /// Has `decide` say what is to change, and does it.
    pub fn change<T>(&self, decide: impl FnOnce(&Store) -> (Vec<Change>, T)) -> T {
        let _turn = lock(&self.turn);
        let [first, _] = &self.copies;
        let (changes, result) = decide(&lock(first));
        for copy in &self.copies {
            let mut store = lock(copy);
            changes.iter().for_each(|change| store.apply(change));
            self.count.store(store.count(), Ordering::Release);
        }
        result
    }

    #[cfg(test)]
    pub fn copies(&self) -> &[Mutex<Store>; 2] {
        &self.copies
    }
}
