//! What happens to a call when the engine completes it: the future is resolved, or the next piece
//! asked for.

use bytes::Bytes;
use keepalive_core::{Completion, Destination, Outcome, Response as CoreResponse, Result, Until};
use pyo3::exceptions::PyStopAsyncIteration;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::aio::event_loop::{EventLoop, submit_piece};
use crate::aio::pending::{Future, Job, Pending, Running, State, Whole};
use crate::aio::upload;
use crate::errors::{RequestLine, to_python};
use crate::memory::{self, Step};
use crate::once::intern;
use crate::response::{Response, Watch, piece_now};

/// Takes what is ready for a loop and resolves its futures; how much that was.
pub fn drain(py: Python<'_>, event_loop: &EventLoop) -> usize {
    let mut batch = event_loop.take_batch();
    let count = batch.len();
    for completion in batch.drain(..) {
        if let Err(error) = settle(py, event_loop, completion) {
            error.write_unraisable(py, None);
        }
    }
    event_loop.return_batch(batch);
    count
}

fn settle(py: Python<'_>, event_loop: &EventLoop, completion: Completion) -> PyResult<()> {
    let Completion { token, outcome } = completion;
    match outcome {
        Outcome::Response(result) => match event_loop.release(token) {
            Some(pending) => Pending::response(pending.bind(py), event_loop, result),
            None => Ok(()),
        },
        Outcome::Chunk(response, result) => match event_loop.of_token(py, token) {
            Some(pending) => Pending::chunk(pending.bind(py), event_loop, token, response, result),
            None => Ok(()),
        },
        Outcome::Warmed(result) => match event_loop.release(token) {
            Some(pending) => Pending::warmed(pending.bind(py), result),
            None => Ok(()),
        },
        Outcome::Filled(response, memory, count, result) => match event_loop.release(token) {
            Some(pending) => {
                Pending::filled(pending.bind(py), event_loop, response, memory, count, result)
            }
            None => Ok(()),
        },
        Outcome::StreamReady(result) => match event_loop.release(token) {
            Some(pending) => Pending::streamed(pending.bind(py), result.map(drop)),
            None => Ok(()),
        },
        Outcome::StreamWritten(result) => match event_loop.release(token) {
            Some(pending) => Pending::streamed(pending.bind(py), result),
            None => Ok(()),
        },
        // Nobody here asks for it.
        Outcome::StreamRead(_) | Outcome::Informational(_) => Ok(()),
        Outcome::Progress(progress) => {
            if let Some(pending) = event_loop.of_token(py, token) {
                pending.get().told(py, &progress);
            }
            Ok(())
        }
        Outcome::Observed => {
            if let Some(pending) = event_loop.of_token(py, token) {
                pending.get().observed(py);
            }
            Ok(())
        }
        Outcome::Redirect(question) => {
            if let Some(pending) = event_loop.of_token(py, token) {
                pending.get().decide(py, question);
            }
            Ok(())
        }
        Outcome::WantBody(want) => match event_loop.of_token(py, token) {
            Some(pending) => pending.get().want_body(py, want),
            None => Ok(()),
        },
    }
}

impl Pending {
    /// The engine finished a request.
    fn response(
        slf: &Bound<'_, Self>,
        queue: &EventLoop,
        result: Result<CoreResponse>,
    ) -> PyResult<()> {
        let py = slf.py();
        let state = slf.get().take_state();
        let State::Running(Running { future, job, .. }) = state else {
            return Ok(());
        };
        let Job::Request { line, method, until, owner, upload, redirects, progress, rare, asked } =
            job
        else {
            return Ok(());
        };
        let failure = upload.map(|upload| upload::stop(upload.bind(py))).transpose()?.flatten();
        // Whoever reads the body is told on, between its pieces.
        let (watch, told) = match progress {
            Some((told, reader)) if until == Until::Head && result.is_ok() => {
                (Some(Watch::begin(told, &reader)), None)
            }
            Some((told, _)) => (None, told.end(py)),
            None => (None, None),
        };
        let raised = told.or_else(|| {
            let rare = rare.as_ref()?;
            let traced = rare.trace.as_ref().and_then(|trace| trace.end(py));
            traced.or_else(|| rare.raised.as_ref()?.take())
        });
        let Some(future) = future else { return Ok(()) };
        if let Some(raised) = raised {
            return future.resolve(py, Err(raised));
        }
        let value = match result {
            Ok(response) if until != Until::Head => {
                let of = Whole::Request { line, method, asked };
                return Pending::body(slf, queue, response, future, of);
            }
            Ok(response) => {
                let response = Response::streamed(response, method, watch);
                response.asked(asked);
                Bound::new(py, response).map(|response| {
                    if let Some(owner) = owner {
                        owner.keep(&response);
                    }
                    response.into_any()
                })
            }
            Err(error) => Err(upload::own_exception(&error, failure)
                .or_else(|| rare?.trailers?.take(&error))
                .or_else(|| redirects?.take(&error))
                .unwrap_or_else(|| to_python(py, &error, Some(&line)))),
        };
        future.resolve(py, value)
    }

    /// A response is here with its whole body, or the rest of it is to be received.
    fn body(
        slf: &Bound<'_, Self>,
        queue: &EventLoop,
        mut core: CoreResponse,
        future: Future,
        of: Whole,
    ) -> PyResult<()> {
        let py = slf.py();
        let rest = match core.is_complete() {
            true => Ok(None),
            false => memory::Whole::of(py, &mut core),
        };
        match rest {
            Ok(Some(rest)) => Pending::fill(slf, queue, core, rest, future, of),
            Ok(None) => future.resolve(py, of.value(py, core, Ok(None))),
            Err(error) => future.resolve(py, Err(error)),
        }
    }

    /// Has the engine receive a body, or the rest of it.
    fn fill(
        slf: &Bound<'_, Self>,
        queue: &EventLoop,
        core: CoreResponse,
        rest: memory::Whole,
        future: Future,
        of: Whole,
    ) -> PyResult<()> {
        let token = queue.reserve(slf);
        match rest.submit(core, &queue.queue, token) {
            Ok((call, filling)) => {
                let job = Job::Fill(filling, of);
                let (future, call) = (Some(future), Some(call));
                *slf.get().state() = State::Running(Running { future, call, job });
                Ok(())
            }
            Err(error) => {
                queue.release(token);
                future.resolve(slf.py(), Err(to_python(slf.py(), &error, of.line())))
            }
        }
    }

    /// The engine filled a bytes object.
    fn filled(
        slf: &Bound<'_, Self>,
        queue: &EventLoop,
        core: CoreResponse,
        memory: Box<dyn Destination>,
        count: usize,
        result: Result<()>,
    ) -> PyResult<()> {
        let py = slf.py();
        let State::Running(Running { future, job: Job::Fill(filling, of), .. }) =
            slf.get().take_state()
        else {
            return Ok(());
        };
        let step = filling.back(memory, count, result);
        let Some(future) = future else {
            of.cancelled(core);
            return Ok(());
        };
        let body = match step {
            Ok(Step::Done(body)) => Ok(Some(body)),
            Ok(Step::More(whole)) => match whole.grown(py) {
                Ok(whole) => return Pending::fill(slf, queue, core, whole, future, of),
                Err(error) => {
                    of.cancelled(core);
                    return future.resolve(py, Err(error));
                }
            },
            Err(error) => Err(error),
        };
        future.resolve(py, of.value(py, core, body))
    }

    /// The engine opened connections.
    fn warmed(slf: &Bound<'_, Self>, result: Result<usize>) -> PyResult<()> {
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

    /// The engine has bytes of a stream, or has written some.
    fn streamed(slf: &Bound<'_, Self>, result: Result<()>) -> PyResult<()> {
        let py = slf.py();
        let State::Running(Running { future: Some(future), job: Job::Stream(held), .. }) =
            slf.get().take_state()
        else {
            return Ok(());
        };
        let value = match result {
            Ok(()) => Ok(py.None().into_bound(py)),
            Err(error) => Err(held.error(py, &error)),
        };
        future.resolve(py, value)
    }

    /// The engine read a piece of a body.
    fn chunk(
        slf: &Bound<'_, Self>,
        queue: &EventLoop,
        token: u64,
        mut core: CoreResponse,
        result: Result<Option<Bytes>>,
    ) -> PyResult<()> {
        let py = slf.py();
        let state = slf.get().take_state();
        let State::Running(Running { future, job, .. }) = state else {
            queue.release(token);
            return Ok(());
        };
        let (response, value) = match (job, result) {
            (Job::All(response), Ok(body)) => {
                let body = memory::copied(py, &body.unwrap_or_default()).map(Some);
                let value = match body {
                    Ok(body) => Whole::Read(response.clone_ref(py)).value(py, core, Ok(body)),
                    Err(error) => Err(error),
                };
                (response, value)
            }
            (Job::Piece(response), Ok(None)) => {
                response.get().put(core, true);
                let told = response.get().tell(py, true);
                let end = told.map_or_else(|raised| raised, |()| PyStopAsyncIteration::new_err(()));
                (response, Err(end))
            }
            (Job::Piece(response), Ok(Some(piece))) if piece.is_empty() && future.is_some() => {
                let piece = piece_now(py, &mut core);
                let value = match piece {
                    Ok(Some(Ok(piece))) => Ok(piece.into_bound(py).into_any()),
                    Ok(Some(Err(error))) => Err(response.get().error(py, &error)),
                    Err(error) => Err(error),
                    // Nothing there after all: once more.
                    Ok(None) => match submit_piece(core, queue, token) {
                        Ok(call) => {
                            let (job, call) = (Job::Piece(response), Some(call));
                            *slf.get().state() = State::Running(Running { future, call, job });
                            return Ok(());
                        }
                        Err(error) => {
                            queue.release(token);
                            let error = response.get().error(py, &error);
                            return future.map_or(Ok(()), |future| future.resolve(py, Err(error)));
                        }
                    },
                };
                response.get().put(core, value.is_err());
                let value = value.and_then(|piece| response.get().handed(py, piece));
                (response, value)
            }
            (Job::Piece(response), Ok(Some(piece))) => {
                response.get().put(core, false);
                let piece = PyBytes::new(py, &piece).into_any();
                let value = response.get().handed(py, piece);
                (response, value)
            }
            (Job::All(response) | Job::Piece(response), Err(error)) => {
                response.get().put(core, true);
                let error = response.get().error(py, &error);
                (response, Err(error))
            }
            (Job::Request { .. } | Job::Fill(..) | Job::Warm | Job::Stream(_), _) => return Ok(()),
        };
        drop(response);
        queue.release(token);
        match future {
            Some(future) => future.resolve(py, value),
            None => Ok(()),
        }
    }
}

impl Whole {
    /// What its future gets: the response, or the body. `None`: the response has it.
    fn value<'py>(
        self,
        py: Python<'py>,
        core: CoreResponse,
        body: Result<Option<Py<PyBytes>>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match (self, body) {
            (Whole::Request { method, asked, .. }, Ok(body)) => {
                let response = Response::whole(core, method);
                response.asked(asked);
                if let Some(body) = body {
                    response.set_content(py, body);
                }
                Bound::new(py, response).map(Bound::into_any)
            }
            (Whole::Request { line, .. }, Err(error)) => Err(to_python(py, &error, Some(&line))),
            (Whole::Read(response), Ok(body)) => {
                response.get().put(core, true);
                response.get().tell(py, true)?;
                let body = body.map_or_else(|| memory::copied(py, &[]), Ok)?;
                Ok(response.get().set_content(py, body).into_bound(py).into_any())
            }
            (Whole::Read(response), Err(error)) => {
                response.get().put(core, true);
                Err(response.get().error(py, &error))
            }
        }
    }

    /// Nobody waits for it any more.
    fn cancelled(self, core: CoreResponse) {
        if let Whole::Read(response) = self {
            response.get().put(core, true);
        }
    }

    fn line(&self) -> Option<&RequestLine> {
        match self {
            Whole::Request { line, .. } => Some(line),
            Whole::Read(_) => None,
        }
    }
}

impl Future {
    pub(super) fn resolve(
        &self,
        py: Python<'_>,
        value: PyResult<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let future = self.future.bind(py);
        if let Some(on_cancel) = &self.on_cancel {
            // It is for cancellation only; left in place it would cost a turn of the loop.
            future.call_method1(intern!(py, "remove_done_callback"), (on_cancel,))?;
        }
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
