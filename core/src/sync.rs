//! The locks of the whole crate, and the one place that says what a poisoned one means: whoever
//! panicked under it left its data whole, since nothing is done under a lock but taking and putting.
//!
//! `tests/model` compiles the modules whose interleavings are modelled with its own `crate::sync`,
//! whose threads take turns as a scheduler decides.

pub(crate) use std::sync::atomic::{AtomicBool, Ordering};
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};

/// Locks `mutex`, also after a panic under it.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
