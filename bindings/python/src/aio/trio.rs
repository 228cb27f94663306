//! Which library runs the calling task. trio is looked for only once somebody has imported it; what
//! it needs is in `libkeepalive/_trio.py`.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::once::PyOnceLock;
use crate::once::intern;

/// The `Loop` of the trio run that the calling task is part of.
pub fn current(py: Python<'_>) -> PyResult<Option<Bound<'_, PyAny>>> {
    static MODULES: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    static CURRENT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let modules = MODULES.import(py, "sys", "modules")?;
    if !modules.contains(intern!(py, "trio"))? {
        return Ok(None);
    }
    let current = CURRENT.import(py, "libkeepalive._trio", "current")?.call0()?;
    Ok((!current.is_none()).then_some(current))
}

/// The coroutine that starts a call and waits for it.
pub fn drive<'py>(begin: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    static DRIVE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    DRIVE.import(begin.py(), "libkeepalive._trio", "drive")?.call1((begin,))
}
