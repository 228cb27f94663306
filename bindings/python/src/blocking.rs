//! Runs the engine's blocking wait on the calling thread: detached from the interpreter throughout,
//! and interruptible by Ctrl-C on the main thread, the only one on which Python runs signal handlers.

use std::cell::Cell;
use std::sync::atomic::Ordering;

use keepalive_common::fork;
use keepalive_core::{Blocking, Result};
use pyo3::prelude::*;

use crate::gevent;

/// Outer error: what a Python signal handler raised. Inner: the engine's result.
pub fn blocking<T, F>(py: Python<'_>, work: F) -> PyResult<Result<T>>
where
    T: Send,
    F: FnOnce(Blocking<'_>) -> Result<T> + Send,
{
    if let Some(given_up) = gevent::given_up() {
        let mut hook = || given_up.load(Ordering::Acquire);
        return Ok(py.detach(|| work(Blocking::interruptible(&mut hook))));
    }
    if !on_main_thread(py)? {
        return Ok(py.detach(|| work(Blocking::default())));
    }
    let mut raised = None;
    let result = py.detach(|| {
        let mut hook = || match Python::try_attach(|py| py.check_signals()) {
            Some(Ok(())) => false,
            Some(Err(error)) => {
                raised = Some(error);
                true
            }
            // The interpreter is shutting down.
            None => true,
        };
        work(Blocking::interruptible(&mut hook))
    });
    match raised {
        Some(error) => Err(error),
        None => Ok(result),
    }
}

/// Asked once per thread; a fork makes the thread that forked the main one.
fn on_main_thread(py: Python<'_>) -> PyResult<bool> {
    thread_local!(static KNOWN: Cell<Option<(u64, bool)>> = const { Cell::new(None) });
    let generation = fork::generation();
    if let Some((known, main)) = KNOWN.get()
        && known == generation
    {
        return Ok(main);
    }
    let threading = py.import("threading")?;
    let main: u64 = threading.call_method0("main_thread")?.getattr("ident")?.extract()?;
    let current: u64 = threading.call_method0("get_ident")?.extract()?;
    KNOWN.set(Some((generation, main == current)));
    Ok(main == current)
}
