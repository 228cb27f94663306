//! Tells the engine about `fork()`: a child must not use its parent's connections.

use std::sync::atomic::{AtomicBool, Ordering};

extern "C" fn in_child() {
    keepalive_core::fork_mark_child();
}

/// Registers the child handler. When registering fails (out of memory) the process runs on without
/// it, and the next environment tries again.
///
/// No lock and no `Once`: a fork by another thread would hand the child one that is taken for ever.
/// Threads that meet here may register the handler more than once, which harms nothing: a child then
/// counts a few generations at once.
pub fn watch() {
    static WATCHED: AtomicBool = AtomicBool::new(false);
    if WATCHED.load(Ordering::Acquire) {
        return;
    }
    // SAFETY: `in_child` only bumps an atomic, which is safe between fork and exec, and it lives as
    // long as the process: the addon's image is never unloaded.
    if unsafe { libc::pthread_atfork(None, None, Some(in_child)) } == 0 {
        WATCHED.store(true, Ordering::Release);
    }
}
