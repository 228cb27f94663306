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
    get "GET" (params) "Sends a GET request to ``url`` on the process-wide client. ``params`` are added to its query.

Other arguments, and errors, are those of ``Client.request``.

>>> libkeepalive.get(\"http://example.com/users\", {\"page\": 1}, timeout=5.0).status_code
200";
    head "HEAD" () "Sends a HEAD request to ``url`` on the process-wide client.

Other arguments, and errors, are those of ``Client.request``.

>>> libkeepalive.head(\"http://example.com/\").headers[\"content-type\"]
'application/json'";
    options "OPTIONS" () "Sends an OPTIONS request to ``url`` on the process-wide client.

Other arguments, and errors, are those of ``Client.request``.

>>> libkeepalive.options(\"http://example.com/\").is_success
True";
    post "POST" (data, json) "Sends a POST request to ``url`` on the process-wide client. ``data`` (form fields or bytes) or ``json`` is its body.

Other arguments, and errors, are those of ``Client.request``.

>>> libkeepalive.post(\"http://example.com/users\", json={\"name\": \"A\"}).json()
{'name': 'A'}";
    put "PUT" (data) "Sends a PUT request to ``url`` on the process-wide client. ``data`` (form fields or bytes) is its body.

Other arguments, and errors, are those of ``Client.request``.

>>> libkeepalive.put(\"http://example.com/file\", b\"content\").is_success
True";
    patch "PATCH" (data) "Sends a PATCH request to ``url`` on the process-wide client. ``data`` (form fields or bytes) is its body.

Other arguments, and errors, are those of ``Client.request``.

>>> libkeepalive.patch(\"http://example.com/users/1\", json={\"name\": \"B\"}).json()
{'name': 'B'}";
    delete "DELETE" () "Sends a DELETE request to ``url`` on the process-wide client.

Other arguments, and errors, are those of ``Client.request``.

>>> libkeepalive.delete(\"http://example.com/users/1\").status_code
200";
}

/// Sends a request by ``method`` to ``url`` on the process-wide client.
///
/// Other arguments, and errors, are those of ``Client.request``.
///
/// >>> libkeepalive.request("PURGE", "http://example.com/file", headers={"X-Key": "a"}).status_code
/// 200
#[pyfunction]
#[pyo3(signature = (method, url, **options))]
pub fn request(
    method: &Bound<'_, PyAny>,
    url: &Bound<'_, PyAny>,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<Py<Response>> {
    send_named(Shared::process_wide(url.py())?, method, url, options)
}

/// Sends a request to ``url`` on the process-wide client and writes the body of the response to ``path``.
///
/// Other arguments, and errors, are those of ``Client.download``.
///
/// >>> libkeepalive.download("http://example.com/file", "file", fsync=True).saved.bytes
/// 7
#[pyfunction]
#[pyo3(signature = (url, path, **options))]
pub fn download(
    url: &Bound<'_, PyAny>,
    path: &Bound<'_, PyAny>,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<Py<Response>> {
    client::download(Shared::process_wide(url.py())?, url, path, options)
}

/// ``with libkeepalive.stream(method, url) as response`` on the process-wide client: the body is read on demand.
///
/// Other arguments, and errors, are those of ``Client.stream``.
///
/// >>> with libkeepalive.stream("GET", "http://example.com/file") as response:
/// ...     sum(len(piece) for piece in response.iter_bytes())
/// 7
#[pyfunction]
#[pyo3(signature = (method, url, **options))]
pub fn stream(
    method: &Bound<'_, PyAny>,
    url: &Bound<'_, PyAny>,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<Stream> {
    Stream::of(Shared::process_wide(url.py())?, method, url, options)
}
