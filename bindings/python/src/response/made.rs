//! Responses that a program makes, and what it gives others: request, history, extensions.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use keepalive_core::{Info as CoreInfo, ResponseHead, Timings as CoreTimings, Version};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};

use crate::headers::Headers;
use crate::once::PyOnceLock;
use crate::prepared::Prepared;
use crate::response::{Asked, Facts, Method, Response, Slot, owned};

/// The module with the classes of messages.
pub fn models(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static MODULE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || {
        py.import("libkeepalive._models").map(|module| module.into_any().unbind())
    })?;
    Ok(module.bind(py))
}

impl Asked {
    /// Method, URL, fields and body of the request; `None` when it cannot be told any more.
    pub fn view<'py>(
        &self,
        py: Python<'py>,
        method: &Method,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let options = match &self.options {
            Some(options) => options.bind(py).copy()?,
            None => PyDict::new(py),
        };
        for name in ["progress", "on_redirect", "trailers", "extensions", "stream"] {
            if options.contains(name)? {
                options.del_item(name)?;
            }
        }
        let method = method.to_string().into();
        match Prepared::only(&self.shared, method, self.url.bind(py), &options) {
            Ok(prepared) => Bound::new(py, prepared)?.call_method0("view").map(Some),
            // Its arguments were changed since, or can be read once.
            Err(_) => Ok(None),
        }
    }
}

impl Response {
    /// Without a connection.
    fn made(status: u16, method: Method, facts: Facts) -> Response {
        Response {
            status,
            method,
            whole: true,
            slot: Mutex::new(Slot::None),
            consumed: AtomicBool::new(false),
            closed: AtomicBool::new(true),
            facts: OnceLock::from(facts),
            content: PyOnceLock::new(),
            encoding: Mutex::new(None),
            handed: AtomicU64::new(0),
            asked: OnceLock::new(),
            extra: Mutex::new(None),
        }
    }

    /// The request that it was given.
    pub fn bound<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let request = self.has_extra(|extra| Some(extra.request.as_ref()?.clone_ref(py)));
        request.map(|request| request.into_bound(py))
    }

    /// What its body is to be read from, if a program made it so.
    pub fn source<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let source = self.has_extra(|extra| Some(extra.source.as_ref()?.clone_ref(py)));
        source.map(|source| source.into_bound(py))
    }

    /// The encoding of a body that names none.
    pub fn default_encoding(&self, py: Python<'_>) -> PyResult<String> {
        let own = self.has_extra(|extra| Some(extra.default_encoding.as_ref()?.clone_ref(py)));
        let common = || {
            let settings = self.asked.get()?.shared.settings();
            settings.default_encoding.as_ref().map(|encoding| encoding.clone_ref(py))
        };
        let Some(encoding) = own.or_else(common) else { return Ok("utf-8".to_string()) };
        let encoding = encoding.bind(py);
        let named = match encoding.is_callable() {
            true => encoding.call1((self.body(py)?,))?,
            false => encoding.clone(),
        };
        let named: Option<String> = named.extract()?;
        Ok(named.unwrap_or_else(|| "utf-8".to_string()))
    }
}

/// The arguments of `Response(...)` that are Python's to look at.
pub struct Given<'a, 'py> {
    pub message: (
        u16,
        Option<&'a Bound<'py, PyAny>>,
        Option<&'a Bound<'py, PyAny>>,
        Option<&'a Bound<'py, PyAny>>,
        Option<&'a Bound<'py, PyAny>>,
        Option<&'a Bound<'py, PyAny>>,
        Option<&'a Bound<'py, PyAny>>,
    ),
    pub request: Option<Py<PyAny>>,
    pub history: Option<&'a Bound<'py, PyAny>>,
    pub extensions: Option<Py<PyDict>>,
    pub default_encoding: Option<Py<PyAny>>,
}

type Message = (Py<Headers>, Option<Py<PyBytes>>, Option<Py<PyAny>>, Vec<u8>);

/// Of a response that did not come from a server.
fn facts(reason: Vec<u8>, headers: Py<Headers>) -> Facts {
    Facts {
        reason: reason.into(),
        version: Version::Http11,
        url: Box::default(),
        info: CoreInfo::default(),
        timings: CoreTimings::default(),
        tls: None,
        informational: Box::default(),
        headers,
        followed: None,
        hops: Vec::new(),
        history: PyOnceLock::new(),
    }
}

/// A response that a program makes.
pub fn new(py: Python<'_>, given: Given<'_, '_>) -> PyResult<Response> {
    let status = given.message.0;
    if !(100..=999).contains(&status) {
        let reason = "is no status; expected 100 to 999";
        return Err(PyValueError::new_err(format!("status_code: {status} {reason}")));
    }
    let made = models(py)?.call_method1("message", given.message)?;
    let (headers, content, source, reason): Message = made.extract()?;
    let facts = facts(reason, headers);
    let mut response = Response::made(status, Method::Borrowed(""), facts);
    match content {
        Some(content) => {
            let _ = response.content.set(py, content);
        }
        None => {
            response.whole = false;
            response.closed.store(false, Ordering::Release);
        }
    }
    let history = match given.history {
        Some(history) => {
            let all = history.try_iter()?.collect::<PyResult<Vec<_>>>()?;
            Some(PyList::new(py, all)?.unbind())
        }
        None => None,
    };
    response.extra(|extra| {
        extra.request = given.request;
        extra.history = history;
        extra.extensions = given.extensions;
        extra.default_encoding = given.default_encoding;
        extra.source = source;
    });
    Ok(response)
}

impl Response {
    /// Gives it the request that it answers.
    pub fn bind(&self, request: Py<PyAny>) {
        let old = self.extra(|extra| extra.request.replace(request));
        drop(old);
    }

    /// Gives it the responses that led to it.
    pub fn follow(&self, history: Py<PyList>) {
        let old = self.extra(|extra| extra.history.replace(history));
        drop(old);
    }

    /// Gives it an encoding, if it has none of its own.
    pub fn default_to(&self, encoding: Py<PyAny>) {
        let unused = self.extra(|extra| match extra.default_encoding {
            Some(_) => Some(encoding),
            None => extra.default_encoding.replace(encoding),
        });
        drop(unused);
    }

    /// What it has of httpx's extensions.
    pub fn own_extensions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let own = self.has_extra(|extra| Some(extra.extensions.as_ref()?.clone_ref(py)));
        if let Some(own) = own {
            return Ok(own.into_bound(py));
        }
        let facts = self.facts(py)?;
        let made = PyDict::new(py);
        let version: &[u8] = match facts.version {
            Version::Http10 => b"HTTP/1.0",
            Version::Http11 => b"HTTP/1.1",
        };
        made.set_item("http_version", PyBytes::new(py, version))?;
        made.set_item("reason_phrase", PyBytes::new(py, &facts.reason))?;
        let keep = made.unbind();
        Ok(self.extra(|extra| extra.extensions.get_or_insert(keep).clone_ref(py)).into_bound(py))
    }

    /// Bytes of the body that have come.
    pub fn downloaded(&self, py: Python<'_>) -> PyResult<u64> {
        if !self.whole {
            return Ok(match self.content.get(py) {
                Some(content) => content.bind(py).as_bytes().len() as u64,
                None => self.handed.load(Ordering::Relaxed),
            });
        }
        let coded = !self.all_of(py, b"content-encoding")?.is_empty();
        let length = self.all_of(py, b"content-length")?;
        let length = length.first().and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
        match length.filter(|_| coded) {
            Some(length) => Ok(length),
            None => Ok(self.body(py)?.bind(py).as_bytes().len() as u64),
        }
    }
}

/// One that was pickled.
pub fn restored(
    py: Python<'_>,
    status: (u16, String, Vec<u8>, bool),
    body: (String, Py<Headers>, Py<PyBytes>),
    info: (bool, u64, u32, u32, u64),
) -> Response {
    let (status, method, reason, old) = status;
    let (url, headers, content) = body;
    let mut facts = facts(reason, headers);
    facts.url = url.into();
    if old {
        facts.version = Version::Http10;
    }
    (facts.info.reused, facts.info.connection_id, facts.info.replays, facts.info.redirects) =
        (info.0, info.1, info.2, info.3);
    facts.timings.total = Duration::from_nanos(info.4);
    let response = Response::made(status, method.into(), facts);
    let _ = response.content.set(py, content);
    response
}

/// 1xx heads as pairs of status and fields.
pub fn heads(py: Python<'_>, heads: &[ResponseHead]) -> PyResult<Py<PyTuple>> {
    let pair = |head: &ResponseHead| -> PyResult<(u16, Py<Headers>)> {
        Ok((head.status, Py::new(py, Headers::of(owned(&head.fields)))?))
    };
    let pairs = heads.iter().map(pair).collect::<PyResult<Vec<_>>>()?;
    Ok(PyTuple::new(py, pairs)?.unbind())
}
