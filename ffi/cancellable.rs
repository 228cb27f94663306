//! Calls on the caller's own thread that others can end or have go on.

use std::sync::atomic::{AtomicPtr, Ordering};

use keepalive_core::{Blocking, Canceller};

use crate::client::ka_client;
use crate::handle::{give, missing};
use crate::host::may_wait;
use crate::request::ka_request;
use crate::response::ka_response;
use crate::status::{ka_error, ka_status};
use crate::submit::ka_call;

/// Sends `request` as ka_client_send does, on this thread, by a call that can be ended meanwhile.
/// ka_call_cancel ends it with KA_CANCELLED, from any thread, or from a function of the program's that
/// it calls (a body reader, a progress callback); and, as long as the handle is there, what is read of
/// the response's body on a thread. ka_call_resume_upload has a body reader go on that said
/// KA_READ_LATER.
/// Ownership: `request` stays the caller's. `*call` is set before anything is waited for, by one atomic
/// store, so that others see it while this runs: they read it atomically, and find NULL until then. It is
/// owned, whatever becomes of the request: ka_call_free, when nobody uses it any more. With bad input it
/// stays NULL. On KA_OK `*response` is owned: ka_response_free.
/// Threads: any.
/// Errors: those of ka_client_send, and KA_CANCELLED.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_send_cancellable(
    client: *mut ka_client,
    request: *const ka_request,
    call: *mut *mut ka_call,
    response: *mut *mut ka_response,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(response), {
        if call.is_null() {
            return Err(missing("call"));
        }
        // SAFETY: by the header's contract `call` is writable, aligned, and used atomically by others.
        let handle = unsafe { AtomicPtr::from_ptr(call) };
        handle.store(std::ptr::null_mut(), Ordering::Release);
        may_wait()?;
        let client = borrow!(client).client.clone();
        let request = borrow!(request);
        let canceller = Canceller::new();
        let made = ka_call::of_blocking(canceller.clone(), request.resumer());
        handle.store(give(made), Ordering::Release);
        let response = client.send(&request.request, Blocking::cancellable(&canceller))?;
        Ok(give(ka_response::ended_by(response, canceller)))
    })
}
