//! What a fork means for handles: the engine is told at once, and queues know whose they are.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How many forks lie between this process and the one that first used the library.
static GENERATION: AtomicU64 = AtomicU64::new(0);

extern "C" fn in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    keepalive_core::fork_mark_child();
}

/// Has forks noticed from now on. Every function that makes something a child could inherit calls
/// it first.
///
/// No lock and no `Once`: a fork by another thread would hand the child one that is taken for ever.
/// Threads that meet here may register the handler more than once, which harms nothing: a child then
/// counts a few generations at once.
pub fn watch() {
    static WATCHED: AtomicBool = AtomicBool::new(false);
    if WATCHED.load(Ordering::Acquire) {
        return;
    }
    // SAFETY: the handler lives as long as the process (the library is linked nodelete) and does
    // nothing but atomic additions. It can only fail for lack of memory; forks then go unnoticed
    // until the next call, which tries again.
    if unsafe { libc::pthread_atfork(None, None, Some(in_child)) } == 0 {
        WATCHED.store(true, Ordering::Release);
    }
}

/// Differs between a parent and its child.
pub fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}
