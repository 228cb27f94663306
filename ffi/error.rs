//! What a program asks an error, a status and the library's version.

use std::ffi::c_char;

use keepalive_core::{Error, ErrorKind};

use crate::handle::take_back;
use crate::sized;
use crate::slice::{ka_bytes, ka_str};
use crate::stats::ka_info;
use crate::status::{ka_error, ka_sent, ka_status, ka_status_number};

/// The version of the library that runs, as (major << 16) | (minor << 8) | patch.
/// Ownership: nothing to free.
/// Threads: any.
/// Errors: none.
#[unsafe(no_mangle)]
pub extern "C" fn ka_version_number() -> u32 {
    ka_fn!(value(0), {
        let part = |text: &str| text.parse::<u32>().unwrap_or(0);
        Ok((part(env!("CARGO_PKG_VERSION_MAJOR")) << 16)
            | (part(env!("CARGO_PKG_VERSION_MINOR")) << 8)
            | part(env!("CARGO_PKG_VERSION_PATCH")))
    })
}

/// The version of the library that runs, as in "0.1.0".
/// Ownership: static, ends in a NUL; nothing to free.
/// Threads: any.
/// Errors: none.
#[unsafe(no_mangle)]
pub extern "C" fn ka_version() -> *const c_char {
    ka_fn!(view(c"".as_ptr()), { Ok(concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()) })
}

/// The name of a status, as in "KA_CONNECT_TIMEOUT".
/// Ownership: static, ends in a NUL; nothing to free.
/// Threads: any.
/// Errors: "KA_UNKNOWN" for a number that is no status of this version.
#[unsafe(no_mangle)]
pub extern "C" fn ka_status_name(status: ka_status_number) -> *const c_char {
    ka_fn!(view(c"KA_UNKNOWN".as_ptr()), {
        if status == 0 {
            return Ok(c"KA_OK".as_ptr());
        }
        let kind = ErrorKind::ALL.iter().find(|kind| **kind as i32 == status);
        Ok(kind.map_or(c"KA_UNKNOWN".as_ptr(), |kind| kind.code_z().as_ptr().cast()))
    })
}

/// What went wrong.
/// Ownership: `error` stays the caller's.
/// Threads: one at a time for one error.
/// Errors: KA_OK when `error` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_error_status(error: *const ka_error) -> ka_status {
    ka_fn!(view(ka_status::KA_OK), { Ok(ka_status::of(borrow!(error).error.kind())) })
}

/// The reason in one line: it names the argument or the server, and the rule that was broken.
/// Ownership: a view, valid until ka_error_free.
/// Threads: one at a time for one error.
/// Errors: an empty view when `error` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_error_message(error: *const ka_error) -> ka_str {
    ka_fn!(view(ka_str::NONE), { Ok(ka_str::new(borrow!(error).error.message().as_bytes())) })
}

/// Where in the exchange it happened: "request" (before anything was done with the network), "pool",
/// "resolve", "connect", "tls", "send", "head" or "body".
/// Ownership: static, ends in a NUL; nothing to free.
/// Threads: one at a time for one error.
/// Errors: "" when `error` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_error_phase(error: *const ka_error) -> *const c_char {
    ka_fn!(view(c"".as_ptr()), { Ok(borrow!(error).error.phase().name_z().as_ptr().cast()) })
}

/// The operating system's error number (errno), 0 when there is none.
/// Ownership: `error` stays the caller's.
/// Threads: one at a time for one error.
/// Errors: 0 when `error` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_error_os_errno(error: *const ka_error) -> i32 {
    ka_fn!(view(0), { Ok(borrow!(error).error.os_errno().unwrap_or(0)) })
}

/// Whether it happened on a connection that had carried a response before.
/// Ownership: `error` stays the caller's.
/// Threads: one at a time for one error.
/// Errors: false when `error` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_error_reused(error: *const ka_error) -> bool {
    ka_fn!(view(false), { Ok(borrow!(error).error.reused()) })
}

/// How much of the request had been handed to the operating system.
/// Ownership: `error` stays the caller's.
/// Threads: one at a time for one error.
/// Errors: KA_SENT_NOTHING when `error` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_error_sent(error: *const ka_error) -> ka_sent {
    ka_fn!(view(ka_sent::KA_SENT_NOTHING), { Ok(ka_sent::of(borrow!(error).error.sent())) })
}

/// Whether sending the request again cannot make the server act twice (RFC 9110 9.2.2): nothing was
/// sent, or the method is idempotent and no byte of a response came. Never for a caller's mistake.
/// Ownership: `error` stays the caller's.
/// Threads: one at a time for one error.
/// Errors: false when `error` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_error_retry_safe(error: *const ka_error) -> bool {
    ka_fn!(view(false), { Ok(borrow!(error).error.retry_safe()) })
}

/// Writes how the exchange went that `failed` ended, and where its time went: the phase in which it failed has
/// what it took to fail. `size` is sizeof(ka_info).
/// Ownership: the struct stays the caller's; the views in it are valid until ka_error_free.
/// Threads: one at a time for one error.
/// Errors: KA_INVALID_STATE when no exchange had begun; KA_INVALID_ARGUMENT for NULL or an impossible size.
#[unsafe(no_mangle)]
pub extern "C" fn ka_error_info(
    failed: *const ka_error,
    info: *mut ka_info,
    size: usize,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        let failed = &borrow!(failed).error;
        let (Some(told), Some(timings)) = (failed.info(), failed.timings()) else {
            return Err(Error::state("no exchange had begun when it failed"));
        };
        // SAFETY: by the header's contract `info` is NULL or has room for `size` bytes.
        unsafe { sized::write(info, size, &ka_info::new(told, timings, 0), "info") }
    })
}

/// The body bytes that came before a submitted request failed. (A blocking read delivers them
/// itself.)
/// Ownership: a view, valid until ka_error_free.
/// Threads: one at a time for one error.
/// Errors: an empty view when there are none or `error` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_error_partial_body(error: *const ka_error) -> ka_bytes {
    ka_fn!(value(ka_bytes::NONE), {
        Ok(borrow!(error).error.partial_body().map_or(ka_bytes::NONE, ka_bytes::new))
    })
}

/// Frees an error.
/// Ownership: takes `error`; NULL is fine.
/// Threads: any, once.
/// Errors: none.
#[unsafe(no_mangle)]
pub extern "C" fn ka_error_free(error: *mut ka_error) {
    ka_fn!(value(()), {
        // SAFETY: by the header's contract an error of this library, freed once.
        drop(unsafe { take_back(error) });
        Ok(())
    })
}
