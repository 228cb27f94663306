//! The turn of tasks that were woken together: it begins where their calls are settled, and ends behind them in the
//! loop's line, where the requests that they made go to the engine.

use pyo3::prelude::*;

use crate::aio::event_loop::EventLoop;
use crate::aio::gather::Held;

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
        event_loop.gatherer.close();
        event_loop.send_held(py);
    }
}
