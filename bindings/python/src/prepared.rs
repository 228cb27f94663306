//! A request that is sent by the flow of an `auth` (`libkeepalive/_auth.py`): as often as that says, each time
//! with the fields that it gives.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use keepalive_core::{Redirects, Request, Until, standard_method};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use crate::aio::pending::{Kept, Pending, Sending};
use crate::body::Failure;
use crate::build::{Built, build, line};
use crate::download::Place;
use crate::errors::to_python;
use crate::headers::{Field, fields, latin1_text};
use crate::progress::Told;
use crate::response::{Method, Response};
use crate::sending::{save, send};
use crate::shared::Shared;

/// See the module.
#[pyclass(frozen, module = "libkeepalive._native")]
pub struct Prepared {
    shared: Arc<Shared>,
    request: Request,
    method: Method,
    /// What its body is streamed from; by the time it is sent, prepared by `_bodies.py`.
    source: Mutex<Option<Py<PyAny>>>,
    on_redirect: Option<Py<PyAny>>,
    until: Until,
    owner: Option<Arc<Kept>>,
    /// Who is told how far its bodies have come.
    progress: Option<Told>,
    trace: Option<Py<PyAny>>,
    trailers: Option<Failure>,
    /// Of a download.
    place: Option<Place>,
}

/// A request and its flow, or both parts of one that has none.
pub type ByFlow<'py> = Result<(Prepared, Py<PyAny>), (Method, Built<'py>)>;

impl Prepared {
    /// A request that has a flow.
    pub fn by_flow<'py>(
        shared: &Arc<Shared>,
        method: Method,
        built: Built<'py>,
        until: Until,
        owner: Option<Arc<Kept>>,
        place: Option<&Place>,
    ) -> PyResult<ByFlow<'py>> {
        if built.flow.is_none() {
            return Ok(Err((method, built)));
        }
        Python::attach(|py| {
            let Built { request, source, flow, on_redirect, progress, trace, trailers, .. } = built;
            let prepared = Prepared {
                shared: shared.clone(),
                request,
                method,
                source: Mutex::new(source.map(Bound::unbind)),
                on_redirect,
                until,
                owner,
                progress,
                trace,
                trailers,
                place: place.map(|place| place.share(py)),
            };
            let flow = flow.unwrap_or_else(|| py.None());
            Ok(Ok((prepared, flow)))
        })
    }

    /// The same of one that waits to be awaited, whose flow has been taken.
    pub fn of_sending(sending: Sending) -> Prepared {
        let Sending { shared, request, method, source, on_redirect, until, owner, .. } = sending;
        Prepared {
            shared,
            request,
            method,
            source: Mutex::new(source),
            on_redirect,
            until,
            owner,
            progress: sending.progress,
            trace: sending.trace,
            trailers: sending.trailers,
            place: sending.place,
        }
    }

    /// The request that arguments make, for whoever looks at it.
    pub fn only(
        shared: &Arc<Shared>,
        method: Method,
        url: &Bound<'_, PyAny>,
        options: &Bound<'_, PyDict>,
    ) -> PyResult<Prepared> {
        let options = options.copy()?;
        options.set_item("_look", true)?;
        let Built { request, source, on_redirect, trailers, .. } =
            build(shared, &method, url, Some(&options))?;
        Ok(Prepared {
            shared: shared.clone(),
            request,
            method,
            source: Mutex::new(source.map(Bound::unbind)),
            on_redirect,
            until: Until::Head,
            owner: None,
            progress: None,
            trace: None,
            trailers,
            place: None,
        })
    }

    fn source_of(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        let source = self.source.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        source.as_ref().map(|source| source.clone_ref(py))
    }

    fn failed(&self, py: Python<'_>, error: &keepalive_core::Error) -> PyErr {
        to_python(py, error, Some(&line(&self.request)))
    }

    /// The request that a flow has made of it.
    fn made(
        &self,
        py: Python<'_>,
        (method, url): (&str, &str),
        headers: &Bound<'_, PyAny>,
        content: Option<&[u8]>,
    ) -> PyResult<(Request, bool)> {
        let headers = fields("headers", headers)?;
        let made = self.request_of(method, url, &headers, content);
        made.map_err(|error| self.failed(py, &error))
    }

    /// The request as the flow wants it, and whether it is still the caller's.
    fn request_of(
        &self,
        method: &str,
        url: &str,
        headers: &[Field],
        content: Option<&[u8]>,
    ) -> keepalive_core::Result<(Request, bool)> {
        let own = &self.request;
        let host = own.headers().find(|(name, _)| name.eq_ignore_ascii_case(b"host"));
        let is_same = method == own.method() && url == own.url();
        let given = headers.iter().map(|(name, value)| (&**name, &**value));
        let mut request = match is_same {
            true => own.with_headers(given.clone().filter(|field| Some(*field) != host))?,
            false => {
                let mut other = own.sibling(method, url)?;
                for (name, value) in given.clone() {
                    other.add_header(name, value)?;
                }
                other
            }
        };
        if content.is_some() && (!is_same || content != own.whole_body()) {
            request.set_body(Bytes::copy_from_slice(content.unwrap_or_default()));
        }
        // What it adds says who asks, whatever it is called.
        let added = given.filter(|(name, value)| {
            !own.headers().any(|(own, old)| own.eq_ignore_ascii_case(name) && old == *value)
        });
        let names: Vec<_> = added.map(|(name, _)| String::from_utf8_lossy(name)).collect();
        request.add_sensitive_headers(&names.join(","))?;
        Ok((request, is_same))
    }

    /// What is sent; with `by_hand` somebody else goes where redirects lead.
    fn built<'py>(
        &self,
        py: Python<'py>,
        (method, url): (&str, &str),
        headers: &Bound<'py, PyAny>,
        content: Option<&[u8]>,
        by_hand: bool,
    ) -> PyResult<(Built<'py>, Method, Option<Place>)> {
        let (mut request, is_same) = self.made(py, (method, url), headers, content)?;
        // A flow that has read the body sends what it has read.
        let source = match is_same && content.is_none() {
            true => self.source_of(py).map(|source| source.into_bound(py)),
            false => None,
        };
        let method = if is_same { self.method.clone() } else { method.to_string().into() };
        let hook = |hook: &Py<PyAny>| hook.clone_ref(py);
        let mut on_redirect = self.on_redirect.as_ref().map(hook);
        if by_hand {
            request.set_redirects(Redirects::Manual);
            on_redirect = None;
        }
        let built = Built {
            request,
            source,
            flow: None,
            on_redirect,
            progress: self.progress.as_ref().map(|told| told.share(py)),
            trace: self.trace.as_ref().map(hook),
            trailers: self.trailers.clone(),
            stream: self.until == Until::Head,
        };
        let place = self.place.as_ref().filter(|_| is_same).map(|place| place.share(py));
        Ok((built, method, place))
    }
}

type View<'py> = (
    String,
    String,
    Vec<(Bound<'py, PyString>, Bound<'py, PyString>)>,
    Option<Bound<'py, PyBytes>>,
);

#[pymethods]
impl Prepared {
    /// Method, URL, header fields with Host, and the body if it is in memory.
    fn view<'py>(&self, py: Python<'py>) -> View<'py> {
        let request = &self.request;
        let fields = request
            .headers()
            .map(|(name, value)| (latin1_text(py, name), latin1_text(py, value)))
            .collect();
        let body = request.whole_body().map(|body| PyBytes::new(py, body));
        (request.method().to_string(), request.url().to_string(), fields, body)
    }

    #[getter]
    fn source(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.source_of(py)
    }

    #[setter]
    fn set_source(&self, prepared: Py<PyAny>) {
        let old = {
            let mut source = self.source.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            source.replace(prepared)
        };
        drop(old);
    }

    /// Sends it once, on this thread; with `by_hand` redirects are not followed.
    #[pyo3(signature = (method, url, headers, content = None, by_hand = false))]
    fn send(
        &self,
        py: Python<'_>,
        method: &str,
        url: &str,
        headers: &Bound<'_, PyAny>,
        content: Option<Vec<u8>>,
        by_hand: bool,
    ) -> PyResult<Response> {
        let (built, method, place) =
            self.built(py, (method, url), headers, content.as_deref(), by_hand)?;
        match place {
            Some(place) => save(py, &self.shared, method, built, place.target(py)?),
            None => send(py, &self.shared, method, built, self.until == Until::Head),
        }
    }

    /// Sends it once, when that is awaited.
    #[pyo3(signature = (method, url, headers, content = None, by_hand = false))]
    fn pending(
        &self,
        py: Python<'_>,
        method: &str,
        url: &str,
        headers: &Bound<'_, PyAny>,
        content: Option<Vec<u8>>,
        by_hand: bool,
    ) -> PyResult<Pending> {
        let (built, method, place) =
            self.built(py, (method, url), headers, content.as_deref(), by_hand)?;
        let Built { request, source, on_redirect, progress, trace, trailers, .. } = built;
        Ok(Pending::of_request(Sending {
            shared: self.shared.clone(),
            request,
            method,
            source: source.map(Bound::unbind),
            flow: None,
            on_redirect,
            until: self.until,
            owner: self.owner.clone(),
            progress,
            trace,
            trailers,
            place,
            asked: None,
        }))
    }

    /// The request that the redirect leads to which was the answer to this one as it was sent, after so many;
    /// `None`: the answer leads nowhere, or is not to be followed.
    #[allow(clippy::too_many_arguments)] // a request has so many, and its answer
    fn following(
        &self,
        py: Python<'_>,
        method: &str,
        url: &str,
        headers: &Bound<'_, PyAny>,
        content: Option<Vec<u8>>,
        response: &Response,
        redirects: u64,
    ) -> PyResult<Option<Prepared>> {
        let (request, is_same) = self.made(py, (method, url), headers, content.as_deref())?;
        let locations = response.all_of(py, b"location")?;
        let locations = locations.iter().map(|value| &**value);
        let next = self.shared.client.following(&request, response.status(), locations, redirects);
        let Some(request) = next.map_err(|error| self.failed(py, &error))? else {
            return Ok(None);
        };
        let keeps_body = is_same && request.method() == method;
        let source = self.source_of(py).filter(|_| keeps_body);
        let method = standard_method(request.method());
        let method = method.map_or_else(|| request.method().to_string().into(), Method::Borrowed);
        Ok(Some(Prepared {
            shared: self.shared.clone(),
            request,
            method,
            source: Mutex::new(source),
            on_redirect: self.on_redirect.as_ref().map(|hook| hook.clone_ref(py)),
            until: self.until,
            owner: self.owner.clone(),
            progress: self.progress.as_ref().map(|told| told.share(py)),
            trace: self.trace.as_ref().map(|trace| trace.clone_ref(py)),
            trailers: self.trailers.clone(),
            place: self.place.as_ref().map(|place| place.share(py)),
        }))
    }

    /// The cookies that the request gets, where somebody else sends it; `None` for none.
    #[pyo3(signature = (method, url, headers, content = None))]
    fn cookie<'py>(
        &self,
        py: Python<'py>,
        method: &str,
        url: &str,
        headers: &Bound<'py, PyAny>,
        content: Option<Vec<u8>>,
    ) -> PyResult<Option<Bound<'py, PyString>>> {
        let (request, _) = self.made(py, (method, url), headers, content.as_deref())?;
        let field = self.shared.client.cookie_field(&request);
        let field = field.map_err(|error| self.failed(py, &error))?;
        Ok(field.map(|field| latin1_text(py, &field)))
    }

    /// Keeps the cookies that the answer sets, where somebody else has sent it.
    fn keep(&self, py: Python<'_>, method: &str, url: &str, response: &Response) -> PyResult<()> {
        let fields = response.all_of(py, b"set-cookie")?;
        let fields: Vec<Vec<u8>> = fields.into_iter().map(Vec::from).collect();
        let made = match url == self.request.url() {
            true => Ok(self.request.clone()),
            false => self.request.sibling(method, url),
        };
        let kept = made.and_then(|request| self.shared.client.keep_cookies(&request, fields));
        kept.map_err(|error| self.failed(py, &error))
    }

    /// Whether only the head is asked for.
    #[getter]
    fn stream(&self) -> bool {
        self.until == Until::Head
    }

    /// Where a download goes; `None` for others.
    #[getter]
    fn path(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.place.as_ref().map(|place| place.path(py))
    }

    /// The client's `default_encoding`, as `Client._get` has it.
    fn setting(&self, py: Python<'_>, name: &str) -> PyResult<Py<PyAny>> {
        self.shared.get(py, name)
    }

    /// Remembers a streamed response that somebody else has made, for `__aexit__`.
    fn own(&self, response: &Bound<'_, Response>) {
        if let Some(owner) = &self.owner {
            owner.keep(response);
        }
    }

    /// The flow is over: closes a bar; what `progress` raised is raised.
    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        match self.progress.as_ref().and_then(|progress| progress.end(py)) {
            Some(raised) => Err(raised),
            None => Ok(()),
        }
    }
}
