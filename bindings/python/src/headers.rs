//! Header fields: what callers give as bytes, and `Headers`, an ordered list of fields that reads like a
//! case-insensitive mapping.

use std::sync::{Mutex, MutexGuard};

use keepalive_core::{Error, ErrorKind, Phase};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};

use crate::convert::utf8;
use crate::errors::{to_python, wrong_type};
use crate::once::intern;

/// A header field as bytes.
pub type Field = (Box<[u8]>, Box<[u8]>);

/// Fields whose values reach no text that is made for people.
const SECRET: [&[u8]; 4] = [b"authorization", b"proxy-authorization", b"cookie", b"set-cookie"];

/// Header fields: ordered, duplicates kept, names compared without case; any thread may read and change them.
///
/// Made of ``headers``: a mapping, pairs, or other header fields. Reads like a mapping, in which fields of one name are joined with ``", "`` (RFC 9110 5.3);
/// ``get_list`` and ``multi_items`` keep them apart. What is set takes the place of all fields of that
/// name. Text is latin-1; ``raw`` has the bytes. ``repr()`` shows no credentials and no cookies.
///
/// >>> headers = libkeepalive.Headers([("Accept", "text/html"), ("Accept", "text/plain")])
/// >>> headers["accept"], headers.get_list("accept")
/// ('text/html, text/plain', ['text/html', 'text/plain'])
#[pyclass(frozen, module = "libkeepalive", mapping)]
pub struct Headers {
    list: Mutex<Vec<Field>>,
}

/// The first field of that name.
pub fn first<'a>(list: &'a [Field], name: &[u8]) -> Option<&'a [u8]> {
    values_of(list, name).next()
}

/// All fields of that name.
pub fn values_of<'a>(list: &'a [Field], name: &[u8]) -> impl Iterator<Item = &'a [u8]> {
    list.iter()
        .filter(move |(field, _)| field.eq_ignore_ascii_case(name))
        .map(|(_, value)| &**value)
}

impl Headers {
    pub fn of(list: Vec<Field>) -> Headers {
        Headers { list: Mutex::new(list) }
    }

    /// Held for as long as no Python code runs.
    pub fn fields(&self) -> MutexGuard<'_, Vec<Field>> {
        self.list.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// What it has now.
    pub fn copied(&self) -> Vec<Field> {
        self.fields().clone()
    }

    /// Other fields in place of all.
    pub fn replace(&self, list: Vec<Field>) {
        *self.fields() = list;
    }

    fn joined(&self, name: &[u8]) -> Option<Vec<u8>> {
        joined(&self.fields(), name)
    }

    /// Names in lower case, each once, in order.
    fn names(&self) -> Vec<Vec<u8>> {
        names(&self.fields())
    }

    fn remove(&self, name: &[u8]) -> bool {
        let mut list = self.fields();
        let before = list.len();
        list.retain(|(field, _)| !field.eq_ignore_ascii_case(name));
        list.len() < before
    }
}

fn joined(list: &[Field], name: &[u8]) -> Option<Vec<u8>> {
    let mut values = values_of(list, name);
    let mut joined = values.next()?.to_vec();
    for value in values {
        joined.extend_from_slice(b", ");
        joined.extend_from_slice(value);
    }
    Some(joined)
}

fn names(list: &[Field]) -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = Vec::with_capacity(list.len());
    for (name, _) in list {
        let name = name.to_ascii_lowercase();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[pymethods]
impl Headers {
    #[new]
    #[pyo3(signature = (headers = None))]
    fn new(headers: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let given = headers.filter(|headers| !headers.is_none());
        let list = given.map(|headers| fields("headers", headers)).transpose()?;
        Ok(Headers::of(list.unwrap_or_default()))
    }

    fn __getitem__<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyString>> {
        match self.joined(&latin1("header name", name)?) {
            Some(value) => Ok(latin1_text(py, &value)),
            None => Err(PyKeyError::new_err(name.clone().unbind())),
        }
    }

    fn __setitem__(&self, name: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let (name, value) = field(name, value)?;
        let mut list = self.fields();
        let at = list.iter().position(|(own, _)| own.eq_ignore_ascii_case(&name));
        let Some(at) = at else {
            list.push((name, value));
            return Ok(());
        };
        let mut rest = list.split_off(at + 1);
        rest.retain(|(own, _)| !own.eq_ignore_ascii_case(&name));
        list[at] = (name, value);
        list.append(&mut rest);
        Ok(())
    }

    fn __delitem__(&self, name: &Bound<'_, PyAny>) -> PyResult<()> {
        match self.remove(&latin1("header name", name)?) {
            true => Ok(()),
            false => Err(PyKeyError::new_err(name.clone().unbind())),
        }
    }

    /// Sets what ``headers``, a mapping or pairs, have: their names lose the fields that they had here.
    #[pyo3(signature = (headers = None))]
    fn update(&self, headers: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let Some(headers) = headers.filter(|headers| !headers.is_none()) else { return Ok(()) };
        let given = fields("headers", headers)?;
        let mut list = self.fields();
        list.retain(|(own, _)| first(&given, own).is_none());
        list.extend(given);
        Ok(())
    }

    /// Adds a field ``name: value`` beside those of its ``name``; ``value`` is str or bytes.
    fn add(&self, name: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let field = field(name, value)?;
        self.fields().push(field);
        Ok(())
    }

    /// The same fields, on their own.
    fn copy(&self) -> Headers {
        Headers::of(self.copied())
    }

    fn __copy__(&self) -> Headers {
        self.copy()
    }

    /// Removes all fields.
    fn clear(&self) {
        self.fields().clear();
    }

    /// These fields, with those of ``other`` in place of their namesakes.
    fn __or__(&self, other: &Bound<'_, PyAny>) -> PyResult<Headers> {
        let both = self.copy();
        both.update(Some(other))?;
        Ok(both)
    }

    fn __ror__(&self, other: &Bound<'_, PyAny>) -> PyResult<Headers> {
        let both = Headers::of(fields("headers", other)?);
        let own = self.copied();
        let mut list = both.fields();
        list.retain(|(name, _)| first(&own, name).is_none());
        list.extend(own);
        drop(list);
        Ok(both)
    }

    fn __contains__(&self, name: &Bound<'_, PyAny>) -> bool {
        latin1("header name", name).is_ok_and(|name| first(&self.fields(), &name).is_some())
    }

    fn __len__(&self) -> usize {
        self.names().len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.keys(py)?.try_iter()?.into_any())
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        let Ok(other) = fields("headers", other) else {
            return false;
        };
        let sorted = |list: &[Field]| {
            let mut list: Vec<_> = list
                .iter()
                .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
                .collect();
            list.sort();
            list
        };
        sorted(&self.copied()) == sorted(&other)
    }

    /// Credentials and cookies are not shown.
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let list = self.copied();
        let pairs = list.iter().map(|(name, value)| {
            let name = name.to_ascii_lowercase();
            let shown = if SECRET.contains(&&*name) { b"[secure]" } else { &**value };
            (latin1_text(py, &name), latin1_text(py, shown))
        });
        Ok(format!("Headers({})", PyList::new(py, pairs.collect::<Vec<_>>())?.repr()?))
    }

    /// The values of ``name`` joined with ``", "``, or ``default``.
    #[pyo3(signature = (name, default = None))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        default: Option<Bound<'py, PyAny>>,
    ) -> Option<Bound<'py, PyAny>> {
        match self.joined(name.as_bytes()) {
            Some(value) => Some(latin1_text(py, &value).into_any()),
            None => default,
        }
    }

    /// The values of ``name``, one for each field; with ``split_commas`` also split at commas.
    #[pyo3(signature = (name, split_commas = false))]
    fn get_list<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        split_commas: bool,
    ) -> PyResult<Bound<'py, PyList>> {
        let list = self.copied();
        let values = values_of(&list, name.as_bytes());
        if !split_commas {
            return PyList::new(py, values.map(|value| latin1_text(py, value)).collect::<Vec<_>>());
        }
        let parts = values.flat_map(|value| value.split(|&byte| byte == b','));
        PyList::new(py, parts.map(|part| latin1_text(py, part.trim_ascii())).collect::<Vec<_>>())
    }

    /// The names in lower case, each once.
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.names().iter().map(|name| latin1_text(py, name)))
    }

    /// The joined values, one for each name.
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let names = self.names();
        let list = self.copied();
        let values = names.iter().filter_map(|name| joined(&list, name));
        PyList::new(py, values.map(|value| latin1_text(py, &value)).collect::<Vec<_>>())
    }

    /// Name and joined value, one pair for each name.
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = self.copied();
        let names = names(&list);
        let pairs = names.iter().filter_map(|name| Some((name, joined(&list, name)?)));
        let pairs = pairs.map(|(name, value)| (latin1_text(py, name), latin1_text(py, &value)));
        PyList::new(py, pairs.collect::<Vec<_>>())
    }

    /// Name in lower case and value of each field.
    fn multi_items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = self.copied();
        let pairs = list.iter().map(|(name, value)| {
            (latin1_text(py, &name.to_ascii_lowercase()), latin1_text(py, value))
        });
        PyList::new(py, pairs)
    }

    /// Name and value of each field as the bytes they came in, case kept.
    #[getter]
    fn raw<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = self.copied();
        let pairs =
            list.iter().map(|(name, value)| (PyBytes::new(py, name), PyBytes::new(py, value)));
        PyList::new(py, pairs)
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let raw = slf.get().raw(slf.py())?;
        Ok((slf.get_type().into_any(), PyTuple::new(slf.py(), [raw])?))
    }
}

/// Header fields from a mapping (also one with `multi_items`) or an iterable of pairs.
pub fn fields(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<Field>> {
    match value.cast::<Headers>() {
        Ok(headers) => Ok(headers.get().copied()),
        Err(_) => pairs(name, value, field),
    }
}

/// A header field, or the name of one that is not to be sent.
pub type Wish = (Box<[u8]>, Option<Box<[u8]>>);

/// Header fields as of `fields`; `None` for a value means that the field is not sent.
pub fn wishes(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<Wish>> {
    if let Ok(headers) = value.cast::<Headers>() {
        let all = headers.get().copied().into_iter();
        return Ok(all.map(|(name, value)| (name, Some(value))).collect());
    }
    pairs(name, value, |name, value| match value.is_none() {
        true => Ok((latin1("header name", name)?, None)),
        false => field(name, value).map(|(name, value)| (name, Some(value))),
    })
}

/// Pairs from a mapping or an iterable of pairs.
pub fn pairs<T>(
    name: &str,
    value: &Bound<'_, PyAny>,
    one: impl Fn(&Bound<'_, PyAny>, &Bound<'_, PyAny>) -> PyResult<T>,
) -> PyResult<Vec<T>> {
    let py = value.py();
    if let Ok(dict) = value.cast::<PyDict>() {
        return dict.iter().map(|(field, value)| one(&field, &value)).collect();
    }
    // A list is asked for no attributes: that it has none would be an exception each time.
    let pairs = if value.is_exact_instance_of::<PyList>() {
        value.clone()
    } else if value.hasattr(intern!(py, "multi_items"))? {
        value.call_method0(intern!(py, "multi_items"))?
    } else if value.hasattr(intern!(py, "items"))? {
        value.call_method0(intern!(py, "items"))?
    } else {
        value.clone()
    };
    let expected = "a mapping or pairs of name and value";
    let mut list = Vec::new();
    for pair in pairs.try_iter().map_err(|_| wrong_type(name, expected, value))? {
        let pair = pair?;
        let (field, value) = pair
            .extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()
            .map_err(|_| wrong_type(name, expected, &pair))?;
        list.push(one(&field, &value)?);
    }
    Ok(list)
}

fn field(name: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<Field> {
    let name = latin1("header name", name)?;
    let plain = value.cast::<PyString>().ok().and_then(|text| text.to_str().ok());
    let value = match plain.filter(|text| text.is_ascii()) {
        Some(text) => text.as_bytes().into(),
        None => latin1(&format!("header {:?}", String::from_utf8_lossy(&name)), value)?,
    };
    Ok((name, value))
}

/// Text that is latin-1, or bytes.
pub fn latin1(what: &str, value: &Bound<'_, PyAny>) -> PyResult<Box<[u8]>> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().into());
    }
    let Ok(text) = value.cast::<PyString>() else {
        return Err(wrong_type(what, "str or bytes", value));
    };
    let text = utf8(what, text)?;
    if text.is_ascii() {
        return Ok(text.as_bytes().into());
    }
    text.chars().map(|c| u8::try_from(u32::from(c))).collect::<Result<_, _>>().map_err(|_| {
        // The value may be a secret.
        let message = format!("{what}: characters outside latin-1; give the bytes to be sent");
        to_python(value.py(), &Error::new(ErrorKind::InvalidHeader, Phase::Request, message), None)
    })
}

/// Header bytes as text: latin-1, so that every byte sequence has exactly one text.
pub fn latin1_text<'py>(py: Python<'py>, bytes: &[u8]) -> Bound<'py, PyString> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => PyString::new(py, text),
        _ => PyString::new(py, &bytes.iter().map(|&byte| byte as char).collect::<String>()),
    }
}
