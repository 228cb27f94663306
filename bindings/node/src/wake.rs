//! How an engine thread wakes a Node environment: one weak thread-safe function, called once per
//! batch, and referenced only while requests are in flight so that it never keeps a process alive
//! by itself. The same holds for the JavaScript function that it runs: test runners load a package
//! anew for each test file, and what they drop must become garbage.
//!
//! Raw Node-API calls, because the crate's wrapper offers no way to reference and unreference.

use std::cell::Cell;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::{check_status, sys};

/// The engine's half. Any thread.
pub struct Waker {
    function: Mutex<Option<Handle>>,
}

struct Handle(sys::napi_threadsafe_function);

// SAFETY: Node-API allows `napi_call_threadsafe_function` from any thread; the other uses happen on
// the environment's thread only.
unsafe impl Send for Handle {}

impl Waker {
    /// Has the environment's callback run soon. Does nothing once the environment is ending.
    pub fn wake(&self) {
        let mut function = self.lock();
        if let Some(handle) = &*function {
            // SAFETY: the function is alive: `forget` empties the cell, under this lock, before
            // the environment frees it.
            let status = unsafe {
                sys::napi_call_threadsafe_function(
                    handle.0,
                    ptr::null_mut(),
                    sys::ThreadsafeFunctionCallMode::nonblocking,
                )
            };
            // Node has taken its share back with this answer and may free the function.
            if status == sys::Status::napi_closing {
                *function = None;
            }
        }
    }

    fn forget(&self) -> Option<Handle> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Handle>> {
        self.function.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The environment's half, for its thread.
pub struct Waking {
    env: sys::napi_env,
    function: sys::napi_threadsafe_function,
    waker: Arc<Waker>,
    callback: sys::napi_ref,
    awake: Cell<bool>,
}

/// What Node keeps as long as the thread-safe function.
struct Context {
    waker: Arc<Waker>,
    callback: sys::napi_ref,
}

impl Waking {
    /// `callback` is the JavaScript function to run, without arguments, after each wake-up. It is
    /// held only while `keep_alive` says so.
    pub fn new(env: sys::napi_env, callback: sys::napi_value) -> napi::Result<Waking> {
        const NAME: &str = "keepalive";
        let waker = Arc::new(Waker { function: Mutex::new(None) });
        let mut name = ptr::null_mut();
        let mut reference = ptr::null_mut();
        let mut function = ptr::null_mut();
        // SAFETY: `env` is the live environment of the current call and NAME outlives the call.
        check_status!(unsafe {
            sys::napi_create_string_utf8(env, NAME.as_ptr().cast(), NAME.len() as isize, &mut name)
        })?;
        // SAFETY: `env` and `callback` are the live ones of the current call.
        check_status!(unsafe { sys::napi_create_reference(env, callback, 0, &mut reference) })?;
        let context = Box::new(Context { waker: waker.clone(), callback: reference });
        let context: *mut c_void = Box::into_raw(context).cast();
        // SAFETY: as above. The context is Node's from here on, also when the call fails: it may or
        // may not have run the finalizer then, and a box that nobody frees is safe in both cases.
        check_status!(unsafe {
            sys::napi_create_threadsafe_function(
                env,
                ptr::null_mut(),
                ptr::null_mut(),
                name,
                0,
                1,
                context,
                Some(finalized),
                context,
                Some(run),
                &mut function,
            )
        })?;
        // SAFETY: `function` was just created for `env`.
        check_status!(unsafe { sys::napi_unref_threadsafe_function(env, function) })?;
        *waker.lock() = Some(Handle(function));
        Ok(Waking { env, function, waker, callback: reference, awake: Cell::new(false) })
    }

    /// The engine's half.
    pub fn waker(&self) -> Arc<Waker> {
        self.waker.clone()
    }

    /// Whether the environment stays alive for it, and the callback with all it refers to.
    pub fn keep_alive(&self, yes: bool) {
        if self.awake.replace(yes) == yes || self.waker.lock().is_none() {
            return;
        }
        let (env, function, callback) = (self.env, self.function, self.callback);
        let mut count = 0;
        // SAFETY: on the environment's thread (`Waking` never leaves it), and function and
        // reference live as long as the cell is filled. References and their counts go in pairs
        // (`awake`); a call that fails changes nothing.
        let _ = unsafe {
            if yes {
                sys::napi_reference_ref(env, callback, &mut count);
                sys::napi_ref_threadsafe_function(env, function)
            } else {
                sys::napi_reference_unref(env, callback, &mut count);
                sys::napi_unref_threadsafe_function(env, function)
            }
        };
    }

    /// The environment is ending, and frees the function itself: no wake-up reaches it any more.
    pub fn stop(&self) {
        self.waker.forget();
    }

    /// Nobody has the callback any more: the function is given back to a living environment.
    pub fn release(&self) {
        if let Some(handle) = self.waker.forget() {
            // SAFETY: the only share, given back once: nobody has the handle any more. The
            // environment has not freed the function, or `finalized` had emptied the cell.
            let _ = unsafe {
                sys::napi_release_threadsafe_function(
                    handle.0,
                    sys::ThreadsafeFunctionReleaseMode::abort,
                )
            };
        }
    }
}

unsafe extern "C" fn finalized(env: sys::napi_env, context: *mut c_void, _: *mut c_void) {
    // SAFETY: the box leaked in `Waking::new`; Node calls this once, and `run` not after it.
    let context = unsafe { Box::from_raw(context.cast::<Context>()) };
    context.waker.forget();
    if !env.is_null() {
        // SAFETY: made in `Waking::new` for this environment and deleted here only, on its thread.
        unsafe { sys::napi_delete_reference(env, context.callback) };
    }
}

unsafe extern "C" fn run(
    env: sys::napi_env,
    _: sys::napi_value,
    context: *mut c_void,
    _: *mut c_void,
) {
    // Node passes null when it empties the queue of an ending environment.
    if env.is_null() {
        return;
    }
    // SAFETY: the box leaked in `Waking::new`, freed by `finalized` only.
    let callback = unsafe { (*context.cast::<Context>()).callback };
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let (mut this, mut function, mut result) =
            (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        // SAFETY: Node calls this on the environment's thread with a handle scope open; the
        // function is null when it has become garbage, and called without arguments.
        unsafe {
            sys::napi_get_reference_value(env, callback, &mut function);
            sys::napi_get_undefined(env, &mut this);
            if function.is_null() || this.is_null() {
                return;
            }
            let status = sys::napi_call_function(env, this, function, 0, ptr::null(), &mut result);
            let mut error = ptr::null_mut();
            if status == sys::Status::napi_pending_exception
                && sys::napi_get_and_clear_last_exception(env, &mut error) == sys::Status::napi_ok
            {
                report(env, error);
            }
        }
    }));
}

/// What a callback throws is an uncaught exception, as for any other event.
///
/// # Safety
/// Both are live handles, on the environment's thread.
pub unsafe fn report(env: sys::napi_env, error: sys::napi_value) {
    // SAFETY: the caller's promise. While the environment ends it fails, and nobody is there to be
    // told.
    let _ = unsafe { sys::napi_fatal_exception(env, error) };
}
