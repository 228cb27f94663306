//! Sends a request that was built, on the calling thread.

use std::sync::Arc;

use keepalive_core::{Error, ErrorKind, Request, Until};
use pyo3::prelude::*;

use crate::blocking::blocking;
use crate::body::{Failure, PythonSource};
use crate::build::{Built, line};
use crate::download::To;
use crate::errors::to_python;
use crate::progress::{Reader, Told};
use crate::redirects::attach_here;
use crate::response::{Method, Response, SMALL_BODY, Watch};
use crate::shared::Shared;
use crate::trace::Trace;

/// What the caller's own code says while a request is on its way on this thread.
pub struct Callers {
    body: Failure,
    refused: Option<Failure>,
    trailers: Option<Failure>,
    progress: Option<Told>,
    trace: Option<(Arc<Trace>, Py<PyAny>)>,
    reader: Arc<Reader>,
}

impl Callers {
    /// The request, with all that is called for it; the body of its response is read later, if it `streams`.
    pub fn attach(py: Python<'_>, built: Built<'_>, streams: bool) -> PyResult<(Request, Callers)> {
        let Built { mut request, source, on_redirect, progress, trailers, trace, .. } = built;
        let body = Failure::default();
        let reader = Arc::default();
        if let Some(progress) = &progress {
            request.set_progress(progress.sink(py, &reader));
        }
        let trace = trace.map(|told| Trace::here(py, &mut request, &told, streams)).transpose()?;
        let refused = on_redirect.map(|hook| attach_here(&mut request, hook));
        if let Some(source) = source {
            let (source, length) = PythonSource::new(&source, &body)?;
            request.set_body_stream(Box::new(source), length);
        }
        Ok((request, Callers { body, refused, trailers, progress, trace, reader }))
    }

    /// The call is over: what its progress callback raised, or who was told what happened.
    pub fn end(&mut self, py: Python<'_>) -> Option<PyErr> {
        let told = self.progress.take().and_then(|progress| progress.end(py));
        told.or_else(|| self.trace.take()?.0.end(py))
    }

    /// The head is here, and the body will be read: who is told of that.
    fn reading(&mut self, py: Python<'_>) -> PyResult<(Option<Watch>, Option<Py<PyAny>>)> {
        let traced = self.trace.take();
        if let Some(raised) = traced.as_ref().and_then(|(trace, _)| trace.end(py)) {
            return Err(raised);
        }
        let watch = self.progress.take().map(|told| Watch::begin(told, &self.reader));
        Ok((watch, traced.map(|(_, reading)| reading)))
    }

    /// `error` as the caller gets it: what their own code raised, if that is why.
    pub fn error(self, py: Python<'_>, error: &Error, request: &Request) -> PyErr {
        let own = self.body.take(error);
        own.or_else(|| self.trailers?.take(error))
            .or_else(|| self.refused?.take_of(error, ErrorKind::RedirectRefused))
            .unwrap_or_else(|| to_python(py, error, Some(&line(request))))
    }
}

/// Sends on this thread: to the end of the body, or with `head_only` to the end of the head.
pub fn send(
    py: Python<'_>,
    shared: &Shared,
    method: Method,
    built: Built<'_>,
    head_only: bool,
) -> PyResult<Response> {
    let (request, mut callers) = Callers::attach(py, built, head_only)?;
    let until = if head_only { Until::Head } else { Until::SmallBody(SMALL_BODY) };
    let result = blocking(py, |how| shared.client.send_until(&request, until, how))?;
    let result = match result {
        Ok(response) if head_only => {
            let (watch, trace) = callers.reading(py)?;
            let response = Response::streamed(response, method, watch);
            response.traced_by(trace);
            return Ok(response);
        }
        Ok(response) => Response::receive_whole(py, response, method)?,
        Err(error) => Err(error),
    };
    if let Some(raised) = callers.end(py) {
        return Err(raised);
    }
    result.map_err(|error| callers.error(py, &error, &request))
}

/// Sends on this thread and writes the body where it is to go.
pub fn save(
    py: Python<'_>,
    shared: &Shared,
    method: Method,
    built: Built<'_>,
    to: To,
) -> PyResult<Response> {
    let (request, mut callers) = Callers::attach(py, built, false)?;
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
