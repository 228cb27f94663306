//! `Pending`: a call of the engine that a loop's future waits for, from its making to its end. A done
//! callback of that future sees to it that a cancelled task cancels the request, unless the coroutine that
//! awaits it does.

use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use keepalive_core::{BodyWant, Call, Error, Progress, Queue, RedirectQuestion, Request, Until};
use pyo3::prelude::*;

use crate::aio::upload;
use crate::body::Failure;
use crate::build::Built;
use crate::download::Place;
use crate::errors::{RequestLine, to_python};
use crate::held::Held;
use crate::memory::Filling;
use crate::once::intern;
use crate::progress::{Raised, Reader, Told};
use crate::redirects::Deciding;
use crate::response::{Asked, Method, Response};
use crate::shared::Shared;
use crate::trace::Trace;

/// An awaitable that also has a coroutine's methods, so that ``asyncio.create_task`` takes it.
#[pyclass(frozen, module = "libkeepalive._native")]
pub struct Pending {
    state: Mutex<State>,
    /// The future's iterator while a task drives this object with `send`.
    driver: Mutex<Option<Py<PyAny>>>,
    /// Who awaits it calls `close` when that raises.
    pub(super) is_owned: bool,
}

pub(super) enum State {
    New(Work),
    Running(Running),
    Done,
}

pub(super) enum Work {
    Send(Box<Sending>),
    Read { response: Py<Response>, all: bool },
    Warm { shared: Arc<Shared>, url: String, count: usize },
    Stream(Arc<Held>, StreamWork),
}

pub(super) enum StreamWork {
    Ready,
    Write(Bytes),
    End,
}

/// A request that waits to be awaited.
pub struct Sending {
    pub shared: Arc<Shared>,
    pub request: Request,
    pub method: Method,
    /// What the body is streamed from; by the time it is awaited, prepared by `_bodies.py`.
    pub source: Option<Py<PyAny>>,
    /// The flow of an `auth` that it is sent by.
    pub flow: Option<Py<PyAny>>,
    /// Who decides about redirects.
    pub on_redirect: Option<Py<PyAny>>,
    pub until: Until,
    /// Where a streamed response is kept for `__aexit__`.
    pub owner: Option<Arc<Kept>>,
    /// Who is told how far its bodies have come.
    pub progress: Option<Told>,
    /// And what happens to it.
    pub trace: Option<Py<PyAny>>,
    /// What tells trailers, if it raised.
    pub trailers: Option<Failure>,
    /// Of a download.
    pub place: Option<Place>,
    /// What the caller said, for `response.request`.
    pub asked: Option<Asked>,
}

impl Sending {
    pub fn of(
        shared: &Arc<Shared>,
        method: Method,
        built: Built<'_>,
        until: Until,
        place: Option<Place>,
        asked: Asked,
    ) -> Sending {
        let Built { request, source, flow, on_redirect, progress, trace, trailers, .. } = built;
        Sending {
            shared: shared.clone(),
            request,
            method,
            source: source.map(Bound::unbind),
            flow,
            on_redirect,
            until,
            owner: None,
            progress,
            trace,
            trailers,
            place,
            asked: Some(asked),
        }
    }
}

/// A streamed response, for `__aexit__` to close.
#[derive(Default)]
pub struct Kept(Mutex<Option<Py<Response>>>);

impl Kept {
    /// Remembers it.
    pub fn keep(&self, response: &Bound<'_, Response>) {
        *self.lock() = Some(response.clone().unbind());
    }

    /// Closes it, if there is one; who is to be told of that.
    pub fn close(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        let response = self.lock().take()?;
        response.get().close();
        response.get().trace(py)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Py<Response>>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

pub(super) struct Running {
    /// `None` once it is cancelled: a future keeps its loop alive.
    pub(super) future: Option<Future>,
    /// `None` until it is submitted, if others are waited for.
    pub(super) call: Option<Call>,
    pub(super) job: Job,
}

pub(super) struct Future {
    pub(super) future: Py<PyAny>,
    pub(super) on_cancel: Option<Py<OnCancel>>,
}

pub(super) enum Job {
    Request {
        line: RequestLine,
        method: Method,
        until: Until,
        owner: Option<Arc<Kept>>,
        upload: Option<Py<PyAny>>,
        redirects: Option<Arc<Deciding>>,
        progress: Option<(Told, Arc<Reader>)>,
        /// What few requests have.
        rare: Option<Box<Rare>>,
        asked: Option<Asked>,
    },
    Piece(Py<Response>),
    All(Py<Response>),
    /// A body of known length goes straight into the bytes object.
    Fill(Filling, Whole),
    Warm,
    Stream(Arc<Held>),
}

pub(super) struct Rare {
    pub(super) trace: Option<Arc<Trace>>,
    pub(super) trailers: Option<Failure>,
    /// By what a download is written to.
    pub(super) raised: Option<Raised>,
}

impl Running {
    fn cancel(&self) {
        if let Some(call) = &self.call {
            call.cancel();
        }
    }
}

/// What a whole body belongs to.
pub(super) enum Whole {
    /// A response that is delivered with it.
    Request { line: RequestLine, method: Method, asked: Option<Asked> },
    /// `aread()` of a streamed one.
    Read(Py<Response>),
}

impl Pending {
    fn new(work: Work) -> Pending {
        Pending { state: Mutex::new(State::New(work)), driver: Mutex::new(None), is_owned: false }
    }

    pub fn of_request(sending: Sending) -> Pending {
        Pending::new(Work::Send(Box::new(sending)))
    }

    /// One that is closed by the coroutine that awaits it, when that is cancelled: a callback less.
    pub fn owned(sending: Sending) -> Pending {
        Pending { is_owned: true, ..Pending::of_request(sending) }
    }

    pub fn warm(shared: &Arc<Shared>, url: &str, count: usize) -> Pending {
        Pending::new(Work::Warm { shared: shared.clone(), url: url.to_string(), count })
    }

    pub fn stream_ready(stream: Arc<Held>) -> Pending {
        Pending::new(Work::Stream(stream, StreamWork::Ready))
    }

    pub fn stream_write(stream: Arc<Held>, data: Bytes) -> Pending {
        Pending::new(Work::Stream(stream, StreamWork::Write(data)))
    }

    pub fn stream_end(stream: Arc<Held>) -> Pending {
        Pending::new(Work::Stream(stream, StreamWork::End))
    }

    /// A piece of a streamed body, or with `all` the rest of it.
    pub fn read<'py>(response: &Bound<'py, Response>, all: bool) -> PyResult<Bound<'py, PyAny>> {
        let work = Work::Read { response: response.clone().unbind(), all };
        Ok(Bound::new(response.py(), Pending::new(work))?.into_any())
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub(super) fn driver(&self) -> MutexGuard<'_, Option<Py<PyAny>>> {
        self.driver.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub(super) fn take_state(&self) -> State {
        std::mem::replace(&mut *self.state(), State::Done)
    }

    pub(super) fn take_work(&self) -> Option<Work> {
        let mut state = self.state();
        match std::mem::replace(&mut *state, State::Done) {
            State::New(work) => Some(work),
            other => {
                *state = other;
                None
            }
        }
    }

    /// Watches for the answer for some microseconds; whether the loop's queue is to be drained.
    pub fn poll_inline(&self, queue: &Arc<Queue>) -> bool {
        match &mut *self.state() {
            State::Running(Running { call: Some(call), .. }) => call.poll_inline(queue),
            _ => false,
        }
    }

    /// Whether somebody still waits for it.
    pub(super) fn is_awaited(&self) -> bool {
        matches!(&*self.state(), State::Running(Running { future: Some(_), .. }))
    }

    /// The engine has it now.
    pub(super) fn submitted(&self, submitted: Call) {
        if let State::Running(Running { call, .. }) = &mut *self.state() {
            *call = Some(submitted);
        }
    }

    /// The engine did not take it.
    pub(super) fn refused(&self, py: Python<'_>, error: &Error) -> PyResult<()> {
        match self.take_state() {
            State::Running(Running {
                future: Some(future),
                job: Job::Request { line, .. },
                ..
            }) => future.resolve(py, Err(to_python(py, error, Some(&line)))),
            _ => Ok(()),
        }
    }

    /// The request's body wants its next piece, or its first again.
    pub fn want_body(&self, py: Python<'_>, want: BodyWant) -> PyResult<()> {
        let upload = match &*self.state() {
            State::Running(Running { job: Job::Request { upload: Some(upload), .. }, .. }) => {
                upload.clone_ref(py)
            }
            _ => return Ok(()),
        };
        let name = match want {
            BodyWant::Piece => intern!(py, "want"),
            BodyWant::Restart => intern!(py, "restart"),
        };
        upload.call_method0(py, name).map(drop)
    }

    /// A body of the request's has come so far.
    pub fn told(&self, py: Python<'_>, progress: &Progress) {
        let told = match &*self.state() {
            State::Running(Running {
                job: Job::Request { progress: Some((told, _)), .. }, ..
            }) => told.share(py),
            _ => return,
        };
        // What it raised is raised again when the call has ended.
        if !told.tell(py, progress)
            && let State::Running(running) = &*self.state()
        {
            running.cancel();
        }
    }

    /// Something happened to the request, for whoever is told on this thread.
    pub fn observed(&self, py: Python<'_>) {
        let trace = match &*self.state() {
            State::Running(Running { job: Job::Request { rare: Some(rare), .. }, .. }) => {
                rare.trace.clone()
            }
            _ => None,
        };
        if let Some(trace) = trace {
            trace.tell(py);
        }
    }

    /// A redirect is about to be followed: asks whoever decides, on this thread. Without anybody the question
    /// is dropped, which refuses.
    pub fn decide(&self, py: Python<'_>, question: RedirectQuestion) {
        let redirects = match &*self.state() {
            State::Running(Running { job: Job::Request { redirects, .. }, .. }) => {
                redirects.clone()
            }
            _ => None,
        };
        if let Some(redirects) = redirects {
            redirects.answer(py, question);
        }
    }

    /// Its loop is gone: nothing will be resolved any more.
    pub fn abandon(&self) {
        let state = self.take_state();
        if let State::Running(running) = &state {
            running.cancel();
        }
        drop((state, self.driver().take()));
    }

    /// Cancels the call; it still completes, but resolves nothing.
    pub(super) fn cancel(&self, py: Python<'_>) -> PyResult<()> {
        // Nothing is dropped or called under the lock: both may run Python code.
        drop(self.take_work());
        let (future, upload) = match &mut *self.state() {
            State::Running(running) => {
                running.cancel();
                let upload = match &running.job {
                    Job::Request { upload, .. } => upload.as_ref(),
                    _ => None,
                };
                (running.future.take(), upload.map(|upload| upload.clone_ref(py)))
            }
            _ => return Ok(()),
        };
        if let Some(upload) = upload {
            upload::stop(upload.bind(py))?;
        }
        if let Some(future) = future {
            future.future.call_method0(py, intern!(py, "cancel"))?;
        }
        Ok(())
    }
}

/// The future's done callback. Not `Pending` itself: loops refuse coroutines as callbacks.
#[pyclass(frozen, module = "libkeepalive._native")]
pub(super) struct OnCancel {
    pub(super) pending: Py<Pending>,
}

#[pymethods]
impl OnCancel {
    fn __call__(&self, py: Python<'_>, _future: &Bound<'_, PyAny>) -> PyResult<()> {
        self.pending.get().cancel(py)
    }
}
