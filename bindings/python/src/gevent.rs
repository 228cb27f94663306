//! Blocking calls of a process that gevent has patched run on a thread of gevent's pool, while the
//! calling greenlet waits and others go on (`libkeepalive/_gevent.py`).
//!
//! What they work on is owned by them: while a greenlet waits, its part of the C stack is elsewhere.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::of_class;
use crate::once::{PyOnceLock, intern};

thread_local! {
    /// On a thread of the pool: whether the call it runs was given up.
    static GIVEN_UP: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// Whether the call that this thread runs for a greenlet was given up; `None` on other threads.
pub fn given_up() -> Option<Arc<AtomicBool>> {
    GIVEN_UP.with_borrow(Option::clone)
}

/// The pool that the calling greenlet's blocking calls go to; `None` nearly everywhere.
pub fn pool(py: Python<'_>) -> PyResult<Option<Bound<'_, PyAny>>> {
    static MODULES: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    static POOL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let modules = MODULES.import(py, "sys", "modules")?;
    if !modules.contains(intern!(py, "gevent.monkey"))? || given_up().is_some() {
        return Ok(None);
    }
    let pool = POOL.import(py, "libkeepalive._gevent", "pool")?.call0()?;
    Ok((!pool.is_none()).then_some(pool))
}

type Work = Box<dyn FnOnce(Python<'_>) + Send>;

/// What the pool calls, once.
#[pyclass(frozen, module = "libkeepalive._native")]
pub struct Task {
    work: Mutex<Option<Work>>,
    given_up: Arc<AtomicBool>,
}

#[pymethods]
impl Task {
    fn __call__(&self, py: Python<'_>) {
        /// Also when the work panics.
        struct End;
        impl Drop for End {
            fn drop(&mut self) {
                GIVEN_UP.set(None);
            }
        }
        let work = self.work.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        if let Some(work) = work
            && !self.given_up.load(Ordering::Acquire)
        {
            GIVEN_UP.set(Some(self.given_up.clone()));
            let end = End;
            work(py);
            drop(end);
        }
    }

    /// Nobody waits for it any more.
    fn abandon(&self) {
        self.given_up.store(true, Ordering::Release);
    }
}

/// Runs `work` on a thread of `pool`. An error is the work's, or what was raised in the greenlet that
/// waits, such as a `gevent.Timeout`.
pub fn run<T: Send + 'static>(
    py: Python<'_>,
    pool: &Bound<'_, PyAny>,
    work: impl FnOnce(Python<'_>) -> PyResult<T> + Send + 'static,
) -> PyResult<T> {
    static RUN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let result = Arc::new(Mutex::new(None));
    let into = result.clone();
    let work: Work = Box::new(move |py| {
        let value = work(py);
        *into.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(value);
    });
    let work = Mutex::new(Some(work));
    let task = Py::new(py, Task { work, given_up: Arc::default() })?;
    RUN.import(py, "libkeepalive._gevent", "run")?.call1((pool, task))?;
    let value = result.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
    value
        .unwrap_or_else(|| Err(of_class(py, "InternalError", "gevent's pool did not run the call")))
}
