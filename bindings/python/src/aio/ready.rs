//! `Ready`: an awaitable for what needs no waiting.

use pyo3::exceptions::PyStopIteration;
use pyo3::prelude::*;

/// An awaitable that has its value already.
#[pyclass(frozen, module = "libkeepalive._native")]
pub struct Ready {
    value: Py<PyAny>,
}

impl Ready {
    pub fn of(py: Python<'_>, value: Py<PyAny>) -> PyResult<Bound<'_, PyAny>> {
        Ok(Bound::new(py, Ready { value })?.into_any())
    }
}

#[pymethods]
impl Ready {
    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Err(PyStopIteration::new_err((self.value.clone_ref(py),)))
    }

    /// As of a coroutine.
    fn send(&self, py: Python<'_>, _value: Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.__next__(py)
    }

    /// As of a coroutine.
    #[pyo3(signature = (kind, _value = None, _traceback = None))]
    fn throw<'py>(
        &self,
        kind: Bound<'py, PyAny>,
        _value: Option<Bound<'py, PyAny>>,
        _traceback: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        Err(PyErr::from_value(kind))
    }

    /// As of a coroutine.
    fn close(&self) {}
}
