//! The module-level functions: those of `Client` on the process-wide client.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::client::{self, send_named, whole_with};
use crate::response::Response;
use crate::shared::Shared;
use crate::stream::Stream;

macro_rules! verbs {
    ($($name:ident $method:literal ($($placed:ident),*) $doc:literal;)*) => {$(
        #[doc = $doc]
        #[pyfunction]
        #[pyo3(signature = (url, $($placed = None,)* **options))]
        pub fn $name<'py>(
            url: &Bound<'py, PyAny>,
            $($placed: Option<Bound<'py, PyAny>>,)*
            options: Option<&Bound<'py, PyDict>>,
        ) -> PyResult<Py<Response>> {
            let placed = [$((stringify!($placed), $placed)),*];
            whole_with(Shared::process_wide(url.py())?, $method, url, &placed, options)
        }
    )*};
}

verbs! {
    get "GET" (params) "Sends a GET request on the process-wide client. Arguments as of ``Client.request``.";
    head "HEAD" () "Sends a HEAD request on the process-wide client. Arguments as of ``Client.request``.";
    options "OPTIONS" () "Sends an OPTIONS request on the process-wide client. Arguments as of ``Client.request``.";
    post "POST" (data, json) "Sends a POST request on the process-wide client. Arguments as of ``Client.request``.";
    put "PUT" (data) "Sends a PUT request on the process-wide client. Arguments as of ``Client.request``.";
    patch "PATCH" (data) "Sends a PATCH request on the process-wide client. Arguments as of ``Client.request``.";
    delete "DELETE" () "Sends a DELETE request on the process-wide client. Arguments as of ``Client.request``.";
}

/// Sends a request on the process-wide client. Arguments as of ``Client.request``.
#[pyfunction]
#[pyo3(signature = (method, url, **options))]
pub fn request(
    method: &Bound<'_, PyAny>,
    url: &Bound<'_, PyAny>,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<Py<Response>> {
    send_named(Shared::process_wide(url.py())?, method, url, options)
}

/// Sends a request on the process-wide client and writes the body of the response to ``path``. Arguments as
/// of ``Client.download``.
#[pyfunction]
#[pyo3(signature = (url, path, **options))]
pub fn download(
    url: &Bound<'_, PyAny>,
    path: &Bound<'_, PyAny>,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<Py<Response>> {
    client::download(Shared::process_wide(url.py())?, url, path, options)
}

/// ``with libkeepalive.stream(method, url) as response`` on the process-wide client.
#[pyfunction]
#[pyo3(signature = (method, url, **options))]
pub fn stream(
    method: &Bound<'_, PyAny>,
    url: &Bound<'_, PyAny>,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<Stream> {
    Stream::of(Shared::process_wide(url.py())?, method, url, options)
}
