//! `async with client.stream(...) as response`.

use std::sync::Mutex;

use pyo3::prelude::*;

use crate::aio::pending::{Pending, Sending};
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

/// Its coroutine methods are in `libkeepalive/_aio.py`.
#[pymethods]
impl AsyncStream {
    fn _begin(slf: &Bound<'_, Self>) -> PyResult<Pending> {
        let sending =
            slf.get().sending.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        let Some(mut sending) = sending else {
            return Err(of_class(slf.py(), "InvalidState", "this stream() was entered before"));
        };
        sending.owner = Some(slf.clone().unbind());
        Ok(Pending::of_request(sending))
    }

    fn _close(&self) {
        let response = self.response.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        if let Some(response) = response {
            response.get().close();
        }
    }
}
