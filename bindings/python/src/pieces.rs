//! Iterators over a streamed body. Splitting and decoding are Python generators
//! (`libkeepalive/_pieces.py`); these two hand over what comes.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::aio::pending::Pending;
use crate::aio::ready::Ready;
use crate::gevent;
use crate::once::PyOnceLock;
use crate::response::Response;

/// Pieces of a body, each received when it is asked for, on the calling thread.
#[pyclass(frozen, module = "libkeepalive._native")]
pub struct Pieces {
    response: Py<Response>,
    ended: AtomicBool,
}

impl Pieces {
    pub fn of(response: &Bound<'_, Response>) -> Pieces {
        Pieces { response: response.clone().unbind(), ended: false.into() }
    }
}

#[pymethods]
impl Pieces {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyBytes>>> {
        if self.ended.load(Relaxed) {
            return Ok(None);
        }
        let piece = match gevent::pool(py)? {
            Some(pool) => {
                let response = self.response.clone_ref(py);
                gevent::run(py, &pool, move |py| response.get().next_piece(py))
            }
            None => self.response.get().next_piece(py),
        };
        self.ended.store(!matches!(piece, Ok(Some(_))), Relaxed);
        piece
    }
}

/// The pieces of a body for asyncio.
#[pyclass(frozen, module = "libkeepalive._native")]
pub struct AsyncPieces {
    response: Py<Response>,
    /// Pieces since the task last waited.
    burst: AtomicU32,
}

/// After so many pieces that were there without waiting, the other tasks have a turn.
const BURST: u32 = 4;

impl AsyncPieces {
    pub fn of(response: &Bound<'_, Response>) -> AsyncPieces {
        AsyncPieces { response: response.clone().unbind(), burst: AtomicU32::new(0) }
    }
}

#[pymethods]
impl AsyncPieces {
    fn __aiter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __anext__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let response = self.response.bind(py);
        if self.burst.fetch_add(1, Relaxed) < BURST
            && let Some(piece) = response.get().piece_now(py)?
        {
            return Ready::of(py, piece.into_any());
        }
        self.burst.store(0, Relaxed);
        Pending::read(response, false)
    }
}

/// Calls a generator function of `_pieces.py`.
pub fn call<'py>(
    py: Python<'py>,
    name: &str,
    arguments: impl pyo3::call::PyCallArgs<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    static MODULE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || {
        py.import("libkeepalive._pieces").map(|module| module.into_any().unbind())
    })?;
    module.bind(py).getattr(name)?.call1(arguments)
}
