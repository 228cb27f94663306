//! Streamed request bodies of asynchronous calls: a task of the loop has the pieces produced, one for
//! each that the engine asks for (`libkeepalive/_upload.py`).

use std::sync::{Arc, Mutex};

use keepalive_core::{BodySender, Error, ErrorKind, Outcome, Queue, Request, body_pipe};
use pyo3::prelude::*;

use crate::body::{bytes_of, known};
use crate::errors::to_python;
use crate::once::PyOnceLock;
use crate::once::intern;

/// The producer's end of a streamed body.
#[pyclass(frozen, module = "libkeepalive._native")]
pub struct Sender {
    sender: Mutex<Option<BodySender>>,
}

impl Sender {
    fn with(
        &self,
        py: Python<'_>,
        act: impl FnOnce(&BodySender) -> keepalive_core::Result<()>,
    ) -> PyResult<()> {
        let sender = self.sender.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        match &*sender {
            Some(sender) => act(sender).map_err(|error| to_python(py, &error, None)),
            None => Ok(()),
        }
    }
}

#[pymethods]
impl Sender {
    /// Hands over one piece; only after it was asked for.
    fn push(&self, py: Python<'_>, piece: &Bound<'_, PyAny>) -> PyResult<()> {
        let bytes = bytes_of(piece)?;
        self.with(py, |sender| sender.push(bytes))
    }

    /// The body is complete.
    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, BodySender::finish)
    }

    /// What is handed over from now on is from the beginning again.
    fn restarted(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, |sender| {
            sender.restarted();
            Ok(())
        })
    }

    /// The source failed. Harmless when the request is over.
    fn fail(&self, py: Python<'_>, reason: &str) {
        let _ = self.with(py, |sender| sender.fail(reason));
    }

    /// Nothing more will be sent.
    fn drop(&self) {
        drop(self.sender.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take());
    }
}

/// Makes a prepared body the request's; the Python object that feeds it. Under trio, `future` feeds
/// it while it is waited for.
pub fn attach<'py>(
    request: &mut Request,
    body: &Bound<'py, PyAny>,
    future: Option<&Bound<'py, PyAny>>,
    queue: &Arc<Queue>,
    token: u64,
) -> PyResult<Bound<'py, PyAny>> {
    static UPLOAD: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = body.py();
    let (length, repeatable) = known(body)?;
    let queue = queue.clone();
    let (sender, pipe) =
        body_pipe(repeatable, move |want| queue.push(token, Outcome::WantBody(want)));
    request.set_body_stream(pipe, length);
    let sender = Bound::new(py, Sender { sender: Mutex::new(Some(sender)) })?;
    match future {
        Some(future) => future.call_method1(intern!(py, "upload"), (body, sender)),
        None => UPLOAD.import(py, "libkeepalive._upload", "Upload")?.call1((body, sender)),
    }
}

/// Ends the feeding; what the source raised, if it did.
pub fn stop(upload: &Bound<'_, PyAny>) -> PyResult<Option<PyErr>> {
    let raised = upload.call_method0(intern!(upload.py(), "stop"))?;
    Ok((!raised.is_none()).then(|| PyErr::from_value(raised)))
}

/// The source's own exception, if it is why the request failed.
pub fn own_exception(error: &Error, raised: Option<PyErr>) -> Option<PyErr> {
    if error.kind() == ErrorKind::BodySourceFailed { raised } else { None }
}
