//! Readers that say "later": who waits for them, and who can have them go on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use keepalive_common::fork;

/// Shared by a reader and the calls that send it.
pub(crate) struct Later {
    state: Mutex<State>,
    generation: u64,
}

#[derive(Default)]
struct State {
    /// Resumed since the reader was last asked.
    resumed: bool,
    /// It said "later".
    waits: bool,
    waker: Option<Waker>,
    /// Calls that can resume it.
    calls: usize,
}

/// What a reader that is polled is to do.
pub(crate) enum Then {
    /// Its function is called.
    Go,
    /// It said "later", and was not resumed since.
    Wait,
    /// Nor can anybody.
    Never,
}

impl Later {
    pub(crate) fn new() -> Arc<Later> {
        Arc::new(Later { state: Mutex::default(), generation: fork::generation() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is polled, perhaps for another reason than being resumed.
    pub(crate) fn polled(&self, waker: &Waker) -> Then {
        let mut state = self.lock();
        if state.waits && !state.resumed {
            if state.calls == 0 {
                return Then::Never;
            }
            state.waker = Some(waker.clone());
            return Then::Wait;
        }
        (state.waits, state.resumed) = (false, false);
        Then::Go
    }

    /// Its function said "later".
    pub(crate) fn waits(&self) {
        self.lock().waits = true;
    }

    /// It begins again.
    pub(crate) fn restarts(&self) {
        self.lock().waits = false;
    }

    fn resume(&self) {
        if self.generation != fork::generation() {
            return;
        }
        let waker = {
            let mut state = self.lock();
            state.resumed = true;
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// A call that can resume a reader.
pub(crate) struct Resumer(Arc<Later>);

impl Resumer {
    pub(crate) fn of(later: &Arc<Later>) -> Resumer {
        if later.generation == fork::generation() {
            later.lock().calls += 1;
        }
        Resumer(later.clone())
    }

    pub(crate) fn resume(&self) {
        self.0.resume();
    }
}

impl Drop for Resumer {
    fn drop(&mut self) {
        if self.0.generation != fork::generation() {
            return;
        }
        let waker = {
            let mut state = self.0.lock();
            state.calls -= 1;
            // The last one is gone: what waits is told.
            if state.calls == 0 { state.waker.take() } else { None }
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
