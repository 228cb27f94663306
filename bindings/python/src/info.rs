//! How facts show themselves.

use pyo3::prelude::*;
use pyo3::types::PyDict;

/// `Class(name=value, ...)`.
pub fn repr(class: &str, facts: &Bound<'_, PyDict>) -> PyResult<String> {
    let parts = facts.iter().map(|(name, value)| Ok(format!("{name}={}", value.repr()?)));
    Ok(format!("{class}({})", parts.collect::<PyResult<Vec<_>>>()?.join(", ")))
}
