//! After `fork()` the child must not touch what the parent's threads held: this tells the engine,
//! and counts generations so that the binding's own tables (event loops) know they are inherited.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

static GENERATION: AtomicU64 = AtomicU64::new(0);

/// Changes in every forked child; compare with a stored value to see whether a fork came between.
pub fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

extern "C" fn in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    keepalive_core::fork_mark_child();
}

/// Registers the child handler.
///
/// No lock and no `Once`: a fork by another thread would hand the child one that is taken for ever.
/// Threads that meet here may register the handler more than once, which harms nothing: a child then
/// counts a few generations at once.
pub fn register() {
    static REGISTERED: AtomicBool = AtomicBool::new(false);
    if REGISTERED.load(Ordering::Acquire) {
        return;
    }
    // SAFETY: `in_child` only does atomic operations, which is allowed after fork in a program
    // with threads, and this module is never unloaded (CPython keeps extension modules).
    if unsafe { libc::pthread_atfork(None, None, Some(in_child)) } == 0 {
        REGISTERED.store(true, Ordering::Release);
    }
}
