//! `ka_request`: built step by step, checked as it is built, and reusable.

use std::ffi::c_char;
use std::sync::Arc;

use bytes::Bytes;
use keepalive_core::{Error, Request, Result, Timeouts, limit_from_whole_millis};

use crate::handle::{bytes, give, take_back, utf8};
use crate::later::{Later, Resumer};
use crate::reader::{ka_body_reader, length_of};
use crate::slice::ka_str;
use crate::status::{ka_error, ka_status};

/// A request. It may be sent any number of times, unless its body comes from a reader that cannot
/// start again.
pub struct ka_request {
    /// Shared with what was submitted; a change then makes a copy.
    pub(crate) request: Arc<Request>,
    pub(crate) stream_response: bool,
    /// Of its reader, if it has one.
    pub(crate) later: Option<Arc<Later>>,
    timeouts: Timeouts,
}

impl ka_request {
    fn new(method: &[u8], url: &[u8]) -> Result<ka_request> {
        let request = Request::new(utf8(method, "method")?, utf8(url, "url")?)?;
        let request = Arc::new(request);
        let timeouts = Timeouts::default();
        Ok(ka_request { request, stream_response: false, later: None, timeouts })
    }

    fn set_option(&mut self, name: &[u8], value: Option<&[u8]>) -> Result<()> {
        let (name, value) = (utf8(name, "name")?, value.map(|value| utf8(value, "value")));
        self.change().set_option(name, value.transpose()?)
    }

    /// What has its reader go on, for a call.
    pub(crate) fn resumer(&self) -> Option<Resumer> {
        self.later.as_ref().map(Resumer::of)
    }

    /// It has another body.
    pub(crate) fn forget_reader(&mut self) {
        self.later = None;
    }

    pub(crate) fn change(&mut self) -> &mut Request {
        Arc::make_mut(&mut self.request)
    }
}

/// A `ka_timeout` as it comes from C, where it is any number.
pub type ka_timeout_number = i32;

/// Makes a request without body. `url` is absolute, http or https; its userinfo becomes Basic
/// credentials, its fragment is not sent.
/// Ownership: inputs are copied. On KA_OK `*request` is owned: ka_request_free.
/// Threads: any.
/// Errors: KA_INVALID_METHOD, KA_INVALID_URL, KA_UNSUPPORTED_SCHEME, KA_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_new(
    method: *const c_char,
    url: *const c_char,
    request: *mut *mut ka_request,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(request), { Ok(give(ka_request::new(text!(method), text!(url))?)) })
}

/// Makes a request without body, from texts with their lengths: such as a URL that is a view of a
/// response's field.
/// Ownership: inputs are copied. On KA_OK `*request` is owned: ka_request_free.
/// Threads: any.
/// Errors: as ka_request_new.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_new_str(
    method: ka_str,
    url: ka_str,
    request: *mut *mut ka_request,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(request), { Ok(give(ka_request::new(view!(method), view!(url))?)) })
}

/// Appends a header field; order, case and duplicates are kept. "Host" replaces the URL's;
/// "Content-Length" and "Transfer-Encoding" must agree with the body.
/// Ownership: inputs are copied.
/// Threads: one at a time for one request.
/// Errors: KA_INVALID_HEADER names the field and the reason. The request is then unchanged.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_add_header(
    request: *mut ka_request,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        borrow_mut!(request).change().add_header(text!(name), text!(value))
    })
}

/// Appends a header field whose name and value come with their lengths; order, case and duplicates are
/// kept.
/// Ownership: inputs are copied.
/// Threads: one at a time for one request.
/// Errors: as ka_request_add_header.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_add_header_str(
    request: *mut ka_request,
    name: ka_str,
    value: ka_str,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        borrow_mut!(request).change().add_header(view!(name), view!(value))
    })
}

/// Sets the body: `len` bytes at `data`, sent with Content-Length. It replaces an earlier one. `data`
/// may be NULL when `len` is 0.
/// Ownership: the bytes are copied.
/// Threads: one at a time for one request.
/// Errors: KA_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_set_body(
    request: *mut ka_request,
    data: *const u8,
    len: usize,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        let request = borrow_mut!(request);
        // SAFETY: by the header's contract `data` is NULL or `len` readable bytes.
        let body = unsafe { bytes(data, len, "data") }?;
        request.change().set_body(Bytes::copy_from_slice(body));
        request.forget_reader();
        Ok(())
    })
}

/// Sets a body that the functions of `reader` produce while the request is sent: with Content-Length
/// when `length` is known, chunked when it is -1. It replaces an earlier body. With `rewind` the
/// request can be sent any number of times, one after the other; without it once.
/// Ownership: the struct is copied. Takes `reader->user_data`, also on failure: from now on it lives
/// until `destroy` is called with it. Only with a NULL `reader`, or one whose `size` is impossible, is
/// nothing taken.
/// Threads: one at a time for one request. For those of the functions see ka_body_reader.
/// Errors: KA_INVALID_ARGUMENT when `reader` or its `read` is NULL or `length` below -1.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_set_body_reader(
    request: *mut ka_request,
    reader: *const ka_body_reader,
    length: i64,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        // Taken first: no failure leaves the caller with its data.
        // SAFETY: by the header's contract `reader` is NULL or a struct of the size it states.
        let reader = unsafe { ka_body_reader::take(reader) };
        let request = borrow_mut!(request);
        let reader = reader?;
        let length = length_of(length)?;
        request.later = Some(reader.later().clone());
        request.change().set_body_stream(Box::new(reader), length);
        Ok(())
    })
}

/// Sets a time limit of this request; 0 is no limit.
/// Ownership: nothing is kept.
/// Threads: one at a time for one request.
/// Errors: KA_INVALID_ARGUMENT when `which` is no ka_timeout.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_set_timeout(
    request: *mut ka_request,
    which: ka_timeout_number,
    limit_ms: u64,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        let request = borrow_mut!(request);
        let slot = usize::try_from(which).ok().and_then(|number| request.timeouts.at(number));
        let unknown = || Error::argument(format!("which: {which} is no ka_timeout"));
        *slot.ok_or_else(unknown)? = Some(limit_from_whole_millis(limit_ms));
        let timeouts = request.timeouts;
        request.change().set_timeouts(timeouts);
        Ok(())
    })
}

/// Gives the request an option of its own, in place of the client's: "auth", "redirect",
/// "redirect_downgrade", "sensitive_headers" (in addition to the client's), "proxy", "no_proxy",
/// "proxy_headers", "unix_socket", "local_address", "interface", "connect_to", "tls_verify",
/// "tls_verify_host", "ca_file", "ca_dir", "ca_only", "client_cert_file", "client_key_file",
/// "client_key_password", "tls_min_version", "tls_max_version", "tls_server_name", "tls_pins", "decode",
/// "min_speed", "min_speed_time" (milliseconds) or "max_speed", each as the field of that name in
/// ka_client_options; flags are "true" or "false", numbers are decimal. `value` NULL: as the client's;
/// empty: none. Requests with other TLS options never share a connection or a session.
/// Ownership: inputs are copied.
/// Threads: one at a time for one request.
/// Errors: KA_INVALID_ARGUMENT names the option and what is wrong with it; the request is then
/// unchanged.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_set_option(
    request: *mut ka_request,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        let request = borrow_mut!(request);
        request.set_option(text!(name), if value.is_null() { None } else { Some(text!(value)) })
    })
}

/// Gives the request an option of its own, from texts with their lengths. A `value` whose pointer is NULL
/// means: as the client has it.
/// Ownership: inputs are copied.
/// Threads: one at a time for one request.
/// Errors: as ka_request_set_option.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_set_option_str(
    request: *mut ka_request,
    name: ka_str,
    value: ka_str,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        let request = borrow_mut!(request);
        request.set_option(view!(name), if value.ptr.is_null() { None } else { Some(view!(value)) })
    })
}

/// Whether gzip, deflate, br and zstd bodies of the response are decoded, and asked for with
/// Accept-Encoding unless the request has that field: KA_DECODE_ALL or KA_DECODE_NONE, which hands them
/// out as they came. Default: as the client's option decode, which is no.
/// Ownership: nothing is kept.
/// Threads: one at a time for one request.
/// Errors: KA_INVALID_ARGUMENT when `request` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_set_decode(
    request: *mut ka_request,
    decode: bool,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        borrow_mut!(request).change().set_decode(decode);
        Ok(())
    })
}

/// For ka_request_set_decode: bodies are handed out as they came.
pub const KA_DECODE_NONE: bool = false;

/// For ka_request_set_decode: gzip, deflate, br and zstd are decoded.
pub const KA_DECODE_ALL: bool = true;

/// Leaves out a field that the request would get by default: "User-Agent", "Accept-Encoding", or the
/// "Authorization" of the URL's userinfo. A field that is added by name is sent all the same.
/// Ownership: `name` is copied.
/// Threads: one at a time for one request.
/// Errors: KA_INVALID_HEADER for "Host", "Content-Length" and "Transfer-Encoding", without which the
/// message has no host or no end, and for what is no name.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_omit_header(
    request: *mut ka_request,
    name: *const c_char,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), { borrow_mut!(request).change().omit_header(text!(name)) })
}

/// Leaves out a field that the request would get by default, whose name comes with its length.
/// Ownership: `name` is copied.
/// Threads: one at a time for one request.
/// Errors: as ka_request_omit_header.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_omit_header_str(
    request: *mut ka_request,
    name: ka_str,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), { borrow_mut!(request).change().omit_header(view!(name)) })
}

/// Sends `target` as the request target (RFC 9112 3.2) in place of the URL's path and query, byte for
/// byte: nothing is encoded and no dot segment removed, as signed URLs and keys of object stores want it;
/// "*" for OPTIONS. The connection is the URL's. A redirect does not inherit it.
/// Ownership: `target` is copied.
/// Threads: one at a time for one request.
/// Errors: KA_INVALID_ARGUMENT names the byte that cannot be in a target (only visible ASCII can, without
/// "#") and its place; also for CONNECT, whose target is in its URL. The request is then unchanged.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_set_raw_target(
    request: *mut ka_request,
    target: *const c_char,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), { borrow_mut!(request).change().set_raw_target(text!(target)) })
}

/// Sends `target`, a text with its length, as the request target in place of the URL's path and query,
/// byte for byte.
/// Ownership: `target` is copied.
/// Threads: one at a time for one request.
/// Errors: as ka_request_set_raw_target.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_set_raw_target_str(
    request: *mut ka_request,
    target: ka_str,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), { borrow_mut!(request).change().set_raw_target(view!(target)) })
}

/// Whether redirects (301, 302, 303, 307, 308) are followed. Default: as option `redirect` of the client
/// says. ka_request_set_option with "redirect" can make them errors, too.
/// Ownership: nothing is kept.
/// Threads: one at a time for one request.
/// Errors: KA_INVALID_ARGUMENT when `request` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_set_follow_redirects(
    request: *mut ka_request,
    follow: bool,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        borrow_mut!(request).change().set_follow_redirects(follow);
        Ok(())
    })
}

/// Whether the event of this request, when it is submitted, comes with the head of the response
/// instead of with its whole body, which ka_response_submit_read then fetches in pieces. Default: no.
/// Ownership: nothing is kept.
/// Threads: one at a time for one request.
/// Errors: KA_INVALID_ARGUMENT when `request` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_set_stream_response(
    request: *mut ka_request,
    stream: bool,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        borrow_mut!(request).stream_response = stream;
        Ok(())
    })
}

/// Frees a request. It may have been submitted: what runs is not affected.
/// Ownership: takes `request`; NULL is fine.
/// Threads: any, once.
/// Errors: none.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_free(request: *mut ka_request) {
    ka_fn!(value(()), {
        // SAFETY: by the header's contract a request of this library, freed once.
        drop(unsafe { take_back(request) });
        Ok(())
    })
}
