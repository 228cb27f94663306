//! One exchange on the calling thread, by the flow of its `auth` where there is one.

use std::sync::Arc;

use keepalive_core::Until;
use pyo3::prelude::*;

use crate::auth;
use crate::build::Built;
use crate::prepared::Prepared;
use crate::response::{Method, Response, SMALL_BODY};
use crate::sending::send;
use crate::shared::Shared;

/// Sends on this thread, by the flow of its `auth`, if it has one.
pub fn exchange(
    py: Python<'_>,
    shared: &Arc<Shared>,
    method: Method,
    built: Built<'_>,
    head_only: bool,
) -> PyResult<Py<Response>> {
    let until = if head_only { Until::Head } else { Until::SmallBody(SMALL_BODY) };
    match Prepared::by_flow(shared, method, built, until, None, None)? {
        Ok((prepared, flow)) => by_flow(py, prepared, &flow),
        Err((method, built)) => Py::new(py, send(py, shared, method, built, head_only)?),
    }
}

/// The same with a flow.
pub fn by_flow(py: Python<'_>, prepared: Prepared, flow: &Py<PyAny>) -> PyResult<Py<Response>> {
    let prepared = Bound::new(py, prepared)?.into_any();
    Ok(auth::run(py, &prepared, flow)?.cast_into::<Response>()?.unbind())
}
