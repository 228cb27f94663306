//! `ka_client`: making, sharing, sending on this thread, counters.

use std::ffi::c_char;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use keepalive_common::fork;
use keepalive_core::{Blocking, Client, Error, Result};

use crate::handle::{check_length, give, missing, take_back, utf8};
use crate::host::may_wait;
use crate::options::{default_config, ka_client_options};
use crate::request::ka_request;
use crate::response::ka_response;
use crate::sized;
use crate::slice::ka_str;
use crate::stats::{ka_close_count, ka_origin_stats, ka_stats};
use crate::status::{ka_error, ka_status};
use crate::thread;

/// A pool of connections with its limits and TLS settings. Make one for a program, or one for each
/// set of options, and keep it: a client for each request throws the reuse away.
pub struct ka_client {
    pub(crate) client: Client,
}

/// How many bytes of stack a thread must have left for any call. Measured (tests/c/stack.c): 100 KiB
/// in a debug build, TLS and every coding included.
pub const KA_MIN_STACK_SIZE: usize = 192 * 1024;

/// The handle of the process-wide client, made once and never freed.
static SHARED: AtomicPtr<ka_client> = AtomicPtr::new(ptr::null_mut());

/// Makes a client. `options` NULL means the defaults.
/// Ownership: `options` stays the caller's, its strings and bytes are copied. On KA_OK `*client` is
/// owned: ka_client_free.
/// Threads: any; the client may be used by many at once.
/// Errors: KA_INVALID_ARGUMENT names the option; an unreadable or faulty certificate file too.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_new(
    options: *const ka_client_options,
    client: *mut *mut ka_client,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(client), {
        fork::watch();
        thread::on_own_stacks();
        // SAFETY: by the header's contract `options` is NULL or a struct of the size it states.
        let config = unsafe { ka_client_options::read(options) }?;
        Ok(give(ka_client { client: Client::new(config)? }))
    })
}

/// The process-wide client, with default options: one pool for all threads and all libraries in the
/// process that use this copy of libkeepalive. Before the process ends, ka_client_close tells servers
/// that its connections are over, rather than cutting them off.
/// Ownership: the library's; ka_client_free on it does nothing.
/// Threads: any.
/// Errors: NULL when it cannot be made; ka_client_new then says why.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_shared() -> *mut ka_client {
    ka_fn!(value(ptr::null_mut()), {
        let made = SHARED.load(Ordering::Acquire);
        if !made.is_null() {
            return Ok(made);
        }
        fork::watch();
        thread::on_own_stacks();
        let new = give(ka_client { client: Client::shared(default_config)?.clone() });
        match SHARED.compare_exchange(ptr::null_mut(), new, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Ok(new),
            Err(first) => {
                // SAFETY: made above and shown to nobody.
                drop(unsafe { take_back(new) });
                Ok(first)
            }
        }
    })
}

/// Sends `request` and waits for the head of the response, all on this thread. The body is then read
/// with ka_response_read or ka_response_read_all.
/// Ownership: `request` stays the caller's. On KA_OK `*response` is owned: ka_response_free. A body
/// reader is called on this thread, and no more after the return.
/// Threads: any; many may send with one client, also one request, as long as nobody changes it.
/// Errors: any status but KA_CANCELLED. ka_error_retry_safe says whether to try again.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_send(
    client: *mut ka_client,
    request: *const ka_request,
    response: *mut *mut ka_response,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(response), {
        may_wait()?;
        // The clone lets another thread free the handle while this exchange runs.
        let client = borrow!(client).client.clone();
        let request = borrow!(request);
        let response = client.send(&request.request, Blocking::default())?;
        Ok(give(ka_response::new(response)))
    })
}

/// Opens connections to the origin of `url` until it has `count` idle ones, within the caps, all at
/// once and waiting on this thread. `*opened` is how many were opened.
/// Ownership: all stays the caller's.
/// Threads: any.
/// Errors: KA_INVALID_URL and the like, or the first dial's that failed; what succeeded is kept.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_warm(
    client: *mut ka_client,
    url: *const c_char,
    count: usize,
    opened: *mut usize,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(opened), { warm(borrow!(client), text!(url), count) })
}

/// Opens connections to the origin of `url`, a text with its length, until it has `count` idle ones,
/// within the caps, all at once and waiting on this thread. `*opened` is how many were opened.
/// Ownership: all stays the caller's.
/// Threads: any.
/// Errors: as ka_client_warm.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_warm_str(
    client: *mut ka_client,
    url: ka_str,
    count: usize,
    opened: *mut usize,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(opened), { warm(borrow!(client), view!(url), count) })
}

fn warm(client: &ka_client, url: &[u8], count: usize) -> Result<usize> {
    may_wait()?;
    let client = client.client.clone();
    client.warm(utf8(url, "url")?, count, Blocking::default())
}

/// The network is another one (a laptop moved, a VPN came up): closes idle connections, so that
/// requests dial anew, and resets the circuit breakers of the origins in use.
/// Ownership: `client` stays the caller's.
/// Threads: any.
/// Errors: none; NULL does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_network_changed(client: *mut ka_client) {
    ka_fn!(value(()), {
        borrow!(client).client.network_changed();
        Ok(())
    })
}

/// Writes the counters of a client's pool. `size` is sizeof(ka_stats).
/// Ownership: all stays the caller's; the names in it are static.
/// Threads: any.
/// Errors: KA_INVALID_ARGUMENT for NULL or an impossible size.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_stats(
    client: *const ka_client,
    stats: *mut ka_stats,
    size: usize,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        let snapshot = ka_stats::new(&borrow!(client).client.stats());
        // SAFETY: by the header's contract `stats` is NULL or has room for `size` bytes.
        unsafe { sized::write(stats, size, &snapshot, "stats") }
    })
}

/// Tells for which reasons connections were closed, and how many for each: one entry for each reason
/// that happened since the client was made, sorted by name, all of one moment. At most `capacity` are
/// written to `reasons`, which may be NULL when that is 0; `*count` is how many there are, which may be
/// more. Versions add reasons: there are about 25 names in this one.
/// Ownership: all stays the caller's; the names are static.
/// Threads: any.
/// Errors: KA_INVALID_ARGUMENT for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_close_reasons(
    client: *const ka_client,
    reasons: *mut ka_close_count,
    capacity: usize,
    count: *mut usize,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(count), {
        let all = borrow!(client).client.stats().closed;
        if reasons.is_null() && capacity > 0 {
            return Err(missing("reasons"));
        }
        check_length(capacity, "capacity")?;
        for (index, reason) in all.iter().take(capacity).enumerate() {
            // SAFETY: by the header's contract there is room for `capacity` of them; `index` is less.
            unsafe { reasons.add(index).write(ka_close_count::new(reason)) };
        }
        Ok(all.len())
    })
}

/// Writes the counters of one origin, `index` being below `origin_count` of ka_stats: which limit
/// its idle connections have and why, and its circuit breaker. `size` is sizeof(ka_origin_stats). Each
/// call looks anew: an origin that comes or goes between two of them moves those behind it.
/// Ownership: all stays the caller's; the names in it are static.
/// Threads: any.
/// Errors: KA_INVALID_ARGUMENT for NULL, an impossible size or an index without an origin.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_origin_stats(
    client: *const ka_client,
    index: usize,
    stats: *mut ka_origin_stats,
    size: usize,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        let all = borrow!(client).client.stats().origins;
        let one = all
            .get(index)
            .ok_or_else(|| Error::argument(format!("index: there is no origin {index}")))?;
        // SAFETY: by the header's contract `stats` is NULL or has room for `size` bytes.
        unsafe { sized::write(stats, size, &ka_origin_stats::new(one), "stats") }
    })
}

/// Closes idle connections, fails requests that wait for one and refuses new ones with
/// KA_INVALID_STATE. Exchanges under way finish. Servers are told at once (TLS close_notify and a FIN);
/// what they still send is read for up to 50 ms. The process-wide client stays usable: only its idle
/// connections are closed.
/// Ownership: `client` stays the caller's.
/// Threads: any; a second call does nothing.
/// Errors: none; NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_close(client: *mut ka_client) {
    ka_fn!(value(()), {
        borrow!(client).client.close();
        Ok(())
    })
}

/// Frees a client. Requests under way, on other threads too, run to their end.
/// Ownership: takes `client`; NULL and the process-wide client are fine and left alone.
/// Threads: any, once; no call with `client` may begin afterwards.
/// Errors: none.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_free(client: *mut ka_client) {
    ka_fn!(value(()), {
        if client != SHARED.load(Ordering::Acquire) {
            // SAFETY: by the header's contract a client of this library, freed once.
            drop(unsafe { take_back(client) });
        }
        Ok(())
    })
}
