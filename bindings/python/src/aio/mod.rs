//! `AsyncClient`: the form of `Client` for asyncio and trio, over the same pool and with the same
//! arguments.

pub mod event_loop;
pub mod pending;
pub mod ready;
mod settle;
pub mod stream;
mod trio;
pub mod upload;

use std::borrow::Cow;
use std::sync::Arc;

use keepalive_core::Until;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::aio::pending::{Pending, Sending};
use crate::aio::ready::Ready;
use crate::aio::stream::AsyncStream;
use crate::build::{Built, build, method};
use crate::convert::text;
use crate::errors::to_python;
use crate::info::Stats;
use crate::response::{Method, SMALL_BODY};
use crate::shared::Shared;

/// An HTTP client with a keep-alive pool of its own, for asyncio and trio.
///
/// Options and arguments are those of ``Client``. It works in any event loop, in any thread, and
/// across ``asyncio.run`` and ``trio.run`` calls. A request starts when it is awaited; cancelling
/// the task or scope that awaits it cancels it and gives its connection slot back.
#[pyclass(frozen, module = "libkeepalive", weakref)]
pub struct AsyncClient {
    shared: Arc<Shared>,
}

impl AsyncClient {
    /// Over the pool of another client.
    pub fn over(shared: &Arc<Shared>) -> AsyncClient {
        AsyncClient { shared: shared.clone() }
    }

    fn sending(
        &self,
        method: Method,
        url: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
        until: Until,
    ) -> PyResult<Sending> {
        let Built { request, source } = build(&self.shared, &method, url, options)?;
        let source = source.map(Bound::unbind);
        Ok(Sending { shared: self.shared.clone(), request, method, source, until, owner: None })
    }

    fn whole<'py>(
        &self,
        method: &'static str,
        url: &Bound<'py, PyAny>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = url.py();
        let sending =
            self.sending(Cow::Borrowed(method), url, options, Until::SmallBody(SMALL_BODY))?;
        Pending::send_request(py, sending)
    }
}

#[pymethods]
impl AsyncClient {
    #[new]
    #[pyo3(signature = (**options))]
    fn new(options: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        Ok(AsyncClient { shared: Shared::from_options(options)? })
    }

    /// The process-wide client, the same pool as ``Client.shared()``.
    #[staticmethod]
    fn shared(py: Python<'_>) -> PyResult<AsyncClient> {
        Ok(AsyncClient { shared: Shared::process_wide(py)?.clone() })
    }

    /// Sends a GET request. Arguments as of ``request``.
    #[pyo3(signature = (url, **options))]
    fn get<'py>(
        &self,
        url: &Bound<'py, PyAny>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.whole("GET", url, options)
    }

    /// Sends a HEAD request. Arguments as of ``request``.
    #[pyo3(signature = (url, **options))]
    fn head<'py>(
        &self,
        url: &Bound<'py, PyAny>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.whole("HEAD", url, options)
    }

    /// Sends an OPTIONS request. Arguments as of ``request``.
    #[pyo3(signature = (url, **options))]
    fn options<'py>(
        &self,
        url: &Bound<'py, PyAny>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.whole("OPTIONS", url, options)
    }

    /// Sends a POST request. Arguments as of ``request``.
    #[pyo3(signature = (url, **options))]
    fn post<'py>(
        &self,
        url: &Bound<'py, PyAny>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.whole("POST", url, options)
    }

    /// Sends a PUT request. Arguments as of ``request``.
    #[pyo3(signature = (url, **options))]
    fn put<'py>(
        &self,
        url: &Bound<'py, PyAny>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.whole("PUT", url, options)
    }

    /// Sends a PATCH request. Arguments as of ``request``.
    #[pyo3(signature = (url, **options))]
    fn patch<'py>(
        &self,
        url: &Bound<'py, PyAny>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.whole("PATCH", url, options)
    }

    /// Sends a DELETE request. Arguments as of ``request``.
    #[pyo3(signature = (url, **options))]
    fn delete<'py>(
        &self,
        url: &Bound<'py, PyAny>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.whole("DELETE", url, options)
    }

    /// Sends a request; await it for the response with its whole body.
    ///
    /// Arguments and errors are those of ``Client.request``; ``content`` may also be an async
    /// iterable of bytes.
    #[pyo3(name = "request", signature = (method, url, **options))]
    fn request<'py>(
        &self,
        py: Python<'py>,
        method: &Bound<'py, PyAny>,
        url: &Bound<'py, PyAny>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let method = self::method(method)?.into_owned().into();
        let sending = self.sending(method, url, options, Until::SmallBody(SMALL_BODY))?;
        Pending::send_request(py, sending)
    }

    /// ``async with client.stream(method, url) as response``: the body is read on demand.
    #[pyo3(signature = (method, url, **options))]
    fn stream(
        &self,
        method: &Bound<'_, PyAny>,
        url: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<AsyncStream> {
        let method = self::method(method)?.into_owned().into();
        Ok(AsyncStream::of(self.sending(method, url, options, Until::Head)?))
    }

    /// Counters of the pool.
    fn stats(&self) -> Stats {
        self.shared.client.stats().into()
    }

    /// Opens connections to the origin of ``url`` until ``count`` are idle, within the client's
    /// limits; await it for how many were opened. Raises the error of the first that failed.
    #[pyo3(signature = (url, count = 1))]
    fn warm<'py>(&self, url: &Bound<'py, PyAny>, count: usize) -> PyResult<Bound<'py, PyAny>> {
        Pending::warm(url.py(), &self.shared, text("url", url)?, count)
    }

    /// Tells that the network is another one: idle connections are closed, failures forgotten.
    fn network_changed(&self, py: Python<'_>) {
        py.detach(|| self.shared.client.network_changed());
    }

    /// Closes the circuit breaker of the origin of ``url``, for the whole process.
    fn reset_breaker(&self, py: Python<'_>, url: &Bound<'_, PyAny>) -> PyResult<()> {
        let reset = self.shared.client.reset_breaker(text("url", url)?);
        reset.map_err(|error| to_python(py, &error, None))
    }

    /// Closes idle connections and refuses new requests; requests under way finish. The
    /// process-wide client stays usable.
    fn aclose<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.shared.client.close();
        Ready::of(py, py.None())
    }

    /// Whether ``aclose()`` was called.
    #[getter]
    fn is_closed(&self) -> bool {
        self.shared.client.is_closed()
    }

    fn __aenter__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Ready::of(slf.py(), slf.clone().into_any().unbind())
    }

    #[pyo3(signature = (*_raised))]
    fn __aexit__<'py>(
        &self,
        py: Python<'py>,
        _raised: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.aclose(py)
    }

    fn __repr__(&self) -> String {
        self.shared.describe("AsyncClient")
    }
}
