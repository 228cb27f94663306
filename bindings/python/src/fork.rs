//! After `fork()` the child must not touch what the parent's threads held: this tells the engine,
//! and counts generations so that the binding's own tables (event loops) know they are inherited.

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

static GENERATION: AtomicU64 = AtomicU64::new(0);

/// Changes in every forked child; compare with a stored value to see whether a fork came between.
pub fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

extern "C" fn in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    keepalive_core::fork_mark_child();
}

/// Registers the child handler, once per process.
pub fn register() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        // SAFETY: `in_child` only does atomic operations, which is allowed after fork in a program
        // with threads, and this module is never unloaded (CPython keeps extension modules).
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    });
}
