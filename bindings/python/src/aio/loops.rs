//! The event loops that have a completion queue, and what they call: a reader that takes the whole batch
//! and resolves its futures.
//!
//! Laws: what waits in a loop's queue is given up when the loop drops its reader, which closing it does;
//! all of this runs under the interpreter lock; what a forked child inherits is never locked or dropped.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use keepalive_common::fork;
use pyo3::prelude::*;

use crate::aio::event_loop::EventLoop;
use crate::aio::settle::drain;
use crate::aio::trio;
use crate::aio::turn::TurnEnd;
use crate::errors::of_class;
use crate::once::PyOnceLock;
use crate::once::intern;

/// By the address of the loop object; the queue says whether it is still that object's.
struct Loops {
    generation: u64,
    by_address: HashMap<usize, Py<EventLoop>>,
}

fn loops() -> MutexGuard<'static, Option<Loops>> {
    // Locked only for a moment and with the interpreter attached, so never across a fork.
    static LOOPS: Mutex<Option<Loops>> = Mutex::new(None);
    let mut loops = LOOPS.lock().unwrap_or_else(PoisonError::into_inner);
    let generation = fork::generation();
    if loops.as_ref().is_some_and(|loops| loops.generation != generation) {
        std::mem::forget(loops.take());
    }
    loops.get_or_insert_with(|| Loops { generation, by_address: HashMap::new() });
    loops
}

/// Requests of the running loop that wait for others go to the engine now.
pub fn send_held(py: Python<'_>) -> PyResult<()> {
    if let Some(known) = known(&running(py)?) {
        known.get().send_held(py);
    }
    Ok(())
}

fn running(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static RUNNING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    RUNNING.import(py, "asyncio", "_get_running_loop")?.call0()
}

/// The queue of a loop, if it has one.
fn known(running: &Bound<'_, PyAny>) -> Option<Py<EventLoop>> {
    let known = loops().as_ref().and_then(|loops| {
        let queue = loops.by_address.get(&(running.as_ptr() as usize))?;
        Some(queue.clone_ref(running.py()))
    });
    known.filter(|known| known.get().is_of(running))
}

/// The running loop and its queue, made at the first use.
pub fn current(py: Python<'_>) -> PyResult<(Bound<'_, PyAny>, Py<EventLoop>)> {
    let mut running = running(py)?;
    let trio = trio::current(py)?;
    let is_trio = trio.is_some();
    if let Some(trio) = trio {
        running = trio;
    } else if running.is_none() {
        let hint = "no running event loop; AsyncClient is used from coroutines of asyncio or trio";
        return Err(of_class(py, "InvalidState", hint));
    }
    if let Some(known) = known(&running) {
        return Ok((running, known));
    }
    let queue = register(&running, is_trio)?;
    Ok((running, queue))
}

fn register(running: &Bound<'_, PyAny>, trio: bool) -> PyResult<Py<EventLoop>> {
    let py = running.py();
    let address = running.as_ptr() as usize;
    let queue = EventLoop::new(running, trio)?;
    let descriptor = queue.descriptor();
    let queue = Py::new(py, queue)?;
    let old =
        loops().as_mut().and_then(|loops| loops.by_address.insert(address, queue.clone_ref(py)));
    drop(old);
    let of = queue.clone_ref(py);
    let turn = Py::new(py, TurnEnd::of(queue.clone_ref(py)))?;
    let reader = Reader { event_loop: of, turn, address, generation: fork::generation() };
    running.call_method1(intern!(py, "add_reader"), (descriptor, Bound::new(py, reader)?))?;
    Ok(queue)
}

/// What the loop calls when the signal is readable. Only the loop holds it.
#[pyclass(frozen, module = "libkeepalive._native")]
struct Reader {
    event_loop: Py<EventLoop>,
    turn: Py<TurnEnd>,
    address: usize,
    generation: u64,
}

#[pymethods]
impl Reader {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        let event_loop = self.event_loop.get();
        // Before the queue is emptied: what comes in between wakes the loop again.
        event_loop.clear();
        let settled = drain(py, event_loop);
        event_loop.gather(py, settled, &self.turn)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if self.generation != fork::generation() {
            return;
        }
        let removed = loops().as_mut().and_then(|loops| {
            let same = loops.by_address.get(&self.address)?.is(&self.event_loop);
            if same { loops.by_address.remove(&self.address) } else { None }
        });
        self.event_loop.get().abandon();
        drop(removed);
    }
}

/// What the loop calls once everything that was ready has had its turn: the answer to a lone
/// request may be here before the engine's thread could be woken for it.
#[pyclass(frozen, module = "libkeepalive._native")]
pub struct InlinePoll {
    pub event_loop: Py<EventLoop>,
    pub token: u64,
}

#[pymethods]
impl InlinePoll {
    fn __call__(&self, py: Python<'_>) {
        let event_loop = self.event_loop.get();
        let pending = event_loop.of_token(py, self.token);
        if pending.is_some_and(|pending| pending.get().poll_inline(&event_loop.queue)) {
            drain(py, event_loop);
        }
    }
}
