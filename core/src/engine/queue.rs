//! The completion queue: how finished work crosses into another language in batches. The wake-up
//! runs only when the queue was empty, so a busy loop drains many completions per wake-up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::announce::{Consumer, announce};
use crate::engine::cancel::panicked;
use crate::error::{Error, Result};
use crate::fork;
use crate::guard::guarded;
use crate::sync::{Condvar, Mutex, MutexGuard, lock};

/// One finished piece of work.
pub struct Completion<T> {
    /// The number given when it was submitted.
    pub token: u64,
    /// What came of it.
    pub outcome: T,
}

/// The one completion that a piece of work ends in, with what is to come back in it. It is delivered
/// when this is dropped, as a panic, unless the work said how it ended.
pub(crate) struct Owed<T: Send + 'static, L: Send + 'static> {
    queue: Arc<Queue<T>>,
    token: u64,
    lent: Option<L>,
    failed: fn(L, Error) -> T,
    generation: u64,
}

impl<T: Send + 'static, L: Send + 'static> Owed<T, L> {
    pub fn new(
        queue: &Arc<Queue<T>>,
        token: u64,
        lent: L,
        failed: fn(L, Error) -> T,
    ) -> Owed<T, L> {
        let generation = fork::generation();
        Owed { queue: queue.clone(), token, lent: Some(lent), failed, generation }
    }

    /// What is to come back; there until the end.
    pub fn lent(&mut self) -> Result<&mut L> {
        self.lent.as_mut().ok_or_else(|| Error::state("it has ended"))
    }

    /// The work has ended.
    pub fn settle(mut self, outcome: impl FnOnce(L) -> T) {
        if let Some(lent) = self.lent.take() {
            self.queue.push(self.token, outcome(lent));
        }
    }
}

impl<T: Send + 'static, L: Send + 'static> Drop for Owed<T, L> {
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
pub struct Queue<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
    wake: Box<dyn Fn() + Send + Sync>,
}

struct State<T> {
    ready: Vec<Completion<T>>,
    closed: bool,
}

impl<T: Send + 'static> Queue<T> {
    /// `wake` is called on an engine thread (or the submitter's) each time the queue stops being
    /// empty; it must not block and must not call into this queue.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Arc<Queue<T>> {
        Arc::new(Queue {
            state: Mutex::new(State { ready: Vec::new(), closed: false }),
            filled: Condvar::new(),
            wake: Box::new(wake),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        lock(&self.state)
    }

    /// Adds a completion; dropped silently when the consumer is gone.
    pub fn push(self: &Arc<Self>, token: u64, outcome: T) {
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

    /// Takes everything that is ready, in order. `into` is cleared and its storage reused.
    pub fn drain(&self, into: &mut Vec<Completion<T>>) {
        into.clear();
        std::mem::swap(&mut self.lock().ready, into);
    }

    /// Takes up to `capacity` completions in order; says whether some are left.
    pub fn take(&self, capacity: usize) -> (Vec<Completion<T>>, bool) {
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

impl<T: Send + 'static> Consumer for Queue<T> {
    fn wake(&self) {
        self.filled.notify_one();
        // It runs on whatever thread is at hand, the engine's too.
        let _ = guarded(&self.wake);
    }
}
