//! `Client`: the exchange runs on the calling thread.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use keepalive_core::Until;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::aio::AsyncClient;
use crate::aio::loops::send_held;
use crate::blocking::blocking;
use crate::build::{build, method};
use crate::convert::{how_many, url_text};
use crate::download::{Order, order};
use crate::errors::to_python;
use crate::exchange::{by_flow, exchange};
use crate::generated::Stats;
use crate::gevent;
use crate::once::intern;
use crate::prepared::Prepared;
use crate::response::{Method, Response, SMALL_BODY};
use crate::sending::save;
use crate::shared::{PoolKeeper, Shared, open, opened};
use crate::stream::Stream;

pub fn whole(
    shared: &Arc<Shared>,
    method: &'static str,
    url: &Bound<'_, PyAny>,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<Py<Response>> {
    request(shared, Cow::Borrowed(method), url, options)
}

/// The same with arguments that may be given by their place, as requests has them.
pub fn whole_with<'py>(
    shared: &Arc<Shared>,
    method: &'static str,
    url: &Bound<'py, PyAny>,
    placed: &[(&str, Option<Bound<'py, PyAny>>)],
    options: Option<&Bound<'py, PyDict>>,
) -> PyResult<Py<Response>> {
    let mut own = None;
    for (name, value) in placed {
        let Some(value) = value else { continue };
        let options =
            own.get_or_insert_with(|| options.cloned().unwrap_or_else(|| PyDict::new(url.py())));
        options.set_item(name, value)?;
    }
    request(shared, Cow::Borrowed(method), url, own.as_ref().or(options))
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
    let mut built = build(shared, &method, url, options)?;
    let head_only = built.stream;
    built.request.set_decode_later(head_only);
    let response = exchange(py, shared, method, built, head_only)?;
    response.get().asked_by(shared, url, options);
    Ok(response)
}

/// Sends on this thread and writes the body to `path`.
pub fn download(
    shared: &Arc<Shared>,
    url: &Bound<'_, PyAny>,
    path: &Bound<'_, PyAny>,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<Py<Response>> {
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
    let Order { method, place, built } = order(shared, url, path, options)?;
    let until = Until::SmallBody(SMALL_BODY);
    let response = match Prepared::by_flow(shared, method, built, until, None, Some(&place))? {
        Ok((prepared, flow)) => by_flow(py, prepared, &flow)?,
        Err((method, built)) => Py::new(py, save(py, shared, method, built, place.target(py)?)?)?,
    };
    response.get().asked_by(shared, url, options);
    Ok(response)
}

/// An HTTP client with a keep-alive pool of its own. Any number of threads may use it at once.
///
/// Keyword options: those of the engine (``libkeepalive.OPTIONS`` lists name, default and meaning;
/// times are seconds as float, ``None`` is no limit), and ``headers``, ``params``, ``auth``, ``base_url``,
/// ``timeout``, ``default_encoding``, ``on_redirect`` and ``follow_redirects`` as defaults of its requests, which
/// can be read and changed by these names, ``event_hooks`` (``{"request": [...], "response": [...]}``), ``transport``
/// (who answers in place of servers: a function of a ``Request``, a WSGI or an ASGI application), ``profile`` (``"service"``: short
/// limits, retries and a circuit breaker for calls between services), and as httpx spells them
/// ``verify`` (a CA file) and ``cert`` (certificate and key file). ``TypeError`` names an unknown option,
/// ``InvalidArgument`` one with a value that is not allowed.
///
/// >>> with libkeepalive.Client(base_url="http://example.com", timeout=5.0, retries=2) as client:
/// ...     client.get("/users").raise_for_status().json()
/// {'path': '/users'}
#[pyclass(frozen, subclass, module = "libkeepalive", weakref)]
pub struct Client {
    /// Set by `__init__`, which a class below this one calls.
    shared: OnceLock<Arc<Shared>>,
}

impl Client {
    fn of(&self) -> PyResult<&Arc<Shared>> {
        opened(&self.shared)
    }
}

#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (*_args, **_options), text_signature = "(**options)")]
    fn new(_args: &Bound<'_, PyTuple>, _options: Option<&Bound<'_, PyDict>>) -> Self {
        Client { shared: OnceLock::new() }
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

    /// The process-wide client: one pool for all threads, event loops and module functions.
    /// Closing it only closes its idle connections.
    #[staticmethod]
    fn shared(py: Python<'_>) -> PyResult<Client> {
        Ok(Client { shared: OnceLock::from(Shared::process_wide(py)?.clone()) })
    }

    /// An ``AsyncClient`` over this client's very pool.
    #[getter]
    fn aio(&self) -> PyResult<AsyncClient> {
        Ok(AsyncClient::over(self.of()?))
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

    /// Sends a GET request to ``url``; ``params`` are added to its query. Other arguments, and errors,
    /// are those of ``request``.
    #[pyo3(signature = (url, params = None, **options))]
    fn get<'py>(
        &self,
        url: &Bound<'py, PyAny>,
        params: Option<Bound<'py, PyAny>>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Py<Response>> {
        whole_with(self.of()?, "GET", url, &[("params", params)], options)
    }

    /// Sends a HEAD request to ``url``. Other arguments, and errors,
    /// are those of ``request``.
    #[pyo3(signature = (url, **options))]
    fn head(
        &self,
        url: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<Response>> {
        whole(self.of()?, "HEAD", url, options)
    }

    /// Sends an OPTIONS request to ``url``. Other arguments, and errors,
    /// are those of ``request``.
    #[pyo3(signature = (url, **options))]
    fn options(
        &self,
        url: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<Response>> {
        whole(self.of()?, "OPTIONS", url, options)
    }

    /// Sends a POST request to ``url``; ``data`` (form fields or bytes) or ``json`` is its body.
    /// Other arguments, and errors, are those of ``request``.
    #[pyo3(signature = (url, data = None, json = None, **options))]
    fn post<'py>(
        &self,
        url: &Bound<'py, PyAny>,
        data: Option<Bound<'py, PyAny>>,
        json: Option<Bound<'py, PyAny>>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Py<Response>> {
        whole_with(self.of()?, "POST", url, &[("data", data), ("json", json)], options)
    }

    /// Sends a PUT request to ``url``; ``data`` (form fields or bytes) is its body. Other arguments, and errors,
    /// are those of ``request``.
    #[pyo3(signature = (url, data = None, **options))]
    fn put<'py>(
        &self,
        url: &Bound<'py, PyAny>,
        data: Option<Bound<'py, PyAny>>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Py<Response>> {
        whole_with(self.of()?, "PUT", url, &[("data", data)], options)
    }

    /// Sends a PATCH request to ``url``; ``data`` (form fields or bytes) is its body. Other arguments, and errors,
    /// are those of ``request``.
    #[pyo3(signature = (url, data = None, **options))]
    fn patch<'py>(
        &self,
        url: &Bound<'py, PyAny>,
        data: Option<Bound<'py, PyAny>>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Py<Response>> {
        whole_with(self.of()?, "PATCH", url, &[("data", data)], options)
    }

    /// Sends a DELETE request to ``url``. Other arguments, and errors,
    /// are those of ``request``.
    #[pyo3(signature = (url, **options))]
    fn delete(
        &self,
        url: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<Response>> {
        whole(self.of()?, "DELETE", url, options)
    }

    /// Sends a request by ``method`` to ``url`` and returns the response with its whole body.
    ///
    /// Keyword arguments, as in httpx: ``params`` (appended to the URL's query), ``headers``,
    /// ``content`` (str, bytes, any buffer, a binary file or an iterable of bytes), ``data`` (form
    /// fields), ``json``, ``files`` (multipart; a file is content or (name, content[, media type[,
    /// headers]])), ``auth`` ((user, password), an ``Auth`` such as ``DigestAuth``, or a function of a
    /// ``Request``; ``None`` switches the client's off), ``on_redirect`` (a function of the response
    /// and the URL that it leads to, which refuses by ``False`` or an exception), ``timeout``
    /// (seconds for each phase, a ``Timeout``, (connect, read), (connect, read, write, pool), or ``None`` for no
    /// limit), ``cookies`` (names and values beside those that are kept, a ``Cookies`` or
    /// ``http.cookiejar.CookieJar`` in place of the client's, ``False`` for none), ``follow_redirects``
    /// (default False), ``trailers`` (fields that follow the body; a value may be a function that tells it
    /// then), ``stream`` (True: the body is read on demand; close the response), and ``extensions``:
    /// ``target`` is ``raw_target``, ``trace`` a function that is told what happens (of an ``AsyncClient`` an
    /// asynchronous one), ``timeout`` and ``sni_hostname`` as in httpx. A header whose value is
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
    ///
    /// >>> client = libkeepalive.Client()
    /// >>> client.request("POST", "http://example.com/users", json={"name": "A"}, timeout=5.0).json()
    /// {'name': 'A'}
    #[pyo3(name = "request", signature = (method, url, **options))]
    fn request(
        &self,
        method: &Bound<'_, PyAny>,
        url: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<Response>> {
        send_named(self.of()?, method, url, options)
    }

    /// Sends a request to ``url`` and writes the body of the response to ``path``: a path, a file descriptor, or
    /// an object with ``write()``. Other arguments are those of ``request``, ``method`` (default GET), and:
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
    ///
    /// >>> libkeepalive.Client().download("http://example.com/file", "file", resume=True).saved.bytes
    /// 7
    #[pyo3(signature = (url, path, **options))]
    fn download(
        &self,
        url: &Bound<'_, PyAny>,
        path: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<Response>> {
        download(self.of()?, url, path, options)
    }

    /// ``with client.stream(method, url) as response``: the body is read on demand. The request is sent when the
    /// block is entered, and the response closed when it is left.
    ///
    /// Other arguments, and errors, are those of ``request``; while the body is read, ``HTTPError`` too.
    ///
    /// >>> with libkeepalive.Client().stream("GET", "http://example.com/file") as response:
    /// ...     list(response.iter_text())
    /// ['content']
    #[pyo3(signature = (method, url, **options))]
    fn stream(
        &self,
        method: &Bound<'_, PyAny>,
        url: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Stream> {
        Stream::of(self.of()?, method, url, options)
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
    ///
    /// >>> libkeepalive.Client().stats().opened
    /// 0
    fn stats(&self) -> PyResult<Stats> {
        Ok(Stats::of(&self.of()?.client.stats()))
    }

    /// Opens connections to the origin of ``url`` until ``count`` are idle, within the client's
    /// limits; returns how many were opened. Raises the error of the first that failed.
    ///
    /// >>> libkeepalive.Client().warm("http://example.com/", 2)
    /// 2
    #[pyo3(signature = (url, count = None), text_signature = "($self, url, count=1)")]
    fn warm(
        &self,
        py: Python<'_>,
        url: &Bound<'_, PyAny>,
        count: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<usize> {
        let url = url_text("url", url)?;
        let count = how_many(count)?;
        if let Some(pool) = gevent::pool(py)? {
            let (shared, url) = (self.of()?.clone(), url.to_string());
            return gevent::run(py, &pool, move |py| warm(py, &shared, &url, count));
        }
        warm(py, self.of()?, &url, count)
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

    /// Closes idle connections and refuses new requests; requests under way finish. The
    /// process-wide client stays usable.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let Some(shared) = self.shared.get() else { return Ok(()) };
        send_held(py)?;
        py.detach(|| shared.client.close());
        shared.closed(py)
    }

    /// Whether ``close()`` was called.
    #[getter]
    fn is_closed(&self) -> PyResult<bool> {
        Ok(self.of()?.client.is_closed())
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_raised))]
    fn __exit__(slf: &Bound<'_, Self>, _raised: &Bound<'_, PyTuple>) -> PyResult<()> {
        // What a class below this one makes of it, too.
        slf.call_method0(intern!(slf.py(), "close")).map(drop)
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let class = slf.get_type().name()?;
        Ok(slf.get().of()?.describe(class.to_str()?))
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
