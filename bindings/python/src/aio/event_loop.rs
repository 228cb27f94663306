//! The completion queue of one event loop: the engine raises its signal when it stops being empty, and
//! completions find what waits for them by their token. All of this runs under the interpreter lock.

use std::sync::{Arc, Mutex, MutexGuard};

use keepalive_common::signal::Signal;
use keepalive_core::{Call, Client, Completion, Queue, Response};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::{PyWeakrefMethods, PyWeakrefReference};
use slab::Slab;

use crate::aio::gather::Gatherer;
use crate::aio::pending::Pending;
use crate::response::PIECE;

/// See the module.
#[pyclass(frozen, module = "libkeepalive._native")]
pub struct EventLoop {
    pub queue: Arc<Queue>,
    signal: Arc<Signal>,
    event_loop: Py<PyWeakrefReference>,
    /// The loop is a `Loop` of `_trio.py`.
    pub trio: bool,
    pending: Mutex<Slab<Py<Pending>>>,
    /// The batch's storage between two drains.
    batch: Mutex<Vec<Completion>>,
    pub gatherer: Gatherer,
}

impl EventLoop {
    /// For the running loop, which is referenced weakly.
    pub fn new(running: &Bound<'_, PyAny>, trio: bool) -> PyResult<EventLoop> {
        let signal = Arc::new(Signal::new().map_err(PyOSError::new_err)?);
        let raise = signal.clone();
        Ok(EventLoop {
            queue: Queue::new(move || raise.raise()),
            signal,
            event_loop: PyWeakrefReference::new(running)?.unbind(),
            trio,
            pending: Mutex::new(Slab::new()),
            batch: Mutex::new(Vec::new()),
            gatherer: Gatherer::default(),
        })
    }

    /// Its loop, as long as there is one.
    pub fn running<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.event_loop.bind(py).upgrade()
    }

    /// Whether it is that loop's.
    pub fn is_of(&self, running: &Bound<'_, PyAny>) -> bool {
        self.running(running.py()).is_some_and(|alive| alive.is(running))
    }

    /// What the loop is to watch: readable when there is something to take.
    pub fn descriptor(&self) -> i32 {
        self.signal.number()
    }

    /// A token under which completions reach `pending`.
    pub fn reserve(&self, pending: &Bound<'_, Pending>) -> u64 {
        lock(&self.pending).insert(pending.clone().unbind()) as u64
    }

    /// Gives the token back.
    pub fn release(&self, token: u64) -> Option<Py<Pending>> {
        lock(&self.pending).try_remove(token as usize)
    }

    /// Who has the token.
    pub fn of_token(&self, py: Python<'_>, token: u64) -> Option<Py<Pending>> {
        lock(&self.pending).get(token as usize).map(|pending| pending.clone_ref(py))
    }

    /// The signal is cleared: what comes after this raises it again.
    pub fn clear(&self) {
        self.signal.clear();
    }

    /// What is ready, in storage that is to be given back.
    pub fn take_batch(&self) -> Vec<Completion> {
        let mut batch = std::mem::take(&mut *lock(&self.batch));
        self.queue.drain(&mut batch);
        batch
    }

    /// Gives the storage back.
    pub fn return_batch(&self, batch: Vec<Completion>) {
        *lock(&self.batch) = batch;
    }

    /// The loop is closed or gone: what still waits is cancelled.
    pub fn abandon(&self) {
        self.queue.close();
        drop(self.gatherer.take());
        let waiting = std::mem::take(&mut *lock(&self.pending));
        for (_, pending) in waiting {
            pending.get().abandon();
        }
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        self.queue.close();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Bytes that can be read as they come are read on the loop's own thread, into the object that is
/// handed over: the engine only waits for them.
pub fn submit_piece(
    mut core: Response,
    queue: &EventLoop,
    token: u64,
) -> keepalive_core::Result<Call> {
    let most = if core.is_direct() { 0 } else { PIECE };
    Client::submit_read(core, most, &queue.queue, token)
}
