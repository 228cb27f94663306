//! A stream that was handed out, until it is closed: what both of its Python classes hold.

use std::sync::{Arc, Mutex};

use keepalive_core::UpgradedStream as CoreStream;
use pyo3::prelude::*;

use crate::errors::{RequestLine, of_class, to_python};

/// A stream that is not closed, and what it is from.
pub struct Held {
    pub stream: CoreStream,
    pub line: Option<RequestLine>,
}

impl Held {
    pub fn error(&self, py: Python<'_>, error: &keepalive_core::Error) -> PyErr {
        to_python(py, error, self.line.as_ref())
    }
}

/// Held until it is closed.
pub struct Place(Mutex<Option<Arc<Held>>>);

impl Place {
    pub fn of(held: Held) -> Place {
        Place(Mutex::new(Some(Arc::new(held))))
    }

    pub fn get(&self, py: Python<'_>) -> PyResult<Arc<Held>> {
        let held = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
        held.ok_or_else(|| of_class(py, "InvalidState", "the stream is closed"))
    }

    pub fn close(&self) {
        let held = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        if let Some(held) = held {
            // Wakes who waits, and has it too.
            held.stream.close();
        }
    }

    pub fn fileno(&self, py: Python<'_>) -> i32 {
        self.get(py).ok().and_then(|held| held.stream.fd().ok()).unwrap_or(-1)
    }

    pub fn pending(&self, py: Python<'_>) -> usize {
        self.get(py).map_or(0, |held| held.stream.pending())
    }
}
