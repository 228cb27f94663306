//! A body piece by piece, and all of its rest.

use keepalive_core::{Response as CoreResponse, Result};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::blocking::blocking;
use crate::convert::count;
use crate::memory::{self, Whole};
use crate::pieces::{self, AsyncPieces, Pieces};
use crate::response::Response;

/// The pieces of a body: as they came if `raw`, for tasks if `later`.
pub fn iterate<'py>(
    slf: &Bound<'py, Response>,
    chunk_size: Option<&Bound<'py, PyAny>>,
    raw: bool,
    later: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let (this, py) = (slf.get(), slf.py());
    let size = size_of_pieces(chunk_size)?;
    let content = match raw {
        true => this.raw_content(py)?,
        false if this.whole || this.content.get(py).is_some() => Some(this.body(py)?.clone_ref(py)),
        false => this.consume(py, false).map(|()| None)?,
    };
    let named = |now: &'static str, task: &'static str| if later { task } else { now };
    if let Some(content) = content {
        return pieces::call(py, named("slices", "aslices"), (content, size));
    }
    let pieces = if let Some(source) = this.source(py) {
        pieces::call(py, named("of_source", "aof_source"), (slf, source))?
    } else if later {
        Bound::new(py, AsyncPieces::of(slf))?.into_any()
    } else {
        Bound::new(py, Pieces::of(slf))?.into_any()
    };
    let pieces = Response::watched(slf, pieces)?;
    match size {
        None => Ok(pieces),
        Some(size) => pieces::call(py, named("sized", "asized"), (pieces, size)),
    }
}

/// `chunk_size`: at least 1.
fn size_of_pieces(value: Option<&Bound<'_, PyAny>>) -> PyResult<Option<usize>> {
    let Some(value) = value else { return Ok(None) };
    match usize::try_from(count("chunk_size", value)?).unwrap_or(usize::MAX) {
        0 => Err(PyValueError::new_err("chunk_size: 0 is not a size; expected 1 or more")),
        size => Ok(Some(size.min(isize::MAX as usize))),
    }
}

/// The rest of a streamed body, received on this thread.
pub fn read_rest(py: Python<'_>, response: &mut CoreResponse) -> PyResult<Result<Py<PyBytes>>> {
    if let Some(whole) = Whole::of(py, response)? {
        return whole.receive(py, response);
    }
    match blocking(py, |how| response.read_all(how))? {
        Ok(body) => memory::copied(py, &body).map(Ok),
        Err(error) => Ok(Err(error)),
    }
}
