//! Classes and cached objects are statics of this library, so they belong to one interpreter.

use pyo3::exceptions::PyImportError;
use pyo3::ffi;
use pyo3::prelude::*;

/// Refuses interpreters other than the process's first: they would share Python objects.
pub fn require_main(_py: Python<'_>) -> PyResult<()> {
    // SAFETY: the interpreter is attached, so there is a current one.
    let id = unsafe { ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get()) };
    if id == 0 {
        return Ok(());
    }
    Err(PyImportError::new_err(
        "libkeepalive works in a process's main interpreter, not in subinterpreters \
         (under mod_wsgi: WSGIApplicationGroup %{GLOBAL})",
    ))
}
