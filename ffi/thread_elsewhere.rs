//! The engine's thread where stacks cannot be handed to a thread: on one of the standard library's.

/// What a forked child of such a process may lose is the system's to say.
pub fn on_own_stacks() {}
