//! The module-level functions: those of `Client` on the process-wide client.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::client::{self, Stream, send_named, whole};
use crate::response::Response;
use crate::shared::Shared;

macro_rules! verbs {
    ($($name:ident $method:literal $doc:literal;)*) => {$(
        #[doc = $doc]
        #[pyfunction]
        #[pyo3(signature = (url, **options))]
        pub fn $name(url: &Bound<'_, PyAny>, options: Option<&Bound<'_, PyDict>>) -> PyResult<Py<Response>> {
            whole(Shared::process_wide(url.py())?, $method, url, options)
        }
    )*};
}

verbs! {
    get "GET" "Sends a GET request on the process-wide client. Arguments as of ``Client.request``.";
    head "HEAD" "Sends a HEAD request on the process-wide client. Arguments as of ``Client.request``.";
    options "OPTIONS" "Sends an OPTIONS request on the process-wide client. Arguments as of ``Client.request``.";
    post "POST" "Sends a POST request on the process-wide client. Arguments as of ``Client.request``.";
    put "PUT" "Sends a PUT request on the process-wide client. Arguments as of ``Client.request``.";
    patch "PATCH" "Sends a PATCH request on the process-wide client. Arguments as of ``Client.request``.";
    delete "DELETE" "Sends a DELETE request on the process-wide client. Arguments as of ``Client.request``.";
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
) -> PyResult<Response> {
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
