//! Bytes objects that a body is received into, so that the kernel's copy is the only one. Until they
//! are full nobody else has a reference to them.

use std::any::Any;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use keepalive_common::huge_pages;
use keepalive_core::{
    Blocking, Call, Client, Destination, Error, ErrorKind, Phase, Queue, Response, Result,
    TRUSTED_GROWTH, TRUSTED_LENGTH,
};
use pyo3::exceptions::PyMemoryError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::blocking::blocking;

/// A bytes object under construction.
pub struct Memory {
    bytes: Py<PyBytes>,
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: `start` points into the object that `bytes` keeps alive, and writing there needs no
// interpreter.
unsafe impl Send for Memory {}

impl Memory {
    /// `length` bytes without content. `MemoryError` when there is not that much.
    pub fn new(py: Python<'_>, length: usize) -> PyResult<Memory> {
        let size = ffi::Py_ssize_t::try_from(length)
            .map_err(|_| PyMemoryError::new_err(format!("a body of {length} bytes")))?;
        // SAFETY: a null pointer asks for an object without content; the result is a new reference
        // or null with an exception set.
        let bytes = unsafe {
            Bound::from_owned_ptr_or_err(py, ffi::PyBytes_FromStringAndSize(ptr::null(), size))?
                .cast_into_unchecked::<PyBytes>()
        };
        // SAFETY: `bytes` is a bytes object.
        let start = unsafe { ffi::PyBytes_AsString(bytes.as_ptr()) };
        let Some(start) = NonNull::new(start.cast::<u8>()) else {
            return Err(PyErr::fetch(py));
        };
        let mut memory = Memory { bytes: bytes.unbind(), start, length };
        huge_pages::advise(memory.memory());
        Ok(memory)
    }

    /// The first `count` bytes.
    ///
    /// # Safety
    /// They have been written.
    pub unsafe fn first(&self, count: usize) -> &[u8] {
        // SAFETY: the object has `length` bytes; the caller knows that these have been written.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), count.min(self.length)) }
    }

    /// The object, all of whose bytes have been written.
    pub fn into_bytes(self) -> Py<PyBytes> {
        self.bytes
    }
}

impl Destination for Memory {
    fn memory(&mut self) -> &mut [MaybeUninit<u8>] {
        // SAFETY: the object has `length` bytes and this is the only reference to it: it is handed
        // out by `into_bytes` only, and the collector does not track bytes objects.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr().cast(), self.length) }
    }
}

/// A copy of `body`.
pub fn copied(py: Python<'_>, body: &[u8]) -> PyResult<Py<PyBytes>> {
    Ok(PyBytes::new(py, body).unbind())
}

/// A whole body of known length.
pub struct Whole {
    memory: Memory,
    filled: usize,
    total: usize,
}

/// Memory of a body while the engine has it.
pub struct Filling {
    total: usize,
}

/// How far it is.
pub enum Step {
    Done(Py<PyBytes>),
    /// The memory is full, and more of the body is to come.
    More(Whole),
}

impl Whole {
    /// For the rest of a response's body, `None` when its length is not known.
    pub fn of(py: Python<'_>, response: &mut Response) -> PyResult<Option<Whole>> {
        // Of one that is too large, reading it tells.
        let size = response.whole_size().unwrap_or_default();
        let Some(total) = size.and_then(|left| usize::try_from(left).ok()) else {
            return Ok(None);
        };
        Ok(Some(Whole { memory: Memory::new(py, total.min(TRUSTED_LENGTH))?, filled: 0, total }))
    }

    /// Receives it on this thread.
    pub fn receive(
        mut self,
        py: Python<'_>,
        response: &mut Response,
    ) -> PyResult<Result<Py<PyBytes>>> {
        loop {
            let read = blocking(py, |how: Blocking<'_>| {
                let (count, result) =
                    response.read_full_uninit(&mut self.memory.memory()[self.filled..], how);
                Ok((self.filled + count, result))
            })?;
            match read.and_then(|(filled, result)| self.step(filled, result)) {
                Ok(Step::Done(bytes)) => return Ok(Ok(bytes)),
                Ok(Step::More(whole)) => self = whole.grown(py)?,
                Err(error) => return Ok(Err(error)),
            }
        }
    }

    /// Has the engine receive it.
    pub fn submit(
        self,
        response: Response,
        queue: &Arc<Queue>,
        token: u64,
    ) -> Result<(Call, Filling)> {
        let Whole { memory, filled, total } = self;
        let call = Client::submit_read_full(response, Box::new(memory), filled, queue, token)?;
        Ok((call, Filling { total }))
    }

    /// A body ends as late as it said, or fails. The first `filled` bytes have been written.
    fn step(self, filled: usize, result: Result<()>) -> Result<Step> {
        let Whole { memory, total, .. } = self;
        if let Err(error) = result {
            // SAFETY: so many were written.
            let partial = unsafe { memory.first(filled) };
            return Err(error.with_partial(partial.to_vec().into()));
        }
        match filled {
            _ if filled == total => Ok(Step::Done(memory.bytes)),
            _ if filled == memory.length => Ok(Step::More(Whole { memory, filled, total })),
            _ => {
                let text = format!("a body of {total} bytes ended after {filled}");
                Err(Error::new(ErrorKind::Internal, Phase::Body, text))
            }
        }
    }

    /// This memory with more room.
    pub fn grown(self, py: Python<'_>) -> PyResult<Whole> {
        let Whole { mut memory, filled, total } = self;
        let mut larger = Memory::new(py, filled.saturating_mul(TRUSTED_GROWTH).min(total))?;
        py.detach(|| {
            larger.memory()[..filled].copy_from_slice(&memory.memory()[..filled]);
        });
        Ok(Whole { memory: larger, filled, total })
    }
}

impl Filling {
    /// The engine gave the memory back.
    pub fn back(
        self,
        memory: Box<dyn Destination>,
        filled: usize,
        result: Result<()>,
    ) -> Result<Step> {
        let memory: Box<dyn Any> = memory;
        let memory = memory.downcast::<Memory>().map_err(|_| {
            Error::new(ErrorKind::Internal, Phase::Body, "not the memory that was given")
        })?;
        Whole { memory: *memory, filled, total: self.total }.step(filled, result)
    }
}
