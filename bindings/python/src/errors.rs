//! Turns the engine's errors into the Python classes of its error table. The classes are written in
//! Python (`libkeepalive/_errors.py`): their shape is Python's business, their facts are the core's.

use keepalive_core::{Error, ErrorKind, Phase};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::generated::Info;
use crate::once::PyOnceLock;
use crate::once::intern;
use crate::options::option_names;

fn module(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static MODULE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || {
        py.import("libkeepalive._errors").map(|module| module.into_any().unbind())
    })?;
    Ok(module.bind(py))
}

/// The request an error or response belongs to, as far as messages need it.
#[derive(Clone)]
pub struct RequestLine {
    pub method: Box<str>,
    pub url: Box<str>,
}

impl RequestLine {
    /// `RequestInfo(method, url)`.
    pub fn to_python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        module(py)?.call_method1(intern!(py, "RequestInfo"), (&*self.method, &*self.url))
    }
}

/// The exception for `error`.
pub fn to_python(py: Python<'_>, error: &Error, request: Option<&RequestLine>) -> PyErr {
    build(py, error, request).unwrap_or_else(|failure| failure)
}

fn build(py: Python<'_>, error: &Error, request: Option<&RequestLine>) -> PyResult<PyErr> {
    // The one kind whose class says which way it went.
    let class = match (error.kind(), error.phase()) {
        (ErrorKind::ConnectionReset, Phase::Send) => "WriteError",
        (kind, _) => kind.python_class(),
    };
    let class = module(py)?.getattr(class)?;
    let facts = (
        error.kind().name(),
        error.kind().code(),
        error.phase().name(),
        error.reused(),
        error.retry_safe(),
        error.sent().name(),
        error.os_errno(),
        error.partial_body(),
        error.tries(),
        info(py, error)?,
        request.map(|line| line.to_python(py)).transpose()?,
    );
    let exception = class.call_method1(intern!(py, "_of"), (error.message(), facts))?;
    Ok(PyErr::from_value(exception))
}

/// How the exchange went until it failed.
fn info(py: Python<'_>, error: &Error) -> PyResult<Option<Info>> {
    let (Some(info), Some(timings)) = (error.info(), error.timings()) else { return Ok(None) };
    Info::of(py, info, timings, None, PyTuple::empty(py).unbind()).map(Some)
}

/// An instance of the named class of `_errors.py` that the engine has no kind for.
pub fn of_class(py: Python<'_>, class: &str, message: &str) -> PyErr {
    let made = module(py)
        .and_then(|module| module.getattr(class))
        .and_then(|class| class.call1((message,)));
    made.map_or_else(|failure| failure, PyErr::from_value)
}

/// The `HTTPStatusError` of a response.
pub fn status_error(response: &Bound<'_, PyAny>) -> PyResult<PyErr> {
    let py = response.py();
    Ok(PyErr::from_value(module(py)?.call_method1(intern!(py, "status_error"), (response,))?))
}

/// `TypeError: name: expected ..., got ...`.
pub fn wrong_type(name: &str, expected: &str, got: &Bound<'_, PyAny>) -> PyErr {
    let name_of = got.get_type().getattr(intern!(got.py(), "__name__"));
    let got = name_of.map_or_else(|_| "?".to_string(), |name| name.to_string());
    PyTypeError::new_err(format!("{name}: expected {expected}, got {got}"))
}

/// `TypeError` for an argument or option that nobody knows; the text says what was meant, or what
/// there is instead.
pub fn unknown(py: Python<'_>, what: &str, name: &str, known: &[&str]) -> PyErr {
    static UNKNOWN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let text = UNKNOWN
        .import(py, "libkeepalive._hints", "unknown")
        .and_then(|unknown| unknown.call1((what, name, known.to_vec(), option_names()))?.extract());
    text.map_or_else(|failure| failure, |text: String| PyTypeError::new_err(text))
}

/// The engine's error table: `(kind, code, class name, summary)` for each kind.
#[pyfunction]
pub fn error_table(py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
    let rows = ErrorKind::ALL
        .iter()
        .map(|kind| (kind.name(), kind.code(), kind.python_class(), kind.summary()));
    PyTuple::new(py, rows.collect::<Vec<_>>())
}
