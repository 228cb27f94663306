//! Requests of tasks that were woken together go to the engine together: it is woken once for all of them, and
//! handles them in one go. Until then they wait for nothing but each other: for the steps of those tasks, none of
//! which took long so far. A lone request, and one that somebody else makes, goes at once.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use keepalive_common::fork;
use keepalive_core::{Request, Until};
use pyo3::prelude::*;

use crate::aio::event_loop::EventLoop;
use crate::shared::Shared;

/// So many go without waiting for more.
const MOST: usize = 16;

/// A task that takes longer than this for its step is not waited for by what comes after it.
const STEP: Duration = Duration::from_millis(1);

/// A request that is to be submitted.
pub struct Held {
    pub shared: Arc<Shared>,
    pub request: Request,
    pub until: Until,
    pub token: u64,
}

/// Those of one loop. Locked for a moment and with the interpreter attached, so never across a fork.
pub struct Gatherer(Mutex<State>);

struct State {
    /// Since when the tasks that were woken have had no step that ended here; `None` when all had theirs.
    since: Option<Instant>,
    held: Vec<Held>,
    generation: u64,
}

impl Gatherer {
    pub fn new() -> Gatherer {
        let state = State { since: None, held: Vec::new(), generation: fork::generation() };
        Gatherer(Mutex::new(state))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Several tasks have been woken.
    fn open(&self) {
        self.state().since = Some(Instant::now());
    }

    /// Keeps a request that is made now, or gives it back: it goes at once, and what is kept before it.
    pub fn keep(&self, held: Held) -> Option<Held> {
        let mut state = self.state();
        let Some(since) = state.since else { return Some(held) };
        let now = Instant::now();
        state.since = Some(now);
        if now.duration_since(since) > STEP || state.held.len() + 1 >= MOST {
            return Some(held);
        }
        state.held.push(held);
        None
    }

    /// What is kept; a forked child leaves that to its parent.
    pub fn take(&self) -> Vec<Held> {
        let mut state = self.state();
        let held = std::mem::take(&mut state.held);
        if state.generation != fork::generation() {
            std::mem::forget(held);
            return Vec::new();
        }
        held
    }
}

impl EventLoop {
    /// So many calls have been settled at once: their tasks are about to have a turn.
    pub fn gather(&self, py: Python<'_>, settled: usize, turn: &Py<TurnEnd>) -> PyResult<()> {
        if settled < 2 || self.trio {
            return Ok(());
        }
        let Some(running) = self.running(py) else { return Ok(()) };
        // Behind those tasks in the loop's line.
        running.call_method1(crate::once::intern!(py, "call_soon"), (turn,))?;
        self.gatherer.open();
        Ok(())
    }

    /// Hands what is kept to the engine.
    pub fn send_held(&self, py: Python<'_>) {
        for Held { shared, request, until, token } in self.gatherer.take() {
            let Some(pending) = self.of_token(py, token) else { continue };
            if !pending.get().is_awaited() {
                drop(self.release(token));
                pending.get().abandon();
                continue;
            }
            match shared.client.submit(request, until, &self.queue, token) {
                Ok(call) => pending.get().submitted(call),
                Err(error) => {
                    drop(self.release(token));
                    if let Err(error) = pending.get().refused(py, &error) {
                        error.write_unraisable(py, None);
                    }
                }
            }
        }
    }
}

/// What the loop calls when those tasks have had their turn.
#[pyclass(frozen, module = "libkeepalive._native")]
pub struct TurnEnd {
    event_loop: Py<EventLoop>,
}

impl TurnEnd {
    pub fn of(event_loop: Py<EventLoop>) -> TurnEnd {
        TurnEnd { event_loop }
    }
}

#[pymethods]
impl TurnEnd {
    fn __call__(&self, py: Python<'_>) {
        let event_loop = self.event_loop.get();
        event_loop.gatherer.state().since = None;
        event_loop.send_held(py);
    }
}
