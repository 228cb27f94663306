//! Tells the engine about `fork()`: a child must not use its parent's connections.

use std::sync::Once;

extern "C" fn in_child() {
    keepalive_core::fork_mark_child();
}

/// Registers the child handler, once for the process. When registering fails (out of memory) the
/// process runs on without it.
pub fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: `in_child` only bumps an atomic, which is safe between fork and exec, and it
        // lives as long as the process: the addon's image is never unloaded.
        let _ = unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    });
}
