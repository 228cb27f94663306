//! What happens to a call when the engine completes it: the future is resolved, or the next piece
//! asked for.

use bytes::Bytes;
use keepalive_core::{Client, Response as CoreResponse, Result, Until};
use pyo3::exceptions::PyStopAsyncIteration;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::aio::event_loop::EventLoop;
use crate::aio::pending::{Future, Job, Pending, Running, State};
use crate::aio::upload;
use crate::errors::to_python;
use crate::once::intern;
use crate::response::{PIECE, Response};

impl Pending {
    /// The engine finished a request.
    pub fn response(slf: &Bound<'_, Self>, result: Result<CoreResponse>) -> PyResult<()> {
        let py = slf.py();
        let state = slf.get().take_state();
        let State::Running(Running { future, job, .. }) = state else {
            return Ok(());
        };
        let Job::Request { line, method, until, owner, upload } = job else {
            return Ok(());
        };
        let failure = upload.map(|upload| upload::stop(upload.bind(py))).transpose()?.flatten();
        let Some(future) = future else { return Ok(()) };
        let value = match result {
            Ok(response) if until == Until::Body => {
                Bound::new(py, Response::whole(response, method)).map(Bound::into_any)
            }
            Ok(response) => Response::streamed(py, response, method).and_then(|response| {
                let response = Bound::new(py, response)?;
                if let Some(owner) = owner {
                    owner.get().keep(&response);
                }
                Ok(response.into_any())
            }),
            Err(error) => Err(upload::own_exception(&error, failure)
                .unwrap_or_else(|| to_python(py, &error, Some(&line)))),
        };
        future.resolve(py, value)
    }

    /// The engine opened connections.
    pub fn warmed(slf: &Bound<'_, Self>, result: Result<usize>) -> PyResult<()> {
        let py = slf.py();
        let State::Running(Running { future: Some(future), .. }) = slf.get().take_state() else {
            return Ok(());
        };
        let value = match result {
            Ok(count) => count.into_pyobject(py).map(Bound::into_any).map_err(PyErr::from),
            Err(error) => Err(to_python(py, &error, None)),
        };
        future.resolve(py, value)
    }

    /// The engine read a piece of a body.
    pub fn chunk(
        slf: &Bound<'_, Self>,
        queue: &EventLoop,
        token: u64,
        core: CoreResponse,
        result: Result<Option<Bytes>>,
    ) -> PyResult<()> {
        let py = slf.py();
        let state = slf.get().take_state();
        let State::Running(Running { future, job, .. }) = state else {
            queue.release(token);
            return Ok(());
        };
        let (response, value) = match (job, result) {
            (Job::All(response, mut body), Ok(Some(piece))) if future.is_some() => {
                body.extend_from_slice(&piece);
                let call = Client::submit_read(core, PIECE, &queue.queue, token);
                let job = Job::All(response, body);
                match call {
                    Ok(call) => *slf.get().state() = State::Running(Running { future, call, job }),
                    Err(error) => {
                        queue.release(token);
                        let error = to_python(py, &error, None);
                        return future.map_or(Ok(()), |future| future.resolve(py, Err(error)));
                    }
                }
                return Ok(());
            }
            (Job::All(response, body), Ok(_)) => {
                let this = response.get();
                this.put(core, true);
                let content = this.set_content(py, &body).into_bound(py).into_any();
                (response, Ok(content))
            }
            (Job::Piece(response), Ok(piece)) => {
                response.get().put(core, piece.is_none());
                let value = match piece {
                    Some(piece) => Ok(PyBytes::new(py, &piece).into_any()),
                    None => Err(PyStopAsyncIteration::new_err(())),
                };
                (response, value)
            }
            (Job::All(response, _) | Job::Piece(response), Err(error)) => {
                response.get().put(core, true);
                let error = response.get().error(py, &error);
                (response, Err(error))
            }
            (Job::Request { .. } | Job::Warm, _) => return Ok(()),
        };
        drop(response);
        queue.release(token);
        match future {
            Some(future) => future.resolve(py, value),
            None => Ok(()),
        }
    }
}

impl Future {
    fn resolve(&self, py: Python<'_>, value: PyResult<Bound<'_, PyAny>>) -> PyResult<()> {
        let future = self.future.bind(py);
        // The callback is for cancellation only; left in place it would cost a turn of the loop.
        future.call_method1(intern!(py, "remove_done_callback"), (&self.on_cancel,))?;
        let set = match value {
            Ok(value) => future.call_method1(intern!(py, "set_result"), (value,)),
            Err(error) => {
                future.call_method1(intern!(py, "set_exception"), (error.into_value(py),))
            }
        };
        match set {
            Ok(_) => Ok(()),
            // Cancelled in this very turn of the loop.
            Err(_) if future.call_method0(intern!(py, "done"))?.is_truthy()? => Ok(()),
            Err(error) => Err(error),
        }
    }
}
