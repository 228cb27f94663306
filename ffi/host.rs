//! The host's threads and functions: no call of the library is cut off half-way, by whatever means
//! a program has to leave a function.

use std::cell::Cell;
use std::ffi::c_int;
use std::io::Write;

use keepalive_core::{Error, Result};

thread_local! {
    /// How many calls of the library this thread is in.
    static CALLS: Cell<u32> = const { Cell::new(0) };
    /// It calls a function of the host's without being in a call: it is the engine's.
    static ENGINE: Cell<bool> = const { Cell::new(false) };
}

/// A thread is in a call of the library. pthread_cancel waits until it has returned: it would unwind
/// through frames that know nothing of it.
pub struct Inside {
    cancellation: c_int,
}

impl Inside {
    pub fn enter() -> Inside {
        // A destructor of thread-local storage may call too, when this thread's own is gone.
        let _ = CALLS.try_with(|calls| calls.set(calls.get() + 1));
        Inside { cancellation: put_off_cancellation() }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let _ = CALLS.try_with(|calls| calls.set(calls.get() - 1));
        // SAFETY: a state that was in force; NULL means that the old one is not asked for.
        unsafe { pthread_setcancelstate(self.cancellation, std::ptr::null_mut()) };
    }
}

/// Returns the state before.
fn put_off_cancellation() -> c_int {
    let mut before = 0;
    // SAFETY: `before` is writable; with a state that exists the call does not fail.
    unsafe { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &mut before) };
    before
}

unsafe extern "C" {
    // The libc crate does not have it for Linux.
    fn pthread_setcancelstate(state: c_int, old: *mut c_int) -> c_int;
}

/// As in glibc's and musl's <pthread.h>.
const PTHREAD_CANCEL_DISABLE: c_int = 1;

/// Calls a function of the host's. One that does not return but unwinds (a C++ exception,
/// pthread_exit) ends the process and says why: catching it is not possible in Rust, and letting it
/// pass would leave locks taken and connections lost.
pub fn call<T>(name: &'static str, function: impl FnOnce() -> T) -> T {
    struct Unwound(&'static str);
    impl Drop for Unwound {
        fn drop(&mut self) {
            let text = format!(
                "libkeepalive: the function {} did not return; a C++ exception \
                 or pthread_exit must not leave it. The process is aborted.\n",
                self.0
            );
            let _ = std::io::stderr().write_all(text.as_bytes());
            std::process::abort();
        }
    }
    let engine = CALLS.with(Cell::get) == 0;
    if engine {
        ENGINE.set(true);
        // For good: nobody but this function could cancel that thread.
        put_off_cancellation();
    }
    let armed = Unwound(name);
    let value = function();
    std::mem::forget(armed);
    if engine {
        ENGINE.set(false);
    }
    value
}

/// Refuses to wait in a function that the engine's thread calls: it is what would be waited for.
pub fn may_wait() -> Result<()> {
    match ENGINE.try_with(Cell::get) {
        Ok(true) => Err(Error::state(
            "this waits, and a program's function on the engine's thread must not",
        )),
        _ => Ok(()),
    }
}
