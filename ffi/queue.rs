//! `ka_queue`: completions collect behind a descriptor that any event loop can poll; no callback runs on
//! a foreign thread. A queue is of the process that made it: a forked child may only free it.

use std::sync::Arc;
use std::time::Duration;

use keepalive_common::fork;
use keepalive_common::signal::Signal;
use keepalive_core::{Error, ErrorKind, Phase, Queue, Result};

use crate::event::ka_event;
use crate::handle::{check_length, give, missing, take_back};
use crate::host::may_wait;
use crate::status::{ka_error, ka_status};

/// Collects the events of submitted requests for one consumer.
pub struct ka_queue {
    queue: Arc<Queue>,
    signal: Arc<Signal>,
    generation: u64,
}

/// Makes a queue.
/// Ownership: on KA_OK `*queue` is owned: ka_queue_free.
/// Threads: any. Any thread may submit to it; one at a time waits on it.
/// Errors: KA_INTERNAL when the process has no descriptor left.
#[unsafe(no_mangle)]
pub extern "C" fn ka_queue_new(queue: *mut *mut ka_queue, error: *mut *mut ka_error) -> ka_status {
    ka_fn!(status(error), outs(queue), {
        fork::watch();
        let signal = Signal::new().map_err(|error| {
            Error::new(ErrorKind::Internal, Phase::Request, format!("eventfd: {error}"))
        })?;
        let signal = Arc::new(signal);
        let raise = signal.clone();
        Ok(give(ka_queue {
            queue: Queue::new(move || raise.raise()),
            signal,
            generation: fork::generation(),
        }))
    })
}

/// A descriptor for poll, epoll, select and event loops: readable while events wait. It may become
/// readable once too often; taking events with timeout 0 then gives none and clears it. It is always the
/// same one.
/// Ownership: the queue's. ka_queue_free closes it, whatever is still under way: take it out of event
/// loops before. Do not read from it, write to it or close it.
/// Threads: any.
/// Errors: -1 when `queue` is NULL or of another process.
#[unsafe(no_mangle)]
pub extern "C" fn ka_queue_fd(queue: *const ka_queue) -> i32 {
    ka_fn!(view(-1), {
        let queue = borrow!(queue);
        queue.here()?;
        Ok(queue.signal.number())
    })
}

/// Takes up to `capacity` events, in the order in which they came, and writes their number to `*count`.
/// Waits up to `timeout_ms` for the first: 0 does not wait, a negative number waits for ever. When the
/// time is over `*count` is 0, which is no error.
/// Ownership: the events' responses and errors are the caller's from now on.
/// Threads: one at a time for one queue.
/// Errors: KA_INVALID_ARGUMENT for NULL or a `capacity` of 0. KA_INVALID_STATE for a queue of another
/// process, and when a function of the program's on the engine's thread would wait. No event is lost then.
#[unsafe(no_mangle)]
pub extern "C" fn ka_queue_take(
    queue: *mut ka_queue,
    events: *mut ka_event,
    capacity: usize,
    timeout_ms: i32,
    count: *mut usize,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(count), { take(borrow!(queue), events, capacity, timeout_ms) })
}

/// Takes up to `capacity` events, in the order in which they came, and returns their number: the short
/// form of ka_queue_take, for a program that has no use for its errors. Waits up to `timeout_ms` for the
/// first: 0 does not wait, a negative number waits for ever.
/// Ownership: the events' responses and errors are the caller's from now on.
/// Threads: one at a time for one queue.
/// Errors: 0, as when the time is over; at once, whatever `timeout_ms` says. ka_queue_take tells which.
#[unsafe(no_mangle)]
pub extern "C" fn ka_queue_wait(
    queue: *mut ka_queue,
    events: *mut ka_event,
    capacity: usize,
    timeout_ms: i32,
) -> usize {
    ka_fn!(value(0), { take(borrow!(queue), events, capacity, timeout_ms) })
}

fn take(
    queue: &ka_queue,
    events: *mut ka_event,
    capacity: usize,
    timeout_ms: i32,
) -> Result<usize> {
    let ready = queue.here()?;
    if events.is_null() {
        return Err(missing("events"));
    }
    if capacity == 0 {
        return Err(Error::argument("capacity: must be at least 1"));
    }
    check_length(capacity, "capacity")?;
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
}

/// Frees a queue and closes its descriptor. Events that wait in it are dropped, those of requests under
/// way never come; the requests run on to their end unless they are cancelled. A forked child closes its
/// copy of the descriptor only: the parent's queue goes on.
/// Ownership: takes `queue`; NULL is fine. The `user_data` of its events is not used any more; that of
/// a body reader is until its `destroy` is called.
/// Threads: any, once.
/// Errors: none.
#[unsafe(no_mangle)]
pub extern "C" fn ka_queue_free(queue: *mut ka_queue) {
    ka_fn!(value(()), {
        // SAFETY: by the header's contract a queue of this library, freed once.
        if let Some(queue) = unsafe { take_back(queue) } {
            match queue.here() {
                Ok(ready) => {
                    ready.close();
                    queue.signal.close();
                }
                Err(_) => {
                    queue.signal.close_inherited();
                    // The parent's engine may have held its lock when it forked.
                    keepalive_core::fork_keep(queue);
                }
            }
        }
        Ok(())
    })
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
