//! Streamed request bodies: what Python objects produce on the thread that sends, and lists of bytes.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use keepalive_core::{BodySource, ErrorKind, Result, source_failed};
use pyo3::prelude::*;
use pyo3::types::PyIterator;

use crate::convert::buffer;
use crate::errors::wrong_type;
use crate::once::{PyOnceLock, intern};

/// Where the source's own exception waits to be raised again.
#[derive(Clone, Default)]
pub struct Failure(Arc<Mutex<Option<PyErr>>>);

impl Failure {
    /// The source's exception, if it is why the request failed.
    pub fn take(&self, error: &keepalive_core::Error) -> Option<PyErr> {
        self.take_of(error, ErrorKind::BodySourceFailed)
    }

    /// What failed so, if that is why the request failed.
    pub fn take_of(&self, error: &keepalive_core::Error, kind: ErrorKind) -> Option<PyErr> {
        if error.kind() != kind {
            return None;
        }
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take()
    }

    pub fn set(&self, error: PyErr) {
        *self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(error);
    }
}

/// A body source over a prepared body of `_bodies.py`, read on the thread that sends.
pub struct PythonSource {
    body: Py<PyAny>,
    /// `None` before the first piece, and again once it is to start over.
    iterator: Option<Py<PyAny>>,
    repeatable: bool,
    failure: Failure,
}

impl PythonSource {
    /// The source, and its length if it is known.
    pub fn new(source: &Bound<'_, PyAny>, failure: &Failure) -> PyResult<(Self, Option<u64>)> {
        static PREPARE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = source.py();
        let prepare = PREPARE.import(py, "libkeepalive._bodies", "prepare")?;
        // One that a flow has prepared is a body already.
        let body = match source.hasattr(intern!(py, "repeatable"))? {
            true => source.clone(),
            false => prepare.call1((source, false))?,
        };
        let (length, repeatable) = known(&body)?;
        let body = body.unbind();
        Ok((PythonSource { body, iterator: None, repeatable, failure: failure.clone() }, length))
    }

    fn next(&mut self, py: Python<'_>) -> PyResult<Option<Bytes>> {
        let iterator = match &self.iterator {
            Some(iterator) => iterator.bind(py).clone(),
            None => {
                let iterator = self.body.bind(py).call_method0(intern!(py, "start"))?;
                self.iterator = Some(iterator.clone().unbind());
                iterator
            }
        };
        match iterator.cast::<PyIterator>()?.clone().next().transpose()? {
            Some(piece) => bytes_of(&piece).map(Some),
            None => Ok(None),
        }
    }
}

/// Length and repeatability of a prepared body.
pub fn known(body: &Bound<'_, PyAny>) -> PyResult<(Option<u64>, bool)> {
    let py = body.py();
    let length = body.getattr(intern!(py, "length"))?.extract()?;
    Ok((length, body.getattr(intern!(py, "repeatable"))?.extract()?))
}

/// A piece of a body.
pub fn bytes_of(piece: &Bound<'_, PyAny>) -> PyResult<Bytes> {
    buffer(piece)?.ok_or_else(|| wrong_type("content", "pieces of bytes", piece))
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
        self.repeatable
    }

    fn rewind(&mut self) -> bool {
        // Its next piece is the first again; a file is sought then.
        self.iterator = None;
        self.repeatable
    }
}

/// A list of bytes as a body.
pub struct Pieces {
    pieces: Vec<Bytes>,
    next: usize,
}

impl Pieces {
    /// The items of a list or tuple, and how long they are together.
    pub fn of(list: &Bound<'_, PyAny>) -> PyResult<(Pieces, u64)> {
        let pieces: Vec<Bytes> =
            list.try_iter()?.map(|piece| bytes_of(&piece?)).collect::<PyResult<_>>()?;
        let length = pieces.iter().map(|piece| piece.len() as u64).sum();
        Ok((Pieces { pieces, next: 0 }, length))
    }
}

impl BodySource for Pieces {
    fn poll_chunk(&mut self, _: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        let piece = self.pieces.get(self.next).cloned();
        self.next += 1;
        Poll::Ready(Ok(piece))
    }

    fn can_rewind(&self) -> bool {
        true
    }

    fn rewind(&mut self) -> bool {
        self.next = 0;
        true
    }
}
