//! The completion queue: how finished work crosses into another language in batches. The wake-up
//! runs only when the queue was empty, so a busy loop drains many completions per wake-up.

use std::any::Any;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::engine::announce;
use crate::engine::cancel::panicked;
use crate::error::{Error, Result};
use crate::fork;
use crate::guard::guarded;
use crate::request::body::BodyWant;
use crate::response::Response;
use crate::sync::{Condvar, Mutex, MutexGuard};

/// One finished piece of work.
pub struct Completion {
    /// The number given when it was submitted.
    pub token: u64,
    /// What came of it.
    pub outcome: Outcome,
}

/// Memory of the caller's that the engine receives a body into.
pub trait Destination: Any + Send {
    /// All of it, always the same. It need not have been written: the engine only writes to it, from
    /// its front, and says how far it came.
    fn memory(&mut self) -> &mut [MaybeUninit<u8>];
}

/// What a submission ended in. Each submission ends in exactly one.
pub enum Outcome {
    /// Of `Client::submit`.
    Response(Result<Response>),
    /// Of `Client::submit_read`: the response comes back with its next piece; `None` is the
    /// verified end.
    Chunk(Response, Result<Option<Bytes>>),
    /// Of `Client::submit_warm`: how many connections were opened.
    Warmed(Result<usize>),
    /// Of `Client::submit_read_full`: the response and the memory come back, with how many bytes of
    /// it, from the first on, have been written; also on failure, whose error has none of them
    /// ([`Error::with_partial`](crate::Error::with_partial) adds them).
    Filled(Response, Box<dyn Destination>, usize, Result<()>),
    /// A piped request body wants its next piece, or its first one again
    /// ([`body_pipe`](crate::body_pipe)); not an end.
    WantBody(BodyWant),
}

/// The one completion that a piece of work ends in, with what is to come back in it. It is delivered
/// when this is dropped, as a panic, unless the work said how it ended.
pub(crate) struct Owed<T: Send + 'static> {
    queue: Arc<Queue>,
    token: u64,
    lent: Option<T>,
    failed: fn(T, Error) -> Outcome,
    generation: u64,
}

impl<T: Send + 'static> Owed<T> {
    pub fn new(
        queue: &Arc<Queue>,
        token: u64,
        lent: T,
        failed: fn(T, Error) -> Outcome,
    ) -> Owed<T> {
        let generation = fork::generation();
        Owed { queue: queue.clone(), token, lent: Some(lent), failed, generation }
    }

    /// What is to come back; there until the end.
    pub fn lent(&mut self) -> Result<&mut T> {
        self.lent.as_mut().ok_or_else(|| Error::state("it has ended"))
    }

    /// The work has ended.
    pub fn settle(mut self, outcome: impl FnOnce(T) -> Outcome) {
        if let Some(lent) = self.lent.take() {
            self.queue.push(self.token, outcome(lent));
        }
    }
}

impl<T: Send + 'static> Drop for Owed<T> {
    fn drop(&mut self) {
        let Some(lent) = self.lent.take() else { return };
        if self.generation == fork::generation() {
            self.queue.push(self.token, (self.failed)(lent, panicked()));
        } else {
            fork::keep((lent, self.queue.clone()));
        }
    }
}

/// Collects completions for one consumer (an event loop, a Node environment, a C caller).
pub struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    wake: Box<dyn Fn() + Send + Sync>,
}

struct State {
    ready: Vec<Completion>,
    closed: bool,
}

impl Queue {
    /// `wake` is called on an engine thread (or the submitter's) each time the queue stops being
    /// empty; it must not block and must not call into this queue.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Arc<Queue> {
        Arc::new(Queue {
            state: Mutex::new(State { ready: Vec::new(), closed: false }),
            filled: Condvar::new(),
            wake: Box::new(wake),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Adds a completion; dropped silently when the consumer is gone.
    pub fn push(self: &Arc<Self>, token: u64, outcome: Outcome) {
        let was_empty = {
            let mut state = self.lock();
            if state.closed {
                drop(state);
                return;
            }
            let was_empty = state.ready.is_empty();
            state.ready.push(Completion { token, outcome });
            was_empty
        };
        announce(self, was_empty);
    }

    pub(crate) fn wake(&self) {
        self.filled.notify_one();
        // It runs on whatever thread is at hand, the engine's too.
        let _ = guarded(&self.wake);
    }

    /// Takes everything that is ready, in order. `into` is cleared and its storage reused.
    pub fn drain(&self, into: &mut Vec<Completion>) {
        into.clear();
        std::mem::swap(&mut self.lock().ready, into);
    }

    /// Takes up to `capacity` completions in order; says whether some are left.
    pub fn take(&self, capacity: usize) -> (Vec<Completion>, bool) {
        let mut state = self.lock();
        let count = capacity.min(state.ready.len());
        let taken = state.ready.drain(..count).collect();
        (taken, !state.ready.is_empty())
    }

    /// Waits on this thread until something is ready; `false` when the time is over.
    /// `None` waits for ever.
    pub fn wait(&self, timeout: Option<Duration>) -> bool {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut state = self.lock();
        while state.ready.is_empty() && !state.closed {
            state = match deadline {
                None => self.filled.wait(state).unwrap_or_else(|poisoned| poisoned.into_inner()),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return false;
                    }
                    let (state, _) = self
                        .filled
                        .wait_timeout(state, left)
                        .unwrap_or_else(|poisoned| poisoned.into_inner());
                    state
                }
            };
        }
        !state.ready.is_empty()
    }

    /// The consumer is gone: what is queued and what still comes is dropped (connections are
    /// discarded or drained by their own rules).
    pub fn close(&self) {
        let dropped = {
            let mut state = self.lock();
            state.closed = true;
            std::mem::take(&mut state.ready)
        };
        drop(dropped);
        self.filled.notify_all();
    }
}
