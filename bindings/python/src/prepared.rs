//! A request that is sent by the flow of an `auth` (`libkeepalive/_auth.py`): as often as that says, each time
//! with the fields that it gives.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use keepalive_core::{Request, Until};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::aio::pending::{Kept, Pending, Sending};
use crate::build::{Built, line};
use crate::errors::to_python;
use crate::headers::{Field, fields, latin1_text};
use crate::response::{Method, Response};
use crate::sending::send;
use crate::shared::Shared;

/// See the module.
#[pyclass(frozen, module = "libkeepalive._native")]
pub struct Prepared {
    pub(crate) shared: Arc<Shared>,
    pub(crate) request: Request,
    pub(crate) method: Method,
    /// What its body is streamed from; by the time it is sent, prepared by `_bodies.py`.
    pub(crate) source: Mutex<Option<Py<PyAny>>>,
    pub(crate) on_redirect: Option<Py<PyAny>>,
    pub(crate) until: Until,
    pub(crate) owner: Option<Arc<Kept>>,
}

impl Prepared {
    fn source_of(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        let source = self.source.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        source.as_ref().map(|source| source.clone_ref(py))
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

    fn built<'py>(
        &self,
        py: Python<'py>,
        (method, url): (&str, &str),
        headers: &Bound<'py, PyAny>,
        content: Option<Vec<u8>>,
    ) -> PyResult<(Built<'py>, Method)> {
        let headers = fields("headers", headers)?;
        let made = self.request_of(method, url, &headers, content.as_deref());
        let (request, is_same) =
            made.map_err(|error| to_python(py, &error, Some(&line(&self.request))))?;
        let source = match is_same {
            true => self.source_of(py).map(|source| source.into_bound(py)),
            false => None,
        };
        let method = if is_same { self.method.clone() } else { method.to_string().into() };
        let on_redirect = self.on_redirect.as_ref().map(|hook| hook.clone_ref(py));
        Ok((Built { request, source, flow: None, on_redirect, progress: None }, method))
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

    /// Sends it once, on this thread.
    #[pyo3(signature = (method, url, headers, content = None))]
    fn send(
        &self,
        py: Python<'_>,
        method: &str,
        url: &str,
        headers: &Bound<'_, PyAny>,
        content: Option<Vec<u8>>,
    ) -> PyResult<Response> {
        let (built, method) = self.built(py, (method, url), headers, content)?;
        send(py, &self.shared, method, built, self.until == Until::Head)
    }

    /// Sends it once, when that is awaited.
    #[pyo3(signature = (method, url, headers, content = None))]
    fn pending(
        &self,
        py: Python<'_>,
        method: &str,
        url: &str,
        headers: &Bound<'_, PyAny>,
        content: Option<Vec<u8>>,
    ) -> PyResult<Pending> {
        let (built, method) = self.built(py, (method, url), headers, content)?;
        let Built { request, source, on_redirect, .. } = built;
        Ok(Pending::of_request(Sending {
            shared: self.shared.clone(),
            request,
            method,
            source: source.map(Bound::unbind),
            flow: None,
            on_redirect,
            until: self.until,
            owner: self.owner.clone(),
            progress: None,
            to: None,
        }))
    }
}
