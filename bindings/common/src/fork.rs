//! After `fork()` the child must not touch what its parent's threads held: the engine is told at once,
//! and handles that are tied to a process know whose they are.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whose process this is; told apart once [`watch`] was called.
pub use keepalive_core::fork_generation as generation;

extern "C" fn in_child() {
    keepalive_core::fork_mark_child();
}

/// Has forks noticed from now on, in this library. To be called before anything is made that a child
/// could inherit; again does no harm. When registering fails (out of memory) forks go unnoticed until
/// the next call, which tries again. Any thread.
///
/// No lock and no `Once`: a fork by another thread would hand the child one that is taken for ever.
/// Threads that meet here may register the handler more than once, which harms nothing: a child then
/// counts a few generations at once.
pub fn watch() {
    static WATCHED: AtomicBool = AtomicBool::new(false);
    if WATCHED.load(Ordering::Acquire) {
        return;
    }
    // SAFETY: `in_child` does nothing but an atomic addition, which is allowed between fork and exec in
    // a program with threads, and it lives as long as the process: libraries that link this are never
    // unloaded (linked nodelete, and CPython keeps extension modules).
    if unsafe { libc::pthread_atfork(None, None, Some(in_child)) } == 0 {
        WATCHED.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_of_another_generation_and_its_parent_is_not() {
        watch();
        let before = generation();
        // SAFETY: the child compares two numbers and leaves, without a lock or an allocation.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let code = if generation() == before { 1 } else { 0 };
            // SAFETY: ends the child, and runs nothing of its parent's.
            unsafe { libc::_exit(code) };
        }
        let child = rustix::process::Pid::from_raw(child).expect("a child");
        let options = rustix::process::WaitOptions::empty();
        let (_, status) = rustix::process::waitpid(Some(child), options).unwrap().unwrap();
        assert_eq!(status.exit_status(), Some(0));
        assert_eq!(generation(), before);
    }
}
