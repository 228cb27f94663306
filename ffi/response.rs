//! `ka_response`: the head as views, the body by reading.

use std::cell::OnceCell;
use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::ptr;

use bytes::{Bytes, BytesMut};
use keepalive_core::{Blocking, Canceller, Error, Fields, Response, ResponseHead, Result, Version};

use crate::boundary::Out;
use crate::handle::{check_length, missing, take_back};
use crate::host::may_wait;
use crate::sized;
use crate::slice::{ka_bytes, ka_str};
use crate::stats::ka_info;
use crate::status::{ka_error, ka_status};
use crate::tls::Chain;

/// A response: its head, and a body that is here already or read from the connection.
pub struct ka_response {
    pub(crate) response: Response,
    /// The piece a submitted read brought, until it has been read.
    pub(crate) piece: Option<Bytes>,
    /// What ka_response_read_all gave out a view of.
    whole: Option<Bytes>,
    /// What ka_response_certificate gave out views of.
    pub(crate) chain: Chain,
    /// What ka_response_history_at gave out views of.
    pub(crate) history: OnceCell<Box<[ka_response]>>,
    /// What ends its reads.
    canceller: Option<Canceller>,
}

impl ka_response {
    pub(crate) fn new(response: Response) -> Self {
        ka_response {
            response,
            piece: None,
            whole: None,
            chain: Chain::default(),
            history: OnceCell::new(),
            canceller: None,
        }
    }

    pub(crate) fn with_piece(response: Response, piece: Bytes) -> Self {
        let piece = (!piece.is_empty()).then_some(piece);
        ka_response { piece, ..ka_response::new(response) }
    }

    /// One whose reads that call ends.
    pub(crate) fn ended_by(response: Response, canceller: Canceller) -> Self {
        ka_response { canceller: Some(canceller), ..ka_response::new(response) }
    }
}

/// The status code, 100 to 999.
/// Ownership: `response` stays the caller's.
/// Threads: one at a time for one response.
/// Errors: 0 when `response` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_response_status(response: *const ka_response) -> u16 {
    ka_fn!(view(0), { Ok(borrow!(response).response.status()) })
}

/// The reason phrase as sent; it may be empty.
/// Ownership: a view, valid until ka_response_free.
/// Threads: one at a time for one response.
/// Errors: an empty view when `response` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_response_reason(response: *const ka_response) -> ka_str {
    ka_fn!(view(ka_str::NONE), { Ok(ka_str::new(borrow!(response).response.reason())) })
}

/// The HTTP version of the response: 10 for 1.0, 11 for 1.1.
/// Ownership: `response` stays the caller's.
/// Threads: one at a time for one response.
/// Errors: 0 when `response` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_response_version(response: *const ka_response) -> i32 {
    ka_fn!(view(0), {
        Ok(match borrow!(response).response.version() {
            Version::Http10 => 10,
            Version::Http11 => 11,
        })
    })
}

/// The URL the response is from, after redirects: without userinfo, with the fragment of the
/// request or of the last Location that had one (RFC 9110 10.2.2).
/// Ownership: a view, valid until ka_response_free.
/// Threads: one at a time for one response.
/// Errors: an empty view when `response` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_response_url(response: *const ka_response) -> ka_str {
    ka_fn!(view(ka_str::NONE), {
        Ok(ka_str::new(borrow!(response).response.url_with_fragment().as_bytes()))
    })
}

/// The number of header fields.
/// Ownership: `response` stays the caller's.
/// Threads: one at a time for one response.
/// Errors: 0 when `response` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_response_header_count(response: *const ka_response) -> usize {
    ka_fn!(view(0), { Ok(borrow!(response).response.headers().len()) })
}

/// One header field, from 0, in the order, case and number they came in.
/// Ownership: `*name` and `*value` are views, valid until ka_response_free.
/// Threads: one at a time for one response.
/// Errors: KA_INVALID_ARGUMENT when `index` is not below ka_response_header_count.
#[unsafe(no_mangle)]
pub extern "C" fn ka_response_header_at(
    response: *const ka_response,
    index: usize,
    name: *mut ka_str,
    value: *mut ka_str,
) -> ka_status {
    ka_fn!(status(ptr::null_mut()), outs(name, value), {
        field_at(Some(borrow!(response).response.headers()), index)
    })
}

/// The first header field of a name, compared without regard to case; false when there is none.
/// `value` may be NULL.
/// Ownership: `*value` is a view, valid until ka_response_free; an empty one on false.
/// Threads: one at a time for one response.
/// Errors: false when `response` or `name` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_response_header(
    response: *const ka_response,
    name: *const c_char,
    value: *mut ka_str,
) -> bool {
    ka_fn!(view(false), {
        // SAFETY: by the header's contract `value` is NULL or writable.
        let value = unsafe { Out::new(value, "value") };
        value.write_if_given(|| ka_str::NONE);
        Ok(first(borrow!(response), text!(name), value))
    })
}

/// The first header field of a name that comes with its length, compared without regard to case; false
/// when there is none. `value` may be NULL.
/// Ownership: `*value` is a view, valid until ka_response_free; an empty one on false.
/// Threads: one at a time for one response.
/// Errors: false when `response` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_response_header_str(
    response: *const ka_response,
    name: ka_str,
    value: *mut ka_str,
) -> bool {
    ka_fn!(view(false), {
        // SAFETY: by the header's contract `value` is NULL or writable.
        let value = unsafe { Out::new(value, "value") };
        value.write_if_given(|| ka_str::NONE);
        Ok(first(borrow!(response), view!(name), value))
    })
}

/// The number of trailer fields: known once the body has been read to its end, 0 before.
/// Ownership: `response` stays the caller's.
/// Threads: one at a time for one response.
/// Errors: 0 when `response` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_response_trailer_count(response: *const ka_response) -> usize {
    ka_fn!(view(0), { Ok(borrow!(response).response.trailers().map_or(0, Fields::len)) })
}

/// One trailer field, from 0, in the order they came in.
/// Ownership: `*name` and `*value` are views, valid until ka_response_free.
/// Threads: one at a time for one response.
/// Errors: KA_INVALID_ARGUMENT when `index` is not below ka_response_trailer_count.
#[unsafe(no_mangle)]
pub extern "C" fn ka_response_trailer_at(
    response: *const ka_response,
    index: usize,
    name: *mut ka_str,
    value: *mut ka_str,
) -> ka_status {
    ka_fn!(status(ptr::null_mut()), outs(name, value), {
        field_at(borrow!(response).response.trailers(), index)
    })
}

/// Reads up to `capacity` bytes of the body, waiting on this thread for at least one. `*count` 0 is
/// the verified end: a body that was cut off is an error, never an end.
/// Ownership: the bytes are copied to `buffer`.
/// Threads: any, one at a time for one response.
/// Errors: KA_BODY_TRUNCATED, KA_INVALID_CHUNK, KA_READ_TIMEOUT and others, after the bytes that came
/// before; KA_INVALID_STATE when nobody had read on for body_idle_timeout_ms; KA_INVALID_ARGUMENT when
/// `capacity` is 0.
#[unsafe(no_mangle)]
pub extern "C" fn ka_response_read(
    response: *mut ka_response,
    buffer: *mut u8,
    capacity: usize,
    count: *mut usize,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(count), {
        may_wait()?;
        let response = borrow_mut!(response);
        if buffer.is_null() {
            return Err(missing("buffer"));
        }
        if capacity == 0 {
            return Err(Error::argument("capacity: 0 cannot be told from the end of the body"));
        }
        check_length(capacity, "capacity")?;
        // SAFETY: by the header's contract `buffer` has room for `capacity` bytes, which need not have
        // been written.
        let buffer =
            unsafe { std::slice::from_raw_parts_mut(buffer.cast::<MaybeUninit<u8>>(), capacity) };
        if let Some(mut piece) = response.piece.take() {
            let rest = piece.split_off(capacity.min(piece.len()));
            response.piece = (!rest.is_empty()).then_some(rest);
            buffer.iter_mut().zip(&piece).for_each(|(to, &byte)| {
                to.write(byte);
            });
            return Ok(piece.len());
        }
        response.response.read_uninit(buffer, blocking(&response.canceller))
    })
}

/// Reads the rest of the body, waiting on this thread for its verified end.
/// Ownership: `*body` is a view, valid until the next ka_response_read_all or ka_response_free.
/// Threads: any, one at a time for one response.
/// Errors: as ka_response_read; the bytes that did come can then be read with ka_response_read. And
/// KA_BODY_TOO_LARGE beyond option max_body_size; then nothing can.
#[unsafe(no_mangle)]
pub extern "C" fn ka_response_read_all(
    response: *mut ka_response,
    body: *mut ka_bytes,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(body), looks(is_complete(response)), {
        may_wait()?;
        let response = borrow_mut!(response);
        let rest = response.response.read_all(blocking(&response.canceller))?;
        let whole = match response.piece.take() {
            None => rest,
            Some(piece) => {
                let mut joined = BytesMut::from(&*piece);
                joined.extend_from_slice(&rest);
                joined.freeze()
            }
        };
        Ok(ka_bytes::new(response.whole.insert(whole)))
    })
}

/// Whether the connection had carried a response before this one.
/// Ownership: `response` stays the caller's.
/// Threads: one at a time for one response.
/// Errors: false when `response` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_response_reused(response: *const ka_response) -> bool {
    ka_fn!(view(false), { Ok(borrow!(response).response.reused()) })
}

/// Writes how the exchange went, as far as it has come: connection, replays, bytes, time by phase. What the
/// body adds (`receive_ns`, `bytes_received`) is there once it has been read to its end. `size` is
/// sizeof(ka_info).
/// Ownership: the struct stays the caller's; the views in it are valid until ka_response_free.
/// Threads: one at a time for one response.
/// Errors: KA_INVALID_ARGUMENT for NULL or an impossible size.
#[unsafe(no_mangle)]
pub extern "C" fn ka_response_info(
    response: *const ka_response,
    info: *mut ka_info,
    size: usize,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        let response = &borrow!(response).response;
        // Its views are of the connection's texts, which the response keeps.
        let heads = response.informational().len();
        let snapshot = ka_info::new(&response.info(), &response.timings(), heads);
        // SAFETY: by the header's contract `info` is NULL or has room for `size` bytes.
        unsafe { sized::write(info, size, &snapshot, "info") }
    })
}

/// Tells of one of the 1xx heads that came before the response, such as 103 (Early Hints): `index` is below
/// `informational_count` of ka_info. Its fields are asked for with ka_response_informational_header_at.
/// Ownership: all stays the caller's.
/// Threads: one at a time for one response.
/// Errors: KA_INVALID_ARGUMENT when there is no such head.
#[unsafe(no_mangle)]
pub extern "C" fn ka_response_informational_at(
    response: *const ka_response,
    index: usize,
    http_status: *mut u16,
    header_count: *mut usize,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(http_status, header_count), {
        let head = informational(borrow!(response), index)?;
        Ok((head.status, head.fields.len()))
    })
}

/// One header field of a 1xx head, both from 0, in the order, case and number they came in.
/// Ownership: `*name` and `*value` are views, valid until ka_response_free.
/// Threads: one at a time for one response.
/// Errors: KA_INVALID_ARGUMENT when there is no such head or field.
#[unsafe(no_mangle)]
pub extern "C" fn ka_response_informational_header_at(
    response: *const ka_response,
    index: usize,
    header: usize,
    name: *mut ka_str,
    value: *mut ka_str,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(name, value), {
        field_at(Some(&informational(borrow!(response), index)?.fields), header)
    })
}

/// Frees a response. A short unread rest of the body is read by the engine to save the connection
/// (options drain_limit_size and drain_timeout_ms); a longer one costs the connection.
/// Ownership: takes `response`; NULL is fine.
/// Threads: any, once; it does not wait.
/// Errors: none.
#[unsafe(no_mangle)]
pub extern "C" fn ka_response_free(response: *mut ka_response) {
    ka_fn!(value(()), looks(is_complete(response)), {
        // SAFETY: by the header's contract a response of this library, freed once.
        drop(unsafe { take_back(response) });
        Ok(())
    })
}

/// How its reads wait.
fn blocking(canceller: &Option<Canceller>) -> Blocking<'_> {
    canceller.as_ref().map_or_else(Blocking::default, Blocking::cancellable)
}

/// Whether all of it is in memory, its connection long given back.
fn is_complete(response: *const ka_response) -> bool {
    // SAFETY: by the header's contract NULL or a response of this library that nobody else uses.
    unsafe { response.as_ref() }.is_some_and(|response| response.response.is_complete())
}

fn informational(response: &ka_response, index: usize) -> Result<&ResponseHead> {
    let head = response.response.informational().get(index);
    head.ok_or_else(|| Error::argument(format!("index: there is no 1xx head {index}")))
}

fn first(response: &ka_response, name: &[u8], value: Out<ka_str>) -> bool {
    let found = response.response.headers().get(name);
    value.write_if_given(|| found.map_or(ka_str::NONE, ka_str::new));
    found.is_some()
}

fn field_at(fields: Option<&Fields>, index: usize) -> Result<(ka_str, ka_str)> {
    let field = fields.and_then(|fields| fields.at(index));
    let (name, value) =
        field.ok_or_else(|| Error::argument(format!("index: there is no field {index}")))?;
    Ok((ka_str::new(name), ka_str::new(value)))
}
