//! `ka_stream`: the connection of a response that switched protocols, for bytes both ways.

use std::ffi::c_void;
use std::mem::MaybeUninit;

use bytes::Bytes;
use keepalive_core::{Blocking, Error, UpgradedStream, limit_from_whole_millis};

use crate::handle::{bytes, check_length, give, missing, take_back};
use crate::host::may_wait;
use crate::queue::ka_queue;
use crate::response::ka_response;
use crate::status::{ka_error, ka_status};
use crate::submit::{Handle, ka_call, token};

/// A connection that speaks another protocol now: after 101 to a request with Upgrade (RFC 9110 7.8), or
/// 2xx to CONNECT (RFC 9110 9.3.6).
pub struct ka_stream {
    stream: UpgradedStream,
}

/// Takes the connection of a response of 101, or of 2xx to CONNECT, with what came behind the head. It
/// leaves the client's pool, and needs neither the client nor the response any more. The limits of its
/// reads and writes are at first those of the request (stall_timeout_ms unless it has its own).
/// Ownership: `response` stays the caller's. On KA_OK `*stream` is owned: ka_stream_free.
/// Threads: any, one at a time for one response.
/// Errors: KA_INVALID_STATE names the status when the response has no stream; also the second time, in a
/// forked child, and when the server switched before it had the whole request.
#[unsafe(no_mangle)]
pub extern "C" fn ka_response_take_stream(
    response: *mut ka_response,
    stream: *mut *mut ka_stream,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(stream), {
        let stream = borrow_mut!(response).response.take_stream()?;
        Ok(give(ka_stream { stream }))
    })
}

/// Reads up to `capacity` bytes, waiting on this thread for at least one; first what came with the
/// response. `*count` 0 is the end of what the peer sends, with TLS its close_notify.
/// Ownership: the bytes are copied to `buffer`.
/// Threads: any; one reads while another writes, further readers wait for their turn.
/// Errors: KA_READ_TIMEOUT when no byte came for the time of ka_stream_set_timeouts, after which it can be
/// read on; KA_CONNECTION_RESET; KA_TLS_PROTOCOL, also when TLS ended without close_notify, so that what
/// came may be cut off (RFC 8446 6.1); KA_INVALID_STATE when it is closed or of another process;
/// KA_INVALID_ARGUMENT when `capacity` is 0.
#[unsafe(no_mangle)]
pub extern "C" fn ka_stream_read(
    stream: *const ka_stream,
    buffer: *mut u8,
    capacity: usize,
    count: *mut usize,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(count), {
        may_wait()?;
        let stream = borrow!(stream);
        if buffer.is_null() {
            return Err(missing("buffer"));
        }
        if capacity == 0 {
            return Err(Error::argument("capacity: 0 cannot be told from the end of the stream"));
        }
        check_length(capacity, "capacity")?;
        // SAFETY: by the header's contract `buffer` has room for `capacity` bytes, which need not have
        // been written.
        let buffer =
            unsafe { std::slice::from_raw_parts_mut(buffer.cast::<MaybeUninit<u8>>(), capacity) };
        stream.stream.read_uninit(buffer, Blocking::default())
    })
}

/// Writes all of `data`, waiting on this thread until the peer's side has room.
/// Ownership: `data` stays the caller's.
/// Threads: any; one writes while another reads, further writers wait for their turn. A peer that writes
/// while it does not read needs both at once.
/// Errors: KA_SEND_TIMEOUT when no byte was taken for the time of ka_stream_set_timeouts;
/// KA_CONNECTION_RESET; KA_INVALID_STATE when it is closed, shut down or of another process. How much was
/// sent before is not known.
#[unsafe(no_mangle)]
pub extern "C" fn ka_stream_write(
    stream: *const ka_stream,
    data: *const u8,
    len: usize,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        may_wait()?;
        let stream = borrow!(stream);
        // SAFETY: by the header's contract `data` is of `len` readable bytes.
        let data = unsafe { bytes(data, len, "data") }?;
        stream.stream.write(data, Blocking::default())
    })
}

/// Ends the sending half, waiting on this thread until what was written has left; with TLS by
/// close_notify. What the peer sends can still be read. A second time does nothing.
/// Ownership: `stream` stays the caller's.
/// Threads: any, in turn with writers.
/// Errors: as ka_stream_write.
#[unsafe(no_mangle)]
pub extern "C" fn ka_stream_shutdown(
    stream: *const ka_stream,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        may_wait()?;
        borrow!(stream).stream.shutdown(Blocking::default())
    })
}

/// Closes both halves without waiting: reads and writes under way, on other threads or on the engine's,
/// end with KA_INVALID_STATE, as all later ones do. More than once does no harm.
/// Ownership: `stream` stays the caller's: ka_stream_free.
/// Threads: any, at any time before ka_stream_free.
/// Errors: none; NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn ka_stream_close(stream: *const ka_stream) {
    ka_fn!(value(()), {
        borrow!(stream).stream.close();
        Ok(())
    })
}

/// Sets how long a read may wait for a byte, and a write until one is taken, in milliseconds; 0 is no
/// limit. Holds from the next call on.
/// Ownership: `stream` stays the caller's.
/// Threads: any.
/// Errors: KA_INVALID_ARGUMENT when `stream` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_stream_set_timeouts(
    stream: *const ka_stream,
    read_timeout_ms: u64,
    write_timeout_ms: u64,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        let (read, write) = (read_timeout_ms, write_timeout_ms);
        let limits = (limit_from_whole_millis(read), limit_from_whole_millis(write));
        borrow!(stream).stream.set_timeouts(limits.0, limits.1);
        Ok(())
    })
}

/// How many bytes ka_stream_read has without waiting and ka_stream_fd does not tell of: what came with the
/// response, and with TLS what has been decrypted.
/// Ownership: `stream` stays the caller's.
/// Threads: any.
/// Errors: 0 when `stream` is NULL or of another process.
#[unsafe(no_mangle)]
pub extern "C" fn ka_stream_pending(stream: *const ka_stream) -> usize {
    ka_fn!(view(0), { Ok(borrow!(stream).stream.pending()) })
}

/// The descriptor, for poll, epoll and select; it is non-blocking. Without TLS it is readable when
/// ka_stream_read would not wait, unless ka_stream_pending tells of bytes that are here already; with TLS
/// what came may be part of a record or no data, for which ka_stream_read then waits. Event loops are
/// better served by ka_stream_submit_read.
/// Ownership: the stream's, until ka_stream_free. Do not read from it, write to it or close it.
/// Threads: any.
/// Errors: -1 when `stream` is NULL, closed or of another process.
#[unsafe(no_mangle)]
pub extern "C" fn ka_stream_fd(stream: *const ka_stream) -> i32 {
    ka_fn!(view(-1), { borrow!(stream).stream.fd() })
}

/// Has the engine wait for bytes, and receive at most `max_size` of them ahead of their reader. Exactly one
/// event of kind KA_EVENT_STREAM_READ with `user_data` comes to `queue`; its `count` is how many bytes
/// ka_stream_read then has without waiting, 0 at the end.
/// Ownership: all stays the caller's. On KA_OK `*call` is owned: ka_call_free. `call` may be NULL. A read
/// that is cancelled loses nothing. ka_stream_free ends it with KA_INVALID_STATE.
/// Threads: any; readers on threads wait until its event has come.
/// Errors: KA_INVALID_ARGUMENT, KA_INVALID_STATE for a queue of another process. Then no event comes;
/// what else fails ka_stream_read is in the event.
#[unsafe(no_mangle)]
pub extern "C" fn ka_stream_submit_read(
    stream: *const ka_stream,
    max_size: usize,
    queue: *mut ka_queue,
    user_data: *mut c_void,
    call: *mut *mut ka_call,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        // SAFETY: by the header's contract `call` is NULL or writable.
        let call = unsafe { Handle::new(call) };
        let stream = borrow!(stream);
        let queue = borrow!(queue).here()?;
        if max_size == 0 {
            return Err(Error::argument("max_size: must be at least 1"));
        }
        call.give(stream.stream.submit_ready(max_size, queue, token(user_data))?);
        Ok(())
    })
}

/// Has the engine write all of `data`. Exactly one event of kind KA_EVENT_STREAM_WRITE with `user_data`
/// comes to `queue` when it has been written; what is to follow it is submitted then.
/// Ownership: `data` is copied. On KA_OK `*call` is owned: ka_call_free. `call` may be NULL. A write that is
/// cancelled may have sent some of it. ka_stream_free ends it with KA_INVALID_STATE.
/// Threads: any; writers on threads wait until its event has come.
/// Errors: KA_INVALID_ARGUMENT, KA_INVALID_STATE for a queue of another process. Then no event comes;
/// what else fails ka_stream_write is in the event.
#[unsafe(no_mangle)]
pub extern "C" fn ka_stream_submit_write(
    stream: *const ka_stream,
    data: *const u8,
    len: usize,
    queue: *mut ka_queue,
    user_data: *mut c_void,
    call: *mut *mut ka_call,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        // SAFETY: by the header's contract `call` is NULL or writable.
        let call = unsafe { Handle::new(call) };
        let stream = borrow!(stream);
        let queue = borrow!(queue).here()?;
        // SAFETY: by the header's contract `data` is of `len` readable bytes.
        let data = Bytes::copy_from_slice(unsafe { bytes(data, len, "data") }?);
        call.give(stream.stream.submit_write(data, queue, token(user_data))?);
        Ok(())
    })
}

/// Has the engine end the sending half, as ka_stream_shutdown does. Exactly one event of kind
/// KA_EVENT_STREAM_WRITE with `user_data` comes to `queue`.
/// Ownership: all stays the caller's. On KA_OK `*call` is owned: ka_call_free. `call` may be NULL.
/// Threads: any; writers on threads wait until its event has come.
/// Errors: as ka_stream_submit_write.
#[unsafe(no_mangle)]
pub extern "C" fn ka_stream_submit_shutdown(
    stream: *const ka_stream,
    queue: *mut ka_queue,
    user_data: *mut c_void,
    call: *mut *mut ka_call,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        // SAFETY: by the header's contract `call` is NULL or writable.
        let call = unsafe { Handle::new(call) };
        let stream = borrow!(stream);
        let queue = borrow!(queue).here()?;
        call.give(stream.stream.submit_shutdown(queue, token(user_data))?);
        Ok(())
    })
}

/// Closes and frees a stream. What ka_stream_write took is still sent as far as the system has it; a
/// forked child frees its copy only, and the parent's goes on.
/// Ownership: takes `stream`; NULL is fine.
/// Threads: any, once, when no other call uses it: ka_stream_close ends those that wait.
/// Errors: none.
#[unsafe(no_mangle)]
pub extern "C" fn ka_stream_free(stream: *mut ka_stream) {
    ka_fn!(value(()), {
        // SAFETY: by the header's contract a stream of this library, freed once.
        drop(unsafe { take_back(stream) });
        Ok(())
    })
}
