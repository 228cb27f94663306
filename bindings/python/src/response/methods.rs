//! The Python attributes and methods of `Response`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use keepalive_core::{
    Info as CoreInfo, Response as CoreResponse, ResponseHead, Result, Timings as CoreTimings,
    Version, next_request,
};
use pyo3::exceptions::{PyLookupError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};

use crate::aio::pending::Pending;
use crate::aio::ready::Ready;
use crate::blocking::blocking;
use crate::convert::count;
use crate::cookies;
use crate::errors::{RequestLine, status_error};
use crate::generated::Info;
use crate::gevent;
use crate::headers::{Headers, latin1_text};
use crate::memory::{self, Whole};
use crate::once::PyOnceLock;
use crate::once::intern;
use crate::pieces::{self, AsyncPieces, Pieces};
use crate::progress::Saved;
use crate::response::{Facts, Response, Slot, owned};
use crate::upgraded::{AsyncUpgradedStream, UpgradedStream};

#[pymethods]
impl Response {
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
        let fields = facts.headers.get().fields().iter();
        let set = fields.filter(|(name, _)| name.eq_ignore_ascii_case(b"set-cookie"));
        cookies::of_response(py, &facts.url, set.map(|(_, value)| value))
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
    fn url(&self, py: Python<'_>) -> PyResult<&str> {
        Ok(&self.facts(py)?.url)
    }

    /// Method and URL of the request.
    #[getter]
    fn request<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.facts(py)?;
        let line = self.line().ok_or_else(|| PyTypeError::new_err("no request"))?;
        line.to_python(py)
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
        Ok(redirect && self.facts(py)?.headers.get().first(b"location").is_some())
    }

    /// The same, by httpx's name.
    #[getter]
    fn has_redirect_location(&self, py: Python<'_>) -> PyResult<bool> {
        self.is_redirect(py)
    }

    /// Method and URL of the request that the redirect leads to, ``None`` if the response leads nowhere.
    #[getter]
    fn next_request<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let facts = self.facts(py)?;
        let locations = facts.headers.get().values_of(b"location");
        let next = next_request((self.answered(facts), &facts.url), self.status, locations);
        let Some((method, url)) = next else { return Ok(None) };
        RequestLine { method: method.into(), url: url.into() }.to_python(py).map(Some)
    }

    /// The responses that led here by redirects, the first one first, without their bodies; the last 64.
    #[getter]
    fn history<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyList>> {
        let facts = self.facts(py)?;
        let list = facts.history.get_or_try_init(py, || {
            let hops = facts.hops.iter().map(|hop| {
                let method = hop.method().to_string();
                Bound::new(py, Response::whole(CoreResponse::from(&**hop), method.into()))
            });
            PyList::new(py, hops.collect::<PyResult<Vec<_>>>()?).map(Bound::unbind)
        })?;
        Ok(list.bind(py))
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
            None => Ok(self.charset(py)?.unwrap_or_else(|| "utf-8".to_string())),
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
        let mut response = this.take(py)?;
        let result = read_rest(py, &mut response);
        if result.is_err() {
            response.close();
        }
        this.put(response, true);
        match result? {
            Ok(body) => Ok(this.set_content(py, body)),
            Err(error) => Err(this.error(py, &error)),
        }
    }

    fn _aread<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (this, py) = (slf.get(), slf.py());
        if this.whole || this.content.get(py).is_some() {
            return Ready::of(py, this.content(py)?.into_any());
        }
        this.consume(py, false)?;
        Pending::read(slf, true)
    }

    /// The body piece by piece; with ``chunk_size`` in pieces of that many bytes, else as it comes.
    #[pyo3(signature = (chunk_size = None))]
    fn iter_bytes<'py>(
        slf: &Bound<'py, Self>,
        chunk_size: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (this, py) = (slf.get(), slf.py());
        let chunk_size = size_of_pieces(chunk_size.as_ref())?;
        if this.whole || this.content.get(py).is_some() {
            return pieces::call(py, "slices", (this.content(py)?, chunk_size));
        }
        this.consume(py, false)?;
        let pieces = Bound::new(py, Pieces::of(slf))?.into_any();
        match chunk_size {
            None => Ok(pieces),
            Some(size) => pieces::call(py, "sized", (pieces, size)),
        }
    }

    /// ``iter_bytes()`` for asyncio.
    #[pyo3(signature = (chunk_size = None))]
    fn aiter_bytes<'py>(
        slf: &Bound<'py, Self>,
        chunk_size: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (this, py) = (slf.get(), slf.py());
        let chunk_size = size_of_pieces(chunk_size.as_ref())?;
        if this.whole || this.content.get(py).is_some() {
            return pieces::call(py, "aslices", (this.content(py)?, chunk_size));
        }
        this.consume(py, false)?;
        let pieces = Bound::new(py, AsyncPieces::of(slf))?.into_any();
        match chunk_size {
            None => Ok(pieces),
            Some(size) => pieces::call(py, "asized", (pieces, size)),
        }
    }

    /// The body piece by piece as it came, not decoded; with ``chunk_size`` in pieces of that many bytes.
    /// Of a plain request only with ``decode=False``, or where nothing was coded: else ``StreamConsumed``.
    #[pyo3(signature = (chunk_size = None))]
    fn iter_raw<'py>(
        slf: &Bound<'py, Self>,
        chunk_size: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (this, py) = (slf.get(), slf.py());
        let chunk_size = size_of_pieces(chunk_size.as_ref())?;
        if let Some(content) = this.raw_content(py)? {
            return pieces::call(py, "slices", (content, chunk_size));
        }
        let pieces = Bound::new(py, Pieces::of(slf))?.into_any();
        match chunk_size {
            None => Ok(pieces),
            Some(size) => pieces::call(py, "sized", (pieces, size)),
        }
    }

    /// ``iter_raw()`` for asyncio.
    #[pyo3(signature = (chunk_size = None))]
    fn aiter_raw<'py>(
        slf: &Bound<'py, Self>,
        chunk_size: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (this, py) = (slf.get(), slf.py());
        let chunk_size = size_of_pieces(chunk_size.as_ref())?;
        if let Some(content) = this.raw_content(py)? {
            return pieces::call(py, "aslices", (content, chunk_size));
        }
        let pieces = Bound::new(py, AsyncPieces::of(slf))?.into_any();
        match chunk_size {
            None => Ok(pieces),
            Some(size) => pieces::call(py, "asized", (pieces, size)),
        }
    }

    /// The body decoded piece by piece.
    #[pyo3(signature = (chunk_size = None))]
    fn iter_text<'py>(
        slf: &Bound<'py, Self>,
        chunk_size: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let encoding = slf.get().encoding(slf.py())?;
        pieces::call(slf.py(), "text", (Self::iter_bytes(slf, chunk_size)?, encoding))
    }

    /// ``iter_text()`` for asyncio.
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
    pub fn close(&self) {
        if !self.closed.swap(true, Ordering::AcqRel)
            && let Slot::Here(response) = &mut *self.slot()
        {
            response.close();
        }
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
        let (status, method, reason, old) = status;
        let (url, headers, content) = body;
        let mut facts = Facts {
            reason: reason.into(),
            version: if old { Version::Http10 } else { Version::Http11 },
            url: url.into(),
            info: CoreInfo::default(),
            timings: CoreTimings::default(),
            tls: None,
            informational: Box::default(),
            headers,
            followed: None,
            hops: Vec::new(),
            history: PyOnceLock::new(),
        };
        (facts.info.reused, facts.info.connection_id, facts.info.replays, facts.info.redirects) =
            (info.0, info.1, info.2, info.3);
        facts.timings.total = Duration::from_nanos(info.4);
        let response = Response {
            status,
            method: method.into(),
            whole: true,
            slot: Mutex::new(Slot::None),
            consumed: AtomicBool::new(false),
            closed: AtomicBool::new(true),
            facts: OnceLock::from(facts),
            content: PyOnceLock::new(),
            encoding: Mutex::new(None),
        };
        let _ = response.content.set(py, content);
        response
    }
}

/// 1xx heads as pairs of status and fields.
fn heads(py: Python<'_>, heads: &[ResponseHead]) -> PyResult<Py<PyTuple>> {
    let pair = |head: &ResponseHead| -> PyResult<(u16, Py<Headers>)> {
        Ok((head.status, Py::new(py, Headers::of(owned(&head.fields)))?))
    };
    let pairs = heads.iter().map(pair).collect::<PyResult<Vec<_>>>()?;
    Ok(PyTuple::new(py, pairs)?.unbind())
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
fn read_rest(py: Python<'_>, response: &mut CoreResponse) -> PyResult<Result<Py<PyBytes>>> {
    if let Some(whole) = Whole::of(py, response)? {
        return whole.receive(py, response);
    }
    match blocking(py, |how| response.read_all(how))? {
        Ok(body) => memory::copied(py, &body).map(Ok),
        Err(error) => Ok(Err(error)),
    }
}
