//! `AsyncClient`: the form of `Client` for asyncio and trio, over the same pool and with the same
//! arguments.

mod event_loop;
mod loops;
pub mod pending;
pub mod ready;
mod settle;
mod start;
pub mod stream;
mod trio;
pub mod upload;

use std::sync::Arc;

use keepalive_core::Until;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::aio::pending::{Pending, Sending};
use crate::aio::stream::AsyncStream;
use crate::build::{Built, build, method};
use crate::convert::{how_many, text};
use crate::download::{Order, not_streamed, order, without_flow};
use crate::errors::to_python;
use crate::generated::Stats;
use crate::response::SMALL_BODY;
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
        method: &Bound<'_, PyAny>,
        url: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
        until: Until,
    ) -> PyResult<Sending> {
        let method = self::method(method)?;
        let Built { mut request, source, flow, on_redirect, progress } =
            build(&self.shared, &method, url, options)?;
        if until == Until::Head {
            not_streamed(progress.as_ref())?;
            request.set_decode_later(true);
        }
        without_flow(&flow, progress.is_some())?;
        // Only as long as the engine has the request are its events known.
        let until = if progress.is_some() { Until::Body } else { until };
        let (shared, source) = (self.shared.clone(), source.map(Bound::unbind));
        let (owner, to) = (None, None);
        Ok(Sending {
            shared,
            request,
            method,
            source,
            flow,
            on_redirect,
            until,
            owner,
            progress,
            to,
        })
    }
}

/// Its coroutine methods are in `libkeepalive/_aio.py`; those here are what they call.
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

    fn _begin(
        &self,
        method: &Bound<'_, PyAny>,
        url: &Bound<'_, PyAny>,
        options: &Bound<'_, PyDict>,
    ) -> PyResult<Pending> {
        let until = Until::SmallBody(SMALL_BODY);
        let options = (!options.is_empty()).then_some(options);
        Ok(Pending::of_request(self.sending(method, url, options, until)?))
    }

    fn _download(
        &self,
        url: &Bound<'_, PyAny>,
        path: &Bound<'_, PyAny>,
        options: &Bound<'_, PyDict>,
    ) -> PyResult<Pending> {
        let Order { method, to, built } = order(&self.shared, url, path, Some(options))?;
        let Built { request, source, flow, on_redirect, progress } = built;
        let (shared, source) = (self.shared.clone(), source.map(Bound::unbind));
        let (until, owner, to) = (Until::Body, None, Some(to));
        let sending = Sending {
            shared,
            request,
            method,
            source,
            flow,
            on_redirect,
            until,
            owner,
            progress,
            to,
        };
        Ok(Pending::of_request(sending))
    }

    /// ``async with client.stream(method, url) as response``: the body is read on demand.
    #[pyo3(signature = (method, url, **options))]
    fn stream(
        &self,
        method: &Bound<'_, PyAny>,
        url: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<AsyncStream> {
        Ok(AsyncStream::of(self.sending(method, url, options, Until::Head)?))
    }

    /// The cookies that the client keeps: a ``Cookies``; ``None`` when it keeps none. What is set here
    /// replaces them.
    #[getter]
    fn cookies(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.shared.cookies(py)
    }

    #[setter]
    fn set_cookies(&self, cookies: &Bound<'_, PyAny>) -> PyResult<()> {
        self.shared.set_cookies(cookies)
    }

    /// Counters of the pool.
    fn stats(&self) -> Stats {
        Stats::of(&self.shared.client.stats())
    }

    fn _warm(&self, url: &Bound<'_, PyAny>, count: &Bound<'_, PyAny>) -> PyResult<Pending> {
        Ok(Pending::warm(&self.shared, text("url", url)?, how_many(Some(count))?))
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

    fn _close(&self, py: Python<'_>) {
        py.detach(|| self.shared.client.close());
    }

    /// Whether ``aclose()`` was called.
    #[getter]
    fn is_closed(&self) -> bool {
        self.shared.client.is_closed()
    }

    fn __repr__(&self) -> String {
        self.shared.describe("AsyncClient")
    }
}
