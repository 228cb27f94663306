//! `async with client.stream(...) as response`.

use std::sync::{Arc, Mutex};

use pyo3::prelude::*;

use crate::aio::pending::{Kept, Pending, Sending};
use crate::errors::of_class;

/// What ``AsyncClient.stream()`` returns: sends the request when it is entered, up to the response head; closes
/// the response when left.
///
/// ::
///
///     async with client.stream("GET", "http://example.com/file") as response:
///         print(await response.aread())
#[pyclass(frozen, module = "libkeepalive")]
pub struct AsyncStream {
    sending: Mutex<Option<Sending>>,
    response: Arc<Kept>,
}

impl AsyncStream {
    pub fn of(sending: Sending) -> AsyncStream {
        AsyncStream { sending: Mutex::new(Some(sending)), response: Arc::default() }
    }
}

/// Its coroutine methods are in `libkeepalive/_aio.py`.
#[pymethods]
impl AsyncStream {
    fn _begin(slf: &Bound<'_, Self>) -> PyResult<Pending> {
        let sending =
            slf.get().sending.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        let Some(mut sending) = sending else {
            return Err(of_class(slf.py(), "InvalidState", "this stream() was entered before"));
        };
        sending.owner = Some(slf.get().response.clone());
        Ok(Pending::of_request(sending))
    }

    /// Who is to be told of it.
    fn _close(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.response.close(py)
    }
}
