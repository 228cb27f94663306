//! Streamed request bodies of blocking calls: a file or an iterable, read on the caller's thread.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use keepalive_core::{BodySource, ErrorKind, Result, source_failed};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::convert::buffer;
use crate::errors::wrong_type;
use crate::once::intern;

/// Bytes asked from a file at a time.
const PIECE: usize = 64 * 1024;

/// Where the source's own exception waits to be raised again.
#[derive(Clone, Default)]
pub struct Failure(Arc<Mutex<Option<PyErr>>>);

impl Failure {
    /// The source's exception, if it is why the request failed.
    pub fn take(&self, error: &keepalive_core::Error) -> Option<PyErr> {
        if error.kind() != ErrorKind::BodySourceFailed {
            return None;
        }
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take()
    }

    fn set(&self, error: PyErr) {
        *self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(error);
    }
}

enum Kind {
    /// Read in pieces; `start` is where it stood, if it can go back there.
    File { start: Option<u64> },
    /// An iterator, and whether its iterable gives a fresh one.
    Iterable { iterator: Py<PyAny>, again: bool },
}

/// A body source over a Python object.
pub struct PythonSource {
    object: Py<PyAny>,
    kind: Kind,
    failure: Failure,
}

impl PythonSource {
    /// The source, and its length if it is known: what is left of a seekable file.
    pub fn new(object: &Bound<'_, PyAny>, failure: &Failure) -> PyResult<(Self, Option<u64>)> {
        let py = object.py();
        let mut length = None;
        let kind = if object.hasattr(intern!(py, "read"))? {
            let start = extent(object).ok();
            length = start.map(|(start, end)| end.saturating_sub(start));
            Kind::File { start: start.map(|(start, _)| start) }
        } else if object.hasattr(intern!(py, "__iter__"))? {
            let iterator = object.try_iter()?.into_any();
            let again = !iterator.is(object);
            Kind::Iterable { iterator: iterator.unbind(), again }
        } else {
            let hint =
                "content: an async iterable needs AsyncClient; give bytes, a file or an iterable";
            return Err(PyTypeError::new_err(hint));
        };
        let source =
            PythonSource { object: object.clone().unbind(), kind, failure: failure.clone() };
        Ok((source, length))
    }

    fn next(&mut self, py: Python<'_>) -> PyResult<Option<Bytes>> {
        let piece = match &self.kind {
            Kind::File { .. } => {
                Some(self.object.bind(py).call_method1(intern!(py, "read"), (PIECE,))?)
            }
            Kind::Iterable { iterator, .. } => {
                iterator.bind(py).cast::<pyo3::types::PyIterator>()?.clone().next().transpose()?
            }
        };
        let Some(piece) = piece else { return Ok(None) };
        let bytes =
            buffer(&piece)?.ok_or_else(|| wrong_type("content", "pieces of bytes", &piece))?;
        let ended = bytes.is_empty() && matches!(self.kind, Kind::File { .. });
        Ok((!ended).then_some(bytes))
    }

    fn start_again(&mut self, py: Python<'_>) -> PyResult<bool> {
        let object = self.object.bind(py);
        match &mut self.kind {
            Kind::File { start: Some(start) } => {
                object.call_method1(intern!(py, "seek"), (*start,))?;
            }
            Kind::Iterable { iterator, again: true } => {
                *iterator = object.try_iter()?.into_any().unbind();
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl BodySource for PythonSource {
    fn poll_chunk(&mut self, _: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        let next = Python::try_attach(|py| {
            self.next(py).map_err(|error| {
                let reason = error.to_string();
                self.failure.set(error);
                reason
            })
        });
        Poll::Ready(match next {
            Some(piece) => piece.map_err(|reason| source_failed(&reason)),
            None => Err(source_failed("the interpreter is shutting down")),
        })
    }

    fn can_rewind(&self) -> bool {
        matches!(&self.kind, Kind::File { start: Some(_) } | Kind::Iterable { again: true, .. })
    }

    fn rewind(&mut self) -> bool {
        Python::try_attach(|py| self.start_again(py).unwrap_or(false)).unwrap_or(false)
    }
}

/// Position and end of a seekable binary file.
pub fn extent(file: &Bound<'_, PyAny>) -> PyResult<(u64, u64)> {
    let py = file.py();
    let seek = intern!(py, "seek");
    let start: u64 = file.call_method0(intern!(py, "tell"))?.extract()?;
    let end: u64 = file.call_method1(seek, (0, 2))?.extract()?;
    file.call_method1(seek, (start,))?;
    Ok((start, end))
}
