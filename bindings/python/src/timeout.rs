//! `Timeout`: the time limits of a request by phase, in seconds.

use std::time::Duration;

use keepalive_core::{Limit, Timeouts, timeout_from_seconds};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyTuple};

use crate::errors::{to_python, wrong_type};

/// Time limits of a request, in seconds; ``None`` is no limit, a phase left out takes the client's.
///
/// ``Timeout(timeout=5.0)`` limits each phase to 5 s; ``Timeout(5.0, read=60.0, total=90.0)`` differs by
/// phase. ``connect`` covers DNS, TCP and TLS; ``read`` the wait for the response head and each wait
/// without a byte of the body; ``write`` each wait without a byte taken; ``pool`` the wait for a
/// connection; ``total`` the whole exchange, redirects and body included.
///
/// >>> libkeepalive.Timeout(5.0, read=60.0).read
/// 60.0
#[pyclass(frozen, eq, module = "libkeepalive")]
#[derive(Clone, Copy, PartialEq)]
pub struct Timeout {
    pub limits: Timeouts,
}

/// An argument that was given: `None` counts as given.
struct Given<'py>(Option<Bound<'py, PyAny>>);

impl<'py> FromPyObject<'_, 'py> for Given<'py> {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(Given(Some(value.to_owned())))
    }
}

#[pymethods]
impl Timeout {
    #[new]
    #[pyo3(signature = (timeout = Given(None), *, connect = Given(None), read = Given(None),
                        write = Given(None), pool = Given(None), total = Given(None)))]
    fn new(
        timeout: Given<'_>,
        connect: Given<'_>,
        read: Given<'_>,
        write: Given<'_>,
        pool: Given<'_>,
        total: Given<'_>,
    ) -> PyResult<Self> {
        let all = given("timeout", timeout)?;
        let read = given("read", read)?.or(all);
        let limits = Timeouts {
            queue: given("pool", pool)?.or(all),
            connect: given("connect", connect)?.or(all),
            header: read,
            send: given("write", write)?.or(all),
            read,
            total: given("total", total)?,
        };
        Ok(Timeout { limits })
    }

    fn __repr__(&self) -> String {
        let named = [
            ("connect", self.limits.connect),
            ("read", self.limits.read),
            ("write", self.limits.send),
            ("pool", self.limits.queue),
            ("total", self.limits.total),
        ];
        let parts = named.iter().filter_map(|(name, limit)| {
            limit.map(|limit| match limit {
                Some(limit) => format!("{name}={:?}", limit.as_secs_f64()),
                None => format!("{name}=None"),
            })
        });
        format!("Timeout({})", parts.collect::<Vec<_>>().join(", "))
    }

    /// Seconds, ``None`` for no limit, ``...`` for the client's.
    #[getter]
    fn connect(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        shown(py, self.limits.connect)
    }

    /// Seconds, ``None`` for no limit, ``...`` for the client's.
    #[getter]
    fn read(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        shown(py, self.limits.read)
    }

    /// Seconds, ``None`` for no limit, ``...`` for the client's.
    #[getter]
    fn write(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        shown(py, self.limits.send)
    }

    /// Seconds, ``None`` for no limit, ``...`` for the client's.
    #[getter]
    fn pool(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        shown(py, self.limits.queue)
    }

    /// Seconds, ``None`` for no limit, ``...`` for the client's.
    #[getter]
    fn total(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        shown(py, self.limits.total)
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let py = slf.py();
        let limits = slf.get().limits;
        let all = [limits.connect, limits.read, limits.send, limits.queue, limits.total];
        let all = all.iter().map(|limit| shown(py, *limit)).collect::<PyResult<Vec<_>>>()?;
        Ok((slf.get_type().getattr("_of")?, PyTuple::new(py, all)?))
    }

    /// For pickle.
    #[staticmethod]
    fn _of(
        connect: Given<'_>,
        read: Given<'_>,
        write: Given<'_>,
        pool: Given<'_>,
        total: Given<'_>,
    ) -> PyResult<Self> {
        fn or_unset(given: Given<'_>) -> Given<'_> {
            Given(given.0.filter(|value| !value.is(value.py().Ellipsis())))
        }
        Timeout::new(
            Given(None),
            or_unset(connect),
            or_unset(read),
            or_unset(write),
            or_unset(pool),
            or_unset(total),
        )
    }
}

fn shown(py: Python<'_>, limit: Option<Limit>) -> PyResult<Py<PyAny>> {
    match limit {
        None => Ok(py.Ellipsis()),
        Some(None) => Ok(py.None()),
        Some(Some(limit)) => Ok(limit.as_secs_f64().into_pyobject(py)?.into_any().unbind()),
    }
}

fn given(name: &str, value: Given<'_>) -> PyResult<Option<Limit>> {
    value.0.map(|value| limit(name, &value)).transpose()
}

/// Seconds or `None`.
pub fn limit(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Option<Duration>> {
    seconds(name, value, "seconds as a number, or None")
}

/// An option's seconds; infinity is no limit.
pub fn time(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Option<Duration>> {
    match value.cast::<PyFloat>() {
        Ok(seconds) if seconds.value() == f64::INFINITY => Ok(None),
        _ => limit(name, value),
    }
}

fn seconds(name: &str, value: &Bound<'_, PyAny>, expected: &str) -> PyResult<Option<Duration>> {
    if value.is_none() {
        return Ok(None);
    }
    if value.is_instance_of::<PyBool>() {
        return Err(wrong_type(name, expected, value));
    }
    let number: f64 = value.extract().map_err(|_| wrong_type(name, expected, value))?;
    timeout_from_seconds(name, number)
        .map(Some)
        .map_err(|error| to_python(value.py(), &error, None))
}

/// The `timeout` argument: a `Timeout`, seconds for each phase, or `None` for no limit at all.
/// Phases it leaves out keep `base`.
pub fn timeouts(value: &Bound<'_, PyAny>, base: Timeouts) -> PyResult<Timeouts> {
    let given = match value.cast::<Timeout>() {
        Ok(timeout) => timeout.get().limits,
        Err(_) if value.is_none() => {
            let none = Some(None);
            Timeouts {
                queue: none,
                connect: none,
                header: none,
                send: none,
                read: none,
                total: none,
            }
        }
        Err(_) if value.is_instance_of::<PyTuple>() => of_tuple(value.cast::<PyTuple>()?)?,
        Err(_) if value.hasattr("connect")? && value.hasattr("pool")? => of_object(value)?,
        Err(_) => {
            let expected = "seconds as a number, a tuple of them, a Timeout, or None";
            let one = Some(seconds("timeout", value, expected)?);
            Timeouts { queue: one, connect: one, header: one, send: one, read: one, total: None }
        }
    };
    Ok(given.or(base))
}

/// (connect, read) as requests has it, or httpx's (connect, read, write, pool).
fn of_tuple(tuple: &Bound<'_, PyTuple>) -> PyResult<Timeouts> {
    let all = tuple.iter().map(|each| limit("timeout", &each).map(Some));
    let all = all.collect::<PyResult<Vec<_>>>()?;
    match *all.as_slice() {
        [connect, read] => Ok(Timeouts { connect, header: read, read, ..Timeouts::default() }),
        [connect, read, send, queue] => {
            Ok(Timeouts { queue, connect, header: read, send, read, total: None })
        }
        _ => {
            let message = format!(
                "timeout: expected (connect, read) or (connect, read, write, pool), got {} values",
                tuple.len()
            );
            Err(PyValueError::new_err(message))
        }
    }
}

/// The `Timeout` of httpx or its like.
fn of_object(value: &Bound<'_, PyAny>) -> PyResult<Timeouts> {
    let part = |name: &str| limit(name, &value.getattr(name)?).map(Some);
    let read = part("read")?;
    Ok(Timeouts {
        queue: part("pool")?,
        connect: part("connect")?,
        header: read,
        send: part("write")?,
        read,
        total: None,
    })
}
