//! `with client.stream(...) as response`.

use std::sync::{Arc, Mutex};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::body::Failure;
use crate::build::{Built, build, method};
use crate::errors::of_class;
use crate::exchange::exchange;
use crate::gevent;
use crate::progress::Told;
use crate::response::{Method, Response};
use crate::shared::Shared;

/// What ``stream()`` returns: sends when entered, closes the response when left.
///
/// >>> with libkeepalive.stream("GET", "http://example.com/file") as response:
/// ...     response.read()
/// b'content'
#[pyclass(frozen, module = "libkeepalive")]
pub struct Stream {
    shared: Arc<Shared>,
    unsent: Mutex<Option<Unsent>>,
    response: Mutex<Option<Py<Response>>>,
}

struct Unsent {
    method: Method,
    /// Until it is entered.
    request: keepalive_core::Request,
    source: Option<Py<PyAny>>,
    flow: Option<Py<PyAny>>,
    on_redirect: Option<Py<PyAny>>,
    progress: Option<Told>,
    trace: Option<Py<PyAny>>,
    trailers: Option<Failure>,
    url: Py<PyAny>,
    options: Option<Py<PyDict>>,
}

impl Stream {
    pub fn of(
        shared: &Arc<Shared>,
        method: &Bound<'_, PyAny>,
        url: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Stream> {
        let method = self::method(method)?;
        let built = build(shared, &method, url, options)?;
        let Built { mut request, source, flow, on_redirect, progress, trace, trailers, .. } = built;
        request.set_decode_later(true);
        let source = source.map(Bound::unbind);
        let (url, options) = (url.clone().unbind(), options.map(|it| it.clone().unbind()));
        let unsent = Unsent {
            method,
            request,
            source,
            flow,
            on_redirect,
            progress,
            trace,
            trailers,
            url,
            options,
        };
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
        let Some(unsent) = unsent else {
            return Err(of_class(py, "InvalidState", "this stream() was entered before"));
        };
        let shared = self.shared.clone();
        let enter = move |py: Python<'_>| {
            let Unsent { method, request, source, flow, on_redirect, progress, trace, .. } = unsent;
            let (source, trailers) = (source.map(|it| it.into_bound(py)), unsent.trailers);
            let stream = true;
            let built =
                Built { request, source, flow, on_redirect, progress, trace, trailers, stream };
            let response = exchange(py, &shared, method, built, true)?;
            let options = unsent.options.as_ref().map(|options| options.bind(py));
            response.get().asked_by(&shared, unsent.url.bind(py), options);
            Ok(response)
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
    fn __exit__(&self, py: Python<'_>, _raised: &Bound<'_, PyTuple>) -> PyResult<()> {
        let response = self.response.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        response.map_or(Ok(()), |response| response.get().close_and_tell(py))
    }
}
