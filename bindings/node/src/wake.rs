//! How an engine thread wakes a Node environment: one weak thread-safe function, called once per
//! batch, and referenced only while requests are in flight so that it never keeps a process alive
//! by itself.
//!
//! Raw Node-API calls, because the crate's wrapper offers no way to reference and unreference.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

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
        let function = self.function.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = &*function {
            // SAFETY: the function is alive: `forget` empties the cell, under this lock, before
            // the environment frees it.
            let _ = unsafe {
                sys::napi_call_threadsafe_function(
                    handle.0,
                    ptr::null_mut(),
                    sys::ThreadsafeFunctionCallMode::nonblocking,
                )
            };
        }
    }

    fn forget(&self) {
        self.function.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// The environment's half, for its thread.
pub struct Waking {
    env: sys::napi_env,
    function: sys::napi_threadsafe_function,
    waker: Arc<Waker>,
}

impl Waking {
    /// `callback` is the JavaScript function to run, without arguments, after each wake-up.
    pub fn new(env: sys::napi_env, callback: sys::napi_value) -> napi::Result<Waking> {
        const NAME: &str = "keepalive";
        let waker = Arc::new(Waker { function: Mutex::new(None) });
        let mut name = ptr::null_mut();
        let mut function = ptr::null_mut();
        // SAFETY: `env` is the live environment of the current call and NAME outlives the call.
        check_status!(unsafe {
            sys::napi_create_string_utf8(env, NAME.as_ptr().cast(), NAME.len() as isize, &mut name)
        })?;
        // SAFETY: as above; `finalized` gives back the count that `into_raw` leaks, and runs
        // exactly once when the environment ends.
        check_status!(unsafe {
            sys::napi_create_threadsafe_function(
                env,
                callback,
                ptr::null_mut(),
                name,
                0,
                1,
                Arc::into_raw(waker.clone()).cast_mut().cast(),
                Some(finalized),
                ptr::null_mut(),
                Some(run),
                &mut function,
            )
        })?;
        // SAFETY: `function` was just created for `env`.
        check_status!(unsafe { sys::napi_unref_threadsafe_function(env, function) })?;
        *waker.function.lock().unwrap_or_else(PoisonError::into_inner) = Some(Handle(function));
        Ok(Waking { env, function, waker })
    }

    /// The engine's half.
    pub fn waker(&self) -> Arc<Waker> {
        self.waker.clone()
    }

    /// Whether the environment stays alive for it.
    pub fn keep_alive(&self, yes: bool) {
        // SAFETY: on the environment's thread (`Waking` never leaves it), and the function lives
        // as long as the environment runs JavaScript.
        let _ = unsafe {
            if yes {
                sys::napi_ref_threadsafe_function(self.env, self.function)
            } else {
                sys::napi_unref_threadsafe_function(self.env, self.function)
            }
        };
    }

    /// The environment is ending: no wake-up reaches it any more.
    pub fn stop(&self) {
        self.waker.forget();
    }
}

unsafe extern "C" fn finalized(_: sys::napi_env, data: *mut c_void, _: *mut c_void) {
    // SAFETY: `data` is the count leaked in `Waking::new`, given back once.
    let waker = unsafe { Arc::from_raw(data.cast::<Waker>().cast_const()) };
    waker.forget();
}

unsafe extern "C" fn run(
    env: sys::napi_env,
    callback: sys::napi_value,
    _: *mut c_void,
    _: *mut c_void,
) {
    // Node passes null when it empties the queue of an ending environment.
    if env.is_null() || callback.is_null() {
        return;
    }
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let mut this = ptr::null_mut();
        // SAFETY: Node calls this on the environment's thread with live handles.
        unsafe { sys::napi_get_undefined(env, &mut this) };
        let mut result = ptr::null_mut();
        // SAFETY: as above; no arguments.
        let status =
            unsafe { sys::napi_call_function(env, this, callback, 0, ptr::null(), &mut result) };
        if status == sys::Status::napi_pending_exception {
            report(env);
        }
    }));
}

/// What the callback throws is an uncaught exception, as for any other event.
fn report(env: sys::napi_env) {
    let mut error = ptr::null_mut();
    // SAFETY: on the environment's thread; `error` is a live handle when the status is ok.
    unsafe {
        if sys::napi_get_and_clear_last_exception(env, &mut error) == sys::Status::napi_ok {
            sys::napi_fatal_exception(env, error);
        }
    }
}
