//! `Client`: the exchange runs on the calling thread.

use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use keepalive_core::Until;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::aio::AsyncClient;
use crate::auth;
use crate::blocking::blocking;
use crate::build::{Built, build, method};
use crate::convert::{how_many, text};
use crate::download::{Order, To, not_streamed, order, without_flow};
use crate::errors::{of_class, to_python};
use crate::generated::Stats;
use crate::gevent;
use crate::prepared::Prepared;
use crate::response::{Method, Response, SMALL_BODY};
use crate::sending::{Callers, send};
use crate::shared::Shared;

/// Sends on this thread, by the flow of its `auth`, if it has one.
fn exchange(
    py: Python<'_>,
    shared: &Arc<Shared>,
    method: Method,
    built: Built<'_>,
    head_only: bool,
) -> PyResult<Py<Response>> {
    without_flow(&built.flow, built.progress.is_some())?;
    let Built { request, source, flow: Some(flow), on_redirect, .. } = built else {
        return Py::new(py, send(py, shared, method, built, head_only)?);
    };
    let prepared = Prepared {
        shared: shared.clone(),
        request,
        method,
        source: Mutex::new(source.map(Bound::unbind)),
        on_redirect,
        until: if head_only { Until::Head } else { Until::SmallBody(SMALL_BODY) },
        owner: None,
    };
    let prepared = Bound::new(py, prepared)?.into_any();
    Ok(auth::run(py, &prepared, &flow)?.cast_into::<Response>()?.unbind())
}

pub fn whole(
    shared: &Arc<Shared>,
    method: &'static str,
    url: &Bound<'_, PyAny>,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<Py<Response>> {
    request(shared, Cow::Borrowed(method), url, options)
}

fn request(
    shared: &Arc<Shared>,
    method: Method,
    url: &Bound<'_, PyAny>,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<Py<Response>> {
    let py = url.py();
    if let Some(pool) = gevent::pool(py)? {
        let (shared, url) = (shared.clone(), url.clone().unbind());
        let options = options.map(|options| options.clone().unbind());
        return gevent::run(py, &pool, move |py| {
            request(&shared, method, url.bind(py), options.as_ref().map(|it| it.bind(py)))
        });
    }
    let built = build(shared, &method, url, options)?;
    exchange(py, shared, method, built, false)
}

/// Sends on this thread and writes the body to `path`.
pub fn download(
    shared: &Arc<Shared>,
    url: &Bound<'_, PyAny>,
    path: &Bound<'_, PyAny>,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<Response> {
    let py = url.py();
    if let Some(pool) = gevent::pool(py)? {
        let shared = shared.clone();
        let (url, path) = (url.clone().unbind(), path.clone().unbind());
        let options = options.map(|options| options.clone().unbind());
        return gevent::run(py, &pool, move |py| {
            let options = options.as_ref().map(|options| options.bind(py));
            download(&shared, url.bind(py), path.bind(py), options)
        });
    }
    let Order { method, to, built } = order(shared, url, path, options)?;
    let (request, mut callers) = Callers::attach(py, built)?;
    let To { download, raised } = to;
    let result = blocking(py, |how| shared.client.download(&request, download, how));
    if let Some(raised) = callers.end(py).or_else(|| raised.take()) {
        return Err(raised);
    }
    match result? {
        Ok(response) => Ok(Response::whole(response, method)),
        Err(error) => Err(callers.error(py, &error, &request)),
    }
}

/// An HTTP client with a keep-alive pool of its own. Any number of threads may use it at once.
///
/// Keyword options: those of the engine (``libkeepalive.OPTIONS`` lists name, default and meaning;
/// times are seconds as float, ``None`` is no limit), and ``headers``, ``auth``, ``base_url``,
/// ``timeout``, ``on_redirect`` and ``follow_redirects`` as defaults of its requests, ``profile`` (``"service"``: short
/// limits, retries and a circuit breaker for calls between services), and as httpx spells them
/// ``verify`` (a CA file) and ``cert`` (certificate and key file). ``TypeError`` names an unknown option,
/// ``InvalidArgument`` one with a value that is not allowed.
#[pyclass(frozen, module = "libkeepalive", weakref)]
pub struct Client {
    shared: Arc<Shared>,
}

#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (**options))]
    fn new(options: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        Ok(Client { shared: Shared::from_options(options)? })
    }

    /// The process-wide client: one pool for all threads, event loops and module functions.
    /// Closing it only closes its idle connections.
    #[staticmethod]
    fn shared(py: Python<'_>) -> PyResult<Client> {
        Ok(Client { shared: Shared::process_wide(py)?.clone() })
    }

    /// An ``AsyncClient`` over this client's very pool.
    #[getter]
    fn aio(&self) -> AsyncClient {
        AsyncClient::over(&self.shared)
    }

    /// Sends a GET request. Arguments as of ``request``.
    #[pyo3(signature = (url, **options))]
    fn get(
        &self,
        url: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<Response>> {
        whole(&self.shared, "GET", url, options)
    }

    /// Sends a HEAD request. Arguments as of ``request``.
    #[pyo3(signature = (url, **options))]
    fn head(
        &self,
        url: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<Response>> {
        whole(&self.shared, "HEAD", url, options)
    }

    /// Sends an OPTIONS request. Arguments as of ``request``.
    #[pyo3(signature = (url, **options))]
    fn options(
        &self,
        url: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<Response>> {
        whole(&self.shared, "OPTIONS", url, options)
    }

    /// Sends a POST request. Arguments as of ``request``.
    #[pyo3(signature = (url, **options))]
    fn post(
        &self,
        url: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<Response>> {
        whole(&self.shared, "POST", url, options)
    }

    /// Sends a PUT request. Arguments as of ``request``.
    #[pyo3(signature = (url, **options))]
    fn put(
        &self,
        url: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<Response>> {
        whole(&self.shared, "PUT", url, options)
    }

    /// Sends a PATCH request. Arguments as of ``request``.
    #[pyo3(signature = (url, **options))]
    fn patch(
        &self,
        url: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<Response>> {
        whole(&self.shared, "PATCH", url, options)
    }

    /// Sends a DELETE request. Arguments as of ``request``.
    #[pyo3(signature = (url, **options))]
    fn delete(
        &self,
        url: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<Response>> {
        whole(&self.shared, "DELETE", url, options)
    }

    /// Sends a request and returns the response with its whole body.
    ///
    /// Keyword arguments, as in httpx: ``params`` (appended to the URL's query), ``headers``,
    /// ``content`` (str, bytes, any buffer, a binary file or an iterable of bytes), ``data`` (form
    /// fields), ``json``, ``files`` (multipart; a file is content or (name, content[, media type[,
    /// headers]])), ``auth`` ((user, password), an ``Auth`` such as ``DigestAuth``, or a function of a
    /// ``Request``; ``None`` switches the client's off), ``on_redirect`` (a function of the response
    /// and the URL that it leads to, which refuses by ``False`` or an exception), ``timeout``
    /// (seconds for each phase, a ``Timeout``, or ``None`` for no limit), ``cookies`` (names and values beside
    /// those that are kept, a ``Cookies`` or ``http.cookiejar.CookieJar`` in place of the client's, ``False`` for
    /// none), ``follow_redirects``
    /// (default False), and ``extensions``, of which ``target`` is ``raw_target``. A header whose value is
    /// ``None`` is not sent, also one that would be by default. ``raw_target`` (bytes or str) is sent as
    /// the request target byte for byte, in place of the URL's path and query; ``decode=False`` leaves
    /// the body as it comes. ``None`` for any other is as if it were left out.
    ///
    /// A body that can be produced again is sent again by replays, retries and redirects: bytes,
    /// lists and tuples of bytes, seekable files (from where they stood), iterables that give a fresh
    /// iterator each time, and forms of these. A generator is sent once. Files are streamed, at most
    /// 256 KiB at a time in memory, with the length they have.
    ///
    /// Raises ``TypeError`` for an unknown argument or wrong type, ``InvalidURL``,
    /// ``InvalidArgument`` or ``InvalidState`` for misuse, and ``HTTPError`` when the request fails;
    /// what the source of a streamed body or a signal handler raises comes through. HTTP statuses
    /// are never errors here; see ``Response.raise_for_status``.
    #[pyo3(name = "request", signature = (method, url, **options))]
    fn request(
        &self,
        method: &Bound<'_, PyAny>,
        url: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<Response>> {
        send_named(&self.shared, method, url, options)
    }

    /// Sends a request and writes the body of the response to ``path``: a path, a file descriptor, or an
    /// object with ``write()``. Arguments as of ``request``, with ``method`` (default GET), and:
    ///
    /// ``fsync`` (default False): the file is on the disk before the call ends. ``resume`` (default
    /// False): what came before a failure stays as ``PATH.part`` and is gone on with by the next call for
    /// the same URL and path. ``progress``: called with a ``Progress``; ``True``, ``"tqdm"`` or ``"rich"``
    /// show a bar.
    ///
    /// A path gets the whole body or keeps what it had: it is written beside and put in its place.
    /// Descriptors and objects are written to in place. Where the connection breaks, the rest is asked for,
    /// if the request is a GET and the response had a strong validator; a file is never made of two
    /// versions. ``response.saved`` tells what was written; it is ``None`` when nothing was, as for a status
    /// that is not 2xx: call ``raise_for_status()``.
    ///
    /// Raises what ``request`` does, ``FileFailed`` and ``ResumeFailed``; what ``write()`` or ``progress``
    /// raises comes through.
    #[pyo3(signature = (url, path, **options))]
    fn download(
        &self,
        url: &Bound<'_, PyAny>,
        path: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Response> {
        download(&self.shared, url, path, options)
    }

    /// ``with client.stream(method, url) as response``: the body is read on demand. Arguments as of
    /// ``request``; the request is sent when the block is entered, and closed when it is left.
    #[pyo3(signature = (method, url, **options))]
    fn stream(
        &self,
        method: &Bound<'_, PyAny>,
        url: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Stream> {
        Stream::of(&self.shared, method, url, options)
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

    /// Opens connections to the origin of ``url`` until ``count`` are idle, within the client's
    /// limits; returns how many were opened. Raises the error of the first that failed.
    #[pyo3(signature = (url, count = None), text_signature = "($self, url, count=1)")]
    fn warm(
        &self,
        py: Python<'_>,
        url: &Bound<'_, PyAny>,
        count: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<usize> {
        let url = text("url", url)?;
        let count = how_many(count)?;
        if let Some(pool) = gevent::pool(py)? {
            let (shared, url) = (self.shared.clone(), url.to_string());
            return gevent::run(py, &pool, move |py| warm(py, &shared, &url, count));
        }
        warm(py, &self.shared, url, count)
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
    fn close(&self, py: Python<'_>) {
        py.detach(|| self.shared.client.close());
    }

    /// Whether ``close()`` was called.
    #[getter]
    fn is_closed(&self) -> bool {
        self.shared.client.is_closed()
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_raised))]
    fn __exit__(&self, py: Python<'_>, _raised: &Bound<'_, PyTuple>) {
        self.close(py);
    }

    fn __repr__(&self) -> String {
        self.shared.describe("Client")
    }
}

fn warm(py: Python<'_>, shared: &Shared, url: &str, count: usize) -> PyResult<usize> {
    let opened = blocking(py, |how| shared.client.warm(url, count, how))?;
    opened.map_err(|error| to_python(py, &error, None))
}

pub fn send_named(
    shared: &Arc<Shared>,
    method: &Bound<'_, PyAny>,
    url: &Bound<'_, PyAny>,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<Py<Response>> {
    request(shared, self::method(method)?, url, options)
}

/// What `stream()` returns: sends when entered, closes the response when left.
#[pyclass(frozen, module = "libkeepalive")]
pub struct Stream {
    shared: Arc<Shared>,
    unsent: Mutex<Option<Unsent>>,
    response: Mutex<Option<Py<Response>>>,
}

struct Unsent {
    method: Method,
    request: keepalive_core::Request,
    source: Option<Py<PyAny>>,
    flow: Option<Py<PyAny>>,
    on_redirect: Option<Py<PyAny>>,
}

impl Stream {
    pub fn of(
        shared: &Arc<Shared>,
        method: &Bound<'_, PyAny>,
        url: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Stream> {
        let method = self::method(method)?;
        let Built { mut request, source, flow, on_redirect, progress } =
            build(shared, &method, url, options)?;
        not_streamed(progress.as_ref())?;
        request.set_decode_later(true);
        let source = source.map(Bound::unbind);
        let unsent = Unsent { method, request, source, flow, on_redirect };
        Ok(Stream {
            shared: shared.clone(),
            unsent: Mutex::new(Some(unsent)),
            response: Mutex::new(None),
        })
    }
}

#[pymethods]
impl Stream {
    fn __enter__(&self, py: Python<'_>) -> PyResult<Py<Response>> {
        let unsent = self.unsent.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        let Some(Unsent { method, request, source, flow, on_redirect }) = unsent else {
            return Err(of_class(py, "InvalidState", "this stream() was entered before"));
        };
        let shared = self.shared.clone();
        let enter = move |py: Python<'_>| {
            let source = source.map(|source| source.into_bound(py));
            let built = Built { request, source, flow, on_redirect, progress: None };
            exchange(py, &shared, method, built, true)
        };
        let response = match gevent::pool(py)? {
            Some(pool) => gevent::run(py, &pool, enter)?,
            None => enter(py)?,
        };
        *self.response.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) =
            Some(response.clone_ref(py));
        Ok(response)
    }

    #[pyo3(signature = (*_raised))]
    fn __exit__(&self, _raised: &Bound<'_, PyTuple>) {
        let response = self.response.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        if let Some(response) = response {
            response.get().close();
        }
    }
}
