//! `async with client.stream(...) as response`.

use std::sync::Mutex;

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::aio::pending::{Pending, Sending};
use crate::aio::ready::Ready;
use crate::errors::of_class;
use crate::response::Response;

/// Sends the request when it is entered, at the response head; closes the response when left.
#[pyclass(frozen, module = "libkeepalive")]
pub struct AsyncStream {
    sending: Mutex<Option<Sending>>,
    response: Mutex<Option<Py<Response>>>,
}

impl AsyncStream {
    pub fn of(sending: Sending) -> AsyncStream {
        AsyncStream { sending: Mutex::new(Some(sending)), response: Mutex::new(None) }
    }

    /// Remembers what `__aexit__` has to close.
    pub fn keep(&self, response: &Bound<'_, Response>) {
        *self.response.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) =
            Some(response.clone().unbind());
    }
}

#[pymethods]
impl AsyncStream {
    fn __aenter__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let sending =
            slf.get().sending.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        let Some(mut sending) = sending else {
            return Err(of_class(py, "InvalidState", "this stream() was entered before"));
        };
        sending.owner = Some(slf.clone().unbind());
        Pending::send_request(py, sending)
    }

    #[pyo3(signature = (*_raised))]
    fn __aexit__<'py>(
        &self,
        py: Python<'py>,
        _raised: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let response = self.response.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        if let Some(response) = response {
            response.get().close();
        }
        Ready::of(py, py.None())
    }
}
