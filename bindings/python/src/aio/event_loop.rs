//! One completion queue for each event loop: the engine raises a signal when the queue stops being
//! empty, the loop's reader takes the whole batch and resolves its futures.
//!
//! Laws: a loop is referenced weakly; what waits in its queue is given up when the loop drops its
//! reader, which closing it does; all of this runs under the interpreter lock; what a forked child
//! inherits is never locked or dropped.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use keepalive_common::fork;
use keepalive_common::signal::Signal;
use keepalive_core::{Completion, Outcome, Queue};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::{PyWeakrefMethods, PyWeakrefReference};
use slab::Slab;

use crate::aio::pending::Pending;
use crate::aio::trio;
use crate::errors::of_class;
use crate::once::PyOnceLock;
use crate::once::intern;

/// The completion queue of one event loop.
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
}

/// By the address of the loop object; the weak reference says whether it is still that object.
struct Loops {
    generation: u64,
    by_address: HashMap<usize, Py<EventLoop>>,
}

fn loops() -> MutexGuard<'static, Option<Loops>> {
    // Locked only for a moment and with the interpreter attached, so never across a fork.
    static LOOPS: Mutex<Option<Loops>> = Mutex::new(None);
    let mut loops = lock(&LOOPS);
    let generation = fork::generation();
    if loops.as_ref().is_some_and(|loops| loops.generation != generation) {
        std::mem::forget(loops.take());
    }
    loops.get_or_insert_with(|| Loops { generation, by_address: HashMap::new() });
    loops
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl EventLoop {
    /// The running loop and its queue, made at the first use.
    pub fn current(py: Python<'_>) -> PyResult<(Bound<'_, PyAny>, Py<EventLoop>)> {
        static RUNNING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let mut running = RUNNING.import(py, "asyncio", "_get_running_loop")?.call0()?;
        let trio = trio::current(py)?;
        let is_trio = trio.is_some();
        if let Some(trio) = trio {
            running = trio;
        } else if running.is_none() {
            let hint =
                "no running event loop; AsyncClient is used from coroutines of asyncio or trio";
            return Err(of_class(py, "InvalidState", hint));
        }
        let known = loops().as_ref().and_then(|loops| {
            let queue = loops.by_address.get(&(running.as_ptr() as usize))?;
            Some(queue.clone_ref(py))
        });
        if let Some(known) = known
            && known.get().event_loop.bind(py).upgrade().is_some_and(|alive| alive.is(&running))
        {
            return Ok((running, known));
        }
        let queue = EventLoop::register(&running, is_trio)?;
        Ok((running, queue))
    }

    fn register(running: &Bound<'_, PyAny>, trio: bool) -> PyResult<Py<EventLoop>> {
        let py = running.py();
        let address = running.as_ptr() as usize;
        let signal = Arc::new(Signal::new().map_err(PyOSError::new_err)?);
        let raise = signal.clone();
        let queue = Queue::new(move || raise.raise());
        let this = EventLoop {
            queue,
            signal,
            event_loop: PyWeakrefReference::new(running)?.unbind(),
            trio,
            pending: Mutex::new(Slab::new()),
            batch: Mutex::new(Vec::new()),
        };
        let fd = this.signal.number();
        let this = Py::new(py, this)?;
        let old =
            loops().as_mut().and_then(|loops| loops.by_address.insert(address, this.clone_ref(py)));
        drop(old);
        let of = this.clone_ref(py);
        let reader = Reader { event_loop: of, address, generation: fork::generation() };
        running.call_method1(intern!(py, "add_reader"), (fd, Bound::new(py, reader)?))?;
        Ok(this)
    }

    /// A token under which completions reach `pending`.
    pub fn reserve(&self, pending: &Bound<'_, Pending>) -> u64 {
        lock(&self.pending).insert(pending.clone().unbind()) as u64
    }

    /// Gives the token back.
    pub fn release(&self, token: u64) -> Option<Py<Pending>> {
        lock(&self.pending).try_remove(token as usize)
    }

    fn of_token(&self, py: Python<'_>, token: u64) -> Option<Py<Pending>> {
        lock(&self.pending).get(token as usize).map(|pending| pending.clone_ref(py))
    }

    fn settle(&self, py: Python<'_>, completion: Completion) -> PyResult<()> {
        let Completion { token, outcome } = completion;
        match outcome {
            Outcome::Response(result) => match self.release(token) {
                Some(pending) => Pending::response(pending.bind(py), self, result),
                None => Ok(()),
            },
            Outcome::Chunk(response, result) => match self.of_token(py, token) {
                Some(pending) => Pending::chunk(pending.bind(py), self, token, response, result),
                None => Ok(()),
            },
            Outcome::Warmed(result) => match self.release(token) {
                Some(pending) => Pending::warmed(pending.bind(py), result),
                None => Ok(()),
            },
            Outcome::Filled(response, memory, count, result) => match self.release(token) {
                Some(pending) => {
                    Pending::filled(pending.bind(py), self, response, memory, count, result)
                }
                None => Ok(()),
            },
            Outcome::WantBody(want) => match self.of_token(py, token) {
                Some(pending) => pending.get().want_body(py, want),
                None => Ok(()),
            },
        }
    }
}

impl EventLoop {
    fn drain(&self, py: Python<'_>) {
        let mut batch = std::mem::take(&mut *lock(&self.batch));
        self.queue.drain(&mut batch);
        for completion in batch.drain(..) {
            if let Err(error) = self.settle(py, completion) {
                error.write_unraisable(py, None);
            }
        }
        *lock(&self.batch) = batch;
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// What the loop calls when the signal is readable. Only the loop holds it.
#[pyclass(frozen, module = "libkeepalive._native")]
struct Reader {
    event_loop: Py<EventLoop>,
    address: usize,
    generation: u64,
}

#[pymethods]
impl Reader {
    fn __call__(&self, py: Python<'_>) {
        let event_loop = self.event_loop.get();
        // Cleared before the queue is emptied: what comes in between wakes the loop again.
        event_loop.signal.clear();
        event_loop.drain(py);
    }
}

/// What the loop calls once everything that was ready has had its turn: the answer to a lone
/// request may be here before the engine's thread could be woken for it.
#[pyclass(frozen, module = "libkeepalive._native")]
pub struct Linger {
    pub event_loop: Py<EventLoop>,
    pub token: u64,
}

#[pymethods]
impl Linger {
    fn __call__(&self, py: Python<'_>) {
        let event_loop = self.event_loop.get();
        let pending = event_loop.of_token(py, self.token);
        if pending.is_some_and(|pending| pending.get().linger(&event_loop.queue)) {
            event_loop.drain(py);
        }
    }
}

impl Drop for Reader {
    /// The loop was closed or is gone: what still waits in its queue is cancelled.
    fn drop(&mut self) {
        if self.generation != fork::generation() {
            return;
        }
        let event_loop = self.event_loop.get();
        event_loop.queue.close();
        let waiting = std::mem::take(&mut *lock(&event_loop.pending));
        let removed = loops().as_mut().and_then(|loops| {
            let same = loops.by_address.get(&self.address)?.is(&self.event_loop);
            if same { loops.by_address.remove(&self.address) } else { None }
        });
        for (_, pending) in waiting {
            pending.get().abandon();
        }
        drop(removed);
    }
}
