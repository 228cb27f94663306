//! Python values to the engine's: texts, counts, bodies, credentials. Every refusal names the
//! argument.

use std::borrow::Cow;

use bytes::Bytes;
use keepalive_core::basic_credentials;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyMemoryView, PyString, PyTuple};

use crate::errors::wrong_type;
use crate::once::PyOnceLock;
use crate::once::intern;

/// Bytes objects of at least this size are sent without a copy; smaller ones are cheaper to copy
/// than to keep alive across threads.
const BORROW_FROM: usize = 4096;

/// Text.
pub fn text<'a>(name: &str, value: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
    match value.cast::<PyString>() {
        Ok(text) => utf8(name, text),
        Err(_) => Err(wrong_type(name, "str", value)),
    }
}

/// The text of a URL: also of an object of httpx, httpx2, yarl or their like, and of ASCII bytes.
pub fn url_text<'a>(name: &str, value: &'a Bound<'_, PyAny>) -> PyResult<Cow<'a, str>> {
    if let Ok(text) = value.cast::<PyString>() {
        return utf8(name, text).map(Cow::Borrowed);
    }
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return match std::str::from_utf8(bytes.as_bytes()) {
            Ok(text) if text.is_ascii() => Ok(Cow::Borrowed(text)),
            _ => Err(PyValueError::new_err(format!("{name}: a URL given as bytes must be ASCII"))),
        };
    }
    let py = value.py();
    // What objects that stand for a URL have, and others do not.
    if value.hasattr(intern!(py, "scheme"))? && value.hasattr(intern!(py, "host"))? {
        return Ok(Cow::Owned(utf8(name, &value.str()?)?.to_string()));
    }
    Err(wrong_type(name, "str, or a URL of httpx or yarl", value))
}

/// Text that can be sent; what is wrong with it is said without showing it.
pub fn utf8<'a>(name: &str, text: &'a Bound<'_, PyString>) -> PyResult<&'a str> {
    text.to_str().map_err(|_| PyValueError::new_err(format!("{name}: a lone surrogate is no text")))
}

/// Text, or an object with `__fspath__`.
pub fn path(name: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(utf8(name, text)?.to_string());
    }
    let path = value.call_method0("__fspath__").map_err(|_| wrong_type(name, "str", value))?;
    Ok(text(name, &path)?.to_string())
}

/// `True` or `False`.
pub fn flag(name: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    match value.cast::<PyBool>() {
        Ok(flag) => Ok(flag.is_true()),
        Err(_) => Err(wrong_type(name, "True or False", value)),
    }
}

/// `on_redirect`, if it is a function.
pub fn redirect_hook(value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    match value.is_callable() {
        true => Ok(value.clone().unbind()),
        false => Err(wrong_type("on_redirect", "a function of a response and a URL", value)),
    }
}

/// A whole number from 0.
pub fn count(name: &str, value: &Bound<'_, PyAny>) -> PyResult<u64> {
    if value.is_instance_of::<PyBool>() {
        return Err(wrong_type(name, "a whole number", value));
    }
    match value.extract::<u64>() {
        Ok(count) => Ok(count),
        Err(error) if error.is_instance_of::<PyTypeError>(value.py()) => {
            Err(wrong_type(name, "a whole number", value))
        }
        Err(_) => Err(PyValueError::new_err(format!(
            "{name}: {value} is not a count; expected 0 or more"
        ))),
    }
}

/// The `count` of `warm`.
pub fn how_many(count: Option<&Bound<'_, PyAny>>) -> PyResult<usize> {
    let count = count.map_or(Ok(1), |value| self::count("count", value))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// The content of a bytes-like object, `None` if it is not one.
pub fn buffer(value: &Bound<'_, PyAny>) -> PyResult<Option<Bytes>> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(Some(owned(bytes)));
    }
    if value.is_instance_of::<PyByteArray>() || value.hasattr(intern!(value.py(), "__buffer__"))? {
        return copied(value).map(Some);
    }
    // Before Python 3.12 nothing but trying tells whether an object has the buffer protocol.
    match PyMemoryView::from(value) {
        Ok(_) => copied(value).map(Some),
        Err(error) if error.is_instance_of::<PyTypeError>(value.py()) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The bytes object's content, kept alive rather than copied when it is large.
pub fn owned(bytes: &Bound<'_, PyBytes>) -> Bytes {
    let view = bytes.as_bytes();
    if view.len() < BORROW_FROM {
        return Bytes::copy_from_slice(view);
    }
    Bytes::from_owner(PyBackedBytes::from(bytes.clone()))
}

/// Mutable buffers are copied: they may change while the request is sent.
fn copied(value: &Bound<'_, PyAny>) -> PyResult<Bytes> {
    let bytes = PyMemoryView::from(value)?.call_method0(intern!(value.py(), "tobytes"))?;
    Ok(owned(bytes.cast::<PyBytes>()?))
}

/// The value of Authorization for `auth=(user, password)`.
pub fn credentials(auth: &Bound<'_, PyAny>) -> PyResult<String> {
    let expected = "a tuple (user, password)";
    let pair = auth.cast::<PyTuple>().map_err(|_| wrong_type("auth", expected, auth))?;
    if pair.len() != 2 {
        return Err(wrong_type("auth", expected, auth));
    }
    let part = |at: usize| -> PyResult<Vec<u8>> {
        let value = pair.get_item(at)?;
        match value.cast::<PyBytes>() {
            Ok(bytes) => Ok(bytes.as_bytes().to_vec()),
            Err(_) => Ok(text("auth", &value)?.as_bytes().to_vec()),
        }
    };
    Ok(basic_credentials(&part(0)?, &part(1)?))
}

/// A function of `libkeepalive/_encode.py`: what only Python's own libraries do as users expect.
pub fn encoder<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    static MODULE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || {
        py.import("libkeepalive._encode").map(|module| module.into_any().unbind())
    })?;
    module.bind(py).getattr(name)
}
