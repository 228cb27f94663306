//! Cells that are filled once. They take the place of PyO3's of the same names, in which a thread
//! that finds a cell being filled waits: when the filling thread is cut off by a `fork()`, the child
//! waits for ever. Here whoever comes first fills the cell and nobody waits.

use std::sync::OnceLock;

use pyo3::prelude::*;
use pyo3::type_object::PyTypeCheck;
use pyo3::types::PyString;

/// A value made at its first use; by several threads, if they come at once, of whom one prevails.
pub struct PyOnceLock<T>(OnceLock<T>);

impl<T> PyOnceLock<T> {
    pub const fn new() -> Self {
        PyOnceLock(OnceLock::new())
    }

    pub fn get(&self, _py: Python<'_>) -> Option<&T> {
        self.0.get()
    }

    /// Fills the cell; gives the value back if it is full.
    pub fn set(&self, _py: Python<'_>, value: T) -> Result<(), T> {
        // The interpreter stays attached, so no other thread is in here, or forks.
        self.0.set(value)
    }

    pub fn get_or_init(&self, py: Python<'_>, make: impl FnOnce() -> T) -> &T {
        match self.get_or_try_init(py, || Ok::<T, std::convert::Infallible>(make())) {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    pub fn get_or_try_init<E>(
        &self,
        _py: Python<'_>,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<&T, E> {
        if let Some(value) = self.0.get() {
            return Ok(value);
        }
        // Made before the cell is touched: making may run Python code, in which others come by.
        let value = make()?;
        Ok(self.0.get_or_init(|| value))
    }
}

impl<T: PyTypeCheck> PyOnceLock<Py<T>> {
    /// An attribute of a module.
    pub fn import<'py>(
        &self,
        py: Python<'py>,
        module: &str,
        name: &str,
    ) -> PyResult<&Bound<'py, T>> {
        let value = self.get_or_try_init(py, || {
            PyResult::Ok(py.import(module)?.getattr(name)?.cast_into::<T>()?.unbind())
        })?;
        Ok(value.bind(py))
    }
}

impl PyOnceLock<Py<PyString>> {
    /// For `intern!`.
    pub fn interned<'py>(&self, py: Python<'py>, text: &str) -> &Bound<'py, PyString> {
        self.get_or_init(py, || PyString::intern(py, text).unbind()).bind(py)
    }
}

/// A string object that is made once.
macro_rules! intern {
    ($py:expr, $text:expr) => {{
        static TEXT: $crate::once::PyOnceLock<pyo3::Py<pyo3::types::PyString>> =
            $crate::once::PyOnceLock::new();
        TEXT.interned($py, $text)
    }};
}
pub(crate) use intern;
