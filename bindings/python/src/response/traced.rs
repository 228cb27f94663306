//! How a response ends early, and who is told of that and of how its body is read: `_trace.py`.

use std::sync::atomic::Ordering;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::once::intern;
use crate::pieces::{AsyncPieces, Pieces};
use crate::response::{Response, Slot};

impl Response {
    /// Ends it early. A short rest of the body is drained to save the connection.
    pub fn close(&self) {
        if !self.closed.swap(true, Ordering::AcqRel)
            && let Slot::Here(response) = &mut *self.slot()
        {
            response.close();
        }
    }

    /// The same for its caller, of which `trace` is told.
    pub fn close_and_tell(&self, py: Python<'_>) -> PyResult<()> {
        self.close();
        self.trace(py)
            .map_or(Ok(()), |trace| trace.call_method0(py, intern!(py, "close")).map(drop))
    }

    /// Who is told, for most responses nobody.
    pub fn trace(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.has_extra(|extra| extra.trace.as_ref().map(|trace| trace.clone_ref(py)))
    }

    pub fn traced_by(&self, trace: Option<Py<PyAny>>) {
        if trace.is_some() {
            let old = self.extra(|extra| std::mem::replace(&mut extra.trace, trace));
            drop(old);
        }
    }

    /// The pieces of the body, of which `trace` is told.
    pub(super) fn watched<'py>(
        slf: &Bound<'py, Self>,
        pieces: Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        match slf.get().trace(py) {
            Some(trace) => trace.bind(py).call_method1(intern!(py, "pieces"), (slf, pieces)),
            None => Ok(pieces),
        }
    }

    /// All of the body, of which `trace` is told; nothing where nobody is.
    pub(super) fn whole_and_tell(slf: &Bound<'_, Self>) -> PyResult<Option<Py<PyBytes>>> {
        let py = slf.py();
        let Some(trace) = slf.get().trace(py) else { return Ok(None) };
        let pieces = Bound::new(py, Pieces::of(slf))?;
        let body = trace.bind(py).call_method1(intern!(py, "whole"), (slf, pieces))?;
        Ok(Some(slf.get().set_content(py, body.cast_into::<PyBytes>()?.unbind())))
    }

    /// The same for a task: what is to be awaited.
    pub(super) fn await_whole<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = slf.py();
        let Some(trace) = slf.get().trace(py) else { return Ok(None) };
        let pieces = Bound::new(py, AsyncPieces::of(slf))?;
        trace.bind(py).call_method1(intern!(py, "awhole"), (slf, pieces)).map(Some)
    }
}
