//! `ka_request`: built step by step, checked as it is built, and reusable.

use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use keepalive_core::{BodySource, Error, Request, Result, Timeouts, source_failed};

use crate::handle::{bytes, give, take_back, utf8};
use crate::options::limit;
use crate::status::{ka_error, ka_status};

/// A request. It may be sent any number of times, unless its body comes from a reader.
pub struct ka_request {
    /// Shared with what was submitted; a change then makes a copy.
    pub(crate) request: Arc<Request>,
    pub(crate) stream_response: bool,
    timeouts: Timeouts,
}

impl ka_request {
    fn change(&mut self) -> &mut Request {
        Arc::make_mut(&mut self.request)
    }
}

/// A time limit of one request; each overrides an option of the client.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ka_timeout {
    /// Waiting for a connection: queue_timeout.
    KA_TIMEOUT_QUEUE = 0,
    /// DNS, TCP and TLS together: connect_timeout.
    KA_TIMEOUT_CONNECT = 1,
    /// From the end of the request to the end of the response head: header_timeout.
    KA_TIMEOUT_HEADER = 2,
    /// Longest wait without a byte while sending: stall_timeout.
    KA_TIMEOUT_SEND = 3,
    /// Longest wait without a byte while receiving: stall_timeout.
    KA_TIMEOUT_READ = 4,
    /// The whole exchange with its body: total_timeout.
    KA_TIMEOUT_TOTAL = 5,
}

/// A `ka_timeout` as it comes from C, where it is any number.
pub type ka_timeout_number = i32;

/// Produces a request body piece by piece: writes up to `capacity` bytes to `buffer` and returns
/// their number, 0 at the end, a negative number when it failed (the request then fails with
/// KA_BODY_SOURCE_FAILED). It must not call functions of the library with the request or client it
/// serves.
pub type ka_read_fn =
    Option<unsafe extern "C" fn(user_data: *mut c_void, buffer: *mut u8, capacity: usize) -> isize>;

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
    ka_fn!(status(error), outs(request), {
        let method = utf8(text!(method), "method")?;
        let url = utf8(text!(url), "url")?;
        Ok(give(ka_request {
            request: Arc::new(Request::new(method, url)?),
            stream_response: false,
            timeouts: Timeouts::default(),
        }))
    })
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
        let request = borrow_mut!(request);
        request.change().add_header(text!(name).to_bytes(), text!(value).to_bytes())
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
        Ok(())
    })
}

/// Sets a body that `read` produces while the request is sent: with Content-Length when `length` is
/// known, chunked when it is -1. Once `read` has been called, the request cannot be sent again.
/// Ownership: `user_data` is borrowed: it must live until ka_client_send has returned or the event of
/// the submitted request has come. After that `read` is not called any more.
/// Threads: one at a time for one request. `read` is called on the thread of ka_client_send, where it
/// may block; or, for a submitted request, within ka_client_submit and on the engine's thread, where
/// it must not: all submitted requests wait meanwhile.
/// Errors: KA_INVALID_ARGUMENT when `read` is NULL or `length` below -1.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_set_body_reader(
    request: *mut ka_request,
    read: ka_read_fn,
    user_data: *mut c_void,
    length: i64,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        let request = borrow_mut!(request);
        let read = read.ok_or_else(|| crate::handle::missing("read"))?;
        let length = match length {
            -1 => None,
            length => Some(u64::try_from(length).map_err(|_| {
                Error::argument(format!("length: {length} is neither a length nor -1 for unknown"))
            })?),
        };
        let reader = Reader { read, user_data, spare: BytesMut::new() };
        request.change().set_body_stream(Box::new(reader), length);
        Ok(())
    })
}

/// Sets a time limit of this request, in milliseconds; 0 is no limit.
/// Ownership: nothing is kept.
/// Threads: one at a time for one request.
/// Errors: KA_INVALID_ARGUMENT when `which` is no ka_timeout.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_set_timeout(
    request: *mut ka_request,
    which: ka_timeout_number,
    milliseconds: u64,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        let request = borrow_mut!(request);
        let timeouts = &mut request.timeouts;
        let all = [
            (ka_timeout::KA_TIMEOUT_QUEUE, &mut timeouts.queue),
            (ka_timeout::KA_TIMEOUT_CONNECT, &mut timeouts.connect),
            (ka_timeout::KA_TIMEOUT_HEADER, &mut timeouts.header),
            (ka_timeout::KA_TIMEOUT_SEND, &mut timeouts.send),
            (ka_timeout::KA_TIMEOUT_READ, &mut timeouts.read),
            (ka_timeout::KA_TIMEOUT_TOTAL, &mut timeouts.total),
        ];
        match all.into_iter().find(|(timeout, _)| *timeout as i32 == which) {
            Some((_, slot)) => *slot = Some(limit(milliseconds)),
            None => return Err(Error::argument(format!("which: {which} is no ka_timeout"))),
        }
        let timeouts = request.timeouts;
        request.change().set_timeouts(timeouts);
        Ok(())
    })
}

/// Whether gzip, deflate, br and zstd bodies of the response are decoded, and asked for with
/// Accept-Encoding unless the request has that field. Default: no.
/// Ownership: nothing is kept.
/// Threads: one at a time for one request.
/// Errors: KA_INVALID_ARGUMENT when `request` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_set_decode(request: *mut ka_request, decode: bool) -> ka_status {
    ka_fn!(status(std::ptr::null_mut()), outs(), {
        borrow_mut!(request).change().set_decode(decode);
        Ok(())
    })
}

/// Whether redirects (301, 302, 303, 307, 308) are followed. Default: no.
/// Ownership: nothing is kept.
/// Threads: one at a time for one request.
/// Errors: KA_INVALID_ARGUMENT when `request` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_set_follow_redirects(
    request: *mut ka_request,
    follow: bool,
) -> ka_status {
    ka_fn!(status(std::ptr::null_mut()), outs(), {
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
) -> ka_status {
    ka_fn!(status(std::ptr::null_mut()), outs(), {
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

/// A C function as a body.
struct Reader {
    read: unsafe extern "C" fn(*mut c_void, *mut u8, usize) -> isize,
    user_data: *mut c_void,
    spare: BytesMut,
}

/// What the callback is offered: large enough for few calls, small enough for many requests.
const PIECE: usize = 16 * 1024;

// SAFETY: the header tells the caller on which threads the callback runs, one at a time.
unsafe impl Send for Reader {}

impl BodySource for Reader {
    fn poll_chunk(&mut self, _: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        self.spare.clear();
        self.spare.resize(PIECE, 0);
        // SAFETY: by the header's contract the function takes these arguments and `user_data` is
        // alive while the request runs.
        let count = unsafe { (self.read)(self.user_data, self.spare.as_mut_ptr(), PIECE) };
        Poll::Ready(match usize::try_from(count) {
            Ok(0) => Ok(None),
            Ok(count) if count <= PIECE => Ok(Some(self.spare.split_to(count).freeze())),
            Ok(count) => Err(source_failed(&format!(
                "the callback returned {count}, more than the {PIECE} bytes it had room for"
            ))),
            Err(_) => Err(source_failed(&format!("the callback returned {count}"))),
        })
    }
}
