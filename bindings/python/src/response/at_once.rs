//! What adapters take of a response at once: its head in the forms of their hosts, and a body that came with it.
//! For them a getter for each would cost more than the exchange.

use std::sync::atomic::Ordering;

use keepalive_core::{Fields, Version};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};

use crate::headers::{Field, latin1_text};
use crate::memory;
use crate::once::intern;
use crate::response::{Response, Slot};

/// Puts them into the module, for the adapters alone: what `add_function` adds is everybody's.
pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.setattr("_body_at_once", wrap_pyfunction!(_body_at_once, module)?)?;
    module.setattr("_bytes_head", wrap_pyfunction!(_bytes_head, module)?)?;
    module.setattr("_latin1_head", wrap_pyfunction!(_latin1_head, module)?)?;
    module.setattr("_utf8_head", wrap_pyfunction!(_utf8_head, module)?)
}

/// A head of its own: making objects of it may run Python code, which may use the response.
struct Head {
    status: u16,
    is_newest: bool,
    reason: Box<[u8]>,
    fields: Given,
}

enum Given {
    Received(Fields),
    Own(Vec<Field>),
}

impl Given {
    fn pairs<T>(&self, mut make: impl FnMut(&[u8], &[u8]) -> PyResult<T>) -> PyResult<Vec<T>> {
        match self {
            Given::Received(fields) => {
                fields.iter().map(|(name, value)| make(name, value)).collect()
            }
            Given::Own(fields) => fields.iter().map(|(name, value)| make(name, value)).collect(),
        }
    }
}

impl Head {
    fn of(py: Python<'_>, response: &Response) -> PyResult<Head> {
        if response.facts.get().is_none()
            && let Slot::Here(core) = &*response.slot()
        {
            return Ok(Head {
                status: response.status,
                is_newest: core.version() == Version::Http11,
                reason: core.reason().into(),
                fields: Given::Received(core.headers().clone()),
            });
        }
        let facts = response.facts(py)?;
        Ok(Head {
            status: response.status,
            is_newest: facts.version == Version::Http11,
            reason: facts.reason.clone(),
            fields: Given::Own(facts.headers.get().copied()),
        })
    }
}

type BytesHead<'py> = (u16, bool, Bound<'py, PyBytes>, Bound<'py, PyList>);

/// Status, whether it is of HTTP/1.1, reason and fields, as bytes.
#[pyfunction]
fn _bytes_head<'py>(response: &Bound<'py, Response>) -> PyResult<BytesHead<'py>> {
    let py = response.py();
    let head = Head::of(py, response.get())?;
    let fields = head.fields.pairs(|name, value| pair(py, name, value))?;
    Ok((head.status, head.is_newest, PyBytes::new(py, &head.reason), PyList::new(py, fields)?))
}

type TextHead<'py> = (u16, bool, Bound<'py, PyString>, Bound<'py, PyList>);

/// The same as text of latin-1. `names` has text for names, and makes it where it has none.
#[pyfunction]
fn _latin1_head<'py>(
    response: &Bound<'py, Response>,
    names: &Bound<'py, PyAny>,
) -> PyResult<TextHead<'py>> {
    let py = response.py();
    let head = Head::of(py, response.get())?;
    let fields = head.fields.pairs(|name, value| {
        Ok((names.get_item(PyBytes::new(py, name))?, latin1_text(py, value)))
    })?;
    Ok((head.status, head.is_newest, latin1_text(py, &head.reason), PyList::new(py, fields)?))
}

type Utf8Head<'py> = (u16, bool, Bound<'py, PyAny>, Bound<'py, PyList>, Bound<'py, PyTuple>, usize);

/// The same as text of UTF-8, where surrogates stand for other bytes; then the fields as bytes, and how long
/// all values are together.
#[pyfunction]
fn _utf8_head<'py>(
    response: &Bound<'py, Response>,
    names: &Bound<'py, PyAny>,
) -> PyResult<Utf8Head<'py>> {
    let py = response.py();
    let head = Head::of(py, response.get())?;
    let mut length = 0;
    let mut raw = Vec::new();
    let fields = head.fields.pairs(|name, value| {
        let (name_bytes, value_bytes) = (PyBytes::new(py, name), PyBytes::new(py, value));
        length += value.len();
        let field = (names.get_item(&name_bytes)?, utf8_text(&value_bytes)?);
        raw.push((name_bytes, value_bytes));
        Ok(field)
    })?;
    let reason = utf8_text(&PyBytes::new(py, &head.reason))?;
    let (fields, raw) = (PyList::new(py, fields)?, PyTuple::new(py, raw)?);
    Ok((head.status, head.is_newest, reason, fields, raw, length))
}

fn pair<'py>(
    py: Python<'py>,
    name: &[u8],
    value: &[u8],
) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
    Ok((PyBytes::new(py, name), PyBytes::new(py, value)))
}

fn utf8_text<'py>(bytes: &Bound<'py, PyBytes>) -> PyResult<Bound<'py, PyAny>> {
    let py = bytes.py();
    match std::str::from_utf8(bytes.as_bytes()) {
        Ok(text) => Ok(PyString::new(py, text).into_any()),
        Err(_) => bytes.call_method1(intern!(py, "decode"), ("utf-8", "surrogateescape")),
    }
}

/// The body of a streamed response as it came, if all of it is here and nobody has begun to read it: it is read
/// then. `None` otherwise.
#[pyfunction]
fn _body_at_once<'py>(response: &Bound<'py, Response>) -> PyResult<Option<Py<PyBytes>>> {
    let (py, this) = (response.py(), response.get());
    // A connection that was switched has no body, and whoever watches a body is told piece by piece.
    let is_switched = this.status == 101 || this.method == "CONNECT";
    if this.whole || is_switched || this.has_extra(|_| Some(())).is_some() {
        return Ok(None);
    }
    let taken = match &mut *this.slot() {
        Slot::Here(core) if core.is_complete() && !this.closed.load(Ordering::Acquire) => {
            match this.consumed.swap(true, Ordering::AcqRel) {
                true => None,
                false => core.take_complete(),
            }
        }
        _ => None,
    };
    let Some(body) = taken else { return Ok(None) };
    this.closed.store(true, Ordering::Release);
    this.handed.fetch_add(body.len() as u64, Ordering::Relaxed);
    memory::copied(py, &body).map(Some)
}
