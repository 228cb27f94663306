//! Facts for the caller: how an exchange went, and the counters of a pool.

use pyo3::prelude::*;
use pyo3::types::PyDict;

pub use crate::generated::{Info, OriginStats, Stats, Timings};

/// `Class(name=value, ...)`.
pub fn repr(class: &str, facts: &Bound<'_, PyDict>) -> PyResult<String> {
    let parts = facts.iter().map(|(name, value)| Ok(format!("{name}={}", value.repr()?)));
    Ok(format!("{class}({})", parts.collect::<PyResult<Vec<_>>>()?.join(", ")))
}
