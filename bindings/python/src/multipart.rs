//! The engine's form, put together by `_multipart.py`.

use std::ffi::OsString;
use std::sync::Mutex;

use keepalive_core::{Content, Error, FileBody, Multipart as Form, Part, Piece, Request};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::convert::owned;
use crate::errors::to_python;

/// A header field as it is written.
type Field = (Vec<u8>, Vec<u8>);

/// A multipart/form-data body that is being put together.
#[pyclass(frozen, module = "libkeepalive._native")]
pub struct Multipart {
    /// `None` once it is finished.
    form: Mutex<Option<Form<Py<PyAny>>>>,
    content_type: Vec<u8>,
}

#[pymethods]
impl Multipart {
    #[new]
    fn new(content_type: Option<Vec<u8>>) -> PyResult<Multipart> {
        let form = Form::new(content_type.as_deref()).map_err(|error| refused("files", &error))?;
        let content_type = form.content_type().to_vec();
        Ok(Multipart { form: Mutex::new(Some(form)), content_type })
    }

    /// The value of its Content-Type header.
    #[getter]
    fn content_type(&self) -> &[u8] {
        &self.content_type
    }

    /// Appends a part; `place` is what a refusal names.
    fn add(
        &self,
        place: &str,
        name: &str,
        filename: Option<&str>,
        content_type: Option<Vec<u8>>,
        headers: Vec<Field>,
        content: Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_slice(), value.as_slice())).collect();
        let part =
            Part { name, filename, content_type: content_type.as_deref(), headers: &headers };
        let mut form = self.form.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let form = form.as_mut().ok_or_else(finished)?;
        match content.cast::<PyBytes>() {
            Ok(bytes) if bytes.as_bytes().len() < SMALL => form.add_bytes(&part, bytes.as_bytes()),
            _ => form.add(&part, content.unbind()),
        }
        .map_err(|error| refused(place, &error))
    }

    /// Bytes, and the contents that were added, in the order in which they are sent.
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let mut form = self.form.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let pieces = form.take().ok_or_else(finished)?.finish();
        let pieces = pieces.into_iter().map(|piece| match piece {
            Piece::Bytes(bytes) => PyBytes::new(py, &bytes).into_any(),
            Piece::Content(content) => content.into_bound(py),
        });
        PyList::new(py, pieces.collect::<Vec<_>>())
    }
}

/// A file of which its path was given, read by the engine.
pub fn file(name: &str, path: &Bound<'_, PyAny>) -> PyResult<FileBody> {
    let py = path.py();
    let path: OsString = py
        .import("os")?
        .call_method1("fspath", (path,))
        .and_then(|path| py.import("os")?.call_method1("fsdecode", (path,))?.extract())?;
    FileBody::new(path).map_err(|error| {
        let text = format!("{name}: {}", error.message());
        to_python(py, &Error::new(error.kind(), error.phase(), text), None)
    })
}

/// Makes a form the body of which the engine can read all parts: bytes, and files by their paths.
pub fn of_core(request: &mut Request, form: &Bound<'_, PyAny>) -> PyResult<bool> {
    let pieces = form.call_method0("of_paths")?;
    if pieces.is_none() {
        return Ok(false);
    }
    let mut made = Vec::new();
    for piece in pieces.try_iter()? {
        let piece = piece?;
        made.push(match piece.cast::<PyBytes>() {
            Ok(bytes) => Piece::Bytes(owned(bytes)),
            Err(_) => Piece::Content(Content::File(file("files", &piece)?)),
        });
    }
    request.set_form_body(made);
    Ok(true)
}

/// Contents below this size are copied among what is around them.
const SMALL: usize = 64 * 1024;

fn refused(place: &str, error: &Error) -> PyErr {
    PyValueError::new_err(format!("{place}: {}", error.message()))
}

fn finished() -> PyErr {
    PyRuntimeError::new_err("the form is finished")
}
