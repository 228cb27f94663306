//! `AsyncClient`: the form of `Client` for asyncio and trio, over the same pool and with the same
//! arguments.

mod event_loop;
mod gather;
pub mod loops;
pub mod pending;
pub mod ready;
mod settle;
mod start;
pub mod stream;
mod trio;
mod turn;
pub mod upload;

use std::sync::{Arc, OnceLock};

use keepalive_core::Until;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::aio::pending::{Pending, Sending};
use crate::aio::stream::AsyncStream;
use crate::build::{build, method};
use crate::convert::{how_many, url_text};
use crate::download::{Order, order};
use crate::errors::to_python;
use crate::generated::Stats;
use crate::prepared::Prepared;
use crate::response::{Asked, SMALL_BODY};
use crate::shared::{PoolKeeper, Shared, open, opened};

/// An HTTP client with a keep-alive pool of its own, for asyncio and trio.
///
/// Options and arguments are those of ``Client``. It works in any event loop, in any thread, and
/// across ``asyncio.run`` and ``trio.run`` calls. A request starts when it is awaited; cancelling
/// the task or scope that awaits it cancels it and gives its connection slot back.
///
/// ::
///
///     async with libkeepalive.AsyncClient(timeout=5.0) as client:
///         response = await client.get("http://example.com/")
///         print(response.json())
#[pyclass(frozen, subclass, module = "libkeepalive", weakref)]
pub struct AsyncClient {
    /// Set by `__init__`, which a class below this one calls.
    shared: OnceLock<Arc<Shared>>,
}

impl AsyncClient {
    /// Over the pool of another client.
    pub fn over(shared: &Arc<Shared>) -> AsyncClient {
        AsyncClient { shared: OnceLock::from(shared.clone()) }
    }

    fn of(&self) -> PyResult<&Arc<Shared>> {
        opened(&self.shared)
    }

    fn sending(
        &self,
        method: &Bound<'_, PyAny>,
        url: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
        until: Until,
    ) -> PyResult<Sending> {
        let shared = self.of()?;
        let method = self::method(method)?;
        let mut built = build(shared, &method, url, options)?;
        let head_only = built.stream || until == Until::Head;
        built.request.set_decode_later(head_only);
        // Only as long as the engine has the request are its events known.
        let told = built.progress.is_some() || built.trace.is_some();
        let until = match (head_only, told) {
            (true, _) => Until::Head,
            (false, true) => Until::Body,
            (false, false) => until,
        };
        let asked = Asked::of(shared, url, options);
        Ok(Sending::of(shared, method, built, until, None, asked))
    }
}

/// Its coroutine methods are in `libkeepalive/_aio.py`; those here are what they call.
#[pymethods]
impl AsyncClient {
    #[new]
    #[pyo3(signature = (*_args, **_options), text_signature = "(**options)")]
    fn new(_args: &Bound<'_, PyTuple>, _options: Option<&Bound<'_, PyDict>>) -> Self {
        AsyncClient { shared: OnceLock::new() }
    }

    #[pyo3(signature = (**options))]
    fn __init__(&self, py: Python<'_>, options: Option<&Bound<'_, PyDict>>) -> PyResult<()> {
        open(&self.shared, py, options, None)
    }

    /// For pickle and copy: as `__init__`, on a pool of the same options of the engine.
    fn _init_beside(
        &self,
        py: Python<'_>,
        keeper: &PoolKeeper,
        options: &Bound<'_, PyDict>,
    ) -> PyResult<()> {
        open(&self.shared, py, Some(options), Some(keeper))
    }

    /// For the same: keeps the pool.
    fn _beside(&self, py: Python<'_>) -> PyResult<PoolKeeper> {
        PoolKeeper::of(py, self.of()?)
    }

    /// For the properties of `_methods.py`.
    fn _get(&self, py: Python<'_>, name: &str) -> PyResult<Py<PyAny>> {
        self.of()?.get(py, name)
    }

    fn _set(&self, py: Python<'_>, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.of()?.set(py, name, value)
    }

    /// The request that these arguments make, not sent.
    fn _prepare(
        &self,
        method: &Bound<'_, PyAny>,
        url: &Bound<'_, PyAny>,
        options: &Bound<'_, PyDict>,
    ) -> PyResult<Prepared> {
        Prepared::only(self.of()?, self::method(method)?, url, options)
    }

    /// The process-wide client, the same pool as ``Client.shared()``.
    #[staticmethod]
    fn shared(py: Python<'_>) -> PyResult<AsyncClient> {
        Ok(AsyncClient::over(Shared::process_wide(py)?))
    }

    fn _begin(
        &self,
        method: &Bound<'_, PyAny>,
        url: &Bound<'_, PyAny>,
        options: &Bound<'_, PyDict>,
    ) -> PyResult<Pending> {
        let until = Until::SmallBody(SMALL_BODY);
        let options = (!options.is_empty()).then_some(options);
        Ok(Pending::owned(self.sending(method, url, options, until)?))
    }

    fn _download(
        &self,
        url: &Bound<'_, PyAny>,
        path: &Bound<'_, PyAny>,
        options: &Bound<'_, PyDict>,
    ) -> PyResult<Pending> {
        let shared = self.of()?;
        let Order { method, place, built } = order(shared, url, path, Some(options))?;
        let asked = Asked::of(shared, url, Some(options));
        let sending = Sending::of(shared, method, built, Until::Body, Some(place), asked);
        Ok(Pending::of_request(sending))
    }

    /// ``async with client.stream(method, url) as response``: the body is read on demand. Other arguments, and
    /// errors, are those of ``Client.stream``.
    ///
    /// ::
    ///
    ///     async with client.stream("GET", "http://example.com/file") as response:
    ///         async for piece in response.aiter_bytes():
    ///             print(len(piece))
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
    fn cookies(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        Ok(self.of()?.cookies(py))
    }

    #[setter]
    fn set_cookies(&self, cookies: &Bound<'_, PyAny>) -> PyResult<()> {
        self.of()?.set_cookies(cookies)
    }

    /// Counters of the pool: a ``Stats``.
    fn stats(&self) -> PyResult<Stats> {
        Ok(Stats::of(&self.of()?.client.stats()))
    }

    fn _warm(&self, url: &Bound<'_, PyAny>, count: &Bound<'_, PyAny>) -> PyResult<Pending> {
        Ok(Pending::warm(self.of()?, &url_text("url", url)?, how_many(Some(count))?))
    }

    /// Tells that the network is another one: idle connections are closed, failures forgotten.
    fn network_changed(&self, py: Python<'_>) -> PyResult<()> {
        let shared = self.of()?;
        py.detach(|| shared.client.network_changed());
        Ok(())
    }

    /// Closes the circuit breaker of the origin of ``url``, for the whole process.
    fn reset_breaker(&self, py: Python<'_>, url: &Bound<'_, PyAny>) -> PyResult<()> {
        let reset = self.of()?.client.reset_breaker(&url_text("url", url)?);
        reset.map_err(|error| to_python(py, &error, None))
    }

    fn _close(&self, py: Python<'_>) -> PyResult<()> {
        if let Some(shared) = self.shared.get() {
            // What was asked for before is under way.
            loops::send_held(py)?;
            py.detach(|| shared.client.close());
        }
        Ok(())
    }

    /// Whether ``aclose()`` was called.
    #[getter]
    fn is_closed(&self) -> PyResult<bool> {
        Ok(self.of()?.client.is_closed())
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let class = slf.get_type().name()?;
        Ok(slf.get().of()?.describe(class.to_str()?))
    }
}
