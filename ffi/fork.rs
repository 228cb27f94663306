//! What a fork means for handles: the engine is told at once, and queues know whose they are.

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many forks lie between this process and the one that first used the library.
static GENERATION: AtomicU64 = AtomicU64::new(0);

extern "C" fn in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    keepalive_core::fork_mark_child();
}

/// Has forks noticed from now on. Every function that makes something a child could inherit calls
/// it first.
pub fn watch() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        // SAFETY: the handler lives as long as the process (the library is linked nodelete) and does
        // nothing but atomic stores. It can only fail for lack of memory; forks then go unnoticed,
        // which is what every program without the handler has.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    });
}

/// Differs between a parent and its child.
pub fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}
