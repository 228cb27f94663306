//! `trailers`: the fields that follow a request's body.

use std::sync::Arc;

use keepalive_core::{Request, source_failed};
use pyo3::prelude::*;

use crate::body::Failure;
use crate::errors::to_python;
use crate::headers::{latin1, pairs};

/// Adds them: a value is text or bytes, or a function that tells it when the body is over.
pub fn add(request: &mut Request, trailers: &Bound<'_, PyAny>) -> PyResult<Failure> {
    let py = trailers.py();
    let raised = Failure::default();
    let all = pairs("trailers", trailers, |name, value| {
        Ok((latin1("trailer name", name)?, value.clone().unbind()))
    })?;
    for (name, value) in all {
        let value = value.into_bound(py);
        let shown = String::from_utf8_lossy(&name).into_owned();
        let what = format!("trailer {shown:?}");
        let added = match value.is_callable() {
            false => request.add_trailer(&name, &latin1(&what, &value)?),
            true => {
                let (told, raised) = (value.unbind(), raised.clone());
                request.add_told_trailer(&name, Arc::new(move || tell(&what, &told, &raised)))
            }
        };
        added.map_err(|error| to_python(py, &error, None))?;
    }
    Ok(raised)
}

fn tell(what: &str, told: &Py<PyAny>, raised: &Failure) -> keepalive_core::Result<Vec<u8>> {
    let value = Python::try_attach(|py| {
        let value = told.bind(py).call0().and_then(|value| latin1(what, &value));
        value.map(Vec::from).map_err(|error| {
            let reason = error.to_string();
            raised.set(error);
            reason
        })
    });
    match value {
        Some(value) => value.map_err(|reason| source_failed(&reason)),
        None => Err(source_failed("the interpreter is shutting down")),
    }
}
