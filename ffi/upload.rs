//! What a request's body may be beside bytes and readers: a file; and what follows it.

use std::ffi::{CStr, OsStr, c_char, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use keepalive_core::{FileBody, Result, source_failed};

use crate::handle::missing;
use crate::host;
use crate::request::ka_request;
use crate::slice::ka_str;
use crate::status::{ka_error, ka_status};

/// Tells the value of a trailer when the body is over: a text that ends in a NUL, which is read before the
/// function is called again; NULL fails the request with KA_BODY_SOURCE_FAILED.
pub type ka_trailer_fn =
    Option<unsafe extern "C-unwind" fn(user_data: *mut c_void) -> *const c_char>;

/// Sets a file as the body: it is opened and read while the request is sent, with Content-Length, and again
/// for a replay, a retry or a redirect. It replaces an earlier body. What has no length (a pipe, a file
/// of /proc) is sent chunked, once.
/// Ownership: `path` is copied.
/// Threads: one at a time for one request. On the engine a helper thread reads it.
/// Errors: KA_INVALID_ARGUMENT when there is no such file, it is a directory or may not be read
/// (ka_error_os_errno). When it is sent: KA_BODY_SOURCE_FAILED when it is gone or cannot be read,
/// KA_BODY_LENGTH_MISMATCH when it has become shorter or longer; the server then gets no whole request.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_set_body_file(
    request: *mut ka_request,
    path: *const c_char,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), { set_file(borrow_mut!(request), text!(path)) })
}

fn set_file(request: &mut ka_request, path: &[u8]) -> Result<()> {
    request.change().set_body_file(file(path)?);
    request.forget_reader();
    Ok(())
}

/// The file of that name.
pub(crate) fn file(path: &[u8]) -> Result<FileBody> {
    FileBody::new(Path::new(OsStr::from_bytes(path)))
}

/// Appends a field to what follows the body (RFC 9110 6.5), which is then sent chunked, also one of known
/// length. A Trailer field announces it, unless the request has its own.
/// Ownership: inputs are copied.
/// Threads: one at a time for one request.
/// Errors: KA_INVALID_HEADER: no name or value of a field, or one that must stand before the body, such as
/// Content-Length, Host, Authorization or Content-Type (RFC 9110 6.5.1). When it is sent: a request
/// without a body, or with a Content-Length of its own.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_add_trailer(
    request: *mut ka_request,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        borrow_mut!(request).change().add_trailer(text!(name), text!(value))
    })
}

/// Appends a field to what follows the body, whose name and value come with their lengths.
/// Ownership: inputs are copied.
/// Threads: one at a time for one request.
/// Errors: as ka_request_add_trailer.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_add_trailer_str(
    request: *mut ka_request,
    name: ka_str,
    value: ka_str,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        borrow_mut!(request).change().add_trailer(view!(name), view!(value))
    })
}

/// Appends a field to what follows the body, whose value `told` tells when the body is over: a checksum of
/// what was streamed. When the body is sent again, it is asked again.
/// Ownership: `name` is copied. `user_data` is the caller's, for as long as the request or a call that
/// sends it is there.
/// Threads: one at a time for one request. `told` is called where a body reader is, under the same rules.
/// Errors: as ka_request_add_trailer; KA_INVALID_ARGUMENT when `told` is NULL. What it tells that is no
/// value of a field fails the request with KA_INVALID_HEADER.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_add_told_trailer(
    request: *mut ka_request,
    name: *const c_char,
    told: ka_trailer_fn,
    user_data: *mut c_void,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), { add_told(borrow_mut!(request), text!(name), told, user_data) })
}

/// A function of the host's with its data.
struct Told {
    told: unsafe extern "C-unwind" fn(*mut c_void) -> *const c_char,
    user_data: *mut c_void,
}

// SAFETY: the header tells the caller on which threads the function runs, one at a time for a request.
unsafe impl Send for Told {}
// SAFETY: as above.
unsafe impl Sync for Told {}

impl Told {
    fn value(&self) -> Result<Vec<u8>> {
        // SAFETY: by the header's contract the function takes its data, which is alive.
        let value = host::call("a ka_trailer_fn", || unsafe { (self.told)(self.user_data) });
        if value.is_null() {
            return Err(source_failed("a trailer's function returned NULL"));
        }
        // SAFETY: by the header's contract a text that ends in a NUL, unchanged until the next call.
        Ok(unsafe { CStr::from_ptr(value) }.to_bytes().to_vec())
    }
}

fn add_told(
    request: &mut ka_request,
    name: &[u8],
    told: ka_trailer_fn,
    user_data: *mut c_void,
) -> Result<()> {
    let told = Told { told: told.ok_or_else(|| missing("told"))?, user_data };
    request.change().add_told_trailer(name, Arc::new(move || told.value()))
}
