//! Sends a request that was built, on the calling thread.

use keepalive_core::{ErrorKind, Until};
use pyo3::prelude::*;

use crate::blocking::blocking;
use crate::body::{Failure, PythonSource};
use crate::build::{Built, line};
use crate::errors::to_python;
use crate::redirects::attach_here;
use crate::response::{Method, Response, SMALL_BODY};
use crate::shared::Shared;

/// Sends on this thread: to the end of the body, or with `head_only` to the end of the head.
pub fn send(
    py: Python<'_>,
    shared: &Shared,
    method: Method,
    built: Built<'_>,
    head_only: bool,
) -> PyResult<Response> {
    let Built { mut request, source, on_redirect, progress, .. } = built;
    let failure = Failure::default();
    if let Some(progress) = &progress {
        request.set_progress(progress.sink(py));
    }
    let refused = on_redirect.map(|hook| attach_here(&mut request, hook));
    if let Some(source) = source {
        let (source, length) = PythonSource::new(&source, &failure)?;
        request.set_body_stream(Box::new(source), length);
    }
    let until = if head_only { Until::Head } else { Until::SmallBody(SMALL_BODY) };
    let result = blocking(py, |how| shared.client.send_until(&request, until, how))?;
    let result = match result {
        Ok(response) if head_only => return Response::streamed(py, response, method),
        Ok(response) => Response::receive_whole(py, response, method)?,
        Err(error) => Err(error),
    };
    if let Some(raised) = progress.and_then(|progress| progress.end(py)) {
        return Err(raised);
    }
    match result {
        Ok(response) => Ok(response),
        Err(error) => Err(failure
            .take(&error)
            .or_else(|| refused?.take_of(&error, ErrorKind::RedirectRefused))
            .unwrap_or_else(|| to_python(py, &error, Some(&line(&request))))),
    }
}
