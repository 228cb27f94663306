//! The connection of a response that switched protocols: as a socket for threads, as a stream for event
//! loops (whose coroutine methods are in `libkeepalive/_aio.py`).

use bytes::Bytes;
use keepalive_core::Destination;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::aio::pending::Pending;
use crate::blocking::blocking;
use crate::convert::{buffer, count};
use crate::errors::wrong_type;
use crate::gevent;
use crate::held::{Held, Place};
use crate::memory::{self, Memory};
use crate::timeout::limit;

/// Most bytes that one read hands over.
const MOST: usize = 256 * 1024;

fn bytes_of(data: &Bound<'_, PyAny>) -> PyResult<Bytes> {
    buffer(data)?.ok_or_else(|| wrong_type("data", "bytes", data))
}

/// The connection of a response that switched protocols (101, or 2xx to CONNECT), named as a socket's
/// methods are. It has left the client's pool; ``close()`` it, use it in a ``with`` block, or forget it.
///
/// One thread may read while another writes. Limits are at first those of the request (``read`` and
/// ``write`` of its timeout). In a forked child it is of no use, and closing it leaves the parent's.
///
/// ::
///
///     response = client.get("http://example.com/", headers={"Upgrade": "echo", "Connection": "upgrade"})
///     with response.take_stream() as stream:
///         stream.sendall(b"hello")
///         print(stream.recv(1024))
#[pyclass(frozen, module = "libkeepalive", weakref)]
pub struct UpgradedStream(Place);

impl UpgradedStream {
    pub fn of(held: Held) -> UpgradedStream {
        UpgradedStream(Place::of(held))
    }
}

#[pymethods]
impl UpgradedStream {
    /// Up to ``bufsize`` bytes, waiting for at least one; ``b""`` is the end of what the peer sends.
    ///
    /// Raises ``ReadTimeout`` (it can be read on), and ``ReadError`` for a reset and for TLS that ended
    /// without close_notify.
    fn recv(&self, py: Python<'_>, bufsize: &Bound<'_, PyAny>) -> PyResult<Py<PyBytes>> {
        let size = usize::try_from(count("bufsize", bufsize)?).unwrap_or(MOST).min(MOST);
        let held = self.0.get(py)?;
        match gevent::pool(py)? {
            Some(pool) => gevent::run(py, &pool, move |py| recv(py, &held, size)),
            None => recv(py, &held, size),
        }
    }

    /// Writes all of ``data``; returns how many bytes that is.
    fn send(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<usize> {
        let data = bytes_of(data)?;
        let (held, length) = (self.0.get(py)?, data.len());
        match gevent::pool(py)? {
            Some(pool) => gevent::run(py, &pool, move |py| send(py, &held, &data))?,
            None => send(py, &held, &data)?,
        }
        Ok(length)
    }

    /// Writes all of ``data``. After a failure, how much was sent is not known.
    fn sendall(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<()> {
        self.send(py, data).map(drop)
    }

    /// Ends the sending half (``how`` is ``socket.SHUT_WR``, the default), with TLS by close_notify: the peer reads
    /// an end, and what it sends can still be read. ``socket.SHUT_RDWR`` ends both.
    #[pyo3(signature = (how = 1))]
    fn shutdown(&self, py: Python<'_>, how: i32) -> PyResult<()> {
        let held = self.0.get(py)?;
        match how {
            1 => match gevent::pool(py)? {
                Some(pool) => gevent::run(py, &pool, move |py| end(py, &held)),
                None => end(py, &held),
            },
            2 => {
                held.stream.close();
                Ok(())
            }
            _ => Err(PyValueError::new_err(format!(
                "how: {how} cannot be shut down; expected SHUT_WR (1) or SHUT_RDWR (2)"
            ))),
        }
    }

    /// Closes it; reads and writes under way on other threads raise ``InvalidState``.
    fn close(&self) {
        self.0.close();
    }

    /// Sets how long, in seconds, a read may wait for a byte and a write until one is taken; ``timeout=None``: for
    /// ever.
    fn settimeout(&self, py: Python<'_>, timeout: &Bound<'_, PyAny>) -> PyResult<()> {
        let limit = limit("timeout", timeout)?;
        if limit.is_some_and(|limit| limit.is_zero()) {
            return Err(PyValueError::new_err(
                "timeout: 0 would never wait; expected more, or None for no limit",
            ));
        }
        self.0.get(py)?.stream.set_timeouts(limit, limit);
        Ok(())
    }

    /// How long, in seconds, a read may wait for a byte.
    fn gettimeout(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        let (read, _) = self.0.get(py)?.stream.timeouts();
        Ok(read.map(|limit| limit.as_secs_f64()))
    }

    /// The descriptor, -1 once it is closed. Without TLS it is readable when ``recv()`` would not wait,
    /// unless ``pending()`` bytes are here already; do not read it, write it or close it.
    fn fileno(&self, py: Python<'_>) -> i32 {
        self.0.fileno(py)
    }

    /// How many bytes ``recv()`` has without waiting that the descriptor does not tell of.
    fn pending(&self, py: Python<'_>) -> usize {
        self.0.pending(py)
    }

    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    #[pyo3(signature = (*_raised))]
    fn __exit__(&self, _raised: &Bound<'_, PyAny>) {
        self.close();
    }
}

fn recv(py: Python<'_>, held: &Held, size: usize) -> PyResult<Py<PyBytes>> {
    let mut room = Memory::new(py, size)?;
    let memory = room.memory();
    match blocking(py, |how| held.stream.read_uninit(memory, how))? {
        Ok(count) if count == size => Ok(room.into_bytes()),
        // SAFETY: so many were written.
        Ok(count) => memory::copied(py, unsafe { room.first(count) }),
        Err(error) => Err(held.error(py, &error)),
    }
}

fn send(py: Python<'_>, held: &Held, data: &[u8]) -> PyResult<()> {
    let sent = blocking(py, |how| held.stream.write(data, how))?;
    sent.map_err(|error| held.error(py, &error))
}

fn end(py: Python<'_>, held: &Held) -> PyResult<()> {
    let ended = blocking(py, |how| held.stream.shutdown(how))?;
    ended.map_err(|error| held.error(py, &error))
}

/// The connection of a response that switched protocols (101, or 2xx to CONNECT), for asyncio and trio,
/// with the methods of trio's ``HalfCloseableStream``. It has left the client's pool; ``aclose()`` it, use
/// it in an ``async with`` block, or forget it.
///
/// One task may read while another writes. There is no limit of time: use ``asyncio.timeout()`` or a cancel
/// scope. A read that is cancelled loses nothing, a write may have sent some of its data.
///
/// ::
///
///     response = await client.get("http://example.com/", headers={"Upgrade": "echo", "Connection": "upgrade"})
///     async with response.take_async_stream() as stream:
///         await stream.send_all(b"hello")
///         print(await stream.receive_some())
#[pyclass(frozen, module = "libkeepalive", weakref)]
pub struct AsyncUpgradedStream(Place);

impl AsyncUpgradedStream {
    pub fn of(held: Held) -> AsyncUpgradedStream {
        held.stream.set_timeouts(None, None);
        AsyncUpgradedStream(Place::of(held))
    }
}

#[pymethods]
impl AsyncUpgradedStream {
    /// Waits until bytes are at hand, or the end.
    fn _ready(&self, py: Python<'_>, most: &Bound<'_, PyAny>) -> PyResult<Pending> {
        if count("max_bytes", most)? == 0 {
            return Err(PyValueError::new_err("max_bytes: 0 is not a size; expected 1 or more"));
        }
        Ok(Pending::stream_ready(self.0.get(py)?))
    }

    /// Takes what is at hand; `None` when somebody else has taken it.
    fn _take(&self, py: Python<'_>, most: u64) -> PyResult<Option<Py<PyBytes>>> {
        let held = self.0.get(py)?;
        match held.stream.read_now(usize::try_from(most).unwrap_or(usize::MAX)) {
            Some(Ok(piece)) => memory::copied(py, &piece.unwrap_or_default()).map(Some),
            Some(Err(error)) => Err(held.error(py, &error)),
            None => Ok(None),
        }
    }

    fn _write(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Pending> {
        Ok(Pending::stream_write(self.0.get(py)?, bytes_of(data)?))
    }

    fn _end(&self, py: Python<'_>) -> PyResult<Pending> {
        Ok(Pending::stream_end(self.0.get(py)?))
    }

    /// Closes it at once; reads and writes under way raise ``InvalidState``.
    fn close(&self) {
        self.0.close();
    }

    /// The descriptor, -1 once it is closed; do not read it, write it or close it.
    fn fileno(&self, py: Python<'_>) -> i32 {
        self.0.fileno(py)
    }
}
