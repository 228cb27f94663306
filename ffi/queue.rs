//! `ka_queue` and `ka_call`: the async form. Completions collect behind a descriptor that any event
//! loop can poll; no callback runs on a foreign thread.

use std::ffi::c_void;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use keepalive_core::{Call, Completion, Error, ErrorKind, Outcome, Phase, Queue, Response, Result};
use rustix::event::{EventfdFlags, eventfd};

use crate::fork;
use crate::handle::{give, missing, take_back};
use crate::host::may_wait;
use crate::response::ka_response;
use crate::status::{ka_error, ka_status};

/// Collects the events of submitted requests for one consumer.
pub struct ka_queue {
    queue: Arc<Queue>,
    signal: Arc<Signal>,
    generation: u64,
}

/// A submitted request, for cancelling it.
pub struct ka_call {
    call: Call,
}

/// The end of a submitted request or read. The receiver owns `response` and `error`, and frees them.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ka_event {
    /// As given when it was submitted.
    pub user_data: *mut c_void,
    /// KA_OK or why it failed.
    pub status: ka_status,
    /// On KA_OK the response; on failure NULL, but for ka_response_submit_read, which gives its
    /// response back in any case.
    pub response: *mut ka_response,
    /// NULL on KA_OK.
    pub error: *mut ka_error,
}

/// Makes a queue.
/// Ownership: on KA_OK `*queue` is owned: ka_queue_free.
/// Threads: any. Any thread may submit to it; one at a time waits on it.
/// Errors: KA_INTERNAL when the process has no descriptor left.
#[unsafe(no_mangle)]
pub extern "C" fn ka_queue_new(queue: *mut *mut ka_queue, error: *mut *mut ka_error) -> ka_status {
    ka_fn!(status(error), outs(queue), {
        fork::watch();
        let signal = Arc::new(Signal::new()?);
        let raise = signal.clone();
        Ok(give(ka_queue {
            queue: Queue::new(move || raise.raise()),
            signal,
            generation: fork::generation(),
        }))
    })
}

/// A descriptor for poll, epoll, select and event loops: readable while events wait. It may become
/// readable once too often; ka_queue_wait with timeout 0 then gives 0 events and clears it.
/// Ownership: the queue's, closed with it. Do not read from it.
/// Threads: any.
/// Errors: -1 when `queue` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_queue_fd(queue: *const ka_queue) -> i32 {
    ka_fn!(view(-1), { Ok(borrow!(queue).signal.fd.as_raw_fd()) })
}

/// Takes up to `capacity` events, in the order in which they came, and returns their number. Waits up
/// to `timeout_ms` for the first: 0 does not wait, -1 waits for ever.
/// Ownership: the events' responses and errors are the caller's from now on.
/// Threads: one at a time for one queue.
/// Errors: 0 when the time is over, for a NULL, for a queue of another process, and when a body
/// reader's function on the engine's thread would wait.
#[unsafe(no_mangle)]
pub extern "C" fn ka_queue_wait(
    queue: *mut ka_queue,
    events: *mut ka_event,
    capacity: usize,
    timeout_ms: i32,
) -> usize {
    ka_fn!(value(0), {
        let queue = borrow!(queue);
        let ready = queue.here()?;
        if events.is_null() || capacity == 0 {
            return Err(missing("events"));
        }
        if timeout_ms != 0 {
            may_wait()?;
            let timeout = u64::try_from(timeout_ms).ok().map(Duration::from_millis);
            ready.wait(timeout);
        }
        // Cleared before the events are taken: whoever adds one afterwards signals it again.
        queue.signal.clear();
        let (taken, left) = ready.take(capacity);
        if left {
            queue.signal.raise();
        }
        let count = taken.len();
        for (index, completion) in taken.into_iter().enumerate() {
            // SAFETY: by the header's contract `events` has room for `capacity`, and `index` is less.
            unsafe { events.add(index).write(ka_event::of(completion)) };
        }
        Ok(count)
    })
}

/// Frees a queue. Events that wait in it are dropped, those of requests under way never come; the
/// requests run on to their end unless they are cancelled.
/// Ownership: takes `queue`; NULL is fine. The `user_data` of its events is not used any more; that of
/// a body reader is until its `destroy` is called. The descriptor is closed when the last request that
/// was submitted to the queue has ended.
/// Threads: any, once.
/// Errors: none.
#[unsafe(no_mangle)]
pub extern "C" fn ka_queue_free(queue: *mut ka_queue) {
    ka_fn!(value(()), {
        // SAFETY: by the header's contract a queue of this library, freed once.
        if let Some(queue) = unsafe { take_back(queue) } {
            match queue.here() {
                Ok(ready) => ready.close(),
                // The parent's engine may have held its lock when it forked.
                Err(_) => keepalive_core::fork_keep(queue),
            }
        }
        Ok(())
    })
}

/// Asks a submitted request to end. It still ends in exactly one event: KA_CANCELLED, unless it was
/// faster. Until then a body reader may be called; when nobody else has the request, its `destroy`
/// is called before the event comes.
/// Ownership: `call` stays the caller's.
/// Threads: any; more than once does no harm.
/// Errors: none; NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn ka_call_cancel(call: *mut ka_call) {
    ka_fn!(value(()), {
        borrow!(call).call.cancel();
        Ok(())
    })
}

/// Frees the handle of a submitted request, which runs on.
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

impl ka_call {
    pub(crate) fn new(call: Call) -> Self {
        ka_call { call }
    }
}

impl ka_queue {
    /// The queue, unless this process is a child of the one that made it: its descriptor is shared
    /// with the parent, and its events are the parent's.
    pub(crate) fn here(&self) -> Result<&Arc<Queue>> {
        match self.generation == fork::generation() {
            true => Ok(&self.queue),
            false => Err(Error::state("queue: made before fork(); make one in the child")),
        }
    }
}

impl ka_event {
    fn of(completion: Completion) -> ka_event {
        let event = ka_event {
            user_data: ptr::with_exposed_provenance_mut(completion.token as usize),
            status: ka_status::KA_OK,
            response: ptr::null_mut(),
            error: ptr::null_mut(),
        };
        let response =
            |response: Response, piece: Bytes| give(ka_response::with_piece(response, piece));
        match completion.outcome {
            Outcome::Response(Ok(head)) => {
                ka_event { response: response(head, Bytes::new()), ..event }
            }
            Outcome::Response(Err(error)) => event.failed(error),
            Outcome::Chunk(rest, Ok(piece)) => {
                ka_event { response: response(rest, piece.unwrap_or_default()), ..event }
            }
            Outcome::Chunk(rest, Err(error)) => {
                ka_event { response: response(rest, Bytes::new()), ..event.failed(error) }
            }
            Outcome::Warmed(Ok(_)) => event,
            Outcome::Warmed(Err(error)) => event.failed(error),
            Outcome::WantBody(_) | Outcome::Filled(..) => {
                let text = "the engine answered what no C call asks for";
                event.failed(Error::new(ErrorKind::Internal, Phase::Send, text))
            }
        }
    }

    fn failed(self, error: Error) -> ka_event {
        let status = ka_status::of(error.kind());
        ka_event { status, error: give(ka_error::new(error)), ..self }
    }
}

/// An eventfd: readable while raised.
struct Signal {
    fd: OwnedFd,
}

impl Signal {
    fn new() -> Result<Signal> {
        let fd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(|errno| {
            let text = format!("eventfd: {}", std::io::Error::from(errno));
            Error::new(ErrorKind::Internal, Phase::Request, text)
        })?;
        Ok(Signal { fd })
    }

    fn raise(&self) {
        // Fails only when the counter is full: it is readable then.
        let _ = rustix::io::write(&self.fd, &1u64.to_ne_bytes());
    }

    fn clear(&self) {
        // Fails only when it is clear already.
        let _ = rustix::io::read(&self.fd, &mut [0u8; 8]);
    }
}
