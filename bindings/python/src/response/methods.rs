//! The Python attributes and methods of `Response`.

use std::sync::atomic::Ordering;

use keepalive_core::{Response as CoreResponse, Timings as CoreTimings, Version, next_request};
use pyo3::exceptions::{PyLookupError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};

use crate::aio::pending::Pending;
use crate::aio::ready::Ready;
use crate::cookies;
use crate::errors::{of_class, status_error};
use crate::generated::Info;
use crate::gevent;
use crate::headers::{Headers, latin1_text};
use crate::once::PyOnceLock;
use crate::once::intern;
use crate::pieces;
use crate::progress::Saved;
use crate::response::iterate::{iterate, read_rest};
use crate::response::made::{self, Given, heads, models};
use crate::response::{Response, Slot, owned};
use crate::upgraded::{AsyncUpgradedStream, UpgradedStream};

#[pymethods]
impl Response {
    #[new]
    #[pyo3(signature = (status_code, headers = None, content = None, *, text = None, html = None,
                        json = None, stream = None, request = None, history = None,
                        extensions = None, default_encoding = None))]
    #[allow(clippy::too_many_arguments)] // as httpx has them
    fn new(
        py: Python<'_>,
        status_code: u16,
        headers: Option<&Bound<'_, PyAny>>,
        content: Option<&Bound<'_, PyAny>>,
        text: Option<&Bound<'_, PyAny>>,
        html: Option<&Bound<'_, PyAny>>,
        json: Option<&Bound<'_, PyAny>>,
        stream: Option<&Bound<'_, PyAny>>,
        request: Option<Py<PyAny>>,
        history: Option<&Bound<'_, PyAny>>,
        extensions: Option<Py<PyDict>>,
        default_encoding: Option<Py<PyAny>>,
    ) -> PyResult<Response> {
        let message = (status_code, headers, content, text, html, json, stream);
        made::new(py, Given { message, request, history, extensions, default_encoding })
    }

    /// 100 to 999.
    #[getter]
    fn status_code(&self) -> u16 {
        self.status
    }

    /// The reason phrase as sent; may be empty.
    #[getter]
    fn reason_phrase<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        Ok(latin1_text(py, &self.facts(py)?.reason))
    }

    /// ``"HTTP/1.1"`` or ``"HTTP/1.0"``.
    #[getter]
    fn http_version(&self, py: Python<'_>) -> PyResult<&'static str> {
        Ok(match self.facts(py)?.version {
            Version::Http10 => "HTTP/1.0",
            Version::Http11 => "HTTP/1.1",
        })
    }

    /// The header fields.
    #[getter]
    fn headers(&self, py: Python<'_>) -> PyResult<Py<Headers>> {
        Ok(self.facts(py)?.headers.clone_ref(py))
    }

    /// The cookies that this response set: a ``Cookies`` of its own.
    #[getter]
    fn cookies<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let facts = self.facts(py)?;
        let set = self.all_of(py, b"set-cookie")?;
        cookies::of_response(py, &facts.url, set.iter())
    }

    /// The trailer fields; empty until the body was read to its end.
    #[getter]
    fn trailers(&self) -> Headers {
        match &*self.slot() {
            Slot::Here(response) => Headers::of(response.trailers().map(owned).unwrap_or_default()),
            _ => Headers::of(Vec::new()),
        }
    }

    /// The URL it is from, after redirects; without userinfo and fragment.
    #[getter]
    fn url<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let facts = self.facts(py)?;
        if facts.url.is_empty()
            && let Some(request) = self.bound(py)
        {
            return request.getattr(intern!(py, "url"));
        }
        Ok(PyString::new(py, &facts.url).into_any())
    }

    /// The request that was answered: a ``Request`` with its method, URL, header fields and, if it was in
    /// memory, content. After redirects it is the last one. ``InvalidState`` of a response that a program
    /// made without one.
    #[getter]
    fn request<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if let Some(request) = self.bound(py) {
            return Ok(request);
        }
        let facts = self.facts(py)?;
        let Some(line) = self.line().filter(|line| !line.method.is_empty()) else {
            return Err(of_class(py, "InvalidState", "the response has no request"));
        };
        let asked = self.asked.get().map(|asked| asked.view(py, &self.method));
        let asked = asked.transpose()?.flatten();
        let followed = facts.followed.is_some();
        let made =
            models(py)?.call_method1("answered", (&*line.method, &*line.url, asked, followed))?;
        let keep = made.clone().unbind();
        Ok(self.extra(|extra| extra.request.get_or_insert(keep).clone_ref(py)).into_bound(py))
    }

    /// How the exchange went: connection, replays, redirects, seconds by phase.
    #[getter]
    fn info(&self, py: Python<'_>) -> PyResult<Info> {
        let facts = self.facts(py)?;
        let now = match &*self.slot() {
            Slot::Here(response) => Some((response.info(), response.timings())),
            _ => None,
        };
        let (info, timings) =
            now.as_ref().map_or((&facts.info, &facts.timings), |(info, timings)| (info, timings));
        Info::of(py, info, timings, facts.tls.as_ref(), heads(py, &facts.informational)?)
    }

    /// From the call to the response head, as a ``timedelta``.
    #[getter]
    fn elapsed<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        static TIMEDELTA: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let CoreTimings { total, receive, .. } = self.facts(py)?.timings;
        let total = total.saturating_sub(receive);
        let parts = (0, total.as_secs(), total.subsec_micros());
        TIMEDELTA.import(py, "datetime", "timedelta")?.call1(parts)
    }

    /// What ``download()`` wrote of the body; ``None`` when it wrote nothing, and of other requests.
    #[getter]
    fn saved(&self) -> Option<Saved> {
        match &*self.slot() {
            Slot::Here(response) => response.saved().map(Saved::of),
            _ => None,
        }
    }

    /// Whether the status is 2xx.
    #[getter]
    fn is_success(&self) -> bool {
        self.status / 100 == 2
    }

    /// Whether the status is 4xx or 5xx.
    #[getter]
    fn is_error(&self) -> bool {
        matches!(self.status / 100, 4 | 5)
    }

    /// Whether the status is 301, 302, 303, 307 or 308 and there is a Location.
    #[getter]
    fn is_redirect(&self, py: Python<'_>) -> PyResult<bool> {
        let redirect = matches!(self.status, 301 | 302 | 303 | 307 | 308);
        Ok(redirect && !self.all_of(py, b"location")?.is_empty())
    }

    /// The request that the redirect leads to, for ``client.send()``; ``None`` if the response leads nowhere.
    #[getter]
    fn next_request<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let (this, py) = (slf.get(), slf.py());
        let facts = this.facts(py)?;
        let locations = this.all_of(py, b"location")?;
        let url: String = this.url(py)?.extract()?;
        let method = match this.bound(py) {
            Some(request) => request.getattr(intern!(py, "method"))?.extract()?,
            None => this.answered(facts).to_string(),
        };
        let locations = locations.iter().map(|value| &**value);
        let next = next_request((&method, &url), this.status, locations);
        let Some((method, url)) = next else { return Ok(None) };
        models(py)?.call_method1("following", (slf, method, url)).map(Some)
    }

    /// The responses that led here by redirects, the first one first, without their bodies; the last 64.
    #[getter]
    fn history<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        if let Some(own) = self.has_extra(|extra| Some(extra.history.as_ref()?.clone_ref(py))) {
            return Ok(own.into_bound(py));
        }
        let facts = self.facts(py)?;
        let list = facts.history.get_or_try_init(py, || {
            let hops = facts.hops.iter().map(|hop| {
                let method = hop.method().to_string();
                Bound::new(py, Response::whole(CoreResponse::from(&**hop), method.into()))
            });
            PyList::new(py, hops.collect::<PyResult<Vec<_>>>()?).map(Bound::unbind)
        })?;
        Ok(list.bind(py).clone())
    }

    /// Whether the body was read to its end or the response was closed.
    #[getter]
    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// The body as bytes, decoded from gzip, deflate, br or zstd.
    #[getter]
    fn content(&self, py: Python<'_>) -> PyResult<Py<PyBytes>> {
        Ok(self.body(py)?.clone_ref(py))
    }

    /// The charset of Content-Type, or ``"utf-8"``; set it to read ``text`` differently.
    #[getter]
    fn encoding(&self, py: Python<'_>) -> PyResult<String> {
        let set = self.encoding.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
        match set {
            Some(encoding) => Ok(encoding),
            None => match self.charset(py)? {
                Some(charset) => Ok(charset),
                None => self.default_encoding(py),
            },
        }
    }

    #[setter]
    fn set_encoding(&self, encoding: String) {
        *self.encoding.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(encoding);
    }

    /// The body as text; bytes that do not decode become U+FFFD, an unknown charset is read as UTF-8.
    #[getter]
    fn text<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let body = self.body(py)?.bind(py);
        let decode =
            |encoding: &str| body.call_method1(intern!(py, "decode"), (encoding, "replace"));
        match decode(&self.encoding(py)?) {
            // Unknown, not from bytes to text, or without a way to replace what does not decode.
            Err(error)
                if error.is_instance_of::<PyLookupError>(py)
                    || error.is_instance_of::<PyValueError>(py) =>
            {
                decode("utf-8")
            }
            result => result,
        }
    }

    /// The body parsed as JSON; keyword arguments go to ``json.loads``.
    #[pyo3(signature = (**options))]
    fn json<'py>(
        &self,
        py: Python<'py>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        static LOADS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let body = self.body(py)?.bind(py);
        LOADS.import(py, "json", "loads")?.call((body,), options)
    }

    /// Returns the response if its status is 2xx, else raises ``HTTPStatusError``.
    fn raise_for_status(slf: Bound<'_, Self>) -> PyResult<Bound<'_, Self>> {
        if slf.get().is_success() { Ok(slf) } else { Err(status_error(&slf)?) }
    }

    /// The whole body; afterwards ``content``, ``text`` and ``json()`` work.
    fn read(slf: &Bound<'_, Self>) -> PyResult<Py<PyBytes>> {
        let (this, py) = (slf.get(), slf.py());
        if this.whole || this.content.get(py).is_some() {
            return this.content(py);
        }
        if let Some(pool) = gevent::pool(py)? {
            let slf = slf.clone().unbind();
            return gevent::run(py, &pool, move |py| Response::read(slf.bind(py)));
        }
        this.consume(py, false)?;
        if let Some(source) = this.source(py) {
            let body = pieces::call(py, "collected", (source,))?.cast_into::<PyBytes>()?;
            this.close();
            return Ok(this.set_content(py, body.unbind()));
        }
        if let Some(body) = Response::whole_and_tell(slf)? {
            return Ok(body);
        }
        let mut response = this.take(py)?;
        let result = read_rest(py, &mut response);
        if result.is_err() {
            response.close();
        }
        this.put(response, true);
        let body = result?.map_err(|error| this.error(py, &error))?;
        this.tell(py, true)?;
        Ok(this.set_content(py, body))
    }

    fn _aread<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (this, py) = (slf.get(), slf.py());
        if this.whole || this.content.get(py).is_some() {
            return Ready::of(py, this.content(py)?.into_any());
        }
        this.consume(py, false)?;
        if let Some(source) = this.source(py) {
            return pieces::call(py, "acollected", (slf, source));
        }
        if let Some(reading) = Response::await_whole(slf)? {
            return Ok(reading);
        }
        Pending::read(slf, true)
    }

    /// The body piece by piece; with ``chunk_size`` in pieces of that many bytes, else as it comes.
    #[pyo3(signature = (chunk_size = None))]
    fn iter_bytes<'py>(
        slf: &Bound<'py, Self>,
        chunk_size: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        iterate(slf, chunk_size.as_ref(), false, false)
    }

    /// ``iter_bytes()`` for asyncio and trio; ``chunk_size`` as of it.
    #[pyo3(signature = (chunk_size = None))]
    fn aiter_bytes<'py>(
        slf: &Bound<'py, Self>,
        chunk_size: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        iterate(slf, chunk_size.as_ref(), false, true)
    }

    /// The body piece by piece as it came, not decoded; with ``chunk_size`` in pieces of that many bytes.
    /// Of a plain request only with ``decode=False``, or where nothing was coded: else ``StreamConsumed``.
    #[pyo3(signature = (chunk_size = None))]
    fn iter_raw<'py>(
        slf: &Bound<'py, Self>,
        chunk_size: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        iterate(slf, chunk_size.as_ref(), true, false)
    }

    /// ``iter_raw()`` for asyncio and trio; ``chunk_size`` as of it.
    #[pyo3(signature = (chunk_size = None))]
    fn aiter_raw<'py>(
        slf: &Bound<'py, Self>,
        chunk_size: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        iterate(slf, chunk_size.as_ref(), true, true)
    }

    /// The body decoded piece by piece; ``chunk_size`` bytes at a time, else as it comes.
    #[pyo3(signature = (chunk_size = None))]
    fn iter_text<'py>(
        slf: &Bound<'py, Self>,
        chunk_size: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let encoding = slf.get().encoding(slf.py())?;
        pieces::call(slf.py(), "text", (Self::iter_bytes(slf, chunk_size)?, encoding))
    }

    /// ``iter_text()`` for asyncio and trio; ``chunk_size`` as of it.
    #[pyo3(signature = (chunk_size = None))]
    fn aiter_text<'py>(
        slf: &Bound<'py, Self>,
        chunk_size: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let encoding = slf.get().encoding(slf.py())?;
        pieces::call(slf.py(), "atext", (Self::aiter_bytes(slf, chunk_size)?, encoding))
    }

    /// The body line by line, without line ends; these are CR, LF and CR LF, nothing else.
    fn iter_lines<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        pieces::call(slf.py(), "lines", (Self::iter_text(slf, None)?,))
    }

    /// ``iter_lines()`` for asyncio.
    fn aiter_lines<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        pieces::call(slf.py(), "alines", (Self::aiter_text(slf, None)?,))
    }

    /// The connection of a response of 101, or of 2xx to CONNECT, as a socket for threads, with what came
    /// behind the head. It leaves the client's pool; once. Raises ``InvalidState``, which names the status,
    /// when the response did not switch protocols.
    fn take_stream(&self, py: Python<'_>) -> PyResult<UpgradedStream> {
        self.held(py).map(UpgradedStream::of)
    }

    /// ``take_stream()`` for asyncio and trio.
    fn take_async_stream(&self, py: Python<'_>) -> PyResult<AsyncUpgradedStream> {
        self.held(py).map(AsyncUpgradedStream::of)
    }

    /// Ends the response early. A short rest of the body is drained to save the connection.
    #[pyo3(name = "close")]
    fn ended(&self, py: Python<'_>) -> PyResult<()> {
        self.close_and_tell(py)
    }

    #[getter]
    fn _trace(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.trace(py)
    }

    #[setter(_trace)]
    fn set_trace(&self, trace: Py<PyAny>) {
        self.traced_by(Some(trace));
    }

    #[setter]
    fn set_request(&self, request: Py<PyAny>) {
        self.bind(request);
    }

    #[setter]
    fn set_history(&self, history: Py<PyList>) {
        self.follow(history);
    }

    fn _set_content(&self, py: Python<'_>, content: Py<PyBytes>) -> Py<PyBytes> {
        self.close();
        self.set_content(py, content)
    }

    fn _default(&self, encoding: Py<PyAny>) {
        self.default_to(encoding);
    }

    /// httpx's extensions: ``http_version`` and ``reason_phrase`` as bytes, or what a program gave.
    #[getter]
    fn extensions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.own_extensions(py)
    }

    /// Bytes of the body that have been received. Of a coded body that was decoded, Content-Length says how
    /// many; without that, and while it is read piece by piece, they are counted decoded.
    #[getter]
    fn num_bytes_downloaded(&self, py: Python<'_>) -> PyResult<u64> {
        self.downloaded(py)
    }

    /// The charset that Content-Type names; ``None`` if it names none.
    #[getter]
    fn charset_encoding(&self, py: Python<'_>) -> PyResult<Option<String>> {
        self.charset(py)
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_raised))]
    fn __exit__(&self, py: Python<'_>, _raised: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.close_and_tell(py)
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let reason = self.reason_phrase(py).map_or_else(|_| String::new(), |text| text.to_string());
        let space = if reason.is_empty() { "" } else { " " };
        format!("<Response [{}{space}{reason}]>", self.status)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
        let (this, py) = (slf.get(), slf.py());
        let facts = this.facts(py)?;
        let info = &facts.info;
        let state = (
            (this.status, this.answered(facts), &*facts.reason, facts.version == Version::Http10),
            (&*facts.url, facts.headers.clone_ref(py), this.content(py)?),
            (
                info.reused,
                info.connection_id,
                info.replays,
                info.redirects,
                facts.timings.total.saturating_sub(facts.timings.receive).as_nanos() as u64,
            ),
        );
        Ok((slf.get_type().getattr("_restore")?, state.into_pyobject(py)?.into_any()))
    }

    /// For pickle.
    #[staticmethod]
    fn _restore(
        py: Python<'_>,
        status: (u16, String, Vec<u8>, bool),
        body: (String, Py<Headers>, Py<PyBytes>),
        info: (bool, u64, u32, u32, u64),
    ) -> Response {
        made::restored(py, status, body, info)
    }
}
