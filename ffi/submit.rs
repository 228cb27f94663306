//! `ka_call` and what starts one: requests, reads and warming on the engine's thread, which end as
//! events of a queue.

use std::ffi::{c_char, c_void};
use std::ptr;
use std::sync::Arc;

use keepalive_core::{Call, Canceller, Client, Error, Outcome, Queue, Result, Until};

use crate::boundary::Out;
use crate::client::ka_client;
use crate::handle::{give, missing, take_back, utf8};
use crate::later::Resumer;
use crate::queue::ka_queue;
use crate::request::ka_request;
use crate::response::ka_response;
use crate::slice::ka_str;
use crate::status::{ka_error, ka_status};

/// Something under way, for ending it: a request, a read or warming that was submitted, or a request that
/// is sent on its caller's thread (ka_client_send_cancellable).
pub struct ka_call {
    call: Way,
    /// What has its body reader go on.
    resumer: Option<Resumer>,
}

enum Way {
    Submitted(Call),
    Blocking(Canceller),
}

impl ka_call {
    pub(crate) fn of_blocking(canceller: Canceller, resumer: Option<Resumer>) -> ka_call {
        ka_call { call: Way::Blocking(canceller), resumer }
    }
}

/// Starts `request` on the engine's thread and returns at once. Exactly one event with `user_data`
/// comes to `queue`: with the whole body received, or with its head only after
/// ka_request_set_stream_response.
/// Ownership: `request` stays the caller's, and may be freed at once; `user_data` is only handed back.
/// On KA_OK `*call` is owned: ka_call_free, before or after the event. `call` may be NULL when the
/// request will not be cancelled.
/// Threads: any; many may submit to one queue.
/// Errors: bad input, a closed client, a queue of another process (KA_INVALID_STATE). Then no event
/// comes; every later failure is an event.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_submit(
    client: *mut ka_client,
    request: *const ka_request,
    queue: *mut ka_queue,
    user_data: *mut c_void,
    call: *mut *mut ka_call,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        // SAFETY: by the header's contract `call` is NULL or writable.
        let call = unsafe { Handle::new(call) };
        let client = &borrow!(client).client;
        let request = borrow!(request);
        let queue = borrow!(queue).here()?;
        let until = if request.stream_response { Until::Head } else { Until::Body };
        // Before its reader may be asked.
        let resumer = if call.is_wanted() { request.resumer() } else { None };
        let submitted = client.submit(request.request.clone(), until, queue, token(user_data))?;
        call.give_with(submitted, resumer);
        Ok(())
    })
}

/// Has the engine receive the next piece of the body, at most `max_size` bytes. Exactly one event with
/// `user_data` comes to `queue` and brings the response back; ka_response_read then gives the piece
/// without waiting, or 0 at the verified end. What an earlier piece has left unread is the next one.
/// Ownership: takes `response`, also on failure; do not use it until the event gives it back, perhaps
/// at another address. `queue` stays the caller's. On KA_OK `*call` is owned: ka_call_free; it is NULL
/// when the event is there already. `call` may be NULL.
/// Threads: any, one at a time for one response.
/// Errors: KA_INVALID_ARGUMENT, KA_INVALID_STATE for a queue of another process. Then no event comes
/// and the response is freed. In an event with a failure the response is given back too.
#[unsafe(no_mangle)]
pub extern "C" fn ka_response_submit_read(
    response: *mut ka_response,
    max_size: usize,
    queue: *mut ka_queue,
    user_data: *mut c_void,
    call: *mut *mut ka_call,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        // SAFETY: by the header's contract `call` is NULL or writable.
        let call = unsafe { Handle::new(call) };
        // SAFETY: by the header's contract a response of this library that the caller gives up.
        let response = unsafe { take_back(response) }.ok_or_else(|| missing("response"))?;
        let queue = borrow!(queue).here()?;
        if max_size == 0 {
            return Err(Error::argument("max_size: must be at least 1"));
        }
        let ka_response { response, piece, .. } = *response;
        if let Some(piece) = piece {
            queue.push(token(user_data), Outcome::Chunk(response, Ok(Some(piece))));
            return Ok(());
        }
        call.give(Client::submit_read(response, max_size, queue, token(user_data))?);
        Ok(())
    })
}

/// Has the engine open connections to the origin of `url` until it has `count` idle ones, within the
/// caps, and returns at once. Exactly one event with `user_data` comes to `queue`, without a response;
/// its `count` is how many were opened.
/// Ownership: all stays the caller's; `url` is copied. On KA_OK `*call` is owned: ka_call_free. `call`
/// may be NULL.
/// Threads: any.
/// Errors: KA_INVALID_URL and the like, a closed client, a queue of another process. Then no event
/// comes; a dial's failure is an event.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_submit_warm(
    client: *mut ka_client,
    url: *const c_char,
    count: usize,
    queue: *mut ka_queue,
    user_data: *mut c_void,
    call: *mut *mut ka_call,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        // SAFETY: by the header's contract `call` is NULL or writable.
        let call = unsafe { Handle::new(call) };
        let queue = borrow!(queue).here()?;
        call.give(warm(borrow!(client), text!(url), count, queue, user_data)?);
        Ok(())
    })
}

/// Has the engine open connections to the origin of `url`, a text with its length, until it has `count`
/// idle ones, within the caps, and returns at once. Exactly one event with `user_data` comes to `queue`,
/// without a response; its `count` is how many were opened.
/// Ownership: as ka_client_submit_warm.
/// Threads: any.
/// Errors: as ka_client_submit_warm.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_submit_warm_str(
    client: *mut ka_client,
    url: ka_str,
    count: usize,
    queue: *mut ka_queue,
    user_data: *mut c_void,
    call: *mut *mut ka_call,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        // SAFETY: by the header's contract `call` is NULL or writable.
        let call = unsafe { Handle::new(call) };
        let queue = borrow!(queue).here()?;
        call.give(warm(borrow!(client), view!(url), count, queue, user_data)?);
        Ok(())
    })
}

fn warm(
    client: &ka_client,
    url: &[u8],
    count: usize,
    queue: &Arc<Queue>,
    user_data: *mut c_void,
) -> Result<Call> {
    client.client.submit_warm(utf8(url, "url")?, count, queue, token(user_data))
}

/// Asks a call to end. What was submitted still ends in exactly one event: KA_CANCELLED, unless it was
/// faster; ka_client_send_cancellable returns KA_CANCELLED, as do later reads of its response on a
/// thread. Until then a body reader may be called; when nobody else has a submitted request, its
/// `destroy` is called before the event comes.
/// Ownership: `call` stays the caller's.
/// Threads: any, also from a function of the program's that the call runs; more than once does no harm.
/// Errors: none; NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn ka_call_cancel(call: *mut ka_call) {
    ka_fn!(value(()), {
        match &borrow!(call).call {
            Way::Submitted(call) => call.cancel(),
            Way::Blocking(canceller) => canceller.cancel(),
        }
        Ok(())
    })
}

/// Has the body reader of a call go on that said KA_READ_LATER: its `read` is called again, where it was
/// called before. Before it said so it counts as well, so none is lost; without a reader that waits it does
/// nothing.
/// Ownership: `call` stays the caller's.
/// Threads: any, also from a function of the program's that the call runs; more than once does no harm.
/// Errors: none; NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn ka_call_resume_upload(call: *mut ka_call) {
    ka_fn!(value(()), {
        if let Some(resumer) = &borrow!(call).resumer {
            resumer.resume();
        }
        Ok(())
    })
}

/// Frees the handle of something submitted, which runs on.
/// Ownership: takes `call`; NULL is fine.
/// Threads: any, once.
/// Errors: none.
#[unsafe(no_mangle)]
pub extern "C" fn ka_call_free(call: *mut ka_call) {
    ka_fn!(value(()), {
        // SAFETY: by the header's contract a call of this library, freed once.
        drop(unsafe { take_back(call) });
        Ok(())
    })
}

/// The number that an event brings back as `user_data`.
pub(crate) fn token(user_data: *mut c_void) -> u64 {
    user_data.expose_provenance() as u64
}

/// Where the caller wants the `ka_call`, if it wants one.
pub(crate) struct Handle(Out<*mut ka_call>);

impl Handle {
    /// Emptied.
    ///
    /// # Safety
    /// `call` is NULL or valid for writes as long as this lives.
    pub(crate) unsafe fn new(call: *mut *mut ka_call) -> Handle {
        // SAFETY: the caller's promise.
        let out = unsafe { Out::new(call, "call") };
        out.write_if_given(ptr::null_mut);
        Handle(out)
    }

    pub(crate) fn give(&self, call: Call) {
        self.give_with(call, None);
    }

    /// Of a request whose reader may say "later".
    fn give_with(&self, call: Call, resumer: Option<Resumer>) {
        self.0.write_if_given(|| give(ka_call { call: Way::Submitted(call), resumer }));
    }

    fn is_wanted(&self) -> bool {
        self.0.is_given()
    }
}
