//! `Headers`: an ordered list of fields that reads like a case-insensitive mapping.

use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};

use crate::convert::{Field, fields, latin1_text};

/// Fields whose values reach no text that is made for people.
const SECRET: [&[u8]; 4] = [b"authorization", b"proxy-authorization", b"cookie", b"set-cookie"];

/// Header fields: ordered, duplicates kept, names compared without case. Read-only.
///
/// Reads like a mapping, in which fields of one name are joined with ``", "`` (RFC 9110 5.3);
/// ``get_list`` and ``multi_items`` keep them apart. Text is latin-1; ``raw`` has the bytes.
#[pyclass(frozen, module = "libkeepalive", mapping)]
pub struct Headers {
    list: Vec<Field>,
}

impl Headers {
    pub fn of(list: Vec<Field>) -> Headers {
        Headers { list }
    }

    pub fn fields(&self) -> &[Field] {
        &self.list
    }

    /// The first field of that name.
    pub fn first<'a>(&'a self, name: &[u8]) -> Option<&'a [u8]> {
        self.list
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| &**value)
    }

    fn values_of<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.list
            .iter()
            .filter(move |(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| &**value)
    }

    fn joined(&self, name: &[u8]) -> Option<Vec<u8>> {
        let mut values = self.values_of(name);
        let mut joined = values.next()?.to_vec();
        for value in values {
            joined.extend_from_slice(b", ");
            joined.extend_from_slice(value);
        }
        Some(joined)
    }

    /// Names in lower case, each once, in order.
    fn names(&self) -> Vec<Vec<u8>> {
        let mut names: Vec<Vec<u8>> = Vec::with_capacity(self.list.len());
        for (name, _) in &self.list {
            let name = name.to_ascii_lowercase();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

#[pymethods]
impl Headers {
    #[new]
    #[pyo3(signature = (headers = None))]
    fn new(headers: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let list = headers.map(|headers| fields("headers", headers)).transpose()?;
        Ok(Headers { list: list.unwrap_or_default() })
    }

    fn __getitem__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyString>> {
        match self.joined(name.as_bytes()) {
            Some(value) => Ok(latin1_text(py, &value)),
            None => Err(PyKeyError::new_err(name.to_string())),
        }
    }

    fn __contains__(&self, name: &Bound<'_, PyAny>) -> bool {
        name.extract::<String>().is_ok_and(|name| self.first(name.as_bytes()).is_some())
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
        sorted(&self.list) == sorted(&other)
    }

    /// Credentials and cookies are not shown.
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let pairs = self.list.iter().map(|(name, value)| {
            let name = name.to_ascii_lowercase();
            let shown = if SECRET.contains(&&*name) { b"[secure]" } else { &**value };
            (latin1_text(py, &name), latin1_text(py, shown))
        });
        Ok(format!("Headers({})", PyList::new(py, pairs.collect::<Vec<_>>())?.repr()?))
    }

    /// The values of that name joined with ``", "``, or ``default``.
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

    /// The values of that name, one for each field; with ``split_commas`` also split at commas.
    #[pyo3(signature = (name, split_commas = false))]
    fn get_list<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        split_commas: bool,
    ) -> PyResult<Bound<'py, PyList>> {
        let values = self.values_of(name.as_bytes());
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
        let values = names.iter().filter_map(|name| self.joined(name));
        PyList::new(py, values.map(|value| latin1_text(py, &value)).collect::<Vec<_>>())
    }

    /// Name and joined value, one pair for each name.
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let names = self.names();
        let pairs = names.iter().filter_map(|name| Some((name, self.joined(name)?)));
        let pairs = pairs.map(|(name, value)| (latin1_text(py, name), latin1_text(py, &value)));
        PyList::new(py, pairs.collect::<Vec<_>>())
    }

    /// Name in lower case and value of each field.
    fn multi_items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let pairs = self.list.iter().map(|(name, value)| {
            (latin1_text(py, &name.to_ascii_lowercase()), latin1_text(py, value))
        });
        PyList::new(py, pairs)
    }

    /// Name and value of each field as the bytes they came in, case kept.
    #[getter]
    fn raw<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let pairs =
            self.list.iter().map(|(name, value)| (PyBytes::new(py, name), PyBytes::new(py, value)));
        PyList::new(py, pairs)
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let raw = slf.get().raw(slf.py())?;
        Ok((slf.get_type().into_any(), PyTuple::new(slf.py(), [raw])?))
    }
}
